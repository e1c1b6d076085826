"""Checkpoints: training continues from a file exactly as if it had never stopped.

A checkpoint is one file with the weights, the optimizer's moments and settings (learning rate, count of
updates, those of its hooks), the schedule's and the DataLoader's position, and the state of the random number
generators. On the CPU, training that continues from it computes the same bits::

    model, loader = LeNet(), DataLoader(train, 32)
    optimizer = Adam(0.001).setup(model)
    if os.path.exists("lenet.ckpt"):
        checkpoint.load("lenet.ckpt", model=model, optimizer=optimizer, loader=loader)
    for x, t in loader:
        ...
        optimizer.update()
        checkpoint.save("lenet.ckpt", model=model, optimizer=optimizer, loader=loader)

It can be saved after any update. Without `loader` it must be saved between two epochs, and the DataLoader
must not have a seed of its own: then the next epoch's order comes from the package's generator.

Not in a checkpoint: gradients; NumPy's own generator (`np.random`); attributes of a model other than its
Parameters and the state of recurrent layers; which Parameters are frozen, so call `freeze` again. The
state of recurrent layers is saved without its graph, so save where backpropagation through time is truncated
(`unchain_backward`). A step of `webgpu.capture` must be captured again.

The file is an npz archive, of which `np.load` reads the arrays; nothing in it is executed.
"""

from __future__ import annotations

import json
import numbers
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import _checkpoint, _npz, _weights, _zip, backends
from ._arguments import at_least
from ._files import BinaryFile, written
from ._random import rng
from ._shapes import Array
from .autograd import Parameter, Variable
from .dataloaders import DataLoader
from .layers import Layer
from .layers.walk import walk
from .optimizers import Optimizer, Schedule

__all__ = ["Checkpoint", "load", "save"]


class Checkpoint(NamedTuple):
    """What `load` returns.

    Attributes:
        step: as given to `save`.
        extra: as given to `save`.

    Example:
        >>> step, extra = Checkpoint(step=3, extra=None)
        >>> step
        3
    """

    step: int
    extra: Any


def save(
    file: BinaryFile,
    *,
    model: Layer,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    loader: DataLoader | None = None,
    step: int = 0,
    extra: Any = None,
) -> None:
    """Save a checkpoint; an older file is replaced only when the new one is complete.

    A process that is killed meanwhile leaves a hidden file, `.*.tmp`, beside it. The next save to the same
    path removes it, once it has not been modified for ten minutes.

    Args:
        file: a path, used exactly as given, or a binary file object.
        model: Layer or Model; all its Parameters must have data.
        optimizer: the model's optimizer, after `setup`.
        schedule: the outermost schedule of the optimizer.
        loader: the DataLoader of the training set, at any place in an epoch.
        step: number of your choice, at least 0, such as that of the updates or epochs so far.
        extra: anything that JSON can hold, such as a list of losses, at most 1 MiB of text. Tuples become
            lists, and the keys of dicts strings.

    Raises:
        OSError: the file cannot be written.
        TypeError: an argument has the wrong type; the optimizer has state other than numbers, bools, strings,
            None and the arrays in its `states`; or a hook or schedule has arrays or lists of numbers.
        ValueError: a Parameter has no data yet, or other numbers than float16, float32 and float64; the
            optimizer is not that of the model; the schedule is within another one; a number such as the
            learning rate was reassigned to what the constructor refuses or has more than 64 bits; or `extra`
            is too long.

    Example:
        >>> import io
        >>> from pyconvlite.layers import Linear
        >>> from pyconvlite.optimizers import Adam
        >>> file, model = io.BytesIO(), Linear(3, in_size=2)
        >>> optimizer = Adam(0.01).setup(model)
        >>> save(file, model=model, optimizer=optimizer, step=7, extra={"losses": [2.5, 0.5]})
        >>> load(file, model=model, optimizer=optimizer)
        Checkpoint(step=7, extra={'losses': [2.5, 0.5]})
    """
    params = _checked(model, optimizer, schedule, loader)
    arrays = _arrays(model, params, optimizer)
    generators = {"package": rng()}
    if loader is not None:
        if loader.index is not None:
            arrays["loader/index"] = loader.index
        if loader.iteration > loader.max_iter:
            raise ValueError(
                f"loader.iteration is {loader.iteration}; an epoch has {loader.max_iter} batches: reassign "
                "batch_size between epochs only, or call reset()"
            )
        if loader.generator is not None:
            generators["loader"] = loader.generator
    objects = _objects(optimizer, schedule, loader)
    _check_savable(objects)
    contents = {
        "format": _checkpoint.FORMAT,
        "version": _checkpoint.VERSION,
        "step": at_least(0, step, "step"),
        "objects": {
            name: {"kind": type(o).__name__, "values": _checkpoint.values_of(o)}
            for name, o in objects.items()
        },
        "generators": {name: generator.bit_generator.state for name, generator in generators.items()},
        "extra": extra,
    }
    text = _as_json(contents)
    with written(file) as opened:
        _npz.write(opened, arrays, {_checkpoint.TEXT: text})


