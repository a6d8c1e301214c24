"""The KV cache of conversations' own words: of one behind a prefix, and of several that answer at the same moment."""

from collections import Counter

import torch

from llamavid_demo.model.joint_attention import Pair

_ROOM = 64  # tokens: tails have room for a multiple of it


class Tail:
    """Keys and values of what one conversation has added behind a prefix; grows by doubling, is cut anywhere.

    Who knows how long it will be sets `room`, in tokens, and it takes no more.
    """

    def __init__(self, layers: int) -> None:
        self.length = self.room = 0
        self._buffers: list[torch.Tensor | None] = [None] * layers

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Pair:
        """Put keys and values (kv heads, Q, D) behind what is there; give all up to their end (see `advance`)."""
        end = self.length + keys.shape[1]
        buffer = self._buffers[layer]
        if buffer is None or end > buffer.shape[2]:
            doubled = 2 * buffer.shape[2] if buffer is not None and not self.room else 0
            room = rounded(max(end, self.room, doubled))
            larger = keys.new_empty(2, keys.shape[0], room, keys.shape[2])
            if buffer is not None:
                larger[:, :, : self.length] = buffer[:, :, : self.length]
            buffer = self._buffers[layer] = larger
        buffer[0, :, self.length : end], buffer[1, :, self.length : end] = keys, values
        return buffer[0, :, :end], buffer[1, :, :end]

    def advance(self, tokens: int) -> None:
        """So many more tokens are in every layer."""
        self.length += tokens

    def read(self, layer: int) -> torch.Tensor:
        """Keys and values (2, kv heads, tokens, D) of what is there."""
        buffer = self._buffers[layer]
        if buffer is None:
            raise ValueError("This tail holds no token yet.")
        return buffer[:, :, : self.length]

    def cut(self, tokens: int) -> None:
        """Forget all but the first `tokens`; its memory stays."""
        self.length = min(self.length, tokens)

    def clear(self) -> None:
        """Forget everything and give back the memory."""
        self.length = self.room = 0
        self._buffers = [None] * len(self._buffers)

    @property
    def nbytes_by_device(self) -> Counter[torch.device]:
        """Bytes on each device, room included."""
        total: Counter[torch.device] = Counter()
        for buffer in self._buffers:
            if buffer is not None:
                total[buffer.device] += buffer.nbytes
        return total

    @property
    def nbytes(self) -> int:
        """Bytes of all layers, room included."""
        return self.nbytes_by_device.total()


