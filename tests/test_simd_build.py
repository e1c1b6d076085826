"""hatch_build.py: the side modules in the wheel, the same whoever builds it, wherever and whenever."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import pyconvlite

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
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    tools = folder / "tools"  # installed once for all builds; `./build.sh wheel` is tested in test_build.py
    subprocess.run([*PIP, "install", "-q", "--target", tools, *requires], check=True)

    def run(name, *command, cwd=None):
        # A cache of its own for each build: none takes what another has compiled.
        places = {"PYTHONPATH": str(tools), "ZIG_GLOBAL_CACHE_DIR": str(folder / f"cache of {name}")}
        subprocess.run(command, cwd=cwd, env=os.environ | places, check=True, capture_output=True)

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
        assert wheel.stat().st_size < 300_000
        assert sorted(side_modules(wheel)) == MODULES


def test_the_same_bytes_from_two_folders_at_two_times(wheels):
    assert wheels["one"].read_bytes() == wheels["other"].read_bytes()
    assert side_modules(wheels["one"]) == side_modules(wheels["sdist"])


def test_the_wheel_holds_what_they_are_made_of(wheels):
    with zipfile.ZipFile(wheels["sdist"]) as archive:
        held = {Path(name).name for name in archive.namelist() if name.startswith(f"{SIMD}/")}
    assert {path.name for path in (ROOT / SIMD).iterdir() if path.suffix in (".c", ".h", ".py")} <= held


# ----------------------------------------------------------------------------------------- inside of a module


class Reader:
    """Numbers, names and parts of a WebAssembly module, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def __bool__(self):
        return self.at < len(self.data)

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self):
        """LEB128."""
        value = shift = 0
        while True:
            (byte,) = self.bytes(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def part(self):
        return Reader(self.bytes(self.number()))

    def name(self):
        return self.part().data.decode()

    def skip_limits(self):
        has_most = self.number() & 1
        for _ in range(1 + has_most):
            self.number()


def sections(module):
    reader = Reader(module)
    assert reader.bytes(8) == b"\0asm\1\0\0\0"
    while reader:
        yield reader.number(), reader.part()


IMPORT, EXPORT = 2, 7
FUNCTION, TABLE, MEMORY, GLOBAL = range(4)


def imports(module):
    for number, section in sections(module):
        if number == IMPORT:
            for _ in range(section.number()):
                name, kind = (section.name(), section.name()), section.number()
                yield name, kind
                if kind == FUNCTION:
                    section.number()
                elif kind == GLOBAL:
                    section.bytes(2)
                else:
                    section.bytes(kind == TABLE)
                    section.skip_limits()


def exports(module):
    for number, section in sections(module):
        if number == EXPORT:
            for _ in range(section.number()):
                yield section.name()
                section.bytes(1)
                section.number()


def dynamic_linking(module):
    """What the section dylink.0 asks the loader for: {kind of subsection: the subsection}."""
    for number, section in sections(module):
        if number == 0 and section.name() == "dylink.0":
            return {section.number(): section.part() for _ in iter(section.__bool__, False)}
    return {}


@pytest.fixture(params=MODULES)
def module(request, wheels):
    return side_modules(wheels["one"])[request.param]


def test_a_module_needs_nothing_but_memory(module):
    """No function, neither libc's nor JavaScript's: so any Pyodide can load it."""
    found = dict(imports(module))
    assert FUNCTION not in found.values()
    places = {"memory", "__memory_base", "__table_base", "__stack_pointer", "__indirect_function_table"}
    assert {name for _, name in found} <= places
    assert ("env", "memory") in found


def test_a_module_takes_two_megabytes_at_most(module):
    MEMORY_INFO, NEEDED = 1, 2
    asked = dynamic_linking(module)
    assert asked[MEMORY_INFO].number() <= 2 * 2**20
    assert NEEDED not in asked or asked[NEEDED].number() == 0


def test_a_module_has_what_is_called(module):
    called = set(re.findall(r"\b_library\.(\w+)\(", (ROOT / SIMD / "kernels.py").read_text("utf-8")))
    assert len(called) > 15
    assert called <= set(exports(module))
