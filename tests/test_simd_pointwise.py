"""backends/simd/: pooling, sums, losses, normalization and optimizers equal NumPy's."""

from functools import partial
from itertools import chain, combinations

import numpy as np
import pytest
import simd
from by_simd import by_simd
from conditions import batch_norm, check_optimizer, cross_entropy, numbers, rounded, taken
from geometries import geometries
from hypothesis import assume, given
from hypothesis import strategies as st
from simd import counted
from test_pooling import SETTINGS

import pyconvlite.functions as F
import pyconvlite.optimizers as O
from pyconvlite import Model, Parameter, Variable, backends, grad, test_mode
from pyconvlite._random import seed
from pyconvlite.backends import numpy as reference

pytestmark = by_simd

SHORT = 8  # allowed roundings, as conditions.py has them, of short sums; the worst seen is 3.8
check = partial(simd.check, constant=SHORT)

# (x's shape, kernel_size, stride, pad)
POOLS = {name: ((2, 3, 6, 7), *setting) for name, setting in SETTINGS.items()} | {
    "one row of an image": ((2, 3, 1, 9), (1, 2), 1, 0),
    "1x1 image": ((2, 3, 1, 1), 1, 1, 0),
    "empty batch": ((0, 3, 6, 7), 2, 2, 0),
    "window beyond the image": ((1, 2, 3, 4), (7, 8), 1, 3),
    "MNIST's": ((4, 16, 28, 28), 2, 2, 0),
    "overlapping, large": ((2, 5, 29, 33), 3, 2, 1),
    "stride 3": ((2, 5, 29, 33), 2, 3, 1),
    "long row": ((1, 2, 1, 5000), (1, 5), (1, 3), (0, 2)),
    "an index of 8 bits": ((1, 2, 20, 19), (15, 17), 1, 2),
    "an index of 16 bits": ((1, 2, 20, 19), (17, 17), 1, 2),
    "many images": ((64, 3, 4, 4), 2, 2, 0),
}
pools = pytest.mark.parametrize(("shape", "kernel", "stride", "pad"), POOLS.values(), ids=POOLS)
PADDED = {"padding alone in a window": ((1, 2, 3, 4), 2, 2, 4)}
averages = pytest.mark.parametrize(
    ("shape", "kernel", "stride", "pad"), [*POOLS.values(), *PADDED.values()], ids=[*POOLS, *PADDED]
)


