"""Initialisation at unit scale, with attention that begins by matching equal words and passing them on.

With it the LLaMA learns to look things up within minutes, with Hugging Face's it guesses for hours.
"""

import torch
from torch import nn

from llamavid_demo.model.llama_vid import LlamaVid


@torch.no_grad()
def initialise(network: LlamaVid, generator: torch.Generator) -> None:
    """Draw all weights anew.

    Embeddings N(0, 1); linear layers N(0, 1/inputs); layers that write into the residual stream × (2·layers)^-½;
    norms one, biases zero. In the LLaMA's attention keys begin equal to queries and the output undoes the values,
    and its head begins as the embeddings × 0.02: a word that attends to its like says it.
    """
    for module in network.modules():
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
    for name, parameter in network.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            parameter.mul_((2 * network.config.llama.num_hidden_layers) ** -0.5)
        elif name.startswith("vision.") and name.endswith(("projection.weight", "fc2.weight")):
            parameter.mul_((2 * network.config.vision.depth) ** -0.5)
        elif name.endswith(("class_embedding", "position_embedding")):
            parameter.normal_(0, 0.3, generator=generator)
        elif name == "text_decoder.queries":
            parameter.normal_(0, 1, generator=generator)
    for layer in network.llama.model.layers:
        attention = layer.self_attn
        attention.k_proj.weight.copy_(attention.q_proj.weight)
        attention.o_proj.weight.copy_(attention.v_proj.weight.T * (2 * network.config.llama.num_hidden_layers) ** -0.5)
    network.llama.lm_head.weight.copy_(network.llama.model.embed_tokens.weight * 0.02)
