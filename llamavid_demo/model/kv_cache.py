"""A KV cache for one conversation: room for its section at once, written in place, cut back where needed."""

import torch
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

_ROOM = 256  # tokens of room beyond what is needed, so that an answer rarely makes the buffers grow


class InPlaceLayer(DynamicLayer):
    """One layer's keys and values (1, heads, tokens, head size), views into larger buffers.

    Hugging Face's `DynamicLayer` copies everything at each token; on a film's prefix that is most of the time.
    `room` tokens fit from the start; beyond them the buffers grow by a quarter.
    """

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append new keys and values; give all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._buffers = key_states.new_empty(0), value_states.new_empty(0)
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        if start == 0 or end > self._buffers[0].shape[-2]:
            self._grow(key_states, end)
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[..., start:end, :] = new
        self.keys, self.values = (buffer[..., :end, :] for buffer in self._buffers)
        return self.keys, self.values

    def _grow(self, like: torch.Tensor, needed: int) -> None:
        old = self.get_seq_length()
        shape = (*like.shape[:-2], max(self.room, needed + _ROOM, old + old // 4), like.shape[-1])
        buffers = like.new_empty(shape), like.new_empty(shape)
        if self.keys is not None and self.values is not None and old:
            buffers[0][..., :old, :], buffers[1][..., :old, :] = self.keys, self.values
        self._buffers = buffers


class KVCache(DynamicCache):
    """Keys and values of everything that the LLaMA has read so far, on the devices where its layers are."""

    def __init__(self, layers: int, *, room: int = 0) -> None:
        Cache.__init__(self, layers=[InPlaceLayer(room) for _ in range(layers)])

    def cut(self, tokens: int) -> None:
        """Forget all but the first `tokens`."""
        self.crop(min(0, tokens - self.get_seq_length()))

    @property
    def nbytes(self) -> int:
        """Bytes that keys and values take, room included."""
        return sum(buffer.nbytes for layer in self.layers for buffer in getattr(layer, "_buffers", ()))
