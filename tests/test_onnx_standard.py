"""ONNX files against the ONNX project's own tests and checker, and ONNX Runtime."""

import importlib
import warnings

import numpy as np
import pytest
from onnx_files import branching, by_onnx_runtime, contents, floats, net_in_training, results, saved, trained
from onnx_models import MODELS

import pyconvlite.functions as F
from pyconvlite import onnx, test_mode
from pyconvlite.models import ConvAutoencoder, LeNet, Sequential, SmallResNet

pytestmark = pytest.mark.cpython  # the packages onnx and onnxruntime are compiled for CPython only

# The operators that exporters of convolutional networks write.
OPERATORS = """
    Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool Gemm MatMul BatchNormalization
    LayerNormalization InstanceNormalization Add Sub Mul Div Pow Sqrt Erf Exp Log Neg Abs Min Max Concat Split
    Slice Gather Squeeze Unsqueeze Flatten Reshape Transpose Expand Shape Cast Constant ConstantOfShape
    ReduceMean ReduceSum ReduceMax Pad Resize Upsample DepthToSpace Relu LeakyRelu PRelu Elu Sigmoid
    HardSigmoid HardSwish Tanh Softmax LogSoftmax Clip Gelu Dropout Identity Where Equal Less Greater
    GatherND ScatterND Trilu RNN GRU LSTM TopK OneHot NonZero CumSum ArgMax ArgMin ReduceMin ReduceProd Mod
    Floor Ceil Round Sign Sin Cos Not And Or Xor LessOrEqual GreaterOrEqual Range
    Tile IsNaN SpaceToDepth Reciprocal
"""
# Unsupported among them: an input that decides whether dropout is in training.
REFUSED = {f"test_training_dropout{end}" for end in ("", "_mask", "_default", "_default_mask")}
REFUSED |= {f"test_training_dropout_zero_ratio{end}" for end in ("", "_mask")}
REFUSED |= {"test_lstm_with_peepholes"}
REFUSED |= {f"test_scatternd_{name}" for name in ("max", "min", "multiply")}
REFUSED |= {f"test_scatternd_{name}_with_element_indices" for name in ("max", "min", "multiply")}
DTYPES = {1, 6, 7, 9, 10, 11}  # float32, int32, int64, bool, float16, float64


# The modules of cases that the usual run takes: making all cases takes half a minute, most of it pooling's.
SAMPLE = """
    batch_normalization cast clip concat conv convtranspose depthtospace div dropout expand flatten gather
    gemm hardsigmoid instance_normalization layernormalization pad pow prelu reduce_log_sum_exp reducemean
    gathernd gru lstm nonzero onehot reshape resize rnn scatternd shape slice split topk trilu unsqueeze where
"""


def cases(modules=""):
    """The cases of some modules, or of all."""
    from onnx.backend.test.case import node

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of infinities and the like in the cases
        for name in modules.split():
            importlib.import_module(f"{node.__name__}.{name}")
        return node._NodeTestCases if modules else node.collect_testcases(None)


def fault(case):
    """None if a case of the ONNX project is right, the error if it is refused; fail if it is wrong."""
    from onnx import TensorProto, numpy_helper

    def arrays(values):
        return [numpy_helper.to_array(v) if isinstance(v, TensorProto) else np.asarray(v) for v in values]

    try:
        model = onnx.load(case.model.SerializeToString())
    except ValueError as error:
        return error
    for inputs, expected in case.data_sets:
        with test_mode(), np.errstate(all="ignore"):
            y = model(*arrays(inputs))
        for found, wanted in zip(y if isinstance(y, tuple) else (y,), arrays(expected), strict=True):
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape), case.name
            np.testing.assert_allclose(found.data, wanted, case.rtol, case.atol, err_msg=case.name)
    return None


def is_expected(case):
    """Whether a case is of the operators, dtypes and numbers of axes that must be right."""
    opset = next((o.version for o in case.model.opset_import if o.domain == ""), 99)
    graph = case.model.graph
    types = [info.type.tensor_type for info in (*graph.input, *graph.output)]
    return (
        7 <= opset <= 22
        and {node.op_type for node in graph.node} <= set(OPERATORS.split())
        and all(t.elem_type in DTYPES and len(t.shape.dim) <= 5 for t in types)
        and case.name not in REFUSED
    )


def check(chosen):
    faults = {case.name: fault(case) for case in chosen}
    refused = {
        case.name: str(faults[case.name]) for case in chosen if is_expected(case) and faults[case.name]
    }
    assert refused == {}
    return sum(error is None for error in faults.values())


def test_sample_of_the_standard_cases():
    assert check(cases(SAMPLE)) > 200


@pytest.mark.full
def test_every_standard_case():
    assert check(cases()) >= 1000


@pytest.mark.parametrize("opset", [13, 18])
def test_net_exported_in_training_runs_in_onnx_runtime(opset):
    model, x = onnx.load(net_in_training(opset)), floats(3, 2, 5, 5)
    (found,) = by_onnx_runtime(saved(model), x)
    np.testing.assert_allclose(found, results(model, x)[0], rtol=1e-5, atol=1e-5)


