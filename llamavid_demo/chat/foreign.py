"""Subtitles in a language that a model does not speak: it is not shown them, and says so."""

from llamavid_demo.film import Movie
from llamavid_demo.film.spoken_language import language_name, spoken_language
from llamavid_demo.model.loaded import LoadedModel


def foreign_language(model: LoadedModel, movie: Movie) -> str:
    """A sentence on a film's subtitles that the model cannot read; "" where it can."""
    known = model.config.languages
    spoken = spoken_language(movie.subtitles) if known else None
    if spoken is None or spoken in known:
        return ""
    names = " and ".join(map(language_name, known))
    return f"The subtitles are {language_name(spoken)}; this model reads {names} only, and answers about the pictures."
