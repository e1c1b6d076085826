"""Models of ONNX files on the device."""

import numpy as np
from onnx_files import contents, floats, saved, small_net

from pyconvlite import backends, onnx, test_mode
from pyconvlite.models import SmallResNet


def assert_same_on_the_device(model, x):
    with test_mode():
        expected = model(x).data
        model.to_gpu()
        y = model(backends.to_gpu(x))
        assert backends.on_device(y.data)
        np.testing.assert_allclose(backends.to_cpu(y.data), expected, rtol=1e-4, atol=1e-4)


def test_a_net():
    assert_same_on_the_device(onnx.load(small_net()), floats(2, 2, 5, 5))


def test_an_exported_net():
    x = floats(1, 3, 16, 16)
    assert_same_on_the_device(onnx.load(saved(SmallResNet(), x)), x)


def test_constants_move_and_shapes_stay_on_the_cpu():
    nodes = [
        ("Shape", "x", "s", {}),
        ("Gather", "s zero", "n", {"axis": 0}),
        ("Concat", "n minus", "to", {"axis": 0}),
        ("Reshape", "x to", "f", {}),
        ("Mul", "f two", "d", {}),
        ("Clip", "d low high", "c", {}),
        ("Resize", "x  scales", "r", {"mode": "linear"}),
        ("Slice", "r start end axes", "p", {}),
        ("Reshape", "p to", "q", {}),
        ("ReduceMean", "q axes", "m", {}),
        ("Add", "c m", "y", {}),
    ]
    constants = {
        "zero": np.array([0]),
        "minus": np.array([-1]),
        "axes": np.array([1]),
        "start": np.array([0]),
        "end": np.array([1]),
        "two": np.float32(2),
        "low": np.float32(-1),
        "high": np.float32(1),
        "scales": np.array([1, 1, 2, 1.5], np.float32),
    }
    constants = {name: a.astype(np.int64) if a.dtype.kind == "i" else a for name, a in constants.items()}
    model = onnx.load(contents(nodes, {"x": ("N", 2, 4, 4)}, "y", constants))
    assert_same_on_the_device(model, floats(2, 2, 4, 4))


def test_save_a_model_on_the_device():
    model = SmallResNet()
    x = floats(1, 3, 16, 16)
    model(x)
    model.to_gpu()
    loaded = onnx.load(saved(model, x))
    with test_mode():
        expected = backends.to_cpu(model(backends.to_gpu(x)).data)
        np.testing.assert_allclose(loaded(x).data, expected, rtol=1e-4, atol=1e-4)
