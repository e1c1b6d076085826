"""backends/webgpu/ without WebGPU, as on CPython and in plain Node: it raises, and nothing else changes."""

import numpy as np
import pytest

from pyconvlite import backends, cuda
from pyconvlite.backends import webgpu
from pyconvlite.layers import Linear


def test_init_names_what_is_missing():
    with pytest.raises(webgpu.WebGPUUnavailable, match=r"JavaScript runtime|navigator\.gpu"):
        webgpu.init_sync()
    assert not webgpu.is_available()
    assert not cuda.gpu_enable


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: webgpu.asarray([1.0]),
        lambda: webgpu.zeros(2),
        webgpu.memory,
        webgpu.free_pool,
        lambda: cuda.as_cupy(np.zeros(2)),
        lambda: Linear(2, in_size=3).to_gpu(),
    ],
    ids=["asarray", "zeros", "memory", "free_pool", "as_cupy", "to_gpu"],
)
def test_use_without_init_names_init(wrong):
    with pytest.raises(backends.DeviceUnavailable, match=r"init\(\)"):
        wrong()


def test_to_cpu_without_a_device():
    x = np.zeros(2)
    assert webgpu.asnumpy(x) is x
    assert backends.to_cpu(x) is x
    assert backends.get_array_module(x) is np


def test_capture_rejects_non_callables():
    with pytest.raises(TypeError, match="step must be a function; got int"):
        webgpu.capture(5)
