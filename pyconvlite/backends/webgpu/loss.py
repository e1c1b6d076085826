"""Softmax cross entropy on the device, one kernel each for forward and backward; the check of indexes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..numpy import check_indexes as check_on_cpu
from .array import asarray, ndarray
from .copying import whole
from .device import LABEL
from .program import floats, run_file
from .view import faults

__all__ = ["check_indexes", "softmax_cross_entropy", "softmax_cross_entropy_grad"]

Labels = ndarray | npt.NDArray[np.integer[Any]]


def check_indexes(t: ndarray, size: int, name: str) -> None:
    if t.size:
        run_file("check_indexes", [_whole_ints(t)], [faults()], t.size, [LABEL, size])


def softmax_cross_entropy(x: ndarray, t: Labels) -> ndarray:
    (x,) = floats(x)
    rows = x.new((t.size,), x.dtype)
    if not isinstance(t, ndarray):
        check_on_cpu(t, x.shape[1], "labels in t")
    if x.size:
        inputs, outputs = [whole(x), _whole_ints(t)], [rows, faults()]
        run_file("softmax_cross_entropy", inputs, outputs, t.size, [LABEL], **_sizes(x))
    return rows.mean()


def softmax_cross_entropy_grad(x: ndarray, t: Labels, gy: ndarray) -> ndarray:
    x, gy = floats(x, gy)
    gx = x.new(x.shape, x.dtype)
    if x.size:
        inputs = [whole(x), _whole_ints(t), whole(gy)]
        run_file("softmax_cross_entropy_grad", inputs, [gx], t.size, [], **_sizes(x))
    return gx


def _sizes(x: ndarray) -> dict[str, int]:
    return {"CLASSES": x.shape[1], "INNER": math.prod(x.shape[2:])}


def _whole_ints(t: Labels) -> ndarray:
    """Indexes or labels as a contiguous int32 array at offset 0."""
    return whole(asarray(t, None if isinstance(t, ndarray) else np.int32).astype(np.int32, copy=False))
