"""Runs our LLaVA-Mini on the inputs of a golden folder and yields every recorded array beside ours."""

import copy
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import DynamicCache

from llamavid_demo.model.llava_mini.layout import released_state
from llamavid_demo.model.llava_mini.load import load_llava_mini
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.network import grid_of_crops
from llamavid_demo.model.llava_mini.pictures import middle_frames, sample_frames, square_frames
from llamavid_demo.model.llava_mini.sequence import IGNORED, IMAGE, fused_slots, pad, splice, without_padding
from llamavid_demo.model.llava_mini.tokenizer import Message
from tests.golden import Check, compare_arrays

GIVEN = {"messages_json", "answer1", "images_uint8", "fps", "prompt0", "prompt1", "attention_mask"}
PIXELS_OF = {
    "a_image_bang": "a_image",
    "e_image_c2": "a_image",
    "e_image_c2_hires": "d_image_hires",
    "e_video_c2": "b_video",
    "c_video_turn2": "b_video",
    "c_video_turn2_canned": "b_video",
    "c_video_turn2_masked": "b_video",
}
FRAMES_OF = {"e_video_c2": 3}


def tolerance_of(array: str) -> float:
    if array == "greedy_min_margin":
        return 4e-4  # a difference of two logits
    if array.startswith("grad::"):
        return 2e-5
    if array.startswith(("logits", "greedy", "llm_", "loss")):
        return 2e-4
    if array.startswith(("proj", "prefusion", "split pass", "compressed_frames", "fused", "inputs_embeds")):
        return 5e-5
    return 1e-5


def compare(case: str, array: str, ours: Any, recorded: Any) -> Check:
    return compare_arrays(case, array, ours, recorded, tolerance=tolerance_of(array))


