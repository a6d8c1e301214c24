"""Renders the bundled films from their scripts: `python -m llamavid_demo.storybook.films movies/`.

A folder with `script.json` and `movie.toml` gets `movie.mp4`, subtitles and a poster. What is there already stays,
so a run that was stopped goes on with the films that are missing. Needs the ffmpeg program.
"""

import argparse
import subprocess
import tomllib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import Progress

from llamavid_demo.errors import MovieError
from llamavid_demo.storybook.drawing.lettering import Figure, poster, title_over
from llamavid_demo.storybook.music import write_music
from llamavid_demo.storybook.render import draw
from llamavid_demo.storybook.world import Script, Shot

RATE = 12  # frames a second
TITLE_SECONDS = 3.0  # how long the title lies over the first scene, and "The End" over the last
POSTER = 240, 360  # the page shows it at a sixth of that


@dataclass(frozen=True)
class Encoding:
    """Size and compression of a film.

    `crf`: lower is better and larger; `keyframe`: seconds between seek points; `music`: kbit/s, 0 for a silent film.
    """

    width: int
    height: int
    crf: int
    keyframe: int
    music: int = 0


SHORT = Encoding(854, 480, 37, 2, music=24)
LONG = Encoding(640, 360, 39, 10)  # a film of more than half an hour has to fit beside the others, so it is silent


def main(arguments: list[str] | None = None) -> None:
    """Entry of the command line; raises SystemExit with a message for a person."""
    parser = argparse.ArgumentParser(prog="python -m llamavid_demo.storybook.films", description=__doc__)
    parser.add_argument("movies", type=Path, help="folder with one folder a film")
    parser.add_argument("--only", metavar="NAME", help="render this film only")
    parser.add_argument("--force", action="store_true", help="render again what is there already")
    parser.add_argument("--jobs", type=int, default=1, help="processes that draw (default 1)")
    chosen = parser.parse_args(arguments)
    folders = [path.parent for path in sorted(chosen.movies.glob("*/script.json"))]
    folders = [folder for folder in folders if chosen.only in (None, folder.name)]
    try:
        if not folders:
            raise MovieError(f"No film to render in {chosen.movies}: it needs NAME/script.json and NAME/movie.toml.")
        for folder in folders:
            render_film(folder, force=chosen.force, jobs=chosen.jobs)
    except MovieError as error:
        raise SystemExit(f"{error}") from None


def render_film(folder: Path, *, force: bool = False, jobs: int = 1) -> None:
    """Makes poster, subtitles and `movie.mp4` of one folder. Raises MovieError if ffmpeg fails."""
    script = Script.from_json((folder / "script.json").read_text(encoding="utf-8"))
    (folder / "movie.en.srt").write_text(subtitles(script), encoding="utf-8")
    if force or not (folder / "poster.jpg").exists():
        _poster(folder, script.title)
    if force or not (folder / "movie.mp4").exists():
        encode(script, folder / "movie.mp4", SHORT if script.duration < 1800 else LONG, jobs=jobs)


