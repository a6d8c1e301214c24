"""From a video file to frames and cues. Knows nothing of models, conversations and pages."""

from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.film.cues import Cue, SubtitleTrack, to_webvtt
from llamavid_demo.film.frame_format import FrameFormat, resize_frame
from llamavid_demo.film.frames import FrameBatch, read_frames
from llamavid_demo.film.movie import Movie, find_movies, load_movie
from llamavid_demo.film.sections import Section

__all__ = [
    "Cue",
    "FrameBatch",
    "FrameFormat",
    "Movie",
    "Section",
    "SubtitleTrack",
    "cues_by_frame",
    "find_movies",
    "load_movie",
    "read_frames",
    "resize_frame",
    "to_webvtt",
]
