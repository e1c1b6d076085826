"""Gradient checks for Functions: backward against central differences.

For a random direction `u` of each input, the directional derivative by `backward`, `<gx, u>`, is
compared with the central difference `(f(x + eps*u) - f(x - eps*u)) / (2*eps)`. This takes two evaluations
of `f` per input, whatever its size; only if the two differ is each element checked, to report the worst.
The gradients under test are computed in the dtype of the inputs, the central differences in float64.

The tolerance of `<gx, u>` grows with the square root of the number of elements, as rounding errors do. So
small inputs, of up to a few hundred elements, show an error in a single element best.

The first, second and third order of a Function `f` of `x` and `W`::

    check_backward(f, (x, W))
    check_double_backward(f, (x, W))

    def first_order(x, W, gy):
        return grad(f(x, W), [x, W], [gy], create_graph=True)

    check_double_backward(first_order, (x, W, gy))  # the third order
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._arguments import above_zero
from ._shapes import Array
from .autograd import Variable, as_variable, grad
from .config import using_config

__all__ = ["check_backward", "check_double_backward", "numerical_grad"]

Operand = Array | Variable
Operands = Operand | Sequence[Operand]
Differentiable = Callable[..., Variable | Sequence[Variable]]

# (rtol, atol) by the itemsize of the least precise input. In float64 the error is that of the central
# differences, about 1e-9; in float32 and float16 it is the rounding error of the gradient under test.
_TOLERANCES = {2: (2e-2, 2e-2), 4: (1e-4, 1e-4), 8: (1e-6, 1e-7)}


def numerical_grad(
    f: Differentiable, inputs: Operands, grad_outputs: Operands | None = None, *, eps: float = 1e-6
) -> Array | list[Array]:
    """Gradient of `sum(f(*inputs) * grad_outputs)` by central differences.

    It is computed in float64, whatever the dtype of the inputs, with two evaluations of `f` per element.

    Args:
        f: function of as many Variables as there are inputs, which returns a Variable or a tuple or list.
        inputs: a floating-point array or Variable, or a tuple or list of them; they are not changed.
        grad_outputs: for each output, an array of weights of the same shape; ones by default.
        eps: step of the central differences.

    Returns:
        A float64 array of the input's shape; for a tuple or list of inputs, a list of such arrays.

    Raises:
        TypeError: `f` is not callable, or an input is not of a floating-point dtype.
        ValueError: `grad_outputs` do not have the number and shapes of the outputs.

    Example:
        >>> import numpy as np
        >>> numerical_grad(lambda x: x * x, np.array([1.0, 3.0])).round(6)
        array([2., 6.])
    """
    xs = [x.astype(np.float64) for x in _as_arrays("inputs", inputs)]
    gys = _gradients("grad_outputs", grad_outputs, _call(f, xs), np.ones_like)
    gradients = [_elementwise(f, xs, gys, i, eps) for i in range(len(xs))]
    return gradients if isinstance(inputs, (tuple, list)) else gradients[0]


def check_backward(
    f: Differentiable,
    inputs: Operands,
    grad_outputs: Operands | None = None,
    *,
    eps: float = 1e-6,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> None:
    """Assert that `f`'s gradients agree with central differences.

    Also assert that `f` is deterministic, that each output has the dtype of an input, that each gradient
    has its input's shape and dtype, and that neither `f` nor its backward writes into its arguments. Inputs
    must be further than `2 * eps` from points where `f` is not differentiable (relu at 0, ties of a max).
    Bind integer arguments, such as labels, in a lambda: `lambda x: f(x, t)`.

    Args:
        f: function of as many Variables as there are inputs, which returns a Variable or a tuple or list.
        inputs: a floating-point array or Variable, or a tuple or list of them, which keep their strides. A
            Variable's `grad` is not changed.
        grad_outputs: for each output, a gradient of the same shape; standard normal by default.
        eps: step of the central differences.
        rtol: relative tolerance; by default that of the least precise input: 2e-2 for float16, 1e-4 for
            float32, 1e-6 for float64.
        atol: absolute tolerance; by default 2e-2, 1e-4 or 1e-7.
        seed: seed of the random directions and gradients.

    Raises:
        AssertionError: a check fails; for a gradient the message has the worst element and both its values.
        TypeError: `f` is not callable, or an input is not of a floating-point dtype.
        ValueError: `grad_outputs` do not have the number and shapes of the outputs.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Function
        >>> class Square(Function):
        ...     def forward(self, x):
        ...         return x * x
        ...     def backward(self, gy):
        ...         x, = self.inputs
        ...         return gy * x
        >>> check_backward(lambda x: Square()(x), np.array([1.0, 3.0]), np.array([1.0, 1.0]))
        Traceback (most recent call last):
        AssertionError: gradient of inputs[0], worst at [1]: backward gives 3.0, central differences 6.0...
    """
    rng = np.random.default_rng(seed)
    xs = _as_arrays("inputs", inputs)
    default_rtol, default_atol = _TOLERANCES[min(x.itemsize for x in xs)]
    rtol = default_rtol if rtol is None else rtol
    atol = default_atol if atol is None else atol

    gradients, gys = _analytic(f, xs, grad_outputs, rng)
    xs = [x.astype(np.float64) for x in xs]
    gys = [gy.astype(np.float64) for gy in gys]
    for i, (first, second) in enumerate(zip(_call(f, xs), _call(f, xs), strict=True)):
        if not np.array_equal(first, second, equal_nan=True):
            raise AssertionError(f"outputs[{i}] is not deterministic: two calls gave two results")

    for i, (x, gx) in enumerate(zip(xs, gradients, strict=True)):
        # No entry is small, so that each element counts; sizes are random, so that errors do not cancel.
        direction = rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.5, x.shape)
        measured = _slope(f, xs, gys, i, direction, eps)
        if not _agrees(gx.astype(np.float64) * direction, measured, rtol, atol):
            raise AssertionError(_worst_element(i, gx, _elementwise(f, xs, gys, i, eps), rtol, atol))


def check_double_backward(
    f: Differentiable,
    inputs: Operands,
    grad_outputs: Operands | None = None,
    grad_grad_inputs: Operands | None = None,
    *,
    eps: float = 1e-6,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> None:
    """Assert that the gradients of `f`'s gradients agree with central differences.

    This is `check_backward` for the function from `(*inputs, *grad_outputs)` to the gradients of the
    inputs. It fails for a backward that is not differentiable, for example because it uses `.data`. It does
    not check the first gradients; use `check_backward` for them. For the third order pass a function
    that returns gradients, see the docstring of this module.

    Args:
        f: function of as many Variables as there are inputs, which returns a Variable or a tuple or list.
        inputs: as in `check_backward`. In error messages, `grad_outputs` are numbered after them.
        grad_outputs: for each output, a gradient of the same shape; standard normal by default.
        grad_grad_inputs: for each gradient, an array of the same shape; standard normal by default.
        eps: as in `check_backward`.
        rtol: as in `check_backward`.
        atol: as in `check_backward`.
        seed: as in `check_backward`.

    Raises:
        AssertionError: a check fails; for a gradient the message has the worst element and both its values.
        TypeError: `f` is not callable, or an input is not of a floating-point dtype.
        ValueError: `grad_outputs` or `grad_grad_inputs` have the wrong number or shapes.

    Example:
        >>> import numpy as np
        >>> check_double_backward(lambda x: x**3, np.array([1.0, -2.0]))
        >>> check_double_backward(lambda x: x * x.data, np.ones(1), np.ones(1), np.ones(1))
        Traceback (most recent call last):
        AssertionError: gradient of inputs[0], worst at [0]: backward gives 0.0, central differences 1.0...
    """
    rng = np.random.default_rng(seed)
    xs = _as_arrays("inputs", inputs)
    gys = _gradients("grad_outputs", grad_outputs, _call(f, xs), lambda y: _normal(rng, y))

    def gradients(*variables: Variable) -> list[Variable]:
        x, gy = variables[: len(xs)], variables[len(xs) :]
        return grad(_outputs(f, x), list(x), list(gy), create_graph=True)

    if grad_grad_inputs is not None:
        grad_grad_inputs = _gradients("grad_grad_inputs", grad_grad_inputs, xs, np.ones_like)
    check_backward(gradients, [*xs, *gys], grad_grad_inputs, eps=eps, rtol=rtol, atol=atol, seed=seed)


def _analytic(
    f: Differentiable, xs: list[Array], grad_outputs: Operands | None, rng: np.random.Generator
) -> tuple[list[Array], list[Array]]:
    """The gradients by backward, and the gradients of the outputs that they were computed from."""
    inputs = [Variable(x) for x in xs]
    saved_xs = [x.copy() for x in xs]
    outputs = _outputs(f, inputs)
    _assert_untouched("forward", "inputs", xs, saved_xs)
    for i, y in enumerate(outputs):
        if all(y.dtype != x.dtype for x in xs):
            raise AssertionError(f"outputs[{i}] is {y.dtype}; the inputs are {[str(x.dtype) for x in xs]}")

    gys = _gradients("grad_outputs", grad_outputs, [y.data for y in outputs], lambda y: _normal(rng, y))
    saved_gys = [gy.copy() for gy in gys]
    gradients = [gx.data for gx in grad(outputs, inputs, [Variable(gy) for gy in gys])]
    _assert_untouched("backward", "inputs", xs, saved_xs)
    _assert_untouched("backward", "grad_outputs", gys, saved_gys)
    for i, (x, gx) in enumerate(zip(xs, gradients, strict=True)):
        if (gx.shape, gx.dtype) != (x.shape, x.dtype):
            raise AssertionError(
                f"gradient of inputs[{i}] is {gx.dtype} {gx.shape}; the input is {x.dtype} {x.shape}"
            )
    return gradients, gys


def _as_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (tuple, list)) else [values]


def _as_arrays(name: str, values: Operands) -> list[Array]:
    arrays = [np.asarray(v.data if isinstance(v, Variable) else v) for v in _as_list(values)]
    arrays = [array.astype(array.dtype.newbyteorder("="), copy=False) for array in arrays]
    if not arrays:
        raise ValueError(f"{name} must contain at least one array")
    for i, array in enumerate(arrays):
        if array.dtype.kind != "f" or array.itemsize not in _TOLERANCES:
            raise TypeError(
                f"{name}[{i}] is {array.dtype}; gradients need float16, float32 or float64: "
                "convert it with astype, or bind it in a lambda"
            )
    return arrays


def _gradients(
    name: str, given: Operands | None, values: list[Array], make: Callable[[Array], Array]
) -> list[Array]:
    """One gradient per value, in its dtype: the given ones, or those that `make` returns."""
    if given is None:
        return [make(value) for value in values]
    gys = _as_arrays(name, given)
    shapes = [value.shape for value in values]
    if [gy.shape for gy in gys] != shapes:
        raise ValueError(f"{name} must have the shapes {shapes}; got {[gy.shape for gy in gys]}")
    return [gy.astype(value.dtype) for gy, value in zip(gys, values, strict=True)]


def _normal(rng: np.random.Generator, like: Array) -> Array:
    return np.asarray(rng.standard_normal(like.shape)).astype(like.dtype)


def _call(f: Differentiable, xs: list[Array]) -> list[Array]:
    return [y.data for y in _outputs(f, [*map(as_variable, xs)])]


def _outputs(f: Differentiable, inputs: Sequence[Variable]) -> list[Variable]:
    if not callable(f):
        raise TypeError(f"f must be a function of Variables; got {type(f).__name__}")
    with using_config("enable_backprop", True):  # also within no_grad, where all gradients would be zero
        ys = _as_list(f(*inputs))
    for y in ys:
        if not isinstance(y, Variable):
            raise TypeError(f"f must return a Variable, or a tuple or list of them; got {type(y).__name__}")
    return ys


def _slope(
    f: Differentiable, xs: list[Array], gys: list[Array], i: int, direction: Array, eps: float
) -> float:
    """Central difference of `sum(outputs * gys)` along a direction of input i."""
    eps = above_zero(eps, "eps")
    ahead, behind = (_call(f, [*xs[:i], xs[i] + step * direction, *xs[i + 1 :]]) for step in (eps, -eps))
    rises = [np.sum(gy * (a - b)) for gy, a, b in zip(gys, ahead, behind, strict=True)]
    return float(sum(rises)) / (2 * eps)


def _agrees(products: Array, measured: float, rtol: float, atol: float) -> bool:
    """Whether the sum of gradient times direction agrees with the central difference.

    The sum of n independent errors grows as sqrt(n); hence the L2 norm in the tolerance.
    """
    if not np.isfinite(products).all():
        return False
    allowed = atol + rtol * float(np.sqrt(np.sum(products**2)))
    return abs(float(np.sum(products)) - measured) <= allowed


def _elementwise(f: Differentiable, xs: list[Array], gys: list[Array], i: int, eps: float) -> Array:
    """Central differences for each element of input i."""
    gx = np.zeros(xs[i].shape)
    for index in np.ndindex(gx.shape):
        axis = np.zeros(gx.shape)
        axis[index] = 1.0
        gx[index] = _slope(f, xs, gys, i, axis, eps)
    return gx


def _worst_element(i: int, analytic: Array, numeric: Array, rtol: float, atol: float) -> str:
    allowed = atol + rtol * np.abs(numeric)
    excess = np.nan_to_num(np.abs(analytic.astype(np.float64) - numeric) - allowed, nan=np.inf, posinf=np.inf)
    worst = tuple(int(n) for n in np.unravel_index(np.argmax(excess), excess.shape))
    return (
        f"gradient of inputs[{i}], worst at {list(worst)}: backward gives {float(analytic[worst]):.6}, "
        f"central differences {float(numeric[worst]):.6} (allowed difference {float(allowed[worst]):.1}); "
        f"{int(np.sum(excess > 0))} of {excess.size} elements differ by more than allowed"
    )


def _assert_untouched(by: str, name: str, arrays: list[Array], saved: list[Array]) -> None:
    for i, (now, before) in enumerate(zip(arrays, saved, strict=True)):
        if now.tobytes() != before.tobytes():
            raise AssertionError(f"{by} wrote into {name}[{i}]")
