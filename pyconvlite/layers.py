"""Layers: Functions together with the Parameters that training adjusts (book steps 44-45)."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from . import _weights
from . import functions as F
from .core import Parameter, Variable
from .utils import Array, IntPair, at_least, pair, rng

__all__ = ["Conv2d", "Deconv2d", "Layer", "Linear"]

# ---------------------------------------------------------------------------------------------- Layer


class Layer:
    """Base of layers and models: what holds Parameters and computes with them.

    A subclass assigns Parameters and other Layers to attributes, also inside lists, tuples and dicts, and
    defines `forward`. Nothing has to be registered: Parameters are found through the attributes, in order of
    definition. One that is reached in several ways counts once, under its first name.

    Attributes:
        inputs, outputs: weak references to what the last call took and gave; None for what cannot be
            referenced weakly, such as a number.

    Example:
        >>> class Scale(Layer):
        ...     def __init__(self):
        ...         self.factor = Parameter(np.array([2.0]))
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> scale = Scale()
        >>> scale(np.array([1.0, 3.0]))
        variable([2. 6.])
        >>> [name for name, param in scale.named_params()]
        ['factor']
    """

    inputs: list[weakref.ref[Any] | None]
    outputs: list[weakref.ref[Any] | None]

    def __call__(self, *inputs: Any) -> Any:
        """Call `forward`; one output, or a tuple of several."""
        ys = self.forward(*inputs)
        outputs = ys if isinstance(ys, tuple) else (ys,)
        self.inputs = [_weak(x) for x in inputs]
        self.outputs = [_weak(y) for y in outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def __getstate__(self) -> dict[str, Any]:
        # For pickle and copy: weak references cannot be pickled, and would point to what another layer saw.
        return {name: value for name, value in vars(self).items() if name not in ("inputs", "outputs")}

    def forward(self, *inputs: Any) -> Any:
        """Compute the output, or a tuple of outputs."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def params(self) -> Iterator[Parameter]:
        """Every Parameter, each once, in order of definition."""
        return (param for _, param in self.named_params())

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """Every Parameter with its name: the way to it, as in `conv1/W` or `layers/0/W`."""
        return _named_params(self, "", set())

    def cleargrads(self) -> None:
        """Forget the gradients of all Parameters."""
        for param in self.params():
            param.cleargrad()

    def to_cpu(self) -> None:
        """Move all Parameters to the CPU."""
        for param in self.params():
            param.to_cpu()

    def to_gpu(self) -> None:
        """Move all Parameters to the device.

        Raises:
            DeviceUnavailable: this runtime has no device.
        """
        for param in self.params():
            param.to_gpu()

    def _flatten_params(self, params_dict: dict[str, Parameter], parent_key: str = "") -> None:
        for name, param in _named_params(self, parent_key, set()):
            if name in params_dict:
                raise ValueError(f"two Parameters have the name {name!r}; rename a dict key or an attribute")
            params_dict[name] = param

    def save_weights(self, file: _weights.WeightFile) -> None:
        """Save the Parameters as an npz archive, one array per name of `named_params`.

        Args:
            file: a path, taken exactly as given, or a binary file object. A file that exists is replaced once
                the new one is complete.

        Raises:
            ValueError: a Parameter has no data yet, or two have the same name.

        Example:
            >>> import io
            >>> file = io.BytesIO()
            >>> Linear(3, in_size=2).save_weights(file)
            >>> _ = file.seek(0)
            >>> {name: array.shape for name, array in np.load(file).items()}
            {'W': (2, 3), 'b': (3,)}
        """
        _weights.save(file, self._all_params())

    def load_weights(self, file: _weights.WeightFile) -> None:
        """Load what `save_weights` saved into the Parameters, each keeping its own dtype.

        Everything is checked before anything changes. Layers that have not seen an input yet take their input
        size from the weights.

        Args:
            file: a path or a binary file object.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: not a complete npz archive; a missing or unexpected name; an array of another shape,
                or of integers or the like.

        Example:
            >>> import io
            >>> file = io.BytesIO()
            >>> Linear(3, in_size=2).save_weights(file)
            >>> _ = file.seek(0)
            >>> linear = Linear(3)
            >>> linear.load_weights(file)
            >>> linear.W.shape
            (2, 3)
        """
        _weights.load(file, self._all_params())

    def _all_params(self) -> dict[str, Parameter]:
        params: dict[str, Parameter] = {}
        self._flatten_params(params)
        return params


