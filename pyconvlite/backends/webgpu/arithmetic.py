"""Operations of one and two operands, one of which may be a number: the WGSL of NumPy's operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, cast

import numpy as np
import numpy.typing as npt

from .elementwise import ALIAS, IS_INFINITE, IS_NAN, LETTERS, common_float, compute, elementwise
from .host_scalar import HostScalar
from .view import Array, View

Number = float | np.generic | npt.NDArray[Any]  # NumPy arrays: 0-d
FLOAT, INT, BOOL = (np.dtype(kind) for kind in (np.float32, np.int32, np.bool_))
LARGEST_COUNT = 1 << 24  # float32 represents all integers up to this one exactly


def scalar(x: object) -> float | None:
    """The value of a Python or NumPy number, or of a 0-d NumPy array; None for anything else."""
    if isinstance(x, HostScalar):
        return x
    if isinstance(x, int | float | np.generic) or (isinstance(x, np.ndarray) and x.ndim == 0):
        return float(cast("float", x))
    return None


def operand(x: Array | Number) -> Array:
    """Return x if it is a device array.

    Raises:
        TypeError: x is something else.
    """
    if isinstance(x, View):
        return x
    if isinstance(x, np.ndarray):
        raise TypeError("one operand is on the device and one is not; move it with webgpu.asarray(x)")
    raise TypeError(f"cannot compute with a device array and {type(x).__name__}")


class Operands(Generic[Array]):
    """Arrays and numbers of an expression, in order.

    Attributes:
        arrays, numbers: what `elementwise` takes.
        dtype: int32, unless one of them is a float: then float32, or float16 where all such arrays are.

    Args:
        values: arrays and numbers.
        arrays: further ones, which come first and do not determine the dtype.
        floats: the dtype is a float even for integers.
    """

    def __init__(
        self, values: Sequence[Array | Number], arrays: Sequence[Array] = (), floats: bool = False
    ) -> None:
        numbers = [scalar(value) for value in values]
        others: list[Array] = [operand(x) for x, n in zip(values, numbers, strict=True) if n is None]
        self.arrays = [*(operand(x) for x in arrays), *others]
        is_float = floats or "f" in {_kind(value) for value in values}
        self.dtype = common_float(others) if is_float else INT
        letters = iter(LETTERS[len(arrays) :])
        self.numbers: list[float] = []
        self._words: list[str] = []
        for value, number in zip(values, numbers, strict=True):
            if number is None:
                self._words.append(next(letters))
            elif not is_float and abs(number) > LARGEST_COUNT:
                self._words.append(_large(int(cast("int", value))))
            else:
                self._words.append(f"s{len(self.numbers)}")
                self.numbers.append(number)

    def words(self, dtype: np.dtype[Any]) -> list[str]:
        """WGSL of each operand, converted to this dtype."""
        whole = dtype == INT  # numbers are passed to the kernel as floats
        words = [f"i32({word})" if whole and word[0] == "s" else word for word in self._words]
        return [f"{ALIAS[dtype.name]}({word})" for word in words]


def _kind(value: object) -> str:
    """The kind of the dtype of an array or a number."""
    if isinstance(value, int):
        return "i"
    kind: str = getattr(value, "dtype", FLOAT).kind
    return kind


def _large(value: int) -> str:
    """WGSL of an integer that float32 would round, as a literal in the kernel's text."""
    if not -(1 << 31) <= value < 1 << 31:
        raise OverflowError(f"{value} is out of the bounds of int32, the integers on the device")
    return f"i32({value})" if value > -(1 << 31) else "i32(-2147483647 - 1)"


def fill(kind: type[Array], shape: Sequence[int], value: float, dtype: np.dtype[Any]) -> Array:
    """An array filled with one number, which is passed as a parameter, so that nothing is copied."""
    number: Operands[View] = Operands((np.array(value, dtype)[()],))
    text = "s0 != 0" if dtype.kind == "b" else number.words(dtype)[0]
    y = kind.new(shape, dtype)
    compute("fill", (text,), [], number.numbers, [y])
    return y


def binary(
    name: str,
    expression: str,
    x: Array | Number,
    y: Array | Number,
    compares: bool = False,
    floats: bool = False,
) -> Array:
    """A binary operation; one operand may be a number.

    Args:
        name: shown in errors.
        expression: WGSL of {a} and {b}; {T} is their type.
        x, y: arrays, or an array and a number.
        compares: the result is bool.
        floats: the result is a float even for integers.
    """
    both: Operands[Array] = Operands((x, y), floats=floats)
    dtype = both.dtype
    a, b = both.words(dtype)
    text = expression.format(a=a, b=b, T=ALIAS[dtype.name])
    return elementwise(name, text, both.arrays, both.numbers, BOOL if compares else dtype)


