"""How many bytes what a model computes will take on each device, from its real config and where its layers are."""

from collections import Counter

import torch

from llamavid_demo.chat.ledger import Bytes
from llamavid_demo.model.fitting import encoding_bytes
from llamavid_demo.model.joint_attention import SCORE_BYTES, SCORES
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.plan import fused_bytes_per_frame, kv_bytes_per_token
from llamavid_demo.model.tail import rounded

CHUNK = 512  # tokens that are read at once, at most, while other conversations wait


def weight_bytes(model: LoadedModel) -> Bytes:
    """Bytes of all weights."""
    total: Counter[torch.device] = Counter()
    for part in model.network.parts().values():
        for tensor in (*part.parameters(), *part.buffers()):
            total[tensor.device] += tensor.numel() * tensor.element_size()
    return total


def prefix_bytes(model: LoadedModel, tokens: int, frames: int, *, eight_bit: bool, room: int) -> Bytes:
    """Bytes of a section that was read: keys and values of its tokens, `room` at most for what words read of frames."""
    kept = min(room, frames * fused_bytes_per_frame(model.config, model.dtype.itemsize))
    contents = frames * model.config.llama.hidden_size * model.dtype.itemsize
    total = Counter(_by_layer(model, tokens, eight_bit=eight_bit))
    total[model.device] += kept if kept else contents
    return total


def tail_bytes(model: LoadedModel, tokens: int) -> Bytes:
    """Bytes of a conversation's words outside the batch."""
    return _by_layer(model, rounded(tokens))


def batch_bytes(model: LoadedModel, rows: int, tokens: int, section: int) -> Bytes:
    """Bytes that answering takes: `rows` conversations of `tokens` words at most behind a section of so many tokens.

    They are those of the batch, of one layer that is made larger, and of the activations of the largest chunk.
    """
    if not rows:
        return {}
    held, layers = _by_layer(model, rows * rounded(tokens)), model.config.llama.num_hidden_layers
    total = Counter({device: count + count // layers for device, count in held.items()})
    total[model.device] += activation_bytes(model, section, words=max(rows, tokens), rows=rows)
    return total


def activation_bytes(model: LoadedModel, section: int, *, words: int = 0, rows: int = 0) -> int:
    """Bytes of the largest chunk while it is computed: of a section of so many tokens, or of the words behind it.

    The logits of `rows` answers come with the latter.

    What frames take while they are encoded is always counted (`chat/memory.py`), and one chunk is computed at a time:
    so only what is beyond it.
    """
    llama, size = model.config.llama, model.dtype.itemsize
    wide = (8 * llama.hidden_size + 3 * llama.intermediate_size) * size  # bytes of a token in a layer
    chunk, seen = min(CHUNK, section), section + words
    reading = chunk * (wide + section * (2 * size + 2))  # with its mask, while that is made
    read = min(CHUNK, words)
    merged = read * (8 * llama.hidden_size + 2 * seen)  # what is found so far, and what each word does not see
    scores = min(read * llama.num_attention_heads * seen * SCORE_BYTES, SCORES)
    asking = read * wide + merged + scores + rows * llama.vocab_size * 8
    prompt = 2 * section * llama.hidden_size * size  # its embeddings, and the rows that they are made of
    return max(0, prompt + max(reading, asking) - encoding_bytes(model.config, size))


def _by_layer(model: LoadedModel, tokens: int, *, eight_bit: bool = False) -> Bytes:
    layers = model.config.llama.num_hidden_layers
    each = tokens * kv_bytes_per_token(model.config, model.dtype.itemsize, eight_bit=eight_bit) // layers
    total: Counter[torch.device] = Counter()
    for layer in model.llama.model.layers:
        total[layer.input_layernorm.weight.device] += each
    return total
