"""pyconvlite.onnx.load: the Model of a file, its Parameters, and how it is called and trained."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from onnx_files import branching, contents, floats, run, saved, small_net

import pyconvlite.functions as F
from pyconvlite import Variable, onnx, test_mode
from pyconvlite.models import MLP, Sequential
from pyconvlite.onnx import Node, OnnxModel, ValueInfo
from pyconvlite.optimizers import Adam


def net_by_hand(model, x):
    p = {name: param.data.astype(np.float64) for name, param in model.named_params()}
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
    h = np.einsum("nchwij,ocij->nohw", windows, p["conv.W"]) + p["conv.b"].reshape(-1, 1, 1)
    factor = p["bn.scale"] / np.sqrt(p["bn.var"] + 1e-3)
    h = (h - p["bn.mean"].reshape(-1, 1, 1)) * factor.reshape(-1, 1, 1) + p["bn.bias"].reshape(-1, 1, 1)
    return np.maximum(h, 0).mean((2, 3)) @ p["fc.W"] + p["fc.b"]


@pytest.mark.parametrize("batch", [1, 3])
def test_net_equals_its_nodes(batch):
    model = onnx.load(small_net())
    x = floats(batch, 2, 5, 5, seed=9)
    with test_mode():
        y = model(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, net_by_hand(model, x), rtol=1e-5, atol=1e-5)


def test_inputs_and_outputs_are_described():
    model = onnx.load(small_net())
    with test_mode():
        model(floats(1, 2, 5, 5))  # a Layer would keep its inputs there
    assert model.inputs == [onnx.ValueInfo("x", np.dtype("float32"), ("N", 2, 5, 5))]
    assert model.outputs == [onnx.ValueInfo("y", np.dtype("float32"), None)]
    assert repr(model) == "OnnxModel(x -> y, 6 nodes)"


def test_parameter_names_and_untrained_statistics():
    model = onnx.load(small_net())
    trained = {name: param.requires_grad for name, param in model.named_params()}
    statistics = {"bn.mean": False, "bn.var": False}
    names = ["conv.W", "conv.b", "bn.scale", "bn.bias", "fc.W", "fc.b"]
    assert trained == dict.fromkeys(names, True) | statistics
    model.freeze()
    model.unfreeze()
    assert {name: param.requires_grad for name, param in model.named_params()} == trained


def test_training_lowers_the_loss_and_updates_the_statistics():
    model = onnx.load(small_net())
    x, t = floats(8, 2, 5, 5), np.arange(8) % 3
    before = {name: param.data.copy() for name, param in model.named_params()}
    optimizer = Adam(0.1).setup(model)
    losses = []
    for _ in range(30):
        model.cleargrads()
        loss = F.softmax_cross_entropy(model(x), t)
        loss.backward()
        optimizer.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert all((param.data != before[name]).any() for name, param in model.named_params())


def test_test_mode_keeps_the_statistics():
    model = onnx.load(small_net())
    before = dict(model.named_params())["bn.mean"].data
    with test_mode():
        model(floats(2, 2, 5, 5))
    assert dict(model.named_params())["bn.mean"].data is before


def test_gradient_of_the_input():
    model = onnx.load(small_net())
    x = Variable(floats(1, 2, 5, 5))
    with test_mode():
        model(x).sum().backward()
    assert x.grad.shape == x.shape


def test_weights_behind_other_nodes_are_parameters():
    nodes = [
        ("Identity", "W", "same", {}),
        ("Transpose", "same", "turned", {"perm": [1, 0]}),
        ("MatMul", "x turned", "h", {}),
        ("Mul", "h two", "y", {}),
    ]
    constants = {"W": floats(3, 2), "two": np.float32(2)}
    model = onnx.load(contents(nodes, {"x": (1, 2)}, "y", constants))
    assert [name for name, _ in model.named_params()] == ["W"]
    x = floats(1, 2, seed=1)
    np.testing.assert_allclose(model(x).data, x @ constants["W"].T * 2, rtol=1e-6)


@pytest.mark.parametrize(("op", "places"), [("Gather", [1, 1, 0]), ("GatherND", [[1], [1], [0]])])
def test_rows_of_a_table_are_parameters(op, places):
    nodes = [(op, "table places", "rows", {}), ("MatMul", "x rows", "y", {})]
    data = contents(nodes, {"x": ("N", 3)}, "y", {"table": floats(2, 4), "places": np.array(places)})
    model = onnx.load(data)
    x = floats(2, 3, seed=1)
    model(x).sum().backward()
    ((name, table),) = model.named_params()
    assert name == "table"
    a, b, c = x.sum(0)
    np.testing.assert_allclose(table.grad.data, [[c] * 4, [a + b] * 4], rtol=1e-5)


def test_operands_of_einsum_are_parameters():
    constants = {"W": floats(3, 4), "V": floats(4, seed=1)}
    node = ("Einsum", "x W V", "y", {"equation": "nc,cd,d->nd"})
    model = onnx.load(contents([node], {"x": ("N", 3)}, "y", constants))
    x = floats(2, 3, seed=2)
    model(x).sum().backward()
    grads = {name: param.grad.data for name, param in model.named_params()}
    assert grads.keys() == {"W", "V"}
    np.testing.assert_allclose(grads["W"], x.sum(0)[:, np.newaxis] * constants["V"], rtol=1e-5)
    np.testing.assert_allclose(grads["V"], x.sum(0) @ constants["W"], rtol=1e-5, atol=1e-6)


def test_weights_of_attention_that_are_masked_or_bounded_are_parameters():
    """As PyTorch's exporter writes Swin Transformer V2: the bias of the keys is 0, the scale has a bound."""
    nodes = [
        ("ScatterND", "bias middle zeros", "masked", {}),
        ("Add", "masked x", "h", {}),
        ("Clip", "scale  most", "bounded", {}),
        ("Exp", "bounded", "factor", {}),
        ("Mul", "h factor", "y", {}),
    ]
    constants = {
        "bias": floats(3),
        "middle": np.array([[1]]),
        "zeros": np.zeros(1, np.float32),
        "scale": np.array([0, 1, 2], np.float32),
        "most": np.float32(1.5),
    }
    model = onnx.load(contents(nodes, {"x": (1, 3)}, "y", constants))
    model(np.ones((1, 3), np.float32)).sum().backward()
    factor = np.exp([0, 1, 1.5])
    grads = {name: param.grad.data for name, param in model.named_params()}
    assert grads.keys() == {"bias", "scale"}
    np.testing.assert_allclose(grads["bias"], factor * [1, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(
        grads["scale"], (constants["bias"] * [1, 0, 1] + 1) * factor * [1, 1, 0], rtol=1e-5
    )


def test_file_of_paddle():
    nodes = [
        ("Constant", "", "W", {"value": floats(3, 2, 1, 1)}),
        ("Constant", "", "b", {"value": floats(3)}),
        ("Constant", "", "column", {"value": np.array([1, 3, 1, 1])}),
        ("Constant", "", "zero", {"value": np.float32(0)}),
        ("Constant", "", "six", {"value_float": 6.0}),
        ("Conv", "x W", "c", {"kernel_shape": [1, 1]}),
        ("Reshape", "b column", "b4", {}),
        ("Add", "c b4", "h", {}),
        ("HardSigmoid", "h", "s", {"alpha": 1 / 6, "beta": 0.5}),
        ("Clip", "h zero six", "r", {}),
        ("Mul", "s r", "y", {}),
    ]
    model = onnx.load(contents(nodes, {"x": (None, 2, None, None)}, "y", opset=11))
    params = {name: param.data for name, param in model.named_params()}
    assert params.keys() == {"W", "b"}
    x = floats(2, 2, 4, 5, seed=1)
    h = np.einsum("nchw,oc->nohw", x, params["W"][:, :, 0, 0]) + params["b"].reshape(-1, 1, 1)
    expected = np.clip(h / 6 + 0.5, 0, 1) * np.clip(h, 0, 6)
    np.testing.assert_allclose(model(x).data, expected, rtol=1e-5, atol=1e-6)
    assert "Constant" in {node.op for node in model.graph().nodes}  # the others are initializers now
    again = onnx.load(saved(model))
    np.testing.assert_array_equal(again(x).data, model(x).data)


def test_shapes_are_computed_at_each_call():
    nodes = [
        ("Shape", "x", "s", {}),
        ("Gather", "s zero", "n", {"axis": 0}),
        ("Unsqueeze", "n zeros", "n1", {}),
        ("Concat", "n1 minus", "to", {"axis": 0}),
        ("Reshape", "x to", "y", {}),
    ]
    constants = {"zero": np.array(0), "zeros": np.array([0]), "minus": np.array([-1])}
    data = contents(nodes, {"x": ("N", 2, 3)}, "y", constants)
    for batch in (1, 4):
        assert run(data, floats(batch, 2, 3)).shape == (batch, 6)


def test_constants_are_folded():
    nodes = [
        ("Constant", "", "a", {"value": np.array([2, 3])}),
        ("Constant", "", "b", {"value_ints": [3, 2]}),
        ("Mul", "a b", "c", {}),
        ("Reshape", "x c", "y", {}),
    ]
    model = onnx.load(contents(nodes, {"x": (4, 9)}, "y"))
    assert "1 nodes" in repr(model)
    assert model(floats(4, 9)).shape == (6, 6)


def test_large_constants_are_not_computed_on_load():
    nodes = [("ConstantOfShape", "s", "big", {}), ("Expand", "big s", "y", {})]
    onnx.load(contents(nodes, {}, "y", {"s": np.array([1 << 20, 1 << 20])}))  # 4 TB, if it were called


def test_several_outputs():
    data = contents([("Split", "x", "a b", {"axis": 1, "num_outputs": 2})], {"x": (1, 5)}, "a b")
    a, b = run(data, floats(1, 5))
    assert (a.shape, b.shape) == ((1, 3), (1, 2))


def test_a_folded_node_with_an_omitted_input():
    nodes = [
        ("Slice", "a one two  one", "b", {}),
        ("Identity", "b", "c", {}),
        ("Reshape", "x c", "y", {}),
    ]
    constants = {"a": np.array([4, 6]), "one": np.array([1]), "two": np.array([2])}
    data = contents(nodes, {"x": (2, 3)}, "y", constants, opset=11)
    assert run(data, floats(2, 3)).shape == (6,)
    assert "1 nodes" in repr(onnx.load(data))


def test_copy_and_pickle():
    nodes = [("Add", "two three", "five", {}), ("Mul", "five x", "y", {})]
    folded = {"two": np.float32(2), "three": np.float32(3)}
    model = onnx.load(contents(nodes, {"x": (1,)}, "y", folded))
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other(np.ones(1, np.float32)).data, [5])
    model = onnx.load(small_net())
    x = floats(1, 2, 5, 5)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        with test_mode():
            np.testing.assert_array_equal(other(x).data, model(x).data)
        assert {id(p) for p in other.params()}.isdisjoint({id(p) for p in model.params()})


def test_weights_can_be_saved_and_loaded(tmp_path):
    model, other = onnx.load(small_net()), onnx.load(small_net())
    for param in other.params():
        param.data = param.data * 0
    model.save_weights(tmp_path / "w.npz")
    other.load_weights(tmp_path / "w.npz")
    with test_mode():
        np.testing.assert_array_equal(other(floats(1, 2, 5, 5)).data, model(floats(1, 2, 5, 5)).data)


def test_load_from_a_path_a_file_or_bytes(tmp_path):
    data = small_net()
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with path.open("rb") as file:
        models = [onnx.load(source) for source in (data, bytearray(data), path, str(path), file)]
    assert {repr(model) for model in models} == {"OnnxModel(x -> y, 6 nodes)"}
    with pytest.raises(TypeError, match="source must be a path"):
        onnx.load(3)
    with pytest.raises(FileNotFoundError):
        onnx.load("data")  # not a URL, since it has no colon
    with pytest.raises(FileNotFoundError):
        onnx.load(tmp_path / "none.onnx")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((), "the model must be called with x; got 0 inputs"),
        ((np.zeros((1, 2, 5, 5)),), 'the input "x" must be of float32; got float64'),
        ((np.zeros((1, 2, 5, 6), np.float32),), r'the input "x" must be of shape \(.*\); got \(1, 2, 5, 6\)'),
        ((np.zeros((2, 5, 5), np.float32),), 'the input "x" must be of shape'),
    ],
)
def test_inputs_are_checked(inputs, message):
    with pytest.raises(ValueError, match=message):
        onnx.load(small_net())(*inputs)


