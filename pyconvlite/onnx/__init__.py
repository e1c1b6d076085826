"""Read ONNX files as Models, and write Models as ONNX files.

To write ONNX files, protobuf is needed: `pip install protobuf`.

Example:
    >>> import io
    >>> import numpy as np
    >>> from pyconvlite import onnx, test_mode
    >>> from pyconvlite.models import LeNet
    >>> model, file = LeNet(), io.BytesIO()
    >>> x = np.zeros((1, 1, 28, 28), np.float32)
    >>> onnx.save(model, file, x)
    >>> loaded = onnx.load(file.getvalue())
    >>> loaded.inputs
    [ValueInfo(name='x', dtype=dtype('float32'), shape=('N', 1, 28, 28))]
    >>> with test_mode():
    ...     bool(np.allclose(loaded(x).data, model(x).data, atol=1e-6))
    True
"""

from __future__ import annotations

import operator
from typing import Any

from .._arguments import integer
from .._files import BinaryFile, written
from .._traced.fusing import CONV_RELU, for_inference
from .._traced.graph import OPSET, Graph, Node, ValueInfo
from .._traced.layer import GraphLayer
from .._traced.tracing import trace
from ..layers import Layer
from ..models import Model
from ._reading import Source, read
from ._writing import as_bytes

__all__ = ["Graph", "Node", "OnnxModel", "ValueInfo", "load", "save"]

_OPSETS = range(13, 23)


class OnnxModel(GraphLayer, Model):
    """A Model that computes the graph of an ONNX file, see `load` and `GraphLayer`.

    Example:
        >>> import numpy as np
        >>> x, y = (ValueInfo(name, np.dtype("float32"), ("N", 2)) for name in "xy")
        >>> model = OnnxModel(Graph([Node("Relu", ["x"], ["y"])], {}, [x], [y]))
        >>> model(np.array([[-1.0, 2.0]], np.float32))
        variable([[0. 2.]])
    """


def load(source: Source) -> OnnxModel:
    """Load an ONNX file as a Model that can be called, trained and saved.

    Operator sets 7 to 28 and the operators that exporters of convolutional and recurrent networks write are
    known; others are refused here, not when the model is called. The file is read within bounds; nothing in
    it is executed.

    Args:
        source: a path, a URL (http:, https: or data:), bytes, or a binary file. External data is read
            from the folder of a path only.

    Raises:
        OSError: the file cannot be read.
        TypeError: `source` has the wrong type.
        ValueError: it is not a complete ONNX file, or has something that is not supported; the message names
            the node, its operator and attributes.

    Example:
        >>> load(b"PK")
        Traceback (most recent call last):
        ValueError: the file is not an ONNX file: it has no graph or no operator set
    """
    return OnnxModel(read(source))


def save(model: Layer, file: BinaryFile, *examples: Any, opset: int = OPSET) -> None:
    """Save a model as an ONNX file that computes what the model computes in `test_mode()`.

    The model is called on the examples, and the Functions that it calls become nodes. Parameters keep their
    names. The first axis of the inputs may have any length in the file, the others that of the examples. An
    OnnxModel is written as it was loaded, with its current weights, but for inference; it needs no examples.

    Args:
        model: a Model or Layer.
        file: a path, used exactly as given, or a binary file object. An existing file is replaced only when
            the new one is complete.
        examples: an input of the model each, arrays with at least one sample.
        opset: version of ONNX's operator set, 13 to 22; that of an OnnxModel stays.

    Raises:
        ImportError: protobuf is not installed.
        OSError: the file cannot be written.
        TypeError: an argument has the wrong type.
        ValueError: the model is fused, pads an average pooling by as much as its kernel, calls a Function
            that has no counterpart in ONNX, computes with arrays outside of the graph, or calls other
            Functions for other inputs; the message names the Function. A branch that depends on the data is
            noticed only where other, random inputs take another one.

    Example:
        >>> import io
        >>> import numpy as np
        >>> from pyconvlite.layers import Linear
        >>> file, linear = io.BytesIO(), Linear(3, in_size=2)
        >>> save(linear, file, np.zeros((1, 2), np.float32))
        >>> [name for name, param in load(file.getvalue()).named_params()]
        ['W', 'b']
    """
    if not isinstance(model, Layer):
        raise TypeError(f"model must be a Model or Layer; got {type(model).__name__}")
    if integer(opset, "opset") not in _OPSETS:
        raise ValueError(f"opset must be from {_OPSETS[0]} to {_OPSETS[-1]}; got {opset}")
    graph = model.graph() if isinstance(model, GraphLayer) else trace(model, examples, opset)
    if any(node.op == CONV_RELU for node in graph.nodes):
        raise ValueError("model must not be fused, for reading only; save the one that it was made of")
    for node in graph.nodes:
        pads, kernel_size = node.attributes.get("pads", ()), node.attributes.get("kernel_shape", ())
        if node.op == "AveragePool" and any(map(operator.ge, pads, 2 * kernel_size)):
            raise ValueError(
                "ONNX Runtime refuses an AveragePool whose pads are not less than its kernel; got pads "
                f"{pads} and kernel_shape {kernel_size} of {node.outputs[0]}: use a smaller pad"
            )
    contents = as_bytes(for_inference(graph), type(model).__name__)
    with written(file) as opened:
        opened.write(contents)
