"""backends/: the choice of kernels for NumPy arrays, and how it is reported."""

import os
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import forget_the_library
from simd import NUMPYS, in_pyodide

import pyconvlite.functions as F
from pyconvlite import backends
from pyconvlite.backends.protocol import KERNELS
from pyconvlite.backends.simd import library, objects

IN_PYODIDE = sys.platform == "emscripten"
FASTEST = "simd" if IN_PYODIDE else "numpy"


@pytest.fixture
def fresh(monkeypatch):
    """The state before the first kernel is requested, without environment variables."""
    monkeypatch.delenv("PYCONVLITE_BACKEND", raising=False)
    monkeypatch.delenv("PYCONVLITE_THREADS", raising=False)
    monkeypatch.setattr(backends.choice, "_choice", None)
    monkeypatch.setattr(backends.choice, "_threads", None)
    monkeypatch.setattr(backends.choice, "_warned", set())
    forget_the_library()
    yield
    forget_the_library()


def serving():
    return backends.kernels(np.zeros(1)).__name__.split("pyconvlite.backends.")[1].split(".")[0]


@pytest.mark.usefixtures("fresh")
class TestEnvironment:
    @pytest.mark.parametrize("wanted", [None, "", "auto", "numpy"])
    def test_choices(self, wanted, monkeypatch):
        if wanted is not None:
            monkeypatch.setenv("PYCONVLITE_BACKEND", wanted)
        expected = "numpy" if wanted == "numpy" else FASTEST
        assert serving() == backends.describe().backend == expected

    @in_pyodide
    def test_simd(self, monkeypatch):
        monkeypatch.setenv("PYCONVLITE_BACKEND", "simd")
        assert serving() == "simd"

    @pytest.mark.parametrize("wrong", ["webgpu", "SIMD", " "])
    def test_invalid_values(self, wrong, monkeypatch):
        monkeypatch.setenv("PYCONVLITE_BACKEND", wrong)
        for ask in (backends.describe, serving):
            message = f"PYCONVLITE_BACKEND must be one of 'auto', 'numpy', 'simd'; got '{wrong}'"
            with pytest.raises(ValueError, match=message):
                ask()
        with backends.use("numpy"):
            assert serving() == "numpy"

    def test_environment_is_read_at_the_first_kernel(self, monkeypatch):
        F.relu(np.zeros(1))
        monkeypatch.setenv("PYCONVLITE_BACKEND", "wrong")
        F.relu(np.zeros(1))

    @pytest.mark.cpython
    @pytest.mark.parametrize(
        ("wanted", "says"),
        [
            ("auto", "numpy: the kernels are WebAssembly, for Pyodide; this Python runs on "),
            ("numpy", "numpy: it was requested"),
            ("simd", "DeviceUnavailable: the simd backend is not available: the kernels are WebAssembly"),
            ("fast", "ValueError: PYCONVLITE_BACKEND must be one of 'auto', 'numpy', 'simd'; got 'fast'"),
        ],
    )
    def test_new_process(self, wanted, says):
        program = "import pyconvlite.backends as b; print(d := b.describe(), end=''); print(d.backend)"
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env=os.environ | {"PYCONVLITE_BACKEND": wanted},
            capture_output=True,
            text=True,
            check=False,
        )
        assert says in (done.stderr if done.returncode else done.stdout)
        assert done.returncode == (wanted in ("simd", "fast"))


@pytest.mark.usefixtures("fresh")
class TestUse:
    def test_use_changes_the_default(self):
        backends.use("numpy")
        assert serving() == "numpy"
        backends.use("auto")
        assert serving() == FASTEST

    def test_with_block(self):
        with backends.use("auto"):
            with backends.use("numpy"):
                with backends.use("auto"):
                    assert serving() == FASTEST
                assert serving() == "numpy"
            assert serving() == FASTEST

    def test_block_ends_with_an_exception(self):
        with backends.use("numpy"):
            with pytest.raises(ZeroDivisionError), backends.use("auto"):
                raise ZeroDivisionError
            assert serving() == "numpy"

    def test_block_before_the_first_choice(self):
        """After the first `with` block the environment's choice holds."""
        with backends.use("numpy"):
            assert serving() == "numpy"
        assert serving() == FASTEST

    def test_use_overrides_the_environment(self, monkeypatch):
        monkeypatch.setenv("PYCONVLITE_BACKEND", "numpy")
        with backends.use("auto"):
            assert serving() == FASTEST
        assert serving() == "numpy"

    @pytest.mark.parametrize("wrong", ["webgpu", "", None, "NumPy"])
    def test_invalid_values(self, wrong):
        with backends.use("numpy"):
            with pytest.raises(
                ValueError, match=f"name must be one of 'auto', 'numpy', 'simd'; got {wrong!r}"
            ):
                backends.use(wrong)
            assert serving() == "numpy"

    @pytest.mark.skipif(IN_PYODIDE, reason="where the kernels do not run")
    def test_simd_without_support(self):
        backends.use("numpy")
        with pytest.raises(backends.DeviceUnavailable, match=f"WebAssembly.* runs on {sys.platform}"):
            backends.use("simd")
        assert backends.describe().reason == "it was requested"


