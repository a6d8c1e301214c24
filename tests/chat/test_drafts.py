"""Drafts change how fast an answer comes, never what it says or what it looked at."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.drafts import Drafts
from llamavid_demo.chat.running_batch import RunningBatch

READ = [4, 5, 6, 7, 8, -200, 9, 4, 5, 6, 1, 2, 3]


def test_what_was_read_first_behind_the_last_three_tokens_is_drafted() -> None:
    assert Drafts(READ).draft([0, 4, 5, 6], 2) == [7, 8]
    assert Drafts(READ).draft([6, 1, 2], 7) == [3]
    for said in ([7, 5, 6], [5, 6], [4], []):
        assert Drafts(READ).draft(said, 7) == []
    assert Drafts([]).draft([4, 5, 6], 7) == []


def test_frames_are_in_no_draft() -> None:
    assert Drafts(READ).draft([4, 5, 6], 7) == [7, 8]
    assert Drafts([4, 5, 6, -200, 4, 5, 6, 1]).draft([4, 5, 6], 7) == [1]  # a frame follows the first


def test_a_draft_goes_on_where_the_last_one_came_true() -> None:
    drafts = Drafts([4, 5, 6, 7, 8, 9, 4, 5, 2, 1])
    assert drafts.draft([4, 5, 6], 1) == [7]
    assert drafts.draft([4, 5, 6, 7], 3) == [8, 9, 4]
    assert drafts.draft([9, 4, 5], 3) == [2, 1]
    assert drafts.draft([9, 4, 0], 3) == []


class Oracle(Drafts):
    """Drafts that come true, but for every third token."""

    answer: tuple[int, ...] = ()
    true = 0  # tokens

    def draft(self, said: list[int], most: int) -> list[int]:  # type: ignore[override]
        right = self.answer[len(said) : len(said) + most] if len(said) > 1 else ()
        return [token if (len(said) + i) % 3 else token + 1 for i, token in enumerate(right)]


@pytest.fixture
def chats(new_chat: Callable[..., MovieChat], monkeypatch: pytest.MonkeyPatch) -> list[MovieChat]:
    """Two that answered the same two questions, the second with drafts."""
    monkeypatch.setattr(Oracle, "true", 0)
    plain, drafted = new_chat(), new_chat()
    monkeypatch.setattr("llamavid_demo.chat.answer.Drafts", Oracle)
    accept = RunningBatch._accept

    def counted(batch: RunningBatch, answer: Answer, *given: Any) -> None:
        before = len(answer.ids)
        accept(batch, answer, *given)
        Oracle.true += len(answer.ids) - before - 1  # the last one is no draft's

    monkeypatch.setattr(RunningBatch, "_accept", counted)
    for question in ("What color is the car?", "Where does the story begin?"):
        monkeypatch.setattr(Oracle, "answer", ())
        list(plain.ask(question))
        monkeypatch.setattr(Oracle, "answer", tuple(word.id for word in plain._conversation.words[-7:]))
        list(drafted.ask(question))
    return [plain, drafted]


def test_a_drafted_answer_says_and_sees_what_it_would_have(chats: list[MovieChat]) -> None:
    assert Oracle.true >= 4
    for plain, drafted in zip(*(chat.turns for chat in chats), strict=True):
        assert plain.text == drafted.text and plain.stats.new_tokens == drafted.stats.new_tokens == 8
        assert [e.seconds for e in plain.evidence] == [e.seconds for e in drafted.evidence]
        weights = torch.tensor([[e.weight for e in turn.evidence] for turn in (plain, drafted)])
        assert torch.allclose(weights[0], weights[1], atol=1e-5)
    first, second = (chat._conversation.tail for chat in chats)
    assert first.length == second.length
    assert all(torch.allclose(first.read(layer), second.read(layer), atol=1e-4) for layer in range(2))
