"""The embedded model's tokenizer."""

import pytest

from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.training.tokenizer import write_llama_vocabulary


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> LlamaTokenizer:
    """The embedded model's own, of the world's words."""
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.model"
    write_llama_vocabulary(path)
    return LlamaTokenizer(path)
