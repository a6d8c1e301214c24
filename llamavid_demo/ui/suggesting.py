"""Which questions the page suggests: those of the open section, the film's own, or some that fit any film."""

from llamavid_demo.film import Movie, Section
from llamavid_demo.ui.words import clock


def suggested(movie: Movie, index: int) -> tuple[str, ...]:
    """Questions about section number `index`. The film's own are about how it begins."""
    section = movie.sections[index]
    own = movie.questions if index == 0 else ()
    return own or section.questions or general(movie, section)


def general(movie: Movie, section: Section) -> tuple[str, ...]:
    """Suggestions that fit any film; who speaks can be told where there are subtitles only."""
    part = "this part" if len(movie.sections) > 1 else "this"
    spoken = ("Who speaks first?",) if movie.cues(section) else ()
    at = section.start + min(5, (section.end - section.start) / 2)
    return (f"What is {part} about?", *spoken, f"What can be seen at {clock(at)}?")
