"""The walk back through the graph: from outputs, along the chain rule, to the gradients that are wanted.

It stands below the classes Variable and Function, and knows of them what `Node` and `Operation` name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from ..config import using_config


class Node(Protocol):
    """What the walk needs of a Variable."""

    @property
    def data(self) -> Any: ...  # noqa: D102
    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def dtype(self) -> Any: ...  # noqa: D102
    @property
    def creator(self) -> Operation | None: ...  # noqa: D102
    @property
    def requires_grad(self) -> bool: ...  # noqa: D102
    def __add__(self, other: Any, /) -> Any: ...
    def _cast(self, dtype: Any) -> Node: ...
    def __hash__(self) -> int: ...


class Operation(Protocol):
    """What the walk needs of a Function."""

    needs_input_grad: tuple[bool, ...]

    @property
    def inputs(self) -> Sequence[Node]: ...  # noqa: D102
    @property
    def outputs(self) -> Sequence[Callable[[], Node | None]]: ...  # noqa: D102
    @property
    def generation(self) -> int: ...  # noqa: D102
    def _input_grads(self, gys: list[Any]) -> Sequence[Node | None]: ...
    def _zero_grad(self, output: int, like: Any) -> Node: ...
    def __hash__(self) -> int: ...


def backprop(
    seeds: Sequence[tuple[Node, Node]], wanted: Callable[[Any], bool], create_graph: bool
) -> dict[Node, Node]:
    """Carry the gradients `seeds` back through the graph; return those of the wanted Variables.

    Args:
        seeds: outputs, each with the gradient to start from.
        wanted: tells the Variables whose gradients to return; what leads to none of them is not computed.
        create_graph: record the graph of the gradients.

    Returns:
        For each wanted Variable that a seed depends on, its gradient.

    Raises:
        ValueError: a gradient that does not have its Variable's shape, or more gradients than inputs from a
            Function's `backward`.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> x = Variable(np.array(3.0))
        >>> y = x**2
        >>> grads = backprop([(y, Variable(np.array(1.0)))], lambda v: v is x, create_graph=False)
        >>> grads[x]
        variable(6.0)
    """
    functions = functions_behind([y for y, _ in seeds])
    needs: dict[Operation, tuple[bool, ...]] = {}  # of those on a path from a wanted Variable to a seed
    for f in functions:
        of_inputs = tuple([wanted(x) or (x.requires_grad and x.creator in needs) for x in f.inputs])
        if any(of_inputs):
            needs[f] = of_inputs

    grads: dict[Node, Node] = {}
    with using_config("enable_backprop", create_graph):
        for y, gy in seeds:
            _accumulate(grads, y, gy, "the gradient given to backward")
        for f in reversed(functions):
            if f not in needs:
                continue
            gys = _output_grads(f, grads, wanted)
            if gys is None:
                continue
            f.needs_input_grad = needs[f]  # not earlier: a walk inside another's backward sets it too
            for x, gx, needed in zip(f.inputs, f._input_grads(gys), needs[f], strict=False):
                if needed and gx is not None:
                    _accumulate(grads, x, gx, f"{type(f).__name__}.backward")
        held = [v for seed in seeds for v in seed] + [x for f in functions for x in f.inputs]
        return _own({x: gx for x, gx in grads.items() if wanted(x)}, held)


def functions_behind(outputs: Collection[Node]) -> list[Operation]:
    """Every Function that the outputs were computed by, each after those that it depends on.

    Example:
        >>> import numpy as np
        >>> import pyconvlite.functions as F
        >>> y = F.exp(F.sin(np.array(0.0)))
        >>> [type(f).__name__ for f in functions_behind([y])]
        ['Sin', 'Exp']
    """
    found: dict[Operation, None] = {}  # a set that keeps order, so that sums of gradients are reproducible
    pending = [y.creator for y in outputs]
    while pending:
        f = pending.pop()
        if f is not None and f not in found:
            found[f] = None
            pending.extend([x.creator for x in f.inputs])
    return sorted(found, key=lambda f: f.generation)


def _output_grads(f: Operation, grads: dict[Node, Node], wanted: Callable[[Any], bool]) -> list[Node] | None:
    """Gradients of f's outputs, zeros for the unused ones; None if no output got a gradient.

    They leave `grads` unless wanted, so that their memory is free once f is through with them.
    """
    outputs = [ref() for ref in f.outputs]
    gys = [None if y is None else grads.get(y) if wanted(y) else grads.pop(y, None) for y in outputs]
    known = next((gy for gy in gys if gy is not None), None)
    if known is None:
        return None
    return [f._zero_grad(i, known.data) if gy is None else gy for i, gy in enumerate(gys)]


def _accumulate(grads: dict[Node, Node], x: Node, gx: Node, source: str) -> None:
    """Add gx, of x's shape and float type, to x's gradient, without writing into either."""
    if gx.shape != x.shape:
        raise ValueError(f"{source} has shape {gx.shape}, but its Variable has shape {x.shape}")
    if gx.dtype != x.dtype and x.dtype.kind == "f" and gx.dtype.kind == "f":
        gx = gx._cast(x.dtype)
    grads[x] = grads[x] + gx if x in grads else gx


def _own(grads: dict[Node, Node], held: list[Node]) -> dict[Node, Node]:
    """Give each gradient writable memory of its own.

    Until here several may be views of one array, or of the data of a Variable that somebody holds.
    """
    taken = {id(_memory(v.data)) for v in held}
    for x, gx in grads.items():
        owner = _memory(gx.data)
        if id(owner) in taken or not gx.data.flags.writeable:
            grads[x] = gx._cast(gx.dtype)
        taken.add(id(owner))
    return grads


def _memory(a: Any) -> Any:
    """The array whose memory `a` is a view of, or `a` itself."""
    return a if a is None or a.base is None else a.base
