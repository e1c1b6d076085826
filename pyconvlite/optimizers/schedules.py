"""Learning rate schedules."""

from __future__ import annotations

import math
import weakref
from typing import Any, ClassVar

from .._arguments import at_least, fraction, number, one_of, within
from ..backends import host_scalars
from .base import Optimizer


class Schedule:
    """Base class of learning rate schedules. A subclass defines `factor`.

    A schedule sets the optimizer's learning rate to its initial value times a factor. The factor depends on
    the number of calls of `step()`, which the training loop makes after each update or each epoch. A schedule
    wraps an optimizer or another schedule; factors of nested schedules multiply. Two schedules of one
    optimizer that are not nested cannot set its rate in turn::

        optimizer = Adam(0.001).setup(model)
        schedule = WarmupLR(CosineLR(optimizer, 10_000), 500)
        for x, t in batches:
            ...
            optimizer.update()
            schedule.step()

    Args:
        target: Optimizer or Schedule.

    Attributes:
        optimizer: the optimizer whose learning rate is set.
        t: number of steps so far.

    Raises:
        TypeError: `target` is neither, or a ReduceLROnPlateau, or its optimizer has no learning rate, such as
            AdaDelta.

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

    _not_saved: ClassVar[tuple[str, ...]] = ("inner", "rate_name")  # in a checkpoint: both come from `target`
    optimizer: Optimizer

    def __init__(self, target: Optimizer | Schedule) -> None:
        if isinstance(target, ReduceLROnPlateau):
            raise TypeError(
                f"{type(self).__name__} cannot wrap a ReduceLROnPlateau; wrap it the other way round"
            )
        if isinstance(target, Schedule):
            self.optimizer = target.optimizer
        elif isinstance(target, Optimizer):
            self.optimizer = target
        else:
            raise TypeError(f"target must be an Optimizer or a Schedule; got {type(target).__name__}")
        name = self.optimizer.rate_name
        if name is None:
            raise TypeError(f"target must have a learning rate; {type(self.optimizer).__name__} has none")
        self.rate_name = name
        self.inner = target if isinstance(target, Schedule) else None
        self.base = float(getattr(self.optimizer, name))
        self._set(0)

    def step(self) -> None:
        """Count a step and set the learning rate for the updates that follow.

        Raises:
            RuntimeError: since this schedule's last step another one, which is not nested with it, has set
                the rate.
            ValueError: the learning rate would not be finite.
        """
        host_scalars(self._advance)

    def _check_latest(self) -> None:
        if other := _successors.get(self):
            one = type(self).__name__
            raise RuntimeError(
                f"a {one} and a {other} both set the {self.rate_name} of one optimizer; nest them, "
                f"{one}({other}(optimizer, ...), ...), and call step() of the outer one"
            )

    def _advance(self) -> tuple[int]:
        self._check_latest()
        self._set(self.t + 1)
        former = self._last_stepped()
        if former is not None and not (former._contains(self) or self._contains(former)):
            _successors[former] = type(self).__name__
        _latest[self.optimizer] = weakref.ref(self)
        return (self.t,)

    def _contains(self, other: Schedule) -> bool:
        return self is other or (self.inner is not None and self.inner._contains(other))

    def _outer(self) -> Schedule | None:
        """The schedule around this one whose step was the optimizer's last."""
        latest = self._last_stepped()
        return latest if latest is not self and latest is not None and latest._contains(self) else None

    def _last_stepped(self) -> Schedule | None:
        """The schedule whose step was the optimizer's last."""
        return _latest[self.optimizer]() if self.optimizer in _latest else None

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        return (self.base if self.inner is None else self.inner.rate(t)) * self.factor(t)

    def factor(self, t: int) -> float:
        """Factor of the initial learning rate after t steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define factor")

    def _set(self, t: int) -> None:
        """Set the rate after t steps; an error changes nothing."""
        rate = number(self.rate(t), f"the {self.rate_name} after {t} steps")
        setattr(self.optimizer, self.rate_name, rate)
        self.t = t


# By optimizer, the schedule of the last step; by schedule, the class of one that has made a step since.
_latest: weakref.WeakKeyDictionary[Optimizer, weakref.ref[Schedule]] = weakref.WeakKeyDictionary()
_successors: weakref.WeakKeyDictionary[Schedule, str] = weakref.WeakKeyDictionary()


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
        try:
            return float(self.gamma) ** (t // self.step_size)
        except OverflowError:
            return math.inf


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
        return _cosine_annealing(1.0, self.least, min(t / self.steps, 1.0))


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


class OneCycleLR(Schedule):
    """Raise the learning rate to its full value and lower it again, each along half a cosine.

    The full value, PyTorch's `max_lr`, is the rate that the optimizer has. After `total_steps` steps the rate
    keeps its last value. Momentum is left alone, as with PyTorch's `cycle_momentum=False`.
    Smith, Topin, "Super-Convergence" (2019).

    Args:
        target: Optimizer or Schedule.
        total_steps: number of steps of the cycle, at least 1.
        pct_start: share of the cycle in which the rate rises, from 0 to 1.
        div_factor: the first rate is the full one divided by it, at least 1.
        final_div_factor: the last rate is the first one divided by it, at least 1.

    Raises:
        TypeError: `target` is neither, `total_steps` is not an integer, or another argument is not a number.
        ValueError: an argument is out of the range given above.

    Example:
        >>> from pyconvlite.optimizers import SGD
        >>> schedule = OneCycleLR(SGD(lr=1.0), total_steps=6, pct_start=0.5, div_factor=10)
        >>> [round(schedule.rate(t), 3) for t in range(7)]
        [0.1, 0.55, 1.0, 0.75, 0.25, 0.0, 0.0]
    """

    def __init__(
        self,
        target: Optimizer | Schedule,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        self.total_steps = at_least(1, total_steps, "total_steps")
        self.pct_start = fraction(pct_start, "pct_start")
        self.div_factor = within(1, div_factor, math.inf, "div_factor")
        self.final_div_factor = within(1, final_div_factor, math.inf, "final_div_factor")
        super().__init__(target)

    def factor(self, t: int) -> float:
        """Rises from `1 / div_factor` to 1, and falls to `1 / (div_factor * final_div_factor)`."""
        last = self.total_steps - 1
        peak = self.pct_start * self.total_steps - 1  # below 0 if the rate only falls
        first = 1 / self.div_factor
        t = min(t, last)
        if t <= peak:
            return _cosine_annealing(first, 1.0, t / peak if peak else 1.0)
        return _cosine_annealing(1.0, first / self.final_div_factor, (t - peak) / (last - peak))


def _cosine_annealing(start: float, end: float, part: float) -> float:
    """Part of the way from `start` to `end` along half a cosine."""
    return float(end + (start - end) * (1 + math.cos(math.pi * part)) / 2)


class ReduceLROnPlateau(Schedule):
    """Multiply the learning rate by `factor` when a metric, such as the validation loss, stops improving.

    `step(metrics)` is called once for each value of the metric, as a rule once an epoch. The rate falls after
    more than `patience` values in a row without an improvement.

    Args:
        target: Optimizer or Schedule. An inner schedule steps together with this one; another schedule cannot
            wrap this one, as it would step without a metric.
        mode: "min" for a metric that is better if smaller, such as a loss, "max" for one such as an accuracy.
        factor: factor of each change, at least 0 and below 1.
        patience: number of values in a row without improvement that are tolerated, at least 0.
        threshold: how much better than the best a value must be to be an improvement, at least 0.
        threshold_mode: "rel" for `threshold` as a fraction of the best, "abs" for a difference.
        cooldown: number of values after a reduction during which `patience` does not count, at least 0.
        min_lr: the lowest rate, at least 0; a rate that is lower to begin with is kept.

    Attributes:
        best: best value so far; infinite before there is one.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is out of the range given above, or a mode is not one of these.

    Example:
        >>> from pyconvlite.optimizers import SGD
        >>> optimizer = SGD(lr=1.0)
        >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        >>> rates = []
        >>> for loss in [3.0, 2.0, 2.0, 2.1, 1.9]:
        ...     schedule.step(loss)
        ...     rates.append(optimizer.lr)
        >>> rates
        [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        target: Optimizer | Schedule,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        self.mode = one_of(mode, "mode", ("min", "max"))
        self.gamma = within(0, factor, 1, "factor")
        self.patience = at_least(0, patience, "patience")
        self.threshold = within(0, threshold, math.inf, "threshold")
        self.threshold_mode = one_of(threshold_mode, "threshold_mode", ("rel", "abs"))
        self.cooldown = at_least(0, cooldown, "cooldown")
        self.min_lr = within(0, min_lr, math.inf, "min_lr")
        self.best = math.inf if mode == "min" else -math.inf
        self.waited = 0  # values in a row without improvement
        self.resting = 0  # values left of the cooldown
        self.reduced = 1.0
        super().__init__(target)

    def step(self, metrics: float) -> None:  # type: ignore[override] # it needs the metric
        """Count a value of the metric, and set the learning rate for the updates that follow.

        Args:
            metrics: a number, or a 0-d array or Variable; nan does not count as an improvement.

        Raises:
            TypeError: `metrics` is none of these.
            RuntimeError, ValueError: as in `Schedule.step`.
        """
        value = _one_number(metrics)
        before = vars(self).copy()
        try:
            self._count(value)
            self._advance()
        except BaseException:
            vars(self).update(before)
            raise

    def _count(self, value: float) -> None:
        if self._improves(value):
            self.best = value
            self.waited = 0
        else:
            self.waited += 1
        if self.resting:
            self.resting -= 1
            self.waited = 0
        if self.waited > self.patience:
            self.reduced *= self.gamma
            self.resting = self.cooldown
            self.waited = 0

    def _improves(self, value: float) -> bool:
        margin = self.threshold
        if self.threshold_mode == "rel":
            margin *= 0 if math.isinf(self.best) else abs(self.best)
        return value < self.best - margin if self.mode == "min" else value > self.best + margin

    def rate(self, t: int) -> float:
        """The learning rate after t steps, with the reductions made so far."""
        full = self.base if self.inner is None else self.inner.rate(t)
        return max(full * self.reduced, min(full, self.min_lr))

    def factor(self, t: int) -> float:
        """The product of all changes so far."""
        return self.reduced


def _one_number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"metrics must be a number, such as loss.item(); got {value!r}") from error
