"""Settings of the engine: whether it records graphs, and whether it trains or is in use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


class Config:
    """Settings of the engine, changed for a while by `using_config`.

    Attributes:
        enable_backprop: whether Functions remember their inputs, for `backward`.
        train: whether dropout and the like behave as in training.

    Example:
        >>> Config.enable_backprop, Config.train
        (True, True)
    """

    enable_backprop = True
    train = True


@contextlib.contextmanager
def using_config(name: str, value: Any) -> Iterator[None]:
    """Set one of Config's settings inside a `with` block (book step 18).

    Raises:
        AttributeError: Config has no such setting.

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
    """Compute without remembering the graph: less memory, no `backward`.

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
    """Let dropout and the like behave as in use, not as in training.

    Example:
        >>> with test_mode():
        ...     Config.train
        False
    """
    return using_config("train", False)


test_mode.__test__ = False  # type: ignore[attr-defined] # its name would make pytest collect it
