"""EfficientNet-Lite2 with its ImageNet weights (Apache-2.0), from two packages that need not be installed."""

import logging
from pathlib import Path

import torch
from torch import nn

from llamavid_demo.errors import ModelError
from llamavid_demo.model.real_world.packages import INSTALL

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE = 260  # pixels of a picture

log = logging.getLogger(__name__)


def load_efficientnet(path: Path, device: torch.device) -> nn.Module:
    """The network, in float32. Raises `ModelError` for a damaged file."""
    from efficientnet_lite_pytorch import EfficientNet

    network: nn.Module = EfficientNet.from_name("efficientnet-lite2")
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # whatever a reader trips over, it is the file that is no good
        raise ModelError(f"{path} cannot be read as weights: install its package again ({INSTALL}).") from error
    return network.eval().requires_grad_(False).to(device)
