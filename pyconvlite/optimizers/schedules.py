"""Schedules: they change an optimizer's rate while it trains.

A schedule counts the calls of `step()`, which the training loop makes after each update or each epoch, as it
likes to count, and sets the optimizer's rate: the one it had when the schedule was made, times a factor. It
is made of an optimizer or of another schedule; then the factors multiply::

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
    """Base of schedules. A subclass defines `factor`.

    Args:
        target: Optimizer, or a Schedule of it, to refine.

    Attributes:
        optimizer: whose rate is changed.
        t: steps so far.

    Raises:
        TypeError: neither, or an Optimizer that has no rate, such as AdaDelta.

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
            raise TypeError(f"{type(self.optimizer).__name__} has no rate that a schedule could change")
        self.rate_name = name
        self.inner = target if isinstance(target, Schedule) else None
        self.base = float(getattr(self.optimizer, name))
        self.t = 0
        self._set()

    def step(self) -> None:
        """Count a step and set the rate of the updates that follow."""
        host_scalars(self._advance)

    def _advance(self) -> tuple[int]:
        self.t += 1
        self._set()
        return (self.t,)

    def rate(self, t: int) -> float:
        """The rate after t steps."""
        return (self.base if self.inner is None else self.inner.rate(t)) * self.factor(t)

    def factor(self, t: int) -> float:
        """What the rate is multiplied with after t steps."""
        raise NotImplementedError(f"{type(self).__name__} defines no factor")

    def _set(self) -> None:
        setattr(self.optimizer, self.rate_name, self.rate(self.t))


class StepLR(Schedule):
    """The rate times `gamma` every `step_size` steps.

    Args:
        target: Optimizer, or a Schedule of it.
        step_size: steps of one rate, at least 1.
        gamma: at least 0.

    Raises:
        TypeError: a target that is neither, a step_size that is no integer, or a gamma that is no number.
        ValueError: an argument out of its range.

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
        """Gamma to the power of the rates that are over."""
        return float(self.gamma ** (t // self.step_size))


class CosineLR(Schedule):
    """The rate falls along half a cosine within `steps`, and stays.

    Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), without restarts.

    Args:
        target: Optimizer, or a Schedule of it.
        steps: until the lowest rate is reached, at least 1.
        least: the lowest rate, as a part of the first, at least 0 and below 1.

    Raises:
        TypeError: a target that is neither, steps that are no integer, or a least that is no number.
        ValueError: an argument out of its range.

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
        """From 1 down to `least`."""
        fallen = (1 + math.cos(math.pi * min(t / self.steps, 1.0))) / 2
        return float(self.least + (1 - self.least) * fallen)


class WarmupLR(Schedule):
    """The rate grows evenly until it is full at the update that follows `steps - 1` steps.

    Args:
        target: Optimizer, or a Schedule of it.
        steps: number of updates, or epochs, until the full rate, itself included; at least 1.

    Raises:
        TypeError: a target that is neither, or steps that are no integer.
        ValueError: an argument out of its range.

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
        """Up to 1."""
        return min((t + 1) / self.steps, 1.0)