def load(
    file: BinaryFile,
    *,
    model: Layer,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    loader: DataLoader | None = None,
) -> Checkpoint:
    """Load a checkpoint into objects that were constructed like the saved ones.

    The whole file is checked before anything changes. What is not passed is left out; the package's generator
    is always restored. Each Parameter gets the saved dtype, so that training continues with the same bits.

    Args:
        file: a path or a binary file object.
        model, optimizer, schedule, loader: as in `save`.

    Returns:
        The step and the extra.

    Raises:
        OSError: the file cannot be read.
        TypeError: an argument has the wrong type.
        ValueError: the file is not a complete checkpoint, or does not fit the objects.

    Example:
        >>> import io
        >>> from pyconvlite.layers import Linear
        >>> file, model = io.BytesIO(), Linear(3, in_size=2)
        >>> save(file, model=model, extra={"classes": ["cat", "dog"]})
        >>> load(file, model=model).extra["classes"]
        ['cat', 'dog']
    """
    params = _checked(model, optimizer, schedule, loader)
    carried, memories = _layer_states(model), _memories(optimizer)
    objects = _objects(optimizer, schedule, loader)
    with _npz.opened(file, len(params) * (1 + len(memories)) + len(carried)) as archive:
        contents = _checkpoint.read_contents(archive)
        faults = list(_checkpoint.misfits(contents, objects))
        kept = _checkpoint.inside(archive, "state/")
        faults += [f"unexpected: state {name} of the model" for name in kept if name not in carried]
        if faults:
            raise ValueError(f"{archive.title} does not fit: {'; '.join(faults)}")
        weights = _checkpoint.read_weights(archive, params)
        states, counts = _remembered(archive, optimizer, params, weights)
        values = _checkpoint.read_states(archive, kept, carried)
        index = (
            None
            if loader is None
            else _checkpoint.read_index(archive, loader, contents["objects"]["loader"]["values"])
        )
        generators = _checkpoint.read_generators(archive, contents["generators"], loader)
    _weights.assign(params, weights)
    for name, (layer, attribute) in carried.items():
        like = next(layer.params()).data
        v = Variable(backends.to_device_of(like, values[name])) if name in values else None
        setattr(layer, attribute, v)
    for state, memory in memories.items():
        memory.clear()
        for name, array in states.get(state, {}).items():
            memory[params[name]] = backends.to_device_of(params[name].data, array)
        memory.update({params[name]: number for name, number in counts.get(state, {}).items()})
    for key, o in objects.items():
        for name, value in contents["objects"][key]["values"].items():
            vars(o)[name] = value
    if loader is not None:
        loader.index = index
    for generator, drawn in generators:
        generator.bit_generator.state = drawn
    return Checkpoint(contents["step"], contents["extra"])


# ------------------------------------------------------------------------------------ what a checkpoint holds


def _checked(
    model: Layer, optimizer: Optimizer | None, schedule: Schedule | None, loader: DataLoader | None
) -> dict[str, Parameter]:
    """The model's Parameters by name, after a check of the arguments."""
    given: list[tuple[str, Any, type]] = [
        ("model", model, Layer),
        ("optimizer", optimizer, Optimizer),
        ("schedule", schedule, Schedule),
        ("loader", loader, DataLoader),
    ]
    for name, value, kind in given:
        if not isinstance(value, kind) and (value is not None or name == "model"):
            raise TypeError(f"{name} must be of type {kind.__name__}; got {type(value).__name__}")
    params = model._all_params()
    if schedule is not None and schedule.optimizer is not optimizer:
        raise ValueError("schedule must be that of the optimizer; pass optimizer=schedule.optimizer")
    if schedule is not None and (outer := schedule._outer()) is not None:
        raise ValueError(
            f"schedule must be the outermost one; the {type(schedule).__name__} is a part of a "
            f"{type(outer).__name__}: pass that, on which step() is called"
        )
    if optimizer is not None:
        if optimizer.target is None:
            raise ValueError("optimizer has no model; call setup(model) first")
        if not set(optimizer.target.params()) <= set(params.values()):
            raise ValueError("optimizer is not that of the model; call setup(model) first")
        plain = (numbers.Real, str, type(None))
        unknown = [
            name
            for name, value in vars(optimizer).items()
            if name not in ("target", "hooks", *_memories(optimizer)) and not isinstance(value, plain)
        ]
        if unknown:
            raise TypeError(
                f"{type(optimizer).__name__} has attributes that a checkpoint cannot hold: "
                f"{', '.join(unknown)}; derive it from Elementwise, and name its arrays in `states`"
            )
    return params


