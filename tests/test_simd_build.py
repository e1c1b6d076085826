"""hatch_build.py: the side modules in the wheel, whose build is reproducible."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import pyconvlite
from pyconvlite.backends.simd import library

node = pytest.importorskip("tools.node", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython

ROOT = Path(__file__).parents[1]
SIMD = "pyconvlite/backends/simd"
PIP = sys.executable, "-m", "pip", "--disable-pip-version-check"


def copy_of_sources(folder, years_ago):
    """Copy what a build reads, with older times of change."""
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
def build(tmp_path_factory):
    """`build(name, *command)` runs a command that builds into a folder of that name."""
    folder = tmp_path_factory.mktemp("builds")

    def build(name, *command, cwd=None):
        # One cache per build, so that none uses what another has compiled.
        cache = {"ZIG_GLOBAL_CACHE_DIR": str(folder / f"cache of {name}")}
        made = folder / f"made of {name}"
        subprocess.run([*command, made], cwd=cwd, env=os.environ | cache, check=True, capture_output=True)
        (path,) = made.iterdir()
        return path

    return build


WHEEL = (*PIP, "wheel", "--no-deps", "--no-build-isolation")
SDIST = (sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d")


@pytest.fixture(scope="module")
def wheel():
    """What `./build.sh wheel` makes."""
    subprocess.run([ROOT / "build.sh", "wheel"], check=True)
    (path,) = (ROOT / "dist").glob("pyconvlite-*.whl")
    return path


def side_modules(wheel):
    """The two side modules of a wheel, by variant."""
    with zipfile.ZipFile(wheel) as archive:
        return library._deinterleaved(archive.read(f"{SIMD}/kernels.bin"))


def test_wheel_is_platform_independent_and_has_both_variants(wheel):
    assert wheel.name == f"pyconvlite-{pyconvlite.__version__}-py3-none-any.whl"
    assert all(module[:4] == b"\0asm" for module in side_modules(wheel).values())


@pytest.mark.full
def test_build_is_reproducible(build, wheel, tmp_path):
    other = copy_of_sources(tmp_path / "in" / "a deeper" / "folder", years_ago=3)
    assert build("other", *WHEEL, other, "-w").read_bytes() == wheel.read_bytes()


@pytest.mark.full
def test_sdist_builds_the_same_modules(build, wheel, tmp_path):
    sources = copy_of_sources(tmp_path, years_ago=0)
    sdist = build("sdist", *SDIST, cwd=sources)
    with tarfile.open(sdist) as archive:
        held = {Path(name).name for name in archive.getnames() if f"/{SIMD}/" in name}
    assert {path.name for path in (ROOT / SIMD).iterdir() if path.suffix in (".c", ".h", ".py")} <= held
    assert side_modules(build("of the sdist", *WHEEL, sdist, "-w")) == side_modules(wheel)


def test_wheel_has_no_c_sources(wheel):
    """Visitors of a page fetch the wheel; the sdist has the sources."""
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".c", ".h"))]


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


@pytest.fixture(scope="module", params=library.VARIANTS)
def module(request, wheel):
    """Its imports and exports as Node lists them, and the contents of its section dylink.0."""
    command = [node.find(), "--eval", INSIDE]
    data = side_modules(wheel)[request.param]
    return json.loads(subprocess.run(command, input=data, check=True, stdout=subprocess.PIPE).stdout)


def test_module_imports_only_memory(module):
    """It imports no function of libc or JavaScript, so that any Pyodide can load it."""
    assert "function" not in {found["kind"] for found in module["imports"]}
    names = {(found["module"], found["name"]) for found in module["imports"]}
    places = {"memory", "__memory_base", "__table_base", "__stack_pointer", "__indirect_function_table"}
    assert {name for _, name in names} <= places
    assert ("env", "memory") in names


def test_module_is_at_most_two_megabytes(module):
    MEMORY_INFO = 1
    kind, length, *numbers = module["dylink"]
    assert (kind, length) == (MEMORY_INFO, len(numbers))  # other modules needed would be a second part
    end = next(i for i, byte in enumerate(numbers) if byte < 0x80)
    assert sum((byte & 0x7F) << 7 * i for i, byte in enumerate(numbers[: end + 1])) <= 2 * 2**20  # LEB128


def test_module_exports_every_called_function(module):
    sources = "".join(path.read_text("utf-8") for path in (ROOT / SIMD).glob("*.py"))
    called = set(re.findall(r"\blibrary\.(\w+)\(", sources)) - {"load"}
    assert len(called) > 15
    assert called <= set(module["exports"])
