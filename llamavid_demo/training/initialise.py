"""Initialisation at unit scale, with attention that begins by matching equal words and passing them on.

With it the LLaMA learns to look things up within minutes, with Hugging Face's it guesses for hours.
"""

from collections.abc import Sequence

import torch
from torch import nn

from llamavid_demo.model.llama_vid.network import LlamaVid


@torch.no_grad()
def initialise(network: LlamaVid, seed: int, cases: Sequence[Sequence[int]] = ()) -> None:
    """Draw all weights anew; each part draws for itself, so that one part's size does not change another's weights.

    Embeddings N(0, 1); linear layers N(0, 1/inputs); layers that write into the residual stream × (2·layers)^-½;
    norms one, biases zero. Tokens in `cases` are forms of one word and begin alike. In the LLaMA's attention keys
    begin equal to queries and the output undoes the values, and its head begins as the embeddings × 0.02: a word that
    attends to its like says it.
    """
    parts = (network.vision, network.text_decoder, network.context, network.content, network.llama)
    for part in parts:
        _draw(part, torch.Generator().manual_seed(seed))
    _shrink_residuals(network.vision, ("projection.weight", "fc2.weight"), network.config.vision.depth)
    depth = network.config.llama.num_hidden_layers
    words = network.llama.model.embed_tokens.weight
    for first, *others in cases:
        for other in others:
            words[other] = 0.9 * words[first] + 0.4 * words[other]
    _shrink_residuals(network.llama, ("o_proj.weight", "down_proj.weight"), depth)
    for layer in network.llama.model.layers:
        attention = layer.self_attn
        attention.k_proj.weight.copy_(attention.q_proj.weight)
        attention.o_proj.weight.copy_(attention.v_proj.weight.T * (2 * depth) ** -0.5)
    network.llama.lm_head.weight.copy_(words * 0.02)


def _draw(part: nn.Module, generator: torch.Generator) -> None:
    for module in part.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            inputs = module.weight[0].numel()
            module.weight.normal_(0, inputs**-0.5, generator=generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(0, 1, generator=generator)
        elif isinstance(module, nn.LayerNorm):
            module.weight.fill_(1)
            module.bias.zero_()
    for name, parameter in part.named_parameters():
        if name.endswith(("class_embedding", "position_embedding")):
            parameter.normal_(0, 0.3, generator=generator)
        elif name.endswith("queries"):
            parameter.normal_(0, 1, generator=generator)


def _shrink_residuals(part: nn.Module, endings: tuple[str, ...], layers: int) -> None:
    for name, parameter in part.named_parameters():
        if name.endswith(endings):
            parameter.mul_((2 * layers) ** -0.5)
