"""A section's frames and a conversation's words in passes: the golden embeddings, whatever is kept between turns."""

import json
from collections.abc import Generator
from typing import Any

import pytest
import torch

from llamavid_demo.model.llava_mini import fused_frames
from llamavid_demo.model.llava_mini.fused_frames import FusedFrames, FusedWords, key_bytes
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.prompt import Word
from tests.golden_llava_mini import GoldenLlavaMini

WITHIN = 5e-5
MODES = {"b_video": "fused", "c_video_turn2": "fused", "c_video_turn2_canned": "fused", "c_video_turn2_masked": "raw"}
VIDEOS = tuple(MODES)


def outcome(work: Generator[int, None, torch.Tensor]) -> torch.Tensor:
    while True:
        try:
            next(work)
        except StopIteration as ended:
            return ended.value


def turns_of(golden: GoldenLlavaMini, case: str) -> list[tuple[str, str | None]]:
    said = [text and text.removeprefix("<image>\n") for text in json.loads(str(golden.recorded(case)["messages_json"]))]
    said += [None] * (len(said) % 2)
    return list(zip(said[::2], said[1::2], strict=True))


def frames_of(tiny: LoadedLlavaMini, film: torch.Tensor, *, room: int = 1 << 30) -> FusedFrames:
    prompt = tiny.section_prompt([""] * len(film))
    return tiny.section(prompt, "", film.split(2), room=room)


@pytest.mark.parametrize("room", [0, 1 << 30])
@pytest.mark.parametrize("case", VIDEOS)
def test_the_golden_embeddings(
    golden: GoldenLlavaMini, tiny: LoadedLlavaMini, film: torch.Tensor, case: str, room: int
) -> None:
    prompt, frames = tiny.section_prompt([""] * len(film)), frames_of(tiny, film, room=room)
    words = tiny.words("", turns_of(golden, case), answers=MODES[case])  # type: ignore[arg-type]
    section = frames.embed(prompt.ids, outcome(frames.rows()))
    ours = torch.cat([section, outcome(frames.embed_words(words))], dim=1)
    recorded = torch.from_numpy(golden.recorded(case)["inputs_embeds"])
    assert ours.shape == recorded.shape
    assert float((ours - recorded).abs().max()) < WITHIN


