"""The recipe of `assets/llama-vid-135m`: base, prompt, adapter, stages, and every number in them."""

from dataclasses import dataclass, field

from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.training.stages import StagePlan

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"

# ChatML as the base knows it, with the film as system message; a question's end mark is left out, as it would look like
# an answer's.
PROMPT = PromptFormat(
    opening="<|im_start|>system\nFilm",
    closing="\n<|im_start|>user\n",
    user="\n<|im_start|>user\n",
    assistant="\n<|im_start|>assistant\n",
    gap="",
    stop="<|im_end|>",
    clock=True,
)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a training."""

    base: str = BASE
    prompt: PromptFormat = PROMPT
    rank: int = 32
    longest: int = 2000  # tokens of a film with its talks; whole talks are left out beyond
    films: int = 4  # a step
    at_once: int = 2  # films on a CPU, each with its share of the cores
    look_frames: tuple[int, ...] = (0, 12, 24, 24, 24, 24)  # lines of second looks, by chance
    reading: StagePlan = field(
        default_factory=lambda: StagePlan(100, 1e-3, decay=0.35, muon=False, save_seconds=180, report_every=10)
    )
    aligning: StagePlan = field(
        default_factory=lambda: StagePlan(1000, 1e-3, decay=0.5, shares={"text_decoder": 0.1}, report_every=100)
    )
    aligning_batch: int = 96
    content: StagePlan = field(default_factory=lambda: StagePlan(2500, 2e-3, decay=0.5, report_every=500))
    content_batch: int = 512
    film_shots: int = 6000  # drawn, two pictures each
    seed: int = 20
