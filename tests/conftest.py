"""Settings of the suite: hypothesis's profiles, the options, and the tests that do not run inside Pyodide."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings
from sampling import add_options, deselect

import pyconvlite
from pyconvlite import backends
from pyconvlite.backends.simd import library

IN_PYODIDE = sys.platform == "emscripten"

settings.register_profile(
    "pyconvlite",
    max_examples=25 if IN_PYODIDE else 200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
USUAL = settings.get_profile("pyconvlite")
settings.register_profile("full", USUAL, max_examples=10 * USUAL.max_examples)
settings.register_profile("unshrunk", USUAL, phases=[Phase.explicit, Phase.generate])
settings.load_profile("pyconvlite")  # unless --hypothesis-profile names another


@pytest.fixture(scope="module", params=["relaxed", "simd128"])
def simd(request):
    """Use a variant of the SIMD kernels, whatever the environment says; fail if it does not load."""
    with pytest.MonkeyPatch.context() as patch:
        one = {request.param: library.modules()[request.param]}
        patch.setattr(library, "modules", lambda: one)
        forget_the_library()
        with backends.use("simd"):
            assert f"variant {request.param}" in backends.describe().reason
            yield
    forget_the_library()


@pytest.fixture
def drawn(monkeypatch):
    """The images that were drawn with a stand-in for matplotlib."""
    images = []
    pyplot = ModuleType("matplotlib.pyplot")
    pyplot.imshow = lambda image, **options: images.append(image)
    pyplot.axis = pyplot.show = lambda *arguments: None
    matplotlib = ModuleType("matplotlib")
    matplotlib.pyplot = pyplot
    monkeypatch.setitem(sys.modules, "matplotlib", matplotlib)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    return images


@pytest.fixture
def notebook(monkeypatch):
    """IPython, as in a notebook's kernel, without Graphviz."""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: object()))
    monkeypatch.setenv("PATH", "")


def forget_the_library():
    library._load.cache_clear()
    vars(library.library).clear()


def pytest_runtest_setup():
    """Draw the same random numbers in a test whichever others this process has run before."""
    pyconvlite.seed(0)


def pytest_addoption(parser):
    add_options(parser)
    parser.addoption("--calls", type=int, help="calls of SIMD kernels at random, for test_simd_memory.py")


def pytest_collection_modifyitems(config, items):
    deselect(config, items)
    if IN_PYODIDE:
        for item in items:
            if item.get_closest_marker("cpython"):
                item.add_marker(pytest.mark.skip(reason="not inside Pyodide, see pyproject.toml"))