def _named_params(value: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Parameter]]:
    """Yield the Parameters that an attribute's value leads to; `seen` holds the ids of what was visited."""
    children: Iterable[tuple[Any, Any]]
    if isinstance(value, Parameter):
        children = ()
    elif isinstance(value, Layer):
        children = vars(value).items()
    elif isinstance(value, Mapping):
        children = value.items()
    elif isinstance(value, list | tuple):
        children = enumerate(value)
    else:
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Parameter):
        yield name, value
    for key, child in children:
        yield from _named_params(child, f"{name}/{key}" if name else str(key), seen)


def _weak(value: Any) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(value)
    except TypeError:
        return None


# ---------------------------------------------------------------------------------------------- affine layers


class _Affine(Layer):
    """What Linear, Conv2d and Deconv2d share: W, drawn as soon as the input's size is known, and b.

    The input's size is its length along axis 1: features or channels. A subclass defines `_in_name`, what it
    calls that; `_weight_shape`, W's shape for an input size that may still be open (None); `_fan_in`, how
    many inputs one output is a sum of; and `_apply`.
    """

    _in_name: str

    def __init__(self, in_size: int | None, out_size: int, nobias: bool, dtype: Any) -> None:
        dtype = np.dtype(dtype)
        if dtype not in _FLOATS:
            raise TypeError(f"dtype must be float16, float32 or float64; got {dtype}")
        self.W = Parameter(None, "W", lazy_shape=self._weight_shape(None), lazy_dtype=dtype)
        self.b = None if nobias else Parameter(np.zeros(out_size, dtype=dtype), "b")
        if in_size is not None:
            self._init_W(in_size)

    def _init_W(self, in_size: int) -> None:
        in_size = at_least(1, in_size, self._in_name)
        # Variance 1 / fan_in, so that a layer's output has about the variance of its input.
        deviation = math.sqrt(1 / self._fan_in(in_size))
        self.W.data = _normal(self._weight_shape(in_size), deviation, self.W.lazy_dtype)

    def forward(self, x: Any) -> Variable:
        """Compute the output; the first call fixes an input size that was left open."""
        if self.W.data is not None:
            return self._apply(x)
        if np.ndim(x) < 2:
            name = type(self).__name__
            raise ValueError(f"{name} needs an input of 2 or more axes; got shape {np.shape(x)}")
        self._init_W(np.shape(x)[1])
        try:
            return self._apply(x)
        except Exception:
            self.W.data = None  # what the layer cannot take must not decide its size
            raise

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        raise NotImplementedError

    def _fan_in(self, in_size: int) -> int:
        raise NotImplementedError

    def _apply(self, x: Any) -> Variable:
        raise NotImplementedError


_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


def _normal(shape: tuple[Any, ...], deviation: float, dtype: Any) -> Array:
    # NumPy draws no float16; float32 is drawn as such, since a copy in float64 would be twice as large.
    drawn = rng().standard_normal(shape, dtype=np.float64 if dtype == np.float64 else np.float32)
    drawn *= deviation
    return drawn.astype(dtype, copy=False)


class Linear(_Affine):
    """Matrix product and bias: `y = x @ W + b` (book step 44).

    Args:
        out_size: features of the output, at least 1.
        nobias: leave b out; the attribute `b` is then None.
        dtype: float16, float32 or float64; for W, b and the initial draw.
        in_size: features of the input; None reads it from the first input.

    Attributes:
        W: Parameter of shape (in_size, out_size), drawn with variance 1 / in_size.
        b: Parameter of shape (out_size,), zeros at first; or None.

    Raises:
        TypeError: a size that is no integer, or an unknown dtype.
        ValueError: a size below 1.

    Example:
        >>> linear = Linear(3)
        >>> linear(np.zeros((5, 2), dtype=np.float32)).shape
        (5, 3)
        >>> linear
        Linear(out_size=3, in_size=2)
    """

    _in_name = "in_size"

    def __init__(
        self, out_size: int, nobias: bool = False, dtype: Any = np.float32, in_size: int | None = None
    ) -> None:
        self.out_size = at_least(1, out_size, "out_size")
        super().__init__(in_size, self.out_size, nobias, dtype)

    @property
    def in_size(self) -> int | None:
        """Features of the input; None until known."""
        return None if self.W.data is None else self.W.shape[0]

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (in_size, self.out_size)

    def _fan_in(self, in_size: int) -> int:
        return in_size

    def _apply(self, x: Any) -> Variable:
        return F.linear(x, self.W, self.b)

    def __repr__(self) -> str:
        return f"Linear(out_size={self.out_size}, in_size={self.in_size})"


