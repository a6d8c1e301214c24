"""Subtitles as people and programs write them against all rules, and as somebody who means harm does."""

from pathlib import Path

import pytest

from llamavid_demo.errors import SubtitleError
from llamavid_demo.film import load_movie
from llamavid_demo.film.cues import Cue
from llamavid_demo.film.repair import MOST_LETTERS, repaired
from llamavid_demo.film.subtitles import parse_subtitles
from tests.film.conftest import run_ffmpeg

Lines = list[tuple[float, float, str]]
LONG = 290_000  # characters; a pattern that looks back takes minutes for them
ROLLING = """WEBVTT
Kind: captions

00:00:00.400 --> 00:00:02.150 align:start position:0%
\x20
the<00:00:00.600><c> lamp</c><00:00:00.900><c> is</c><00:00:01.200><c> green</c>

00:00:02.150 --> 00:00:02.160 align:start position:0%
the lamp is green
\x20

00:00:02.160 --> 00:00:04.310 align:start position:0%
the lamp is green
and<00:00:02.400><c> the</c><00:00:02.700><c> dog</c>
"""
ASS = """[Script Info]

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:01:00.00,Sign,,0,0,0,,PORT TOWN
Dialogue: 0,0:00:02.00,0:00:05.00,Default,Mara,0,0,0,,Where is it?
Dialogue: 0,0:00:04.00,0:00:04.50,Default,,0,0,0,,{\\pos(10,20)}EXIT
Dialogue: 0,0:00:09.00,0:00:11.00,Default,,0,0,0,,Here.
Dialogue: 0,0:00:10.00,0:00:15.00,Signs,,0,0,0,,CLOSED
Dialogue: 0,0:00:11.00,0:00:12.00,Default,,0,0,0,,Well.
"""
SIGNS = [
    (1, 2, "PORT TOWN"), (2, 5, "Where is it?"), (5, 5.768, "EXIT"), (9, 11, "Here.\nCLOSED"), (11, 12, "Well."),
]  # fmt: skip
ODD: dict[str, tuple[str, Lines]] = {
    "tabs": ("00:00:01,000 --> 00:00:03,000\nMARA:\tWhere\tis it?", [(1, 3, "MARA: Where is it?")]),
    "joiners": ("00:00:01,000 --> 00:00:03,000\nمی‌خواهم 👨‍👩‍👧", [(1, 3, "می‌خواهم 👨‍👩‍👧")]),
    "no milliseconds": ("1\n00:00:01 --> 00:00:03\nIn", [(1, 3, "In")]),
    "no hours": ("1\n00:01,5 --> 00:03\nIn", [(1.5, 3, "In")]),
    "a hundred hours": ("1\n100:00:01,000 --> 100:00:03,000\nLate", [(360001, 360003, "Late")]),
    "before the film": ("-00:00:05,000 --> -00:00:03,000\nNo\n\n00:00:01,000 --> 00:00:03,000\nIn", [(1, 3, "In")]),
    "braces": ("00:00:01,000 --> 00:00:03,000\n{laughs} Come {\\an8}in. {1,2}", [(1, 3, "{laughs} Come in. {1,2}")]),
    "voices": ("WEBVTT\n\n00:01.000 --> 00:03.000\n<v.loud Finn>Under &lt;it&gt;.</v>", [(1, 3, "Finn: Under <it>.")]),
    "rolling": (ROLLING, [(0.4, 2.15, "the lamp is green"), (2.16, 4.31, "and the dog")]),
    "signs": (ASS, SIGNS),
    "SubViewer": (
        "[INFORMATION]\n[TITLE]x\n[SUBTITLE]\n00:00:01.00,00:00:03.00\nHello[br]you\n",
        [(1, 3, "Hello\nyou")],
    ),
    "MPL2": ("[10][30]Hello|you\n", [(1, 3, "Hello\nyou")]),
    "numbers said": (
        "1\n00:00:01,0 --> 00:00:02,0\n42\n\n2\n00:00:03,0 --> 00:00:04,0\n7\n",
        [(1, 2, "42"), (3, 4, "7")],
    ),
}
HOSTILE = {
    "braces": "00:00:01,000 --> 00:00:03,000\n" + "{" * LONG,
    "pairs": "00:00:01,000 --> 00:00:03,000\n" + "{a}" * LONG,
    "overrides": "00:00:01,000 --> 00:00:03,000\n" + "{\\" * LONG,
    "tags": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<" * LONG,
    "voices": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v " * LONG,
    "comments": "<SAMI>" + "<!--" * LONG,
    "marks": "<SAMI>" + "<sync " * LONG,
    "paragraphs": "<SAMI><sync start=1>" + "<p class" * LONG,
    "styles": "<SAMI><!-- ." + "a" * LONG + "--><sync start=1>x",
    "blank lines": "\n" * LONG + "00:00:01,000 --> 00:00:03,000\nIn",
    "digits": "1" * LONG + "\n00:00:01,000 --> 00:00:03,000\nIn",
    "blanks": "00:00:01,000" + " " * LONG + "\n00:00:01,000 --> 00:00:03,000\nIn",
    "events": ASS + "Dialogue: 0,0:00:20.00,0:00:21.00,Default,,0,0,0,," + "{" * LONG,
}


