"""Convolution and pooling functions under DeZero's module path."""

from .functions.columns import *  # noqa: F403
from .functions.conv import *  # noqa: F403
from .functions.pooling import *  # noqa: F403
