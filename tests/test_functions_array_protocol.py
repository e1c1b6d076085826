"""functions/_array_protocol.py: NumPy's functions and operators on Variables, all that this NumPy has."""

import inspect
import operator
import re

import numpy as np
import pytest

import pyconvlite.functions as F
from pyconvlite import Variable, as_variable, grad
from pyconvlite.functions import _array_protocol as protocol
from pyconvlite.testing import check_backward

rng = np.random.default_rng(0)
X, Y = rng.uniform(0.5, 2, (2, 3)), rng.uniform(0.5, 2, (2, 3))


def public(*namespaces):
    """NumPy's public functions by name: ufuncs, those that dispatch to Variable, and the others."""
    found = {}
    for owner in namespaces:
        prefix = owner.__name__.removeprefix("numpy").lstrip(".")
        for name in dir(owner):
            value = getattr(owner, name, None)
            if not name.startswith("_") and callable(value) and not isinstance(value, type):
                found[f"{prefix}.{name}".lstrip(".")] = value
    return found


FUNCTIONS = public(np, np.linalg, np.fft)
UFUNCS = {name: f for name, f in FUNCTIONS.items() if isinstance(f, np.ufunc)}
DISPATCHED = {name: f for name, f in FUNCTIONS.items() if hasattr(f, "_implementation")}
OTHERS = FUNCTIONS.keys() - UFUNCS.keys() - DISPATCHED.keys()

# -- with a gradient

WITH_GRADIENT = {
    "absolute": lambda x: np.abs(x - 1.2),
    "add": lambda x, y: np.add(x, y),
    "amax": lambda x: np.amax(x, 1),
    "amin": lambda x: np.amin(x, axis=0),
    "astype": lambda x: getattr(np, "astype", F.cast)(x, np.float64),
    "average": lambda x: np.average(x, axis=1),
    "broadcast_to": lambda x: np.broadcast_to(x, (4, 2, 3)),
    "clip": lambda x: np.clip(x, 0.7, 1.5),
    "clip above": lambda x: np.clip(x, None, a_max=1.5),
    "concatenate": lambda x, y: np.concatenate([x, y], 1),
    "cos": np.cos,
    "cumsum": lambda x: np.cumsum(x, 1),
    "divide": lambda x, y: np.divide(x, y),
    "dot": lambda x, y: np.dot(x, np.transpose(y)),
    "dot of vectors": lambda x, y: np.dot(x[0], y[1]),
    "einsum": lambda x, y: np.einsum("ij,kj->ik", x, y),
    "einsum, optimized": lambda x, y: np.einsum("ij,kj", x, y, optimize=True),
    "exp": np.exp,
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "flip": lambda x: np.flip(x, axis=1),
    "linalg.matmul": lambda x, y: np.linalg.matmul(x, y.reshape(3, 2)),
    "log": np.log,
    "log1p": np.log1p,
    "matmul": lambda x, y: np.matmul(x, y.reshape(3, 2)),
    "max": lambda x: np.max(x, axis=1, keepdims=True),
    "maximum": lambda x, y: np.maximum(x, y),
    "maximum of a number": lambda x: np.maximum(1.2, x),
    "mean": lambda x: np.mean(x, 0, None, None, True),
    "min": np.min,
    "minimum": lambda x, y: np.minimum(x, y),
    "multiply": lambda x, y: np.multiply(x, y),
    "negative": np.negative,
    "positive": lambda x: np.positive(x) * 2,
    "pad": lambda x: np.pad(x, ((0, 1), (2, 0)), constant_values=3.0),
    "pad wrap": lambda x: np.pad(x, ((0, 1), (2, 0)), "wrap"),
    "power": lambda x, y: np.power(x, y),
    "power of a number": lambda x: np.power(x, 3),
    "prod": lambda x: np.prod(x, axis=0, keepdims=True),
    "ravel": np.ravel,
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "sin": np.sin,
    "sqrt": np.sqrt,
    "split": lambda x: np.split(x, [1, 2], axis=1)[1],
    "square": np.square,
    "squeeze": lambda x: np.squeeze(x[:1], axis=0),
    "stack": lambda x, y: np.stack((x, y), axis=-1),
    "std": lambda x: np.std(x, axis=0, ddof=1),
    "subtract": lambda x, y: np.subtract(x, y),
    "sum": lambda x: np.sum(x, axis=(0, 1)),
    "tanh": np.tanh,
    "tile": lambda x: np.tile(x, (2, 1)),
    "transpose": lambda x: np.transpose(x, (1, 0)),
    "var": lambda x: np.var(x, axis=1, ddof=1),
    "where": lambda x, y: np.where(X > 1, x, y),
    "where a Variable": lambda x: np.where(x > 1, x, 0.5),
}


