import random

import pytest
import torch

from llamavid_demo.model.prompt import FRAME
from llamavid_demo.model.tokenizer import LlamaTokenizer
from llamavid_demo.train.ideal import WORDS, ideal_tokens
from llamavid_demo.train.questions import questions
from llamavid_demo.train.sequences import IGNORED, make_sequence, pad, prompt_ids
from llamavid_demo.train.text import GUIDED, ask_turns
from llamavid_demo.train.tokenizer import PROMPT, write_llama_vocabulary
from llamavid_demo.train.world import random_script


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.model"
    write_llama_vocabulary(path)
    return LlamaTokenizer(path)


def film(seed: int):
    rng = random.Random(seed)  # noqa: S311 - a film by chance, not a secret
    return random_script(rng, shots=4, seconds=(2, 5)), rng


def test_training_reads_what_inference_sends(tokenizer):
    script, rng = film(1)
    for question in questions(script, rng):
        sequence = make_sequence(tokenizer, PROMPT, script, [question], subtitles=True)
        prompt = tuple(prompt_ids(tokenizer, PROMPT, script, question.text))
        assert sequence.ids[: len(prompt)] == prompt
        assert sequence.answers == ((len(prompt), len(sequence.ids)),)
        assert tokenizer.decode(list(sequence.ids[len(prompt) :])) == question.answer
        assert prompt.count(FRAME) == 2 * len(sequence.shots)


def test_labels_are_the_answers_of_every_turn(tokenizer):
    script, rng = film(2)
    asked = [ask_turns(script, {"place": 1, "colour": 1, "time": 1}, 4, rng) for _ in range(3)]
    batch = pad([make_sequence(tokenizer, PROMPT, script, turns, subtitles=False) for turns in asked])
    told = [question.answer for turns in asked for question in turns]
    for number, answer in enumerate(told):
        mine = (batch.labels != IGNORED) & (batch.owners == number)
        assert tokenizer.decode(batch.labels[mine].tolist()) == answer
    assert batch.labels[batch.labels != IGNORED].min() >= 0


def test_only_the_first_question_needs_the_guide():
    for seed in range(50):
        script, rng = film(seed)
        later = ask_turns(script, {"place": 1, "colour": 5, "existence": 5}, 4, rng)[1:]
        assert not any(question.family in GUIDED for question in later)


def test_ideal_tokens_stand_at_the_marks_in_order(tokenizer):
    script, rng = film(3)
    asked = questions(script, rng)[:1]
    sequence = make_sequence(tokenizer, PROMPT, script, asked, subtitles=True)
    eye = torch.eye(len(WORDS))
    tokens = ideal_tokens([(script, asked[0], sequence.shots)], eye, noise=0.0, rng=rng)
    table = torch.nn.Embedding(len(tokenizer), len(WORDS))
    embedded = pad([sequence]).embeddings(table, tokens)[0]
    marks = torch.tensor(sequence.ids) == FRAME
    assert torch.equal(embedded[marks], tokens)
    for shot, content in zip(sequence.shots, embedded[marks][1::2], strict=True):
        assert content[WORDS.index(script.shots[shot].place)] > 0
