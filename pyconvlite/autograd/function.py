"""Function: a differentiable operation on arrays, which records its call in the graph."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from numpy import asarray, generic, ndarray

from .. import backends
from ..config import local_of
from . import changes
from .backprop import generation_of
from .changes import tick
from .convert import as_array, as_input, as_variable
from .stand_in import StandIn, without_data
from .variable import Variable

_recording = local_of("enable_backprop")

_OF_A_CALL = ("inputs", "_indirect", "_release_depth", "outputs", "needs_input_grad")  # attributes

_MOST_RELEASED = 32  # Functions of a chain that Python may release recursively, see _ReleasedInLoop


class _Inputs:
    """Descriptor of `inputs` for a Function that keeps stand-ins: replaces them by their Variables, if alive.

    Other Functions have an instance attribute `inputs`, which takes precedence.
    """

    def __get__(self, f: Function | None, owner: type) -> tuple[Variable, ...]:
        if f is None:
            return self  # type: ignore[return-value]
        return tuple([x.resolve() if type(x) is StandIn else x for x in f._indirect])


class Function:
    """A differentiable operation on arrays.

    A subclass defines `forward(self, *xs)`, which takes arrays and returns an array or a tuple of arrays, and
    `backward(self, *gys)`, which takes the gradients of the outputs as Variables and returns a Variable or
    None (no gradient) for each input; the last ones may be omitted if they hold no floats or are not needed.
    `backward` uses operations on Variables only. It can read `self.inputs`, the weak references
    `self.outputs`, and `self.needs_input_grad`: for each input, whether its gradient is needed. An instance
    may be called again: a copy of it then takes its place in the graph of the earlier call.

    Attributes:
        reads_inputs, reads_outputs: whether `backward` reads the data of `self.inputs` and of `self.outputs`,
            not only their shape and dtype. An array that neither the Function that computed it nor those that
            used it read is freed with its last other reference; `self.inputs` then has a Variable without
            data in its place.
        broadcasts: whether `backward` may return gradients of shapes that the inputs broadcast to; they are
            then summed to the shapes of the inputs.

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
    broadcasts = False
    _release_depth = 0  # number of Functions that are released recursively with this one, at most

    inputs = _Inputs()
    outputs: tuple[Callable[[], Variable | None], ...] = ()  # empty until a call is recorded
    called: int  # when, by `changes.tick`
    latest_change: int  # `changes.latest` before the call

    def __call__(self, *inputs: Any) -> Variable:
        """Return the output Variable, or a tuple of Variables if `forward` returns several arrays.

        Raises:
            TypeError: an input is not a Variable, array or number.
        """
        if self.outputs:
            self._leave_graph()
        latest_change, called = changes.latest, tick()
        xs = []  # filled by a loop, which starts sooner than a comprehension
        for x in inputs:
            if not isinstance(x, Variable):
                inputs = self._as_variables(inputs)
                xs = [x._data for x in inputs]
                break
            xs.append(x._data)
        try:
            ys = self.forward(*xs)
        except (AttributeError, TypeError) as error:
            self._check_inputs(xs, error)
            raise
        except ValueError as error:
            self._check_shapes(xs, error)
            raise
        if type(ys) is ndarray:
            y = Variable(ys)
            outputs: tuple[Variable, ...] = (y,)
        else:
            outputs = self._as_outputs(ys)
            y = outputs[0] if len(outputs) == 1 else outputs  # type: ignore[assignment] # see above
        if _recording.get()[0]:
            depth, frees = 0, False
            for x in inputs:
                f = x.creator
                if f is not None:
                    if f._release_depth >= depth:
                        depth = f._release_depth + 1
                    if not self.reads_inputs and x._data.size >= StandIn.LEAST and not f.reads_outputs:
                        frees = True
            if frees or depth == _MOST_RELEASED:
                self._keep_indirectly(inputs, depth)
            else:
                self.inputs, self._release_depth = inputs, depth
            self.latest_change, self.called = latest_change, called
            for output in outputs:
                output.creator = self  # type: ignore[assignment] # mypy takes a cached_property to be read-only
            self.outputs = (ref(y),) if len(outputs) == 1 else tuple(map(ref, outputs))
        return y

    def _leave_graph(self) -> None:
        """Put a copy into the graph of the last call, so that another call changes nothing there."""
        this: Any = self
        earlier: Any = object.__new__(type(self))
        vars(earlier).update(vars(self))
        for output in self.outputs:
            y = output()
            if y is not None and y.creator is this:  # else it was unchained
                y.set_creator(earlier)
        for name in _OF_A_CALL:
            vars(self).pop(name, None)

    def __getstate__(self) -> dict[str, Any]:
        # For copy and pickle: a copy is in no graph.
        return {name: value for name, value in vars(self).items() if name not in _OF_A_CALL}

    def _as_variables(self, inputs: tuple[Any, ...]) -> tuple[Variable, ...]:
        """The inputs of a call, some of which are arrays, numbers or None."""
        return tuple([x if isinstance(x, Variable) else as_input(x) for x in inputs])

    def _check_inputs(self, xs: Sequence[Any], error: Exception) -> None:
        """Raise an error that names the input that made `forward` fail, if its dtype or None explains why."""
        needed, kinds = "an array or number", "biufc"
        if "complex" in str(error):
            needed, kinds = "real numbers", "biuf"
        for parameter, x in zip(inspect.signature(self.forward).parameters.values(), xs, strict=False):
            missing = x is None and "NoneType" in str(error) and "None" not in str(parameter.annotation)
            if missing or (getattr(x, "dtype", None) is not None and x.dtype.kind not in kinds):
                got = "None" if missing else f"dtype {x.dtype}"
                name = type(self).__name__
                raise TypeError(f"{name} needs {needed} as {parameter.name}; got {got}") from error

    def _check_shapes(self, xs: Sequence[Any], error: Exception) -> None:
        """Raise an error that names the inputs whose shapes made `forward` fail.

        For subclasses that leave this check to NumPy's operation, so that a valid call does not pay for it.
        """

    def _as_outputs(self, ys: Any) -> tuple[Variable, ...]:
        """What `forward` returned, other than one array, as Variables."""
        if isinstance(ys, generic):  # NumPy's result for 0-d arrays
            return (Variable(asarray(ys)),)
        if ys is None:
            raise TypeError(
                f"{type(self).__name__}.forward must return an array or a tuple of arrays; got None"
            )
        outputs = tuple([Variable(as_array(y)) for y in (ys if isinstance(ys, (tuple, list)) else (ys,))])
        if len(outputs) > 1:  # for zero gradients: an unused output may be freed before backward
            self._output_specs = [(y.shape, y.dtype) for y in outputs]
        return outputs

    def _keep_indirectly(self, inputs: tuple[Variable, ...], depth: int) -> None:
        """Keep stand-ins of inputs whose data is not read; release a long chain of Functions in a loop."""
        if not self.reads_inputs:
            inputs = tuple(map(without_data, inputs))
        if depth == _MOST_RELEASED:
            self._indirect: Sequence[Variable] = _ReleasedInLoop(inputs)
        else:
            self._indirect, self._release_depth = inputs, depth

    @functools.cached_property  # `backprop` overwrites it with what it needs
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each input, whether its gradient is needed."""
        return tuple([x.requires_grad for x in self.inputs])

    @property
    def generation(self) -> int:
        """Number of Functions on the longest path from a leaf to this one (book step 16)."""
        return generation_of(self)  # type: ignore[arg-type] # as above

    def _input_grads(self, gys: list[Variable]) -> tuple[Variable | None, ...]:
        """Call `backward`; return its gradients, a Variable or None each, at most one per input.

        Raises:
            ValueError: `backward` returns too many or too few.
        """
        gxs = self.backward(*gys)
        if type(gxs) is not tuple:
            gxs = tuple(gxs) if isinstance(gxs, list) else (gxs,)
        inputs, count = self.inputs, len(gxs)
        if count != len(inputs):
            rest = zip(inputs[count:], self.needs_input_grad[count:], strict=True)
            if count > len(inputs) or any(need and x.dtype.kind == "f" for x, need in rest):
                raise ValueError(
                    f"{type(self).__name__}.backward must return one gradient, or None, per input, "
                    f"{len(inputs)}; got {count}"
                )
        for gx in gxs:
            if gx is not None and not isinstance(gx, Variable):
                return tuple([gx if gx is None else as_variable(gx) for gx in gxs])
        return gxs

    def _zero_grad(self, output: int, like: Any) -> Variable:
        """Zero gradient of an unused output, on the device of the array `like`."""
        return Variable(backends.get_array_module(like).zeros(*self._output_specs[output]))

    def forward(self, *xs: Any, **kwargs: Any) -> Any:
        """Compute the output arrays from the input arrays."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, *gys: Any, **kwargs: Any) -> Any:
        """Compute the gradients of the inputs from those of the outputs, all Variables."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")


class _ReleasedInLoop(list[Variable]):
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
            _releasing = ref(orphans)
            while orphans:
                orphans.pop()


class _Orphans(list[list[Variable]]):
    """Inputs of deleted Functions, still to be released; a list that can be referenced weakly."""


_releasing = ref(_Orphans())  # those of the `__del__` that releases them; dead if there is none
