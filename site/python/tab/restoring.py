"""Have each program find Python as the first one did: what one has changed or left running is put back.

It is about what all programs need: names, modules, the loop, the working directory. What a program changes
within a module stays, as does what it has imported.
"""

from __future__ import annotations

import asyncio
import builtins
import os
import sys
from typing import Any

# Held here, since a program may take them away from where they are.
_names = vars(builtins)
_first_names = dict(_names)
_modules = sys.modules
_first_modules = dict(_modules)
_folder = os.getcwd()
_limit = sys.getrecursionlimit()
_sys, _os, _asyncio = sys, os, asyncio


def _running() -> Any:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:  # outside a browser
        return None


_loop = _running()
_first_of_loop = set(vars(_loop)) if _loop else set()


def restore() -> None:
    """Put all of it back."""
    _names.update(_first_names)  # first: what follows is made of them
    _modules.update(_first_modules)
    for name in [name for name, module in _modules.items() if module is None]:
        del _modules[name]  # so that it can be imported again
    _sys.modules = _modules
    _sys.settrace(None)
    _sys.setprofile(None)
    _sys.setrecursionlimit(_limit)
    _os.chdir(_folder)
    if _loop:
        for name in set(vars(_loop)) - _first_of_loop:
            delattr(_loop, name)
        _asyncio.set_event_loop(_loop)
        for task in _asyncio.all_tasks(_loop) - {_asyncio.current_task(_loop)}:
            task.cancel()
