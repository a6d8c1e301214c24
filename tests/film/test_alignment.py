import json
from pathlib import Path

import pytest

from llamavid_demo.film import Cue, cues_by_frame

GOLDEN = Path(__file__).parents[1] / "golden" / "llama_vid"


def texts(cues: list[Cue], times: list[float]) -> list[list[str]]:
    return [[cue.text for cue in frame] for frame in cues_by_frame(cues, times)]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*movie*.json")), ids=lambda path: path.stem)
def test_cues_land_where_the_original_puts_them(path: Path) -> None:
    case = json.loads(path.read_text())
    cues = [Cue(cue["start_time"], cue["end_time"], cue["text"]) for cue in case["subtitles"]]
    frames = texts(cues, case["frame_times"])
    assert "".join("<image>" + " ".join(frame) for frame in frames) == case["video_input"]


def test_a_cue_lands_on_the_last_frame_before_its_end() -> None:
    cues = [Cue(0.2, 0.9, "a"), Cue(0.9, 1.0, "b"), Cue(1.1, 2.6, "c"), Cue(2.6, 2.9, "d")]
    assert texts(cues, [0, 1, 2, 3, 4]) == [["a", "b"], [], ["c", "d"], [], []]


def test_a_cue_after_the_last_frame_lands_on_it() -> None:
    assert texts([Cue(3.8, 14.0, "late"), Cue(20.0, 21.0, "later")], [0, 1, 2]) == [[], [], ["late", "later"]]


def test_a_cue_that_ends_before_the_first_frame_lands_on_the_first() -> None:
    assert texts([Cue(-2.0, 0.0, "early")], [0, 1, 2]) == [["early"], [], []]
    assert texts([Cue(1795.0, 1800.0, "from before")], [1800, 1801]) == [["from before"], []]


def test_the_order_of_the_cues_is_kept_as_in_the_original() -> None:
    cues = [Cue(3.4, 4.2, "We have to go now"), Cue(2.5, 3.6, "Do you see the light?"), Cue(3.8, 14.0, "The end.")]
    assert texts(cues, [0, 1, 2, 3, 4])[4] == ["We have to go now", "Do you see the light?", "The end."]


def test_without_frames_there_is_nowhere_to_go() -> None:
    assert cues_by_frame([Cue(0, 1, "a")], []) == []


def test_every_cue_lands_once() -> None:
    cues = [Cue(n * 0.7, n * 0.7 + 0.7, str(n)) for n in range(40)]
    landed = [text for frame in texts(cues, [float(n) for n in range(10)]) for text in frame]
    assert landed == [str(n) for n in range(40)]
