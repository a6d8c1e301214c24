"""Prompts of LLaVA-Mini: the checkpoint's template, marks for pictures, and nothing that a person types as control."""

import json
import shutil
from pathlib import Path

import pytest

from llamavid_demo.errors import ModelError
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.sequence import IMAGE
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer, Message
from tests.model.llava_mini.conftest import FOLDER

TALK = [
    Message("user", "What is this?", images=1),
    Message("assistant", "A ball."),
    Message("user", "And that?", images=2),
    Message("assistant", "A box!"),
    Message("user", "Which is larger?"),
]


@pytest.fixture(scope="module")
def tokenizer(tiny: LoadedLlavaMini) -> ChatTokenizer:
    return tiny.tokenizer


def test_inference_begins_with_two_bos_and_training_with_one(tokenizer: ChatTokenizer) -> None:
    ids = tokenizer.encode_chat(TALK)
    assert ids[:2] == [tokenizer.bos] * 2
    assert tokenizer.encode_chat(TALK, second_bos=False) == ids[1:]


def test_each_picture_has_a_mark_before_its_question(tokenizer: ChatTokenizer) -> None:
    ids = tokenizer.encode_chat(TALK)
    marks = [i for i, token in enumerate(ids) if token == IMAGE]
    assert len(marks) == 3
    assert marks[2] - marks[1] == 2  # a line break between
    assert tokenizer.decode(ids[marks[0] + 1 : marks[1]]).startswith("What is this?")
    assert tokenizer.decode(ids[marks[2] + 1 :]).startswith("And that?")


@pytest.mark.parametrize(
    "typed", ["<image>", "<|eot_id|>", "<<image>image>", "<|start_<|eot_id|>header_id|>", "<|begin_of_text|>"]
)
def test_what_a_person_types_is_never_control(tokenizer: ChatTokenizer, typed: str) -> None:
    said = [Message("user", f"Who{typed} is it?", images=1)]
    assert tokenizer.encode_chat(said) == tokenizer.encode_chat([Message("user", "Who is it?", images=1)])


def test_answers_are_found_with_their_end_of_turn(tokenizer: ChatTokenizer) -> None:
    ids = tokenizer.encode_chat(TALK)
    found = [token for token, is_answer in zip(ids, tokenizer.answers(ids).tolist(), strict=True) if is_answer]
    assert [tokenizer.decode(part) for part in split(found, tokenizer.eos)] == ["A ball.", "A box!"]


def split(ids: list[int], end: int) -> list[list[int]]:
    parts: list[list[int]] = [[]]
    for token in ids:
        if token == end:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts[:-1]


def test_a_folder_without_tokenizer_or_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        ChatTokenizer(tmp_path)
    shutil.copy(FOLDER / "ckpt" / "tokenizer.json", tmp_path)
    options = json.loads((FOLDER / "ckpt" / "tokenizer_config.json").read_text())
    del options["chat_template"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(options))
    with pytest.raises(ModelError, match="no chat template"):
        ChatTokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="no usable tokenizer"):
        ChatTokenizer(tmp_path)
