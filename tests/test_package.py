"""The package as a whole: the names of `import pyconvlite`, and what importing it needs."""

import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import pyconvlite

SUBMODULES = [
    *[
        "autograd",
        "backends",
        "checkpoint",
        "colors",
        "config",
        "core",
        "cuda",
        "dataloaders",
        "datasets",
        "functions",
        "functions_conv",
        "graph",
    ],
    "html_page",
    *["layers", "models", "onnx", "optimizers", "parallel", "project", "testing", "transforms", "utils"],
]
HOMES = {
    "core": [
        "Config",
        "Function",
        "Parameter",
        "Variable",
        "as_array",
        "as_variable",
        "grad",
        "no_grad",
        "test_mode",
        "using_config",
    ],
    "layers": ["Layer"],
    "models": ["Model"],
    "html_page": ["export_html"],
    "dataloaders": ["DataLoader", "SeqDataLoader"],
    "datasets": ["Dataset"],
    "utils": ["seed"],
}


def test_all_submodules_are_listed():
    public = {m.name for m in pkgutil.iter_modules(pyconvlite.__path__) if not m.name.startswith("_")}
    assert {*SUBMODULES, "dezero"} == public  # dezero is only there once it is imported: see its test


@pytest.mark.parametrize("name", SUBMODULES)
def test_submodules_are_attributes(name):
    assert getattr(pyconvlite, name).__name__ == f"pyconvlite.{name}"


@pytest.mark.parametrize(("home", "name"), [(home, name) for home, names in HOMES.items() for name in names])
def test_names_are_re_exported(home, name):
    assert getattr(pyconvlite, name) is getattr(getattr(pyconvlite, home), name)


def test_all_lists_public_names():
    assert set(pyconvlite.__all__) >= {name for names in HOMES.values() for name in names}
    assert all(hasattr(pyconvlite, name) for name in pyconvlite.__all__)


def test_expected_functions_exist():
    names = """
        add sub mul div neg pow exp log sqrt sin cos tanh
        reshape transpose get_item expand_dims flatten concat sum mean sum_to broadcast_to max min
        matmul linear relu sigmoid softmax log_softmax
        mean_squared_error softmax_cross_entropy accuracy dropout
        im2col col2im im2col_array col2im_array conv2d deconv2d conv2d_simple
        pooling pooling_simple average_pooling global_average_pooling global_max_pooling
        Conv2d Deconv2d Conv2DGradW Im2col Col2im
        Pooling Pooling2DGrad Pooling2DWithIndexes AveragePooling
    """
    assert [name for name in names.split() if not callable(getattr(pyconvlite.functions, name, None))] == []


def test_version_is_a_release():
    assert all(part.isdigit() for part in pyconvlite.__version__.split("."))


@pytest.mark.parametrize("name", [*SUBMODULES, "functions.conv", "backends.numpy"])
def test_module_docstrings_state_their_contents(name):
    """The first sentence of each module says what belongs there."""
    module = importlib.import_module(f"pyconvlite.{name}")
    assert module.__doc__
    assert module.__doc__.split("\n")[0].rstrip().endswith((".", ":")), module.__doc__.split("\n")[0]


@pytest.mark.cpython
def test_import_requires_only_numpy():
    code = """
import json, sys
import numpy.random  # NumPy itself loads it late, and its Cython with it
before = set(sys.modules)
import pyconvlite
for name in pyconvlite.__all__:
    getattr(pyconvlite, name)  # some are loaded when first asked for
new = {name.partition(".")[0] for name in set(sys.modules) - before} - {"numpy", *sys.stdlib_module_names}
print(json.dumps(sorted(new)))
"""
    loaded = json.loads(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )
    assert loaded == ["pyconvlite"]


@pytest.mark.cpython
def test_import_has_no_side_effects():
    code = """
import random, threading, warnings
import numpy as np
warnings.simplefilter("error")
def state():
    return np.random.get_state()[1].tolist(), random.getstate(), np.geterr(), np.get_printoptions()
before = state()
import pyconvlite
assert state() == before
assert threading.active_count() == 1
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")
