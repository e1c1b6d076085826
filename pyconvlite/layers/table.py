"""A model's layers as a table: the rows of `summary` and of what a notebook shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..autograd import Parameter


@dataclass(frozen=True)
class Row:
    """One layer of a Summary.

    Attributes:
        name: path to the layer, as in `named_params`; empty for the model itself.
        kind: name of its class.
        output_shape: output shape of its first call; None if it was not called.
        parameters: number of elements in its own Parameters; None if a shape is not known yet.
        fixed: number of these elements that training does not change, such as running statistics.
    """

    name: str
    kind: str
    output_shape: tuple[Any, ...] | None
    parameters: int | None
    fixed: int


def list_rows(nodes: list[tuple[str, Any, Any]], shapes: dict[Any, Any]) -> list[Row]:
    """List the layers among the nodes of a model.

    A layer that computes with the Parameters of the layers within it and calls none of them, as an LSTM does,
    is listed in their place.

    Args:
        nodes: what `walk` yields for the model: names, Layers and Parameters, and their owners.
        shapes: output shape or None by layer; these layers come first, in this order.
    """
    outer = {node: owner for _, node, owner in nodes if not isinstance(node, Parameter)}

    def around(layer: Any) -> Iterator[Any]:
        while (layer := outer.get(layer)) is not None:
            yield layer

    called = [layer for layer, shape in shapes.items() if shape is not None]
    whole = set(called).difference(*map(around, called))  # they call no layer within them
    params: dict[Any, list[Parameter]] = {}
    for _, node, owner in nodes:
        if isinstance(node, Parameter):
            row = next((layer for layer in around(owner) if layer in whole), owner)
            params.setdefault(row, []).append(node)
    containers = set(outer.values()) - whole
    rows = {}
    for name, node, _ in nodes:
        is_listed = node in outer and (node in params or node not in containers)
        if is_listed and whole.isdisjoint(around(node)):
            own = params.get(node, [])
            count = None if any(p.data is None for p in own) else sum(p.size for p in own)
            fixed = 0 if count is None else sum(p.size for p in own if not p.requires_grad)
            rows[node] = Row(name, type(node).__name__, shapes.get(node), count, fixed)
    called = [rows[layer] for layer in shapes if layer in rows]
    return called + [row for layer, row in rows.items() if layer not in shapes]


def model_as_html(title: str, nodes: list[tuple[str, Any, Any]], shapes: dict[Any, Any]) -> str:
    """Return an HTML table of the layers of `list_rows` with their Parameters, under a title."""
    from .. import _html  # imported here, since only notebooks need it

    names = {node: name for name, node, _ in nodes}
    rows = list_rows(nodes, shapes)
    listed = {row.name for row in rows}
    shown: dict[str, list[str]] = {}  # Parameters by the name of their row
    where = set()
    for name, node, owner in nodes:
        if isinstance(node, Parameter):
            if node.data is not None:
                where.add(f"{node.dtype} on the {_html.device(node.data)}")
            shape = _html.lazy_shape(node) if node.data is None else str(node.shape)
            place = "" if owner is None else names[owner]
            while place not in listed:
                place = place.rpartition("/")[0]
            shown.setdefault(place, []).append(f"{name.removeprefix(place).lstrip('/')} {shape}")
    title += ": " * bool(where) + ", ".join(sorted(where))
    return _html.titled(title, rows_as_html(rows, shown))


def rows_as_html(rows: Sequence[Row], shown: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return an HTML table of the rows and their totals.

    Args:
        rows: the result of `list_rows`.
        shown: descriptions of the Parameters by layer name, for an additional column.
    """
    from .. import _html

    columns = ["layer", "type", "output shape", *(["Parameters"] if shown else []), "elements"]
    blank = [""] * (len(columns) - 2)
    cells = []
    for row in rows:
        texts = [row.name, row.kind, "" if row.output_shape is None else str(row.output_shape)]
        if shown:
            texts.append(", ".join(shown.get(row.name, [])))
        cells.append([*texts, "?" if row.parameters is None else f"{row.parameters:,}"])
    total = sum(row.parameters or 0 for row in rows)
    unknown = any(row.parameters is None for row in rows)
    cells.append(["total", *blank, f"{total:,}" + (" and more" if unknown else "")])
    if fixed := sum(row.fixed for row in rows):
        cells.append(["not trained", *blank, f"{fixed:,}"])
    return _html.table(columns, cells)
