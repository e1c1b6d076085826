"""Linear, and the base of the layers with a weight W and a bias b."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from .._arguments import at_least, one_of
from ..autograd import Parameter, Variable
from ._arguments import channels, float_dtype
from .base import Layer
from .initializers import NAMES, initial


class Affine(Layer):
    """Base of Linear and the convolutions: W, initialized once the input size is known, and b.

    The input size is the length of axis 1, features or channels, unless `_size_of` says otherwise. A subclass
    defines `_in_name`, the name of its input size argument; `_weight_shape`, the shape of W for an input size
    (None: unknown); `_fan_in`, the number of input elements per output element; `_fan_out`, the reverse; and
    `_apply`.
    """

    _in_name: str

    def __init__(
        self, in_size: int | None, out_size: int | None, nobias: bool, dtype: Any, init: str
    ) -> None:
        if not isinstance(nobias, bool | np.bool_):  # as in PyTorch's Linear(784, 10)
            raise TypeError(
                f"nobias must be True or False; got {nobias!r}: the first argument is the output size; "
                f"pass the input size as {self._in_name}="
            )
        self.nobias = bool(nobias)
        dtype = float_dtype(dtype)
        self.init = one_of(init, "init", NAMES)
        self.W = Parameter(None, "W", lazy_shape=self._weight_shape(None), lazy_dtype=dtype)
        b = None if out_size is None else np.zeros(out_size, dtype=dtype)
        self.b = None if nobias else Parameter(b, "b", lazy_shape=(out_size,), lazy_dtype=dtype)
        if in_size is not None:
            self._init_params(in_size)

    def _init_params(self, in_size: int) -> None:
        in_size = at_least(1, in_size, self._in_name)
        shape: Any = self._weight_shape(in_size)
        fans = self._fan_in(in_size), self._fan_out()
        self.W.data = initial(self.init, shape, *fans, self.W.lazy_dtype)

    def forward(self, x: Any) -> Variable:
        """Compute the output; the first call infers the input size if it was not given."""
        if self.W._data is None:
            self._init_for(x, self._size_of(x))
        return self._apply(x)

    def _size_of(self, x: Any) -> int:
        return channels(x, self)

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        raise NotImplementedError

    def _fan_in(self, in_size: int) -> int:
        raise NotImplementedError

    def _fan_out(self) -> int:
        raise NotImplementedError

    def _apply(self, x: Any) -> Variable:
        raise NotImplementedError


class Linear(Affine):
    """Fully connected layer: `y = x @ W + b` (book step 44).

    Its input has the shape (N, in_size), or (T, N, in_size) for a sequence. If in_size is given, more axes
    may precede it.

    Args:
        out_size: number of output features, at least 1.
        nobias: omit b; the attribute `b` is then None.
        dtype: float16, float32 or float64, the dtype of W and b.
        in_size: number of input features; None infers it from the first input.
        init: name of the distribution that W is drawn from, see `initializers.initial`, such as "he_normal",
            "glorot_uniform" or "orthogonal"; by default with variance 1 / in_size.

    Attributes:
        W: Parameter of shape (in_size, out_size).
        b: Parameter of shape (out_size,), initialized to zeros; or None.

    Raises:
        TypeError: a size is not an integer, or `dtype` is not supported.
        ValueError: a size is below 1, or `init` is unknown.

    Example:
        >>> linear = Linear(3)
        >>> linear(np.zeros((5, 2), dtype=np.float32)).shape
        (5, 3)
        >>> linear
        Linear(out_size=3, in_size=2)
    """

    _in_name = "in_size"
    _torch_transposed = ("/W",)

    def __init__(
        self,
        out_size: int,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_size: int | None = None,
        *,
        init: str = "lecun_normal",
    ) -> None:
        self.out_size = at_least(1, out_size, "out_size")
        super().__init__(in_size, self.out_size, nobias, dtype, init)

    @property
    def in_size(self) -> int | None:
        """Number of input features; None until known."""
        return None if self.W.data is None else self.W.shape[0]

    def _size_of(self, x: Any) -> int:
        if np.ndim(x) > 3:
            raise ValueError(
                f"Linear infers its input size from (N, in_size) or (T, N, in_size); got {np.shape(x)}: use "
                f"F.flatten(x), or pass in_size={np.shape(x)[-1]} to apply it along the last axis"
            )
        return int(np.shape(x)[2]) if np.ndim(x) == 3 else super()._size_of(x)

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (in_size, self.out_size)

    def _fan_in(self, in_size: int) -> int:
        return in_size

    def _fan_out(self) -> int:
        return self.out_size

    def _apply(self, x: Any) -> Variable:
        return F.linear(x, self.W, self.b)
