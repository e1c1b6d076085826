"""What the operators of ONNX compute, one file per family; `prepare` finds a node's function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph import Node, ValueInfo
from . import activation, arithmetic, convolution, norm, pooling, recurrent, reduction, resize, shape  # noqa: F401
from ._table import TABLE, Run, Use

__all__ = ["Run", "prepare"]


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
