"""The recipe of the embedded LLaVA-Mini: its sizes, its stages in order, and every number in them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from transformers import LlamaConfig

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.training.conversation import Manner
from llamavid_demo.training.learning import pointing_layers
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.recipe import FAMILIES
from llamavid_demo.training.stages import StagePlan


@dataclass(frozen=True)
class MiniRecipe:
    """Everything that decides the outcome of a training."""

    config: LlavaMiniConfig
    frame_format: FrameFormat
    distilling: StagePlan
    aligning: StagePlan
    answering: tuple[tuple[str, tuple[Lesson, ...], StagePlan], ...]
    film_shots: int = 10000  # shots that films are put together of, three pictures each
    render_workers: int = 2
    distilling_batch: int = 32
    aligning_batch: int = 48
    longest_compiled: int = 448  # tokens: lengths of the shortest films, which are most of the batches
    seed: int = 7


MakeRecipe = Callable[[LlamaVidConfig, int, int], MiniRecipe]


def mini_config(
    base: LlamaVidConfig, *, vocabulary: int, end: int, prefusion_layers: int = 2, compressor_size: int = 1
) -> LlavaMiniConfig:
    """A LLaVA-Mini with the LLaMA of `base` and a tower of its tower's size, but for a last block that is not read.

    `end` is the id that ends an answer.
    """
    llama = LlamaConfig.from_dict(base.llama.to_dict())
    llama.vocab_size, llama.eos_token_id = vocabulary, end
    return LlavaMiniConfig(
        clip=replace(base.vision, depth=base.vision.depth + 1),
        llama=llama,
        compressor_size=compressor_size,
        prefusion_layers=prefusion_layers,
        projector=base.projector,
        max_tokens=base.max_tokens,
        answers="raw",
        evidence_layers=tuple(pointing_layers(llama.num_hidden_layers)),
        system="",
    )


def embedded(base: LlamaVidConfig, vocabulary: int, end: int, *, compressor_size: int = 1) -> MiniRecipe:
    """The recipe of `assets/llava-mini-tiny`.

    A variant for the comparison has `compressor_size`² tokens a frame, a shorter second stage and no last one.
    """
    # Pre-fusion reads every turn in each of several shots, which a step spends half its time on: few turns, then.
    manner = Manner(turns=8, families={**FAMILIES, "colour": 2.5, "action": 2.5})
    short = FilmKind((3, 9), (1, 2), (1, 3), (0, 2), (1, 3), cues=14, narrated=0.1)
    usual = FilmKind(shots=(1, 3), actors=(1, 3), cues=24, duration=(40, 180), narrated=0.1)
    busy = FilmKind(cues=24, duration=(60, 180), narrated=0.1)  # more scenes a minute
    many = FilmKind((15, 50), (1, 2), (1, 3), (0, 2), (1, 3), cues=60)
    long = FilmKind(cues=70, duration=(300, 600), narrated=0.1, sparing=0.5)
    longest = FilmKind(actors=(1, 3), cues=200, duration=(900, 1800), narrated=0.1, sparing=0.7)
    story = FilmKind((1, 8), (1, 8), (6, 15), (1, 3), (1, 3), changing=0.3, narrated=0.15)
    gentle = {"compressor": 0.5, "projector": 0.5}
    few, several, crowded = Lesson(short, manner, 20), Lesson(usual, manner, 8), Lesson(many, manner, 4)
    told, full = Lesson(story, manner, 6), Lesson(busy, manner, 8)
    tuning = 380 if compressor_size == 1 else 130
    stages = (
        ("answering-1", (few,), StagePlan(150, 1e-3, decay=0.1, shares=gentle)),
        ("answering-2", (few, several, crowded, told), StagePlan(tuning, 1e-3, decay=0.8, shares=gentle)),
        (
            "answering-3",
            (few, several, full, full, crowded, told, Lesson(long, manner, 4), Lesson(longest, manner, 1)),
            StagePlan(320, 1e-3, decay=0.8, shares=gentle),
        ),
    )
    return MiniRecipe(
        config=mini_config(base, vocabulary=vocabulary, end=end, compressor_size=compressor_size),
        frame_format=FrameFormat(112, 112, "stretch"),
        distilling=StagePlan(1000, 2e-3, decay=0.7),
        aligning=StagePlan(450, 2e-3, decay=0.5),
        answering=stages if compressor_size == 1 else stages[:2],
    )