@pytest.mark.parametrize("name", WITH_GRADIENT)
def test_differentiable_function(name):
    f = WITH_GRADIENT[name]
    arrays = [X, Y][: len(inspect.signature(f).parameters) if not isinstance(f, np.ufunc) else 1]
    arrays = arrays[:1] if name in ("min", "ravel") else arrays
    y = f(*map(Variable, arrays))
    assert type(y) is Variable
    np.testing.assert_allclose(y.data, f(*arrays) if name != "astype" else X, rtol=1e-12, atol=1e-15)
    check_backward(lambda *xs: f(*map(as_variable, xs)), arrays)


def test_all_differentiable_functions_are_tested():
    tested = {re.split(",| ", name)[0] for name in WITH_GRADIENT}
    assert tested == {*protocol._UFUNCS, *protocol._FUNCTIONS}


# -- without a gradient: on the data

TWO = {
    "allclose",
    "array_equal",
    "array_equiv",
    "digitize",
    "isclose",
    "isin",
    "may_share_memory",
    "result_type",
    "searchsorted",
    "shares_memory",
}
ARGUMENTS = {
    "argpartition": (Variable(X), 1),
    "can_cast": (Variable(X), np.float64),
    "diag_indices_from": (Variable(np.eye(2)),),
    "digitize": (Variable(X), Variable(np.arange(3.0))),
    "full_like": (Variable(X), 3.0),
    "histogram": (Variable(X), 2),
    "ix_": (Variable(np.arange(2)),),
    "lexsort": ([Variable(X[0])],),
    "ravel_multi_index": ([Variable(np.array([1])), Variable(np.array([2]))], (2, 3)),
    "searchsorted": (Variable(np.arange(3.0)), Variable(X)),
    "unravel_index": (Variable(np.array([3])), (2, 3)),
    "isnat": (Variable(np.array(["2000-01-01"], "datetime64[D]")),),
    "tril_indices_from": (Variable(np.eye(2)),),
    "triu_indices_from": (Variable(np.eye(2)),),
}
INTEGERS = {
    "bitwise_and",
    "bitwise_count",
    "bitwise_or",
    "bitwise_xor",
    "gcd",
    "invert",
    "lcm",
    "left_shift",
    "right_shift",
}
SAVING = {"save", "savetxt", "savez", "savez_compressed"}


def arguments_of(name):
    f = protocol._of_numpy(name)
    if name in ARGUMENTS:
        return f, ARGUMENTS[name]
    x, y = (Variable(np.array([[1, 2], [3, 4]])) if name in INTEGERS else Variable(v) for v in (X, Y))
    return f, (x, y)[: f.nin if isinstance(f, np.ufunc) else 2 if name in TWO else 1]


@pytest.mark.parametrize("name", sorted({*protocol._ON_DATA.split()} - SAVING))
def test_function_without_a_gradient_uses_the_data(name):
    f, arguments = arguments_of(name)
    if f is None:
        pytest.skip(f"this NumPy has no {name}")
    y = f(*arguments)
    expected = f(*protocol._data_of(arguments))
    assert type(y) is type(expected)
    if name != "empty_like":
        np.testing.assert_equal(y, expected)


