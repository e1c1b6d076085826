"""What the notebooks' kernel does otherwise than JupyterLite's; kernel.mjs runs this before it is imported.

- Of thousands of prints many are sent in one message. JupyterLite sends one for each write, and the page
  takes the longer for one the more there were. What comes last may wait for the end of the cell.
- A cell with magics, such as `%matplotlib inline`, gets the packages that it imports.
- tqdm starts no thread: a browser's Python has none.
"""

import builtins
import sys
import time
from importlib.abc import MetaPathFinder
from importlib.util import find_spec

AT_ONCE = 200  # writes that are sent as they come; a print is two
EACH_SECOND = 20  # of those that come faster


def gather_writes(display):
    """Have the streams of pyodide_kernel.display gather what is written too fast."""
    streams = []

    class Stream(display.LiteStream):
        def __init__(self, name):
            super().__init__(name)
            self.kept, self.allowed, self.last = [], AT_ONCE, time.monotonic()
            streams.append(self)

        def write(self, text):
            if not isinstance(text, str):
                raise TypeError(f"write() argument must be str, not {type(text).__name__}")
            now = time.monotonic()
            self.allowed = min(AT_ONCE, self.allowed + (now - self.last) * EACH_SECOND)
            self.last = now
            self.kept.append(text)
            if self.allowed >= 1:
                self.allowed -= 1
                for other in streams:  # each stays in its order
                    if other is not self:
                        other.flush()
                self.flush()
            return len(text)

        def flush(self):
            if self.kept:
                super().write("".join(self.kept))
                del self.kept[:]

    def after_writes(method):
        def flushing(*args, **kwargs):
            for stream in streams:
                stream.flush()
            return method(*args, **kwargs)

        return flushing

    display.LiteStream = Stream
    display.after_writes = after_writes
    for name in ("publish", "clear_output"):
        setattr(display.LiteDisplayPublisher, name, after_writes(getattr(display.LiteDisplayPublisher, name)))


def without_magics(code):
    """The cell as Python, for a search of its imports."""
    from IPython.core.inputtransformer2 import TransformerManager

    if code.lstrip().startswith("%%"):
        code = code.lstrip().partition("\n")[2]
    return TransformerManager().transform_cell(code)


def amend_kernel(kernel):
    """Have the kernel find imports beside magics, and show all that a cell has written at its end."""
    load, run = kernel._load_packages_from_imports, kernel.PyodideKernel.run

    async def run_to_its_end(self, code):
        after_writes = sys.modules["pyodide_kernel.display"].after_writes
        ask, builtins.input = builtins.input, after_writes(builtins.input)
        try:
            return await run(self, code)
        finally:
            builtins.input = ask
            after_writes(lambda: None)()

    kernel._load_packages_from_imports = lambda code: load(without_magics(code))
    kernel.PyodideKernel.run = run_to_its_end


def without_monitor(tqdm):
    """Have tqdm's bars do without a thread."""
    tqdm.tqdm.monitor_interval = 0


class Amending(MetaPathFinder):
    """Imports modules as the others do, and amends them."""

    def __init__(self, amendments):
        self.amendments = amendments

    def find_spec(self, name, path=None, target=None):
        """The others' spec, whose loader amends the module."""
        amend = self.amendments.pop(name, None)
        if amend is None:
            return None
        try:
            spec = find_spec(name)  # by the others, while the name is not here
        finally:
            self.amendments[name] = amend
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            if self.amendments.pop(name, None):
                amend(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(
    0,
    Amending(
        {
            "pyodide_kernel.display": gather_writes,
            "pyodide_kernel.kernel": amend_kernel,
            "tqdm": without_monitor,
        }
    ),
)
