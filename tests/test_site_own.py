"""The common part of the networks for the visitor's photos and drawings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from pyconvlite import Variable
from tab.own import Learner, balanced, held_out


class Plain(Learner):
    """Predicts the larger of two features: maps of one pixel, with fixed weights."""

    def received(self, pictures: Sequence[bytes]) -> np.ndarray:
        return np.frombuffer(b"".join(pictures), np.uint8).reshape(-1, 2, 1, 1)

    def maps(self, x: np.ndarray) -> Variable:
        return Variable(x.astype(np.float32))

    def features(self, maps: Variable) -> Variable:
        return maps.reshape(len(maps), -1)

    def last(self, features: Any) -> Variable:
        return Variable(np.zeros((1, 2), np.float32)) + features

    def steps(self, deep: bool) -> Iterator[dict]:
        yield {}

    def weights(self) -> bytes:
        return b""

    def restore(self, weights: bytes, classes: int) -> None:
        self.classes = classes


@pytest.fixture
def learner() -> Plain:
    """Ten pictures of each class; the second test picture of the second class looks like the first class."""
    learner = Plain()
    for number in range(20):
        label = int(number >= 10) if number != 19 else 0
        learner.add([number], [bytes([3 - 2 * label, 1 + 2 * label])])
    list(learner.train(list(range(20)), [0] * 10 + [1] * 10, 2, deep=False))
    return learner


def test_every_fifth_picture_is_held_out() -> None:
    labels = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1]
    assert np.flatnonzero(held_out(labels)).tolist() == [8, 9]
    assert not held_out([0, 0, 0, 0, 1, 1]).any()
    assert held_out([]).shape == (0,)


def test_batches_are_balanced() -> None:
    targets = np.array([0] * 50 + [1] * 2 + [2] * 7)
    found = targets[balanced(targets, 30, np.random.default_rng(0))]
    assert np.bincount(found).tolist() == [10, 10, 10]


def test_result_counts_held_out_pictures(learner: Plain) -> None:
    result = learner.result()
    assert (learner.held, len(learner.learnt)) == ([4, 9, 14, 19], 16)
    assert (result["right"], result["total"]) == (3, 4)
    assert result["confusion"] == [[2, 0], [1, 1]]
    (mistake,) = result["mistakes"]
    assert (mistake["number"], mistake["label"], mistake["predicted"]) == (19, 1, 0)
    assert mistake["confidence"] == pytest.approx(1 / (1 + np.exp(-2)))


def test_no_result_without_held_out_pictures(learner: Plain) -> None:
    list(learner.train([0, 1, 10, 11], [0, 0, 1, 1], 2, deep=False))
    assert learner.result() == {"total": 0, "right": 0, "confusion": [[0, 0], [0, 0]], "mistakes": []}


def test_similar_pictures_are_from_the_training_set(learner: Plain) -> None:
    look = learner.look(bytes([1, 3]))
    assert set(look["alike"]) <= {10, 11, 12, 13, 15, 16, 17, 18}
    learner.forget(range(10, 20))
    assert set(learner.look(bytes([1, 3]))["alike"]) <= set(range(9))
    learner.forget(range(10))
    assert learner.look(bytes([1, 3]))["alike"] == []


def test_grad_cam_weights_are_mean_gradients() -> None:
    """In a network that ends in a mean and a matrix, the gradient is the matrix, so the map is known."""

    class Mean(Plain):
        def features(self, maps: Variable) -> Variable:
            return maps.mean(axis=(2, 3))

        def last(self, features: Any) -> Variable:
            return features @ W

    rng = np.random.default_rng(0)
    W, maps = rng.normal(size=(5, 3)), rng.normal(size=(1, 5, 4, 6))
    expected = np.maximum(np.einsum("c,chw->hw", W[:, 1], maps[0]), 0)
    np.testing.assert_allclose(Mean().grad_cam(maps, 1), expected / expected.max(), rtol=1e-5)
    assert not Mean().grad_cam(np.zeros((1, 5, 4, 6)), 1).any()
