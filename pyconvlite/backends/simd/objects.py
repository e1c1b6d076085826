"""Kernels that Python calls as built-in functions, without ctypes (`objects.h`).

A call through ctypes takes about a microsecond, the addresses of its arrays and the array for its result some
more, which is several times what NumPy takes to add small arrays. These functions take NumPy's arrays
themselves, allocate the result, and call NumPy's function for what they do not serve.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .._calls import readers
from .library import library, load

F = TypeVar("F", bound=Callable[..., Any])


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
    "PyLong_FromLong",
    "PyObject_IsTrue",
)

methods: list[Method] = []  # in use as long as the functions are


def bound(name: str) -> Callable[[F], F]:
    """The side module's function `name`, which calls the decorated one for what it does not serve.

    Where the side module does not load, so that nobody chooses the SIMD kernels, it is the decorated function.
    """

    def decorate(twin: F) -> F:
        try:
            connect()
        except ImportError:
            return twin
        call = getattr(library, f"{name}_call")
        method = Method(name.encode(), address_of(call), FASTCALL)
        methods.append(method)
        new = ctypes.pythonapi.PyCMethod_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p]
        return new(ctypes.addressof(method), twin, None, None)  # type: ignore[no-any-return]

    return decorate


def counted(name: str) -> None:
    """Let `describe` read the counts of the calls, which the side module keeps."""
    counts = (ctypes.c_uint * 2).in_dll(load()[0], f"{name}_calls")
    readers[name, "simd"] = lambda: counts[0]
    readers[name, "numpy"] = lambda: counts[1]


@functools.cache
def connect() -> None:
    """Hand the side module the functions of Python and NumPy that it calls.

    Raises:
        ImportError: it does not load.
    """
    load()
    types = [id(each) for each in (np.ndarray, float, int, tuple, None)]
    functions = [address_of(getattr(ctypes.pythonapi, name)) for name in PYTHON]
    pointers = [*types, array_api()[NEW_ARRAY], *functions]
    library.connect((ctypes.c_void_p * len(pointers))(*pointers))


def array_api() -> Any:
    """NumPy's C API: an array of pointers."""
    from numpy._core import _multiarray_umath

    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.POINTER(ctypes.c_void_p)
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return pointer(_multiarray_umath._ARRAY_API, None)


def address_of(function: Any) -> Any:
    """Address of a function of a library."""
    return ctypes.cast(function, ctypes.c_void_p).value
