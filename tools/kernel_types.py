"""Check that no argument or result of a kernel call in pyconvlite/functions/ has type Any in mypy.

Usage: python -m tools.kernel_types
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

FUNCTIONS = Path("pyconvlite/functions")
ANY = re.compile(r'^(.+?):(\d+): error: Expression has type "Any"')


def lines_with_any() -> set[tuple[str, int]]:
    """Return (file, line) of each expression of type Any."""
    command = [sys.executable, "-m", "mypy", "--disallow-any-expr", "--cache-dir", ".mypy_cache/any-expr"]
    command.append(str(FUNCTIONS))
    report = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    if not (found := {(m[1], int(m[2])) for m in map(ANY.match, report.splitlines()) if m}):
        raise SystemExit(f"kernel_types: mypy reported no Any at all, which cannot be:\n{report[-2000:]}")
    return found


def kernel_calls(source: str) -> list[ast.Call]:
    """Return the calls `kernels(x).name(...)` of a module, and `k.name(...)` after `k = kernels(x)`."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and re.match(r"kernels\(|k$", ast.unparse(node.func.value))
    ]


def main() -> int:
    """Print each call with an Any; return the exit status."""
    found, calls, faults = lines_with_any(), 0, 0
    for path in sorted(FUNCTIONS.glob("*.py")):
        for call in kernel_calls(path.read_text("utf-8")):
            calls += 1
            lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
            if any((str(path), line) in found for line in lines):
                faults += 1
                print(f"{path}:{call.lineno}: an expression of type Any in {ast.unparse(call)}")
    print(f"{calls} kernel calls, {faults} with an expression of type Any")
    return 1 if faults or not calls else 0


if __name__ == "__main__":
    sys.exit(main())