def test_omitted_output_is_not_an_omitted_input():
    x, y = (onnx.ValueInfo(name, np.dtype("f4"), ("N", 4)) for name in "xy")
    nodes = [
        Node("Split", ["x", "sizes"], ["", "right"], {"axis": 1}),
        Node("Clip", ["right", "", "most"], ["y"]),
    ]
    constants = {"sizes": np.array([2, 2]), "most": np.array(0.5, np.float32)}
    model = onnx.OnnxModel(onnx.Graph(nodes, constants, [x], [y]))
    found = model(np.array([[9, 9, -3, 2]], np.float32))
    np.testing.assert_array_equal(found.data, [[-3, 0.5]])


def test_input_must_be_an_array():
    with pytest.raises(TypeError, match='the input "x" must be an array; got list'):
        onnx.load(small_net())([1.0])


def test_failing_node_is_named():
    model = onnx.load(contents([("MatMul", "x W", "y", {})], {"x": None}, "y", {"W": floats(3, 2)}))
    with pytest.raises(ValueError, match=r'node "MatMul0", MatMul\(\) failed .* float32 \(1, 4\)'):
        model(floats(1, 4))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("Foo", "x", "y", {"a": 1}), r'node "Foo0", Foo\(a=1\) cannot be loaded: the operator is not known'),
        (("Relu", "x", "y", {"a": 1}), "the attribute 'a' is not known"),
        (("Flatten", "x", "y", {"axis": "1"}), "the attribute 'axis' has the wrong type"),
        (("Resize", "x", "y", {"mode": "lanczos"}), "mode must be one of 'nearest', 'linear', 'cubic'"),
        (("Conv", "x W", "y", {"strides": [0, 1]}), "strides must have 2 integers of at least 1"),
        (("Conv", "x W", "y", {"pads": [1, 1]}), "pads must have 4 integers of at least 0"),
        (("Cast", "x", "y", {"to": 16}), "the dtype is not supported"),
        (("Dropout", "x ratio flag", "y", {}), "training_mode must be a constant"),
        (("MaxPool", "x", "y", {"kernel_shape": [2] * 4}), "1, 2 or 3 axes"),
        (("DepthToSpace", "x", "y", {"blocksize": 0}), "blocksize must be at least 1"),
    ],
)
def test_unsupported_nodes_are_refused_on_load(node, message):
    inputs = {"x": (1, 2, 5, 5), "ratio": (), "flag": ()}
    with pytest.raises(ValueError, match=message):
        onnx.load(contents([node], inputs, "y", {"W": floats(2, 2, 3, 3)}))


