"""Questions without any film: the LLaMA alone answers."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import torch

from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.decoding import Sampling, fill, read
from llamavid_demo.chat.encoded_section import check_length
from llamavid_demo.chat.history import first_turn_read
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.scheduler import scheduler_of
from llamavid_demo.chat.task import Steps, Stopped
from llamavid_demo.chat.turn import Told, Turn, TurnStats
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.prompt import Exchange
from llamavid_demo.model.tail import Tail
from llamavid_demo.options import Options
from llamavid_demo.report import Figures, Report
from llamavid_demo.settings import Settings


def ask_text(
    model: LoadedModel, question: str, options: Options, settings: Settings, *, history: Sequence[Turn] = ()
) -> Turn:
    """A turn behind others that reads no frames and has no evidence; nothing of it is kept for the next one.

    Raises `QuestionError`; iterating raises `TooLongError`.
    """
    sampling = Sampling(max_new_tokens=settings.max_new_tokens).but(options)
    options = options if model.general else replace(options, style="any")
    question = settings.checked_question(question)
    turn = Turn(question, lambda turn: _write(model, turn, history, sampling), options=options)
    turn.used = replace(options, **asdict(sampling))
    return turn


def text_report(model: LoadedModel, turn: Turn) -> dict[str, Any]:
    """A turn as plain data, a `Report` about nothing."""
    return Report(
        answer=turn.text, evidence=[], stats=Figures.model_validate(turn.stats) if turn.stats else None,
        finished=turn.finished, model=model.name, section=(0.0, 0.0), until=None,
    ).model_dump(mode="json")  # fmt: skip


def _write(model: LoadedModel, turn: Turn, history: Sequence[Turn], sampling: Sampling) -> Iterator[Told]:
    asked: list[Exchange] = [*((past.asked, past.text) for past in history), (turn.asked, None)]
    room = model.config.max_tokens - sampling.max_new_tokens
    dropped = first_turn_read(asked, lambda turns: len(model.text_ids(turns)), room)
    ids = model.text_ids(asked[dropped:])
    check_length(model, len(ids) + sampling.max_new_tokens)
    first = None
    answer = Answer(
        partial(_steps, model, ids), sampling, tokens=1 + sampling.max_new_tokens, section=len(ids), read=lambda: ids
    )
    turn.answered_by(answer)
    scheduler_of(model).submit(answer)
    try:
        with closing(answer.heard(turn.every)) as heard:
            for told in heard:
                if answer.ids:
                    first = first or time.perf_counter()
                progress = (what for what in told if isinstance(what, Progress))
                yield [*progress, *turn.grow(model.tokenizer.decode(list(answer.ids)))]
        turn.finished = "length" if len(answer.ids) == sampling.max_new_tokens else "end"
    except Stopped:
        turn.finished = "stopped"
    yield turn.grow(model.tokenizer.decode(list(answer.ids)), last=True)
    now = time.perf_counter()
    first = first or now
    turn.stats = TurnStats(
        frames=0, prompt_tokens=len(ids), reused_tokens=0, new_tokens=len(answer.ids), ttft_s=first - turn.asked_at,
        tokens_per_s=max(0, len(answer.ids) - 1) / (now - first) if now > first else 0.0, section_tokens=0,
        memory_bytes=0, dropped_turns=dropped,
    )  # fmt: skip


def _steps(model: LoadedModel, ids: Sequence[int]) -> Steps[tuple[TailReading, torch.Tensor]]:
    """Read a prompt's ids, all but the last into a prefix; where the answer is written, and the first logits (V,)."""
    layers, before = model.config.llama.num_hidden_layers, len(ids) - 1
    prefix, embeds = Prefix(layers, before), model.embed(ids)
    for _ in fill(model, prefix, embeds[:, :before]):
        yield before
    reading = TailReading(prefix, Tail(layers), before)
    logits = yield from read(model, reading, embeds[:, before:])
    return reading, logits