class TestPooling:
    @pools
    def test_max(self, shape, kernel, stride, pad):
        self.check_max(numbers(*shape), kernel, stride, pad)

    @pools
    def test_first_of_equal_maxima(self, shape, kernel, stride, pad):
        """Behind a ReLU many pixels are 0."""
        self.check_max(np.maximum(numbers(*shape), 0).round(), kernel, stride, pad)

    @given(geometries(max_dilation=3, pad_below_kernel=True))
    def test_random_max(self, g):
        (x,) = g.arrays(g.x_shape, dtype=np.float32)
        image = np.ones((1, 1, *x.shape[2:]))
        assume(np.isfinite(reference.max_pool(image, g.sizes)[0]).all())  # each window has a pixel
        self.check_max(x, g.kernel, g.stride, g.pad, dilation=g.options["dilation"])

    @pytest.mark.parametrize(
        ("shape", "kernel", "stride", "pad", "dilation"),
        [
            ((2, 3, 6, 7), 2, 1, 0, 2),
            ((2, 3, 9, 13), (3, 2), (1, 2), (2, 1), (2, 3)),
            ((2, 3, 29, 33), 3, 2, 2, (1, 5)),
            ((1, 2, 3, 40), (1, 3), 1, (0, 2), (7, 12)),
            ((2, 16, 28, 28), 2, 2, 0, 2),
            ((2, 3, 5, 6), 3, 1, 2, 3),
        ],
    )
    def test_dilated_max(self, shape, kernel, stride, pad, dilation):
        self.check_max(numbers(*shape), kernel, stride, pad, dilation=dilation)
        self.check_max(np.maximum(numbers(*shape), 0).round(), kernel, stride, pad, dilation=dilation)

    def check_max(self, x, *settings, **options):
        check(lambda x: F.pooling(x, *settings, **options), x, condition=taken)
        ours, numpys = (F.Pooling(*settings, **options) for _ in range(2))
        y = ours(x)
        with backends.use("numpy"):
            np.testing.assert_array_equal(y.data, numpys(x).data)
        np.testing.assert_array_equal(ours.indexes, numpys.indexes)
        assert ours.indexes.dtype == numpys.indexes.dtype

    @pytest.mark.parametrize("count_include_pad", [True, False])
    @averages
    def test_average(self, shape, kernel, stride, pad, count_include_pad):
        self.check_average(numbers(*shape), kernel, stride, pad, count_include_pad=count_include_pad)

    @given(geometries(max_dilation=1), st.booleans())
    def test_random_average(self, g, count_include_pad):
        (x,) = g.arrays(g.x_shape, dtype=np.float32)
        self.check_average(x, g.kernel, g.stride, g.pad, count_include_pad=count_include_pad)

    @pytest.mark.parametrize("ceil_mode", [False, True])
    @pytest.mark.parametrize("stride", [1, 2, (3, 4)])
    @pytest.mark.parametrize("pad", ["same", ((0, 1), (2, 0)), ((1, 2), (0, 1))], ids=str)
    def test_asymmetric_padding(self, pad, stride, ceil_mode):
        x, options = numbers(2, 3, 9, 14), {"ceil_mode": ceil_mode}
        check(lambda x: F.pooling(x, 3, stride, pad, **options), x, condition=taken)
        for counted_pad in (False, True):
            options["count_include_pad"] = counted_pad
            check(lambda x: F.average_pooling(x, 3, stride, pad, **options), x)

    @pytest.mark.parametrize("size", [(7, 15), (8, 15), (7, 16), (3, 31)], ids=str)
    @pytest.mark.parametrize("options", [{"ceil_mode": True}, {"pad": "same"}], ids=str)
    def test_adjacent_windows_beyond_the_image(self, size, options):
        x = numbers(2, 3, *size)
        check(lambda x: F.pooling(x, 2, 2, **options), x, condition=taken)
        check(lambda x: F.average_pooling(x, 2, 2, **options), x)

    def check_average(self, x, *settings, **options):
        check(lambda x: F.average_pooling(x, *settings, **options), x)

    def test_index_beyond_16_bits_uses_numpy(self):
        x = numbers(1, 1, 256, 257)
        pool = F.Pooling(256)
        with counted() as calls:
            y = pool(x)
            F.sum(y).backward()
        assert calls["max_pool", "numpy"] == 1
        np.testing.assert_array_equal(y.data.ravel(), [x[..., :256].max(), x[..., 1:].max()])


class TestActivations:
    @pytest.mark.parametrize(
        "shape", [(n,) for n in range(1, 20)] + [(), (3, 5), (2, 3, 4, 5), (1001,), (0, 3)]
    )
    def test_relu(self, shape):
        x = numbers(*shape)
        check(F.relu, x, condition=taken)
        y = F.relu(x).data
        assert isinstance(y, np.ndarray)
        np.testing.assert_array_equal(y, np.maximum(x, 0))

    def test_the_gradient_at_zero_is_zero(self):
        x = Variable(np.array([0.0, -0.0, 1e-45, -1e-45, 1.0, -1.0], np.float32))
        F.sum(F.relu(x)).backward()
        np.testing.assert_array_equal(x.grad.data, [0, 0, 1, 0, 1, 0])