@pytest.mark.parametrize(("condition", "names"), [(True, ["W"]), (False, [])])
def test_if_of_a_constant_is_the_branch(condition, names):
    model = onnx.load(branching(np.array(condition)))
    x = floats(2, 3, seed=1)
    np.testing.assert_array_equal(model(x).data, x + floats(3) if condition else -x)
    assert [name for name, _ in model.named_params()] == names


@pytest.mark.parametrize(
    ("condition", "change", "message"),
    [
        (np.array([True] * 2), lambda g: None, 'the condition "condition" of node "If0", If, is not a con'),
        (np.array(True), lambda g: g.ClearField("initializer"), "export the model for inputs of fixed sizes"),
        (np.array(True), lambda g: g.node[0].ClearField("attribute"), "has no then_branch with its outputs"),
        (np.array(True), lambda g: g.node[0].output.append("z"), "has no then_branch with its outputs"),
    ],
)  # fmt: skip
def test_other_ifs_are_refused(condition, change, message):
    with pytest.raises(ValueError, match=message):
        onnx.load(branching(condition, change=change))


def test_top_k_has_a_gradient():
    node = ("TopK", "x k", "y i", {"axis": 1})
    model = onnx.load(contents([node], {"x": (2, 3)}, "y", {"k": np.array([2])}))
    x = Variable(np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 4.0]], np.float32))
    (model(x) * np.float32([10, 1])).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[0, 10, 1], [10, 1, 0]])
    model = onnx.load(contents([node], {"x": (2, 3)}, "y", {"k": np.array([4])}))
    with pytest.raises(ValueError, match="k must be from 0 to 3, the length of axis 1; got 4"):
        model(x)


