"""Normalization and matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ... import layers as L
from ...autograd import Parameter
from ...backends import to_cpu
from ...config import Config
from ...functions._along import product_along
from ..emitting import Call
from ..graph import code_of
from ._table import Run, Use, exports, operator, raw, simple

simple(MatMul=F.matmul)


@exports(F.MatMul)
def _export_matmul(c: Call) -> str:
    names = []
    for name, x, is_transposed in zip(c.alike(), c.f.inputs, c.same("transposed"), strict=True):
        *lead, rows, columns = range(len(x.shape))
        names.append(c.e.node("Transpose", name, perm=[*lead, columns, rows]) if is_transposed else name)
    return c.e.node("MatMul", *names)


@operator("Gemm", alpha=1.0, beta=1.0, transA=0, transB=0)
def _gemm(use: Use) -> Run:
    def gemm(A: Any, B: Any, C: Any = None) -> Any:
        A = F.transpose(A) if use.transA else A
        B = F.transpose(B) if use.transB else B
        if use.alpha == use.beta == 1 and (C is None or C.shape == B.shape[1:]):
            return F.linear(A, B, C)
        y = F.matmul(A, B)
        y = y if use.alpha == 1 else F.mul(y, _weight(use.alpha, y))
        return y if C is None else F.add(y, C if use.beta == 1 else F.mul(C, _weight(use.beta, y)))

    return gemm


exports(F.Linear)(lambda c: c.e.node("Gemm" if c.inputs[2] else "MatMul", *c.alike()))


def _weight(value: float, like: Any) -> Any:
    """A factor in the dtype of what it multiplies, also if that is of integers."""
    return value if raw(like).dtype.kind == "f" else np.array(value).astype(raw(like).dtype)


@operator("BatchNormalization", epsilon=1e-5, momentum=0.9, training_mode=0, spatial=1)
def _batch_norm(use: Use) -> Run:
    use.check_floats()
    use.one_of("spatial", 1)
    in_training = use.training_mode if use.version >= 14 else use.outputs > 1
    if not in_training and use.outputs > 1:
        use.refuse("it has outputs that only training has")

    def batch_norm(x: Any, scale: Any, bias: Any, mean: Any, var: Any) -> Any:
        has_statistics = isinstance(mean, Parameter) and isinstance(var, Parameter)
        if in_training and not has_statistics:
            axes = (0, *range(2, len(x.shape)))
            y = F.BatchNorm(raw(mean), raw(var), use.momentum, use.epsilon)(x, scale, bias)
            batch = raw(F.mean(x, axes)), raw(F.var(x, axes))
            pairs = zip((mean, var), batch, strict=True)
            return y, *(raw(a) * use.momentum + b * (1 - use.momentum) for a, b in pairs), *batch
        if Config.train and has_statistics:
            f = F.BatchNorm(mean.data, var.data, use.momentum, use.epsilon)
            y = f(x, scale, bias)
            mean.data, var.data = f.avg_mean, f.avg_var
        else:
            if has_statistics:  # never trained: constants, also where the model is exported again
                mean, var = raw(mean), raw(var)
            shape = (1, -1, *[1] * (len(x.shape) - 2))
            factor = F.div(scale, F.sqrt(F.add(var, use.epsilon)))
            y = F.mul(F.sub(x, F.reshape(mean, shape)), F.reshape(factor, shape))
            y = F.add(y, F.reshape(bias, shape))
        y = F.cast(y, raw(x).dtype)  # scale, bias and the statistics may be wider
        return y, *[raw(mean), raw(var)] * 2  # for as many outputs as the node has

    return batch_norm


@exports(L.BatchNorm)
def _export_batch_norm(c: Call) -> str:
    layer = c.layer
    params = [c.param(p) for p in (layer.gamma, layer.beta, layer.avg_mean, layer.avg_var)]
    return c.e.node("BatchNormalization", *c.inputs, *params, epsilon=layer.eps, momentum=layer.decay)


@exports(F.ScaleChannels)
def _export_scale_channels(c: Call) -> str:
    column = c.e.integers([-1, *[1] * (len(c.f.inputs[0].shape) - 2)])
    y = c.inputs[0]
    for op, name in (
        ("Sub", c.e.constant(to_cpu(c.same("mean")))),
        ("Mul", c.inputs[1]),
        ("Add", c.inputs[2]),
    ):
        y = c.e.node(op, y, c.e.node("Reshape", name, column))
    return y


@operator("LayerNormalization", axis=-1, epsilon=1e-5, stash_type=1)
def _layer_norm(use: Use) -> Run:
    use.check_floats()
    use.one_of("stash_type", 1)

    def layer_norm(x: Any, scale: Any, bias: Any = None) -> Any:
        shape = x.shape[use.axis :]
        if use.outputs == 1 and scale.shape == shape and (bias is None or bias.shape == shape):
            return F.layer_norm(x, shape, scale, bias, use.epsilon)
        axes = tuple(range(use.axis % len(x.shape), len(x.shape)))
        dtype = raw(x).dtype
        if dtype == np.float16:  # whose squares may overflow; stash_type, too, says float32
            x = F.cast(x, np.float32)
        mean = F.mean(x, axes, keepdims=True)
        distance = F.sub(x, mean)
        inverse = 1 / F.sqrt(F.mean(distance * distance, axes, keepdims=True) + use.epsilon)
        y = F.cast(distance * inverse, dtype) * scale
        return (y if bias is None else y + bias), mean, inverse

    return layer_norm


@exports(F.RowNorm)
def _export_row_norm(c: Call) -> str:
    e, (x, *scales) = c.e, c.alike()
    _, K, S = c.f.inputs[0].shape
    is_half = c.dtype == np.float16
    dtype = np.dtype(np.float32) if is_half else c.dtype
    if is_half:  # as in the kernels, since squares may overflow
        x = e.node("Cast", x, to=code_of(dtype))
    distance = e.node("Sub", x, e.reduced("ReduceMean", x, [1, 2], True))
    var = e.reduced("ReduceMean", e.node("Mul", distance, distance), [1, 2], True)
    y = e.node("Div", distance, e.node("Sqrt", e.node("Add", var, e.constant(c.same("eps"), dtype))))
    if is_half:
        y = e.node("Cast", y, to=code_of(c.dtype))
    parts = len(c.f.inputs[1].data)
    given = zip(("Mul", "Add"), scales, c.inputs[1:], c.f.inputs[1:], (1, 0), strict=True)
    used = [
        (op, scale)
        for op, scale, name, param, neutral in given
        if isinstance(param, Parameter) or not (name in e.constants and (e.constants[name] == neutral).all())
    ]
    if not used:
        return y
    y = e.node("Reshape", y, e.integers([-1, parts, K, S]))
    for op, name in used:
        y = e.node(op, y, e.node("Reshape", name, e.integers([parts, K, 1])))
    return e.node("Reshape", y, e.integers([-1, K, S]))


@operator("InstanceNormalization", epsilon=1e-5)
def _instance_norm(use: Use) -> Run:
    return lambda x, scale, bias: F.instance_norm(x, scale, bias, use.epsilon)


@operator("GroupNormalization", epsilon=1e-5, num_groups=1, stash_type=1)
def _group_norm(use: Use) -> Run:
    use.one_of("stash_type", 1)
    if use.version < 21:
        use.refuse("with a scale for each group, which operator set 21 replaced by one for each channel")
    return lambda x, scale, bias: F.group_norm(x, use.num_groups, scale, bias, use.epsilon)


@operator("LRN", alpha=0.0001, beta=0.75, bias=1.0, size=1)
def _lrn(use: Use) -> Run:
    def lrn(x: Any) -> Any:
        channel = np.arange(x.shape[1])
        distance = channel - channel[:, np.newaxis]
        near = (distance >= -((use.size - 1) // 2)) & (distance <= use.size // 2)
        squares = product_along(F.mul(x, x), near / use.size, 1)
        return F.div(x, F.pow(squares * use.alpha + use.bias, use.beta))

    return lrn
