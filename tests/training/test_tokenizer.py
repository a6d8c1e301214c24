import re
from pathlib import Path

import pytest

from llamavid_demo.model.llama_vid.tokenizer import GuideTokenizer, LlamaTokenizer
from llamavid_demo.questions import questions
from llamavid_demo.training.tokenizer import guide_vocabulary, letter_cases, world_words
from tests.storybook.conftest import BUNDLED, bundled_script, films


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_every_word_of_the_world_is_one_piece(tokenizer: LlamaTokenizer) -> None:
    for word in world_words():
        for form in (word, word.capitalize(), word.upper()):
            assert len(tokenizer.encode(form)) == 1


@pytest.mark.parametrize("slug", BUNDLED)
def test_what_is_said_in_the_bundled_films_is_of_whole_words(slug: str) -> None:
    script = bundled_script(slug)
    said = words(" ".join(text for *_, text in script.cues()))
    assert said <= set(world_words())


def test_questions_answers_and_lines_are_of_whole_words() -> None:
    known = set(world_words())
    for script, rng in films(200):
        assert words(" ".join(text for *_, text in script.cues())) <= known
        for question in questions(script, rng):
            assert words(question.answer) <= known
            assert question.family == "outside" or words(question.text) <= known


def test_a_text_is_read_word_by_word(tokenizer: LlamaTokenizer) -> None:
    for script, rng in films(60):
        texts = [text for *_, text in script.cues()]
        for question in questions(script, rng):
            texts += [question.answer] if question.family == "outside" else [question.answer, question.text]
        for text in texts:
            assert len(tokenizer.encode(text)) == len(re.findall(r"[A-Za-z]+|[^\w\s]", text)), text


def test_beginnings_of_an_answer_are_tokenized_as_in_the_whole(tokenizer: LlamaTokenizer) -> None:
    for script, rng in films(30):
        for question in questions(script, rng):
            whole = tokenizer.encode(question.answer)
            for count in range(1, len(question.parts)):
                begun = tokenizer.encode(" ".join(part.text for part in question.parts[:count]))
                assert whole[: len(begun)] == begun


def test_letter_cases_are_three_pieces_of_one_word(tokenizer: LlamaTokenizer) -> None:
    cases = letter_cases(tokenizer)
    assert len(cases) == len(world_words())
    assert tuple(tokenizer.encode(form)[0] for form in ("owl", "Owl", "OWL")) in cases


@pytest.mark.parametrize("text", ["Mia: Have you seen the key?", "Ein Käse, 7 quokkas & 日本!", "a\nb"])
def test_any_text_survives(tokenizer: LlamaTokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.pieces.unk_id() not in ids
    assert tokenizer.decode(ids) == text


def test_special_tokens_are_those_of_llama(tokenizer: LlamaTokenizer) -> None:
    assert (tokenizer.bos, tokenizer.eos, tokenizer.pieces.unk_id()) == (1, 2, 0)
    assert tokenizer.encode("Yes.</s>")[-1] == tokenizer.eos


def test_the_guide_knows_the_words_and_spells_others(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(guide_vocabulary()) + "\n")
    vocabulary = guide_vocabulary()
    assert vocabulary[-1] == "[DEC]"
    ids, mask = GuideTokenizer(path)("WHERE is the Owl?", "quokka")
    assert [vocabulary[i] for i in ids[0][mask[0] == 1]] == ["[CLS]", "where", "is", "the", "owl", "?", "[SEP]"]
    assert vocabulary.index("[UNK]") not in ids[1][mask[1] == 1].tolist()
