"""What of the suite runs in the browser's own Python: the tests of the SIMD kernels and of WebGPU."""

from __future__ import annotations

from inside import ROOT, passed_inside
from playwright.sync_api import Page


def test_simd(blank: Page) -> None:
    names = sorted(f"tests/{path.name}" for path in (ROOT / "tests").glob("test_simd_*.py"))
    assert passed_inside(blank, *names) > 1_000  # each of both variants of the kernels


def test_webgpu(blank_with_webgpu: Page) -> None:
    assert passed_inside(blank_with_webgpu, "tests/gpu") > 100
