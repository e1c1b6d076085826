"""The walk back through the graph: from outputs, along the chain rule, to the gradients somebody wants."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from . import backends
from . import functions as F
from .core import Function, Variable, as_variable, using_config
from .utils import Array


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Any = None,
    create_graph: bool = False,
) -> list[Variable]:
    """Gradients of the outputs, summed, with respect to the inputs; no Variable's `grad` is touched.

    Only the Functions between inputs and outputs are differentiated.

    Args:
        outputs: a Variable or several.
        inputs: a Variable or several, leaves or not.
        grad_outputs: for each output the gradient to start from, Variable or array; None, for all or for one,
            means ones.
        create_graph: record the graph of the gradients, so that they can be differentiated again.

    Returns:
        One Variable per input; zeros for an input that the outputs do not depend on.

    Raises:
        TypeError: outputs or inputs that are no Variables.
        ValueError: not as many grad_outputs as outputs, or one whose shape is not its output's.

    Example:
        >>> import numpy as np
        >>> x = Variable(np.array(2.0))
        >>> gx, = grad(x**3, x, create_graph=True)
        >>> gx, grad(gx, x)
        (variable(12.0), [variable(12.0)])
    """
    ys, xs = _variables(outputs, "outputs"), _variables(inputs, "inputs")
    if grad_outputs is None:
        grad_outputs = [None] * len(ys)
    gys = grad_outputs if isinstance(grad_outputs, tuple | list) else [grad_outputs]
    if len(gys) != len(ys):
        raise ValueError(f"grad_outputs must hold one gradient per output, {len(ys)}; got {len(gys)}")
    gys = [ones_like(y) if gy is None else as_variable(gy) for y, gy in zip(ys, gys, strict=True)]
    grads = backprop(list(zip(ys, gys, strict=True)), set(xs).__contains__, create_graph)
    return [grads[x] if x in grads else _zeros_like(x) for x in xs]


def _variables(given: Any, name: str) -> list[Variable]:
    variables = list(given) if isinstance(given, tuple | list) else [given]
    for v in variables:
        if not isinstance(v, Variable):
            raise TypeError(f"{name} must be a Variable or a list of them; got {type(v).__name__}")
    return variables


def backprop(
    seeds: list[tuple[Variable, Variable]], wanted: Callable[[Variable], bool], create_graph: bool
) -> dict[Variable, Variable]:
    """Carry the gradients `seeds` back through the graph; return those of the wanted Variables.

    Args:
        seeds: outputs, each with the gradient to start from.
        wanted: tells the Variables whose gradients to return; what leads to none of them is not computed.
        create_graph: record the graph of the gradients.

    Returns:
        For each wanted Variable that a seed depends on, its gradient.

    Raises:
        ValueError: a gradient that has not the shape of its Variable, or more gradients than inputs from a
            Function's `backward`.

    Example:
        >>> import numpy as np
        >>> x = Variable(np.array(3.0))
        >>> y = x**2
        >>> grads = backprop([(y, ones_like(y))], lambda v: v is x, create_graph=False)
        >>> grads[x]
        variable(6.0)
    """
    functions = functions_behind([y for y, _ in seeds])
    needs: dict[Function, tuple[bool, ...]] = {}  # of those on a way from a wanted Variable to a seed
    for f in functions:
        of_inputs = tuple([wanted(x) or (x.requires_grad and x.creator in needs) for x in f.inputs])
        if any(of_inputs):
            needs[f] = of_inputs

    grads: dict[Variable, Variable] = {}
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
            gxs = f.backward(*gys)
            if not isinstance(gxs, tuple | list):
                gxs = (gxs,)
            if len(gxs) > len(f.inputs):
                raise ValueError(
                    f"{type(f).__name__}.backward must return a gradient per input, at most {len(f.inputs)}; "
                    f"got {len(gxs)}"
                )
            for x, gx, needed in zip(f.inputs, gxs, needs[f], strict=False):
                if needed and gx is not None:
                    _accumulate(grads, x, as_variable(gx), f"{type(f).__name__}.backward")
        held = [v for seed in seeds for v in seed] + [x for f in functions for x in f.inputs]
        return _own({x: gx for x, gx in grads.items() if wanted(x)}, held)


def functions_behind(outputs: Collection[Variable]) -> list[Function]:
    """Every Function that the outputs were computed by, each after those that it depends on.

    Example:
        >>> import numpy as np
        >>> y = F.exp(F.sin(Variable(np.array(0.0))))
        >>> [type(f).__name__ for f in functions_behind([y])]
        ['Sin', 'Exp']
    """
    found: dict[Function, None] = {}  # a set that keeps order, so that sums of gradients are reproducible
    pending = [y.creator for y in outputs]
    while pending:
        f = pending.pop()
        if f is not None and f not in found:
            found[f] = None
            pending.extend([x.creator for x in f.inputs])
    return sorted(found, key=lambda f: f.generation)


def _output_grads(
    f: Function, grads: dict[Variable, Variable], wanted: Callable[[Variable], bool]
) -> list[Variable] | None:
    """Gradients of f's outputs, zeros for the unused ones; None if no output got a gradient.

    They leave `grads` unless wanted, so that their memory is free once f is through with them.
    """
    outputs = [ref() for ref in f.outputs]
    gys = [None if y is None else grads.get(y) if wanted(y) else grads.pop(y, None) for y in outputs]
    if None not in gys:
        return gys  # type: ignore[return-value]
    known = next((gy for gy in gys if gy is not None), None)
    if known is None:
        return None
    zeros = backends.get_array_module(known.data).zeros
    return [
        Variable(zeros(*spec)) if gy is None else gy for gy, spec in zip(gys, f._output_specs, strict=True)
    ]


def _accumulate(grads: dict[Variable, Variable], x: Variable, gx: Variable, source: str) -> None:
    """Add gx, of x's shape and float type, to x's gradient, without writing into either."""
    if gx.shape != x.shape:
        raise ValueError(f"{source} has shape {gx.shape}, but its Variable has shape {x.shape}")
    if gx.dtype != x.dtype and x.dtype.kind == "f" and gx.dtype.kind == "f":
        gx = F.cast(gx, x.dtype)
    grads[x] = F.add(grads[x], gx) if x in grads else gx


def _own(grads: dict[Variable, Variable], held: list[Variable]) -> dict[Variable, Variable]:
    """Give each gradient memory of its own, writable.

    Until here several may be views of one array, or of the data of a Variable that somebody holds.
    """
    taken = {id(_memory(v.data)) for v in held}
    for x, gx in grads.items():
        owner = _memory(gx.data)
        if id(owner) in taken or not gx.data.flags.writeable:
            grads[x] = F.cast(gx, gx.dtype)
        taken.add(id(owner))
    return grads


def _memory(a: Array | None) -> Any:
    return a if a is None or a.base is None else a.base


def ones_like(x: Variable) -> Variable:
    """A gradient of ones for x.

    Example:
        >>> import numpy as np
        >>> ones_like(Variable(np.zeros(2)))
        variable([1. 1.])
    """
    return Variable(backends.get_array_module(x.data).ones_like(x.data))


def _zeros_like(x: Variable) -> Variable:
    return Variable(backends.get_array_module(x.data).zeros_like(x.data))