@pytest.mark.parametrize("opset", [6, 29])
def test_operator_sets(opset):
    with pytest.raises(ValueError, match=f"operator set {opset}; those from 7 to 28 are known: convert it"):
        onnx.load(contents([("Relu", "x", "y", {})], {"x": (1,)}, "y", opset=opset))


def test_part_of_a_file_has_the_weights_of_that_part():
    data = saved(MLP((5, 4, 3)), floats(1, 2))
    graph = onnx.load(data).graph()
    *nodes, last = graph.nodes
    y = ValueInfo(last.inputs[0], np.dtype("float32"), None)
    part = OnnxModel(replace(graph, nodes=nodes, outputs=[y]))
    assert {param.shape for _, param in part.named_params()} == {(2, 5), (5,), (5, 4), (4,)}
    assert len(data) - len(saved(part)) > 4 * (4 * 3 + 3)
    assert part.graph().constants.keys() == {name for name, _ in part.named_params()}


def test_loaded_model_is_saved_with_its_current_weights(tmp_path):
    model = onnx.load(small_net())
    for param in model.params():
        param.data = param.data + 1
    onnx.save(model, tmp_path / "again.onnx")
    again = onnx.load(tmp_path / "again.onnx")
    assert dict(again.named_params()).keys() == dict(model.named_params()).keys()
    with test_mode():
        np.testing.assert_array_equal(again(floats(2, 2, 5, 5)).data, model(floats(2, 2, 5, 5)).data)