def parsed(text: str) -> Lines:
    return [(cue.start, pytest.approx(cue.end), cue.text) for cue in parse_subtitles(text, name="film")[0]]


@pytest.mark.parametrize("name", ODD)
def test_nothing_that_was_written_is_lost(name: str) -> None:
    text, lines = ODD[name]
    assert parsed(text) == lines


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_no_longer_than_other(name: str) -> None:
    cues, _ = parse_subtitles(HOSTILE[name], name="film")
    assert all(len(cue.text) <= MOST_LETTERS + 1 for cue in cues)


def test_what_lies_before_the_film_is_said() -> None:
    _, warnings = parse_subtitles(ODD["before the film"][0], name="film.srt")
    assert warnings == ("film.srt: 1 cue lay before the beginning and was left out",)


def test_cues_at_the_same_time_are_one_however_many() -> None:
    (cue,), _ = repaired([Cue(1.0, 2.0, str(number)) for number in range(190_000)])
    assert cue.text.startswith("0\n1\n2\n")
    assert len(cue.text) == MOST_LETTERS + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<tt xmlns='x'><body>" + "<div>" * 100_000, "nested more than 50 deep"),
        ("<tt frameRate='0'><body><p begin='1f' end='2f'>x</p></body></tt>", "frameRate of 0 is none"),
        ("<tt tickRate='nan'><body><p begin='1t' end='2t'>x</p></body></tt>", "tickRate of nan is none"),
        ("<tt frameRateMultiplier='0 1'><body/></tt>", "frameRateMultiplier of 0 1 is none"),
        ("<tt ", "cannot be read as ttml"),
        ("{1}{1}25\n{1}{" + "9" * 400 + "}x", "a time beyond all numbers"),
        ("[1][" + "9" * 400 + "]x", "a time beyond all numbers"),
    ],
)
def test_documents_that_make_no_sense_are_named(text: str, said: str) -> None:
    with pytest.raises(SubtitleError, match=said):
        parse_subtitles(text, name="film")


def test_the_track_that_holds_what_is_said_goes_before_commentary_and_signs(tmp_path: Path) -> None:
    for name, words in (("talk", "We had two days."), ("signs", "EXIT"), ("said", "Where is it?")):
        (tmp_path / f"{name}.srt").write_text(f"1\n00:00:01,000 --> 00:00:03,000\n{words}\n")
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=5:duration=4"]
    for name in ("talk", "signs", "said"):
        source += ["-i", str(tmp_path / f"{name}.srt")]
    titles = ["-metadata:s:s:0", "title=Director's commentary", "-metadata:s:s:1", "title=Signs & Songs"]
    film = tmp_path / "film.mkv"
    maps = [word for number in range(4) for word in ("-map", str(number))]
    run_ffmpeg(*source, *maps, *titles, "-c:s", "srt", str(film))
    movie = load_movie(film)
    assert movie.subtitles
    assert [cue.text for cue in movie.subtitles.cues] == ["Where is it?"]


def test_tracks_in_old_encodings_are_read(tmp_path: Path) -> None:
    cues = "1\n00:00:01,000 --> 00:00:03,000\nCaf\xe9 on the quay, where we have been waiting for you.\n"
    (tmp_path / "old.srt").write_bytes(cues.encode("latin-1"))
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=5:duration=4", "-i", str(tmp_path / "old.srt")]
    film = tmp_path / "film.mkv"
    run_ffmpeg(*source, "-c:s", "copy", str(film))
    movie = load_movie(film)
    assert movie.subtitles
    assert movie.subtitles.cues[0].text.startswith("Café on the quay")
