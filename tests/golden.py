"""What checks against recordings of an original share: an array of ours beside a recorded one."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Check:
    """One recorded array beside ours; `error` is the largest absolute difference, inf where shapes differ."""

    case: str
    array: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance


def compare_arrays(case: str, array: str, ours: Any, golden: Any, *, tolerance: float) -> Check:
    """Floats may differ by `tolerance`, halves by one rounding step of the largest value, whole numbers by nothing."""
    ours, golden = np.asarray(ours), np.asarray(golden)
    if golden.dtype == np.float16:
        tolerance = float(np.abs(golden).max()) * 2**-10
    elif golden.dtype.kind in "iub":
        tolerance = 0.0
    error = float("inf")
    if ours.shape == golden.shape and golden.dtype.kind in "US":
        error = 0.0 if (ours == golden).all() else float("inf")
    elif ours.shape == golden.shape:
        error = float(np.abs(ours.astype(np.float64) - golden.astype(np.float64)).max(initial=0))
    return Check(case, array, error, tolerance)