@pytest.mark.parametrize("names", ["[[", "33", "{]"])
def test_a_damaged_list_of_parameters(names):
    kept = b"[]"
    data = saved(Sequential(F.relu), floats(1, 4))
    assert data.count(kept) == 1
    with pytest.raises(ValueError, match="its list of Parameters is damaged"):
        onnx.load(data.replace(kept, names.encode()))


def test_fixed_batch_size_is_named():
    data = contents([("Reshape", "x shape", "y", {})], {"x": (2, 3, 4)}, "y", {"shape": np.array([2, 12])})
    model = onnx.load(data)
    assert model(floats(2, 3, 4)).shape == (2, 12)
    with pytest.raises(
        ValueError, match=r'Reshape.* failed .*; "x" has the fixed batch size 2 in the file: export it'
    ):
        model(floats(5, 3, 4))


@pytest.mark.parametrize("shape", [(1, -1), (1, -1, 7)])
def test_reshape_that_mixes_samples_is_refused(shape):
    """As `x.view(x.shape[0], ...)` is written, where the shape is not dynamic."""
    nodes = [Node("Relu", ["x"], ["h"]), Node("Reshape", ["h", "to"], ["y"]), Node("Identity", ["c"], ["z"])]
    x, y, z = (
        onnx.ValueInfo(name, np.dtype("f4"), shape)
        for name, shape in (("x", (1, 3, 14)), ("y", (1, *shape[1:])), ("z", (1, 2)))
    )
    constants = {"to": np.array(shape), "c": floats(1, 2)}
    model = onnx.OnnxModel(onnx.Graph(nodes, constants, [x], [y, z]))
    assert model(floats(1, 3, 14))[0].shape[0] == 1
    message = 'Reshape.* would mix .*; "x" has the fixed batch size 1 in the file: export it .*; got 3'
    with pytest.raises(ValueError, match=message):
        model(floats(3, 3, 14))
    constant = onnx.OnnxModel(onnx.Graph(nodes[2:], constants, [x], [z]))
    assert constant(floats(3, 3, 14)).shape == (1, 2)  # no samples


def test_mixing_samples_in_two_steps_is_refused():
    x, y = (onnx.ValueInfo(name, np.dtype("f4"), shape) for name, shape in (("x", (1, 6)), ("y", (1, 6))))
    nodes = [Node("Reshape", ["x", "row"], ["h"]), Node("Unsqueeze", ["h", "first"], ["y"])]
    model = onnx.OnnxModel(onnx.Graph(nodes, {"row": np.array([-1]), "first": np.array([0])}, [x], [y]))
    with pytest.raises(ValueError, match="larger batch would be mixed"):
        model(floats(3, 6))


