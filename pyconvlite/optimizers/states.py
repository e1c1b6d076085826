"""States: the arrays that an optimizer keeps for each Parameter."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from numpy import ndarray

from .._shapes import Array
from ..autograd import Parameter, as_array


class States(MutableMapping[Parameter, Array]):
    """An array for each Parameter, as long as that exists.

    It is a WeakKeyDictionary that finds a Parameter by its identity, in a fraction of the time.

    Args:
        arrays: those to start with.

    Example:
        >>> import numpy as np
        >>> W = Parameter(np.zeros(2))
        >>> states = States({W: np.ones(2)})
        >>> states[W], len(states)
        (array([1., 1.]), 1)
        >>> del W
        >>> len(states)
        0
    """

    def __init__(self, arrays: Mapping[Parameter, Array] | None = None) -> None:
        self._entries: dict[int, tuple[weakref.ref[Parameter], Array]] = {}  # by id
        self.update(arrays or {})

    def __getitem__(self, param: Parameter) -> Array:
        if id(param) not in self._entries:
            raise KeyError(param)
        return self._entries[id(param)][1]

    def arrays(self, params: Sequence[Parameter]) -> list[Any]:
        """The array of each Parameter, or None if there is none."""
        return [self._entries.get(id(param), (None, None))[1] for param in params]

    def assign(self, params: Sequence[Parameter], arrays: Sequence[Any]) -> None:
        """Set the array of each Parameter; a number becomes a 0-d array."""
        entries = self._entries
        for param, array in zip(params, arrays, strict=True):
            entry = entries.get(id(param))
            ref = self._ref(param) if entry is None else entry[0]
            entries[id(param)] = ref, array if type(array) is ndarray else as_array(array)

    def _ref(self, param: Parameter) -> weakref.ref[Parameter]:
        """A reference to a Parameter, with which its array goes."""
        key, owner = id(param), weakref.ref(self)  # a strong reference would form a cycle

        def forget(_: object) -> None:
            if (states := owner()) is not None:
                states._entries.pop(key, None)

        return weakref.ref(param, forget)

    def has_just(self, params: Iterable[Parameter]) -> bool:
        """Whether these and no other Parameters have an array."""
        return self._entries.keys() == set(map(id, params))

    def __setitem__(self, param: Parameter, array: Array) -> None:
        self.assign((param,), (array,))

    def __delitem__(self, param: Parameter) -> None:
        del self._entries[id(param)]

    def __iter__(self) -> Iterator[Parameter]:
        params = [ref() for ref, _ in self._entries.values()]
        return (param for param in params if param is not None)

    def __len__(self) -> int:
        return len(self._entries)

    def by_id(self, key: int) -> Any:
        """The array of the Parameter with this id, or None."""
        return self._entries.get(key, (None, None))[1]

    def snapshot(self) -> dict[int, tuple[weakref.ref[Parameter], Array]]:
        """All arrays as they are now, for `restore`."""
        return self._entries.copy()

    def restore(self, snapshot: dict[int, tuple[weakref.ref[Parameter], Array]]) -> None:
        """Replace all arrays by those of a snapshot."""
        self._entries.clear()
        self._entries.update({key: entry for key, entry in snapshot.items() if entry[0]() is not None})
