"""The arrays that a captured step shares with Variables, optimizers and others."""

from __future__ import annotations

import gc
import sys
import weakref
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from .array import ndarray
from .device import Buffer
from .packing import foreach

__all__ = ["SharedArrays"]

PACKAGE = __name__.partition(".")[0] + "."


class _Binding(NamedTuple):
    """A Variable, and the array that it has."""

    variable: weakref.ref[Any]
    array: weakref.ref[ndarray]  # weak, as another plan counts the references to it
    is_state: bool

    def is_rebound(self) -> bool:
        """Whether the Variable has another array, or is gone and was one of the state."""
        variable = self.variable()
        return self.is_state if variable is None else variable.data is not self.array()


class _Entry(NamedTuple):
    """A place in the states of an optimizer, and the array that is there."""

    states: weakref.ref[Any]
    key: int
    array: weakref.ref[ndarray]

    def is_replaced(self) -> bool:
        """Whether another array is there, or the states are gone."""
        states = self.states()
        return states is None or states.by_id(self.key) is not self.array()


class SharedArrays:
    """The arrays that a plan shares with Variables, optimizers and others.

    An array of the state is in use elsewhere if it has more references than when the plan was made.

    Args:
        states: buffers that the plan writes.
        constants: buffers that it only reads; others may take arrays on these.

    Example:
        >>> SharedArrays([], []).gradients([])
        []
    """

    def __init__(self, states: Iterable[Buffer], constants: Iterable[Buffer]) -> None:
        self._buffers = list(states)
        objects = gc.get_objects()
        self._arrays, self._held = _views(objects, self._buffers, constants)
        self._entries = _entries(objects, set(self._buffers))

    def gradients(self, made: Iterable[Buffer]) -> list[tuple[weakref.ref[Any], Any]]:
        """The Variables with one of the arrays whose gradients the step makes, and these gradients.

        Gradients that it only adds to are state: whether they are cleared is noticed as for other state.
        """
        computed = set(made).difference(self._buffers)
        grads = [(held.variable, getattr(held.variable(), "grad", None)) for held in self._held]
        return [
            (variable, grad)
            for variable, grad in grads
            if isinstance(array := getattr(grad, "data", None), ndarray) and array.buffer in computed
        ]

    def remember(self) -> None:
        """Remember the references as they are."""
        self._buffer_refs = list(map(sys.getrefcount, self._buffers))
        self._array_refs = list(map(sys.getrefcount, self._arrays))
        # If only the list and Variables hold an array:
        (alone,) = map(sys.getrefcount, [object()])
        holders = Counter(id(held.array()) for held in self._held)
        known = [(n, holders[id(x)]) for n, x in zip(self._array_refs, self._arrays, strict=True)]
        self._is_known = [n > 0 and count == alone + n for count, n in known]

    def revalidate(self) -> bool:
        """Whether nothing changed since the last replay; arrays of the state that others hold are copied."""
        if any(map(_Binding.is_rebound, self._held)) or any(map(_Entry.is_replaced, self._entries)):
            return False
        buffer_refs = list(map(sys.getrefcount, self._buffers))
        array_refs = list(map(sys.getrefcount, self._arrays))
        if buffer_refs != self._buffer_refs:
            # Others have taken views, or captured steps have recorded these buffers.
            views, _ = _views(gc.get_objects(), self._buffers, ())
            if set(map(id, views)) != set(map(id, self._arrays)):
                return False
            del views
            self._buffer_refs = buffer_refs
        return array_refs == self._array_refs or self._copy_taken(array_refs)

    def _copy_taken(self, counts: list[int]) -> bool:
        """Give arrays that others reference their own buffers; False if one may be the state."""
        changed = [
            k for k, (n, before) in enumerate(zip(counts, self._array_refs, strict=True)) if n != before
        ]
        if not all(self._is_known[k] and counts[k] > self._array_refs[k] for k in changed):
            return False
        taken = [self._arrays[k] for k in changed]
        copies = list(foreach(lambda x: (x.copy(),), [(x,) for x in taken]))
        replacements = {id(x): x.as_strided(x.shape, x.strides) for x in taken}
        # In this order, an interrupt makes the step be recorded anew.
        held = []
        for variable, array, is_state in self._held:
            param, new = variable(), replacements.get(id(array()))
            if param is not None and new is not None:
                array = weakref.ref(new)
                param.data = new
            held.append(_Binding(variable, array, is_state))
        for x, (copy,) in zip(taken, copies, strict=True):
            x.buffer, x.strides, x.offset = copy.buffer, copy.strides, copy.offset
        self._held = held
        self._arrays = [replacements.get(id(x), x) for x in self._arrays]
        return True


def _views(
    objects: list[Any], states: Iterable[Buffer], constants: Iterable[Buffer]
) -> tuple[list[ndarray], list[_Binding]]:
    """The arrays on the buffers of the state, and the Variables with one on any of these buffers.

    They are found among all objects of the garbage collector: this module cannot import Variable, and is not
    notified when a Variable gets another array.
    """
    written, buffers = set(states), {*states, *constants}
    kinds = set(map(type, objects))
    variables = {kind for kind in kinds if any(map(_has_data, kind.__mro__))}
    arrays = {kind for kind in kinds if issubclass(kind, ndarray)}
    held = [
        _Binding(weakref.ref(variable), weakref.ref(x), x.buffer in written)
        for variable in objects
        if type(variable) in variables
        and isinstance(x := getattr(variable, "data", None), ndarray)
        and x.buffer in buffers
    ]
    return [x for x in objects if type(x) in arrays and x.buffer in written], held


def _entries(objects: list[Any], states: set[Buffer]) -> list[_Entry]:
    """The arrays on the buffers of the state that optimizers remember: their `States` have `by_id`."""
    kinds = {kind for kind in set(map(type, objects)) if "by_id" in vars(kind) and _is_ours(kind)}
    return [
        _Entry(weakref.ref(memory), key, weakref.ref(x))
        for memory in objects
        if type(memory) in kinds
        for key, (_, x) in memory.snapshot().items()
        if isinstance(x, ndarray) and x.buffer in states
    ]


def _has_data(kind: type) -> bool:
    """Whether it is a Variable's class: one of this package with a property `data`."""
    return isinstance(vars(kind).get("data"), property) and _is_ours(kind)


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith(PACKAGE)
