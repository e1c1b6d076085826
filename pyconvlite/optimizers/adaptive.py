"""Optimizers with a step size per weight: AdaGrad, RMSprop, AdaDelta, Adam and AdamW."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from .._arguments import above_zero, within
from ..autograd import Parameter
from ..backends import host_scalars
from .base import Elementwise
from .states import States


class AdaGrad(Elementwise):
    """AdaGrad: `h = h + gW * gW; W - lr * gW / (sqrt(h) + eps)`.

    Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization"
    (2011).

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.
        eps: added to the denominator for numerical stability, above 0.

    Raises:
        TypeError: an argument is not a number.
        ValueError: an argument is out of the range given above.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.layers import Linear
        >>> linear = Linear(1, in_size=1, dtype=np.float64)
        >>> linear.W.data = np.array([[2.0]])
        >>> optimizer = AdaGrad(lr=0.5).setup(linear)
        >>> linear(np.array([[3.0]])).backward()  # y = 3 W + b
        >>> optimizer.update()  # the first step has the size of the rate
        >>> round(linear.W.item(), 6)
        1.5
    """

    kernel = "adagrad"
    states = ("hs",)
    hs: States

    def __init__(self, lr: float = 0.001, eps: float = 1e-8) -> None:
        super().__init__()
        self.lr = within(0, lr, math.inf, "lr")
        self.eps = above_zero(eps, "eps")
        self.reset()

    def settings(self) -> tuple[float, ...]:
        """`lr` and `eps`."""
        return float(self.lr), float(self.eps)


class RMSprop(Elementwise):
    """RMSprop: AdaGrad with a running mean of the squared gradients in place of their sum.

    Tieleman, Hinton, "Neural Networks for Machine Learning", lecture 6.5 (2012), as PyTorch computes it,
    without centering::

        square = alpha * square + (1 - alpha) * gW * gW
        v = momentum * v + gW / (sqrt(square) + eps)
        W - lr * v

    For weight decay, add the hook WeightDecay.

    Args:
        lr: learning rate, at least 0; may be reassigned between updates.
        alpha: decay rate of the running mean of squared gradients, at least 0 and below 1.
        eps: added to the denominator for numerical stability, above 0.
        momentum: fraction of the velocity that is kept, at least 0 and below 1.

    Raises:
        TypeError: an argument is not a number.
        ValueError: an argument is out of the range given above.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.layers import Linear
        >>> linear = Linear(1, in_size=1, dtype=np.float64)
        >>> linear.W.data = np.array([[2.0]])
        >>> optimizer = RMSprop(lr=0.5, alpha=0.75).setup(linear)
        >>> linear(np.array([[3.0]])).backward()  # y = 3 W + b
        >>> optimizer.update()  # 2 - 0.5 * 3 / sqrt(0.25 * 3^2)
        >>> round(linear.W.item(), 6)
        1.0
    """

    kernel = "rmsprop"
    states = ("squares", "vs")
    squares: States
    vs: States

    def __init__(
        self, lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0.0
    ) -> None:
        super().__init__()
        self.lr = within(0, lr, math.inf, "lr")
        self.alpha = within(0, alpha, 1, "alpha")
        self.eps = above_zero(eps, "eps")
        self.momentum = within(0, momentum, 1, "momentum")
        self.reset()

    def settings(self) -> tuple[float, ...]:
        """`lr`, `alpha`, `eps` and `momentum`."""
        return float(self.lr), float(self.alpha), float(self.eps), float(self.momentum)


class AdaDelta(Elementwise):
    """AdaDelta: steps scaled by the ratio of recent steps to recent gradients; it has no learning rate.

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012)::

        msg = rho * msg + (1 - rho) * gW * gW
        dx = sqrt((msdx + eps) / (msg + eps)) * gW
        msdx = rho * msdx + (1 - rho) * dx * dx
        W - dx

    Args:
        rho: decay rate of the running means of squares, at least 0 and below 1.
        eps: added to both running means, above 0; it sets the size of the first steps.

    Raises:
        TypeError: an argument is not a number.
        ValueError: an argument is out of the range given above.

    Example:
        >>> AdaDelta(rho=0.9).rho
        0.9
    """

    rate_name = None
    kernel = "adadelta"
    states = ("msg", "msdx")
    msg: States
    msdx: States

    def __init__(self, rho: float = 0.95, eps: float = 1e-6) -> None:
        super().__init__()
        self.rho = within(0, rho, 1, "rho")
        self.eps = above_zero(eps, "eps")
        self.reset()

    def settings(self) -> tuple[float, ...]:
        """`rho` and `eps`."""
        return float(self.rho), float(self.eps)


class Adam(Elementwise):
    """Adam: steps of about `alpha` for each weight, independent of the size of its gradient.

    Kingma, Ba, "Adam: A Method for Stochastic Optimization" (2015), computed as at the end of its section 2:
    the bias correction of both moments is part of the rate.

    Args:
        alpha: step size, at least 0; may be reassigned between updates.
        beta1: decay rate of the running mean of gradients, at least 0 and below 1.
        beta2: decay rate of the running mean of squared gradients, at least 0 and below 1.
        eps: added to the denominator for numerical stability, above 0.

    Attributes:
        t: number of updates since `setup`.
        starts: by Parameter, the number of updates in which it had no gradient. Its bias correction does not
            count these.

    Raises:
        TypeError: an argument is not a number.
        ValueError: an argument is out of the range given above.

    Example:
        >>> round(Adam(alpha=0.01).lr, 6)  # for the first update
        0.003162
    """

    rate_name = "alpha"
    kernel = "adam"
    states = ("ms", "vs")
    counts = ("starts",)
    ms: States
    vs: States
    starts: States

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
        """Discard the moments and set `t` to 0."""
        self.t = 0
        super().reset()

    @property
    def lr(self) -> float:
        """The rate with bias correction: that of the latest update, or of the first before there is one."""
        return self._rate(max(self.t, 1))

    @lr.setter
    def lr(self, rate: float) -> None:
        raise AttributeError("lr is read-only: it is alpha with the bias correction; set alpha instead")

    def _rate(self, t: int) -> float:
        return float(self.alpha * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t))

    def update_all(self, params: list[Parameter]) -> None:
        """Count the update, then update Parameters, all of which have a gradient."""
        host_scalars(functools.partial(self._count, params))
        super().update_all(params)

    def _count(self, params: list[Parameter]) -> tuple[int]:
        """Count the update, and those that each Parameter missed, also in replays of a captured step."""
        if self.t and not self.ms.has_just(params):
            for param in params:
                if param not in self.ms:
                    self.starts[param] = np.array(self.t)
            for param in set(self.ms).difference(params):  # it had a gradient before
                self.starts[param] = np.array(self.starts.get(param, 0) + 1)
        self.t += 1
        return (self.t,)

    def _update(
        self, params: list[Parameter], settings: Callable[[], tuple[float, ...]] | None = None
    ) -> None:
        groups: dict[int, list[Parameter]] = {}
        for param in params if self.starts else ():
            groups.setdefault(int(self.starts.get(param, 0)), []).append(param)
        for group in groups.values():
            super()._update(group, functools.partial(self.settings, group[0]))
        if not groups:
            super()._update(params, settings)

    def settings(self, param: Parameter | None = None) -> tuple[float, ...]:
        """The rate, `beta1`, `beta2`, `eps`, and the fraction of each weight that an update subtracts.

        Args:
            param: one of the Parameters, all of which missed as many updates; None if they missed none.
        """
        missed = 0 if param is None else int(self.starts.get(param, 0))
        rate = self._rate(max(self.t - missed, 1))
        return rate, float(self.beta1), float(self.beta2), float(self.eps), self._decay

    @property
    def _decay(self) -> float:
        """Fraction of each weight that an update subtracts."""
        return 0.0


class AdamW(Adam):
    """Adam with decoupled weight decay: each update also subtracts `alpha * weight_decay * W`.

    Unlike with the hook WeightDecay, the decay is not part of the gradient, so the moments do not rescale it.
    Loshchilov, Hutter, "Decoupled Weight Decay Regularization" (2019).

    Args:
        alpha, beta1, beta2, eps: as in Adam.
        weight_decay: decay coefficient, at least 0.

    Raises:
        TypeError: an argument is not a number.
        ValueError: an argument is out of the range given above.

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
