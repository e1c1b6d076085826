"""_traced/operators/: what ONNX's own cases do not cover, such as gradients and errors."""

from io import BytesIO

import numpy as np
import pytest
from onnx_files import contents, floats, run

import pyconvlite.functions as F
from pyconvlite import Variable, onnx, test_mode
from pyconvlite.models import Sequential
from pyconvlite.onnx import Node
from pyconvlite.optimizers import Adam
from pyconvlite.testing import check_backward


@pytest.mark.parametrize(
    ("indexes", "batch_dims", "at"),
    [
        ([[1, 2, 0], [0, -1, 3]], 0, ([1, 0], [2, -1], [0, 3])),
        ([[1], [1], [0]], 0, [1, 1, 0]),
        ([[[1], [0]], [[2], [-1]]], 1, ([[0], [1]], [[1, 0], [2, -1]])),
    ],
)
def test_gather_elements_gradient(indexes, batch_dims, at):
    node = ("GatherND", "x i", "y", {"batch_dims": batch_dims})
    model = onnx.load(contents([node], {"x": (2, 3, 4)}, "y", {"i": np.array(indexes)}))
    x = Variable(floats(2, 3, 4))
    y = model(x)
    np.testing.assert_array_equal(y.data, x.data[at])
    y.sum().backward()
    expected = np.zeros((2, 3, 4))
    np.add.at(expected, at, 1)
    np.testing.assert_array_equal(x.grad.data, expected)


@pytest.mark.parametrize("reduction", ["none", "add"])
def test_scatter_elements_gradient(reduction):
    node = ("ScatterND", "x i u", "y", {"reduction": reduction})
    i = np.array([[0, 1], [1, 2]])
    model = onnx.load(contents([node], {"x": (2, 3, 4), "u": (2, 4)}, "y", {"i": i}))
    x, u = Variable(floats(2, 3, 4)), Variable(floats(2, 4, seed=1))
    y = model(x, u)
    expected = x.data.copy()
    if reduction == "add":
        expected[[0, 1], [1, 2]] += u.data
    else:
        expected[[0, 1], [1, 2]] = u.data
    np.testing.assert_array_equal(y.data, expected)
    (y * y).sum().backward()
    np.testing.assert_array_equal(u.grad.data, 2 * expected[[0, 1], [1, 2]])
    gx = 2 * expected
    if reduction == "none":
        gx[[0, 1], [1, 2]] = 0
    np.testing.assert_array_equal(x.grad.data, gx)


def test_last_of_two_scatter_updates_wins():
    constants = {"i": np.array([[1], [0], [1]]), "u": floats(3, 2)}
    model = onnx.load(contents([("ScatterND", "x i u", "y", {})], {"x": (3, 2)}, "y", constants))
    u = constants["u"]
    np.testing.assert_array_equal(model(np.zeros((3, 2), np.float32)).data, [u[1], u[2], [0, 0]])


@pytest.mark.parametrize("inputs", ["x", "x ", "x zero"])
def test_trilu_of_bools(inputs):
    node = Node("Trilu", inputs.split(" "), ["y"], {"upper": 0})
    x, y = (onnx.ValueInfo(name, np.dtype(bool), (3, 3)) for name in "xy")
    found = onnx.OnnxModel(onnx.Graph([node], {"zero": np.array(0)}, [x], [y]))(np.ones((3, 3), bool))
    np.testing.assert_array_equal(found.data, np.tri(3, dtype=bool), strict=True)


@pytest.mark.parametrize(
    "indexes", [np.zeros((2, 0), int), np.zeros((2, 1)), np.array(0), np.full((1, 1), 5)]
)
def test_invalid_indexes(indexes):
    model = onnx.load(contents([("GatherND", "x i", "y", {})], {"x": (2, 3)}, "y", {"i": indexes}))
    with pytest.raises(ValueError, match=r"GatherND.*failed for inputs.*(needs indexes|out of bounds)"):
        model(floats(2, 3))


