"""Train, inspect and deploy convolutional networks in Python; NumPy is the only dependency.

The API follows DeZero, the framework of the book "Deep Learning from Scratch 3".

Example:
    >>> import numpy as np
    >>> import pyconvlite.functions as F
    >>> from pyconvlite import Variable
    >>> x = Variable(np.array([[1.0, 2.0]]))
    >>> y = F.sum(x**2)
    >>> y.backward()
    >>> x.grad
    variable([[2. 4.]])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import backends, functions
from ._random import seed
from .autograd import Function, Parameter, Variable, as_array, as_variable, grad
from .config import Config, no_grad, test_mode, using_config

if TYPE_CHECKING:
    from . import (
        checkpoint,
        colors,
        core,
        cuda,
        dataloaders,
        datasets,
        functions_conv,
        graph,
        html_page,
        layers,
        models,
        onnx,
        optimizers,
        parallel,
        project,
        testing,
        transforms,
        utils,
    )
    from .dataloaders import DataLoader, SeqDataLoader
    from .datasets import Dataset
    from .html_page import export_html
    from .layers import Layer
    from .models import Model
else:
    # Imported at the first access: in a browser, where no bytecode is cached, these modules take as long to
    # import as the engine itself, and few programs need all of them.
    _HOMES = {
        "DataLoader": "dataloaders",
        "SeqDataLoader": "dataloaders",
        "Dataset": "datasets",
        "Layer": "layers",
        "Model": "models",
        "export_html": "html_page",
    }

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
            return globals()[name]
        if name in __all__:
            return import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__version__ = "0.1.0"

__all__ = [
    "Config",
    "DataLoader",
    "Dataset",
    "Function",
    "Layer",
    "Model",
    "Parameter",
    "SeqDataLoader",
    "Variable",
    "as_array",
    "as_variable",
    "backends",
    "checkpoint",
    "colors",
    "core",
    "cuda",
    "dataloaders",
    "datasets",
    "export_html",
    "functions",
    "functions_conv",
    "grad",
    "graph",
    "html_page",
    "layers",
    "models",
    "no_grad",
    "onnx",
    "optimizers",
    "parallel",
    "project",
    "seed",
    "test_mode",
    "testing",
    "transforms",
    "using_config",
    "utils",
]
