"""Answers of an evaluation: written together they are those that each prompt alone would get, and look there too."""

from copy import deepcopy

import pytest
import torch

from llamavid_demo.evaluation import greedy
from llamavid_demo.evaluation.greedy import Writing, begin, finish, read_section
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.moments import frame_mass
from llamavid_demo.model.prompt import FRAME, SectionPrompt, Word

QUESTIONS = {3: " Who? ASSISTANT:", 7: " What color is the boat? ASSISTANT:", 5: " And then? ASSISTANT:"}  # by frames
LONGEST = 9


@pytest.fixture
def prompts(micro: LoadedModel) -> list[tuple[list[int], torch.Tensor]]:
    """Ids and frame tokens of films of several lengths."""
    made = []
    for frames, question in QUESTIONS.items():
        section = micro.section_prompt([""] * (frames - 1) + ["Over there."])
        tokens = torch.randn(frames, micro.config.tokens_per_frame, micro.config.llama.hidden_size)
        made.append(([*section.ids, *micro.tokenizer.encode(section.last_cues + question)], tokens))
    return made


def start(model: LoadedModel, ids: list[int], tokens: torch.Tensor) -> Writing:
    """Begin the answer to a prompt whose frames have these tokens."""
    end = len(ids) - ids[::-1].index(FRAME)
    prompt, patches = SectionPrompt(tuple(ids[:end]), ""), torch.zeros(len(tokens), *model.config.patch_shape)
    section = read_section(model, prompt, "", patches, change=lambda _: tokens.flatten(0, 1))
    return begin(model, section, [Word(token) for token in ids[end:]])


@torch.no_grad()
def uncached(model: LoadedModel, ids: list[int], tokens: torch.Tensor) -> list[int]:
    """Everything read again for each word."""
    answer: list[int] = []
    while len(answer) < LONGEST and model.tokenizer.eos not in answer:
        logits = model.network.llama(inputs_embeds=model.embed([*ids, *answer], tokens), use_cache=False).logits
        answer.append(int(logits[0, -1].argmax()))
    return answer


def test_answers_together_are_those_alone(
    micro: LoadedModel, prompts: list[tuple[list[int], torch.Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greedy, "LONGEST_ANSWER", LONGEST)
    long = uncached(micro, *prompts[1])
    monkeypatch.setattr(micro.tokenizer, "eos", next(token for token in long if token != long[0]))
    expected = [uncached(micro, *prompt) for prompt in prompts]
    assert len({len(answer) for answer in expected}) > 1
    writing = [start(micro, *prompt) for prompt in prompts]
    texts = finish(micro, writing)
    assert [answer.ids for answer in writing] == expected
    assert texts == [micro.tokenizer.decode(answer).strip() for answer in expected]


@torch.no_grad()
def test_the_mass_is_the_attention_of_the_written_words(
    micro: LoadedModel, prompts: list[tuple[list[int], torch.Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greedy, "LONGEST_ANSWER", LONGEST)
    writing = [start(micro, *prompt) for prompt in prompts]
    finish(micro, writing)
    eager = deepcopy(micro.network.llama)
    eager.set_attn_implementation("eager")
    for answer, (ids, tokens) in zip(writing, prompts, strict=True):
        read = micro.embed([*ids, *answer.ids[:-1]], tokens)  # nothing follows the last word
        attentions = eager(inputs_embeds=read, output_attentions=True).attentions  # (1, heads, L, L) each
        seen = sum(attentions[layer][0].mean(0) for layer in micro.config.watched_layers)
        on_section = seen[len(ids) :, : len(answer.section.ids)].sum(dim=0)
        expected = frame_mass(on_section, answer.section.ids, micro.config.tokens_per_frame)
        assert torch.allclose(answer.mass(micro.config.tokens_per_frame), expected, atol=1e-5)
