"""The whole recipe of the embedded model: its sizes, its stages in order, and every number in them."""

from dataclasses import dataclass, field

from transformers import LlamaConfig

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.config import LlamaVidConfig, TextDecoderConfig, VisionConfig
from llamavid_demo.train.questions import MAIN_FAMILIES
from llamavid_demo.train.stages import StagePlan
from llamavid_demo.train.text import FilmKind
from llamavid_demo.train.tokenizer import PROMPT
from llamavid_demo.train.vision_labels import CLASSES

# How often each family is asked. The first four are what this model is for.
FAMILIES = {
    "place": 5.0, "time": 8.0, "colour": 4.0, "existence": 4.0,
    "weather": 1.5, "count": 1.0, "order": 2.0, "outside": 0.5,
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a training."""

    config: LlamaVidConfig
    frame_format: FrameFormat
    reading: tuple[tuple[str, FilmKind, StagePlan], ...]
    seeing: StagePlan
    aligning: StagePlan
    answering: tuple[tuple[str, tuple[FilmKind, ...], StagePlan], ...]
    pool: int = 6000  # shots that are rendered
    render_workers: int = 2
    seeing_batch: int = 32
    aligning_batch: int = 96
    seed: int = 7
    families: dict[str, float] = field(default_factory=lambda: dict(FAMILIES))


def network_config(
    *, vocabulary: int, guide_vocabulary: int, width: int, layers: int, vision_depth: int
) -> LlamaVidConfig:
    """A LLaMA-VID whose LLaMA is `width` wide and `layers` deep; the vision tower is 176 wide (two heads)."""
    return LlamaVidConfig(
        vision=VisionConfig(width=176, depth=vision_depth, heads=2, patch=14, image=112, mlp=704),
        text=TextDecoderConfig(
            hidden=128, layers=2, heads=2, intermediate=384,
            vocabulary=guide_vocabulary, positions=512, queries=4,
        ),
        llama=LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            intermediate_size=width * 8 // 3,
            num_hidden_layers=layers,
            num_attention_heads=width // 32,
            num_key_value_heads=width // 32,
            max_position_embeddings=32768,
            rms_norm_eps=1e-5,
            tie_word_embeddings=False,
            bos_token_id=1,
            eos_token_id=2,
        ),
        prompt=PROMPT,
    )  # fmt: skip


def embedded(vocabulary: int, guide_vocabulary: int) -> Recipe:
    """The recipe of `assets/llama-vid-tiny`."""
    watched = MAIN_FAMILIES
    eyes = ("text_decoder", "context", "content")
    blind, gentle = dict.fromkeys(eyes, 0.0), dict.fromkeys(eyes, 0.1)  # at the full rate they forget to look
    short = FilmKind((2, 5), (1, 5), turns=5)
    usual = FilmKind((3, 6), (3, 8), (0, 2), turns=2)
    long = FilmKind((7, 24), (4, 11), (0, 2), turns=4, batch=5)
    return Recipe(
        config=network_config(
            vocabulary=vocabulary, guide_vocabulary=guide_vocabulary, width=192, layers=4, vision_depth=4
        ),
        frame_format=FrameFormat(112, 112, "stretch"),
        reading=(
            ("reading-1", FilmKind((1, 3), (1, 2), turns=5), StagePlan(2000, 3e-3, 0.8, watched)),
            ("reading-2", short, StagePlan(900, 2e-3, 0.9, watched)),
        ),
        seeing=StagePlan(4000, 4e-3, 0.985, tuple(CLASSES)),
        aligning=StagePlan(3000, 4e-3, 0.97, tuple(CLASSES)),
        answering=(
            ("answering-1", (short,), StagePlan(700, 2e-3, 0.9, watched, blind)),
            ("answering-2", (usual,), StagePlan(900, 2e-3, shares=gentle)),
            ("answering-3", (usual, long), StagePlan(500, 1e-3, shares=gentle)),
        ),
    )
