"""backends/simd/threads.py: split calls equal those of one thread; workers start, fail and are replaced."""

import itertools
import sys
import time
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from by_simd import by_simd
from conditions import numbers
from geometries import HARD, sizes
from test_simd_conv import LARGE

from pyconvlite import backends
from pyconvlite.backends import numpy as reference
from pyconvlite.backends.simd import convolution
from pyconvlite.backends.simd import threads as module
from pyconvlite.backends.simd.library import library
from pyconvlite.backends.simd.threads import cut, items, pool, result, scalars, whole

pytestmark = by_simd

GEOMETRIES = HARD | LARGE
PRODUCTS = {
    "rows": (numbers(30, 7), numbers(7, 11)),
    "first one turned": (numbers(7, 30).T, numbers(7, 11)),
    "second one turned": (numbers(30, 7), numbers(11, 7).T),
    "batch": (numbers(7, 5, 3), numbers(7, 3, 6)),
    "batch, turned": (numbers(7, 3, 5).swapaxes(1, 2), numbers(7, 6, 3).swapaxes(1, 2)),
    "rows of a batch": (numbers(7, 5, 3), numbers(3, 6)),
    "more than a block": (numbers(150, 300), numbers(300, 410)),
}
RATES = module.CALL, module.COPIED
LEAST_FOR_CHANNELS = convolution.LEAST_FOR_CHANNELS


def wait_for(count):
    """Wait until so many threads are ready; under Node they start while Python runs."""
    end = time.monotonic() + 60
    while (state := backends.describe()).threads < count:
        assert time.monotonic() < end, state.threads_reason
        time.sleep(0.01)


@pytest.fixture(params=[2, 3])
def parts(request, simd, monkeypatch):
    """Split calls of any size among so many threads."""
    monkeypatch.setattr(module, "CALL", 0)
    monkeypatch.setattr(module, "COPIED", 0)
    monkeypatch.setattr(convolution, "LEAST_FOR_CHANNELS", 0)
    monkeypatch.setattr(pool, "deaths", 0)
    with backends.threads(request.param):
        wait_for(request.param)
        yield request.param


@pytest.fixture
def workers(parts):
    """The object of threads.js."""
    return pool.workers


def by_one(f, *args):
    with backends.threads(1):
        return f(*args)


def was_cut(f, *args):
    """The result of f, which must be computed in parts."""
    before = pool.workers.copied
    y = f(*args)
    assert pool.workers.copied > before
    return y


def close(a, b, scale=1.0):
    """Equal up to the order of sums, of numbers of about `scale`."""
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * max(scale, np.abs(b).max()))


def same(a, b, images, W):
    """Bit-identical, where the images were cut; close where the channels were: of one image, or a large W."""
    if len(images) == 1 or 0 < 8 * images.nbytes <= W.nbytes:
        close(a, b, W[0].size ** 0.5)
    else:
        np.testing.assert_array_equal(a, b)


