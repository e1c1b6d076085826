import numpy as np
import pytest

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Config, Layer, Parameter
from pyconvlite.models import LeNet, Model, Sequential, SmallResNet, summary


def table(model, *arguments):
    return [(row.name, row.kind, row.output_shape, row.parameters) for row in summary(model, *arguments).rows]


def test_rows_have_layer_shape_and_parameters():
    assert table(LeNet(), (5, 1, 28, 28)) == [
        ("conv1", "Conv2d", (5, 6, 28, 28), 156),
        ("conv2", "Conv2d", (5, 16, 10, 10), 2416),
        ("fc1", "Linear", (5, 120), 48120),
        ("fc2", "Linear", (5, 84), 10164),
        ("fc3", "Linear", (5, 10), 850),
    ]
    assert summary(LeNet(), (1, 1, 28, 28)).parameters == 61706


def test_text_of_the_table():
    model = Sequential(L.Conv2d(200, 3), L.BatchNorm(), L.ReLU(), L.Flatten())
    assert str(summary(model, (1, 3, 8, 8))).splitlines() == [
        "layer        type       output shape    parameters",
        "--------------------------------------------------",
        "layers/0     Conv2d     (1, 200, 6, 6)       5,600",
        "layers/1     BatchNorm  (1, 200, 6, 6)         800",
        "layers/2     ReLU       (1, 200, 6, 6)           0",
        "layers/3     Flatten    (1, 7200)                0",
        "--------------------------------------------------",
        "total                                        6,400",
        "not trained                                    400",
    ]


def test_total_counts_each_parameter_once():
    model = SmallResNet()
    found = summary(model, (1, 3, 32, 32))
    model(np.zeros((1, 3, 32, 32), np.float32))
    assert found.parameters == sum(p.size for p in model.params())
    assert found.fixed == sum(p.size for p in model.params() if not p.requires_grad)


def test_model_and_generator_are_unchanged():
    first = [L.Conv2d(4, 3), L.BatchNorm(), L.Flatten(), L.Dropout()]
    model = Sequential(*first, L.RNN(3), L.Linear(2, in_size=3))
    last = model.layers[-1]
    last(np.ones((1, 3), np.float32)).backward()
    W, grad, inputs = last.W.data, last.W.grad, last.inputs
    pyconvlite.seed(1)
    expected = pyconvlite.utils.rng().random()
    pyconvlite.seed(1)
    found = summary(model, (2, 1, 6, 6))
    assert pyconvlite.utils.rng().random() == expected
    assert [name for name, p in model.named_params() if p.data is not None] == [
        "layers/0/b",
        "layers/4/x2h/b",
        "layers/4/h2h/W",
        "layers/5/W",
        "layers/5/b",
    ]
    assert last.W.data is W
    assert last.W.grad is grad
    assert last.inputs is inputs
    assert model.layers[4].h is None
    assert all("forward" not in vars(layer) for layer in model.layers)
    assert summary(model, (2, 1, 6, 6)) == found
    assert model(np.zeros((3, 2, 5, 5), np.float32)).shape == (3, 2)  # other sizes than in the summary


def test_running_statistics_are_unchanged():
    model = Sequential(L.BatchNorm())
    model(np.array([[1.0], [3.0]], np.float32))
    mean = model.layers[0].avg_mean.data
    summary(model, (2, 1))
    assert model.layers[0].avg_mean.data is mean


def test_call_is_in_test_mode_without_a_graph():
    class Asking(Layer):
        def forward(self, x):
            found.append((Config.train, Config.enable_backprop))
            return x

    found = []
    summary(Asking(), (1, 2))
    assert found == [(False, False)]
    assert (Config.train, Config.enable_backprop) == (True, True)


def test_model_is_unchanged_after_an_error():
    model = Sequential(L.Linear(2), L.Linear(3, in_size=5))
    with pytest.raises(ValueError, match=r"got \(1, 2\), \(5, 3\)"):
        summary(model, (1, 4))
    assert model.layers[0].W.data is None
    assert "forward" not in vars(model)


def test_uncalled_layers():
    class Partly(Model):
        def __init__(self):
            self.rnn = L.RNN(3)
            self.never = L.Linear(2)
            self.later = L.Linear(2)

        def forward(self, x):
            return self.later(self.rnn(x))

    assert table(Partly(), (1, 4)) == [
        ("rnn/x2h", "Linear", (1, 3), 15),
        ("later", "Linear", (1, 2), 8),
        ("rnn/h2h", "Linear", None, 9),
        ("never", "Linear", None, None),
    ]
    lines = repr(summary(Partly(), (1, 4))).splitlines()
    assert lines[4].split() == ["rnn/h2h", "Linear", "not", "called", "9"]
    assert lines[5].split()[-1] == "?"
    assert lines[-1].split() == ["total", "32"]


