"""The operators of ONNX: what each computes, and which Functions and layers become one; by family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph import Node, ValueInfo
from . import (  # noqa: F401
    activation,
    arithmetic,
    convolution,
    indexing,
    norm,
    pooling,
    recurrent,
    reduction,
    resize,
    shape,
)
from ._table import EXPORTERS, TABLE, Run, Use

__all__ = ["EXPORTERS", "Run", "prepare"]


# Up to operator set 22, exporters write each of these as several operators, which are supported.
_SINCE_23 = ("Attention", "RMSNormalization", "RotaryEmbedding")


def prepare(node: Node, infos: Sequence[ValueInfo | None], constants: Sequence[Any]) -> Run:
    """The function that computes a node's outputs from its inputs.

    Args:
        node: the node.
        infos: what is known of each input.
        constants: the value of each input that is constant; None for others.

    Raises:
        ValueError: the operator or an attribute is not known or supported.

    Example:
        >>> import numpy as np
        >>> prepare(Node("Relu", ["x"], ["y"]), [None], [None])(np.array([-1.0, 2.0]))
        variable([0. 2.])
    """
    known = TABLE.get(node.op)
    if known is None:
        hint = "; export the model for operator set 22" if node.op in _SINCE_23 else ""
        raise ValueError(f"{node} cannot be loaded: the operator is not known{hint}")
    return known.make(Use(node, known.defaults, infos, constants))
