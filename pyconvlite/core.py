"""Variable, Function, the settings and arithmetic under DeZero's module path."""

from .autograd import Function, Parameter, Variable, as_array, as_variable, grad
from .config import Config, no_grad, test_mode, using_config
from .functions import Add, Div, Mul, Neg, Pow, Sub, add, div, mul, neg, pow, rdiv, rsub, sub

__all__ = [
    "Add",
    "Config",
    "Div",
    "Function",
    "Mul",
    "Neg",
    "Parameter",
    "Pow",
    "Sub",
    "Variable",
    "add",
    "as_array",
    "as_variable",
    "div",
    "grad",
    "mul",
    "neg",
    "no_grad",
    "pow",
    "rdiv",
    "rsub",
    "sub",
    "test_mode",
    "using_config",
]
