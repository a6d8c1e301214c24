"""The command that writes down what is said in a film."""

from pathlib import Path
from typing import Annotated

import typer

from llamavid_demo.cli.common import chosen_movie, chosen_settings, messages
from llamavid_demo.cli.progress_bars import progress_bars
from llamavid_demo.errors import SpeechError

Speech = Annotated[str | None, typer.Option(help="Whisper to hear with: a CTranslate2 folder, or a size as small.")]


def subtitles(
    movie: Annotated[Path, typer.Argument(help="A folder of movies/, its name, or a video file.")],
    out: Annotated[Path | None, typer.Option(help="SRT file to write; printed when unset.")] = None,
    speech_model: Speech = None,
) -> None:
    """Write down what is said in a film, as SRT subtitles (needs requirements-speech.txt)."""
    from llamavid_demo.film.probe import probe
    from llamavid_demo.film.speech import LACKING, transcribe
    from llamavid_demo.film.speech import speech_model as chosen_model
    from llamavid_demo.film.srt import to_srt

    settings = chosen_settings(speech_model=speech_model)
    film, model = chosen_movie(movie, settings), chosen_model(settings.speech_model)
    if model is None:
        raise SpeechError(LACKING)
    with progress_bars(messages) as progress:
        hearing = transcribe(probe(film.path), model)
        while True:
            try:
                progress(next(hearing))
            except StopIteration as heard:
                track = heard.value
                break
    if not track.cues:
        raise SpeechError(f"Nobody was heard to speak in {film.path.name}. Try a larger LLAMAVID_SPEECH_MODEL.")
    if out is None:
        print(to_srt(track.cues))
    else:
        out.write_text(to_srt(track.cues), encoding="utf-8")
        messages.print(f"{out}: cues {len(track.cues)}, language {track.language}")
