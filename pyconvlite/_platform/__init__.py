"""Functions that differ between CPython and Pyodide; no other module uses `js`, `pyodide` or `sys.platform`.

`_cpython.py` and `_pyodide.py` both define:

- `NAME`: the platform, as `sys.platform` names it;
- `IN_PYODIDE`: whether Python runs in a JavaScript engine;
- `get(url)`: HTTP status of a response, its body as a stream, and whether it is known where the body ends;
- `can_run_sync()` and `run_sync(awaitable)`: whether synchronous code can wait, and waiting;
- `validates(module)`: whether the engine can run a WebAssembly module;
- `gpu()`: the browser's `navigator.gpu`, or None;
- `location()`: the address of the page or worker;
- `is_insecure()`: whether the page has no WebGPU because it is not a secure context;
- `load_script(name, script)`: the value of a backend's script, "open" of `bridge.js`, which opens a device,
  or "threads" of `threads.js`; `open_threads(threads, module)`: its workers for a side module.
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
        load_script,
        location,
        open_threads,
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
        load_script,
        location,
        open_threads,
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
    "load_script",
    "location",
    "open_threads",
    "run_sync",
    "validates",
]
