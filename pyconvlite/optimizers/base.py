"""Optimizer: goes through a model's Parameters; what its algorithms share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self
from weakref import WeakKeyDictionary

import numpy as np

from .._shapes import Array
from ..autograd import Parameter, as_array
from ..backends import foreach, get_array_module, host_scalars
from ..layers import Layer

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
        self.update_all(params)

    def update_all(self, params: list[Parameter]) -> None:
        """Change Parameters, all of which have a gradient."""
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


class Elementwise(Optimizer):
    """Base of algorithms that update each weight by itself: a device takes all Parameters as one array.

    A subclass defines `rule` and `settings`, and names in `states` the attributes where it remembers
    something of each Parameter, which is zero at first.

    Attributes:
        states: the names.
    """

    states: ClassVar[tuple[str, ...]] = ()

    def settings(self) -> tuple[float, ...]:
        """Numbers that `rule` takes, such as the rate: read once for each update.

        As Python floats: a rate that came from NumPy would make float64 of float32 arrays.
        """
        return ()

    def rule(self, settings: Sequence[float], W: Array, gW: Array, *states: Array) -> tuple[Array, ...]:
        """The new weights and the new states, element by element."""
        raise NotImplementedError(f"{type(self).__name__} defines no rule")

    def reset(self) -> None:
        """Forget the states."""
        for name in self.states:
            setattr(self, name, WeakKeyDictionary())

    def update_one(self, param: Parameter) -> None:
        """Change one Parameter."""
        self._update([param])

    def update_all(self, params: list[Parameter]) -> None:
        """Change Parameters, all of which have a gradient."""
        if type(self).update_one is Elementwise.update_one:
            self._update(params)
        else:  # a subclass overrides it
            super().update_all(params)

    def _update(self, params: list[Parameter]) -> None:
        memories: list[WeakKeyDictionary[Parameter, Array]] = [getattr(self, name) for name in self.states]

        def row(param: Parameter) -> tuple[Array, ...]:
            g = gradient(param)
            states = (memory.get(param) for memory in memories)
            zeros = get_array_module(g).zeros_like
            return param.data, g, *(zeros(g) if state is None else state for state in states)

        # The one place where an update's numbers are read: a captured step reads them again at each replay.
        rule = functools.partial(self.rule, host_scalars(self.settings))
        for param, (data, *new) in zip(params, foreach(rule, map(row, params)), strict=True):
            param.data = as_array(data)
            for memory, state in zip(memories, new, strict=True):
                memory[param] = as_array(state)


# ----------------------------------------------------------------------------------------- for the algorithms


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
