"""A section in the hands of LLaVA-Mini: its frames read once, each conversation's words fused with all of them.

Causal order makes three things last: what is visual of a frame never depends on words, the opening of the prompt only
on frames, and a word only on the words before it. So a turn fuses its own words, behind the keys and values of the
frames (shared by all conversations) and of the conversation's earlier words. Beyond the room for them frames are read
again, batch by batch.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from weakref import WeakSet

import torch

from llamavid_demo.model.joint_attention import SCORE_BYTES, SCORES
from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.model.llava_mini.prefusion import Keys
from llamavid_demo.model.llava_mini.sequence import fused_slots
from llamavid_demo.model.prompt import FRAME, Word, common_prefix
from llamavid_demo.model.section_frames import SectionFrames, WordsState


@dataclass(eq=False)
class FusedWords(WordsState):
    """The fused words of a conversation so far, and what pre-fusion keeps of them for some batches of frames."""

    ids: list[int] = field(default_factory=list)
    keys: dict[int, Keys] = field(default_factory=dict)  # by batch, behind the frames' own

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values."""
        return sum(key_bytes(keys) for keys in self.keys.values())

    def cut(self, length: int) -> None:
        """Keep the first words only."""
        self.ids = self.ids[:length]
        self.keys = {
            number: tuple((key[:, :, :length], value[:, :, :length]) for key, value in keys)
            for number, keys in self.keys.items()
        }


