"""The whole recipe of the embedded model: its sizes, its stages in order, and every number in them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from transformers import LlamaConfig

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.config import VisionConfig
from llamavid_demo.model.llama_vid.config import LlamaVidConfig, TextDecoderConfig
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.training.conversation import Manner
from llamavid_demo.training.learning import pointing_layers
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.stages import StagePlan
from llamavid_demo.training.tokenizer import PROMPT

# How often each family is asked: what is hard to learn comes more often.
FAMILIES = {
    "place": 2.0, "time": 2.0, "weather": 2.0, "colour": 1.0, "existence": 1.5, "where": 2.0, "action": 1.0,
    "contents": 4.0, "after": 3.0, "count": 2.0, "summary": 1.0, "about": 2.0, "says": 6.0, "speaks_first": 1.0,
    "who": 2.0, "said": 2.0, "absent": 3.0, "outside": 0.5,
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a training."""

    config: LlamaVidConfig
    frame_format: FrameFormat
    reading: tuple[tuple[str, tuple[Lesson, ...], StagePlan], ...]
    seeing: StagePlan
    aligning: StagePlan
    answering: tuple[tuple[str, tuple[Lesson, ...], StagePlan], ...]
    looking: tuple[tuple[str, tuple[Lesson, ...], StagePlan], ...] = ()
    pool: int = 60000  # shots that the vision tower learns from, two pictures each: rather more shots than pictures
    film_shots: int = 10000  # others, that films are put together of, three pictures each
    render_workers: int = 2
    seeing_batch: int = 32
    aligning_batch: int = 96
    seed: int = 7


MakeRecipe = Callable[[int, int], Recipe]  # from the sizes of both vocabularies


def network_config(
    *, vocabulary: int, guide_vocabulary: int, width: int, layers: int, vision_depth: int
) -> LlamaVidConfig:
    """A LLaMA-VID whose LLaMA is `width` wide, in heads of 64, and `layers` deep; the vision tower is 192 wide.

    RoPE turns slowly, so that words match over thousands of tokens.
    """
    return LlamaVidConfig(
        vision=VisionConfig(width=192, depth=vision_depth, heads=4, patch=14, image=112, mlp=768),
        text=TextDecoderConfig(
            hidden=128, layers=2, heads=2, intermediate=384,
            vocabulary=guide_vocabulary, positions=512, queries=4,
        ),
        llama=LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            intermediate_size=width * 11 // 4,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            num_key_value_heads=width // 64,
            max_position_embeddings=32768,
            rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "default", "rope_theta": 1e6},
            tie_word_embeddings=False,
            bos_token_id=1,
            eos_token_id=2,
        ),
        guide="ahead",
        evidence_layers=tuple(pointing_layers(layers)),  # no other choice was better (bench/evidence.py)
        prompt=PROMPT,
    )  # fmt: skip


def embedded(vocabulary: int, guide_vocabulary: int) -> Recipe:
    """The recipe of `assets/llama-vid-tiny`."""
    manner = Manner(turns=12, families=FAMILIES)
    brief = FilmKind((1, 4), (1, 2), (1, 2), (0, 2), (1, 3))
    # Narrators' lines teach to pass over words that it doesn't know; it took those for signs of a new scene.
    short = FilmKind((3, 9), (1, 2), (1, 3), (0, 2), (1, 3), cues=14, narrated=0.1)
    usual = FilmKind(shots=(1, 3), actors=(1, 3), cues=24, duration=(40, 180), narrated=0.1)
    busy = FilmKind(cues=24, duration=(60, 180), narrated=0.1)  # more scenes a minute
    many = FilmKind((15, 50), (1, 2), (1, 3), (0, 2), (1, 3), cues=60)
    # In long films by chance everybody speaks of everything, again and again: nothing to ask about who says what. Where
    # people are sparing, it learns to find one line among thousands of words.
    long = FilmKind(cues=70, duration=(300, 600), narrated=0.1, sparing=0.5)
    longest = FilmKind(actors=(1, 3), cues=200, duration=(900, 1800), narrated=0.1, sparing=0.7)
    # As people tell: fuller scenes of up to two minutes, whose sky changes. Of shorter scenes alone it counts by their
    # length: after half a minute in one place it takes it for a further scene.
    story = FilmKind((1, 8), (1, 8), (6, 15), (1, 3), (1, 3), changing=0.3, narrated=0.15)
    novel = replace(story, scenes=(4, 12), shots=(2, 8), seconds=(8, 15), duration=(600, 1800), sparing=0.7)
    talkative = replace(manner, turns=20)
    far = replace(manner, turns=30, families={**FAMILIES, "says": 16.0, "about": 10.0, "absent": 6.0})
    told = replace(manner, families={**FAMILIES, "place": 4.0, "who": 4.0})  # of stories the hardest to learn
    blind = {"text_decoder": 0.0, "context": 0.0, "content": 0.0}
    gentle = {"text_decoder": 0.1, "context": 0.1, "content": 0.5}  # at the full rate they forget to look
    # Second looks make sequences longer: fewer films and turns a batch.
    looked, looked_long = replace(manner, turns=6, follow_ups=0.3), replace(manner, turns=8)
    watching = (
        Lesson(short, looked, 12), *[Lesson(usual, looked, 8)] * 2, *[Lesson(busy, looked, 8)] * 2,
        Lesson(story, replace(told, turns=6), 6), Lesson(long, looked_long, 2),
    )  # fmt: skip
    few, several, crowded = Lesson(short, manner, 24), Lesson(usual, manner, 14), Lesson(many, manner, 10)
    return Recipe(
        config=network_config(
            vocabulary=vocabulary, guide_vocabulary=guide_vocabulary, width=256, layers=7, vision_depth=5
        ),
        frame_format=FrameFormat(112, 112, "stretch"),
        reading=(
            ("reading-1", (Lesson(brief, replace(manner, turns=8)),), StagePlan(800, 3e-3, decay=0.1)),
            ("reading-2", (few,), StagePlan(1000, 2e-3, decay=0.2)),
        ),
        seeing=StagePlan(15000, 4e-3),
        aligning=StagePlan(3000, 1e-3),
        answering=(
            ("answering-1", (few,), StagePlan(300, 1.5e-3, decay=0.1, shares=blind)),
            ("answering-2", (few, several, crowded), StagePlan(1500, 1e-3, decay=0.1, shares=gentle)),
            (
                "answering-3",
                (
                    few,
                    several,
                    crowded,
                    *[Lesson(busy, manner, 14)] * 2,
                    *[Lesson(story, told, 8)] * 6,
                    *[Lesson(long, talkative, 4)] * 3,
                    *[Lesson(longest, far, 1)] * 3,
                    *[Lesson(novel, far, 1)] * 4,
                ),
                StagePlan(1200, 1e-3, decay=0.8, shares=gentle),
            ),
        ),
        looking=(("looking", watching, StagePlan(90, 3e-4, decay=0.8, shares=blind)),),
    )
