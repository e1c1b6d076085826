"""ReLU."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, served


@served(reference.relu)
def relu(x: Array) -> Array | None:
    if not all_float32(x):
        return None
    y = np.empty(x.shape, np.float32)
    x = contiguous(x)
    library.relu(address(y), address(x), x.size)
    return y


@served(reference.relu_grad)
def relu_grad(gy: Array, x: Array) -> Array | None:
    if not all_float32(gy, x) or gy.shape != x.shape:
        return None
    gx = np.empty(x.shape, np.float32)
    gy, x = contiguous(gy), contiguous(x)
    library.relu_grad(address(gx), address(gy), address(x), x.size)
    return gx
