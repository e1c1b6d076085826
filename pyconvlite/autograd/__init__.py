"""Automatic differentiation (book steps 7-18 and 32-36).

`function.py` imports `stand_in.py`, and both import `variable.py`, which imports `walk.py`, the reverse
traversal of the graph.
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
