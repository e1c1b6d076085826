"""Variable: an array in a computation graph.

A Variable holds an array. Calling a Function computes new Variables and records the call, unless recording is
disabled: an output references its Function (`creator`), and the Function its inputs. These references are the
graph, which `backward` traverses from the newest Function to the oldest (`backprop.py`). The `backward` of
each Function uses operations on Variables, so a gradient can itself be differentiated, to any order (book
steps 7-18 and 32-36).

Lifetime: a Function holds weak references to its outputs, so there is no reference cycle, and reference
counting frees a graph together with its last Variable. An intermediate array that no `backward` reads is
freed earlier, with its Variable; the graph has a stand-in with its shape and dtype (`stand_in.py`).
`create_graph=True` is the exception: a leaf then references its gradient, the gradient its graph, and the
graph the leaf. This cycle lives until the gradient is cleared (`cleargrad()`) or Python's garbage collector
runs.
"""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from .. import backends
from .._pytorch import Hinting
from ..config import call_with_config
from .backprop import Arithmetic, Operation, backprop, generation_of, graph_behind
from .changes import reassigned, viewed
from .comparisons import Comparison, collected


class _Functions(Protocol):
    def __getattr__(self, name: str) -> Callable[..., Variable]: ...


_functions: _Functions


def register_functions(functions: _Functions) -> None:
    """Register the module whose functions implement the operators of Variable.

    `pyconvlite.functions` imports this package and calls this once, so that there is no circular import.
    """
    global _functions
    _functions = functions
    for method, name in _OPERATORS.items():
        setattr(Variable, method, getattr(functions, name))


_OPERATORS = {
    "__add__": "add",
    "__sub__": "sub",
    "__mul__": "mul",
    "__truediv__": "div",
    "__pow__": "pow",
    "__matmul__": "matmul",
    "__neg__": "neg",
    "__abs__": "abs",
    "__getitem__": "get_item",
}


class _ArrayUfunc:
    """The attribute `__array_ufunc__`: a function on the class, where NumPy looks, and None on an instance.

    Array-likes that look on the instance, such as masked arrays, find None, so that an operator is
    Variable's, which refuses what it cannot hold; otherwise they would make an array without a gradient.
    """

    def __get__(self, instance: Variable | None, owner: type) -> Callable[..., Any] | None:
        return _functions.array_ufunc if instance is None else None


def not_an_array(data: Any, subject: str = "a Variable must hold") -> TypeError:
    """The error for an object that is not an array, with what to use instead.

    Example:
        >>> not_an_array([1, 2], "t must be")
        TypeError('t must be an array, not list; use np.array([1, 2])')
    """
    if isinstance(data, Variable):
        use = "its `data`"
    elif isinstance(data, list | tuple) and any(isinstance(x, Variable) for x in data):
        use = "F.stack(...), which passes gradients on to the Variables in it"
    elif callable(data):
        use = "what it returns"
    elif hasattr(data, "to_py"):  # of JavaScript: np.array makes integers of 1.0
        use = "np.array(x.to_py())"
    else:  # the repr of a DataFrame or a tensor has several lines
        use = f"np.array({reprlib.repr(data) if type(data).__module__ == 'builtins' else '...'})"
    return TypeError(f"{subject} an array, not {type(data).__name__}; use {use}")


