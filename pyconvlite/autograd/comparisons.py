"""Records comparisons of Variables for a tracer, since their results are plain arrays without a creator."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple


class Comparison(NamedTuple):
    """A comparison of a Variable, by a function such as `operator.gt`, and what it returned."""

    compare: Callable[[Any, Any], Any]
    x: Any
    other: Any
    result: Any


# The comparisons of this thread and task, while they are recorded; otherwise None.
collected: ContextVar[list[Comparison] | None] = ContextVar("collected", default=None)
