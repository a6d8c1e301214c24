"""What reading a section takes, asked of each model's own plan; nothing is computed here."""

from pathlib import Path

from llamavid_demo.film import Movie
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.sections import section_cost


class Costs:
    """Lines of HTML, each planned once: a plan builds the model's shapes, which takes a moment for a large one."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._planned: dict[tuple[str, Path, int], str] = {}

    def known(self, model: str, movie: Movie, index: int) -> str:
        """The cost of a section as far as it is known at once: the number of frames at least."""
        waiting = "tokens and memory follow when the model is loaded" if self._models[model].loading else ""
        return self._planned.get((model, movie.path, index)) or section_cost(movie.sections[index], waiting)

    def planned(self, model: str, movie: Movie, index: int) -> str:
        """The whole cost of a section; as `known` while the model is not there."""
        loaded = self._models[model].ready
        if loaded is None:
            return self.known(model, movie, index)
        from llamavid_demo.chat import section_plan  # imported here: torch is there by now, the page is without it

        section = movie.sections[index]
        plan = section_plan(
            loaded.config, loaded.tokenizer, movie, section, quantization=loaded.quantization, dtype=loaded.dtype,
            room=self._models.settings.frames_room,
        )  # fmt: skip
        line = section_cost(section, tokens=plan.tokens, memory=plan.total_bytes, most_tokens=plan.max_tokens)
        self._planned[(model, movie.path, index)] = line
        return line
