"""What `pyodide_node.mjs` runs inside Pyodide: a script, as `python SCRIPT` would."""

import runpy
import sys
import traceback
from pathlib import Path
from typing import Any


def main(arguments: Any) -> int:
    """Run the script that the first argument names; return its exit status."""
    sys.argv = list(arguments)
    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
