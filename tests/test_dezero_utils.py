"""pyconvlite.dezero.utils and cuda: pictures of graphs, and a runtime without a device."""

import numpy as np
import pytest

from pyconvlite.backends import DeviceUnavailable
from pyconvlite.dezero import Model, Variable, cuda, dataloaders, utils
from pyconvlite.dezero import functions as F
from pyconvlite.dezero import layers as L


def test_notebook_graph_without_graphviz(notebook):
    assert "<svg" in utils.plot_dot_graph(F.sin(Variable(np.ones(2))))._repr_svg_()


def test_model_plot_without_graphviz(notebook):
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.fc = L.Linear(1)

        def forward(self, x):
            return self.fc(x)

    assert "Linear" in Net().plot(Variable(np.ones((1, 2)), "x"))._repr_svg_()


def test_plot_dot_graph_without_graphviz_warns(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    with pytest.warns(UserWarning, match="no picture is drawn: plot_dot_graph needs Graphviz"):
        assert utils.plot_dot_graph(F.sin(Variable(np.array(1.0), "x")), verbose=False) is None
    assert 'label="x"' in capsys.readouterr().out


def test_dot_text_of_dezero():
    x = Variable(np.ones((2, 3)), "x")
    y = F.sin(x)
    f = y.creator
    assert utils._dot_var(x) == f'{id(x)} [label="x", color=orange, style=filled]\n'
    assert (
        utils._dot_var(x, verbose=True)
        == f'{id(x)} [label="x: (2, 3) float64", color=orange, style=filled]\n'
    )
    assert (
        utils._dot_var(y, verbose=True) == f'{id(y)} [label="(2, 3) float64", color=orange, style=filled]\n'
    )
    assert utils._dot_func(f).splitlines() == [
        f'{id(f)} [label="Sin", color=lightblue, style=filled, shape=box]',
        f"{id(x)} -> {id(f)}",
        f"{id(f)} -> {id(y)}",
    ]


def test_progress(capsys):
    for block in (0, 1, 2, 9):
        utils.show_progress(block, 50, 150)
    bars = capsys.readouterr().out.split("\r")[1:]
    assert [bar.count("#") for bar in bars] == [0, 10, 20, 30]
    assert [bar.split()[-1] for bar in bars] == ["0.00%", "33.33%", "66.67%", "100.00%"]
    assert {len(bar.split()[0]) for bar in bars} == {32}


def test_gradient_check_finds_a_wrong_gradient(capsys):
    class Wrong(F.Function):
        def forward(self, x):
            return x * x

        def backward(self, gy):
            return gy * self.inputs[0]

    assert not utils.gradient_check(lambda x: Wrong()(x), np.array([1, 2]))
    assert "the gradients do not agree" in capsys.readouterr().out
    assert utils.numerical_grad(lambda x: x * x, np.array([[1, 2]])).round(6).tolist() == [[2, 4]]


def test_gradient_check_allows_for_float32_in_the_function():
    # Of numbers near 1 nothing cancels: with the step of 1e-4 the differences are right to 0.5 % at least,
    # however the product is added up; with one of 1e-6 they are not.
    W = np.random.RandomState(0).uniform(1, 2, (3, 4)).astype(np.float32)
    assert utils.gradient_check(lambda x: F.matmul(F.cast(x, np.float32), W), np.ones((2, 3)), rtol=1e-2)


# ------------------------------------------------------------------------------------------- without a device


class TestWithoutDevice:
    def test_no_cupy_without_a_device(self):
        assert not cuda.gpu_enable
        with pytest.raises(AttributeError, match=r"init\(\) opens a device"):
            _ = cuda.cupy
        with pytest.raises(AttributeError, match=r"no attribute 'numpy'$"):
            _ = cuda.numpy
        assert cuda.get_array_module(Variable(np.zeros(1))) is np

    def test_to_gpu_is_refused(self):
        with pytest.raises(DeviceUnavailable):
            cuda.as_cupy(np.zeros(2))
        with pytest.raises(DeviceUnavailable):
            L.EmbedID(2, 3).to_gpu()
        with pytest.raises(DeviceUnavailable):
            dataloaders.DataLoader([(1, 2)], 1, gpu=True)
