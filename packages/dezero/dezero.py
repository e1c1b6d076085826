"""`import dezero` finds pyconvlite, or else the dezero that you write yourself while you read the book."""

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

# The book's programs append the folder of your own dezero to sys.path, where it would come after this file.
_elsewhere = [
    folder
    for folder in sys.path
    if Path(folder).name not in ("site-packages", "dist-packages")
    and Path(folder).resolve() != Path(__file__).resolve().parent
]
_own = PathFinder.find_spec("dezero", _elsewhere)
del sys.modules[__name__]
# A folder without __init__.py has no origin; a module without a folder may be a copy of this file.
if _own and _own.origin and _own.loader and _own.submodule_search_locations:
    sys.modules["dezero"] = importlib.util.module_from_spec(_own)
    _own.loader.exec_module(sys.modules["dezero"])
else:
    import pyconvlite.dezero  # noqa: F401 - it puts itself into sys.modules
