"""Compiled layers: the one place where the compiler runs, as elsewhere it would take longer than the trainings."""

import random
import shutil

import torch
from transformers import LlamaForCausalLM

from llamavid_demo.questions import questions
from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.training.learning import Reader
from llamavid_demo.training.notes import NoteHeads
from llamavid_demo.training.recipe import network_config
from llamavid_demo.training.sequences import make_sequence, pad
from llamavid_demo.training.tokenizer import PROMPT


def test_compiled_layers_learn_what_plain_ones_do(tokenizer):
    config = network_config(vocabulary=len(tokenizer), guide_vocabulary=50, width=64, layers=2, vision_depth=1).llama
    script = random_script(random.Random(1), FilmKind((1, 2), (1, 1), (1, 2)))
    asked = questions(script, random.Random(1))[:1]
    sequence = make_sequence(tokenizer, PROMPT, script, asked)
    llama, tokens = LlamaForCausalLM(config), torch.randn(2 * len(sequence.shots), 64)
    reader = Reader(llama, NoteHeads(64))
    learned = []
    for stance in ("force_eager", "default"):
        llama.zero_grad()
        with torch.compiler.set_stance(stance):
            loss = reader(pad([sequence]), tokens, asked).loss
            loss.backward()
        learned.append([loss.detach(), *(weight.grad.clone() for weight in llama.parameters())])
    assert shutil.which("c++") is None or reader.compiled is not reader.layers
    for plain, compiled in zip(*learned, strict=True):
        assert torch.allclose(plain, compiled, rtol=0.05, atol=0.02 * float(plain.abs().max()))
