"""export_html: its files and its errors; tests/browser/test_html_page.py opens the pages."""

import base64
import io
import json
import re

import numpy as np
import pytest

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, html_page, onnx
from pyconvlite.backends.simd import library
from pyconvlite.models import LeNet, Sequential
from pyconvlite.onnx import Graph, Node, OnnxModel, ValueInfo

DIGITS = [str(digit) for digit in range(10)]


@pytest.fixture
def kernels(monkeypatch):
    """Stand-ins for those of the wheel, which a checkout does not have."""
    monkeypatch.setattr(html_page, "modules", lambda: {"simd128": b"\0asm kernels"})


def exported(model, **options):
    file = io.BytesIO()
    pyconvlite.export_html(model, file, **{"classes": DIGITS, "input": "drawing"} | options)
    return file.getvalue().decode()


def part(page, name):
    return re.search(rf'<script type="[a-z/]+" id="{name}">(.*?)</script>', page, re.DOTALL)[1]


def lenet():
    model = LeNet()
    model(np.zeros((2, 1, 28, 28), np.float32))
    return model


def onnx_model(constants, *nodes):
    x, y = (
        ValueInfo(name, np.dtype("f4"), ("N", *rest)) for name, rest in (("x", (1, 28, 28)), ("y", (10,)))
    )
    return OnnxModel(Graph(list(nodes), constants, [x], [y]))


def shortened(node, *values):
    """A model of one node, with constants as its other inputs; of what it computes, the first ten numbers."""
    constants = {f"c{i}": np.asarray(value) for i, value in enumerate(values)}
    node.inputs += constants
    ends = {"first": np.array([0]), "ten": np.array([10]), "axis": np.array([1])}
    last = Node("Slice", ["f", *ends], ["y"])
    return onnx_model(constants | ends, node, Node("Flatten", ["h"], ["f"]), last)