class FusedFrames(SectionFrames):
    """Frames of which patches come in `batches` (T, P, N, d), behind the ids that open the prompt; `room` in bytes.

    Words read a batch side by side; what is visual has far more rows, and of that so many frames are read `at_once`.
    """

    def __init__(
        self,
        network: LlavaMini,
        opening: Sequence[int],
        batches: Sequence[torch.Tensor],
        *,
        room: int,
        at_once: int = 32,
    ) -> None:
        self.network, self.batches, self.room, self.at_once = network, batches, room, at_once
        ids = torch.tensor(opening, device=network.compressor.query.device)
        self._opening = ids[fused_slots(ids)]
        self._kept: dict[int, Keys] = {}  # of frames and opening, by batch
        self._nbytes = 0
        self._conversations: WeakSet[FusedWords] = WeakSet()

    @property
    def lasting(self) -> bool:
        """Words read them."""
        return True

    @property
    def nbytes(self) -> int:
        """Bytes of the keys and values of frames."""
        return self._nbytes

    @torch.inference_mode()
    def rows(self) -> Generator[int, None, torch.Tensor]:
        """The opening's fused words and then the frames' compressed tokens (T·C, H), on the CPU."""
        opening, compressed, done = torch.zeros(()), [], 0
        for number in range(len(self.batches)):
            tokens, words, _ = yield from self._read(number, done)
            opening = opening + words.float().sum(dim=0).cpu()
            compressed.append(tokens.flatten(0, 1).cpu())
            done += len(tokens)
        return torch.cat([(opening / done).to(compressed[0]), *compressed])

    @torch.inference_mode()
    def embed(self, ids: Sequence[int], rows: torch.Tensor) -> torch.Tensor:
        """Embeddings (1, L, H) of the section prompt: fused opening, frames' tokens at the marks, cues as they are."""
        row = torch.tensor(ids, device=self._opening.device)
        taken = row == FRAME
        begin = ids.index(FRAME)
        taken[:begin] = fused_slots(row[:begin])
        embeds = self.network.llama.get_input_embeddings()(row.clamp(min=0))
        embeds[taken] = rows.to(embeds)
        return embeds[None]

    @torch.inference_mode()
    def embed_words(
        self, words: Sequence[Word], *, known: int = 0, state: WordsState | None = None
    ) -> Generator[int, None, torch.Tensor]:
        """Embeddings (1, W - known, H) of words; those to fuse have read all frames, and the mean over them is taken.

        Yields frames done so far.
        """
        state = state if isinstance(state, FusedWords) else FusedWords()
        self._conversations.add(state)
        table = self.network.llama.get_input_embeddings()
        every = torch.tensor([word.id for word in words], device=self._opening.device)
        slots = torch.tensor([word.fused for word in words], device=every.device)
        text, before = every[slots], int(slots[:known].sum())
        state.cut(min(common_prefix(state.ids, text.tolist()), before))
        past, embeds = len(state.ids), table(every[known:])
        if before == len(text):  # nothing new reads frames
            return embeds[None]
        rows, total, done = table(text), torch.zeros(()), 0
        for number, patches in enumerate(self.batches):
            frames = self._kept[number] if number in self._kept else (yield from self._read(number, done))[2]
            total = total + self._fuse(number, frames, rows, past, state)[before - past :]
            done += len(patches)
            yield done
        state.ids = text.tolist()
        embeds[slots[known:]] = (total / done).to(embeds)
        return embeds[None]

    def _fuse(self, number: int, frames: Keys, text: torch.Tensor, past: int, state: FusedWords) -> torch.Tensor:
        """Let the words (k, H) from number `past` on read a batch of frames by their keys.

        Gives the sum over its frames (k - past, H), float32. As many words are read at once as have room.
        """
        own = state.keys.pop(number, None)
        begin, count = past if own else 0, len(self.batches[number])
        sums = []
        for words in text[begin:].split(self._words_at_once(count, frames[0][0].shape[2] + len(text))):
            rows, new = self.network.prefusion(words.expand(count, -1, -1), *((frames, own) if own else (frames,)))
            own = _joined(own, new) if own else new
            sums.append(rows.float().sum(dim=0))
        if own and number in self._kept and self._used() + key_bytes(own) <= self.room:
            state.keys[number] = own
        return torch.cat(sums)[past - begin :]

    def _words_at_once(self, frames: int, seen: int) -> int:
        """How many words so many frames side by side may read at once, each with `seen` rows before it at most."""
        llama, size = self.network.config.llama, self.network.compressor.query.element_size()
        wide = (8 * llama.hidden_size + 3 * llama.intermediate_size) * size
        return max(1, SCORES // (frames * (llama.num_attention_heads * seen * SCORE_BYTES + wide)))

    def _read(self, number: int, done: int) -> Generator[int, None, tuple[torch.Tensor, torch.Tensor, Keys]]:
        """Read a batch of frames and the opening: compressed tokens (T, C, H), fused opening (T, k, H), their keys.

        Yields frames done, with those `done` before.
        """
        like, size = self.network.compressor.query, self.network.config.tokens_per_frame
        opening = self.network.llama.get_input_embeddings()(self._opening)
        read, kept = [], []
        for patches in self.batches[number].split(self.at_once):
            visual = self.network.visual_rows(patches.to(like.device, like.dtype))
            text = opening.expand(len(visual), -1, -1)
            rows, keys = self.network.prefusion(torch.cat([visual, text], dim=1), wanted=size + len(opening))
            read.append(rows)
            kept.append(keys)
            done += len(patches)
            yield done
        keys = side_by_side(kept)
        if number not in self._kept and self._used() + key_bytes(keys) <= self.room:
            self._kept[number] = keys
            self._nbytes += key_bytes(keys)
        return *torch.cat(read).split([size, len(opening)], dim=1), keys

    def _used(self) -> int:
        return self._nbytes + sum(state.nbytes for state in self._conversations)


class DarkFrames(FusedFrames):
    """So many frames with one and the same picture, of which `patches` (1, P, N, d) come: it is read once for all."""

    def __init__(self, network: LlavaMini, opening: Sequence[int], patches: torch.Tensor, *, count: int) -> None:
        super().__init__(network, opening, [patches], room=0)
        self.count = count

    def rows(self) -> Generator[int, None, torch.Tensor]:
        """The opening's fused words and then every frame's compressed tokens (T·C, H)."""
        rows = yield from super().rows()
        size = self.network.config.tokens_per_frame
        return torch.cat([rows[:-size], rows[-size:].repeat(self.count, 1)])


def key_bytes(keys: Keys) -> int:
    """Bytes of keys and values of all layers."""
    return sum(part.nbytes for pair in keys for part in pair)


def side_by_side(parts: Sequence[Keys]) -> Keys:
    """Keys and values of several frames' parts as those of all of them."""
    if len(parts) == 1:
        return parts[0]
    return tuple(
        (torch.cat([key for key, _ in pairs]), torch.cat([value for _, value in pairs]))
        for pairs in zip(*parts, strict=True)
    )


def _joined(first: Keys, second: Keys) -> Keys:
    return tuple(
        (torch.cat([key, later_key], dim=2), torch.cat([value, later_value], dim=2))
        for (key, value), (later_key, later_value) in zip(first, second, strict=True)
    )
