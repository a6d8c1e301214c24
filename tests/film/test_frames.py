import os
import select
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import FrameFormat, decord_frames, frames, load_movie, read_frames
from llamavid_demo.film.decord_frames import DecordError
from llamavid_demo.film.ffmpeg_frames import ffmpeg_frames
from llamavid_demo.film.probe import probe
from llamavid_demo.film.sections import Section
from tests.film.conftest import FRAMES, HEIGHT, WIDTH, Clip, MakeClip, drawn, number_of, run_ffmpeg, turn

WHOLE = FrameFormat(WIDTH, HEIGHT, "stretch")
X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
UNEVEN = (0, 1, 2, 9, 11, 12, 25, 26, 29, 31, 44, 49)

# name, arguments of the encoder, frames kept, time of the first
CLIPS = {
    "h264.mp4": (X264, range(FRAMES), 0.0),
    "h264-bt709.mp4": ((*X264, "-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"), range(FRAMES), 0.0),
    "h264-full-range.mp4": (("-c:v", "libx264", "-pix_fmt", "yuvj420p"), range(FRAMES), 0.0),
    "hevc-10bit.mp4": (
        ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=0:keyint=6"), range(FRAMES), 0.0,
    ),
    "vp9.webm": (("-c:v", "libvpx-vp9", "-deadline", "realtime", "-pix_fmt", "yuv420p"), range(FRAMES), 0.0),
    "h264.mkv": ((*X264, "-g", "12"), range(FRAMES), 0.0),
    "mpeg4.avi": (("-c:v", "mpeg4", "-q:v", "3"), range(FRAMES), 0.0),
    "uneven.mp4": (X264, UNEVEN, 0.0),
    "uneven.mkv": (X264, UNEVEN, 0.0),
    "late.mp4": ((*X264, "-output_ts_offset", "1.25"), range(FRAMES), 1.25),
    "late.mkv": ((*X264, "-output_ts_offset", "1.25"), range(FRAMES), 1.25),
}  # fmt: skip
# decord does not open these, or cannot be trusted with them
FFMPEG_ONLY = {
    "av1.mp4": (("-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p"), range(FRAMES), 0.0),
    "animated.gif": ((), range(FRAMES), 0.0),
    "h264.avi": (X264, range(FRAMES), 0.0),
    "stream.ts": (X264, range(FRAMES), 0.0),  # begins at 1.4 s by its own clock, which starts anywhere
    "stream.mpg": (("-c:v", "mpeg2video", "-r", "25", "-q:v", "3"), range(FRAMES), 0.0),
}


def made(make_clip: MakeClip, name: str) -> Clip:
    arguments, kept, start = (CLIPS | FFMPEG_ONLY)[name]
    return make_clip(name, *arguments, kept=tuple(kept), start=start)


@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize("name", CLIPS)
def test_both_readers_show_the_picture_of_each_second(make_clip: MakeClip, name: str, start: int) -> None:
    clip = made(make_clip, name)
    info = probe(clip.path)
    count = 5 - start
    by_ffmpeg = np.stack(list(ffmpeg_frames(info, start, count, WHOLE)))
    assert [number_of(picture) for picture in by_ffmpeg] == [clip.at(start + n) for n in range(count)]
    if name in ("hevc-10bit.mp4", "mpeg4.avi") and start:  # open groups of pictures: decord would land some frames off
        with pytest.raises(DecordError, match="does not surely find"):
            list(decord_frames.decord_frames(info, start, count, WHOLE))
        return
    by_decord = np.stack(list(decord_frames.decord_frames(info, start, count, WHOLE)))
    assert np.abs(by_decord.astype(int) - by_ffmpeg).max() <= 3


@pytest.mark.parametrize("start", [12, 16, 21])
def test_a_picture_that_stands_longer_than_the_readers_look_back(make_clip: MakeClip, start: int) -> None:
    clip = make_clip("still.mkv", *X264, "-g", "3", kept=(0, 1, 4, 5, 6, 40, 44, 49), rate=2)  # 3 s, then 20 s
    info = probe(clip.path)
    expected = [clip.at(second) for second in range(start, 25)]
    for read in (ffmpeg_frames, decord_frames.decord_frames):
        assert [number_of(picture) for picture in read(info, start, 25 - start, WHOLE)] == expected


@pytest.mark.parametrize("name", FFMPEG_ONLY)
def test_what_decord_cannot_read_is_read_by_ffmpeg(make_clip: MakeClip, name: str) -> None:
    clip = made(make_clip, name)
    with pytest.raises(DecordError):
        list(decord_frames.decord_frames(probe(clip.path), 0, 5, WHOLE))
    batches = list(read_frames(movie := load_movie(clip.path), movie.sections[0], WHOLE))
    numbers = [number_of(picture) for batch in batches for picture in batch.pixels]
    assert numbers == [clip.at(second) for second in movie.sections[0].seconds]


