"""`_html.py`, through the `_repr_html_` that a notebook calls."""

from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Model, Parameter, Variable, backends
from pyconvlite.models import LeNet, Sequential, summary


class Parsed(HTMLParser):
    """Tables as lists of rows, and all text; refuses tags that are not closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.rows, self.texts, self.tags = [], [], [], set()
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert not attrs  # no style of its own: the notebook's theme applies
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    def row(self, name):
        """The columns of a row by their heads."""
        return next(dict(zip(self.rows[0], row, strict=True)) for row in self.rows[1:] if row[0] == name)


def shown(thing):
    return Parsed(thing._repr_html_())


class TestVariable:
    def test_repr_of_the_data(self):
        x = Variable(np.array([[0, -1.5, 0], [2, 4, 1]], np.float32), name="x")
        found = shown(x)
        assert found.texts[0] == "Variable x"
        assert found.row("data") == {
            "": "data",
            "shape": "(2, 3)",
            "dtype": "float32",
            "device": "CPU",
            "min": "-1.5",
            "mean": "0.9167",
            "max": "4",
            "zeros": "33.3 %",
        }
        assert "-1.5" in found.texts[-1]

    def test_the_gradient_has_a_row(self):
        x = Variable(np.array([1.0, 2.0]))
        y = F.sum(x**2)
        y.backward()
        assert shown(x).row("grad")["max"] == "4"
        assert shown(y).texts[0] == "Variable, output of Sum"

    def test_counts_nan_and_infinity(self):
        found = shown(Variable(np.array([1.0, np.nan, np.inf, -np.inf, 3.0]))).row("data")
        assert (found["min"], found["mean"], found["max"], found["not finite"]) == ("1", "2", "3", "3")
        found = shown(Variable(np.full(2, np.nan))).row("data")
        assert (found["min"], found["mean"], found["not finite"]) == ("", "", "2")

    @pytest.mark.parametrize(
        ("array", "mean"),
        [
            (np.array(7), "7"),
            (np.array([True, False]), "0.5"),
            (np.full(100_000, 60_000, np.float16), "6e+04"),  # the sum is beyond float16
            (np.zeros((0, 3)), ""),
            (np.array(["text"]), ""),
        ],
        ids=["no axes", "bool", "float16", "empty", "text"],
    )
    def test_arrays_of_any_shape_and_dtype(self, array, mean):
        assert shown(Variable(array)).row("data")["mean"] == mean

    def test_large_array_shows_its_corners(self):
        assert len(Variable(np.zeros((100, 100, 100)))._repr_html_()) < 2000

    def test_a_parameter_without_data(self):
        assert shown(L.Conv2d(8, 3).W).texts == [
            "Parameter W",
            "No data yet; the first input completes the shape (8, ?, 3, 3).",
        ]
        assert "(?)" in Variable(None)._repr_html_()

    def test_names_are_escaped(self):
        x = Variable(np.array(["<script>alert(1)</script>"]), name="<img src=x onerror=alert(1)>")
        assert shown(x).tags <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "pre"}


class TestOnADevice:
    @pytest.fixture
    def device(self, monkeypatch):
        """A device whose arrays can be read while `device.error` is None."""

        class ndarray:  # noqa: N801
            shape, size, dtype = (2,), 2, np.dtype(np.float32)

        def asnumpy(x):
            if isinstance(x, np.ndarray):
                return x
            if device.error:
                raise RuntimeError(device.error)
            return np.array([1, 3], np.float32)

        device = SimpleNamespace(ndarray=ndarray, asnumpy=asnumpy, error=None)
        monkeypatch.setattr(backends.devices, "device", device)
        return device

    def test_names_the_device(self, device):
        found = shown(Variable(device.ndarray())).row("data")
        assert (found["device"], found["mean"]) == ("GPU", "2")

    def test_data_that_cannot_be_read_synchronously(self, device):
        device.error = "cannot wait; use `await webgpu.asnumpy_async(x)`"
        x = Variable(device.ndarray())
        x.grad = Variable(np.ones(2, np.float32))
        found = shown(x)
        wanted = ["data", "(2,)", "float32", "GPU", "", "", "", ""]
        assert list(found.row("data").values()) == wanted
        assert found.row("grad")["device"] == "CPU"
        assert found.texts[-1] == f"data: {device.error}"

    def test_layer_does_not_read_the_data(self, device):
        device.error = "cannot wait"
        layer = L.Linear(2, in_size=3)
        layer.W.data = device.ndarray()
        assert "on the CPU, float32 on the GPU" in shown(layer).texts[0]


class TestLayer:
    def test_lists_layers_and_parameters(self):
        model = LeNet()
        found = shown(model)
        assert found.texts[0] == "LeNet: float32 on the CPU"
        assert found.row("conv2")["Parameters"] == "W (16, 6, 5, 5), b (16,)"
        assert found.row("conv2")["output shape"] == ""
        assert found.rows[-1] == ["total", "", "", "", "61,706"]
        y = model(np.zeros((5, 1, 28, 28), np.float32))
        assert shown(model).row("conv2")["output shape"] == "(5, 16, 10, 10)"
        del y

    def test_unknown_sizes(self):
        found = shown(Sequential(L.Conv2d(8, 3), F.relu, L.Linear(2, in_size=4)))
        assert found.row("layers/0")["Parameters"] == "W (8, ?, 3, 3), b (8,)"
        assert found.row("layers/0")["elements"] == "?"
        assert found.row("total")["elements"] == "10 and more"

    def test_single_layer(self):
        found = shown(L.Linear(2, in_size=3))
        assert found.texts[0] == "Linear(out_size=2, in_size=3): float32 on the CPU"
        assert found.rows[1] == ["", "Linear", "", "W (3, 2), b (2,)", "8"]

    def test_parameters_in_lists_and_layers_without_any(self):
        class Mixed(Model):
            def __init__(self):
                self.scales = [Parameter(np.ones(2)), Parameter(np.ones(3))]
                self.inner = {"<b>": L.Linear(1, in_size=1)}

        found = shown(Mixed())
        assert found.row("")["Parameters"] == "scales/0 (2,), scales/1 (3,)"
        assert found.row("inner/<b>")["Parameters"] == "W (1, 1), b (1,)"
        assert "b" not in found.tags
        assert shown(Layer()).texts[0] == "Layer()"

    def test_parameters_that_are_not_trained(self):
        assert shown(L.BatchNorm(4)).row("not trained")["elements"] == "8"

    def test_several_outputs(self):
        class Twice(Layer):
            def forward(self, x):
                return F.exp(x), F.sum(x)

        twice = Twice()
        outputs = twice(np.zeros((2, 3)))
        assert shown(twice).rows[1][2] == "((2, 3), ())"
        del outputs


def test_a_summary_is_a_table():
    found = shown(summary(LeNet(), (5, 1, 28, 28)))
    assert list(found.row("fc1").values()) == ["fc1", "Linear", "(5, 120)", "48,120"]


def test_large_numbers_are_shown_without_a_warning():
    assert "inf" in Variable(np.array([1e308, 1e308]))._repr_html_()  # the mean
