"""Text tracks inside a video, extracted by ffmpeg into memory."""

from functools import lru_cache

import ffmpeg

from llamavid_demo.errors import MovieError, SubtitleError
from llamavid_demo.film.cues import Cue, SubtitleTrack
from llamavid_demo.film.ffmpeg_commands import SAFE_INPUT, address, first_line, run_ffmpeg
from llamavid_demo.film.languages import language_code
from llamavid_demo.film.probe import TextTrack, VideoInfo
from llamavid_demo.film.subtitles import read_bytes

TEXT_CODECS = frozenset(("subrip", "srt", "text", "mov_text", "webvtt", "ass", "ssa"))


def is_text(track: TextTrack) -> bool:
    """Whether a track holds text; others hold pictures of text (DVD, Blu-ray, broadcast)."""
    return track.codec in TEXT_CODECS


def describe(track: TextTrack) -> str:
    """A track for people: `track 2 (subrip, eng)`."""
    return f"track {track.index} ({', '.join(filter(None, (track.codec, track.language)))})"


def named(info: VideoInfo, track: TextTrack) -> str:
    """A track with its file's name: what its cues call their source."""
    return f"{info.path.name}, {describe(track)}"


@lru_cache(maxsize=16)
def read_embedded(info: VideoInfo, track: TextTrack) -> SubtitleTrack:
    """Extract one text track; its times are put on the movie's clock.

    Raises SubtitleError when ffmpeg cannot extract it, or not in time.
    """
    name = named(info, track)
    styled = track.codec in ("ass", "ssa")  # SubStation keeps comments and drawings apart, but only hundredths
    as_it_is = styled or track.codec in ("subrip", "srt")  # ffmpeg drops what is not UTF-8
    source = ffmpeg.input(address(info.path), copyts=None, **SAFE_INPUT)[str(track.index)]
    codec, muxer = "copy" if as_it_is else "srt", "ass" if styled else "srt"
    try:
        code, output, errors = run_ffmpeg(source.output("pipe:", format=muxer, **{"c:s": codec}), info.path)
    except MovieError as error:
        raise SubtitleError(str(error)) from None
    if code:
        raise SubtitleError(f"{name} cannot be extracted: {first_line(errors, info.path)}. Give a subtitle file.")
    track_cues, warnings, _ = read_bytes(output, name=name) if output.strip() else ((), (), "")
    shifted = tuple(
        Cue(max(0.0, cue.start - info.origin), cue.end - info.origin, cue.text)
        for cue in track_cues
        if cue.end > info.origin
    )
    return SubtitleTrack(
        cues=shifted,
        source=name,
        encoding=None,
        language=language_code(track.language) or track.language,
        warnings=warnings,
    )
