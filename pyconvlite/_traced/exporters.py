"""The nodes of ONNX for each Function and, where a layer has a node of its own, for each layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import functions as F
from .. import layers as L
from .._shapes import axes_of, stretched_axes
from ..autograd import Parameter
from ..backends import ConvGeometry, to_cpu
from .emitting import Call
from .graph import code_of

__all__ = ["FUNCTIONS", "LAYERS", "takes"]


Exporter = Callable[[Call], Any]


def _one(op: str) -> Exporter:
    """An operator with the Function's inputs."""
    return lambda c: c.e.node(op, *c.alike())


def _with(op: str, **names: str) -> Exporter:
    """An operator with attributes of the Function, given by the names that they have there."""
    return lambda c: c.e.node(op, *c.inputs, **{key: c.same(name) for key, name in names.items()})


def _reduction(op: str) -> Exporter:
    def export(c: Call) -> str:
        axis = c.same("axis")
        axes = None if axis is None else sorted(axes_of(axis, len(c.f.inputs[0].shape)))
        (x,) = c.alike()
        return c.e.reduced(op, x, axes, bool(c.same("keepdims")))

    return export


def _logsumexp(c: Call) -> str:
    axes = sorted(axes_of(c.same("axis"), len(c.f.inputs[0].shape)))
    return c.e.reduced("ReduceLogSumExp", c.inputs[0], axes, True)


def _sum_to(c: Call) -> str:
    shape, whole = c.same("shape"), c.f.inputs[0].shape
    (x,) = c.alike()
    y = c.e.reduced("ReduceSum", x, stretched_axes(shape, whole), True)
    lead = list(range(len(whole) - len(shape)))
    return c.e.node("Squeeze", y, c.e.integers(lead)) if lead else y


def _broadcast(c: Call) -> str:
    source, lead = c.f.inputs[0].shape, len(c.shapes[0]) - len(c.f.inputs[0].shape)
    other = c.g.inputs[0].shape
    # A length of 1 keeps that of the input, so that only new lengths matter.
    kept = [
        i >= lead and source[i - lead] == n and other[i - lead] == m
        for i, (n, m) in enumerate(zip(*c.shapes, strict=True))
    ]
    sizes = [[1 if k else n for k, n in zip(kept, shape, strict=True)] for shape in c.shapes]
    return c.e.node("Expand", c.inputs[0], _known(c, c.e.shape(*sizes)))


def _known(c: Call, name: str | None) -> str:
    if name is None:
        raise ValueError(
            f"{type(c.f).__name__} to shape {c.shapes[0]} depends on the inputs, so it cannot be "
            "exported: only the size of the batch may vary"
        )
    return name


def _reshape(c: Call) -> str:
    sizes = [n if n == m else -1 for n, m in zip(*c.shapes, strict=True)]
    if 0 in sizes:  # 0 means the input's length, unless allowzero is set
        if c.e.opset < 14:
            raise ValueError("Reshape to a length of 0 needs opset 14 or later")
        return c.e.node("Reshape", c.inputs[0], _known(c, c.e.shape(*c.shapes)), allowzero=1)
    name = c.e.integers(sizes) if sizes.count(-1) <= 1 else _known(c, c.e.shape(*c.shapes))
    return c.e.node("Reshape", c.inputs[0], name)


def _split(c: Call) -> list[str]:
    sizes = np.diff([0, *c.same("stops")])
    names = [c.e.unique("split") for _ in sizes]
    return c.e.nodes_of(
        "Split", c.inputs[0], c.e.integers(sizes.tolist()), outputs=names, axis=c.same("axis")
    )


def _get_item(c: Call) -> str:
    e, x = c.e, c.inputs[0]
    parts = _index(c)
    arrays = [array for array in parts if isinstance(array, tuple)]
    if len(arrays) > 1 and any(ndim for _, ndim in arrays):
        raise ValueError(f"GetItem with {len(arrays)} indexes has no counterpart in ONNX; {c}")
    axis = at = 0  # in the output of the last Gather, and in the result
    slices, new = [], []
    for part in parts:
        if part is None:
            new.append(at)
            at += 1
        elif isinstance(part, slice):
            if part != slice(None):
                slices.append((axis, part))
            axis, at = axis + 1, at + 1
        else:
            name, ndim = part
            x = e.node("Gather", x, name, axis=axis)
            axis, at = axis + ndim, at + ndim
    if slices:
        rows = [_limits(axis, part) for axis, part in slices]
        x = e.node("Slice", x, *(e.integers(column) for column in zip(*rows, strict=True)))
    if new:
        x = e.node("Unsqueeze", x, e.integers(new))
    return e.node("Identity", x) if x == c.inputs[0] else x