class TestEqualToOneThread:
    """Bit-identical to one thread, where parts are computed in the same order."""

    @pytest.mark.parametrize("parts", [3], indirect=True)
    @pytest.mark.parametrize("g", GEOMETRIES.values(), ids=GEOMETRIES)
    def test_convolutions(self, parts, g):
        kernels = backends.kernels(numbers())
        x, W, b = g.arrays(g.x_shape, g.W_shape, g.W_shape[:1], dtype=np.float32)
        y = kernels.conv2d(x, W, b, g.sizes, relu=True, most=0.5)
        same(y, by_one(kernels.conv2d, x, W, b, g.sizes, True, 0.5), x, W)
        (gy,) = g.arrays(y.shape, dtype=np.float32)
        gx = kernels.conv2d_gx(gy, W, None, g.sizes)
        same(gx, by_one(kernels.conv2d_gx, gy, W, None, g.sizes), gy, W)
        gW = kernels.conv2d_gW(x, gy, g.sizes)
        close(gW, by_one(kernels.conv2d_gW, x, gy, g.sizes))

    @pytest.mark.parametrize("N", [1, 3])
    @pytest.mark.parametrize(("stride", "pad"), [(1, 1), (2, 0)])
    def test_channels(self, parts, N, stride, pad):
        """Parts of them, the last one smaller, where W is much larger than the images."""
        kernels, g = backends.kernels(numbers()), sizes((3, 5), 3, stride=stride, pad=pad)
        x, W, b = numbers(N, 41, 3, 5), numbers(43, 41, 3, 3), numbers(43)
        y = was_cut(kernels.conv2d, x, W, b, g, True, 1.5)
        close(y, reference.conv2d(x, W, b, g, True, 1.5), W[0].size ** 0.5)
        gy, b = numbers(*y.shape, seed=1), b[:41]
        close(was_cut(kernels.conv2d_gx, gy, W, b, g), reference.conv2d_gx(gy, W, b, g))
        close(was_cut(kernels.conv2d_gW, x, gy, g), reference.conv2d_gW(x, gy, g))

    def test_sums_are_deterministic(self, parts):
        kernels = backends.kernels(numbers())
        x, gy, g = numbers(6, 3, 9, 8), numbers(6, 4, 9, 8), sizes((9, 8), 3, pad=1)
        found = [was_cut(kernels.conv2d_gW, x, gy, g) for _ in range(3)]
        step = 6 // parts
        expected = by_one(kernels.conv2d_gW, x[:step], gy[:step], g)
        for n in range(step, 6, step):
            expected = expected + by_one(kernels.conv2d_gW, x[n : n + step], gy[n : n + step], g)
        for gW in found:
            np.testing.assert_array_equal(gW, expected)

    @pytest.mark.parametrize(("a", "b"), PRODUCTS.values(), ids=PRODUCTS)
    def test_products(self, parts, a, b):
        matmul = backends.kernels(a).matmul
        np.testing.assert_array_equal(was_cut(matmul, a, b), by_one(matmul, a, b))

    @pytest.mark.parametrize("K", [100, 700])  # sums in one piece and in several
    def test_a_bias(self, parts, K):
        x, W, b = numbers(300, K), numbers(K, 300), numbers(300)
        linear = backends.kernels(x).linear
        np.testing.assert_array_equal(was_cut(linear, x, W, b), by_one(linear, x, W, b))

    @pytest.mark.parametrize("H", [8, 9])
    @pytest.mark.parametrize(("T", "N"), [(1, 16), (3, 16), (4, 13), (2, 9)])
    def test_recurrent_layers(self, parts, T, N, H, monkeypatch):
        kernels = backends.kernels(numbers())
        cut_kernels = set()

        def run(kernel, *rest):
            cut_kernels.add(kernel.__name__)
            return type(pool).run(pool, kernel, *rest)

        monkeypatch.setattr(pool, "run", run)
        x, h, gh = numbers(T, N, 5), numbers(N, H), numbers(T, N, H)
        for name, bias, saved in (("lstm", 1, [h]), ("gru", 2, [])):
            gates = 5 - bias
            W = numbers(5 + H + bias, gates * H)
            forward, backward = getattr(kernels, name), getattr(kernels, f"{name}_grad")
            ys = was_cut(forward, x, h, *saved, W)
            gs = was_cut(backward, x, W, *ys, gh, *saved, True)
            found = by_one(forward, x, h, *saved, W), by_one(backward, x, W, *ys, gh, *saved, True)
            for a, b in zip([*ys, *gs], [*found[0], *found[1]], strict=True):
                np.testing.assert_array_equal(a, b)
            assert T == 1 or {name, f"{name}_grad", "matmul"} <= cut_kernels

    def test_noncontiguous_views(self, parts):
        a, b = numbers(30, 14)[:, ::2], numbers(7, 22)[:, ::2]
        batch = numbers(3, 30, 14)[..., ::2]
        matmul = backends.kernels(a).matmul
        for left, right in ((a, b), (a[::-1], b), (batch, b), (batch, np.broadcast_to(b, (3, 7, 11)))):
            np.testing.assert_array_equal(matmul(left, right), by_one(matmul, left, right))

    def test_unsupported_calls_use_numpy(self, parts):
        gy, W, g = numbers(4, 3, 6, 6), numbers(3, 2, 3, 3), sizes((6, 6), 3, pad=1)
        W[0, 0, 0, 0] = np.inf
        kernels = backends.kernels(gy)
        np.testing.assert_array_equal(kernels.conv2d_gx(gy, W, None, g), reference.conv2d_gx(gy, W, None, g))