@pytest.mark.usefixtures("fresh")
class TestThreads:
    """The setting; test_simd_threads.py tests its effect."""

    def test_numpy_uses_one_thread(self):
        with backends.use("numpy"):
            for n in ("auto", 1, 4):
                with backends.threads(n):
                    description = backends.describe()
                assert description.threads == 1
                assert description.threads_reason == "only the SIMD kernels use threads"
                assert description.threads_error.code == "threads-numpy"
        assert str(description).splitlines()[1] == "1 thread: only the SIMD kernels use threads"

    def test_with_block(self):
        def setting():
            return backends.choice._thread_setting()

        backends.threads(3)
        with backends.threads(1):
            with backends.threads("auto"):
                assert setting() == 0
            assert setting() == 1
            with backends.threads(np.int64(2)):
                assert setting() == 2
            assert setting() == 1
        assert setting() == 3

    @pytest.mark.parametrize(
        ("wrong", "error", "says"),
        [
            (0, ValueError, "n must be at least 1; got 0"),
            (-1, ValueError, "n must be at least 1; got -1"),
            (1.5, TypeError, "n must be an integer; got 1.5"),
            (None, TypeError, "n must be an integer; got None"),
            (17, ValueError, 'n must be "auto" or an integer from 1 to 16; got 17'),
            ("2", ValueError, "n must be \"auto\" or an integer from 1 to 16; got '2'"),
        ],
    )
    def test_invalid_values(self, wrong, error, says):
        backends.threads(1)
        with pytest.raises(error, match=says):
            backends.threads(wrong)
        assert backends.choice._thread_setting() == 1

    @pytest.mark.parametrize(("wanted", "setting"), [(None, 0), ("", 0), ("auto", 0), ("1", 1), ("12", 12)])
    def test_environment_variable(self, wanted, setting, monkeypatch):
        if wanted is not None:
            monkeypatch.setenv("PYCONVLITE_THREADS", wanted)
        assert backends.choice._thread_setting() == setting

    @pytest.mark.parametrize("wrong", ["0", "-1", "17", "two", "1.5", " ", "\u00b2"])
    def test_invalid_environment_variable(self, wrong, monkeypatch):
        monkeypatch.setenv("PYCONVLITE_THREADS", wrong)
        message = 'PYCONVLITE_THREADS must be "auto" or an integer from 1 to 16; got '
        with pytest.raises(ValueError, match=message):
            backends.describe()
        with backends.threads(1):
            assert backends.describe().threads == 1
        with pytest.raises(ValueError, match=message):
            backends.describe()


def both(*modules):
    """The file of two modules that are not large, as the wheel's build writes it."""
    turns = [module[i : i + 8192] for i in range(0, 30_000, 8192) for module in modules]
    return b"".join([*(len(module).to_bytes(4, "little") for module in modules), *turns])


class TestVariant:
    """The first variant that the engine accepts is loaded."""

    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        (tmp_path / "kernels.bin").write_bytes(both(b"relaxed", b"simd128"))
        monkeypatch.setattr(library, "FOLDER", tmp_path)
        return tmp_path

    def accepts(self, *modules):
        return lambda module: module in modules

    @pytest.mark.usefixtures("folder")
    def test_relaxed_variant_with_relaxed_simd(self):
        assert library.supported(self.accepts(b"relaxed", b"simd128")) == ("relaxed", b"relaxed")

    @pytest.mark.usefixtures("folder")
    def test_simd128_variant_otherwise(self):
        found = library.supported(self.accepts(b"simd128", library.SMALLEST))
        assert found == ("simd128", b"simd128")

    @pytest.mark.usefixtures("folder")
    def test_no_variant_without_simd(self):
        with pytest.raises(library.Unsupported, match="this WebAssembly engine has no SIMD"):
            library.supported(self.accepts())

    @pytest.mark.usefixtures("folder")
    def test_damaged_file(self):
        with pytest.raises(ImportError, match=r"kernels\.bin is damaged; reinstall pyconvlite") as caught:
            library.supported(self.accepts(library.SMALLEST))
        assert not isinstance(caught.value, library.Unsupported)

    def test_missing_file(self, folder):
        (folder / "kernels.bin").unlink()
        with pytest.raises(ImportError, match=r"kernels\.bin is missing; install pyconvlite from its wheel"):
            library.supported(self.accepts())

    @pytest.mark.parametrize("sizes", [(30_000, 20_000), (8192, 16_384), (0, 5)])
    def test_round_trip_of_the_file(self, folder, sizes):
        modules = [np.random.default_rng(size).bytes(size) for size in sizes]
        (folder / "kernels.bin").write_bytes(both(*modules))
        assert list(library.modules().items()) == list(zip(library.VARIANTS, modules, strict=True))

    def test_truncated_or_forged_file(self, folder):
        for data in (b"", b"\1", b"\xff" * 8, both(b"relaxed", b"simd128")[:-5]):
            (folder / "kernels.bin").write_bytes(data)
            with pytest.raises(ImportError, match=r"kernels\.bin is damaged"):
                library.supported(self.accepts(library.SMALLEST, b"simd128"))

    @in_pyodide
    def test_variant_of_this_engine(self):
        from js import WebAssembly
        from pyodide.ffi import to_js

        # i8x16.relaxed_swizzle of a function's two arguments
        relaxed = "0061736d0100000001070160027b7b017b030201000a0b010900200020 01fd80020b".replace(" ", "")
        has_relaxed = WebAssembly.validate(to_js(bytes.fromhex(relaxed)))
        assert WebAssembly.validate(to_js(library.SMALLEST))
        with backends.use("simd"):
            variant = "relaxed" if has_relaxed else "simd128"
            assert backends.describe().reason == f"this engine runs the variant {variant}"


