"""Threads: a kernel's call is cut into parts; Python's thread computes the first and workers the others.

`threads.js` starts the workers and copies between Pyodide's memory and theirs. A kernel describes by `cut`,
`whole`, `shifted`, `updated`, `result` and `partial` what each part needs of its arguments, and calls `run`
where `split` finds that threads are faster. Items may be in several rows, such as the steps of a sequence.

Where images or rows are cut, the result is bit-identical to that of one thread, with one exception:
Winograd's algorithm is avoided for numbers that are not finite or reach 2^50, by one thread in the whole
call, by several in the parts that have one. Partial sums are added in the order of the parts.
"""

from __future__ import annotations

import ctypes
import functools
import math
import struct
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import _platform
from ..._coded import coded
from ..._shapes import Array
from . import library as side_module
from .library import library
from .serving import address

MOST = 4  # threads that "auto" starts
DEATHS = 3  # of workers, after which no more are started

# A call is cut where that saves more than it costs, with a margin. Measured: seconds for a call of the
# workers, and per byte and multiply-add. A page in a browser needs one of two cores now and then.
MARGIN = 1.5
CALL = 60e-6
CALL_BESIDE_A_PAGE = 500e-6
COPIED = 1 / 8e9
MULTIPLY_ADD = 1 / 16e9


# Arguments of a kernel, FIELDS numbers for each: its kind; its value for the first part; bytes of an item, or
# of the whole; and rows, each with all items. Objects would take Python as long as a small kernel.
Arguments = tuple[float, ...]
FIELDS = 4
_SCALAR, _ITEMS, _STRIDE, _CUT, _WHOLE, _SHIFTED, _UPDATED, _RESULT, _PARTIAL = range(9)


@functools.lru_cache(1024)
def scalars(*values: int) -> Arguments:
    """Arguments that are the same for each part."""
    return tuple([number for value in values for number in (_SCALAR, value, 0, 1)])


_NULL = scalars(0)


def items(bounds: Sequence[int]) -> Arguments:
    """The number of a part's items."""
    return _ITEMS, bounds[1], 0, 1


def stride(items: int) -> Arguments:
    """The number of items from one row to the next in memory; a worker's rows have its own items only."""
    return _STRIDE, items, 0, 1


