"""The gradients of a gradient that a kernel computes: it is computed again by Functions."""

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
        first: computes that gradient from its inputs by Functions, with a graph.
        inputs: its inputs.
        ggs: gradients of its outputs.
    """
    create_graph = Config.enable_backprop
    with using_config("enable_backprop", True):
        # With respect to copies: some inputs may depend on others, and the caller's backpropagation already
        # adds the gradient through that dependence. Of float16 in float32, as the kernel computes.
        copies = [cast(v, np.float32 if v.dtype == np.float16 else v.dtype) for v in inputs]
        gradients = first(*copies)
    found = grad(gradients, copies, list(ggs), create_graph)
    return [g if g.dtype == v.dtype else cast(g, v.dtype) for g, v in zip(found, inputs, strict=True)]
