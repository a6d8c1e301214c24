"""From a trained LLaMA-VID to an embedded LLaVA-Mini: all stages in order, each resumable."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import cast

import torch
from torch import nn

from llamavid_demo.embedded import SMALL
from llamavid_demo.errors import ModelError
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.model.llava_mini.save import save_llava_mini
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer
from llamavid_demo.model.load import load_model
from llamavid_demo.storybook.shots import ShotPool, kept_pool
from llamavid_demo.training.encoded_shots import EncodedShots, encode_pool, encoded_shots, kept_patches
from llamavid_demo.training.ideal import word_ids
from llamavid_demo.training.learning import Reader
from llamavid_demo.training.llava_mini import distilling
from llamavid_demo.training.llava_mini.aligning import Aligning
from llamavid_demo.training.llava_mini.answering import Answering
from llamavid_demo.training.llava_mini.beginning import begin, fit_compressor
from llamavid_demo.training.llava_mini.recipe import MakeRecipe, embedded
from llamavid_demo.training.llava_mini.sequences import ChatForm
from llamavid_demo.training.llava_mini.tokenizer import LIKENESS, write_chat_tokenizer
from llamavid_demo.training.notes import UNGUIDED, NoteHeads
from llamavid_demo.training.stages import Report, StagePlan, Step, forget_stages, run_stage
from llamavid_demo.training.vision import pixels

WORK = Path("runs/train-mini")
BASE = SMALL
PICTURES = 64  # of which the tower takes its first norm, at most


class MiniTraining:
    """A training in a working folder: what is done already is loaded, a stage that was cut off goes on."""

    def __init__(
        self,
        folder: Path,
        base: Path = BASE,
        *,
        recipe: MakeRecipe = embedded,
        device: str | None = None,
        report: Report | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.report = folder, report
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        known = load_model(base, device="cpu", dtype="float32", quantization="none")
        if not isinstance(known.network, LlamaVid) or not isinstance(known.tokenizer, LlamaTokenizer):
            raise ModelError(f"{base} is no LLaMA-VID: a LLaVA-Mini is trained from one.")
        self.base, self.base_tokenizer = known.network, known.tokenizer
        write_chat_tokenizer(self.base_tokenizer, folder / "tokenizer")
        tokenizer = ChatTokenizer(folder / "tokenizer")
        self.recipe = recipe(self.base.config, len(tokenizer), tokenizer.eos)
        config = self.recipe.config
        self.form = ChatForm(tokenizer, config.system, config.tokens_per_frame)
        self.network = LlavaMini(config)
        self.notes = NoteHeads(config.llama.hidden_size, UNGUIDED)
        self.notes.initialise(torch.Generator().manual_seed(self.recipe.seed))
        begin(self.network, self.base, self._likeness(tokenizer), seed=self.recipe.seed)
        for part in (self.network, self.notes, self.base):
            part.to(self.device)
        self.network.vision.clip.set_attn_implementation("eager")  # trains faster than SDPA on a CPU
        self.reader = Reader(self.network.llama, self.notes, longest_compiled=self.recipe.longest_compiled)

    def distil(self) -> None:
        """Teach the CLIP tower to see as LLaMA-VID's does."""
        some = pixels(self.pool.frames[:PICTURES, 0], self.device)
        distilling.begin_tower(self.network.vision, self.base.vision, some)
        known = kept_patches(self.folder / "patches.safetensors", lambda: encode_pool(self.base.vision, self.pool))
        step = distilling.Distilling(self.network.vision, self.pool, known, batch=self.recipe.distilling_batch)
        self._stage("distilling", {"vision": self.network.vision}, step, self.recipe.distilling)

    def align(self) -> None:
        """The paper's first stage, with pre-fusion in it: the LLaMA and the tower stay as they are."""
        fit_compressor(self.network.compressor, self.encoded_shots.patches.flatten(0, 1))
        words = self.network.llama.model.embed_tokens.weight.detach()[word_ids(self.base_tokenizer)]
        step = Aligning(self.network, self.form, self.encoded_shots, words, batch=self.recipe.aligning_batch)
        self._stage("aligning", self._eyes(), step, self.recipe.aligning)

    def answer(self) -> None:
        """The paper's second stage: instruction tuning on films."""
        for name, lessons, plan in self.recipe.answering:
            step = Answering(self.network, self.reader, self.form, self.encoded_shots, lessons)
            self._stage(name, {**self._eyes(), "llama": self.network.llama, "notes": self.notes}, step, plan)

    @cached_property
    def pool(self) -> ShotPool:
        """The shots that LLaMA-VID's films are put together of; its tower was not trained on them."""
        recipe = self.recipe
        return kept_pool(
            self.folder / "films.safetensors", recipe.film_shots, recipe.frame_format,
            seed=f"{recipe.seed}/films", frames=3, workers=recipe.render_workers,
        )  # fmt: skip

    @cached_property
    def encoded_shots(self) -> EncodedShots:
        """Shots for films as the CLIP tower sees them, encoded once."""
        path = self.folder / "clip-patches.safetensors"
        vision = self.network.vision
        return encoded_shots(self.pool, kept_patches(path, lambda: distilling.encode_pool(vision, self.pool)))

    def save(self, out: Path) -> None:
        """Write the checkpoint in the released layout."""
        save_llava_mini(self.network, out, tokenizer=self.folder / "tokenizer", frame_format=self.recipe.frame_format)

    def plot(self, path: Path) -> None:
        """Draw the learning curves of all stages."""
        from llamavid_demo.training.curves import plot_curves  # a bare GPU machine trains without matplotlib

        stages = ["distilling", "aligning", *(name for name, *_ in self.recipe.answering)]
        plot_curves(self.folder, path, stages=stages)

    def _eyes(self) -> dict[str, nn.Module]:
        network = self.network
        return {"compressor": network.compressor, "projector": network.projector, "prefusion": network.prefusion}

    def _likeness(self, tokenizer: ChatTokenizer) -> list[int]:
        """For each piece that LLaMA-VID lacks the one that it begins like."""
        pieces = self.base_tokenizer.pieces
        added = range(len(self.base_tokenizer), len(tokenizer))
        return [pieces.piece_to_id(LIKENESS[cast(str, tokenizer.pieces.convert_ids_to_tokens(i))]) for i in added]

    def _stage(self, name: str, parts: Mapping[str, nn.Module], step: Step, plan: StagePlan) -> None:
        self.network.requires_grad_(False)
        run_stage(name, parts, step, plan, folder=self.folder, seed=self.recipe.seed, report=self.report)


def run(
    out: Path,
    *,
    base: Path = BASE,
    work: Path = WORK,
    resume: bool = True,
    recipe: MakeRecipe = embedded,
    device: str | None = None,
    report: Report | None = None,
) -> None:
    """Train the embedded LLaVA-Mini from the LLaMA-VID in the folder `base` and write it to `out`.

    `work` keeps the state of every stage; with `resume` whatever is there is used, without it the stages begin anew.
    Raises `ModelError` when `base` is no LLaMA-VID.
    """
    if not resume:
        forget_stages(work)
    training = MiniTraining(work, base, recipe=recipe, device=device, report=report)
    training.distil()
    training.align()
    training.answer()
    training.save(out)
    training.plot(work / "curves.png")