def cut(a: Array | None, items: int, rows: int = 1) -> Arguments:
    """An input of which each part takes its items, in each row; they follow each other in memory."""
    return _NULL if a is None else (_CUT, address(a), a.nbytes // (rows * items), rows)


def updated(a: Array, items: int, rows: int = 1) -> Arguments:
    """The same, but an input that is also a result."""
    return _UPDATED, address(a), a.nbytes // (rows * items), rows


def whole(a: Array | None) -> Arguments:
    """An input that each part takes whole; None is a null pointer."""
    return _NULL if a is None else (_WHOLE, address(a), a.nbytes, 1)


def shifted(a: Array) -> Arguments:
    """An input that each part takes whole, offset by as many floats as the index of its first item."""
    return _SHIFTED, address(a), a.nbytes, 1


def result(a: Array, items: int, rows: int = 1) -> Arguments:
    """A result of which each part computes its items, as in `cut`."""
    return _RESULT, address(a), a.nbytes // (rows * items), rows


def partial(a: Array) -> Arguments:
    """Results to be added, an array (parts, ...): each part computes one."""
    return _PARTIAL, address(a), a[0].nbytes, 1


def _values(arguments: Arguments, bounds: Sequence[int], part: int) -> Sequence[float]:
    """What a kernel gets for a part, in Python's memory."""
    values = arguments[1::FIELDS]
    if part == 0:
        return values
    first, last = bounds[part], bounds[part + 1]
    found = []
    for kind, value, size in zip(arguments[::FIELDS], values, arguments[2::FIELDS], strict=True):
        if kind == _ITEMS:
            value = last - first
        elif kind in (_CUT, _UPDATED, _RESULT):
            value += first * size
        elif kind == _SHIFTED:
            value += 4 * first
        elif kind == _PARTIAL:
            value += part * size
        found.append(value)
    return found


@functools.lru_cache(1024)
def _split(
    parts: int,
    cores: int,
    overhead: float,
    items: int,
    multiply_adds: float,
    divided_bytes: int,
    shared_bytes: int,
    step: int,
    least: int,
) -> tuple[int, ...] | None:
    """See `_Threads.split`."""

    def largest(parts: int) -> int:
        return -(-items // (parts * step)) * step

    parts = min(parts, items // step)
    while parts > 1 and (items - 1) % largest(parts) + 1 < least:  # in the last part
        parts -= 1
    if parts < 2:
        return None
    most = largest(parts)
    copied = divided_bytes * (1 - most / items) + shared_bytes * (parts - 1)
    gain = multiply_adds * MULTIPLY_ADD * (1 - max(most / items, 1 / cores))
    return (*range(0, items, most), items) if gain >= MARGIN * (overhead + copied * COPIED) else None


class _Threads:
    """The setting, and the workers once they are started."""

    def __init__(self) -> None:
        self.wanted = 1  # 0: as many as the machine has cores, up to MOST
        self.parts = 1  # into which calls are cut
        self._cores = 1  # of the machine
        self._least = math.inf
        self._overhead = CALL  # seconds of a call
        self.error: Exception | None = None  # why there is one thread; None where that was requested
        self.deaths = 0
        self._variant = ""  # of the side module that the workers have
        self.workers: Any = None  # what threads.js has opened
        self._begin_call: Any = None  # its methods: looking them up takes as long as a call
        self._finish_call: Any = None
        self._numbers: dict[str, int] = {}  # of the kernels, as the workers number them
        self._running = False  # a call: threads.js runs one at a time
        self._call = np.empty(256)  # a call as threads.js reads it
        self._call_at = address(self._call)

    @property
    def least(self) -> float:
        """Multiply-adds of a call that may be cut."""
        return self._least

    @least.setter
    def least(self, least: float) -> None:
        if least != self._least:  # only where the side module is loaded
            library.leave_products(least < math.inf, ctypes.c_double(least))
        self._least = least

    def set(self, wanted: int) -> None:
        """Use this many threads from now on."""
        self.wanted = wanted
        self.start()

    def start(self) -> None:
        """Start the workers that are missing, if there can be any.

        The state changes at the end: an interrupt leaves the former one.
        """
        parts, error = 1, None
        if self.wanted != 1:
            _, variant = side_module.load()
            try:
                script = _script()
            except RuntimeError as forbidden:
                error = _error("blocked", reason=str(forbidden))
            else:
                parts, error = self._start(script, variant)
        self.error, self.parts = error, parts
        self.least = 2 * MARGIN * self._overhead / MULTIPLY_ADD if parts > 1 else math.inf

    def _start(self, script: Any, variant: str) -> tuple[int, Exception | None]:
        self._cores = int(script.cores())
        self._overhead = CALL_BESIDE_A_PAGE if script.inBrowser() and self._cores == 2 else CALL
        parts = self.wanted or min(self._cores, MOST)
        if obstacle := str(script.obstacle()):
            return 1, _error(obstacle)
        if parts == 1:
            return 1, _error("one-core")
        if self.deaths > DEATHS:
            return 1, _error("died")
        if self._variant != variant:
            self.stop()
            module = side_module.modules()[variant]
            self.workers, self._variant = _platform.open_threads(script, module), variant
            self._begin_call, self._finish_call = self.workers.begin, self.workers.finish
        self.workers.start(parts - 1)
        if not str(self.workers.error):  # there may be no memory for all
            parts = min(parts, 1 + int(self.workers.threads.length))
        return parts, None

    def stop(self) -> None:
        """End the workers."""
        if self.workers is not None:
            self.workers.stop()
        self.workers = self._begin_call = self._finish_call = None
        self._variant = ""
        self.parts, self.least = 1, math.inf
        self._numbers.clear()

    def state(self) -> tuple[int, int, str, Exception | None]:
        """Number of threads of a large call, of those starting, the reason, and the error if it is one."""
        self._stop_if_blocked()
        if self.error is not None:
            return 1, 0, str(self.error), self.error
        ready = min(self.parts, 1 + int(self.workers.ready())) if self.parts > 1 else 1
        reason = "it was requested" if self.wanted else f"one for each core, up to {MOST}"
        if self.parts < self.wanted:
            reason = f"{self.wanted} were requested, and no more could be started"
        return ready, self.parts - ready, reason, None

    def _stop_if_blocked(self) -> None:
        """Compute on one thread from now on if workers cannot start."""
        if self.parts > 1 and (reason := str(self.workers.error)):
            self.stop()
            self.error = _error("blocked", reason=reason)

    def split(
        self,
        items: int,
        multiply_adds: float,
        divided_bytes: int,
        shared_bytes: int,
        step: int = 1,
        least: int = 1,
    ) -> tuple[int, ...] | None:
        """Where each part of a call begins and the last one ends; None where one thread is as fast.

        Args:
            items: what is cut: images, rows or channels; a part has a multiple of `step`.
            multiply_adds: of the whole call.
            divided_bytes, shared_bytes: of the arrays that are divided, and of those that each part takes.
            step: see `items`.
            least: the fewest items of a part.
        """
        of_machine = self.parts, self._cores, self._overhead
        return _split(*of_machine, items, multiply_adds, divided_bytes, shared_bytes, step, least)

    def run(
        self, kernel: Callable[..., Any], bounds: Sequence[int], arguments: Arguments, refuses: bool = False
    ) -> bool:
        """Call a kernel of the side module for the parts between `bounds`.

        Parts whose workers are not ready, busy with another call, or dead are computed by this thread: the
        result is the same.

        Args:
            kernel, bounds, arguments: what is called; where each part begins; what it takes.
            refuses: whether the kernel returns 0 for what it does not support; others return nothing.

        Returns:
            Whether it serves the call.
        """

        def compute(part: int) -> bool:
            returned = kernel(*_values(arguments, bounds, part))
            return not refuses or bool(returned)

        nested = self._running  # within another call, from a signal handler or a profiler
        self._running = True
        try:
            begun = not nested and self._begin(kernel.__name__, bounds, arguments)
            served = compute(0)
            missing = int(self._finish_call()) if begun else ~1  # see threads.js
        finally:
            self._running = nested
        served &= not missing & 1
        for part in range(1, len(bounds) - 1):
            if served and missing >> part & 1:
                served = compute(part)
        if begun and missing >> 1:
            self._replace_lost()
        return served

    def _begin(self, name: str, bounds: Sequence[int], arguments: Arguments) -> bool:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = int(self.workers.kernel(name))
        values = (number, len(arguments) // FIELDS, len(bounds) - 1, *bounds, *arguments)
        struct.pack_into(f"{len(values)}d", self._call.data, 0, *values)
        if self._begin_call(self._call_at):
            return True
        self._stop_if_blocked()
        self._replace_lost()
        return False

    def _replace_lost(self) -> None:
        """Replace workers that died."""
        if self.parts == 1 or not self.workers.lost:
            return
        self.deaths += 1
        if self.deaths > DEATHS:
            self.stop()
        self.start()
        if self.deaths == 1:
            message = (
                "a thread of the SIMD kernels ended or did not answer; its part of the call was computed "
                "without it, and another one is started"
            )
            warnings.warn(message, RuntimeWarning, stacklevel=6)


@functools.cache
def _script() -> Any:
    return _platform.load_script("threads", Path(__file__).with_name("threads.js"))


def _error(obstacle: str, reason: str = "") -> Exception:
    """What keeps calls from being computed on threads."""
    isolation = (
        "the page is not cross-origin isolated; its host has to send the headers Cross-Origin-Opener-Policy: "
        "same-origin and Cross-Origin-Embedder-Policy: require-corp"
    )
    page = "Python runs in the page's main thread, which may not wait; run it in a worker"
    opaque = "Python runs in a worker of an opaque origin, which has no shared memory in this browser"
    blocked = RuntimeError(f"workers do not start: {reason}")
    return {
        "page": coded(RuntimeError(page), "threads-page"),
        "not-isolated": coded(RuntimeError(isolation), "threads-not-isolated"),
        "opaque": coded(RuntimeError(opaque), "threads-opaque"),
        "unsupported": coded(
            RuntimeError("threads are not supported in this runtime"), "threads-unsupported"
        ),
        "one-core": coded(RuntimeError("this machine has one core"), "threads-one-core"),
        "blocked": coded(blocked, "threads-blocked", reason=reason),
        "died": coded(RuntimeError("the workers kept ending"), "threads-died"),
    }[obstacle]


pool = _Threads()
