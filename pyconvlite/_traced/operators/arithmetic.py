"""Element-wise operators: arithmetic, comparison, selection, other dtypes."""

from __future__ import annotations

from functools import reduce
from operator import ge, gt, le, lt
from typing import Any, cast

import numpy as np

from ... import functions as F
from ..._shapes import Array
from ...autograd import Function, Variable
from ...backends import get_array_module, to_cpu
from ..emitting import Call
from ..graph import DTYPES, code_of
from ._table import Run, Use, as_node, by_namespace, exports, operator, raw, simple


def _div(x: Any, y: Any) -> Any:
    if raw(x).dtype.kind == "f":
        return F.div(x, y)
    a, b = raw(x), raw(y)
    quotient = a // b
    return quotient + ((a % b != 0) & ((a < 0) != (b < 0))).astype(quotient.dtype)  # towards 0


def _pow(x: Any, c: Any) -> Any:
    base, exponent = raw(x), raw(c)
    if base.dtype.kind != "f":
        return (base**exponent).astype(base.dtype)
    if isinstance(c, np.ndarray | np.generic) and c.size == 1 and c.ndim <= base.ndim:
        return F.pow(x, c.item())
    return F.pow(x, c if exponent.dtype == base.dtype else F.cast(c, base.dtype))


simple(
    Add=F.add,
    Sub=F.sub,
    Mul=F.mul,
    Div=_div,
    Pow=_pow,
    Neg=F.neg,
    Abs=F.abs,
    Sqrt=F.sqrt,
    Exp=F.exp,
    Log=F.log,
    Erf=F.erf,
    Sin=F.sin,
    Cos=F.cos,
    Reciprocal=lambda x: F.rdiv(x, 1),
    Min=lambda *xs: reduce(F.minimum, xs),
    Max=lambda *xs: reduce(F.maximum, xs),
    Sum=lambda *xs: reduce(F.add, xs),
    Mean=lambda *xs: reduce(F.add, xs) / len(xs),
    Where=lambda condition, x, y: F.where(raw(condition), x, y),
    Floor=by_namespace("floor"),
    Ceil=by_namespace("ceil"),
    Round=by_namespace("round"),
    Sign=by_namespace("sign"),
    Not=by_namespace("logical_not"),
    And=by_namespace("logical_and"),
    Or=by_namespace("logical_or"),
    Xor=by_namespace("logical_xor"),
    IsNaN=by_namespace("isnan"),
    Equal=lambda x, y: raw(x) == raw(y),
    Less=lt,
    LessOrEqual=le,
    Greater=gt,
    GreaterOrEqual=ge,
)


for kind in (F.Add, F.Sub, F.Mul, F.Div, F.Neg, F.Abs, F.Sqrt, F.Exp, F.Log, F.Erf, F.Sin, F.Cos):
    exports(kind)(as_node(kind.__name__))
exports(F.PowVariable)(as_node("Pow"))
exports(F.Maximum)(as_node("Max"))
exports(F.Minimum)(as_node("Min"))
exports(F.Pow)(lambda c: c.e.node("Pow", *c.alike(), c.number(c.same("c"))))
exports(F.Log1p)(lambda c: c.e.node("Log", c.e.node("Add", c.inputs[0], c.number(1))))
exports(F.Cast)(lambda c: c.e.node("Cast", c.inputs[0], to=code_of(np.dtype(c.same("dtype")))))


@exports(F.Where)
def _export_where(c: Call) -> str:
    name = c.condition
    if name is None:
        condition, again = (np.asarray(to_cpu(f.condition)) for f in (c.f, c.g))
        if not np.array_equal(condition, again):
            raise ValueError(
                "the condition of Where depends on the inputs, so it cannot be exported unless it "
                f"compares Variables, as in x > 0; {c}"
            )
        name = c.e.constant(condition.astype(bool))
    return c.e.node("Where", name, *c.alike())


@exports(F.Huber)
def _export_huber(c: Call) -> str:
    (x,) = c.inputs
    near = c.e.node("Clip", x, c.number(-c.same("delta")), c.number(c.same("delta")))
    return c.e.node("Mul", near, c.e.node("Sub", x, c.e.node("Mul", near, c.number(0.5))))


@operator("Identity")
def _identity(use: Use) -> Run:
    return lambda x: x


@operator("Clip", min=None, max=None)
def _clip(use: Use) -> Run:
    limits = use.min, use.max

    def clip(x: Any, *given: Any) -> Any:
        low, high = (*given, None, None)[:2] if use.version >= 11 else limits
        low, high = (_number(limit) for limit in (low, high))
        if all(limit is None or np.isscalar(limit) for limit in (low, high)) and not (
            low is not None and high is not None and low > high
        ):
            return F.clip(x, low, high)
        if low is not None:
            x = F.maximum(x, low)
        return x if high is None else F.minimum(x, high)

    return clip


@exports(F.Clip)
def _export_clip(c: Call) -> str:
    limits = [c.same(name) for name in ("x_min", "x_max")]
    return c.e.node("Clip", *c.alike(), *("" if v is None else c.number(v) for v in limits))


def _number(limit: Any) -> Any:
    """A constant of one element as a Python number."""
    return limit.item() if isinstance(limit, np.ndarray | np.generic) else limit


@operator("Cast", to=0, saturate=1, round_mode="up")
def _cast(use: Use) -> Run:
    dtype = DTYPES.get(use.to)
    if dtype is None:
        use.refuse("the dtype is not supported")

    def cast(x: Any) -> Any:
        if raw(x).dtype == dtype:
            return x
        with np.errstate(invalid="ignore", over="ignore"):  # NaN as an integer, 1e10 as float16
            return F.cast(x, dtype) if dtype.kind == "f" else raw(x).astype(dtype)

    return cast


@operator("CastLike", saturate=1, round_mode="up")
def _cast_like(use: Use) -> Run:
    return lambda x, like: F.cast(x, raw(like).dtype)


class _Mod(Function):
    """Remainder of a division: x - q y, where q is the quotient as an integer."""

    broadcasts = True

    def __init__(self, name: str) -> None:
        self.name = name

    def forward(self, x: Array, y: Array) -> Any:
        return getattr(get_array_module(x), self.name)(x, y)

    def backward(self, gz: Variable) -> tuple[Variable, Variable]:
        x, y = self.inputs
        z = cast("Variable", self.outputs[0]())
        quotient = get_array_module(x.data).rint((x.data - z.data) / y.data)
        return gz, F.neg(F.mul(gz, quotient))


@operator("Mod", fmod=0)
def _mod(use: Use) -> Run:
    name = "fmod" if use.fmod else "mod"
    return lambda x, y: _Mod(name)(x, y) if raw(x).dtype.kind == "f" else _Mod(name).forward(raw(x), raw(y))