def test_layer_called_twice_is_one_row():
    conv = L.Conv2d(2, 3, in_channels=2)
    assert table(Sequential(conv, F.relu, conv), (1, 2, 8, 8)) == [("layers/0", "Conv2d", (1, 2, 6, 6), 38)]


def test_layer_with_parameters_and_sublayers():
    assert table(L.Linear(3), (2, 4)) == [("", "Linear", (2, 3), 15)]
    assert "(the model)" in repr(summary(L.Linear(3), (2, 4)))

    class Scaled(Layer):
        def __init__(self):
            self.scale = Parameter(np.ones(3, np.float32))
            self.linear = L.Linear(3)

        def forward(self, x):
            return self.linear(x) * self.scale

    assert table(Scaled(), (2, 4)) == [("linear", "Linear", (2, 3), 15), ("", "Scaled", (2, 3), 3)]


def test_several_outputs():
    class Two(Layer):
        def forward(self, x):
            return x, F.sum(x, axis=1)

    assert table(Two(), (2, 4)) == [("", "Two", ((2, 4), (2,)), 0)]


def test_integer_inputs():
    model = Sequential(L.EmbedID(10, 3), F.flatten, L.Linear(2))
    assert table(model, (1, 5), np.int32) == [
        ("layers/0", "EmbedID", (1, 5, 3), 30),
        ("layers/2", "Linear", (1, 2), 32),
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((F.relu, (1, 2)), TypeError, "model must be a Layer or Model; got function"),
        ((L.Linear(1), 784), TypeError, r"input_shape must be a tuple, .*; got 784"),
        ((L.Linear(1), np.ones((1, 784))), TypeError, r"input_shape must be a tuple.*; got array\(.{1,40}$"),
        ((L.Linear(1), (1, 2.0)), TypeError, "input_shape must be an integer.* 2.0"),
        ((L.Linear(1), (1, 2), "float33"), TypeError, "dtype must be one of numbers, .*; got 'float33'"),
        ((L.Linear(1), (1, -2)), ValueError, "input_shape must be at least 0; got -2"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        summary(*arguments)


def test_containers_filled_by_forward_are_restored():
    class Collecting(Model):
        def __init__(self):
            self.blocks, self.maps = {}, [[0.5]]

        def forward(self, x):
            if "a" not in self.blocks:
                self.blocks["a"] = L.Linear(3)
            self.maps[0].append(x)
            self.maps.append(x)
            return self.blocks["a"](x)

    model = Collecting()
    summary(model, (1, 4))
    assert (model.blocks, model.maps) == ({}, [[0.5]])
    model(np.ones((1, 4), np.float32))
    kept = model.blocks["a"]
    assert summary(model, (1, 4)).parameters == 15
    assert model.blocks == {"a": kept}
    assert len(model.maps) == 2


def test_nested_outputs():
    class Encoder(Model):
        def __init__(self):
            self.fc = L.Linear(4)

        def forward(self, x):
            h = self.fc(x)
            return h, (h[:1], None)

    class Both(Model):
        def __init__(self):
            self.encoder, self.scale = Encoder(), Parameter(np.ones(1))

        def forward(self, x):
            h, rest = self.encoder(x)
            return h * self.scale, rest

    assert summary(Encoder(), (2, 5)).rows[0].output_shape == (2, 4)
    assert summary(Both(), (2, 5)).rows[-1].output_shape == ((2, 4), ((1, 4), None))


@pytest.mark.parametrize(("kind", "parameters"), [(L.LSTM, 160), (L.GRU, 124)])
def test_layer_that_computes_for_its_sublayers_is_one_row(kind, parameters):
    model = Sequential(kind(4), L.Linear(2))
    first, second = summary(model, (2, 5)).rows
    assert (first.name, first.kind, first.output_shape, first.parameters) == (
        "layers/0",
        kind.__name__,
        (2, 4),
        parameters,
    )
    assert second.output_shape == (2, 2)
    model(np.ones((2, 5), np.float32))
    html = model._repr_html_()
    assert html.count("<tr>") == 4  # the head, two layers, the total
    assert "h2f/W (4, 4)" in html or "h2r/W (4, 4)" in html
