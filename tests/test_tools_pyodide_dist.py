import json
import os
import subprocess
from pathlib import Path

import pytest
from local_host import Quiet, serving
from wheel_files import make_wheel

fetch = pytest.importorskip("tools.fetch", reason="the tools are not in the wheel")
pyodide_dist = pytest.importorskip("tools.pyodide_dist", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython

ROOT = Path(__file__).parents[1]
INFO = {"abi_version": "2026_0", "arch": "wasm32", "platform": "emscripten_5_0_3", "python": "3.14.0"}
COMPILED = "cp314-cp314-pyemscripten_2026_0_wasm32"


class Release:
    """A small Pyodide release for the real clients: core, CDN, archive and PyPI's index."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        for place in ("core", "cdn", "carrier/wheels", "index", "built"):
            (folder / place).mkdir(parents=True)
        self.packages = {}
        self.asked = []
        self.version = f"file:{folder / 'core'}"
        self.archive = fetch.Archive("npm", str(folder / "carrier"), None, ("package/wheels/*.whl",))
        monkeypatch.setenv("PYCONVLITE_CACHE", str(folder / "cache"))
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder / "index"))
        monkeypatch.setattr(
            pyodide_dist, "RELEASES", {self.version: pyodide_dist.Release(None, self.archive)}
        )
        monkeypatch.setattr(pyodide_dist, "PINS", folder / "pins.txt")
        (folder / "pins.txt").write_text("# none yet\n")
        (folder / "carrier" / "package.json").write_text('{"name": "carrier", "version": "1.0.0"}')
        (folder / "core" / "package.json").write_text('{"name": "pyodide", "version": "9.9.9"}')
        for name in (
            "pyodide.mjs",
            "pyodide.asm.mjs",
            "pyodide.asm.wasm",
            "python_stdlib.zip",
            "console.html",
        ):
            (folder / "core" / name).write_text(name)

    def lists(self, name, version="1.0", depends=(), tag="py3-none-any", on=None):
        """Enter a package in the official lock; `on` is the source that has Pyodide's build of it."""
        wheel = make_wheel(self.folder / "built", name, version, tag=tag)
        if on:
            (self.folder / on / wheel.name).write_bytes(wheel.read_bytes())
        self.packages[name] = {
            "depends": list(depends),
            "file_name": wheel.name,
            "name": name,
            "sha256": fetch.sha256_of(wheel),
            "version": version,
        }
        return self.packages[name]

    def write(self, *requirements, wheels=()):
        lock = {"info": INFO, "packages": self.packages}
        (self.folder / "core" / "pyodide-lock.json").write_text(json.dumps(lock))
        distribution = pyodide_dist.Distribution(self.version, wheels)
        distribution.require(requirements)
        distribution.write(self.folder / "out")
        return json.loads((self.folder / "out" / "pyodide-lock.json").read_text())["packages"]


@pytest.fixture
def release(tmp_path, monkeypatch):
    release = Release(tmp_path, monkeypatch)

    class Cdn(Quiet):
        def log_message(self, *_):
            release.asked.append(self.path.lstrip("/"))

    with serving(tmp_path / "cdn", Cdn) as address:
        monkeypatch.setattr(pyodide_dist, "CDN", f"{address}/")
        yield release


class TestFolder:
    def test_folder_has_core_dependencies_and_lock(self, release):
        release.lists("numpy", tag=COMPILED, on="cdn")
        release.lists("six", on="cdn")
        release.lists("pandas", depends=["numpy", "python-dateutil"], tag=COMPILED, on="cdn")
        release.lists("python-dateutil", depends=["six"], on="cdn")
        release.lists("scipy", depends=["numpy"], tag=COMPILED, on="cdn")
        packages = release.write("pandas")
        assert packages == {name: entry for name, entry in release.packages.items() if name != "scipy"}
        core = ["package.json", "pyodide-lock.json", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs"]
        core += ["python_stdlib.zip"]
        wheels = [entry["file_name"] for entry in packages.values()]
        assert sorted(path.name for path in (release.folder / "out").iterdir()) == sorted(core + wheels)
        for entry in packages.values():
            fetch.check(release.folder / "out" / entry["file_name"], entry["sha256"])

    def test_other_fields_of_the_lock_are_kept(self, release):
        release.lists("numpy", on="cdn")["unvendored_tests"] = True
        release.write("numpy")
        lock = json.loads((release.folder / "out" / "pyodide-lock.json").read_text())
        assert lock["info"] == INFO
        assert lock["packages"]["numpy"]["unvendored_tests"] is True

    def test_older_folder_is_replaced(self, release):
        release.lists("numpy", on="cdn")
        release.lists("six", on="cdn")
        release.write("six")
        release.write("numpy")
        names = [path.name for path in release.folder.glob("out/*.whl")]
        assert names == ["numpy-1.0-py3-none-any.whl"]

    def test_wrong_hash_keeps_the_older_folder(self, release):
        release.lists("six", on="cdn")
        release.write("six")
        release.lists("numpy", on="cdn")["sha256"] = "0" * 64
        with pytest.raises(fetch.FetchError, match=r"numpy-1\.0-py3-none-any\.whl: wrong hash"):
            release.write("six", "numpy")
        assert [path.name for path in release.folder.glob("out/*.whl")] == ["six-1.0-py3-none-any.whl"]
        assert list(release.folder.glob(".unfinished-*")) == []

    def test_other_folders_are_not_overwritten(self, release):
        precious = release.folder / "out" / "thesis.txt"
        precious.parent.mkdir()
        precious.write_text("years")
        with pytest.raises(fetch.FetchError, match="not a Pyodide folder"):
            release.write()
        assert precious.read_text() == "years"


class TestSources:
    def test_archive_is_used_where_the_cdn_lacks_a_file(self, release):
        release.lists("numpy", tag=COMPILED, on="carrier/wheels")
        release.lists("six", on="cdn")
        assert set(release.write("numpy", "six")) == {"numpy", "six"}
        assert f"numpy-1.0-{COMPILED}.whl" in release.asked

    def test_unreachable_cdn_is_tried_once(self, release, monkeypatch, capsys):
        monkeypatch.setattr(pyodide_dist, "CDN", "http://127.0.0.1:9/")
        release.lists("numpy", on="carrier/wheels")
        release.lists("six", on="carrier/wheels")
        assert set(release.write("numpy", "six")) == {"numpy", "six"}
        assert capsys.readouterr().err.count("cannot be reached") == 1

    def test_archive_with_another_build_is_not_used(self, release):
        release.lists("numpy", tag=COMPILED, on="carrier/wheels")["sha256"] = "0" * 64
        with pytest.raises(fetch.FetchError, match=rf"numpy-1\.0-{COMPILED}\.whl: neither the CDN nor"):
            release.write("numpy")

    def test_pypi_is_the_last_source(self, release):
        release.lists("pytest", depends=["py"])
        release.lists("pluggy", "2.0", on="cdn")
        wheel = make_wheel(
            release.folder / "index", "pytest", requires=["pluggy<2", "tomli; sys_platform=='win32'"]
        )
        entry = release.write("pytest")["pytest"]
        assert entry["sha256"] == fetch.sha256_of(wheel)
        assert entry["depends"] == ["pluggy"]

    @pytest.mark.full
    def test_unlisted_package_is_the_newest_from_pypi(self, release):
        make_wheel(release.folder / "index", "hypothesis", "1.0")
        make_wheel(release.folder / "index", "hypothesis", "2.0", requires=["sortedcontainers>=1"])
        make_wheel(release.folder / "index", "hypothesis", "3.0", tag="cp314-cp314-manylinux_2_28_x86_64")
        make_wheel(release.folder / "index", "sortedcontainers")
        packages = release.write("hypothesis")
        assert {name: entry["version"] for name, entry in packages.items()} == {
            "hypothesis": "2.0",
            "sortedcontainers": "1.0",
        }

    def test_pin_sets_version_and_hash(self, release):
        wheel = make_wheel(release.folder / "index", "hypothesis", "1.0")
        make_wheel(release.folder / "index", "hypothesis", "2.0")
        pins = release.folder / "pins.txt"
        pins.write_text(f"hypothesis==1.0 --hash=sha256:{fetch.sha256_of(wheel)}\n")
        assert release.write("hypothesis")["hypothesis"]["version"] == "1.0"
        assert release.write("hypothesis==2.0")["hypothesis"]["version"] == "2.0"
        (release.folder / "cache" / fetch.sha256_of(wheel) / wheel.name).unlink()
        pins.write_text(f"hypothesis==1.0 --hash=sha256:{'0' * 64}\n")
        with pytest.raises(fetch.FetchError, match="wrong hash"):
            release.write("hypothesis")

    @pytest.mark.full
    def test_pinned_pure_wheel_replaces_a_compiled_one(self, release):
        release.lists("six", "1.0", tag=COMPILED)
        wheel = make_wheel(release.folder / "index", "six", "1.0")
        (release.folder / "pins.txt").write_text(f"six==1.0 --hash=sha256:{fetch.sha256_of(wheel)}\n")
        assert release.write("six")["six"]["file_name"] == wheel.name

    @pytest.mark.full
    def test_version_missing_in_the_lock_comes_from_pypi(self, release):
        release.lists("pytest", "9.0", on="cdn")
        make_wheel(release.folder / "index", "pytest", "9.2")
        assert release.write("pytest==9.2")["pytest"]["version"] == "9.2"

    @pytest.mark.full
    def test_conflicting_requirements_are_named(self, release):
        make_wheel(release.folder / "index", "one", requires=["two<1"])
        make_wheel(release.folder / "index", "two", "1.5")
        with pytest.raises(fetch.FetchError, match=r"two<1 is required, but two 1\.5 is chosen already"):
            release.write("two==1.5", "one")

    @pytest.mark.full
    def test_extras_add_their_dependencies(self, release):
        make_wheel(release.folder / "index", "requests", requires=["idna", 'pysocks; extra == "socks"'])
        make_wheel(release.folder / "index", "idna")
        make_wheel(release.folder / "index", "pysocks")
        assert set(release.write("requests")) == {"requests", "idna"}
        packages = release.write("requests", "requests[socks]")
        assert packages["requests"]["depends"] == ["idna", "pysocks"]
        assert set(packages) == {"requests", "idna", "pysocks"}

    def test_missing_package_is_named(self, release):
        with pytest.raises(fetch.FetchError, match="no-such-thing"):
            release.write("no-such-thing")


class TestLocalWheels:
    def test_local_wheel_with_its_dependencies(self, release):
        release.lists("numpy", tag=COMPILED, on="cdn")
        wheel = make_wheel(release.folder, "my-lib", requires=["numpy>=1", 'rich; python_version < "3.14"'])
        packages = release.write(wheels=[wheel])
        assert set(packages) == {"my-lib", "numpy"}
        assert packages["my-lib"]["imports"] == ["my_lib"]

    def test_wheel_for_another_platform_is_refused(self, release):
        wheel = make_wheel(release.folder, "my-lib", tag="cp314-cp314-manylinux_2_28_x86_64")
        with pytest.raises(fetch.FetchError, match="neither a pure wheel nor one for Pyodide"):
            release.write(wheels=[wheel])

    def test_missing_wheel_is_named(self, release):
        with pytest.raises(fetch.FetchError, match=r"nowhere\.whl: no such file"):
            release.write(wheels=[release.folder / "nowhere.whl"])

    @pytest.mark.full
    def test_lock_entry_equals_that_of_pyodide_build(self, tmp_path):
        cli = os.environ.get("PYCONVLITE_PYODIDE_CLI")
        if not cli:
            pytest.skip("needs pyodide-build and so Python 3.12: ./build.sh test full sets it up")
        subprocess.run([ROOT / "build.sh", "wheel"], check=True)
        (wheel,) = (ROOT / "dist").glob("pyconvlite-*.whl")
        distribution = pyodide_dist.Distribution(pyodide_dist.DEFAULT_VERSION)
        distribution.require(["numpy"])
        distribution.write(tmp_path / "out")
        command = [cli, "lockfile", "add-wheels", "--base-path", wheel.parent]
        command += ["--input", tmp_path / "out" / "pyodide-lock.json", "--output", tmp_path / "theirs.json"]
        subprocess.run([*command, wheel], check=True)
        theirs = json.loads((tmp_path / "theirs.json").read_text())["packages"]
        ours = pyodide_dist.Distribution(pyodide_dist.DEFAULT_VERSION, [wheel]).chosen["pyconvlite"].entry
        # Their writer gives each package, NumPy too, this empty table, which no official lock has.
        assert theirs["numpy"]["tool"] == {}
        assert theirs["pyconvlite"] == ours | {"tool": {}}


def test_pins_equal_the_development_requirements():
    """CPython and Pyodide run the same versions of pytest, hypothesis and so on."""
    text = (ROOT / "pyproject.toml").read_text()
    for name in ("pytest", "pytest-asyncio", "hypothesis"):
        (version,) = pyodide_dist._pins()[name]
        assert f'"{name}=={version}"' in text