def test_unknown_operator_suggests_an_operator_set():
    node = Node("Attention", ["x", "x", "x"], ["y"])
    info = [onnx.ValueInfo(name, np.dtype("f4"), None) for name in "xy"]
    with pytest.raises(ValueError, match=r"Attention.* is not known; export the model for operator set 22"):
        onnx.OnnxModel(onnx.Graph([node], {}, info[:1], info[1:]))


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
def test_recurrent_layers_train(op):
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[op]
    shapes = {"W": (2, gates * 4, 3), "R": (2, gates * 4, 4), "B": (2, gates * 8)}
    constants = {name: floats(*shape) / 3 for name, shape in shapes.items()}
    layer = (op, "x W R B", " h", {"hidden_size": 4, "direction": "bidirectional"})
    data = contents([layer, ("ReduceSum", "h", "y", {})], {"x": ("T", "N", 3)}, "y", constants)
    model, x = onnx.load(data), floats(6, 5, 3)
    optimizer = Adam(0.01).setup(model)
    losses = []
    for _ in range(20):
        loss = ((model(x) - 10) ** 2).sum()
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert all((param.data != constants[name]).all() for name, param in model.named_params())


@pytest.mark.parametrize(
    ("settings", "inputs", "reason"),
    [
        ({"clip": 1.0}, "x W R", "clip is not supported"),
        ({"activations": ["Relu"]}, "x W R", "activations other than sigmoid, tanh, tanh are not"),
        ({"direction": "both"}, "x W R", "direction must be one of 'forward', 'reverse', 'bidirectional'"),
        ({"input_forget": 1}, "x W R", "input_forget must be one of 0"),
        ({}, "x W R     P", "peepholes are not supported"),
        ({}, "x W Q", r"R must have 4 rows for .* 2 columns; got 16: a projection .* \(proj_size\) is not"),
    ],
)
def test_unsupported_recurrent_layers(settings, inputs, reason):
    constants = {"W": floats(1, 16, 3), "R": floats(1, 16, 4), "P": floats(1, 12), "Q": floats(1, 16, 2)}
    data = contents([("LSTM", inputs, "y", settings)], {"x": (5, 2, 3)}, "y", constants)
    with pytest.raises(ValueError, match=f"LSTM.* cannot be loaded: {reason}"):
        onnx.load(data)


def test_unsupported_sequences():
    constants = {"W": floats(1, 16, 3), "R": floats(1, 16, 4), "n": np.array([5, 4])}
    data = contents([("LSTM", "x W R  n", "y", {})], {"x": (5, 2, 3)}, "y", constants)
    with pytest.raises(ValueError, match=r"sequences of different lengths, \[5, 4\], are not supported"):
        onnx.load(data)(floats(5, 2, 3))
    layer = ("LSTM", "x W R", "y", {"direction": "bidirectional"})
    data = contents([layer], {"x": (5, 2, 3)}, "y", constants)
    with pytest.raises(ValueError, match="needs weights for 2 directions; got 1"):
        onnx.load(data)(floats(5, 2, 3))


def test_weights_with_reordered_gates_are_parameters():
    """As PyTorch's older exporter writes an LSTM in training."""
    parts = [("Slice", f"W {a} {b} axis", f"W{a}", {}) for a, b in (("0", "4"), ("12", "16"), ("4", "12"))]
    nodes = [
        *parts,
        ("Concat", "W0 W12 W4", "iofc", {"axis": 0}),
        ("Unsqueeze", "iofc axis", "W1", {}),
        ("LSTM", "x W1 R", "y", {"hidden_size": 4}),
    ]
    constants = {"W": floats(16, 3), "R": floats(1, 16, 4), "axis": np.array([0])}
    constants |= {str(n): np.array([n]) for n in (0, 4, 12, 16)}
    model = onnx.load(contents(nodes, {"x": ("T", 2, 3)}, "y", constants))
    assert [name for name, _ in model.named_params()] == ["W", "R"]
    model(floats(5, 2, 3)).sum().backward()
    assert all(param.grad is not None for param in model.params())


