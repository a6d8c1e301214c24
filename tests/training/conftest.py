"""The embedded model's tokenizer, and trainings without a compiler."""

from collections.abc import Iterator

import pytest
import torch

from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.training.tokenizer import write_llama_vocabulary


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> LlamaTokenizer:
    """The embedded model's own, of the world's words."""
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.model"
    write_llama_vocabulary(path)
    return LlamaTokenizer(path)


@pytest.fixture(scope="session", autouse=True)
def _not_compiled() -> Iterator[None]:
    """Compiling takes seconds for each length, longer than all steps of a small training."""
    with torch.compiler.set_stance("force_eager"):
        yield
