"""Names that may stand where somebody types, taken from the modules and objects themselves.

Jedi would be 1.7 MB more to download, answers first after 2.5 s of Pyodide's time (this: 0.04 s), and offers
nothing that a program has not imported.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from types import ModuleType
from typing import Any

import pyconvlite

OFFERED = ("pyconvlite", "numpy", "matplotlib", "PIL")
LIGHT = ("pyconvlite", "numpy")  # may be imported for their names alone
_MISSING = object()

_FROM = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+\(?(?:[\w\s,]*,)?\s*\w*$")
_IMPORT = re.compile(r"^\s*(?:from|import)\s+(?:[\w\s.,]*,\s*)?((?:\w+\.)*)\w*$")
_DOTTED = re.compile(r"(?<![\w.)\]}'\"])((?:[^\W\d]\w*\.)+)\w*$")
_BEHIND_A_DOT = re.compile(r"\.\w*$")

MOST_LETTERS = 500  # of a name, and of what is said of it
MOST_NAMES = 2_000


def complete(code: str, position: int, variables: dict[str, Any]) -> list[dict[str, str]]:
    """Names that can stand at a position of a program.

    Args:
        code: the program, finished or not.
        position: in characters.
        variables: of the program that ran last.

    Returns:
        For each name `label`, `type` (function, class, module, property, variable), `detail`, the signature,
        and `info`, the first line of its documentation. What Python itself and the program define is not
        among them, unless it stands behind a dot.
    """
    line = code[code.rfind("\n", 0, position) + 1 : position]
    if found := _FROM.match(line):
        return _members(_module(found[1]))
    if found := _IMPORT.match(line):
        return _modules(found[1].rstrip("."))
    if found := _DOTTED.search(line):
        return _members(_resolve(found[1].rstrip(".").split("."), _known(code, variables)))
    if _BEHIND_A_DOT.search(line):  # of what is no name: nobody knows what it stands for
        return []
    return _members(pyconvlite)


def _known(code: str, variables: dict[str, Any]) -> dict[str, Any]:
    """What the names of a program stand for, as far as its imports and plain assignments tell."""
    known = dict(variables)
    for statement in _statements(code):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                module = _module(alias.name if alias.asname else alias.name.split(".")[0])
                known[alias.asname or alias.name.split(".")[0]] = module
                if not alias.asname:
                    _module(alias.name)  # a submodule becomes its package's attribute
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            for alias in statement.names:
                value = _attribute(_module(statement.module), alias.name)
                if value is _MISSING:
                    value = _module(f"{statement.module}.{alias.name}")
                known[alias.asname or alias.name] = value
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            made = _made_by(_resolve(_dotted(statement.value.func), known))
            for target in statement.targets:
                if isinstance(target, ast.Name) and target.id not in variables and made is not _MISSING:
                    known[target.id] = made
    return known


def _statements(code: str) -> list[ast.stmt]:
    """The program's imports and assignments, line by line where it is not finished."""
    try:
        return [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError, RecursionError):
        pass
    statements: list[ast.stmt] = []
    for line in code.splitlines():
        try:
            statements += ast.parse(line.strip()).body
        except (SyntaxError, ValueError, RecursionError):
            continue
    return statements


def _dotted(node: ast.expr) -> list[str]:
    """`F.relu` as its names; no names where it is anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (head := _dotted(node.value)):
        return [*head, node.attr]
    return []


def _made_by(function: Any) -> Any:
    """The class of what a call returns: a class makes its instances, a function what it promises."""
    if inspect.isclass(function):
        return function
    promised = getattr(function, "__annotations__", {}).get("return")
    if isinstance(promised, str):
        promised = getattr(inspect.getmodule(function), promised, _MISSING)
    return promised if inspect.isclass(promised) else _MISSING


def _resolve(names: list[str], known: dict[str, Any]) -> Any:
    value = known.get(names[0], _MISSING) if names else _MISSING
    for name in names[1:]:
        value = _attribute(value, name)
    return value


def _attribute(value: Any, name: str) -> Any:
    """An attribute; a property itself, without running its code. Modules may look theirs up."""
    if isinstance(value, ModuleType):
        return getattr(value, name, _MISSING)
    return inspect.getattr_static(value, name, _MISSING)


def _module(name: str) -> Any:
    """A module, if it is there already or takes little to import."""
    if name not in sys.modules and name.split(".")[0] not in LIGHT:
        return _MISSING
    try:
        return importlib.import_module(name)
    except ImportError:
        return _MISSING


def _modules(package: str) -> list[dict[str, str]]:
    if not package:
        return [_entry(name, _module(name)) for name in OFFERED]
    path = getattr(_module(package), "__path__", [])
    return [
        {"label": name, "type": "module", "detail": "", "info": ""}
        for _, name, _ in pkgutil.iter_modules(path)
        if not name.startswith("_")
    ]


def _members(value: Any) -> list[dict[str, str]]:
    if value is _MISSING or isinstance(value, property):  # what a property gives, only its code knows
        return []
    named = getattr(value, "__all__", None) if isinstance(value, ModuleType) else None
    names = named or [name for name in dir(value) if not name.startswith("_")]
    short = [name for name in names if len(name) <= MOST_LETTERS]
    return [_entry(name, _attribute(value, name)) for name in short[:MOST_NAMES]]


def _entry(name: str, value: Any) -> dict[str, str]:
    kind, detail, info = "variable", "", ""
    if isinstance(value, ModuleType):
        kind = "module"
    elif inspect.isclass(value):
        kind = "class"
    elif callable(value) or isinstance(value, staticmethod | classmethod):
        kind = "function"
    elif isinstance(value, property):
        kind = "property"
    if kind in ("class", "function"):
        detail = _signature(value)
    if kind != "variable":
        info = (inspect.getdoc(value) or "").split("\n")[0]
    return {"label": name, "type": kind, "detail": detail[:MOST_LETTERS], "info": info[:MOST_LETTERS]}


def _signature(value: Any) -> str:
    """Names and defaults of the arguments, without their types, which would fill the line."""
    try:
        signature = inspect.signature(getattr(value, "__func__", value))
    except (TypeError, ValueError):
        return ""
    arguments = [a.replace(annotation=a.empty) for a in signature.parameters.values() if a.name != "self"]
    return str(signature.replace(parameters=arguments, return_annotation=signature.empty))
