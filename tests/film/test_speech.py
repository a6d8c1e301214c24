"""Speech to cues: a real voice, a real Whisper; and how words become cues."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from llamavid_demo.errors import SpeechError
from llamavid_demo.film.cues import SubtitleTrack
from llamavid_demo.film.probe import probe
from llamavid_demo.film.speech import SpeechProgress, Word, cues_of, speech_model, transcribe
from tests.film.conftest import MakeClip, run_ffmpeg

SAID = "The lighthouse keeper lost his map. He looked for it under the boat."


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of twelve seconds in which a voice begins to speak after three."""
    path = tmp_path_factory.mktemp("spoken") / "spoken.mkv"
    sources = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=5:duration=12"]
    sources += ["-f", "lavfi", "-itsoffset", "3", "-i", f"flite=text='{SAID}':voice=slt"]
    run_ffmpeg(*sources, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    return path


def heard(path: Path) -> tuple[list[SpeechProgress], SubtitleTrack]:
    """All progress, and the track."""
    model = speech_model(None)
    assert model
    work, steps = transcribe(probe(path), model), list[SpeechProgress]()
    while True:
        try:
            steps.append(next(work))
        except StopIteration as done:
            return steps, done.value


def letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalpha())


def test_what_is_said_is_written_down_when_it_is_said(spoken: Path) -> None:
    steps, track = heard(spoken)
    assert letters(" ".join(cue.text for cue in track.cues)) == letters(SAID)
    assert 2.5 < track.cues[0].start < 3.5 and 6 < track.cues[-1].end < 8
    assert track.language == "en"
    assert [step.total for step in steps] == [12] * len(steps)
    assert [step.done for step in steps] == sorted(step.done for step in steps)


def test_film_without_sound_says_so(make_clip: MakeClip) -> None:
    clip = make_clip("silent.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    with pytest.raises(SpeechError, match="has no sound"):
        heard(clip.path)


def test_nobody_speaks_in_music(tmp_path: Path) -> None:
    path = tmp_path / "music.mp4"
    picture, music = "testsrc2=size=160x90:rate=5:duration=4", "sine=frequency=440:duration=4"
    run_ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", music, "-pix_fmt", "yuv420p", path)
    assert heard(path)[1].cues == ()


def test_what_is_no_model_is_named(spoken: Path, tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="LLAMAVID_SPEECH_MODEL"):
        list(transcribe(probe(spoken), str(tmp_path)))


def test_cues_last_from_one_to_seven_seconds_and_end_with_sentences() -> None:
    words = [Word(0.0, 0.3, " Yes."), Word(0.5, 0.9, " We"), Word(0.9, 1.6, " sail."), Word(1.7, 2.0, " Now.")]
    words += [Word(10.0 + n, 10.8 + n, f" {n}") for n in range(10)] + [Word(40.0, 70.0, " long")]
    cues = cues_of(words)
    assert [cue.text for cue in cues] == ["Yes. We sail.", "Now.", "0 1 2 3 4 5 6", "7 8 9", "long"]
    assert all(1 <= cue.end - cue.start <= 7 for cue in cues)
    assert all(one.end <= other.start for one, other in itertools.pairwise(cues))


def test_without_the_extra_there_is_no_model_and_nothing_breaks() -> None:
    code = (
        "import sys; sys.modules['faster_whisper'] = None; import importlib.util as u; find = u.find_spec; "
        "u.find_spec = lambda name, *more: None if name == 'faster_whisper' else find(name, *more); "
        "from llamavid_demo.film.speech import speech_model; print(speech_model('small'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
