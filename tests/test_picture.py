"""_picture.py: the picture of a graph that a notebook shows where Graphviz is not installed."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable
from pyconvlite.graph import get_dot_graph, plot_dot_graph


def test_a_notebook_shows_the_picture_without_graphviz(notebook):
    x = Variable(np.ones((2, 3)), name='x < "y"\n\\')
    y = F.sum(F.sin(x) * x + F.cos(x))
    y.name = "y"
    picture = plot_dot_graph(y)
    root = ElementTree.fromstring(picture._repr_svg_())
    tags = [element.tag.rpartition("}")[2] for element in root]
    assert tags.count("rect") == 5  # Functions
    assert tags.count("ellipse") == 6  # Variables: x, one behind each Function
    assert tags.count("line") == len(re.findall(" -> ", get_dot_graph(y))) == 12
    texts = [element.text for element in root if element.tag.endswith("text")]
    assert 'x < "y"\n\\: (2, 3) float64' in texts
    assert {"Sin", "Cos", "Mul", "Add", "Sum"} <= set(texts)
    assert repr(picture) == get_dot_graph(y)


def test_nodes_do_not_overlap_and_edges_go_down(notebook):
    x, y = Variable(np.ones(2), "a long name"), Variable(np.ones(2), "b")
    root = ElementTree.fromstring(plot_dot_graph((x + y) * (x - y) / F.exp(x))._repr_svg_())
    boxes, edges = {}, 0
    for element in root:
        a = element.attrib
        if "cx" in a:
            box = float(a["cx"]) - float(a["rx"]), float(a["cx"]) + float(a["rx"])
            boxes.setdefault(float(a["cy"]), []).append(box)
        elif "width" in a and "x" in a:
            box = float(a["x"]), float(a["x"]) + float(a["width"])
            boxes.setdefault(float(a["y"]) + float(a["height"]) / 2, []).append(box)
        elif "y1" in a:
            assert float(a["y1"]) < float(a["y2"])
            edges += 1
    assert (sum(map(len, boxes.values())), edges) == (12, 14)
    for row in boxes.values():
        row.sort()
        assert all(left[1] < right[0] for left, right in itertools.pairwise(row))
        assert row[0][0] >= 0
        assert row[-1][1] <= float(root.attrib["width"])
