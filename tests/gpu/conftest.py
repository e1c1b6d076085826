"""The device is opened once; after each test it must still work."""

import dataclasses

import pytest

from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu.device import current


@pytest.fixture(scope="session")
def adapter():
    return webgpu.init_sync()


@pytest.fixture
def lower(adapter, monkeypatch):
    """`lower(name=number, ...)`: as if the adapter had these limits."""

    def lowered(**limits):
        info = current().info
        monkeypatch.setattr(current(), "info", dataclasses.replace(info, limits={**info.limits, **limits}))

    return lowered


@pytest.fixture(autouse=True)
def _device(adapter):
    yield
    assert webgpu.asarray([1.0]).get() == [1], "the test left the device unusable"
