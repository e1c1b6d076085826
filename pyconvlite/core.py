"""Automatic differentiation: Variable and Function, and the graph that they form.

A Variable holds an array. Calling a Function computes new Variables from old ones and, unless told otherwise,
remembers how: the output points to its Function (`creator`), the Function to its inputs. That chain is the
graph, and `backward` walks it from the newest Function to the oldest (`backprop.py`). Each Function writes
its `backward` with Variables, so a gradient can itself be differentiated, to any order (book steps 7-18 and
32-36).

What lives how long: an output is held by its Function only weakly, so there is no reference cycle and a graph
is freed, by reference counting alone, as soon as its last Variable goes. `create_graph=True` is the
exception: a leaf then holds its gradient, the gradient its graph, and that graph the leaf. Such a cycle lives
until the gradient is dropped (`cleargrad()`), or until Python's garbage collector finds it.
"""

from __future__ import annotations

import reprlib
import threading
import weakref
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from . import backends
from .config import Config, no_grad, test_mode, using_config

__all__ = [
    "Add",
    "Config",
    "Div",
    "Function",
    "Mul",
    "Neg",
    "Parameter",
    "Pow",
    "Sub",
    "Variable",
    "add",
    "as_array",
    "as_variable",
    "div",
    "grad",
    "mul",
    "neg",
    "no_grad",
    "pow",
    "rdiv",
    "rsub",
    "sub",
    "test_mode",
    "using_config",
]

# --------------------------------------------------------------------------------------------------- Variable


