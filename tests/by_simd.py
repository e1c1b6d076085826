"""For modules whose tests the SIMD kernels serve: where they cannot run, all of it is skipped at once."""

import sys

import pytest

if sys.platform != "emscripten":
    pytest.skip("the kernels are WebAssembly: they run inside Pyodide", allow_module_level=True)

# The fixture fails where the kernels do not load: nothing passes by NumPy alone.
by_simd = pytest.mark.usefixtures("simd")
