"""_traced/fusing.py, by `Model.fused`: batch normalization and ReLU in the convolution before them."""

import numpy as np
import pytest
from onnx_files import contents, floats, results, saved, small_net, trained

import pyconvlite.layers as L
from pyconvlite import onnx, test_mode
from pyconvlite.models import Sequential, SmallResNet


def ops(model):
    return [node.op for node in model.graph().nodes]


def test_fused_model_is_equivalent_with_fewer_nodes():
    model, x = trained(SmallResNet()), floats(2, 3, 16, 16)
    fused = model.fused(x)
    assert not {"BatchNormalization", "Conv"} & set(ops(fused)[:2])
    assert ops(fused).count("Conv+Relu") == 4
    (y,), (z,) = results(fused, x), results(model, x)
    np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-5)
    assert not any(param.requires_grad for param in fused.params())
    assert all(param.requires_grad for name, param in model.named_params() if "avg" not in name)


def test_fusing_with_an_example():
    with pytest.raises(ValueError, match="examples must have at least one input"):
        SmallResNet().fused()


def test_fusing_keeps_the_loaded_model():
    model, x = onnx.load(small_net()), floats(2, 2, 5, 5)
    fused = model.fused()
    assert ops(fused) == ["Conv+Relu", "GlobalAveragePool", "Reshape", "Gemm"]
    assert ops(model)[:3] == ["Conv", "BatchNormalization", "Relu"]
    np.testing.assert_allclose(results(fused, x)[0], results(model, x)[0], rtol=1e-5, atol=1e-5)


def test_fused_model_cannot_be_saved():
    for fused in (
        onnx.load(small_net()).fused(),
        Sequential(L.Conv2d(2, 1), L.ReLU()).fused(floats(1, 1, 2, 2)),
    ):
        with pytest.raises(ValueError, match="model must not be fused"):
            saved(fused)
    with pytest.raises(ValueError, match=r"Conv\+Relu\(\) is not an ONNX operator"):
        onnx.load(contents([("Conv+Relu", "x W", "y", {})], {"x": None}, "y", {"W": floats(1, 1, 1, 1)}))


@pytest.mark.parametrize(
    ("opset", "inputs", "settings", "most"),
    [
        (18, "h zero six", {}, 6),
        (18, "h zero", {}, np.inf),
        (18, "h six zero", {}, None),
        (18, "h  six", {}, None),
        (18, "h zero zero", {}, None),
        (18, "h least six", {}, 6),
        (10, "h", {"min": 0.0, "max": 6.0}, 6),
        (10, "h", {"min": 0.0}, np.inf),
        (10, "h", {"max": 6.0}, None),
    ],
)
@pytest.mark.parametrize("axes", [1, 2])
def test_clip_at_zero_is_fused_as_relu(opset, inputs, settings, most, axes):
    constants = {"W": 40 * floats(3, 1, *[2] * axes), "zero": np.float32(0) * floats(), "six": np.float32(6)}
    nodes = [("Neg", "zero", "least", {}), ("Conv", "x W", "h", {}), ("Clip", inputs, "y", settings)]
    model = onnx.load(contents(nodes, {"x": ("N", 1, *[4] * axes)}, "y", constants, opset=opset))
    fused = model.fused()
    conv = next(node for node in fused.graph().nodes if node.op.startswith("Conv"))
    assert conv.op == ("Conv" if most is None else "Conv+Relu")
    assert conv.attributes.get("most", np.inf) == (np.inf if most is None else most)
    assert ("Clip" in ops(fused)) == (most is None)
    x = floats(2, 1, *[4] * axes)
    y = results(model, x)[0]
    assert y.max() > 6 or most != np.inf
    np.testing.assert_array_equal(results(fused, x)[0], y)


