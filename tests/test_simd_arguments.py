"""backends/simd/: any arguments are computed by the kernels or by NumPy, or raise an exception."""

import operator

import numpy as np
import pytest
from by_simd import by_simd
from conditions import numbers
from geometries import sizes
from simd import KERNELS, MODULES, NUMPYS, OBJECTS, SOME_ARE_NUMPYS, UPDATES, call, counted

import pyconvlite.functions as F
from pyconvlite import Variable, backends, grad, test_mode
from pyconvlite.backends import numpy as reference
from pyconvlite.backends.protocol import KERNELS as NAMES
from pyconvlite.backends.simd import serving

pytestmark = by_simd

every = pytest.mark.parametrize("name", KERNELS)


@pytest.fixture
def kernels(simd):
    return backends.kernels(numbers())


def assert_same(ours, expected):
    """To the last bit, and in the same dtype."""
    for y, other in zip(ours, expected, strict=True):
        assert np.asarray(y).dtype == np.asarray(other).dtype
        np.testing.assert_array_equal(y, other)


def test_address_of_the_first_element():
    a = numbers(3, 4, 5)
    for view in (a, a.T, a[1:, ::-1], a[:0], a[1, 2, 3:4], numbers(), np.broadcast_to(a[0], (2, 4, 5))):
        assert serving.address(view) == view.__array_interface__["data"][0]


def test_an_address_beyond_two_gigabytes_is_positive():
    class Far:
        @property
        def __array_interface__(self):  # of an array that nothing reads
            return {"data": (0xC000_0000, False), "shape": (4,), "typestr": "<f4", "version": 3}

    assert serving.address(np.asarray(Far())) == 0xC000_0000


# ------------------------------------------------------------------------------------------- who serves what


def normalized(x, gamma, beta):
    with test_mode():
        return F.batch_norm(x, gamma, beta, numbers(3), abs(numbers(3)))


SERVED = {
    "matrix product": (F.matmul, [(9, 7), (7, 11)], "matmul"),
    "turned": (lambda x, W: F.matmul(x.T, W.T), [(7, 9), (11, 7)], "matmul"),
    "batch": (F.matmul, [(3, 9, 7), (3, 7, 11)], "matmul"),
    "linear": (F.linear, [(9, 7), (7, 11), (11,)], "linear matmul sum"),
    "conv2d": (F.conv2d, [(2, 3, 6, 7), (4, 3, 3, 3), (4,)], "conv2d conv2d_gx conv2d_gW sum"),
    "conv2d and ReLU": (
        F.conv2d_relu,
        [(2, 3, 6, 7), (4, 3, 3, 3), (4,)],
        "conv2d conv2d_gx conv2d_gW sum relu_grad",
    ),
    "1x1": (F.conv2d, [(2, 3, 6, 7), (4, 3, 1, 1), (4,)], "conv2d conv2d_gx conv2d_gW sum"),
    "stride, pad and dilation": (
        lambda x, W: F.conv2d(x, W, None, (2, 1), (0, 1), dilation=(1, 2)),
        [(2, 3, 6, 7), (4, 3, 3, 2)],
        "conv2d conv2d_gx conv2d_gW",
    ),
    "groups": (
        lambda x, W: F.conv2d(x, W, groups=2),
        [(2, 4, 6, 7), (4, 2, 3, 3)],
        "conv2d conv2d_gx conv2d_gW",
    ),
    "depthwise": (
        lambda x, W: F.conv2d(x, W, groups=3),
        [(2, 3, 6, 7), (3, 1, 3, 3)],
        "conv2d conv2d_gx conv2d_gW",
    ),
    "deconv2d": (F.deconv2d, [(2, 3, 6, 7), (3, 4, 3, 3), (4,)], "conv2d conv2d_gx conv2d_gW sum"),
    "im2col": (lambda x: F.im2col(x, 3, 1, 1), [(2, 3, 6, 7)], "im2col col2im"),
    "col2im": (lambda x: F.col2im(x, (1, 2, 3, 3), 2), [(4, 8)], "im2col col2im"),
    "max pooling": (lambda x: F.pooling(x, 2), [(2, 3, 6, 7)], "max_pool max_pool_grad max_pool_gather"),
    "average pooling": (lambda x: F.average_pooling(x, 2), [(2, 3, 6, 7)], "avg_pool avg_pool_grad"),
    "relu": (F.relu, [(5, 7)], "relu relu_grad"),
    "dropout": (F.dropout, [(5, 7)], "dropout_mask"),
    "rows": (lambda W: F.get_item(W, np.array([[3, 0], [3, -1]])), [(4, 7)], "rows_grad"),
    "sum": (F.sum, [(5, 7)], "sum"),
    "loss": (
        lambda x: F.softmax_cross_entropy(x, np.arange(5)),
        [(5, 7)],
        "softmax_cross_entropy sum softmax",
    ),
    "softmax": (F.softmax, [(5, 7)], "softmax softmax_grad"),
    "logarithm of softmax": (F.log_softmax, [(5, 7)], "softmax softmax_grad sum"),
    "lstm": (lambda *xs: F.lstm(*xs)[0], [(2, 3, 4), (3, 2), (3, 2), (7, 8)], "lstm lstm_grad matmul"),
    "gru": (F.gru, [(2, 3, 4), (3, 2), (8, 6)], "gru gru_grad matmul"),
    "layer norm": (
        lambda *xs: F.layer_norm(xs[0], 7, *xs[1:]),
        [(5, 7), (7,), (7,)],
        "row_norm row_norm_grad sum",
    ),
    "batch norm's inference": (normalized, [(4, 3, 5, 5), (3,), (3,)], "scale_channels sum"),
    "batch norm": (
        lambda x, g, b: F.batch_norm(x, g, b, g, g),
        [(4, 3, 5, 5), (3,), (3,)],
        "batch_norm batch_norm_grad sum",
    ),
}


