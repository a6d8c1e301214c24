from pathlib import Path

import pytest

from llamavid_demo.errors import SubtitleError
from llamavid_demo.film import Cue, encodings
from llamavid_demo.film.languages import language_code
from llamavid_demo.film.subtitles import parse_subtitles, read_subtitles

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> there,
<font color="#ff0000">you</font>.

2
00:00:03,000 --> 00:00:04,000
♪ ♪

3
00:00:05,000 --> 00:00:06,000 X1:40 X2:600
{\\an8}1984
"""
VTT = """\ufeffWEBVTT - a title
X-TIMESTAMP-MAP=LOCAL:00:00:00.000

STYLE
::cue { color: red }

NOTE
A note that nobody
should read

first
00:01.000 --> 00:02.500 align:start
<v Mary>Hello &amp; <c.loud>good</c> <00:02.000>day

00:00:03.000 --> 00:00:04.000
♪

NOTE another --> note

7 days later
01:00:05.000 --> 01:00:06.000
1984
"""
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\i1}Good{\\i0}\\hday,\\NMary
Comment: 0,0:00:01.00,0:00:09.00,Default,,0,0,0,,a comment
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Mary,0,0,0,,Hello, you
"""
SSA = (
    ASS.replace("v4.00+", "v4.00")
    .replace("V4+ Styles", "V4 Styles")
    .replace("Layer", "Marked")
    .replace("Dialogue: 0", "Dialogue: Marked=0")
)
MICRODVD = "{25}{50}{y:i}Hello|there\n{75}{100}{C:$0000FF}♪\n{125}{}open\n"
TTML = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    ttp:frameRate="25" ttp:tickRate="10000000" xml:lang="en">
  <head><styling><style xml:id="s"/></styling></head>
  <body><div><div begin="10s">
    <p begin="00:00:01.000" end="00:00:02.500">Hello <span>there,</span><br/>  you</p>
    <p begin="00:00:03:00" dur="1s">♪</p>
    <p begin="50000000t" end="150f">ticks</p>
    <p><span begin="7s" end="8s">timed</span> <span begin="8s" end="9s">spans</span></p>
  </div></div></body>
