"""LayerNorm, GroupNorm and InstanceNorm: layers that normalize each sample by itself."""

from __future__ import annotations

import math
from typing import Any, SupportsIndex

import numpy as np

from .. import functions as F
from .._arguments import at_least, boolean, within
from ..autograd import Parameter, Variable
from ._arguments import channels, float_dtype
from .base import Layer


class LayerNorm(Layer):
    """Layer normalization: normalize over the last axes, then scale and shift each element of them.

    Args:
        normalized_shape: lengths of the axes to normalize over, an integer for the last one.
        eps: added to the variance to avoid division by zero, at least 0.
        affine: whether to scale and shift; if not, gamma and beta are None.
        dtype: float16, float32 or float64.

    Attributes:
        gamma, beta: Parameters of shape normalized_shape, initialized to ones and zeros; or None.

    Raises:
        TypeError: a length is not an integer, `eps` is not a number, or `dtype` is not supported.
        ValueError: a length is below 1, or `eps` is below 0; when called, the input does not have the
            lengths.

    Source: Ba, Kiros, Hinton 2016.

    Example:
        >>> LayerNorm(2)(np.array([[1.0, 3.0], [10.0, 30.0]], dtype=np.float32)).data.round(3)
        array([[-1.,  1.],
               [-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: SupportsIndex | tuple[SupportsIndex, ...],
        *,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        sizes = normalized_shape if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
        self.normalized_shape = tuple([at_least(1, size, "normalized_shape") for size in sizes])
        self.eps = within(0, eps, math.inf, "eps")
        dtype = float_dtype(dtype)
        boolean(affine, "affine")
        self.gamma = Parameter(np.ones(self.normalized_shape, dtype), "gamma") if affine else None
        self.beta = Parameter(np.zeros(self.normalized_shape, dtype), "beta") if affine else None

    def forward(self, x: Any) -> Variable:
        """Normalize x of shape (..., *normalized_shape)."""
        return F.layer_norm(x, self.normalized_shape, self.gamma, self.beta, self.eps)


class _ChannelNorm(Layer):
    """Base of GroupNorm and InstanceNorm: a scale gamma and a shift beta for each channel."""

    def __init__(self, in_size: int | None, eps: float, affine: bool, dtype: Any) -> None:
        self.eps = within(0, eps, math.inf, "eps")
        dtype = float_dtype(dtype)
        boolean(affine, "affine")
        self._given = None if in_size is None else at_least(1, in_size, "in_size")
        self.gamma, self.beta = (
            Parameter(None, name, lazy_shape=(None,), lazy_dtype=dtype) if affine else None
            for name in ("gamma", "beta")
        )
        if self._given is not None:
            self._init_params(self._given)

    @property
    def in_size(self) -> int | None:
        """Number of channels; None until known."""
        return self._given if self.gamma is None or self.gamma.data is None else self.gamma.shape[0]

    def _init_params(self, in_size: int) -> None:
        for param, value in ((self.beta, 0), (self.gamma, 1)):  # gamma last, at which `forward` looks
            if param is not None:
                param.data = np.full(in_size, value, param.lazy_dtype)

    def forward(self, x: Any) -> Variable:
        """Normalize x of shape (N, C, ...)."""
        in_size = channels(x, self)
        if in_size != (self.in_size or in_size):
            raise ValueError(
                f"{self!r} needs an input with in_size channels along axis 1; got shape {np.shape(x)}"
            )
        if self.gamma is not None and self.gamma.data is None:
            self._init_for(x, at_least(1, in_size, "in_size"))
        return self._apply(x)

    def _apply(self, x: Any) -> Variable:
        raise NotImplementedError


class GroupNorm(_ChannelNorm):
    """Group normalization: normalize each group of channels of each sample, then scale and shift channels.

    Args:
        num_groups: number of groups of adjacent channels, which divides their number.
        in_size: number of channels, the length of axis 1; None infers it from the first input.
        eps, affine, dtype: as in LayerNorm.

    Attributes:
        gamma, beta: Parameters of shape (in_size,), initialized to ones and zeros; or None.

    Raises:
        TypeError: a size is not an integer, `eps` is not a number, or `dtype` is not supported.
        ValueError: a size is below 1, `num_groups` does not divide `in_size`, or `eps` is below 0; when
            called, the input does not have in_size channels.

    Source: Wu, He 2018.

    Example:
        >>> norm = GroupNorm(2)
        >>> norm(np.zeros((1, 6, 4, 4), dtype=np.float32)).shape, norm
        ((1, 6, 4, 4), GroupNorm(num_groups=2, in_size=6, eps=1e-05))
    """

    def __init__(
        self,
        num_groups: int,
        in_size: int | None = None,
        *,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        self.num_groups = at_least(1, num_groups, "num_groups")
        super().__init__(in_size, eps, affine, dtype)

    def _init_params(self, in_size: int) -> None:
        if in_size % self.num_groups:
            raise ValueError(f"num_groups must divide the {in_size} channels; got {self.num_groups}")
        super()._init_params(in_size)

    def _apply(self, x: Any) -> Variable:
        return F.group_norm(x, self.num_groups, self.gamma, self.beta, self.eps)


class InstanceNorm(_ChannelNorm):
    """Instance normalization: normalize each channel of each sample, without running statistics.

    Args:
        in_size, eps, dtype: as in GroupNorm.
        affine: as in GroupNorm, but False if left out, as in PyTorch.

    Attributes, Raises: as GroupNorm.

    Source: Ulyanov, Vedaldi, Lempitsky 2016.

    Example:
        >>> InstanceNorm()(np.array([[[1.0, 3.0], [10.0, 30.0]]], dtype=np.float32)).data.round(3)
        array([[[-1.,  1.],
                [-1.,  1.]]], dtype=float32)
    """

    def __init__(
        self, in_size: int | None = None, *, eps: float = 1e-5, affine: bool = False, dtype: Any = np.float32
    ) -> None:
        super().__init__(in_size, eps, affine, dtype)

    def _apply(self, x: Any) -> Variable:
        return F.instance_norm(x, self.gamma, self.beta, self.eps)
