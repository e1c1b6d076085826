"""`./build.sh pytest-node`, as the author of another library uses it."""

import hashlib
import json
import os
import signal
import subprocess
import textwrap
from pathlib import Path

import pytest
from wheel_files import make_wheel

pytestmark = pytest.mark.cpython

ROOT = Path(__file__).parents[1]


class Project:
    """A folder of tests outside the repository."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, code):
        (self.folder / name).write_text(textwrap.dedent(code))

    def start(self, *args, cwd=None, **environment):
        return subprocess.Popen(
            [ROOT / "build.sh", "pytest-node", *args],
            cwd=cwd or self.folder,
            env=os.environ | environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *args, **options):
        """Return (exit status, output)."""
        process = self.start(*args, **options)
        output, _ = process.communicate()
        return process.returncode, output


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "a project"
    folder.mkdir()
    return Project(folder)


@pytest.mark.full
def test_imported_modules_are_precompiled(project):
    project.write(
        "test_imports.py",
        """
        import asyncio.tasks
        import importlib.util
        import inspect
        from pathlib import Path
        from zipfile import ZipFile

        import _pytest.python
        import numpy.linalg

        UNCHECKED = (0b01).to_bytes(4, "little")  # PEP 552: valid whatever the source's date and hash

        def test_packages():
            for module in (_pytest.python, numpy.linalg):
                compiled = Path(importlib.util.cache_from_source(module.__file__)).read_bytes()
                assert compiled[:8] == importlib.util.MAGIC_NUMBER + UNCHECKED
                assert inspect.getsource(module)

        def test_standard_library():
            with ZipFile(asyncio.tasks.__spec__.loader.archive) as archive:
                compiled = archive.read("asyncio/tasks.pyc")
            assert compiled[:8] == importlib.util.MAGIC_NUMBER + UNCHECKED
            assert "class Task" in inspect.getsource(asyncio.tasks)
        """,
    )
    status, output = project.run()
    assert status == 0, output
    assert "2 passed" in output
    folder = ROOT / "dist/pyodide-base"
    packages = json.loads((folder / "pyodide-lock.json").read_text())["packages"]
    for entry in packages.values():
        assert hashlib.sha256((folder / entry["file_name"]).read_bytes()).hexdigest() == entry["sha256"]


def test_environment_of_tests(project):
    project.write("helper.py", "ANSWER = 42\n")
    project.write(
        "test_all.py",
        """
        import asyncio
        import os
        import sys
        from pathlib import Path

        import js
        import numpy
        import pytest
        import pytest_asyncio
        from pyodide.ffi import can_run_sync, run_sync

        import helper


        async def answer():
            await asyncio.sleep(0.01)
            return helper.ANSWER


        def cpu_time():
            # what this thread has worked, whatever else the machine does
            usage = js.process.threadCpuUsage()
            return (usage.user + usage.system) / 1e6


        def test_import_takes_little_beyond_numpy():
            assert "pyconvlite" not in sys.modules
            start = cpu_time()
            import pyconvlite

            took = cpu_time() - start
            total, start = 0, cpu_time()
            for i in range(1_000_000):
                total += i
            loop = cpu_time() - start
            print(f"import pyconvlite: {1000 * took:.0f} ms, the loop {1000 * loop:.0f} ms")
            assert took < 4 * loop  # 2.0 to 2.4 times as long


        def test_is_real_pyodide():
            assert sys.platform == "emscripten"


        def test_the_wheel_is_installed_from_a_url():
            import importlib.metadata

            import pyconvlite

            assert "site-packages" in pyconvlite.__file__
            distribution = importlib.metadata.distribution("pyconvlite")
            assert distribution.read_text("INSTALLER").strip() == "micropip"
            assert distribution.read_text("PYODIDE_URL").startswith("http://127.0.0.1:")


        def test_run_sync():
            assert can_run_sync()
            assert run_sync(answer()) == 42


        @pytest_asyncio.fixture
        async def resource():
            yield await answer()


        @pytest.mark.asyncio
        async def test_async_with_async_fixture(resource):
            tasks = [asyncio.create_task(answer()) for _ in range(3)]
            assert await asyncio.gather(*tasks) == [resource] * 3


        @pytest.mark.asyncio
        async def test_leaves_a_task_behind():
            asyncio.create_task(asyncio.sleep(1000))


        def test_files(tmp_path):
            (tmp_path / "a").write_text("b")
            assert Path("helper.py").read_text() == "ANSWER = 42\\n"
            assert Path(__file__).is_relative_to(os.environ["WHERE"])
            Path("written.txt").write_text("by Python")


        def test_stdin_is_empty():
            assert os.read(0, 1) == b""


        @pytest.mark.skipif(True, reason="shown as such")
        def test_skipped():
            pass
        """,
    )
    status, output = project.run(
        "test_all.py", "--capture=sys", "-rA", "--junitxml=out/report.xml", WHERE=str(project.folder)
    )
    assert status == 0, output
    print(output)
    assert "8 passed, 1 skipped" in output
    assert (project.folder / "written.txt").read_text() == "by Python"
    assert (project.folder / "out" / "report.xml").exists()


def test_failures_errors_and_node_ids_from_another_folder(project):
    project.write("test_one.py", "def test_bad(): assert 1 + 1 == 3\ndef test_good(): pass\n")
    path = project.folder / "test_one.py"
    status, output = project.run(f"{path}::test_bad", f"{path}::test_good", cwd="/")
    assert status == 1
    assert "assert (1 + 1) == 3" in output
    assert "1 failed, 1 passed" in output


@pytest.mark.parametrize(
    ("code", "args", "status", "words"),
    [
        pytest.param(
            "import nothing_like_this",
            [],
            2,
            "No module named 'nothing_like_this'",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "def test_one(): pass", ["--no-such-option"], 4, "unrecognized arguments", marks=pytest.mark.full
        ),
        pytest.param("def test_one(): pass", ["-k", "two"], 5, "1 deselected", marks=pytest.mark.full),
        ("def test_one(): pass", ["--timeout", "soon"], 4, "positive number of seconds"),
        pytest.param(
            "import os\ndef test_one(): os.abort()", [], 70, "the interpreter crashed", marks=pytest.mark.full
        ),
        pytest.param(
            "import os\ndef test_one(): os._exit(0)",
            [],
            70,
            "the interpreter crashed",
            marks=pytest.mark.full,
        ),
        ("import js\ndef test_one(): js.process.exit(0)", [], 70, "the interpreter ended before Python did"),
    ],
)
def test_exit_status(project, code, args, status, words):
    project.write("test_one.py", code)
    got, output = project.run("test_one.py", *args)
    assert got == status, output
    assert words in output


@pytest.mark.full
def test_timeout_shows_a_traceback(project):
    project.write("test_one.py", "def test_one():\n    while True:\n        pass\n")
    status, output = project.run("test_one.py", "--timeout=60")  # the start took 27 s where others computed
    assert status == 124
    assert "timed out after 60 s" in output
    assert "test_one.py:3: KeyboardInterrupt" in output


def test_output_is_streamed_and_ctrl_c_ends_the_run(project):
    project.write("test_one.py", "def test_good(): pass\ndef test_endless():\n    while True: pass\n")
    process = project.start("test_one.py", "-v", "--timeout=600")  # or it could compute on for ever
    for line in process.stdout:
        if "test_good PASSED" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate()
    assert process.returncode == 2  # pytest's own status for an interrupted run
    assert "KeyboardInterrupt" in rest
    assert "1 passed" in rest


@pytest.mark.full
def test_further_packages(project):
    project.write("test_one.py", "def test_one():\n    import six, my_lib\n    assert my_lib.ANSWER == 42\n")
    wheel = make_wheel(project.folder, "my-lib", code="ANSWER = 42")
    before = set((ROOT / "dist").glob("pyodide-with.*"))  # a run that was killed leaves its own
    status, output = project.run("test_one.py", "-Werror", "--with", "six", f"--with={wheel.name}")
    assert status == 0, output
    assert set((ROOT / "dist").glob("pyodide-with.*")) == before
