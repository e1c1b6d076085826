"""What differs between CPython and Pyodide, chosen once; nothing else asks `js`, `pyodide` or `sys.platform`.

`_cpython.py` and `_pyodide.py` have the same names:

- `NAME`: the platform, as `sys.platform` names it;
- `IN_PYODIDE`: whether Python runs in a JavaScript engine;
- `get(url)`: HTTP status and contents of a file;
- `can_run_sync()` and `run_sync(awaitable)`: whether synchronous code can wait here, and the waiting;
- `validates(module)`: whether the engine can run a WebAssembly module;
- `gpu()` and `is_insecure()`: the browser's `navigator.gpu`, and whether the page is barred from it;
- `load_bridge(source)`: the function of the WebGPU backend's `bridge.js` that opens a device.
"""

import sys

if sys.platform == "emscripten":
    from ._pyodide import (
        IN_PYODIDE,
        NAME,
        can_run_sync,
        get,
        gpu,
        is_insecure,
        load_bridge,
        run_sync,
        validates,
    )
else:
    from ._cpython import (
        IN_PYODIDE,
        NAME,
        can_run_sync,
        get,
        gpu,
        is_insecure,
        load_bridge,
        run_sync,
        validates,
    )

__all__ = [
    "IN_PYODIDE",
    "NAME",
    "can_run_sync",
    "get",
    "gpu",
    "is_insecure",
    "load_bridge",
    "run_sync",
    "validates",
]
