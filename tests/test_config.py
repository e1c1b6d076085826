"""config.py: what is set, for how long, and what it does."""

import numpy as np
import pytest

import pyconvlite.functions as F
from pyconvlite import Config, Function, Variable, no_grad, test_mode, using_config


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
    def test_is_changed_inside_and_restored_after(self, context, name):
        assert getattr(Config, name) is True
        with context():
            assert getattr(Config, name) is False
        assert getattr(Config, name) is True

    @pytest.mark.parametrize(("context", "name"), [(no_grad, "enable_backprop"), (test_mode, "train")])
    def test_is_restored_after_an_exception(self, context, name):
        with pytest.raises(ZeroDivisionError), context():
            1 / 0  # noqa: B018
        assert getattr(Config, name) is True

    def test_nests(self):
        with no_grad():
            with using_config("enable_backprop", True):
                assert (Variable(np.ones(2)) * 2).creator is not None
            assert (Variable(np.ones(2)) * 2).creator is None

    def test_unknown_setting(self):
        with pytest.raises(AttributeError, match="trian"), using_config("trian", False):
            pass

    def test_no_grad_remembers_nothing(self):
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