def unary(name: str, expression: str, x: Array | Number, floats: bool = True) -> Array:
    """A unary operation.

    Args:
        name: shown in errors.
        expression: WGSL of {a}; {T} is its type.
        x: array.
        floats: the result is a float even for integers.
    """
    a: Array = operand(x)
    dtype = a.dtype if a.dtype.kind == "f" else FLOAT if floats else INT
    alias = ALIAS[dtype.name]
    return elementwise(name, expression.format(a=f"{alias}(a)", T=alias), [a], dtype=dtype)


def logical(name: str, expression: str, *xs: Array | Number) -> Array:
    """An operation of bools.

    Raises:
        TypeError: the dtype of an operand is not bool.
    """
    operands: list[Array] = [operand(x) for x in xs]
    for x in operands:
        if x.dtype != BOOL:
            raise TypeError(f"&, | and ~ need bool arrays on the device; got {x.dtype}")
    return elementwise(name, expression, operands, dtype=BOOL)


# WGSL does not define what functions return for NaN, 0 and negative numbers, so each text handles these. NaN
# is detected by its bits, since WGSL's comparisons may assume that no number is NaN.
NAN = "bitcast<F>(bitcast<B>({a}) | B(0x7fc00000u))"  # of any a
MINUS_INFINITY = "bitcast<F>(bitcast<B>({a}) | B(0xff800000u))"  # of 0

EXP = f"select(exp({{a}}), {{a}}, {IS_NAN})"
LOG = f"select(select(log({{a}}), {NAN}, ({{a}} < F(0)) | {IS_NAN}), {MINUS_INFINITY}, {{a}} == F(0))"


def _power_of(a: str, b: str) -> str:
    odd = f"({b} - 2 * floor({b} / 2) == F(1))"
    value = f"pow(abs({a}), {b}) * select(F(1), F(-1), ({a} < F(0)) & {odd})"
    of_zero = f"select(1 / abs({a}), F(0), {b} > F(0))"
    no_root = f"(({a} < F(0)) & !{IS_INFINITE.format(a=a)} & ({b} != floor({b})))"
    is_nan = f"{IS_NAN.format(a=a)} | {IS_NAN.format(a=b)} | {no_root}"
    value = f"select(select({value}, {of_zero}, {a} == F(0)), {NAN.format(a=a)}, {is_nan})"
    return f"select({value}, F(1), ({b} == F(0)) | ({a} == F(1)))"


POWER = _power_of("{a}", "{b}")
ROOTS = {
    0.5: "sqrt({a})",
    # minus zero has the power of zero, minus infinity that of infinity
    -0.5: f"select(inverseSqrt({{a}}), 1 / abs({{a}}), ({{a}} == F(0)) | {IS_INFINITE})",
}


def power(x: Array | Number, y: Array | Number) -> Array:
    """`x ** y`; one of them may be a number."""
    c = scalar(y)
    if c in ROOTS and not isinstance(c, HostScalar):
        return unary("power", ROOTS[c], x)
    if c is None or isinstance(c, HostScalar) or not c.is_integer() or abs(c) > 31:
        return binary("power", POWER, x, y, floats=True)
    if c == 0:
        return unary("power", "{T}(1)", x, floats=_kind(y) == "f")
    product = " * ".join(["{a}"] * int(abs(c)))
    return unary("power", f"({product})" if c > 0 else f"1 / ({product})", x, floats=c < 0 or _kind(y) == "f")


def maximum(x: Array | Number, y: Array | Number) -> Array:
    """Element-wise maximum; NaN if one of two elements is NaN.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.maximum(webgpu.asarray([-1.0, 2.0]), 0).get().tolist() == [0, 2]
    """
    return _extreme(">", x, y)


def minimum(x: Array | Number, y: Array | Number) -> Array:
    """Element-wise minimum; NaN if one of two elements is NaN.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.minimum(webgpu.asarray([-1.0, 2.0]), 0).get().tolist() == [-1, 0]
    """
    return _extreme("<", x, y)


def _extreme(sign: str, x: Array | Number, y: Array | Number) -> Array:
    chosen = f"({{a}} {sign} {{b}})"
    if "f" in (_kind(x), _kind(y)):
        chosen += f" | {IS_NAN}"
    return binary("extreme", f"select({{b}}, {{a}}, {chosen})", x, y)
