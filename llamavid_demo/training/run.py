"""From nothing to the checkpoint: all stages in order, each resumable."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from llamavid_demo.model.llama_vid.load import load_llama_vid
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.storybook.shots import ShotPool, kept_pool
from llamavid_demo.training.aligning import Aligning
from llamavid_demo.training.answering import Answering
from llamavid_demo.training.encoded_shots import EncodedShots, encode_pool, encoded_shots, kept_patches
from llamavid_demo.training.guide import GuideIds
from llamavid_demo.training.ideal import word_ids
from llamavid_demo.training.initialise import initialise
from llamavid_demo.training.learning import Reader
from llamavid_demo.training.looking import Looking
from llamavid_demo.training.notes import NoteHeads
from llamavid_demo.training.reading import Reading
from llamavid_demo.training.recipe import MakeRecipe, embedded
from llamavid_demo.training.stages import Report, StagePlan, Step, forget_stages, run_stage
from llamavid_demo.training.tokenizer import guide_vocabulary, letter_cases, write_llama_vocabulary
from llamavid_demo.training.vision import DenseHeads, Seeing

WORK = Path("runs/train")


class Training:
    """A training in a working folder: what is done already is loaded, a stage that was cut off goes on."""

    def __init__(
        self,
        folder: Path,
        *,
        recipe: MakeRecipe = embedded,
        device: str | None = None,
        report: Report | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.report = folder, report
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        write_llama_vocabulary(folder / "tokenizer.model")
        self.tokenizer = LlamaTokenizer(folder / "tokenizer.model")
        (folder / "vocab.txt").write_text("\n".join(guide_vocabulary()) + "\n", encoding="utf-8")
        self.guide = GuideIds(folder / "vocab.txt")
        self.recipe = recipe(len(self.tokenizer), len(guide_vocabulary()))
        self.network = LlamaVid(self.recipe.config)
        self.heads = DenseHeads(self.recipe.config.vision.width)
        self.notes = NoteHeads(self.recipe.config.llama.hidden_size)
        initialise(self.network, self.recipe.seed, letter_cases(self.tokenizer))
        for heads in (self.heads, self.notes):
            heads.initialise(torch.Generator().manual_seed(self.recipe.seed))
            heads.to(self.device)
        self.network.to(self.device)
        self.network.vision.tower.set_attn_implementation("eager")  # trains faster than SDPA on a CPU
        self.reader = Reader(self.network.llama, self.notes)

    def begin_with(self, base: Path) -> None:
        """Take over the weights of a trained LLaMA-VID of the same sizes. Raises `ModelError` for a folder of none."""
        known = load_llama_vid(base, device="cpu", dtype="float32", quantization="none")
        self.network.load_state_dict(known.network.state_dict())

    def read(self) -> None:
        """Teach the LLaMA to read films from ideal frame tokens."""
        for name, lessons, plan in self.recipe.reading:
            step = Reading(self.network, self.reader, self.tokenizer, lessons)
            self._stage(name, {"llama": self.network.llama, "notes": self.notes}, step, plan)

    def see(self) -> None:
        """Teach the vision tower what is where."""
        pool = self.pool("pool", self.recipe.pool, frames=2)
        step = Seeing(self.network.vision, self.heads, pool, batch=self.recipe.seeing_batch)
        self._stage("seeing", {"vision": self.network.vision, "heads": self.heads}, step, self.recipe.seeing)

    def align(self) -> None:
        """The paper's first stage: what the eyes make of a frame becomes what the LLaMA reads."""
        words = self.network.llama.model.embed_tokens.weight.detach()[word_ids(self.tokenizer)]
        step = Aligning(self.network, words, self.guide, self.encoded_shots, batch=self.recipe.aligning_batch)
        self._stage("aligning", self._eyes(), step, self.recipe.aligning)

    def answer(self) -> None:
        """The paper's second and third stages: instruction tuning on films, longer ones last."""
        for name, lessons, plan in self.recipe.answering:
            step = Answering(self.network, self.reader, self.tokenizer, self.guide, self.encoded_shots, lessons)
            self._stage(name, {**self._eyes(), "llama": self.network.llama, "notes": self.notes}, step, plan)

    def look(self) -> None:
        """Teach second looks: a film is read before anybody asks, each question adds its own context tokens."""
        for name, lessons, plan in self.recipe.looking:
            step = Looking(self.network, self.reader, self.tokenizer, self.guide, self.encoded_shots, lessons)
            self._stage(name, {"llama": self.network.llama}, step, plan)

    def pool(self, name: str, shots: int, *, frames: int) -> ShotPool:
        """So many rendered shots with `frames` pictures each, drawn once."""
        recipe, path = self.recipe, self.folder / f"{name}.safetensors"
        seed = f"{recipe.seed}/{name}"
        return kept_pool(path, shots, recipe.frame_format, seed=seed, frames=frames, workers=recipe.render_workers)

    @cached_property
    def encoded_shots(self) -> EncodedShots:
        """Shots for films as the trained vision tower sees them, encoded once.

        They are others than it was trained on: what follows must learn to live with its mistakes.
        """
        pool = self.pool("films", self.recipe.film_shots, frames=3)
        path = self.folder / "patches.safetensors"
        return encoded_shots(pool, kept_patches(path, lambda: encode_pool(self.network.vision, pool)))

    def _eyes(self) -> dict[str, nn.Module]:
        network = self.network
        return {"text_decoder": network.text_decoder, "context": network.context, "content": network.content}

    def save(self, out: Path) -> None:
        """Write the checkpoint in the released layout."""
        save_checkpoint(
            self.network,
            out,
            tokenizer=self.folder / "tokenizer.model",
            bert_vocabulary=guide_vocabulary(),
            frame_format=self.recipe.frame_format,
        )

    def plot(self, path: Path) -> None:
        """Draw the learning curves of all stages."""
        from llamavid_demo.training.curves import plot_curves  # a bare GPU machine trains without matplotlib

        recipe = self.recipe
        stages = [
            *(name for name, *_ in recipe.reading),
            "seeing",
            "aligning",
            *(name for name, *_ in (*recipe.answering, *recipe.looking)),
        ]
        plot_curves(self.folder, path, stages=[name for name in stages if (self.folder / f"{name}.pt").is_file()])

    def _stage(self, name: str, parts: Mapping[str, nn.Module], step: Step, plan: StagePlan) -> None:
        self.network.requires_grad_(False)
        run_stage(name, parts, step, plan, folder=self.folder, seed=self.recipe.seed, report=self.report)


def run(
    out: Path,
    *,
    work: Path = WORK,
    resume: bool = True,
    recipe: MakeRecipe = embedded,
    device: str | None = None,
    report: Report | None = None,
    base: Path | None = None,
) -> None:
    """Train the embedded model and write it to `out`; from a `base` on only the last stages, second looks.

    `work` keeps the state of every stage; with `resume` whatever is there is used, without it the stages begin anew.
    Raises `ModelError` for a base that is none.
    """
    if not resume:
        forget_stages(work)
    training = Training(work, recipe=recipe, device=device, report=report)
    if base is None:
        training.read()
        training.see()
        training.align()
        training.answer()
    else:
        training.begin_with(base)
    training.look()
    training.save(out)
    training.plot(work / "curves.png")
