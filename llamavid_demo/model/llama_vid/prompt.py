"""LLaMA-VID's prompt: fixed texts, frames and cues in the order in which the LLaMA reads them."""

from collections.abc import Sequence

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.sections import clock
from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.model.llama_vid.tokenizer import VidTokenizer
from llamavid_demo.model.prompt import FRAME, Exchange, SectionPrompt, one_line

TELL_TIME = 10  # seconds


def cue_text(texts: PromptFormat, cues: Sequence[Cue], second: int) -> str:
    """What is read behind the frame at a `second`: its cues, and with a `clock` their times."""
    if not texts.clock:
        return one_line(cues)
    lines = [f"\n{clock(cue.start)} {one_line([cue])}" for cue in cues]
    if (second + 1) % TELL_TIME == 0:
        lines.append(f"\n{clock(second + 1)}")
    return "".join(lines)


def section_prompt(
    tokenizer: VidTokenizer, texts: PromptFormat, cues: Sequence[str], tokens_per_frame: int
) -> SectionPrompt:
    """Prompt of a section whose frame t is followed by the text `cues[t]` (may be empty)."""
    ids = (
        [tokenizer.bos, *tokenizer.encode(texts.opening)]
        if tokenizer.bos is not None
        else tokenizer.encode(texts.opening)
    )
    for text in cues[:-1]:
        ids += [FRAME] * tokens_per_frame
        ids += tokenizer.encode(tokenizer.plain(text)) if text else []
    ids += [FRAME] * tokens_per_frame if cues else []
    return SectionPrompt(tuple(ids), tokenizer.plain(cues[-1]) if cues else "")


def conversation_text(tokenizer: VidTokenizer, texts: PromptFormat, last_cues: str, turns: Sequence[Exchange]) -> str:
    """What follows the last frame: closing sentence, then questions with their answers; an open one has None."""
    parts = []
    for question, answer in turns:
        said = "" if answer is None else f"{texts.gap}{tokenizer.plain(answer)}{texts.stop}"
        parts.append(f"{tokenizer.plain(question)}{texts.assistant}{said}")
    return last_cues + texts.closing + texts.user.join(parts)
