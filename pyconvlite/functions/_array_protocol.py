"""NumPy's functions on Variables: `np.exp(x)`, `np.sum(x, axis=0)`, `np.stack([x, y])`, `array + x`.

NumPy passes each call here (NEP 13 and NEP 18). It becomes one of three things, so that no gradient is lost
silently:

- a call of the function of this package that computes the same, with its gradient (`_UFUNCS`, `_FUNCTIONS`);
- a call on the data, for functions without a gradient, or with one that is zero (`_ON_DATA`);
- a TypeError, for all others, known or not; `_INSTEAD` names what to use for some of them.

Arguments that would change the result, such as `dtype` and `where`, are TypeErrors in a call with a gradient.
So is `out`, since an array has no gradient, except for `array += x`, which NumPy calls as
`np.add(array, x, out=array)`: as for a number, the result is a new object, here a Variable.

NumPy does not dispatch on elements of a list: `np.array([x, y])` and `np.mean([x, y])` return plain arrays.
Write `np.mean(np.stack([x, y]))`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Variable
from .arithmetic import add, div, mul, neg, pow, sub
from .casts import cast
from .einsum import einsum
from .indexing import flip
from .linalg import matmul
from .math import abs, cos, exp, log, log1p, sin, sqrt, tanh
from .padding import pad
from .reduction import average, broadcast_to, cumsum, max, mean, min, prod, std, sum, tile, var
from .selection import clip, maximum, minimum, where
from .shape import concat, expand_dims, reshape, split, squeeze, stack, transpose

# ----------------------------------------------------------------------------------------------------- tables


def _dot(a: Any, b: Any) -> Variable:
    if not (1 <= np.ndim(a) <= 2 and 1 <= np.ndim(b) <= 2):
        raise TypeError(
            "np.dot takes Variables and arrays with one or two axes; use F.matmul or F.mul; "
            f"got shapes {np.shape(a)} and {np.shape(b)}"
        )
    return matmul(a, b)


def _pad(x: Any, pad_width: Any, mode: Any = "constant", value: Any = 0) -> Variable:
    modes = {"constant": "constant", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}
    if mode not in modes:
        raise TypeError(f"np.pad takes a Variable with one of the modes {', '.join(modes)}; got {mode!r}")
    return pad(x, pad_width, value, mode=modes[mode])


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.nonzero(condition)
    if x is None or y is None:
        raise ValueError("np.where takes either both x and y, or neither")
    return where(condition, x, y)


_UFUNCS: dict[str, Callable[..., Variable]] = {
    "absolute": abs,
    "add": add,
    "cos": cos,
    "divide": div,
    "exp": exp,
    "log": log,
    "log1p": log1p,
    "matmul": matmul,
    "maximum": maximum,
    "minimum": minimum,
    "multiply": mul,
    "negative": neg,
    "positive": lambda x: x,
    "power": pow,
    "sin": sin,
    "sqrt": sqrt,
    "square": lambda x: pow(x, 2),
    "subtract": sub,
    "tanh": tanh,
}

# For each function of NumPy: what is called instead, and the arguments that it takes; `a=x` is NumPy's
# argument `a`, which is called `x` here.
_REDUCED = "a=x axis keepdims"
_FUNCTIONS: dict[str, tuple[Callable[..., Any], str]] = {
    "amax": (max, _REDUCED),
    "amin": (min, _REDUCED),
    "astype": (cast, "x dtype"),
    "average": (average, _REDUCED),
    "broadcast_to": (broadcast_to, "array=x shape"),
    "clip": (
        lambda x, x_min=None, x_max=None: clip(x, x_min, x_max),
        "a=x a_min=x_min a_max=x_max min=x_min max=x_max",
    ),
    "concatenate": (concat, "arrays=xs axis"),
    "cumsum": (cumsum, "a=x axis"),
    "dot": (_dot, "a b"),
    "einsum": (lambda operands, optimize=None: einsum(*operands), "operands optimize"),
    "expand_dims": (expand_dims, "a=x axis"),
    "flip": (flip, "m=x axis"),
    "linalg.matmul": (matmul, "x1=x x2=W"),
    "max": (max, _REDUCED),
    "mean": (mean, _REDUCED),
    "min": (min, _REDUCED),
    "pad": (_pad, "array=x pad_width mode constant_values=value"),
    "prod": (prod, _REDUCED),
    "ravel": (lambda x: reshape(x, -1), "a=x"),
    "reshape": (reshape, "a=x shape newshape=shape"),
    "split": (split, "ary=x indices_or_sections axis"),
    "squeeze": (squeeze, "a=x axis"),
    "stack": (stack, "arrays=xs axis"),
    "std": (std, "a=x axis ddof keepdims"),
    "sum": (sum, _REDUCED),
    "tile": (tile, "A=x reps"),
    "transpose": (transpose, "a=x axes"),
    "var": (var, "a=x axis ddof keepdims"),
    "where": (_where, "condition x y"),
}

_ON_DATA = """
    equal greater greater_equal less less_equal not_equal isfinite isinf isnan isnat signbit
    logical_and logical_not logical_or logical_xor
    bitwise_and bitwise_count bitwise_or bitwise_xor gcd invert lcm left_shift right_shift
    ceil floor rint sign trunc
    all allclose any argmax argmin argpartition argsort argwhere around array2string array_equal array_equiv
    array_repr array_str can_cast common_type count_nonzero diag_indices_from digitize empty_like fix
    flatnonzero full_like histogram histogram_bin_edges isclose iscomplex iscomplexobj isin isneginf isposinf
    isreal isrealobj ix_ lexsort may_share_memory min_scalar_type nanargmax nanargmin ndim nonzero ones_like
    ravel_multi_index result_type round save savetxt savez savez_compressed searchsorted shape shares_memory
    size tril_indices_from triu_indices_from unravel_index zeros_like
