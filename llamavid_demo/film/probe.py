"""What a file is: its container, pictures, length and text tracks, or why it cannot be watched."""

import re
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import ffmpeg

from llamavid_demo.direction_marks import without_marks
from llamavid_demo.errors import MovieError
from llamavid_demo.film.duration import duration
from llamavid_demo.film.ffmpeg_commands import (
    SAFE_INPUT,
    address,
    ffprobe,
    first_line,
    number,
    run_ffmpeg,
    time_limit,
)
from llamavid_demo.film.plain_files import check_plain_file, sniff_container
from llamavid_demo.film.structure import is_encrypted, is_whole

MOST_PIXELS = 36_000_000  # of a picture: 8K cinema has 35 million, and reading one takes 20 bytes a pixel
MOST_ASPECT = 16  # of one pixel, between its sides
REBASED = frozenset(("mpegts", "mpeg"))  # containers whose clock starts anywhere
LATE = 2.0  # seconds; a film that begins after this was cut from a longer one and kept that one's clock
_PROTECTED = "is protected (DRM) and cannot be read. Use a copy without protection."
_ASIDE = re.compile(r"\b(commentar(y|ies)|comments?|forced|foreign|signs?|songs?|lyrics|karaoke)\b", re.IGNORECASE)


@dataclass(frozen=True)
class TextTrack:
    """One subtitle track inside a video; `index` is its stream's number, `language` and `title` as the file says.

    `aside` tracks do not hold what is said: commentary, signs and songs, or only what is foreign in the film (forced).
    `default` is the one that players show.
    """

    index: int
    codec: str
    language: str | None
    title: str | None
    aside: bool
    default: bool


@dataclass(frozen=True)
class SoundTrack:
    """The sound that goes with the pictures; `index` is its stream's number, `leads` whether no other comes first."""

    index: int
    codec: str
    leads: bool


@dataclass(frozen=True)
class VideoInfo:
    """What the readers and the player need to know of a video file.

    `stream` is the number of the video stream, `alone` whether there is no other and `leads` whether no other comes
    first. `profile` and `pixels` (the pixel format) are ffprobe's names, `sound` is None where there is none. `stored`
    is the size of the upright picture in its own pixels and `display` the size at which it is shown, both (width,
    height). `start` is the timestamp at which the file begins, `origin` that of second 0 and `first` that of the first
    picture, in seconds. `upright` is false when the pictures must be mirrored or turned by an odd angle. `fps` is the
    average rate, 0 when unknown.
    """

    path: Path
    container: str
    codec: str
    profile: str
    pixels: str
    stream: int
    alone: bool
    leads: bool
    sound: SoundTrack | None
    stored: tuple[int, int]
    display: tuple[int, int]
    upright: bool
    duration: float
    start: float
    origin: float
    first: float
    fps: float
    texts: tuple[TextTrack, ...]


