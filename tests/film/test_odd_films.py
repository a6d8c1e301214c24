"""Films as people have them: headers that claim ages, slides that stand for long, broadcasts cut inside a packet."""

import os
import struct
import sys
import time
from pathlib import Path

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import ffmpeg_commands, load_movie
from llamavid_demo.film.decord_frames import _order
from llamavid_demo.film.ffmpeg_commands import ffprobe, packet_times
from llamavid_demo.film.ffmpeg_frames import ffmpeg_frames
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.film.probe import probe
from llamavid_demo.film.tracks import MOST_INSIDE
from tests.film.conftest import run_ffmpeg

SMALL = FrameFormat(32, 32, "stretch")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("short") / "short.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:r=5:d=4", "-c:v", "libx264", "-g", 5, path)
    return path


def slides(path: Path) -> Path:
    """A film of half an hour with three pictures, each of which stands for ten minutes."""
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc=s=1280x720:r=1:d=3", "-vf", "setpts=N*600/TB", "-vsync", "passthrough",
        "-c:v", "libx264", "-preset", "ultrafast", path,
    )  # fmt: skip
    return path


def test_slide_that_stands_for_minutes_takes_the_memory_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(slides(tmp_path / "slides.mp4"))
    monkeypatch.setattr(ffmpeg_commands, "MEMORY", 300_000_000)
    one, same, next_one = (next(iter(ffmpeg_frames(info, second, 1, SMALL))) for second in (10, 590, 610))
    assert (one == same).all() and (one != next_one).any()
    pictures = list(ffmpeg_frames(info, 0, 1210, SMALL))
    assert len({picture.tobytes() for picture in pictures}) == 3 and (pictures[599] == one).all()


def test_length_that_makes_no_sense_is_taken_from_the_packets(short: Path, tmp_path: Path) -> None:
    data = bytearray(short.read_bytes())
    at = data.index(b"\x44\x89\x88")  # the Duration element of Matroska, a number of 8 bytes
    data[at + 3 : at + 11] = struct.pack(">d", 9e15)  # milliseconds
    (tmp_path / "ages.mkv").write_bytes(data)
    assert load_movie(tmp_path / "ages.mkv").duration == pytest.approx(4, abs=0.3)


def test_film_that_would_last_for_years_is_refused(short: Path, tmp_path: Path) -> None:
    run_ffmpeg(
        "-i", short, "-vf", "setpts='if(gt(N,15),PTS+4e8/TB,PTS)'", "-vsync", "passthrough", tmp_path / "years.mkv"
    )
    with pytest.raises(MovieError, match="lasts 111,111 hours, more than the 100 that are read"):
        load_movie(tmp_path / "years.mkv")


def test_broadcast_that_begins_inside_a_packet_is_read(short: Path, tmp_path: Path) -> None:
    run_ffmpeg("-i", short, "-c", "copy", tmp_path / "whole.ts")
    (tmp_path / "cut.ts").write_bytes((tmp_path / "whole.ts").read_bytes()[100:])
    assert probe(tmp_path / "cut.ts").container == "mpegts"


def test_pixels_of_a_mile_are_taken_for_square(tmp_path: Path) -> None:
    wide = tmp_path / "wide.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:d=1", "-vf", "setsar=1000", "-c:v", "ffv1", wide)
    assert probe(wide).display == (64, 48)


def test_picture_like_a_wall_is_refused(tmp_path: Path) -> None:
    """Read at 8000×7990 it took 1.8 GB."""
    wall = tmp_path / "wall.gif"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:d=1", wall)
    data = bytearray(wall.read_bytes())
    data[6:10] = struct.pack("<HH", 8000, 7990)
    wall.write_bytes(data)
    with pytest.raises(MovieError, match="too large \\(8000×7990\\)"):
        probe(wall)


def test_large_pictures_do_not_raise_the_limit_on_memory(tmp_path: Path) -> None:
    """64 pictures of this size would take 1.6 GB."""
    large = tmp_path / "large.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "color=s=3840x2160:r=1:d=1", "-c:v", "mjpeg", large)
    assert _order(probe(large), 0, 1, SMALL).memory == ffmpeg_commands.MEMORY


def stands_in(folder: Path, program: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `script`, in Python, run in place of a program."""
    (folder / "bin").mkdir()
    (place := folder / "bin" / program).write_text(f"#!{sys.executable}\n{script}")
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.parent}{os.pathsep}{os.environ['PATH']}")


def test_packets_without_end_take_no_memory_and_their_time(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_in(tmp_path, "ffprobe", "for _ in range(2000): print('1.0,1.0,0.5\\n' * 1000)", monkeypatch)
    packets = packet_times(short, until=time.monotonic() + 3600)
    assert {next(packets) for _ in range(100_000)} == {(1.0, 0.5)}
    packets.close()
    with pytest.raises(MovieError, match=r"short\.mkv cannot be read: looking at it takes too long"):
        list(packet_times(short, until=time.monotonic() + 0.3))


def test_description_without_end_is_refused(short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "while True: print(' ' * 100_000)"
    complaining = "import sys\nfor _ in range(999): sys.stderr.write('x' * 100_000)\nprint('{}')"
    stands_in(tmp_path, "ffprobe", endless, monkeypatch)
    with pytest.raises(MovieError, match="what is written in it has no end"):
        ffprobe(short)
    (tmp_path / "bin" / "ffprobe").write_text(f"#!{sys.executable}\n{complaining}")
    assert ffprobe(short) == {}


def test_silence_is_not_waited_for(short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stands_in(tmp_path, "ffprobe", "import time; time.sleep(3600)", monkeypatch)
    monkeypatch.setattr(ffmpeg_commands, "LOOK_SECONDS", 0.1)
    with pytest.raises(MovieError, match="takes too long"):
        ffprobe(short)


def test_looks_at_an_upload_are_over_within_a_minute(short: Path, tmp_path: Path) -> None:
    (largest := tmp_path / "largest.mp4").touch()
    os.truncate(largest, 500_000_000)
    assert ffmpeg_commands.time_limit(short) < 25
    assert ffmpeg_commands.time_limit(largest) < 60


def test_more_tracks_than_anybody_offers(short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cues := tmp_path / "cues.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nGood evening.\n")
    path, count = tmp_path / "tongues.mkv", MOST_INSIDE + 3
    languages = (word for n in range(count - 1) for word in (f"-metadata:s:s:{n}", "language=fre"))
    maps = ("-map", "0:v", *("-map", "1:s") * count)
    run_ffmpeg(
        "-i", short, "-i", cues, *maps, "-c", "copy", *languages, f"-metadata:s:s:{count - 1}", "language=eng", path
    )
    movie = load_movie(path, language="en")
    assert len(movie.tracks) == MOST_INSIDE and movie.tracks[0].language == "eng"
    assert movie.subtitles and movie.subtitles.warnings == (
        f"tongues.mkv has {count} subtitle tracks inside; {MOST_INSIDE} of them are offered.",
    )
