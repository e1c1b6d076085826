"""Softmax cross entropy and its gradient on the device, one kernel for both; the check of indexes."""

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

__all__ = ["check_indexes", "check_probabilities", "softmax_cross_entropy"]

Labels = ndarray | npt.NDArray[np.integer[Any]]


def check_indexes(t: ndarray, size: int, name: str) -> None:
    if t.size:
        run_file("check_indexes", [_whole_ints(t)], [faults()], t.size, [LABEL, size])


def check_probabilities(x: ndarray, name: str, hint: str) -> None:
    """Nothing, since a read would wait for the device."""


def softmax_cross_entropy(x: ndarray, t: Labels) -> tuple[ndarray, ndarray]:
    (x,) = floats(x)
    rows, gx = x.new((t.size,)), x.new(x.shape)
    if not isinstance(t, ndarray):
        check_on_cpu(t, x.shape[1], "labels in t, except ignore_index,")
    if x.size:
        inputs, outputs = [whole(x), _whole_ints(t)], [rows, gx, faults()]
        sizes = {"CLASSES": x.shape[1], "INNER": math.prod(x.shape[2:])}
        run_file("softmax_cross_entropy", inputs, outputs, t.size, [LABEL], **sizes)
    return rows.mean().astype(x.dtype, copy=False), gx


def _whole_ints(t: Labels) -> ndarray:
    """Indexes or labels as a contiguous int32 array at offset 0."""
    return whole(asarray(t, None if isinstance(t, ndarray) else np.int32).astype(np.int32, copy=False))
