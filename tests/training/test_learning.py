"""What the LLaMA is taught by, where nothing is to be pointed at."""

import random

import pytest
import torch
from torch import nn
from transformers import LlamaForCausalLM

from llamavid_demo.questions import questions
from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.training.aligning import pointing_loss
from llamavid_demo.training.learning import Reader, training_attention
from llamavid_demo.training.notes import NoteHeads
from llamavid_demo.training.recipe import network_config
from llamavid_demo.training.sequences import make_sequence, pad
from llamavid_demo.training.tokenizer import PROMPT


def test_a_batch_without_pointers_and_notes_still_teaches(tokenizer):
    config = network_config(vocabulary=len(tokenizer), guide_vocabulary=50, width=64, layers=2, vision_depth=1).llama
    script = random_script(random.Random(1), FilmKind((1, 2), (1, 1), (1, 2)))
    asked = questions(script, random.Random(1))[:1]
    sequence = make_sequence(tokenizer, PROMPT, script, asked)
    sequence.forget_where()
    reader = Reader(LlamaForCausalLM(config), NoteHeads(64))
    result = reader(pad([sequence]), torch.randn(2 * len(sequence.shots), 64), asked)
    assert result.loss.isfinite()


def test_nothing_asked_for_is_no_loss():
    assert pointing_loss(torch.full((2, 4), 0.25), torch.zeros(2, 4, dtype=torch.bool)) == 0


@pytest.mark.parametrize("length", [1, 5, 70])
def test_attention_block_by_block_is_attention(length):
    query, key, value = torch.randn(3, 2, 3, length, 8)
    ours, _ = training_attention(nn.Identity(), query, key, value, None, scaling=0.3)
    theirs = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=0.3)
    assert torch.allclose(ours, theirs.transpose(1, 2), atol=1e-6)


def test_a_head_that_attends_to_the_beginnings_alone_counts_best(tokenizer, monkeypatch):
    config = network_config(vocabulary=len(tokenizer), guide_vocabulary=50, width=64, layers=2, vision_depth=1).llama
    reader = Reader(LlamaForCausalLM(config), NoteHeads(64))
    script = random_script(random.Random(3), FilmKind((3, 3), (1, 1), (2, 3)))
    batch = pad([make_sequence(tokenizer, PROMPT, script, questions(script, random.Random(1))[:1])])
    begins = batch.notes["begins"][0]
    assert (begins == 1).sum() == 3

    def loss(attended: torch.Tensor) -> float:
        key = torch.where(attended, 0.0, -30.0).view(1, 1, -1, 1)
        monkeypatch.setattr(reader, "_queries_and_keys", lambda *_: (torch.ones_like(key), key))
        return reader._counting_loss(batch, [key], (key, key)).item()

    starts = begins == 1
    starts[0] = True
    everywhere = torch.ones_like(starts)
    without_the_first = starts & (torch.arange(len(starts)) > 0)
    assert loss(starts) < loss(everywhere) < loss(without_the_first)