@pytest.mark.parametrize(("f", "shapes", "expected"), SERVED.values(), ids=SERVED)
def test_contiguous_float32_uses_only_simd(f, shapes, expected):
    xs = [Variable(numbers(*shape)) for shape in shapes]
    expected = {(kernel, "simd") for kernel in expected.split()}
    with counted() as calls:
        y = f(*xs)
        gy = Variable(numbers(*y.shape))
        grad(grad(y, xs, gy, create_graph=True), gy)
    assert expected <= set(calls)
    assert {kernel for kernel, who in calls if who == "numpy"} <= SOME_ARE_NUMPYS
    assert {kernel for kernel, _ in set(calls) - expected} <= OBJECTS


@pytest.mark.parametrize("name", ["less", "less_equal", "greater", "greater_equal"])
@pytest.mark.parametrize("other", [0.5, 0, numbers(7)], ids=["float", "int", "array"])
def test_a_variable_is_compared_by_simd(name, other):
    a = numbers(5, 7)
    compare = {"less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}[name]
    with counted() as calls:
        found = getattr(operator, compare)(Variable(a), other)
    assert calls == {(name, "simd"): 1}
    np.testing.assert_array_equal(found, getattr(np, name)(a, other))


def test_every_kernel_is_tested():
    serves = backends.describe().serves
    simds = {kernel for kernel, by_dtype in serves.items() if by_dtype["float32"] == "simd"}
    assert set(serves) == set(NAMES)
    assert simds == set(NAMES) - NUMPYS
    served = {kernel for _, _, kernels in SERVED.values() for kernel in kernels.split()}
    assert served | OBJECTS == simds - UPDATES
    assert {kernel for kernel, *_ in KERNELS.values()} == simds


def served_by_simd(name, calls):
    """Whether there was one call of the kernel, and none of NumPy's among those that it made itself."""
    return calls.get((KERNELS[name][0], "simd")) == 1 and {who for _, who in calls} == {"simd"}


@every
def test_each_kernel(kernels, name):
    with counted() as calls:
        ours = call(kernels, name)
    assert served_by_simd(name, calls)
    for y, expected in zip(ours, call(reference, name), strict=True):
        assert isinstance(y, np.ndarray)
        assert y.flags.c_contiguous
        assert y.flags.writeable
        assert (y.dtype, y.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------------------- layouts, dtypes


def misaligned(a):
    """The same numbers, one byte off a multiple of four."""
    memory = np.empty(a.nbytes + 1, np.uint8)
    copy = np.frombuffer(memory.data, a.dtype, a.size, offset=1).reshape(a.shape)
    copy[...] = a
    return copy


def spread(a):
    """The same numbers with others between them."""
    wide = np.full([*(2 * size for size in a.shape), 2], 99).astype(a.dtype)
    view = wide[(slice(1, None, 2),) * a.ndim + (..., 1)]
    view[...] = a
    return view


def read_only(a):
    copy = a.copy()
    copy.flags.writeable = False
    return copy


def of_fortran(a):
    return np.array(a, order="F")


def backwards(a):
    return np.flip(np.flip(a).copy())


LAYOUTS = of_fortran, backwards, spread, misaligned, read_only


@every
def test_layout_does_not_change_the_result(kernels, name):
    expected = call(kernels, name)
    for layout in LAYOUTS:
        arrays = [None if a is None else layout(a) for a in KERNELS[name][1]]
        with counted() as calls:
            ours = call(kernels, name, arrays)
        assert served_by_simd(name, calls), layout.__name__
        assert_same(ours, expected)


@every
def test_arguments_are_not_changed(kernels, name):
    _, arrays, *_ = KERNELS[name]
    before = [None if a is None else a.copy() for a in arrays]
    results = call(kernels, name)
    for a, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, copy)
        assert a is None or not any(np.shares_memory(a, y) for y in results)


def converted(arrays, dtype):
    return [a.astype(dtype) if a is not None and a.dtype == np.float32 else a for a in arrays]


@every
def test_other_dtypes_use_numpy(kernels, name):
    for dtype in ("float64", "float16", "longdouble", ">f4", "int32", "complex64"):
        arrays = converted(KERNELS[name][1], dtype)
        with counted() as calls:
            ours = outcome(lambda arrays=arrays: call(kernels, name, arrays))
        assert not any(who == "simd" for _, who in calls), dtype
        expected = outcome(lambda arrays=arrays: call(reference, name, arrays))
        assert isinstance(ours, list) or type(ours) is type(expected), (dtype, ours)
        if isinstance(ours, list):
            assert_same(ours, expected)


@every
def test_mixed_dtypes_use_numpy(kernels, name):
    arrays = KERNELS[name][1]
    for i, a in enumerate(arrays):
        if a is not None and a.dtype == np.float32 and len(arrays) > 1:
            mixed = [*arrays[:i], a.astype(np.float64), *arrays[i + 1 :]]
            with counted() as calls:
                ours = outcome(lambda mixed=mixed: call(kernels, name, mixed))
            assert not any(who == "simd" for _, who in calls)
            assert_same(ours, call(reference, name, mixed))


# ------------------------------------------------------------------------------------------ one call, another


@every
def test_calls_leave_no_state(kernels, name):
    before = call(kernels, name)
    poison = np.full((3, 5, 40, 41), np.nan, np.float32)
    for W in (np.full((7, 5, 3, 3), np.inf, np.float32), np.full((7, 5, 5, 5), np.nan, np.float32)):
        geometry = sizes((40, 41), W.shape[2:], 1, 2)
        y = kernels.conv2d(poison, W, None, geometry)
        kernels.conv2d_gx(y, W, None, geometry)
        kernels.conv2d_gW(poison, y, geometry)
    kernels.matmul(poison, poison.swapaxes(2, 3))
    for other in KERNELS:
        call(kernels, other)
    assert_same(call(kernels, name), before)


@pytest.mark.parametrize("name", [name for name in KERNELS if KERNELS[name][0] not in OBJECTS])
def test_interrupted_call_leaves_no_state(kernels, name, monkeypatch):
    """It arrives when the kernel has done its work, or half of it."""
    from pyconvlite.backends.simd import library

    functions, _ = library.load()

    class Interrupted:
        def __getattr__(self, name):
            def interrupted(*arguments):
                getattr(functions, name)(*arguments)
                raise KeyboardInterrupt

            return interrupted

    arrays = [None if a is None else read_only(a) for a in KERNELS[name][1]]
    expected = call(kernels, name)
    with monkeypatch.context() as patch:
        for module in MODULES:
            patch.setattr(module, "library", Interrupted(), raising=False)
        with counted() as calls, pytest.raises(KeyboardInterrupt):
            call(kernels, name, arrays)
    assert not served_by_simd(name, calls)
    assert_same(call(kernels, name, arrays), expected)


# ------------------------------------------------------------------------------------------ what does not fit


def outcome(f):
    """What f returns, or the exception that it raises."""
    try:
        return f()
    except Exception as error:
        return error


X, W, B = numbers(2, 4, 6, 7), numbers(6, 4, 3, 2), numbers(6)
V = numbers(4, 6, 3, 2)
SCORES, LABELS = numbers(3, 4), np.arange(3)


def conv2d_gW(gy_shape=(2, 6, 4, 6), kernel_size=(3, 2), **settings):
    conv = F.Conv2d()
    conv(X, W, B)
    gradient = F.Conv2DGradW(conv)
    vars(gradient).update({"kernel_size": kernel_size} | settings)
    return gradient(X, numbers(*gy_shape))


def pooled(function, x=None, **settings):
    """A Function that follows a max pooling, with other settings than that had."""
    pool = F.Pooling(2)
    y = pool(X)
    following = function(pool)
    vars(following).update(settings)
    return following(y if x is None else x)


MISFITS = {
    "channels": lambda: F.Conv2d()(X, numbers(6, 3, 3, 2), None),
    "groups": lambda: F.Conv2d(groups=3)(X, W, None),
    "no groups": lambda: F.Conv2d(groups=0)(X, W, None),
    "groups below zero": lambda: F.Conv2d(groups=-1)(X, W, None),
    "bias": lambda: F.Conv2d()(X, W, numbers(5)),
    "bias of one": lambda: F.Conv2d()(X, W, numbers(1)),
    "bias of many axes": lambda: F.Conv2d()(X, W, numbers(1, 6, 1, 1)),
    "an image without batch": lambda: F.Conv2d()(X[0], W, None),
    "kernels without channels": lambda: F.Conv2d()(X, W[0], None),
    "no kernels": lambda: F.Conv2d()(X, None, None),
    "kernel beyond the image": lambda: F.Conv2d()(X, numbers(6, 4, 9, 9), None),
    "kernel beyond the image, stride -1": lambda: F.Conv2d(-1)(X, numbers(6, 4, 9, 9), None),
    "kernel without rows": lambda: F.Conv2d()(X, numbers(6, 4, 0, 2), None),
    "deconv2d: channels": lambda: F.Deconv2d()(X, numbers(3, 6, 3, 2), None),
    "deconv2d: bias": lambda: F.Deconv2d()(X, V, numbers(5)),
    "deconv2d: outsize": lambda: F.Deconv2d(outsize=3)(X, V, None),
    "deconv2d: no outsize": lambda: F.Deconv2d(outsize=0)(X, V, None),
    "deconv2d: outsize below zero": lambda: F.Deconv2d(outsize=-3)(X, V, None),
    "gW: pixels": lambda: conv2d_gW((2, 6, 4, 5)),
    "gW: images": lambda: conv2d_gW((1, 6, 4, 6)),
    "gW: no kernel": lambda: conv2d_gW((2, 6, 7, 8), kernel_size=(0, 0)),
    "gW: kernel below zero": lambda: conv2d_gW((2, 6, 8, 9), kernel_size=(-1, -1)),
    "gW: groups": lambda: conv2d_gW(groups=5),
    "matmul: inner sizes": lambda: F.MatMul()(numbers(2, 3), numbers(4, 5)),
    "matmul: batches": lambda: F.MatMul()(numbers(2, 3, 4), numbers(5, 4, 2)),
    "matmul: a number": lambda: F.MatMul()(numbers(), numbers(3, 2)),
    "linear: bias": lambda: F.Linear()(numbers(2, 3), numbers(3, 4), numbers(5)),
    "sum: axis": lambda: F.Sum(4, False)(X),
    "sum: axis from the end": lambda: F.Sum(-5, False)(X),
    "sum: one axis twice": lambda: F.Sum((1, -3), False)(X),
    "sum: one axis of two": lambda: F.Sum((0, 9), False)(X),
    "label too large": lambda: F.SoftmaxCrossEntropy()(SCORES, LABELS + 2),
    "label below zero": lambda: F.SoftmaxCrossEntropy()(SCORES, LABELS - 1),
    "label far below zero": lambda: F.SoftmaxCrossEntropy()(SCORES, LABELS - 9),
    "labels that are floats": lambda: F.SoftmaxCrossEntropy()(SCORES, LABELS * 1.0),
    "labels that are truths": lambda: F.SoftmaxCrossEntropy()(SCORES, LABELS > 1),
    "too few labels": lambda: F.SoftmaxCrossEntropy()(SCORES, LABELS[:2]),
    "a column of labels": lambda: F.SoftmaxCrossEntropy()(SCORES, LABELS[:, np.newaxis]),
    "loss of one row": lambda: F.SoftmaxCrossEntropy()(SCORES[0], LABELS),
    "batch norm: gamma": lambda: F.BatchNorm(B, B, 0.9, 1e-5)(X, B, B),
    "batch norm: beta": lambda: F.BatchNorm(B, B, 0.9, 1e-5)(X, numbers(4), B),
    "batch norm: gy": lambda: F.BatchNormGrad(1e-5)(X, numbers(4), X[:, :, 1:]),
    "pooling: another kernel": lambda: pooled(F.Pooling2DGrad, kernel_size=(3, 3)),
    "pooling: no kernel": lambda: pooled(F.Pooling2DGrad, kernel_size=(0, 0)),
    "pooling: no image": lambda: pooled(F.Pooling2DGrad, input_shape=(2, 4, 0, 0)),
    "pooling: another image": lambda: pooled(F.Pooling2DGrad, input_shape=(2, 4, 3, 3)),
    "pooling: fewer indexes": lambda: pooled(F.Pooling2DGrad, indexes=np.zeros((1, 4, 5, 6), np.uint8)),
    "pooling: an index beyond the kernel": lambda: pooled(
        F.Pooling2DGrad, indexes=np.full((2, 4, 5, 6), 255, np.uint8)
    ),
    "pooling: other image to gather": lambda: pooled(F.Pooling2DWithIndexes, X[:, :, :3]),
}
HUGE = 2**31
for _name, _size in {
    "stride 0": {"stride": 0},
    "stride -1": {"stride": -1},
    "pad -1": {"pad": -1},
    "dilation 0": {"dilation": 0},
    "dilation -1": {"dilation": -1},
    "stride 2^31": {"stride": HUGE},
    "stride 2^32": {"stride": 2 * HUGE},
    "pad 2^31": {"pad": HUGE, "stride": HUGE},
    "pad 2^30": {"pad": HUGE // 2, "stride": HUGE // 2},
    "dilation 2^31": {"dilation": HUGE, "pad": HUGE, "stride": HUGE},
}.items():
    MISFITS |= {
        f"conv2d: {_name}": lambda s=_size: F.Conv2d(**s)(X, W, B),
        f"conv2d of a pixel: {_name}": lambda s=_size: F.Conv2d(**s)(X[:, :, :1, :1], W, B),
        f"deconv2d: {_name}": lambda s=_size: F.Deconv2d(**s, outsize=(6, 7))(X, V, None),
        f"gW: {_name}": lambda s=_size: conv2d_gW(**{name: (size, size) for name, size in s.items()}),
        f"im2col: {_name}": lambda s=_size: F.Im2col(3, **({"stride": 1, "pad": 0} | s), to_matrix=False)(X),
    }
    if "dilation" not in _size:
        _pairs = {name: (size, size) for name, size in _size.items()}
        MISFITS |= {
            f"pooling: {_name}": lambda s=_size: F.Pooling(2, **s)(X),
            f"pooling beyond the image: {_name}": lambda s=_size: F.Pooling(9, **s)(X),
            f"average: {_name}": lambda s=_size: F.AveragePooling(2, **s)(X),
            f"average beyond the image: {_name}": lambda s=_size: F.AveragePooling(9, **s)(X),
            f"pooling's gradient: {_name}": lambda s=_pairs: pooled(F.Pooling2DGrad, **s),
            f"pooling's gather: {_name}": lambda s=_pairs: pooled(F.Pooling2DWithIndexes, X, **s),
        }
for _size in (0, -1, (0, 2), (-2, 3), HUGE, 2 * HUGE + 2):
    MISFITS |= {
        f"pooling of {_size}": lambda k=_size: F.Pooling(k, 1, 3)(X),
        f"average of {_size}": lambda k=_size: F.AveragePooling(k, 1, 3)(X),
        f"im2col of {_size}": lambda k=_size: F.Im2col(k, 1, 3, False)(X),
    }


@pytest.mark.parametrize("f", MISFITS.values(), ids=MISFITS)
def test_mismatched_sizes_fail_as_with_numpy(f):
    """The Functions check nothing: with sizes that do not fit, a kernel could read and write anywhere."""
    with backends.use("numpy"):
        expected = outcome(f)
    y = outcome(f)
    if isinstance(expected, Exception):
        assert isinstance(y, Exception), f"{y.shape}, where NumPy raises {expected!r}"
    else:
        assert isinstance(y, Variable), y
        np.testing.assert_allclose(y.data, expected.data, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("at", [0, 3, 4])  # among four windows that are computed at once, and after them
def test_an_index_beyond_the_kernel_is_refused(kernels, stride, at):
    geometry = sizes((2, 6 * stride), 2, stride)
    x, gy = numbers(1, 1, *geometry.input_size), numbers(1, 1, *geometry.output_size)
    _, indexes = kernels.max_pool(x, geometry)
    indexes.flat[at] = 4
    for kernel, a in ((kernels.max_pool_grad, gy), (kernels.max_pool_gather, x)):
        with pytest.raises(IndexError, match="from 0 to 3 for a 2x2 kernel"):
            kernel(a, indexes, geometry)


def test_average_over_more_pixels_than_int32_counts(kernels):
    geometry = sizes((1, 1), (2**16, 2**15), 1, (2**15, 2**14))
    x = numbers(1, 1, 1, 1)
    y = kernels.avg_pool(x, geometry, True)
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 2), x / 2**31))
    np.testing.assert_array_equal(kernels.avg_pool_grad(y, geometry, True), 4 * x / 2**62)
