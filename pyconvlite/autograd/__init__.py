"""Automatic differentiation (book steps 7-18 and 32-36).

`function.py` stands on `variable.py`, and that on `walk.py`, the walk back through the graph.
"""

from .function import Function
from .variable import Parameter, Variable, as_array, as_input, as_variable, grad
from .walk import functions_behind

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
