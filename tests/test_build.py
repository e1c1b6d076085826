"""`./build.sh`, as its users run it."""

import os
import random
import re
import signal
import socket
import subprocess
import urllib.request
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

checkers = pytest.importorskip("tools.build.checkers", reason="the tools are not in the wheel")
tiers = pytest.importorskip("tools.build.tiers", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython

ROOT = Path(__file__).parents[1]


def build(*args, **environment):
    return subprocess.run(
        [ROOT / "build.sh", *args],
        # From another folder, with a variable that has confused such scripts, and without standard input.
        cwd="/",
        env=os.environ | {"CDPATH": str(ROOT.parent)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("args", "status"), [([], 2), (["nonsense"], 2), (["--help"], 0)])
def test_usage(args, status):
    done = build(*args)
    assert done.returncode == status
    usage = done.stderr if status else done.stdout
    assert usage.startswith("usage: ./build.sh COMMAND")
    for command in ("serve", "test", "pytest-node", "wheel", "site", "bench"):
        assert f"\n  {command} " in usage


def test_usage_names_every_tier():
    described = build("--help").stdout.split("TIER is ")[1].split(";")[0]
    assert set(re.findall(r"[\w.-]+", described)) - {"also", "and", "or"} == set(tiers.TIERS)


class TestMissingTools:
    """One line says what to install."""

    @pytest.fixture
    def path(self, tmp_path):
        """A PATH of one folder that links to all programs of PATH."""
        for folder in os.environ["PATH"].split(os.pathsep):
            for program in Path(folder).glob("*"):
                link = tmp_path / program.name
                if not link.is_symlink():
                    link.symlink_to(program)
        return tmp_path

    def without(self, path, pattern):
        for program in path.glob(pattern):
            program.unlink()
        done = build("wheel", PATH=str(path), PYENV_ROOT=str(path))
        assert done.returncode == 1
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        return line

    @pytest.mark.parametrize(
        ("pattern", "words"),
        [
            ("python*", "install Python 3.11 or newer with venv"),
            ("git", "install git"),
            ("npm", "install Node.js 20 or newer with npm"),
            ("node", "install Node.js 20 or newer (found: none)"),
        ],
    )
    def test_missing_tool_is_named(self, path, pattern, words):
        assert words in self.without(path, pattern)

    def test_too_old_tool_is_named(self, path):
        (path / "node").unlink()
        (path / "node").write_text('#!/bin/sh\n[ "$1" = --version ] && echo v18.20.0 || exit 1\n')
        (path / "node").chmod(0o755)
        assert "install Node.js 20 or newer (found: v18.20.0)" in self.without(path, "nothing")


@pytest.fixture(scope="module")
def wheel():
    done = build("wheel")
    assert done.returncode == 0, done.stderr
    (path,) = (ROOT / "dist").glob("pyconvlite-*.whl")
    return path


class TestWheel:
    def test_wheel_is_small_pure_and_typed_and_requires_only_numpy(self, wheel):
        assert wheel.name.endswith("-py3-none-any.whl")
        assert wheel.stat().st_size < 596_000
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            info = next(name for name in names if name.endswith(".dist-info/METADATA")).removesuffix(
                "METADATA"
            )
            needs = PathDistribution(zipfile.Path(archive, info)).requires
            scripts = [archive.read(name) for name in names if name.endswith((".js", ".wgsl"))]
        assert [need for need in needs if "extra ==" not in need] == ["numpy>=2.0"]
        assert "pyconvlite/py.typed" in names
        assert scripts
        assert not any(b"/*" in script or b"\n//" in script for script in scripts)
        assert {name.split("/")[0] for name in names} == {"pyconvlite", info.rstrip("/")}

    @pytest.mark.full
    def test_wheel_equals_that_of_pip(self, wheel, tmp_path):
        python = ROOT / ".venv" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "wheel", "--no-deps", "-qw", tmp_path, ROOT], check=True)
        assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()

    def test_second_build_does_nothing(self, wheel):
        made = wheel.stat().st_mtime_ns
        lines = build("wheel").stderr.splitlines()
        # Another tier may be making something meanwhile.
        first, second = (line for line in lines if not line.startswith("-- waiting for another run"))
        assert first == str(wheel.relative_to(ROOT))
        with zipfile.ZipFile(ROOT / second) as archive:
            assert {name for name in archive.namelist() if "dist-info" not in name} == {"dezero.py"}
        assert wheel.stat().st_mtime_ns == made


class TestTiers:
    @pytest.mark.parametrize(
        ("code", "args", "last_line", "status"),
        [
            pytest.param("def test_good(): pass", [], "1 passed, 0 failed", 0, marks=pytest.mark.full),
            ("def test_good(): pass\ndef test_bad(): assert False", [], "1 passed, 1 failed", 1),
            pytest.param(
                "def test_good(): pass\ndef test_bad(absent): pass",
                ["-q"],
                "1 passed, 1 failed",
                1,
                marks=pytest.mark.full,
            ),
            pytest.param(
                "import os\ndef test_good(): pass\ndef test_bad(): os._exit(0)",
                [],
                "1 passed, 1 failed",
                1,
                marks=pytest.mark.full,
            ),
            pytest.param("syntax error", [], "0 passed, 1 failed", 1, marks=pytest.mark.full),
            pytest.param(
                "def test_good(): pass", ["-k", "nothing"], "0 passed, 0 failed", 1, marks=pytest.mark.full
            ),
        ],
    )
    def test_counts(self, tmp_path, code, args, last_line, status):
        (tmp_path / "test_it.py").write_text(code)
        done = build("test", "python", str(tmp_path / "test_it.py"), *args, CI="")
        assert done.stdout.splitlines()[-1] == last_line, done.stderr
        assert done.returncode == status
        assert "== python: " in done.stderr

    def test_each_checker_of_lint_counts_as_one(self, monkeypatch):
        monkeypatch.setattr(checkers, "CHECKERS", ("true", "echo no; exit 1", "false"))
        said = []
        assert checkers.check(said.append) == (1, 2)
        assert "-- echo no; exit 1\nno\n" in said


def test_serve():
    # Below the ports that the system gives to programs: one of these could be taken before the site is built.
    port = random.randrange(20_000, 32_000)
    with socket.create_server(("127.0.0.1", port)):
        done = build("serve", "--port", str(port))
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith(
            f"build.sh: port {port} cannot be used, address already"
        )
    done = build("serve", "--port", "08")
    assert done.stderr == "build.sh: --port takes a number from 1 to 65535, not '08'\n"
    command = [ROOT / "build.sh", "serve", f"--port={port}"]
    options = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "text": True,
        "start_new_session": True,
    }
    with subprocess.Popen(command, env=os.environ | {"NO_COLOR": "1"}, **options) as server:
        try:
            url = f"http://127.0.0.1:{port}/"
            assert any(url in line for line in server.stdout)
            for name, kind in {
                "": "text/html",
                "pyodide/pyodide.mjs": "text/javascript",
                "pyodide/pyodide.asm.wasm": "application/wasm",
                "pyodide/pyodide-lock.json": "application/json",
            }.items():
                with urllib.request.urlopen(url + name) as response:
                    assert response.headers.get_content_type() == kind
            with urllib.request.urlopen(f"{url}lite/tree?path=en") as response:
                assert response.url == f"{url}lite/tree/?path=en"
        finally:
            os.killpg(server.pid, signal.SIGINT)
            server.communicate(timeout=10)
