"""hatch_build.py: the side modules in the wheel, the same whoever builds it, wherever and whenever."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pyconvlite

node = pytest.importorskip("tools.node", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython

ROOT = Path(__file__).parents[1]
SIMD = "pyconvlite/backends/simd"
PIP = sys.executable, "-m", "pip", "--disable-pip-version-check"
MODULES = [f"{SIMD}/relaxed.wasm", f"{SIMD}/simd128.wasm"]


def copy_of_sources(folder, years_ago):
    """What a build reads, all of it so old."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pyconvlite", folder / "pyconvlite", ignore=ignored)
    shutil.copytree(ROOT / "docs", folder / "docs")
    for path in (ROOT / "hatch_build.py", ROOT / "pyproject.toml", ROOT / "LICENSE", *ROOT.glob("*.md")):
        shutil.copy(path, folder)
    for path in folder.rglob("*"):
        age = path.stat().st_mtime - years_ago * 365 * 24 * 3600
        os.utime(path, (age, age))
    return folder


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """One from each of two folders, and one from the sdist of one of them."""
    folder = tmp_path_factory.mktemp("builds")

    def run(name, *command, cwd=None):
        # A cache of its own for each build: none takes what another has compiled.
        cache = {"ZIG_GLOBAL_CACHE_DIR": str(folder / f"cache of {name}")}
        subprocess.run(command, cwd=cwd, env=os.environ | cache, check=True, capture_output=True)

    def wheel(name, source):
        made = folder / f"wheel of {name}"
        run(name, *PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", made, source)
        (path,) = made.iterdir()
        return path

    one = copy_of_sources(folder / "one", years_ago=0)
    other = copy_of_sources(folder / "in" / "a deeper" / "folder", years_ago=3)
    run("sdist", sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder / "sdist", cwd=one)
    (archive,) = (folder / "sdist").glob("*.tar.gz")
    return {
        name: wheel(name, source) for name, source in {"one": one, "other": other, "sdist": archive}.items()
    }


def side_modules(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.endswith(".wasm")}


def test_a_wheel_has_both_and_is_for_any_machine(wheels):
    for wheel in wheels.values():
        assert wheel.name == f"pyconvlite-{pyconvlite.__version__}-py3-none-any.whl"
        assert sorted(side_modules(wheel)) == MODULES


def test_the_same_bytes_from_two_folders_at_two_times(wheels):
    assert wheels["one"].read_bytes() == wheels["other"].read_bytes()
    assert side_modules(wheels["one"]) == side_modules(wheels["sdist"])


def test_the_wheel_holds_what_they_are_made_of(wheels):
    with zipfile.ZipFile(wheels["sdist"]) as archive:
        held = {Path(name).name for name in archive.namelist() if name.startswith(f"{SIMD}/")}
    assert {path.name for path in (ROOT / SIMD).iterdir() if path.suffix in (".c", ".h", ".py")} <= held


# ----------------------------------------------------------------------------------------- inside of a module

INSIDE = """
const { Module } = WebAssembly;
const module = new Module(require('node:fs').readFileSync(0));
const [dylink] = Module.customSections(module, 'dylink.0');
console.log(JSON.stringify({
  imports: Module.imports(module),
  exports: Module.exports(module).map(({ name }) => name),
  dylink: [...new Uint8Array(dylink)],
}));
"""


@pytest.fixture(scope="module", params=MODULES)
def module(request, wheels):
    """What Node finds in it: its imports and exports, and what the section dylink.0 asks of the loader."""
    command = [node.find(), "--eval", INSIDE]
    data = side_modules(wheels["one"])[request.param]
    return json.loads(subprocess.run(command, input=data, check=True, stdout=subprocess.PIPE).stdout)


def test_a_module_needs_nothing_but_memory(module):
    """No function, neither libc's nor JavaScript's: so any Pyodide can load it."""
    assert "function" not in {found["kind"] for found in module["imports"]}
    names = {(found["module"], found["name"]) for found in module["imports"]}
    places = {"memory", "__memory_base", "__table_base", "__stack_pointer", "__indirect_function_table"}
    assert {name for _, name in names} <= places
    assert ("env", "memory") in names


def test_a_module_takes_two_megabytes_at_most(module):
    MEMORY_INFO = 1
    kind, length, *numbers = module["dylink"]
    assert (kind, length) == (MEMORY_INFO, len(numbers))  # other modules needed would be a second part
    end = next(i for i, byte in enumerate(numbers) if byte < 0x80)
    assert sum((byte & 0x7F) << 7 * i for i, byte in enumerate(numbers[: end + 1])) <= 2 * 2**20  # LEB128


def test_a_module_has_what_is_called(module):
    sources = "".join(path.read_text("utf-8") for path in (ROOT / SIMD).glob("*.py"))
    called = set(re.findall(r"\blibrary\.(\w+)\(", sources)) - {"load"}
    assert len(called) > 15
    assert called <= set(module["exports"])