@pytest.mark.usefixtures("kernels")
class TestPage:
    def test_page_is_self_contained(self):
        model = lenet()
        page = exported(model, title="Digits")
        assert "<title>Digits</title>" in page
        assert base64.b64decode(part(page, "kernels")) == b"\0asm kernels"
        weights = np.frombuffer(base64.b64decode(part(page, "weights")), "<f4")
        graph = json.loads(part(page, "graph"))
        constant = graph["constants"]["conv1/W"]
        start, stop = constant["offset"], constant["offset"] + model.conv1.W.size
        np.testing.assert_array_equal(weights[start:stop], model.conv1.W.data.ravel())
        assert [node["op"] for node in graph["nodes"]][:2] == ["Conv+Relu", "MaxPool"]
        assert json.loads(part(page, "settings"))["shape"] == [1, 28, 28]
        # Nothing is fetched: no address but those of namespaces and standards.
        assert not re.findall(r"(?:src|href)=", page)
        assert len(page) - len(part(page, "weights")) - len(part(page, "kernels")) < 60_000

    def test_constants_of_the_shape_are_computed_at_export(self):
        """Ones for each image, as exporters write `expand`: the page has no operator that makes them."""
        nodes = [
            Node("Shape", ["x"], ["shape"]),
            Node("Gather", ["shape", "first"], ["N"], {"axis": 0}),
            Node("Concat", ["N", "ten"], ["size"], {"axis": 0}),
            Node("ConstantOfShape", ["size"], ["ones"], {"value": np.ones(1, np.float32)}),
            Node("Flatten", ["x"], ["h"]),
            Node("MatMul", ["h", "W"], ["z"]),
            Node("Add", ["z", "ones"], ["y"]),
        ]
        constants = {"first": np.array([0]), "ten": np.array([10]), "W": np.ones((784, 10), np.float32)}
        graph = json.loads(part(exported(onnx_model(constants, *nodes)), "graph"))
        assert [node["op"] for node in graph["nodes"]] == ["Flatten", "MatMul", "Add"]
        assert graph["constants"]["ones"]["shape"] == [1, 10]

    def test_names_are_escaped(self):
        page = exported(lenet(), classes=["</script><b>", *DIGITS[1:]], title="<i>&")
        assert "<title>&lt;i&gt;&amp;</title>" in page
        assert json.loads(part(page, "settings"))["classes"][0] == "</script><b>"

    def test_pixels(self):
        settings = json.loads(part(exported(lenet()), "settings"))
        assert (settings["mean"], settings["scale"], settings["isProbability"]) == (0, 255, False)
        model = Sequential(L.Flatten(), L.Linear(10), F.softmax)
        model(np.zeros((1, 3, 4, 5), np.float32))
        page = exported(model, input="image", shape=(3, 4, 5), mean=1, scale=2.5)
        settings = json.loads(part(page, "settings"))
        assert (settings["mean"], settings["scale"], settings["isProbability"]) == (1, 2.5, True)
        defaults = json.loads(part(exported(model, input="image", shape=(3, 4, 5)), "settings"))
        assert (defaults["mean"], defaults["scale"]) == (127, 128)

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"input": "sound"}, ValueError, 'input must be "image" or "drawing"; got \'sound\''),
            ({"classes": "0123456789"}, TypeError, "classes must be a list of strings; got '0123"),
            ({"classes": 3}, TypeError, "classes must be a list of strings; got 3"),
            ({"classes": range(10)}, TypeError, "classes must be a list of strings"),
            ({"title": None}, TypeError, "title must be a string; got None"),
            ({"classes": []}, ValueError, r"classes must be one name or more, none of them empty; got \[\]"),
            ({"classes": ["a", ""]}, ValueError, r"classes must be one name .* got \['a', ''\]"),
            ({"classes": ["a", "b"]}, ValueError, r"output must have shape \(N, 2\) .*; got \(1, 10\)"),
            ({"shape": (28, 28)}, TypeError, r"shape must be three integers, \(C, H, W\); got \(28, 28\)"),
            ({"shape": (2, 28, 28)}, ValueError, "shape must have 1 or 3 channels"),
            ({"shape": (1, 0, 28)}, ValueError, "at least one pixel"),
            ({"title": "\ud800"}, ValueError, "title must be text that UTF-8 can encode"),
            ({"scale": 0}, ValueError, "scale must not be 0"),
            ({"mean": 10**400}, ValueError, "mean must be in the range of floats; got 1000"),
            ({"input": ["image"]}, ValueError, 'input must be "image" or "drawing"'),
            ({"shape": (True, 28, 28)}, TypeError, r"shape must be three integers, .*got \(True, 28, 28\)"),
            ({"mean": "1"}, TypeError, "mean must be a number"),
        ],
    )
    def test_invalid_arguments(self, options, error, message):
        with pytest.raises(error, match=message):
            exported(lenet(), **options)

    def test_error_of_the_model_suggests_shape(self):
        with pytest.raises(ValueError, match="W must have C / groups = 3 / 1 channels") as error:
            html_page.export_html(lenet(), io.BytesIO(), classes=list("0123456789"))
        assert (
            "pictures of shape (3, 224, 224), (C, H, W); pass its own as `shape`" in error.value.__notes__[0]
        )

    def test_output_without_a_batch_axis(self):
        model = Sequential(lambda x: F.mean(x, axis=(0, 2)), L.Linear(10))
        with pytest.raises(
            ValueError, match=r"output must have shape \(N, 10\) for these classes; got \(3, 10"
        ):
            exported(model, shape=(3, 7, 6))

    def test_the_shape_of_a_loaded_model(self):
        file = io.BytesIO()
        onnx.save(lenet(), file, np.zeros((1, 1, 28, 28), np.float32))
        model = onnx.load(file.getvalue())
        for options in ({"input": "image"}, {"shape": (1, 32, 32)}):
            with pytest.raises(ValueError, match=r"shape must be .* the model's input, \('N', 1, 28, 28\)"):
                exported(model, **options)
        settings = json.loads(
            part(
                exported(model, shape=(1, np.int64(28), 28), mean=np.float32(3), scale=np.int64(5)),
                "settings",
            )
        )
        assert (settings["shape"], settings["mean"], settings["scale"]) == ([1, 28, 28], 3, 5)

    @pytest.mark.parametrize("shape", [(2, 10), None], ids=["of two images", "not given"])
    def test_file_with_a_fixed_batch_or_no_output_shape(self, shape):
        x = ValueInfo("x", np.dtype("f4"), (2, 1, 28, 28))
        y = ValueInfo("y", np.dtype("f4"), shape)
        nodes = [Node("Flatten", ["x"], ["h"]), Node("MatMul", ["h", "W"], ["y"])]
        model = OnnxModel(Graph(nodes, {"W": np.ones((784, 10), np.float32)}, [x], [y]))
        assert [node["op"] for node in json.loads(part(exported(model), "graph"))["nodes"]] == [
            "Flatten",
            "MatMul",
        ]
        nodes[0] = Node("Reshape", ["x", "to"], ["h"])
        model = OnnxModel(Graph(nodes, model.graph().constants | {"to": np.array([2, -1])}, [x], [y]))
        with pytest.raises(ValueError, match="fixed batch size 2 in the file: export it with a dynamic one"):
            exported(model)

    def test_other_types_are_refused(self):
        with pytest.raises(TypeError, match="model must be a Model or Layer; got function"):
            exported(F.relu)

    def test_unsupported_operator(self):
        class Sums(Model):
            def forward(self, x):
                return F.cumsum(F.flatten(x), axis=1)[:, :10]

        with pytest.raises(ValueError, match=r"the page cannot compute .*CumSum.*; it computes Abs, Add, "):
            exported(Sums())

    def test_unsupported_setting(self):
        with pytest.raises(
            ValueError, match=r'the page cannot compute node "h", Cast\(to=7\); it computes Abs'
        ):
            exported(shortened(Node("Cast", ["x"], ["h"], {"to": 7})))

    @pytest.mark.parametrize(
        ("op", "attributes", "values"),
        [
            ("Conv", {"kernel_shape": [1, 1]}, [np.ones((1, 1, 1, 1), np.float32)]),
            ("AveragePool", {"kernel_shape": [2, 2], "dilations": [1, 1]}, []),
            ("Cast", {"to": 1}, []),
            ("Pad", {"mode": "constant"}, [np.array([0, 0, 1, 2, 0, 0, 3, 4]), np.float32(0)]),
            ("Slice", {}, [np.array([n]) for n in (-1, 0, -2, -1)]),
            ("Slice", {}, [np.array([0, 0, 0]), np.array([9, 9, -1])]),
            ("Softmax", {}, []),
            ("ReduceSum", {"noop_with_empty_axes": 1}, []),
        ],
    )
    def test_node_that_the_page_knows_stays(self, op, attributes, values):
        page = exported(shortened(Node(op, ["x"], ["h"], attributes), *values))
        assert json.loads(part(page, "graph"))["nodes"][0]["op"] == op

    def test_node_that_the_page_does_not_know_is_replaced(self):
        """tests/browser/ has more."""
        page = exported(shortened(Node("SpaceToDepth", ["x"], ["h"], {"blocksize": 2})))
        ops = [node["op"] for node in json.loads(part(page, "graph"))["nodes"]]
        assert ops == ["Reshape", "Transpose", "Reshape", "Flatten", "Slice"]

    def test_integers_are_cast(self):
        """Files for TensorFlow Lite take bytes."""
        graph = shortened(Node("Cast", ["x"], ["h"], {"to": 1})).graph()
        graph.inputs[0] = graph.inputs[0]._replace(dtype=np.dtype("u1"))
        nodes = json.loads(part(exported(OnnxModel(graph)), "graph"))["nodes"]
        assert [node["op"] for node in nodes] == ["Cast", "Flatten", "Slice"]

    @pytest.mark.parametrize("op", ["IsNaN", "ArgMax"])
    def test_arrays_that_a_node_computes_are_no_constants(self, op):
        """Of the examples of a trace, ones and others, they are the same."""
        attributes = {"axis": 0} if op == "ArgMax" else {}
        node = Node(op, ["x"], ["i"], attributes)
        graph = shortened(Node("Cast", ["i"], ["h"], {"to": 1})).graph()
        graph.nodes.insert(0, node)
        with pytest.raises(ValueError, match=rf"the page cannot compute .*{op}"):
            exported(OnnxModel(graph))

    def test_output_that_is_a_constant(self):
        page = exported(onnx_model({"y": np.ones((1, 10), np.float32)}, Node("Relu", ["x"], ["h"])))
        assert json.loads(part(page, "graph"))["constants"]["y"]["shape"] == [1, 10]

    def test_inputs_that_no_node_reads_are_ignored(self):
        """Files that Keras made have some."""
        graph = shortened(Node("Relu", ["x"], ["h"])).graph()
        graph.inputs.insert(0, ValueInfo("weight", np.dtype("f4"), (3,)))
        model = OnnxModel(graph)
        assert json.loads(part(exported(model), "graph"))["input"] == "x"
        assert [info.name for info in model.inputs] == ["weight", "x"]

    def test_computed_statistics_are_refused(self):
        nodes = [
            Node("ReduceMean", ["x"], ["mean"], {"axes": [0, 2, 3], "keepdims": 0}, version=17),
            Node("BatchNormalization", ["x", "c", "c", "mean", "c"], ["h"], {"training_mode": 1}),
            Node("MaxPool", ["h"], ["m"], {"kernel_shape": [19, 28]}),
            Node("Flatten", ["m"], ["y"]),
        ]
        with pytest.raises(
            ValueError, match=r'the page cannot compute node "h", BatchNormalization\(training_mode=1\)'
        ):
            exported(onnx_model({"c": np.ones(1, np.float32)}, *nodes))

    def test_file_of_pytorchs_older_exporter(self):
        """Constants as nodes; shapes computed from that of the input; batch normalization in training."""
        nodes = [
            Node("Conv", ["x", "W"], ["c"], {"kernel_shape": [28, 28]}),
            Node("BatchNormalization", ["c", "s", "s", "s", "s"], ["n", "m", "v"], {"training_mode": 1}),
            Node("Constant", [], ["zero"], {"value": np.zeros((), np.float32)}),
            Node("Constant", [], ["six"], {"value_float": 6.0}),
            Node("Clip", ["n", "zero", "six"], ["r"]),
            Node("Shape", ["r"], ["shape"]),
            Node("Constant", [], ["first"], {"value": np.array(0)}),
            Node("Gather", ["shape", "first"], ["N"]),
            Node("Constant", [], ["zeros"], {"value": np.array([0])}),
            Node("Unsqueeze", ["N", "zeros"], ["N1"]),
            Node("Constant", [], ["rest"], {"value": np.array([-1])}),
            Node("Concat", ["N1", "rest"], ["sizes"], {"axis": 0}),
            Node("Reshape", ["r", "sizes"], ["y"]),
        ]
        W, s = np.ones((10, 1, 28, 28), np.float32), np.ones(10, np.float32)
        model = onnx_model({"W": W, "s": s}, *nodes)
        graph = json.loads(part(exported(model), "graph"))
        np.testing.assert_array_equal(dict(model.named_params())["s"].data, s)  # nothing was trained
        assert [node["op"] for node in graph["nodes"]] == ["Conv+Relu", "Reshape"]
        assert graph["nodes"][0]["attributes"]["most"] == 6
        assert graph["constants"]["sizes"]["values"] == [1, -1]

    @pytest.mark.parametrize(
        ("ops", "expected"),
        [
            (["Softmax", "Flatten"], True),
            (["Softmax", "Identity", "Flatten"], True),
            (["Softmax", "Reshape", "Identity"], True),
            (["Sigmoid", "Flatten"], True),
            (["HardSigmoid", "Flatten"], True),
            (["LogSoftmax", "Flatten"], False),
            (["Softmax", "Neg", "Flatten"], False),
            (["Flatten"], False),
        ],
    )
    def test_probability_output_is_recognized(self, ops, expected):
        names = ["h", *map(str, range(1, len(ops))), "y"]
        pool = Node("MaxPool", ["x"], ["h"], {"kernel_shape": [19, 28]})
        nodes = [
            Node(op, [a, "to"] if op == "Reshape" else [a], [b])
            for op, a, b in zip(ops, names[:-1], names[1:], strict=True)
        ]
        page = exported(onnx_model({"to": np.array([0, -1])}, pool, *nodes))
        settings = json.loads(part(page, "settings"))
        assert settings["isProbability"] is expected

    def test_one_class_needs_a_sigmoid(self):
        model = Sequential(F.flatten, L.Linear(1, in_size=784))
        with pytest.raises(ValueError, match=r"a model of one class must end in F\.sigmoid"):
            exported(model, classes=["cat"])
        model = Sequential(F.flatten, L.Linear(1, in_size=784), F.sigmoid)
        assert json.loads(part(exported(model, classes=["cat"]), "settings"))["isProbability"]

    def test_file_is_replaced_atomically(self, tmp_path):
        path = tmp_path / "page.html"
        path.write_text("as before")
        with pytest.raises(ValueError, match="must have shape"):
            pyconvlite.export_html(lenet(), path, classes=["a"], input="drawing")
        assert path.read_text() == "as before"
        pyconvlite.export_html(lenet(), path, classes=DIGITS, input="drawing")
        assert path.read_text("utf-8").startswith("<!doctype html>")


def test_without_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    with pytest.raises(ImportError, match="install pyconvlite from its wheel"):
        exported(lenet())
