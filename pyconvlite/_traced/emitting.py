"""What the exporters of Functions and layers use: an Emitter of nodes, and a Call in two runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._shapes import Array
from ..backends import to_cpu
from .graph import Node, code_of

__all__ = ["Call", "Emitter"]


class Emitter:
    """Collects nodes and constants.

    Args:
        opset: version of the operator set.
        batch: size of the batch in the first run.

    Attributes:
        other_batch: size of the batch in the second run.
        nodes, constants: what was collected.
        taken: names that are in use.
        arrays: names of the inputs' arrays, by their ids.
        batch_of: name of an input whose first axis is the batch; None if there is none.
    """

    def __init__(self, opset: int, batch: int) -> None:
        self.opset = opset
        self.batch = batch
        self.other_batch = 2 * batch + 1
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
        key = (array.dtype, array.shape, array.tobytes()) if array.size <= 16 else None
        if key in self._known:
            return self._known[key]
        name = self.unique("constant")
        self.constants[name] = array
        if key:
            self._known[key] = name
        return name

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
            elif n * self.other_batch == m * self.batch:
                times = self.integers([n // self.batch])
                parts.append(batch if n == self.batch else self.node("Mul", batch, times))
            else:
                return None
        return self.node("Concat", *parts, axis=0)

    def reduced(self, op: str, x: str, axes: Sequence[int] | None, keepdims: bool) -> str:
        """Add a reduction over axes, or over all for None."""
        if axes is None:
            return self.node(op, x, keepdims=int(keepdims))
        if not axes:  # an empty list would mean all
            return self.node("Identity", x)
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
        condition: name of the condition of a Where; None if it is not known what was compared.
    """

    condition: str | None = None

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
            f"{type(self.f).__name__}.{name} depends on the inputs, so it cannot be exported; {self}"
        )

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shape of the first output in both runs."""
        return _first_output(self.f)[0], _first_output(self.g)[0]

    @property
    def dtype(self) -> Any:
        """Dtype of the first output."""
        return _first_output(self.f)[1]

    def number(self, value: Any) -> str:
        """Name of a constant number in the dtype of the output."""
        return self.e.constant(np.array(value, self.dtype))

    def alike(self) -> list[str]:
        """The inputs, converted to the dtype of the output."""
        pairs = zip(self.inputs, self.f.inputs, strict=True)
        return [
            name if not name or x.dtype == self.dtype else self.e.node("Cast", name, to=code_of(self.dtype))
            for name, x in pairs
        ]


def _first_output(f: Any) -> tuple[tuple[int, ...], Any]:
    """Shape and dtype of a Function's first output, which is freed if only another one is used."""
    y = f.outputs[0]()
    return f._output_specs[0] if y is None else (y.shape, y.dtype)
