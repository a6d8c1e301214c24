import pytest

from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer, Message
from llamavid_demo.questions import questions
from llamavid_demo.training.llava_mini.tokenizer import BREAK, END_OF_TURN, LIKENESS
from tests.storybook.conftest import films


def test_texts_of_the_world_have_the_same_ids(tokenizer: LlamaTokenizer, chat_tokenizer: ChatTokenizer) -> None:
    for script, rng in films(40):
        texts = [text for *_, text in script.cues()]
        for question in questions(script, rng):
            texts += [question.text, question.answer]
        for text in texts:
            assert chat_tokenizer.encode(text) == tokenizer.encode(text)


@pytest.mark.parametrize("text", ["", "Ein Käse, 7 quokkas & 日本!", "a  b", "<0x41>", "tab\there", "quokka's OWL"])
def test_any_text_of_one_line_has_the_same_ids(
    tokenizer: LlamaTokenizer, chat_tokenizer: ChatTokenizer, text: str
) -> None:
    assert chat_tokenizer.encode(text) == tokenizer.encode(text)


@pytest.mark.parametrize(
    "text", ["Mia: Have you seen the key?", "Käse & 日本!", "a\nb", "The owl.\n\nThe hat.", "<0x41>"]
)
def test_any_text_survives(chat_tokenizer: ChatTokenizer, text: str) -> None:
    ids = chat_tokenizer.encode(text)
    assert chat_tokenizer.pieces.unk_token_id not in ids
    assert chat_tokenizer.decode(ids) == text


def test_messages_are_read_in_whole_words(chat_tokenizer: ChatTokenizer) -> None:
    turns = [Message("user", "Where is the owl?", images=1), Message("assistant", "The owl is at the beach.")]
    prompt = chat_tokenizer.prompt([*turns, Message("user", "And the hat?")], system="")
    words = chat_tokenizer.pieces.convert_ids_to_tokens([max(i, 0) for i in chat_tokenizer.encode_prompt(prompt)])
    assert {"▁Where", "▁The", "▁And", "▁user", "▁assistant", BREAK} <= set(words)
    assert prompt.endswith("<|start_header_id|>assistant<|end_header_id|>\n\n")
    assert words[-2:] == ["<|end_header_id|>", BREAK]


def test_a_closed_conversation_ends_with_its_answer(chat_tokenizer: ChatTokenizer) -> None:
    closed = chat_tokenizer.prompt([Message("user", "Who?"), Message("assistant", "Mia.")], system="")
    assert closed.endswith(f"Mia.{END_OF_TURN}")
    assert chat_tokenizer.encode_prompt(closed)[-1] == chat_tokenizer.eos


def test_every_added_piece_is_like_a_known_one(tokenizer: LlamaTokenizer, chat_tokenizer: ChatTokenizer) -> None:
    added = chat_tokenizer.pieces.convert_ids_to_tokens(list(range(len(tokenizer), len(chat_tokenizer))))
    assert set(added) == set(LIKENESS)
    assert tokenizer.pieces.unk_id() not in {tokenizer.pieces.piece_to_id(like) for like in LIKENESS.values()}
