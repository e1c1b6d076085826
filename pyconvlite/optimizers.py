"""Optimizers: they move a model's Parameters along the gradients (book step 46)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from .core import Parameter
from .cuda import get_array_module
from .layers import Layer
from .utils import Array

__all__ = ["SGD", "Adam", "MomentumSGD", "Optimizer"]

Hook = Callable[[list[Parameter]], Any]


class Optimizer:
    """Base of optimizers: goes through the Parameters that have a gradient.

    A subclass defines `update_one`, and `reset` where it remembers something from update to update. A
    Parameter gets a new array; the old one is never written to.

    Attributes:
        target: the model that is optimized; None before `setup`.
        hooks: functions that `update` calls first.

    Example:
        >>> from pyconvlite.models import MLP
        >>> import pyconvlite.functions as F
        >>> model = MLP((3, 1))
        >>> optimizer = SGD(lr=0.1).setup(model)
        >>> loss = F.mean_squared_error(model(np.ones((4, 2))), np.zeros((4, 1)))
        >>> model.cleargrads(); loss.backward(); optimizer.update()
    """

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
            TypeError: `target` has no Parameters to ask for.
        """
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
        params = [param for param in self.target.params() if param.grad is not None]
        for hook in self.hooks:
            hook(params)
        for param in params:
            if param.grad is not None:  # a hook may have dropped it, to freeze the Parameter
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


def _gradient(param: Parameter) -> Array:
    """The gradient as the arithmetic takes it: float16 as float32, where eps and small steps are not lost."""
    assert param.grad is not None  # `update` passes no other
    dtype = np.float32 if param.dtype == np.float16 else param.dtype
    return param.grad.data.astype(dtype, copy=False)  # type: ignore[no-any-return]


def _move(param: Parameter, step: Array) -> None:
    """Give the Parameter a new array, the sum taken in the dtype of the step."""
    param.data = (param.data.astype(step.dtype, copy=False) + step).astype(param.dtype, copy=False)


def _within(least: float, value: float, below: float, name: str) -> float:
    if not least <= value < below:
        raise ValueError(f"{name} must be at least {least} and below {below}; got {value}")
    return value


# In update_one, float(...) keeps a rate computed with NumPy from turning float32 arrays into float64 ones.


class SGD(Optimizer):
    """Stochastic gradient descent: `W - lr * gW`.

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.

    Raises:
        ValueError: a rate out of its range.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> linear = Linear(1, in_size=1)
        >>> linear.W.data = np.array([[2.0]])
        >>> optimizer = SGD(lr=0.5).setup(linear)
        >>> linear(np.array([[3.0]])).backward()  # y = 3 W + b
        >>> optimizer.update()
        >>> linear.W.item()
        0.5
    """

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__()
        self.lr = _within(0, lr, math.inf, "lr")

    def update_one(self, param: Parameter) -> None:
        """Change one Parameter."""
        _move(param, -float(self.lr) * _gradient(param))


class MomentumSGD(Optimizer):
    """SGD with a velocity: `v = momentum * v - lr * gW; W + v`.

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.
        momentum: part of the velocity that stays, at least 0 and below 1.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> MomentumSGD(lr=0.1, momentum=0.5).momentum
        0.5
    """

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr = _within(0, lr, math.inf, "lr")
        self.momentum = _within(0, momentum, 1, "momentum")
        self.reset()

    def reset(self) -> None:
        """Forget the velocities."""
        self.vs: WeakKeyDictionary[Parameter, Array] = WeakKeyDictionary()

    def update_one(self, param: Parameter) -> None:
        """Change one Parameter."""
        v = -float(self.lr) * _gradient(param)
        if param in self.vs:
            v = float(self.momentum) * self.vs[param] + v
        self.vs[param] = v
        _move(param, v)


class Adam(Optimizer):
    """Adam: steps of about `alpha` for each weight, whatever the size of its gradient.

    Kingma, Ba, "Adam: A Method for Stochastic Optimization" (2015), in the order of computation that the end
    of its section 2 gives: the correction of both moments goes into the rate.

    Args:
        alpha: step size, at least 0; may be reassigned between updates.
        beta1: part of the mean gradient that stays, at least 0 and below 1.
        beta2: part of the mean squared gradient that stays, at least 0 and below 1.
        eps: keeps the divisor from zero, above 0.

    Attributes:
        t: number of updates since `setup`.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> round(Adam(alpha=0.01).lr, 6)  # of the first update
        0.003162
    """

    def __init__(
        self, alpha: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        super().__init__()
        self.alpha = _within(0, alpha, math.inf, "alpha")
        self.beta1 = _within(0, beta1, 1, "beta1")
        self.beta2 = _within(0, beta2, 1, "beta2")
        if not 0 < eps < math.inf:
            raise ValueError(f"eps must be above 0; got {eps}")
        self.eps = eps
        self.reset()

    def reset(self) -> None:
        """Forget the moments."""
        self.t = 0
        self.ms: WeakKeyDictionary[Parameter, Array] = WeakKeyDictionary()
        self.vs: WeakKeyDictionary[Parameter, Array] = WeakKeyDictionary()

    @property
    def lr(self) -> float:
        """The rate with the moments' correction: of the latest update, before any of the first."""
        t = max(self.t, 1)
        return float(self.alpha * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t))

    def update(self) -> None:
        """Count the update, then do what every optimizer does."""
        self.t += 1
        super().update()

    def update_one(self, param: Parameter) -> None:
        """Change one Parameter."""
        beta1, beta2 = float(self.beta1), float(self.beta2)
        g = _gradient(param)
        m, v = self.ms.get(param, 0.0), self.vs.get(param, 0.0)
        self.ms[param] = m = beta1 * m + (1 - beta1) * g
        self.vs[param] = v = beta2 * v + (1 - beta2) * g * g
        _move(param, -self.lr * m / (get_array_module(v).sqrt(v) + float(self.eps)))
