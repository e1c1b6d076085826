"""Function: a differentiable operation on arrays, which records its call in the graph."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from .. import backends
from ..config import Config
from .convert import as_array, as_input, as_variable
from .stand_in import StandIn, without_data
from .variable import Variable, tick


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
    _has_stand_ins = False

    outputs: tuple[Callable[[], Variable | None], ...] = ()  # empty until a call is recorded
    needs_input_grad: tuple[bool, ...]
    generation: int
    called: int  # when, by `tick`

    def __call__(self, *inputs: Any) -> Variable:
        """Return the output Variable, or a tuple of Variables if `forward` returns several arrays.

        Raises:
            RuntimeError: this instance is in a graph since an earlier call.
        """
        if self.outputs:
            name = type(self).__name__
            raise RuntimeError(f"this {name} was called before; create a new {name} for each call")
        called = tick()
        variables = tuple([as_input(x) for x in inputs])
        ys = self.forward(*[x._data for x in variables])
        ys = tuple(ys) if isinstance(ys, tuple | list) else (ys,)
        for y in ys:  # a loop, since `any` takes a twentieth of a small operation's time
            if y is None:
                raise TypeError(
                    f"{type(self).__name__}.forward must return an array or a tuple of arrays; got None"
                )
        outputs = tuple([Variable(as_array(y)) for y in ys])
        if Config.enable_backprop:
            self.called = called
            self._inputs = variables
            if not self.reads_inputs:
                self._inputs = tuple([without_data(x) for x in variables])
                self._has_stand_ins = self._inputs != variables
            self.needs_input_grad = tuple([x.requires_grad for x in variables])
            self.generation = max([x.generation for x in variables], default=0)
            for y in outputs:
                y.set_creator(self)
            self.outputs = tuple([weakref.ref(y) for y in outputs])
            if len(outputs) > 1:  # for zero gradients: an unused output may be freed before backward
                self._output_specs = [(y.shape, y.dtype) for y in outputs]
        return outputs[0] if len(outputs) == 1 else outputs  # type: ignore[return-value] # see above

    @property
    def inputs(self) -> tuple[Variable, ...]:
        """The inputs of the call; one whose data was freed has `data` None."""
        if not self._has_stand_ins:
            return self._inputs
        return tuple([x.still_held() if type(x) is StandIn else x for x in self._inputs])

    def _input_grads(self, gys: list[Variable]) -> list[Variable | None]:
        """Call `backward`; return its gradients, a Variable or None each, at most one per input.

        Raises:
            ValueError: `backward` returns more gradients than there are inputs.
        """
        gxs = self.backward(*gys)
        if not isinstance(gxs, tuple | list):
            gxs = (gxs,)
        if len(gxs) > len(self.inputs):
            raise ValueError(
                f"{type(self).__name__}.backward must return at most one gradient per input, "
                f"{len(self.inputs)}; got {len(gxs)}"
            )
        return [None if gx is None else as_variable(gx) for gx in gxs]

    def _zero_grad(self, output: int, like: Any) -> Variable:
        """Zero gradient of an unused output, on the device of the array `like`."""
        return Variable(backends.get_array_module(like).zeros(*self._output_specs[output]))

    def __del__(self) -> None:
        # Release the inputs, and the Functions that computed them, in a loop. Python would release a chain of
        # Functions recursively, and 1,500 of them overflow the stack of a browser tab, which then crashes.
        # The loop's list is referenced weakly: if an interrupt ends the loop, the list and what it holds go.
        global _releasing
        if "_inputs" not in self.__dict__:  # the call was not recorded
            return
        outer = _releasing()
        orphans = _Orphans() if outer is None else outer
        orphans.append(self.__dict__.pop("_inputs"))
        if outer is None:
            _releasing = weakref.ref(orphans)
            while orphans:
                orphans.pop()

    def forward(self, *xs: Any, **kwargs: Any) -> Any:
        """Compute the output arrays from the input arrays."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, *gys: Any, **kwargs: Any) -> Any:
        """Compute the gradients of the inputs from those of the outputs, all Variables."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")


class _Orphans(list[tuple[Variable, ...]]):
    """Inputs of deleted Functions, still to be released; a list that can be referenced weakly."""


_releasing = weakref.ref(_Orphans())  # those of the `__del__` that releases them; dead if there is none
