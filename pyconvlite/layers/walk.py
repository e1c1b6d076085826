"""ParamTree, the base class of what contains Parameters, and the traversal that finds them."""

from __future__ import annotations

import types
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import is_
from typing import Any, ClassVar

import numpy as np

from .._pytorch import Hinting
from ..autograd import Parameter


class ParamTree(Hinting):
    """Base class of Layer: an object that contains Parameters, directly or in others of its kind.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> issubclass(Linear, ParamTree)
        True
    """

    _param_cache: _ParamCache | None  # a slot of Layer
    _statistics: ClassVar[tuple[str, ...]] = ()  # attributes with Parameters that calls update, not training

    def _attributes_in_order(self) -> Iterable[tuple[str, Any]]:
        """Names and values of the attributes, in the order in which `walk` visits them."""
        return vars(self).items()

    def params(self) -> Iterator[Parameter]:
        """Iterate over all Parameters, each once, in order of definition."""
        found = getattr(self, "_param_cache", None)
        if found is None or found.is_stale():
            found = _ParamCache(self)
            self._param_cache = found if found.is_cacheable else None
        return iter(found.params)

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """Iterate over all Parameters with their names, which are paths such as `conv1/W` or `layers/0/W`."""
        return _params(self, "")

    def freeze(self, *names: str) -> None:
        """Exclude Parameters from training: they get no gradients, and optimizers leave them unchanged.

        Gradients that they already have are kept, for an update after `unfreeze`.

        The running statistics of BatchNorm still change; to keep them, call the model in `test_mode()`.

        Args:
            names: names of Parameters or of layers, as in `named_params` and `named_modules`; all Parameters
                if no names are given.

        Raises:
            ValueError: nothing has that name.

        Example:
            >>> from pyconvlite.layers import Linear
            >>> from pyconvlite.models import Sequential
            >>> model = Sequential(Linear(3), Linear(2))
            >>> model.freeze()
            >>> model.unfreeze("layers/1")
            >>> [name for name, param in model.named_params() if param.requires_grad]
            ['layers/1/W', 'layers/1/b']
        """
        for _, param, _ in self._params_below(names):
            param.requires_grad = False

    def unfreeze(self, *names: str) -> None:
        """Include Parameters in training, except running statistics, which are never trained.

        Args:
            names: as in `freeze`.

        Raises:
            ValueError: as in `freeze`.
        """
        for name, param, owner in self._params_below(names):
            param.requires_grad = not is_statistic(name, owner)

    def _params_below(self, names: Sequence[str]) -> list[tuple[str, Parameter, ParamTree | None]]:
        """The Parameters with these names or within layers with these names, with their names and owners."""
        found = [(name, node, owner) for name, node, owner in walk(self) if isinstance(node, Parameter)]
        if not names:
            return found
        for wanted in names:
            if not any(f"{name}/".startswith(f"{wanted}/") for name, _, _ in found):
                raise ValueError(
                    f"no Parameter, and no layer with Parameters, is named {wanted!r}; see named_params()"
                )
        return [row for row in found if any(f"{row[0]}/".startswith(f"{wanted}/") for wanted in names)]

    def cleargrads(self) -> None:
        """Set the gradients of all Parameters to None."""
        for param in self.params():
            param.cleargrad()

    def _flatten_params(self, params_dict: dict[str, Parameter], parent_key: str = "") -> None:
        for name, param in _params(self, parent_key):
            if name in params_dict:
                raise ValueError(f"two Parameters have the name {name!r}; rename a dict key or an attribute")
            params_dict[name] = param

    def _all_params(self) -> dict[str, Parameter]:
        params: dict[str, Parameter] = {}
        self._flatten_params(params)
        return params


# Types of most attributes, skipped early.
_LEAVES = {bool, float, int, str, type(None), types.FunctionType, np.ndarray, weakref.ref}

# Where an object was found: the place of the object that contains it, and the key in that; None at the start.
_Place = tuple[Any, Any] | None


