"""pyconvlite.onnx.save: what a file holds, read back by pyconvlite.onnx.load."""

import numpy as np
import pytest
from onnx_files import Lambda, floats, net_in_training, results, run, saved, trained
from onnx_models import MODELS, Shared

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Parameter, as_variable, grad, onnx
from pyconvlite.layers import Layer
from pyconvlite.models import MLP, Model, Sequential


@pytest.mark.parametrize("opset", [13, 18, 22])
@pytest.mark.parametrize("name", MODELS)
def test_saved_model_equals_the_model_for_any_batch(name, opset):
    make, x = MODELS[name]
    model = trained(make())
    loaded = onnx.load(saved(model, x, opset=opset))
    for batch in (x, np.concatenate([x, x, x])):
        for y, z in zip(results(loaded, batch), results(model, batch), strict=True):
            assert y.dtype == z.dtype
            np.testing.assert_allclose(y, z, rtol=2e-5, atol=2e-5)


def test_identity_parameters_are_kept():
    x = floats(2, 1, 6)
    loaded = onnx.load(saved(Sequential(L.LayerNorm((1, 6))), x))
    F.sum(loaded(x) ** 2).backward()
    assert {name for name, param in loaded.named_params() if param.grad is not None} == {
        "layers/0/gamma",
        "layers/0/beta",
    }


def test_parameters_and_inputs_keep_their_names():
    model = trained(Shared())
    loaded = onnx.load(saved(model, floats(2, 4, 6, 6)))
    assert dict(loaded.named_params()).keys() == dict(model.named_params()).keys()
    assert loaded.inputs == [onnx.ValueInfo("x", np.dtype("float32"), ("N", 4, 6, 6))]
    shapes = [(info.name, info.shape) for info in loaded.outputs]
    assert shapes == [("y0", ("N", 4, 6, 6)), ("y1", ("N", 4))]


def test_model_state_is_unchanged():
    model = Sequential(L.LSTM(5, in_size=4), L.Dropout(), L.Linear(3, in_size=5))
    model(floats(2, 4))
    h = model[0].h
    saved(model, floats(1, 4))
    assert model[0].h is h
    assert model[1]._hooks is None or not len(model[1]._hooks._hooks)


def test_several_inputs():
    class Two(Model):
        def forward(self, image, text):
            return F.matmul(image, F.transpose(text))

    a, b = floats(2, 3), floats(4, 3, seed=1)
    loaded = onnx.load(saved(Two(), a, b))
    assert [(info.name, info.shape) for info in loaded.inputs] == [("image", ("N", 3)), ("text", (4, 3))]
    np.testing.assert_allclose(loaded(a, b).data, a @ b.T, rtol=1e-6)


