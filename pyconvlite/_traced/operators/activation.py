"""Activation functions, softmax and dropout."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as F
from ... import layers as L
from ...backends import get_array_module
from ...functions.activation import sloped
from ..emitting import Call
from ..graph import code_of
from ._table import Run, Use, as_node, exports, operator, raw, simple

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


exports(F.ReLU)(as_node("Relu"))
exports(F.Sigmoid)(as_node("Sigmoid"))
exports(F.Tanh)(as_node("Tanh"))
exports(F.Softplus)(as_node("Softplus"))
exports(F.LeakyReLU)(as_node("LeakyRelu", alpha="slope"))
exports(F.ELU)(as_node("Elu", alpha="alpha"))
exports(F.Softmax)(as_node("Softmax", axis="axis"))
exports(F.LogSoftmax)(as_node("LogSoftmax", axis="axis"))


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


@exports(F.HardSigmoid)
def _export_hardsigmoid(c: Call) -> str:
    return c.e.node("HardSigmoid", c.inputs[0], alpha=1 / 6, beta=0.5)


@exports(F.HardSwish)
def _export_hardswish(c: Call) -> str:
    return c.e.node("Mul", c.inputs[0], _export_hardsigmoid(c))


@exports(F.SiLU)
def _export_silu(c: Call) -> str:
    (x,) = c.inputs
    return c.e.node("Mul", x, c.e.node("Sigmoid", x))


@exports(L.PReLU)
def _export_prelu(c: Call) -> str:
    ndim = len(c.shapes[0])
    slopes = c.param(c.layer.W)
    if c.layer.W.dtype != c.dtype:
        slopes = c.e.node("Cast", slopes, to=code_of(c.dtype))
    if ndim > 2:
        slopes = c.e.node("Unsqueeze", slopes, c.e.integers(list(range(1, ndim - 1))))
    return c.e.node("PRelu", *c.inputs, slopes)


@operator("Gelu", approximate="none")
def _gelu(use: Use) -> Run:
    approximate = use.one_of("approximate", "none", "tanh")
    return lambda x: F.gelu(x, approximate)


@exports(F.GELU)
def _export_gelu(c: Call) -> str:
    (x,) = c.alike()
    half = c.e.node("Erf", c.e.node("Mul", x, c.number(math.sqrt(0.5))))
    cdf = c.e.node("Mul", c.e.node("Add", half, c.number(1)), c.number(0.5))
    return c.e.node("Mul", x, cdf)


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
