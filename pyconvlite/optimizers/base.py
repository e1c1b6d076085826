"""Optimizer and Elementwise, the base classes of optimizers."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from .._arguments import described
from .._pytorch import Hinting
from .._shapes import Array
from ..autograd import Parameter, Variable, as_array
from ..autograd.changes import reassigned
from ..backends import get_array_module, host_scalars, is_array, kernels, to_cpu, to_device_of
from ..layers import Layer
from .states import States

Row = tuple[Array, ...]
Hook = Callable[[list[Parameter]], Any]


class Optimizer(Hinting):
    """Base class of optimizers: updates the Parameters that have a gradient.

    A subclass defines `update_one`, and `reset` if it has state. An update gives a Parameter a new array and
    never writes into the old one.

    Gradients of several calls of `backward` add up until `cleargrads`. So a batch that is too large for the
    memory can be taken in parts (gradient accumulation): see the second example.

    Attributes:
        target: the model that is optimized; None before `setup`.
        hooks: functions that `update` calls first.
        rate_name: name of the attribute that a schedule changes; None if the algorithm has no learning rate.

    Example:
        >>> from pyconvlite.models import MLP
        >>> from pyconvlite.optimizers import SGD
        >>> import pyconvlite.functions as F
        >>> model = MLP((3, 1))
        >>> optimizer = SGD(lr=0.1).setup(model)
        >>> loss = F.mean_squared_error(model(np.ones((4, 2))), np.zeros((4, 1)))
        >>> model.cleargrads(); loss.backward(); optimizer.update()

        One update for four batches:

        >>> batches = [(np.ones((4, 2)), np.zeros((4, 1)))] * 8
        >>> for i, (x, t) in enumerate(batches, start=1):
        ...     loss = F.mean_squared_error(model(x), t) / 4  # so that the sum is the mean of the four
        ...     loss.backward()
        ...     if i % 4 == 0:
        ...         optimizer.update(); model.cleargrads()
    """

    rate_name: ClassVar[str | None] = "lr"

    def __init__(self) -> None:
        self.target: Layer | None = None
        self.hooks: list[Hook] = []

    __repr__ = described

    def setup(self, target: Layer | Sequence[Layer | Parameter]) -> Self:
        """Set the model to optimize, and discard the state of an earlier one.

        Args:
            target: Layer or Model; or a list of Layers and Parameters, such as the part of a model that has
                another learning rate.

        Returns:
            The optimizer itself.

        Raises:
            TypeError: `target` is a class, or none of these.
            ValueError: the list is empty.
        """
        if isinstance(target, list | tuple):
            if not target:
                raise ValueError("target must have at least one Layer or Parameter; got an empty list")
            group = Layer()
            group.parts = [part if isinstance(part, Parameter) else _trainable(part) for part in target]  # type: ignore[attr-defined]
            target = group
        self.target = _trainable(target)
        self.reset()
        return self

    def reset(self) -> None:
        """Discard the state."""

    def update(self) -> None:
        """Call the hooks, then change each Parameter that has a gradient; without gradients, none changes.

        After an error or a KeyboardInterrupt, Parameters, gradients and the optimizer are as before the call.

        Raises:
            RuntimeError: `setup` was not called.
            TypeError: a gradient is not a Variable, or a Parameter has no floats.
            ValueError: a gradient does not have the shape of its Parameter.
        """
        if self.target is None:
            raise RuntimeError("the optimizer has no model; call setup(model) before update()")
        every = list(self.target.params())
        params = with_gradient(every)
        before = self._snapshot(every if self.hooks else params)
        try:
            for hook in tuple(self.hooks):  # one may remove itself
                hook(params)
                params = with_gradient(every)  # FreezeParam removes gradients, parallel.Optimizer adds some
            self.update_all(params)
        except BaseException:
            self._restore(*before)
            raise

    def _snapshot(self, params: list[Parameter]) -> tuple[Any, ...]:
        """What `_restore` needs to undo all that an update may change."""
        arrays = [
            (param, param._data, param._changed, g := param.grad, None if g is None else g._data)
            for param in params
        ]
        return dict(vars(self)), arrays, [memory.snapshot() for memory in self._memories().values()]

    def _restore(
        self, attributes: dict[str, Any], params: list[tuple[Any, ...]], snapshots: Sequence[Any]
    ) -> None:
        vars(self).update(attributes)
        for param, data, changed, grad, grad_data in params:
            if grad is not None:
                grad._data = grad_data  # a hook may have replaced it, as DeZero's do
            param.grad = grad
            if param._data is not data:
                param.data = data
                param._changed = changed
        for memory, each in zip(self._memories().values(), snapshots, strict=True):
            memory.restore(each)

    def _memories(self) -> dict[str, States]:
        """The states of the Parameters, by the name of the attribute."""
        return {}

    def update_all(self, params: list[Parameter]) -> None:
        """Update Parameters, all of which have a gradient."""
        for param in params:
            self.update_one(param)

    def update_one(self, param: Parameter) -> None:
        """Update one Parameter."""
        raise NotImplementedError(f"{type(self).__name__} does not define update_one")

    def add_hook(self, f: Hook) -> None:
        """Add a function that `update` calls first, with the list of the Parameters that have a gradient.

        Raises:
            TypeError: `f` is a class, or not callable.
        """
        if isinstance(f, type):
            raise TypeError(f"f must be an instance; got a class: write {f.__name__}(...)")
        if not callable(f):
            raise TypeError(f"f must be callable; got {type(f).__name__}")
        self.hooks.append(f)


class Elementwise(Optimizer):
    """Base class of element-wise optimizers; one kernel updates all Parameters.

    A subclass defines `settings`, lists in `states` the attributes that hold its state, and names its kernel,
    or defines `rule` in place of it.

    Attributes:
        kernel: name of the kernel, see `backends/protocol.py`; its arguments are the rows and the settings.
        states: names of attributes; each maps a Parameter to an array of its shape, initially zeros.
        counts: the same, but each maps a Parameter to a 0-d array on the CPU, and the kernel does not get it.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> class SignSGD(Elementwise):
        ...     def settings(self):
        ...         return (0.5,)
        ...     def rule(self, settings, rows):
        ...         (lr,) = settings
        ...         return [(W - lr * np.sign(g),) for W, g in rows]
        >>> model = Linear(1, in_size=2)
        >>> model.W.data = np.zeros((2, 1))
        >>> optimizer = SignSGD().setup(model)
        >>> model(np.array([[3.0, -4.0]])).sum().backward()
        >>> optimizer.update(); model.W.data.T
        array([[-0.5,  0.5]])
    """

    kernel: ClassVar[str | None] = None
    states: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[tuple[str, ...]] = ()

    def settings(self) -> tuple[float, ...]:
        """Numbers that the kernel needs, such as the learning rate, read once per update.

        They are Python floats, since a NumPy float64 would promote float32 arrays to float64.
        """
        return ()

    def rule(self, settings: Sequence[float], rows: Sequence[Row]) -> Sequence[Row]:
        """The new weights and states, for rows of the weights, the gradient and the states of a Parameter."""
        if self.kernel is None:
            raise NotImplementedError(f"{type(self).__name__} does not define rule")
        if len({type(row[0]) for row in rows}) > 1:  # some are on the device, others are not
            return [self.rule(settings, [row])[0] for row in rows]
        return getattr(kernels(rows[0][0]), self.kernel)(rows, *settings)  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Discard the states."""
        for name in self.states + self.counts:
            setattr(self, name, States())

    def _memories(self) -> dict[str, States]:
        return {name: getattr(self, name) for name in self.states + self.counts}

    def update_one(self, param: Parameter) -> None:
        """Update one Parameter."""
        self._update([param])

    def update_all(self, params: list[Parameter]) -> None:
        """Update Parameters, all of which have a gradient."""
        if type(self).update_one is not Elementwise.update_one:  # a subclass overrides it
            super().update_all(params)
        elif params:
            self._update(params)

    def __getstate__(self) -> dict[str, Any]:
        # For pickle and copy, which cannot copy what States references weakly.
        return {name: dict(v) if isinstance(v, States) else v for name, v in vars(self).items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, v in state.items():
            setattr(self, name, States(v) if name in self.states + self.counts else v)

    def _update(
        self, params: list[Parameter], settings: Callable[[], tuple[float, ...]] | None = None
    ) -> None:
        memories = [getattr(self, name) for name in self.states]
        gradients = [gradient(param) for param in params]
        columns = [[param._data for param in params], gradients]
        for memory in memories:
            states = memory.arrays(params)
            for i, (g, state) in enumerate(zip(gradients, states, strict=True)):
                if type(state) is not type(g):  # there is none, or the model was moved
                    states[i] = (
                        get_array_module(g).zeros_like(g) if state is None else to_device_of(g, to_cpu(state))
                    )
            columns.append(states)
        rows = list(zip(*columns, strict=True))
        # The settings are read only here, so that a captured step reads them again at each replay.
        updated = self.rule(host_scalars(settings or self.settings), rows)
        if type(self).rule is not Elementwise.rule:
            updated = list(updated or ())
            self._check(rows, updated)
        weights, *after = zip(*updated, strict=True)
        now = reassigned()
        for param, W in zip(params, weights, strict=True):
            param._changed, param._data = now, W if type(W) is np.ndarray else as_array(W)
        for memory, arrays in zip(memories, after, strict=True):
            memory.assign(params, arrays)

    def _check(self, rows: Sequence[Row], updated: Sequence[Any]) -> None:
        """Raise ValueError unless a subclass's own `rule` returned rows like the given ones, without g."""
        wanted = [[np.shape(a) for a in (W, *states)] for W, _, *states in rows]
        found = [
            [np.shape(a) if is_array(as_array(a)) else type(a).__name__ for a in row]
            if isinstance(row, tuple | list)
            else type(row).__name__
            for row in updated
        ]
        if found != wanted:
            raise ValueError(
                f"{type(self).__name__}.rule must return a tuple for each row, with the weights and states; "
                f"got {reprlib.repr(found)} for shapes {reprlib.repr(wanted)}"
            )


# ----------------------------------------------------------------------------------------- for the algorithms


def _trainable(target: Any) -> Layer:
    if isinstance(target, type):
        raise TypeError(f"target must be an instance; got a class: write {target.__name__}()")
    if not callable(getattr(target, "params", None)):
        given = type(target).__name__
        raise TypeError(f"target must be a Layer, a Model, or a list of Layers and Parameters; got {given}")
    return target  # type: ignore[no-any-return]


def with_gradient(params: Iterable[Parameter]) -> list[Parameter]:
    """The Parameters that are trained and have a gradient, which is checked.

    Raises:
        TypeError: a gradient is not a Variable, or a Parameter has no floats.
        ValueError: a gradient does not have the shape of its Parameter, or that has no data.

    Example:
        >>> with_gradient([Parameter(np.zeros(1))])
        []
    """
    chosen = []
    for param in params:
        g = param.grad
        if g is None or not param.requires_grad:
            continue
        if not isinstance(g, Variable):
            raise TypeError(
                f"the gradient of {param.name or 'a Parameter'} must be a Variable; got {type(g).__name__}: "
                "wrap it in Variable(...)"
            )
        if param._data is None:
            raise ValueError(
                f"{param.name or 'a Parameter'} has a gradient but no data: call the model on an input first"
            )
        if g._data.shape != param._data.shape:
            raise ValueError(
                f"the gradient of {param.name or 'a Parameter'} must have its shape {param.shape}; "
                f"got {g.shape}"
            )
        if param._data.dtype.kind != "f":
            raise TypeError(
                f"{param.name or 'a Parameter'} must have floats to be trained; got {param.dtype}: convert "
                "its array by astype(np.float32)"
            )
        chosen.append(param)
    return chosen


def gradient(param: Parameter) -> Array:
    """The gradient as an array, float32 for float16, in which eps and small steps would underflow.

    Example:
        >>> param = Parameter(np.zeros(1, np.float16))
        >>> param.grad = Parameter(np.ones(1, np.float16))
        >>> gradient(param).dtype
        dtype('float32')
    """
    assert param.grad is not None  # callers select with `with_gradient`
    g, dtype = param.grad._data, param._data.dtype
    if dtype.itemsize == 2:
        dtype = _FLOAT32
    return g if g.dtype is dtype else g.astype(dtype, copy=False)  # type: ignore[no-any-return]


_FLOAT32 = np.dtype(np.float32)
