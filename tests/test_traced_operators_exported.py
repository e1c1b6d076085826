"""The nodes of single Functions and layers: what they compute in a file, and what is refused."""

import numpy as np
import pytest
from onnx_files import Lambda, by_onnx_runtime, floats, results, saved, trained

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Parameter, as_variable, onnx
from pyconvlite.models import Sequential, SmallResNet
from pyconvlite.onnx._parsing import parse


def test_unused_constants_are_removed():
    model = Sequential(L.InstanceNorm(), L.GroupNorm(2, affine=False), L.LayerNorm((6, 6), affine=False))
    graph = parse(saved(model, floats(2, 4, 6, 6)), "the file").graph
    used = {name for node in graph.node for name in node.input}
    assert {constant.name for constant in graph.initializer} <= used


def test_asymmetric_padding_of_images_smaller_than_the_kernel():
    def make(x):
        padded = ((0, 2), (0, 1))
        x = F.pooling(F.conv2d(x, floats(2, 3, 3, 2), pad=padded), (3, 2), pad=padded)
        return F.average_pooling(x, (3, 2), pad=padded)

    x = floats(2, 3, 1, 1)
    model = Sequential(make)
    (y,) = results(onnx.load(saved(model, x)), x)
    np.testing.assert_allclose(y, results(model, x)[0], rtol=2e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_dtypes(dtype):
    model = Sequential(L.Conv2d(2, 3, in_channels=1, dtype=dtype), F.gelu)
    x = floats(1, 1, 5, 5).astype(dtype)
    (y,), (z,) = results(onnx.load(saved(model, x)), x), results(model, x)
    assert y.dtype == z.dtype == dtype
    np.testing.assert_allclose(y, z, rtol=1e-2 if dtype == np.float16 else 1e-12, atol=1e-3)


def test_batch_normalization_is_one_node():
    model = trained(SmallResNet())
    file = parse(saved(model, floats(1, 3, 32, 32)), "it")
    ops = [node.op_type for node in file.graph.node]
    assert ops.count("BatchNormalization") == sum(isinstance(m, L.BatchNorm) for m in model.modules())
    assert set(ops) == {"Conv", "BatchNormalization", "Relu", "Add", "ReduceMean", "Reshape", "Gemm"}
    assert (file.ir_version, file.opset_import[0].version) == (8, 18)


@pytest.mark.parametrize("pad", [((0, 2), (1, 2)), ((3, 0), (0, 2))], ids=str)
def test_kernel_larger_than_an_image_padded_at_one_end(pad):
    x, W = floats(2, 3, 2, 3), floats(4, 3, 4, 5)
    for f in (
        lambda x: F.conv2d(x, W, pad=pad),
        lambda x: F.pooling(x, (4, 5), pad=pad),
        lambda x: F.average_pooling(x, (4, 5), pad=pad),
    ):
        model = Lambda(lambda m, x, f=f: f(x))
        np.testing.assert_allclose(*results(onnx.load(saved(model, x)), x), *results(model, x), rtol=1e-5)


@pytest.mark.parametrize("pad", [2, (0, 3), ((0, 2), (1, 0))], ids=str)
def test_average_pooling_over_padding_alone_is_refused(pad):
    model = Sequential(lambda x: F.average_pooling(x, 2, pad=pad))
    with pytest.raises(ValueError, match="refuses an AveragePool whose pads are not less than its kernel"):
        saved(model, floats(2, 3, 4, 5))


@pytest.mark.cpython
@pytest.mark.parametrize("pad", [1, (0, 1), ((0, 1), (1, 0))], ids=str)
def test_onnxruntime_accepts_the_longest_average_padding(pad):
    model, x = Sequential(lambda x: F.average_pooling(x, 2, pad=pad)), floats(2, 3, 4, 5)
    (found,) = by_onnx_runtime(saved(model, x[:1]), x)
    np.testing.assert_allclose(found, results(model, x)[0], rtol=2e-5)


@pytest.mark.cpython
def test_zeros_before_a_max_pooling_stay_zeros():
    """ONNX Runtime before 1.32 makes them padding of the pooling, minus infinity, unless they have axes."""
    ends = (0, 0), (0, 0), (1, 1), (1, 0)
    model, x = Sequential(lambda x: F.pooling(F.pad(x, ends), 3)), floats(2, 1, 4, 5) - 9
    file = saved(model, x[:1])
    pad, _ = parse(file, "it").graph.node
    assert len(pad.input) == 4
    (found,) = by_onnx_runtime(file, x)
    np.testing.assert_array_equal(found, results(model, x)[0])


def test_prelu_is_one_node():
    model = Sequential(L.Conv2d(4, 3, in_channels=1), L.PReLU(4), F.flatten)
    ops = [node.op_type for node in parse(saved(model, floats(1, 1, 5, 5)), "it").graph.node]
    assert ops == ["Conv", "Unsqueeze", "PRelu", "Reshape"]


@pytest.mark.parametrize(
    "condition",
    [
        lambda x: x > 0.01,  # no element of the example is between 0 and 0.01
        lambda x: x > -100,
        lambda x: x <= np.float64(0.1),
        lambda x: F.sin(x * 3) < x,
        lambda x: x >= F.mean(x, 1, keepdims=True),
        lambda x: F.sum(x) > 0,
    ],
)
def test_condition_of_where_is_computed_from_the_input(condition):
    model = Sequential(lambda x: F.where(condition(as_variable(x)), x * 2, -x))
    loaded = onnx.load(saved(model, np.array([[-1.0, 2.0, 0.5]], np.float32)))
    for x in (np.linspace(-200, 200, 60000, dtype=np.float32).reshape(-1, 3), -np.ones((2, 3), np.float32)):
        np.testing.assert_array_equal(loaded(x).data, model(x).data)


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("function", [F.sum, F.mean, F.max, F.logsumexp])
def test_reduction_over_no_axes(function, opset):
    """An empty list of axes is all of them in ONNX."""
    x = floats(2, 3)
    loaded = onnx.load(saved(Sequential(lambda x: function(x, axis=()) * 2), x, opset=opset))
    np.testing.assert_allclose(loaded(x).data, 2 * x, rtol=1e-6)


def test_variable_sequence_length_is_refused():
    with pytest.raises(ValueError, match="LSTM over sequences of any length has no counterpart"):
        saved(Sequential(L.LSTM(4, in_size=3)), floats(5, 2, 3))


@pytest.mark.parametrize("kind", [L.LSTM, L.GRU])
def test_a_recurrent_layer_after_another_operation(kind):
    model = Lambda(lambda m, x: m.rnn(F.transpose(x, (1, 0, 2))), rnn=kind(4, in_size=3))
    loaded, x = onnx.load(saved(model, floats(2, 5, 3))), floats(3, 5, 3, seed=1)
    np.testing.assert_allclose(*results(model, x), *results(loaded, x), atol=1e-6)


@pytest.mark.parametrize("make", [lambda: L.Linear(4, in_size=4), lambda: L.LSTM(4, 4), lambda: L.GRU(4, 4)])
def test_square_weights_are_not_transposed(make):
    layer, other, x = make(), make(), floats(2, 4)
    other.load_state_dict(onnx.load(saved(layer, x)).state_dict())
    np.testing.assert_array_equal(*results(other, x), *results(layer, x))


@pytest.mark.cpython
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize(
    "make",
    [lambda: L.Embedding(5, 2), lambda: L.Embedding(5, 2, 2), lambda: Lambda(lambda m, x: m.W[x.data])],
)
def test_index_dtypes(dtype, make):
    model, x = make(), np.array([[1, 2], [4, 0]], dtype)
    if isinstance(model, Lambda):
        model.W = Parameter(floats(5, 2))
    np.testing.assert_array_equal(by_onnx_runtime(saved(model, x[:1]), x), results(model, x))


@pytest.mark.cpython
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize(
    "function",
    [
        *(F.relu, lambda x: F.sum(x, 1), lambda x: F.mean(x, 1), lambda x: F.max(x, 1)),
        *(lambda x: F.clip(x, 0, 3), lambda x: F.cumsum(x, 1), lambda x: F.sum_to(x, (1, 4))),
    ],
)
def test_integer_operations(dtype, function):
    model, x = Sequential(function), np.arange(-4, 8).reshape(3, 4).astype(dtype)
    (y,), (z,) = by_onnx_runtime(saved(model, x[:1]), x), results(model, x)
    assert y.dtype == z.dtype
    np.testing.assert_array_equal(y, z)


@pytest.mark.parametrize(
    ("function", "dtype", "name"),
    [
        (F.relu, np.uint8, "ReLU of uint8"),
        (lambda x: x + x, np.int16, "Add of int16"),
        (lambda x: F.pooling(F.reshape(x, (-1, 1, 2, 2)), 2), np.int64, "Pooling of int64"),
    ],
)
def test_unsupported_integer_operations_are_refused(function, dtype, name):
    with pytest.raises(ValueError, match=f"{name} has no counterpart in ONNX; use F.cast before it"):
        saved(Sequential(function), np.ones((1, 4), dtype))


@pytest.mark.cpython
def test_length_0_is_not_copied_from_the_input():
    model = Sequential(lambda x: F.reshape(x[:, :, :0], (len(x), 0, 3)))
    (found,) = by_onnx_runtime(saved(model, floats(2, 3, 4)), floats(5, 3, 4))
    assert found.shape == (5, 0, 3)
    with pytest.raises(ValueError, match="Reshape to a length of 0 needs opset 14 or later"):
        saved(model, floats(2, 3, 4), opset=13)


def test_float16_norms_compute_in_float32():
    model, x = Sequential(L.LayerNorm(8, dtype=np.float16)), (300 * floats(2, 8, 8)).astype(np.float16)
    np.testing.assert_array_equal(*results(onnx.load(saved(model, x)), x), *results(model, x))


@pytest.mark.parametrize(
    "layer",
    [
        L.Linear(3, in_size=4),
        L.LSTM(3, in_size=4),
        L.LayerNorm(4),
        Sequential(L.Linear(3, in_size=4), L.PReLU(3)),
    ],
)
def test_a_float64_example(layer):
    """The checker of ONNX refuses nodes of two dtypes."""
    model, x = Sequential(layer), floats(2, 4).astype(np.float64)
    graph = parse(saved(model, x), "it").graph
    assert "Cast" in [node.op_type for node in graph.node]
    (y,), (z,) = results(onnx.load(saved(model, x)), x), results(model, x)
    assert y.dtype == z.dtype
    np.testing.assert_allclose(y, z, atol=1e-6)


def test_std_of_equal_elements():
    model, x = Lambda(lambda m, x: F.std(x, 1)), np.stack([np.zeros(3), np.arange(3)]).astype(np.float32)
    np.testing.assert_allclose(*results(onnx.load(saved(model, x[:1])), x), *results(model, x), rtol=1e-6)


def test_resize_of_an_empty_batch():
    model = Sequential(L.Conv2d(2, 3, pad=1, in_channels=1), L.Upsample(scale_factor=2))
    loaded = onnx.load(saved(model, floats(1, 1, 3, 3)))
    assert loaded(floats(0, 1, 3, 3)).shape == (0, 2, 6, 6)
