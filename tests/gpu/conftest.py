"""The device is opened once; after each test it must still work."""

import pytest

from pyconvlite.backends import webgpu


@pytest.fixture(scope="session")
def adapter():
    return webgpu.init_sync()


@pytest.fixture(autouse=True)
def _device(adapter):
    yield
    assert webgpu.asarray([1.0]).get() == [1], "the test left the device unusable"
