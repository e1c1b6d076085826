"""Many arrays as one: end to end, so that a kernel goes over all of them at once.

A device takes as long to begin a kernel as to go over thousands of elements. So what is done to each of a
model's arrays, an optimizer's update above all, is done to all in one: what comes out are windows on one
buffer, which the next time lie end to end already.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from .array import contiguous, ndarray, new
from .device import current
from .elementwise import HEAD, MAIN, STORAGE, binding, run
from .window import row_strides

Row = tuple[ndarray, ...]

MOST_SOURCES = 24  # to a kernel, of whose parameters each takes two
ELEMENTS = {
    False: 4,
    True: 256,
}  # to a thread that copies, by `AdapterInfo.fallback`; see RUN in convolution.py


def mapped(f: Callable[..., Row], rows: Iterable[Row]) -> Iterator[Row]:
    """What the seam's `mapped` promises: rows of device arrays, in one shape each, go into f together.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     rows = [(webgpu.ones(2),), (webgpu.zeros((1, 3)),)]
        ...     doubled = [y.get().tolist() for (y,) in mapped(lambda x: (2 * x,), rows)]
        ...     assert doubled == [[2, 2], [[0, 0, 0]]]
    """
    todo = list(rows)
    results: dict[int, Row] = {}
    for group in _groups(todo):
        if len(group) == 1:
            results[group[0]] = f(*todo[group[0]])
            continue
        columns = f(*[joined(column) for column in zip(*[todo[k] for k in group], strict=True)])
        shapes = [todo[k][0].shape for k in group]
        parts = zip(*[_parted(contiguous(column), shapes) for column in columns], strict=True)
        results.update(zip(group, parts, strict=True))
    return (results[k] for k in range(len(todo)))


def batches(xs: Sequence[ndarray]) -> list[list[ndarray]]:
    """The arrays in their order, as many at a time as one buffer can hold end to end."""
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
    """Which rows go together: of the same dtypes, and not more than fit into a buffer."""
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
    """The elements of arrays of one dtype, along one axis: a window if they lie end to end already."""
    first = next((x for x in xs if x.size), xs[0])
    end = first.offset
    for x in xs:
        if not x.size:
            continue
        if x.buffer is not first.buffer or x.offset != end or not x.is_contiguous:
            return gathered(xs)
        end += x.size
    return ndarray(first.buffer, (end - first.offset,), first.dtype, (1,), first.offset)


def gathered(xs: Sequence[ndarray]) -> ndarray:
    """A new array of the elements of arrays of one dtype, along one axis."""
    xs = [contiguous(x) for x in xs if x.size] or list(xs[:1])
    y = new([sum(x.size for x in xs)], xs[0].dtype)
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
    """A thread has each so many-th element: it goes through those of one source after those of another.

    A CPU that stands in for a GPU passes over a loop, but computes both ways of a branch.
    """
    storage = STORAGE[dtype]
    text = HEAD + "".join(binding(k, f"m{k}", storage) for k in range(sources))
    text += binding(sources, "y", storage, written=True) + MAIN
    text += "  let threads = parameter(0);\n  if (i >= threads) { return; }\n  var at = i;\n"
    for k in range(sources):
        text += f"  for (; at < parameter({2 + 2 * k}); at += threads) {{\n"
        text += f"    y[parameter(1) + at] = m{k}[at + parameter({3 + 2 * k})];\n  }}\n"
    return text + "}\n"


def _parted(flat: ndarray, shapes: Sequence[tuple[int, ...]]) -> Iterator[ndarray]:
    """Windows on arrays that lie end to end."""
    start = flat.offset
    for shape in shapes:
        yield ndarray(flat.buffer, shape, flat.dtype, row_strides(shape), start)
        start += math.prod(shape)
