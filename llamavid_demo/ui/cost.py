"""What reading a section takes, asked of each model; nothing is computed here."""

from pathlib import Path
from typing import TYPE_CHECKING

from llamavid_demo.film import Movie, SubtitleTrack
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.sections import section_cost

if TYPE_CHECKING:
    from llamavid_demo.chat import SectionCost
    from llamavid_demo.model.loaded import LoadedModel


class Costs:
    """Lines of HTML. Each section is planned once: that takes a moment, for all its subtitles become tokens."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._planned: dict[tuple[str, Path, SubtitleTrack | None, int], SectionCost] = {}

    def known(self, model: str, movie: Movie, index: int) -> str:
        """The cost of a section as far as it is known at once: the number of frames at least."""
        loaded, planned = self._models[model].ready, self._planned.get((model, movie.path, movie.subtitles, index))
        if loaded and planned:
            return self._line(loaded, movie, index, planned)
        waiting = "tokens and memory follow when the model is loaded" if self._models[model].loading else ""
        return section_cost(movie.sections[index], waiting)

    def planned(self, model: str, movie: Movie, index: int) -> str:
        """The whole cost of a section; as `known` while the model is not there."""
        loaded = self._models[model].ready
        if loaded is None:
            return self.known(model, movie, index)
        from llamavid_demo import chat  # imported here: torch is there by now, the page is without it

        cost = chat.section_cost(loaded, movie, movie.sections[index], self._models.settings)
        self._planned[(model, movie.path, movie.subtitles, index)] = cost
        return self._line(loaded, movie, index, cost)

    def _line(self, loaded: "LoadedModel", movie: Movie, index: int, cost: "SectionCost") -> str:
        from llamavid_demo import chat

        seconds = chat.expected_seconds(loaded, cost, self._models.settings)
        return section_cost(
            movie.sections[index], tokens=cost.tokens, memory=cost.nbytes, seconds=seconds, most_tokens=cost.max_tokens,
            foreign=chat.foreign_language(loaded, movie),
        )  # fmt: skip