class TestSplitting:
    """Which calls are split, at measured rates."""

    @pytest.fixture
    def rates(self, parts, monkeypatch):
        for name, rate in zip(("CALL", "COPIED"), RATES, strict=True):
            monkeypatch.setattr(module, name, rate)
        monkeypatch.setattr(convolution, "LEAST_FOR_CHANNELS", LEAST_FOR_CHANNELS)
        pool.start()

    @pytest.mark.usefixtures("rates")
    def test_small_calls_are_not_split(self, workers):
        kernels = backends.kernels(numbers())
        before = workers.copied
        for N, C, H in ((1, 1, 28), (1, 16, 14), (32, 1, 8)):
            x, W, g = numbers(N, C, H, H), numbers(16, C, 3, 3), sizes((H, H), 3, pad=1)
            y = kernels.conv2d(x, W, None, g)
            kernels.conv2d_gx(y, W, None, g)
            kernels.conv2d_gW(x, y, g)
        x, W = numbers(1, 112, 14, 14), numbers(672, 112, 1, 1)  # of EfficientNet-Lite0
        kernels.conv2d(x, W, None, sizes((14, 14), 1))
        kernels.matmul(numbers(64, 64), numbers(64, 64))
        kernels.matmul(numbers(4, 784), numbers(784, 1000))  # the copy of its matrix would take longer
        assert workers.copied == before

    @pytest.mark.usefixtures("rates")
    def test_large_calls_are_split(self):
        kernels = backends.kernels(numbers())
        x, W, g = numbers(32, 16, 14, 14), numbers(32, 16, 5, 5), sizes((14, 14), 5, pad=2)
        y = was_cut(kernels.conv2d, x, W, None, g)
        was_cut(kernels.conv2d_gx, y, W, None, g)
        was_cut(kernels.conv2d_gW, x, y, g)
        was_cut(kernels.matmul, numbers(256, 256), numbers(256, 256))

    @pytest.mark.usefixtures("rates")
    @pytest.mark.parametrize(("N", "C", "H"), [(1, 64, 28), (2, 256, 7)])
    def test_few_images_are_split(self, N, C, H):
        """For two of 7x7, but not for one, the algorithm of one thread is Winograd's."""
        x, W = numbers(N, C, H, H), numbers(C, C, 3, 3)
        kernels, g = backends.kernels(x), sizes((H, H), 3, pad=1)
        was_cut(kernels.conv2d, x, W, numbers(C), g)
        was_cut(kernels.conv2d_gx, x, W, None, g)
        was_cut(kernels.conv2d_gW, x, x, g)

    @pytest.mark.usefixtures("rates")
    @pytest.mark.parametrize("parts", [2], indirect=True)
    @pytest.mark.parametrize(("cores", "is_cut"), [(2, False), (4, True)])
    def test_browser_with_two_cores_splits_larger_calls_only(self, workers, monkeypatch, cores, is_cut):
        """In a browser the page needs one of two cores: only larger calls are split."""
        script = SimpleNamespace(cores=lambda: cores, obstacle=lambda: "", inBrowser=lambda: True)
        monkeypatch.setattr(module, "_script", lambda: script)
        pool.start()
        matmul = backends.kernels(numbers()).matmul
        before = workers.copied
        matmul(numbers(256, 256), numbers(256, 256))
        assert (workers.copied > before) == is_cut
        was_cut(matmul, numbers(512, 512), numbers(512, 512))

    def test_split(self, parts):
        assert pool.split(1, 1e9, 0, 0) is None
        assert pool.split(7, 1e9, 0, 0) == {2: (0, 4, 7), 3: (0, 3, 6, 7)}[parts]
        assert pool.split(48, 1e9, 0, 0, step=8) == {2: (0, 24, 48), 3: (0, 16, 32, 48)}[parts]
        assert pool.split(12, 1e9, 0, 0, step=8) is None
        assert pool.split(33, 1e9, 0, 0, step=8, least=8) == (0, 24, 33)
        assert pool.split(40, 1e9, 0, 0, step=8, least=8) == {2: (0, 24, 40), 3: (0, 16, 32, 40)}[parts]


def product(n=0):
    """A call in parts, and its expected result."""
    a, b = numbers(40, 9, seed=n), numbers(9, 8)
    return backends.kernels(a).matmul(a, b), by_one(backends.kernels(a).matmul, a, b)


def end(thread):
    """End a worker, without a sleep, in which Node would hear of it: then nothing would wait for it."""
    thread.worker.terminate()
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        pass


