from pathlib import Path

from llamavid_demo.film import Cue, to_webvtt
from llamavid_demo.film.subtitles import read_subtitles


def test_webvtt_is_written_as_browsers_want_it(tmp_path: Path) -> None:
    to_webvtt([Cue(0.0, 1.5, "One & <two>"), Cue(3661.0005, 3662.25, "Über\n\n  uns")], path := tmp_path / "film.vtt")
    assert path.read_text(encoding="utf-8") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne &amp; &lt;two&gt;\n\n01:01:01.000 --> 01:01:02.250\nÜber\nuns\n"
    )


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    cues = (
        Cue(0.5, 1.25, "a --> b <i>"),
        Cue(1.25, 2.0, "♪"),
        Cue(2.5, 100.0, "两行\n文字"),
        Cue(200.0, 4000.125, "7"),
    )
    to_webvtt(cues, path := tmp_path / "film.vtt")
    assert read_subtitles(path).cues == cues


def test_no_cues_make_a_valid_file(tmp_path: Path) -> None:
    to_webvtt([], path := tmp_path / "film.vtt")
    assert path.read_text() == "WEBVTT\n"
