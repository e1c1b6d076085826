"""`dezero.core_simple`, the core of the book's steps 23 to 32, where a gradient is a plain array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import autograd
from .core import (
    Add,
    Config,
    Div,
    Function,
    Mul,
    Neg,
    Pow,
    Sub,
    add,
    as_array,
    as_variable,
    div,
    mul,
    neg,
    no_grad,
    pow,
    rdiv,
    rsub,
    setup_variable,
    sub,
    using_config,
)

__all__ = [
    "Add",
    "Config",
    "Div",
    "Function",
    "Mul",
    "Neg",
    "Pow",
    "Sub",
    "Variable",
    "add",
    "as_array",
    "as_variable",
    "div",
    "mul",
    "neg",
    "no_grad",
    "np",
    "pow",
    "rdiv",
    "rsub",
    "setup_variable",
    "sub",
    "using_config",
]


class Variable(autograd.Variable):
    """A leaf Variable whose gradient is a plain array, so that `x.data -= lr * x.grad` works.

    Results computed from it are Variables of `dezero.core`.

    Example:
        >>> import numpy as np
        >>> x = Variable(np.array(3.0))
        >>> y = x**2
        >>> y.backward()
        >>> x.grad
        array(6.)
    """

    _grad: Any = None

    @property
    def grad(self) -> Any:
        """The gradient, an array; None until `backward` computes it."""
        return self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._grad = grad.data if isinstance(grad, autograd.Variable) else grad

    def _checked_grad(self) -> autograd.Variable:
        return autograd.Variable(self._grad)

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """As in `dezero.core`; a leaf without a gradient gets ones."""
        if self.creator is None and self.grad is None:
            self.grad = autograd.variable.ones_like(self)
