"""One pass over a few conversations: frame tokens, the LLaMA, and the loss on the answers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from llamavid_demo.model.prompt import FRAME
from llamavid_demo.training.real.lessons import Lesson
from llamavid_demo.training.real.media import FRAMES_AT_ONCE
from llamavid_demo.training.real.student import Student
from llamavid_demo.training.sequences import IGNORED


def lesson_losses(student: Student, lessons: Sequence[Lesson], rows: Sequence[torch.Tensor | None]) -> torch.Tensor:
    """Each lesson's mean loss (B,) over its answers' tokens, given what the tower saw (T, 1+N, C); 0 for none."""
    device, llama = student.placement.device, student.network.llama
    model: Any = llama.model
    with torch.autocast(device.type, torch.bfloat16, enabled=student.placement.dtype == torch.bfloat16):
        embedded = [_embed(student, lesson, seen) for lesson, seen in zip(lessons, rows, strict=True)]
        inputs = nn.utils.rnn.pad_sequence(embedded, batch_first=True)  # (B, L, H); what is behind is not seen
        hidden = model(inputs_embeds=inputs, use_cache=False).last_hidden_state
        losses = []
        for row, lesson in enumerate(lessons):
            labels = torch.tensor(lesson.labels[1:], device=device)
            taught = (labels != IGNORED).nonzero()[:, 0]
            logits = llama.lm_head(hidden[row, taught]).float()  # of these alone: (L, V) takes gigabytes
            total = nn.functional.cross_entropy(logits, labels[taught], reduction="sum")
            losses.append(total / max(1, len(taught)))
    return torch.stack(losses)


def _embed(student: Student, lesson: Lesson, seen: torch.Tensor | None) -> torch.Tensor:
    """Embeddings (L, H) of a lesson, frame tokens at its marks."""
    ids = torch.tensor(lesson.ids, device=student.placement.device)
    marks = ids == FRAME
    embedded = student.network.llama.get_input_embeddings()(ids.masked_fill(marks, 0))
    if seen is None or not lesson.marks:
        return embedded
    tokens = torch.cat([_frame_tokens(student, seen, guide) for guide in lesson.guides])
    return embedded.masked_scatter(marks[:, None], tokens[: lesson.marks].to(embedded.dtype))


def _frame_tokens(student: Student, seen: torch.Tensor, guide: str) -> torch.Tensor:
    """Frame tokens (T·(1+n), H) for a guide, frame by frame; what lies between is computed again for the gradients."""
    question, mask = (tensor.to(seen.device) for tensor in student.guide_tokenizer(guide))
    made = []
    for rows in seen.split(FRAMES_AT_ONCE):
        made.append(checkpoint(_tokens, student, rows, question, mask, use_reentrant=False))
    return torch.cat(made).flatten(0, 1)


def _tokens(student: Student, rows: torch.Tensor, question: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    patches = student.network.config.vision.patches
    return student.network.frame_tokens(rows[:, -patches:], question, mask, visual=rows)
