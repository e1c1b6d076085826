"""Second-order gradients where a kernel computes the gradient: it is recomputed by Functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import Variable, grad
from ..config import Config, using_config
from .casts import cast


def second_gradients(
    first: Callable[..., Sequence[Variable]], inputs: Sequence[Variable], ggs: Sequence[Any]
) -> list[Variable]:
    """Gradients with respect to the inputs of a gradient.

    Args:
        first: computes the gradient from its inputs by Functions, which record a graph.
        inputs: the inputs of `first`.
        ggs: gradients of the outputs of `first`.
    """
    create_graph = Config.enable_backprop
    with using_config("enable_backprop", True):
        # With respect to copies: some inputs may depend on others, and the caller's backpropagation already
        # adds the gradient through that dependence. float16 is computed in float32, as by the kernel.
        copies = [cast(v, np.float32 if v.dtype == np.float16 else v.dtype) for v in inputs]
        gradients = first(*copies)
    found = grad(gradients, copies, list(ggs), create_graph)
    return [g if g.dtype == v.dtype else cast(g, v.dtype) for g, v in zip(found, inputs, strict=True)]