"""
# Arguments of these functions that have a gradient, and `out`, which they would write to.
_NO_VARIABLE = {"fill_value", "weights", "out"}

_INSTEAD = {
    "add.accumulate": "F.cumsum(x, axis)",
    "add.reduce": "F.sum(x, axis)",
    "array_split": "F.split(x, indexes)",
    "atleast_1d": "F.reshape(x, -1)",
    "column_stack": "F.concat([x, y], axis=1)",
    "copy": "F.cast(x, x.dtype)",
    "cumulative_sum": "F.cumsum(x, axis)",
    "diagonal": "F.einsum",
    "expm1": "F.exp(x) - 1",
    "fabs": "F.abs(x)",
    "fliplr": "F.flip(x, 1)",
    "flipud": "F.flip(x, 0)",
    "hsplit": "F.split(x, parts, 1)",
    "hstack": "F.concat([x, y], axis=1)",
    "inner": "x @ y.T",
    "linalg.norm": "F.sqrt(F.sum(x * x))",
    "log10": "F.log(x) / np.log(10)",
    "log2": "F.log(x) / np.log(2)",
    "logaddexp": "F.logsumexp(F.stack([x, y]), 0)",
    "maximum.reduce": "F.max(x, axis)",
    "minimum.reduce": "F.min(x, axis)",
    "moveaxis": "F.transpose(x, axes)",
    "multiply.reduce": "F.prod(x, axis)",
    "outer": "x.reshape(-1, 1) * y",
    "reciprocal": "1 / x",
    "swapaxes": "F.transpose(x, axes)",
    "take": "x[indices]",
    "take_along_axis": "F.gather(x, indices, axis)",
    "tensordot": "F.einsum",
    "trace": "F.einsum",
    "vdot": "F.sum(x * y)",
    "vsplit": "F.split(x, parts)",
    "vstack": "F.concat([x, y])",
}


def _refusal(name: str) -> str:
    instead = _INSTEAD.get(name.removeprefix("np."))
    hint = f"use {instead}" if instead else "compose it of functions of pyconvlite.functions"
    return (
        f"{name} takes no Variables, as their gradients would be lost; {hint}, or pass x.data for its values"
    )


def _of_numpy(name: str) -> Any:
    """NumPy's function of this name; None where this version of NumPy does not have it."""
    owner: Any = np
    for part in name.split("."):
        owner = getattr(owner, part, None)
    return owner


_by_ufunc = {_of_numpy(name): f for name, f in _UFUNCS.items()}
_by_function = {
    _of_numpy(name): (f, dict((word.split("=") * 2)[:2] for word in words.split()))
    for name, (f, words) in _FUNCTIONS.items()
}
_on_data = {_of_numpy(name) for name in _ON_DATA.split()}


