"""Every public class and function of the package has an example, and doctest finds it.

A Function needs none: the public function of the operation has it.
"""

import doctest
import functools
import importlib
import pkgutil
import sys

import pytest

import pyconvlite
from pyconvlite import Function


def _public_callables():
    """The public classes and functions, by module and name.

    A module's public names are its `__all__` or, without one, those in its `dir` that the package defines. A
    package's include those of the files inside it.
    """
    names = ["pyconvlite", "pyconvlite.backends.webgpu"]
    names += [f"pyconvlite.{m.name}" for m in pkgutil.iter_modules(pyconvlite.__path__)]
    modules = [importlib.import_module(name) for name in names if "._" not in name]
    things = [getattr(m, name) for m in modules for name in getattr(m, "__all__", dir(m)) if name[0] != "_"]
    public = {}
    for thing in things:
        is_operation = isinstance(thing, type) and issubclass(thing, Function) and thing is not Function
        if (
            callable(thing)
            and not is_operation
            and getattr(thing, "__module__", "").split(".")[0] == "pyconvlite"
        ):
            public[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return public


PUBLIC = _public_callables()


@functools.cache
def _names_with_examples(module):
    tests = doctest.DocTestFinder().find(sys.modules[module])
    return {test.name for test in tests if test.examples}


def test_every_kind_of_module_is_searched():
    assert {
        "pyconvlite.config.Config",  # of a module without __all__
        "pyconvlite.functions.math.exp",  # of a package
        "pyconvlite.layers.convolution.Conv2d",  # of a module that is imported on first access
        "pyconvlite._gradient_check.array_equal",  # of a module of DeZero's names
    } <= PUBLIC.keys()


@pytest.mark.parametrize("name", PUBLIC)
def test_has_an_example_that_doctest_runs(name):
    assert name in _names_with_examples(PUBLIC[name].__module__)
