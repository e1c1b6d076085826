"""The Python that trains on drawings of the visitor's classes."""

from __future__ import annotations

import numpy as np
import pytest

import pyconvlite
from tab import drawings
from tab.drawings import Drawings, Pictures, received

SIDE = 84


def photos(labels: np.ndarray, seed: int) -> list[bytes]:
    """Grey photos of a bar, whose height in the picture depends on the class, at different brightness."""
    generator = np.random.default_rng(seed)
    found = generator.integers(0, 20, (len(labels), SIDE, SIDE), dtype=np.uint8)
    for i, label in enumerate(labels):
        top = 8 + 24 * label + generator.integers(8)
        found[i, top : top + 12, 10:70] += 60 + 20 * np.uint8(i % 5)
    return [b"\0" + photo.tobytes() for photo in found]


@pytest.fixture(scope="module")
def trained() -> Drawings:
    """Three classes of a dozen pictures, trained for fewer epochs than on the page."""
    pyconvlite.seed(0)
    learner, labels = Drawings(), np.repeat(np.arange(3), 12)
    for number, photo in enumerate(photos(labels, 4)):
        learner.add([number], [photo])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawings, "EPOCHS", 10)
        steps = list(learner.train(list(range(36)), labels.tolist(), 3, deep=False))
    assert steps[-1]["done"] == steps[-1]["total"] == 10 * 30
    return learner


class TestReceived:
    def test_a_drawing_is_centred_as_in_mnist(self) -> None:
        drawing = np.zeros((SIDE, SIDE))
        drawing[5:25, 60:64] = 1  # a bar in a corner, twenty high
        found = received(drawing, drawn=True)
        rows, columns = np.nonzero(found)
        assert (found.shape, found.dtype) == ((28, 28), np.float32)
        assert (rows.min(), rows.max()) == (4, 23)  # scaled to 20 pixels
        assert (columns.min() + columns.max()) / 2 == pytest.approx(13.5, abs=0.5)

    def test_photo_is_not_moved_and_gets_full_contrast(self) -> None:
        photo = np.full((SIDE, SIDE), 0.5)
        photo[:42] = 0.6
        found = received(photo, drawn=False)
        np.testing.assert_array_equal(found[:14], 1)
        np.testing.assert_array_equal(found[14:], 0)

    def test_brightness_is_normalized(self) -> None:
        photo = np.random.default_rng(0).random((SIDE, SIDE))
        bright, dim = (received(photo * scale + start, False) for scale, start in ((1, 0), (0.2, 0.5)))
        np.testing.assert_allclose(bright, dim, atol=1e-6)

    @pytest.mark.parametrize("drawn", [True, False])
    def test_empty_picture(self, drawn: bool) -> None:
        assert not received(np.zeros((SIDE, SIDE)), drawn).any()
        assert not received(np.full((SIDE, SIDE), 0.7), False).any()

    def test_first_byte_distinguishes_drawing_and_photo(self) -> None:
        ink = np.zeros((SIDE, SIDE), np.uint8)
        ink[:20, :20] = 255
        found = Drawings().received([bytes([drawn]) + ink.tobytes() for drawn in (0, 1)])
        for drawn in (0, 1):
            np.testing.assert_array_equal(found[drawn, 0], received(ink / 255, bool(drawn)))


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
        looks = [trained.look(photo) for photo in photos(labels, 5)]
        assert np.mean([np.argmax(look["probabilities"]) for look in looks] == labels) > 0.95
        for look, label in zip(looks, labels, strict=True):
            assert sum(look["probabilities"]) == pytest.approx(1, abs=1e-5)
            assert look["cam"]["shape"] == (8, 8)
            assert np.median([trained.labels[number] for number in look["alike"]]) == label

    def test_grad_cam_highlights_the_bar(self, trained: Drawings) -> None:
        for label in range(3):
            distances = []  # of the rows of the heat and of the bar
            for photo in photos(np.full(8, label), 6):
                cam = trained.look(photo)["cam"]["data"].reshape(8, 8)
                assert cam.min() >= 0
                assert cam.max() == pytest.approx(1)
                pixels = np.frombuffer(photo, np.uint8, offset=1).reshape(SIDE, SIDE)
                bar = np.nonzero(pixels >= 60)[0].mean() / SIDE * 8
                distances.append(abs(cam.mean(axis=1).argmax() + 0.5 - bar))
            assert np.median(distances) < 2

    def test_learnt_weights_are_restored(self, trained: Drawings) -> None:
        other = Drawings()
        other.restore(trained.weights(), 3)
        (photo,) = photos(np.array([1]), 7)
        assert other.look(photo)["probabilities"] == trained.look(photo)["probabilities"]
        with pytest.raises(ValueError, match="fc"):
            other.restore(trained.weights(), 4)
