"""Step capture: the commands of a training step, recorded once and replayed on the device in one call.

On a GPU a step of a small net takes less time than Python needs to issue its commands. `capture` runs a step
once (optimizers create their state in the first step), then records two, and compares their commands: an
array that is the same in both is a constant; one that the first computed and the second reads is state
(weights, velocities); the arguments are input. From then on a call copies its arguments to the device and
replays the commands, without running the step's Python code; the arithmetic is the same.

A replay writes the state to the arrays that the Variables have had since the recording. Before it,
`SharedArrays` checks that nothing was changed since the last one. If a Variable was given another array, the
step is recorded anew. If a program keeps an array of the state (`best = W.data`), that array is copied to
memory of its own, and the Variable gets another array, as after a step that is not captured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .array import ndarray
from .copying import copyable
from .device import Buffer, Device, current
from .host_scalar import HostRead, HostScalar, Word
from .shared_arrays import SharedArrays

__all__ = ["CaptureRefused", "capture"]

TRIES = 3  # pairs of recordings that may differ after the arrays of Variables were replaced


class CaptureRefused(RuntimeError):  # noqa: N818 - the fault is the step's
    """Raised for a step that cannot be replayed; the message says why.

    Example:
        >>> raise CaptureRefused("it reads a result back")
        Traceback (most recent call last):
        pyconvlite.backends.webgpu.capture.CaptureRefused: it reads a result back
    """


class Run(NamedTuple):
    """A kernel's run."""

    name: str
    pipeline: int
    groups: tuple[int, int, int]
    buffers: list[Buffer]
    parameters: list[int]


@dataclass
class Recording:
    """The commands of a step, and their buffers, so that none is reused."""

    made: list[Buffer] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    writes: list[bytes] = field(default_factory=list)
    host_reads: list[HostRead] = field(default_factory=list)
    reads: int = 0

    def host_scalars(self) -> Iterator[HostScalar]:
        """The numbers that the step read on the CPU."""
        return (number for read in self.host_reads for number in read.numbers)

    def record(
        self,
        name: str,
        pipeline: int,
        groups: tuple[int, int, int],
        buffers: list[Buffer],
        parameters: list[int],
    ) -> None:
        """Record a kernel's run."""
        self.runs.append(Run(name, pipeline, groups, list(buffers), list(parameters)))


class capture:  # noqa: N801 - a function, to its users
    """Speed up a training step: record it, and replay it on the device.

    Args:
        step: a function of device arrays that computes, differentiates and updates, and returns device arrays
            or Variables (the loss). Its Python code runs in the first three calls only: values that it reads
            from outside, such as `test_mode` or a global variable, stay as they were then. But optimizers and
            hooks count and read their settings at each call, so learning rates may change between calls;
            schedules may step inside or outside; dropout draws a new mask. And Variables that it reads may be
            given other arrays, as when weights are loaded: then three calls run the Python code again. After
            other changes, such as a hook that is added or layers that are frozen, capture the step again.

    Returns:
        A function that is called like `step`. Each call returns new arrays. An array taken from a Parameter
        (`best = W.data`) keeps its elements, as without `capture`; one taken from a gradient is written to by
        the next call. Reading the loss now and then instead of after each step keeps the device busy.

    Raises:
        TypeError: `step` is not callable; by a call, if an argument is not an array on the device.
        CaptureRefused: by a call, if the step reads a result back, copies data to the device that changes,
            runs kernels, numbers or shapes other than before, or is called with other shapes.

    Example:
        >>> def double(x):
        ...     return x * 2
        >>> fast = capture(double)  # fast(x) on a device
    """

    def __init__(self, step: Callable[..., Any]) -> None:
        if not callable(step):
            raise TypeError(f"step must be a function; got {type(step).__name__}")
        self._step = step
        self._begun = False
        self._tries = 0
        self._first: tuple[Recording, list[ndarray]] | None = None
        self._plan: _Plan | None = None

    def __call__(self, *inputs: ndarray) -> Any:
        """Run the step, or replay it."""
        for x in inputs:
            if not isinstance(x, ndarray):
                raise TypeError(f"a captured step takes arrays on the device; got {type(x).__name__}")
        if current().recording is not None:  # a part of another captured step
            return self._step(*inputs)
        if self._plan is not None and self._plan.revalidate():
            return self._plan.replay(list(inputs))
        if self._plan is not None:
            self._plan, self._begun, self._tries = None, False, TRIES
        if not self._begun:
            result = self._step(*inputs)
            self._begun = True
            return result
        own = [x.copy() for x in inputs]  # to be written to at each replay
        recording = Recording()
        device = current()
        first, self._first = self._first, None  # compared only with a step that ends without an error
        try:
            device.recording = recording
            results = [self._step(*own)]  # in a list, so that this frame holds no array of the state
        finally:
            device.recording = None
        if first is not None:
            results[0] = _each(results[0], lambda x: x)  # without the graph, which holds arrays of the state
            try:
                plan = _Plan(device, *first, recording, own, results)
            except CaptureRefused:
                if not self._tries:
                    raise
                self._tries -= 1  # arrays were replaced again, for example by another captured step
            else:
                plan.begin()
                self._plan = plan
                return _copied(results[0])
        self._first = recording, own
        return results[0]