def walk(
    value: Any, name: str = "", *, again: bool = False
) -> Iterator[tuple[str, ParamTree | Parameter, ParamTree | None]]:
    """Yield the Layers and Parameters reachable from a value, each once, a Layer before its contents.

    Args:
        value: any object; only Layers, Parameters, lists, tuples, deques and mappings are traversed.
        name: path to `value`.
        again: whether to yield an object that has several names once for each name.

    Yields:
        The name, the Layer or Parameter, and its owner: the innermost Layer that contains it.

    Raises:
        TypeError: a set contains a Layer or Parameter.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> [name for name, node, owner in walk({"a": [Linear(1), None]})]
        ['a/0', 'a/0/W', 'a/0/b']
    """
    place = (None, name) if name else None
    return ((_name_of(place), node, owner) for place, node, owner in _visit(value, place, None, set(), again))


def _visit(
    value: Any, place: _Place, owner: ParamTree | None, seen: set[int], again: bool = False
) -> Iterator[tuple[_Place, ParamTree | Parameter, ParamTree | None]]:
    """As `walk`, with places instead of names, which are made from the places when needed.

    Args:
        value, place, again: as in `walk`.
        owner: the innermost Layer that contains `value`.
        seen: ids of the visited objects; with `again`, of those that contain `value`.
    """
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (ParamTree, Parameter)):
        yield place, value, owner
        owner = value if isinstance(value, ParamTree) else owner
    for key, child in _contents(value, place):
        if type(child) not in _LEAVES:
            yield from _visit(child, (place, key), owner, seen, again)
    if again:
        seen.remove(id(value))


class _ParamCache:
    """Cache of a Layer's Parameters, in the order of `walk`, with the containers that were searched.

    Each training step needs them twice. Comparing what the containers hold is faster than a new search.

    Args:
        layer: the Layer.

    Attributes:
        params: the Parameters.
        is_cacheable: whether only containers were found. Other objects, such as the state of an RNN, would be
            kept alive until the next search, with their graph.
    """

    def __init__(self, layer: ParamTree) -> None:
        self.params: list[Parameter] = []
        self.is_cacheable = True
        self._containers: list[Iterable[Any]] = []  # what the objects contain now, at any time
        self._search(layer, {id(layer)})
        self._snapshot = [*chain.from_iterable(self._containers)]

    def is_stale(self) -> bool:
        """Whether a container holds something else by now."""
        contents = [*chain.from_iterable(self._containers)]
        return len(contents) != len(self._snapshot) or not all(map(is_, contents, self._snapshot))

    def _search(self, value: Any, seen: set[int]) -> None:
        if isinstance(value, ParamTree):
            self._containers.append(vars(value).values())
        elif isinstance(value, Mapping):
            self._containers.append(value.values())
        elif isinstance(value, _COLLECTIONS):
            self._containers.append(value)
        else:
            self.is_cacheable = False
        for _, child in _contents(value, None):
            if type(child) in _LEAVES:
                self.is_cacheable &= type(child) is not np.ndarray
            elif id(child) not in seen:
                seen.add(id(child))
                if isinstance(child, Parameter):
                    self.params.append(child)
                else:
                    self._search(child, seen)


_COLLECTIONS = list, tuple, deque, set, frozenset


def _contents(value: Any, place: _Place) -> Iterable[tuple[Any, Any]]:
    """Keys and values in an object that may contain Layers and Parameters; nothing for other objects."""
    if isinstance(value, ParamTree):
        return value._attributes_in_order()
    if isinstance(value, (list, tuple, deque)):
        return enumerate(value)
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101 - the check for Mapping is slow
        return value.items()
    if isinstance(value, (set, frozenset)) and any(isinstance(x, (ParamTree, Parameter)) for x in value):
        name = _name_of(place) or "an attribute of the model"
        raise TypeError(
            f"{name} is a {type(value).__name__} of Layers or Parameters: it has no order, so their names "
            "would change from run to run; use a list"
        )
    return ()


def _name_of(place: _Place) -> str:
    keys = []
    while place is not None:
        place, key = place
        keys.append(str(key))
    return "/".join(reversed(keys))


def is_statistic(name: str, owner: ParamTree | None) -> bool:
    """Whether a Parameter that `walk` yields is updated by calls, such as a running mean, not by training.

    Example:
        >>> from pyconvlite.layers import BatchNorm
        >>> [name for name, node, owner in walk(BatchNorm()) if is_statistic(name, owner)]
        ['avg_mean', 'avg_var']
    """
    return owner is not None and name.rpartition("/")[2] in owner._statistics


def _params(layer: ParamTree, name: str) -> Iterator[tuple[str, Parameter]]:
    return ((name, node) for name, node, _ in walk(layer, name) if isinstance(node, Parameter))
