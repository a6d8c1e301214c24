"""What a stage takes on a card beside the weights, counted from the config before it begins."""

import torch

from llamavid_demo.errors import TrainingError
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.training.real.stages import RealStage
from llamavid_demo.training.real.student import Student

HALF, SINGLE = 2, 4  # bytes
EYES = 1_000_000_000  # bytes of the frames that tower and text decoder read at once


def check_room(student: Student, stage: RealStage) -> None:
    """Raises `TrainingError` when a card has not the room that a stage takes at its longest."""
    if student.placement.device.type != "cuda":
        return
    learning = sum(p.nbytes for p in student.learning.values())
    needed = 3 * learning + bytes_of_a_step(student.network.config, stage)  # gradients and moments; weights are there
    free, _ = torch.cuda.mem_get_info(student.placement.device)
    if needed > free:
        raise TrainingError(
            f"Stage {stage.number} needs {needed / 1e9:.1f} GB beside the weights, for conversations of "
            f"{stage.tokens:,} tokens, and the card has {free / 1e9:.1f} GB left: choose fewer --tokens, or add --lora."
        )


def bytes_of_a_step(config: LlamaVidConfig, stage: RealStage) -> float:
    """Bytes of a pass between its layers: each layer's input, unless the CPU keeps it, and one layer wholly.

    What PyTorch keeps of a layer with LoRA was counted on a CPU: 85 bytes a token and unit of width at LLaMA's shape.
    """
    llama = config.llama
    width, mlp = llama.hidden_size, llama.intermediate_size
    kept = 0 if stage.offload else llama.num_hidden_layers * width * HALF
    one = HALF * (25 * width + 5 * mlp) + 6 * width + mlp + 2 * HALF * (width + mlp)  # with gradients
    answers = llama.vocab_size * (2 * SINGLE + HALF) / 2  # logits of half of the tokens
    return EYES + stage.at_once * stage.tokens * (kept + max(one, answers))
