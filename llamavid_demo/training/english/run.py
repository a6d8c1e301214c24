"""`python -m llamavid_demo.training.english.run FOLDER`: the adapter of `assets/llama-vid-135m`, stage by stage.

Resumable at any moment: what is done already is loaded. `--dialogues` is FriendsQA's file, which is not in the project.
"""

import argparse
import json
import logging
import random
import time
import zlib
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.base import find_base, load_base
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer
from llamavid_demo.model.real_world.network import SIDE
from llamavid_demo.questions.written import held_out
from llamavid_demo.training.english.adapter import Adapter, lora_config
from llamavid_demo.training.english.eyes import Eyes
from llamavid_demo.training.english.film import Film
from llamavid_demo.training.english.lessons import Dialogues, Lessons
from llamavid_demo.training.english.reader import TalkReader
from llamavid_demo.training.english.recipe import Recipe
from llamavid_demo.training.english.sequence import SequenceMaker, TalkSequence
from llamavid_demo.training.stages import Progress, Report, StagePlan, StepResult, run_stage

TINY = Path("assets/llama-vid-tiny")  # whose eyes it begins with

log = logging.getLogger(__name__)


class EnglishTraining:
    """A training in a working folder."""

    def __init__(
        self, folder: Path, tokenizer: Path, *, recipe: Recipe, dialogues: Path | None = None,
        report: Report | None = None, base: str | None = None, tiny: Path = TINY,
    ) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.tokenizer, self.recipe, self.report = folder, tokenizer, recipe, report
        llama: Any = load_base(find_base(recipe.base, base))
        self.maker = SequenceMaker(
            BpeTokenizer(tokenizer), recipe.prompt, llama.get_input_embeddings().weight.detach().clone()
        )
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.eyes = Eyes(folder, tiny, recipe, llama.config, self.maker.words.drawn, base)
        self.adapter = Adapter(llama.to(self.device), lora_config(recipe.base, recipe.rank), seed=recipe.seed)
        self.reader = TalkReader(llama)
        known = Dialogues(dialogues, keep=lambda name: not held_out(name)) if dialogues else None
        self.lessons = Lessons(known, self.eyes)
        self.tokens, self.seed = 0, recipe.seed
        self._pool = ThreadPoolExecutor(recipe.at_once if self.device.type == "cpu" else 1)

    def begin_with(self, checkpoint: Path) -> None:
        """Go on from a checkpoint, eyes and adapter, with films that it hasn't seen: chance begins with its bytes."""
        self.eyes.begin_with(checkpoint)
        self.adapter.begin_with(checkpoint)
        self.seed = zlib.crc32((checkpoint / "adapter_model.safetensors").read_bytes(), self.recipe.seed)

    def read(self, name: str, plan: StagePlan) -> None:
        """A reading stage: dialogues, written scenes, pictures of named things."""
        run_stage(
            name, {"adapter": self.adapter}, self.step, plan, folder=self.folder, seed=self.seed, report=self.report
        )

    def step(self, rng: random.Random) -> StepResult:
        """Several films, side by side where there are cores for it; their gradients add up, always in one order."""
        count, right = self.recipe.films, dict[str, list[float]]()
        sequences = [self._lesson(rng) for _ in range(count)]
        sequences.sort(key=lambda sequence: -len(sequence.ids))  # who begins with the longest is not kept by it
        matrices, losses = list(self.adapter.parameters()), []
        for result, gradients in self._pool.map(self._learn, sequences):
            for kind, hits in result.right.items():
                right.setdefault(kind, []).extend(hits)
            losses.append(result.loss)
            for matrix, gradient in zip(matrices, gradients, strict=True):
                matrix.grad = gradient / count if matrix.grad is None else matrix.grad.add_(gradient, alpha=1 / count)
        return StepResult(torch.stack(losses).mean(), right)

    def _learn(self, sequence: TalkSequence) -> tuple[StepResult, tuple[torch.Tensor, ...]]:
        """What a film's talks cost, and the gradients of the adapter's matrices."""
        result = self.reader(sequence)
        gradients = torch.autograd.grad(result.loss, list(self.adapter.parameters()))
        return StepResult(result.loss.detach(), result.right), gradients

    def _lesson(self, rng: random.Random) -> TalkSequence:
        """A film by chance that can be learned at once: memory grows with the square of its tokens."""
        while True:
            made = self.sequence(self.lessons(rng), rng)
            if len(made.ids) <= self.recipe.longest:
                self.tokens += len(made.ids)
                return made

    def sequence(self, film: Film, rng: random.Random) -> TalkSequence:
        """A film's sequence, with as many of its talks as the longest holds that is learned at once, but one turn."""
        looks, longest = rng.choice(self.recipe.look_frames), self.recipe.longest
        made = self.maker(film, look_frames=looks)
        if len(made.ids) > longest:
            film.talks = film.talks[: max(1, bisect_right(made.ends, longest) - 1)]
            made = self.maker(film, look_frames=looks)
        while len(made.ids) > longest and len(film.talks[0]) > 1:
            film.talks[0].pop()
            made = self.maker(film, look_frames=looks)
        return made

    def save(self, out: Path) -> None:
        """Write the checkpoint as a LoRA release."""
        self.adapter.save(self.folder / "adapter")
        compact = self.folder / "tokenizer.json"
        compact.write_text(json.dumps(json.loads(self.tokenizer.read_text("utf-8")), ensure_ascii=False), "utf-8")
        words = (self.eyes.tiny / "bert" / "vocab.txt").read_text("utf-8").split("\n")
        save_checkpoint(
            self.eyes.network, out, tokenizer=compact, bert_vocabulary=[word for word in words if word],
            frame_format=FrameFormat(SIDE, SIDE, "stretch"), adapter=self.folder / "adapter",
        )  # fmt: skip


