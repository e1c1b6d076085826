"""`dezero.utils`: helpers for graphs, shapes, gradient checks and files."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import _fetch, graph, utils
from .._gradient_check import compare, measure
from . import cuda
from .core import Variable, as_variable

globals().update({name: getattr(utils, name) for name in utils.__all__})  # those below replace them

# ----------------------------------------------------------------------------------------------------- graphs


def _dot_var(v: Any, verbose: bool = False) -> str:
    """The line of a Variable in DeZero's DOT text, whose nodes are numbered by `id`."""
    name = v.name or ""
    if verbose and v.data is not None:
        name += (": " if v.name else "") + f"{v.shape} {v.dtype}"
    return f'{id(v)} [label="{name}", color=orange, style=filled]\n'


def _dot_func(f: Any) -> str:
    """The lines of a Function and its edges in DeZero's DOT text."""
    lines = [f'{id(f)} [label="{type(f).__name__}", color=lightblue, style=filled, shape=box]']
    lines += [f"{id(x)} -> {id(f)}" for x in f.inputs]
    lines += [f"{id(f)} -> {id(y())}" for y in f.outputs]
    return "\n".join([*lines, ""])


def plot_dot_graph(output: Variable, verbose: bool = True, to_file: str = "graph.png") -> Any:
    """Draw the computation graph of `output` to an image file with Graphviz, as `pyconvlite.graph` does.

    Without Graphviz there is no error: a notebook shows the picture, but no file is written; elsewhere a
    warning is issued and the DOT text is printed.

    Args:
        output: the last Variable of the graph.
        verbose: whether to add shape and dtype to the name of each Variable.
        to_file: path of the image; its suffix (png, svg, pdf, ...) sets the format.

    Returns:
        In a notebook an object that displays the picture; otherwise None.

    Example:
        >>> plot_dot_graph(Variable(np.array(1.0)), to_file="graph")
        Traceback (most recent call last):
        ValueError: to_file must have a suffix that sets the format, as in graph.png; got 'graph'
    """
    try:
        return graph.plot_dot_graph(output, verbose, to_file)  # which the playground replaces
    except graph.GraphvizMissing as error:
        warnings.warn(f"no picture is drawn: {error}", stacklevel=2)
        print(graph.get_dot_graph(output, verbose))
        return None


# -------------------------------------------------------------------------------------------- gradient checks


_STEP = 1e-4  # of the central differences, as in DeZero: large enough for `f` in float32


def gradient_check(
    f: Callable[..., Variable], x: Any, *args: Any, rtol: float = 1e-4, atol: float = 1e-5, **kwargs: Any
) -> bool:
    """As `pyconvlite.utils.gradient_check`; x may hold integers too, which become float64.

    Example:
        >>> gradient_check(lambda x: x**2, np.array([1, 2]))
        True
    """
    return compare(f, _floats(x), args, kwargs, rtol, atol, _STEP)


def numerical_grad(f: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Any:
    """As `pyconvlite.utils.numerical_grad`; x may hold integers too, which become float64.

    Example:
        >>> numerical_grad(lambda x: x**2, np.array([1, 2])).round(6)
        array([2., 4.])
    """
    return measure(f, _floats(x), args, kwargs, _STEP)


def array_equal(a: Any, b: Any) -> bool:
    """As `pyconvlite.utils.array_equal`, of arrays on the device too.

    Example:
        >>> array_equal(Variable(np.array([1, 2])), np.array([1, 2]))
        True
    """
    return utils.array_equal(cuda.as_numpy(a), cuda.as_numpy(b))


def array_allclose(a: Any, b: Any, rtol: float = 1e-4, atol: float = 1e-5) -> bool:
    """As `pyconvlite.utils.array_allclose`, of arrays on the device too.

    Example:
        >>> array_allclose(np.array([1.0, 2.0]), Variable(np.array([1.0, 2.00001])))
        True
    """
    return utils.array_allclose(cuda.as_numpy(a), cuda.as_numpy(b), rtol, atol)


def _floats(x: Any) -> Any:
    x = cuda.as_numpy(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


# ------------------------------------------------------------------------------------------------------ files

cache_dir = os.path.join(os.path.expanduser("~"), ".dezero")  # DeZero's own, with the files it has fetched


def get_file(url: str, file_name: str | None = None) -> str:
    """Download a file to `cache_dir`, unless it is there already, and return its path.

    Args:
        url: the file's URL: http:, https: or data:.
        file_name: name of the file in the cache; None for the last part of the URL.

    Raises:
        ValueError: `file_name` is empty or contains a folder, or the URL's scheme is not supported.
        FileNotFoundError: the server has no such file.
        OSError: the server cannot be reached, or refuses the request.

    Example:
        >>> get_file("https://example.com/")
        Traceback (most recent call last):
        ValueError: the URL https://example.com/ has no file name; pass file_name
    """
    path = Path(cache_dir, _fetch.checked_name(url, file_name))
    if not path.exists():
        print(f"Downloading: {path.name}")
        _fetch.download(url, path)
        print(" Done")
    return str(path)


def show_progress(block_num: int, block_size: int, total_size: int) -> None:
    """Print the progress of a download, over the previous bar.

    Example:
        >>> show_progress(1, 50, 200)  # doctest: +NORMALIZE_WHITESPACE
        [#######.......................] 25.00%
    """
    done = min(1.0, block_num * block_size / total_size)
    bar = "#" * int(30 * done)
    print(f"\r[{bar:.<30}] {100 * done:.2f}%", end="")
