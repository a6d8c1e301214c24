"""The published stages: what learns, how fast, and on how much at once (LLaMA-VID's training scripts).

The scripts tune all of the LLaMA. With LoRA its rate is that of LLaVA 1.5's LoRA script, as LLaMA-VID has none.
"""

from dataclasses import dataclass, replace

from llamavid_demo.errors import TrainingError
from llamavid_demo.model.llama_vid.config import LlamaVidConfig

LORA_RATE = 2e-4
RANK = 64  # as in the original's `TrainingArguments`
DROPOUT = 0.05


@dataclass(frozen=True)
class RealStage:
    """A stage: `learns` are beginnings of parameters' names; everything else stays.

    `batch` conversations make a step, of which `at_once` go through the network together; `tokens` is the longest, and
    positions are made to `reach` as many.
    """

    number: int
    title: str
    learns: tuple[str, ...]
    rate: float
    batch: int
    at_once: int
    tokens: int
    reach: int = 0
    warm_up: float = 0.03  # share of the steps
    clip: float = 1.0  # largest norm of the gradients

    @property
    def offload(self) -> bool:
        """Whether the CPU keeps each layer's input for a card, which takes most room in long conversations."""
        return self.tokens > 8192


STAGES = {
    stage.number: stage
    for stage in (
        RealStage(
            1, "modality alignment", ("text_decoder.projector.", "context.", "content."),
            rate=1e-3, batch=256, at_once=8, tokens=2048,
        ),
        RealStage(
            2, "instruction tuning", ("text_decoder.", "context.", "content.", "llama."),
            rate=2e-5, batch=128, at_once=2, tokens=2048,
        ),
        RealStage(
            3, "long video tuning", ("content.", "llama."),
            rate=2e-5, batch=8, at_once=1, tokens=65536, reach=65536,
        ),
    )
}  # fmt: skip


def staged_config(config: LlamaVidConfig, stage: RealStage) -> LlamaVidConfig:
    """A network's config for a stage: positions are extended, linearly, where it was made for fewer tokens.

    Raises `TrainingError` for a network that these stages cannot train.
    """
    if config.second_eyes:
        raise TrainingError(
            "This LLaMA-VID sees real pictures by other eyes, which do not learn: begin with a release."
        )
    llama = config.llama
    rope = dict(llama.rope_parameters or {})
    if stage.reach <= llama.max_position_embeddings * rope.get("factor", 1.0):
        return config
    factor = float(-(-stage.reach // llama.max_position_embeddings))
    longer = type(llama).from_dict(
        {**llama.to_dict(), "rope_parameters": {**rope, "rope_type": "linear", "factor": factor}}
    )
    return replace(config, llama=longer, max_tokens=stage.reach)
