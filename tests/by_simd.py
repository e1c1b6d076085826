"""For test modules of the SIMD kernels: importing this skips them where the kernels cannot run."""

import pytest
from simd import ELSEWHERE, WHY

if ELSEWHERE:
    pytest.skip(WHY, allow_module_level=True)

# The fixture fails if the kernels do not load, so that no test passes with NumPy's.
by_simd = pytest.mark.usefixtures("simd")
