"""Algorithms that give each weight a rate of its own: AdaGrad, AdaDelta, Adam, AdamW."""

from __future__ import annotations

import math
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from .._arguments import above_zero, within
from .._shapes import Array
from ..autograd import Parameter
from ..backends import get_array_module, host_scalars, kernels
from .base import Elementwise


class AdaGrad(Elementwise):
    """AdaGrad: `h = h + gW * gW; W - lr * gW / (sqrt(h) + eps)`.

    Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization"
    (2011).

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.
        eps: keeps the divisor from zero, above 0.

    Raises:
        TypeError: an argument that is no number.
        ValueError: an argument out of its range.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.layers import Linear
        >>> linear = Linear(1, in_size=1, dtype=np.float64)
        >>> linear.W.data = np.array([[2.0]])
        >>> optimizer = AdaGrad(lr=0.5).setup(linear)
        >>> linear(np.array([[3.0]])).backward()  # y = 3 W + b
        >>> optimizer.update()  # the first step is as long as the rate
        >>> round(linear.W.item(), 6)
        1.5
    """

    states = ("hs",)
    hs: WeakKeyDictionary[Parameter, Array]

    def __init__(self, lr: float = 0.001, eps: float = 1e-8) -> None:
        super().__init__()
        self.lr = within(0, lr, math.inf, "lr")
        self.eps = above_zero(eps, "eps")
        self.reset()

    def settings(self) -> tuple[float, ...]:
        """The rate and eps."""
        return float(self.lr), float(self.eps)

    def rule(self, settings: Sequence[float], W: Array, gW: Array, *states: Array) -> tuple[Array, ...]:
        """The new weights and the new sum of squares."""
        (h,) = states
        lr, eps = settings
        h = h + gW * gW
        return kernels(W).add_step(W, -lr * gW / (get_array_module(h).sqrt(h) + eps)), h


class AdaDelta(Elementwise):
    """AdaDelta: steps as long as the latest ones were, by the size of the gradient; there is no rate.

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012)::

        msg = rho * msg + (1 - rho) * gW * gW
        dx = sqrt((msdx + eps) / (msg + eps)) * gW
        msdx = rho * msdx + (1 - rho) * dx * dx
        W - dx

    Args:
        rho: part of the mean squares that stays, at least 0 and below 1.
        eps: lets the first steps begin, above 0.

    Raises:
        TypeError: an argument that is no number.
        ValueError: an argument out of its range.

    Example:
        >>> AdaDelta(rho=0.9).rho
        0.9
    """

    rate_name = None
    states = ("msg", "msdx")
    msg: WeakKeyDictionary[Parameter, Array]
    msdx: WeakKeyDictionary[Parameter, Array]

    def __init__(self, rho: float = 0.95, eps: float = 1e-6) -> None:
        super().__init__()
        self.rho = within(0, rho, 1, "rho")
        self.eps = above_zero(eps, "eps")
        self.reset()

    def settings(self) -> tuple[float, ...]:
        """Rho and eps."""
        return float(self.rho), float(self.eps)

    def rule(self, settings: Sequence[float], W: Array, gW: Array, *states: Array) -> tuple[Array, ...]:
        """The new weights and the new mean squares."""
        msg, msdx = states
        rho, eps = settings
        msg = rho * msg + (1 - rho) * gW * gW
        dx = get_array_module(msg).sqrt((msdx + eps) / (msg + eps)) * gW
        return kernels(W).add_step(W, -dx), msg, rho * msdx + (1 - rho) * dx * dx


class Adam(Elementwise):
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
        TypeError: an argument that is no number.
        ValueError: an argument out of its range.

    Example:
        >>> round(Adam(alpha=0.01).lr, 6)  # of the first update
        0.003162
    """

    rate_name = "alpha"
    states = ("ms", "vs")
    ms: WeakKeyDictionary[Parameter, Array]
    vs: WeakKeyDictionary[Parameter, Array]

    def __init__(
        self, alpha: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        super().__init__()
        self.alpha = within(0, alpha, math.inf, "alpha")
        self.beta1 = within(0, beta1, 1, "beta1")
        self.beta2 = within(0, beta2, 1, "beta2")
        self.eps = above_zero(eps, "eps")
        self.reset()

    def reset(self) -> None:
        """Forget the moments."""
        self.t = 0
        super().reset()

    @property
    def lr(self) -> float:
        """The rate with the moments' correction: of the latest update, before any of the first."""
        t = max(self.t, 1)
        return float(self.alpha * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t))

    def update(self) -> None:
        """Count the update, then do what every optimizer does."""
        host_scalars(self._count)
        super().update()

    def _count(self) -> tuple[int]:
        self.t += 1
        return (self.t,)

    def settings(self) -> tuple[float, ...]:
        """The rate, beta1, beta2, eps, and what an update takes off each weight."""
        return self.lr, float(self.beta1), float(self.beta2), float(self.eps), self._decay

    def rule(self, settings: Sequence[float], W: Array, gW: Array, *states: Array) -> tuple[Array, ...]:
        """The new weights and the new moments."""
        m, v = states
        rate, beta1, beta2, eps, decay = settings
        return kernels(W).adam(W, m, v, gW, rate, beta1, beta2, eps, decay)

    @property
    def _decay(self) -> float:
        """Part of the weight that an update takes off."""
        return 0.0


class AdamW(Adam):
    """Adam with decoupled weight decay: each update also takes `alpha * weight_decay * W` off.

    Unlike the hook WeightDecay it does not go through the moments, which would scale it away. Loshchilov,
    Hutter, "Decoupled Weight Decay Regularization" (2019).

    Args:
        alpha, beta1, beta2, eps: as in Adam.
        weight_decay: part of the weight that is taken off at a step size of 1, at least 0.

    Raises:
        TypeError: an argument that is no number.
        ValueError: an argument out of its range.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.layers import Linear
        >>> linear = Linear(1, in_size=1, dtype=np.float64)
        >>> linear.W.data = np.array([[2.0]])
        >>> optimizer = AdamW(alpha=0.5, weight_decay=0.1).setup(linear)
        >>> linear(np.array([[0.0]])).backward()  # the gradient of W is 0
        >>> optimizer.update()
        >>> linear.W.item()  # 2 - 0.5 * 0.1 * 2
        1.9
    """

    def __init__(
        self,
        alpha: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps)
        self.weight_decay = within(0, weight_decay, math.inf, "weight_decay")

    @property
    def _decay(self) -> float:
        return float(self.alpha * self.weight_decay)
