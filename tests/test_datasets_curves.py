import numpy as np
import pytest

import pyconvlite
from pyconvlite.datasets import SinCurve, Spiral, get_spiral


@pytest.mark.parametrize("train", [True, False])
def test_spiral_has_three_arms_of_a_hundred_points(train):
    x, t = get_spiral(train)
    assert (x.shape, x.dtype, t.shape, t.dtype) == ((300, 2), np.float32, (300,), np.dtype(int))
    assert np.bincount(t).tolist() == [100, 100, 100]
    for arm in range(3):
        radius = np.sort(np.hypot(*x[t == arm].T))
        np.testing.assert_allclose(radius, np.arange(100) / 100, atol=1e-6)


# The first points that DeZero gives, as its own code draws them: one number at a time.
@pytest.mark.parametrize(("train", "seed"), [(True, 1984), (False, 2020)])
def test_spiral_equals_dezeros(train, seed):
    random = np.random.RandomState(seed)
    points, arms = [], []
    for arm in range(3):
        for i in range(100):
            angle = arm * 4.0 + 4.0 * (i / 100) + random.randn() * 0.2
            points.append([i / 100 * np.sin(angle), i / 100 * np.cos(angle)])
            arms.append(arm)
    order = random.permutation(300)
    x, t = get_spiral(train)
    np.testing.assert_array_equal(x, np.array(points, np.float32)[order])
    np.testing.assert_array_equal(t, np.array(arms)[order])


def test_spiral_leaves_the_global_generator():
    pyconvlite.seed(0)
    expected = pyconvlite.utils.rng().random()
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    pyconvlite.seed(0)
    get_spiral()
    assert pyconvlite.utils.rng().random() == expected
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_spiral_as_a_dataset():
    spiral = Spiral(transform=lambda x: x * 2, target_transform=lambda t: t + 1)
    x, t = get_spiral()
    np.testing.assert_array_equal(spiral[5][0], x[5] * 2)
    assert spiral[5][1] == t[5] + 1
    assert not np.array_equal(Spiral().data, Spiral(train=False).data)


@pytest.mark.parametrize("train", [True, False])
def test_sin_curve_labels_each_point_with_the_next(train):
    curve = SinCurve(train)
    assert (curve.data.shape, curve.label.shape, curve.data.dtype) == ((999, 1), (999, 1), np.float64)
    np.testing.assert_array_equal(curve.data[1:], curve.label[:-1])


def test_sin_curve_is_noisy_for_training_and_a_cosine_for_tests():
    pyconvlite.seed(0)
    x = np.linspace(0, 2 * np.pi, 1000)
    noise = SinCurve().data[:, 0] - np.sin(x)[:-1]
    assert 0.045 < np.abs(noise).max() <= 0.05
    np.testing.assert_array_equal(SinCurve(train=False).data[:, 0], np.cos(x)[:-1])
    pyconvlite.seed(0)
    np.testing.assert_array_equal(SinCurve().data[:, 0] - np.sin(x)[:-1], noise)


def test_train_must_be_a_bool():
    with pytest.raises(TypeError, match="train must be True or False; got 'test'"):
        get_spiral("test")
