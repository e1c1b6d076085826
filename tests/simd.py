"""Helpers of the tests of the SIMD kernels: comparison with float64, and counts of the kernels' calls."""

import importlib
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from conditions import assert_close, everything, numbers, terms, truth, widened
from geometries import sizes

from pyconvlite import backends
from pyconvlite.backends.simd import objects

ELSEWHERE = sys.platform != "emscripten"
WHY = "the kernels are WebAssembly: they run inside Pyodide"
in_pyodide = pytest.mark.skipif(ELSEWHERE, reason=WHY)

# Allowed roundings, as conditions.py has them. The worst seen is 13, of some hundred terms: the kernels add
# up to 256 of them one by one.
PLAIN = 32

# The files of the kernels that the side module has; by path, since kernels of the same names hide them.
MODULES = [
    importlib.import_module(f"pyconvlite.backends.simd.{name}")
    for name in [
        "convolution",
        "dropout",
        "indexing",
        "loss",
        "matmul",
        "norm",
        "optimizer",
        "pooling",
        "recurrent",
        "serving",
        "softmax",
    ]
]

# Kernels that are NumPy's with either backend.
NUMPYS = {"check_indexes", "check_probabilities", "clip_norm"}

OBJECTS = set(objects.NAMES)  # built-in functions
SOME_ARE_NUMPYS = {"mul", "pow", "sum", "where"}  # of two masks, other exponents, no axes, two numbers


def check(f, *arrays, order=2, condition=terms, constant=PLAIN, reach=0):
    """Compare f of float32 arrays, and its gradients up to an order, with NumPy's in float64.

    `condition` gives each element's own, of which `constant` roundings are allowed; where pixels are
    computed in tiles, the largest within `reach` pixels counts.
    """
    with counted() as calls:
        ours = everything(f, arrays, order)
    if all(a.size for a in arrays):
        assert calls, "no kernel was called"
        others = {backend for kernel, backend in calls if kernel not in NUMPYS | SOME_ARE_NUMPYS}
        assert others <= {"simd"}, calls
    with backends.use("numpy"):
        wanted = truth(f, arrays, order)
        conditions = condition(f, arrays, order)
    for y, true, each in zip(ours, wanted, conditions, strict=True):
        assert y.dtype == np.float32
        assert_close(y, true, widened(each, reach) if reach and y.ndim == 4 else each, constant)


@contextmanager
def counted():
    """How often each kernel of each backend is called inside: {(kernel, backend): calls}."""
    before, inside = backends.describe().calls, {}
    yield inside
    for kernel, calls in backends.describe().calls.items():
        inside |= {
            (kernel, who): n for who, calls_now in calls.items() if (n := calls_now - before[kernel][who])
        }


def windows(*shape):
    """Indexes of max pooling: in each window the first pixel is the maximum."""
    return np.zeros(shape, np.uint8)