class GoldenLlavaMini:
    """A folder of the golden format: two checkpoints, their CLIP, cases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def one_token(self) -> LoadedLlavaMini:
        return self._load("ckpt")

    @cached_property
    def four_tokens(self) -> LoadedLlavaMini:
        return self._load("ckpt_compressor2")

    def _load(self, name: str) -> LoadedLlavaMini:
        return load_llava_mini(self.folder / name, vision_tower=self.folder / "clip", device="cpu", dtype="float32")

    def recorded(self, case: str) -> Any:
        return np.load(self.folder / "cases" / f"{case}.npz")

    def cases(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "cases").glob("*.npz"))

    def checks(self) -> Iterator[Check]:
        yield from self.check_sampling()
        for case in self.cases():
            yield from self.check_case(case)

    def check_case(self, case: str) -> Iterator[Check]:
        kind = TrainingCase if "loss" in self.recorded(case) else GoldenCase
        yield from kind(self, case).checks()

    def check_sampling(self) -> Iterator[Check]:
        facts = json.loads((self.folder / "cases" / "summary.json").read_text())["facts"]
        for total, count, frames in facts["get_seq_frames"]:
            yield compare("summary", f"frames of {total}", middle_frames(total, count), frames)


def joint_pass(model: LoadedLlavaMini, visual: torch.Tensor, text: torch.Tensor, slots: torch.Tensor) -> dict[str, Any]:
    """Pre-fusion as the original computes it: one sequence a frame, its masked rows computed along and thrown away.

    `visual` (T, V, H), `text` (L, H), `slots` (L,) what of it is fused.
    """
    frames, length = visual.shape[:2]
    rows = torch.cat([visual, text.expand(frames, -1, -1)], dim=1)
    seen = torch.cat([torch.ones(length, dtype=torch.bool), slots])
    allowed = torch.ones(len(seen), len(seen), dtype=torch.bool).tril() & seen
    places = (seen.cumsum(0) - 1).masked_fill(~seen, 1)[None]
    out: dict[str, Any] = {"prefusion_position_ids": places, "prefusion_allowed": allowed, "prefusion_in": rows}
    prefusion = model.network.prefusion
    rotation = prefusion.rotary(rows, places)
    for i, layer in enumerate(prefusion.layers):
        rows = layer(rows, attention_mask=allowed[None, None], position_embeddings=rotation)
        out[f"prefusion_layer{i}_out"] = rows
    return out


class GoldenCase:
    """One case: its arrays computed stage by stage, the recorded names used for ours."""

    def __init__(self, golden: GoldenLlavaMini, case: str) -> None:
        self.golden, self.case = golden, case
        self.model = golden.four_tokens if case.startswith("e_") else golden.one_token
        self.network = self.model.network
        self.recorded = golden.recorded(case)

    @torch.no_grad()
    def checks(self) -> Iterator[Check]:
        ours = self.text()
        ids = torch.tensor(ours["input_ids"][0])
        pixels = self.pixels(ours)
        if pixels is None:
            embeds = self.network.read(ids, [])
        else:
            patches = self.vision(ours, pixels)
            embeds = self.fusion(ours, ids, patches)
        ours["inputs_embeds"] = embeds[None]
        self.language(ours, embeds[None])
        for array in sorted(set(self.recorded) - GIVEN):
            if array not in ours:
                raise KeyError(f"{self.case} records {array}, which this check does not compute")
            yield compare(self.case, array, ours[array], self.recorded[array])
        for array in ours:
            if array.startswith("split pass"):
                yield compare(self.case, array, *ours[array])

    def text(self) -> dict[str, Any]:
        """Prompt and ids from the messages; what is an answer."""
        tokenizer, messages = self.model.tokenizer, []
        for i, content in enumerate(json.loads(str(self.recorded["messages_json"]))):
            if content is not None:
                text = content.removeprefix("<image>\n")
                messages.append(Message("assistant" if i % 2 else "user", text, int(text != content)))
        ids = tokenizer.encode_chat(messages)
        marks = [i for i, token in enumerate(ids) if token == IMAGE]
        embedded = self.network.llama.get_input_embeddings()(torch.tensor(ids).clamp(min=0))
        labels = torch.where(tokenizer.answers(ids), torch.tensor(ids), IGNORED)
        out = {"prompt": tokenizer.prompt(messages), "input_ids": [ids], "labels": labels[None]}
        return out | {"image_position": marks[0] if marks else None, "text_embeds_raw": embedded[None]}

    def pixels(self, ours: dict[str, Any]) -> torch.Tensor | None:
        """Pixels (T, P, 3, S, S) from the pictures where they are recorded, else the recorded ones of their case."""
        crops = 2 if "hires" in self.case else 1
        if "frame_indices" in self.recorded:
            pictures = self.recorded["images_uint8"]
            ours["frame_indices"] = sample_frames(len(pictures), float(self.recorded["fps"]))
            frames = pictures[ours["frame_indices"]]
            ours["frames_square_uint8"] = square_frames(frames, self.model.config.clip.image)
            ours["pixel_values"] = self.model.frame_pixels(frames, crops=crops)[None]
        elif "frames_square_uint8" in self.recorded:  # the first frames of b_video
            squares = self.recorded["frames_square_uint8"]
            video = self.golden.recorded("b_video")
            frames = video["images_uint8"][video["frame_indices"][: len(squares)]]
            ours["frames_square_uint8"] = square_frames(frames, self.model.config.clip.image)
            ours["pixel_values"] = self.model.frame_pixels(frames, crops=crops)[None]
        elif "images_uint8" in self.recorded:
            ours["pixel_values"] = self.model.picture_pixels(self.recorded["images_uint8"][0], crops=crops)
        elif self.case in PIXELS_OF:
            pixels = torch.from_numpy(self.golden.recorded(PIXELS_OF[self.case])["pixel_values"])
            return (pixels[0] if pixels.ndim == 6 else pixels)[: FRAMES_OF.get(self.case)]
        else:
            return None
        return ours["pixel_values"][0] if ours["pixel_values"].ndim == 6 else ours["pixel_values"]

    def vision(self, ours: dict[str, Any], pixels: torch.Tensor) -> torch.Tensor:
        network, patches = self.network, self.network.patches(pixels)  # (T, P, N, d)
        states = network.vision.clip(pixels.flatten(0, 1), output_hidden_states=True).hidden_states
        read = patches[:, 0]
        if patches.shape[1] > 1:
            ours["compressor_in"] = read = grid_of_crops(patches[:, :-1])
            ours["proj_hd_grid"] = network.projector(read)
        ours |= {
            "clip_hidden_states": torch.stack(states, dim=1),
            "clip_features": patches.flatten(0, 1),
            "compressor_out": network.compressor(read),
            "compressor_attn": network.compressor.scores(read),
            "proj_compressed": network.projector(network.compressor(read)),
            "proj_global": network.projector(patches[:, -1]),
        }
        return patches

    def fusion(self, ours: dict[str, Any], ids: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
        """Both ways: the original's joint pass for what it records, ours in two passes for the rest."""
        network, text = self.network, ours["text_embeds_raw"][0]
        raw = self.model.tokenizer.answers(ids.tolist()) if "labels" in self.recorded else None
        slots = fused_slots(ids, raw)
        visual = network.visual_rows(patches)
        joint = joint_pass(self.model, visual, text, slots)
        seen = network.see(patches)
        rows, _ = network.prefusion(text[slots].expand(len(patches), -1, -1), seen.keys)
        every = text.expand(len(patches), -1, -1).masked_scatter(slots[None, :, None], rows)
        mean = network.fuse(text[slots], network.see_batches([patches], frames_at_once=2)).text
        last = joint["prefusion_layer3_out"]
        begin, end = visual.shape[1] - seen.compressed.shape[1], visual.shape[1]
        ours["split pass, compressed"] = seen.compressed, last[:, begin:end]
        ours["split pass, text"] = rows, last[:, end:][:, slots]
        if "prefusion_frames" in self.recorded:
            shown = self.recorded["prefusion_frames"]
            joint = {k: v[shown] if len(v) == len(patches) and v.ndim == 3 else v for k, v in joint.items()}
        shown = self.recorded["fused_text_frame_index"]
        ours |= joint | {
            "prefusion_frames": self.recorded.get("prefusion_frames"),
            "compressed_frames": seen.compressed,
            "fused_text_frame_index": shown,
            "fused_text_frames": every[shown],
            "fused_text": text.masked_scatter(slots[:, None], mean)[None],
        }
        return network.read(ids, [patches], raw=raw, frames_at_once=2)

    def language(self, ours: dict[str, Any], embeds: torch.Tensor) -> None:
        llama, layers = self.network.llama, {}
        hooks = [
            layer.register_forward_hook(lambda _m, _i, out, name=name: layers.update({name: out}))
            for name, layer in [
                *((f"llm_layer{i}_out", layer) for i, layer in enumerate(llama.model.layers)),
                ("llm_norm_out", llama.model.norm),
            ]
        ]
        logits = llama(inputs_embeds=embeds).logits
        for hook in hooks:
            hook.remove()
        ids, rows = self.greedy(embeds, steps=self.recorded["greedy_ids"].shape[1])
        best = rows.topk(2).values
        ours |= layers | {
            "logits": logits,
            "logits_last32": logits[:, -32:],
            "greedy_ids": [ids],
            "greedy_logits": rows,
            "greedy_text": self.model.tokenizer.decode(ids),
            "greedy_min_margin": (best[:, 0] - best[:, 1]).min(),
        }

    def greedy(self, embeds: torch.Tensor, *, steps: int) -> tuple[list[int], torch.Tensor]:
        llama, cache, ids, rows = self.network.llama, DynamicCache(), [], []
        for _ in range(steps):
            logits = llama(inputs_embeds=embeds, past_key_values=cache).logits[0, -1]
            ids.append(int(logits.argmax()))
            rows.append(logits)
            embeds = llama.get_input_embeddings()(torch.tensor([[ids[-1]]]))
        return ids, torch.stack(rows)


