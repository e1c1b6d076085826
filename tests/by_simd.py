"""For modules whose tests the SIMD kernels serve: where they cannot run, all of it is skipped at once."""

import pytest
from simd import ELSEWHERE, WHY

if ELSEWHERE:
    pytest.skip(WHY, allow_module_level=True)

# The fixture fails where the kernels do not load: nothing passes by NumPy alone.
by_simd = pytest.mark.usefixtures("simd")
