"""Softmax and cross entropy on the device, in one kernel each way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .array import asarray, ndarray
from .copying import whole
from .device import LABEL
from .program import floats, run_file
from .view import faults

__all__ = ["softmax_cross_entropy", "softmax_cross_entropy_grad"]

Labels = ndarray | npt.NDArray[np.integer[Any]]


def softmax_cross_entropy(x: ndarray, t: Labels) -> ndarray:
    """Mean over the rows of x (N, classes) of -log softmax(x)[t]."""
    (x,) = floats(x)
    rows = x.new(x.shape[:1], x.dtype)
    if x.size:
        inputs, outputs = [whole(x), _labels(t)], [rows, faults()]
        run_file("softmax_cross_entropy", inputs, outputs, len(x), [LABEL], CLASSES=x.shape[1])
    return rows.mean()


def softmax_cross_entropy_grad(x: ndarray, t: Labels, gy: ndarray) -> ndarray:
    """Gradient of softmax_cross_entropy with respect to x, times gy, a 0-d array."""
    x, gy = floats(x, gy)
    gx = x.new(x.shape, x.dtype)
    if x.size:
        inputs = [whole(x), _labels(t), whole(gy)]
        run_file("softmax_cross_entropy_grad", inputs, [gx], len(x), [], CLASSES=x.shape[1])
    return gx


def _labels(t: Labels) -> ndarray:
    """Labels on the device, as the kernels read them."""
    return whole(asarray(t, None if isinstance(t, ndarray) else np.int32).astype(np.int32, copy=False))
