"""Kernels that Python calls as built-in functions, without ctypes (`objects.h`).

A call through ctypes, with the addresses of its arrays and a new array for its result, takes several times as
long as NumPy takes to add small arrays. These functions take NumPy's arrays themselves, allocate the result,
and call NumPy's function for what they do not support.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .. import numpy as reference
from .._calls import readers
from .library import load

P = ParamSpec("P")
R = TypeVar("R")


class Method(ctypes.Structure):
    """Python's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


FASTCALL = 0x80  # METH_FASTCALL: the function takes an array of arguments, and how many there are
NEW_ARRAY = 93  # of NumPy's C API: PyArray_New

# The functions of Python that the side module calls, in the order of the structure `python` in `objects.h`.
PYTHON = (
    "PyObject_Vectorcall",
    "PyFloat_AsDouble",
    "PyLong_AsLongAndOverflow",
    "PyTuple_Size",
    "PyTuple_GetItem",
    "PyLong_FromUnsignedLong",
    "PyObject_IsTrue",
    "Py_IncRef",
    "Py_DecRef",
)

NAMES = (
    *("abs", "add", "cos", "div", "equal", "erf", "exp", "expm1", "gelu_grad", "greater", "greater_equal"),
    *("hardswish", "hardswish_grad", "less", "less_equal", "linear", "log", "log1p", "matmul"),
    *("maximum", "minimum", "mul", "neg", "normal_cdf", "pow", "relu", "relu_grad"),
    *("sigmoid", "sign", "silu_grad", "sin", "sqrt", "sub", "tanh", "where"),
    *("max", "mean", "min", "sum"),
)

PROBE = np.zeros((3, 5), np.float32)
fallbacks: dict[str, Callable[..., Any]] = {}  # the functions that they call, by name
bound: Any = reference  # has these functions, for the kernels that call them; once bound, the package simd
methods: list[Method] = []  # kept alive, since the functions have pointers to them


def bind(kernels: ModuleType) -> None:
    """Replace functions of `kernels` by the side module's, which fall back to them."""
    global bound
    module, _ = load()
    bound = kernels
    if not connect(module):
        return
    for name in NAMES:
        fallback = fallbacks.setdefault(name, getattr(kernels, name))
        setattr(kernels, name, function(module, name, fallback))
        counts = (ctypes.c_uint * 2).from_address(getattr(module, f"{name}_calls")())
        readers[name, "simd"] = functools.partial(counts.__getitem__, 0)
        if not hasattr(fallback, "__wrapped__"):  # by `counted`
            readers[name, "numpy"] = functools.partial(counts.__getitem__, 1)


def in_c(fallback: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that the side module also has; without the side module it is `fallback` itself."""
    try:
        module, _ = load()
    except ImportError:
        return fallback
    return function(module, fallback.__name__, fallback) if connect(module) else fallback


def function(module: Any, name: str, fallback: Callable[..., Any]) -> Callable[..., Any]:
    """The side module's function `name`, which calls `fallback` for arguments that it does not support."""
    method = Method(name.encode(), address_of(getattr(module, f"{name}_call")), FASTCALL)
    methods.append(method)
    new = ctypes.pythonapi.PyCMethod_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p]
    return new(ctypes.addressof(method), fallback, None, None)  # type: ignore[no-any-return]


def connect(module: Any) -> bool:
    """Pass the functions of Python and NumPy that the side module calls to it.

    Returns:
        Whether NumPy's arrays are laid out as the side module expects.
    """
    types = [id(each) for each in (np.ndarray, float, int, tuple, None, False, True)]
    functions = [address_of(getattr(ctypes.pythonapi, name)) for name in PYTHON]
    pointers = [*types, array_api()[NEW_ARRAY], *functions]
    module.connect((ctypes.c_void_p * len(pointers))(*pointers))
    data = PROBE.__array_interface__["data"][0]
    return bool(module.layout_fits(ctypes.c_void_p(id(PROBE)), ctypes.c_void_p(data), *PROBE.shape))


def array_api() -> Any:
    """NumPy's C API: an array of pointers."""
    from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.POINTER(ctypes.c_void_p)
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return pointer(_multiarray_umath._ARRAY_API, None)


def address_of(function: Any) -> Any:
    """Address of a function of a library."""
    return ctypes.cast(function, ctypes.c_void_p).value