def test_fixed_batch_restored_by_a_later_node():
    """As `x.reshape(x.shape[0], -1).mean(1).view(-1, 1)` is written for one batch size."""
    nodes = [
        ("Reshape", "x row", "h", {}),
        ("Softmax", "h", "s", {"axis": 1}),
        ("Reshape", "s back", "y", {}),
    ]
    constants = {"row": np.array([1, -1]), "back": np.array([-1, 6])}
    model = onnx.load(contents(nodes, {"x": (1, 6)}, "y", constants))
    assert model(floats(1, 6)).shape == (1, 6)
    with pytest.raises(ValueError, match=r"would mix samples of another batch.*got 3"):
        model(floats(3, 6))


@pytest.mark.parametrize("name", ["val_8", "/1/Constant_output_0"])
def test_placeholder_scale_and_bias_are_not_trained(name):
    """Ones and zeros in a group norm's place for scale and bias; those of a layer are trained."""
    ones, zeros = np.ones(2, np.float32), np.zeros(2, np.float32)
    nodes = [
        ("InstanceNormalization", f"x {name} zeros", "h", {}),
        ("InstanceNormalization", "h gamma beta", "y", {}),
    ]
    constants = {"gamma": ones, "beta": zeros, "zeros": zeros}
    if name == "val_8":
        constants |= {name: ones}
    else:
        nodes.insert(0, ("Constant", "", name, {"value": ones}))
    model = onnx.load(contents(nodes, {"x": ("N", 2, 5)}, "y", constants))
    assert {key for key, _ in model.named_params()} == {"zeros", "gamma", "beta"}


def test_class_tokens_and_gates_are_trained():
    """A class token, concatenated with computed features, and a weight behind a sigmoid."""
    nodes = [
        ("Expand", "cls size", "tokens", {}),
        ("Concat", "tokens x", "all", {"axis": 1}),
        ("Sigmoid", "gate", "open", {}),
        ("Mul", "all open", "y", {}),
    ]
    constants = {"cls": floats(1, 1, 4), "size": np.array([2, 1, 4]), "gate": floats(4, seed=1)}
    model = onnx.load(contents(nodes, {"x": (2, 3, 4)}, "y", constants))
    model(floats(2, 3, 4)).sum().backward()
    assert {name: p.grad.shape for name, p in model.named_params()} == {"cls": (1, 1, 4), "gate": (4,)}


@pytest.mark.parametrize(
    ("layout", "fixed", "outputs", "given", "expected"),
    [
        (0, (5, 2, 3), {"y": (5, 1, 2, 4), "h": (1, 2, 4)}, (7, 2, 3), [(7, 1, 2, 4), (1, 2, 4)]),
        (1, (1, 5, 3), {"y": (1, 5, 1, 4), "h": (1, 1, 4)}, (4, 5, 3), [(4, 5, 1, 4), (4, 1, 4)]),
        (1, (1, 5, 3), {"y": (1, 5, 1, 4), "t": (1, 1, 4)}, (4, 5, 3), [(4, 5, 1, 4), (1, 4, 4)]),
        (1, (1, 5, 3), {"t": (1, 1, 4)}, (4, 5, 3), [(1, 4, 4)]),
    ],
)
def test_output_without_a_batch_axis(layout, fixed, outputs, given, expected):
    """Of a recurrent layer, whose last state t has the directions first."""
    nodes = [Node("LSTM", ["x", "W", "R"], ["y", "h"], {"layout": layout})]
    nodes += [Node("Transpose", ["h"], ["t"], {"perm": [1, 0, 2]})]
    x, *ys = (onnx.ValueInfo(name, np.dtype("f4"), shape) for name, shape in ({"x": fixed} | outputs).items())
    model = onnx.OnnxModel(onnx.Graph(nodes, {"W": floats(1, 16, 3), "R": floats(1, 16, 4)}, [x], ys))
    found = model(floats(*given))
    assert [y.shape for y in (found if isinstance(found, tuple) else [found])] == expected
