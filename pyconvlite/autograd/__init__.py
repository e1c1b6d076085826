"""Automatic differentiation (book steps 7-18 and 32-36).

`function.py` imports `stand_in.py`; both and `gradient.py` import `variable.py`, which imports `walk.py`, the
reverse traversal of the graph.
"""

from .function import Function
from .gradient import grad
from .variable import Parameter, Variable, as_array, as_input, as_variable
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
