"""The part of the suite that runs in the browser's own Python: it depends on its engine or its WebGPU.

The tiers `node` and `webgpu` run all of it on the same Pyodide. What a browser may do otherwise: validate,
compile and compute the kernels' instructions, grow memory below NumPy's pointers, compile shaders, pass data
and errors between Python and the GPU. How Python serves layouts, dtypes and misfits, and whether C stays
within its arrays, is the same there.
"""

from __future__ import annotations

import pytest
from conftest import blank_page
from inside import passed_inside
from playwright.sync_api import Browser

SIMD = (
    "tests/test_simd_choice.py",
    "tests/test_simd_conv.py::TestMatmul",
    "tests/test_simd_memory.py::test_pointers_stay_valid_when_memory_grows",
)
MORE_SIMD = (
    "tests/test_simd_arguments.py::test_each_kernel",
    "tests/test_simd_conv.py::TestConv2d::test_difficult_shapes",
    "tests/test_simd_nonfinite.py::test_every_kernel",
    "tests/test_simd_memory.py::test_many_calls_do_not_corrupt_memory",
)
WEBGPU = tuple(f"tests/gpu/test_{name}.py" for name in ("array", "capture", "faults", "kernels", "limits"))


@pytest.mark.full
def test_simd(browser: Browser) -> None:
    with blank_page(browser) as page:
        assert passed_inside(page, *SIMD) > 20  # each of both variants of the kernels


@pytest.mark.full
def test_more_simd(browser: Browser) -> None:
    with blank_page(browser) as page:
        assert passed_inside(page, *MORE_SIMD) > 400


@pytest.mark.full
def test_webgpu(gpu_browser: Browser) -> None:
    with blank_page(gpu_browser) as page:
        assert passed_inside(page, *WEBGPU) > 200
