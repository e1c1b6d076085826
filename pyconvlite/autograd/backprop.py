"""Backpropagation: reverse traversal of the graph by the chain rule.

It does not import Variable and Function; the protocols `Node` and `Operation` define what it uses of them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from itertools import chain
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
    broadcasts: bool
    outputs: Any  # a tuple of references to Nodes

    @property
    def inputs(self) -> Sequence[Node]: ...  # noqa: D102
    @property
    def _release_depth(self) -> int: ...
    def _input_grads(self, gys: list[Any]) -> Sequence[Node | None]: ...
    def _zero_grad(self, output: int, like: Any) -> Node: ...
    def __hash__(self) -> int: ...


class Arithmetic(NamedTuple):
    """Operations on gradients; none writes into an operand.

    Attributes:
        add: returns the sum of two gradients of one shape.
        cast: returns a copy of a gradient in a dtype.
        sum_to: returns the sum of a gradient to another shape, which broadcasts to its own.
    """

    add: Callable[[Any, Any], Any]
    cast: Callable[[Any, Any], Any]
    sum_to: Callable[[Any, Any], Any]


def functions_behind(outputs: Collection[Node]) -> list[Operation]:
    """Every Function that the outputs depend on, in the order of their calls.

    Example:
        >>> import numpy as np
        >>> import pyconvlite.functions as F
        >>> y = F.exp(F.sin(np.array(0.0)))
        >>> [type(f).__name__ for f in functions_behind([y])]
        ['Sin', 'Exp']
    """
    return [*graph_behind([y.creator for y in outputs])]


def graph_behind(functions: Iterable[Operation | None]) -> dict[Operation, Sequence[Node]]:
    """The Functions, and those that computed their inputs, in the order of their calls, each with its inputs.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> y = Variable(np.array(1.0)) * 2
        >>> list(graph_behind([y.creator]).values())
        [(variable(1.0), variable(2.0))]
    """
    found: dict[Operation, Sequence[Node]] = {}
    pending = [f for f in functions if f is not None]
    while pending:
        f = pending.pop()
        if f not in found:
            found[f] = inputs = f.inputs
            for x in inputs:
                if x.creator is not None:
                    pending.append(x.creator)  # noqa: PERF401 - starts sooner than a comprehension
    return {f: found[f] for f in sorted(found, key=_called)}


_called = operator.attrgetter("called")


def generation_of(function: Operation) -> int:
    """Number of Functions on the longest path from a leaf to this one.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> y = -Variable(np.array(1.0)) * 2
        >>> generation_of(y.creator)
        1
    """
    longest: dict[Any, int] = {None: -1}
    for f, inputs in graph_behind([function]).items():
        longest[f] = 1 + max([longest[x.creator] for x in inputs])
    return longest[function]


def backprop(
    seeds: Sequence[tuple[Node, Node]],
    graph: Mapping[Operation, Sequence[Node]],
    wanted: Set[Node],
    arithmetic: Arithmetic,
    leaves: bool = False,
) -> dict[Node, Node]:
    """Propagate gradients from the outputs back through the graph; return those of the wanted Variables.

    Args:
        seeds: pairs of an output and its gradient.
        graph: the Functions behind the outputs, as `graph_behind` returns them.
        wanted: the Variables whose gradients are wanted; gradients that none of these depends on are not
            computed.
        arithmetic: operations on gradients.
        leaves: whether those of all leaves that require a gradient are wanted too.

    Returns:
        The gradient of each wanted Variable that an output depends on, and perhaps those of outputs. It has a
        graph if `enable_backprop` is on and `arithmetic` records one.

    Raises:
        ValueError: a gradient does not have the shape of its Variable, or a Function's `backward` returns too
            many or too few.
        RuntimeError: the `data` of an input or output of a Function was reassigned after its call.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> from pyconvlite.autograd.variable import PLAIN
        >>> x = Variable(np.array(3.0))
        >>> y = x**2
        >>> grads = backprop([(y, Variable(np.array(1.0)))], graph_behind([y.creator]), {x}, PLAIN)
        >>> grads[x]
        variable(6.0)
    """
    add = arithmetic.add
    needs = _needed_inputs(graph, wanted, leaves)
    grads: dict[Any, Node] = {}
    for y, gy in seeds:
        gy = _fitted(gy, y, None, arithmetic)
        grads[y] = add(grads[y], gy) if y in grads else gy
    while needs:
        f, needed = needs.popitem()  # the latest
        gys: list[Any] = []
        for ref in f.outputs:
            y = ref()
            if y is None or y.creator is not f:  # freed or unchained
                gys.append(None)
                continue
            # Its gradient is removed unless wanted, so that the memory is freed after f's `backward`.
            gys.append(grads.get(y) if y in wanted else grads.pop(y, None))
        if len(gys) > 1:
            gys = _with_zeros(gys, f)
        if gys[0] is None:
            continue
        if f.latest_change != changes.latest:
            changes.check_unchanged(f)
        f.needs_input_grad = tuple(needed)  # set just before use: a nested backprop may overwrite it
        for x, gx, need in zip(graph[f], f._input_grads(gys), needed, strict=False):
            if need and gx is not None:
                a, b = x._data, gx._data
                if a is None or a.shape != b.shape or a.dtype is not b.dtype:
                    gx = _fitted(gx, x, f, arithmetic)
                before = grads.get(x)
                grads[x] = gx if before is None else add(before, gx)
    _copy_shared(grads, seeds, graph, arithmetic.cast)
    return grads


def _needed_inputs(
    graph: Mapping[Operation, Sequence[Node]], wanted: Set[Node], leaves: bool
) -> dict[Operation, list[bool]]:
    """For each Function from a wanted Variable to an output: whether the gradient of each input is needed."""
    needs: dict[Operation, list[bool]] = {}
    for f, inputs in graph.items():
        needed = []
        for x in inputs:
            g = x.creator
            needed.append((x.requires_grad and (leaves if g is None else g in needs)) or x in wanted)
        if True in needed:
            needs[f] = needed
    return needs


def _copy_shared(
    grads: dict[Any, Node],
    seeds: Sequence[tuple[Node, Node]],
    graph: Mapping[Operation, Sequence[Node]],
    cast: Callable[[Any, Any], Any],
) -> None:
    """Copy gradients that share memory with the graph or with each other."""
    held = {
        id(a if a.base is None else a.base)  # the owner of the memory of a view
        for variables in chain(seeds, graph.values())
        for v in variables
        if (a := v._data) is not None  # the id of freed data may have been reused
    }
    for x, gx in grads.items():
        a = gx._data
        owner = id(a if a.base is None else a.base)
        if owner in held or not a.flags.writeable:
            grads[x] = cast(gx, a.dtype)  # a copy
        held.add(owner)


def _fitted(gx: Node, x: Node, f: Operation | None, arithmetic: Arithmetic) -> Node:
    """A gradient that f's `backward` returned for x, or an initial one, in x's shape; cast if both are float.

    Raises:
        ValueError: it does not have the shape of x, or one that x broadcasts to if f may return such.
    """
    shape, dtype = x.shape, x.dtype
    if gx._data.shape != shape:
        if f is None or not f.broadcasts:
            source = f"the gradient returned by {type(f).__name__}.backward" if f else "the initial gradient"
            raise ValueError(f"{source} has shape {gx._data.shape}, but its Variable has shape {shape}")
        gx = arithmetic.sum_to(gx, shape)
    given = gx._data.dtype
    return arithmetic.cast(gx, dtype) if given != dtype and given.kind == dtype.kind == "f" else gx


def _with_zeros(gys: list[Any], f: Operation) -> list[Any]:
    """The gradients of f's outputs, zeros where there is none; all None if there is none at all."""
    known = next((gy for gy in gys if gy is not None), None)
    if known is None:
        return gys
    return [f._zero_grad(i, known._data) if gy is None else gy for i, gy in enumerate(gys)]
