"""Backpropagation: reverse traversal of the graph by the chain rule.

It does not import Variable and Function; the protocols `Node` and `Operation` define what it uses of them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import Any, NamedTuple, Protocol

from . import changes


class Node(Protocol):
    """The members of a Variable that backpropagation uses."""

    _data: Any

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def dtype(self) -> Any: ...  # noqa: D102
    @property
    def creator(self) -> Operation | None: ...  # noqa: D102
    @property
    def requires_grad(self) -> bool: ...  # noqa: D102
    def __hash__(self) -> int: ...


class Operation(Protocol):
    """The members of a Function that backpropagation uses."""

    needs_input_grad: tuple[bool, ...]
    called: int
    latest_change: int
    reads_inputs: bool
    reads_outputs: bool
    outputs: Any  # a tuple of references to Nodes

    @property
    def inputs(self) -> Sequence[Node]: ...  # noqa: D102
    @property
    def generation(self) -> int: ...  # noqa: D102
    @property
    def _unguarded(self) -> int: ...
    def _input_grads(self, gys: list[Any]) -> Sequence[Node | None]: ...
    def _zero_grad(self, output: int, like: Any) -> Node: ...
    def __hash__(self) -> int: ...


class Arithmetic(NamedTuple):
    """Operations on gradients; none writes into an operand.

    Attributes:
        add: returns the sum of two gradients of one shape.
        cast: returns a copy of a gradient in a dtype.
    """

    add: Callable[[Any, Any], Any]
    cast: Callable[[Any, Any], Any]


def functions_behind(outputs: Collection[Node]) -> list[Operation]:
    """Every Function that the outputs depend on, in the order of their calls.

    Example:
        >>> import numpy as np
        >>> import pyconvlite.functions as F
        >>> y = F.exp(F.sin(np.array(0.0)))
        >>> [type(f).__name__ for f in functions_behind([y])]
        ['Sin', 'Exp']
    """
    return [*graph_behind(outputs)]


def graph_behind(outputs: Collection[Node]) -> dict[Operation, Sequence[Node]]:
    """The Functions of `functions_behind`, each with its inputs.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> y = Variable(np.array(1.0)) * 2
        >>> list(graph_behind([y]).values())
        [(variable(1.0), variable(2.0))]
    """
    found: dict[Operation, Sequence[Node]] = {}
    pending = [y.creator for y in outputs]
    while pending:
        f = pending.pop()
        if f is not None and f not in found:
            found[f] = inputs = f.inputs
            pending += [x.creator for x in inputs]
    return {f: found[f] for f in sorted(found, key=_called)}


_called = operator.attrgetter("called")


def backprop(
    seeds: Sequence[tuple[Node, Node]],
    graph: Mapping[Operation, Sequence[Node]],
    wanted: Set[Node],
    arithmetic: Arithmetic,
) -> dict[Node, Node]:
    """Propagate gradients from the outputs back through the graph; return those of the wanted Variables.

    Args:
        seeds: pairs of an output and its gradient.
        graph: the Functions behind the outputs, as `graph_behind` returns them.
        wanted: the Variables whose gradients are wanted; gradients that none of these depends on are not
            computed.
        arithmetic: operations on gradients.

    Returns:
        The gradient of each wanted Variable that an output depends on. It has a graph if `enable_backprop` is
        on and `arithmetic` records one.

    Raises:
        ValueError: a gradient does not have the shape of its Variable, or a Function's `backward` returns
            more gradients than it has inputs.
        RuntimeError: the `data` of an input or output of a Function was reassigned after its call.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> from pyconvlite.autograd.variable import PLAIN
        >>> x = Variable(np.array(3.0))
        >>> y = x**2
        >>> grads = backprop([(y, Variable(np.array(1.0)))], graph_behind([y]), {x}, PLAIN)
        >>> grads[x]
        variable(6.0)
    """
    add, cast = arithmetic
    # Whether the gradient of each input is needed, for the Functions from a wanted Variable to an output.
    needs: dict[Operation, list[bool]] = {}
    # The memory of the graph, which no gradient may share; those of freed data may be of others by now.
    held = {id(_memory(v._data)) for seed in seeds for v in seed}
    for f, inputs in graph.items():
        needed = []
        for x in inputs:
            needed.append(x in wanted or (x.requires_grad and x.creator in needs))
            a = x._data
            if a is not None:
                held.add(id(a if a.base is None else a.base))
        if True in needed:
            needs[f] = needed
    grads: dict[Any, Node] = {}
    for y, gy in seeds:
        gy = _fitted(gy, y, "the initial gradient", cast)
        grads[y] = add(grads[y], gy) if y in grads else gy
    while needs:
        f, needed = needs.popitem()  # the latest
        gys: list[Node | None] = []
        known: Node | None = None
        for ref in f.outputs:
            output: Any = ref()
            # Its gradient is removed unless wanted, so that the memory is freed after f's `backward`.
            gys.append(grads.get(output) if output in wanted else grads.pop(output, None))
            known = gys[-1] if known is None else known
        if known is None:
            continue
        if len(gys) > 1:
            gys = [f._zero_grad(i, known._data) if gy is None else gy for i, gy in enumerate(gys)]
        if f.latest_change != changes.latest:
            changes.check_unchanged(f)
        f.needs_input_grad = tuple(needed)  # set just before use: a nested backprop may overwrite it
        for x, gx, need in zip(graph[f], f._input_grads(gys), needed, strict=False):
            if need and gx is not None:
                a, b = x._data, gx._data
                if a is None or a.shape != b.shape or a.dtype is not b.dtype:
                    gx = _fitted(gx, x, f"the gradient returned by {type(f).__name__}.backward", cast)
                grads[x] = add(grads[x], gx) if x in grads else gx
    found = {}
    for x, gx in grads.items():
        if x in wanted:
            owner = id(_memory(gx._data))
            if owner in held or not gx._data.flags.writeable:
                gx = cast(gx, gx.dtype)  # a copy
            held.add(owner)
            found[x] = gx
    return found


def _fitted(gx: Node, x: Node, source: str, cast: Callable[[Any, Any], Any]) -> Node:
    """gx, cast to x's dtype if both are floating point."""
    if gx.shape != x.shape:
        raise ValueError(f"{source} has shape {gx.shape}, but its Variable has shape {x.shape}")
    if gx.dtype != x.dtype and x.dtype.kind == "f" and gx.dtype.kind == "f":
        gx = cast(gx, x.dtype)
    return gx


def _memory(a: Any) -> Any:
    """Return the base of the view `a`, or `a` itself if it owns its memory."""
    return a if a.base is None else a.base
