"""PyTorch's names and layouts of Parameters, for `Layer.state_dict` and `load_state_dict`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any, NamedTuple

import numpy as np

from .. import _weights
from .._shapes import Array
from ..autograd import Parameter, Variable
from ..backends import to_cpu

_NAMES = {
    "W": "weight",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "avg_mean": "running_mean",
    "avg_var": "running_var",
}
_NOT_READ = "num_batches_tracked"  # a counter of PyTorch's batch normalization


class Entry(NamedTuple):
    """A Parameter, and whether PyTorch has its transpose.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> Entry(Linear(3, in_size=2).W, is_transposed=True).array().shape
        (3, 2)
    """

    param: Parameter
    is_transposed: bool

    def array(self) -> Array:
        """A contiguous copy of the numbers in PyTorch's layout."""
        array: Array = to_cpu(self.param.data)
        return np.array(array.T if self.is_transposed else array, order="C")

    def shape(self) -> tuple[int | None, ...] | None:
        """The shape that PyTorch's array must have; None for lengths, or a shape, that are not known yet."""
        shape = _weights.expected(self.param)
        return shape[::-1] if shape and self.is_transposed else shape


class Keys(NamedTuple):
    """What `load_state_dict(..., strict=False)` left out.

    Attributes:
        missing: keys of Parameters that the mapping lacks.
        unexpected: keys of the mapping that no Parameter has.

    Example:
        >>> Keys([], ["fc.bias"]).unexpected
        ['fc.bias']
    """

    missing: list[str]
    unexpected: list[str]


def entries(nodes: Iterable[tuple[str, Any, Any]], *, unique: bool = True) -> dict[str, Entry]:
    """The Parameters among what `walk` yields, by PyTorch's keys.

    Args:
        nodes: what it yields.
        unique: whether a key must belong to one Parameter; if not, it is the first one's.

    Raises:
        ValueError: two have the same key, such as W and gamma of one layer.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> from pyconvlite.layers.walk import walk
        >>> list(entries(walk({"fc": Linear(3)})))
        ['fc.weight', 'fc.bias']
    """
    found: dict[str, Entry] = {}
    layers: dict[str, Any] = {}
    for name, node, owner in nodes:
        if isinstance(node, Parameter):
            is_transposed = owner is not None and f"/{name}".endswith(owner._torch_transposed)
            key = _key(name, layers)
            if unique and key in found:
                raise ValueError(
                    f"{name} and another Parameter both have PyTorch's key {key!r}; rename an attribute"
                )
            found.setdefault(key, Entry(node, is_transposed))
        else:
            layers[name] = node
    return found


def _key(name: str, layers: Mapping[str, Any]) -> str:
    """PyTorch's key for a Parameter's name; each layer around it, from the innermost on, may change it."""
    path = name.split("/")
    path[-1] = _NAMES.get(path[-1], path[-1])
    key = ""
    for i in reversed(range(len(path))):
        layer = layers.get("/".join(path[:i]))
        if layer is None or path[i] not in layer._torch_hidden:
            key = f"{path[i]}.{key}" if key else path[i]
        if layer is not None:
            key = layer._torch_key(key)
    return key


def load(
    found: Mapping[str, Entry],
    others: Mapping[str, Entry],
    mapping: Mapping[str, Any],
    strict: bool,
    title: str,
) -> Keys:
    """Load arrays into the Parameters, all or none; see `Layer.load_state_dict`.

    Args:
        found: the Parameters by PyTorch's keys.
        others: the Parameters by all their keys; PyTorch has a shared Parameter under each.
        mapping: the arrays.
        strict: whether the keys must be the same.
        title: where the arrays come from, for the error message.
    """
    named = {**others, **found}
    if strict:
        mapping = unwrapped(mapping, named.keys())
    arrays = {key: _as_array(mapping[key]) for key in named if key in mapping}
    given = {named[key].param for key in arrays}
    missing = [key for key, entry in found.items() if entry.param not in given]
    unexpected = [key for key in mapping if key not in named and str(key).rpartition(".")[2] != _NOT_READ]
    faults = _weights.other_names(missing, unexpected) if strict else []
    for key, array in arrays.items():
        faults += _weights.misfits(key, array.shape, array.dtype, named[key].shape())
    if faults:
        raise _weights.misfit(title, faults)
    new: dict[Parameter, tuple[str, Array]] = {}
    for key, array in arrays.items():
        converted = _converted(key, array, named[key])
        first, other = new.setdefault(named[key].param, (key, converted))
        if other is not converted and not np.array_equal(converted, other, equal_nan=True):
            raise _weights.shared_differ(first, key, title)
    _weights.assign({key: param for param, (key, _) in new.items()}, dict(new.values()))
    return Keys(missing, unexpected)


def unwrapped(mapping: Mapping[str, Any], known: Set[str]) -> Mapping[str, Any]:
    """The mapping without what one or two wrappers, such as DataParallel, put before all keys.

    Example:
        >>> unwrapped({"module.bias": 1}, {"bias"})
        {'bias': 1}
    """
    for depth in (1, 2):
        prefix, *others = {".".join(str(key).split(".")[:depth]) + "." for key in mapping} or [""]
        inner = {str(key).removeprefix(prefix): key for key in mapping}
        if not others and known.isdisjoint(mapping) and not known.isdisjoint(inner):
            return {key: mapping[outer] for key, outer in inner.items()}
    return mapping


def _as_array(value: Any) -> Array:
    """A value of the mapping as a NumPy array; bfloat16, which NumPy lacks, as float32."""
    if isinstance(value, Variable):
        value = to_cpu(value.data)
    elif hasattr(value, "detach"):  # a tensor of PyTorch, which NumPy does not convert on a GPU
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    return np.asarray(value)


def _converted(key: str, array: Array, entry: Entry) -> Array:
    """A copy of an array in the Parameter's layout and dtype."""
    given = array.T if entry.is_transposed else array
    with np.errstate(over="ignore"):
        converted = np.array(given, _weights.dtype_of(entry.param) or given.dtype, order="C")
    if not np.can_cast(given.dtype, converted.dtype) and np.any(np.isfinite(given) & ~np.isfinite(converted)):
        raise ValueError(f"{key} has numbers that exceed the range of {converted.dtype}")
    return converted
