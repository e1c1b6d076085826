"""The graph of a Model, traced by calling it.

The Model is called twice, on the examples and on others with more samples. The settings of a Function must be
the same in both calls, or follow from the batch size; otherwise they depend on the data, which a graph cannot
express.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import functions as F
from .._random import rng
from .._shapes import Array
from ..autograd import Function, Parameter, Variable
from ..autograd.comparisons import Comparison, collected
from ..autograd.stand_in import StandIn
from ..backends import is_array, to_cpu, to_device_of
from ..config import test_mode, using_config
from ..layers import Layer
from .emitting import Call, Emitter
from .graph import Graph, Shape, ValueInfo, code_of
from .operators import EXPORTERS

__all__ = ["trace"]

_COMPARED: dict[Any, str] = {
    operator.lt: "Less",
    operator.le: "LessOrEqual",
    operator.gt: "Greater",
    operator.ge: "GreaterOrEqual",
}
# ONNX computes with integers of int32 and int64 only; these operators move elements of any dtype.
_MOVES = {F.Cast, F.Reshape, F.Transpose, F.Concat, F.Stack, F.Split, F.GetItem, F.Where, F.BroadcastTo}
_ONLY_FLOATS: set[type] = {F.Pooling, F.AveragePooling}


def trace(model: Layer, examples: Sequence[Any], opset: int, *, any_batch: bool = True) -> Graph:
    """The graph of a call of a Model, of batches of any size or of that of the examples; see `onnx.save`."""
    arrays = [_example(x, i) for i, x in enumerate(examples)]
    if not arrays:
        raise ValueError("examples must have at least one input of the model")
    batch = next((len(a) for a in arrays if a.ndim), 0) if any_batch else 0
    first, second = _runs(model, arrays, batch)
    if batch == 1 and first.kinds != second.kinds:
        # For only one sample broadcast_to is not called, and squeeze removes the axis of the samples.
        arrays = [np.concatenate([a, a]) if a.ndim and len(a) == 1 else a for a in arrays]
        batch = 2
        first, second = _runs(model, arrays, batch)
    return _Pairing(model, first, second, batch, opset).graph()


def _runs(model: Layer, arrays: Sequence[Array], batch: int) -> tuple[_Run, _Run]:
    first = _Run(model, arrays)
    try:
        with np.errstate(all="ignore"):  # the other examples are random
            return first, _Run(model, [_other(a, batch) for a in arrays])
    except Exception as error:
        if batch:
            error.add_note(
                f"The model was also called with {2 * batch + 1} random samples: it must take any."
            )
        raise


def _example(x: Any, index: int) -> Array:
    x = x.data if isinstance(x, Variable) else x
    if not is_array(x):
        raise TypeError(f"examples[{index}] must be an array; got {type(x).__name__}")
    array: Array = np.array(to_cpu(x))  # a copy, since inputs are identified by their arrays
    if array.size == 0:
        raise ValueError(f"examples[{index}] must not be empty; got shape {array.shape}")
    return array


def _other(x: Array, batch: int) -> Array:
    """An example with more samples, in another order; floats get other values, of either sign."""
    generator = np.random.default_rng(0)
    if x.ndim and len(x) == batch:
        x = generator.permutation(np.concatenate([x, x, x[:1]]))
    if x.dtype.kind == "f":
        x = np.asarray(x * generator.choice([-1, 1], x.shape) + generator.standard_normal(x.shape), x.dtype)
    return x


class _Run:
    """A call of the Model: its inputs and outputs, the calls of its layers, and the Functions in order.

    Attributes:
        layers: by the Function that computed the output of a layer that has an operator of its own: the layer
            and its input.
        comparisons: of Variables, by the id of their result.
    """

    def __init__(self, model: Layer, arrays: Sequence[Array]) -> None:
        device = next((p.data for p in model.params() if p.data is not None), None)
        self.inputs = [Variable(to_device_of(device, a)) for a in arrays]
        self.layers: dict[Any, tuple[Layer, Any]] = {}
        layers = list(model.modules())
        states = [
            (layer, name, getattr(layer, name))
            for layer in layers
            for name in (*layer._state, "_joined")  # _joined: weights that an earlier call concatenated
            if hasattr(layer, name)
        ]
        state = rng().bit_generator.state
        handles = [
            layer.register_forward_hook(self._called, prepend=True)
            for layer in layers
            if type(layer) in EXPORTERS
        ]
        found: list[Comparison] = []
        token = collected.set(found)
        try:
            for layer, name, _ in states:
                setattr(layer, name, None)
            with test_mode(), using_config("enable_backprop", True):
                results = model(*self.inputs)
        finally:
            collected.reset(token)
            for handle in handles:
                handle.remove()
            for layer, name, value in states:
                setattr(layer, name, value)
            rng().bit_generator.state = state
        self.outputs: list[Variable] = list(results) if isinstance(results, tuple | list) else [results]
        for y in self.outputs:
            if not isinstance(y, Variable):
                raise TypeError(f"the model must return Variables; got {type(y).__name__}")
        self.comparisons = {id(comparison.result): comparison for comparison in found}

    def _called(self, layer: Layer, inputs: tuple[Any, ...], y: Any) -> None:
        if y.creator is not None:
            self.layers[y.creator] = layer, inputs[0]

    @functools.cached_property  # looked for after both runs: the second may have put copies into this one
    def functions(self) -> list[Function]:
        """The Functions behind the outputs, in the order of their calls."""
        found: dict[Any, None] = {}
        waiting: list[Any] = [y.creator for y in self.outputs]
        while waiting:
            f = waiting.pop()
            if f is not None and f not in found:
                found[f] = None
                waiting += [getattr(x, "creator", None) for x in self.inputs_of(f)]
        return sorted(found, key=lambda f: f.called)

    @property
    def kinds(self) -> list[Any]:
        """The classes of the Functions, and how many axes their outputs have."""
        return [(type(f), [y.ndim for ref in f.outputs if (y := ref()) is not None]) for f in self.functions]

    def inputs_of(self, f: Any) -> Sequence[Any]:
        if f in self.layers:
            return (self.layers[f][1],)
        condition = self.condition_of(f)
        return f.inputs if condition is None else (*f.inputs, condition.x, condition.other)

    def condition_of(self, f: Any) -> Comparison | None:
        """The comparison that made the condition of a Where, if it is known."""
        return self.comparisons.get(id(f.condition)) if isinstance(f, F.Where) else None


class _Pairing:
    """Two runs, whose Functions are exported in pairs."""

    def __init__(self, model: Layer, first: _Run, second: _Run, batch: int, opset: int) -> None:
        self.runs = first, second
        self.emitter = Emitter(opset, batch)
        self.names: dict[Any, str] = {}  # of Functions' outputs and of leaves, in the first run
        self.params = {id(param): name for name, param in model.named_params()}
        self.emitter.taken.update(self.params.values())
        self.sources = [self.emitter.unique(name) for name in _input_names(model, len(first.inputs))]
        for name, x in zip(self.sources, first.inputs, strict=True):
            self.names[id(x)] = name
            self.emitter.arrays[id(x.data)] = name
        batched = [x.ndim > 0 and len(x) == batch for x in first.inputs]
        if any(batched):
            self.emitter.batch_of = self.sources[batched.index(True)]

    def graph(self) -> Graph:
        first, second = self.runs
        if first.kinds != second.kinds:
            raise ValueError("the model calls other Functions for other inputs: it has no single graph")
        for f, g in zip(first.functions, second.functions, strict=True):
            self._export(f, g)
        outputs = []
        renamed = {}
        for i, (y, z) in enumerate(zip(first.outputs, second.outputs, strict=True)):
            name = self._value(y, z)
            wanted = self.emitter.unique("y" if len(first.outputs) == 1 else f"y{i}")
            if y.creator is None or name in renamed:
                self.emitter.node("Identity", name, output=wanted)
            else:
                renamed[name] = wanted
            outputs.append(ValueInfo(wanted, y.dtype, self._shape(y, z)))
        for node in self.emitter.nodes:
            node.inputs = [renamed.get(name, name) for name in node.inputs]
            node.outputs = [renamed.get(name, name) for name in node.outputs]
        pairs = zip(self.sources, first.inputs, second.inputs, strict=True)
        inputs = [ValueInfo(name, x.dtype, self._shape(x, z)) for name, x, z in pairs]
        e = self.emitter
        used = {name for node in e.nodes for name in node.inputs}
        constants = {name: array for name, array in e.constants.items() if name in used}
        params = frozenset(self.params.values()) & constants.keys()
        return Graph(e.nodes, constants, inputs, outputs, opset=e.opset, params=params)

    def _shape(self, x: Variable, z: Variable) -> Shape:
        batches = self.emitter.batch, self.emitter.other_batch
        lengths: list[int | str | None] = []
        for n, m in zip(x.shape, z.shape, strict=True):
            lengths.append(n if n == m else "N" if (n, m) == batches else None)
        return tuple(lengths)

    def _export(self, f: Any, g: Any) -> None:
        first, second = self.runs
        if f in first.layers:
            layer = first.layers[f][0]
            pairs = [(first.layers[f][1], second.layers[g][1])]
            kind, owner = type(layer), layer
        else:
            pairs = list(zip(f.inputs, g.inputs, strict=True))
            kind, owner = type(f), None
        values = [self._value(*pair) for pair in pairs]
        call = Call(self.emitter, f, g, owner, values, self._param)
        if owner is None:  # a layer's node computes its own condition
            call.condition = self._condition(f, g)
        export = EXPORTERS.get(kind)
        if export is None:
            raise ValueError(f"{kind.__name__} has no known counterpart in ONNX; {call}")
        if owner is None and not _takes(kind, call.dtype):
            raise ValueError(
                f"{kind.__name__} of {call.dtype} has no counterpart in ONNX; use F.cast before it; {call}"
            )
        names = export(call)
        for i, found in enumerate([names] if isinstance(names, str) else names):
            self.names[f, i] = found

    def _condition(self, f: Any, g: Any) -> str | None:
        """The name of the condition of a Where, if it is a comparison that can be exported."""
        made, again = (run.condition_of(h) for run, h in zip(self.runs, (f, g), strict=True))
        if made is None or again is None or made.compare is not again.compare:
            return None
        pairs = [(made.x, again.x), (made.other, again.other)]
        dtype = np.result_type(*(x.dtype if isinstance(x, Variable) else x for x, _ in pairs))
        if dtype.kind not in "fiu":
            return None
        names = []
        for x, z in pairs:
            if isinstance(x, Variable) or is_array(x):
                name = self._value(x, z)
                is_alike = x.dtype == dtype
                names.append(name if is_alike else self.emitter.node("Cast", name, to=code_of(dtype)))
            elif x == z:
                names.append(self.emitter.constant(x, dtype))
            else:  # a number that was computed from the inputs
                return None
        return self.emitter.node(_COMPARED[made.compare], *names)

    def _value(self, x: Any, z: Any) -> str:
        """The name of a value: x in the first run, z in the second."""
        if not isinstance(x, Variable):
            x, z = Variable(x), Variable(z)
        if x.creator is not None:
            f: Any = x.creator
            if f in self.runs[0].layers:
                return self.names[f, 0]
            return self.names[f, next(i for i, ref in enumerate(f.outputs) if ref() is x)]
        if id(x) in self.names:
            return self.names[id(x)]
        if type(x) is not StandIn and x.data is None:
            return ""
        if id(x.data) in self.emitter.arrays:  # an input that was passed on as an array
            return self.emitter.arrays[id(x.data)]
        if isinstance(x, Parameter):
            return self._param(x)
        first, second = to_cpu(x.data), to_cpu(z.data)
        if (filled := self._filled(first, second)) is not None:
            return filled
        if first.shape != second.shape or not np.array_equal(
            first, second, equal_nan=first.dtype.kind == "f"
        ):
            raise ValueError(
                f"an array of shape {x.shape} and {x.dtype} was computed from the input outside of the "
                "graph, such as by x.data > 0 or np.sum(x.data); use functions of pyconvlite.functions"
            )
        return self.emitter.constant(first)

    def _filled(self, first: Array, second: Array) -> str | None:
        """The name of an array of one number for each sample, such as the first state of an LSTM."""
        if first.shape == second.shape or not first.size or (first != first.flat[0]).any():
            return None
        shape = self.emitter.shape(first.shape, second.shape)
        if shape is None or (second != first.flat[0]).any():
            return None
        return self.emitter.node("Expand", self.emitter.constant(first.flat[0], first.dtype), shape)

    def _param(self, param: Parameter) -> str:
        name = self.params.get(id(param))
        if name is None:
            return self.emitter.constant(to_cpu(param.data))
        self.emitter.constants[name] = to_cpu(param.data)
        return name


def _input_names(model: Layer, count: int) -> list[str]:
    """Names of the arguments of `forward`, where it has them."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [p.name for p in inspect.signature(model.forward).parameters.values() if p.kind in kinds]
    return (found + [f"x{i}" for i in range(len(found), count)])[:count]


def _takes(kind: type, dtype: Any) -> bool:
    """Whether the operator of a Function computes results of a dtype."""
    if dtype.kind not in "iu" or kind in _MOVES:
        return True
    return dtype in (np.int32, np.int64) and kind not in _ONLY_FLOATS
