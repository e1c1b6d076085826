"""Function: a differentiable operation on arrays, which records its call in the graph."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backends
from ..config import local_of
from . import changes
from .convert import as_array, as_input, as_variable
from .stand_in import StandIn, without_data
from .variable import Variable

tick = changes.tick
_recording = local_of("enable_backprop")

MOST_UNGUARDED = 32


class Function:
    """A differentiable operation on arrays.

    A subclass defines `forward(self, *xs)`, which takes arrays and returns an array or a tuple of arrays, and
    `backward(self, *gys)`, which takes the gradients of the outputs as Variables and returns a Variable or
    None (no gradient) for each input; the last ones may be omitted. `backward` uses operations on Variables
    only. It can read `self.inputs`, the weak references `self.outputs`, and `self.needs_input_grad`: for each
    input, whether its gradient is needed. Use a new instance for each call.

    Attributes:
        reads_inputs, reads_outputs: whether `backward` reads the data of `self.inputs` and of `self.outputs`,
            not only their shape and dtype. An array that neither the Function that computed it nor those that
            used it read is freed with its last other reference; `self.inputs` then has a Variable without
            data in its place.

    Example:
        >>> import numpy as np
        >>> class Square(Function):
        ...     def forward(self, x):
        ...         return x**2
        ...     def backward(self, gy):
        ...         x, = self.inputs
        ...         return 2 * x * gy
        >>> x = Variable(np.array(3.0))
        >>> y = Square()(x)
        >>> y.backward()
        >>> y, x.grad
        (variable(9.0), variable(6.0))
    """

    reads_inputs = True
    reads_outputs = True
    _indirect = False  # whether `_inputs` is no tuple, or has stand-ins
    _unguarded = 0  # number of Functions that are released recursively with this one, at most

    outputs: tuple[Callable[[], Variable | None], ...] = ()  # empty until a call is recorded
    _inputs: tuple[Variable, ...] | _Guarded
    generation: int  # number of Functions on the longest path from a leaf to this one
    called: int  # when, by `changes.tick`
    latest_change: int  # `changes.latest` before the call

    def __call__(self, *inputs: Any) -> Variable:
        """Return the output Variable, or a tuple of Variables if `forward` returns several arrays.

        Raises:
            RuntimeError: this instance is in a graph since an earlier call.
        """
        if self.outputs:
            name = type(self).__name__
            raise RuntimeError(f"this {name} was called before; create a new {name} for each call")
        latest_change, called = changes.latest, tick()
        variables, xs, outputs = [], [], []  # filled by loops, which start sooner than comprehensions
        for x in inputs:
            if not isinstance(x, Variable):
                x = as_input(x)
            variables.append(x)
            xs.append(x._data)
        ys = self.forward(*xs)
        for y in ys if isinstance(ys, (tuple, list)) else (ys,):
            array = y if type(y) is np.ndarray else self._checked(y)
            outputs.append(Variable(array))
        if _recording.get()[0]:
            self.latest_change, self.called = latest_change, called
            self._record(variables, outputs)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)  # type: ignore[return-value] # see above

    def _checked(self, y: Any) -> Any:
        """An output of `forward` as an array."""
        if y is None:
            raise TypeError(
                f"{type(self).__name__}.forward must return an array or a tuple of arrays; got None"
            )
        return as_array(y)

    def _record(self, inputs: list[Variable], outputs: list[Variable]) -> None:
        """Make this call a part of the graph."""
        generation = unguarded = 0
        for i, x in enumerate(inputs):
            f = x.creator
            if f is not None:
                if f.generation >= generation:
                    generation = f.generation + 1
                if f._unguarded >= unguarded:
                    unguarded = f._unguarded + 1
                if not self.reads_inputs and x._data.size >= StandIn.LEAST and not f.reads_outputs:
                    inputs[i] = without_data(x)
                    self._indirect = True
        self.generation = generation
        if unguarded < MOST_UNGUARDED:
            self._unguarded = unguarded
            self._inputs = tuple(inputs)
        else:
            self._inputs = _Guarded(inputs)
            self._indirect = True
        refs = []
        for y in outputs:
            y.creator = self  # type: ignore[assignment] # mypy takes a cached_property to be read-only
            refs.append(weakref.ref(y))
        self.outputs = tuple(refs)
        if len(outputs) > 1:  # for zero gradients: an unused output may be freed before backward
            self._output_specs = [(y.shape, y.dtype) for y in outputs]

    @functools.cached_property  # until the walk back, which knows more, sets it
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each input, whether its gradient is needed."""
        return tuple([x.requires_grad for x in self.inputs])

    @property
    def inputs(self) -> tuple[Variable, ...]:
        """The inputs of the call; one whose data was freed has `data` None."""
        if not self._indirect:
            return self._inputs  # type: ignore[return-value] # a tuple
        return tuple([x.still_held() if type(x) is StandIn else x for x in self._inputs])

    def _input_grads(self, gys: list[Variable]) -> list[Variable | None]:
        """Call `backward`; return its gradients, a Variable or None each, at most one per input.

        Raises:
            ValueError: `backward` returns more gradients than there are inputs.
        """
        gxs = self.backward(*gys)
        if isinstance(gxs, Variable):
            return [gxs]
        if not isinstance(gxs, (tuple, list)):
            gxs = (gxs,)
        if len(gxs) > len(self._inputs):
            raise ValueError(
                f"{type(self).__name__}.backward must return at most one gradient per input, "
                f"{len(self._inputs)}; got {len(gxs)}"
            )
        return [gx if gx is None or isinstance(gx, Variable) else as_variable(gx) for gx in gxs]

    def _zero_grad(self, output: int, like: Any) -> Variable:
        """Zero gradient of an unused output, on the device of the array `like`."""
        return Variable(backends.get_array_module(like).zeros(*self._output_specs[output]))

    def forward(self, *xs: Any, **kwargs: Any) -> Any:
        """Compute the output arrays from the input arrays."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, *gys: Any, **kwargs: Any) -> Any:
        """Compute the gradients of the inputs from those of the outputs, all Variables."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")


class _Guarded(list[Variable]):
    """Inputs of a Function that are released in a loop, with all that they alone reference.

    Python would release a chain of Functions recursively, and 1,500 of them overflow the stack of a browser
    tab, which then crashes.
    """

    def __del__(self) -> None:
        # The loop's list is referenced weakly: if an interrupt ends the loop, the list and what it holds go.
        global _releasing
        outer = _releasing()
        orphans = _Orphans() if outer is None else outer
        orphans.append(self[:])
        self.clear()
        if outer is None:
            _releasing = weakref.ref(orphans)
            while orphans:
                orphans.pop()


class _Orphans(list[list[Variable]]):
    """Inputs of deleted Functions, still to be released; a list that can be referenced weakly."""


_releasing = weakref.ref(_Orphans())  # those of the `__del__` that releases them; dead if there is none
