"""Counts of the kernel calls, by kernel and backend."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# By (kernel, backend). Each is a list of one number, so that a kernel can keep it and needs no look-up.
calls: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0])
readers: dict[tuple[str, str], Callable[[], int]] = {}  # of calls that a side module counts


def count(kernel: str, backend: str) -> int:
    """Number of the calls of a kernel that the backend served."""
    key = kernel, backend
    return calls[key][0] + (readers[key]() if key in readers else 0)


def counted(backend: str, name: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a backend's kernel so that its calls are counted under `name`, by default its own."""

    def decorate(kernel: Callable[P, R]) -> Callable[P, R]:
        count = calls[name or kernel.__name__, backend]

        @functools.wraps(kernel)
        def counting(*args: P.args, **kwargs: P.kwargs) -> R:
            count[0] += 1
            return kernel(*args, **kwargs)

        return counting

    return decorate