def _index(c: Call) -> list[Any]:
    """The parts of an index: slices, None, and names of arrays with their numbers of axes."""
    first, second = (f.slices if isinstance(f.slices, tuple) else (f.slices,) for f in (c.f, c.g))
    parts: list[Any] = []
    for part, other in zip(first, second, strict=True):
        if part is Ellipsis:
            used = sum(p is not None and p is not Ellipsis for p in first)
            parts += [slice(None)] * (len(c.f.inputs[0].shape) - used)
        elif id(part) in c.e.arrays:  # an input of the model
            parts.append((_as_index(c, c.e.arrays[id(part)], part.dtype), part.ndim))
        elif isinstance(part, slice) or part is None:
            if part != other:
                raise ValueError(f"GetItem with {part} depends on the inputs; {c}")
            parts.append(part)
        else:
            array, again = np.asarray(to_cpu(part)), np.asarray(to_cpu(other))
            if array.dtype.kind not in "iu" or not np.array_equal(array, again):
                raise ValueError(f"GetItem with an index of {array.dtype} depends on the inputs; {c}")
            parts.append((c.e.constant(array.astype(np.int64)), array.ndim))
    return parts


def _as_index(c: Call, name: str, dtype: Any) -> str:
    """An index in a dtype that Gather takes."""
    return name if dtype in (np.int32, np.int64) else c.e.node("Cast", name, to=code_of(np.dtype(np.int64)))


def _limits(axis: int, part: slice) -> tuple[int, int, int, int]:
    """Start, end, axis and step of the operator Slice."""
    least, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    step = 1 if part.step is None else int(part.step)
    start, stop = (most, least) if step < 0 else (0, most)
    start = start if part.start is None else int(part.start)
    return start, stop if part.stop is None else int(part.stop), axis, step


def _pad(c: Call) -> str:
    widths = c.same("pad_width")
    ends = [before for before, _ in widths] + [after for _, after in widths]
    return c.e.node("Pad", c.inputs[0], c.e.integers(ends), c.number(c.same("value")))


def _clip(c: Call) -> str:
    limits = [c.same(name) for name in ("x_min", "x_max")]
    return c.e.node("Clip", *c.alike(), *("" if v is None else c.number(v) for v in limits))


def _where(c: Call) -> str:
    name = c.condition
    if name is None:
        condition, again = (np.asarray(to_cpu(f.condition)) for f in (c.f, c.g))
        if not np.array_equal(condition, again):
            raise ValueError(
                "the condition of Where depends on the inputs, so it cannot be exported unless it "
                f"compares Variables, as in x > 0; {c}"
            )
        name = c.e.constant(condition.astype(bool))
    return c.e.node("Where", name, *c.alike())


def _gelu(c: Call) -> str:
    (x,) = c.alike()
    half = c.e.node("Erf", c.e.node("Mul", x, c.number(math.sqrt(0.5))))
    cdf = c.e.node("Mul", c.e.node("Add", half, c.number(1)), c.number(0.5))
    return c.e.node("Mul", x, cdf)


def _row_norm(c: Call) -> str:
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


def _scale_channels(c: Call) -> str:
    column = c.e.integers([-1, *[1] * (len(c.f.inputs[0].shape) - 2)])
    y = c.inputs[0]
    for op, name in (
        ("Sub", c.e.constant(to_cpu(c.same("mean")))),
        ("Mul", c.inputs[1]),
        ("Add", c.inputs[2]),
    ):
        y = c.e.node(op, y, c.e.node("Reshape", name, column))
    return y


def _hardsigmoid(c: Call) -> str:
    return c.e.node("HardSigmoid", c.inputs[0], alpha=1 / 6, beta=0.5)


