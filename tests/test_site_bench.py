"""The benchmark page's shares of the ceiling, computed from its measurements."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

programs = pytest.importorskip("tools.build.programs", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython  # Node runs the page's script

SOURCE = Path(__file__).parents[1] / "site" / "src" / "bench" / "ceiling.ts"

# Takes kernels with their figures, one after the other, as the page does; the ceiling and all shares of it.
PROGRAM = """
const { raised, shareOf } = await import(process.argv[1]);
const measured = JSON.parse(process.argv[2]);
let ceiling = 0;
for (const [kernel, pair] of measured) ceiling = raised(ceiling, kernel, pair);
console.log(JSON.stringify([ceiling, measured.map(([, pair]) => shareOf(pair, ceiling))]));
"""


def shares(*measured: tuple[str, float | None, float | None]) -> Any:
    """The ceiling and the shares of kernels: each its name, its GFLOP/s, and the ceiling's at that time."""
    pairs = [(kernel, {"simd": simd, "numpy": 1, "ceiling": ceiling}) for kernel, simd, ceiling in measured]
    command = [str(programs.find_node()), "--input-type=module", "--eval", PROGRAM]
    arguments = [SOURCE.as_uri(), json.dumps(pairs)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_no_matrix_product_exceeds_the_ceiling() -> None:
    """Another program has slowed each measurement of the ceiling, but not the product."""
    ceiling, (first, second) = shares(("product", 37.6, 36.3), ("product", 30, 34))
    assert ceiling == 37.6
    assert first == 1
    assert second == pytest.approx(30 / 37.6)


def test_shares_are_relative_to_the_shown_ceiling() -> None:
    ceiling, found = shares(("product", 30, 36), ("convolution", 20, 48), ("convolution", 24, 40))
    assert ceiling == 48
    assert found == pytest.approx([30 / 48, 20 / 48, 24 / 48])


def test_winograd_may_exceed_the_ceiling() -> None:
    assert shares(("product", 30, 40), ("convolution", 60, 40)) == [40, [0.75, 1.5]]


def test_no_shares_without_simd() -> None:
    assert shares(("product", None, None)) == [0, [None]]
