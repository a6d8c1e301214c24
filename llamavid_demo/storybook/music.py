"""A quiet music box for a film, composed from its script: the time of day chooses the chords.

One motif comes back through the whole film, so it sounds like one piece; its seed is the title.
"""

import wave
import zlib
from pathlib import Path

import numpy as np

from llamavid_demo.storybook.world import Script

SAMPLES = 24_000  # a second
BEAT = 0.4  # seconds
BAR = 8  # beats

# four chords a time of day, as semitones over middle C: bright in the morning, minor towards the night
CHORDS = {
    "morning": ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)),
    "noon": ((7, 11, 14), (0, 4, 7), (4, 7, 11), (2, 5, 9)),
    "evening": ((9, 12, 16), (5, 9, 12), (0, 4, 7), (4, 7, 11)),
    "night": ((2, 5, 9), (9, 12, 16), (5, 9, 12), (9, 12, 16)),
}


def compose(script: Script) -> np.ndarray:
    """The film's music: (n,) float32 in -1..1 at `SAMPLES` a second, as long as the film."""
    rng = np.random.default_rng(zlib.crc32(script.title.encode()))
    length = round(script.duration * SAMPLES)
    sound = np.zeros(length + 6 * SAMPLES, dtype=np.float32)
    motif = _motif(rng)
    bars = int(script.duration / (BEAT * BAR))
    for bar in range(bars):
        start = bar * BEAT * BAR
        time = script.shots[script.index_at(start)].time
        chord = CHORDS[time][bar % 4]
        for k, beat in enumerate((0, 2, 4, 6)):
            _strike(sound, start + beat * BEAT, chord[(0, 1, 2, 1)[k]] - 12, 0.2, 1.6)
        _breathe(sound, start, BEAT * BAR, chord)
        for beat, step in motif[bar % 2]:
            if rng.random() < 0.88:
                note = (*chord, chord[0] + 12)[step % 4] + (12 if step > 3 else 0)
                _strike(sound, start + (beat + rng.normal(0, 0.015)) * BEAT, note + 12, 0.3, 1.1)
    sound = _room(sound)[:length]
    fade = np.clip(np.minimum(np.arange(length), length - np.arange(length)) / (1.5 * SAMPLES), 0, 1)
    return (sound / max(1e-6, float(np.abs(sound).max())) * 0.32 * fade).astype(np.float32)


def write_music(script: Script, path: Path) -> None:
    """Writes the film's music as a mono WAV file."""
    samples = (compose(script) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLES)
        file.writeframes(samples.tobytes())


def _motif(rng: np.random.Generator) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Two answering bars of (beat, step on the chord)."""
    rhythm = [beat for beat in range(BAR) if beat in (0, 3) or rng.random() < 0.55]
    walk = np.abs(np.cumsum(rng.integers(-2, 3, size=2 * len(rhythm)))) % 6
    call = [(beat, int(step)) for beat, step in zip(rhythm, walk, strict=False)]
    answer = [(beat, int(step)) for beat, step in zip(rhythm, walk[len(rhythm) :], strict=False)]
    return call, answer[:-1]


def _strike(sound: np.ndarray, at: float, semitone: int, loud: float, seconds: float) -> None:
    """One tine of the music box: a sine with two quick overtones."""
    hertz = 261.63 * 2 ** (semitone / 12)
    t = np.arange(round(2.2 * seconds * SAMPLES), dtype=np.float32) / SAMPLES
    tone = np.sin(2 * np.pi * hertz * t) * np.exp(-t / (0.5 * seconds))
    tone += 0.22 * np.sin(2 * np.pi * 2 * hertz * t) * np.exp(-t / (0.25 * seconds))
    tone += 0.1 * np.sin(2 * np.pi * 4.1 * hertz * t) * np.exp(-t / (0.06 * seconds))
    _add(sound, at, tone * loud * (1 - np.exp(-t * 400)))


def _breathe(sound: np.ndarray, at: float, seconds: float, chord: tuple[int, ...]) -> None:
    """A soft chord under the bar, swelling and fading."""
    t = np.arange(round(seconds * 1.3 * SAMPLES), dtype=np.float32) / SAMPLES
    swell = np.sin(np.pi * t / t[-1]).clip(0) ** 1.5
    tone = sum(np.sin(2 * np.pi * 130.81 * 2 ** (note / 12) * t) for note in chord)
    _add(sound, at, 0.045 * swell * tone)


def _add(sound: np.ndarray, at: float, tone: np.ndarray) -> None:
    start = max(0, round(at * SAMPLES))
    room = max(0, min(len(tone), len(sound) - start))
    sound[start : start + room] += tone[:room]


def _room(sound: np.ndarray) -> np.ndarray:
    """A few echoes, so that it sounds like a room and not like a wire."""
    wet = sound.copy()
    for delay, share in ((0.043, 0.25), (0.097, 0.2), (0.173, 0.15), (0.291, 0.1)):
        n = round(delay * SAMPLES)
        wet[n:] += share * sound[:-n]
    return wet