NO_LIBRARY = b"\0asm\1\0\0\0"  # a module, but with nothing in it that a loader needs


@in_pyodide
@pytest.mark.usefixtures("fresh")
class TestFailure:
    """NumPy's kernels serve, and one warning says why."""

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "kernels.bin is missing"),
            (b"", "kernels.bin is damaged"),
            (b"no module", "kernels.bin is damaged"),
            (NO_LIBRARY, "relaxed.wasm does not load: "),
        ],
        ids=["missing", "empty", "damaged", "no library"],
    )
    def test_warns_once(self, content, reason, tmp_path, monkeypatch):
        if content is not None:
            (tmp_path / "kernels.bin").write_bytes(both(content, content))
        monkeypatch.setattr(library, "FOLDER", tmp_path)
        x = np.array([-1, 2], np.float32)
        with pytest.warns(
            RuntimeWarning, match="the SIMD kernels are not available, NumPy's are used: .*"
        ) as caught:
            y = F.relu(x)
        assert len(caught) == 1
        assert reason in str(caught[0].message)
        np.testing.assert_array_equal(y.data, [0, 2])
        with warnings.catch_warnings(action="error"):
            F.relu(x)
            backends.use("auto")
            description = backends.describe()
        assert description.backend == "numpy"
        assert reason in description.reason
        with pytest.raises(backends.DeviceUnavailable, match="the simd backend is not available: "):
            backends.use("simd")

    def test_engine_without_simd_does_not_warn(self, monkeypatch):
        monkeypatch.setattr(library, "supported", self.no_simd)
        with warnings.catch_warnings(action="error"):
            assert serving() == "numpy"
        assert backends.describe().reason == "no SIMD here"

    def no_simd(self, validates):
        raise library.Unsupported("no SIMD here")


@in_pyodide
def test_other_layouts_use_numpy(monkeypatch):
    kernels = SimpleNamespace()
    monkeypatch.setattr(objects, "PROBE", np.zeros((3, 5), ">f4"))
    monkeypatch.setattr(objects, "bound", None)
    objects.bind(kernels)
    assert not vars(kernels)
    assert objects.bound is kernels  # whose matmul, for one, is called through ctypes then
    assert objects.in_c(len) is len


@pytest.mark.usefixtures("fresh")
class TestDescription:
    @pytest.mark.parametrize("name", ["numpy", "auto"])
    def test_attributes(self, name):
        with backends.use(name):
            description = backends.describe()
        assert description.backend == (FASTEST if name == "auto" else "numpy")
        assert set(description.serves) == set(description.calls) == set(KERNELS)
        for kernel, by_dtype in description.serves.items():
            numpys = kernel in NUMPYS or description.backend == "numpy"
            assert by_dtype == {"float32": "numpy" if numpys else "simd", "others": "numpy"}

    def test_printed(self):
        with backends.use("auto"):
            before = backends.describe().calls["conv2d"]
            x, W = np.zeros((1, 1, 3, 3), np.float32), np.zeros((1, 1, 2, 2), np.float32)
            F.conv2d(x, W)
            F.conv2d(x.astype(np.float64), W.astype(np.float64))
            description = backends.describe()
        lines = str(description).splitlines()
        assert lines[0] == f"{description.backend}: {description.reason}"
        assert lines[1].endswith(f": {description.threads_reason}")
        assert lines[2].split() == ["kernel", "float32", "others", "simd", "calls", "numpy", "calls"]
        assert [line.split()[0] for line in lines[3:]] == sorted(KERNELS)
        assert {len(line) for line in lines[2:]} == {len(lines[2])}
        after = {"simd": before["simd"], "numpy": before["numpy"] + 1}
        after[FASTEST] += 1
        row = next(line.split() for line in lines if line.startswith("conv2d "))
        assert row == ["conv2d", FASTEST, "numpy", str(after["simd"]), str(after["numpy"])]

    def test_description_is_a_snapshot(self):
        description = backends.describe()
        before = dict(description.calls["relu"])
        F.relu(np.zeros(1))
        assert description.calls["relu"] == before
