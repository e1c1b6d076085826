"""Checks of a checkpoint file's parts, before any object changes; see `checkpoint`."""

from __future__ import annotations

import copy
import inspect
import numbers
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from . import _npz, _weights, backends
from ._arguments import at_least
from ._random import rng
from ._shapes import Array, matches
from .autograd import Parameter, Variable
from .dataloaders import DataLoader
from .optimizers import Schedule

TEXT = "checkpoint.json"
FORMAT, VERSION = "pyconvlite checkpoint", 2
LONGEST = 1 << 20  # bytes of the text


# What a checkpoint holds of an object: the attributes that are of these types.
Value = int | float | bool | str | None


def values_of(o: Any) -> dict[str, Value]:
    """An object's attributes that are numbers, bools, strings or None, but for `_not_saved` of its class."""
    found: dict[str, Any] = getattr(o, "__dict__", {})
    left_out: Collection[str] = getattr(type(o), "_not_saved", ())
    return {
        name: _plain(v)
        for name, v in found.items()
        if isinstance(v, numbers.Real | np.bool_ | str | None) and name not in left_out
    }


def _plain(value: Any) -> Value:
    """The value as Python's own type, also of a NumPy scalar."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, bool | str | None):
        return value
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def lost_of(o: Any) -> list[str]:
    """Names of an object's attributes with arrays or lists of numbers: state that would be lost."""
    left_out: Collection[str] = getattr(type(o), "_not_saved", ())
    return [name for name, v in getattr(o, "__dict__", {}).items() if _is_state(v) and name not in left_out]


def _is_state(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | set | deque):
        return any(isinstance(each, numbers.Real) or _is_state(each) for each in value)
    return isinstance(value, np.random.Generator | Variable) or backends.is_array(value)


def read_contents(archive: _npz.Archive) -> dict[str, Any]:
    """The text, in which each value has the right type."""
    contents: dict[str, Any] = archive.json(TEXT, LONGEST)
    with archive.refusing():
        if contents["format"] != FORMAT:
            raise ValueError(f"{TEXT} is not that of a checkpoint")
        if contents["version"] != VERSION:
            raise ValueError(f"its version is {contents['version']}; this release reads version {VERSION}")
        at_least(0, contents["step"], "step")
        if "extra" not in contents or not isinstance(contents["generators"], dict):
            raise ValueError(f"{TEXT} is not complete")
        for o in contents["objects"].values():
            if not isinstance(o["kind"], str):
                raise ValueError(f"a kind is {o['kind']!r}")
            for name, value in o["values"].items():
                if not isinstance(value, Value) or is_too_large(value):
                    raise ValueError(f"{name} is {value!r}")
        return contents


def _have_other_types(a: Value, b: Value) -> bool:
    """Whether one is a number, a bool or a string, and the other is something else of these."""
    kinds = [type(value) if isinstance(value, bool | str) else float for value in (a, b)]
    return None not in (a, b) and kinds[0] is not kinds[1]


def is_too_large(value: Any) -> bool:
    """Whether a value is an integer of more than 64 bits."""
    return isinstance(value, int) and abs(value) >> 63 > 0


def misfits(contents: Mapping[str, Any], objects: Mapping[str, Any]) -> Iterator[str]:
    """Differences of the objects from the saved ones, apart from the numbers that change in training."""
    stored = contents["objects"]
    for name in sorted(stored.keys() - objects.keys()):
        if any(name.startswith(f"{passed}/") for passed in objects):
            yield f"unexpected: {name}, a {stored[name]['kind']}"
    for name, o in objects.items():
        if name in stored:
            yield from _misfits_of(name, o, stored[name], contents["generators"])
        else:
            yield f"missing: {name}"


def _misfits_of(name: str, o: Any, stored: Mapping[str, Any], generators: Collection[str]) -> Iterator[str]:
    kind, theirs, own = stored["kind"], stored["values"], values_of(o)
    if kind != type(o).__name__:
        yield f"{name} is of type {type(o).__name__}; in the file it is of type {kind}"
    elif theirs.keys() != own.keys():
        yield f"{name} has the attributes {', '.join(own)}; the file has {', '.join(theirs)}"
    elif other := [each for each, value in theirs.items() if _have_other_types(value, own[each])]:
        yield f"{name} has other types of {', '.join(other)}"
    elif reason := refusal(o, theirs):
        yield f"{name}: {reason}"
    elif isinstance(o, DataLoader):
        for attribute in own.keys() - {"iteration"}:
            if own[attribute] != theirs[attribute]:
                yield f"{attribute} of {name} is {own[attribute]}; the file has {theirs[attribute]}"
        if (o.generator is not None) != (name in generators):
            had = "none" if o.generator is not None else "one"
            yield f"{name} must have a seed if and only if the saved one had; that had {had}"


def refusal(o: Any, stored: Mapping[str, Any]) -> str:
    """Why an object cannot have the stored numbers; empty if it can.

    The object's own constructor decides, if it is the package's: those only check and assign. An integer
    that is not an argument of it is a count. The base rate of a schedule must be valid for its optimizer.
    """
    if isinstance(o, Schedule) and (reason := refusal(o.optimizer, {o.rate_name: stored.get("base")})):
        return reason
    if getattr(type(o).__init__, "__module__", "").split(".")[0] != __package__:
        return ""
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(o)).parameters.items():
        if name in stored:
            given[name] = stored[name]
        elif name == "target":
            given[name] = copy.copy(o.optimizer)  # the constructor sets its learning rate
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            return ""
    try:
        counts = values_of(type(o)(**given)).keys() & stored.keys() - given.keys()
        for name in sorted(counts):
            if type(getattr(o, name)) is int:
                at_least(0, stored[name], name)
    except (TypeError, ValueError, ArithmeticError) as error:
        return str(error)
    return ""


