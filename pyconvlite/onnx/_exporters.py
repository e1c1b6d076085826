"""The nodes of ONNX for each Function and, where a layer has a node of its own, for each layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import functions as F
from .. import layers as L
from .._shapes import Array, axes_of, stretched_axes
from ..backends import to_cpu
from ._graph import Node, code_of

__all__ = ["FUNCTIONS", "LAYERS", "Call", "Emitter"]


class Emitter:
    """Collects nodes and constants.

    Args:
        opset: version of the operator set.
        batch: size of the batch in the first run; in the second it is one more.

    Attributes:
        nodes, constants: what was collected.
        taken: names that are in use.
        arrays: names of the inputs' arrays, by their ids.
        batch_of: name of an input whose first axis is the batch; None if there is none.
    """

    def __init__(self, opset: int, batch: int) -> None:
        self.opset = opset
        self.batch = batch
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}
        self.taken: set[str] = set()
        self.arrays: dict[int, str] = {}
        self.batch_of: str | None = None
        self._known: dict[Any, str] = {}

    def unique(self, name: str) -> str:
        """A name that is not in use yet, like `name`."""
        found, i = name, 0
        while found in self.taken:
            i += 1
            found = f"{name}_{i}"
        self.taken.add(found)
        return found

    def node(self, op: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        return self.nodes_of(op, *inputs, outputs=[output or self.unique(op.lower())], **attributes)[0]

    def nodes_of(self, op: str, *inputs: str, outputs: list[str], **attributes: Any) -> list[str]:
        """Add a node; return the names of its outputs."""
        given = list(inputs)
        while given and not given[-1]:
            given.pop()
        settings = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(Node(op, given, outputs, settings, f"{op}_{len(self.nodes)}", self.opset))
        return outputs

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Name of a constant; a small one is stored once."""
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        key = (array.dtype, array.shape, array.tobytes()) if array.size <= 16 else self.unique("constant")
        if key not in self._known:
            name = self.unique("constant") if isinstance(key, tuple) else key
            self._known[key] = name
            self.constants[name] = array
        return self._known[key]

    def integers(self, values: Sequence[int]) -> str:
        """Name of a constant list of integers."""
        return self.constant(np.array(values, np.int64))

    def shape(self, first: Sequence[int], second: Sequence[int]) -> str | None:
        """Name of a shape that is `first` in the first run and `second` in the second; None if unknown."""
        if tuple(first) == tuple(second):
            return self.integers(first)
        if self.batch_of is None:
            return None
        whole = self.node("Shape", self.batch_of)
        batch = self.node("Slice", whole, self.integers([0]), self.integers([1]))
        parts = []
        for n, m in zip(first, second, strict=True):
            if n == m:
                parts.append(self.integers([n]))
            elif n * (self.batch + 1) == m * self.batch:
                times = self.integers([n // self.batch])
                parts.append(batch if n == self.batch else self.node("Mul", batch, times))
            else:
                return None
        return self.node("Concat", *parts, axis=0)

    def reduced(self, op: str, x: str, axes: Sequence[int] | None, keepdims: bool) -> str:
        """Add a reduction over axes, or over all for None."""
        if axes is None:
            return self.node(op, x, keepdims=int(keepdims))
        if op == "ReduceSum" or self.opset >= 18:
            return self.node(op, x, self.integers(axes), keepdims=int(keepdims))
        return self.node(op, x, axes=list(axes), keepdims=int(keepdims))


class Call:
    """A call of a Function or layer, in both runs.

    Attributes:
        e: the Emitter.
        f, g: the Function in the first and in the second run.
        layer: the layer, if it is the call of one.
        inputs: names of the inputs; an empty one was omitted.
        param: returns the name of a Parameter.
    """

    def __init__(
        self, e: Emitter, f: Any, g: Any, layer: Any, inputs: list[str], param: Callable[[Any], str]
    ) -> None:
        self.e, self.f, self.g, self.layer, self.inputs, self.param = e, f, g, layer, inputs, param

    def __str__(self) -> str:
        shapes = ", ".join(f"{x.dtype} {x.shape}" for x in self.f.inputs if x.shape is not None)
        return f"it was called with inputs {shapes}"

    def same(self, name: str) -> Any:
        """An attribute of the Function, which must be the same in both runs."""
        first, second = getattr(self.f, name), getattr(self.g, name)
        if isinstance(first, np.ndarray) or hasattr(first, "device"):
            first, second = to_cpu(first), to_cpu(second)
            if first.shape == second.shape and np.array_equal(first, second):
                return first
        elif first == second:
            return first
        raise ValueError(
            f"{type(self.f).__name__}.{name} depends on the inputs, so that it cannot be exported; {self}"
        )

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shape of the first output in both runs."""
        return self.f.outputs[0]().shape, self.g.outputs[0]().shape

    @property
    def dtype(self) -> Any:
        """Dtype of the first output."""
        return self.f.outputs[0]().dtype

    def number(self, value: Any) -> str:
        """Name of a constant number in the dtype of the output."""
        return self.e.constant(np.array(value, self.dtype))

    def alike(self) -> list[str]:
        """The inputs, converted to the dtype of the output."""
        pairs = zip(self.inputs, self.f.inputs, strict=True)
        return [
            name if x.dtype == self.dtype else self.e.node("Cast", name, to=code_of(self.dtype))
            for name, x in pairs
        ]


Exporter = Callable[[Call], Any]


def _one(op: str) -> Exporter:
    """An operator of the same inputs."""
    return lambda c: c.e.node(op, *c.alike())


def _with(op: str, **names: str) -> Exporter:
    """An operator whose attributes are those of the Function, by their names there."""
    return lambda c: c.e.node(op, *c.inputs, **{key: c.same(name) for key, name in names.items()})


def _reduction(op: str) -> Exporter:
    def export(c: Call) -> str:
        axis = c.same("axis")
        axes = None if axis is None else sorted(axes_of(axis, len(c.f.inputs[0].shape)))
        return c.e.reduced(op, c.inputs[0], axes, bool(c.same("keepdims")))

    return export


def _logsumexp(c: Call) -> str:
    axes = sorted(axes_of(c.same("axis"), len(c.f.inputs[0].shape)))
    return c.e.reduced("ReduceLogSumExp", c.inputs[0], axes, True)


def _sum_to(c: Call) -> str:
    shape, whole = c.same("shape"), c.f.inputs[0].shape
    y = c.e.reduced("ReduceSum", c.inputs[0], stretched_axes(shape, whole), True)
    lead = list(range(len(whole) - len(shape)))
    return c.e.node("Squeeze", y, c.e.integers(lead)) if lead else y


def _broadcast(c: Call) -> str:
    source, lead = c.f.inputs[0].shape, len(c.shapes[0]) - len(c.f.inputs[0].shape)
    other = c.g.inputs[0].shape
    # 1 keeps the length of the input, so that only lengths that are new matter
    kept = [i >= lead and source[i - lead] == n and other[i - lead] == m for i, (n, m) in _pairs(c)]
    sizes = [[1 if k else n for k, n in zip(kept, shape, strict=True)] for shape in c.shapes]
    return c.e.node("Expand", c.inputs[0], _known(c, c.e.shape(*sizes)))


def _pairs(c: Call) -> list[tuple[int, tuple[int, int]]]:
    return list(enumerate(zip(*c.shapes, strict=True)))


def _known(c: Call, name: str | None) -> str:
    if name is None:
        raise ValueError(
            f"{type(c.f).__name__} to shape {c.shapes[0]} depends on the inputs, so that it cannot be "
            "exported: only the size of the batch may vary"
        )
    return name


def _reshape(c: Call) -> str:
    sizes = [n if n == m else -1 for n, m in zip(*c.shapes, strict=True)]
    name = c.e.integers(sizes) if sizes.count(-1) <= 1 else _known(c, c.e.shape(*c.shapes))
    return c.e.node("Reshape", c.inputs[0], name)


def _split(c: Call) -> list[str]:
    sizes = np.diff([0, *c.same("stops")])
    names = [c.e.unique("split") for _ in sizes]
    return c.e.nodes_of(
        "Split", c.inputs[0], c.e.integers(sizes.tolist()), outputs=names, axis=c.same("axis")
    )


def _get_item(c: Call) -> str:
    e, x, ndim = c.e, c.inputs[0], len(c.f.inputs[0].shape)
    first, second = (f.slices if isinstance(f.slices, tuple) else (f.slices,) for f in (c.f, c.g))
    parts: list[Any] = []
    for part, other in zip(first, second, strict=True):
        if part is Ellipsis:
            used = sum(p is not None and p is not Ellipsis for p in first)
            parts += [slice(None)] * (ndim - used)
        elif id(part) in e.arrays:
            parts.append(e.arrays[id(part)])
        elif isinstance(part, slice) or part is None:
            if part != other:
                raise ValueError(f"GetItem with {part} depends on the inputs; {c}")
            parts.append(part)
        else:
            array, again = np.asarray(to_cpu(part)), np.asarray(to_cpu(other))
            if array.dtype.kind not in "iu" or not np.array_equal(array, again):
                raise ValueError(f"GetItem with an index of {array.dtype} depends on the inputs; {c}")
            parts.append(array.astype(np.int64))
    indexes = [part for part in parts if isinstance(part, str | np.ndarray)]
    if sum(isinstance(part, str) or part.ndim > 0 for part in indexes) > 1 or (
        len(indexes) > 1 and any(isinstance(part, str) or part.ndim for part in indexes)
    ):
        raise ValueError(f"GetItem with {len(indexes)} indexes has no counterpart in ONNX; {c}")
    axis = 0
    starts, new = [], []  # slices, and where new axes are in the result
    at = 0
    for part in parts:
        if part is None:
            new.append(at)
            at += 1
        elif isinstance(part, slice):
            if part != slice(None):
                starts.append((axis, part))
            axis, at = axis + 1, at + 1
        else:
            index = part if isinstance(part, str) else e.constant(part)
            x = e.node("Gather", x, index, axis=axis)
            more = 1 if isinstance(part, str) else part.ndim
            axis, at = axis + more, at + more
    if starts:
        ends = np.iinfo(np.int64)
        rows = [
            (
                (ends.max if (s.step or 1) < 0 else 0) if s.start is None else int(s.start),
                (ends.min if (s.step or 1) < 0 else ends.max) if s.stop is None else int(s.stop),
                a,
                1 if s.step is None else int(s.step),
            )
            for a, s in starts
        ]
        x = e.node("Slice", x, *(e.integers(column) for column in zip(*rows, strict=True)))
    if new:
        x = e.node("Unsqueeze", x, e.integers(new))
    return e.node("Identity", x) if x == c.inputs[0] else x


def _pad(c: Call) -> str:
    widths = c.same("pad_width")
    ends = [before for before, _ in widths] + [after for _, after in widths]
    return c.e.node("Pad", c.inputs[0], c.e.integers(ends), c.number(c.same("value")))


def _clip(c: Call) -> str:
    limits = [c.same(name) for name in ("x_min", "x_max")]
    return c.e.node("Clip", c.inputs[0], *("" if v is None else c.number(v) for v in limits))


def _where(c: Call) -> str:
    conditions = []
    for f in (c.f, c.g):
        x = f.inputs[0]
        conditions.append((np.asarray(to_cpu(f.condition)), None if x.data is None else to_cpu(x.data)))
    (condition, x), (again, z) = conditions
    if condition.shape == again.shape and np.array_equal(condition, again):
        name = c.e.constant(condition.astype(bool))
    elif (
        x is not None and z is not None and np.array_equal(condition, x > 0) and np.array_equal(again, z > 0)
    ):
        name = c.e.node("Greater", c.inputs[0], c.number(0))
    else:
        raise ValueError(f"the condition of Where depends on the inputs, so that it cannot be exported; {c}")
    return c.e.node("Where", name, *c.alike())


def _normal_cdf(c: Call) -> str:
    half = c.e.node("Erf", c.e.node("Mul", c.inputs[0], c.number(math.sqrt(0.5))))
    return c.e.node("Mul", c.e.node("Add", half, c.number(1)), c.number(0.5))


def _standardize(c: Call) -> str:
    e, x = c.e, c.inputs[0]
    shape = c.f.inputs[0].shape
    axes = [0, *range(2, len(shape))]
    distance = e.node("Sub", x, e.reduced("ReduceMean", x, axes, True))
    var = e.reduced("ReduceMean", e.node("Mul", distance, distance), axes, True)
    y = e.node("Div", distance, e.node("Sqrt", e.node("Add", var, c.number(c.same("eps")))))
    column = e.integers([-1, *[1] * (len(shape) - 2)])
    for op, name, neutral in (("Mul", c.inputs[1], 1), ("Add", c.inputs[2], 0)):
        if not (name in e.constants and (e.constants[name] == neutral).all()):
            y = e.node(op, y, e.node("Reshape", name, column))
    return y


def _linear(c: Call) -> str:
    return c.e.node("Gemm" if c.inputs[2] else "MatMul", *c.inputs)


def _settings(geometry: Any) -> dict[str, Any]:
    return {
        "kernel_shape": list(geometry.kernel_size),
        "strides": list(geometry.stride),
        "pads": list(geometry.pad) * 2,
        "dilations": list(geometry.dilation),
    }


def _conv2d(c: Call) -> str:
    g = c.same("geometry")
    y = c.e.node("Conv", *c.inputs, group=g.groups, **_settings(g))
    return c.e.node("Relu", y) if c.f.relu else y


def _deconv2d(c: Call) -> str:
    g = c.same("geometry")
    extra = [
        size - ((n - 1) * s + (k - 1) * d + 1 - 2 * p)
        for size, n, s, k, d, p in zip(
            g.input_size, g.output_size, g.stride, g.kernel_size, g.dilation, g.pad, strict=True
        )
    ]
    return c.e.node("ConvTranspose", *c.inputs, group=g.groups, output_padding=extra, **_settings(g))


def _max_pool(c: Call) -> str:
    return c.e.node("MaxPool", *c.inputs, **_settings(c.same("geometry")))


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
    **{kind: _one(kind.__name__) for kind in (F.Sqrt, F.Sin, F.Cos, F.Tanh, F.Sigmoid, F.Erf, F.MatMul)},
    F.ReLU: _one("Relu"),
    F.Softplus: _one("Softplus"),
    F.PowVariable: _one("Pow"),
    F.Maximum: _one("Max"),
    F.Minimum: _one("Min"),
    F.Log1p: lambda c: c.e.node("Log", c.e.node("Add", c.inputs[0], c.number(1))),
    F.Pow: lambda c: c.e.node("Pow", c.inputs[0], c.number(c.same("c"))),
    F.Cast: lambda c: c.e.node("Cast", c.inputs[0], to=code_of(np.dtype(c.same("dtype")))),
    F.Clip: _clip,
    F.Where: _where,
    F.Sum: _reduction("ReduceSum"),
    F.Mean: _reduction("ReduceMean"),
    F.Max: _reduction("ReduceMax"),
    F.Min: _reduction("ReduceMin"),
    F.LogSumExp: _logsumexp,
    F.CumSum: lambda c: c.e.node("CumSum", c.inputs[0], c.e.constant(np.array(c.same("axis"), np.int64))),
    F.SumTo: _sum_to,
    F.BroadcastTo: _broadcast,
    F.Reshape: _reshape,
    F.Transpose: lambda c: c.e.node("Transpose", c.inputs[0], perm=_order(c)),
    F.Concat: lambda c: c.e.node("Concat", *c.alike(), axis=c.same("axis")),
    F.Split: _split,
    F.GetItem: _get_item,
    F.Pad: _pad,
    F.Linear: _linear,
    F.Softmax: _with("Softmax", axis="axis"),
    F.LogSoftmax: _with("LogSoftmax", axis="axis"),
    F.LeakyReLU: _with("LeakyRelu", alpha="slope"),
    F.ELU: _with("Elu", alpha="alpha"),
    F.NormalCDF: _normal_cdf,
    F.Standardize: _standardize,
    F.Conv2d: _conv2d,
    F.Conv2dReLU: _conv2d,
    F.Deconv2d: _deconv2d,
    F.Pooling: _max_pool,
    F.AveragePooling: _average_pool,
    F.Upsample: _upsample,
}


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
    if ndim > 2:
        slopes = c.e.node("Unsqueeze", slopes, c.e.integers(list(range(1, ndim - 1))))
    return c.e.node("PRelu", *c.inputs, slopes)


def _embedding(c: Call) -> str:
    return c.e.node("Gather", c.param(c.layer.W), *c.inputs)


LAYERS: dict[type, Exporter] = {
    L.BatchNorm: _batch_norm,
    L.PReLU: _prelu,
    L.EmbedID: _embedding,
    L.Embedding: _embedding,
}