class Variable:
    """An array in a computation graph.

    Args:
        data: an array, or None for a Parameter whose size is not known yet.
        name: shown in graphs and messages.

    Attributes:
        data: the array; may be written to and reassigned.
        grad: the gradient, a Variable, once `backward` has reached this one; None before.
        creator: the Function that made it; None for a leaf.
        requires_grad: whether `backward` computes its gradient. False for what a Function was given as a
            plain array or number: nobody could ask for that gradient, so no work is spent on it.

    Raises:
        TypeError: `data` is not an array.

    Example:
        >>> x = Variable(np.array([1.0, 2.0]))
        >>> y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        variable([2. 4.])
    """

    __array_ufunc__ = None  # array + variable: NumPy leaves the operator to Variable
    __array_priority__ = 200

    def __init__(self, data: Any, name: str | None = None) -> None:
        if data is not None and not backends.is_array(data):
            given = reprlib.repr(data)
            raise TypeError(
                f"a Variable holds an array, not {type(data).__name__}; wrap it: np.array({given})"
            )
        self.data: Any = data
        self.name = name
        self.grad: Variable | None = None
        self.creator: Function | None = None
        self.generation = 0
        self.requires_grad = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.data.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        return self.data.dtype

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.data, dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.data)

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self.data.item()

    def __repr__(self) -> str:
        if self.data is None:
            return "variable(None)"
        return "variable(" + str(self.data).replace("\n", "\n" + " " * len("variable(")) + ")"

    def _repr_html_(self) -> str:
        from ._html import of_variable  # here, since only notebooks ask

        return of_variable(self)

    # -- the graph

    def set_creator(self, func: Function) -> None:
        """Enter `func` as the Function that made this Variable."""
        self.creator = func
        self.generation = func.generation + 1

    def cleargrad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def unchain(self) -> None:
        """Cut this Variable off from what it was computed from: it becomes a leaf."""
        self.creator = None

    def unchain_backward(self) -> None:
        """Cut the whole graph behind this Variable (truncated backpropagation, book step 59)."""
        pending = [self.creator] if self.creator is not None else []
        while pending:
            for x in pending.pop().inputs:
                if x.creator is not None:
                    pending.append(x.creator)
                    x.unchain()

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Compute the gradient of this Variable with respect to the leaves that it was computed from.

        It starts from `self.grad`, or from ones where that is None, and adds to the leaves' `grad`.

        Args:
            retain_grad: keep the gradients of the Variables in between as well.
            create_graph: record the graph of the gradients, so that they can be differentiated again. It
                stays alive as long as a leaf's `grad` does.

        Raises:
            ValueError: a gradient that has not the shape of its Variable.

        Example:
            >>> x = Variable(np.array(2.0))
            >>> y = x**4
            >>> y.backward(create_graph=True)
            >>> gx = x.grad; x.cleargrad()
            >>> gx.backward()  # 12 x^2
            >>> x.grad
            variable(48.0)
        """
        if self.grad is None:
            self.grad = ones_like(self)
        if not isinstance(self.grad, Variable):
            raise TypeError(
                f"grad must be a Variable or None; got {type(self.grad).__name__}: wrap it in Variable"
            )

        def wanted(x: Variable) -> bool:
            return x.requires_grad and (retain_grad or x.creator is None)

        grads = backprop([(self, self.grad)], wanted, create_graph)
        with using_config("enable_backprop", create_graph):
            for x, gx in grads.items():
                if x is not self:
                    x.grad = gx if x.grad is None else x.grad + gx

    # -- moving

    def to_cpu(self) -> None:
        """Move the data to the CPU."""
        if self.data is not None:
            self.data = backends.to_cpu(self.data)

    def to_gpu(self) -> None:
        """Move the data to the device.

        Raises:
            DeviceUnavailable: this runtime has no device.
        """
        if self.data is not None:
            self.data = backends.to_gpu(self.data)

    # -- operations; each is a public function, found in `functions/`

    def __add__(self, other: Any) -> Variable:
        return F.add(self, other)

    def __radd__(self, other: Any) -> Variable:
        return F.add(other, self)

    def __sub__(self, other: Any) -> Variable:
        return F.sub(self, other)

    def __rsub__(self, other: Any) -> Variable:
        return F.sub(other, self)

    def __mul__(self, other: Any) -> Variable:
        return F.mul(self, other)

    def __rmul__(self, other: Any) -> Variable:
        return F.mul(other, self)

    def __truediv__(self, other: Any) -> Variable:
        return F.div(self, other)

    def __rtruediv__(self, other: Any) -> Variable:
        return F.div(other, self)

    def __neg__(self) -> Variable:
        return F.neg(self)

    def __pow__(self, c: Any) -> Variable:
        return F.pow(self, c)

    def __rpow__(self, base: Any) -> Variable:
        return F.pow(base, self)

    def __matmul__(self, other: Any) -> Variable:
        return F.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Variable:
        return F.matmul(other, self)

    def __getitem__(self, slices: Any) -> Variable:
        return F.get_item(self, slices)

    @property
    def T(self) -> Variable:
        """All axes in reverse order."""
        return F.transpose(self)

    def reshape(self, *shape: Any) -> Variable:
        """The same elements in another shape: `x.reshape(2, 3)` or `x.reshape((2, 3))`."""
        return F.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Variable:
        """The axes in another order: `x.transpose(1, 0)` or `x.transpose((1, 0))`; reversed without any."""
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0]
        return F.transpose(self, axes or None)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Sum over one axis, several, or all."""
        return F.sum(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Maximum over one axis, several, or all."""
        return F.max(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Minimum over one axis, several, or all."""
        return F.min(self, axis, keepdims)

    def matmul(self, W: Any) -> Variable:
        """Matrix product with W."""
        return F.matmul(self, W)

    dot = matmul


class Parameter(Variable):
    """A Variable that a Layer trains.

    Args:
        data: an array, or None where the size is read from the first input.
        name: as in Variable.
        lazy_shape: for data None: the shape to come, None for each length still open.
        lazy_dtype: for data None: the dtype to come.

    Example:
        >>> Parameter(np.zeros(2), name="b")
        variable([0. 0.])
    """

    def __init__(
        self,
        data: Any,
        name: str | None = None,
        *,
        lazy_shape: tuple[int | None, ...] | None = None,
        lazy_dtype: Any = None,
    ) -> None:
        super().__init__(data, name)
        self.lazy_shape = lazy_shape
        self.lazy_dtype = lazy_dtype


def as_array(x: Any, array_module: Any = None) -> Any:
    """`x` as an array: a number becomes an array without axes, an array stays as it is.

    Args:
        x: number or array.
        array_module: namespace whose `array` makes the array; NumPy by default.

    Example:
        >>> as_array(2.0)
        array(2.)
    """
    if np.isscalar(x):
        return (array_module or np).array(x)
    return x


def as_variable(obj: Any) -> Variable:
    """`obj` as a Variable: a Variable stays as it is, an array or a number is wrapped.

    Raises:
        TypeError: neither.

    Example:
        >>> as_variable(np.array([1.0]))
        variable([1.])
    """
    return obj if isinstance(obj, Variable) else Variable(as_array(obj))


def as_input(obj: Any) -> Variable:
    """`obj` as a Function takes it: as `as_variable`, but what was no Variable needs no gradient.

    Args:
        obj: Variable, array or number; None for an input that is left out.

    Example:
        >>> as_input(np.array([1.0])).requires_grad
        False
    """
    if isinstance(obj, Variable):
        return obj
    x = Variable(as_array(obj))
    x.requires_grad = False
    return x


# --------------------------------------------------------------------------------------------------- Function


class Function:
    """An operation on arrays that knows its gradient.

    A subclass defines `forward(self, *xs)`, arrays in and an array or a tuple of arrays out, and
    `backward(self, *gys)`, Variables in and for each input a Variable or None (no gradient) out, fewer where
    the last inputs have none. `backward` uses operations on Variables only. It can read `self.inputs`, the
    weak references `self.outputs`, and `self.needs_input_grad`, which tells for each input whether anybody
    waits for its gradient. An instance serves one call.

    Example:
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


# Below the classes that they are made of: these modules and this one need each other. Arithmetic is handed on
# from here as in DeZero.
from . import functions as F  # noqa: E402
from .backprop import backprop, grad, ones_like  # noqa: E402
from .functions.arithmetic import (  # noqa: E402
    Add,
    Div,
    Mul,
    Neg,
    Pow,
    Sub,
    add,
    div,
    mul,
    neg,
    pow,
    rdiv,
    rsub,
    sub,
)
