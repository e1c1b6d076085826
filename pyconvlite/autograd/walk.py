"""Backpropagation: reverse traversal of the graph by the chain rule.

It does not import Variable and Function; the protocols `Node` and `Operation` define what it uses of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol, TypeAlias

from ..config import call_with_config


class Node(Protocol):
    """The members of a Variable that backpropagation uses."""

    _changed: int

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
    def astype(self, dtype: Any) -> Node: ...  # noqa: D102
    def _described(self) -> str: ...
    def __hash__(self) -> int: ...


class Operation(Protocol):
    """The members of a Function that backpropagation uses."""

    needs_input_grad: tuple[bool, ...]
    called: int
    reads_inputs: bool
    reads_outputs: bool
    outputs: Any  # a tuple of references to Nodes

    @property
    def inputs(self) -> Sequence[Node]: ...  # noqa: D102
    @property
    def generation(self) -> int: ...  # noqa: D102
    def _input_grads(self, gys: list[Any]) -> Sequence[Node | None]: ...
    def _zero_grad(self, output: int, like: Any) -> Node: ...
    def __hash__(self) -> int: ...


def backprop(
    seeds: Sequence[tuple[Node, Node]], wanted: Callable[[Any], bool], create_graph: bool
) -> dict[Node, Node]:
    """Propagate gradients from the outputs back through the graph; return those of the wanted Variables.

    Args:
        seeds: pairs of an output and its gradient.
        wanted: returns whether a Variable's gradient is wanted; gradients that no wanted one depends on are
            not computed.
        create_graph: record the graph of the gradients.

    Returns:
        The gradient of each wanted Variable that an output depends on.

    Raises:
        ValueError: a gradient does not have the shape of its Variable, or a Function's `backward` returns
            more gradients than it has inputs.
        RuntimeError: the `data` of an input or output of a Function was reassigned after its call.

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
    needs: _Needs = {}
    for f in functions:
        of_inputs = tuple([wanted(x) or (x.requires_grad and x.creator in needs) for x in f.inputs])
        if any(of_inputs):
            needs[f] = of_inputs
    return call_with_config("enable_backprop", create_graph, _propagate, seeds, functions, needs, wanted)


# Whether the gradient of each input is needed, for the Functions from a wanted Variable to an output.
_Needs: TypeAlias = dict[Operation, tuple[bool, ...]]


def _propagate(
    seeds: Sequence[tuple[Node, Node]],
    functions: list[Operation],
    needs: _Needs,
    wanted: Callable[[Any], bool],
) -> dict[Node, Node]:
    grads: dict[Node, Node] = {}
    for y, gy in seeds:
        _accumulate(grads, y, gy, "the initial gradient")
    for f in reversed(functions):
        if f not in needs:
            continue
        gys = _output_grads(f, grads, wanted)
        if gys is None:
            continue
        _check_unchanged(f)
        f.needs_input_grad = needs[f]  # set just before use: a nested backprop may overwrite it
        for x, gx, needed in zip(f.inputs, f._input_grads(gys), needs[f], strict=False):
            if needed and gx is not None:
                _accumulate(grads, x, gx, f"the gradient returned by {type(f).__name__}.backward")
    held = [v for seed in seeds for v in seed] + [x for f in functions for x in f.inputs]
    return _copy_shared({x: gx for x, gx in grads.items() if wanted(x)}, held)


def functions_behind(outputs: Collection[Node]) -> list[Operation]:
    """Every Function that the outputs depend on, in topological order.

    Example:
        >>> import numpy as np
        >>> import pyconvlite.functions as F
        >>> y = F.exp(F.sin(np.array(0.0)))
        >>> [type(f).__name__ for f in functions_behind([y])]
        ['Sin', 'Exp']
    """
    found: dict[Operation, None] = {}  # an ordered set, so that gradients are summed in a reproducible order
    pending = [y.creator for y in outputs]
    while pending:
        f = pending.pop()
        if f is not None and f not in found:
            found[f] = None
            pending.extend([x.creator for x in f.inputs])
    return sorted(found, key=lambda f: f.generation)


def _output_grads(f: Operation, grads: dict[Node, Node], wanted: Callable[[Any], bool]) -> list[Node] | None:
    """Gradients of f's outputs, zeros for unused outputs; None if no output has a gradient.

    They are removed from `grads` unless wanted, so that their memory is freed after f's `backward`.
    """
    outputs = [ref() for ref in f.outputs]
    gys = [None if y is None else grads.get(y) if wanted(y) else grads.pop(y, None) for y in outputs]
    known = [gy for gy in gys if gy is not None]
    if not known:
        return None
    if len(known) == len(gys):
        return known
    return [f._zero_grad(i, known[0].data) if gy is None else gy for i, gy in enumerate(gys)]


def _check_unchanged(f: Operation) -> None:
    """Raise RuntimeError if an input, or data that f's `backward` reads, was reassigned after its call."""
    called = f.called
    for x in f.inputs:
        if x._changed > called:
            raise _changed_after(f, x, "used")
        while f.reads_inputs and x.creator and x.data is not None and x.data.base is not None:
            (x, *_) = x.creator.inputs  # x was a view of its data
            if x._changed > called:
                raise _changed_after(f, x, "used a view of")
    if f.reads_outputs:
        for ref in f.outputs:
            y = ref()
            if y is not None and y._changed > called:
                raise _changed_after(f, y, "computed")


def _changed_after(f: Operation, x: Node, done: str) -> RuntimeError:
    return RuntimeError(
        f"the data of {x._described()} was reassigned after {type(f).__name__} {done} it, so gradients would "
        "be wrong: call backward() before its data changes, or compute the output again"
    )


def _accumulate(grads: dict[Node, Node], x: Node, gx: Node, source: str) -> None:
    """Add gx, cast to x's dtype if both are floating point, to the gradient of x; not in place."""
    if gx.shape != x.shape:
        raise ValueError(f"{source} has shape {gx.shape}, but its Variable has shape {x.shape}")
    if gx.dtype != x.dtype and x.dtype.kind == "f" and gx.dtype.kind == "f":
        gx = gx.astype(x.dtype)
    grads[x] = grads[x] + gx if x in grads else gx


def _copy_shared(grads: dict[Node, Node], held: list[Node]) -> dict[Node, Node]:
    """Copy gradients that are read-only or share memory with an earlier one or a Variable in `held`."""
    taken = {id(_memory(v.data)) for v in held}
    for x, gx in grads.items():
        owner = _memory(gx.data)
        if id(owner) in taken or not gx.data.flags.writeable:
            grads[x] = gx.astype(gx.dtype)
        taken.add(id(owner))
    return grads


def _memory(a: Any) -> Any:
    """Return the base of the view `a`, or `a` itself if it owns its memory."""
    return a if a is None or a.base is None else a.base