class Variable(Hinting):
    """An array in a computation graph.

    `<`, `<=`, `>` and `>=` compare the elements and return a plain boolean array. So do `==` and `!=` with an
    array or a number. Between two Variables, `==` is identity, as in DeZero, so that Variables can be keys of
    dicts and `x in variables` finds x itself; use `np.equal(x, y)` to compare their elements.

    Args:
        data: an array, or None for a Parameter whose shape is not known yet.
        name: label in graphs and error messages.

    Attributes:
        data: the array; it may be reassigned, also by `x.data -= ...`, but not between an operation that used
            it and `backward`, which then raises RuntimeError. A write into the array, such as
            `x.data[0] = 1`, is not noticed: between an operation and `backward` it makes gradients wrong.
            A computed array may be set to None, which frees it (book step 43); `backward` then raises
            RuntimeError if it needs its elements.
        grad: the gradient, a Variable; None until `backward` computes it.
        creator: the Function that computed this Variable; None for a leaf.
        requires_grad: whether `backward` computes its gradient. False for an array or number passed to a
            Function: its gradient would not be accessible, so it is not computed.

    Raises:
        TypeError: `data` is not an array.

    Example:
        >>> x = Variable(np.array([1.0, 2.0]))
        >>> y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        variable([2. 4.])
    """

    __array_ufunc__ = _ArrayUfunc()
    __array_priority__ = 200
    __pandas_priority__ = 10_000  # a Series leaves its operators to Variable, which refuses it
    _stand_in: Any = None  # see stand_in.py

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _functions.array_function(function, args, kwargs)

    _changed = 0  # when `data` was last reassigned; 0 for never
    _written = 0  # the same, through a view
    # Shape and dtype of a computed array that was set to None.
    _freed: tuple[tuple[int, ...], Any] | None = None
    # Of the class until they are set, which makes a Variable in less time.
    name: str | None = None
    grad: Variable | None = None
    creator: Operation | None = None
    requires_grad = True

    def __init__(self, data: Any, name: str | None = None) -> None:
        if type(data) is not np.ndarray and data is not None and not backends.is_array(data):
            raise not_an_array(data)
        self._data: Any = data
        if name is not None:
            self.name = name

    @property
    def data(self) -> Any:
        """The array."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if type(data) is not np.ndarray and data is not None and not backends.is_array(data):
            if not isinstance(data, np.generic):  # such as the sum of two 0-d arrays
                raise not_an_array(data)
            data = np.asarray(data)
        if data is None and self.creator is not None:
            self._freed = self.shape, self.dtype
        self._changed = now = reassigned()
        if data is self._data:  # `x.data -= 1`
            for x in viewed(self):
                x._written = now
        self._data = data

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        try:
            return self._data.shape  # type: ignore[no-any-return]
        except AttributeError:
            return self._of_freed()[0]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        try:
            return self._data.dtype
        except AttributeError:
            return self._of_freed()[1]

    def _of_freed(self) -> tuple[tuple[int, ...], Any]:
        if self._freed is None:
            raise AttributeError(
                f"this {type(self).__name__} has no data, therefore no shape and no dtype: it holds None, as "
                "a Parameter does before the first call of its layer"
            ) from None
        return self._freed

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.data, dtype, copy=copy)

    def to_numpy(self) -> Any:
        """The array on the CPU, as `np.asarray` gives it; `plot` of matplotlib looks for this method."""
        return np.asarray(self)

    def __bool__(self) -> bool:
        if self._data is None or self.size != 1:  # as in NumPy, not by `len`
            raise ValueError(
                f"the truth value of {self._described()} is ambiguous: compare it with None by `is`, or use "
                "x.data.any() or x.data.all()"
            )
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.ndim == 0 else super().__format__(spec)

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises:
            ValueError: there is not exactly one.
        """
        if self.size != 1:
            raise ValueError(f"only a Variable of one element is a number; got shape {self.shape}")
        return self.data.item()

    def __repr__(self) -> str:
        if self.data is None:
            return "variable(None)"
        return "variable(" + str(self.data).replace("\n", "\n" + " " * len("variable(")) + ")"

    def _repr_html_(self) -> str:
        from .. import _html  # imported here, since only notebooks need it

        return _html.of_variable(self)

    def __getstate__(self) -> dict[str, Any]:
        # For copy and pickle. The copy's graph would be incomplete: a Function references its outputs weakly.
        if self.creator is not None:
            raise TypeError(
                f"{self._described()} cannot be copied or pickled, since it has a graph: call its unchain() "
                "first, or copy its data"
            )
        state = {name: value for name, value in vars(self).items() if name not in ("_changed", "_written")}
        if self.grad is not None:  # with create_graph=True it has a graph, which is not copied
            state["grad"] = Variable(self.grad.data)
        return state

    # -- the graph

    def set_creator(self, func: Operation | None) -> None:
        """Record `func` as the Function that computed this Variable."""
        self.creator = func
        if self._stand_in is not None:
            self._stand_in.creator = func

    @property
    def generation(self) -> int:
        """Number of Functions on the longest path from a leaf to this Variable (book step 16)."""
        return 0 if self.creator is None else generation_of(self.creator) + 1

    def cleargrad(self) -> None:
        """Set the gradient to None."""
        self.grad = None

    def unchain(self) -> None:
        """Detach this Variable from the graph: it becomes a leaf."""
        self.set_creator(None)
        vars(self).pop("_stand_in", None)

    def unchain_backward(self) -> None:
        """Detach all Variables that this one was computed from (truncated backpropagation, book step 59).

        Those that were computed together with them are detached too, such as c of `F.lstm` with h.
        """
        for f, inputs in graph_behind([self.creator]).items():
            together = [y for ref in f.outputs if (y := ref()) is not None and y is not self]
            for x in cast("tuple[Variable, ...]", (*inputs, *together)):
                x.unchain()

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Compute the gradient of this Variable with respect to the leaves that it was computed from.

        It starts from `self.grad`, or from ones if that is None, and accumulates into the `grad` of the
        leaves. Arrays get none: of what was computed from arrays alone, there is nothing to compute.

        Args:
            retain_grad: also keep the gradients of intermediate Variables.
            create_graph: record the graph of the gradients, so that they can be differentiated again. It
                exists as long as the `grad` of a leaf.

        Raises:
            TypeError: the `grad` of this Variable or of a leaf is neither a Variable nor None; or
                `retain_grad` is not a bool, but a gradient, as in PyTorch: set `grad` before the call.
            ValueError: a gradient does not have the shape of its Variable.
            RuntimeError: the `data` of an input or output of an operation was reassigned after it.

        Example:
            >>> x = Variable(np.array(2.0))
            >>> y = x**4
            >>> y.backward(create_graph=True)
            >>> gx = x.grad; x.cleargrad()
            >>> gx.backward()  # 12 x^2
            >>> x.grad
            variable(48.0)
        """
        if not isinstance(retain_grad, (bool, np.bool_, type(None))):
            raise TypeError(
                f"retain_grad must be True or False; got {type(retain_grad).__name__}: to start from another "
                "gradient than ones, set y.grad = Variable(...) before y.backward()"
            )
        if self.grad is None:
            self.grad = ones_like(self)
        seed = self._checked_grad()
        graph = graph_behind([self.creator])
        retained: set[Variable] = set()
        if retain_grad:  # except those of stand-ins, whose Variables no longer exist
            for inputs in cast("Iterable[Sequence[Variable]]", graph.values()):
                retained.update([x for x in inputs if x.requires_grad and (x._data is not None or x._freed)])

        arithmetic = RECORDED if create_graph else PLAIN

        def totals() -> list[tuple[Variable, Variable]]:
            found = backprop([(self, seed)], graph, retained, arithmetic, leaves=True)
            grads = cast("dict[Variable, Variable]", found)
            add = arithmetic.add
            return [
                (x, gx if x.grad is None else add(x._checked_grad(), gx))
                for x, gx in grads.items()
                if x is not self
            ]

        for x, total in call_with_config("enable_backprop", create_graph, totals):
            x.grad = total

    def _checked_grad(self) -> Variable:
        if not isinstance(self.grad, Variable):
            raise TypeError(
                f"grad must be a Variable or None; got {type(self.grad).__name__}; wrap it in Variable(...)"
            )
        if self.grad.shape != self.shape:
            raise ValueError(f"grad has shape {self.grad.shape}, but its Variable has shape {self.shape}")
        return self.grad

    # -- device transfer

    def to_cpu(self) -> None:
        """Move the data, and the gradient, to the CPU."""
        self._move(backends.to_cpu)

    def to_gpu(self) -> None:
        """Move the data, and the gradient, to the device.

        Raises:
            DeviceUnavailable: no device is available.
        """
        self._move(backends.to_gpu)

    def _move(self, copy: Callable[[Any], Any]) -> None:
        if self.data is not None:
            data = copy(self.data)
            if data is not self.data:  # it was on the other device
                self.data = data
        if isinstance(self.grad, Variable):
            self.grad._move(copy)

    def _described(self) -> str:
        shape = getattr(self, "shape", None)
        return f"{self.name or 'a Variable'} " + ("without data" if shape is None else f"of shape {shape}")

    # -- comparisons

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Variable):
            return NotImplemented  # then identity
        is_number = isinstance(other, int | float | complex | np.generic)
        if is_number or backends.is_array(other) or hasattr(type(other), "__pandas_priority__"):
            return self.data == other
        return NotImplemented

    def __ne__(self, other: object) -> Any:
        return NotImplemented if self.__eq__(other) is NotImplemented else self.data != other

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Any:
        return _compared(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _compared(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _compared(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _compared(operator.ge, self, other)

    # -- operations: each calls the public function of the same name, or is that function, see _OPERATORS

    def __pos__(self) -> Variable:
        return self

    def __radd__(self, other: Any) -> Variable:
        return _functions.add(other, self)

    def __rsub__(self, other: Any) -> Variable:
        return _functions.sub(other, self)

    def __rmul__(self, other: Any) -> Variable:
        return _functions.mul(other, self)

    def __rtruediv__(self, other: Any) -> Variable:
        return _functions.div(other, self)

    def __rpow__(self, base: Any) -> Variable:
        return _functions.pow(base, self)

    def __rmatmul__(self, other: Any) -> Variable:
        return _functions.matmul(other, self)

    if TYPE_CHECKING:  # `register_functions` sets these, which then are the functions themselves

        def __add__(self, other: Any) -> Variable: ...
        def __sub__(self, other: Any) -> Variable: ...
        def __mul__(self, other: Any) -> Variable: ...
        def __truediv__(self, other: Any) -> Variable: ...
        def __pow__(self, c: Any) -> Variable: ...
        def __matmul__(self, other: Any) -> Variable: ...
        def __neg__(self) -> Variable: ...
        def __abs__(self) -> Variable: ...
        def __getitem__(self, slices: Any) -> Variable: ...

    @property
    def T(self) -> Variable:
        """The transpose: all axes in reverse order."""
        return _functions.transpose(self)

    def reshape(self, *shape: Any) -> Variable:
        """Change the shape: `x.reshape(2, 3)` or `x.reshape((2, 3))`."""
        return _functions.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Variable:
        """Permute the axes: `x.transpose(1, 0)` or `x.transpose((1, 0))`; reverse them if none are given."""
        if len(axes) == 1 and not isinstance(axes[0], (int, np.integer)):
            return _functions.transpose(self, axes[0])
        return _functions.transpose(self, axes or None)

    def squeeze(self, axis: Any = None) -> Variable:
        """Remove axes of length 1: all of them, or those given."""
        return _functions.squeeze(self, axis)

    def astype(self, dtype: Any) -> Variable:
        """Copy in another dtype."""
        return _functions.cast(self, dtype)

    def detach(self) -> Variable:
        """A Variable with the same array, outside of the graph: it gets no gradient and passes none on.

        Give it a new array to change its data: `d.data *= 2` would change both, unnoticed by `backward`.
        """
        x = Variable(self.data)
        x.requires_grad = False
        return x

    def abs(self) -> Variable:
        """Absolute value, element-wise."""
        return _functions.abs(self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Sum over an axis, several axes, or all."""
        return _functions.sum(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Mean over an axis, several axes, or all."""
        return _functions.mean(self, axis, keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Variable:
        """Variance over an axis, several axes, or all; the divisor is the number of elements minus ddof."""
        return _functions.var(self, axis, ddof, keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Variable:
        """Standard deviation over an axis, several axes, or all; the square root of `var`."""
        return _functions.std(self, axis, ddof, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Maximum over an axis, several axes, or all."""
        return _functions.max(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Minimum over an axis, several axes, or all."""
        return _functions.min(self, axis, keepdims)

    def matmul(self, W: Any) -> Variable:
        """Matrix product with W."""
        return _functions.matmul(self, W)

    dot = matmul


def _data_of(x: Any) -> Any:
    return x.data if isinstance(x, Variable) else x


_COMPARISONS = {
    operator.lt: "less",
    operator.le: "less_equal",
    operator.gt: "greater",
    operator.ge: "greater_equal",
}


def _compared(compare: Callable[[Any, Any], Any], x: Variable, other: Any) -> Any:
    a, b = x.data, _data_of(other)
    # Not by a kernel if the result is a scalar, or if `b` may have operators of its own.
    by_kernel = type(a) is np.ndarray and a.ndim and type(b) in (np.ndarray, float, int)
    result = getattr(backends.kernels(a), _COMPARISONS[compare])(a, b) if by_kernel else compare(a, b)
    if (found := collected.get()) is not None:
        result = result if backends.is_array(result) else np.asarray(result)  # a tracer finds it by its id
        found.append(Comparison(compare, x, other, result))
    return result


def ones_like(x: Variable) -> Variable:
    """Ones of the shape and dtype of x, on its device: the gradient of a Variable with respect to itself.

    Example:
        >>> ones_like(Variable(np.array([2.0, 3.0])))
        variable([1. 1.])
    """
    a = x._data
    if type(a) is np.ndarray and a.shape == ():  # a loss: `np.ones` is written in Python, which takes longer
        return Variable(np.array(1, a.dtype))
    return Variable(backends.get_array_module(a).ones(x.shape, x.dtype))


def _sum_of(x: Variable, y: Variable) -> Variable:
    total = backends.kernels(y).add(x._data, y._data)
    return Variable(total) if type(total) is np.ndarray else _of_total(total)


def _of_total(total: Any) -> Variable:
    return Variable(np.asarray(total) if isinstance(total, np.generic) else total)  # NumPy's 0-d: a scalar


def _cast_of(x: Variable, dtype: Any) -> Variable:
    return Variable(x._data.astype(dtype))


def _recorded_sum_to(x: Variable, shape: tuple[int, ...]) -> Variable:
    return _functions.sum_to(x, shape)


def _sum_to(x: Variable, shape: tuple[int, ...]) -> Variable:
    operation: Any = _functions.SumTo(shape)
    return _of_total(operation.forward(x._data))


# How `backprop` computes with gradients: by Functions, which record a graph, or on arrays, which is faster.
RECORDED = Arithmetic(operator.add, Variable.astype, _recorded_sum_to)
PLAIN = Arithmetic(_sum_of, _cast_of, _sum_to)