@pytest.mark.parametrize("outputs", ["y", "y h"])
@pytest.mark.parametrize("op", ["Conv", "ConvTranspose"])
def test_shared_results_are_not_fused(op, outputs):
    constants = {"W": floats(3, 3, 2, 2), **{name: np.abs(floats(3)) + 1 for name in "abcd"}}
    nodes = [
        (op, "x W", "h", {}),
        ("Identity", "a", "gamma", {}),
        ("BatchNormalization", "h gamma b c d", "n", {}),
        (op, "n W", "m", {"pads": [1, 1, 1, 1]}),
        ("Relu", "m", "y", {}),
    ]
    model = onnx.load(contents(nodes, {"x": ("N", 3, 4, 4)}, outputs, constants))
    fused = model.fused()
    assert ("BatchNormalization" in ops(fused)) == (outputs == "y h")
    x = floats(2, 3, 4, 4)
    for y, z in zip(results(fused, x), results(model, x), strict=True):
        np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("second", "norm"),
    [
        ("V", "gamma beta mean var"),  # a layer that is called twice
        ("V", "same beta mean var"),
        ("W", "gamma beta other var"),
        ("W", "gamma beta mean other"),
    ],
)
def test_normalizations_with_a_shared_scale(second, norm):
    names = ("gamma", "beta", "mean", "var", "other")
    constants = {name: np.abs(floats(3, seed=i)) + 0.5 for i, name in enumerate(names)}
    constants |= {"W": floats(3, 3, 1, 1), "V": floats(3, 3, 1, 1, seed=9)}
    nodes = [
        ("Identity", "gamma", "same", {}),
        ("Conv", "x W beta", "a", {}),
        ("BatchNormalization", "a gamma beta mean var", "b", {}),
        ("Conv", f"b {second} mean", "c", {}),
        ("BatchNormalization", f"c {norm}", "y", {}),
    ]
    model = onnx.load(contents(nodes, {"x": ("N", 3, 4, 4)}, "y", constants))
    fused = model.fused()
    assert ops(fused) == ["Conv", "Conv"]
    x = floats(2, 3, 4, 4)
    np.testing.assert_allclose(results(fused, x)[0], results(model, x)[0], rtol=1e-5, atol=1e-5)


def test_weight_names():
    constants = {"bias": floats(3, 3, 1, 1), **{name: np.abs(floats(3)) + 1 for name in "abcd"}}
    nodes = [("Conv", "x bias", "h", {}), ("BatchNormalization", "h a b c d", "y", {})]
    model = onnx.load(contents(nodes, {"x": ("N", 3, 4, 4)}, "y", constants))
    x = floats(2, 3, 4, 4)
    np.testing.assert_allclose(results(model.fused(), x)[0], results(model, x)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bias", ["", " b"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_relu_applies_after_the_bias(axes, bias):
    constants = {"W": floats(3, 2, *[3] * axes), "b": floats(3, seed=1)}
    nodes = [("Conv", f"x W{bias}", "h", {"pads": [1] * 2 * axes}), ("Relu", "h", "y", {})]
    x = floats(2, 2, *(5, 4, 6)[:axes])
    model = onnx.load(contents(nodes, {"x": x.shape}, "y", constants))
    fused = model.fused()
    assert ops(fused) == ["Conv+Relu"]
    np.testing.assert_allclose(results(fused, x)[0], results(model, x)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("op", "inputs"), [("Relu", "e"), ("Clip", "e zero"), ("BatchNormalization", "e a b c d")]
)
def test_users_of_a_renamed_convolution(op, inputs):
    constants = {"W": floats(3, 3, 1, 1), **{name: np.abs(floats(3)) + 1 for name in "abcd"}}
    nodes = [
        ("Conv", "x W", "h", {}),
        ("Identity", "h", "i", {}),
        ("Identity", "i", "e", {}),
        (op, inputs, "y", {}),
        ("Add", "e y", "z", {}),
    ]
    constants["zero"] = np.zeros((), np.float32)
    model = onnx.load(contents(nodes, {"x": ("N", 3, 4, 4)}, "y z", constants))
    fused = model.fused()
    assert ops(fused) == ["Conv", op, "Add"]
    x = floats(2, 3, 4, 4)
    for y, z in zip(results(fused, x), results(model, x), strict=True):
        np.testing.assert_array_equal(y, z)


@pytest.mark.parametrize("first", [L.Linear(4), L.BatchNorm()], ids=["Linear", "none"])
def test_unfused_normalization_is_in_inference_mode(first):
    model, x = Sequential(first, L.BatchNorm(), L.ReLU(), L.Linear(2)), floats(3, 5)
    model(x)
    fused = trained(model).fused(x)
    with test_mode():
        expected = model(x).data
    for _ in range(2):
        np.testing.assert_allclose(fused(x).data, expected, rtol=1e-5, atol=1e-5)
