"""Settings of the suite: how hard hypothesis looks, and what is left out inside Pyodide."""

import sys

import pytest
from hypothesis import HealthCheck, settings

from pyconvlite import backends

IN_PYODIDE = sys.platform == "emscripten"

settings.register_profile(
    "pyconvlite",
    max_examples=25 if IN_PYODIDE else 200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pyconvlite")


@pytest.fixture
def simd():
    """Have the SIMD kernels serve, whatever PYCONVLITE_BACKEND says; fail where they do not load."""
    with backends.use("simd"):
        yield


def pytest_collection_modifyitems(items):
    if IN_PYODIDE:
        for item in items:
            if item.get_closest_marker("cpython"):
                item.add_marker(pytest.mark.skip(reason="needs processes, threads or more memory than here"))
