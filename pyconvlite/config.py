"""Settings of the engine: graph recording, and training or inference mode."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar, copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


# The innermost block: its value, an object that identifies it, and the block around it. Outside of blocks the
# process's default, in a list that an assignment changes.
Local = ContextVar[Sequence[Any]]

_local: dict[str, Local] = {}


class _Setting:
    """An attribute of Config: the process's default, and the values that blocks set, by thread and task."""

    def __init__(self, default: bool) -> None:
        self.initial, self.default = default, [default]

    def __set_name__(self, owner: type, name: str) -> None:
        self.local = _local[name] = ContextVar(name, default=self.default)

    def __get__(self, config: object, owner: type) -> bool:
        return self.local.get()[0]  # type: ignore[no-any-return]

    def __set__(self, config: object, value: bool) -> None:
        self.default[0] = bool(value)

    def __delete__(self, config: object) -> None:  # called by tools that patch attributes of a class
        self.default[0] = self.initial


class _Settings(type):
    enable_backprop = _Setting(True)
    train = _Setting(True)


class Config(metaclass=_Settings):
    """Settings of the engine; `using_config` changes one temporarily.

    Assigning to an attribute sets the process's default. A `with` block of `using_config`, `no_grad` or
    `test_mode` overrides it for the current thread and asyncio task alone, and for tasks created in the
    block. A new thread starts with the default.

    Attributes:
        enable_backprop: whether Functions record the graph that `backward` needs.
        train: whether dropout and batch normalization are in training mode.

    Example:
        >>> Config.enable_backprop, Config.train
        (True, True)
    """


def local_of(name: str) -> Local:
    """The context variable of an attribute of Config: `local_of(name).get()[0]` is its value, found fast.

    Raises:
        AttributeError: Config has no attribute `name`.

    Example:
        >>> local_of("train").get()[0]
        True
    """
    if name not in _local:
        raise AttributeError(f"Config has no attribute {name!r}; it has {' and '.join(_local)}")
    return _local[name]


@contextlib.contextmanager
def using_config(name: str, value: Any) -> Iterator[None]:
    """Change one attribute of Config within a `with` block, for this thread and task (book step 18).

    Use the returned context manager, like those of `no_grad()` and `test_mode()`, for one block only. It can
    also decorate a function. It has no effect on a generator or coroutine function, whose body runs later.

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
    local, block = local_of(name), object()
    try:
        try:
            local.set((bool(value), block, local.get()))
            yield
        finally:
            _leave(local, block)
    finally:
        _leave(local, block)  # again: a KeyboardInterrupt may have come before the line above


def _leave(local: Local, block: object) -> None:
    blocks = local.get()
    without = _without(blocks, block)
    if without is not blocks:  # the same if an interrupted block is closed later, in another context
        local.set(without)


def _without(blocks: Sequence[Any], block: object) -> Sequence[Any]:
    """The blocks without one, which need not be the innermost: blocks of generators can overlap."""
    if len(blocks) == 1:
        return blocks
    value, innermost, outer = blocks
    if innermost is block:
        return outer  # type: ignore[no-any-return]
    rest = _without(outer, block)
    return blocks if rest is outer else (value, innermost, rest)


def call_with_config(name: str, value: Any, f: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return `f(*args, **kwargs)`, called with one attribute of Config changed.

    The change is made in a copy of the current context, so that nothing needs to be restored, and a
    KeyboardInterrupt at any place leaves no trace.

    Raises:
        AttributeError: Config has no attribute `name`.

    Example:
        >>> call_with_config("train", False, lambda: Config.train), Config.train
        (False, True)
    """
    context = copy_context()
    context.run(local_of(name).set, (bool(value),))
    return context.run(f, *args, **kwargs)


def no_grad() -> contextlib.AbstractContextManager[None]:
    """Disable graph recording within a `with` block, which saves memory and time.

    A result of the block has no graph, so its `backward` computes no gradients of leaves.

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
