"""Stochastic gradient descent, with a velocity or without."""

from __future__ import annotations

import math
from weakref import WeakKeyDictionary

from .._arguments import within
from ..backends import asked, get_array_module, kernels
from ..core import Parameter, as_array
from ..utils import Array
from .base import Optimizer, gradient


class SGD(Optimizer):
    """Stochastic gradient descent: `W - lr * gW`.

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.

    Raises:
        TypeError: a rate that is no number.
        ValueError: a rate out of its range.

    Example:
        >>> import numpy as np
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
        self.lr = within(0, lr, math.inf, "lr")

    def update_one(self, param: Parameter) -> None:
        """Change one Parameter."""
        (lr,) = asked(lambda: (float(self.lr),))
        param.data = as_array(kernels(param).sgd(param.data, gradient(param), lr))


class MomentumSGD(Optimizer):
    """SGD with a velocity: `v = momentum * v - lr * gW; W + v`.

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.
        momentum: part of the velocity that stays, at least 0 and below 1.

    Raises:
        TypeError: an argument that is no number.
        ValueError: an argument out of its range.

    Example:
        >>> MomentumSGD(lr=0.1, momentum=0.5).momentum
        0.5
    """

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr = within(0, lr, math.inf, "lr")
        self.momentum = within(0, momentum, 1, "momentum")
        self.reset()

    def reset(self) -> None:
        """Forget the velocities."""
        self.vs: WeakKeyDictionary[Parameter, Array] = WeakKeyDictionary()

    def update_one(self, param: Parameter) -> None:
        """Change one Parameter."""
        g = gradient(param)
        v = self.vs.get(param)
        if v is None:
            v = get_array_module(g).zeros_like(g)
        settings = asked(lambda: (float(self.lr), float(self.momentum)))
        data, v = kernels(param).momentum_sgd(param.data, v, g, *settings)
        param.data, self.vs[param] = as_array(data), as_array(v)
