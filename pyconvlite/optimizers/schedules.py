"""Learning rate schedules.

A schedule sets the optimizer's learning rate to its initial value times a factor. The factor depends on the
number of calls of `step()`, which the training loop makes after each update or each epoch. A schedule wraps
an optimizer or another schedule; factors of nested schedules multiply::

    optimizer = Adam(0.001).setup(model)
    schedule = WarmupLR(CosineLR(optimizer, 10_000), 500)
    for x, t in batches:
        ...
        optimizer.update()
        schedule.step()
"""

from __future__ import annotations

import math

from .._arguments import at_least, within
from ..backends import host_scalars
from .base import Optimizer


class Schedule:
    """Base class of schedules. A subclass defines `factor`.

    Args:
        target: Optimizer or Schedule.

    Attributes:
        optimizer: the optimizer whose learning rate is set.
        t: number of steps so far.

    Raises:
        TypeError: `target` is neither, or its optimizer has no learning rate, such as AdaDelta.

    Example:
        >>> from pyconvlite.optimizers import SGD
        >>> class Inverse(Schedule):
        ...     def factor(self, t):
        ...         return 1 / (1 + t)
        >>> optimizer = SGD(lr=0.5)
        >>> schedule = Inverse(optimizer)
        >>> schedule.step(); optimizer.lr
        0.25
    """

    optimizer: Optimizer

    def __init__(self, target: Optimizer | Schedule) -> None:
        if isinstance(target, Schedule):
            self.optimizer = target.optimizer
        elif isinstance(target, Optimizer):
            self.optimizer = target
        else:
            raise TypeError(f"target must be an Optimizer or a Schedule; got {type(target).__name__}")
        name = self.optimizer.rate_name
        if name is None:
            raise TypeError(f"{type(self.optimizer).__name__} has no learning rate that a schedule could set")
        self.rate_name = name
        self.inner = target if isinstance(target, Schedule) else None
        self.base = float(getattr(self.optimizer, name))
        self.t = 0
        self._set()

    def step(self) -> None:
        """Count a step and set the learning rate for the updates that follow."""
        host_scalars(self._advance)

    def _advance(self) -> tuple[int]:
        self.t += 1
        self._set()
        return (self.t,)

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        return (self.base if self.inner is None else self.inner.rate(t)) * self.factor(t)

    def factor(self, t: int) -> float:
        """Factor of the initial learning rate after t steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define factor")

    def _set(self) -> None:
        setattr(self.optimizer, self.rate_name, self.rate(self.t))


class StepLR(Schedule):
    """Multiply the learning rate by `gamma` every `step_size` steps.

    Args:
        target: Optimizer or Schedule.
        step_size: number of steps between two changes, at least 1.
        gamma: factor of each change, at least 0.

    Raises:
        TypeError: `target` is neither, `step_size` is not an integer, or `gamma` is not a number.
        ValueError: `step_size` is below 1, or `gamma` is below 0 or not finite.

    Example:
        >>> from pyconvlite.optimizers import SGD
        >>> schedule = StepLR(SGD(lr=1.0), step_size=2, gamma=0.5)
        >>> [schedule.rate(t) for t in range(6)]
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(self, target: Optimizer | Schedule, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = at_least(1, step_size, "step_size")
        self.gamma = within(0, gamma, math.inf, "gamma")
        super().__init__(target)

    def factor(self, t: int) -> float:
        """`gamma ** (t // step_size)`."""
        return float(self.gamma ** (t // self.step_size))


class CosineLR(Schedule):
    """Decrease the learning rate along half a cosine for `steps` steps, then keep it.

    Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), without restarts.

    Args:
        target: Optimizer or Schedule.
        steps: number of steps until the lowest rate is reached, at least 1.
        least: the lowest rate as a fraction of the initial rate, at least 0 and below 1.

    Raises:
        TypeError: `target` is neither, `steps` is not an integer, or `least` is not a number.
        ValueError: `steps` is below 1, or `least` is not in [0, 1).

    Example:
        >>> from pyconvlite.optimizers import SGD
        >>> schedule = CosineLR(SGD(lr=1.0), steps=4)
        >>> [round(schedule.rate(t), 3) for t in range(6)]
        [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    def __init__(self, target: Optimizer | Schedule, steps: int, least: float = 0.0) -> None:
        self.steps = at_least(1, steps, "steps")
        self.least = within(0, least, 1, "least")
        super().__init__(target)

    def factor(self, t: int) -> float:
        """Falls from 1 to `least`."""
        fallen = (1 + math.cos(math.pi * min(t / self.steps, 1.0))) / 2
        return float(self.least + (1 - self.least) * fallen)


class WarmupLR(Schedule):
    """Increase the learning rate linearly, up to the full rate after `steps - 1` steps.

    Args:
        target: Optimizer or Schedule.
        steps: number of updates, or epochs, up to the first one with the full rate; at least 1.

    Raises:
        TypeError: `target` is neither, or `steps` is not an integer.
        ValueError: `steps` is below 1.

    Example:
        >>> from pyconvlite.optimizers import SGD
        >>> schedule = WarmupLR(StepLR(SGD(lr=1.0), step_size=5, gamma=0.5), steps=4)
        >>> [schedule.rate(t) for t in range(7)]
        [0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.5]
    """

    def __init__(self, target: Optimizer | Schedule, steps: int) -> None:
        self.steps = at_least(1, steps, "steps")
        super().__init__(target)

    def factor(self, t: int) -> float:
        """Rises from `1 / steps` to 1."""
        return min((t + 1) / self.steps, 1.0)
