"""OnnxModel: the Model of an ONNX file."""

from __future__ import annotations

from .._traced.layer import GraphLayer
from ..models import Model

__all__ = ["OnnxModel"]


class OnnxModel(GraphLayer, Model):
    """A Model that computes the graph of an ONNX file, see `pyconvlite.onnx.load` and `GraphLayer`.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.onnx import Graph, Node, ValueInfo
        >>> x, y = (ValueInfo(name, np.dtype("float32"), ("N", 2)) for name in "xy")
        >>> model = OnnxModel(Graph([Node("Relu", ["x"], ["y"])], {}, [x], [y]))
        >>> model(np.array([[-1.0, 2.0]], np.float32))
        variable([[0. 2.]])
    """
