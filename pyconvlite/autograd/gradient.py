"""grad: gradients with respect to chosen Variables, of any order (book steps 32-36)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from .. import backends
from ..config import call_with_config
from .backprop import backprop, graph_behind
from .convert import as_variable
from .variable import PLAIN, RECORDED, Variable, ones_like


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Any = None,
    create_graph: bool = False,
) -> list[Variable]:
    """Gradients of the sum of the outputs with respect to the inputs; no Variable's `grad` changes.

    Only the Functions between inputs and outputs are differentiated.

    Args:
        outputs: a Variable or a list of Variables.
        inputs: a Variable or a list of Variables, leaves or not.
        grad_outputs: gradient of each output to start from, a Variable or array; None, for one output or for
            all, means ones.
        create_graph: record the graph of the gradients, so that they can be differentiated again.

    Returns:
        One Variable per input; zeros for an input that the outputs do not depend on.

    Raises:
        TypeError: `outputs` or `inputs` contains an object that is not a Variable.
        ValueError: `grad_outputs` and `outputs` differ in length, or in the shape of an element.
        RuntimeError: the `data` of an input or output of an operation was reassigned after it.

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
        raise ValueError(f"grad_outputs must contain one gradient per output, {len(ys)}; got {len(gys)}")
    gys = [ones_like(y) if gy is None else as_variable(gy) for y, gy in zip(ys, gys, strict=True)]
    seeds = list(zip(ys, gys, strict=True))
    graph = graph_behind([y.creator for y in ys])
    arithmetic = RECORDED if create_graph else PLAIN
    found = call_with_config("enable_backprop", create_graph, backprop, seeds, graph, set(xs), arithmetic)
    grads = cast("dict[Variable, Variable]", found)
    return [grads[x] if x in grads else _zeros_like(x) for x in xs]


def _variables(given: Any, name: str) -> list[Variable]:
    variables = list(given) if isinstance(given, tuple | list) else [given]
    for v in variables:
        if not isinstance(v, Variable):
            raise TypeError(f"{name} must be a Variable or a list of Variables; got {type(v).__name__}")
    return variables


def _zeros_like(x: Variable) -> Variable:
    return Variable(backends.get_array_module(x.data).zeros_like(x.data))
