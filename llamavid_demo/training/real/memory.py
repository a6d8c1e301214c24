"""What a stage takes on a card, reckoned from the config before it begins."""

from dataclasses import dataclass

import torch
from torch import nn

from llamavid_demo.errors import TrainingError
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.load import empty_network
from llamavid_demo.training.english.adapter import LINEAR
from llamavid_demo.training.real.stages import RANK, RealStage
from llamavid_demo.training.real.student import Student

NF4 = 0.5 + 0.127 / 8  # bytes of a weight with its scales, quantized twice themselves
HALF, SINGLE = 2, 4
LEARNING = 4 * SINGLE  # weight, gradient and AdamW's two moments
CUDA = 600_000_000  # bytes that CUDA and its libraries take
EYES = 1_000_000_000  # bytes of the frames that tower and text decoder read at once


@dataclass(frozen=True)
class Room:
    """Bytes of a stage: of what is frozen, of what learns with its moments, of what lies between during a step."""

    frozen: float
    learning: float
    between: float

    @property
    def all(self) -> float:
        """Bytes together."""
        return CUDA + self.frozen + self.learning + self.between


def reckon(config: LlamaVidConfig, stage: RealStage, *, lora: bool, bits: int = 4) -> Room:
    """The room that a stage takes on one card, with frozen linear layers in so many bits."""
    network = empty_network(config)
    frozen = learning = 0.0
    for name, layer in network.named_modules():
        for leaf, parameter in layer.named_parameters(recurse=False):
            in_llama, size = name.startswith("llama."), parameter.numel()
            linear = in_llama and isinstance(layer, nn.Linear) and name.rpartition(".")[2] in LINEAR
            if f"{name}.{leaf}".startswith(stage.learns) and not (lora and in_llama):
                learning += LEARNING * size
            else:
                frozen += size * ({4: NF4, 8: 1.0}.get(bits, HALF) if lora and linear else HALF)
            if lora and linear:
                added = RANK * sum(parameter.shape)
                learning += added * (LEARNING if "llama.".startswith(stage.learns) else SINGLE)
    return Room(frozen, learning, _between(config, stage))


def check_room(student: Student, stage: RealStage) -> None:
    """Raises `TrainingError` when a card has not the room that a stage takes at its longest."""
    if student.placement.device.type != "cuda":
        return
    learning = sum(p.nbytes for p in student.learning.values())
    needed = 3 * learning + _between(student.network.config, stage)  # gradients and moments; weights are there
    free, _ = torch.cuda.mem_get_info(student.placement.device)
    if needed > free:
        raise TrainingError(
            f"Stage {stage.number} needs {needed / 1e9:.1f} GB beside the weights, for conversations of "
            f"{stage.tokens:,} tokens, and the card has {free / 1e9:.1f} GB left: choose fewer --tokens, or add --lora."
        )


def _between(config: LlamaVidConfig, stage: RealStage) -> float:
    """Bytes of a pass between its layers: each layer's input, unless the CPU keeps it, and one layer wholly.

    What PyTorch keeps of a layer with LoRA was counted on a CPU: 85 bytes a token and unit of width at LLaMA's shape.
    """
    llama = config.llama
    width, mlp = llama.hidden_size, llama.intermediate_size
    kept = 0 if stage.offload else llama.num_hidden_layers * width * HALF
    one = HALF * (25 * width + 5 * mlp) + 6 * width + mlp + 2 * HALF * (width + mlp)  # with gradients
    answers = llama.vocab_size * (2 * SINGLE + HALF) / 2  # logits of half of the tokens
    return EYES + stage.at_once * stage.tokens * (kept + max(one, answers))
