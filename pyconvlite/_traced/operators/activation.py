"""Activation functions, softmax and dropout."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ...backends import get_array_module
from ...functions.activation import sloped
from ._table import Run, Use, operator, raw, simple

simple(
    Relu=F.relu,
    Sigmoid=F.sigmoid,
    Tanh=F.tanh,
    Softplus=F.softplus,
    HardSwish=F.hardswish,
    Softsign=lambda x: F.div(x, F.abs(x) + 1),
    Mish=lambda x: F.mul(x, F.tanh(F.softplus(x))),
    PRelu=sloped,
)


@operator("LeakyRelu", alpha=0.01)
def _leaky_relu(use: Use) -> Run:
    return lambda x: F.leaky_relu(x, use.alpha)


@operator("ThresholdedRelu", alpha=1.0)
def _thresholded_relu(use: Use) -> Run:
    return lambda x: F.where(x > use.alpha, x, 0)


@operator("Elu", alpha=1.0)
def _elu(use: Use) -> Run:
    return lambda x: F.elu(x, use.alpha)


@operator("Celu", alpha=1.0)
def _celu(use: Use) -> Run:
    return lambda x: F.mul(F.elu(F.div(x, use.alpha)), use.alpha)


@operator("Selu", alpha=1.6732632423543772, gamma=1.0507009873554805)
def _selu(use: Use) -> Run:
    return lambda x: F.mul(F.elu(x, use.alpha), use.gamma)


@operator("Swish", alpha=1.0)
def _swish(use: Use) -> Run:
    return lambda x: F.mul(x, F.sigmoid(F.mul(x, use.alpha)))


@operator("HardSigmoid", alpha=0.2, beta=0.5)
def _hard_sigmoid(use: Use) -> Run:
    return lambda x: F.clip(F.mul(x, use.alpha) + use.beta, 0, 1)


@operator("Gelu", approximate="none")
def _gelu(use: Use) -> Run:
    approximate = use.one_of("approximate", "none", "tanh")
    return lambda x: F.gelu(x, approximate)


@operator("Softmax", "LogSoftmax", axis=None)
def _softmax(use: Use) -> Run:
    function = F.softmax if use.node.op == "Softmax" else F.log_softmax
    if use.version >= 13:
        return lambda x: function(x, -1 if use.axis is None else use.axis)
    axis = 1 if use.axis is None else use.axis

    def flattened(x: Any) -> Any:  # over the axis and all after it
        shape = x.shape
        first = axis % len(shape)
        matrix = F.reshape(x, (math.prod(shape[:first]), math.prod(shape[first:])))
        return F.reshape(function(matrix, 1), shape)

    return flattened


@operator("Dropout", ratio=0.5, seed=0)
def _dropout(use: Use) -> Run:
    """Training is a state of the engine; a file in which an input decides on it is refused."""
    if len(use.node.inputs) > 2 and use.node.inputs[2] and use.constants[2] is None:
        use.refuse("training_mode must be a constant; call the model in test_mode() or without")
    known = use.constants[1] if len(use.constants) > 1 else None

    def dropout(x: Any, given: Any = None, training: Any = None) -> Any:
        of = use.ratio if given is None else float(raw(given) if known is None else known)
        if use.outputs < 2:
            return F.dropout(x, of)
        kept = F.dropout(get_array_module(raw(x)).ones_like(raw(x)), of).data
        return F.mul(x, kept), kept != 0

    return dropout