# A call of each kernel: {name: (kernel, its arrays, its settings)}. No size is a multiple of a vector's.
KERNELS = {
    "matmul": ("matmul", [numbers(9, 7), numbers(7, 11)]),
    "matmul, batched": ("matmul", [numbers(3, 9, 7), numbers(3, 7, 11)]),
    "matmul, one row": ("matmul", [numbers(1, 9), numbers(9, 11)]),
    "linear": ("linear", [numbers(9, 7), numbers(7, 11), numbers(11)]),
    "linear, no bias": ("linear", [numbers(9, 7), numbers(7, 11), None]),
    "linear, one row": ("linear", [numbers(1, 9), numbers(9, 11), numbers(11)]),
    "conv2d": ("conv2d", [numbers(2, 4, 6, 7), numbers(6, 4, 3, 3), numbers(6)], sizes((6, 7), 3, 1, 1)),
    "conv2d, strided": (
        "conv2d",
        [numbers(2, 4, 6, 7), numbers(6, 2, 3, 2), numbers(6)],
        sizes((6, 7), (3, 2), (2, 1), (0, 2), (1, 2), groups=2),
    ),
    "conv2d, ReLU": (
        "conv2d",
        [numbers(2, 8, 6, 7), numbers(9, 8, 3, 3), numbers(9)],
        sizes((6, 7), 3, 1, 1),
        True,
    ),
    "conv2d, depthwise": (
        "conv2d",
        [numbers(2, 4, 6, 7), numbers(4, 1, 3, 3), None],
        sizes((6, 7), 3, 1, 1, groups=4),
    ),
    "conv2d, depthwise and strided": (
        "conv2d",
        [numbers(2, 4, 9, 11), numbers(4, 1, 5, 5), numbers(4)],
        sizes((9, 11), 5, 2, 2, groups=4),
        True,
    ),
    "conv2d_gx": ("conv2d_gx", [numbers(2, 6, 5, 5), numbers(6, 4, 3, 3), numbers(4)], sizes((7, 7), 3)),
    "conv2d_gx, strided": (
        "conv2d_gx",
        [numbers(2, 6, 3, 3), numbers(6, 4, 3, 3), None],
        sizes((8, 7), 3, 2),
    ),
    "conv2d_gx, depthwise": (
        "conv2d_gx",
        [numbers(2, 4, 3, 4), numbers(4, 1, 3, 3), None],
        sizes((6, 7), 3, 2, 1, groups=4),
    ),
    "conv2d_gW, depthwise": (
        "conv2d_gW",
        [numbers(2, 4, 6, 7), numbers(2, 4, 6, 7)],
        sizes((6, 7), 3, 1, 1, groups=4),
    ),
    "conv2d_gW": ("conv2d_gW", [numbers(2, 4, 7, 7), numbers(2, 6, 5, 5)], sizes((7, 7), 3)),
    "conv2d_gW, strided": (
        "conv2d_gW",
        [numbers(2, 4, 7, 7), numbers(2, 6, 3, 4)],
        sizes((7, 7), (3, 2), 2, (0, 1)),
    ),
    "im2col": ("im2col", [numbers(2, 3, 6, 7)], sizes((6, 7), (3, 2), (1, 2), (1, 0))),
    "col2im": ("col2im", [numbers(2, 3, 3, 2, 6, 3)], sizes((6, 7), (3, 2), (1, 2), (1, 0))),
    "max_pool": ("max_pool", [numbers(2, 3, 6, 7)], sizes((6, 7), (3, 2), (1, 2), (1, 0))),
    "max_pool, dilated": ("max_pool", [numbers(2, 3, 9, 8)], sizes((9, 8), (3, 2), (1, 2), (1, 0), (2, 3))),
    "max_pool_grad": (
        "max_pool_grad",
        [numbers(2, 3, 4, 3), windows(2, 3, 4, 3)],
        sizes((6, 7), (3, 2), (1, 2)),
    ),
    "max_pool_gather": (
        "max_pool_gather",
        [numbers(2, 3, 6, 7), windows(2, 3, 4, 3)],
        sizes((6, 7), (3, 2), (1, 2)),
    ),
    "avg_pool": ("avg_pool", [numbers(2, 3, 6, 7)], sizes((6, 7), (3, 2), (1, 2), (1, 0)), False),
    "avg_pool_grad": ("avg_pool_grad", [numbers(2, 3, 6, 3)], sizes((6, 7), (3, 2), (1, 2), (1, 0)), True),
    **{
        name: (name, [numbers(5, 7)])
        for name in (
            *("neg", "abs", "sign", "exp", "expm1", "sin", "cos", "tanh"),
            *("relu", "sigmoid", "normal_cdf", "erf", "hardswish"),
        )
    },
    **{name: (name, [abs(numbers(5, 7))]) for name in ("log", "log1p", "sqrt")},
    **{
        name: (name, [numbers(5, 7), numbers(5, 7, seed=1)])
        for name in (
            *("add", "sub", "mul", "div", "maximum", "minimum", "relu_grad"),
            "hardswish_grad",
            *("equal", "greater", "greater_equal", "less", "less_equal"),
        )
    },
    **{
        name: (name, [numbers(5, 7), numbers(5, 7, seed=1), abs(numbers(5, 7, seed=2))])
        for name in ("gelu_grad", "silu_grad")
    },
    "add, rows": ("add", [numbers(5, 7), numbers(7, seed=1)]),
    "add, columns": ("add", [numbers(5, 1), numbers(5, 7, seed=1)]),
    "mul, masked": ("mul", [numbers(5, 7), numbers(5, 7, seed=1) > 0]),
    "pow": ("pow", [numbers(5, 7)], 3),
    "where": ("where", [numbers(5, 7) > 0, numbers(5, 7, seed=1), numbers(7, seed=2)]),
    "max_pool_grad, dilated": (
        "max_pool_grad",
        [numbers(2, 3, 2, 6), windows(2, 3, 2, 6)],
        sizes((6, 9), (3, 2), 1, 0, (2, 3)),
    ),
    "avg_pool_grad, overlapping": ("avg_pool_grad", [numbers(2, 3, 6, 7)], sizes((6, 7), 3, 1, 1), False),
    "avg_pool_grad, halving": ("avg_pool_grad", [numbers(2, 3, 3, 6)], sizes((6, 13), 2, 2), True),
    "rows_grad": ("rows_grad", [numbers(6, 7), np.array([[3, 0], [3, -1], [2, 0]]).ravel()], 5),
    "dropout_mask": ("dropout_mask", [numbers(5, 7)], 0.0),  # with another ratio no two are alike
    "sum": ("sum", [numbers(2, 3, 5, 7)], (0, 2, 3), False),
    "sum, rows": ("sum", [numbers(9, 7)], 0, True),
    "mean": ("mean", [numbers(2, 3, 5, 7)], (1, 3), True),
    "max": ("max", [numbers(5, 7)], 1, False),
    "min": ("min", [numbers(5, 7)], None, False),
    "softmax_cross_entropy": ("softmax_cross_entropy", [numbers(5, 7), np.arange(5)]),
    "softmax_cross_entropy, pixels": (
        "softmax_cross_entropy",
        [numbers(2, 3, 2, 3), np.array([[[0, 1, 2], [2, 2, 1]], [[1, 0, 0], [0, 2, 0]]])],
    ),
    "softmax_cross_entropy, rows of pixels": (
        "softmax_cross_entropy",
        [numbers(2, 3, 9), np.array([[0, 1, 2, 2, 2, 1, 1, 0, 0], [0, 2, 0, 0, 1, 0, 1, 2, 2]])],
    ),
    "batch_norm": ("batch_norm", [numbers(4, 3, 5, 5), numbers(3), numbers(3)], 1e-5),
    "batch_norm_grad": (
        "batch_norm_grad",
        [numbers(4, 3, 5, 5), numbers(3), numbers(4, 3, 5, 5, seed=1)],
        1e-5,
    ),
    "softmax": ("softmax", [numbers(5, 7)], 1, False),
    "softmax, logarithm": ("softmax", [numbers(2, 5, 7)], 1, True),
    "softmax_grad": ("softmax_grad", [numbers(2, 5, 7), numbers(2, 5, 7, seed=1)], 1, False),
    "softmax_grad, logarithm": ("softmax_grad", [numbers(5, 7), numbers(5, 7, seed=1)], 1, True),
    "scale_channels": ("scale_channels", [numbers(2, 3, 5), numbers(3), numbers(3), numbers(3)]),
    "scale_channels, rows": ("scale_channels", [numbers(4, 7), numbers(7), numbers(7), numbers(7)]),
    "row_norm": ("row_norm", [numbers(4, 7, 1), numbers(1, 7), numbers(1, 7)], 1e-5),
    "row_norm, maps": ("row_norm", [numbers(6, 2, 5), numbers(3, 2), numbers(3, 2)], 1e-5),
    "row_norm_grad": ("row_norm_grad", [numbers(4, 7, 1), numbers(1, 7), numbers(4, 7, 1, seed=1)], 1e-5),
    "row_norm_grad, maps": (
        "row_norm_grad",
        [numbers(6, 2, 5), numbers(3, 2), numbers(6, 2, 5, seed=1)],
        1e-5,
    ),
    "lstm": ("lstm", [numbers(2, 3, 5), numbers(3, 6), numbers(3, 6), numbers(12, 24)]),
    "lstm_grad": (
        "lstm_grad",
        [numbers(*shape) for shape in [(2, 3, 5), (12, 24), *[(3, 3, 6)] * 2, (2, 3, 24), (2, 3, 6), (3, 6)]],
        True,
    ),
    "gru": ("gru", [numbers(2, 3, 5), numbers(3, 6), numbers(13, 18)]),
    "gru_grad": (
        "gru_grad",
        [numbers(*shape) for shape in [(2, 3, 5), (13, 18), (3, 3, 6), (2, 3, 18), *[(2, 3, 6)] * 2]],
        True,
    ),
    # those of optimizers: arrays of a row
    "sgd": ("sgd", [numbers(65, 65), numbers(65, 65, seed=1)], 0.1),  # smaller ones are computed element-wise
    "momentum_sgd": ("momentum_sgd", [numbers(5, 7), numbers(5, 7, seed=1), numbers(5, 7, seed=2)], 0.1, 0.9),
    "adagrad": ("adagrad", [numbers(5, 7), numbers(5, 7, seed=1), numbers(5, 7, seed=2) ** 2], 0.1, 1e-8),
    "rmsprop": (
        "rmsprop",
        [numbers(5, 7), numbers(5, 7, seed=1), numbers(5, 7, seed=2) ** 2, numbers(5, 7, seed=3)],
        *(0.1, 0.9, 1e-8, 0.5),
    ),
    "adadelta": (
        "adadelta",
        [numbers(5, 7), numbers(5, 7, seed=1), numbers(5, 7, seed=2) ** 2, numbers(5, 7, seed=3) ** 2],
        *(0.9, 1e-6),
    ),
    "adam": (
        "adam",
        [numbers(5, 7), numbers(5, 7, seed=1), numbers(5, 7, seed=2), numbers(5, 7, seed=3) ** 2],
        *(0.1, 0.9, 0.99, 1e-8, 0.01),
    ),
}
# Kernels that take and return rows.
UPDATES = {"sgd", "momentum_sgd", "adagrad", "rmsprop", "adadelta", "adam"}


def results(module, kernel, arrays, *settings):
    """Call a kernel; return the list of results, of an update those of its only row."""
    function = getattr(module, kernel)
    if kernel in UPDATES:
        ((*y,),) = function([tuple(arrays)], *settings)
        return y
    y = function(*arrays, *settings)
    return list(y) if isinstance(y, tuple) else [y]


def call(module, name, arrays=None):
    """Call a row of KERNELS, with other arrays if they are given; return the list of results."""
    kernel, own_arrays, *settings = KERNELS[name]
    return results(module, kernel, own_arrays if arrays is None else arrays, *settings)
