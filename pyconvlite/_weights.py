"""Weight files for `Layer.save_weights` and `load_weights`: npz archives with one array per Parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import _npz, backends
from ._coded import coded
from ._files import BinaryFile, written
from ._shapes import Array
from .autograd import Parameter

__all__ = ["arrays_of", "assign", "dtype_of", "fitting", "load", "save"]


def save(file: BinaryFile, params: Mapping[str, Parameter]) -> None:
    """Write Parameters to a file; see `Layer.save_weights`."""
    arrays = arrays_of(params)
    with written(file) as stream:
        _npz.write(stream, arrays)


def load(file: BinaryFile, params: Mapping[str, Parameter]) -> None:
    """Read all Parameters from a file, or none if there is an error; see `Layer.load_weights`."""
    with _npz.opened(file, len(params)) as archive:
        headers = fitting(archive, archive.names + archive.others, params)
        arrays = {name: archive.read(header, dtype_of(params[name])) for name, header in headers.items()}
    assign(params, arrays)


def arrays_of(params: Mapping[str, Parameter]) -> dict[str, Array]:
    """The Parameters' arrays on the CPU; a ValueError if there is no data yet."""
    empty = [name for name, param in params.items() if param.data is None]
    if empty:
        raise ValueError(
            f"no data yet in {', '.join(empty)}: call the model once on an input before saving, or set the "
            "input size of its layers (in_size, in_channels)"
        )
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
    faults = [_missing(name) for name in params if name not in names]
    faults += [_unexpected(name) for name in names if name not in params]
    headers = {name: archive.header(folder + name) for name in params if name in names}
    for name, header in headers.items():
        faults += _misfits(name, header, params[name])
        if None in (_expected(params[name]) or (None,)):
            archive.check_open(header)
    if faults:
        reasons = "; ".join(map(str, faults))
        error = ValueError(f"the weights in {archive.title} do not fit the model: {reasons}")
        raise coded(error, "weights-misfit", file=archive.title, faults=faults)
    return headers


def assign(params: Mapping[str, Parameter], arrays: Mapping[str, Array]) -> None:
    """Give each Parameter its array, on the device where the old one is."""
    for name, param in params.items():
        param.data = backends.to_device_of(param.data, arrays[name])


def dtype_of(param: Parameter) -> Any:
    """The dtype of a Parameter; None if any will do."""
    return param.lazy_dtype if param.data is None else param.dtype


def _expected(param: Parameter) -> tuple[int | None, ...] | None:
    """The shape of a Parameter; None for a length, or instead of all, that any input may set."""
    return param.lazy_shape if param.data is None else param.shape


def _missing(name: str) -> Exception:
    return coded(ValueError(f"missing: {name}"), "weight-missing", name=name)


def _unexpected(name: str) -> Exception:
    return coded(ValueError(f"unexpected: {name}"), "weight-unexpected", name=name)


def _misfits(name: str, header: _npz.Header, param: Parameter) -> Iterator[Exception]:
    shape, dtype = header.shape, header.dtype
    if dtype.kind != "f":
        error = ValueError(f"{name} has dtype {dtype}; the model needs floats")
        yield coded(error, "weight-dtype", name=name, dtype=dtype)
    expected = _expected(param)
    if expected is None:
        return
    open_or_equal = [e is None or e == n for e, n in zip(expected, shape, strict=False)]
    if len(expected) != len(shape) or not all(open_or_equal):
        error = ValueError(f"{name} has shape {shape}; the model needs {expected}")
        yield coded(error, "weight-shape", name=name, shape=shape, expected=expected)
