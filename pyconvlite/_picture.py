"""A picture of a computation graph for a notebook, where Graphviz is not installed."""

from __future__ import annotations

import html
import re

_NODE = re.compile(r'^  (\w+) \[label="((?:[^"\\]|\\.)*)", color=(\w+)', re.MULTILINE)
_EDGE = re.compile(r"^  (\w+) -> (\w+)$", re.MULTILINE)
_LETTER, _HEIGHT, _ROW, _GAP = 7.5, 28, 58, 16  # pixels


class Picture:
    """The graph as SVG: one row for each step of the computation, each node roughly below its inputs.

    Args:
        dot: text that `pyconvlite.graph.get_dot_graph` returns.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> from pyconvlite.graph import get_dot_graph
        >>> Picture(get_dot_graph(-Variable(np.array(1.0), "x")))._repr_svg_()[:4]
        '<svg'
    """

    def __init__(self, dot: str) -> None:
        self.dot = dot

    def __repr__(self) -> str:
        return self.dot

    def _repr_svg_(self) -> str:
        nodes = {m[1]: (re.sub(r"\\(.)", r"\1", m[2]), m[3]) for m in _NODE.finditer(self.dot)}
        edges = [(m[1], m[2]) for m in _EDGE.finditer(self.dot)]
        widths = {node: max(40.0, 24 + _LETTER * len(label)) for node, (label, _) in nodes.items()}
        rows = _rows(nodes.keys(), edges)
        total = max(sum(widths[node] + _GAP for node in row) for row in rows) + _GAP
        places = _places(rows, edges, widths, total)
        shapes = [_line(*places[a], *places[b]) for a, b in edges]
        for node, (label, color) in nodes.items():
            shapes.append(_shape(label, color, *places[node], widths[node], is_function=node.startswith("f")))
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{total:.0f}" height="{_ROW * len(rows)}">'
        return "\n".join([head, *shapes, "</svg>"])


def _rows(nodes: object, edges: list[tuple[str, str]]) -> list[list[str]]:
    """Nodes by the length of the longest path from a leaf; a leaf is in the row above its first use."""
    sources: dict[str, list[str]] = {node: [] for node in nodes}  # type: ignore[attr-defined]
    for a, b in edges:
        sources[b].append(a)
    depth: dict[str, int] = {}
    pending = list(sources)
    while pending:
        node = pending[-1]
        if missing := [source for source in sources[node] if source not in depth]:
            pending += missing
            continue
        depth[node] = max((depth[source] + 1 for source in sources[node]), default=0)
        pending.pop()
    for node in sources:
        if not sources[node]:
            depth[node] = min((depth[b] - 1 for a, b in edges if a == node), default=0)
    rows: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for node, row in depth.items():
        rows[row].append(node)
    return rows


def _places(
    rows: list[list[str]], edges: list[tuple[str, str]], widths: dict[str, float], total: float
) -> dict[str, tuple[float, float]]:
    """The center of each node; a row is sorted by the mean x of the inputs."""
    places: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        above = {node: [places[a][0] for a, b in edges if b == node and a in places] for node in row}
        row.sort(key=lambda node: sum(above[node]) / len(above[node]) if above[node] else total)
        x = (total - sum(widths[node] + _GAP for node in row)) / 2
        for node in row:
            places[node] = x + (widths[node] + _GAP) / 2, _ROW * (number + 0.5)
            x += widths[node] + _GAP
    return places


def _line(x0: float, y0: float, x1: float, y1: float) -> str:
    tip = y1 - _HEIGHT / 2
    arrow = f'<path d="M{x1 - 4:.0f} {tip - 8:.0f} L{x1:.0f} {tip:.0f} L{x1 + 4:.0f} {tip - 8:.0f}"/>'
    start = f'x1="{x0:.0f}" y1="{y0 + _HEIGHT / 2:.0f}"'
    return f'<line {start} x2="{x1:.0f}" y2="{tip:.0f}" stroke="black"/>{arrow}'


def _shape(label: str, color: str, x: float, y: float, width: float, *, is_function: bool) -> str:
    outline = (
        f'<rect x="{x - width / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{width:.0f}" height="{_HEIGHT}"'
        if is_function
        else f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{width / 2:.0f}" ry="{_HEIGHT / 2}"'
    )
    text = f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" font-size="13" font-family="sans-serif">'
    return f'{outline} fill="{color}"/>{text}{html.escape(label)}</text>'
