"""Many arrays concatenated in one buffer, so that one kernel computes all of them.

Starting a kernel takes as long as computing thousands of elements. So an operation on each of a model's
arrays, such as an optimizer's update, is one kernel for all of them. The results are adjacent views on one
buffer, so that the next call need not copy them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from .array import ndarray
from .copying import contiguous
from .device import current
from .elementwise import HEAD, MAIN, STORAGE, binding, run
from .view import row_strides

Row = tuple[ndarray, ...]

MOST_SOURCES = 24  # arrays that a kernel copies from, with two parameters each
# Number of elements that a thread copies, by `AdapterInfo.fallback`; see RUN in convolution.py.
ELEMENTS = {False: 4, True: 256}


def foreach(f: Callable[..., Row], rows: Iterable[Row]) -> Iterator[Row]:
    """Yield `f(*row)` for each row of arrays, where `f` is element-wise; many rows are one call.

    Rows of the same dtypes are joined if all arrays of a row are on the device and have one shape.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     rows = [(webgpu.ones(2),), (webgpu.zeros((1, 3)),)]
        ...     doubled = [y.get().tolist() for (y,) in foreach(lambda x: (2 * x,), rows)]
        ...     assert doubled == [[2, 2], [[0, 0, 0]]]
    """
    listed = list(rows)
    results: dict[int, Row] = {}
    for group in _groups(listed):
        if len(group) == 1:
            results[group[0]] = f(*listed[group[0]])
            continue
        columns = f(*[joined(column) for column in zip(*[listed[k] for k in group], strict=True)])
        shapes = [listed[k][0].shape for k in group]
        parts = zip(*[_parted(contiguous(column), shapes) for column in columns], strict=True)
        results.update(zip(group, parts, strict=True))
    return (results[k] for k in range(len(listed)))


def batches(xs: Sequence[ndarray]) -> list[list[ndarray]]:
    """The arrays in their order, in lists that one buffer can hold concatenated."""
    most = current().largest
    found: list[list[ndarray]] = []
    room = 0
    for x in xs:
        if not found or x.nbytes > room:
            found.append([])
            room = most
        found[-1].append(x)
        room -= x.nbytes
    return found


def _groups(rows: Sequence[Row]) -> list[list[int]]:
    """Indexes of the rows that are computed together: rows of the same dtypes that fit into one buffer."""
    alone, alike = [], dict[object, list[int]]()
    for k, row in enumerate(rows):
        if all(isinstance(x, ndarray) and x.shape == row[0].shape for x in row):
            alike.setdefault(tuple(x.dtype for x in row), []).append(k)
        else:  # on the CPU, or to be broadcast
            alone.append([k])
    for places in alike.values():
        rest = iter(places)
        widest = [max(rows[k], key=lambda x: x.nbytes) for k in places]
        alone += [[next(rest) for _ in batch] for batch in batches(widest)]
    return alone


def joined(xs: Sequence[ndarray]) -> ndarray:
    """Arrays of one dtype, flattened and concatenated: a view if they are adjacent in one buffer."""
    first = next((x for x in xs if x.size), xs[0])
    end = first.offset
    for x in xs:
        if not x.size:
            continue
        if x.buffer is not first.buffer or x.offset != end or not x.is_contiguous:
            return gathered(xs)
        end += x.size
    return first.as_strided((end - first.offset,), (1,))


def gathered(xs: Sequence[ndarray]) -> ndarray:
    """A new array of arrays of one dtype, flattened and concatenated."""
    xs = [contiguous(x) for x in xs if x.size] or list(xs[:1])
    y = ndarray.new([sum(x.size for x in xs)], xs[0].dtype)
    device = current()
    sources = min(MOST_SOURCES, device.info.limits["maxStorageBuffersPerShaderStage"] - 1)
    start = 0
    for first in range(0, len(xs), sources) if y.size else ():
        part = xs[first : first + sources]
        places, end = list[int](), 0
        for x in part:
            places += [end + x.size, x.offset - end]
            end += x.size
        threads = -(-end // ELEMENTS[device.info.fallback])
        code = _gather_code(y.dtype.name, len(part))
        run("gather", code, [x.buffer for x in part], [y.buffer], threads, [threads, start, *places])
        start += end
    return y


@functools.cache
def _gather_code(dtype: str, sources: int) -> str:
    """WGSL in which each of `threads` threads copies every `threads`-th element of the concatenated sources.

    It uses loops, not branches, as a CPU adapter skips a loop but computes both sides of a branch.
    """
    storage = STORAGE[dtype]
    text = HEAD + "".join(binding(k, f"m{k}", storage) for k in range(sources))
    text += binding(sources, "y", storage, written=True) + MAIN
    text += "  let threads = parameter(0);\n  var at = i;\n"
    for k in range(sources):
        text += f"  for (; at < parameter({2 + 2 * k}); at += threads) {{\n"
        text += f"    y[parameter(1) + at] = m{k}[at + parameter({3 + 2 * k})];\n  }}\n"
    return text + "}\n"


def _parted(flat: ndarray, shapes: Sequence[tuple[int, ...]]) -> Iterator[ndarray]:
    """Views of these shapes, one after another, on a contiguous array."""
    start = flat.offset
    for shape in shapes:
        yield flat.as_strided(shape, row_strides(shape), start)
        start += math.prod(shape)
