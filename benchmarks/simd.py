"""What the SIMD kernels are measured against: the most that this engine can compute, and their own memory."""

from collections.abc import Callable, Iterator
from functools import partial

from measure import in_turn, random, seconds

import pyconvlite
from pyconvlite import backends
from pyconvlite.backends.simd import library as simd

FLOP = 96  # in each round of the loop in the side module


def serves() -> bool:
    """Whether the SIMD kernels serve here: in Pyodide they do."""
    return backends.describe().backend == "simd"


def ceiling(gflop: float = 0.01) -> float:
    """GFLOP/s of multiply-adds on registers alone, in calls of `gflop`; compiled into the kernels' module."""
    rounds = round(1e9 * gflop / FLOP)
    return gflop / seconds(lambda: simd.library.ceiling(rounds), 0.1)


def share(run: Callable[[], object], gflop: float) -> tuple[float, float]:
    """GFLOP/s of `run`, and as a share of the ceiling.

    The two are measured in turn, in calls that compute the same: other programs interrupt both alike.
    """
    speed, most = in_turn([lambda: gflop / seconds(run, 0.1), lambda: ceiling(gflop)])
    return speed, speed / most


def products() -> Iterator[tuple[str, float, float]]:
    """Matrix products: what is multiplied, GFLOP/s and share of the ceiling; t: as a transposed view."""
    for size, way in ((256, "nn"), (512, "nn"), (512, "nt"), (512, "tn"), (512, "tt"), (1024, "nn")):
        a, b = (random(size, size).T if t == "t" else random(size, size) for t in way)
        yield f"{size} {way}", *share(partial(backends.kernels(a).matmul, a, b), 2e-9 * size**3)


def call_overhead() -> float:
    """Microseconds that the smallest convolution takes, called as users call it."""
    x, W = (pyconvlite.Variable(random(1, 1, size, size)) for size in (8, 3))
    with pyconvlite.no_grad():
        return 1e4 * seconds(lambda: [pyconvlite.functions_conv.conv2d(x, W) for _ in range(100)])


def workspace() -> int:
    """Bytes of memory that the loaded side module holds for itself, whatever it computes."""
    return memory_size(simd.modules()[simd.load()[1]])


def memory_size(module: bytes) -> int:
    """What a side module says of its memory in its first section, dylink.0.

    https://github.com/WebAssembly/tool-conventions/blob/main/DynamicLinking.md
    """
    at = module.index(b"dylink.0") + len(b"dylink.0")
    numbers = _leb128(module[at:])
    subsection, _, size = next(numbers), next(numbers), next(numbers)
    if subsection != 1:
        raise ValueError(f"dylink.0 must begin with the subsection of memory, 1; got {subsection}")
    return size


def _leb128(data: bytes) -> Iterator[int]:
    """The numbers in bytes of seven bits each, lowest first; the eighth tells that more follow."""
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0