def _arrays(model: Layer, params: Mapping[str, Parameter], optimizer: Optimizer | None) -> dict[str, Array]:
    """The arrays of the model and of the optimizer by their names in the file."""
    arrays = {f"model/{name}": array for name, array in _weights.arrays_of(params).items()}
    if large := [name for name, array in arrays.items() if array.dtype.itemsize > 8]:
        raise ValueError(f"{', '.join(large)} must have at most float64")
    for name, (layer, attribute) in _layer_states(model).items():
        if (v := getattr(layer, attribute)) is not None:
            arrays[f"state/{name}"] = backends.to_cpu(v.data)
    for state, memory in _memories(optimizer).items():
        stored = {name: memory[param] for name, param in params.items() if param in memory}
        arrays |= {f"optimizer/{state}/{name}": backends.to_cpu(a) for name, a in stored.items()}
    return arrays


def _check_savable(objects: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError unless a checkpoint can hold the objects' attributes."""
    for name, o in objects.items():
        values = _checkpoint.values_of(o)  # each must be one that `load` takes
        if reason := _checkpoint.refusal(o, values):
            raise ValueError(f"{name}: {reason}")
        if large := [each for each, value in values.items() if _checkpoint.is_too_large(value)]:
            raise ValueError(f"{name}: {', '.join(large)} must be less than 2^63 in size")
        if name not in ("optimizer", "loader") and (lost := _checkpoint.lost_of(o)):
            raise TypeError(
                f"{name}, a {type(o).__name__}, has state that a checkpoint cannot hold: {', '.join(lost)}; "
                "it may have numbers, bools, strings and None"
            )


def _as_json(contents: Mapping[str, Any]) -> str:
    """The text of a checkpoint; only `extra` may hold objects that JSON cannot represent."""
    try:
        text = json.dumps(contents)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"extra must consist of dicts, lists, strings, Python numbers, bools and None: {error}"
        ) from error
    if len(text) > _checkpoint.LONGEST:
        raise ValueError(
            f"extra must have less than {_checkpoint.LONGEST} characters as JSON; got {len(text)}"
        )
    if _zip.depth(text) > _zip.DEEPEST:
        raise ValueError(f"extra must not be nested more than {_zip.DEEPEST} levels deep")
    return text


def _memories(optimizer: Optimizer | None) -> dict[str, Any]:
    """The optimizer's arrays by Parameter, by the name of the attribute."""
    return {} if optimizer is None else dict(optimizer._memories())


def _remembered(
    archive: _npz.Archive,
    optimizer: Optimizer | None,
    params: Mapping[str, Parameter],
    weights: Mapping[str, Array],
) -> tuple[dict[str, dict[str, Array]], dict[str, dict[str, Array]]]:
    """The optimizer's states and its counts in a file: by attribute, then by name of the Parameter."""
    target = optimizer.target if optimizer is not None else None
    targets = set() if target is None else set(target.params())
    trained = {name: array for name, array in weights.items() if params[name] in targets}
    states = {
        state: dict(_checkpoint.read_moments(archive, f"optimizer/{state}/", trained))
        for state in getattr(optimizer, "states", ())
    }
    if len({frozenset(arrays) for arrays in states.values()}) > 1:
        archive.refuse(f"optimizer/ does not have {' and '.join(states)} of the same Parameters")
    counts = {
        count: dict(_checkpoint.read_counts(archive, f"optimizer/{count}/", trained))
        for count in getattr(optimizer, "counts", ())
    }
    return states, counts


def _layer_states(model: Layer) -> dict[str, tuple[Any, str]]:
    """Attributes of layers that carry state from one call to the next, by name."""
    layers = ((name, node) for name, node, _ in walk(model) if isinstance(node, Layer))
    return {f"{name}/{a}".lstrip("/"): (layer, a) for name, layer in layers for a in layer._state}


def _objects(
    optimizer: Optimizer | None, schedule: Schedule | None, loader: DataLoader | None
) -> dict[str, Any]:
    """The objects of which numbers, bools and strings are saved, by name."""
    objects: dict[str, Any] = {}
    if optimizer is not None:
        objects["optimizer"] = optimizer
        objects |= {f"optimizer/hooks/{i}": hook for i, hook in enumerate(optimizer.hooks)}
    name = "schedule"
    while schedule is not None:
        objects[name] = schedule
        name, schedule = f"{name}/inner", schedule.inner
    if loader is not None:
        objects["loader"] = loader
    return objects