class TestDropoutMask:
    @pytest.mark.parametrize("ratio", [0.0, 0.04, 0.3, 0.5, 0.97, 0.999])
    @pytest.mark.parametrize("shape", [(n,) for n in (1, 3, 4, 15, 16, 17, 1000)] + [(), (3, 5, 7)])
    def test_mask_of_a_seed_equals_numpy(self, shape, ratio):
        x = np.empty(shape, np.float32)
        seed(7)
        mask = backends.kernels(x).dropout_mask(x, ratio)
        seed(7)
        np.testing.assert_array_equal(mask, reference.dropout_mask(x, ratio))

    def test_each_call_draws_a_mask_of_the_right_density(self):
        masks = [backends.kernels(numbers()).dropout_mask(numbers(200, 300), 0.3) == 0 for _ in range(2)]
        for mask in masks:
            assert abs(mask.mean() - 0.3) < 0.01  # five standard deviations
            assert abs(mask.mean(axis=0) - 0.3).max() < 0.17
        assert abs((masks[0] & masks[1]).mean() - 0.09) < 0.006


class TestRows:
    @pytest.mark.parametrize("width", [(), (1,), (3,), (4,), (2, 5)])
    @pytest.mark.parametrize("index", [[0], [2, 2, 0, -1, 2], [[1, 0], [3, 1]], [-4, 3]])
    def test_gradient(self, index, width):
        check(lambda W: F.get_item(W, np.array(index)), numbers(4, *width))

    @pytest.mark.parametrize("row", [4, -5, 2**30])
    def test_index_out_of_bounds_is_named(self, row):
        with pytest.raises(IndexError, match=str(row)):
            backends.kernels(numbers()).rows_grad(numbers(2, 3), np.array([0, row]), 4)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16])
    def test_small_integer_index(self, dtype):
        index = np.resize(np.arange(100, dtype=dtype), 5000)
        check(lambda W: F.get_item(W, index), numbers(300, 2))

    def test_gradient_of_an_often_repeated_row(self):
        index = np.zeros(1 << 17, int)
        gy = np.full((index.size, 4), 0.1, np.float32)
        gx = backends.kernels(gy).rows_grad(gy, index, 2)
        np.testing.assert_allclose(gx[0], index.size * np.float64(gy[0]), rtol=1e-6)


class TestSum:
    @pytest.mark.parametrize("keepdims", [True, False])
    @pytest.mark.parametrize(
        "shape", [(7,), (1,), (3, 4), (1, 5), (5, 1), (2, 3, 4), (3, 2, 5, 4), (2, 1, 3, 1)]
    )
    def test_axes(self, shape, keepdims):
        x = numbers(*shape)
        axes = range(x.ndim)
        for axis in (
            None,
            *axes,
            -1,
            *chain.from_iterable(combinations(axes, n) for n in range(len(axes) + 1)),
        ):
            check(lambda x, axis=axis: F.sum(x, axis, keepdims), x)

    # Where whole rows are added up, one by one as NumPy does, errors grow with the root of how many.
    @pytest.mark.parametrize(
        ("shape", "axis", "constant"),
        [
            ((1_000_000,), None, SHORT),
            ((1000, 1001), 0, 64),
            ((100_001, 3), 0, 256),
            ((3, 100_001), 1, SHORT),
            ((32, 16, 28, 28), (0, 2, 3), SHORT),
            ((2, 3, 500, 501), (0, 2, 3), SHORT),
            ((5000, 7, 1, 1), (0, 2, 3), 64),
            ((50, 60, 70), (1, 2), SHORT),
            ((50, 60, 70), (0, 1), 128),
        ],
    )
    @pytest.mark.parametrize("mean", [0, 10])
    def test_long(self, shape, axis, constant, mean):
        check(lambda x: F.sum(x, axis), numbers(*shape) + np.float32(mean), order=1, constant=constant)


