"""`dezero.optimizers`: all optimizers and hooks of pyconvlite."""

from __future__ import annotations

from collections.abc import Iterable

from .. import optimizers
from ..layers import Layer
from . import cuda
from .core import Parameter

globals().update({name: getattr(optimizers, name) for name in optimizers.__all__})


class FreezeParam(optimizers.FreezeParam):
    """As `pyconvlite.optimizers.FreezeParam`, with DeZero's attribute.

    Attributes:
        freeze_params: list of the Parameters that are frozen; may be changed.

    Example:
        >>> import numpy as np
        >>> W = Parameter(np.array([2.0]))
        >>> FreezeParam(W).freeze_params
        [variable([2.])]
    """

    _not_saved = ("freeze_params",)  # in a checkpoint: the loading script passes them again

    def __init__(self, *layers: Layer | Parameter) -> None:
        super().__init__(*layers)
        self.freeze_params = [
            param
            for layer in layers
            for param in ([layer] if isinstance(layer, Parameter) else layer.params())
        ]

    def __call__(self, params: Iterable[Parameter]) -> None:
        """Remove the gradients of the frozen Parameters."""
        for param in self.freeze_params:
            param.grad = None
