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
from pathlib import Path
from typing import Any

from llamavid_demo.errors import DemoError
from llamavid_demo.film import FrameFormat, Movie, load_movie, read_frames, to_webvtt
from llamavid_demo.ui.stills import Stills

CROPPED = FrameFormat(336, 336, "crop")  # as CLIP has them


def watch(film: str, subtitles: str | None) -> dict[str, Any]:
    """Open, read and show one film: what a person is told (`said`), and how much came out of it."""
    said: list[str] = []
    try:
        movie = load_movie(Path(film), subtitles=subtitles, language="en")
        cues = _cues(movie, said)
        return {"said": said, "cues": cues, "frames": 0 if subtitles else _pictures(movie)}
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


def _own_peak() -> int:
    """Most memory that this process has held, in KiB; `getrusage` would count what started it as well."""
    return int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0])


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        answer = watch(**json.loads(line))
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # they run one after another
        answer["peak"] = 1024 * (_own_peak() + children)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
