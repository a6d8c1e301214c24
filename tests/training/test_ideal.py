import pytest
import torch

from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.training.ideal import WORDS, asked_thing, content_words, context_words, ideal_tokens, word_ids
from llamavid_demo.training.sequences import make_sequence, pad
from llamavid_demo.training.tokenizer import PROMPT
from tests.questions.conftest import FILM, asked
from tests.storybook.conftest import chance, films


def words(weights: torch.Tensor) -> set[str]:
    return {word for word, weight in zip(WORDS, weights.tolist(), strict=True) if weight}


@pytest.mark.parametrize(
    ("guide", "thing"),
    [("What colour is the owl?", "owl"), ("is there a HAT", "hat"), ("What is that?", None), ("And its colour?", None)],
)
def test_the_thing_of_a_guide_question_is_found(guide: str, thing: str | None) -> None:
    assert asked_thing(guide) == thing


def test_content_tells_place_time_weather_and_who_is_there() -> None:
    assert words(content_words(FILM.shots[0])) == {"beach", "morning", "clear", "cat", "owl"}


def test_context_tells_of_the_thing_that_is_asked_for_and_of_all_when_none_is() -> None:
    beach = FILM.shots[0]
    assert words(context_words(beach, "owl")) == {"owl", "white", "sleeping"}
    assert words(context_words(beach, "dog")) == {"no"}
    assert words(context_words(beach, None)) == {"owl", "white", "sleeping", "cat", "red", "jumping"}


def test_context_is_as_long_for_one_as_for_many() -> None:
    for script, _ in films(20):
        for shot in script.shots:
            one = context_words(shot, shot.actors[0].thing)
            assert torch.isclose(one.norm(), torch.tensor(1.0))
            assert context_words(shot, None).norm() >= 0.99


def test_every_word_is_a_piece_of_its_own(tokenizer: LlamaTokenizer) -> None:
    ids = word_ids(tokenizer)
    assert len(set(ids.tolist())) == len(WORDS)
    assert tokenizer.decode([int(ids[WORDS.index("fog")])]) == "foggy"  # as answers say it


def test_tokens_stand_at_the_marks_in_order(tokenizer: LlamaTokenizer) -> None:
    asked_for = asked("colour", FILM)[:1]
    sequence = make_sequence(tokenizer, PROMPT, FILM, asked_for)
    eye = torch.eye(len(WORDS))
    tokens = ideal_tokens([(FILM, asked_for[0].text, sequence.shots)], eye, noise=0.0, rng=chance(0))
    table = torch.nn.Embedding(len(tokenizer), len(WORDS))
    embedded = pad([sequence]).embeddings(table, tokens)[0, : len(sequence.ids)]
    marks = torch.tensor(sequence.ids) == FRAME
    assert torch.equal(embedded[marks], tokens)
    assert torch.equal(embedded[~marks], table(torch.tensor(sequence.ids)[~marks]))
    thing = asked_thing(asked_for[0].text)
    for shot, context, content in zip(sequence.shots, tokens[::2], tokens[1::2], strict=True):
        assert torch.equal(context, context_words(FILM.shots[shot], thing))
        assert torch.equal(content, content_words(FILM.shots[shot]))


def test_each_film_of_a_batch_has_its_own_guide() -> None:
    eye, shots = torch.eye(len(WORDS)), [0, 2]
    both = ideal_tokens(
        [(FILM, "What does the owl do?", shots), (FILM, "Where is the hat?", shots)], eye, noise=0.0, rng=chance(0)
    )
    assert [words(token) for token in both[::2]] == [
        {"owl", "white", "sleeping"}, {"no"}, {"no"}, {"hat", "black", "sleeping"},
    ]  # fmt: skip


def test_noise_is_as_strong_as_asked_for_and_the_same_again() -> None:
    def make(noise: float) -> torch.Tensor:
        return ideal_tokens([(FILM, "", [0] * 200)], torch.eye(len(WORDS)), noise=noise, rng=chance(1))

    assert 0.18 < float((make(0.2) - make(0.0)).std()) < 0.22
    assert torch.equal(make(0.2), make(0.2))
