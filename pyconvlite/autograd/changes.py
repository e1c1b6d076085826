"""Detects data that was reassigned between a Function's call and its `backward`.

Calls of Functions and reassignments are ordered by one clock, `tick`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

# Returns a greater number at each call: the time when a Variable's data changed, or a Function was called.
tick: Callable[[], int] = itertools.count(1).__next__

latest = 0  # time of the last reassignment of any Variable's data


def reassigned() -> int:
    """The time, for `_changed` of a Variable whose data is reassigned now."""
    global latest
    latest = now = tick()
    return now


def viewed(x: Any) -> Iterator[Any]:
    """The Variables that x is a view of.

    Example:
        >>> from pyconvlite import Variable
        >>> list(viewed(Variable(np.ones(3))[:2]))
        [variable([1. 1. 1.])]
    """
    array = x.data
    while getattr(array, "base", None) is not None and x.creator and x.creator.inputs:
        x = x.creator.inputs[0]
        if x.data is None:  # freed
            continue
        if not np.may_share_memory(array, x.data):
            return
        yield x


def check_unchanged(f: Any) -> None:
    """Raise RuntimeError if an input, or data that f's `backward` reads, was reassigned after its call.

    Example:
        >>> from pyconvlite import Variable
        >>> x = Variable(np.array([1.0]), "x")
        >>> y = x * 2
        >>> x.data = np.array([2.0])
        >>> check_unchanged(y.creator)
        Traceback (most recent call last):
        RuntimeError: the data of x of shape (1,) was reassigned after Mul used it, ...
    """
    called = f.called
    for x in f.inputs:
        if x._changed > called and (f.reads_inputs or x.data is not None or x.creator is None):
            raise _changed_after(f, x, "used")
        if f.reads_inputs:
            if x._written > called:
                raise _changed_after(f, x, "used")
            for base in viewed(x):
                if max(base._changed, base._written) > called:
                    raise _changed_after(f, base, "used a view of")
    if f.reads_outputs:
        for ref in f.outputs:
            y = ref()
            if y is not None and max(y._changed, y._written) > called:
                raise _changed_after(f, y, "computed")


def _changed_after(f: Any, x: Any, done: str) -> RuntimeError:
    return RuntimeError(
        f"the data of {x._described()} was reassigned after {type(f).__name__} {done} it, so gradients would "
        "be wrong: call backward() before its data changes, compute the output again (with a recurrent layer "
        "after reset_state()), or end the graph there, with its unchain() or loss.unchain_backward()"
    )
