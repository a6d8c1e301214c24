"""The public releases by the names that people type: where their files are, and what they are for. Data only."""

from dataclasses import dataclass

# The only whole EVA ViT-g in the layout that LLaMA-VID was trained with: LAVIS publishes it, outside the Hub.
EVA_VIT_G = "https://storage.googleapis.com/sfr-vision-language-research/LAVIS/models/BLIP2/eva_vit_g.pth"
_PLAIN = ("README.md", "LICENSE*", "config.json", "generation_config.json", "special_tokens_map.json", "tokenizer*")


@dataclass(frozen=True)
class HubPart:
    """Files of a Hub repository, by patterns, that go into a `folder` of the release ("": the release's own)."""

    repository: str
    patterns: tuple[str, ...]
    folder: str = ""
    revision: str | None = None


@dataclass(frozen=True)
class Release:
    """A published checkpoint with what it lacks. `gigabytes`: about what `get` fetches, 10⁹ bytes.
    `licence`: its own, or that of the LLaMA which it was made from.

    `size` names the real sizes in `release_sizes.py`, `minutes` is the film that it was made for (0: one picture).
    """

    name: str
    system: str
    size: str
    repository: str
    gigabytes: float
    licence: str
    does: str
    minutes: float
    revision: str | None = None

    @property
    def parts(self) -> tuple[HubPart, ...]:
        """What of the Hub belongs into its folder. Training states, some of them pickled objects, don't."""
        weights = HubPart(
            self.repository,
            (*_PLAIN, "preprocessor_config.json", "*.index.json", "pytorch_model*.bin", "model*.safetensors"),
            revision=self.revision,
        )
        return (weights, _CLIP if self.system == "LLaVA-Mini" else _BERT)

    @property
    def lacks_tower(self) -> bool:
        """Whether `eva_vit_g.pth` goes beside it."""
        return self.system == "LLaMA-VID"


_BERT = HubPart("google-bert/bert-base-uncased", ("vocab.txt", "config.json"), "bert")
_CLIP = HubPart(
    "openai/clip-vit-large-patch14-336",
    ("config.json", "preprocessor_config.json", "pytorch_model.bin", "model.safetensors"),
    "clip",
)
_LLAMA_2 = "Llama 2"


def _llama_vid(name: str, size: str, published: str, does: str, minutes: float) -> Release:
    gigabytes = 17.9 if size.startswith("7b") else 30.5
    return Release(name, "LLaMA-VID", size, f"YanweiLi/{published}", gigabytes, _LLAMA_2, does, minutes)


RELEASES = (
    _llama_vid("llama-vid-7b-long", "7b", "llama-vid-7b-full-224-long-video", "films of hours, with subtitles", 30),
    _llama_vid("llama-vid-7b-short", "7b", "llama-vid-7b-full-224-video-fps-1", "clips of some minutes", 5),
    _llama_vid("llama-vid-13b-short", "13b", "llama-vid-13b-full-224-video-fps-1", "clips of some minutes", 5),
    _llama_vid("llama-vid-7b-image-224", "7b", "llama-vid-7b-full-224", "pictures", 0),
    _llama_vid("llama-vid-7b-image-336", "7b-336", "llama-vid-7b-full-336", "pictures, in more detail", 0),
    _llama_vid("llama-vid-13b-image-336", "13b-336", "llama-vid-13b-full-336", "pictures, in more detail", 0),
    Release(
        "llava-mini-8b", "LLaVA-Mini", "8b", "ICTNLP/llava-mini-llama-3.1-8b", 20.8,
        "GPL-3.0, Llama 3.1", "pictures and films of hours", 30,
    ),
)  # fmt: skip


def find_release(name: str) -> Release | None:
    """The release of that name, or of that Hub repository; None when there is none."""
    return next((release for release in RELEASES if name in (release.name, release.repository)), None)


def way_to_get(release: Release) -> str:
    """The sentence for somebody who names a release that is not here."""
    return (
        f"{release.name} is not here yet (about {release.gigabytes:g} GB): "
        f"get it with `python -m llamavid_demo get {release.name}`."
    )
