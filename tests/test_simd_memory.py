"""backends/simd/: the kernels access nothing beyond their arrays, and memory does not grow."""

import ctypes
import sys
from contextlib import contextmanager
from itertools import cycle, product

import numpy as np
import pytest
from by_simd import by_simd
from conditions import numbers
from geometries import HARD, geometries, sizes, with_edges
from hypothesis import given, settings
from simd import KERNELS, MODULES, call, results
from test_simd_conv import LARGE, blocks

from pyconvlite import backends
from pyconvlite.backends.simd import library, objects

pytestmark = by_simd

CALLS = 1_600 * settings().max_examples  # 40,000; 400,000 in the full run; others by --calls


def heap_size():
    """Bytes of WebAssembly memory."""
    from pyodide_js import _module

    return _module.HEAP8.length


# -------------------------------------------------------------------------------------------- guarded memory


NEW_ARRAY = ctypes.CFUNCTYPE(
    ctypes.py_object,
    *(ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.c_int),
    *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p),
)


class Guarded:
    """NumPy with a guard zone on both sides of each new array."""

    STRIP = 256

    def __init__(self):
        self.memories = []

    def __getattr__(self, name):
        return getattr(np, name)

    def empty(self, shape, dtype):
        size = int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize
        memory = np.full(size + 2 * self.STRIP, 0xFF, np.uint8)  # of float32, NaN
        self.memories.append(memory)
        return memory[self.STRIP : self.STRIP + size].view(dtype).reshape(shape)

    def zeros(self, shape, dtype):
        array = self.empty(shape, dtype)
        array[...] = 0
        return array

    def copy(self, a):
        copy = self.empty(a.shape, a.dtype)
        copy[...] = a
        return copy

    @contextmanager
    def served_to_objects(self):
        """Inside, the functions that allocate by NumPy's C API take their results from here."""
        module, _ = library.load()
        new_array = NEW_ARRAY(self.new_array)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(objects, "array_api", lambda: {objects.NEW_ARRAY: objects.address_of(new_array)})
            objects.connect(module)
        yield
        objects.connect(module)

    def new_array(self, kind, ndim, shape, dtype, *_):
        return self.empty(shape[:ndim], np.dtype("?" if dtype == 0 else "f"))

    def check(self):
        for memory in self.memories:
            assert (memory[: self.STRIP] == 0xFF).all()
            assert (memory[-self.STRIP :] == 0xFF).all()


def check_guarded(kernel, arrays, *settings):
    """In guarded memory a kernel's results are bit-identical: it reads no NaN beside its arrays."""
    kernels = backends.kernels(numbers())

    guarded = Guarded()
    copies = [None if a is None else guarded.copy(a) for a in arrays]
    expected = results(kernels, kernel, arrays, *settings)
    with pytest.MonkeyPatch.context() as patch, guarded.served_to_objects():
        for module in MODULES:
            patch.setattr(module, "np", guarded)
        found = results(kernels, kernel, copies, *settings)
    guarded.check()
    for y, plain in zip(found, expected, strict=True):
        np.testing.assert_array_equal(y, plain)