def test_saving_writes_the_data(tmp_path):
    np.save(tmp_path / "x.npy", Variable(X))
    np.savez(tmp_path / "xy.npz", Variable(X), y=Variable(Y))
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), X)
    with np.load(tmp_path / "xy.npz") as arrays:
        np.testing.assert_array_equal(arrays["y"], Y)


def test_shape_where_and_numpy_testing():
    x = Variable(X)
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 3), 2, 6)
    np.testing.assert_array_equal(np.where(x), np.where(X))
    np.testing.assert_allclose(x, X)
    np.testing.assert_array_equal(X, x)
    np.testing.assert_equal(x, X)
    np.testing.assert_array_less(x, X + 1)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x, X + 1)


# -- functions whose gradient would be lost


OTHER_UFUNCS = [
    name for name, f in UFUNCS.items() if f not in protocol._by_ufunc and f not in protocol._on_data
]


@pytest.mark.parametrize("name", OTHER_UFUNCS)
def test_other_ufuncs_are_refused(name):
    ufunc, x = UFUNCS[name], Variable(X)
    for first in (x, np.ones((2, 3)))[: ufunc.nin]:
        with pytest.raises(TypeError, match=rf"^np\.{ufunc.__name__} takes no Variables.*(use|compose)"):
            ufunc(first, *[x] * (ufunc.nin - 1))


WITH_METHODS = [
    name
    for name, f in UFUNCS.items()
    if (f.nin, f.nout, f.signature) == (2, 1, None) and f not in protocol._on_data
]


@pytest.mark.parametrize("name", WITH_METHODS)
def test_methods_of_ufuncs_are_refused(name):
    ufunc, x, a = UFUNCS[name], Variable(X), np.ones((2, 3))
    calls = [
        lambda: ufunc.reduce(x),
        lambda: ufunc.accumulate(x),
        lambda: ufunc.reduceat(x, [0]),
        lambda: ufunc.outer(x, x),
        lambda: ufunc.at(a, 0, x),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=rf"^np\.{ufunc.__name__}\.\w+ takes no Variables"):
            call()
    np.testing.assert_array_equal(a, 1)


@pytest.mark.parametrize(
    "name",
    [n for n, f in DISPATCHED.items() if f not in protocol._by_function and f not in protocol._on_data],
)
def test_other_functions_are_refused(name):
    f = DISPATCHED[name]
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:  # in C, in older versions of NumPy
        count = 3 if name == "putmask" else 2
    else:
        required = [p for p in parameters if p.default is p.empty and p.kind <= p.POSITIONAL_OR_KEYWORD]
        count = max(1, len(required)) + any(p.kind is p.VAR_POSITIONAL for p in parameters)
    arguments = [Variable(X)] * count
    with pytest.raises(TypeError, match=r"^np\..* takes no Variables.*(use|compose)"):
        f(*arguments)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [(name, [X]) for name in ("expm1", "fabs", "fliplr", "flipud", "log2", "reciprocal")]
    + [(name, [X, Y]) for name in ("inner", "logaddexp")]
    + [(name, [(X, Y)]) for name in ("hstack", "vstack")],
)
def test_suggested_replacement_is_equivalent(name, arguments):
    instead = eval(protocol._INSTEAD[name], {"F": F, "np": np, "x": Variable(X), "y": Variable(Y)})
    np.testing.assert_allclose(instead, getattr(np, name)(*arguments))


# Conversions, which return an array without a gradient, as np.asarray does; and functions of a number, which
# they convert with float(x).
CONVERSIONS = {
    "array",
    "asanyarray",
    "asarray",
    "asarray_chkfinite",
    "ascontiguousarray",
    "asfortranarray",
    "asmatrix",
    "bmat",
    "fromiter",
    "full",
    "require",
    "arange",
    "bartlett",
    "blackman",
    "hamming",
    "hanning",
    "kaiser",
    "tri",
}
NOT_CALLED = {
    "empty",
    "info",
    "test",
    "fft.test",
    "linalg.test",
} | {  # random; they print, or change settings
    name for name in OTHERS if name.startswith(("set", "show_"))
}


