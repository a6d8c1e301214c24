"""A LLaVA-Mini too small to learn, and the LLaMA-VID that it begins with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.training.conversation import Manner
from llamavid_demo.training.initialise import initialise
from llamavid_demo.training.llava_mini.recipe import MiniRecipe, mini_config
from llamavid_demo.training.llava_mini.run import MiniTraining
from llamavid_demo.training.llava_mini.sequences import ChatForm
from llamavid_demo.training.llava_mini.tokenizer import write_chat_tokenizer
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.recipe import FAMILIES, network_config
from llamavid_demo.training.stages import StagePlan
from llamavid_demo.training.tokenizer import guide_vocabulary, write_llama_vocabulary

STEPS = 3
TINY_FILMS = FilmKind((1, 2), (1, 2), (1, 3), (0, 1), (1, 2))
LESSON = Lesson(TINY_FILMS, Manner(3, FAMILIES), films=3)
SHAPE = FrameFormat(112, 112, "stretch")


def micro(base: LlamaVidConfig, vocabulary: int, end: int, *, compressor_size: int = 1) -> MiniRecipe:
    plan = StagePlan(STEPS, 1e-3, save_seconds=0)
    return MiniRecipe(
        config=mini_config(base, vocabulary=vocabulary, end=end, compressor_size=compressor_size),
        frame_format=SHAPE,
        distilling=plan,
        aligning=plan,
        answering=(("answering", (LESSON, LESSON), plan),),
        film_shots=6,
        render_workers=1,
        distilling_batch=2,
        aligning_batch=4,
        longest_compiled=0,
    )


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaMA-VID with random weights, in the released layout."""
    folder = tmp_path_factory.mktemp("base")
    write_llama_vocabulary(folder / "tokenizer.model")
    vocabulary = len(LlamaTokenizer(folder / "tokenizer.model"))
    config = network_config(
        vocabulary=vocabulary, guide_vocabulary=len(guide_vocabulary()), width=64, layers=2, vision_depth=1
    )
    network = LlamaVid(config)
    initialise(network, 0)
    save_checkpoint(
        network, folder, tokenizer=folder / "tokenizer.model",
        bert_vocabulary=guide_vocabulary(), frame_format=SHAPE,
    )  # fmt: skip
    return folder


@pytest.fixture
def begin(base: Path, tmp_path: Path) -> Callable[..., MiniTraining]:
    """Begins a training anew, its pre-fusion changing what it reads already."""

    def training(**sizes: int) -> MiniTraining:
        made = MiniTraining(tmp_path / "work", base, recipe=lambda *seen: micro(*seen, **sizes))
        generator = torch.Generator().manual_seed(1)
        for name, weight in made.network.prefusion.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                torch.nn.init.normal_(weight, std=0.1, generator=generator)
        return made

    return training


@pytest.fixture(scope="session")
def chat_tokenizer(tokenizer: LlamaTokenizer, tmp_path_factory: pytest.TempPathFactory) -> ChatTokenizer:
    folder = tmp_path_factory.mktemp("chat")
    write_chat_tokenizer(tokenizer, folder)
    return ChatTokenizer(folder)


@pytest.fixture
def form(chat_tokenizer: ChatTokenizer) -> ChatForm:
    return ChatForm(chat_tokenizer, "", 1)


def with_tokens(form: ChatForm, tokens_per_frame: int) -> ChatForm:
    return replace(form, tokens_per_frame=tokens_per_frame)
