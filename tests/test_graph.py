import shutil
import stat
import sys
import types

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable
from pyconvlite.graph import get_dot_graph, plot_dot_graph
from pyconvlite.models import Sequential


def lines(text):
    first, *inner, last = text.splitlines()
    assert (first, last) == ("digraph g {", "}")
    return [line.strip() for line in inner]


def edges(text):
    """The edges, by the nodes' labels."""
    found = lines(text)
    labels = {line.split()[0]: line.split('"')[1] for line in found if "[" in line}
    return [tuple(labels[end] for end in line.split(" -> ")) for line in found if " -> " in line]


def test_edges():
    x, W = Variable(np.ones((1, 2)), "x"), Variable(np.ones((2, 3)), "W")
    y = F.sum(F.matmul(x, W))
    y.name = "y"
    assert edges(get_dot_graph(y, verbose=False)) == [
        ("x", "MatMul"),
        ("W", "MatMul"),
        ("MatMul", ""),
        ("", "Sum"),
        ("Sum", "y"),
    ]


def test_verbose_writes_shape_and_dtype():
    x = Variable(np.ones((1, 2), np.float32), "x")
    assert edges(get_dot_graph(F.exp(x))) == [
        ("x: (1, 2) float32", "Exp"),
        ("Exp", "(1, 2) float32"),
    ]


def test_nodes_are_unique_and_text_is_deterministic():
    x = Variable(np.array(2.0), "x")
    y = x * x + x
    text = get_dot_graph(y)
    assert len([line for line in lines(text) if "orange" in line]) == 3
    assert len([line for line in lines(text) if "shape=box" in line]) == 2
    assert text == get_dot_graph(y)


def test_graph_of_a_leaf():
    assert lines(get_dot_graph(Variable(np.array(1.0), "x"), verbose=False)) == [
        'v0 [label="x", color=orange, style=filled]'
    ]


def test_omitted_inputs_and_freed_outputs_are_not_drawn():
    class Two(F.Exp):
        def forward(self, x):
            return x, x + 1

    first = Two()(Variable(np.ones(1), "x"))[0]
    assert edges(get_dot_graph(first, verbose=False)) == [("x", "Two"), ("Two", "")]
    y = F.linear(np.ones((1, 2)), np.ones((2, 3)), None)
    assert [edge for edge in edges(get_dot_graph(y)) if edge[1] == "Linear"] == [
        ("(1, 2) float64", "Linear"),
        ("(2, 3) float64", "Linear"),
    ]


def test_a_name_may_be_a_number():
    assert '"3"' in get_dot_graph(Variable(np.array(1.0), name=3) * 2, verbose=False)


def test_names_are_quoted():
    x = Variable(np.array(1.0), 'a "b" \\ c &lt;')  # Graphviz decodes entities
    assert r'label="a \"b\" \\ c &amp;lt;"' in get_dot_graph(x, verbose=False)


def test_function_names_are_quoted():
    evil = type('A"] b [label="\\', (F.Exp,), {})
    assert r'f0 [label="A\"] b [label=\"\\", color' in get_dot_graph(evil()(Variable(np.array(1.0))))


def test_graph_of_a_gradient():
    x = Variable(np.array(1.0), "x")
    y = F.tanh(x)
    y.backward(create_graph=True)
    assert len(edges(get_dot_graph(x.grad))) > len(edges(get_dot_graph(y)))


@pytest.mark.parametrize("f", [get_dot_graph, plot_dot_graph])
def test_non_variables_are_refused(f):
    with pytest.raises(TypeError, match="output must be a Variable; got ndarray"):
        f(np.zeros(1))


# ------------------------------------------------------------------------------------------- pictures

DOT = """#!{python}
import sys
arguments, text = sys.argv[1:], sys.stdin.buffer.read()
path = arguments[arguments.index("-o") + 1]
open(path, "wb").write(text[:9])
if "-Tpng" not in arguments and "-Tsvg" not in arguments:
    sys.exit('Format: "%s" not recognized' % arguments[0])
open(path, "wb").write(text)
"""


@pytest.fixture
def dot(tmp_path, monkeypatch):
    """A stand-in for Graphviz that handles its arguments as Graphviz does."""
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    program.write_text(DOT.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))


@pytest.mark.cpython
@pytest.mark.usefixtures("dot")
@pytest.mark.parametrize("name", ["graph.png", "graph.SVG"])
def test_plot_writes_only_the_picture(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    y = F.exp(Variable(np.array(1.0), "重み é"))
    assert plot_dot_graph(y, verbose=False, to_file=tmp_path / name) is None
    assert (tmp_path / name).read_text("utf-8") == get_dot_graph(y, verbose=False)
    assert {path.name for path in tmp_path.iterdir()} == {"bin", name}


@pytest.mark.cpython
@pytest.mark.usefixtures("dot")
def test_a_notebook_gets_the_picture(tmp_path, monkeypatch):
    display = types.ModuleType("IPython.display")
    display.Image = lambda filename: ("picture", filename)
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    path = tmp_path / "model.png"
    model = Sequential(L.Linear(3), F.relu)
    assert model.plot(np.ones((1, 2), np.float32), to_file=path) == ("picture", str(path))
    assert "ReLU" in path.read_text()


@pytest.mark.cpython
@pytest.mark.usefixtures("dot")
def test_unknown_format(tmp_path):
    (tmp_path / "graph.abc").write_text("an older picture")
    with pytest.raises(RuntimeError, match=r"could not draw .*graph\.abc.*not recognized"):
        plot_dot_graph(Variable(np.array(1.0)), to_file=tmp_path / "graph.abc")
    assert (tmp_path / "graph.abc").read_text() == "an older picture"
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "graph.abc"}


def test_file_name_without_a_suffix():
    with pytest.raises(ValueError, match=r"suffix .*as in graph\.png; got 'graph'"):
        plot_dot_graph(Variable(np.array(1.0)), to_file="graph")


def test_without_graphviz(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(RuntimeError, match=r"needs Graphviz, .* get_dot_graph returns"):
        Sequential(L.Linear(3)).plot(np.ones((1, 2), np.float32))