@pytest.mark.parametrize(("scale", "expected"), [(0.6, [1, 3]), (1.5, [1, 1, 2, 3, 3, 4])])
def test_resize_of_opset_10(scale, expected):
    """As in ONNX Runtime; the first is the standard's example."""
    scales = {"s": np.array([1, scale], np.float32)}
    data = contents([("Resize", "x s", "y", {"mode": "nearest"})], {"x": (1, 4)}, "y", scales, opset=10)
    assert run(data, np.array([[1, 2, 3, 4]], np.float32)).tolist() == [expected]


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize(
    ("x", "reverse", "expected"),
    [
        ([1, 1e8, 2], 0, [0, 1, 1e8]),
        ([2, 1e8, 1], 1, [1e8, 1, 0]),
        ([1, np.inf, 2], 0, [0, 1, np.inf]),
        ([np.nan, 3, 4], 1, [7, 4, 0]),
        ([], 0, []),
    ],
)
def test_exclusive_cumsum(x, reverse, expected, axis):
    node = ("CumSum", "x a", "y", {"exclusive": 1, "reverse": reverse})
    data = contents([node], {"x": (1, None)}, "y", {"a": np.array(axis)})
    y = run(data, np.array([x], np.float32))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [expected])


def called(op, x, names, outputs="y", opset=18, constants=None, **attributes):
    """The result of a node of x, of any dtype, and constants."""
    nodes = [Node(op, names.split(" "), outputs.split(), attributes, op, opset)]
    results = [onnx.ValueInfo(name, x.dtype, None) for name in outputs.split()]
    described = onnx.Graph(
        nodes, constants or {}, [onnx.ValueInfo("x", x.dtype, x.shape)], results, opset=opset
    )
    with test_mode():
        y = onnx.OnnxModel(described)(x)
    return [v.data for v in y] if isinstance(y, tuple) else y.data


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_resize_of_integers(dtype):
    x = np.array([[[[10, 200], [30, 40]]]], dtype)
    y = called("Resize", x, "x  scales", constants={"scales": np.array([1, 1, 2, 2], "f4")}, mode="linear")
    expected = [[10, 57, 152, 200], [15, 51, 123, 160], [25, 38, 66, 80], [30, 32, 37, 40]]  # ONNX Runtime's
    assert y.dtype == dtype
    np.testing.assert_array_equal(y[0, 0], expected)


@pytest.mark.parametrize(
    ("op", "opset", "scale", "attributes", "expected"),
    [
        ("Resize", 13, 0.9, {"mode": "linear"}, 9),  # 0.9 of float32 is less than that of float64
        ("Upsample", 9, 1.3, {"mode": "linear"}, 13),
        (
            "Resize",
            13,
            0.6,
            {
                "mode": "nearest",
                "nearest_mode": "floor",
                "coordinate_transformation_mode": "asymmetric",
            },
            [0, 1, 3, 5, 6, 8],
        ),
    ],
)
def test_resize_scales_are_float32(op, opset, scale, attributes, expected):
    x = np.arange(10, dtype=np.float32).reshape(1, 1, 1, 10)
    names = "x scales" if op == "Upsample" else "x  scales"
    constants = {"scales": np.array([1, 1, 1, scale], "f4")}
    (y,) = called(op, x, names, opset=opset, constants=constants, **attributes)[0, 0]
    assert len(y) == expected if isinstance(expected, int) else y.tolist() == expected


@pytest.mark.parametrize(
    ("op", "names", "message"),
    [
        ("OneHot", "x depth values", "depth must be at least 1; got -1"),  # PyTorch's, without num_classes
        ("GlobalAveragePool", "x", r"needs an input with axes after \(N, C\)"),  # of an image without a batch
        ("GlobalMaxPool", "x", r"needs an input with axes after \(N, C\)"),
    ],
)
def test_inputs_that_an_operator_cannot_take_are_refused(op, names, message):
    constants = {"depth": np.array(-1), "values": np.array([0, 1])} if op == "OneHot" else {}
    with pytest.raises(ValueError, match=message):
        called(op, floats(2, 3), names, constants=constants)


@pytest.mark.parametrize(("outputs", "axis"), [("y", 1), ("y mean inverse", -1)])
def test_layer_normalization_of_large_float16(outputs, axis):
    x = (1000 * floats(2, 3, 8)).astype(np.float16)
    y = called("LayerNormalization", x, "x scale", outputs, constants={"scale": np.ones(8, "f2")}, axis=axis)
    wide, axes = x.astype(float), tuple(range(axis % 3, 3))
    mean, std = wide.mean(axes, keepdims=True), wide.std(axes, keepdims=True)
    expected = [(wide - mean) / std, mean, 1 / std]
    found = y if isinstance(y, list) else [y]
    assert [v.dtype for v in found] == [np.float16, np.float32, np.float32][: len(found)]
    for v, w in zip(found, expected, strict=False):
        np.testing.assert_allclose(v, w, rtol=2e-3, atol=1e-3)