class TestGuardedMemory:
    @pytest.mark.parametrize("name", KERNELS)
    def test_every_kernel(self, name):
        check_guarded(*KERNELS[name])

    @pytest.mark.parametrize("g", [*HARD.values(), *LARGE.values()], ids=[*HARD, *LARGE])
    def test_difficult_convolutions(self, g):
        self.check_convolution(g)

    @given(geometries())
    def test_random_small_convolution(self, g):
        self.check_convolution(g)

    @given(blocks())
    def test_random_larger_convolution(self, g):
        self.check_convolution(g)

    @given(with_edges(blocks() | geometries()))
    def test_random_convolution_with_asymmetric_padding(self, g):
        self.check_convolution(g)

    def check_convolution(self, g):
        x, W, b = g.arrays(g.x_shape, g.W_shape, g.W_shape[:1], dtype=np.float32)
        gy = numbers(len(x), len(W), *g.sizes.output_size)
        check_guarded("conv2d", [x, W, b], g.sizes)
        check_guarded("conv2d_gx", [gy, W, None], g.sizes)
        check_guarded("conv2d_gW", [x, gy], g.sizes)
        check_guarded("im2col", [x], g.sizes)

    @given(geometries())
    def test_random_pooling(self, g):
        N, C = g.x_shape[0], min(g.W_shape[0], g.x_shape[1])
        self.check_pooling(numbers(N, C, *g.x_shape[2:]), g.sizes)

    @pytest.mark.parametrize("kernel", [1, 2, 3])
    def test_pooling_windows_beyond_the_image(self, kernel):
        for H, W in product(range(5, 9), range(5, 19)):
            x = numbers(2, 2, H, W)
            self.check_pooling(x, sizes((H, W), kernel, 2, ceil_mode=True))
            self.check_pooling(x, sizes((H, W), kernel, 2, ((0, 1), (0, 2))))

    def check_pooling(self, x, geometry):
        gy = numbers(*x.shape[:2], *geometry.output_size)
        check_guarded("max_pool", [x], geometry)
        _, indexes = backends.kernels(x).max_pool(x, geometry)
        check_guarded("max_pool_grad", [gy, indexes], geometry)
        check_guarded("max_pool_gather", [x, indexes], geometry)
        if geometry.dilation == (1, 1):
            check_guarded("avg_pool", [x], geometry, False)
            check_guarded("avg_pool_grad", [gy], geometry, False)

    def test_all_lengths(self):
        for n in range(1, 40):
            check_guarded("relu", [numbers(n)])
            check_guarded("relu_grad", [numbers(n), numbers(n)])
            check_guarded("less", [numbers(n), numbers()])
            check_guarded("mul", [numbers(3, n), numbers(3, 1) > 0])
            check_guarded("where", [numbers(n) > 0, numbers(3, 1), numbers(3, n)])
            for name in ("sum", "max"):
                check_guarded(name, [numbers(n)], None, False)
                check_guarded(name, [numbers(3, n)], 0, False)
                check_guarded(name, [numbers(3, n)], 1, False)
            check_guarded("matmul", [numbers(n, 5), numbers(5, n)])
            check_guarded("matmul", [numbers(5, n), numbers(n, 5)])
            check_guarded("matmul", [numbers(1, 6), numbers(6, n)])
            check_guarded("matmul", [numbers(3, n), numbers(n, 1)])
            check_guarded("softmax_cross_entropy", [numbers(2, n), np.zeros(2, np.int32)])
            labels = np.full((2, n), 2, np.int32)
            check_guarded("softmax_cross_entropy", [numbers(2, 3, n), labels])
            check_guarded("batch_norm", [numbers(3, n), numbers(n), numbers(n)], 1e-5)
            check_guarded("batch_norm_grad", [numbers(3, n), numbers(n), numbers(3, n)], 1e-5)
            check_guarded("batch_norm", [numbers(2, 3, n), numbers(3), numbers(3)], 1e-5)
            check_guarded("batch_norm_grad", [numbers(2, 3, n), numbers(3), numbers(2, 3, n)], 1e-5)
            for log in (False, True):
                for shape, axis in (((3, n), 1), ((2, 3, n), 1), ((2, n, 5), 1)):
                    check_guarded("softmax", [numbers(*shape)], axis, log)
                    check_guarded("softmax_grad", [numbers(*shape)] * 2, axis, log)
            check_guarded("scale_channels", [numbers(2, n), *[numbers(n)] * 3])
            check_guarded("scale_channels", [numbers(2, 3, n), *[numbers(3)] * 3])
            for K, S in ((n, 1), (3, n)):
                check_guarded("row_norm", [numbers(4, K, S), *[numbers(2, K)] * 2], 1e-5)
                check_guarded("row_norm_grad", [numbers(4, K, S), numbers(2, K), numbers(4, K, S)], 1e-5)
            self.check_recurrent(1 + n % 3, n, 3, 2)
            self.check_recurrent(2, 2, n, 5)
            self.check_recurrent(2, 3, 2, n)
            check_guarded("sgd", [numbers(n)] * 2, 0.1)
            check_guarded("momentum_sgd", [numbers(n)] * 3, 0.1, 0.9)
            check_guarded("adagrad", [numbers(n) ** 2] * 3, 0.1, 1e-8)
            check_guarded("rmsprop", [numbers(n) ** 2] * 4, 0.1, 0.9, 1e-8, 0.5)
            check_guarded("adadelta", [numbers(n) ** 2] * 4, 0.9, 1e-6)
            check_guarded("adam", [numbers(n) ** 2] * 4, 0.1, 0.9, 0.99, 1e-8, 0.0)

    def check_recurrent(self, T, N, features, H):
        x, h, gh = numbers(T, N, features), numbers(N, H), numbers(T, N, H)
        kernels = backends.kernels(x)
        for needs_gx in (False, True):
            W = numbers(features + H + 1, 4 * H)
            check_guarded("lstm", [x, h, h, W])
            check_guarded("lstm_grad", [x, W, *kernels.lstm(x, h, h, W), gh, h], needs_gx)
            W = numbers(features + H + 2, 3 * H)
            check_guarded("gru", [x, h, W])
            check_guarded("gru_grad", [x, W, *kernels.gru(x, h, W), gh], needs_gx)


# ------------------------------------------------------------------------------------------------- many calls


@contextmanager
def canaries():
    """Arrays of a known pattern, between others that are allocated and freed inside."""
    kept = []
    for n in range(100):
        kept.append(np.full(100 + n, n, np.int32))
        np.empty(500 + 7 * n, np.float32)  # leaves a hole
    yield
    for n, array in enumerate(kept):
        assert (array == n).all()


