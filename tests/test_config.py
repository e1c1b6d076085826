"""config.py: settings, their scope and their effect."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Config, Function, Variable, no_grad, test_mode, using_config
from pyconvlite.config import call_with_config
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam


class TestConfig:
    @pytest.mark.parametrize(
        ("context", "name"),
        [
            (no_grad, "enable_backprop"),
            (test_mode, "train"),
            (lambda: using_config("enable_backprop", False), "enable_backprop"),
            (lambda: using_config("train", False), "train"),
        ],
    )
    def test_block_changes_and_restores_the_setting(self, context, name):
        assert getattr(Config, name) is True
        with context():
            assert getattr(Config, name) is False
        assert getattr(Config, name) is True

    @pytest.mark.parametrize(("context", "name"), [(no_grad, "enable_backprop"), (test_mode, "train")])
    def test_setting_is_restored_after_an_exception(self, context, name):
        with pytest.raises(ZeroDivisionError), context():
            1 / 0  # noqa: B018
        assert getattr(Config, name) is True

    def test_blocks_nest(self):
        with no_grad():
            with using_config("enable_backprop", True):
                assert (Variable(np.ones(2)) * 2).creator is not None
            assert (Variable(np.ones(2)) * 2).creator is None

    def test_unknown_setting_is_refused(self):
        message = "Config has no attribute 'trian'; it has enable_backprop and train"
        with pytest.raises(AttributeError, match=message), using_config("trian", False):
            pass
        with pytest.raises(AttributeError, match=message):
            call_with_config("trian", False, lambda: None)

    def test_a_context_manager_is_a_decorator(self):
        @no_grad()
        def recorded():
            return (Variable(np.ones(2)) * 2).creator is not None

        assert [recorded(), recorded(), Config.enable_backprop] == [False, False, True]

    def test_an_assignment_sets_the_default(self, monkeypatch):
        with test_mode():
            monkeypatch.setattr(Config, "train", True)
            assert Config.train is False
        monkeypatch.setattr(Config, "train", False)
        with using_config("train", True):
            assert Config.train is True
        assert Config.train is False

    def test_call_with_config_restores_the_setting(self):
        assert call_with_config(
            "train", False, lambda *args, **kwargs: (Config.train, args, kwargs), 1, a=2
        ) == (
            False,
            (1,),
            {"a": 2},
        )
        assert Config.train is True

    def test_no_grad_records_no_graph(self):
        x = Variable(np.ones(2))
        with no_grad():
            y = F.exp(x * 2)
        assert y.creator is None
        y.backward()
        assert x.grad is None

    def test_backward_restores_the_setting_after_an_exception(self):
        class Broken(Function):
            def forward(self, x):
                return x * 1

            def backward(self, gy):
                raise ZeroDivisionError

        x = Variable(np.ones(2))
        y = Broken()(x)
        with pytest.raises(ZeroDivisionError):
            y.backward()
        assert Config.enable_backprop is True


class Net:
    """A network, and steps of training that are interleaved with those of others, by threads or tasks."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.x, self.t = rng.standard_normal((8, 3)), rng.integers(0, 2, 8)
        self.model = Sequential(
            L.Linear(4, in_size=3, dtype=np.float64),
            L.BatchNorm(4, dtype=np.float64),
            F.tanh,
            L.Linear(2, in_size=4, dtype=np.float64),
        )
        for param in self.model.params():
            if param.data.ndim == 2:
                param.data = rng.standard_normal(param.shape)
        self.optimizer = Adam(0.1).setup(self.model)

    def steps(self):
        """Train for 20 steps; yields where another thread or task may go on."""
        for _ in range(20):
            with no_grad(), test_mode():
                yield
                scores = self.model(self.x)
                yield
            assert scores.creator is None
            loss = F.softmax_cross_entropy(self.model(self.x), self.t)
            yield
            self.model.cleargrads()
            loss.backward()
            yield
            self.optimizer.update()

    def weights(self):
        return [param.data for param in self.model.params()]


def trained_alone():
    nets = [Net(i) for i in range(4)]
    for net in nets:
        for _ in net.steps():
            pass
    return [net.weights() for net in nets]


class TestInThreadsAndTasks:
    @pytest.mark.cpython
    def test_threads_train_independently(self):
        nets = [Net(i) for i in range(4)]
        together = threading.Barrier(4)

        def train(net):
            for _ in net.steps():
                together.wait(timeout=60)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(train, nets))
        np.testing.assert_equal([net.weights() for net in nets], trained_alone())
        assert (Config.enable_backprop, Config.train) == (True, True)

    @pytest.mark.cpython
    def test_tasks_train_independently(self):
        nets = [Net(i) for i in range(4)]

        async def train(net):
            for _ in net.steps():
                await asyncio.sleep(0)

        async def main():
            await asyncio.gather(*map(train, nets))

        asyncio.run(main())
        np.testing.assert_equal([net.weights() for net in nets], trained_alone())
        assert (Config.enable_backprop, Config.train) == (True, True)

    def test_overlapping_blocks_in_two_contexts(self):
        """The second task enters its block inside the first one's and leaves after it."""

        def task():
            with no_grad():
                yield Config.enable_backprop
            yield Config.enable_backprop

        (one, a), (two, b) = [(contextvars.copy_context(), task()) for _ in range(2)]
        found = [one.run(next, a), two.run(next, b), one.run(next, a), two.run(next, b)]
        assert found == [False, False, True, True]
        assert Config.enable_backprop is True

    def test_block_closed_in_another_context_changes_nothing_there(self):
        def block():
            with no_grad():
                yield

        forgotten = block()
        contextvars.copy_context().run(next, forgotten)
        with no_grad():
            forgotten.close()
            assert Config.enable_backprop is False

    @pytest.mark.parametrize("first_ends_first", [True, False])
    def test_overlapping_blocks_in_two_generators(self, first_ends_first):
        def scores(value):
            with using_config("enable_backprop", value):
                yield Config.enable_backprop

        one, two = scores(False), scores(True)
        assert [next(one), next(two)] == [False, True]
        first, last = (one, two) if first_ends_first else (two, one)
        first.close()
        assert Config.enable_backprop is first_ends_first  # the setting of the remaining block
        last.close()
        assert Config.enable_backprop is True

    def test_a_new_context_has_the_default(self, monkeypatch):
        with no_grad():
            assert contextvars.Context().run(lambda: Config.enable_backprop) is True
        monkeypatch.setattr(Config, "enable_backprop", False)
        assert contextvars.Context().run(lambda: Config.enable_backprop) is False

    @pytest.mark.cpython
    def test_backward_changes_no_setting_of_other_threads(self):
        class Slow(Function):
            def forward(self, x):
                return x * 1

            def backward(self, gy):
                here.append(Config.enable_backprop)
                thread = threading.Thread(target=lambda: elsewhere.append(Config.enable_backprop))
                thread.start()
                thread.join()
                return gy

        here, elsewhere = [], []
        Slow()(Variable(np.ones(2))).backward()
        assert (here, elsewhere) == ([False], [True])
