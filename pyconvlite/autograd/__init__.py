"""Automatic differentiation (book steps 7-18 and 32-36).

`backprop.py` is the reverse traversal of the graph; `variable.py` imports it, and all others import
`variable.py`.
"""

from .backprop import functions_behind
from .convert import as_array, as_input, as_variable
from .function import Function
from .gradient import grad
from .parameter import Parameter
from .variable import Variable

__all__ = [
    "Function",
    "Parameter",
    "Variable",
    "as_array",
    "as_input",
    "as_variable",
    "functions_behind",
    "grad",
]