def test_float16_batch_normalization_with_float32_statistics():
    x = floats(2, 3, 4).astype(np.float16)
    constants = {"s": floats(3), "b": floats(3, seed=1), "m": floats(3, seed=2), "v": np.ones(3, "f4")}
    y = called("BatchNormalization", x, "x s b m v", opset=15, constants=constants, epsilon=0.0)
    s, b, m = (constants[name].reshape(3, 1) for name in "sbm")
    assert y.dtype == np.float16
    np.testing.assert_allclose(y, (x - m) * s + b, rtol=1e-2, atol=1e-2)


def test_einsum_keeps_integer_dtype():
    y = called("Einsum", np.arange(6, dtype=np.int32).reshape(2, 3), "x", equation="ij->i")
    assert (y.dtype, y.tolist()) == (np.int32, [3, 12])


def test_exclusive_cumsum_keeps_integer_dtype():
    nodes = [("Cast", "x", "i", {"to": 6}), ("CumSum", "i a", "y", {"exclusive": 1})]
    y = run(contents(nodes, {"x": (3,)}, "y", {"a": np.array(0)}), np.array([1, 2, 3], np.float32))
    assert (y.dtype, y.tolist()) == (np.int32, [0, 1, 3])


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceProd", "ReduceMax", "ReduceL1", "ReduceSumSquare"])
def test_reduction_over_no_axes_keeps_the_dtype(op):
    nodes = [("Cast", "x", "i", {"to": 6}), (op, "i", "y", {"noop_with_empty_axes": 1})]
    y = run(contents(nodes, {"x": (1, 2)}, "y"), np.ones((1, 2), np.float32))
    assert (y.dtype, y.tolist()) == (np.int32, [[1, 1]])


@pytest.mark.parametrize(
    ("start", "end", "step", "expected"),
    [(-9, -9, -1, [0]), (-9, -9, -2, [0]), (9, -9, -2, [3, 1]), (2, 0, -1, [2, 1]), (-9, 9, 3, [0, 3])],
)
def test_slice_start_is_clamped(start, end, step, expected):
    """As in the standard: a negative step from before the first element starts at the first."""
    constants = {"s": np.array([start]), "e": np.array([end]), "a": np.array([1]), "n": np.array([step])}
    data = contents([("Slice", "x s e a n", "y", {})], {"x": (1, 4)}, "y", constants)
    assert run(data, np.arange(4, dtype=np.float32)[None]).tolist() == [expected]


@pytest.mark.parametrize(
    ("node", "outputs", "expected"),
    [
        (("ArgMax", "x", "y", {"axis": 3}), "y", [[[[1], [0]]]]),
        (("ArgMin", "x", "y", {"axis": 3, "select_last_index": 1, "keepdims": 0}), "y", [[[2, 2]]]),
        (("MaxPool", "x", "h y", {"kernel_shape": [2, 2]}), "y", [[[[1, 1]]]]),
        (("MaxPool", "x", "h y", {"kernel_shape": [2, 2], "storage_order": 1}), "y", [[[[2, 2]]]]),
        (("Shape", "x", "y", {"start": 1}), "y", [1, 2, 3]),
        (("Size", "x", "y", {}), "y", 6),
    ],
)
def test_indexes_and_sizes_are_int64(node, outputs, expected):
    x = np.array([[[[1, 5, 1], [3, 2, 0]]]], np.float32)
    y = run(contents([node], {"x": x.shape}, outputs), x)
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, expected)


def test_first_of_equal_maxima_takes_the_gradient():
    x = Variable(np.zeros((1, 1, 2, 2), np.float32))
    onnx.load(contents([("GlobalMaxPool", "x", "y", {})], {"x": (1, 1, 2, 2)}, "y"))(x).backward()
    np.testing.assert_array_equal(x.grad.data, [[[[1, 0], [0, 0]]]])