def inside(archive: _npz.Archive, folder: str) -> list[str]:
    """Names of the arrays in a folder."""
    return [name.removeprefix(folder) for name in archive.names if name.startswith(folder)]


def _floats(archive: _npz.Archive, name: str, shape: tuple[int | None, ...]) -> _npz.Header:
    """The header of an array of floats, of a shape in which None is open."""
    header = archive.header(name)
    if header.dtype.kind != "f" or not matches(header.shape, shape):
        archive.refuse(f"{name} has shape {header.shape} and dtype {header.dtype}")
    return header


def read_weights(archive: _npz.Archive, params: Mapping[str, Parameter]) -> dict[str, Array]:
    """The data of the Parameters by name."""
    headers = _weights.fitting(archive, inside(archive, "model/"), params, "model/")
    for name, header in headers.items():
        if header.dtype.itemsize > 8:
            archive.refuse(f"model/{name} has dtype {header.dtype}; a Parameter has at most float64")
    # Results have the same bits only if dtype and memory order are the same.
    return {name: archive.read(header, keeps_order=True) for name, header in headers.items()}


def read_states(
    archive: _npz.Archive, kept: Collection[str], carried: Mapping[str, tuple[Any, str]]
) -> dict[str, Array]:
    """The states by name; of each layer either none or all, with the same N."""
    headers: dict[str, _npz.Header] = {}
    rows: dict[Any, set[int | None]] = {}  # N by layer; None for a state that is not there
    for name, (layer, _) in carried.items():
        N = None
        if name in kept:
            headers[name] = _floats(archive, f"state/{name}", (None, layer.hidden_size))
            archive.check_open(headers[name])
            (N, _) = headers[name].shape
        rows.setdefault(layer, set()).add(N)
        if len(rows[layer]) > 1:
            archive.refuse(f"state/{name} does not belong to the layer's other states")
    return {name: archive.read(header) for name, header in headers.items()}


def read_moments(
    archive: _npz.Archive, folder: str, weights: Mapping[str, Array]
) -> Iterator[tuple[str, Array]]:
    """Names of Parameters with their arrays in one of the optimizer's states."""
    for name in _of_params(archive, folder, weights):
        W = weights[name]
        dtype = np.promote_types(W.dtype, np.float32)  # as `optimizers.base.gradient` converts
        yield name, archive.read(_floats(archive, folder + name, W.shape), dtype, keeps_order=True)


def read_counts(
    archive: _npz.Archive, folder: str, weights: Mapping[str, Array]
) -> Iterator[tuple[str, Array]]:
    """Names of Parameters with their numbers in one of the optimizer's counts."""
    for name in _of_params(archive, folder, weights):
        header = archive.header(folder + name)
        if header.dtype.kind != "i" or header.shape:
            archive.refuse(f"{folder}{name} has shape {header.shape} and dtype {header.dtype}")
        yield name, archive.read(header)


def _of_params(archive: _npz.Archive, folder: str, weights: Mapping[str, Array]) -> Iterator[str]:
    """Names of the arrays in a folder, each that of a Parameter."""
    for name in inside(archive, folder):
        if name not in weights:
            archive.refuse(f"{folder}{name} belongs to no Parameter that the optimizer updates")
        yield name


def read_index(archive: _npz.Archive, loader: DataLoader, stored: Mapping[str, Any]) -> Array | None:
    """The order of the DataLoader's epoch; None if it is not drawn yet."""
    n = loader.data_size
    if type(stored["iteration"]) is not int or stored["iteration"] not in range(loader.max_iter + 1):
        archive.refuse(
            f"iteration is {stored['iteration']}; an epoch of this DataLoader has {loader.max_iter} batches: "
            "it needs the saved batch size and number of processes"
        )
    if "loader/index" not in archive.names:
        if stored["iteration"] and loader.shuffle:
            archive.refuse("loader/index is missing: the order of the examples in an epoch that has begun")
        return None
    header = archive.header("loader/index")
    if header.dtype.kind != "i" or header.shape != (n,):
        archive.refuse(f"loader/index has shape {header.shape} and dtype {header.dtype}")
    index = archive.read(header)
    if n and not 0 <= index.min() <= index.max() < n:
        archive.refuse(f"loader/index must be from 0 to {n - 1}")
    return index


def read_generators(
    archive: _npz.Archive, stored: Mapping[str, Any], loader: DataLoader | None
) -> list[tuple[np.random.Generator, dict[str, Any]]]:
    """The generators, each with the state that it gets."""
    pairs = [("package", rng())]
    if loader is not None and loader.generator is not None:
        pairs.append(("loader", loader.generator))
    with archive.refusing():
        for name, generator in pairs:
            type(generator.bit_generator)().state = stored[name]  # raises an error if it is not valid
        return [(generator, stored[name]) for name, generator in pairs]
