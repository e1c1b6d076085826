"""What the tests of the SIMD kernels share: the same in float64 as the truth, and a look at who served."""

import sys
from contextlib import contextmanager

import numpy as np
import pytest

from pyconvlite import Variable, backends, grad

in_pyodide = pytest.mark.skipif(
    sys.platform != "emscripten", reason="the kernels are WebAssembly: they run inside Pyodide"
)
# Inside Pyodide the fixture fails where the kernels do not load: nothing here passes by NumPy alone.
by_simd = [in_pyodide, pytest.mark.usefixtures("simd")]

# How far from the truth, in parts of its largest magnitude. Sums in float32 in any order come that close, and
# so do Winograd's algorithms; a pixel that is missed, or taken twice, does not.
TOLERANCE = 2e-5

# Kernels that are NumPy's with either backend.
NUMPYS = {"moved", "normal_cdf"}


def numbers(*shape, seed=0):
    """Random float32."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def everything(f, arrays, order):
    """f's value, its gradients, their gradients and so on, each weighted with random numbers."""
    found = level = [f(*(xs := [Variable(a) for a in arrays]))]
    sources = [x for x in xs if x.dtype.kind == "f"]
    for n in range(order):
        gys = [Variable(numbers(*v.shape, seed=n).astype(v.dtype)) for v in level]
        level = grad(level, sources, gys, create_graph=n + 1 < order)
        sources += gys
        found = found + level
    return [v.data for v in found]


def check(f, *arrays, order=2, floor=0):
    """Compare f of float32 arrays, and its gradients up to an order, with NumPy's in float64.

    Where NumPy's own float32 errs by more than the tolerance, the kernels may too. `floor` is the least
    magnitude to measure errors by, for what is a difference of larger numbers.
    """
    with counted() as calls:
        ours = everything(f, arrays, order)
    if all(a.size for a in arrays):
        assert calls, "no kernel was called"
        assert {backend for kernel, backend in calls if kernel not in NUMPYS} <= {"simd"}, calls
    with backends.use("numpy"):
        numpys = everything(f, arrays, order)
        truth = everything(f, [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays], order)
    for y, numpys_y, true in zip(ours, numpys, truth, strict=True):
        assert y.dtype == numpys_y.dtype == np.float32
        assert y.shape == true.shape
        assert_close(y, numpys_y, true, floor)


def assert_close(y, numpys, true, floor=0):
    finite = np.isfinite(true)
    magnitude = np.abs(true[finite]).max(initial=floor)
    numpys_error = np.abs(numpys - true)[finite].max(initial=0)
    np.testing.assert_allclose(y, true, rtol=0, atol=max(TOLERANCE * magnitude, 2 * numpys_error))


@contextmanager
def counted():
    """How often each kernel of each backend is called inside: {(kernel, backend): calls}."""
    before, inside = backends.describe().calls, {}
    yield inside
    for kernel, calls in backends.describe().calls.items():
        inside |= {
            (kernel, who): n for who, calls_now in calls.items() if (n := calls_now - before[kernel][who])
        }
