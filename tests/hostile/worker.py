"""Gives the product one hostile file after another, as the page does, and says how each ended.

A line of JSON in, `{"film": …, "subtitles": … or null}`, a line of JSON out.
"""

import json
import math
import re
import resource
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from llamavid_demo.errors import DemoError
from llamavid_demo.film import FrameFormat, Movie, load_movie, read_frames, to_webvtt
from llamavid_demo.film.pictures import read_picture
from llamavid_demo.film.poster import make_poster
from llamavid_demo.ui.contact_sheet import make_sheet
from llamavid_demo.ui.player import make_playable, playable_file, subtitle_file
from llamavid_demo.ui.stills import Stills

CROPPED = FrameFormat(336, 336, "crop")  # as CLIP has them


def watch(film: str, subtitles: str | None) -> dict[str, Any]:
    """Open, read and show one film: what a person is told (`said`), and how much came out of it."""
    said: list[str] = []
    try:
        movie = load_movie(Path(film), subtitles=subtitles, language="en")
        cues = _cues(movie, said)
        frames = 0
        if not subtitles:
            frames = _pictures(movie)
            _shown(movie, said)
        return {"said": said, "cues": cues, "frames": frames}
    except DemoError as error:
        return {"said": [*said, str(error)], "refused": True}
    except Exception:
        return {"said": said, "crash": traceback.format_exc()}


def _cues(movie: Movie, said: list[str]) -> int:
    """Read every track that could be chosen; warnings are shown, too."""
    tracks = [movie.subtitles] if movie.subtitles else []
    for choice in movie.tracks:
        try:
            tracks.append(choice.read())
        except DemoError as error:
            said.append(str(error))
    for track in tracks:
        said += track.warnings
        with tempfile.NamedTemporaryFile() as file:
            to_webvtt(track.cues, Path(file.name))
        times = [time for cue in track.cues for time in (cue.start, cue.end)]
        if not all(map(math.isfinite, times)) or min(times, default=0) < 0:
            raise ValueError("a cue has no sensible time")
    return sum(len(track.cues) for track in tracks)


def _pictures(movie: Movie) -> int:
    section = movie.sections[0]
    frames = sum(len(batch.times) for batch in read_frames(movie, section, CROPPED))
    if frames != len(section.seconds):
        raise ValueError(f"{frames} pictures of a section of {len(section.seconds)} seconds")
    Stills().at(movie, [movie.duration // 10])
    return frames


def _shown(movie: Movie, said: list[str]) -> None:
    """Make what the page shows of it: a file that browsers play, its cues, a poster, the stills of its timeline."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        try:
            for _ in make_playable(movie, folder):
                pass
            if not playable_file(movie, folder):
                raise ValueError("there is no file that browsers play")
        except DemoError as error:
            said.append(str(error))
        subtitle_file(movie, folder)
        make_poster(movie.path, folder / "poster.jpg")
        make_sheet(movie, folder)
        if left := [path.name for path in folder.iterdir() if path.suffix == ".part"]:
            raise ValueError(f"half a copy stayed: {left}")


def as_a_picture(film: str) -> list[str]:
    """Take it for a picture, as whoever gives one in place of a film: what they are told."""
    try:
        read_picture(Path(film))
    except DemoError as error:
        return [str(error)]
    return []


def _own_peak() -> int:
    """Most memory that this process has held, in KiB; `getrusage` would count what started it as well."""
    return int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0])


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        said = [] if order["subtitles"] else as_a_picture(order["film"])
        alone = _own_peak()
        with suppress(OSError):  # a child's peak begins with that of what started it
            Path("/proc/self/clear_refs").write_text("5")
        answer = watch(**order)
        answer["said"] += said
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # they run one after another
        answer["peak"] = 1024 * max(alone, _own_peak() + children)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
