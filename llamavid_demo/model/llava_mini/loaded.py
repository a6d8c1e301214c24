"""A LLaVA-Mini that is ready to use: one compressed token a frame, words that read the frames before the LLaMA."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.llava_mini.fused_frames import DarkFrames, FusedFrames, FusedWords
from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.model.llava_mini.pictures import picture_parts, square_frames
from llamavid_demo.model.llava_mini.prefusion import Watch
from llamavid_demo.model.llava_mini.prompt import conversation_words, section_prompt, text_ids
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import FRAME, Answers, Exchange, SectionPrompt, Word

ROWS_AT_ONCE = 1024  # of pre-fusion, on a CPU: no more than its caches hold
PACKED_ROWS_AT_ONCE = 4096  # of quantized layers there, whose weights are unpacked each time


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedLlavaMini(LoadedModel):
    """A LLaVA-Mini; `picture_format` says how a picture, or a part of one, is brought to the tower's size."""

    network: LlavaMini
    tokenizer: ChatTokenizer
    picture_format: FrameFormat

    @property
    def config(self) -> LlavaMiniConfig:
        """Sizes and choices of the network."""
        return self.network.config

    @property
    def anchor(self) -> torch.Tensor:
        """The compressor's queries."""
        return self.network.compressor.query

    @property
    def frames_at_once(self) -> int:
        """Frames that words are best fused with side by side."""
        return 16 if self.device.type == "cpu" else 32

    def picture_pixels(self, rgb: np.ndarray, *, crops: int | None = None) -> torch.Tensor:
        """One picture (H, W, 3) uint8 → pixels (1, P, 3, S, S); `crops`, or the config, says into how many parts."""
        crops = self.config.resolution_ratio if crops is None else crops
        return self.normalise(picture_parts(rgb, self.picture_format, crops=crops))[None]

    def frame_pixels(self, frames: np.ndarray, *, crops: int | None = None) -> torch.Tensor:
        """Frames of a video (T, H, W, 3) uint8 → pixels (T, P, 3, S, S): bent to squares first, unlike a picture."""
        squares = square_frames(frames, self.config.clip.image)
        return torch.cat([self.picture_pixels(square, crops=crops) for square in squares])

    @torch.inference_mode()
    def patches(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → patches (B, P, N, d), float16 on the CPU, as they are stored."""
        return self.network.patches(self.frame_pixels(frames)).to("cpu", torch.float16)

    @torch.inference_mode()
    def picture_patches(self, rgb: np.ndarray) -> torch.Tensor:
        """One picture (H, W, 3) uint8 → patches (1, P, N, d): its middle, not bent to a square as frames are."""
        return self.network.patches(self.picture_pixels(rgb)).to("cpu", torch.float16)

    @torch.inference_mode()
    def scores(self, patches: torch.Tensor, guide: str) -> torch.Tensor:
        """Attention (T, 1, N), float32, of a question's words in pre-fusion over patches (T, P, N, d); rows sum to one.

        A patch counts with the word that looks at it most, in the first layer, where words look things up.
        """
        network, table = self.network, self.llama.get_input_embeddings()
        words = self.words("", [(guide, None)], answers="raw")
        text = table(torch.tensor([word.id for word in words if word.fused], device=self.device))
        visual = network.visual_rows(patches.to(self.device, self.dtype))
        watched: Watch = []
        _, keys = network.prefusion(visual)
        network.prefusion(text.expand(len(visual), -1, -1), keys, watch=watched)
        whole = slice(visual.shape[1] - self.config.tokens_per_frame - patches.shape[2], -self.config.tokens_per_frame)
        most = watched[0][..., whole].float().mean(dim=1).amax(dim=1, keepdim=True)
        return most / most.sum(dim=-1, keepdim=True)

    def section_prompt(self, cues: Sequence[str]) -> SectionPrompt:
        """Prompt of a section whose frame t is followed by the text `cues[t]`."""
        return section_prompt(self.tokenizer, cues, self.config.tokens_per_frame, system=self.config.system)

    def words(self, last_cues: str, turns: Sequence[Exchange], *, answers: Answers) -> list[Word]:
        """What follows a section's last frame: its cues, then questions with answers, "fused" or "raw"."""
        return conversation_words(self.tokenizer, last_cues, turns, answers=answers, system=self.config.system)

    def text_ids(self, turns: Sequence[Exchange]) -> list[int]:
        """Ids of a conversation without any film: no word of it is fused."""
        return text_ids(self.tokenizer, turns, system=self.config.system)

    def section(
        self, prompt: SectionPrompt, guide: str, batches: Sequence[torch.Tensor], *, room: int = 0
    ) -> FusedFrames:
        """The frames of a section, whose keys and values in pre-fusion may take `room` bytes."""
        del guide
        opening = prompt.ids[: prompt.ids.index(FRAME)]
        rows = PACKED_ROWS_AT_ONCE if self.quantization else ROWS_AT_ONCE
        at_once = max(1, rows // self.config.fused_rows) if self.device.type == "cpu" else self.frames_at_once
        return FusedFrames(self.network, opening, batches, room=room, at_once=at_once)

    @torch.inference_mode()
    def unseen(self, prompt: SectionPrompt) -> DarkFrames:
        """The frames of a section as black pictures: words have to read some frame."""
        size = self.frame_format
        black = self.patches(np.zeros((1, size.height, size.width, 3), dtype=np.uint8))
        opening = prompt.ids[: prompt.ids.index(FRAME)]
        return DarkFrames(self.network, opening, black, count=prompt.marks // self.config.tokens_per_frame)

    def new_words(self) -> FusedWords:
        """A new conversation's memory of what pre-fusion read."""
        return FusedWords()