@pytest.mark.parametrize("name", sorted(OTHERS - NOT_CALLED))
def test_functions_that_do_not_dispatch_are_conversions(name):
    def results(x):
        for arguments in [(x,), (x, x), ((2, 3), x), (x[0], float), (x[0, 0],)]:
            try:
                yield FUNCTIONS[name](*arguments)
            except Exception:  # they take no arrays, or no Variables
                yield None

    for y, other in zip(results(Variable(X)), results(Variable(X + 1)), strict=True):
        if isinstance(y, np.ndarray) and not np.array_equal(y, other):
            assert name in CONVERSIONS


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: np.add(x, 1, out=np.zeros((2, 3))),
            "np.add of a Variable does not support the argument out",
        ),
        (lambda x: np.add(x, 1, np.zeros((2, 3))), "np.add of a Variable does not support the argument out"),
        (lambda x: np.add(x, x, out=x), "np.add of a Variable does not support the argument out"),
        (
            lambda x: np.add(np.ones((2, 3)), 1, out=x),
            "np.add of a Variable does not support the argument out",
        ),
        (lambda x: np.exp(x, where=X > 0), "np.exp of a Variable does not support the argument where"),
        (lambda x: np.exp(x, dtype=np.float32), "np.exp of a Variable does not support the argument dtype"),
        (lambda x: np.isnan(X, out=x), "out of np.isnan must be an array"),
        (lambda x: np.argmax(X, 0, x), "out of np.argmax must not be a Variable"),
        (lambda x: np.sum(x, out=np.zeros(())), "np.sum of a Variable takes a, axis, keepdims; got out"),
        (lambda x: np.sum(x, 0, np.float32), "np.sum of a Variable takes a, axis, keepdims; got dtype"),
        (lambda x: np.mean(x, where=X > 1), "np.mean of a Variable takes a, axis, keepdims; got where"),
        (lambda x: np.average(x, weights=X), "np.average of a Variable takes .*; got weights"),
        (lambda x: np.reshape(x, (3, 2), order="F"), "np.reshape of a Variable takes .*; got order"),
        (
            lambda x: np.pad(x, 1, mode="symmetric"),
            "np.pad takes a Variable with one of the modes constant, edge, .*; got 'symmetric'",
        ),
        (lambda x: np.pad(x, 1, mode="linear_ramp", end_values=3), "np.pad of a Variable takes .*end_values"),
        (lambda x: np.concatenate([x, x], axis=None), "axis must be an integer; got None"),
        (lambda x: np.expand_dims(x, (0, 1)), r"axis must be an integer; got \(0, 1\)"),
        (lambda x: np.dot(x, 2.0), r"one or two axes; use F.matmul or F.mul; got shapes \(2, 3\) and \(\)"),
        (lambda x: np.full_like(x, x), "fill_value of np.full_like must not be a Variable"),
        (lambda x: np.histogram(X, weights=x), "weights of np.histogram must not be a Variable"),
        (lambda x: np.multiply.reduce(x), r"np.multiply.reduce takes no Variables.*use F.prod\(x, axis\)"),
        (lambda x: np.take_along_axis(x, X.argsort(1), 1), r"np.take_along_axis takes .*use F.gather\(x,"),
        (lambda x: np.median(x), "np.median takes no Variables.*compose"),
        (lambda x: np.copyto(np.zeros((2, 3)), x), "np.copyto takes no Variables.*pass x.data"),
        (lambda x: np.linalg.norm(x), "np.linalg.norm takes no Variables"),
    ],
)
def test_arguments_that_would_lose_a_gradient_are_refused(call, message):
    x = Variable(X.copy())
    with pytest.raises(TypeError, match=message):
        call(x)
    np.testing.assert_array_equal(x.data, X)


# -- operators with NumPy on the left

LEFT = {"array": X, "row": X[0], "no axes": np.array(2.0), "float64": np.float64(2), "float32": np.float32(2)}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize(
    "op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow], ids=lambda f: f.__name__
)
def test_operators_equal_functions(op, left):
    functions = {operator.sub: F.sub, operator.truediv: F.div}
    f = functions.get(op) or getattr(F, op.__name__)
    x = Variable(Y)
    y = op(left, x)
    assert type(y) is Variable
    assert y.creator is not None
    np.testing.assert_array_equal(y.data, f(left, x).data)
    np.testing.assert_array_equal(grad(y, x)[0].data, grad(f(left, x), x)[0].data)