def pictures_in(folder: Path, side: int) -> np.ndarray:
    """All pictures of a folder (P, side, side, 3), their mirror images, and plain grey ones, as a screen goes black."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    shown = [np.asarray(Image.open(path).convert("RGB").resize((side, side))) for path in paths]
    plain = [np.full((side, side, 3), grey, np.uint8) for grey in (0, 16, 64, 128, 200, 255)]
    return np.stack([*shown, *(picture[:, ::-1] for picture in shown), *plain])


def main() -> None:
    """Entry of the command line."""
    parser = argparse.ArgumentParser(prog="python -m llamavid_demo.training.english.run", description=__doc__)
    parser.add_argument("folder", type=Path, help="working folder")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of the base")
    parser.add_argument("--dialogues", type=Path, help="FriendsQA, as published")
    parser.add_argument("--base", help="folder or Hub id of the base, when the package is not installed")
    parser.add_argument("--pictures", type=Path, help="folder of pictures that are not drawn, to tell them apart")
    parser.add_argument("--begin", type=Path, help="checkpoint folder that a new training goes on from")
    parser.add_argument("--out", type=Path, help="folder for the checkpoint")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe, began = Recipe(), time.monotonic()
    if not torch.cuda.is_available():  # two threads at one film are half idle
        torch.set_num_threads(max(1, torch.get_num_threads() // recipe.at_once))

    def report(progress: Progress) -> None:
        scores = " ".join(f"{kind} {share:.2f}" for kind, share in sorted(progress.scores.items()))
        speed = training.tokens / (time.monotonic() - began)
        log.info(
            "%s %d/%d loss %.3f %.0f tok/s | %s",
            progress.stage,
            progress.step,
            progress.steps,
            progress.loss,
            speed,
            scores,
        )

    training = EnglishTraining(
        chosen.folder, chosen.tokenizer, recipe=recipe, dialogues=chosen.dialogues, report=report, base=chosen.base
    )
    if chosen.begin:
        training.begin_with(chosen.begin)
    else:
        training.eyes.align(report)
    training.read("reading", recipe.reading)
    if chosen.pictures:
        told = training.eyes.tell_apart(pictures_in(chosen.pictures, training.eyes.config.vision.image))
        log.info("the gate tells %.2f %% of drawn and other pictures apart", 100 * told)
    training.save(chosen.out or chosen.folder / "checkpoint")


if __name__ == "__main__":
    main()