class TestDeadWorkers:
    """A dead worker is detected by a timeout."""

    @pytest.fixture(autouse=True)
    def impatient(self, workers):
        patience, workers.patience = workers.patience, 20
        yield
        workers.patience = patience

    def test_dead_worker_is_replaced_and_its_part_computed(self, parts, workers):
        end(workers.threads[0])
        with pytest.warns(
            RuntimeWarning, match="a thread of the SIMD kernels ended or did not answer"
        ) as told:
            found, expected = product()
        assert len(told) == 1
        np.testing.assert_array_equal(found, expected)
        workers.patience = 10_000
        wait_for(parts)
        a, b = numbers(40, 9), numbers(9, 8)
        np.testing.assert_array_equal(was_cut(backends.kernels(a).matmul, a, b), product()[1])

    def test_repeated_deaths_warn_once_and_disable_threads(self, parts, workers):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(module.DEATHS + 1):
                wait_for(parts)
                end(workers.threads[0])
                found, expected = product()
                np.testing.assert_array_equal(found, expected)
        assert len(told) == 1
        description = backends.describe()
        assert description.threads == 1
        assert description.threads_error.code == "threads-died"
        np.testing.assert_array_equal(*product())

    @pytest.mark.parametrize("parts", [3], indirect=True)
    def test_dead_workers_share_one_timeout(self, parts, workers):
        for thread in workers.threads:
            end(thread)
        workers.patience = 2000
        start = time.monotonic()
        with pytest.warns(RuntimeWarning, match="a thread of the SIMD kernels ended"):
            found, expected = product()
        assert 1.9 < time.monotonic() - start < 3.9
        np.testing.assert_array_equal(found, expected)

    def test_failing_kernel(self, parts, workers):
        """It accesses memory out of bounds; Python's thread would compute the missing parts."""
        before = int(workers.threads.length)
        assert pool._begin("relu", range(parts + 1), scalars(-64, -64) + items(range(parts + 1)))
        assert int(workers.finish()) & 0xFFFF == {2: 0b10, 3: 0b110}[parts]
        assert int(workers.threads.length) == before - (parts - 1)


# Notifies the waiting thread before the call ends, and again when it ends.
EARLY = """(words) => {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const source = `
    const { workerData: words } = require('node:worker_threads');
    const rest = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    rest();
    Atomics.notify(words, 0);
    rest();
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
  `;
  new Worker(source, { eval: true, workerData: words });
}"""


def test_late_notification(workers):
    """A notification of an earlier call does not end this one."""
    from pyodide.code import run_js

    thread = workers.threads[0]
    end(thread)
    thread.words[0] = 2  # it is called
    run_js(EARLY)(thread.words)
    try:
        assert thread.join(10_000)
    finally:
        workers.drop(thread)


def test_interrupted_call(parts):
    """Results that Python did not wait for are not copied into arrays that may be freed."""
    x, y = numbers(parts * 4, 250), np.zeros((parts, 250), np.float32)
    one = np.ones(4, np.float32)
    arguments = result(y, parts) + whole(one) + scalars(0, 4, 1) + cut(x, parts)
    arguments += scalars(0, 250, 1, 1, 1, 250, 4)
    assert pool._begin("matmul", range(parts + 1), arguments)
    np.testing.assert_array_equal(*product())
    assert not y.any()
    assert pool.run(library.matmul, range(parts + 1), arguments)
    np.testing.assert_allclose(y, x.reshape(parts, 4, 250).sum(axis=1), rtol=1e-5, atol=1e-6)


def test_nested_call(parts):
    """As from a signal handler or a profiler, in this thread's part of a call."""
    a, b = numbers(600, 300), numbers(300, 300)
    k = backends.kernels(a)
    expected, expected_within = by_one(k.matmul, a, b), by_one(k.matmul, b, b)
    within = []

    def profiler(frame, event, argument):
        if event == "call" and frame.f_code.co_name == "compute" and not within:
            within.append(None)
            within[:] = [k.matmul(b, b)]

    sys.setprofile(profiler)
    try:
        y = k.matmul(a, b)
    finally:
        sys.setprofile(None)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(*within, expected_within)


def test_memory_does_not_grow(parts, workers, request):
    """Python's memory and the workers', over many calls of changing sizes."""
    from pyodide_js import _module

    def grown():
        return _module.HEAP8.length, *(workers.threads[n].bytes.length for n in range(parts - 1))

    inputs = [(numbers(n, 3, 9, 9), numbers(4, 3, 3, 3)) for n in (2, 17, 3, 8)]
    g, kernels = sizes((9, 9), 3, pad=1), backends.kernels(numbers())

    def run(x, W):
        y = kernels.conv2d(x, W, None, g)
        kernels.conv2d_gW(x, y, g)

    for x, W in inputs * 20:
        run(x, W)
    before = grown()
    calls = request.config.getoption("calls") or 500
    for x, W in itertools.islice(itertools.cycle(inputs), calls):
        run(x, W)
    assert grown() == before