class TrainingCase:
    """The recorded training batch: two padded conversations with labels, their loss and its gradients."""

    def __init__(self, golden: GoldenLlavaMini, case: str) -> None:
        self.case, self.model, self.recorded = case, golden.one_token, golden.recorded(case)
        self.network = copy.deepcopy(self.model.network)  # weights that were packed to be read cannot learn

    def checks(self) -> Iterator[Check]:
        ours, tokenizer = {"pixel_values": self.recorded["pixel_values"]}, self.model.tokenizer
        rows = [
            torch.tensor(tokenizer.encode_prompt(str(self.recorded[f"prompt{i}"]), second_bos=False)) for i in (0, 1)
        ]
        wanted = [torch.where(tokenizer.answers(row.tolist()), row, IGNORED) for row in rows]
        padding = tokenizer.pieces.convert_tokens_to_ids("<|finetune_right_pad_id|>")
        ours["input_ids"] = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=padding)
        ours["labels"] = nn.utils.rnn.pad_sequence(wanted, batch_first=True, padding_value=IGNORED)
        ours |= self.learn(torch.from_numpy(self.recorded["pixel_values"]))
        for array in sorted(set(self.recorded) - GIVEN):
            if array not in ours:
                raise KeyError(f"{self.case} records {array}, which this check does not compute")
            yield compare(self.case, array, ours[array], self.recorded[array])

    def learn(self, pixels: torch.Tensor) -> dict[str, Any]:
        ids, labels, mask = (torch.from_numpy(self.recorded[k]) for k in ("input_ids", "labels", "attention_mask"))
        network, embeds, spread = self.network.requires_grad_(True), [], []
        for row, own, picture in zip(without_padding(ids, mask), without_padding(labels, mask), pixels, strict=True):
            patches = network.patches(picture[None])
            embeds.append(network.read(row, [patches], raw=own != IGNORED))
            spread.append(splice(row, own, [own.new_full((len(patches) * network.config.tokens_per_frame,), IGNORED)]))
        batch = pad(embeds, spread)
        out = network.llama(
            inputs_embeds=batch.embeds, attention_mask=batch.mask, position_ids=batch.positions, labels=batch.labels
        )
        out.loss.backward()
        gradients = {k: p.grad for k, p in network.named_parameters() if p.grad is not None}
        ours = {f"grad::{key}": value.clone() for key, value in released_state(gradients).items()}
        return ours | {
            "inputs_embeds": batch.embeds.detach(),
            "new_attention_mask": batch.mask,
            "new_labels": batch.labels,
            "logits_last32": out.logits[:, -32:].detach(),
            "loss": out.loss.detach(),
        }