class _Plan:
    """A recorded step, ready to be replayed."""

    def __init__(
        self,
        device: Device,
        first: Recording,
        before: list[ndarray],
        second: Recording,
        inputs: list[ndarray],
        results: list[Any],
    ) -> None:
        _check_alike(first, second, before, inputs)
        self._device = device
        self._inputs = inputs
        self._results = results
        self._recording = second  # holds the buffers
        states = _states(first, second, before, inputs)
        own = {x.buffer for x in inputs} | set(second.made)
        constants = {buffer for run in second.runs for buffer in run.buffers} - own - states.keys()
        self._outside = SharedArrays(states.values(), constants)
        # Replays read from buffers of their own, as a program may hold arrays that the first step computed.
        read = {old: Buffer(device, old.bytes) for old in states}
        self._words: list[Word] = []
        places = []
        self._id = device.begin_capture()
        for old, new in states.items():
            device.capture_copy(self._id, new, read[old])
        for position, run in enumerate(second.runs):
            run.buffers[:] = [read.get(buffer, buffer) for buffer in run.buffers]
            device.capture_run(self._id, run.pipeline, run.groups, run.buffers, run.parameters)
            for slot, parameter in enumerate(run.parameters):
                if isinstance(parameter, Word):
                    self._words.append(parameter)
                    places.append((position, slot))
        device.end_capture(self._id, places)

    def __del__(self) -> None:
        if hasattr(self, "_id"):
            self._device.drop_capture(self._id)

    def begin(self) -> None:
        """Remember the references to the state, and the gradients, once the recording has ended."""
        self._grads = self._outside.gradients(self._recording.made)
        self._outside.remember()

    def revalidate(self) -> bool:
        """Whether a replay computes what the step would."""
        return self._device is current() and self._outside.revalidate()

    def replay(self, inputs: list[ndarray]) -> Any:
        given, known = [(x.shape, x.dtype) for x in inputs], [(x.shape, x.dtype) for x in self._inputs]
        if given != known:
            raise CaptureRefused(
                f"the step was recorded with arguments {known}; got {given}: call the step itself for these"
            )
        copies = []
        for x, own in zip(inputs, self._inputs, strict=True):
            source = copyable(x)
            size = -(-own.nbytes // 4) * 4  # the device copies multiples of 4 bytes
            copies.append((source.buffer, source.itemsize * source.offset, own.buffer, size))
        for read in self._recording.host_reads:
            read.repeat()
        words = [word.encode(word.number.latest) for word in self._words]
        self._device.replay(self._id, words, copies)
        for variable, grad in self._grads:
            if (param := variable()) is not None and param.grad is not grad:  # cleared or computed outside
                param.grad = grad
        return _copied(self._results[0])


def _check_alike(first: Recording, second: Recording, before: list[ndarray], inputs: list[ndarray]) -> None:
    """Raise CaptureRefused if the two recordings differ by more than a replay can set."""
    if first.reads or second.reads:
        raise CaptureRefused("the step reads a result back: return it, and read it outside")
    shapes = [[(x.shape, x.dtype) for x in xs] for xs in (before, inputs)]
    if shapes[0] != shapes[1]:
        raise CaptureRefused(f"its arguments changed from {shapes[0]} to {shapes[1]}")
    if first.writes != second.writes:
        raise CaptureRefused(
            "the step copies data to the device that changes from call to call: pass it as an argument"
        )
    if len(first.host_reads) != len(second.host_reads):
        raise CaptureRefused(
            f"the step read {len(first.host_reads)} host scalars (such as learning rates), then "
            f"{len(second.host_reads)}"
        )
    place = {id(n): at for recording in (first, second) for at, n in enumerate(recording.host_scalars())}
    for one, other in zip(first.runs, second.runs, strict=False):
        if one.pipeline != other.pipeline or one.groups != other.groups:
            raise CaptureRefused(
                f"the step ran different kernels the second time: first {one.name}, then {other.name}"
            )
        for a, b in zip(one.parameters, other.parameters, strict=True):
            if isinstance(a, Word) and isinstance(b, Word):
                same = place[id(a.number)] == place[id(b.number)]
            else:
                same = a == b
            if not same:
                raise CaptureRefused(f"a number or a size that {one.name} takes changed from call to call")
    if len(first.runs) != len(second.runs) or len(first.made) != len(second.made):
        raise CaptureRefused(f"the step ran {len(first.runs)} kernels, then {len(second.runs)}")


def _states(
    first: Recording, second: Recording, before: list[ndarray], inputs: list[ndarray]
) -> dict[Buffer, Buffer]:
    """For each array of the step's state: the buffer that the second step read, and the one that it wrote."""
    made_first = {buffer: k for k, buffer in enumerate(first.made)}
    made_second = set(second.made)
    given = {x.buffer: y.buffer for x, y in zip(before, inputs, strict=True)}
    states: dict[Buffer, Buffer] = {}
    for one, other in zip(first.runs, second.runs, strict=True):
        for a, b in zip(one.buffers, other.buffers, strict=True):
            if b in made_second or a is b:  # of the step itself, or a constant
                continue
            if a in given and given[a] is b:
                continue
            if b not in made_first:
                raise CaptureRefused(
                    f"{one.name} reads an array that changes from call to call: pass it as an argument"
                )
            states[b] = second.made[made_first[b]]
    return states


def _copied(result: Any) -> Any:
    """Copies of the results, as a replay writes to the recorded arrays."""
    return _each(result, lambda x: x.copy())


def _each(result: Any, f: Callable[[ndarray], ndarray]) -> Any:
    """The results with f applied to each array."""
    if isinstance(result, ndarray):
        return f(result)
    if isinstance(data := getattr(result, "data", None), ndarray):  # a Variable
        return type(result)(f(data))
    if isinstance(result, Mapping):
        return {key: _each(part, f) for key, part in result.items()}
    if isinstance(result, tuple) and hasattr(result, "_fields"):  # a namedtuple
        return type(result)(*(_each(part, f) for part in result))
    if isinstance(result, tuple | list):
        return type(result)(_each(part, f) for part in result)
    return result
