"""The docstrings' examples that are skipped without a device."""

import doctest
import importlib
import pkgutil

import pytest

from pyconvlite.backends import webgpu

MODULES = [f"{webgpu.__name__}.{module.name}" for module in pkgutil.iter_modules(webgpu.__path__)]
MODULES.remove(f"{webgpu.__name__}.device")  # about runtimes without a device


@pytest.mark.parametrize("name", [webgpu.__name__, *MODULES, "pyconvlite.cuda"])
def test_examples(name):
    tests = doctest.DocTestFinder().find(importlib.import_module(name))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in tests:
        # Pyodide's one loop always runs: asyncio.run refuses to start another
        if "asyncio.run" not in test.docstring:
            assert runner.run(test).failed == 0, test.name
