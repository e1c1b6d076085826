"""Checks that the processes of `parallel` have the same model, weights and optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ._checkpoint import values_of
from ._shapes import matches
from .autograd import Parameter
from .optimizers import Optimizer

# What the processes compare of a Parameter: shape and dtype, open lengths as None, whether it has data, and
# whether it is trained.
Form = tuple[Any, Any, bool, bool]


def crc_of(value: Any) -> int:
    """A checksum of 26 bits of a text or an array; 0 for None."""
    import zlib  # here, since a single process does not need it

    if value is None:
        return 0
    contents = value.encode() if isinstance(value, str) else np.ascontiguousarray(value).tobytes()
    return zlib.crc32(contents) >> 6


def form_of(param: Parameter) -> Form:
    """What the processes compare of a Parameter."""
    if param.data is not None:
        return param.shape, np.dtype(param.dtype).name, True, param.requires_grad
    dtype = param.lazy_dtype
    return param.lazy_shape, None if dtype is None else np.dtype(dtype).name, False, param.requires_grad


def settings_of(optimizer: Optimizer) -> dict[str, Any]:
    """The settings of an optimizer and its hooks, as a checkpoint has them."""
    parts = [optimizer, *optimizer.hooks]
    return {f"{type(o).__name__}.{name}": value for o in parts for name, value in values_of(o).items()}


def weights_of(found: Iterable[tuple[str, Parameter, bool]], optimizer: Optimizer) -> dict[str, int]:
    """Checksums of what must be equal before the first update: the weights, and the optimizer's states."""
    weights = {name: param for name, param, fixed in found if not fixed}
    memories = optimizer._memories().items()
    return {name: crc_of(param.data) for name, param in weights.items()} | {
        f"{state} of {name}": crc_of(memory.get(param))
        for state, memory in memories
        for name, param in weights.items()
    }


def fits(form: Form, other: Form) -> bool:
    """Whether a Parameter can have the other's data, or get it from the same input."""
    (shape, dtype, has_data, trained), (wanted, wanted_dtype, _, wanted_trained) = form, other
    if has_data or not other[2]:
        return form == other
    is_open = shape is None or matches(wanted, shape)
    return is_open and dtype in (None, wanted_dtype) and trained == wanted_trained


def refuse_other_models(forms: Sequence[Mapping[str, Form]], match: Callable[[Form, Form], bool]) -> None:
    """Raise an error if a process has another model than rank 0."""
    first = forms[0]
    faults = []
    for rank, own in enumerate(forms):
        faults += [f"rank {rank} has no Parameter {name}" for name in first.keys() - own.keys()]
        faults += [f"rank {rank} has a Parameter {name}, rank 0 none" for name in own.keys() - first.keys()]
        faults += [
            f"{name} {_described(own[name])} in rank {rank}, and {_described(first[name])} in rank 0"
            for name in own
            if name in first and not match(own[name], first[name])
        ]
        if not faults and list(own) != list(first):
            faults = [f"rank {rank} has its Parameters in another order: {', '.join(own)}"]
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise ValueError(f"all processes must have the same model: {'; '.join(faults[:5])}{more}")


def _described(form: Form) -> str:
    shape, dtype, has_data, trained = form
    ends = ("" if has_data else " but no data yet") + ("" if trained else " and is frozen")
    return f"has shape {shape} and dtype {dtype}{ends}"


def refuse_other_settings(settings: Sequence[Mapping[str, Any]]) -> None:
    """Raise an error if a process has another optimizer than rank 0."""
    first = settings[0]
    for rank, own in enumerate(settings):
        for name in {**first, **own}:
            value, other = own.get(name, "missing"), first.get(name, "missing")
            if repr(value) != repr(other):  # unlike value != other, equal for two NaNs
                raise ValueError(
                    f"all processes must have the same optimizer and hooks: {name} is {value} in rank {rank} "
                    f"and {other} in rank 0; load checkpoints in all, and let schedules step by what is the "
                    "same in all, such as a comm.sum"
                )


def refuse_other_weights(weights: Sequence[Mapping[str, int]]) -> None:
    """Raise an error if a process had other weights, or moments, than rank 0 at the first update."""
    for rank, own in enumerate(weights):
        for name, crc in own.items():
            if crc != weights[0].get(name, crc):
                raise ValueError(
                    f"all processes must begin with the same weights: {name} differs between rank {rank} and "
                    "rank 0; call the model once, then parallel.broadcast(model, comm); seed all processes "
                    "alike, and load checkpoints in all"
                )