class TestSoftmaxCrossEntropy:
    @pytest.mark.parametrize("scale", [1, 30, 1000])
    @pytest.mark.parametrize(
        "shape", [(1, 1), (1, 10), (7, 2), (6, 3), (5, 4), (5, 5), (64, 10), (5, 1000), (32, 257)]
    )
    def test_shapes(self, shape, scale):
        self.check(shape, scale)

    @given(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    def test_random(self, shape):
        self.check(shape, 3)

    def check(self, shape, scale):
        N, classes = shape
        x = numbers(*shape) * np.float32(scale)
        for label in (np.int64, np.int32, np.uint8):
            t = np.random.default_rng(0).integers(0, min(classes, 256), N).astype(label)
            check(F.softmax_cross_entropy, x, t, condition=cross_entropy)

    def test_precision_of_small_probabilities(self):
        x = np.array([[0, -1, -15, -30, -50, -80]], np.float32)
        (gx,) = grad(F.softmax_cross_entropy(v := Variable(x), np.array([0])), v)
        p = np.exp(x.astype(np.float64))
        np.testing.assert_allclose(gx.data[:, 1:], (p / p.sum())[:, 1:], rtol=1e-5)


class TestSoftmax:
    @pytest.mark.parametrize("f", [F.softmax, F.log_softmax])
    @pytest.mark.parametrize(
        ("shape", "axis"),
        [
            *[((1,), 0), ((7,), 0), ((3, 1), 1), ((5, 4), 1), ((4, 257), -1), ((4, 9), 0)],
            *[((2, 3, 4, 5), 1), ((1, 21, 3, 3), 1), ((2, 1, 6), 1), ((3, 0), 0)],
        ],
    )
    def test_shapes(self, f, shape, axis):
        simd.check(lambda x: f(x, axis), numbers(*shape), condition=rounded, constant=64)

    @pytest.mark.parametrize("log", [False, True])
    @pytest.mark.parametrize("scale", [30, 1000])
    def test_large_scores(self, scale, log):
        kernels = backends.kernels(x := numbers(5, 9) * np.float32(scale))
        y = kernels.softmax(x, 1, log)
        true = np.exp(x.astype(float) - x.max(axis=1, keepdims=True))
        true = true / true.sum(axis=1, keepdims=True)
        there = true > 0
        expected = np.log(true[there]) if log else true[there]
        np.testing.assert_allclose(y[there], expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("f", [F.softmax, F.log_softmax])
    def test_random(self, f):
        for n in range(1, 18):
            simd.check(f, numbers(3, n), condition=rounded, constant=64)
            simd.check(f, numbers(2, 3, max(n, 4)), condition=rounded, constant=64)

    @pytest.mark.parametrize("columns", [2, 3])
    @pytest.mark.parametrize("f", [F.softmax, F.log_softmax])
    def test_fewer_columns_than_a_vector(self, f, columns):
        x = numbers(2, 5, columns)
        simd.check(lambda x: f(x, axis=1), x, condition=rounded, constant=64)
        with counted() as calls:
            f(x, axis=1)
        assert calls == {("softmax", "simd"): 1}


class TestRowNorm:
    """Layer, group and instance normalization."""

    @pytest.mark.parametrize("mean", [0, 10])
    @pytest.mark.parametrize(
        ("shape", "groups"),
        [((3, 2, 5), 1), ((2, 6, 3, 3), 3), ((1, 4, 7), 4), ((2, 8, 1), 2), ((1, 2, 40, 41), 1)],
    )
    def test_groups(self, shape, groups, mean):
        C = shape[1]
        x, gamma, beta = numbers(*shape) + np.float32(mean), numbers(C, seed=1), numbers(C, seed=2)
        simd.check(lambda *xs: F.group_norm(xs[0], groups, *xs[1:]), x, gamma, beta, condition=rounded)

    @pytest.mark.parametrize("mean", [0, 10])
    @pytest.mark.parametrize("shape", [(4, 3), (3, 7), (2, 3, 9), (5, 64), (2, 1000)])
    def test_layers(self, shape, mean):
        n = shape[-1]
        x, gamma, beta = numbers(*shape) + np.float32(mean), numbers(n, seed=1), numbers(n, seed=2)
        simd.check(lambda *xs: F.layer_norm(xs[0], n, *xs[1:]), x, gamma, beta, condition=rounded)

    def test_without_scale_and_shift(self):
        simd.check(lambda x: F.instance_norm(x), numbers(2, 3, 4, 5), condition=rounded)


class TestBatchNorm:
    @pytest.mark.parametrize("shape", [(4, 7), (2, 3, 5), (2, 3, 4, 5), (3, 1, 1, 1)])
    def test_with_running_statistics(self, shape):
        C = shape[1]
        mean, var = numbers(C, seed=3), numbers(C, seed=4) ** 2

        def f(*xs):
            with test_mode():
                return F.batch_norm(*xs, mean, var)

        simd.check(f, numbers(*shape), numbers(C, seed=1), numbers(C, seed=2), condition=rounded)

    @pytest.mark.parametrize(
        ("shape", "order"),
        [
            ((2, 3), 2),
            ((64, 5), 2),
            ((1, 2, 3), 2),
            ((4, 3, 5, 6), 2),
            ((32, 16, 14, 14), 2),
            ((2, 300, 1, 2), 2),
            ((1, 2, 1000, 1000), 1),
            ((5000, 3), 1),
        ],
    )
    @pytest.mark.parametrize("mean", [0, 10])
    def test_shapes(self, shape, order, mean):
        self.check(shape, order, mean)

    @given(st.tuples(st.integers(2, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)))
    def test_random(self, shape):
        self.check(shape, 2, 0)

    @given(st.tuples(st.integers(2, 200), st.integers(1, 40)), st.sampled_from([0, 10]))
    def test_random_matrix(self, shape, mean):
        self.check(shape, 2, mean)

    @pytest.mark.parametrize("value", [np.inf, np.nan])
    def test_nonfinite_column_does_not_affect_others(self, value):
        x, gamma, beta = Variable(numbers(70, 9)), numbers(9), numbers(9)
        x.data[66, 4] = value
        y = F.batch_norm(x, gamma, beta, np.zeros(9, np.float32), np.ones(9, np.float32))
        (gx,) = grad(F.sum(y * y), [x])
        others = np.arange(9) != 4
        assert np.isfinite(y.data[:, others]).all()
        assert np.isfinite(gx.data[:, others]).all()
        assert np.isnan(y.data[:, 4]).any()
        assert np.isnan(gx.data[:, 4]).all()

    def check(self, shape, order, mean):
        C = shape[1]
        x, gamma, beta = numbers(*shape) + np.float32(mean), numbers(C, seed=1), numbers(C, seed=2)
        zeros, ones = np.zeros(C, np.float32), np.ones(C, np.float32)
        check(lambda *xs: F.batch_norm(*xs, zeros, ones), x, gamma, beta, order=order, condition=batch_norm)

    def test_statistics(self):
        x, gamma, beta = numbers(8, 3, 5, 6) + np.float32(2), numbers(3), numbers(3)
        zeros, ones = np.zeros(3, np.float32), np.ones(3, np.float32)
        ours = F.BatchNorm(zeros, ones, 0.9, 1e-5)
        with counted() as calls:
            ours(x, gamma, beta)
        assert calls == {("batch_norm", "simd"): 1, ("mul", "simd"): 4, ("add", "simd"): 2}  # two averages
        with backends.use("numpy"):
            truth = F.BatchNorm(zeros, ones, 0.9, 1e-5)
            truth(x.astype(np.float64), gamma, beta)
        np.testing.assert_allclose(ours.avg_mean, truth.avg_mean, rtol=1e-6)
        np.testing.assert_allclose(ours.avg_var, truth.avg_var, rtol=1e-6)


OPTIMIZERS = {
    "sgd": lambda: O.SGD(0.5),
    "momentum_sgd": lambda: O.MomentumSGD(0.5, 0.8),
    "adagrad": lambda: O.AdaGrad(0.5, 1e-2),
    "rmsprop": lambda: O.RMSprop(0.1, 0.8, 1e-2, 0.5),
    "adadelta": lambda: O.AdaDelta(0.8, 1e-2),
    "adam": lambda: O.Adam(0.5, 0.8, 0.9),
    "adam, decayed": lambda: O.AdamW(0.5, 0.8, 0.9, weight_decay=0.3),
}


@pytest.mark.parametrize("shape", [(), *[(n,) for n in range(1, 10)], (5, 7), (16, 3, 5, 5)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, shape):
    gradients = [[numbers(*shape, seed=n)] for n in range(4)]
    with counted() as calls:
        found = check_optimizer(OPTIMIZERS[name], [numbers(*shape, seed=4)], gradients, SHORT)
    assert calls[name.split(",")[0], "simd"] == 4
    assert {a.dtype for a in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_update_all_parameters_at_once(name):
    """One call for those of float32, in any layout, and one for the others."""
    shapes = [(3, 5), (), (1,), (0, 2), (4, 3, 3), (17,)]
    weights = [numbers(*shape, seed=i) for i, shape in enumerate(shapes)]
    weights += [numbers(6, 4).T, numbers(9).astype(np.float64)]
    gradients = [
        [np.asarray(numbers(*W.shape, seed=n + i), W.dtype) for i, W in enumerate(weights)] for n in (9, 20)
    ]
    with counted() as calls:
        check_optimizer(OPTIMIZERS[name], weights, gradients, SHORT)
    kernel = name.split(",")[0]
    assert calls[kernel, "simd"] == 2
    assert calls[kernel, "numpy"] == 2 + 4  # of float64, then both of the oracle


@pytest.mark.parametrize("name", ["momentum_sgd", "rmsprop", "adadelta", "adam"])
def test_states_decay_to_zero_without_subnormals(name):
    """By rounding they would stay subnormal, and processors are slow with subnormal numbers."""
    model = Model()
    model.W = Parameter(numbers(7))
    optimizer = OPTIMIZERS[name]().setup(model)
    for gradient in [1e-18, *[0] * 600]:
        model.W.grad = Variable(np.full(7, gradient, np.float32))
        optimizer.update()
    for state in optimizer.states:
        assert getattr(optimizer, state)[model.W].tolist() == [0] * 7


class TestLongSums:
    """Added one by one in float32, equal numbers would give an error of up to a thousandth."""

    N = 1 << 18

    @pytest.mark.parametrize("axes", [(1, N), (1, N, 4)])
    def test_softmax(self, axes):
        x = np.full(axes, np.log(0.1), np.float32)
        x[:, 0] = 0
        kernels = backends.kernels(x)
        y = kernels.softmax(x, 1, False)
        np.testing.assert_allclose(y.sum(axis=1, dtype=np.float64), 1, atol=1e-5)
        log = np.log(1 + (self.N - 1) * 0.1)
        np.testing.assert_allclose(kernels.softmax(x, 1, True)[:, 0], -log, rtol=1e-6)
        gy = np.ones_like(x)
        np.testing.assert_allclose(kernels.softmax_grad(y, gy, 1, False), 0, atol=1e-6)

    def test_softmax_cross_entropy(self):
        x = np.full((1, self.N), np.log(0.1), np.float32)
        x[0, 0] = 0
        loss = F.softmax_cross_entropy(x, np.array([0]))
        np.testing.assert_allclose(loss.data, np.log(1 + (self.N - 1) * 0.1), rtol=1e-6)

    @pytest.mark.parametrize("parts", [1, 2])
    def test_row_norm_grad(self, parts):
        rows = 1 << 17
        x, gamma = numbers(rows, 4, 1), np.ones((parts, 4), np.float32)
        gy = np.full_like(x, 0.1)
        gx, ggamma, gbeta = backends.kernels(x).row_norm_grad(x, gamma, gy, 1e-5)
        np.testing.assert_allclose(gbeta, rows // parts * np.float64(gy[0, 0, 0]), rtol=3e-5)
        expected = reference.row_norm_grad(*(a.astype(np.float64) for a in (x, gamma, gy)), 1e-5)
        np.testing.assert_allclose(gx, expected[0], atol=1e-5)
        np.testing.assert_allclose(ggamma, expected[1], atol=1e-2)