def _hardswish(c: Call) -> str:
    return c.e.node("Mul", c.inputs[0], _hardsigmoid(c))


def _silu(c: Call) -> str:
    (x,) = c.inputs
    return c.e.node("Mul", x, c.e.node("Sigmoid", x))


def _huber(c: Call) -> str:
    (x,) = c.inputs
    near = c.e.node("Clip", x, c.number(-c.same("delta")), c.number(c.same("delta")))
    return c.e.node("Mul", near, c.e.node("Sub", x, c.e.node("Mul", near, c.number(0.5))))


def _stack(c: Call) -> str:
    axis = c.same("axis")
    return c.e.node("Concat", *(c.e.node("Unsqueeze", x, c.e.integers([axis])) for x in c.alike()), axis=axis)


def _join_weights(c: Call) -> str:
    e, n = c.e, c.f.gates
    zero = e.constant(np.zeros((1, c.f.inputs[0].shape[1]), c.dtype))
    rows = []
    for i in range(0, len(c.inputs), n):
        parts = c.inputs[i : i + n]
        if i >= 2 * n:  # biases
            parts = [e.node("Unsqueeze", part, e.integers([0])) if part else zero for part in parts]
        rows.append(e.node("Concat", *parts, axis=1))
    return e.node("Concat", *rows, axis=0)


def _recurrent(step: Callable[..., list[str]], biases: int) -> Exporter:
    """The steps of a sequence, unrolled, or a single step.

    Args:
        step: gives the next states, the output first, for the Call, the products with x and with h, the
            biases and the states.
        biases: number of rows of biases.
    """

    def export(c: Call) -> list[str]:
        e, (x, *states, W) = c.e, c.alike()
        shape, H = c.f.inputs[0].shape, c.f.inputs[1].shape[1]
        if len(shape) == 3 and shape[0] != c.g.inputs[0].shape[0]:
            raise ValueError(
                f"{type(c.f).__name__} over sequences of any length has no counterpart here; export a model "
                "whose input has the batch first, (N, T, in_size), and which transposes it to (T, N, in_size)"
            )
        names = [e.unique(name) for name in ("Wx", "Wh", *["b"] * biases)]
        sizes = e.integers([shape[-1], H, *[1] * biases])
        Wx, Wh, *bs = e.nodes_of("Split", W, sizes, outputs=names, axis=0)
        xs = [x]
        if len(shape) == 3:
            xs = [e.node("Gather", x, e.constant(np.array(t, np.int64)), axis=0) for t in range(shape[0])]
        ys = []
        for x_t in xs:
            states = step(c, e.node("MatMul", x_t, Wx), e.node("MatMul", states[0], Wh), bs, states)
            ys.append(states[0])
        if len(shape) == 2:
            return states
        axis = e.integers([0])
        return [e.node("Concat", *(e.node("Unsqueeze", y, axis) for y in ys), axis=0), *states[1:]]

    return export


def _gates(c: Call, a: str, n: int) -> list[str]:
    """The blocks of columns of a."""
    names = [c.e.unique("gate") for _ in range(n)]
    return c.e.nodes_of("Split", a, c.e.integers([c.f.inputs[1].shape[1]] * n), outputs=names, axis=1)


def _lstm_step(c: Call, of_x: str, of_h: str, biases: list[str], states: list[str]) -> list[str]:
    node = c.e.node
    f, i, o, u = _gates(c, node("Add", node("Add", of_x, of_h), biases[0]), 4)
    kept = node("Mul", node("Sigmoid", f), states[1])
    cell = node("Add", kept, node("Mul", node("Sigmoid", i), node("Tanh", u)))
    return [node("Mul", node("Sigmoid", o), node("Tanh", cell)), cell]


def _gru_step(c: Call, of_x: str, of_h: str, biases: list[str], states: list[str]) -> list[str]:
    node = c.e.node
    of_x, of_h = node("Add", of_x, biases[0]), node("Add", of_h, biases[1])
    (rx, zx, nx), (rh, zh, nh) = _gates(c, of_x, 3), _gates(c, of_h, 3)
    r, z = node("Sigmoid", node("Add", rx, rh)), node("Sigmoid", node("Add", zx, zh))
    n = node("Tanh", node("Add", nx, node("Mul", r, nh)))
    return [node("Add", n, node("Mul", z, node("Sub", states[0], n)))]