def test_dilated_pooling_with_padding_as_long_as_the_kernel():
    model = Sequential(
        lambda x: F.pooling(x, (1, 2), (1, 2), ((0, 0), (1, 1)), dilation=(1, 2), ceil_mode=True)
    )
    x = floats(2, 3, 4, 8) - 4
    (found,) = by_onnx_runtime(saved(model, x), x)
    np.testing.assert_array_equal(found, results(model, x)[0])


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(
    ("op", "settings"),
    [
        ("LSTM", {}),
        ("GRU", {}),
        ("GRU", {"linear_before_reset": 1}),
        ("RNN", {}),
        ("RNN", {"activations": ["Relu"]}),
    ],
)
def test_recurrent_layers_equal_onnx_runtime(op, settings, direction):
    D, gates = 1 + (direction == "bidirectional"), {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    settings = {"hidden_size": 4, "direction": direction, **settings}
    if "activations" in settings:
        settings["activations"] = settings["activations"] * D
    states, outputs = ("h c", "y last cell") if op == "LSTM" else ("h", "y last")
    shapes = {"W": (D, gates * 4, 3), "R": (D, gates * 4, 4), "B": (D, 2 * gates * 4)}
    shapes |= dict.fromkeys(states.split(), (D, 2, 4))
    constants = {name: floats(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}
    for inputs in ("x W R", "x W R B", f"x W R B  {states}"):
        used = {name: constants[name] for name in inputs.split()[1:]}
        data = contents([(op, inputs, outputs, settings)], {"x": ("T", 2, 3)}, outputs, used)
        model = onnx.load(data)
        assert {name for name, _ in model.named_params()} == {*used} & {"W", "R", "B"}
        for T in (1, 5):
            x = floats(T, 2, 3, seed=T)
            for y, expected in zip(model(x), by_onnx_runtime(data, x), strict=True):
                assert y.shape == expected.shape
                np.testing.assert_allclose(y.data, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("is_initializer", [True, False])
@pytest.mark.parametrize("condition", [True, False])
def test_if_of_a_constant_equals_onnx_runtime(condition, is_initializer):
    data, x = branching(np.array(condition), is_initializer), floats(2, 3)
    model = onnx.load(data)
    np.testing.assert_array_equal(model(x).data, by_onnx_runtime(data, x)[0])
    np.testing.assert_array_equal(results(onnx.load(saved(model)), x)[0], model(x).data)


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, -1])
def test_top_k_of_equal_elements_equals_onnx_runtime(axis, largest):
    x = np.random.default_rng(0).integers(0, 4, (6, 7)).astype(np.float32)
    node = ("TopK", "x k", "y i", {"axis": axis, "largest": largest})
    data = contents([node, ("Cast", "i", "j", {"to": 1})], {"x": ("N", 7)}, "y j", {"k": np.array([5])})
    for y, z in zip(onnx.load(data)(x), by_onnx_runtime(data, x), strict=True):
        np.testing.assert_array_equal(y.data, z, strict=True)


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_pooling_equals_onnx_runtime(op, axes, ceil_mode):
    x = floats(2, 3, *(9, 7, 8)[:axes])
    ways = [
        {
            "kernel_shape": [3, 2, 2][:axes],
            "strides": [2, 3, 1][:axes],
            "pads": [1] * axes + [0, 1, 1][:axes],
        },
        {"kernel_shape": [2, 3, 2][:axes], "strides": [2] * axes, "auto_pad": "SAME_LOWER"},
        {"kernel_shape": [2, 3, 2][:axes], "dilations": [3, 2, 1][:axes]},
    ]
    for way in ways:
        counted = {"count_include_pad": ceil_mode} if op == "AveragePool" else {}
        node = (op, "x", "y", {**way, **counted, "ceil_mode": 0 if "auto_pad" in way else ceil_mode})
        data = contents([node], {"x": x.shape}, "y", opset=19)
        (found,) = by_onnx_runtime(data, x)
        np.testing.assert_allclose(onnx.load(data)(x).data, found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("size", [(7, 9), (23, 5), (14, 14)])
def test_resize_of_tensorflow_equals_onnx_runtime(size, mode):
    x = floats(2, 3, 14, 14)
    settings = {"coordinate_transformation_mode": "tf_half_pixel_for_nn", "nearest_mode": "floor"}
    node = ("Resize", "x none none sizes", "y", {**settings, "mode": mode})
    constants = {"none": np.zeros(0, np.float32), "sizes": np.array([2, 3, *size])}
    data = contents([node], {"x": x.shape}, "y", constants, opset=11)
    (found,) = by_onnx_runtime(data, x)
    np.testing.assert_allclose(onnx.load(data)(x).data, found, rtol=1e-5, atol=1e-6)


NETS = {
    **MODELS,
    "lenet": (LeNet, floats(2, 1, 28, 28)),
    "resnet": (SmallResNet, floats(2, 3, 16, 16)),
    "autoencoder": (ConvAutoencoder, floats(2, 1, 12, 12)),
}


@pytest.mark.parametrize("opset", [13, 18, 22])
@pytest.mark.parametrize("name", NETS)
def test_saved_files_are_valid_and_equal_onnx_runtime(name, opset):
    from onnx import checker

    make, x = NETS[name]
    model = trained(make())
    data = saved(model, x, opset=opset)
    checker.check_model(data, full_check=True)
    for batch in (x, np.concatenate([x, x, x])):
        found = by_onnx_runtime(data, batch)
        for y, z in zip(found, results(model, batch), strict=True):
            assert (y.dtype, y.shape) == (z.dtype, z.shape)
            np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-5 * max(1, np.abs(z).max()))


def test_message_fields_match_the_standard():
    from onnx import ModelProto

    from pyconvlite.onnx._messages import _classes

    def compare(own, standard, seen):
        if own.full_name in seen:
            return
        seen.add(own.full_name)
        for field in own.fields:
            other = standard.fields_by_number[field.number]
            assert field.name == other.name
            types = {other.type, field.TYPE_INT32 if other.enum_type else other.type}
            assert field.type in types
            assert (field.is_repeated, field.is_packed) == (other.is_repeated, other.is_packed)
            if field.message_type is not None:
                compare(field.message_type, other.message_type, seen)

    seen = set()
    compare(_classes()["Model"].DESCRIPTOR, ModelProto.DESCRIPTOR, seen)
    assert len(seen) == 13
