"""Evidence: adjacent frames are one moment, the heaviest first, with the cue that was heard there; and heat maps."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from llamavid_demo.chat import Evidence, MovieChat, encoded_section
from llamavid_demo.chat.evidence import find_evidence, heat_map
from llamavid_demo.errors import MovieError, QuestionError
from llamavid_demo.film import Cue, Movie
from llamavid_demo.model.llama_vid.prompt import conversation_text
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.moments import frame_mass
from llamavid_demo.settings import Settings

FIRST, SECOND = "What color is the car?", "Where does the story begin?"
NewChat = Callable[..., MovieChat]


def test_adjacent_frames_are_one_moment() -> None:
    mass = torch.tensor([[0.0, 0.0], [0.2, 0.1], [0.3, 0.2], [0.0, 0.0], [0.1, 0.15]])
    moments = find_evidence(mass, [10, 11, 12, 13, 14], [Cue(11.5, 12.5, "here"), Cue(40, 41, "far")])
    assert [moment.seconds for moment in moments] == [12, 14]
    assert moments[0].weight > moments[1].weight
    assert moments[0].cue == Cue(11.5, 12.5, "here")


def test_what_was_hardly_looked_at_is_no_evidence() -> None:
    mass = torch.tensor([0.8, 0, 0, 0, 0.11, 0, 0, 0, 0.13, 0, 0, 0])[:, None]  # all three have more than the mean
    assert [moment.seconds for moment in find_evidence(mass, range(12), [])] == [0, 8]


def test_a_cue_too_far_away_is_no_evidence() -> None:
    moments = find_evidence(torch.tensor([[1.0]]), [0], [Cue(30, 31, "far")])
    assert moments[0].cue is None


def test_no_attention_no_evidence() -> None:
    assert find_evidence(torch.zeros(3, 2), [0, 1, 2], []) == []


@torch.no_grad()
def uncached_evidence(chat: MovieChat, earlier: list[tuple[str, str]], question: str, movie: Movie) -> list[Evidence]:
    """What the last turn leaned on, by Hugging Face's own attention over everything at once."""
    model, prompt = chat.model, chat._reader.prompt
    turns = [*earlier, (question, None)]
    words = model.tokenizer.encode(conversation_text(model.tokenizer, model.config.prompt, prompt.last_cues, turns))
    read = [*prompt.ids, *(word.id for word in chat._conversation.words)]  # with the words of the answer
    embeds = model.embed(read, model.frame_tokens(torch.cat(chat._encoded.parts), chat.guide or ""))
    eager = deepcopy(model.network.llama)
    eager.set_attn_implementation("eager")
    attentions = eager(inputs_embeds=embeds, output_attentions=True).attentions  # (1, heads, L, L) each
    written = slice(len(prompt.ids) + len(words), len(read))
    mass = sum(attentions[layer][0, :, written, : len(prompt.ids)] for layer in model.config.watched_layers)
    frames = frame_mass(mass.mean(0).sum(0), prompt.ids, model.config.tokens_per_frame)
    return find_evidence(frames, chat._encoded.times, movie.cues(chat.section))


def test_evidence_against_the_cache_is_that_without_one(new_chat: NewChat, film: Movie) -> None:
    chat = new_chat()
    first = chat.ask(FIRST).finish()
    second = chat.ask(SECOND).finish()
    expected = uncached_evidence(chat, [(FIRST, first.text)], SECOND, film)
    assert [(moment.seconds, moment.cue) for moment in second.evidence] == [(m.seconds, m.cue) for m in expected]
    assert [moment.weight for moment in second.evidence] == pytest.approx([moment.weight for moment in expected])


def test_without_spoilers_no_later_cue_is_told(new_chat: NewChat) -> None:
    (moment,) = new_chat().ask(FIRST, until=1.0).finish().evidence
    assert (moment.seconds, moment.cue) == (0, None)  # the next cue comes at second 1


def test_what_was_not_to_be_seen_does_not_make_all_else_stand_out(new_chat: NewChat) -> None:
    """Frames that nothing was known of are none: they do not lower the mean that a moment is above of."""
    turn = new_chat().ask(FIRST, until=3.0).finish()
    assert turn.evidence[0].weight < 0.99


def test_no_layers_stated_means_the_third_quarter(micro: LoadedModel) -> None:
    llama = deepcopy(micro.config.llama)
    llama.num_hidden_layers = 32
    config = replace(micro.config, llama=llama)
    assert config.watched_layers == frozenset(range(16, 24))
    assert replace(config, evidence_layers=(3, 9)).watched_layers == frozenset((3, 9))


def test_heat_map_is_what_the_context_token_was_pooled_by(new_chat: NewChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded_section, "_PART", 5)
    chat = new_chat()
    chat.ask(FIRST).finish()
    heat = chat.heat_map(7.6)  # the frame of second 7 is on screen
    side = chat.model.config.vision.image // chat.model.config.vision.patch
    assert heat.shape == (side, side)
    assert float(heat.sum()) == pytest.approx(1)
    patches = torch.cat(chat._encoded.parts)[7].to(chat.model.dtype)
    pooled = chat.model.network.context.value_projector(heat.flatten() @ patches)
    assert torch.allclose(pooled, chat.model.frame_tokens(patches[None], FIRST)[0, 0], atol=1e-5)


def test_each_turn_has_the_heat_of_its_guide(new_chat: NewChat, settings: Settings) -> None:
    every = new_chat(settings=settings.model_copy(update={"guide": "every"}))
    first = new_chat()
    for chat in (every, first):
        chat.ask(FIRST, max_new_tokens=1).finish()
        chat.ask(SECOND, max_new_tokens=1).finish()
        assert torch.equal(chat.heat_map(3, chat.turns[0]), heat_map(chat.model, chat._encoded, FIRST, 3))
    assert torch.equal(every.heat_map(3), heat_map(every.model, every._encoded, SECOND, 3))
    assert torch.equal(first.heat_map(3), heat_map(first.model, first._encoded, FIRST, 3))
    assert not torch.equal(every.heat_map(3), first.heat_map(3))


def test_no_heat_without_a_question_or_beyond_the_section(new_chat: NewChat) -> None:
    chat = new_chat()
    with pytest.raises(QuestionError, match="ask one first"):
        chat.heat_map(3)
    chat.ask(FIRST, max_new_tokens=1).finish()
    for second in (-0.1, 12.0):
        with pytest.raises(MovieError, match="from 0 to 12"):
            chat.heat_map(second)
