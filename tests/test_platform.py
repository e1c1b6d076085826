"""_platform/: two modules with the same names, and nothing else that depends on the platform."""

import ast
import asyncio
import importlib.resources
import sys
from pathlib import Path

import pytest
from shorthands import sources

import pyconvlite
from pyconvlite import _platform
from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu import device

FILES = importlib.resources.files(pyconvlite)
IN_PYODIDE = sys.platform == "emscripten"


def signatures(name):
    """Public names of a module, and the arguments of those that are functions."""
    tree = ast.parse(FILES.joinpath("_platform", name).read_text("utf-8"))
    functions = {
        n.name: len(n.args.args) for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"
    }
    constants = {
        n.targets[0].id: None for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id != "T"
    }
    return functions | constants


def test_platform_modules_have_the_same_interface():
    assert signatures("_cpython.py") == signatures("_pyodide.py")
    assert set(signatures("_cpython.py")) == set(_platform.__all__)


@pytest.mark.cpython
def test_only_platform_imports_pyodide():
    found = []
    for name, tree in sources().items():
        for node in ast.walk(tree):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(
                module.split(".")[0] in {"js", "pyodide", "pyodide_js", "pyconvlite_bridge"}
                for module in imported
            ):
                found.append(name)
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.platform":
                found.append(name)
    assert set(found) <= {"_platform/__init__.py", "_platform/_cpython.py", "_platform/_pyodide.py"}
    assert "_platform/_pyodide.py" in found


def test_platform_is_detected():
    assert sys.platform == _platform.NAME
    assert _platform.IN_PYODIDE == IN_PYODIDE


@pytest.mark.skipif(IN_PYODIDE, reason="there is an engine")
class TestOnCPython:
    def test_no_javascript_engine(self):
        assert not _platform.validates(b"\0asm\1\0\0\0")
        assert _platform.gpu() is None
        assert not _platform.is_insecure()
        with pytest.raises(RuntimeError, match="not run in a JavaScript runtime"):
            _platform.load_script("open", Path())

    def test_wait_for_a_coroutine(self):
        async def seven():
            return 7

        assert _platform.can_run_sync()
        assert _platform.run_sync(seven()) == 7

    def test_no_waiting_inside_an_event_loop(self, monkeypatch):
        async def cell():
            webgpu.init_sync()

        monkeypatch.setattr(_platform, "IN_PYODIDE", True)
        with pytest.raises(device.WebGPUUnavailable, match="an event loop runs"):
            asyncio.run(cell())

    @pytest.mark.parametrize(
        ("insecure", "code"), [(True, "insecure-page"), (False, "no-webgpu")], ids=["http", "old browser"]
    )
    def test_a_browser_without_webgpu(self, monkeypatch, insecure, code):
        """WebGPU's messages for browsers are tested where there is none."""
        monkeypatch.setattr(_platform, "IN_PYODIDE", True)
        monkeypatch.setattr(_platform, "is_insecure", lambda: insecure)
        with pytest.raises(device.WebGPUUnavailable) as caught:
            webgpu.init_sync()
        assert caught.value.code == code

    def test_no_adapter(self, monkeypatch):
        async def refuses(gpu, preference):
            raise ValueError("Error: none here")

        monkeypatch.setattr(_platform, "IN_PYODIDE", True)
        monkeypatch.setattr(_platform, "gpu", object)
        monkeypatch.setattr(_platform, "load_script", lambda name, script: refuses)
        with pytest.raises(device.WebGPUUnavailable, match="no adapter") as caught:
            webgpu.init_sync()
        assert caught.value.code == "no-adapter"

    def test_a_policy_without_eval(self, monkeypatch):
        def load_script(name, script):
            raise RuntimeError("bridge.js cannot be evaluated: EvalError: forbidden")

        monkeypatch.setattr(_platform, "IN_PYODIDE", True)
        monkeypatch.setattr(_platform, "gpu", object)
        monkeypatch.setattr(_platform, "load_script", load_script)
        with pytest.raises(device.WebGPUUnavailable, match=r"^bridge.js cannot be evaluated") as caught:
            webgpu.init_sync()
        assert caught.value.code == "no-script"


@pytest.mark.skipif(not IN_PYODIDE, reason="there is no engine")
def test_load_script_where_a_policy_forbids_eval(monkeypatch):
    import pyodide.code

    run_js = pyodide.code.run_js
    monkeypatch.setattr(pyodide.code, "run_js", lambda text: run_js("throw new EvalError('forbidden')"))
    with pytest.raises(RuntimeError, match=r"^bridge.js cannot be evaluated: EvalError: forbidden"):
        _platform.load_script("open", device.FOLDER / "bridge.js")
