"""Subtitle files that are damaged, endless, nested, in no encoding, or full of script."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile.case import Case, chance, writer

TIMES = "00:00:01,000 --> 00:00:02,000\n"
TTML = '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>{}</div></body></tt>'
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
EVENT = "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{}\n"
GOOD = {
    "srt": f"1\n{TIMES}Good evening.\n\n2\n00:00:03,000 --> 00:00:04,000\n- Come in.\n- Why?\n",
    "vtt": "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000 align:start\n<v Mara>Good <b>evening</b>.\n",
    "ass": ASS + EVENT.format("{\\i1}Good{\\i0} evening.") + EVENT.format("{\\p1}m 0 0 l 1 1"),
    "sub": "{1}{1}25\n{25}{50}Good evening.|Come in.\n{75}{100}{y:i}Why?\n",
    "mpl2.sub": "[10][20]Good evening.|/Come in.\n[30][40]Why?\n",
    "viewer.sub": "[INFORMATION]\n[TITLE]x\n[SUBTITLE]\n00:00:01.00,00:00:03.00\nHello[br]you\n",
    "ttml": TTML.format('<p begin="1s" end="2s">Good<br/>evening.</p><p begin="00:00:03:12" dur="9f">Why?</p>'),
    "smi": "<SAMI><BODY><SYNC Start=1000><P Class=EN>Good<br>evening.<SYNC Start=2000><P Class=EN>&nbsp;</SAMI>",
}
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)> ]]> --> &lt;b&gt; javascript:1 \" ' `"
PIECES = (
    "\0",
    "\n",
    "\r",
    "-->",
    "<",
    ">",
    "{",
    "}",
    "\\",
    "&#0;",
    "&#x110000;",
    "\u202e",
    "\ud7ff",
    "[",
    "]",
    "9" * 40,
)
DEEP = 50_000
WHOLE = {  # named by what is in them
    "nothing.srt": b"",
    "one zero.srt": b"\0",
    "zeros.srt": bytes(100_000),
    "mark only.srt": b"\xef\xbb\xbf",
    "mark of UTF-16.srt": b"\xff\xfe",
    "odd UTF-16.srt": GOOD["srt"].encode("utf-16") + b"\0",
    "UTF-32.srt": GOOD["srt"].encode("utf-32"),
    "UTF-7.srt": GOOD["srt"].encode("utf-7"),
    "EBCDIC.srt": GOOD["srt"].encode("cp500"),
    "overlong.srt": TIMES.encode() + b"\xc0\x80\xe0\x80\xaf" * 99,
    "surrogates.srt": TIMES.encode() + b"\xed\xa0\x80\xed\xb0\x80" * 99,
    "every byte.srt": TIMES.encode() + bytes(range(256)),
    "mixed.srt": b"".join(TIMES.encode() + "Größe\n\n".encode(e) for e in ("utf-8", "cp1252", "utf-16-le", "cp437")),
    "nulls.vtt": GOOD["vtt"].replace("e", "e\0").encode(),
    "headless.vtt": b"WEBVTT",
    "deep ttml.ttml": TTML.format("<div>" * DEEP + "</div>" * DEEP).encode(),
    "deep spans.ttml": TTML.format('<p begin="1s" end="2s">' + "<span>" * DEEP + "</span>" * DEEP + "</p>").encode(),
    "wide ttml.ttml": TTML.format('<p begin="1s" end="2s">x</p>' * 50_000).encode(),
    "wide attributes.ttml": TTML.format("<p " + " ".join(f'a{n}="x"' for n in range(50_000)) + "/>").encode(),
    "billion laughs.ttml": b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 999 + b'"><!ENTITY c "&b;&b;">]><tt>&c;</tt>',
    "endless ticks.ttml": TTML.format(f'<p begin="{"9" * 400}t" end="{"9" * 5000}:00:00">x</p>').encode(),
    "no number.ttml": b'<tt xmlns:p="p" p:frameRate="nan" p:frameRateMultiplier="0 0"><body/></tt>',
    "rates of zero.ttml": b'<tt xmlns:p="p" p:tickRate="0"><body><p begin="1t" end="2t">x</p></body></tt>',
    "late multiplier.ttml": b'<tt xmlns:p="p" p:frameRateMultiplier="x y"><body/></tt>',
    "endless digits.srt": ("9" * 100_000 + ":00:01,000 --> 00:00:02,000\nx").encode(),
    "a hundred thousand cues.srt": (TIMES + "x\n\n").encode() * 100_000,
    "a line of 9 MB.srt": TIMES.encode() + b"x" * 9_000_000,
    "lines of 9 MB.srt": TIMES.encode() + b"\n" * 9_000_000,
    "tags of 9 MB.vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<" * 9_000_000,
    "timings of 9 MB.srt": b"00:00:01,000 -->" * 560_000,
    "voices.vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<v a" * 100_000,
    "braces.ass": (ASS + EVENT.format("{" * 500_000)).encode(),
    "events.ass": (ASS + EVENT.format("x") * 50_000).encode(),
    "no times.ass": (ASS + "Dialogue: 0,,,,,,,,,\n" * 99).encode(),
    "negative.ass": (ASS + "Dialogue: 0,-1:00:00.00,9:99:99.99,,,0,0,0,,x\n").encode(),
    "no rate.sub": b"{1}{1}0\n{1}{2}x",
    "tiny rate.sub": b"{1}{1}0.0000000001\n{1}{2}x",
    "huge frames.sub": b"{1}{1}25\n{%s}{%s}x" % (b"9" * 300, b"9" * 400),
    "huge frames of MPL2.sub": b"[%s][%s]x" % (b"9" * 400, b"9" * 5000),
    "a comment.smi": b"<SAMI>" + b"<!--" * 200_000,
    "syncs.smi": b"<SAMI>" + b"<SYNC Start=1><P>x" * 50_000,
    "negative.smi": b"<SAMI><SYNC Start=-5><P>x<SYNC Start=-9><P>y",
    "entities.vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"&#x110000;&#xD800;&#0;&amp" * 9999,
    "index.idx": b"# VobSub index file, v7\ntimestamp: 00:00:01:000, filepos: 000000000\n",
    "pictures.sub": b"\0\0\x01\xba" + bytes(999),
    "PGS.sub": b"PG" + bytes(999),
    "json.srt": b'{"a": [' * 9999,
}


def cases() -> Iterator[Case]:
    """Good files damaged, script in each format, what is in `WHOLE`, and files that are too large."""
    for suffix, text in GOOD.items():
        for number in range(9):
            label = f"damaged {suffix} {number}"
            yield Case("cues", label, writer(f"film.{suffix}", damaged(text, label)), subtitles=True)
        script = text.replace("Good", SCRIPT).replace("Hello", SCRIPT)
        yield Case("cues", f"script in {suffix}", writer(f"film.{suffix}", script), subtitles=True)
        other = "srt" if suffix != "srt" else "smi"
        yield Case("cues", f"{suffix} as {other}", writer(f"film.{other}", text), subtitles=True)
    for name, data in WHOLE.items():
        yield Case("cues", name, writer(name, data), subtitles=True)
    yield Case("cues", "100 MB", _hole("film.srt", 100_000_000), subtitles=True)
    yield Case("cues", "10 GB", _hole("film.vtt", 10_000_000_000), subtitles=True)


def damaged(text: str, label: str) -> bytes:
    """Hostile pieces put in, bytes flipped, the end cut off."""
    random = chance(label)
    for _ in range(random.choice((1, 5, 30))):
        at = random.randrange(len(text))
        text = text[:at] + random.choice(PIECES) + text[at + random.randrange(3) :]
    data = bytearray(text.encode())
    for _ in range(random.choice((0, 1, 20))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data[: random.choice((len(data), random.randrange(len(data)))) + 1])


def _hole(name: str, size: int) -> Callable[[Path], Path]:
    """A file that takes no room on disk."""

    def make(folder: Path) -> Path:
        path = writer(name, GOOD["srt"])(folder)
        with path.open("r+b") as file:
            file.truncate(size)
        return path

    return make
