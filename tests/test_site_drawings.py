"""The Python that trains on drawings of the visitor's classes."""

from __future__ import annotations

import numpy as np
import pytest

import pyconvlite
from tab import drawings
from tab.drawings import Drawings, Pictures

SIDE = 84


def drawn(labels: np.ndarray, seed: int) -> list[bytes]:
    """A line down with a bar at its top, middle or bottom, somewhere on the pad."""
    generator = np.random.default_rng(seed)
    found = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    for ink, label in zip(found, labels, strict=True):
        top, left = generator.integers(2, 28, 2)
        length = generator.integers(44, 54)
        ink[top : top + length, left + 22 : left + 27] = 255
        bar = top + label * (length - 7) // 2
        ink[bar : bar + 7, left : left + 49] = 255
    return [ink.tobytes() for ink in found]


@pytest.fixture(scope="module")
def trained() -> Drawings:
    """Three classes of a dozen pictures, trained for fewer epochs than on the page."""
    pyconvlite.seed(0)
    learner, labels = Drawings(), np.repeat(np.arange(3), 12)
    for number, drawing in enumerate(drawn(labels, 4)):
        learner.add([number], [drawing])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawings, "EPOCHS", 10)
        steps = list(learner.train(list(range(36)), labels.tolist(), 3, deep=False))
    assert steps[-1]["done"] == steps[-1]["total"] == 10 * 30
    return learner


def test_drawings_are_centred_as_in_mnist() -> None:
    ink = np.zeros((SIDE, SIDE), np.uint8)
    ink[5:25, 60:64] = 255  # a bar in a corner, twenty high
    found = Drawings().received([ink.tobytes(), bytes(SIDE * SIDE)])
    assert (found.shape, found.dtype) == ((2, 1, 28, 28), np.float32)
    rows, columns = np.nonzero(found[0, 0])
    assert (rows.min(), rows.max()) == (4, 23)  # scaled to 20 pixels
    assert (columns.min() + columns.max()) / 2 == pytest.approx(13.5, abs=0.5)
    assert not found[1].any()


def test_pictures_are_augmented_by_random_shifts() -> None:
    pyconvlite.seed(2)
    plain = np.random.default_rng(1).integers(0, 256, (1, 28, 28), np.uint8)
    pictures = Pictures(plain[None], np.zeros(1, int))
    takes = [pictures[0][0] for _ in range(40)]
    moved = {
        (top, left)
        for take in takes
        for top in range(-2, 3)
        for left in range(-2, 3)
        if np.allclose(
            np.roll(plain / 255, (top, left), (1, 2))[:, 2:-2, 2:-2], take[:, 2:-2, 2:-2], atol=1e-6
        )
    }
    assert len(moved) > 10


class TestLearnt:
    def test_unseen_pictures_are_recognized(self, trained: Drawings) -> None:
        labels = np.repeat(np.arange(3), 8)
        looks = [trained.look(drawing) for drawing in drawn(labels, 5)]
        assert np.mean([np.argmax(look["probabilities"]) for look in looks] == labels) > 0.95
        for look, label in zip(looks, labels, strict=True):
            assert sum(look["probabilities"]) == pytest.approx(1, abs=1e-5)
            assert look["cam"]["shape"] == (8, 8)
            assert np.median([trained.labels[number] for number in look["alike"]]) == label

    def test_grad_cam_highlights_the_bar(self, trained: Drawings) -> None:
        for label in range(3):
            distances = []  # of the rows of the heat and of the bar
            for drawing in drawn(np.full(8, label), 6):
                cam = trained.look(drawing)["cam"]["data"].reshape(8, 8)
                assert cam.min() >= 0
                assert cam.max() == pytest.approx(1)
                (picture,) = trained.received([drawing])[0]
                bar = picture.sum(axis=1).argmax()
                distances.append(abs(7 + 2 * cam.mean(axis=1).argmax() - bar))  # a row of maps sees 14 pixels
            assert np.median(distances) < 5

    def test_learnt_weights_are_restored(self, trained: Drawings) -> None:
        other = Drawings()
        other.restore(trained.weights(), 3)
        (drawing,) = drawn(np.array([1]), 7)
        assert other.look(drawing)["probabilities"] == trained.look(drawing)["probabilities"]
        with pytest.raises(ValueError, match="fc"):
            other.restore(trained.weights(), 4)
