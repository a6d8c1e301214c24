"""A LLaMA-VID that is ready to use: frame tokens for a guide question, second looks for others."""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby
from typing import Self

import numpy as np
import torch

from llamavid_demo.film.cues import Cue
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.look_lines import NOTHING, LookLines, LookReader, Shown
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.prompt import conversation_text, cue_text, section_prompt
from llamavid_demo.model.llama_vid.second_look import before_turns, find_frames
from llamavid_demo.model.llama_vid.tokenizer import GuideTokenizer, VidTokenizer
from llamavid_demo.model.llama_vid.unseen_frames import UnseenFrames
from llamavid_demo.model.loaded import NEUTRAL_GUIDE, LoadedModel
from llamavid_demo.model.preprocessor import resized
from llamavid_demo.model.prompt import FRAME, Answers, Exchange, Look, SectionPrompt, Word
from llamavid_demo.model.real_world.eyes import RealWorldEyes
from llamavid_demo.model.real_world.packages import INSTALL
from llamavid_demo.model.section_frames import SectionFrames, WordsState


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedLlamaVid(LoadedModel):
    """A LLaMA-VID with its two tokenizers."""

    network: LlamaVid
    tokenizer: VidTokenizer
    guide_tokenizer: GuideTokenizer
    second_eyes: RealWorldEyes | None = None
    look_reader: LookReader | None = None  # where second looks are lines of words

    @property
    def config(self) -> LlamaVidConfig:
        """Sizes and choices of the network."""
        return self.network.config

    def moved(self, device: str) -> Self:
        """The model on another device; second eyes see there too."""
        if self.second_eyes and self.second_eyes.network:
            self.second_eyes.network.to(device)
        return super().moved(device)

    def without_network(self) -> Self:
        """All but its weights; second eyes that lack their package are told of."""
        blind = self.second_eyes if self.limits else None
        return replace(super().without_network(), second_eyes=blind, look_reader=None)

    @property
    def limits(self) -> str:
        """Whether real pictures can't be seen for want of a package."""
        if self.second_eyes is None or self.second_eyes.network:
            return ""
        return f"It sees drawn pictures only; for real ones: {INSTALL}."

    @property
    def anchor(self) -> torch.Tensor:
        """The text decoder's queries."""
        return self.network.text_decoder.queries

    @torch.inference_mode()
    def patches(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → patches (B, N, C), float16 on the CPU, as they are stored (CLS dropped)."""
        patches = self.network.vision(self._pixels(frames))[:, 1:]
        if self.second_eyes:
            more = self.second_eyes.rows(frames, self.network.drawn(patches).cpu())
            patches = torch.cat([patches, more.to(patches)], dim=1)
        return patches.to("cpu", torch.float16)

    def _pixels(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → normalised pixels (B, 3, S, S) for the vision tower."""
        return resized(self.normalise(frames), self.config.vision.image)

    @torch.inference_mode()
    def frame_tokens(self, patches: torch.Tensor, guide: str) -> torch.Tensor:
        """Stored patches (T, N, C) and the guide question → frame tokens (T, 1+n, H)."""
        return torch.cat([self.context_tokens(patches, guide), self._contents(patches)], dim=1)

    @torch.inference_mode()
    def context_tokens(self, patches: torch.Tensor, question: str) -> torch.Tensor:
        """Stored patches (T, N, C) and a question → context tokens (T, 1, H)."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(question))
        visual, more = self._parts(patches)
        tokens = self.network.context_tokens(visual, visual, ids, mask)
        if self.second_eyes is None:
            return tokens
        asked = "" if question == NEUTRAL_GUIDE else question
        return self._seen(visual, tokens, self.second_eyes.contexts(more, asked))

    @torch.inference_mode()
    def contents(self, patches: torch.Tensor) -> torch.Tensor:
        """Stored patches (T, N, C) → each frame's content tokens, pooled (T, H), on the CPU."""
        return self._contents(patches).mean(dim=1).cpu()

    def _contents(self, patches: torch.Tensor) -> torch.Tensor:
        """Content tokens (T, n, H) of stored patches (T, N, C)."""
        visual, more = self._parts(patches)
        tokens = self.network.content(visual)
        if self.second_eyes is None:
            return tokens
        return self._seen(visual, tokens, self.second_eyes.contents(more).expand_as(tokens))

    @torch.inference_mode()
    def shown(self, patches: torch.Tensor) -> list[Shown]:
        """What stored patches (T, N, C) show, in words, as first or second eyes see it."""
        assert self.look_reader is not None  # noqa: S101 - the checkpoint says so
        visual, more = self._parts(patches)
        drawn = self.network.drawn(visual).nonzero()[:, 0].tolist() if self.second_eyes else list(range(len(patches)))

        def contexts(question: str, frames: list[int]) -> torch.Tensor:
            return self.context_tokens(patches[[drawn[frame] for frame in frames]], question)[:, 0]

        told = self.second_eyes.in_words(more) if self.second_eyes else [NOTHING] * len(patches)
        if drawn:
            read = self.look_reader(self._contents(patches[drawn]).mean(dim=1), contexts)
            for frame, shown in zip(drawn, read, strict=True):
                told[frame] = shown
        return told

    def _parts(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Stored patches (T, N, C) as the tower's own, on the device, and the rows that second eyes saw."""
        own = self.config.vision.patches
        return patches[:, :own].to(self.device, self.dtype), patches[:, own:]

    def _seen(self, visual: torch.Tensor, drawn: torch.Tensor, named: torch.Tensor) -> torch.Tensor:
        """Tokens (T, n, H) of frames as the first eyes make them where the world is drawn, else the second's."""
        return torch.where(self.network.drawn(visual)[:, None, None], drawn, named.to(drawn))

    @torch.inference_mode()
    def scores(self, patches: torch.Tensor, guide: str) -> torch.Tensor:
        """Attention (T, M, N), float32, of a guide question over patches (T, N, C): it makes the context tokens."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(guide))
        visual, _ = self._parts(patches)
        return self.network.context.scores(self.network.text_decoder(visual, ids, mask), visual).float()

    def look_tokens(self, frames: int, questions: int) -> int:
        """Tokens of the second looks of so many `questions`, each at so many frames, at most."""
        if not frames or not self.look_reader:
            return super().look_tokens(frames, questions)
        return LookLines.tokens(frames, questions)

    def cue_text(self, cues: Sequence[Cue], second: float) -> str:
        """What is read behind the frame at a `second`."""
        return cue_text(self.config.prompt, cues, int(second))

    def section_prompt(self, cues: Sequence[str]) -> SectionPrompt:
        """Prompt of a section whose frame t is followed by the text `cues[t]`."""
        return section_prompt(self.tokenizer, self.config.prompt, cues, self.config.tokens_per_frame)

    def words(self, last_cues: str, turns: Sequence[Exchange], *, answers: Answers) -> list[Word]:
        """What follows a section's last frame; nothing of it reads frames, so `answers` changes nothing."""
        del answers
        text = conversation_text(self.tokenizer, self.config.prompt, last_cues, turns)
        return [Word(token) for token in self.tokenizer.encode(text)]

    def section(
        self, prompt: SectionPrompt, guide: str, batches: Sequence[torch.Tensor], *, room: int = 0
    ) -> "GuidedFrames":
        """The frames of a section for a guide question."""
        del room
        each = self.config.tokens_per_frame
        return GuidedFrames(self, guide, batches, prompt.frame_places(each), prompt.text_behind(each))

    def unseen(self, prompt: SectionPrompt) -> UnseenFrames:
        """The frames of a section as zeros."""
        return UnseenFrames(self, prompt.marks)


@dataclass
class GuidedFrames(SectionFrames):
    """Frames whose context tokens a guide question makes, from stored patches in batches (T, N, C).

    Their first tokens stand at `places` in the LLaMA, and what is `said` behind them are ids; `contents` (T, H) are
    their content tokens, pooled.
    """

    model: LoadedLlamaVid
    guide: str
    batches: Sequence[torch.Tensor]
    places: Sequence[int]
    said: Sequence[Sequence[int]] = ()
    contents: torch.Tensor | None = None
    _shown: dict[int, Shown] = field(default_factory=dict)  # of frames that second looks in words were at

    @property
    def lasting(self) -> bool:
        """Whether the guide is nobody's question, so that each looks again."""
        return self.guide == NEUTRAL_GUIDE

    @property
    def nbytes(self) -> int:
        """Bytes of the content tokens."""
        return 0 if self.contents is None else self.contents.nbytes

    def rows(self) -> Generator[int, None, torch.Tensor]:
        """Frame tokens (T·(1+n), H), on the CPU."""
        made, done = [], 0
        for patches in self.batches:
            made.append(self.model.frame_tokens(patches, self.guide).flatten(0, 1).cpu())
            done += len(patches)
            yield done
        return torch.cat(made)

    def embed(self, ids: Sequence[int], rows: torch.Tensor) -> torch.Tensor:
        """Embeddings (1, L, H) of the section prompt, frame tokens at its marks."""
        if self.lasting:
            self.contents = rows.unflatten(0, (-1, self.model.config.tokens_per_frame))[:, 1:].mean(dim=1)
        return self.model.embed(ids, rows)

    def look_again(
        self, words: Sequence[Word], turns: Sequence[Exchange], *, frames: int, visible: int, times: Sequence[float]
    ) -> tuple[list[Word], torch.Tensor | None]:
        """Words with second looks: lines of words, or fresh context tokens of the frames that a question names.

        With the latter the context tokens that were read with the film are not seen.
        """
        if not frames:
            return list(words), None
        seen = self.places[: bisect_left(self.places, visible)]
        if reader := self.model.look_reader:
            lines = self._lines(reader, times[: len(seen)], frames)
            return before_turns(words, lines.before(turns), eos=self.model.tokenizer.eos), None
        looks = [self._look(question, seen, frames) for question, _ in turns]
        stale = torch.zeros(visible, dtype=torch.bool, device=self.model.device)
        stale[list(seen)] = True
        return before_turns(words, looks, eos=self.model.tokenizer.eos), stale

    def overview(self, *, frames: int, times: Sequence[float]) -> list[Word]:
        """Lines that say what each shot shows, where second looks are words."""
        reader = self.model.look_reader
        return self._lines(reader, times, frames).overview() if reader and frames else []

    @torch.inference_mode()
    def _look(self, question: str, places: Sequence[int], most: int) -> list[Word]:
        """A question's context tokens of at most so many of the frames at `places`."""
        named = self._named(question)
        found = find_frames(self._contents(len(places)).to(named), named, most=most)
        return [Word(FRAME, look=Look(question, frame, places[frame])) for frame in found]

    def _lines(self, reader: LookReader, times: Sequence[float], most: int) -> LookLines:
        """Second looks in words at the frames at `times`."""

        def shown(frames: Sequence[int]) -> list[Shown]:
            return self.model.shown(self._frames(frames))

        said, contents = self.said[: len(times) - 1], self._contents(len(times))
        return LookLines(
            self.model.tokenizer, times, contents, shown, self._named, said, reader.find_lines, most, self._shown
        )

    def _named(self, question: str) -> torch.Tensor:
        """Embeddings (W, H) of a question's words."""
        return self.model.embed(self.model.tokenizer.encode(question.strip()))[0]

    def _contents(self, frames: int) -> torch.Tensor:
        """Content tokens (T, H), pooled, of so many of the first frames."""
        if self.contents is None:  # the prefix was offloaded meanwhile
            self.contents = torch.cat([self.model.contents(patches) for patches in self.batches])
        return self.contents[:frames]

    @torch.inference_mode()
    def embed_words(
        self, words: Sequence[Word], *, known: int = 0, state: WordsState | None = None
    ) -> Generator[int, None, torch.Tensor]:
        """Embeddings (1, W - known, H) of words and second looks; yields frames that were looked at."""
        del state
        new, fresh, done = words[known:], [], 0
        looked = (word.look for word in new if word.look and word.fresh)
        for question, looks in groupby(looked, key=lambda look: look.question):
            patches = self._frames([look.frame for look in looks])
            fresh.append(self.model.context_tokens(patches, question))
            done += len(patches)
            yield done
        return self.model.embed([word.id for word in new], torch.cat(fresh) if fresh else None)

    def _frames(self, numbers: Sequence[int]) -> torch.Tensor:
        """Patches (K, N, C) of some frames."""
        begins = [0, *accumulate(map(len, self.batches))]
        where = [(bisect_right(begins, number) - 1, number) for number in numbers]
        return torch.stack([self.batches[batch][number - begins[batch]] for batch, number in where])
