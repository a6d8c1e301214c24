"""A seeded model of middling size and films for it whose patches are stored: what the figures are measured on."""

from pathlib import Path

import torch
from transformers import LlamaConfig

from llamavid_demo.chat.encoded_section import _PART, film_key, open_cache
from llamavid_demo.film import Cue, Movie, Section
from llamavid_demo.film.cues import SubtitleTrack
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.config import LlamaVidConfig, TextDecoderConfig, VisionConfig
from llamavid_demo.model.llama_vid import LlamaVid
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import ROOT, Settings

WORDS = "The key is in the castle. Mia has lost the map."


def midsize_model(seed: int = 0) -> LoadedModel:
    """LLaMA: hidden 512, 8 layers, 8 heads, intermediate 1376; Q-Former: hidden 256, 4 layers; 257 patches of 352."""
    small = load_model(ROOT / "assets" / "llama-vid-tiny")  # for its tokenizers
    config = LlamaVidConfig(
        vision=VisionConfig(width=352, depth=1, heads=4, patch=14, image=224, mlp=1408),
        text=TextDecoderConfig(
            hidden=256, layers=4, heads=4, intermediate=1024,
            vocabulary=small.config.text.vocabulary, positions=512, queries=32,
        ),
        llama=LlamaConfig(
            vocab_size=small.config.llama.vocab_size, hidden_size=512, intermediate_size=1376, num_hidden_layers=8,
            num_attention_heads=8, num_key_value_heads=8, max_position_embeddings=65536,
        ),
    )  # fmt: skip
    torch.manual_seed(seed)
    network = LlamaVid(config).eval().requires_grad_(False)
    network.text_decoder.queries.data.normal_(0, 0.02)
    network.llama.set_attn_implementation(small.network.llama.config._attn_implementation)
    return LoadedModel(
        f"midsize-{seed}", f"midsize-{seed}", network, small.tokenizer, small.guide_tokenizer,
        FrameFormat(224, 224, "crop"), small.mean, small.std,
    )  # fmt: skip


def stored_film(model: LoadedModel, frames: int, folder: Path) -> tuple[Movie, Settings]:
    """A film of random patches (frames, 256, 352) that lie in the cache, with a subtitle on every third frame."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{frames}.mp4"
    path.write_text(str(frames))  # nobody opens it: its patches are found
    cues = tuple(Cue(t + 0.1, t + 0.9, WORDS) for t in range(0, frames, 3))
    movie = Movie(
        slug=path.stem, title=f"{frames} frames", path=path, duration=float(frames), width=224, height=224, codec="",
        sections=(Section(0, 0.0, float(frames)),), subtitles=SubtitleTrack(cues, "", None, None, ()), poster=None,
        year=None, licence="", source="", synopsis="", questions=(),
    )  # fmt: skip
    settings = Settings(cache_dir=folder / "cache", guide="first")
    cache, generator = open_cache(settings), torch.Generator().manual_seed(frames)
    for start in range(0, frames, _PART):
        end = min(start + _PART, frames)
        patches = torch.randn(end - start, model.config.vision.patches, 352, generator=generator)
        cache.put("patches", {**film_key(model, movie), "seconds": [float(start), end - 1.0]}, patches.half())
    return movie, settings
