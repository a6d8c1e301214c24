"""LLaMA's tokenizer, sentencepiece's or byte-level BPE, and BERT's, with the original's ids.

LLaMA's is sentencepiece itself: transformers 5 converts `tokenizer.model`, but ids then differ for strings that
begin with a space, and the original's two behaviours around `</s>` (`legacy`) are gone.
"""

import json
import re
from pathlib import Path

import sentencepiece
import torch
from tokenizers import Tokenizer
from transformers import BertTokenizer

from llamavid_demo.errors import ModelError
from llamavid_demo.model.prompt import without

GUIDE_WORD_PIECES = 256
_SPECIAL = re.compile(r"(<s>|</s>|<unk>)")
_CONTROL = re.compile(r"</?s>|<unk>|<image>")
_SPACE = "▁"


class LlamaTokenizer:
    """Sentencepiece with LLaMA's special tokens. `legacy` follows the checkpoint's `tokenizer_config.json`."""

    bos: int | None

    def __init__(self, model: Path, *, legacy: bool = True) -> None:
        try:
            self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
        except (OSError, RuntimeError) as error:
            raise ModelError(f"{model} is no sentencepiece model: {error}. Copy tokenizer.model again.") from error
        self.legacy = legacy
        self.bos, self.eos = self.pieces.bos_id(), self.pieces.eos_id()

    @classmethod
    def from_folder(cls, folder: Path) -> "LlamaTokenizer":
        """Read `tokenizer.model` and, if there is one, `tokenizer_config.json`. Raises `ModelError`."""
        model, config = folder / "tokenizer.model", folder / "tokenizer_config.json"
        if not model.is_file():
            raise ModelError(f"{folder} has no tokenizer.model: it belongs to every LLaMA-VID release.")
        options = json.loads(config.read_text()) if config.is_file() else {}
        return cls(model, legacy=options.get("legacy", True))

    def __len__(self) -> int:
        return self.pieces.get_piece_size()

    def plain(self, text: str) -> str:
        """A person's or a subtitle's text without control words."""
        return without(_CONTROL, text)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without BOS; `<s>`, `</s>` and `<unk>` in it become the special tokens."""
        if not self.legacy and text:
            text = _SPACE + text.replace(_SPACE, " ")
        ids: list[int] = []
        for part in _SPECIAL.split(text):
            if _SPECIAL.fullmatch(part):
                ids.append(self.pieces.piece_to_id(part))
            elif part:
                ids += self._encode_plain(part)
        return ids

    def decode(self, ids: list[int]) -> str:
        """Text of generated ids, special tokens left out."""
        special = {self.bos, self.eos, self.pieces.unk_id()}
        return self.pieces.decode([i for i in ids if i not in special])

    def _encode_plain(self, text: str) -> list[int]:
        if self.legacy:
            return self.pieces.encode(text)
        # transformers 4.31, legacy=False: no leading piece mark behind a special token
        first = text.startswith(_SPACE)
        tokens = self.pieces.encode(text.removeprefix(_SPACE), out_type=str)
        if tokens and not first and not text.startswith(" ") and tokens[0].startswith(_SPACE):
            rest = tokens[0].removeprefix(_SPACE)
            tokens = ([rest] if rest else []) + tokens[1:]
        return [self.pieces.piece_to_id(token) for token in tokens]


class BpeTokenizer:
    """A byte-level BPE with a chat model's control words, `tokenizer.json`; `<|im_end|>` ends an answer."""

    bos: int | None = None

    def __init__(self, path: Path) -> None:
        try:
            self.pieces = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises no narrower one
            raise ModelError(f"{path} is no tokenizer ({error}): copy it again.") from error
        control = sorted((token.content for token in self.pieces.get_added_tokens_decoder().values()), key=len)
        self._control = re.compile("|".join(map(re.escape, reversed(control))))
        end = self.pieces.token_to_id("<|im_end|>")
        if end is None:
            raise ModelError(f"{path} has no <|im_end|>: it belongs to no chat model that can be talked with here.")
        self.eos: int = end

    def __len__(self) -> int:
        return self.pieces.get_vocab_size()

    def plain(self, text: str) -> str:
        """A person's or a subtitle's text without control words."""
        return without(self._control, text)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; control words in it become theirs."""
        ids: list[int] = self.pieces.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: list[int]) -> str:
        """Text of generated ids, control words left out."""
        text: str = self.pieces.decode(list(ids))
        return text


VidTokenizer = LlamaTokenizer | BpeTokenizer


def read_tokenizer(folder: Path) -> VidTokenizer:
    """A checkpoint's tokenizer: `tokenizer.json` where that is all it has, else `tokenizer.model`. Raises `ModelError`.

    Beside a `tokenizer.model` the former is a conversion of it, by whoever published the copy.
    """
    path = folder / "tokenizer.json"
    converted = path.is_file() and (folder / "tokenizer.model").is_file()
    return BpeTokenizer(path) if path.is_file() and not converted else LlamaTokenizer.from_folder(folder)


class GuideTokenizer:
    """BERT's tokenizer for the guide question: lower-cased, `[CLS] … [SEP]`, at most 256 ids, cut from the left."""

    def __init__(self, vocabulary: Path) -> None:
        if not vocabulary.is_file():
            raise ModelError(
                f"{vocabulary} is missing: the text decoder needs the vocabulary of bert-base-uncased. "
                "Put its vocab.txt into a folder bert/ beside the checkpoint, or set LLAMAVID_BERT."
            )
        words = {word: i for i, word in enumerate(vocabulary.read_text(encoding="utf-8").split("\n")) if word}
        self.tokenizer = BertTokenizer(vocab=words, do_lower_case=True, truncation_side="left", bos_token="[DEC]")

    def __call__(self, *questions: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and mask (B, L) of questions, padded to the longest."""
        batch = self.tokenizer(
            list(questions),
            padding=True,
            truncation=True,
            max_length=GUIDE_WORD_PIECES,
            return_tensors="pt",
        )
        return batch["input_ids"], batch["attention_mask"]
