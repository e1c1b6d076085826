"""Dropout on the device, which has a generator of its own."""

import numpy as np
import pytest

import pyconvlite.functions as F
from pyconvlite import Variable, grad, no_grad, seed, test_mode
from pyconvlite.backends import webgpu


def dropped(shape, ratio=0.5):
    return F.dropout(webgpu.ones(shape), ratio).data.get()


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 0.9])
def test_drops_a_share_and_scales_the_rest(ratio):
    seed(0)
    y = dropped((500, 400), ratio)
    assert y.dtype == np.float32
    kept = y != 0
    np.testing.assert_array_equal(y[kept], np.float32(1 / (1 - ratio)))
    assert abs(kept.mean() - (1 - ratio)) <= 5 * np.sqrt(ratio * (1 - ratio) / y.size)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (0, 3)])
def test_any_shape(shape):
    seed(0)
    ys = np.array([dropped(shape) for _ in range(40)])
    assert set(np.unique(ys)) == ({0.0, 2.0} if ys.size else set())
    assert (ys.min(axis=0, initial=2) == 0).all(), "an element that is never dropped"
    assert (ys.max(axis=0, initial=0) == 2).all(), "an element that is always dropped"


def test_elements_are_independent():
    """Of near and far elements, and of earlier draws."""
    seed(0)
    first, second = (dropped((512, 512)) - 1 for _ in range(2))
    chance = 5 / np.sqrt(first.size)
    for step in (1, 2, 3, 4, 5, 64, 256, 512, 1024):
        flat = first.ravel()
        assert abs((flat[step:] * flat[:-step]).mean()) < chance, step
    assert abs((first * second).mean()) < chance
    for axis in (0, 1):
        assert np.abs(first.mean(axis=axis)).max() < 5 / np.sqrt(512)


def test_masks_of_many_keys_are_unbiased():
    """The share of dropped elements is right for each element over many draws, and for each mask."""
    seed(0)
    drawn = np.array([dropped(64, 0.25) != 0 for _ in range(1000)])
    assert abs(drawn.mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / drawn.size)
    assert np.abs(drawn.mean(axis=0) - 0.75).max() < 5 * np.sqrt(0.75 * 0.25 / 1000)
    correlation = np.corrcoef(drawn.T) - np.eye(64)
    assert np.abs(correlation).max() < 5.5 / np.sqrt(1000)


def test_repeats_after_seed():
    seed(1)
    first, second = dropped(100), dropped(100)
    seed(1)
    np.testing.assert_array_equal(dropped(100), first)
    assert (first != second).any()
    seed(2)
    assert (dropped(100) != first).any()


def test_gradients_take_the_same_mask():
    data = np.random.default_rng(0).standard_normal((20, 30)).astype(np.float32)
    before = webgpu.memory()["reads"]
    x = Variable(webgpu.asarray(data))
    y = F.dropout(x, 0.25)
    (gx,) = grad(F.sum(y**3), [x], create_graph=True)
    (ggx,) = grad(F.sum(gx), [x])
    assert webgpu.memory()["reads"] == before
    mask = np.where(y.data.get() == 0, 0, np.float32(4 / 3))
    np.testing.assert_allclose(y.data.get(), mask * data, rtol=1e-6)
    np.testing.assert_allclose(gx.data.get(), 3 * mask**3 * data**2, rtol=1e-5)
    np.testing.assert_allclose(ggx.data.get(), 6 * mask**3 * data, rtol=1e-5)


def test_modes():
    x = webgpu.ones(100)
    with test_mode():
        assert (F.dropout(x).data.get() == 1).all()
    with no_grad():
        assert (F.dropout(x).data.get() == 0).any()


def test_integers_become_floats():
    y = F.dropout(webgpu.asarray(np.full(100, 3)), 0.5)
    assert set(np.unique(y.data.get())) == {0.0, 6.0}


def test_whole_channels_are_dropped():
    seed(0)
    x = Variable(webgpu.ones((50, 40, 2, 3)))
    y = F.dropout2d(x, 0.25)
    found = y.data.get()
    np.testing.assert_array_equal(found.max((2, 3)), found.min((2, 3)))
    assert set(np.unique(found)) == {0.0, np.float32(4 / 3)}
    assert abs((found == 0).mean() - 0.25) < 0.05
    np.testing.assert_array_equal(grad(y, x)[0].data.get(), found)
