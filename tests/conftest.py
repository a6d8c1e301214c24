"""Fixtures that several rooms use. Tests run on one thread a process: the machine may be small."""

import os
import resource
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before PyTorch counts the cores

import pytest
import torch
from transformers import LlamaConfig

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from tests.speed import is_slow, opens_page, seconds

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "llama_vid"
os.environ.setdefault("LLAMAVID_MODEL", str(ROOT / "assets" / "llama-vid-tiny"))  # loads in a second, not in ten
os.environ.setdefault("LLAMAVID_CACHE_DIR", str(Path(tempfile.gettempdir()) / "llamavid-cache"))  # not the user's own


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> Iterator[None]:
    """Mark what is `fast` and what is `slow` before `-m` chooses; then put the files that take longest first."""
    files = {item: str(item.path.relative_to(ROOT)) for item in items}
    with_page = {item for item in items if opens_page(item.fixturenames)}
    pages = Counter(files[item] for item in with_page)
    for item in items:
        if is_slow(files[item]):
            item.add_marker("slow")
        elif item not in with_page:
            item.add_marker("fast")
    yield
    items.sort(key=lambda item: -seconds(files[item], pages[files[item]]))


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    return GOLDEN


def load_golden(**options: object) -> LoadedModel:
    """The golden micro model with its companions; options go to `load_model`."""
    known = {"vision_tower": GOLDEN / "eva_vit_g.pth", "bert": GOLDEN / "bert", "vision_depth": 2}
    return load_model(GOLDEN / "checkpoint", **{**known, **options})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def micro() -> LoadedModel:
    """The golden micro model in float32 (don't change it)."""
    return load_golden(device="cpu", dtype="float32", quantization="none")


@pytest.fixture(scope="session")
def wider_checkpoint(micro: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights, wide enough for bitsandbytes' blocks of 64, with grouped-query attention."""
    folder = tmp_path_factory.mktemp("wider")
    llama = LlamaConfig.from_dict(micro.config.llama.to_dict())
    llama.hidden_size, llama.intermediate_size, llama.num_attention_heads, llama.num_key_value_heads = 128, 256, 4, 2
    llama.head_dim = 32
    torch.manual_seed(0)
    network = LlamaVid(replace(micro.config, llama=llama, max_tokens=4096))
    save_checkpoint(
        network,
        folder,
        tokenizer=GOLDEN / "checkpoint" / "tokenizer.model",
        bert_vocabulary=[*(GOLDEN / "bert" / "vocab.txt").read_text().split("\n")[:-1], "[DEC]"],
        frame_format=FrameFormat(56, 56, "stretch"),
    )
    return folder


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file grows beyond 64 kB, as on a disk that has run out of room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
