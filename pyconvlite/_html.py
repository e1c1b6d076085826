"""HTML that a notebook shows: titled tables, in the notebook's colours, and a Variable as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from . import backends
from ._shapes import Array

__all__ = ["device", "lazy_shape", "of_variable", "table", "titled"]

_SHOWN = 60  # of more elements only the corners are shown
_COLUMNS = ("", "shape", "dtype", "device", "min", "mean", "max", "zeros", "not finite")


def of_variable(x: Any) -> str:
    """A Variable and its gradient: where they are, how large, and their elements in a few numbers.

    Example:
        >>> from pyconvlite import Variable
        >>> x = Variable(np.array([0.0, 1.0, 2.0, 5.0]), name="x")
        >>> html = of_variable(x)
        >>> [wanted in html for wanted in ("float64", "25 %", "[0. 1. 2. 5.]")]
        [True, True, True]
    """
    title = type(x).__name__ + (f" {x.name}" if x.name else "")
    if x.creator is not None:
        title += f", made by {type(x.creator).__name__}"
    if x.data is None:
        return titled(title, f"<p>No data yet: shape {escape(lazy_shape(x))}, once an input was seen.</p>")
    rows, notes = [], []
    for name, array in [("data", x.data), *([("grad", x.grad.data)] if x.grad is not None else [])]:
        where = [name, str(array.shape), str(array.dtype), device(array)]
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
    return titled(title, table(_COLUMNS[:width], [row[:width] for row in rows]), *notes)


def lazy_shape(param: Any) -> str:
    """Shape of a Parameter without data, with `?` for each length that is still open."""
    lengths = getattr(param, "lazy_shape", None)
    if lengths is None:
        return "(?)"
    text = ", ".join("?" if n is None else str(n) for n in lengths)
    return f"({text},)" if len(lengths) == 1 else f"({text})"


def device(array: Any) -> str:
    """Where an array is."""
    return "CPU" if isinstance(array, np.ndarray) else "GPU"


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


def titled(title: str, *parts: str) -> str:
    """Parts, which are HTML, under a title, which is text."""
    return f"<div><strong>{escape(title)}</strong>{''.join(parts)}</div>"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
