"""Good clips of two seconds, one of each container that is accepted, made once a process."""

import tempfile
from functools import cache
from pathlib import Path

from tests.film.conftest import run_ffmpeg

PICTURES = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=2")
SOUND = ("-f", "lavfi", "-i", "sine=d=2")
CUES = "1\n00:00:00,200 --> 00:00:01,000\nGood evening.\n\n2\n00:00:01,100 --> 00:00:01,900\nCome in.\n"
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "5")
ENCODERS: dict[str, tuple[str, ...]] = {
    "mp4": (*H264, "-c:a", "aac", "-c:s", "mov_text"),
    "mov": ("-c:v", "mjpeg", "-c:a", "pcm_s16le", "-c:s", "mov_text"),
    "mkv": (*H264, "-c:a", "aac", "-c:s", "ass"),
    "webm": ("-c:v", "libvpx", "-c:a", "libopus", "-c:s", "webvtt"),
    "avi": ("-c:v", "mpeg4", "-c:a", "mp3", "-sn"),
    "ts": ("-c:v", "mpeg2video", "-c:a", "mp2", "-sn"),
    "m2ts": (*H264, "-c:a", "ac3", "-sn"),
    "mpg": ("-c:v", "mpeg1video", "-r", "25", "-c:a", "mp2", "-sn"),
    "flv": ("-c:v", "flv1", "-c:a", "mp3", "-ar", "44100", "-sn"),
    "ogv": ("-c:v", "libtheora", "-c:a", "libvorbis", "-sn"),
    "wmv": ("-c:v", "wmv2", "-c:a", "wmav2", "-sn"),
    "gif": ("-an", "-sn"),
    "3gp": ("-c:v", "mpeg4", "-c:a", "aac", "-sn"),
}


@cache
def folder() -> Path:
    """Where the clips of this process lie."""
    return _KEPT / "bases"


@cache
def base(suffix: str) -> Path:
    """The clip of a container, by its suffix."""
    folder().mkdir(exist_ok=True)
    path, cues = folder() / f"good.{suffix}", folder() / "good-cues.srt"
    cues.write_text(CUES)
    run_ffmpeg(*PICTURES, *SOUND, "-i", cues, "-map", "0", "-map", "1", "-map", "2", *ENCODERS[suffix], path)
    return path


_HOLDER = tempfile.TemporaryDirectory(prefix="hostile-bases-")
_KEPT = Path(_HOLDER.name)
