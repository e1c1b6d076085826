"""_traced/operators/: what ONNX's own cases do not show of operators, such as gradients and refusals."""

import numpy as np
import pytest
from onnx_files import contents, floats

from pyconvlite import Variable, onnx
from pyconvlite.onnx import Node
from pyconvlite.optimizers import Adam


@pytest.mark.parametrize(
    ("indexes", "batch_dims", "at"),
    [
        ([[1, 2, 0], [0, -1, 3]], 0, ([1, 0], [2, -1], [0, 3])),
        ([[1], [1], [0]], 0, [1, 1, 0]),
        ([[[1], [0]], [[2], [-1]]], 1, ([[0], [1]], [[1, 0], [2, -1]])),
    ],
)
def test_gathered_elements_have_gradients(indexes, batch_dims, at):
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
def test_scattered_elements_have_gradients(reduction):
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


def test_of_two_updates_of_one_place_the_last_one_counts():
    constants = {"i": np.array([[1], [0], [1]]), "u": floats(3, 2)}
    model = onnx.load(contents([("ScatterND", "x i u", "y", {})], {"x": (3, 2)}, "y", constants))
    u = constants["u"]
    np.testing.assert_array_equal(model(np.zeros((3, 2), np.float32)).data, [u[1], u[2], [0, 0]])


@pytest.mark.parametrize("inputs", ["x", "x ", "x zero"])
def test_a_triangle_of_bools(inputs):
    node = Node("Trilu", inputs.split(" "), ["y"], {"upper": 0})
    x, y = (onnx.ValueInfo(name, np.dtype(bool), (3, 3)) for name in "xy")
    found = onnx.OnnxModel(onnx.Graph([node], {"zero": np.array(0)}, [x], [y]))(np.ones((3, 3), bool))
    np.testing.assert_array_equal(found.data, np.tri(3, dtype=bool), strict=True)


@pytest.mark.parametrize(
    "indexes", [np.zeros((2, 0), int), np.zeros((2, 1)), np.array(0), np.full((1, 1), 5)]
)
def test_indexes_that_are_none(indexes):
    model = onnx.load(contents([("GatherND", "x i", "y", {})], {"x": (2, 3)}, "y", {"i": indexes}))
    with pytest.raises(ValueError, match=r"GatherND.*failed for inputs.*(needs indexes|out of bounds)"):
        model(floats(2, 3))


def test_operators_that_older_operator_sets_do_without():
    node = Node("Attention", ["x", "x", "x"], ["y"])
    info = [onnx.ValueInfo(name, np.dtype("f4"), None) for name in "xy"]
    with pytest.raises(ValueError, match=r"Attention.* is not known; export the model for operator set 22"):
        onnx.OnnxModel(onnx.Graph([node], {}, info[:1], info[1:]))


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
def test_recurrent_layers_are_trained(op):
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
    ],
)
def test_recurrent_layers_that_are_refused(settings, inputs, reason):
    constants = {"W": floats(1, 16, 3), "R": floats(1, 16, 4), "P": floats(1, 12)}
    data = contents([("LSTM", inputs, "y", settings)], {"x": (5, 2, 3)}, "y", constants)
    with pytest.raises(ValueError, match=f"LSTM.* cannot be loaded: {reason}"):
        onnx.load(data)


def test_sequences_that_are_refused():
    constants = {"W": floats(1, 16, 3), "R": floats(1, 16, 4), "n": np.array([5, 4])}
    data = contents([("LSTM", "x W R  n", "y", {})], {"x": (5, 2, 3)}, "y", constants)
    with pytest.raises(ValueError, match=r"sequences of different lengths, \[5, 4\], are not supported"):
        onnx.load(data)(floats(5, 2, 3))
    layer = ("LSTM", "x W R", "y", {"direction": "bidirectional"})
    data = contents([layer], {"x": (5, 2, 3)}, "y", constants)
    with pytest.raises(ValueError, match="needs weights for 2 directions; got 1"):
        onnx.load(data)(floats(5, 2, 3))


def test_weights_whose_gates_the_file_puts_in_order_are_parameters():
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
