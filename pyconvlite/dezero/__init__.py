"""DeZero's modules under their own names, so that the book's programs run unchanged.

`import pyconvlite.dezero` puts this package into `sys.modules` as `dezero`, with its 12 modules; from then
on `import dezero.functions as F` and the like work. `python -m pyconvlite.dezero script.py` runs a script
this way. The separate distribution `pyconvlite-dezero` makes a plain `import dezero` do it.

The classes and functions are those of pyconvlite, except for differences that affect the book's programs:
random numbers come from `numpy.random`, in DeZero's order, so that `np.random.seed(0)` gives the book's
numbers; Parameters have DeZero's names. The remaining differences are listed in `docs/dezero.md`.

    >>> import pyconvlite.dezero
    >>> import dezero
    >>> import dezero.functions as F
    >>> dezero.Variable is pyconvlite.Variable
    True
"""

import sys

from ..datasets import Dataset
from . import (
    core,
    core_simple,
    cuda,
    dataloaders,
    datasets,
    functions,
    functions_conv,
    layers,
    models,
    optimizers,
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
    no_grad,
    setup_variable,
    test_mode,
    using_config,
)
from .dataloaders import DataLoader, SeqDataLoader
from .layers import Layer
from .models import Model

is_simple_core = False  # in the book, True until step 32; `dezero.core_simple` is here at any time
__version__ = "0.0.13"  # DeZero's, whose names these are

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
    "core",
    "core_simple",
    "cuda",
    "dataloaders",
    "datasets",
    "functions",
    "functions_conv",
    "is_simple_core",
    "layers",
    "models",
    "no_grad",
    "optimizers",
    "setup_variable",
    "test_mode",
    "transforms",
    "using_config",
    "utils",
]

if getattr(sys.modules.get("dezero"), "__name__", __name__) != __name__:
    raise ImportError(
        "pyconvlite.dezero takes the place of the package dezero, but another one is imported already, "
        f"{getattr(sys.modules['dezero'], '__file__', None)}: import pyconvlite.dezero first"
    )

sys.modules["dezero"] = sys.modules[__name__]
sys.modules.update(
    {f"dezero.{name}": module for name in __all__ if (module := sys.modules.get(f"{__name__}.{name}"))}
)
