"""The device: opening it, its buffers and kernels, its errors.

The rest of the backend uses a `Device`: `allocate`, `write`, `read`, `run`. `bridge.js` issues the commands,
one call per kernel with numbers only.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import _platform
from ..._coded import coded
from ..devices import DeviceUnavailable

__all__ = [
    "AdapterInfo",
    "Buffer",
    "Device",
    "DeviceLost",
    "WebGPUError",
    "WebGPUUnavailable",
    "current",
    "init",
    "init_sync",
]

FOLDER = Path(__file__).parent

LABEL = -1  # reported by a kernel instead of an axis, for a label or an id


class WebGPUUnavailable(DeviceUnavailable):
    """Raised if no device can be opened; the message says what is missing and how to fix it.

    Example:
        >>> raise WebGPUUnavailable("no adapter")
        Traceback (most recent call last):
        pyconvlite.backends.webgpu.device.WebGPUUnavailable: no adapter
    """


class DeviceLost(RuntimeError):  # noqa: N818
    """Raised when a lost device, or an array on it, is used.

    `webgpu.init()` opens a new device; continue from the last copy of the data on the CPU.

    Example:
        >>> raise DeviceLost("the driver was reset")
        Traceback (most recent call last):
        pyconvlite.backends.webgpu.device.DeviceLost: the driver was reset
    """


class WebGPUError(RuntimeError):
    """Raised for an error that the device reports; the message names the kernel.

    Example:
        >>> raise WebGPUError("error in the kernel conv2d")
        Traceback (most recent call last):
        pyconvlite.backends.webgpu.device.WebGPUError: error in the kernel conv2d
    """


@dataclass(frozen=True)
class AdapterInfo:
    """Description of the adapter that `init` opened.

    Attributes:
        vendor, architecture, description: names of the adapter; the browser may leave them empty.
        fallback: whether it is a fallback adapter, which computes on the CPU.
        features: names of the device's optional features.
        limits: the device's limits, by WebGPU's names.

    Example:
        >>> AdapterInfo("google", "swiftshader", "", True, (), {}).fallback
        True
    """

    vendor: str
    architecture: str
    description: str
    fallback: bool
    features: tuple[str, ...]
    limits: dict[str, int]


class Buffer:
    """Memory on the device, a multiple of 16 bytes; it returns to the pool with its last reference."""

    __slots__ = ("bytes", "device", "id")

    def __init__(self, device: Device, size: int) -> None:
        self.device = device
        self.bytes = max(-(-int(size) // 16) * 16, 16)  # an int: JavaScript does not take NumPy integers
        self.id = device.allocate(self.bytes)
        if device.recording is not None:
            device.recording.made.append(self)

    def __del__(self) -> None:
        if hasattr(self, "id"):
            self.device.release(self.id)


class Device:
    """An open device.

    Args:
        bridge: object that `bridge.js` returns.
        dtype: float32 or float16, the default of floats on this device.
    """

    def __init__(self, bridge: Any, dtype: np.dtype[Any]) -> None:
        self._bridge = bridge
        self.dtype = dtype
        self._enabled = "enable f16;\n" if dtype == np.float16 else ""
        info = json.loads(bridge.info)
        self.info = AdapterInfo(**{**info, "features": tuple(info["features"])})
        # Looked up once, since looking up an attribute in JavaScript takes longer than the call.
        self._run = bridge.run
        self._allocate = bridge.allocate
        self._release = bridge.release
        self._pipelines: dict[Any, int] = {}
        self._names: dict[int, str] = {}
        self.recording: Any = None  # the Recording of a step that is being captured, see capture.py
        self.faults = Buffer(self, 16)  # where kernels report indexes out of bounds, see `_check`

    @property
    def largest(self) -> int:
        """Size in bytes of the largest possible Buffer."""
        limits = self.info.limits
        return min(limits["maxStorageBufferBindingSize"], limits["maxBufferSize"]) // 16 * 16

    def allocate(self, size: int) -> int:
        """Allocate a buffer of `size` bytes; `Buffer` releases it."""
        if size > self.largest:
            large = ValueError(
                f"an array of {size:,} bytes is larger than this adapter can bind, {self.largest:,}; "
                "use smaller batches"
            )
            raise coded(large, "array-too-large", size=f"{size:,}", most=f"{self.largest:,}")
        return int(self._call(self._allocate, size))

    def release(self, buffer: int) -> None:
        """Return a buffer to the pool."""
        self._release(buffer)

    def write(self, buffer: Buffer, data: Any) -> None:
        """Copy bytes, an object with the buffer protocol, to the device."""
        if self.recording is not None:
            self.recording.writes.append(bytes(data))
        self._call(self._bridge.write, buffer.id, data)

    async def read(self, buffer: Buffer, offset: int, size: int) -> bytes:
        """Copy bytes from the device; the offset is a multiple of 4.

        Raises:
            IndexError, ValueError: an index or a label of a kernel since the last copy was out of range.
        """
        if self.recording is not None:
            self.recording.reads += 1
        whole = -(-size // 4) * 4
        try:
            data = (await self._bridge.read(buffer.id, offset, whole, self.faults.id)).to_bytes()
        except Exception as error:
            if (translated := _translated(error)) is None:
                raise
            raise translated from error
        self._check(data[whole:])
        return bytes(data[:size])

    def _check(self, faults: bytes) -> None:
        """Raise the error that kernels reported since the last copy from the device, if any."""
        count, kind, index, length = struct.unpack("<4i", faults)
        if not count:
            return
        self.write(self.faults, bytes(len(faults)))
        when = "it was found by an operation that ran since the last copy from the device"
        if kind == LABEL:
            raise ValueError(f"labels and ids must be in 0..{length - 1}; got {index}: {when}")
        raise IndexError(f"index {index} is out of bounds for axis {kind} with size {length}: {when}")

    def read_sync(self, buffer: Buffer, offset: int, size: int) -> bytes:
        """Copy bytes from the device, waiting for it.

        Raises:
            RuntimeError: this runtime cannot wait.
        """
        if not _platform.can_run_sync():
            raise RuntimeError(
                "this runtime cannot wait for the device (it lacks JSPI, or Python was not started with "
                "runPythonAsync); use `await webgpu.asnumpy_async(x)`"
            )
        return _platform.run_sync(self.read(buffer, offset, size))

    def pipeline(self, name: str, code: str, access: str) -> int:
        """Compile a kernel, once; see `bridge.js`.

        Raises:
            ValueError: the kernel binds more arrays than the device allows.
        """
        most = self.info.limits["maxStorageBuffersPerShaderStage"]
        if len(access) > most:
            raise ValueError(f"the kernel {name} binds {len(access)} arrays; this adapter can bind {most}")
        key = name, code, access
        if key not in self._pipelines:
            self._pipelines[key] = int(self._call(self._bridge.pipeline, name, self._enabled + code, access))
            self._names[self._pipelines[key]] = name
        return self._pipelines[key]

    def run(
        self, pipeline: int, groups: tuple[int, int, int], buffers: list[Buffer], parameters: list[int]
    ) -> None:
        """Run a kernel; parameters are integers of 32 bits."""
        for buffer in buffers:
            if buffer.device is not self:
                gone = DeviceLost("an array belongs to a device that is gone; load it from the CPU again")
                raise coded(gone, "array-lost")
        if self.recording is not None:
            self.recording.record(self._names[pipeline], pipeline, groups, buffers, parameters)
        self._call(self._run, pipeline, *groups, *[b.id for b in buffers], *map(int, parameters))

    # -- captured steps, see capture.py

    def begin_capture(self) -> int:
        """Begin a list of commands that can be replayed; returns its number."""
        return int(self._call(self._bridge.beginCapture))

    def capture_copy(self, capture: int, source: Buffer, target: Buffer) -> None:
        """Add a copy, which runs before all kernels."""
        self._call(self._bridge.captureCopy, capture, source.id, target.id, source.bytes)

    def capture_run(
        self,
        capture: int,
        pipeline: int,
        groups: tuple[int, int, int],
        buffers: list[Buffer],
        parameters: list[int],
    ) -> None:
        """Add a kernel's run."""
        ids = [b.id for b in buffers]
        self._call(self._bridge.captureRun, capture, pipeline, *groups, *ids, *map(int, parameters))

    def end_capture(self, capture: int, places: list[tuple[int, int]]) -> None:
        """End the list. `places` are the indexes (run, parameter) of the parameters that each replay sets."""
        self._call(self._bridge.endCapture, capture, *[number for place in places for number in place])

    def replay(self, capture: int, words: list[int], inputs: list[tuple[Buffer, int, Buffer, int]]) -> None:
        """Copy `inputs`, each (source, offset, target, bytes); run the list with `words` at its places."""
        numbers = [n for source, offset, target, size in inputs for n in (source.id, offset, target.id, size)]
        self._call(self._bridge.replay, capture, *words, *numbers)

    def drop_capture(self, capture: int) -> None:
        """Delete a list of commands."""
        self._bridge.dropCapture(capture)

    def memory(self) -> dict[str, int]:
        """Bytes and counts; see `webgpu.memory`."""
        counts = self._bridge.counts
        return {
            name: int(getattr(counts, name)) for name in ("live", "pooled", "peak", "reads", "dispatches")
        }

    def free_pool(self) -> None:
        """Free the released buffers."""
        self._call(self._bridge.freePool)

    def is_lost(self) -> bool:
        """Whether calls raise DeviceLost."""
        return bool(self._bridge.lost)

    def destroy(self) -> None:
        """Close the device; its arrays are lost."""
        self._bridge.destroy()

    def _call(self, function: Any, *args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:
            if (translated := _translated(error)) is None:
                raise
            raise translated from error


def _translated(error: Exception) -> Exception | None:
    """This module's exception for one from JavaScript; None for others."""
    if type(error).__name__ != "JsException":
        return None
    message = str(error).removeprefix("Error: ")
    if message.startswith("device lost: "):
        lost = DeviceLost(
            f"{message}; webgpu.init() opens a new one; continue from the last copy of the data on the CPU"
        )
        return coded(lost, "device-lost", reason=message.removeprefix("device lost: "))
    return coded(WebGPUError(message), "device-error", reason=message)


_current: Device | None = None


def current() -> Device:
    """The open device.

    Raises:
        WebGPUUnavailable: `init` was not called.
    """
    if _current is None:
        closed = WebGPUUnavailable("there is no device yet; call `await webgpu.init()` first")
        raise coded(closed, "gpu-closed")
    return _current


def recording() -> Any:
    """The Recording of a step that is being captured, see `capture.py`; None outside of `capture`."""
    return _current and _current.recording


async def init(power_preference: str | None = None, dtype: Any = np.float32) -> AdapterInfo:
    """Open a device; arrays created from now on are on it.

    Args:
        power_preference: "low-power" or "high-performance", a hint if there are several adapters.
        dtype: "float32"; or "float16", which stores a model and its data in half the memory: `asarray` and
            `to_gpu` convert floats to float16 unless given np.float32. Kernels still compute in float32, and
            optimizers keep float32 state. float16 has three digits and a maximum of 65504; gradients below
            6e-8 become 0. To avoid this, multiply the loss by 1000, and with SGD or MomentumSGD divide the
            rate by it; the others adapt.

    Raises:
        ValueError: `dtype` is not supported.
        WebGPUUnavailable: there is no device, or none with float16; the message says what is missing.

    Example:
        >>> import asyncio
        >>> asyncio.run(init())
        Traceback (most recent call last):
        pyconvlite.backends.webgpu.device.WebGPUUnavailable: this ...
    """
    global _current
    floats = np.dtype(dtype)
    if floats not in (np.float32, np.float16):
        raise ValueError(f"dtype must be float32 or float16; got {floats}")
    if not _platform.IN_PYODIDE:
        elsewhere = WebGPUUnavailable(
            "this Python does not run in a JavaScript runtime; WebGPU needs Pyodide, in a browser or Node"
        )
        raise coded(elsewhere, "no-javascript")
    gpu = _platform.gpu()
    if gpu is None:
        if _platform.is_insecure():
            insecure = WebGPUUnavailable("this page is not secure; WebGPU needs https:// or localhost")
            raise coded(insecure, "insecure-page")
        absent = WebGPUUnavailable(
            "this runtime has no navigator.gpu; use Chrome, Edge, Safari 26 or Firefox 141 or newer, or "
            "under Node the npm package `webgpu`"
        )
        raise coded(absent, "no-webgpu")
    try:
        open_device = _platform.load_script("open", FOLDER / "bridge.js")
    except RuntimeError as error:
        raise coded(WebGPUUnavailable(str(error)), "no-script", reason=error) from error
    try:
        bridge = await open_device(gpu, power_preference)
    except Exception as error:
        reason = str(error).removeprefix("Error: ")
        unopened = WebGPUUnavailable(
            f"there is no adapter to open ({reason}); see chrome://gpu, update "
            "the graphics driver, or start Chromium with --enable-unsafe-webgpu to compute on the CPU"
        )
        raise coded(unopened, "no-adapter", reason=reason) from error
    device = Device(bridge, floats)
    if floats == np.float16 and "shader-f16" not in device.info.features:
        device.destroy()
        without = WebGPUUnavailable(
            "this adapter has no float16 (the feature shader-f16); open it with float32, webgpu.init()"
        )
        raise coded(without, "no-float16")
    _current = device
    return _current.info


def init_sync(power_preference: str | None = None, dtype: Any = np.float32) -> AdapterInfo:
    """`init` where Python can wait for JavaScript.

    Raises:
        WebGPUUnavailable: there is no device, or Python cannot wait.

    Example:
        >>> init_sync()
        Traceback (most recent call last):
        pyconvlite.backends.webgpu.device.WebGPUUnavailable: this ...
    """
    if not _platform.can_run_sync():
        error = WebGPUUnavailable(
            "Python cannot wait for a device here (the runtime lacks JSPI, or an event loop runs); use "
            "`await webgpu.init()`"
        )
        raise coded(error, "no-jspi")
    return _platform.run_sync(init(power_preference, dtype))
