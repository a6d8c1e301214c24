"""The real sizes of the public releases, for reckoning what they need before anything of them is here."""

from dataclasses import replace

from transformers import LlamaConfig

from llamavid_demo.model.config import VisionConfig
from llamavid_demo.model.llama_vid.config import LlamaVidConfig, TextDecoderConfig
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.loaded import ModelConfig
from llamavid_demo.model.plan import Plan, plan_section
from llamavid_demo.model.releases import Release

SUBTITLE_TOKENS_PER_MINUTE = 150  # talkative films, LLaMA's tokens; only for lengths without a film

SEVEN_B = LlamaVidConfig(
    vision=VisionConfig(width=1408, depth=39, heads=16, patch=14, image=224, mlp=6144),
    text=TextDecoderConfig(
        hidden=768, layers=12, heads=12, intermediate=3072, vocabulary=30523, positions=512, queries=32
    ),
    llama=LlamaConfig(
        vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=32, max_position_embeddings=65536,
    ),
)  # fmt: skip
THIRTEEN_B = replace(
    SEVEN_B,
    llama=LlamaConfig(
        vocab_size=32000, hidden_size=5120, intermediate_size=13824, num_hidden_layers=40, num_attention_heads=40,
        num_key_value_heads=40, max_position_embeddings=4096,
    ),
)  # fmt: skip
EIGHT_B = LlavaMiniConfig(
    clip=VisionConfig(width=1024, depth=24, heads=16, patch=14, image=336, mlp=4096),
    llama=LlamaConfig(
        vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=8, max_position_embeddings=131072,
    ),
)  # fmt: skip
_SIZES: dict[str, ModelConfig] = {
    "7b": SEVEN_B,
    "13b": THIRTEEN_B,
    "7b-336": replace(SEVEN_B, vision=replace(SEVEN_B.vision, image=336)),
    "13b-336": replace(THIRTEEN_B, vision=replace(SEVEN_B.vision, image=336)),
    "8b": EIGHT_B,
}


def plan_release(release: Release, *, room: float) -> Plan:
    """What the film that a release was made for costs on a card, in 4 bits; frames keep at most `room` bytes."""
    frames = max(1, int(release.minutes * 60))
    subtitles = int(release.minutes * SUBTITLE_TOKENS_PER_MINUTE)
    return plan_section(
        _SIZES[release.size], frames=frames, subtitle_tokens=subtitles, quantization="4bit", room=room,
        batch=min(32, frames),
    )  # fmt: skip
