"""The eyes of `llama-vid-135m`: those of `llama-vid-tiny`, aligned anew to what the pretrained LLaMA calls things.

Vision tower and text decoder stay; the projectors learn to make the LLaMA's own word embeddings of what is seen.
"""

import random
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import LlamaConfig

from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.load import empty_network, load_llama_vid
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.questions import Question
from llamavid_demo.questions.ordinary import reworded
from llamavid_demo.storybook.shots import kept_pool
from llamavid_demo.training.aligning import Aligning
from llamavid_demo.training.encoded_shots import EncodedShots, encode_pool, encoded_shots, kept_patches
from llamavid_demo.training.english.reader import HEADS, pointing_layers
from llamavid_demo.training.english.recipe import Recipe
from llamavid_demo.training.english.word_tokens import LOOK_WORDS
from llamavid_demo.training.guide import GuideIds
from llamavid_demo.training.ideal import content_words
from llamavid_demo.training.stages import Report, StepResult, run_stage


class Eyes:
    """Eyes for a LLaMA, begun with those of the checkpoint folder `tiny`; `words` (words, H) are its embeddings."""

    def __init__(
        self, folder: Path, tiny: Path, recipe: Recipe, llama: LlamaConfig, words: torch.Tensor, base: str | None = None
    ) -> None:
        self.folder, self.tiny, self.recipe, self.words, self.base = folder, tiny, recipe, words, base
        self.known: LoadedLlamaVid = load_llama_vid(tiny, device="cpu", dtype="float32", quantization="none")
        self.config = LlamaVidConfig(
            vision=self.known.config.vision,
            text=self.known.config.text,
            llama=llama,
            max_tokens=llama.max_position_embeddings,
            guide="ahead",
            evidence_layers=tuple(pointing_layers(llama.num_hidden_layers)),
            prompt=recipe.prompt,
            watched_heads=HEADS,
            spoken_evidence=True,
            quotes=True,
            second_eyes=True,
            look_words=LOOK_WORDS,
            autocast=True,
            languages=("en",),
        )
        self.network = self._begin()

    def _begin(self) -> LlamaVid:
        """The network without its LLaMA, whose parameters stay empty; what fits is taken over."""
        network, known = empty_network(self.config), self.known.network.state_dict()
        generator = torch.Generator().manual_seed(self.recipe.seed)
        state = {}
        for name, parameter in network.named_parameters():
            if name.startswith("llama."):
                continue
            if name in known and known[name].shape == parameter.shape:
                state[name] = known[name]
            else:
                drawn = torch.randn(parameter.shape, generator=generator)
                state[name] = drawn * parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else torch.zeros_like(drawn)
        network.load_state_dict(state, strict=False, assign=True)
        return network

    def begin_with(self, checkpoint: Path) -> None:
        """Take over the eyes of a checkpoint that was aligned with the same LLaMA."""
        known = load_llama_vid(checkpoint, device="cpu", dtype="float32", quantization="none", base=self.base)
        state = known.network.state_dict()
        eyes = {name: state[name] for name, _ in self.network.named_parameters() if not name.startswith("llama.")}
        self.network.load_state_dict(eyes, strict=False, assign=True)
        self.network.requires_grad_(False)

    @cached_property
    def shots(self) -> EncodedShots:
        """Rendered shots as the tower sees them."""
        recipe = self.recipe
        pool = kept_pool(
            self.folder / "films.safetensors", recipe.film_shots, self.known.frame_format,
            seed=f"{recipe.seed}/films", frames=2, workers=2,
        )  # fmt: skip
        tower = self.known.network.vision
        return encoded_shots(pool, kept_patches(self.folder / "patches.safetensors", lambda: encode_pool(tower, pool)))

    @cached_property
    def guide(self) -> GuideIds:
        """Questions as the text decoder reads them."""
        return GuideIds(self.tiny / "bert" / "vocab.txt")

    @torch.inference_mode()
    def look(self, pictures: Sequence[tuple[int, int]], question: str | None) -> torch.Tensor:
        """Tokens (P, H) of pictures (shot, picture) of the pool: content tokens, or context tokens for a question."""
        shots, numbers = zip(*pictures, strict=True)
        patches = self.shots.patches[list(shots), list(numbers)].float()
        if question is None:
            return self.network.content(patches)[:, 0].clone()
        ids, mask = self.guide([question])
        return self.network.context_tokens(patches, patches, ids, mask)[:, 0].clone()

    def align(self, report: Report | None = None) -> None:
        """Frame tokens become what the LLaMA reads as words: first content tokens alone, then both; see `Aligning`."""
        network, recipe = self.network, self.recipe
        aligning = Aligning(
            network, self.words, self.guide, self.shots, batch=recipe.aligning_batch, phrase=as_typed,
        )  # fmt: skip
        content = {"content": network.content}
        eyes = {"text_decoder": network.text_decoder, "context": network.context, **content}
        for name, parts, step, plan in (
            ("content", content, self._content_step, recipe.content),
            ("aligning", eyes, aligning, recipe.aligning),
        ):
            run_stage(name, parts, step, plan, folder=self.folder, seed=recipe.seed, report=report)
        network.requires_grad_(False)

    def tell_apart(self, others: np.ndarray) -> float:
        """Fit the gate: what is drawn against `others` (P, h, w, 3), pictures of other worlds; how many it tells.

        A logistic regression on the mean patch.
        """
        patches = [self.known.patches(batch) for batch in np.array_split(others, max(1, len(others) // 32))]
        other = torch.cat(patches).float().mean(dim=1)  # (P, C)
        drawn = self._means.flatten(0, 1)
        rows = torch.cat([drawn, other])
        wanted = torch.cat([torch.ones(len(drawn)), torch.zeros(len(other))])
        weight = torch.where(wanted > 0, 0.5 / len(drawn), 0.5 / len(other))
        middle, spread = rows.mean(dim=0), rows.std(dim=0)
        gate = nn.Linear(rows.shape[1], 1)
        nn.init.zeros_(gate.weight)
        optimiser = torch.optim.LBFGS(gate.parameters(), max_iter=200, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            optimiser.zero_grad()
            logits = gate((rows - middle) / spread)[:, 0]
            lost = nn.functional.binary_cross_entropy_with_logits(logits, wanted, weight=weight, reduction="sum")
            lost = lost + 1e-3 * gate.weight.square().sum()
            lost.backward()
            return lost

        with torch.enable_grad():
            optimiser.step(loss)
        with torch.no_grad():
            mine = self.network.drawn_gate
            mine.weight.copy_(gate.weight / spread)
            mine.bias.copy_(gate.bias - (gate.weight * middle / spread).sum())
            told = (mine(rows)[:, 0] > 0) == (wanted > 0)
            return float(told.float().mean())

    def _content_step(self, rng: random.Random) -> StepResult:
        """Content tokens of many frames at once, from their patches' means."""
        chosen = [rng.randrange(len(self.shots.shots)) for _ in range(self.recipe.content_batch)]
        pictures = [rng.randrange(self.shots.patches.shape[1]) for _ in chosen]
        made = self.network.content.projector(self._means[chosen, pictures])
        wanted = torch.stack([content_words(self.shots.shots[shot]) for shot in chosen]) @ self.words
        return StepResult(nn.functional.mse_loss(made, wanted))

    @cached_property
    def _means(self) -> torch.Tensor:
        return self.shots.patches.float().mean(dim=2)  # (S, F, C)


def as_typed(question: Question, rng: random.Random) -> str:
    """A question in the drawn world's own phrasing or in ordinary words."""
    return reworded(question, rng)[0] if question.kind and rng.random() < 0.8 else question.text
