"""Stand-ins: what the graph keeps of a Variable whose data no `backward` reads.

A Function that does not read its inputs (`reads_inputs`) keeps a stand-in of an input, which does not keep
the data alive. As long as the Variable exists, `inputs` and `outputs` of Functions have the Variable itself,
so that its gradient can be set; afterwards they have the stand-in, whose gradient is not accessible.
"""

from __future__ import annotations

import math
import weakref
from typing import Any

from .variable import Variable


def without_data(x: Variable) -> Variable:
    """What a Function keeps of an input x whose data it does not read: a stand-in, or x itself.

    Example:
        >>> import numpy as np
        >>> y = Variable(np.ones((64, 64))) + 1.0
        >>> kept = without_data(y)
        >>> kept.data is None, kept.shape
        (True, (64, 64))
    """
    f = x.creator
    if f is None or f.reads_outputs or x.size < StandIn.LEAST:
        return x
    kept: StandIn | None = x._stand_in
    if kept is None:
        kept = vars(x).setdefault("_stand_in", StandIn(x))  # the same one in all threads
    # Each time, since an interrupt may have ended an earlier call here.
    kept.requires_grad = x.requires_grad
    f.outputs = tuple([_Output(kept) if ref() is x else ref for ref in f.outputs])
    return kept


class StandIn(Variable):
    """A Variable without its data, which the graph has in place of one whose data no `backward` reads."""

    LEAST = 4096  # elements; the memory of a smaller array is not worth the time for a stand-in
    data = _data = None
    grad = None

    def __init__(self, x: Variable) -> None:
        self.name = x.name
        self.creator = x.creator
        self._variable = weakref.ref(x)
        self._shape = x.shape
        self._dtype = x.dtype

    @property
    def shape(self) -> tuple[int, ...]:  # noqa: D102
        return self._shape

    @property
    def ndim(self) -> int:  # noqa: D102
        return len(self._shape)

    @property
    def size(self) -> int:  # noqa: D102
        return math.prod(self._shape)

    @property
    def dtype(self) -> Any:  # noqa: D102
        return self._dtype

    def resolve(self) -> Variable:
        """The Variable that it stands for, if that still exists."""
        x = self._variable()
        return self if x is None else x


class _Output(weakref.ref[StandIn]):
    """Reference to an output that has a stand-in: to the Variable while it exists, then to the stand-in."""

    def __call__(self) -> Variable | None:  # type: ignore[override]
        stand_in = super().__call__()
        return None if stand_in is None else stand_in.resolve()