def subtitles(script: Script) -> str:
    """The script's lines as SubRip text."""
    cues = enumerate(script.cues(), 1)
    return "\n".join(f"{i}\n{_clock(start)} --> {_clock(end)}\n{text}\n" for i, (start, end, text) in cues)


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{thousandths // 1000:02},{thousandths % 1000:03}"


def _poster(folder: Path, title: str) -> None:
    """Draws the poster that `[poster]` in `movie.toml` describes."""
    notes = tomllib.loads((folder / "movie.toml").read_text(encoding="utf-8"))["poster"]
    place, time, weather = notes["scene"].split()
    figures = []
    for look, x, y, size, turn in notes["figures"]:
        colour, thing = look.split()
        figures.append(Figure(thing, colour, x, y, size, turn))
    picture = poster(title, Shot(place, time, weather, (), 1.0, seed=notes["seed"]), tuple(figures))
    picture.resize(POSTER, Image.Resampling.LANCZOS).save(folder / "poster.jpg", quality=88, optimize=True)


def encode(script: Script, path: Path, encoding: Encoding, *, jobs: int = 1) -> None:
    """Draws a script and writes it as h264 with its music; nothing half-written is ever called `path`."""
    picture, whole, music = (path.with_name(f".{path.stem}.{name}") for name in ("picture.mp4", "whole.mp4", "wav"))
    try:
        _write_picture(script, picture, encoding, jobs=jobs)
        if encoding.music:
            write_music(script, music)
            add_music(picture, music, whole, encoding.music)
            whole.replace(path)
        else:
            picture.replace(path)
    except FileNotFoundError as error:
        if error.filename != "ffmpeg":
            raise
        raise MovieError("ffmpeg was not found. Install it, for instance with: apt install ffmpeg") from None
    finally:
        for part in (picture, whole, music):
            part.unlink(missing_ok=True)


def _write_picture(script: Script, path: Path, encoding: Encoding, *, jobs: int) -> None:
    """Draws every frame into ffmpeg's h264 encoder, with a progress bar. Raises MovieError if ffmpeg fails."""
    command = [
        "ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{encoding.width}x{encoding.height}", "-r", str(RATE), "-i", "pipe:0",
        "-c:v", "libx264", "-preset", "slow", "-tune", "animation", "-crf", str(encoding.crf),
        "-g", str(encoding.keyframe * RATE), "-bf", "8", "-threads", str(max(1, jobs)),
        "-x264-params", "psy=0:aq-mode=1:aq-strength=0.8:rc-lookahead=100:qcomp=0.65",
        "-pix_fmt", "yuv420p", "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m",
        "-movflags", "+faststart", "-metadata", f"title={script.title}", str(path),
    ]  # fmt: skip
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg, Progress() as progress:  # noqa: S603 -- our own arguments
            assert ffmpeg.stdin  # noqa: S101 -- it is a pipe
            task = progress.add_task(script.title, total=round(script.duration))
            for second in _seconds(script, encoding, jobs):
                ffmpeg.stdin.write(second.tobytes())
                progress.advance(task)
    except BrokenPipeError:
        raise MovieError(f"ffmpeg stopped while writing {path}; see its message above.") from None
    if ffmpeg.returncode:
        raise MovieError(f"ffmpeg could not write {path} (exit code {ffmpeg.returncode}); see its message above.")


def add_music(picture: Path, music: Path, path: Path, kilobits: int) -> None:
    """Joins a film without sound and a WAV file into `path`; the picture is copied as it is."""
    command = [
        "ffmpeg", "-y", "-nostdin", "-loglevel", "error", "-i", str(picture), "-i", str(music),
        "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-b:a", f"{kilobits}k",
        "-map_metadata", "0", "-movflags", "+faststart", str(path),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 -- our own arguments
    if done.returncode:
        raise MovieError(f"ffmpeg could not add music to {path}: {done.stderr.strip()}")


def _seconds(script: Script, encoding: Encoding, jobs: int) -> Iterator[np.ndarray]:
    """Every second of the film in order, (RATE, h, w, 3) each, drawn by `jobs` processes."""
    count = round(script.duration)
    if jobs < 2:
        for second in range(count):
            yield film_second(script, second, encoding)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting: deque[Future[np.ndarray]] = deque()
        for second in range(count):
            waiting.append(pool.submit(film_second, script, second, encoding))
            if len(waiting) > 4 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def film_second(script: Script, second: int, encoding: Encoding) -> np.ndarray:
    """The frames (RATE, h, w, 3) of one second, with the title or "The End" where they belong."""
    frames = []
    for k in range(RATE):
        t = second + k / RATE
        frame = draw(script, t, encoding.width, encoding.height)
        left = script.duration - t
        if t < TITLE_SECONDS:
            frame = title_over(frame, script.title, min(1.0, 2 * t + 0.5, 2 * (TITLE_SECONDS - t)))
        elif left < TITLE_SECONDS:
            frame = title_over(frame, "The End", min(1.0, 2 * (TITLE_SECONDS - left)))
        frames.append(frame)
    return np.stack(frames)


if __name__ == "__main__":
    main()