def probe(path: Path) -> VideoInfo:
    """Look at a video file without reading it through; the answer is kept until the file changes.

    Raises MovieError when there is no picture to see in it: see `check_plain_file` and `sniff_container`, and audio
    only, protected, truncated, or nothing that decodes.
    """
    real = check_plain_file(path)
    status = real.stat()
    return _probe(real, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _probe(path: Path, _modified: int, _size: int) -> VideoInfo:
    container = sniff_container(path)
    whole = is_whole(path, container)
    if whole is False:
        raise MovieError(f"{path.name} is cut off: its end is missing. Copy or download it again.")
    until = time.monotonic() + time_limit(path)  # for all questions together
    answer = ffprobe(path, until=until)
    streams, format = answer.get("streams", []), answer.get("format", {})
    pictures = [s for s in streams if s.get("codec_type") == "video"]
    videos = [s for s in pictures if not s["disposition"]["attached_pic"]]
    if container not in str(format.get("format_name")).split(","):  # what looks like two things is neither
        raise MovieError(f"{path.name} is not the {container} file that it begins as. Give a video file.")
    if is_encrypted(path, container):
        raise MovieError(f"{path.name} {_PROTECTED}")
    if not videos:
        kinds = sorted({"a cover" if s in pictures else str(s.get("codec_type")) for s in streams})
        only = " and ".join(kinds) or "an empty index"
        raise MovieError(f"{path.name} has no film in it, but only {only}. Give a video file.")
    video = next((s for s in videos if s["disposition"]["default"]), videos[0])
    stored, display, upright = _shape(path, video)
    _check_first_picture(path, video, until)
    first = number(video.get("start_time"))
    start = number(format.get("start_time")) or 0.0
    if container == "avi":
        origin = first = _first_decoded(path, video, until)
    else:
        origin = start if container in REBASED or start > LATE else 0.0
    zero = 0.0 if container == "avi" else origin  # there the pictures are late, not the clock
    return VideoInfo(
        path=path,
        container=container,
        codec=str(video.get("codec_name", "unknown")),
        profile=str(video.get("profile", "unknown")),
        pixels=str(video.get("pix_fmt", "unknown")),
        stream=int(video["index"]),
        alone=len(pictures) == 1,
        leads=video is pictures[0],
        sound=_sound(streams),
        stored=stored,
        display=display,
        upright=upright,
        duration=duration(
            path, format, container, zero, until, certain=container in REBASED or (whole is True and not zero)
        ),
        start=start,
        origin=origin,
        first=origin if first is None else first,
        fps=_ratio(video.get("avg_frame_rate")) or _ratio(video.get("r_frame_rate")),
        texts=tuple(_text_track(s) for s in streams if s.get("codec_type") == "subtitle"),
    )


def _shape(path: Path, video: dict[str, Any]) -> tuple[tuple[int, int], tuple[int, int], bool]:
    """Upright size in stored pixels, size as shown, and whether quarter turns are enough to stand it upright."""
    width, height = int(video.get("width", 0)), int(video.get("height", 0))
    if width <= 0 or height <= 0:
        raise MovieError(f"{path.name} has no pictures: its video track states no size. It may be damaged.")
    if width * height > MOST_PIXELS:
        raise MovieError(f"The pictures of {path.name} are too large ({width}×{height}). Make a smaller copy.")
    aspect = _ratio(video.get("sample_aspect_ratio", "1:1").replace(":", "/"))
    if not 1 / MOST_ASPECT <= aspect <= MOST_ASPECT:  # nothing, or nonsense that would make the picture a mile wide
        aspect = 1.0
    shown = (max(1, round(width * aspect)), height) if aspect >= 1 else (width, max(1, round(height / aspect)))
    angle, upright = _rotation(video)
    if angle in (90, 270):
        return (height, width), (shown[1], shown[0]), upright
    return (width, height), shown, upright


def _sound(streams: list[dict[str, Any]]) -> SoundTrack | None:
    """The sound track that a player takes: the default one, else the first."""
    sounds = [s for s in streams if s.get("codec_type") == "audio"]
    if not sounds:
        return None
    sound = next((s for s in sounds if s["disposition"]["default"]), sounds[0])
    return SoundTrack(int(sound["index"]), str(sound.get("codec_name", "unknown")), leads=sound is sounds[0])


def _rotation(video: dict[str, Any]) -> tuple[int, bool]:
    """Degrees to turn the pictures by, and whether that is all (no mirror, no odd angle)."""
    for side in video.get("side_data_list", []):
        if "rotation" in side:
            angle = round(float(side["rotation"])) % 360
            a, b, c, d = _matrix(side.get("displaymatrix", ""))
            return angle, angle % 90 == 0 and a * d - b * c > 0
    return 0, True


def _matrix(text: str) -> tuple[float, float, float, float]:
    """The four numbers of a display matrix that turn and mirror, from ffprobe's three lines of text."""
    rows = [[int(n) for n in re.findall(r"-?\d+", line.partition(":")[2])] for line in text.strip().splitlines()]
    if len(rows) < 2 or min(len(rows[0]), len(rows[1])) < 2:
        return 1, 0, 0, 1
    return rows[0][0], rows[0][1], rows[1][0], rows[1][1]


def _check_first_picture(path: Path, video: dict[str, Any], until: float) -> None:
    """Decode one picture, so that nobody starts on a file that shows none."""
    node = ffmpeg.input(address(path), **SAFE_INPUT)[str(video["index"])]
    node = node.output("pipe:", format="rawvideo", pix_fmt="gray", vf="scale=8:8", vframes=1)
    code, output, errors = run_ffmpeg(node, path, until=until)
    if output:
        return
    if re.search(rb"encrypt|decryption|protect", errors, re.IGNORECASE):
        raise MovieError(f"{path.name} {_PROTECTED}")
    reason = first_line(errors, path) if code else "it holds zero frames"
    raise MovieError(
        f"No picture of {path.name} can be decoded: {reason}. It may be damaged, protected or cut off;"
        " copy or download it again."
    )


def _first_decoded(path: Path, video: dict[str, Any], until: float) -> float:
    """Timestamp at which ffmpeg puts out the first picture of an AVI file.

    AVI has no times of display: they are guessed from the order of decoding, late by as many frames as are reordered.
    """
    answer = ffprobe(
        path,
        until=until,
        select_streams=str(video["index"]),
        show_entries="frame=best_effort_timestamp_time",
        read_intervals="%+#32",
    )
    times = (number(frame.get("best_effort_timestamp_time")) for frame in answer.get("frames", []))
    return min((time for time in times if time is not None), default=0.0)


def is_aside(name: str) -> bool:
    """Whether a track's title, or a file's name, says that it does not hold what is said in the film."""
    return bool(_ASIDE.search(name))


def _text_track(stream: dict[str, Any]) -> TextTrack:
    language, title = (without_marks(stream.get("tags", {}).get(name, "")) for name in ("language", "title"))
    marks = stream["disposition"]
    return TextTrack(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "unknown")),
        language=None if language in ("", "und") else language,
        title=title or None,
        aside=bool(marks.get("forced") or marks.get("comment") or is_aside(title)),
        default=bool(marks.get("default")),
    )


def _ratio(text: str | None) -> float:
    """`30000/1001` as a number; 0 for anything without a value."""
    above, _, below = (text or "").partition("/")
    try:
        return float(above) / float(below)
    except (ValueError, ZeroDivisionError):
        return 0.0
