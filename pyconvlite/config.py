"""Settings of the engine: graph recording, and training or inference mode."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


class Config:
    """Global settings of the engine; `using_config` changes one temporarily.

    Attributes:
        enable_backprop: whether Functions record the graph that `backward` needs.
        train: whether dropout and batch normalization are in training mode.

    Example:
        >>> Config.enable_backprop, Config.train
        (True, True)
    """

    enable_backprop = True
    train = True


@contextlib.contextmanager
def using_config(name: str, value: Any) -> Iterator[None]:
    """Change one attribute of Config within a `with` block (book step 18).

    Args:
        name: the attribute, "enable_backprop" or "train".
        value: its value within the block.

    Raises:
        AttributeError: Config has no attribute `name`.

    Example:
        >>> with using_config("train", False):
        ...     Config.train
        False
    """
    old = getattr(Config, name)
    setattr(Config, name, value)
    try:
        yield
    finally:
        setattr(Config, name, old)


def no_grad() -> contextlib.AbstractContextManager[None]:
    """Disable graph recording within a `with` block: it saves memory, but `backward` is not possible.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import Variable
        >>> x = Variable(np.array(3.0))
        >>> with no_grad():
        ...     y = x * x
        >>> y.creator is None
        True
    """
    return using_config("enable_backprop", False)


def test_mode() -> contextlib.AbstractContextManager[None]:
    """Switch dropout and batch normalization to inference mode within a `with` block.

    Example:
        >>> with test_mode():
        ...     Config.train
        False
    """
    return using_config("train", False)


test_mode.__test__ = False  # type: ignore[attr-defined] # pytest would collect it as a test
