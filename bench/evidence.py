"""Which layers' attention says best what an answer leaned on: the figure that `eval` prints, by choice of layers."""

from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table

from llamavid_demo.evaluation.evaluate import SHORT_FILMS, evaluation_film, wilson
from llamavid_demo.evaluation.greedy import Writing, begin, finish, read_section
from llamavid_demo.evaluation.grounding import grounded, shots_asked
from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.moments import frame_mass
from llamavid_demo.questions import Question
from llamavid_demo.settings import Settings
from llamavid_demo.storybook.frame_cues import cue_texts
from llamavid_demo.storybook.shots import film_frames
from llamavid_demo.storybook.world import Script


class LayerWatch(AttentionWatch):
    """Keeps each layer's attention apart: `by_layer` (layers, positions)."""

    def __init__(self, positions: int, layers: int) -> None:
        super().__init__(positions, frozenset(range(layers)))
        self.by_layer = torch.zeros(layers, positions)

    def add(self, layer: int, film: torch.Tensor, own: torch.Tensor) -> None:
        """Count the attention (rows, positions) of one written token on the section; a row is a head."""
        del own
        self.by_layer[layer] += film.float().mean(dim=0).cpu()


def masses(model: LoadedModel, script: Script, asked: list[Question]) -> list[torch.Tensor]:
    """Attention (layers, T, 2) of the answer to each question on the frames."""
    patches = model.patches(film_frames(script, model.frame_format))
    prompt = model.section_prompt(cue_texts(script))
    writing: list[Writing] = []
    watches: list[LayerWatch] = []
    for question in asked:
        earlier = [(question.earlier.text, question.earlier.answer)] if question.earlier else []
        words = model.words(prompt.last_cues, [*earlier, (question.text, None)], answers=model.config.answers)
        begun = begin(model, read_section(model, prompt, question.guide, patches), words)
        watches.append(watch := LayerWatch(len(prompt.ids), model.config.llama.num_hidden_layers))
        begun.reading.watch = watch
        writing.append(begun)
    finish(model, writing)
    return [
        torch.stack([frame_mass(layer, answer.section.ids, 2) for layer in watch.by_layer])
        for answer, watch in zip(writing, watches, strict=True)
    ]


def evidence(
    films: Annotated[int, typer.Argument(help="Films to render.")] = 20,
    seed: Annotated[int, typer.Argument(help="Of the first film; one that evaluations do not use.")] = 40,
) -> None:
    """How often the top moment lies in the shot asked about, by choice of layers."""
    model = load_model(Settings().model)
    found: list[tuple[Question, Script, torch.Tensor]] = []
    for number in range(films):
        script, asked = evaluation_film(seed, number, SHORT_FILMS)
        asked = [question for question in asked if shots_asked(question)]
        found += [(question, script, mass) for question, mass in zip(asked, masses(model, script, asked), strict=True)]
    layers = range(model.config.llama.num_hidden_layers)
    choices = [(i, j) for i in layers for j in layers if i <= j]
    table = Table("layers", "both tokens", "context token", "content token", title=f"{len(found)} answers, seed {seed}")
    for first, last in choices:
        cells = []
        for kinds in ([0, 1], [0], [1]):
            hits = [grounded(q, script, mass[first : last + 1].sum(dim=0)[:, kinds]) for q, script, mass in found]
            low, high = wilson(sum(map(bool, hits)), len(hits))
            cells.append(f"{sum(map(bool, hits)) / len(hits):.1%} ({low:.0%} to {high:.0%})")
        table.add_row(f"{first} to {last}", *cells)
    Console().print(table)
