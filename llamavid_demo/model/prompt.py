"""The section prompt: fixed texts, frames and cues in the order in which the LLaMA reads them.

A prompt is a list of pieces, text or frame, never one string: a subtitle that says "<image>" stays text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llamavid_demo.model.config import PromptFormat
from llamavid_demo.model.tokenizer import LlamaTokenizer

STOP = "</s>"
FRAME = -200  # the original's id of an image mark
_CONTROL = re.compile(r"</?s>|<unk>|<image>")


@dataclass(frozen=True)
class SectionPrompt:
    """A section as token ids, up to its last frame.

    `ids` has BOS, text and, for each token of each frame, the mark `FRAME`; `last_cues` is the text behind the last
    frame, which is tokenized together with what follows it.
    """

    ids: tuple[int, ...]
    last_cues: str

    @property
    def marks(self) -> int:
        """Positions that frame tokens take."""
        return self.ids.count(FRAME)

    def tokens_until(self, mark: int) -> int:
        """Tokens up to the `mark`-th frame token, counted from 1, and with it."""
        return [i for i, token in enumerate(self.ids) if token == FRAME][mark - 1] + 1


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
