"""What a LLaVA-Mini begins with: a trained LLaMA-VID, so arranged that little is lost.

The LLaMA can read films already, the projector makes content tokens of a mean over patches, and the compressor begins
as that mean. Pre-fusion begins by passing everything on unchanged.
"""

import torch
from torch import nn
from transformers import LlamaForCausalLM

from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llava_mini.compressor import Compressor
from llamavid_demo.model.llava_mini.config import COMPRESSOR_HEADS
from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.model.llava_mini.prefusion import PreFusion

NEARNESS = 4.0  # how far apart places are: a query gives what is near it most of its attention
RIDGE = 1e-3  # of the variance: keeps the fit from leaning on what hardly varies


@torch.no_grad()
def begin(network: LlavaMini, base: LlamaVid, likeness: list[int], *, seed: int) -> None:
    """Take LLaMA and projector from `base`; piece i that it lacks begins like its piece `likeness[i]`."""
    begin_llama(network.llama, base.llama, likeness)
    network.projector.load_state_dict(base.content.projector.state_dict())
    begin_prefusion(network.prefusion, torch.Generator().manual_seed(seed))
    draw_compressor(network.compressor, torch.Generator().manual_seed(seed))


@torch.no_grad()
def begin_llama(llama: LlamaForCausalLM, base: LlamaForCausalLM, likeness: list[int]) -> None:
    """Copy all weights; words that `base` lacks stand behind its own."""
    state = dict(base.state_dict())
    for table in ("model.embed_tokens.weight", "lm_head.weight"):
        state[table] = torch.cat([state[table], state[table][likeness]])
    llama.load_state_dict(state)


@torch.no_grad()
def begin_prefusion(prefusion: PreFusion, generator: torch.Generator) -> None:
    """Draw layers that write nothing yet, in which like attends to like: a name to patches that look like the thing."""
    for name, parameter in prefusion.named_parameters():
        if parameter.ndim == 1:
            parameter.fill_(1)
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            parameter.zero_()
        else:
            parameter.normal_(0, parameter.shape[1] ** -0.5, generator=generator)
    for layer in prefusion.layers:
        layer.get_parameter("self_attn.k_proj.weight").copy_(layer.get_parameter("self_attn.q_proj.weight"))


@torch.no_grad()
def draw_compressor(compressor: Compressor, generator: torch.Generator) -> None:
    """Draw queries and keys; values pass as they are.

    A single query prefers no patch yet. Of several each begins with what is near its own place in the picture: were
    they all alike, they would take long to part.
    """
    count, width = compressor.query.shape
    compressor.query.normal_(0, 1, generator=generator)
    queries, keys, values = compressor.attn.in_proj_weight.chunk(3)
    if count == 1:
        compressor.pos_embed.normal_(0, 0.1, generator=generator)
        queries.zero_()
        keys.normal_(0, width**-0.5, generator=generator)
    else:
        places, _ = torch.linalg.qr(torch.randn(width, count, generator=generator))  # (C, count), orthonormal
        compressor.pos_embed.copy_(NEARNESS * places.T)
        for weight in (queries, keys):  # each head compares places, as far as its rows reach
            heads = weight.view(COMPRESSOR_HEADS, -1, width)
            heads.zero_()
            heads[:, :count] = places.T[: heads.shape[1]]
    for weight in (values, compressor.attn.out_proj.weight):
        nn.init.eye_(weight)
    nn.init.zeros_(compressor.attn.in_proj_bias)
    nn.init.zeros_(compressor.attn.out_proj.bias)


@torch.no_grad()
def fit_compressor(compressor: Compressor, patches: torch.Tensor) -> float:
    """Let the compressor give the mean over patches (T, N, C) as nearly as a linear map of its normed values can.

    Returns what share of the means' variance comes out right.
    """
    normed = torch.cat([compressor.ln_kv(some.float()).mean(dim=1) for some in patches.split(256)]).double()
    means = torch.cat([some.float().mean(dim=1) for some in patches.split(256)]).double()  # (T, C)
    x, y = normed - normed.mean(dim=0), means - means.mean(dim=0)
    ridge = RIDGE * x.var() * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(x.T @ x + ridge, x.T @ y)  # (C, C)
    bias = means.mean(dim=0) - normed.mean(dim=0) @ weight
    compressor.attn.out_proj.load_state_dict({"weight": weight.T, "bias": bias})
    return 1 - ((y - x @ weight).var() / y.var()).item()
