"""DeZero's module path for the convolution family: `functions/columns.py`, `conv.py` and `pooling.py`."""

from .functions.columns import *  # noqa: F403
from .functions.conv import *  # noqa: F403
from .functions.pooling import *  # noqa: F403
