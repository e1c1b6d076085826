"""Train, take apart and ship convolutional networks, in Python, on NumPy alone.

The names are those of DeZero, the framework of "Deep Learning from Scratch 3":

    >>> import numpy as np
    >>> import pyconvlite.functions as F
    >>> from pyconvlite import Variable
    >>> x = Variable(np.array([[1.0, 2.0]]))
    >>> y = F.sum(x**2)
    >>> y.backward()
    >>> x.grad
    variable([[2. 4.]])
"""

from . import (
    backends,
    core,
    cuda,
    dataloaders,
    datasets,
    functions,
    functions_conv,
    layers,
    models,
    optimizers,
    testing,
    transforms,
    utils,
)
from .core import (
    Config,
    Function,
    Parameter,
    Variable,
    as_array,
    as_variable,
    grad,
    no_grad,
    test_mode,
    using_config,
)
from .dataloaders import DataLoader
from .layers import Layer
from .models import Model
from .utils import seed

__version__ = "0.1.0"

__all__ = [
    "Config",
    "DataLoader",
    "Function",
    "Layer",
    "Model",
    "Parameter",
    "Variable",
    "as_array",
    "as_variable",
    "backends",
    "core",
    "cuda",
    "dataloaders",
    "datasets",
    "functions",
    "functions_conv",
    "grad",
    "layers",
    "models",
    "no_grad",
    "optimizers",
    "seed",
    "test_mode",
    "testing",
    "transforms",
    "using_config",
    "utils",
]
