"""Drawings of computation graphs with Graphviz (book steps 25 and 26)."""

from __future__ import annotations

import os
import sys
from typing import Any

from ._files import replacing
from .autograd import Variable, functions_behind

__all__ = ["get_dot_graph", "plot_dot_graph"]


class GraphvizMissing(RuntimeError):  # noqa: N818 - a public name, as backends.DeviceUnavailable is
    """Graphviz, which draws, is not installed.

    Example:
        >>> issubclass(GraphvizMissing, RuntimeError)
        True
    """


def get_dot_graph(output: Variable, verbose: bool = True) -> str:
    """Description of the computation graph of `output` in Graphviz's DOT language.

    Variables are ellipses, labeled with their names; Functions are boxes.

    Args:
        output: the last Variable of the graph.
        verbose: whether to add shape and dtype to the name of each Variable.

    Raises:
        TypeError: `output` is not a Variable.

    Example:
        >>> import numpy as np
        >>> x = Variable(np.array(1.0), name="x")
        >>> print(get_dot_graph(-x, verbose=False))
        digraph g {
          v0 [label="x", color=orange, style=filled]
          v1 [label="", color=orange, style=filled]
          f0 [label="Neg", color=lightblue, style=filled, shape=box]
          v0 -> f0
          f0 -> v1
        }
    """
    if not isinstance(output, Variable):
        raise TypeError(f"output must be a Variable; got {type(output).__name__}")
    names: dict[Any, str] = {}
    boxes, edges = [], []
    for i, f in enumerate(functions_behind([output])):
        boxes.append(f"f{i} [label={_quoted(type(f).__name__)}, color=lightblue, style=filled, shape=box]")
        inputs = [x for x in f.inputs if not _is_omitted(x)]
        outputs = [y for y in (ref() for ref in f.outputs) if y is not None]  # without those that were freed
        for v in (*inputs, *outputs):
            names.setdefault(v, f"v{len(names)}")
        edges += [f"{names[x]} -> f{i}" for x in inputs]
        edges += [f"f{i} -> {names[y]}" for y in outputs]
    names.setdefault(output, "v0")  # output has no creator
    ellipses = [
        f"{name} [label={_quoted(_label(v, verbose))}, color=orange, style=filled]"
        for v, name in names.items()
    ]
    return "\n".join(["digraph g {", *[f"  {line}" for line in ellipses + boxes + edges], "}"])


def _is_omitted(x: Any) -> bool:
    """Whether x is an omitted optional input; the data of an input with a creator may have been freed."""
    return x.data is None and x.creator is None


def _label(v: Any, verbose: bool) -> str:
    parts = [str(v.name)] if v.name else []
    if verbose and not _is_omitted(v):
        parts.append(f"{v.shape} {v.dtype}")
    return ": ".join(parts)


def _quoted(text: str) -> str:
    """A string of the DOT language that Graphviz shows as `text`."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"").replace("&", "&amp;") + '"'


def plot_dot_graph(
    output: Variable, verbose: bool = True, to_file: str | os.PathLike[str] = "graph.png"
) -> Any:
    """Draw the computation graph of `output` to an image file; needs the program Graphviz.

    Args:
        output, verbose: as in `get_dot_graph`.
        to_file: path of the image; its suffix (png, svg, pdf, ...) sets the format.

    Returns:
        In IPython an Image if the file is a png, so that a notebook shows it; otherwise None. In IPython
        without Graphviz, such as a notebook in a browser, a picture of the graph; no file is written then.

    Raises:
        TypeError: `output` is not a Variable.
        OSError: the file cannot be written.
        ValueError: `to_file` has no suffix.
        GraphvizMissing: Graphviz is not installed, and this is not IPython.
        RuntimeError: Graphviz does not support the format.

    Example:
        >>> import numpy as np
        >>> plot_dot_graph(Variable(np.array(1.0)), to_file="graph")
        Traceback (most recent call last):
        ValueError: to_file must have a suffix that sets the format, as in graph.png; got 'graph'
    """
    text = get_dot_graph(output, verbose)
    path = os.fspath(to_file)
    suffix = os.path.splitext(path)[1][1:].lower()
    if not suffix:
        raise ValueError(f"to_file must have a suffix that sets the format, as in graph.png; got {path!r}")
    import shutil  # here, as imports are slow in a browser and only drawing needs these
    import subprocess

    dot = shutil.which("dot")
    if dot is None:
        if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
            from ._picture import Picture

            return Picture(text)
        raise GraphvizMissing(
            "plot_dot_graph needs Graphviz, whose program dot is not installed; install it, or paste the "
            "text that get_dot_graph returns into an online viewer"
        )
    with replacing(path) as file:
        arguments = [dot, f"-T{suffix}", "-o", file.name]
        done = subprocess.run(arguments, input=text, encoding="utf-8", errors="replace", capture_output=True)
        if done.returncode:
            raise RuntimeError(f"Graphviz could not draw {path!r}: {done.stderr.strip()}")
    if suffix == "png" and "IPython" in sys.modules:
        from IPython.display import Image  # type: ignore[import-not-found,unused-ignore]

        return Image(filename=path)
    return None