def test_norm_gradient_at_zero_is_0():
    x = Variable(np.array([[0, 0], [3, 4]], np.float32))
    nodes = [("ReduceL2", "x", "y", {"axes": [1], "keepdims": 0})]
    F.sum(onnx.load(contents(nodes, {"x": (2, 2)}, "y", opset=13))(x)).backward()
    np.testing.assert_allclose(x.grad.data, [[0, 0], [0.6, 0.8]], rtol=1e-6)


def test_mod_gradient():
    x, y = (Variable(np.array(values, np.float32)) for values in ([5.5, -5.5, 2.0], [2.0, 2.0, np.inf]))
    z = onnx.load(contents([("Mod", "x y", "z", {"fmod": 1})], {"x": (3,), "y": (3,)}, "z"))(x, y)
    z.backward()
    np.testing.assert_array_equal(z.data, np.fmod(x.data, y.data))
    np.testing.assert_array_equal(x.grad.data, [1, 1, 1])
    np.testing.assert_array_equal(y.grad.data, [-2, 2, 0])


def test_batch_normalization_of_opset_7_says_that_it_is_of_channels():
    x, constants = floats(2, 3, 4), {name: floats(3) for name in "sbm"} | {"v": np.ones(3, np.float32)}
    call = {"names": "x s b m v", "constants": constants}
    old = called("BatchNormalization", x, opset=7, spatial=1, **call)
    np.testing.assert_array_equal(old, called("BatchNormalization", x, opset=9, **call))
    with pytest.raises(ValueError, match="spatial must be one of 1"):
        called("BatchNormalization", x, opset=7, spatial=0, **call)


def test_batch_normalization_by_computed_statistics_has_their_gradient():
    """As PyTorch's newer exporter writes BatchNorm2d(track_running_stats=False)."""
    axes, x = {"axes": [0, 2], "keepdims": 0}, floats(2, 3, 4).astype(np.float64)
    nodes = [
        Node("ReduceMean", ["x"], ["m"], axes, version=13),
        Node("Reshape", ["m", "column"], ["c"]),
        Node("Sub", ["x", "c"], ["d"]),
        Node("Mul", ["d", "d"], ["s"]),
        Node("ReduceMean", ["s"], ["v"], axes, version=13),
        Node("BatchNormalization", ["x", "scale", "bias", "m", "v"], ["y"]),
    ]
    constants = {name: np.arange(1.0, 4.0) for name in ("scale", "bias")} | {"column": np.array([-1, 1])}
    infos = [[onnx.ValueInfo(name, x.dtype, x.shape)] for name in "xy"]
    with test_mode():
        check_backward(onnx.OnnxModel(onnx.Graph(nodes, constants, *infos)), [x])


def test_running_statistics_in_a_model_that_is_exported_again_are_not_trained():
    constants = {name: floats(3) for name in ("scale", "bias", "mean")} | {"var": np.ones(3, np.float32)}
    nodes = [("BatchNormalization", "x scale bias mean var", "y", {})]
    model, x = Sequential(onnx.load(contents(nodes, {"x": ("N", 3)}, "y", constants))), floats(4, 3)
    file = BytesIO()
    onnx.save(model, file, x)
    again = onnx.load(file.getvalue())
    names = [name.rpartition("/")[2] for name, param in again.named_params() if param.requires_grad]
    assert sorted(names) == ["bias", "scale"]


@pytest.mark.parametrize("outputs", ["y", "y new_mean new_var"])
def test_batch_normalization_in_training_mode(outputs):
    """A file written in training: training updates its statistics, test mode uses them."""
    constants = {name: floats(3) for name in ("scale", "bias", "mean")} | {"var": np.ones(3, np.float32)}
    settings = {"training_mode": 1, "momentum": 0.9, "epsilon": 1e-5}
    nodes = [("BatchNormalization", "x scale bias mean var", outputs, settings)]
    model, x = onnx.load(contents(nodes, {"x": ("N", 3)}, "y", constants)), floats(4, 3)
    with test_mode():
        np.testing.assert_allclose(model(x[:1]).data, model(x).data[:1], rtol=1e-6)
    model(x)
    trained = dict(model.named_params())["mean"].data
    np.testing.assert_allclose(trained, 0.9 * constants["mean"] + 0.1 * x.mean(0), rtol=1e-5)