def test_a_model_that_computes_a_gradient():
    """The matrix products in it are of transposes."""

    class Slope(Model):
        def __init__(self):
            self.linear = L.Linear(5, in_size=4)

        def forward(self, x):
            x = as_variable(x)
            y = F.tanh(F.matmul(self.linear(x), np.ones((5, 5), np.float32)))
            return grad(F.sum(y), x, create_graph=True)[0]

    x = floats(3, 4)
    model = Slope()
    np.testing.assert_allclose(onnx.load(saved(model, x))(x).data, model(x).data, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("opset", [12, 13, 14, 18])
def test_net_exported_in_training_is_saved_for_inference(opset):
    model, x = onnx.load(net_in_training(opset)), floats(3, 2, 5, 5)
    before = model(x).data
    assert (model(x).data != before).any()  # dropout
    expected = results(model, x)[0]
    again = onnx.load(saved(model))
    _, norm, *_, dropout, _ = again.graph().nodes
    assert (norm.outputs, "training_mode" in norm.attributes) == (["n"], False)
    assert (dropout.op, dropout.inputs) == ("Dropout", ["f", "ratio"])
    assert "is_training" not in again.graph().constants
    np.testing.assert_array_equal(results(again, x)[0], expected)
    np.testing.assert_allclose(results(model.fused(), x)[0], expected, rtol=1e-5, atol=1e-5)
    assert [node.op for node in model.fused().graph().nodes][:2] == ["Conv+Relu", "GlobalAveragePool"]
    statistics = dict(again.named_params())["bn.mean"]
    unchanged = statistics.data
    again(x)
    assert (statistics.data != unchanged).all()  # it still trains


@pytest.mark.parametrize(
    ("opset", "names"), [(13, ["m", "v", "saved_m"]), (18, ["running_mean", "running_var"])]
)
def test_statistics_as_outputs_are_the_running_statistics(opset, names):
    graph = onnx.load(net_in_training(opset)).graph()
    graph.outputs += [onnx.ValueInfo(name, np.dtype("f4"), (4,)) for name in names]
    model, x = onnx.OnnxModel(graph), floats(3, 2, 5, 5)
    expected = results(model, x)
    np.testing.assert_array_equal(expected[1], graph.constants["bn.mean"])
    for other in (onnx.load(saved(model)), model.fused()):
        assert len(results(other, x)) == len(expected)
        for found, wanted in zip(results(other, x), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_function_instance_called_twice():
    activation = F.Tanh()
    model = Sequential(L.Linear(4, in_size=3), activation, L.Linear(2, in_size=4), activation)
    x = floats(5, 3)
    np.testing.assert_allclose(onnx.load(saved(model, x))(x).data, model(x).data, rtol=1e-6)


def test_list_of_outputs():
    x = floats(2, 4)
    parts = onnx.load(saved(Sequential(lambda x: list(F.split(x, 2, 1))), x))(x)
    for part, expected in zip(parts, np.split(x, 2, 1), strict=True):
        np.testing.assert_array_equal(part.data, expected)


def test_output_that_is_an_input_or_repeated():
    class Same(Layer):
        def forward(self, x):
            y = F.relu(x)
            return x, y, y

    x = floats(2, 3)
    for y, z in zip(onnx.load(saved(Same(), x))(x), Same()(x), strict=True):
        np.testing.assert_array_equal(y.data, z.data)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Sequential(lambda x: F.where(x.data > 1, x, 0.0)), r"condition of Where depends .* as in x > 0"),
        (Sequential(lambda x: F.where(x > x.data.mean(), x, 0.0)), "condition of Where depends"),
        (Sequential(lambda x: x * np.mean(x.data)), "was computed from the input outside of the graph"),
        (Sequential(lambda x: x[x.data > 0]), "GetItem with an index of bool depends on the inputs"),
        (Sequential(lambda x: F.relu(x) if len(x.data) > 3 else F.tanh(x)), "no single graph"),
        (Sequential(lambda x: F.im2col(F.reshape(x, (-1, 1, 2, 2)), 2)), "Im2col has no known counterpart"),
        (Sequential(lambda x: F.reshape(x, (-1, 1))[: len(x.data)]), "GetItem with slice.* depends on"),
    ],
)
def test_unsupported_operation_is_named(model, message):
    with pytest.raises(ValueError, match=message):
        saved(model, floats(3, 4))


def test_arguments_are_checked():
    model, x = MLP((3,)), floats(1, 2)
    with pytest.raises(TypeError, match="model must be a Model or Layer; got function"):
        saved(F.relu, x)
    with pytest.raises(ValueError, match="opset must be from 13 to 22; got 9"):
        saved(model, x, opset=9)
    with pytest.raises(ValueError, match="examples must have at least one input"):
        saved(model)
    with pytest.raises(TypeError, match=r"examples\[0\] must be an array; got list"):
        saved(model, [1.0])
    with pytest.raises(ValueError, match=r"examples\[0\] must not be empty; got shape \(0, 2\)"):
        saved(model, x[:0])


def test_file_is_replaced_atomically(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="Where"):
        onnx.save(Sequential(lambda x: F.where(x.data > 1, x, 0.0)), path, floats(3, 4))
    assert path.read_bytes() == b"old"


def test_saved_model_has_the_same_parameters():
    model = Lambda(
        lambda m, x: m.pool(m.conv(x) * m.scale),
        conv=L.Conv2d(2, 1, in_channels=1),
        scale=Parameter(np.ones(1, np.float32)),
        pool=L.AdaptiveAvgPool((2, 3)),  # a product with fixed matrices
    )
    names = dict(model.named_params()).keys()
    loaded = onnx.load(saved(model, floats(2, 1, 5, 5)))
    assert dict(loaded.named_params()).keys() == names
    assert dict(onnx.load(saved(loaded, floats(2, 1, 5, 5))).named_params()).keys() == names


