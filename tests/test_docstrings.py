"""Every public class and function of what surrounds the engine says what it is, with an example."""

import inspect

import pytest

from pyconvlite import (
    _checks,
    cuda,
    dataloaders,
    datasets,
    graph,
    layers,
    models,
    optimizers,
    transforms,
)

MODULES = [_checks, cuda, dataloaders, datasets, graph, layers, models, optimizers, transforms]
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in MODULES
    for name in module.__all__
    if callable(getattr(module, name))
}


@pytest.mark.parametrize("thing", PUBLIC.values(), ids=PUBLIC)
def test_has_an_example_that_doctest_runs(thing):
    assert ">>>" in inspect.getdoc(thing)
