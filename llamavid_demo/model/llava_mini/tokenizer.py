"""LLaMA 3.1's tokenizer and chat template, as the checkpoint brings them, with the original's image marks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import PreTrainedTokenizerFast

from llamavid_demo.errors import ModelError
from llamavid_demo.model.llava_mini.sequence import IMAGE
from llamavid_demo.model.prompt import without

SYSTEM = (
    "You are a helpful language and vision assistant. You are able to understand the visual content that the user "
    "provides, and assist the user with a variety of tasks using natural language."
)
IMAGE_WORD = "<image>"
_ANSWER_HEADER = "<|start_header_id|>assistant<|end_header_id|>\n\n"


@dataclass(frozen=True)
class Message:
    """What one side says; `images` pictures or films stand before a question."""

    role: Literal["user", "assistant"]
    text: str
    images: int = 0


class ChatTokenizer:
    """Conversations to ids and back; the folder has `tokenizer.json`, `tokenizer_config.json` and the template."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "tokenizer.json").is_file():
            raise ModelError(f"{folder} has no tokenizer.json: it belongs to every LLaVA-Mini release.")
        try:
            self.pieces: Any = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # whatever a reader trips over, it is the file that is no good
            raise ModelError(f"{folder} has no usable tokenizer ({error}): copy tokenizer.json again.") from error
        if not self.pieces.chat_template:
            raise ModelError(f"{folder} has no chat template: it stands in tokenizer_config.json.")
        control = sorted(self.pieces.added_tokens_encoder, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, [IMAGE_WORD, *control])))
        self.bos, self.eos = self.pieces.bos_token_id, self.pieces.eos_token_id

    def __len__(self) -> int:
        return len(self.pieces)

    def plain(self, text: str) -> str:
        """A person's text without control words."""
        return without(self._control, text)

    def prompt(self, messages: Sequence[Message], *, system: str = SYSTEM) -> str:
        """A conversation in the chat template. After a question the answer's header follows."""
        chat = [{"role": "system", "content": system}] if system else []
        for message in messages:
            content = f"{IMAGE_WORD}\n" * message.images + self.plain(message.text)
            chat.append({"role": message.role, "content": content})
        open_turn = bool(messages) and messages[-1].role == "user"
        return self.pieces.apply_chat_template(chat, tokenize=False, add_generation_prompt=open_turn)

    def encode_prompt(self, prompt: str, *, second_bos: bool = True) -> list[int]:
        """Ids of a prompt in the chat template, image words as `IMAGE` marks.

        The original tokenizes a prompt that begins with BOS and puts another before it, except in training.
        """
        first, *rest = (self.pieces(part, add_special_tokens=False).input_ids for part in prompt.split(IMAGE_WORD))
        ids = [self.bos, *first] if second_bos else first
        for part in rest:
            ids = [*ids, IMAGE, *part]
        return ids

    def encode_chat(self, messages: Sequence[Message], *, system: str = SYSTEM, second_bos: bool = True) -> list[int]:
        """Ids of a conversation. See `prompt` and `encode_prompt`."""
        return self.encode_prompt(self.prompt(messages, system=system), second_bos=second_bos)

    def encode(self, text: str) -> list[int]:
        """Ids of a text that is no message, such as a subtitle; control words are taken out."""
        ids: list[int] = self.pieces(self.plain(text), add_special_tokens=False).input_ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Text of generated ids, special tokens and outer white space left out."""
        return self.pieces.decode(list(ids), skip_special_tokens=True).strip()

    def answers(self, ids: Sequence[int]) -> torch.Tensor:
        """Which ids are an answer's, its end of turn included, bool (L,): what training learns and leaves unfused."""
        header = self.pieces(_ANSWER_HEADER, add_special_tokens=False).input_ids
        slots = torch.zeros(len(ids), dtype=torch.bool)
        for begin in range(len(header), len(ids)):
            if list(ids[begin - len(header) : begin]) == header and self.eos in ids[begin:]:
                end = begin + list(ids[begin:]).index(self.eos) + 1
                slots[begin:end] = self.pieces.convert_tokens_to_ids("<|start_header_id|>") not in ids[begin:end]
        return slots
