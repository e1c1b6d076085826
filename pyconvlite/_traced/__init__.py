"""Models as graphs of ONNX operators: traced by a call, fused, computed; `onnx` reads and writes files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layers import Layer
from .fusing import fused_graph
from .graph import OPSET
from .layer import FusedLayer, GraphLayer
from .tracing import trace

__all__ = ["GraphLayer", "fused"]


def fused(model: Layer, examples: Sequence[Any]) -> GraphLayer:
    """A frozen copy of a model with fewer nodes; see `Model.fused`.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.layers import Conv2d
        >>> fused(Conv2d(2, 3, relu=True), [np.ones((1, 1, 3, 3), np.float32)])
        FusedLayer(x -> y, 1 nodes)
    """
    graph = model.folded() if isinstance(model, GraphLayer) else trace(model, examples, OPSET)
    layer = FusedLayer(fused_graph(graph))
    layer.freeze()
    return layer
