"""Forward hooks: functions that a Layer calls after its `forward`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

ForwardHook = Callable[[Any, tuple[Any, ...], Any], Any]  # (layer, inputs, output)


class Hooks:
    """The hooks of one layer, in order of registration; not a dict, which `walk` would search for Parameters.

    Example:
        >>> hooks = Hooks()
        >>> handle = hooks.add(lambda layer, inputs, y: y + 1)
        >>> hooks.run(None, (), 1)
        2
        >>> handle.remove()
        >>> hooks.run(None, (), 1)
        1
    """

    def __init__(self) -> None:
        self._by_handle: dict[HookHandle, ForwardHook] = {}

    def add(self, hook: ForwardHook, prepend: bool = False) -> HookHandle:
        """Register a hook, as the first one or as the last one."""
        handle = HookHandle(self)
        new = {handle: hook}
        self._by_handle = {**new, **self._by_handle} if prepend else {**self._by_handle, **new}
        return handle

    def discard(self, handle: HookHandle) -> None:
        """Remove a hook if it is still registered."""
        self._by_handle.pop(handle, None)

    def run(self, layer: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Call the hooks; return the output, or what a hook returned in its place."""
        for hook in [*self._by_handle.values()]:  # a copy, as a hook may remove itself
            replaced = hook(layer, inputs, output)
            output = output if replaced is None else replaced
        return output


class HookHandle:
    """Result of `Layer.register_forward_hook`: `remove()` ends the registration, as does the end of `with`.

    Args:
        hooks: the layer's hooks.
    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def remove(self) -> None:
        """Stop calling the hook; without effect the second time."""
        self._hooks.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