class _Convolution(_Affine):
    """What Conv2d and Deconv2d share: their arguments."""

    _in_name = "in_channels"

    def __init__(
        self,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: IntPair = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> None:
        self.groups = at_least(1, groups, "groups")
        self.out_channels = self._divisible(at_least(1, out_channels, "out_channels"), "out_channels")
        self.kernel_size = _sizes(1, kernel_size, "kernel_size")
        self.stride = _sizes(1, stride, "stride")
        self.pad = _sizes(0, pad, "pad")
        self.dilation = _sizes(1, dilation, "dilation")
        super().__init__(in_channels, self.out_channels, nobias, dtype)

    def _divisible(self, channels: int, name: str) -> int:
        if channels % self.groups:
            raise ValueError(f"{name} must be a multiple of groups={self.groups}; got {channels}")
        return channels

    def _fan_in(self, in_size: int) -> int:
        return self._divisible(in_size, "in_channels") // self.groups * math.prod(self.kernel_size)

    def __repr__(self) -> str:
        names = ("out_channels", "kernel_size", "stride", "pad", "in_channels", "dilation", "groups")
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in names)})"

    @property
    def in_channels(self) -> int | None:
        """Channels of the input; None until known."""
        raise NotImplementedError


def _sizes(least: int, value: IntPair, name: str) -> tuple[int, int]:
    height, width = pair(value, name)
    return at_least(least, height, name), at_least(least, width, name)


class Conv2d(_Convolution):
    """Convolution of images with trained kernels (book steps 55-57).

    Args:
        out_channels: number of kernels, at least 1.
        kernel_size: pixels, an integer or (height, width); so are stride, pad and dilation.
        stride: pixels from one position of the kernel to the next.
        pad: pixels of zeros added at each edge.
        nobias: leave b out; the attribute `b` is then None.
        dtype: float16, float32 or float64; for W, b and the initial draw.
        in_channels: channels of the input; None reads it from the first input.
        dilation: distance of neighbouring kernel pixels.
        groups: number of parts that input and output channels are divided into, each convolved on its own.

    Attributes:
        W: Parameter of shape (out_channels, in_channels / groups, KH, KW), drawn with variance
            1 / (in_channels / groups * KH * KW).
        b: Parameter of shape (out_channels,), zeros at first; or None.

    Raises:
        TypeError: a size that is no integer, or an unknown dtype.
        ValueError: a size out of its range, or channels that groups does not divide.

    Example:
        >>> conv = Conv2d(6, kernel_size=5, pad=2)
        >>> conv(np.zeros((1, 3, 28, 28), dtype=np.float32)).shape
        (1, 6, 28, 28)
        >>> conv.in_channels, conv.W.shape
        (3, (6, 3, 5, 5))
    """

    @property
    def in_channels(self) -> int | None:
        """Channels of the input; None until known."""
        return None if self.W.data is None else self.W.shape[1] * self.groups

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (self.out_channels, None if in_size is None else in_size // self.groups, *self.kernel_size)

    def _apply(self, x: Any) -> Variable:
        return F.conv2d(x, self.W, self.b, self.stride, self.pad, dilation=self.dilation, groups=self.groups)


class Deconv2d(_Convolution):
    """Transposed convolution, which enlarges images; with the arguments of Conv2d, whose way back it is.

    Attributes:
        W: Parameter of shape (in_channels, out_channels / groups, KH, KW), drawn with variance
            1 / (in_channels / groups * KH * KW).
        b: Parameter of shape (out_channels,), zeros at first; or None.

    Raises:
        TypeError: a size that is no integer, or an unknown dtype.
        ValueError: a size out of its range, or channels that groups does not divide.

    Example:
        >>> deconv = Deconv2d(3, kernel_size=4, stride=2, pad=1)
        >>> deconv(np.zeros((1, 8, 7, 7), dtype=np.float32)).shape
        (1, 3, 14, 14)
    """

    @property
    def in_channels(self) -> int | None:
        """Channels of the input; None until known."""
        return None if self.W.data is None else self.W.shape[0]

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (in_size, self.out_channels // self.groups, *self.kernel_size)

    def _apply(self, x: Any) -> Variable:
        return F.deconv2d(
            x, self.W, self.b, self.stride, self.pad, dilation=self.dilation, groups=self.groups
        )
