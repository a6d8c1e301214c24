"""Runs our LLaMA-VID on the inputs of a golden folder and yields every recorded array beside ours."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import DynamicCache

from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.film.cues import Cue
from llamavid_demo.film.frame_format import resize_frame
from llamavid_demo.model.llama_vid.config import VICUNA, PromptFormat
from llamavid_demo.model.llama_vid.content import pool_patches
from llamavid_demo.model.llama_vid.prompt import conversation_text, section_prompt
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.load import load_model
from llamavid_demo.model.preprocessor import read_preprocessor
from llamavid_demo.model.prompt import FRAME
from tests.golden import Check, compare_arrays

TOLERANCE = 1e-4
LOGITS_TOLERANCE = 1e-3


def compare(case: str, array: str, ours: Any, recorded: Any) -> Check:
    tolerance = LOGITS_TOLERANCE if "logits" in array else TOLERANCE
    return compare_arrays(case, array, ours, recorded, tolerance=tolerance)


class GoldenFolder:
    """A folder of the golden format: checkpoint, companions, cases."""

    def __init__(self, folder: Path, *, tower: str = "eva_vit_g.pth") -> None:
        self.folder = folder
        self.sizes = json.loads((folder / "set.json").read_text())
        self.model = load_model(
            folder / "checkpoint",
            quantization="none",
            device="cpu",
            dtype="float32",
            vision_tower=folder / tower,
            bert=folder / "bert",
            vision_depth=self.sizes["eva_depth"],
        )
        self.network = self.model.network
        self.format, _, _ = read_preprocessor(folder, self.sizes["img"])

    @cached_property
    def short_frames(self) -> np.ndarray:
        return np.load(self.folder / "a_short_video.npz")["frames_uint8"]

    def cases(self) -> list[str]:
        return sorted(p.stem for p in self.folder.glob("*.npz") if p.with_suffix(".json").exists())

    def checks(self) -> Iterator[Check]:
        yield from self.check_tokenization()
        yield from self.check_norms()
        for case in self.cases():
            yield from GoldenCase(self, case).checks()

    def check_tokenization(self) -> Iterator[Check]:
        golden = json.loads((self.folder / "tokenization.json").read_text())
        for legacy, name in ((True, "ids_legacy"), (False, "ids_nonlegacy")):
            tokenizer = LlamaTokenizer(self.folder / "checkpoint" / "tokenizer.model", legacy=legacy)
            for i, row in enumerate(golden["llama"] + golden["image_prompts"]):
                yield compare("tokenization", f"{name}[{i}]", prompt_ids(tokenizer, row["text"]), row[name])
        for i, row in enumerate(golden["bert"]):
            ids, _ = self.model.guide_tokenizer(row["text"])
            yield compare("tokenization", f"bert[{i}]", ids[0], row["ids"])

    def check_norms(self) -> Iterator[Check]:
        probe = np.load(self.folder / "norm_eps_probe.npz")
        vision, qformer = self.network.vision.tower, self.network.text_decoder.qformer
        layers: dict[str, nn.Module] = {
            "eva_norm1": vision.encoder.layers[0].layer_norm1,
            "qformer_embeddings_ln": qformer.embeddings.layernorm,
            "qformer_layer0_output_query_ln": qformer.encoder.layer[0].output_query.LayerNorm,
            "vlm_att_ln": self.network.text_decoder.visual_norm,
            "llm_input_layernorm": self.network.llama.model.layers[0].input_layernorm,
            "llm_final_norm": self.network.llama.model.norm,
        }
        for name in sorted(k.removesuffix("_in") for k in probe if k.endswith("_in")):
            layer = layers.get(name)
            if layer is None:
                raise KeyError(f"norm_eps_probe has a layer that this check does not know: {name}")
            with torch.no_grad():
                ours = layer(torch.from_numpy(probe[name + "_in"]))
            yield compare("norm_eps_probe", name, ours, probe[name + "_out"])


def prompt_ids(tokenizer: LlamaTokenizer, prompt: str) -> list[int]:
    """A golden prompt string split at its image marks, as the original tokenizes it."""
    first, *rest = prompt.split("<image>")
    ids = [tokenizer.bos, *tokenizer.encode(first)]
    for part in rest:
        ids += [FRAME, *tokenizer.encode(part)]
    return ids


class GoldenCase:
    """One case: its arrays computed stage by stage, the recorded names used for ours."""

    def __init__(self, golden: GoldenFolder, case: str) -> None:
        self.golden, self.case = golden, case
        self.about = json.loads((golden.folder / f"{case}.json").read_text())
        self.recorded = np.load(golden.folder / f"{case}.npz")
        self.network = golden.network
        self.movie = "_long_movie" in case or case.startswith("c_")
        self.compress = self.about.get("compress_type", "mean")
        self.network.content.compress = self.compress

    @torch.no_grad()
    def checks(self) -> Iterator[Check]:
        ours = self.visual()
        if "prompt" in self.about:
            ours |= self.language(ours["frame_tokens"])
            yield from self.prompt_checks(ours["input_ids"])
        for array in self.recorded:
            if array not in ours:
                raise KeyError(f"{self.case} records {array}, which this check does not compute")
            yield compare(self.case, array, ours[array], self.recorded[array])

    def visual(self) -> dict[str, Any]:
        out, rows = self.vision()
        if self.movie:
            feats = np.load(self.golden.folder / "b_long_movie.npz")["feats_fp16"]
            out["feats_fp16"] = out["eva_features"].half()
            rows = patches = torch.from_numpy(feats[:, 1:]).float()
        else:
            patches = rows[:, 1:]
        queries = self.about.get("queries") or [self.about["text_query"][0][0]]
        ids, mask = self.golden.model.guide_tokenizer(*queries)
        frames = len(patches)
        ids, mask = ids.repeat_interleave(frames, 0), mask.repeat_interleave(frames, 0)
        rows, patches = (x.repeat(len(queries), 1, 1) for x in (rows, patches))
        out |= self.text_decoder(rows, ids, mask)
        out |= self.frame_tokens(out["text_q"], patches)
        if len(queries) > 1:
            out["frame_tokens"] = out["frame_tokens"].reshape(len(queries), -1, out["frame_tokens"].shape[-1])
        return out

    def vision(self) -> tuple[dict[str, Any], torch.Tensor]:
        name = "b_long_movie" if self.movie else "a_short_video"
        frames = np.load(self.golden.folder / f"{name}.npz")["frames_uint8"]
        if self.case.startswith("f_"):
            frames = frames[:3]
        if self.case.startswith("e_"):
            frames = frames[:1]
        resized = np.stack([resize_frame(f, self.golden.format) for f in frames])
        pixels = self.golden.model.normalise(resized)
        tower = self.network.vision.tower
        out: dict[str, Any] = {"frames_uint8": frames, "pixel_values": pixels}
        out["eva_patch_embed"] = tower.embeddings.patch_embedding(pixels).flatten(2).mT
        states = tower(pixel_values=pixels, output_hidden_states=True).hidden_states
        out |= {f"eva_block_{i}": state for i, state in enumerate(states[1:])}
        rows = self.network.vision(pixels)
        out["eva_features"] = out["eva_features_fp32"] = rows
        return out, rows

    def text_decoder(self, rows: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, Any]:
        decoder = self.network.text_decoder
        queries = decoder.queries.expand(len(rows), -1, -1)
        full_mask = torch.cat([mask.new_ones(queries.shape[:2]), mask], dim=1)
        seen = decoder.visual_norm(rows)
        result = decoder.qformer(ids, full_mask, None, queries, seen, output_hidden_states=True)
        layers = {f"qformer_layer_{i}": state for i, state in enumerate(result.hidden_states[1:])}
        return layers | {
            "qformer_visual_in": rows,
            "qformer_visual_ln": seen,
            "qformer_input_ids": ids,
            "qformer_attention_mask": full_mask,
            "qformer_embeddings": result.hidden_states[0],
            "qformer_last_hidden_full": result.last_hidden_state,
            "qformer_query_out": result.last_hidden_state[:, : queries.shape[1]],
            "text_q": decoder(rows, ids, mask),
        }

    def frame_tokens(self, text_q: torch.Tensor, patches: torch.Tensor) -> dict[str, Any]:
        context, content = self.network.context, self.network.content
        scores = context.scores(text_q, patches)
        out: dict[str, Any] = {
            "patch_tokens": patches,
            "ctx_keys": context.key_projector(patches),
            "ctx_scores": scores,
            "ctx_pooled": (scores @ patches).mean(1, keepdim=True),
            "ctx_token": context(text_q, patches),
            "content_pooled": pool_patches(patches, self.compress),
            "content_token": content(patches),
        }
        tokens = torch.cat([out["ctx_token"], out["content_token"]], dim=1)
        out["frame_tokens"] = tokens.flatten(0, 1)
        return out

    def language(self, frame_tokens: torch.Tensor) -> dict[str, Any]:
        tokenizer = self.golden.model.tokenizer
        tokenizer.legacy = self.about["tokenizer_legacy"]
        ids = prompt_ids(tokenizer, self.about["prompt"])
        per_mark = len(frame_tokens) // ids.count(FRAME)
        spread = [i for id in ids for i in ([id] * per_mark if id == FRAME else [id])]
        embeds = self.golden.model.embed(spread, frame_tokens)
        result = self.network.llama(inputs_embeds=embeds, output_hidden_states=True)
        hidden = {f"llm_hidden_{i}": state[0] for i, state in enumerate(result.hidden_states)}
        generated, logits = self.generate(embeds, steps=len(self.recorded["generated_ids"]))
        return hidden | {
            "input_ids": ids,
            "inputs_embeds": embeds[0],
            "llm_hidden_last": result.hidden_states[-1][0],
            "logits": result.logits[0],
            "generated_ids": generated,
            "generated_logits": logits,
        }

    def generate(self, embeds: torch.Tensor, *, steps: int) -> tuple[list[int], torch.Tensor]:
        cache, ids, rows = DynamicCache(), [], []
        for _ in range(steps):
            logits = self.network.llama(inputs_embeds=embeds, past_key_values=cache).logits[0, -1]
            ids.append(int(logits.argmax()))
            rows.append(logits)
            embeds = self.golden.model.embed(ids[-1:])
        return ids, torch.stack(rows)

    def prompt_checks(self, golden_ids: list[int]) -> Iterator[Check]:
        """That our own assembly of section prompt and conversation gives the recorded prompt."""
        movie = json.loads((self.golden.folder / "b_long_movie.json").read_text())
        if self.case.startswith(("b_", "c_")):
            texts = replace(
                PromptFormat(),
                opening=VICUNA + self.about.get("start_prompt", movie["start_prompt"]),
                closing=self.about.get("end_prompt", movie["end_prompt"] + "\n"),
            )
            if "start_prompt" in self.about and not texts.closing.endswith("\n"):
                texts = replace(texts, closing=texts.closing + "\n")
            cues = [Cue(c["start_time"], c["end_time"], c["text"]) for c in movie["subtitles"]]
            by_frame = cues_by_frame(cues, movie["frame_times"])
            spoken = [" ".join(cue.text for cue in cues) for cues in by_frame]
            tokenizer = self.golden.model.tokenizer
            prompt = section_prompt(tokenizer, texts, spoken, tokens_per_frame=2)
            turns: list[tuple[str, str | None]] = [(movie["text_query"][0][0], None)]
            if self.case != "b_long_movie":
                second = json.loads((self.golden.folder / "c_turn2.json").read_text())
                turns = [(second["question1"], second["answer1"]), (second["question2"], None)]
            tail = tokenizer.encode(conversation_text(tokenizer, texts, prompt.last_cues, turns))
            yield compare(self.case, "our prompt", [*prompt.ids, *tail], golden_ids)
