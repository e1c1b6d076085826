"""Weight files for `Layer.save_weights` and `load_weights`.

npz archives have one array per Parameter, with its name; safetensors files and PyTorch's have PyTorch's names
and layouts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from . import _npz, _safetensors, _torch, backends
from ._coded import coded
from ._files import BinaryFile, read_from, title_of
from ._shapes import Array, matches
from .autograd import Parameter


def load(file: BinaryFile, params: Mapping[str, Parameter], by_each_name: Mapping[str, Parameter]) -> None:
    """Read all Parameters from an npz file, or none if there is an error; see `Layer.load_weights`.

    Args:
        file: the file.
        params: the Parameters by name.
        by_each_name: the Parameters by all their names; DeZero saves a shared Parameter under each.
    """
    first = {param: name for name, param in params.items()}
    with _npz.opened(file, len(by_each_name)) as archive:
        repeated = [name for name in archive.names if name in by_each_name and name not in params]
        names = [name for name in archive.names + archive.others if name not in repeated]
        headers = fitting(archive, names, params)
        arrays = {name: archive.read(header, dtype_of(params[name])) for name, header in headers.items()}
        for name in repeated:
            param, header = by_each_name[name], archive.header(name)
            array = arrays[first[param]]
            if faults := list(misfits(name, header.shape, header.dtype, None)):
                raise misfit(archive.title, faults)
            if header.shape != array.shape or not np.array_equal(
                archive.read(header, array.dtype), array, equal_nan=True
            ):
                raise shared_differ(first[param], name, archive.title)
    assign(params, arrays)


def shared_differ(name: str, other: str, title: str) -> ValueError:
    """The error that two arrays for a shared Parameter differ."""
    return ValueError(f"{name} and {other} differ in {title}; in the model they are the same Parameter")


def foreign(file: BinaryFile) -> dict[str, Array] | None:
    """The arrays of a safetensors file or of PyTorch's, with PyTorch's names; None for an npz archive.

    Raises:
        ValueError: it is damaged, or of another format.
    """
    with read_from(file) as stream:
        return _foreign(stream, title_of(file))


def _foreign(stream: BinaryIO, title: str) -> dict[str, Array] | None:
    stream.seek(0)
    head = stream.read(9)
    if head[8:] == b"{":
        return _safetensors.read(stream, title)
    if _torch.is_torch(stream):
        return _torch.state_dict(stream, title)
    if not head.startswith(b"PK"):
        error = ValueError(f"{title} is not a file of weights (npz, safetensors, pt or pth)")
        raise coded(error, "weights-unknown", file=title)
    return None


def arrays_of(params: Mapping[str, Parameter]) -> dict[str, Array]:
    """The Parameters' arrays on the CPU; a ValueError if one has no data yet, or no floats."""
    empty = [name for name, param in params.items() if param.data is None]
    if empty:
        raise ValueError(
            f"no data yet in {', '.join(empty)}: call the model once on an input before saving, or set the "
            "input size of its layers (in_size, in_channels)"
        )
    others = [f"{name} has dtype {p.dtype}" for name, p in params.items() if np.dtype(p.dtype).kind != "f"]
    if others:
        raise ValueError(f"Parameters must have floats to be saved; {', '.join(others)}")
    return {name: backends.to_cpu(param.data) for name, param in params.items()}


def fitting(
    archive: _npz.Archive, names: Sequence[str], params: Mapping[str, Parameter], folder: str = ""
) -> dict[str, _npz.Header]:
    """Headers of the arrays of Parameters, by name, after a check of names, shapes and dtypes.

    Args:
        archive: the file.
        names: names of the arrays in `folder`.
        params: the Parameters.
        folder: what precedes the names in the archive.

    Raises:
        ValueError: the arrays do not fit the Parameters, or the file is damaged.
    """
    missing = [name for name in params if name not in names]
    faults = other_names(missing, [name for name in names if name not in params])
    headers = {name: archive.header(folder + name) for name in params if name in names}
    for name, header in headers.items():
        shape = expected(params[name])
        faults += misfits(name, header.shape, header.dtype, shape)
        if None in (shape or (None,)):
            archive.check_open(header)
    if faults:
        error = misfit(archive.title, faults)
        if any(name.endswith((".weight", ".bias")) and name not in params for name in names):
            error.add_note("These are PyTorch's names, which load_state_dict(numpy.load(file)) takes.")
        raise error
    return headers


def assign(params: Mapping[str, Parameter], arrays: Mapping[str, Array]) -> None:
    """Give each Parameter its array, on the device of the old one."""
    for name, param in params.items():
        param.data = backends.to_device_of(param.data, arrays[name])


def dtype_of(param: Parameter) -> Any:
    """The dtype of a Parameter; None if any will do."""
    return param.lazy_dtype if param.data is None else param.dtype


def expected(param: Parameter) -> tuple[int | None, ...] | None:
    """The shape of a Parameter; None for a length that is not known yet, or if none is."""
    return param.lazy_shape if param.data is None else param.shape


def other_names(missing: Sequence[str], unexpected: Sequence[str]) -> list[Exception]:
    """What is wrong if names of arrays are not those of the Parameters."""
    return [
        *[coded(ValueError(f"missing: {name}"), "weight-missing", name=name) for name in missing],
        *[coded(ValueError(f"unexpected: {name}"), "weight-unexpected", name=name) for name in unexpected],
    ]


def misfits(
    name: str, shape: tuple[int, ...], dtype: Any, needed: tuple[int | None, ...] | None
) -> Iterator[Exception]:
    """What is wrong with an array for a Parameter of a shape."""
    if dtype.kind != "f":
        error = ValueError(f"{name} has dtype {dtype}; the model needs floats")
        yield coded(error, "weight-dtype", name=name, dtype=dtype)
    if needed is not None and not matches(shape, needed):
        error = ValueError(f"{name} has shape {shape}; the model needs {needed}")
        yield coded(error, "weight-shape", name=name, shape=shape, expected=needed)


def misfit(title: str, faults: Sequence[Exception]) -> Exception:
    """The error which says what is wrong with weights."""
    error = ValueError(f"the weights in {title} do not fit the model: {'; '.join(map(str, faults))}")
    return coded(error, "weights-misfit", file=title, faults=faults)