# --------------------------------------------------------------------------------------------------- dispatch


def array_ufunc(x: Variable, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`Variable.__array_ufunc__`: what `getattr(ufunc, method)(*inputs, **kwargs)` returns.

    Args:
        x: the first Variable among the inputs and in `out`.
        ufunc, method, inputs, kwargs: as above.

    Raises:
        TypeError: the call would lose a gradient.

    Example:
        >>> np.exp(Variable(np.zeros(2))), np.isnan(Variable(np.zeros(2)))
        (variable([1. 1.]), array([False, False]))
        >>> np.cbrt(Variable(np.zeros(2)))
        Traceback (most recent call last):
        TypeError: np.cbrt takes no Variables, as their gradients would be lost; compose it of functions ...
    """
    f = _by_ufunc.get(ufunc)
    if f is not None and method == "__call__":
        if kwargs and not _is_in_place(inputs, kwargs):
            raise TypeError(
                f"np.{ufunc.__name__} of a Variable does not support the argument {', '.join(kwargs)}"
            )
        return f(*inputs)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    if ufunc not in _on_data or method == "at":
        raise TypeError(_refusal(f"np.{name}"))
    if any(isinstance(out, Variable) for out in kwargs.get("out", ())):
        raise TypeError(f"out of np.{name} must be an array; a Variable is never written to")
    return getattr(ufunc, method)(*_data_of(inputs), **_data_of(kwargs))


def _is_in_place(inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the call is of an operator such as `array += x`."""
    target = inputs[0]
    names = kwargs.keys() - {"axes"}  # which NumPy passes for `array @= x`, with the usual axes
    return names == {"out"} and kwargs["out"][0] is target and not isinstance(target, Variable)


def array_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What Variable's `__array_function__` returns for `function(*args, **kwargs)`.

    Raises:
        TypeError: the call would lose a gradient.

    Example:
        >>> x = Variable(np.array([1.0, 2.0]))
        >>> np.sum(x), np.stack([x, x]).shape, int(np.argmax(x))
        (variable(3.0), (2, 2), 1)
        >>> np.median(x)
        Traceback (most recent call last):
        TypeError: np.median takes no Variables, as ... would be lost; compose it ..., or pass x.data for ...
    """
    on_data = function in _on_data
    if on_data and len(args) + len(kwargs) == 1:  # fast, since layers call np.shape(x)
        return function(*_data_of(args), **_data_of(kwargs))
    name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
    if not on_data and function not in _by_function:
        raise TypeError(_refusal(name))
    f, names = _by_function.get(function, (function, {}))
    given, defaults = _bind(function, names, args, kwargs)
    if on_data:
        for wrong in sorted(_NO_VARIABLE & given.keys()):
            if isinstance(given[wrong], Variable):
                raise TypeError(f"{wrong} of {name} must not be a Variable; pass {wrong}.data")
        return function(*_data_of(args), **_data_of(kwargs))
    for other in given.keys() - names.keys():
        default = defaults.get(other)
        if given[other] is not default and not (isinstance(default, str) and given[other] == default):
            raise TypeError(f"{name} of a Variable takes {', '.join(names)}; got {other}")
    return f(**{names[key]: value for key, value in given.items() if key in names})


def _bind(
    function: Any, names: dict[str, str], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of a call by name, and the function's defaults."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # in C, in older versions of NumPy; the table has its first arguments in order
        places = [*names, *(f"argument {i}" for i in range(len(names) + 1, len(args) + 1))]
        return {**dict(zip(places, args, strict=False)), **kwargs}, {}
    given = signature.bind(*args, **kwargs).arguments
    for keyword in (p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD):
        given.update(given.pop(keyword, {}))
    return given, {p.name: p.default for p in signature.parameters.values()}


def _data_of(value: Any) -> Any:
    """The value with each Variable replaced by its data, also within lists, tuples and dicts."""
    if isinstance(value, Variable):
        return value.data
    if isinstance(value, tuple | list):
        return type(value)([_data_of(v) for v in value])
    if isinstance(value, dict):
        return {key: _data_of(v) for key, v in value.items()}
    return value
