"""Read ONNX files as Models, and write Models as ONNX files.

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

ONNX files are messages of protobuf, which is needed for them: `pip install "pyconvlite[onnx]"`.
"""

from __future__ import annotations

from ._graph import ValueInfo
from ._reading import Source, read
from .model import OnnxModel

__all__ = ["OnnxModel", "ValueInfo", "load"]


def load(source: Source) -> OnnxModel:
    """Load an ONNX file as a Model that can be called, trained and saved.

    Operator sets 9 to 22 and the operators that exporters of convolutional networks write are known; others
    are refused here, not when the model is called. The file is checked before protobuf reads it; nothing in
    it is executed.

    Args:
        source: a path, an address (http:, https: or data:), bytes, or a binary file. External data is read
            from the folder of a path only.

    Raises:
        ImportError: protobuf is not installed.
        OSError: the file cannot be read.
        TypeError: `source` has another type.
        ValueError: it is not a complete ONNX file, or has something that is not supported; the message names
            the node, its operator and attributes.

    Example:
        >>> load(b"PK")
        Traceback (most recent call last):
        ValueError: the ONNX file is not an ONNX file, or is damaged: byte 0 begins no field
    """
    return OnnxModel(read(source))
