"""The frames of a drawn film, one a second, and what is said at each, as when its file is read."""

import math

from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.film.cues import Cue
from llamavid_demo.storybook.world import Script


def frame_times(script: Script) -> list[float]:
    """The whole seconds of a film: its frames at 1 fps."""
    return [float(t) for t in range(math.ceil(script.duration))]


def cue_texts(script: Script, *, subtitles: bool = True) -> list[str]:
    """What is said at each frame of a film, "" where nothing is, or everywhere without subtitles."""
    cues = [Cue(*cue) for cue in script.cues()] if subtitles else []
    return [" ".join(cue.text for cue in frame) for frame in cues_by_frame(cues, frame_times(script))]
