"""Optimizer: goes through a model's Parameters; what its algorithms share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

import numpy as np

from ..backends import kernels
from ..core import Parameter, as_array
from ..layers import Layer
from ..utils import Array

Hook = Callable[[list[Parameter]], Any]


class Optimizer:
    """Base of optimizers: goes through the Parameters that have a gradient.

    A subclass defines `update_one`, and `reset` where it remembers something from update to update. A
    Parameter gets a new array; the old one is never written to.

    Attributes:
        target: the model that is optimized; None before `setup`.
        hooks: functions that `update` calls first.
        rate_name: the attribute that a schedule changes; None where the algorithm has no rate.

    Example:
        >>> from pyconvlite.models import MLP
        >>> from pyconvlite.optimizers import SGD
        >>> import pyconvlite.functions as F
        >>> model = MLP((3, 1))
        >>> optimizer = SGD(lr=0.1).setup(model)
        >>> loss = F.mean_squared_error(model(np.ones((4, 2))), np.zeros((4, 1)))
        >>> model.cleargrads(); loss.backward(); optimizer.update()
    """

    rate_name: ClassVar[str | None] = "lr"

    def __init__(self) -> None:
        self.target: Layer | None = None
        self.hooks: list[Hook] = []

    def setup(self, target: Layer) -> Self:
        """Take on a model, forgetting what was remembered of an earlier one.

        Args:
            target: Layer or Model.

        Returns:
            The optimizer itself.

        Raises:
            TypeError: `target` is a class, or has no Parameters to ask for.
        """
        if isinstance(target, type):
            raise TypeError(f"target must be made; got a class: write {target.__name__}()")
        if not callable(getattr(target, "params", None)):
            raise TypeError(f"target must be a Layer or Model; got {type(target).__name__}")
        self.target = target
        self.reset()
        return self

    def reset(self) -> None:
        """Forget what is remembered from update to update."""

    def update(self) -> None:
        """Call the hooks, then change each Parameter that has a gradient.

        Raises:
            RuntimeError: before `setup`.
        """
        if self.target is None:
            raise RuntimeError("the optimizer has no model yet; call setup(model) before update()")
        params = with_gradient(self.target.params())
        for hook in self.hooks:
            hook(params)
            params = with_gradient(params)  # a hook may have dropped some, to freeze the Parameter
        for param in params:
            self.update_one(param)

    def update_one(self, param: Parameter) -> None:
        """Change one Parameter."""
        raise NotImplementedError(f"{type(self).__name__} defines no update_one")

    def add_hook(self, f: Hook) -> None:
        """Let `update` first call `f(params)` with the list of the Parameters that have a gradient.

        Raises:
            TypeError: `f` is not callable.
        """
        if not callable(f):
            raise TypeError(f"a hook must be callable; got {type(f).__name__}")
        self.hooks.append(f)


# ----------------------------------------------------------------------------------------- for the algorithms

# Where they compute, float(...) keeps a rate that came from NumPy from making float64 of float32 arrays.


def with_gradient(params: Iterable[Parameter]) -> list[Parameter]:
    """The Parameters that have a gradient.

    Example:
        >>> with_gradient([Parameter(np.zeros(1))])
        []
    """
    return [param for param in params if param.grad is not None]


def gradient(param: Parameter) -> Array:
    """The gradient as the arithmetic takes it: float16 as float32, where eps and small steps are not lost.

    Example:
        >>> param = Parameter(np.zeros(1, np.float16))
        >>> param.grad = Parameter(np.ones(1, np.float16))
        >>> gradient(param).dtype
        dtype('float32')
    """
    assert param.grad is not None  # hooks and algorithms get no other
    dtype = np.float32 if param.dtype == np.float16 else param.dtype
    return param.grad.data.astype(dtype, copy=False)  # type: ignore[no-any-return]


def move(param: Parameter, step: Array) -> None:
    """Give the Parameter a new array, the sum taken in the dtype of the step.

    Example:
        >>> param = Parameter(np.zeros(2))
        >>> move(param, np.ones(2)); param
        variable([1. 1.])
    """
    param.data = as_array(kernels(param).moved(param.data, step))
