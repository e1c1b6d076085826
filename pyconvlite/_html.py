"""How Variables, Layers and Models show themselves in a notebook: small tables, in the notebook's colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backends
from .core import Parameter, Variable
from .utils import Array

if TYPE_CHECKING:
    from .layers import Layer
    from .models import Summary

__all__ = ["of_layer", "of_summary", "of_variable"]

_SHOWN = 60  # of more elements only the corners are shown
_COLUMNS = ("", "shape", "dtype", "device", "min", "mean", "max", "zeros", "not finite")


def of_variable(x: Variable) -> str:
    """A Variable and its gradient: where they are, how large, and their elements in a few numbers.

    Example:
        >>> x = Variable(np.array([0.0, 1.0, 2.0, 5.0]), name="x")
        >>> html = of_variable(x)
        >>> [wanted in html for wanted in ("float64", "25 %", "[0. 1. 2. 5.]")]
        [True, True, True]
    """
    title = type(x).__name__ + (f" {x.name}" if x.name else "")
    if x.creator is not None:
        title += f", made by {type(x.creator).__name__}"
    if x.data is None:
        return _titled(title, f"<p>No data yet: shape {escape(_lazy_shape(x))}, once an input was seen.</p>")
    rows, notes = [], []
    for name, array in [("data", x.data), *([("grad", x.grad.data)] if x.grad is not None else [])]:
        where = [name, str(array.shape), str(array.dtype), _device(array)]
        try:
            values: Array = backends.to_cpu(array)
        except RuntimeError as error:  # nobody can wait for the device here, or it is gone
            rows.append([*where, *[""] * 5])
            notes.append(f"<p>{name}: {escape(str(error))}</p>")
            continue
        rows.append([*where, *_statistics(values)])
        if name == "data":
            text = np.array2string(values, threshold=_SHOWN, edgeitems=2, precision=4)
            notes.append(f"<pre>{escape(text)}</pre>")
    width = len(_COLUMNS) - (not any(row[-1] for row in rows))  # the last column only where it is needed
    return _titled(title, _table(_COLUMNS[:width], [row[:width] for row in rows]), *notes)


def of_layer(layer: Layer) -> str:
    """A Layer or Model: its layers with their Parameters, and their output shapes as far as these still live.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> "W (3, 2), b (2,)" in of_layer(Linear(2, in_size=3))
        True
    """
    from .layers.base import walk
    from .models._summary import Summary, list_rows

    nodes = list(walk(layer))
    names = {node: name for name, node, _ in nodes}
    shapes, arrays = {}, []
    shown: dict[str, list[str]] = {}  # Parameters by the name of their layer
    for name, node, owner in nodes:
        if not isinstance(node, Parameter):
            shapes[node] = _output_shape(node)
            continue
        if node.data is not None:
            arrays.append(node.data)
        shape = _lazy_shape(node) if node.data is None else str(node.shape)
        place = names[owner] if owner else ""
        shown.setdefault(place, []).append(f"{name.removeprefix(place).lstrip('/')} {shape}")
    title = type(layer).__name__ if type(layer).__repr__ is object.__repr__ else repr(layer)
    if arrays:
        title += ": " + ", ".join(sorted({f"{array.dtype} on the {_device(array)}" for array in arrays}))
    return _titled(title, _summary_table(Summary(tuple(list_rows(nodes, shapes))), shown))


def of_summary(summary: Summary) -> str:
    """A Summary as a table.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> from pyconvlite.models import summary
        >>> "(1, 3)" in of_summary(summary(Linear(3), (1, 4)))
        True
    """
    return _summary_table(summary)


def _summary_table(summary: Summary, shown: dict[str, list[str]] | None = None) -> str:
    columns = ["layer", "type", "output shape", *(["Parameters"] if shown else []), "how many"]
    rows = []
    for row in summary.rows:
        cells = [row.name, row.kind, "" if row.output_shape is None else str(row.output_shape)]
        if shown:
            cells.append(", ".join(shown.get(row.name, [])))
        rows.append([*cells, "?" if row.parameters is None else f"{row.parameters:,}"])
    unknown = any(row.parameters is None for row in summary.rows)
    blank = [""] * (len(columns) - 2)
    rows.append(["total", *blank, f"{summary.parameters:,}" + (" and more" if unknown else "")])
    if summary.fixed:
        rows.append(["not trained", *blank, f"{summary.fixed:,}"])
    return _table(columns, rows)


def _output_shape(layer: Layer) -> tuple[Any, ...] | None:
    """Shape of what the last call gave, while somebody holds it."""
    outputs = [ref() if ref else None for ref in getattr(layer, "outputs", [])]
    shapes = tuple(getattr(y, "shape", None) for y in outputs)
    if not shapes or None in shapes:
        return None
    return shapes[0] if len(shapes) == 1 else shapes


def _lazy_shape(param: Variable) -> str:
    lengths = getattr(param, "lazy_shape", None)
    if lengths is None:
        return "(?)"
    text = ", ".join("?" if n is None else str(n) for n in lengths)
    return f"({text},)" if len(lengths) == 1 else f"({text})"


def _device(array: Any) -> str:
    return "CPU" if backends.at_hand(array) else "GPU"


def _statistics(values: Array) -> list[str]:
    """Least, mean and greatest finite element, share of zeros, and how many elements are not finite."""
    if values.size == 0 or values.dtype.kind not in "biuf":
        return [""] * 5
    finite = values[np.isfinite(values)]
    numbers = [""] * 3
    if finite.size:
        numbers = [f"{float(n):.4g}" for n in (finite.min(), finite.mean(dtype=np.float64), finite.max())]
    lost = values.size - finite.size
    return [*numbers, f"{100 * np.mean(values == 0):.3g} %", f"{lost:,}" if lost else ""]


# ------------------------------------------------------------------------------------------------------- HTML


def _titled(title: str, *parts: str) -> str:
    return f"<div><strong>{escape(title)}</strong>{''.join(parts)}</div>"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
