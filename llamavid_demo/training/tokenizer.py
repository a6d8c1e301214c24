"""The two vocabularies of the embedded model, made from the world's words.

Every word of the world and of the questions is one piece, in lower case, capitalised and in capitals; all other text
falls back to letters and bytes.
"""

import io
import re
import string
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.questions import phrasings, unseen, words
from llamavid_demo.storybook import world

PROMPT = PromptFormat(opening="USER: Film", closing="\n ")

_ROLES = ("▁USER:", "▁ASSISTANT:")
_SPACE = "▁"
_WORD_SCORE, _LETTER_SCORE = -2.0, -10.0
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6  # kinds of pieces in a sentencepiece model


def world_words() -> list[str]:
    """Every word that films, questions and answers are made of, lower-cased, sorted."""
    texts = [
        *world.PLACES, *world.TIMES, *world.WEATHERS, *world.THINGS, *world.COLOURS, *world.ACTIONS,
        *world.NAMES, *world.ITEMS, *world.ITEM_LINES, *world.PLAIN_LINES, *world.STORY_WORDS,
        *phrasings.phrasings(), *words.ORDINALS, *words.NUMBERS, *unseen.OUTSIDE_WORDS,
        *words.WEATHER_WORDS.values(), *words.PREPOSITIONS.values(), words.REFUSAL, words.ABSENT, words.TOO_MANY,
        "the film begins goes on and ends at in is it yes no there a an are scenes scene comes after last one",
        "who speaks of to speak does not about says that we meet nobody",
    ]  # fmt: skip
    plain = re.sub(r"\{\w+\}", " ", " ".join(texts)).lower()
    return sorted(set(re.findall(r"[a-z]+", plain)))


def write_llama_vocabulary(path: Path) -> None:
    """Write a sentencepiece model with LLaMA's conventions: `<unk> <s> </s>`, 256 bytes, then our pieces."""
    model = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]  # made at import
    model.ParseFromString(_empty_model())
    del model.pieces[:]
    for piece, kind in (("<unk>", _UNKNOWN), ("<s>", _CONTROL), ("</s>", _CONTROL)):
        model.pieces.add(piece=piece, score=0.0, type=kind)
    for byte in range(256):
        model.pieces.add(piece=f"<0x{byte:02X}>", score=0.0, type=_BYTE)
    for piece in dict.fromkeys([*_ROLES, *_word_pieces(), _SPACE, "\n", *string.printable[:94]]):
        letter = len(piece) == 1
        model.pieces.add(piece=piece, score=_LETTER_SCORE if letter else _WORD_SCORE, type=_NORMAL)
    model.trainer_spec.vocab_size = len(model.pieces)
    path.write_bytes(model.SerializeToString())


def guide_vocabulary() -> list[str]:
    """WordPiece vocabulary of the guide question: specials, words, letters and their `##` forms, last `[DEC]`."""
    signs = [*string.ascii_lowercase, *string.digits]
    return list(
        dict.fromkeys(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *world_words(), *signs]
            + [f"##{sign}" for sign in signs]
            + [*"?.,!:;'\"-()", "[DEC]"]
        )
    )


def letter_cases(tokenizer: LlamaTokenizer) -> list[tuple[int, ...]]:
    """Tokens of each word in lower case, capitalised and in capitals."""
    forms = [(word, word.capitalize(), word.upper()) for word in world_words()]
    return [tuple(tokenizer.encode(form)[0] for form in cases) for cases in forms]


def _word_pieces() -> list[str]:
    return [_SPACE + form for word in world_words() for form in (word, word.capitalize(), word.upper())]


def _empty_model() -> bytes:
    """A model trained on next to nothing: it carries the settings, its pieces are replaced."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(world_words()),
        model_writer=model,
        vocab_size=300,
        model_type="unigram",
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=True,
        remove_extra_whitespaces=False,
        hard_vocab_limit=False,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1,
        minloglevel=2,
    )  # fmt: skip
    return model.getvalue()
