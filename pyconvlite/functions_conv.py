"""DeZero's module path for the convolution family, which lives in `functions/conv.py` and `pooling.py`."""

from .functions.conv import *  # noqa: F403
from .functions.pooling import *  # noqa: F403
