"""Hooks for `Optimizer.add_hook`: they replace or remove gradients before an update.

A hook never writes into a gradient's array, which may be shared. Parameters without a gradient are skipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from .._arguments import above_zero, within
from .._shapes import Array
from ..autograd import Parameter, as_variable
from ..backends import foreach, host_scalars, kernels
from ..layers import Layer
from .base import gradient, with_gradient


class WeightDecay:
    """Add `rate * W` to each gradient: the gradient of the penalty `rate / 2 * |W|^2` (L2 regularization).

    Args:
        rate: decay coefficient, at least 0.

    Raises:
        TypeError: `rate` is not a number.
        ValueError: `rate` is below 0 or not finite.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Parameter, Variable
        >>> W = Parameter(np.array([2.0]))
        >>> W.grad = Variable(np.array([1.0]))
        >>> WeightDecay(0.25)([W]); W.grad
        variable([1.5])
    """

    def __init__(self, rate: float) -> None:
        self.rate = within(0, rate, math.inf, "rate")

    def __call__(self, params: Iterable[Parameter]) -> None:
        """Replace the gradients."""
        (rate,) = host_scalars(lambda: (float(self.rate),))
        params = with_gradient(params)

        def decayed(g: Array, W: Array) -> tuple[Array, ...]:
            return (g + rate * W.astype(g.dtype, copy=False),)

        rows = ((gradient(param), param.data) for param in params)
        for param, (g,) in zip(params, foreach(decayed, rows), strict=True):
            set_gradient(param, g)


class ClipGrad:
    """Scale all gradients by one factor so that their joint L2 norm is at most `max_norm`.

    It keeps a recurrent network's gradients from exploding (Pascanu, Mikolov, Bengio, 2013).

    Gradients that are not finite stay so, as in PyTorch's `clip_grad_norm_`: if an element is NaN, all become
    NaN; if one is infinite, it becomes NaN and the others 0.

    Args:
        max_norm: the largest norm, above 0.

    Raises:
        TypeError: `max_norm` is not a number.
        ValueError: `max_norm` is not above 0, or not finite.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Parameter, Variable
        >>> W, b = Parameter(np.zeros(1)), Parameter(np.zeros(1))
        >>> W.grad, b.grad = Variable(np.array([30.0])), Variable(np.array([40.0]))
        >>> ClipGrad(5.0)([W, b]); W.grad, b.grad
        (variable([3.]), variable([4.]))
    """

    def __init__(self, max_norm: float) -> None:
        self.max_norm = above_zero(max_norm, "max_norm")

    def __call__(self, params: Iterable[Parameter]) -> None:
        """Replace the gradients."""
        params = with_gradient(params)
        gradients = [gradient(param) for param in params]
        if gradients:
            (most,) = host_scalars(lambda: (float(self.max_norm),))
            scaled = kernels(gradients[0]).clip_norm(gradients, most)
            for param, g, new in zip(params, gradients, scaled, strict=True):
                if new is not g:
                    set_gradient(param, new)


class FreezeParam:
    """Remove the gradients of some Parameters, so that updates do not change them (fine-tuning).

    The running statistics of BatchNorm have no gradients; to freeze them, call the model in `test_mode()`.

    Args:
        layers: Parameters, or Layers, all of whose Parameters are frozen.

    Raises:
        TypeError: an argument is neither a Layer nor a Parameter.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Parameter, Variable
        >>> W = Parameter(np.array([2.0]))
        >>> W.grad = Variable(np.array([1.0]))
        >>> FreezeParam(W)([W]); W.grad is None
        True
    """

    def __init__(self, *layers: Layer | Parameter) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Layer | Parameter):
                raise TypeError(
                    f"layers must be Layers or Parameters; got {type(layer).__name__} at index {i}"
                )
        self.layers = layers

    def __call__(self, params: Iterable[Parameter]) -> None:
        """Remove the gradients."""
        for layer in self.layers:
            if isinstance(layer, Parameter):
                layer.cleargrad()
            else:
                layer.cleargrads()


def set_gradient(param: Parameter, g: Array) -> None:
    """Set the gradient, in the dtype of the Parameter.

    Example:
        >>> import numpy as np
        >>> param = Parameter(np.zeros(1, np.float16))
        >>> set_gradient(param, np.ones(1, np.float32)); param.grad.dtype
        dtype('float16')
    """
    param.grad = as_variable(g.astype(param.dtype, copy=False))
