"""optimizers/states.py: arrays by the identity of a Parameter, freed with it."""

import gc
import pickle

import numpy as np
import pytest

from pyconvlite import Parameter
from pyconvlite.optimizers import Adam
from pyconvlite.optimizers.states import States


def params(count):
    return [Parameter(np.zeros(2)) for _ in range(count)]


def test_is_a_mapping():
    a, b, c = params(3)
    states = States({a: np.ones(2)})
    states[b] = np.zeros(2)
    states[a] = np.full(2, 3.0)
    assert (len(states), a in states, c in states, states.get(c), states.get(c, 5)) == (
        2,
        True,
        False,
        None,
        5,
    )
    np.testing.assert_equal(dict(states), {a: np.full(2, 3.0), b: np.zeros(2)})
    del states[a]
    with pytest.raises(KeyError):
        states[a]
    with pytest.raises(KeyError):
        del states[a]
    states.clear()
    assert len(states) == 0


def test_arrays_of_several_parameters():
    a, b, c = params(3)
    states = States({a: np.ones(2)})
    states.assign([b, a], [np.float64(3), np.zeros(2)])
    np.testing.assert_equal(states.arrays([a, c, b]), [np.zeros(2), None, np.array(3.0)])
    assert type(states[b]) is np.ndarray
    assert states.has_just([b, a])
    assert not states.has_just([a])
    assert not states.has_just([a, b, c])


def test_array_is_freed_with_its_parameter():
    """So that a later Parameter at the same address does not find it."""
    gc.disable()
    try:
        (kept,) = params(1)
        states = States({kept: np.ones(2)})
        for _ in range(100):
            (param,) = params(1)
            assert param not in states
            states[param] = np.zeros(2)
            assert len(states) == 2
        del param
        assert list(states) == [kept]
    finally:
        gc.enable()


def test_restores_previous_state():
    a, b, c = params(3)
    arrays = [np.full(2, float(i)) for i in range(3)]
    states = States({a: arrays[0], b: arrays[1]})
    snapshot = states.snapshot()
    states[a] = arrays[2]
    states[c] = arrays[2]
    del b, states[a]
    states.restore(snapshot)
    assert list(states) == [a]
    assert states[a] is arrays[0]


def test_pickled_with_the_optimizer():
    (param,) = params(1)
    optimizer = Adam()
    optimizer.ms[param] = np.ones(2)
    copy = pickle.loads(pickle.dumps((optimizer, param)))
    np.testing.assert_array_equal(copy[0].ms[copy[1]], np.ones(2))
