"""Detects data that was reassigned between a Function's call and its `backward`.

Calls of Functions and reassignments are ordered by one clock, `tick`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

# Returns a greater number at each call: the time when a Variable's data changed, or a Function was called.
tick: Callable[[], int] = itertools.count(1).__next__

latest = 0  # time of the last reassignment of any Variable's data


class _Input(Protocol):
    _changed: int

    @property
    def data(self) -> Any: ...
    @property
    def creator(self) -> Any: ...
    def _described(self) -> str: ...


class Called(Protocol):
    """The members of a Function that the check uses."""

    called: int
    reads_inputs: bool
    reads_outputs: bool
    outputs: Any

    @property
    def inputs(self) -> Sequence[Any]: ...  # noqa: D102


def reassigned() -> int:
    """The time, for `_changed` of a Variable whose data is reassigned now."""
    global latest
    latest = now = tick()
    return now


def check_unchanged(f: Called) -> None:
    """Raise RuntimeError if an input, or data that f's `backward` reads, was reassigned after its call.

    Example:
        >>> import numpy as np
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
        while f.reads_inputs and x.creator and x.data is not None and x.data.base is not None:
            (x, *_) = x.creator.inputs  # x was a view of its data
            if x._changed > called:
                raise _changed_after(f, x, "used a view of")
    if f.reads_outputs:
        for ref in f.outputs:
            y = ref()
            if y is not None and y._changed > called:
                raise _changed_after(f, y, "computed")


def _changed_after(f: Called, x: _Input, done: str) -> RuntimeError:
    return RuntimeError(
        f"the data of {x._described()} was reassigned after {type(f).__name__} {done} it, so gradients would "
        "be wrong: call backward() before its data changes, compute the output again (with a recurrent layer "
        "after reset_state()), or end the graph there, with its unchain() or loss.unchain_backward()"
    )
