"""The computations of the lesson on pictures that fool a network."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
from lesson_files import LESSONS, Names, ran

import pyconvlite.functions as F

pytestmark = pytest.mark.cpython  # the site is not inside the Pyodide of the tests


@functools.cache
def network() -> Names:
    """The variables of net.py, which trains the network."""
    return ran({}, "glyphs.py", "19-adversarial/net.py")


@pytest.fixture
def figure() -> Callable[..., Names]:
    """Run the Python of a figure with these knobs."""
    return lambda file, **knobs: ran(network() | knobs, f"19-adversarial/{file}.py")


def test_network_reads_digits() -> None:
    names = network()
    read = names["model"](names["pictures"]).data.argmax(axis=1)
    assert np.mean(read == names["labels"]) > 0.97


def test_step_follows_the_sign_of_the_gradient(figure: Callable[..., Names]) -> None:
    found = figure("step", digit=8, epsilon=0.1)
    model, picture = found["model"], found["picture"]

    def loss(pixels: np.ndarray) -> float:
        return float(F.softmax_cross_entropy(model(pixels[None, None]), np.array([8])).data)

    slopes = found["slopes"](model, picture[None, None], np.array([8]))[0, 0]
    for place in np.abs(slopes).ravel().argsort()[-8:]:
        change = np.zeros((16, 16), np.float32)
        change.flat[place] = 0.02
        rise = loss(picture + change) - loss(picture - change)
        assert np.sign(rise) == np.sign(found["step"].flat[place])
    np.testing.assert_allclose(found["changed"], np.clip(picture + found["step"], 0, 1), atol=1e-6)
    for name in ("step", "noise"):
        np.testing.assert_allclose(np.unique(np.abs(found[name])[slopes != 0]), 0.1, rtol=1e-6)
    np.testing.assert_allclose(found["read"].data.sum(axis=1), 1, rtol=1e-5)


def test_steps_fool_the_network_and_noise_does_not(figure: Callable[..., Names]) -> None:
    read = [figure("step", digit=digit, epsilon=0.15)["read"].data.argmax(axis=1) for digit in range(10)]
    before, stepped, noisy = np.transpose(read)
    assert (before == range(10)).all()
    assert (stepped == range(10)).sum() <= 4
    assert (noisy == range(10)).sum() >= 9


def test_small_steps_accumulate(figure: Callable[..., Names]) -> None:
    for n in (1, 25, 1000):
        found = figure("sum", n=n)
        np.testing.assert_allclose(found["aimed"], 0.1 * np.arange(1, n + 1))
        np.testing.assert_allclose(np.abs(np.diff(found["random"], prepend=0)), 0.1)
        assert abs(found["random"][-1]) < 0.4 * n**0.5  # four standard deviations


@pytest.mark.parametrize("epsilon", [0.15, 0.05])
def test_targeted_attack(figure: Callable[..., Names], epsilon: float) -> None:
    reached = 0
    for digit, target in [(8, 3), (8, 0), (8, 5), (3, 7), (3, 0)]:
        found = figure("target", digit=digit, target=target, epsilon=epsilon)
        steps, shares = found["steps"], found["read"].data
        assert np.abs(steps - steps[0]).max() <= epsilon + 1e-6
        assert steps.min() >= 0
        assert steps.max() <= 1
        assert shares[0].argmax() == digit
        assert shares[-1, target] > shares[0, target]
        reached += shares[-1].argmax() == target
    assert reached >= 4 if epsilon == 0.15 else reached <= 1


@pytest.mark.full
def test_adversarial_training(figure: Callable[..., Names]) -> None:
    found = figure("defence", epsilon=0.15)
    usual, defended = np.array(found["usual"]), np.array(found["trained_on"])
    assert usual[0] > 97
    assert defended[0] > 90
    assert usual[6] < 50  # under a step of 0.15
    assert defended[6] > usual[6] + 30
    assert (np.diff(usual) <= 2).all()

    # random noise of the same size in training hardly helps, the answer to the question
    source = (LESSONS / "19-adversarial/net.py").read_text("utf-8")
    line = "np.sign(slopes(model, x, t))"
    assert source.count(line) == 1
    noisy = ran({}, "glyphs.py")
    exec(
        source.replace(line, "rng.choice(np.float32([-1, 1]), x.shape)").replace(
            "trained()", "trained(0.15)"
        ),
        noisy,
    )
    assert found["right"](noisy["model"], 0.15) < (usual[6] + defended[6]) / 2
