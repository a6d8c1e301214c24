"""LLaMA-VID's prompt: fixed texts, frames and cues in the order in which the LLaMA reads them, vicuna's format."""

import re
from collections.abc import Sequence

from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.prompt import FRAME, SectionPrompt

STOP = "</s>"
_CONTROL = re.compile(r"</?s>|<unk>|<image>")


def plain(text: str) -> str:
    """A person's or a subtitle's text without the tokenizer's control words."""
    return _CONTROL.sub("", text)


def section_prompt(
    tokenizer: LlamaTokenizer, texts: PromptFormat, cues: Sequence[str], tokens_per_frame: int
) -> SectionPrompt:
    """Prompt of a section whose frame t is followed by the text `cues[t]` (may be empty)."""
    opening = f"{texts.system} USER: {texts.opening}".lstrip()
    ids = [tokenizer.bos, *tokenizer.encode(opening)]
    for text in cues[:-1]:
        ids += [FRAME] * tokens_per_frame
        ids += tokenizer.encode(plain(text)) if text else []
    ids += [FRAME] * tokens_per_frame if cues else []
    return SectionPrompt(tuple(ids), plain(cues[-1]) if cues else "")


def conversation_text(texts: PromptFormat, last_cues: str, turns: Sequence[tuple[str, str | None]]) -> str:
    """What follows the last frame: closing sentence, then questions with their answers; an open one has None.

    The vicuna v1 format of the original: `question ASSISTANT: answer</s>USER: question ASSISTANT:`.
    """
    parts = []
    for question, answer in turns:
        parts.append(f"{plain(question)} ASSISTANT:" + ("" if answer is None else f" {plain(answer)}{STOP}"))
    return last_cues + texts.closing + "USER: ".join(parts)