@pytest.mark.parametrize("name", ["h264.mp4", "hevc-10bit.mp4", "vp9.webm", "mpeg4.avi"])
def test_colours_are_those_that_were_drawn(make_clip: MakeClip, name: str) -> None:
    clip = made(make_clip, name)
    for read in (ffmpeg_frames, decord_frames.decord_frames):
        picture = next(read(probe(clip.path), 0, 1, WHOLE))
        assert np.abs(picture[70, 40:120].mean(0) - drawn(0)[70, 80]).max() < 12


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_clip_is_read_upright(clip: Clip, tmp_path: Path, quarters: int) -> None:
    turn(clip.path, path := tmp_path / "turned.mp4", quarters=quarters)
    info = probe(path)
    assert info.display == ((HEIGHT, WIDTH) if quarters % 2 else (WIDTH, HEIGHT))
    format = FrameFormat(*info.display, "stretch")
    for read in (ffmpeg_frames, decord_frames.decord_frames):
        pictures = list(read(info, 0, 5, format))
        assert [number_of(np.rot90(picture, quarters)) for picture in pictures] == [0, 10, 20, 30, 40]


def test_pixels_that_are_not_square_are_shown_as_on_a_screen(make_clip: MakeClip) -> None:
    clip = make_clip("wide-pixels.mp4", "-vf", "setsar=2", *X264)
    assert probe(clip.path).display == (2 * WIDTH, HEIGHT)
    for read in (ffmpeg_frames, decord_frames.decord_frames):
        picture = next(read(probe(clip.path), 3, 1, FrameFormat(2 * HEIGHT, HEIGHT)))  # the middle, unscaled in height
        assert picture.shape == (HEIGHT, 2 * HEIGHT, 3)
        blocks = picture[20].mean(-1)
        edges = np.flatnonzero(np.abs(np.diff((blocks > 127).astype(int))))
        middle = drawn(30)[20, (2 * WIDTH - 2 * HEIGHT) // 4 : -(2 * WIDTH - 2 * HEIGHT) // 4].mean(-1)
        drawn_edges = np.flatnonzero(np.abs(np.diff((middle > 127).astype(int))))
        assert np.abs(edges - 2 * drawn_edges).max() <= 3


@pytest.mark.parametrize("name", ["cut.mkv", "cut.mp4", "cut.flv"])
def test_a_film_cut_from_a_longer_one_begins_with_its_first_picture(make_clip: MakeClip, name: str) -> None:
    movie = load_movie(make_clip(name, *X264, "-output_ts_offset", "600").path)
    assert movie.duration == pytest.approx(5, abs=0.11)
    batches = list(read_frames(movie, movie.sections[0], WHOLE))
    assert [number_of(picture) for batch in batches for picture in batch.pixels][:5] == [0, 10, 20, 30, 40]
    assert number_of(next(ffmpeg_frames(probe(movie.path), 3, 1, WHOLE))) == 30


def test_subtitles_inside_a_film_cut_from_a_longer_one_move_with_it(clip: Clip, tmp_path: Path) -> None:
    (tmp_path / "said.srt").write_text("1\n00:00:01,000 --> 00:00:02,500\nLook!\n")
    path = tmp_path / "cut.mkv"
    run_ffmpeg("-i", clip.path, "-i", tmp_path / "said.srt", "-c", "copy", "-output_ts_offset", "600", path)
    (tmp_path / "said.srt").unlink()
    track = load_movie(path).subtitles
    assert track is not None
    assert [(cue.start, cue.end, cue.text) for cue in track.cues] == [(1.0, 2.5, "Look!")]


def test_of_several_video_tracks_the_default_is_read(clip: Clip, tmp_path: Path) -> None:
    picture = ("-f", "lavfi", "-i", "color=black:size=160x90:rate=10:duration=5")
    run_ffmpeg(
        *picture, "-i", clip.path, "-map", "0", "-map", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p",
        "-disposition:v:0", "0", "-disposition:v:1", "default", path := tmp_path / "two.mkv",
    )  # fmt: skip
    movie = load_movie(path)
    (batch,) = read_frames(movie, movie.sections[0], WHOLE)
    assert [number_of(picture) for picture in batch.pixels] == [0, 10, 20, 30, 40]
    assert (probe(path).stream, probe(path).leads) == (1, False)


def test_batches_cover_the_section_in_order(clip: Clip) -> None:
    movie = load_movie(clip.path)
    batches = list(read_frames(movie, movie.sections[0], FrameFormat(32, 24), batch=2))
    assert [batch.times for batch in batches] == [(0.0, 1.0), (2.0, 3.0), (4.0,)]
    assert [batch.pixels.shape for batch in batches] == [(2, 24, 32, 3), (2, 24, 32, 3), (1, 24, 32, 3)]
    assert all(batch.pixels.dtype == np.uint8 for batch in batches)


def test_the_last_picture_stands_while_sound_goes_on(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = make_clip("silent.mp4", *X264)
    path = tmp_path / "longer-sound.mp4"
    run_ffmpeg("-i", clip.path, "-f", "lavfi", "-i", "sine=duration=8", "-c:v", "copy", "-c:a", "aac", path)
    movie = load_movie(path)
    for read in (ffmpeg_frames, decord_frames.decord_frames):
        pictures = list(read(probe(path), 3, 5, WHOLE))
        assert [number_of(picture) for picture in pictures] == [30, 40, 49, 49, 49]
    assert len(movie.sections[0].seconds) == 8


def test_a_section_beyond_the_last_picture_shows_it(clip: Clip) -> None:
    movie = load_movie(clip.path)
    (batch,) = read_frames(movie, Section(0, 20.0, 22.0), WHOLE)
    assert [number_of(picture) for picture in batch.pixels] == [49, 49]


# What a worker may do wrong


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The worker processes that were started."""
    processes = []
    start = decord_frames._start

    def remember(*arguments: object) -> subprocess.Popen[bytes]:
        processes.append(start(*arguments))
        return processes[-1]

    monkeypatch.setattr(decord_frames, "_start", remember)
    return processes


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Let `code` run in place of the decord worker."""
    (folder / "stand_in.py").write_text(code)
    monkeypatch.setattr(decord_frames, "WORKER", "stand_in")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_worker_that_hangs_is_killed_and_ffmpeg_goes_on(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[subprocess.Popen[bytes]]
) -> None:
    stand_in(monkeypatch, tmp_path, "import threading\nthreading.Event().wait()")
    monkeypatch.setattr(frames, "decord_frames", partial(decord_frames.decord_frames, patience=0.2))
    movie = load_movie(clip.path)
    (batch,) = read_frames(movie, movie.sections[0], WHOLE)
    assert [number_of(picture) for picture in batch.pixels] == [0, 10, 20, 30, 40]
    assert started[0].poll() is not None


def test_when_a_worker_dies_on_the_way_ffmpeg_reads_the_rest(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = "import sys\nsys.stdout.buffer.write(bytes(2 * 160 * 90 * 3))\nsys.exit('lost')"
    stand_in(monkeypatch, tmp_path, two)
    movie = load_movie(clip.path)
    (batch,) = read_frames(movie, movie.sections[0], WHOLE)
    assert [number_of(picture) for picture in batch.pixels] == [0, 0, 20, 30, 40]  # two black ones, numbered 0
    assert batch.pixels[0].max() == 0


def test_a_worker_that_wants_too_much_memory_fails_and_ffmpeg_goes_on(
    clip: Clip, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(decord_frames, "MEMORY", 1 << 20)
    caplog.set_level("DEBUG")
    movie = load_movie(clip.path)
    (batch,) = read_frames(movie, movie.sections[0], WHOLE)
    assert [number_of(picture) for picture in batch.pixels] == [0, 10, 20, 30, 40]
    assert "ffmpeg reads" in caplog.text


def test_the_worker_ends_with_the_iterator(clip: Clip, started: list[subprocess.Popen[bytes]]) -> None:
    movie = load_movie(clip.path)
    batches = read_frames(movie, movie.sections[0], WHOLE, batch=1)
    next(batches)
    assert started[0].poll() is None
    batches.close()
    assert started[0].poll() is not None


def test_the_worker_ends_with_its_parent(clip: Clip) -> None:
    code = (
        "import os, sys; from pathlib import Path; from llamavid_demo.film import FrameFormat, decord_frames as d;"
        "from llamavid_demo.film.probe import probe; start = d._start; made = []\n"
        "d._start = lambda *a: made.append(start(*a)) or made[0]\n"
        "pictures = d.decord_frames(probe(Path(sys.argv[1])), 0, 100000, FrameFormat(640, 640)); next(pictures)\n"
        "print(made[0].pid, flush=True); sys.stdin.read(); os._exit(0)"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, str(clip.path)], **pipes) as parent:
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.stdin.close()
        parent.wait()
    gone, _, _ = select.select([worker], [], [], 60)
    os.close(worker)
    assert gone


def test_a_worker_that_is_stuck_ends_when_its_input_closes(clip: Clip) -> None:
    code = (
        "import threading; from llamavid_demo.film import decord_worker as w\n"
        "w.serve = lambda *a: (a[1].write(b'!'), threading.Event().wait())\n"
        "w.main()"
    )
    order = decord_frames.to_json(decord_frames._order(probe(clip.path), 0, 1, WHOLE))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, order], **pipes) as worker:
        assert worker.stdout.read(1) == b"!"
        worker.stdin.close()
        assert worker.wait(timeout=60) == 1


def test_the_worker_imports_no_model_and_no_page() -> None:
    code = "import sys, llamavid_demo.film.decord_worker; print({'torch', 'gradio', 'transformers'} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "set()"


def test_a_file_that_went_away_is_an_error_for_people(make_clip: MakeClip, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(make_clip("plain.mp4", *X264).path.read_bytes())
    movie = load_movie(path)
    path.unlink()
    with pytest.raises(MovieError, match=r"There is no file"):
        list(read_frames(movie, movie.sections[0], WHOLE))
