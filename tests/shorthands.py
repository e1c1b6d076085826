"""Short names for what many tests write."""

import ast
import contextlib
import functools
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import pyconvlite
from pyconvlite import Variable
from pyconvlite.optimizers import SGD, AdaDelta, AdaGrad, Adam, AdamW, MomentumSGD, RMSprop

OPTIMIZERS = [SGD, MomentumSGD, AdaGrad, RMSprop, AdaDelta, Adam, AdamW]


def ones(*shape):
    """A Variable of ones."""
    return Variable(np.ones(shape))


def names(layer):
    """The names of a layer's Parameters, in order."""
    return [name for name, _ in layer.named_params()]


def files(folder):
    """The paths in a folder of the files there and in its subfolders, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@functools.cache
def sources():
    """The syntax trees of the package's modules, by their paths in it."""
    package = Path(pyconvlite.__file__).parent
    return {
        path.relative_to(package).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in package.rglob("*.py")
    }


@contextlib.contextmanager
def traced_memory():
    """What a block allocates, known after it: `kept` and, at a time, `peak`, in bytes."""
    found = SimpleNamespace()
    tracemalloc.start()
    try:
        yield found
        found.kept, found.peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
