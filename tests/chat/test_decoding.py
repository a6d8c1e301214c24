"""How the next token is chosen."""

import torch

from llamavid_demo.chat.decoding import Sampling, chooser

LOGITS = torch.tensor([2.0, 1.5, -4.0, -9.0])


def test_what_an_answer_has_already_is_less_likely() -> None:
    assert chooser(Sampling())(LOGITS, [0]) == 0
    penalised = chooser(Sampling(repetition_penalty=2.0))
    assert penalised(LOGITS, []) == 0
    assert penalised(LOGITS, [0]) == 1
    assert penalised(LOGITS, [0, 1]) == 0  # both are halved


def test_sampling_is_penalised_too() -> None:
    likeliest = chooser(Sampling(temperature=1.0, top_p=0.01, repetition_penalty=2.0))
    assert {likeliest(LOGITS, [0]) for _ in range(20)} == {1}