def test_where_takes_both_x_and_y_or_neither():
    with pytest.raises(ValueError, match="both"):
        np.where(X > 1, Variable(X), None)


def test_matrix_product_with_numpy_on_the_left():
    x = Variable(Y)
    y = X.T @ x
    np.testing.assert_array_equal(y.data, X.T @ Y)
    np.testing.assert_allclose(grad(y, x)[0].data, X @ np.ones((3, 3)))


def test_numpy_scalars_do_not_widen_float32():
    x = Variable(Y.astype(np.float32))
    for y in (np.float64(2) * x, np.multiply(np.float64(2), x), np.power(x, np.float64(2))):
        assert y.dtype == np.float32


@pytest.mark.parametrize("op", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
def test_in_place_operator_on_an_array_gives_a_variable(op):
    total = np.ones((2, 3))
    x = Variable(Y)
    y = op(total, x)
    assert type(y) is Variable
    assert grad(y, x)[0].data.any()
    np.testing.assert_array_equal(total, 1)


def test_in_place_matmul():
    total, x = np.ones((2, 3)), Variable(np.arange(9.0).reshape(3, 3))
    y = operator.imatmul(total, x)
    np.testing.assert_array_equal(y.data, np.ones((2, 3)) @ x.data)
    np.testing.assert_array_equal(grad(y, x)[0].data, 2)
    np.testing.assert_array_equal(total, 1)
    with pytest.raises(TypeError, match=r"np\.matmul of a Variable does not support the argument axes"):
        np.matmul(total, x, axes=[(0, 1), (0, 1), (0, 1)])


def test_comparison_with_an_array_uses_the_data():
    x = Variable(Y)
    np.testing.assert_array_equal(x > X, X < Y)
    np.testing.assert_array_equal(x == Y, np.ones((2, 3), bool))
    np.testing.assert_array_equal(x != Y, np.zeros((2, 3), bool))
    np.testing.assert_array_equal(np.equal(x, Variable(Y)), np.ones((2, 3), bool))


class Series:
    """What pandas's have in common: operators take arrays, and give way to a higher priority."""

    __array_priority__ = 1000
    __pandas_priority__ = 3000

    def __init__(self, data):
        self.data = data

    def _operate(self, other, op):
        if getattr(other, "__pandas_priority__", 0) > self.__pandas_priority__:
            return NotImplemented
        return Series(op(self.data, np.asarray(other)))

    def __add__(self, other):
        return self._operate(other, operator.add)

    def __eq__(self, other):
        return self._operate(other, operator.eq)

    def __array_ufunc__(self, ufunc, method, *inputs):
        return Series(ufunc(*[x.data if isinstance(x, Series) else x for x in inputs]))


def test_series_are_refused_but_compared():
    a, x = Series(Y), Variable(Y)
    for call in (lambda: a + x, lambda: x + a):
        with pytest.raises(TypeError, match="must hold an array, not Series"):
            call()
    for found in (a == x, x == a):
        np.testing.assert_array_equal(found.data, np.ones((2, 3), bool))


@pytest.mark.parametrize("make", [np.matrix, np.ma.array], ids=["matrix", "masked"])
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_matrices_and_masked_arrays_are_refused(make):
    a, x = make(X), Variable(X)
    calls = [
        lambda: Variable(a),
        lambda: F.exp(a),
        lambda: x + a,
        lambda: a + x,
        lambda: a * x,
        lambda: x @ a.T,
    ]
    calls += [lambda: np.add(a, x), lambda: np.stack([a, x]), lambda: np.concatenate([x, a])]
    for call in calls:
        with pytest.raises(
            TypeError, match=rf"must (hold|be) an array, not {type(a).__name__}; use np.array\(\.\.\.\)$"
        ):
            call()
