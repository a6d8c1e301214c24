"""Keys and values that the LLaMA leaves behind: of a section, shared by everybody, and of one conversation's own words.

Hugging Face's caches copy everything that was read at each token; on a film's prompt that is most of the time.
"""

import torch

Pair = tuple[torch.Tensor, torch.Tensor]  # keys and values (kv heads, tokens, D)

_ROOM = 256  # tokens that a tail has room for in the beginning


class Prefix:
    """Keys and values of a section prompt, filled from the front in chunks and then only read.

    One buffer (2, kv heads, tokens, D) a layer, allocated once at its full length where the layer computes.
    """

    def __init__(self, layers: int, tokens: int) -> None:
        self.tokens, self.filled = tokens, 0
        self._buffers: list[torch.Tensor | None] = [None] * layers

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Pair:
        """Put a chunk's keys and values (kv heads, Q, D) behind what is filled; give all up to its end.

        `filled` moves on when every layer has its part: `advance` does that.
        """
        buffer = self._buffers[layer]
        if buffer is None:
            buffer = keys.new_empty(2, keys.shape[0], self.tokens, keys.shape[2])
            self._buffers[layer] = buffer
        end = self.filled + keys.shape[1]
        buffer[0, :, self.filled : end], buffer[1, :, self.filled : end] = keys, values
        return buffer[0, :, :end], buffer[1, :, :end]

    def advance(self, tokens: int) -> None:
        """So many more tokens are in every layer."""
        self.filled += tokens

    def read(self, layer: int, tokens: int) -> Pair:
        """Keys and values of the first `tokens` tokens; no copies."""
        buffer = self._buffers[layer]
        if buffer is None or tokens > self.filled:
            raise ValueError(f"Only {self.filled} tokens of this prefix were read, not {tokens}.")
        return buffer[0, :, :tokens], buffer[1, :, :tokens]

    @property
    def nbytes(self) -> int:
        """Bytes of all layers."""
        return sum(buffer.nbytes for buffer in self._buffers if buffer is not None)


class Tail:
    """Keys and values of what one conversation has added behind a prefix; grows by doubling, is cut anywhere."""

    def __init__(self, layers: int) -> None:
        self.length = 0
        self._buffers: list[torch.Tensor | None] = [None] * layers

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Pair:
        """Put keys and values (kv heads, Q, D) behind what is there; give all up to their end (see `advance`)."""
        end = self.length + keys.shape[1]
        buffer = self._buffers[layer]
        if buffer is None or end > buffer.shape[2]:
            room = max(_ROOM, end, 2 * buffer.shape[2] if buffer is not None else 0)
            larger = keys.new_empty(2, keys.shape[0], room, keys.shape[2])
            if buffer is not None:
                larger[:, :, : self.length] = buffer[:, :, : self.length]
            buffer = self._buffers[layer] = larger
        buffer[0, :, self.length : end], buffer[1, :, self.length : end] = keys, values
        return buffer[0, :, :end], buffer[1, :, :end]

    def advance(self, tokens: int) -> None:
        """So many more tokens are in every layer."""
        self.length += tokens

    def cut(self, tokens: int) -> None:
        """Forget all but the first `tokens`."""
        self.length = min(self.length, tokens)

    @property
    def nbytes(self) -> int:
        """Bytes of all layers, room included."""
        return sum(buffer.nbytes for buffer in self._buffers if buffer is not None)
