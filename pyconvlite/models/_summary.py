"""`summary`: a table of a model's layers."""

from __future__ import annotations

import copy
import reprlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arguments import at_least, number_dtype
from .._random import rng
from ..config import no_grad, test_mode
from ..layers import Layer
from ..layers.table import Row, list_rows, rows_as_html
from ..layers.walk import walk


@dataclass(frozen=True, repr=False)
class Summary:
    """Result of `summary`; printed as a table.

    Attributes:
        rows: the layers that have Parameters or no sublayers, in the order of their first calls.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> found = summary(Linear(3), (1, 4))
        >>> found.parameters, found.rows[0].output_shape
        (15, (1, 3))
    """

    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """Number of elements in all Parameters."""
        return sum(row.parameters or 0 for row in self.rows)

    @property
    def fixed(self) -> int:
        """Number of those elements that are not trained."""
        return sum(row.fixed for row in self.rows)

    def __repr__(self) -> str:
        table = [("layer", "type", "output shape", "parameters")]
        for row in self.rows:
            shape = "not called" if row.output_shape is None else str(row.output_shape)
            count = "?" if row.parameters is None else f"{row.parameters:,}"
            table.append((row.name or "(the model)", row.kind, shape, count))
        table.append(("total", "", "", f"{self.parameters:,}"))
        if self.fixed:
            table.append(("not trained", "", "", f"{self.fixed:,}"))
        a, b, c, d = (max(map(len, column)) for column in zip(*table, strict=True))
        lines = [f"{name:{a}}  {kind:{b}}  {shape:{c}}  {count:>{d}}" for name, kind, shape, count in table]
        rule = "-" * len(lines[0])
        totals = len(self.rows) + 1
        return "\n".join([lines[0], rule, *lines[1:totals], rule, *lines[totals:]])

    def _repr_html_(self) -> str:
        return rows_as_html(self.rows)


def summary(model: Layer, input_shape: Sequence[int], dtype: Any = np.float32) -> Summary:
    """List a model's layers, the shapes of their outputs, and their numbers of parameters.

    The model is called once, on zeros, without a graph and in `test_mode()`. Afterwards it is unchanged, and
    so is the package's random generator: a layer that had no input size yet still has none.

    Args:
        model: Model or Layer.
        input_shape: shape of the input with the batch axis, such as (1, 3, 32, 32).
        dtype: dtype of the input; an integer dtype for EmbedID.

    Returns:
        Summary, which prints as a table.

    Raises:
        TypeError: `model` is not a Layer, `input_shape` is not a tuple or list of integers, or `dtype` is not
            one of numbers.
        ValueError: the model does not accept an input of this shape.

    Example:
        >>> from pyconvlite.models import MLP
        >>> summary(MLP((100, 10)), (1, 784))
        layer     type    output shape  parameters
        ------------------------------------------
        layers/0  Linear  (1, 100)          78,500
        layers/1  Linear  (1, 10)            1,010
        ------------------------------------------
        total                               79,510
    """
    if not isinstance(model, Layer):
        raise TypeError(f"model must be a Layer or Model; got {type(model).__name__}")
    if not isinstance(input_shape, tuple | list):
        raise TypeError(f"input_shape must be a tuple, such as (1, 784); got {reprlib.repr(input_shape)}")
    shape = tuple(at_least(0, size, "input_shape") for size in input_shape)
    dtype = number_dtype(dtype)
    nodes = list(walk(model))
    before = [(node, dict(vars(node)), _of_call(node)) for _, node, _ in nodes]
    seen: set[int] = set()
    filled = [(each, copy.copy(each)) for _, values, _ in before for each in _containers(values, seen)]
    bits = rng().bit_generator
    state = bits.state
    shapes: dict[Layer, Any] = {}

    def record(layer: Layer, inputs: tuple[Any, ...], y: Any) -> None:
        shapes.setdefault(layer, _shape(y))

    handles = [layer.register_forward_hook(record) for layer in model.modules()]
    try:
        with no_grad(), test_mode():
            model(np.zeros(shape, dtype))
        return Summary(tuple(list_rows(nodes, shapes)))
    finally:
        for handle in handles:
            handle.remove()
        for node, attributes, of_call in before:
            vars(node).clear()
            vars(node).update(attributes)
            for name in _of_call(node):
                delattr(node, name)
            for name, value in of_call.items():
                setattr(node, name, value)
        for container, contents in filled:
            container.clear()
            (container.update if isinstance(container, dict) else container.extend)(contents)
        bits.state = state


def _shape(y: Any) -> Any:
    """The shape of an output, for a tuple or list those of its elements; None where there is none."""
    return tuple(map(_shape, y)) if isinstance(y, tuple | list) else getattr(y, "shape", None)


def _containers(value: Any, seen: set[int]) -> Iterator[Any]:
    """The lists, deques and dicts within a dict of attributes, each once."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, tuple | list | deque | dict) and id(each) not in seen:
            seen.add(id(each))
            if not isinstance(each, tuple):
                yield each
            yield from _containers(each, seen)


def _of_call(node: Any) -> dict[str, Any]:
    """What a Layer keeps of its last call."""
    names = "_last", "_all_sized"
    return {name: getattr(node, name) for name in names if hasattr(node, name)}