@pytest.mark.parametrize("room", [0, 1 << 30])
def test_many_words_are_fused_a_few_at_a_time(
    golden: GoldenLlavaMini, tiny: LoadedLlavaMini, film: torch.Tensor, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tiny.words("", turns_of(golden, "c_video_turn2"), answers="fused")
    expected = outcome(frames_of(tiny, film, room=room).embed_words(words))
    frames, counts = frames_of(tiny, film, room=room), list[int]()
    fused = sum(word.fused for word in words)
    narrow = frames._words_at_once(2, 0)  # words that would fit if they saw nothing
    monkeypatch.setattr(fused_frames, "SCORES", fused_frames.SCORES // narrow * 3)
    outcome(frames.rows())
    hook = tiny.network.prefusion.register_forward_pre_hook(lambda _, given: counts.append(given[0].shape[1]))
    try:
        assert torch.allclose(outcome(frames.embed_words(words)), expected, atol=1e-5)
    finally:
        hook.remove()
    if room:  # without it frames are read anew, in between
        assert sum(counts) == fused * len(film.split(2)) and max(counts) <= 3 < fused


@pytest.mark.parametrize("answers", ["fused", "raw"])
@pytest.mark.parametrize("room", ["none", "frames", "all"])
def test_words_that_go_on_are_those_read_at_once(
    golden: GoldenLlavaMini, tiny: LoadedLlavaMini, film: torch.Tensor, answers: Any, room: str
) -> None:
    turns = turns_of(golden, "c_video_turn2_canned")
    first, both = (tiny.words("", part, answers=answers) for part in ([(turns[0][0], None)], turns))
    expected = outcome(frames_of(tiny, film).embed_words(both))
    fitting = frames_of(tiny, film)
    outcome(fitting.rows())
    frames = frames_of(tiny, film, room={"none": 0, "frames": fitting.nbytes, "all": 1 << 30}[room])
    state = FusedWords()
    outcome(frames.rows())
    outcome(frames.embed_words(first, state=state))
    assert (state.nbytes > 0) == (room == "all") and (frames.nbytes > 0) == (room != "none")
    ours = outcome(frames.embed_words(both, known=len(first), state=state))
    assert float((ours - expected[:, len(first) :]).abs().max()) < WITHIN


def test_only_new_words_are_read(golden: GoldenLlavaMini, tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    turns = turns_of(golden, "c_video_turn2_canned")
    first, both = (tiny.words("", part, answers="raw") for part in ([(turns[0][0], None)], turns))
    frames, state, read = frames_of(tiny, film), FusedWords(), []
    outcome(frames.embed_words(first, state=state))
    hook = tiny.network.prefusion.register_forward_pre_hook(lambda _m, args: read.append(args[0].shape[:2].numel()))
    outcome(frames.embed_words(both, known=len(first), state=state))
    hook.remove()
    assert sum(read) == len(film) * sum(word.fused for word in both[len(first) :])


def test_words_after_others_were_taken_back(golden: GoldenLlavaMini, tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    turns = turns_of(golden, "c_video_turn2_canned")
    both, other = (tiny.words("", [turns[0], (last, None)], answers="raw") for last in (turns[1][0], "And then?"))
    frames, state = frames_of(tiny, film), FusedWords()
    outcome(frames.embed_words(both, state=state))
    ours = outcome(frames.embed_words(other, state=state))
    assert float((ours - outcome(frames_of(tiny, film).embed_words(other))).abs().max()) < WITHIN


def test_words_that_were_cut_off_midway_leave_nothing_wrong(
    golden: GoldenLlavaMini, tiny: LoadedLlavaMini, film: torch.Tensor
) -> None:
    turns = turns_of(golden, "c_video_turn2_canned")
    first, both = (tiny.words("", part, answers="raw") for part in ([(turns[0][0], None)], turns))
    expected = outcome(frames_of(tiny, film).embed_words(both))
    frames, state = frames_of(tiny, film), FusedWords()
    outcome(frames.embed_words(first, state=state))
    stopped = frames.embed_words(both, known=len(first), state=state)
    next(stopped)
    stopped.close()
    ours = outcome(frames.embed_words(both, known=len(first), state=state))
    assert float((ours - expected[:, len(first) :]).abs().max()) < WITHIN


def test_what_is_kept_is_counted_and_stays_within_its_room(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    every = frames_of(tiny, film)
    outcome(every.rows())
    room = every.nbytes * 3 // 4
    frames, state = frames_of(tiny, film, room=room), FusedWords()
    outcome(frames.embed_words([Word(7, fused=True)] * 5, state=state))
    assert 0 < frames.nbytes < room and frames.nbytes + state.nbytes <= room
    assert every.nbytes == sum(map(key_bytes, every._kept.values()))


def test_words_that_read_no_frames_are_as_they_are(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    words = [Word(7), Word(0), Word(9)]
    assert torch.equal(outcome(frames_of(tiny, film).embed_words(words)), tiny.embed([7, 0, 9]))


@pytest.mark.parametrize("room", [0, 1 << 30])
def test_frames_read_in_parts_of_a_batch_give_the_same(tiny: LoadedLlavaMini, film: torch.Tensor, room: int) -> None:
    whole, words = frames_of(tiny, film, room=room), [Word(7, fused=True)] * 5
    opening = whole._opening.tolist()
    parts = FusedFrames(tiny.network, opening, [film], room=room, at_once=1)
    steps = list(parts.rows())
    assert steps == list(range(1, len(film) + 1)), "others may go on after each"
    for ours, expected in zip(
        (outcome(parts.rows()), outcome(parts.embed_words(words))),
        (outcome(whole.rows()), outcome(whole.embed_words(words))),
        strict=True,
    ):
        assert float((ours - expected).abs().max()) < WITHIN
