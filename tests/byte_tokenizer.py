"""A tokenizer for small tests: a letter a token, and a chat model's control words."""

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers


def byte_tokenizer(path: Path) -> None:
    """Write a byte-level BPE without merges, 256 bytes, `<|im_start|>` and `<|im_end|>`."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    tokenizer.save(str(path))
