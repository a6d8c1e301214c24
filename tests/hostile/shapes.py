"""Films that ffmpeg writes when asked for the odd: times, rates, sizes, colours and tracks."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.film.conftest import run_ffmpeg
from tests.hostile.bases import H264, base
from tests.hostile.case import Case

PASS = ("-vsync", "passthrough", "-enc_time_base", "1/1000")
TIMES = {
    "from 10 hours on": "PTS+36000/TB",
    "a gap of 10 hours": "'if(gt(N,10),PTS+36000/TB,PTS)'",
    "a gap of 99 hours": "'if(gt(N,10),PTS+356400/TB,PTS)'",
    "before zero": "PTS-5/TB",
    "all at one time": "N/1000/TB",
    "a picture an hour": "N*3600/TB",
}
COPIED = {"backwards": "(20-N)/10/TB", "to and fro": "mod(N*7,20)/10/TB", "twice": "mod(N,10)/10/TB", "all zero": "0"}
RATES = ("1000", "0.1", "240", "1/3600")
SIZES = ("2x2", "17x13", "2x1080", "4096x2", "3840x2160", "1x1", "16x4000")
PIXELS = {
    "4:4:4": (*H264, "-pix_fmt", "yuv444p"),
    "10 bits": (*H264, "-pix_fmt", "yuv420p10le"),
    "gray": (*H264, "-pix_fmt", "gray"),
    "raw alpha": ("-c:v", "qtrle", "-pix_fmt", "argb"),
    "png alpha": ("-c:v", "png", "-pix_fmt", "rgba"),
    "prores 4444": ("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"),
    "full range": (*H264, "-pix_fmt", "yuvj420p"),
    "raw": ("-c:v", "rawvideo", "-pix_fmt", "rgb24"),
    "9 bits": ("-c:v", "ffv1", "-pix_fmt", "gray9le"),
    "16 bits": ("-c:v", "ffv1", "-pix_fmt", "gbrp16le"),
    "alpha": ("-c:v", "ffv1", "-pix_fmt", "yuva420p"),
    "field": (*H264, "-flags", "+ildct+ilme", "-x264opts", "tff=1"),
}
TRACKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "two films": ("film.mkv", ("-map", "0:v", "-map", "0:v")),
    "twenty films": ("film.mkv", ("-map", "0:v") * 20),
    "the second is the default": (
        "film.mkv",
        ("-map", "0:v", "-map", "0:v", "-disposition:v:0", "0", "-disposition:v:1", "default"),
    ),
    "silent": ("film.mp4", ("-map", "0:v")),
    "sound only": ("film.mp4", ("-map", "0:a")),
    "cues only": ("film.mkv", ("-map", "0:s")),
    "sixty sounds": ("film.mkv", ("-map", "0:v", *("-map", "0:a") * 60)),
    "eighty tracks of cues": ("film.mkv", ("-map", "0:v", *("-map", "0:s") * 80)),
    "nothing but a cover": (
        "film.mp4",
        ("-map", "0:a", "-map", "0:v", "-c:v", "mjpeg", "-disposition:v:0", "attached_pic"),
    ),
    "flat pixels": ("film.mkv", ("-map", "0:v", "-vf", "setsar=1000", "-c:v", "ffv1")),
    "tall pixels": ("film.mkv", ("-map", "0:v", "-vf", "setsar=1/1000", "-c:v", "ffv1")),
}


def cases() -> Iterator[Case]:
    """Times, rates, sizes, colours, tracks, and numbers of pictures."""
    for suffix in ("mkv", "mp4", "ts"):
        for label, times in TIMES.items():
            yield Case("times", f"{suffix} {label}", _filtered(f"film.{suffix}", f"setpts={times}"))
    for suffix in ("mkv", "ts", "flv"):
        for label, times in COPIED.items():
            yield Case("times", f"{suffix} {label}", _copied(f"film.{suffix}", times))
    for rate in RATES:
        for suffix in ("mkv", "mp4", "avi"):
            yield Case("rates", f"{suffix} {rate}", _drawn(f"film.{suffix}", f"r={rate}", "-vframes", "5"))
    for number in ("0", "1"):
        for suffix in ("mkv", "mp4", "avi", "ts", "flv", "gif", "ogv", "wmv"):
            yield Case("few pictures", f"{suffix} {number}", _drawn(f"film.{suffix}", "r=10", "-vframes", number))
    for size in SIZES:
        yield Case("shapes", f"{size}", _drawn("film.mkv", f"s={size}:d=1", "-c:v", "ffv1"))
        yield Case("shapes", f"mjpeg {size}", _drawn("film.avi", f"s={size}:d=1", "-c:v", "mjpeg"))
    for label, encoder in PIXELS.items():
        suffix = "mov" if encoder[1] in ("qtrle", "png", "prores_ks", "rawvideo") else "mkv"
        yield Case("shapes", label, _drawn(f"film.{suffix}", "s=64x48:d=1", *encoder))
    for label, (name, chosen) in TRACKS.items():
        yield Case("tracks", label, _mapped(name, chosen))
    for suffix in ("mkv", "mp4"):
        yield Case("tracks", f"{suffix} with 2,000 chapters", _chapters(suffix))
        yield Case("tracks", f"{suffix} with hostile tags", _tagged(suffix))
    yield Case("tracks", "an attached font and page", _attached)


def _drawn(name: str, source: str, *options: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        run_ffmpeg("-f", "lavfi", "-i", f"testsrc={source}", *options, path)
        return path

    return make


def _filtered(name: str, filters: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        run_ffmpeg("-copyts", "-i", base("mkv"), "-map", "0:v", "-vf", filters, *PASS, *H264, path)
        return path

    return make


def _copied(name: str, times: str) -> Callable[[Path], Path]:
    """Times that no encoder takes: set on the finished packets."""

    def make(folder: Path) -> Path:
        path = folder / name
        run_ffmpeg(
            "-i", base("mkv"), "-map", "0:v", "-c", "copy", "-bsf:v", f"setts=pts='{times}':dts=N/10/TB",
            "-copyts", path,
        )  # fmt: skip
        return path

    return make


def _mapped(name: str, chosen: tuple[str, ...]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        run_ffmpeg("-i", base("mkv"), "-c", "copy", *chosen, path)
        return path

    return make


def _chapters(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        notes, path = folder.parent / "chapters", folder / f"film.{suffix}"
        chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={}\nEND={}\ntitle=<script>alert(1)</script>\n"
        notes.write_text(";FFMETADATA1\n" + "".join(chapter.format(n, n + 1) for n in range(2000)))
        run_ffmpeg("-i", base("mkv"), "-i", notes, "-map_metadata", "1", "-map_chapters", "1", "-c:v", "copy", path)
        return path

    return make


def _tagged(suffix: str) -> Callable[[Path], Path]:
    """Titles and languages that are no titles and languages."""

    def make(folder: Path) -> Path:
        path = folder / f"film.{suffix}"
        bad = "a\nb\r\x1b[31m<script>alert(1)</script>'\"`\u202e" + "x" * 4000
        text = "mov_text" if suffix == "mp4" else "copy"
        run_ffmpeg(
            "-i", base("mkv"), "-c", "copy", "-c:s", text,
            *(f for kind in "vas" for f in (f"-metadata:s:{kind}", f"title={bad}")),
            "-metadata", f"title={bad}", "-metadata:s:s", "language=../../etc", path,
        )  # fmt: skip
        return path

    return make


def _attached(folder: Path) -> Path:
    page, path = folder.parent / "page.html", folder / "film.mkv"
    page.write_text("<script>alert(1)</script>")
    run_ffmpeg("-i", base("mkv"), "-c", "copy", "-attach", page, "-metadata:s:t", "mimetype=text/html", path)
    return path
