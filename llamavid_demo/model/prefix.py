"""The KV cache of a section, shared by everybody: the keys and values that the LLaMA leaves of what it reads.

Hugging Face's caches copy everything that was read at each token; on a film's prompt that is most of the time.
"""

import torch

from llamavid_demo.model.joint_attention import Block, Pair


class Prefix:
    """Keys and values of a section prompt, filled from the front in chunks and then only read.

    One store a layer, allocated once at its full length where the layer computes; with `eight_bit` it takes a byte a
    number. `offload` puts all of it into the CPU's memory until `restore` brings it back.
    """

    def __init__(self, layers: int, tokens: int, *, eight_bit: bool = False) -> None:
        self.tokens, self.filled, self.offloaded = tokens, 0, False
        self._kind = _EightBitStore if eight_bit else _Store
        self._stores: list[_Store | None] = [None] * layers

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Pair:
        """Put a chunk's keys and values (kv heads, Q, D) behind what is filled; give all up to its end.

        `filled` moves on when every layer has its part: `advance` does that.
        """
        store = self._stores[layer]
        if store is None:
            store = self._stores[layer] = self._kind(keys, self.tokens)
        store.put(self.filled, torch.stack([keys, values]))
        block = store.block(self.filled + keys.shape[1])
        return block.keys, block.values

    def advance(self, tokens: int) -> None:
        """So many more tokens are in every layer."""
        self.filled += tokens

    def read(self, layer: int, tokens: int) -> Pair:
        """Keys and values of the first `tokens` tokens; no copies, unless they are held in 8 bits."""
        block = self.block(layer, tokens)
        return block.keys, block.values

    def block(self, layer: int, tokens: int, *, hidden: torch.Tensor | None = None) -> Block:
        """The first `tokens` tokens as they are held; of them `hidden` (Q or 1, tokens) are not seen."""
        store = self._stores[layer]
        if store is None or tokens > self.filled:
            raise ValueError(f"Only {self.filled} tokens of this prefix were read, not {tokens}.")
        return store.block(tokens, hidden)

    def offload(self) -> None:
        """Keep it in the CPU's memory; it cannot be attended to there."""
        self.offloaded = True
        for store in self._stores:
            if store is not None:
                store.move(torch.device("cpu"))

    def restore(self) -> None:
        """Bring it back to where its layers compute."""
        for store in self._stores:
            if store is not None:
                store.move(store.home)
        self.offloaded = False

    @property
    def layers(self) -> int:
        """How many layers of the LLaMA it has room for."""
        return len(self._stores)

    @property
    def on_cpu(self) -> bool:
        """Whether all layers that have read anything compute on the CPU."""
        return all(store is None or store.home.type == "cpu" for store in self._stores)

    @property
    def nbytes(self) -> int:
        """Bytes of all layers."""
        return sum(store.nbytes for store in self._stores if store is not None)


class _Store:
    """A layer's keys and values of a prefix: one tensor (2, kv heads, tokens, D)."""

    def __init__(self, like: torch.Tensor, tokens: int) -> None:
        self.home, self.dtype = like.device, like.dtype
        self.numbers = like.new_empty(2, like.shape[0], tokens, like.shape[2])

    def put(self, start: int, pair: torch.Tensor) -> None:
        self.numbers[:, :, start : start + pair.shape[2]] = pair

    def block(self, tokens: int, hidden: torch.Tensor | None = None) -> Block:
        return Block(_first(self.numbers, tokens), hidden=hidden)

    def move(self, device: torch.device) -> None:
        self.numbers = self.numbers.to(device)

    @property
    def nbytes(self) -> int:
        return self.numbers.nbytes


class _EightBitStore(_Store):
    """The same in whole numbers from -127 to 127, with a scale (2, kv heads, tokens, 1) for each head and token."""

    def __init__(self, like: torch.Tensor, tokens: int) -> None:
        super().__init__(like.to(torch.int8), tokens)
        self.dtype = like.dtype
        self.scales = like.new_empty(2, like.shape[0], tokens, 1)

    def put(self, start: int, pair: torch.Tensor) -> None:
        scales = (pair.abs().amax(dim=-1, keepdim=True) / 127).clamp(min=torch.finfo(pair.dtype).tiny)
        self.scales[:, :, start : start + pair.shape[2]] = scales
        super().put(start, (pair / scales).round().to(torch.int8))

    def block(self, tokens: int, hidden: torch.Tensor | None = None) -> Block:
        return Block(_first(self.numbers, tokens), _first(self.scales, tokens), hidden)

    def move(self, device: torch.device) -> None:
        super().move(device)
        self.scales = self.scales.to(device)

    @property
    def nbytes(self) -> int:
        return super().nbytes + self.scales.nbytes


def _first(both: torch.Tensor, tokens: int) -> Pair:
    return both[0, :, :tokens], both[1, :, :tokens]
