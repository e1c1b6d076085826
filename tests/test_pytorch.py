"""_pytorch.py: hints in errors for missing attributes."""

import copy
import pickle

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, Parameter, Variable, models
from pyconvlite._pytorch import _HERE, no_attribute
from pyconvlite.optimizers import SGD


@pytest.mark.parametrize(
    ("owner", "name", "hint"),
    [
        (Variable(np.ones(2)), "view", "Variable has no attribute 'view'; PyTorch's view is F.reshape here"),
        (Parameter(np.ones(2)), "exp", r"PyTorch's exp is F\.exp here"),
        (L.Linear(3), "parameters", r"Linear has .*; PyTorch's parameters is params\(\) here"),
        (models.MLP((3, 1)), "to", r"MLP has .*; PyTorch's to is to_gpu\(\) or x\.astype\(dtype\) here"),
        (L, "Module", r"PyTorch's Module is models\.Model here"),
        (models.MLP((3, 1)), "eval", r"PyTorch's eval is with test_mode\(\)"),
        (SGD(), "step", r"PyTorch's step is update\(\) here"),
        (SGD(), "state_dict", r"PyTorch's state_dict is checkpoint\.save\(path, model=model, optimizer"),
        (F, "cross_entropy", r"functions has .*; PyTorch's cross_entropy is F\.softmax_cross_entropy here"),
        (F, "mse_loss", r"mse_loss is F\.mean_squared_error\(x0, x1, \"mean\"\) here"),
        (L, "MaxPool2d", r"layers has .*; PyTorch's MaxPool2d is L\.MaxPool\(size, stride=size\) here"),
        (Variable(np.ones(2)), "nothing", "^Variable has no attribute 'nothing'$"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_missing_attribute_names_the_replacement(owner, name, hint):
    with pytest.raises(AttributeError, match=hint):
        getattr(owner, name)
    assert not hasattr(owner, name)


def test_suggested_replacements_exist():
    known, found = {"F": F, "L": L, "models": models, "model": models.MLP((1, 1))}, set()
    for here in _HERE.values():
        first, _, second = here.partition(".")
        if first in known:
            assert hasattr(known[first], second.partition("(")[0])
            found.add(first)
    assert found == known.keys()


def test_attribute_error_inside_a_property_propagates():
    class Net(Model):
        @property
        def width(self):
            return self.missing

    with pytest.raises(AttributeError, match="Net has no attribute 'missing'"):
        _ = Net().width
    with pytest.raises(AttributeError, match="has no data, therefore no shape"):
        _ = Parameter(None).shape


def test_copies_and_pickles():
    layer = L.Linear(2, in_size=3)
    for same in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(same.W.data, layer.W.data)
    assert str(no_attribute("x", "y")) == "x has no attribute 'y'"
