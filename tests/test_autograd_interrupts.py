"""autograd/, config.py, optimizers/: the state after a KeyboardInterrupt anywhere in a training step."""

import sys
import weakref

import numpy as np
import pytest
from interrupts import Interrupter, Training, check, places

from pyconvlite import Config, Variable, no_grad
from pyconvlite.layers import BatchNorm, base


@pytest.mark.parametrize(
    ("penalty", "first", "count"), [(False, False, 12), (False, True, 6), (True, False, 2)]
)
def test_interrupted_step_leaves_consistent_state(penalty, first, count):
    """Settings, weights and optimizer are as before the step or as after it; graphs are freed."""
    assert not check(Training(penalty), count, first)


def test_interrupted_block_restores_its_setting():
    def block():
        with no_grad():
            pass

    for n in places(block):
        assert Interrupter(n).run(block)
        assert Config.enable_backprop
        assert sys.exc_info()[1] is None  # or it would keep the local variables of all callers


def test_interrupted_deletion_frees_the_whole_graph():
    def graph():
        y = Variable(np.array(0.0))
        functions = []
        for _ in range(100):  # long enough that some are released by the loop of _ReleasedInLoop
            y = y + 1.0
            functions.append(weakref.ref(y.creator))
        return [y], functions

    for n in places(graph()[0].clear):
        outputs, functions = graph()
        Interrupter(n).run(outputs.clear)
        assert not any(ref() for ref in functions)


def test_interrupted_first_call_makes_all_parameters_or_none():
    x = np.ones((2, 3))
    for n in places(BatchNorm(), x)[::5]:
        layer = BatchNorm()
        Interrupter(n).run(layer, x)
        assert len({param.data is None for param in layer.params()}) == 1
        assert not base._initializing._is_owned()  # or other threads would wait for ever
