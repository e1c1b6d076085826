"""What `pyodide_node.mjs` runs inside Pyodide: pytest, with asyncio adapted for pytest-asyncio."""

import asyncio
import os
import warnings
from typing import Any

import pytest


class Runner:
    """Replace `asyncio.Runner`, which refuses to run while a loop is running: Pyodide's always is."""

    def __init__(self, *, debug: bool | None = None, loop_factory: Any = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._others = asyncio.all_tasks(self._loop)

    def __enter__(self) -> "Runner":
        """Enter; there is nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return Pyodide's one loop."""
        return self._loop

    def run(self, coro: Any, *, context: Any = None) -> Any:
        """Run a coroutine to its end, while JavaScript's event loop continues (JSPI)."""
        return self._loop.run_until_complete(self._loop.create_task(coro, context=context))

    def close(self) -> None:
        """Cancel the tasks that were started here and are still running."""
        left = asyncio.all_tasks(self._loop) - self._others
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


class Quiet:
    """Silence a warning of pytest-asyncio for users who do not use it."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        """Ignore its warning about a setting that is not set."""
        warnings.filterwarnings("ignore", ".*asyncio_default_fixture_loop_scope. is unset")


def main(arguments: Any) -> int:
    """Run pytest; return its exit status."""
    asyncio.Runner = Runner  # type: ignore[assignment,misc]
    # Emscripten's umask is always 0: pytest's cache folder would be writable for everyone.
    os.umask = lambda mask: 0o022
    return int(pytest.main(list(arguments), plugins=[Quiet()]))