def random_calls(count):
    """Call kernels with small sizes at random."""
    kernels = backends.kernels(numbers())
    rng = np.random.default_rng(0)
    pool = numbers(20_000)
    size = cycle(rng.integers(1, 8, 100_003).tolist()).__next__

    def array(*shape):
        start = 4 * size()
        return pool[start : start + int(np.prod(shape))].reshape(shape)

    def convolve(N, C, OC, KH, KW, SH, PH):
        x, W = array(N, C, KH + size(), KW + size()), array(OC, C, KH, KW)
        geometry = sizes(x.shape[2:], (KH, KW), (SH, 1), (PH, 0))
        y = kernels.conv2d(x, W, array(OC), geometry)
        kernels.conv2d_gx(y, W, None, geometry)
        kernels.conv2d_gW(x, y, geometry)
        return 3

    def any_convolution():
        return convolve(min(size(), 3), size(), size(), size(), size(), size(), size() % 3)

    def square_kernel():
        K = 3 + 2 * (size() % 2)
        return convolve(1, 8, 7 + size(), K, K, 1, size() % 3)

    def depthwise():
        C, K, S, N = size(), size(), 1 + size() % 3, min(size(), 3)
        x, W = array(N, C, K + size(), K + size()), array(C, 1, K, K)
        geometry = sizes(x.shape[2:], K, S, K // 2, groups=C)
        y = kernels.conv2d(x, W, array(C), geometry)
        kernels.conv2d_gx(y, W, None, geometry)
        kernels.conv2d_gW(x, y, geometry)
        return 3

    def pooling():
        K, S = size(), size()
        x = array(min(size(), 3), size(), K + size(), K + size())
        geometry = sizes(x.shape[2:], K, S, (K // 2, 0))
        y, indexes = kernels.max_pool(x, geometry)
        kernels.max_pool_grad(y, indexes, geometry)
        kernels.max_pool_gather(x, indexes, geometry)
        y = kernels.avg_pool(x, geometry, True)
        kernels.avg_pool_grad(y, geometry, True)
        kernels.col2im(kernels.im2col(x, geometry), geometry)
        return 7

    def products():
        M, K, N = size(), size(), size()
        kernels.matmul(array(M, K), array(N, K).T)
        kernels.matmul(array(2, M, K), array(2, K, N))
        return 2

    def pointwise():
        x, W = array(size(), size()), array(size())
        kernels.relu_grad(x, kernels.relu(x))
        kernels.mul(x, kernels.less(kernels.mean(x, 0, False), 0.0))
        gamma, t = array(x.shape[1]), np.zeros(len(x), np.int32)
        kernels.batch_norm_grad(x, gamma, kernels.batch_norm(x, gamma, gamma, 1e-5)[0], 1e-5)
        kernels.softmax_cross_entropy(x, t)
        kernels.softmax_grad(kernels.softmax(x, 1, True), x, 1, False)
        kernels.scale_channels(x, gamma, gamma, gamma)
        rows, gammas = x[..., np.newaxis], gamma[np.newaxis]
        kernels.row_norm_grad(rows, gammas, kernels.row_norm(rows, gammas, gammas, 1e-5), 1e-5)
        rows = [(W, W), (x, x), (gamma, gamma)]
        kernels.momentum_sgd(
            [(*row, new_W) for row, (new_W,) in zip(rows, kernels.sgd(rows, 0.1), strict=True)], 0.1, 0.9
        )
        kernels.adam([(*row, row[0], row[0] * row[0]) for row in rows], 0.1, 0.9, 0.99, 1e-8, 0.0)
        return 15

    def recurrent():
        T, N, features, H = min(size(), 3), size(), size(), size()
        x, h = array(T, N, features), array(N, H)
        W = array(features + H + 1, 4 * H)
        kernels.lstm_grad(x, W, *(saved := kernels.lstm(x, h, h, W)), saved[0][1:], h, True)
        W = array(features + H + 2, 3 * H)
        kernels.gru_grad(x, W, *(saved := kernels.gru(x, h, W)), saved[0][1:], True)
        return 4

    kinds = cycle([any_convolution, square_kernel, depthwise, pooling, products, pointwise, recurrent])
    while count > 0:
        count -= next(kinds)()


def test_many_calls_do_not_corrupt_memory(request):
    random_calls(2_000)  # Python's own pools fill up
    with canaries():
        size, blocks = heap_size(), sys.getallocatedblocks()
        random_calls(request.config.getoption("calls") or CALLS)
        assert heap_size() == size
        assert sys.getallocatedblocks() - blocks < 1_000


def test_pointers_stay_valid_when_memory_grows():
    kernels = backends.kernels(numbers())
    before = {name: call(kernels, name) for name in KERNELS}
    for name, expected in before.items():
        size, held = heap_size(), []
        while heap_size() == size:
            held.append(np.ones(2**21, np.float32))
        for y, other in zip(call(kernels, name), expected, strict=True):
            np.testing.assert_array_equal(y, other)
        if heap_size() > 2**30:
            break
