"""Stochastic gradient descent, with and without momentum."""

from __future__ import annotations

import math

from .._arguments import within
from .base import Elementwise
from .states import States


class SGD(Elementwise):
    """Stochastic gradient descent: `W - lr * gW`.

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.

    Raises:
        TypeError: `lr` is not a number.
        ValueError: `lr` is below 0 or not finite.

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

    kernel = "sgd"

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__()
        self.lr = within(0, lr, math.inf, "lr")

    def settings(self) -> tuple[float, ...]:
        """`lr`."""
        return (float(self.lr),)


class MomentumSGD(Elementwise):
    """SGD with momentum: `v = momentum * v - lr * gW; W + v`.

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.
        momentum: fraction of the velocity that is kept, at least 0 and below 1.

    Raises:
        TypeError: an argument is not a number.
        ValueError: an argument is out of the range given above.

    Example:
        >>> MomentumSGD(lr=0.1, momentum=0.5).momentum
        0.5
    """

    kernel = "momentum_sgd"
    states = ("vs",)
    vs: States

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr = within(0, lr, math.inf, "lr")
        self.momentum = within(0, momentum, 1, "momentum")
        self.reset()

    def settings(self) -> tuple[float, ...]:
        """`lr` and `momentum`."""
        return float(self.lr), float(self.momentum)