def _matmul(c: Call) -> str:
    names = []
    for name, x, is_transposed in zip(c.alike(), c.f.inputs, c.same("transposed"), strict=True):
        *lead, rows, columns = range(len(x.shape))
        names.append(c.e.node("Transpose", name, perm=[*lead, columns, rows]) if is_transposed else name)
    return c.e.node("MatMul", *names)


def _settings(geometry: ConvGeometry) -> dict[str, Any]:
    kernel_size, stride, pad, dilation, *_ = geometry
    after = pad  # symmetric if the output size is the same, for images of other sizes
    axes = zip(kernel_size, stride, pad, dilation, geometry.input_size, geometry.output_size, strict=True)
    if any((size + 2 * p - (k - 1) * d - 1) // s + 1 != outputs for k, s, p, d, size, outputs in axes):
        (_, below), (_, right) = geometry.edges
        after = below, right
    return {
        "kernel_shape": list(kernel_size),
        "strides": list(stride),
        "pads": [*pad, *after],
        "dilations": list(dilation),
    }


def _conv2d(c: Call) -> str:
    g = c.same("geometry")
    y = c.e.node("Conv", *c.alike(), group=g.groups, **_settings(g))
    if c.f.relu and c.f.most < math.inf:
        return c.e.node("Clip", y, c.number(0), c.number(c.same("most")))
    return c.e.node("Relu", y) if c.f.relu else y


def _deconv2d(c: Call) -> str:
    g = c.same("geometry")
    extra = [
        size - ((n - 1) * s + (k - 1) * d + 1 - 2 * p)
        for size, n, s, k, d, p in zip(
            g.input_size, g.output_size, g.stride, g.kernel_size, g.dilation, g.pad, strict=True
        )
    ]
    return c.e.node("ConvTranspose", *c.alike(), group=g.groups, output_padding=extra, **_settings(g))


def _max_pool(c: Call) -> str:
    x, settings = c.inputs[0], _settings(c.same("geometry"))
    pads = settings["pads"]
    if any(pad >= size for pad, size in zip(pads, 2 * settings["kernel_shape"], strict=True)):
        # ONNX Runtime refuses padding as long as a window, though one with dilation may be longer.
        x = c.e.node("Pad", x, c.e.integers([0, 0, *pads[:2], 0, 0, *pads[2:]]), c.number(-np.inf))
        settings["pads"] = [0, 0, 0, 0]
    return c.e.node("MaxPool", x, **settings)


def _average_pool(c: Call) -> str:
    settings = _settings(c.same("geometry"))
    del settings["dilations"]  # since operator set 19
    return c.e.node("AveragePool", *c.inputs, count_include_pad=int(c.same("count_include_pad")), **settings)


def _upsample(c: Call) -> str:
    scales = c.e.constant(np.array([1, 1, *c.same("scale")], np.float32))
    places = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return c.e.node("Resize", c.inputs[0], "", scales, mode="nearest", **places)


FUNCTIONS: dict[type, Exporter] = {
    **{kind: _one(kind.__name__) for kind in (F.Add, F.Sub, F.Mul, F.Div, F.Neg, F.Abs, F.Exp, F.Log)},
    **{kind: _one(kind.__name__) for kind in (F.Sqrt, F.Sin, F.Cos, F.Tanh, F.Sigmoid, F.Erf)},
    F.ReLU: _one("Relu"),
    F.Softplus: _one("Softplus"),
    F.PowVariable: _one("Pow"),
    F.Maximum: _one("Max"),
    F.Minimum: _one("Min"),
    F.Log1p: lambda c: c.e.node("Log", c.e.node("Add", c.inputs[0], c.number(1))),
    F.Pow: lambda c: c.e.node("Pow", *c.alike(), c.number(c.same("c"))),
    F.Cast: lambda c: c.e.node("Cast", c.inputs[0], to=code_of(np.dtype(c.same("dtype")))),
    F.Clip: _clip,
    F.Where: _where,
    F.Sum: _reduction("ReduceSum"),
    F.Mean: _reduction("ReduceMean"),
    F.Max: _reduction("ReduceMax"),
    F.Min: _reduction("ReduceMin"),
    F.LogSumExp: _logsumexp,
    F.CumSum: lambda c: c.e.node("CumSum", *c.alike(), c.e.constant(np.array(c.same("axis"), np.int64))),
    F.SumTo: _sum_to,
    F.BroadcastTo: _broadcast,
    F.Reshape: _reshape,
    F.Transpose: lambda c: c.e.node("Transpose", c.inputs[0], perm=_order(c)),
    F.Concat: lambda c: c.e.node("Concat", *c.alike(), axis=c.same("axis")),
    F.Stack: _stack,
    F.Split: _split,
    F.GetItem: _get_item,
    F.Pad: _pad,
    F.MatMul: _matmul,
    F.Linear: lambda c: c.e.node("Gemm" if c.inputs[2] else "MatMul", *c.alike()),
    F.Softmax: _with("Softmax", axis="axis"),
    F.LogSoftmax: _with("LogSoftmax", axis="axis"),
    F.LeakyReLU: _with("LeakyRelu", alpha="slope"),
    F.ELU: _with("Elu", alpha="alpha"),
    F.GELU: _gelu,
    F.RowNorm: _row_norm,
    F.JoinWeights: _join_weights,
    F.LSTM: _recurrent(_lstm_step, 1),
    F.GRU: _recurrent(_gru_step, 2),
    F.ScaleChannels: _scale_channels,
    F.HardSigmoid: _hardsigmoid,
    F.HardSwish: _hardswish,
    F.SiLU: _silu,
    F.Huber: _huber,
    F.Conv2d: _conv2d,
    F.Conv2dReLU: _conv2d,
    F.Deconv2d: _deconv2d,
    F.Pooling: _max_pool,
    F.AveragePooling: _average_pool,
    F.Upsample: _upsample,
}


# ONNX computes with integers of int32 and int64 only; these operators move elements of any dtype.
_MOVES = {F.Cast, F.Reshape, F.Transpose, F.Concat, F.Stack, F.Split, F.GetItem, F.Where, F.BroadcastTo}
_ONLY_FLOATS: set[type] = {F.Pooling, F.AveragePooling}


def takes(kind: type, dtype: Any) -> bool:
    """Whether the operator of a Function computes results of a dtype.

    Example:
        >>> takes(F.ReLU, np.dtype(np.int64)), takes(F.ReLU, np.dtype(np.uint8))
        (True, False)
    """
    if dtype.kind not in "iu" or kind in _MOVES:
        return True
    return dtype in (np.int32, np.int64) and kind not in _ONLY_FLOATS


def _order(c: Call) -> list[int]:
    axes, ndim = c.same("axes"), len(c.f.inputs[0].shape)
    return [a % ndim for a in axes] if axes is not None else list(range(ndim))[::-1]


# --------------------------------------------------------------------------------------------------- layers


def _batch_norm(c: Call) -> str:
    layer = c.layer
    params = [c.param(p) for p in (layer.gamma, layer.beta, layer.avg_mean, layer.avg_var)]
    return c.e.node("BatchNormalization", *c.inputs, *params, epsilon=layer.eps, momentum=layer.decay)


def _prelu(c: Call) -> str:
    ndim = len(c.shapes[0])
    slopes = c.param(c.layer.W)
    if c.layer.W.dtype != c.dtype:
        slopes = c.e.node("Cast", slopes, to=code_of(c.dtype))
    if ndim > 2:
        slopes = c.e.node("Unsqueeze", slopes, c.e.integers(list(range(1, ndim - 1))))
    return c.e.node("PRelu", *c.inputs, slopes)


def _embedding(c: Call) -> str:
    (ids,) = c.inputs
    f = c.f
    if not isinstance(f, F.GetItem):  # the F.where by which an Embedding with padding_idx ends
        f = f.inputs[0].creator
    (index,) = f.slices if isinstance(f.slices, tuple) else (f.slices,)
    return c.e.node("Gather", c.param(c.layer.W), _as_index(c, ids, index.dtype))


LAYERS: dict[type, Exporter] = {
    L.BatchNorm: _batch_norm,
    L.PReLU: _prelu,
    L.EmbedID: _embedding,
    L.Embedding: _embedding,
}
