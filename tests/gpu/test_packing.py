"""backends/webgpu/packing.py, and optimizers and hooks that process all arrays of a model at once."""

import numpy as np
import pytest
from conditions import numbers
from shorthands import OPTIMIZERS

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Parameter, Variable, seed
from pyconvlite.backends import foreach, webgpu
from pyconvlite.backends.webgpu.device import current
from pyconvlite.backends.webgpu.packing import batches, gathered, joined
from pyconvlite.models import Sequential
from pyconvlite.optimizers import (
    SGD,
    Adam,
    AdamW,
    ClipGrad,
    FreezeParam,
    MomentumSGD,
    WeightDecay,
)

rng = np.random.default_rng(0)
ONE_KERNEL = [SGD, MomentumSGD, Adam, AdamW]
SHAPES = [(3, 4), (5,), (), (1, 2, 3), (0, 2), (7,)]


def floats(*shape):
    return np.asarray(rng.standard_normal(shape), np.float32)


def dispatches(f):
    before = webgpu.memory()["dispatches"]
    f()
    return webgpu.memory()["dispatches"] - before


def gathers(count):
    """The number of dispatches that join so many arrays."""
    return -(-count // min(current().info.limits["maxStorageBuffersPerShaderStage"] - 1, 24))


class TestJoined:
    @pytest.mark.parametrize("buffers", [2, 3, 8])
    def test_arrays_are_joined(self, buffers, lower):
        lower(maxStorageBuffersPerShaderStage=buffers)
        host = [floats(*shape) for shape in SHAPES] * 6
        xs = [webgpu.asarray(x) for x in host]
        assert dispatches(lambda: gathered(xs)) == -(-30 // (buffers - 1))  # those that hold something
        np.testing.assert_array_equal(gathered(xs).get(), np.concatenate([x.ravel() for x in host]))

    def test_views(self):
        x = floats(4, 6)
        y = webgpu.asarray(x)
        found = gathered([y[1], y.T, y[:, ::2], y[::-1]]).get()
        expected = np.concatenate([x[1].ravel(), x.T.ravel(), x[:, ::2].ravel(), x[::-1].ravel()])
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize("dtype", [np.int32, np.bool_])
    def test_other_dtypes(self, dtype):
        x = rng.integers(-5, 5, 7).astype(dtype)
        np.testing.assert_array_equal(gathered([webgpu.asarray(x)] * 2).get(), np.tile(x, 2))

    def test_empty_arrays(self):
        assert gathered([webgpu.zeros((0, 3)), webgpu.zeros(0)]).shape == (0,)

    def test_adjacent_arrays_are_not_copied(self):
        y = webgpu.asarray(floats(30))
        parts = [y[4:10].reshape(2, 3), y[10:10], y[10:11].reshape(()), y[11:20]]
        assert joined(parts).buffer is y.buffer
        np.testing.assert_array_equal(joined(parts).get(), y.get()[4:20])
        for others in (
            parts[1:3] + parts[:1],
            [parts[0], parts[3]],
            [parts[0].T, *parts[1:]],
            [y[::2], y[15:]],
        ):
            assert joined(others).buffer is not y.buffer
            np.testing.assert_array_equal(
                joined(others).get(), np.concatenate([x.get().ravel() for x in others])
            )

    def test_concatenate_never_shares(self):
        y = webgpu.asarray(floats(6))
        z = webgpu.concatenate([y[:3], y[3:]])
        z[...] = 7
        assert (y.get() != 7).all()

    def test_batches(self, lower):
        xs = [webgpu.zeros(n) for n in (10, 5, 20, 1, 1)]
        assert [len(batch) for batch in batches(xs)] == [5]
        lower(maxStorageBufferBindingSize=84)  # 80 in whole 16
        assert [[x.size for x in batch] for batch in batches(xs)] == [[10, 5], [20], [1, 1]]


class TestMapped:
    def test_one_call_for_all_arrays(self):
        host = [(floats(*shape), floats(*shape)) for shape in SHAPES]
        rows = [tuple(webgpu.asarray(x) for x in row) for row in host]
        calls = []

        def f(a, b):
            calls.append(a.shape)
            return a + b, a * 2

        for (total, doubled), (a, b) in zip(foreach(f, rows), host, strict=True):
            assert (total.shape, doubled.shape) == (a.shape, a.shape)
            np.testing.assert_array_equal(total.get(), a + b)
            np.testing.assert_array_equal(doubled.get(), a * 2)
        assert len(calls) == 1

    def test_row_by_row_fallback(self):
        whole_numbers, narrow, cpu = np.arange(4), floats(1), floats(3)
        rows = [
            (webgpu.ones(3), webgpu.ones(3)),
            (webgpu.ones(3), webgpu.asarray(narrow)),
            (cpu, cpu),
            (webgpu.asarray(whole_numbers), webgpu.asarray(whole_numbers)),
            (webgpu.ones(2), webgpu.zeros(2)),
        ]
        found = [webgpu.asnumpy(y) for (y,) in foreach(lambda a, b: (a + b,), rows)]
        for y, expected in zip(
            found,
            [np.full(3, 2), 1 + np.tile(narrow, 3), cpu + cpu, whole_numbers * 2, np.ones(2)],
            strict=True,
        ):
            np.testing.assert_array_equal(y, expected)
        with pytest.raises(TypeError, match=r"webgpu\.asarray"):
            foreach(lambda a, b: (a + b,), [(webgpu.ones(3), np.ones(3))])

    def test_more_than_one_buffer(self, lower):
        lower(maxStorageBufferBindingSize=80)
        host = [floats(n) for n in (8, 8, 8, 20, 3)]
        calls = []
        found = foreach(lambda x: (calls.append(x.size), (x * 2,))[1], [(webgpu.asarray(x),) for x in host])
        for (y,), x in zip(found, host, strict=True):
            np.testing.assert_array_equal(y.get(), x * 2)
        assert calls == [16, 8, 20, 3]


class Many(Layer):
    """Parameters of difficult sizes; the first has two names."""

    def __init__(self, count):
        random = np.random.default_rng(1)
        for k in range(count):
            data = np.asarray(random.standard_normal(SHAPES[k % len(SHAPES)]), np.float32)
            setattr(self, f"w{k}", Parameter(data))
        self.again = self.w0


def set_grads(layer, step, skip=()):
    for k, param in enumerate(layer.params()):
        random = np.random.default_rng([step, k])
        g = np.asarray(random.standard_normal(param.shape), np.float32)
        param.grad = None if k in skip else Variable(webgpu.asarray(g))


def one_by_one(optimizer):
    """An optimizer that updates each Parameter separately."""

    class OneByOne(type(optimizer)):
        def update_one(self, param):
            self._update([param])

    optimizer.__class__ = OneByOne
    return optimizer


def assert_same(layer, twin):
    for a, b in zip(layer.params(), twin.params(), strict=True):
        np.testing.assert_array_equal(a.data.get(), b.data.get())


class TestOptimizers:
    @pytest.mark.parametrize("make", OPTIMIZERS)
    def test_bit_identical_to_separate_updates(self, make):
        """Also with missing gradients, and with frozen, added or reassigned Parameters."""

        def trained(prepared):
            layer = Many(9)
            layer.to_gpu()
            optimizer = prepared(make().setup(layer))
            for step, skip in enumerate([(), (), (1, 8), (), (0,), (), ()]):
                if step == 3:
                    optimizer.add_hook(FreezeParam(layer.w3))
                if step == 4:
                    layer.added = Parameter(webgpu.ones((2, 5)))
                if step == 5:
                    layer.w2.data = webgpu.full((), 3)
                set_grads(layer, step, skip)
                optimizer.update()
            return layer

        layer, twin = trained(one_by_one), trained(lambda optimizer: optimizer)
        assert_same(layer, twin)
        untouched = Many(9)
        changed = [
            (a.data.get() != b.data).any() for a, b in zip(layer.params(), untouched.params(), strict=False)
        ]
        assert changed == [a.size > 0 for a in untouched.params()]

    @pytest.mark.parametrize("make", ONE_KERNEL)
    def test_one_dispatch_updates_all(self, make):
        """The gradients are joined by as few dispatches as the adapter's bindings allow."""

        def used(count, optimizer):
            layer = Many(count)
            layer.to_gpu()
            optimizer.setup(layer)
            for k in range(3):
                set_grads(layer, k)
                found = dispatches(optimizer.update)
            return found

        for count in (2, 10, 60):
            full = count - count // len(SHAPES)  # each sixth holds nothing
            assert used(count, make()) == 1 + gathers(full), count

    @pytest.mark.parametrize("make", OPTIMIZERS)
    def test_dispatches_do_not_grow_with_parameters(self, make):
        def used(layer):
            layer.to_gpu()
            optimizer = make().setup(layer)
            optimizer.add_hook(WeightDecay(0.1))
            optimizer.add_hook(ClipGrad(0.5))
            for step in range(3):
                set_grads(layer, step)
                found = dispatches(optimizer.update)
            return found

        many, one = Many(60), Layer()
        one.w = Parameter(np.zeros(sum(param.size for param in many.params()), np.float32))
        before = webgpu.memory()["reads"]
        assert used(many) - used(one) == gathers(50)
        assert webgpu.memory()["reads"] == before

    @pytest.mark.parametrize(
        "limits", [{"maxStorageBufferBindingSize": 64}, {"maxStorageBuffersPerShaderStage": 8}]
    )
    def test_small_adapter_limits(self, limits, lower):
        def trained():
            layer = Many(20)
            layer.to_gpu()
            optimizer = Adam().setup(layer)
            optimizer.add_hook(WeightDecay(0.1))
            optimizer.add_hook(ClipGrad(100.0))
            for step in range(3):
                set_grads(layer, step)
                optimizer.update()
            return layer

        layer = trained()
        lower(**limits)
        assert_same(layer, trained())

    def test_weights_at_any_offset(self):
        """The layers use the weights where the update left them."""

        def outputs(steps):
            seed(0)
            model = Sequential(
                L.Conv2d(3, 3, in_channels=2),
                L.BatchNorm(3),
                L.Deconv2d(2, 3, stride=2, in_channels=3),
                L.Flatten(),
                L.Linear(5, in_size=2 * 9 * 9),
            )
            embedding = L.EmbedID(7, 3)
            embedding.W.data = numbers(*embedding.W.shape)
            model.to_gpu()
            embedding.to_gpu()
            optimizers = [SGD(0.0).setup(model), SGD(0.0).setup(embedding)]
            for layer, optimizer in zip([model, embedding] * steps, optimizers * steps, strict=True):
                set_grads(layer, 0)
                optimizer.update()
                layer.cleargrads()
            x = webgpu.asarray(numbers(2, 2, 6, 6))
            at = webgpu.asarray([[1, 6], [0, 6]])
            y, z = model(x), embedding(at)
            (F.sum(y * y) + F.sum(z * z)).backward()
            params = [*model.params(), *embedding.params()]
            assert steps == 0 or any(param.data.offset for param in params)
            return [y.data, z.data, *(param.grad.data for param in params if param.grad is not None)]

        for a, b in zip(outputs(0), outputs(2), strict=True):
            np.testing.assert_array_equal(a.get(), b.get())

    def test_held_array_is_unchanged(self):
        layer = Many(4)
        layer.to_gpu()
        optimizer = Adam().setup(layer)
        set_grads(layer, 0)
        optimizer.update()
        kept = [param.data for param in layer.params()]
        before = [data.get() for data in kept]
        set_grads(layer, 1)
        optimizer.update()
        for data, expected in zip(kept, before, strict=True):
            np.testing.assert_array_equal(data.get(), expected)

    def test_memory_does_not_grow(self):
        layer = Many(12)
        layer.to_gpu()
        optimizer = Adam().setup(layer)
        found = []
        for step in range(6):
            set_grads(layer, step)
            optimizer.update()
            layer.cleargrads()
            found.append(webgpu.memory()["live"])
        assert found[1:] == [found[1]] * 5
