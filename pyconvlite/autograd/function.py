"""Function: an operation on arrays that knows its gradient, and records its call in the graph."""

from __future__ import annotations

import threading
import weakref
from typing import Any, ClassVar

from .. import backends
from ..config import Config
from .variable import Variable, as_array, as_input, as_variable


class Function:
    """An operation on arrays that knows its gradient.

    A subclass defines `forward(self, *xs)`, arrays in and an array or a tuple of arrays out, and
    `backward(self, *gys)`, Variables in and for each input a Variable or None (no gradient) out, fewer where
    the last inputs have none. `backward` uses operations on Variables only. It can read `self.inputs`, the
    weak references `self.outputs`, and `self.needs_input_grad`, which tells for each input whether anybody
    waits for its gradient. An instance serves one call.

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

    inputs: tuple[Variable, ...]
    outputs: tuple[weakref.ref[Variable], ...]
    needs_input_grad: tuple[bool, ...]
    generation: int

    _orphans: ClassVar[list[tuple[Variable, ...]]] = []  # inputs of Functions that are gone
    _freeing = threading.Lock()

    def __call__(self, *inputs: Any) -> Variable:
        """Compute the output Variable, or a tuple of them where forward gives a tuple of several arrays."""
        variables = tuple([as_input(x) for x in inputs])
        ys = self.forward(*[x.data for x in variables])
        ys = tuple(ys) if isinstance(ys, tuple | list) else (ys,)
        if any(y is None for y in ys):
            raise TypeError(f"{type(self).__name__}.forward must return an array or several; got None")
        outputs = tuple([Variable(as_array(y)) for y in ys])
        if Config.enable_backprop:
            self.inputs = variables
            self.needs_input_grad = tuple([x.requires_grad for x in variables])
            self.generation = max([x.generation for x in variables], default=0)
            for y in outputs:
                y.set_creator(self)
            self.outputs = tuple([weakref.ref(y) for y in outputs])
            if len(outputs) > 1:  # an unused one is gone by the time its gradient, zero, has to be made
                self._output_specs = [(y.shape, y.dtype) for y in outputs]
        return outputs[0] if len(outputs) == 1 else outputs  # type: ignore[return-value] # see above

    def _input_grads(self, gys: list[Variable]) -> list[Variable | None]:
        """What `backward` gives, one Variable or None per input; None where it leaves the last ones out.

        Raises:
            ValueError: more gradients than inputs.
        """
        gxs = self.backward(*gys)
        if not isinstance(gxs, tuple | list):
            gxs = (gxs,)
        if len(gxs) > len(self.inputs):
            raise ValueError(
                f"{type(self).__name__}.backward must return a gradient per input, at most "
                f"{len(self.inputs)}; got {len(gxs)}"
            )
        return [None if gx is None else as_variable(gx) for gx in gxs]

    def _zero_grad(self, output: int, like: Any) -> Variable:
        """The gradient of an output that nothing was computed from, where the array `like` is."""
        return Variable(backends.get_array_module(like).zeros(*self._output_specs[output]))

    def __del__(self) -> None:
        # Let go of the inputs, and so of the Functions behind them, one Function after another. Nested, as
        # Python would do it, 1,500 of them overflow the stack of a browser tab, and the tab is dead.
        self._orphans.append(self.__dict__.pop("inputs", ()))
        if self._freeing.acquire(blocking=False):
            try:
                while self._orphans:
                    self._orphans.pop()
            finally:
                self._freeing.release()

    def forward(self, *xs: Any, **kwargs: Any) -> Any:
        """Compute the output arrays from the input arrays."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def backward(self, *gys: Any, **kwargs: Any) -> Any:
        """Compute the inputs' gradients from the outputs' gradients, all Variables."""
        raise NotImplementedError(f"{type(self).__name__} defines no backward")