</tt>"""
SAMI = """<SAMI>
<HEAD><STYLE TYPE="text/css"><!--
P { font-family: Arial; }
.ENCC { Name: English; lang: en-US; }
.FRCC { Name: Francais; lang: fr-FR; }
--></STYLE></HEAD>
<BODY>
<SYNC Start=1000><P Class=ENCC>Hello<br>there
<SYNC Start=1000><P Class=FRCC>Bonjour
<SYNC Start=2500><P Class=ENCC>&nbsp;
<SYNC Start=3000><P Class=ENCC><i>Good &amp; bad</i><P Class=FRCC>Bien
<SYNC Start=9000><P Class=ENCC>Last
</BODY></SAMI>"""


def parsed(text: str, **options: object) -> list[tuple[float, float, str]]:
    cues, _ = parse_subtitles(text, name="film", **options)
    return [(cue.start, cue.end, cue.text) for cue in cues]


def test_srt() -> None:
    assert parsed(SRT) == [(1, 2.5, "Hello there,\nyou."), (3, 4, "♪ ♪"), (5, 6, "1984")]
    assert parsed(SRT.replace("\n", "\r\n")) == parsed(SRT)


def test_srt_whose_last_line_is_a_number_keeps_it() -> None:
    assert parsed("1\n00:00:01,000 --> 00:00:02,000\nHow old?\n42") == [(1, 2, "How old?\n42")]


def test_webvtt_without_its_notes_styles_and_names() -> None:
    assert parsed(VTT) == [(1, 2.5, "Mary: Hello & good day"), (3, 4, "♪"), (3605, 3606, "1984")]


@pytest.mark.parametrize("text", [ASS, SSA])
def test_substation_without_comments_and_drawings(text: str) -> None:
    assert parsed(text) == [(1, 2.5, "Hello, you"), (3, 4, "Good day,\nMary")]


def test_microdvd_counts_frames_of_the_movie() -> None:
    assert parsed(MICRODVD, fps=25) == [(1, 2, "Hello\nthere"), (3, 4, "♪"), (5, 9, "open")]
    assert parsed(MICRODVD, fps=50)[0] == (0.5, 1, "Hello\nthere")


def test_microdvd_may_state_its_own_rate() -> None:
    assert parsed("{1}{1}12.5\n" + MICRODVD, fps=50)[0] == (2, 4, "Hello\nthere")


def test_microdvd_without_any_rate_is_an_error() -> None:
    with pytest.raises(SubtitleError, match="frame rate is not known"):
        parsed(MICRODVD)


def test_ttml() -> None:
    assert parsed(TTML) == [
        (11, 12.5, "Hello there,\nyou"),
        (13, 14, "♪"),
        (15, 16, "ticks"),
        (17, 18, "timed"),
        (18, 19, "spans"),
    ]
    old = TTML.replace("http://www.w3.org/ns/ttml", "http://www.w3.org/2006/10/ttaf1")
    assert parsed(old) == parsed(TTML)


def test_ttml_with_entities_is_refused() -> None:
    bomb = '<!DOCTYPE tt [<!ENTITY a "aaaa">]><tt><body><div><p begin="1s" end="2s">&a;</p></div></body></tt>'
    with pytest.raises(SubtitleError, match="document type"):
        parsed(bomb)


def test_sami_in_the_language_asked_for() -> None:
    english = [(1, 2.5, "Hello\nthere"), (3, 9, "Good & bad")]
    assert parsed(SAMI)[:2] == english
    assert parsed(SAMI, language="en")[:2] == english
    assert parsed(SAMI)[2][0:3:2] == (9, "Last")
    assert [text for _, _, text in parsed(SAMI, language="fr")] == ["Bonjour", "Bien"]


# Repairs


def test_overlaps_are_cut_with_a_warning() -> None:
    text = "00:00:01,000 --> 00:00:05,000\na\n\n00:00:03,000 --> 00:00:06,000\nb\n"
    cues, warnings = parse_subtitles(text, name="film.srt")
    assert cues == (Cue(1, 3, "a"), Cue(3, 6, "b"))
    assert warnings == ("film.srt: 1 cue overlapped the next and now ends where that begins",)


def test_a_negative_duration_becomes_the_time_to_read_it() -> None:
    text = "00:00:05,000 --> 00:00:03,000\nfifteen letters\n\n00:00:20,000 --> 00:00:20,000\nb\n"
    cues, warnings = parse_subtitles(text, name="film.srt")
    assert [cue.start for cue in cues] == [5, 20]
    assert 6 < cues[0].end < 7
    assert cues[1].end > 20
    assert warnings == (
        "film.srt: 2 cues, each of which had no duration or a negative one and now stands for its reading time",
    )


def test_cues_that_begin_together_become_one() -> None:
    text = "".join(f"00:00:01,000 --> 00:00:0{end},000\n{words}\n\n" for end, words in ((2, "a"), (4, "b"), (3, "a")))
    cues, warnings = parse_subtitles(text, name="film.srt")
    assert cues == (Cue(1, 4, "a\nb"),)
    assert len(warnings) == 1


def test_cues_come_in_order_of_time_and_good_ones_are_left_alone() -> None:
    text = "00:00:05,000 --> 00:00:06,000\nb\n\n00:00:01,000 --> 00:00:02,000\na\n"
    assert parse_subtitles(text, name="film.srt") == ((Cue(1, 2, "a"), Cue(5, 6, "b")), ())


# Encodings

LETTERS = SRT.replace("Hello", "Où est l’été, garçon? Voilà une forêt près de la mer, où le château s'élève")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_told_by_its_form(tmp_path: Path, encoding: str) -> None:
    (path := tmp_path / "film.srt").write_bytes(LETTERS.encode(encoding))
    track = read_subtitles(path)
    assert track.encoding == encoding
    assert track.cues[0].text.startswith("Où est l’été, garçon?")


def test_big_endian_utf16_by_its_mark(tmp_path: Path) -> None:
    (path := tmp_path / "film.srt").write_bytes(b"\xfe\xff" + LETTERS.encode("utf-16-be"))
    assert read_subtitles(path).cues[0].text.startswith("Où est")


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "Où est l’été, garçon? Voilà une forêt près de la mer"),
        ("cp1250", "Kde je kapitán? Odešel v sedm hodin a nikdo neví, kam šel"),
        ("cp1251", "Где капитан? Он ушёл в семь часов, и никто не знает"),
        ("cp932", "船長はどこですか。彼は七時に出かけました。誰も彼がどこへ行ったのか知りません。"),
    ],
)
def test_older_encodings_are_found_and_reported(tmp_path: Path, encoding: str, words: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:02,000\n{words}\n"
    (path := tmp_path / "film.srt").write_bytes(text.encode(encoding))
    track = read_subtitles(path)
    assert (track.encoding, track.cues[0].text) == (encoding, words)


def test_bytes_that_are_nothing_are_read_as_cp1252(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        def best(self) -> None:
            return None

    monkeypatch.setattr(encodings, "from_bytes", lambda data: Nothing())
    (path := tmp_path / "film.srt").write_bytes("00:00:01,000 --> 00:00:02,000\nÉté \x81".encode("latin-1"))
    track = read_subtitles(path)
    assert (track.encoding, track.cues[0].text) == ("cp1252", "Été \ufffd")


# Files


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("film.srt", b"", "is empty"),
        ("film.srt", b"just words\n", "no subtitle file that we read"),
        ("film.srt", bytes(range(256)) * 20, "no subtitle file that we read"),
        ("film.sub", b"\x00\x00\x01\xba\x44", "as pictures"),
        ("film.idx", b"# VobSub index file, v7\n", "as pictures"),
        ("film.sup", b"PG\x00\x00", "as pictures"),
        ("film.ttml", b'<tt xmlns="http://www.w3.org/ns/ttml"><body>', "cannot be read as ttml"),
        ("film.ttml", b'<tt><body><div><p begin="soon" end="2s">a</p></div></body></tt>', "'soon' is no time"),
    ],
)
def test_what_is_no_subtitle_file_gets_a_clear_error(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (path := tmp_path / name).write_bytes(data)
    with pytest.raises(SubtitleError, match=message):
        read_subtitles(path)


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    with (path := tmp_path / "film.srt").open("wb") as file:
        file.truncate((10 << 20) + 1)
    with pytest.raises(SubtitleError, match="at most 10 MB"):
        read_subtitles(path)


def test_a_missing_file_is_an_error_for_people(tmp_path: Path) -> None:
    with pytest.raises(SubtitleError, match="There is no file"):
        read_subtitles(tmp_path / "film.srt")


def test_a_file_without_text_says_so(tmp_path: Path) -> None:
    (path := tmp_path / "film.vtt").write_text("WEBVTT\n")
    assert read_subtitles(path).warnings == ("film.vtt: it holds no text at all",)


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("film.en.srt", "en"),
        ("film.eng.forced.srt", "en"),
        ("film.pt-BR.vtt", "pt"),
        ("a.b.srt", None),
        ("en.srt", None),
    ],
)
def test_the_language_stands_in_the_name(tmp_path: Path, name: str, language: str | None) -> None:
    (path := tmp_path / name).write_text(SRT)
    assert read_subtitles(path).language == language


def test_codes_of_languages() -> None:
    assert [language_code(code) for code in ("eng", "EN", "en-GB", "English", "ger", "deu", "x", None)] == [
        *["en"] * 4, "de", "de", None, None,
    ]  # fmt: skip
