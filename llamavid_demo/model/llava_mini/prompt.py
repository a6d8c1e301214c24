"""The prompt of LLaVA-Mini: the chat template, with a film's frames and cues where its image mark stands.

The original knows no subtitles. Here a cue follows its frame, as LLaMA-VID has it; cues are not fused, so that what
pre-fusion reads of a film does not grow with what is said in it. Without cues the prompt is the original's.
"""

from collections.abc import Sequence

from llamavid_demo.model.llava_mini.sequence import IMAGE
from llamavid_demo.model.llava_mini.tokenizer import SYSTEM, ChatTokenizer, Message
from llamavid_demo.model.prompt import FRAME, Answers, Exchange, SectionPrompt, Word

_A_FILM = Message("user", "", images=1)


def section_prompt(
    tokenizer: ChatTokenizer, cues: Sequence[str], tokens_per_frame: int, *, system: str = SYSTEM
) -> SectionPrompt:
    """Prompt of a section whose frame t is followed by the text `cues[t]` (may be empty)."""
    ids = tokenizer.encode_chat([_A_FILM], system=system)
    ids = ids[: ids.index(IMAGE)]
    for text in cues[:-1]:
        ids += [FRAME] * tokens_per_frame
        ids += tokenizer.encode(text) if text else []
    ids += [FRAME] * tokens_per_frame if cues else []
    return SectionPrompt(tuple(ids), tokenizer.plain(cues[-1]) if cues else "")


def conversation_words(
    tokenizer: ChatTokenizer,
    last_cues: str,
    turns: Sequence[Exchange],
    *,
    answers: Answers,
    system: str = SYSTEM,
) -> list[Word]:
    """What follows the last frame: its cues, then questions with their answers; an open one has None.

    Fused is what the original fuses: all but cues, token 0 and, when `answers` are raw, these with their end of turn.
    """
    ids = tokenizer.encode_chat(_messages(turns, images=1), system=system)
    begin = ids.index(IMAGE) + 1
    raw = tokenizer.answers(ids).tolist() if answers == "raw" else [False] * len(ids)
    spoken = [Word(token, fused=token > 0 and not out) for token, out in zip(ids, raw, strict=True)]
    return [*(Word(token) for token in tokenizer.encode(last_cues)), *spoken[begin:]]


def text_ids(tokenizer: ChatTokenizer, turns: Sequence[Exchange], *, system: str = SYSTEM) -> list[int]:
    """Ids of a conversation without pictures."""
    return tokenizer.encode_chat(_messages(turns, images=0), system=system)


def _messages(turns: Sequence[Exchange], *, images: int) -> list[Message]:
    """Questions and answers; so many pictures or films stand before the first question."""
    messages: list[Message] = []
    for question, answer in turns:
        messages.append(Message("user", question, images=0 if messages else images))
        if answer is not None:
            messages.append(Message("assistant", answer))
    return messages