def rounded(tokens: int) -> int:
    """Tokens that a tail has room for when it is to hold so many."""
    return -(-tokens // _ROOM) * _ROOM


class TailBatch:
    """Tails of conversations that answer at the same moment, side by side: one step writes a token to each.

    One buffer (2, rows, kv heads, room, D) a layer; a tail is moved in when it joins and gets all back when it leaves,
    when the last row takes its place. Buffers grow by doubling, unless `reserve` said what to expect.
    """

    def __init__(self, layers: int) -> None:
        self.tails: list[Tail] = []
        self.lengths: list[int] = []
        self._reserved = 0, 0
        self._buffers: list[torch.Tensor | None] = [None] * layers
        self._steps: dict[torch.device, _BatchStep] = {}  # of the token that is being written, where layers compute
        self.later: torch.Tensor | None = None

    def reserve(self, rows: int, tokens: int) -> None:
        """Make buffers for so many rows and tokens when they next grow; they take no more."""
        self._reserved = rows, tokens

    def join(self, tail: Tail) -> None:
        """Take a tail, which holds at least one token, as the last row."""
        row, self._steps = len(self.tails), {}
        for layer in range(len(self._buffers)):
            held = tail.read(layer)
            self._room(layer, held, row + 1, tail.length + 1)[:, row, :, : tail.length] = held
        self.tails.append(tail)
        self.lengths.append(tail.length)
        tail.clear()

    def leave(self, row: int) -> None:
        """Give a row's tokens to its tail and let it go."""
        tail, length = self.tails[row], self.lengths[row]
        for layer, buffer in enumerate(self._buffers):
            if buffer is not None:
                tail.write(layer, *buffer[:, row, :, :length])
        tail.advance(length)
        self.drop(row)

    def drop(self, row: int) -> None:
        """Let a row go; its tail stays empty. The last row takes its place, the last one takes all memory with it."""
        last, self._steps = len(self.tails) - 1, {}
        length = self.lengths[last]
        for buffer in self._buffers:
            if buffer is not None and row != last:
                buffer[:, row, :, :length] = buffer[:, last, :, :length]
        self.tails[row], self.lengths[row] = self.tails[last], self.lengths[last]
        self.tails.pop()
        self.lengths.pop()
        if not self.tails:
            self._buffers = [None] * len(self._buffers)

    def row(self, number: int) -> "Row":
        """A row, to which several tokens are written at once."""
        return Row(self, number)

    @property
    def nbytes(self) -> int:
        """Bytes of all layers, room included."""
        return sum(buffer.nbytes for buffer in self._buffers if buffer is not None)

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Pair:
        """Put one token's keys and values (rows, kv heads, 1, D) behind each row's; give all (rows, kv heads, T, D).

        `later` is then what rows lack of them: (rows, 1, 1, T) on the same device; None: nothing.
        """
        step = self._steps.get(keys.device)
        if step is None:
            step = self._steps[keys.device] = _BatchStep(self.lengths, keys.device)
        self.later = step.later
        rows, longest = step.rows, max(self.lengths) + 1
        buffer = self._room(layer, keys.new_empty(2, *keys.shape[1:]), len(rows), longest)
        buffer[:, rows, :, step.ends] = torch.stack([keys, values])[:, :, :, 0].transpose(0, 1)
        return buffer[0, : len(rows), :, :longest], buffer[1, : len(rows), :, :longest]

    def advance(self) -> None:
        """Every layer has its part of the token."""
        self._steps = {}
        self.lengths = [length + 1 for length in self.lengths]

    def write_row(self, row: int, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Pair:
        """Put keys and values (kv heads, Q, D) behind a row's; give all of the row up to their end."""
        begin, end = self.lengths[row], self.lengths[row] + keys.shape[1]
        both = torch.stack([keys, values])
        buffer = self._room(layer, both, len(self.tails), end)
        buffer[:, row, :, begin:end] = both
        return buffer[0, row, :, :end], buffer[1, row, :, :end]

    def advance_row(self, row: int, tokens: int) -> None:
        """So many more tokens of a row are in every layer."""
        self._steps = {}
        self.lengths[row] += tokens

    def _room(self, layer: int, like: torch.Tensor, rows: int, tokens: int) -> torch.Tensor:
        """A layer's buffer with room for so many rows and tokens; `like` is (2, kv heads, *, D)."""
        buffer = self._buffers[layer]
        if buffer is None or rows > buffer.shape[1] or tokens > buffer.shape[3]:
            had_rows, had_tokens = (buffer.shape[1], buffer.shape[3]) if buffer is not None else (0, 0)
            most_rows, most_tokens = self._reserved if any(self._reserved) else (2 * had_rows, 2 * had_tokens)
            rows = max(rows, had_rows, most_rows if rows > had_rows else 0)
            tokens = rounded(max(tokens, had_tokens, most_tokens if tokens > had_tokens else 0))
            larger = like.new_zeros(2, rows, like.shape[1], tokens, like.shape[3])  # masked, but 0 times NaN is NaN
            if buffer is not None:
                larger[:, :had_rows, :, :had_tokens] = buffer
            buffer = self._buffers[layer] = larger
        return buffer


class Row(Tail):
    """A row of a batch, written as a tail is: several tokens at once."""

    def __init__(self, batch: TailBatch, number: int) -> None:
        super().__init__(0)
        self.length = batch.lengths[number]
        self._batch, self._number = batch, number

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Pair:
        """Put keys and values (kv heads, Q, D) behind what is there; give all up to their end (see `advance`)."""
        return self._batch.write_row(self._number, layer, keys, values)

    def advance(self, tokens: int) -> None:
        """So many more tokens are in every layer."""
        super().advance(tokens)
        self._batch.advance_row(self._number, tokens)


class _BatchStep:
    """Where each row's next token goes and what a row lacks: made once a step and device, not once a layer."""

    def __init__(self, lengths: list[int], device: torch.device) -> None:
        self.rows = torch.arange(len(lengths), device=device)
        self.ends = torch.tensor(lengths, device=device)
        self.later: torch.Tensor | None = None
        if min(lengths) < max(lengths):
            self.later = (torch.arange(max(lengths) + 1, device=device) > self.ends[:, None])[:, None, None]
