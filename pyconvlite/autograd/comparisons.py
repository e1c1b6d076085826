"""Records comparisons of Variables for a tracer, since their results are plain arrays without a creator."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple


class Comparison(NamedTuple):
    """A comparison of a Variable.

    Attributes:
        compare: the function of the module operator, such as `operator.gt`.
        x: the Variable.
        other: a Variable, array or number.
        result: what the comparison returned.

    Example:
        >>> import operator
        >>> Comparison(operator.gt, 2, 1, True).compare(2, 1)
        True
    """

    compare: Callable[[Any, Any], Any]
    x: Any
    other: Any
    result: Any


# The comparisons of this thread and task, while they are recorded; otherwise None.
collected: ContextVar[list[Comparison] | None] = ContextVar("collected", default=None)
