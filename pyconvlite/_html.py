"""HTML representations for notebooks: of a Variable, and tables with a title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from . import backends
from ._shapes import Array

__all__ = ["device", "lazy_shape", "of_variable", "table", "titled"]

_SHOWN = 60  # larger arrays are summarized
_COLUMNS = ("", "shape", "dtype", "device", "min", "mean", "max", "zeros", "not finite")


def of_variable(x: Any) -> str:
    """HTML of a Variable and its gradient: device, shape, dtype, and statistics of the elements.

    Example:
        >>> from pyconvlite import Variable
        >>> x = Variable(np.array([0.0, 1.0, 2.0, 5.0]), name="x")
        >>> html = of_variable(x)
        >>> [wanted in html for wanted in ("float64", "25 %", "[0. 1. 2. 5.]")]
        [True, True, True]
    """
    title = type(x).__name__ + (f" {x.name}" if x.name else "")
    if x.creator is not None:
        title += f", output of {type(x.creator).__name__}"
    if x.data is None:
        return titled(
            title, f"<p>No data yet; the first input completes the shape {escape(lazy_shape(x))}.</p>"
        )
    rows, notes = [], []
    for name, array in [
        ("data", x.data),
        *([("grad", getattr(x.grad, "_data", x.grad))] if x.grad is not None else []),
    ]:
        where = [name, str(array.shape), str(array.dtype), device(array)]
        try:
            values: Array = backends.to_cpu(array)
        except RuntimeError as error:  # this runtime cannot wait for the device, or the device is lost
            rows.append([*where, *[""] * 5])
            notes.append(f"<p>{name}: {escape(str(error))}</p>")
            continue
        rows.append([*where, *_statistics(values)])
        if name == "data":
            text = np.array2string(values, threshold=_SHOWN, edgeitems=2, precision=4)
            notes.append(f"<pre>{escape(text)}</pre>")
    width = len(_COLUMNS) - (not any(row[-1] for row in rows))  # no last column if it is empty
    return titled(title, table(_COLUMNS[:width], [row[:width] for row in rows]), *notes)


def lazy_shape(param: Any) -> str:
    """Shape of a Parameter without data, with `?` for each length that is not known yet."""
    lengths = getattr(param, "lazy_shape", None)
    if lengths is None:
        return "(?)"
    text = ", ".join("?" if n is None else str(n) for n in lengths)
    return f"({text},)" if len(lengths) == 1 else f"({text})"


def device(array: Any) -> str:
    """Name of an array's device."""
    return "CPU" if isinstance(array, np.ndarray) else "GPU"


def _statistics(values: Array) -> list[str]:
    """Minimum, mean and maximum of the finite elements, share of zeros, and number of non-finite elements."""
    if values.size == 0 or values.dtype.kind not in "biuf":
        return [""] * 5
    finite = values[np.isfinite(values)]
    numbers = [""] * 3
    if finite.size:
        with np.errstate(over="ignore"):  # of the sum in the mean
            mean = finite.mean(dtype=np.float64)
        numbers = [f"{float(n):.4g}" for n in (finite.min(), mean, finite.max())]
    lost = values.size - finite.size
    return [*numbers, f"{100 * np.mean(values == 0):.3g} %", f"{lost:,}" if lost else ""]


# ------------------------------------------------------------------------------------------------------- HTML


def titled(title: str, *parts: str) -> str:
    """HTML parts under a title, which is plain text."""
    return f"<div><strong>{escape(title)}</strong>{''.join(parts)}</div>"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """HTML table of plain texts."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