def test_call_too_large_for_a_worker(parts, workers):
    assert not workers.threads[0].reserve(2**29)
    np.testing.assert_array_equal(*product())


def test_ready_workers_compute_while_others_start(parts, workers):
    with backends.threads(16):
        workers.copied = 0
        np.testing.assert_array_equal(*product())
        assert workers.copied
    workers.stop()


def test_workers_beyond_available_memory(parts, workers):
    """The workers that could be started are used."""
    from pyodide.code import run_js

    limit = """(most) => {
      const { Memory } = WebAssembly;
      WebAssembly.Memory = function (options) {
        if (most-- < 1) throw new RangeError('no memory');
        return new Memory(options);
      };
      return () => { WebAssembly.Memory = Memory; };
    }"""
    workers.stop()
    give_back = run_js(limit)(1)
    try:
        with backends.threads(parts + 3):
            wait_for(2)
            description = backends.describe()
            a, b = numbers(40, 9), numbers(9, 8)
            was_cut(backends.kernels(a).matmul, a, b)
    finally:
        give_back()
    assert description.threads == 2
    assert description.threads_reason == f"{parts + 3} were requested, and no more could be started"
    assert description.threads_error is None


class TestDescription:
    def test_number_of_threads_set_while_numpy_serves(self, simd):
        with backends.threads(2):
            with backends.use("numpy"):
                backends.threads(3)
            wait_for(3)
        backends.threads(5)
        use = backends.use("numpy")
        backends.threads(2)
        use.__exit__()
        assert pool.parts == 2
        backends.threads("auto")

    def test_requested_number_of_threads(self, simd):
        for n in (2, 1, 3):
            backends.threads(n)
            wait_for(n)
            description = backends.describe()
            assert (description.threads, description.threads_reason) == (n, "it was requested")
            assert description.threads_error is None
        with backends.threads(1):
            assert backends.describe().threads == 1
        assert backends.describe().threads == 3
        assert str(backends.describe()).splitlines()[1] == "3 threads: it was requested"
        backends.threads("auto")

    def test_node_tells_the_number_of_cores(self, simd):
        """Before version 21 it has no `navigator`."""
        from pyodide.code import run_js

        give_back = run_js("""() => {
          const os = process.getBuiltinModule('node:os');
          const { availableParallelism } = os;
          os.availableParallelism = () => 7;
          return () => { os.availableParallelism = availableParallelism; };
        }""")()
        try:
            assert int(module._script().cores()) == 7
        finally:
            give_back()

    def test_auto(self, simd):
        import js

        with backends.threads("auto"):
            cores = int(js.navigator.hardwareConcurrency)
            wait_for(min(cores, module.MOST))
            description = backends.describe()
        if cores == 1:
            assert description.threads_error.code == "threads-one-core"
        else:
            assert description.threads_reason == "one for each core, up to 4"

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [("document", 1, "threads-page"), ("SharedArrayBuffer", None, "threads-unsupported")],
    )
    def test_threads_without_support(self, simd, name, value, code):
        from js import Object, Reflect, globalThis

        before = Object.getOwnPropertyDescriptor(globalThis, name)
        setattr(globalThis, name, value)
        try:
            with backends.threads(2):
                description = backends.describe()
        finally:
            Reflect.deleteProperty(globalThis, name)
            if before is not None:
                Object.defineProperty(globalThis, name, before)
        assert description.threads == 1
        assert description.threads_error.code == code
        assert str(description.threads_error) == description.threads_reason

    def test_a_policy_without_eval(self, simd, monkeypatch):
        def script():
            raise RuntimeError("threads.js cannot be evaluated: EvalError: forbidden")

        monkeypatch.setattr(module, "_script", script)
        with backends.threads(2):
            description = backends.describe()
            assert pool.least == np.inf
        assert description.threads == 1
        assert description.threads_error.code == "threads-blocked"
        assert (
            description.threads_reason
            == f"workers do not start: {description.threads_error.values['reason']}"
        )
        assert "EvalError: forbidden" in description.threads_reason
