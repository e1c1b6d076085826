"""`dezero.layers`: layers whose weights `numpy.random.randn` draws, at the time when DeZero draws them."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from .. import layers
from .._arguments import at_least
from ..utils import pair
from . import _cupy, cuda
from . import functions as F
from .core import Parameter, Variable

globals().update({name: getattr(layers, name) for name in layers.__all__})  # those below replace them


class Layer(layers.Layer):
    """As `pyconvlite.Layer`, with DeZero's names of arguments.

    Example:
        >>> class Scale(Layer):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = Parameter(np.array([2.0]))
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> Scale()(np.array([1.0, 3.0]))
        variable([2. 6.])
    """

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        """As in `pyconvlite.Layer`; the graph keeps the outputs, which `self.outputs` refers to weakly."""
        ys = super().__call__(*inputs, **kwargs)
        for y in ys if isinstance(ys, tuple) else (ys,):
            if getattr(y, "creator", None) is not None:
                y.creator.reads_outputs = True  # or the graph would have stand-ins without the data
        return ys

    @property
    def _params(self) -> set[str]:
        """Names of the Parameters and Layers among the attributes, which step 44 of the book prints."""
        return {name for name, value in vars(self).items() if isinstance(value, Parameter | layers.Layer)}

    def _attributes_in_order(self) -> list[tuple[str, Any]]:
        # A list may hold the same layers, as in the book's MLP; DeZero does not search lists, so the names
        # of the attributes come first.
        attributes = vars(self).items()
        return sorted(attributes, key=lambda item: not isinstance(item[1], Parameter | layers.Layer))

    def save_weights(self, path: Any) -> None:
        """Save the Parameters as an npz archive; `.npz` is added to a path that does not end with it."""
        if isinstance(path, str | os.PathLike) and not os.fspath(path).endswith(".npz"):
            path = f"{os.fspath(path)}.npz"
        super().save_weights(path)

    def load_weights(self, path: Any) -> None:
        """Load the Parameters from a file that `save_weights` wrote, here or in DeZero."""
        super().load_weights(path)

    def to_gpu(self) -> None:
        """Move all Parameters to the device; float64 becomes float32.

        Raises:
            DeviceUnavailable: no device is available.
        """
        for param in self.params():
            data = _cupy.narrowed(param.data)
            if data is not param.data:
                param.data = data
        super().to_gpu()


class _Drawn(Layer):
    """Base of the layers with a weight W that is drawn once the input size is known."""

    W: Parameter

    @property
    def dtype(self) -> Any:
        """Type of W and b."""
        return self.W.lazy_dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.W.lazy_dtype = np.dtype(dtype)

    def _init_params(self, in_size: int) -> None:
        layer: Any = self
        if layer.init != "lecun_normal":  # an initializer that DeZero lacks
            super()._init_params(in_size)
            return
        shape = layer._weight_shape(at_least(1, in_size, layer._in_name))
        deviation = math.sqrt(1 / layer._fan_in(in_size))
        self.W.data = np.random.randn(*shape).astype(self.dtype) * deviation


class Linear(_Drawn, layers.Linear):
    """As `pyconvlite.layers.Linear`; `np.random.randn(in_size, out_size)` draws W.

    Example:
        >>> np.random.seed(0)
        >>> Linear(2, in_size=1).W
        variable([[1.7640524 0.4001572]])
    """


class Conv2d(_Drawn, layers.Conv2d):
    """As `pyconvlite.layers.Conv2d`; `np.random.randn(out_channels, in_channels, KH, KW)` draws W.

    Example:
        >>> Conv2d(4, 3, in_channels=1).dtype
        dtype('float32')
    """


class Deconv2d(_Drawn, layers.Deconv2d):
    """As `pyconvlite.layers.Deconv2d`; `np.random.randn(in_channels, out_channels, KH, KW)` draws W.

    Example:
        >>> Deconv2d(4, 3, in_channels=1).dtype
        dtype('float32')
    """


class RNN(Layer, layers.RNN):
    """As `pyconvlite.layers.RNN`; the weights of h2h are drawn at the second step, as in DeZero.

    Example:
        >>> rnn = RNN(4)
        >>> h = rnn(np.zeros((2, 3), np.float32))
        >>> rnn.x2h.W.shape, rnn.h2h.W.data is None
        ((3, 4), True)
    """

    def __init__(self, hidden_size: int, in_size: int | None = None) -> None:
        self.hidden_size = at_least(1, hidden_size, "hidden_size")
        self.x2h = Linear(hidden_size, in_size=in_size)
        self.h2h = Linear(hidden_size, nobias=True)
        self.reset_state()


class LSTM(Layer, layers.LSTM):
    """As `pyconvlite.layers.LSTM`; the weights of h2f, h2i, h2o and h2u are drawn first, as in DeZero.

    Example:
        >>> LSTM(4)(np.zeros((2, 3), np.float32)).shape
        (2, 4)
    """

    def __init__(self, hidden_size: int, in_size: int | None = None) -> None:
        self.hidden_size = H = at_least(1, hidden_size, "hidden_size")
        self.x2f, self.x2i, self.x2o, self.x2u = (Linear(H, in_size=in_size) for _ in range(4))
        self.h2f, self.h2i, self.h2o, self.h2u = (Linear(H, in_size=H, nobias=True) for _ in range(4))
        self.reset_state()


class EmbedID(Layer, layers.EmbedID):
    """As `pyconvlite.layers.EmbedID`; `np.random.randn(in_size, out_size)` draws W, in float64.

    Example:
        >>> np.random.seed(0)
        >>> EmbedID(1, 2)(np.array([0, 0]))
        variable([[1.76405235 0.40015721]
                  [1.76405235 0.40015721]])
    """

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__(in_size, out_size, dtype=np.float64)
        self.W.data = np.random.randn(in_size, out_size)


class BatchNorm(Layer, layers.BatchNorm):
    """As `pyconvlite.layers.BatchNorm`; its Parameters get the dtype of the first input.

    Example:
        >>> bn = BatchNorm()
        >>> bn(np.array([[1.0], [3.0]])).data.round(3), bn.gamma.dtype
        (array([[-1.],
               [ 1.]]), dtype('float64'))
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for param in self.params():
            param.lazy_dtype = None  # set by the first input or by loaded weights

    def forward(self, x: Any) -> Variable:
        """Normalize x of shape (N, C, ...); in training, update the running statistics."""
        if self.gamma.data is None:
            for param in self.params():
                param.lazy_dtype = x.dtype if x.dtype.kind == "f" else np.float32
        return super().forward(x)
