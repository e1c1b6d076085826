"""Variable, Parameter, and the gradients of one with respect to others.

A Variable holds an array. Calling a Function computes new Variables from old ones and, unless told otherwise,
remembers how: the output points to its Function (`creator`), the Function to its inputs. That chain is the
graph, and `backward` walks it from the newest Function to the oldest (`walk.py`). Each Function writes
its `backward` with Variables, so a gradient can itself be differentiated, to any order (book steps 7-18 and
32-36).

Lifetime: a Function holds its outputs weakly, so there is no reference cycle, and a graph is freed by
reference counting as soon as its last Variable goes. `create_graph=True` is the
exception: a leaf then holds its gradient, the gradient its graph, and that graph the leaf. Such a cycle lives
until the gradient is dropped (`cleargrad()`), or until Python's garbage collector finds it.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, cast

import numpy as np

from .. import backends
from ..config import using_config
from .walk import Operation, backprop, functions_behind


class _Functions(Protocol):
    def __getattr__(self, name: str) -> Callable[..., Variable]: ...


_functions: _Functions


def register_functions(functions: _Functions) -> None:
    """Have the operators of Variables call the functions of this module.

    The functions stand above this package, and register themselves here once: nothing imports upwards.
    """
    global _functions
    _functions = functions


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
        self.creator: Operation | None = None
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
        from .. import _html  # here, since only notebooks ask

        return _html.of_variable(self)

    # -- the graph

    def set_creator(self, func: Operation) -> None:
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
        for f in functions_behind([self]):
            for x in cast("tuple[Variable, ...]", f.inputs):
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
            self.grad = _ones_like(self)
        if not isinstance(self.grad, Variable):
            raise TypeError(
                f"grad must be a Variable or None; got {type(self.grad).__name__}: wrap it in Variable"
            )

        def wanted(x: Variable) -> bool:
            return x.requires_grad and (retain_grad or x.creator is None)

        grads = cast("dict[Variable, Variable]", backprop([(self, self.grad)], wanted, create_graph))
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

    def _cast(self, dtype: Any) -> Variable:
        return _functions.cast(self, dtype)

    # -- operations: each calls the public function of that name

    def __add__(self, other: Any) -> Variable:
        return _functions.add(self, other)

    def __radd__(self, other: Any) -> Variable:
        return _functions.add(other, self)

    def __sub__(self, other: Any) -> Variable:
        return _functions.sub(self, other)

    def __rsub__(self, other: Any) -> Variable:
        return _functions.sub(other, self)

    def __mul__(self, other: Any) -> Variable:
        return _functions.mul(self, other)

    def __rmul__(self, other: Any) -> Variable:
        return _functions.mul(other, self)

    def __truediv__(self, other: Any) -> Variable:
        return _functions.div(self, other)

    def __rtruediv__(self, other: Any) -> Variable:
        return _functions.div(other, self)

    def __neg__(self) -> Variable:
        return _functions.neg(self)

    def __pow__(self, c: Any) -> Variable:
        return _functions.pow(self, c)

    def __rpow__(self, base: Any) -> Variable:
        return _functions.pow(base, self)

    def __matmul__(self, other: Any) -> Variable:
        return _functions.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Variable:
        return _functions.matmul(other, self)

    def __getitem__(self, slices: Any) -> Variable:
        return _functions.get_item(self, slices)

    @property
    def T(self) -> Variable:
        """All axes in reverse order."""
        return _functions.transpose(self)

    def reshape(self, *shape: Any) -> Variable:
        """The same elements in another shape: `x.reshape(2, 3)` or `x.reshape((2, 3))`."""
        return _functions.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Variable:
        """The axes in another order: `x.transpose(1, 0)` or `x.transpose((1, 0))`; reversed without any."""
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0]
        return _functions.transpose(self, axes or None)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Sum over one axis, several, or all."""
        return _functions.sum(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Maximum over one axis, several, or all."""
        return _functions.max(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Minimum over one axis, several, or all."""
        return _functions.min(self, axis, keepdims)

    def matmul(self, W: Any) -> Variable:
        """Matrix product with W."""
        return _functions.matmul(self, W)

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


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Any = None,
    create_graph: bool = False,
) -> list[Variable]:
    """Gradients of the outputs, summed, with respect to the inputs; no Variable's `grad` is touched.

    Only the Functions between inputs and outputs are differentiated.

    Args:
        outputs: a Variable or several.
        inputs: a Variable or several, leaves or not.
        grad_outputs: for each output the gradient to start from, Variable or array; None, for all or for one,
            means ones.
        create_graph: record the graph of the gradients, so that they can be differentiated again.

    Returns:
        One Variable per input; zeros for an input that the outputs do not depend on.

    Raises:
        TypeError: outputs or inputs that are no Variables.
        ValueError: not as many grad_outputs as outputs, or one whose shape is not its output's.

    Example:
        >>> import numpy as np
        >>> x = Variable(np.array(2.0))
        >>> gx, = grad(x**3, x, create_graph=True)
        >>> gx, grad(gx, x)
        (variable(12.0), [variable(12.0)])
    """
    ys, xs = _variables(outputs, "outputs"), _variables(inputs, "inputs")
    if grad_outputs is None:
        grad_outputs = [None] * len(ys)
    gys = grad_outputs if isinstance(grad_outputs, tuple | list) else [grad_outputs]
    if len(gys) != len(ys):
        raise ValueError(f"grad_outputs must hold one gradient per output, {len(ys)}; got {len(gys)}")
    gys = [_ones_like(y) if gy is None else as_variable(gy) for y, gy in zip(ys, gys, strict=True)]
    seeds = list(zip(ys, gys, strict=True))
    grads = cast("dict[Variable, Variable]", backprop(seeds, set(xs).__contains__, create_graph))
    return [grads[x] if x in grads else _zeros_like(x) for x in xs]


def _variables(given: Any, name: str) -> list[Variable]:
    variables = list(given) if isinstance(given, tuple | list) else [given]
    for v in variables:
        if not isinstance(v, Variable):
            raise TypeError(f"{name} must be a Variable or a list of them; got {type(v).__name__}")
    return variables


def _ones_like(x: Variable) -> Variable:
    return Variable(backends.get_array_module(x.data).ones_like(x.data))


def _zeros_like(x: Variable) -> Variable:
    return Variable(backends.get_array_module(x.data).zeros_like(x.data))
