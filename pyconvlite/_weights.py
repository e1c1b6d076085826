"""Weight files for `Layer.save_weights` and `load_weights`: npz archives with one array per Parameter."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO, TypeAlias

import numpy as np

from . import backends
from ._coded import coded
from ._shapes import Array
from .autograd import Parameter

__all__ = ["WeightFile", "load", "save"]

WeightFile: TypeAlias = str | os.PathLike[str] | BinaryIO


def save(file: WeightFile, params: Mapping[str, Parameter]) -> None:
    """Write Parameters to a file; see `Layer.save_weights`."""
    empty = [name for name, param in params.items() if param.data is None]
    if empty:
        raise ValueError(
            f"no data yet in {', '.join(empty)}: call the model once on an input before saving, or set the "
            "input size of its layers (in_size, in_channels)"
        )
    arrays = {name: backends.to_cpu(param.data) for name, param in params.items()}
    if not isinstance(file, str | os.PathLike):
        np.savez_compressed(file, **arrays)
        return
    path = os.path.realpath(file)  # so that a symbolic link stays, and its target is replaced
    unfinished = f"{path}.{os.getpid()}.tmp"
    try:
        with open(unfinished, "wb") as stream:  # given a path, NumPy would append ".npz"
            np.savez_compressed(stream, **arrays)
        os.replace(unfinished, path)
    except BaseException:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        raise


def load(file: WeightFile, params: Mapping[str, Parameter]) -> None:
    """Read all Parameters from a file, or none if there is an error; see `Layer.load_weights`."""
    if isinstance(file, str | os.PathLike):
        title = repr(os.fspath(file))
        with open(file, "rb") as stream:  # given the path, NumPy leaves a damaged archive open
            arrays = _read_npz(stream, title)
    else:
        title = "the file"
        arrays = _read_npz(file, title)
    faults = [_missing(name) for name in params if name not in arrays]
    faults += [_unexpected(name) for name in arrays if name not in params]
    for name in params:
        if name in arrays:
            faults += _misfits(name, arrays[name], params[name])
    if faults:
        reasons = "; ".join(map(str, faults))
        error = ValueError(f"the weights in {title} do not fit the model: {reasons}")
        raise coded(error, "weights-misfit", file=title, faults=faults)
    loaded = [_converted(arrays[name], param) for name, param in params.items()]
    for param, data in zip(params.values(), loaded, strict=True):
        param.data = data


def _read_npz(file: BinaryIO, title: str) -> dict[str, Array]:
    import zipfile  # here, as imports are slow in a browser and most programs load no weights
    import zlib

    try:
        archive = np.load(file, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("it is a single array")
        with archive:
            return {name: np.asarray(archive[name]) for name in archive.files}
    except (ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        # NumPy takes other formats for pickles, and advises to load them as such, which may run any code.
        reason = "it has another format" if "pickle" in str(error) else error
        refusal = ValueError(f"{title} is not a complete npz archive of weights: {reason}")
        raise coded(refusal, "weights-unreadable", file=title, reason=reason) from error


def _missing(name: str) -> Exception:
    return coded(ValueError(f"missing: {name}"), "weight-missing", name=name)


def _unexpected(name: str) -> Exception:
    return coded(ValueError(f"unexpected: {name}"), "weight-unexpected", name=name)


def _misfits(name: str, array: Array, param: Parameter) -> Iterator[Exception]:
    if array.dtype.kind != "f":
        error = ValueError(f"{name} has dtype {array.dtype}; the model needs floats")
        yield coded(error, "weight-dtype", name=name, dtype=array.dtype)
    expected = param.lazy_shape if param.data is None else param.shape
    if expected is None:
        return
    open_or_equal = [e is None or e == n for e, n in zip(expected, array.shape, strict=False)]
    if len(expected) != array.ndim or not all(open_or_equal):
        error = ValueError(f"{name} has shape {array.shape}; the model needs {expected}")
        yield coded(error, "weight-shape", name=name, shape=array.shape, expected=expected)


def _converted(array: Array, param: Parameter) -> Array:
    dtype = param.lazy_dtype if param.data is None else param.dtype
    return array.astype(dtype or array.dtype, order="C")