def test_big_endian_parameters_and_examples():  # such as those of FITS files
    x = floats(2, 4)
    model = Sequential(L.Linear(3, in_size=4))
    expected = model(x).data
    for param in model.params():
        param.data = param.data.astype(">f4")
    np.testing.assert_allclose(run(saved(model, x.astype(">f4")), x), expected, rtol=1e-5)


def test_state_dict_has_pytorchs_layout():
    model, other = Lambda(lambda m, x: m.fc(x), fc=L.Linear(4, in_size=4)), L.Linear(4, in_size=4)
    loaded, x = onnx.load(saved(model, floats(2, 4))), floats(3, 4)
    loaded.load_state_dict({f"fc.{key}": array for key, array in other.state_dict().items()})
    np.testing.assert_allclose(*results(loaded, x), *results(other, x), rtol=1e-6)
    model.load_state_dict(loaded.state_dict())
    np.testing.assert_allclose(*results(model, x), *results(other, x), rtol=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda m, x: F.concat([F.broadcast_to(m.W, (len(x), 4)), x]),
        lambda m, x: F.concat([F.tile(m.W, (len(x), 1)), x], axis=1),
        lambda m, x: F.sum_to(x, (1, 4)),
        lambda m, x: F.squeeze(F.sum(x * m.W, 1, keepdims=True)) * 2,
    ],
)
def test_an_example_of_one_sample(function):
    """Operations over the batch axis are identities for one sample, and squeeze removes it."""
    model, x = Lambda(function, W=Parameter(floats(1, 4, seed=1))), floats(5, 4)
    np.testing.assert_array_equal(*results(onnx.load(saved(model, x[:1])), x), *results(model, x))


def test_model_of_one_batch_size_is_explained():
    with pytest.raises(ValueError, match="as many elements as x, 12") as caught:
        saved(Lambda(lambda m, x: F.reshape(x, (2, 2))), floats(1, 4))
    assert caught.value.__notes__ == ["The model was also called with 3 random samples: it must take any."]


@pytest.mark.parametrize("layer", [L.BatchNorm(3), L.PReLU(3), L.Conv2d(3, 1, in_channels=3)])
def test_output_replaced_by_a_hook(layer):
    layer.register_forward_hook(lambda layer, inputs, y: y * 2)
    model, x = Sequential(layer), floats(2, 3, 4, 4)
    np.testing.assert_allclose(*results(onnx.load(saved(model, x)), x), *results(model, x), rtol=1e-6)


@pytest.mark.parametrize("layer", [L.BatchNorm(3), L.PReLU(3)])
def test_input_given_by_keyword(layer):
    model, x = Lambda(lambda m, x: m.layer(x=x) * 2, layer=layer), floats(2, 3, 4, 4)
    np.testing.assert_allclose(*results(onnx.load(saved(model, x)), x), *results(model, x), rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "examples"),
    [
        (lambda m, x: x * (x.data > 10), [np.abs(floats(2, 3)) + 20]),
        (lambda m, x: x * 2 if x.data.mean() > 10 else x * 3, [np.abs(floats(2, 3)) + 20]),
        (lambda m, x: x[: len(x) // 2], [floats(4, 4)]),
    ],
)
def test_data_dependent_models_are_refused(function, examples):
    with pytest.raises(ValueError, match=r"depends on the inputs|computed from the input"):
        saved(Lambda(function), *examples)


def test_same_array_for_two_inputs():
    model = Lambda(lambda m, p, q: F.embed_id(p, m.W) - 2 * F.embed_id(q, m.W), W=Parameter(floats(5, 3)))
    a, p, q = np.array([1, 0]), np.array([2, 3]), np.array([0, 4])
    np.testing.assert_allclose(onnx.load(saved(model, a, a))(p, q).data, model(p, q).data)


def test_outputs_must_be_variables():
    with pytest.raises(TypeError, match="the model must return Variables; got dict"):
        saved(Lambda(lambda m, x: {"y": x}), floats(2, 2))
