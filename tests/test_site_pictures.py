"""The Python that prepares pictures of one's own classes."""

from __future__ import annotations

import numpy as np
import pytest

import pyconvlite
from pyconvlite.optimizers import Adam
from tab import pictures, training

SIDE = 84


def collection(counts: list[int]) -> pictures.Collection:
    """Photos of a bar, which stands higher or lower by class, in rooms of different brightness."""
    generator = np.random.default_rng(4)
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    photos = generator.integers(0, 20, (len(labels), SIDE, SIDE), dtype=np.uint8)
    for i, label in enumerate(labels):
        top = 8 + 24 * label + generator.integers(8)
        photos[i, top : top + 12, 10:70] += 60 + 20 * np.uint8(i % 5)
    return pictures.Collection(photos.tobytes(), bytes(len(labels)), labels.tobytes())


class TestReceived:
    def test_a_drawing_is_centred_as_in_mnist(self) -> None:
        drawing = np.zeros((SIDE, SIDE))
        drawing[5:25, 60:64] = 1  # a bar in a corner, twenty high
        found = pictures.received(drawing, drawn=True)
        rows, columns = np.nonzero(found)
        assert (found.shape, found.dtype) == ((28, 28), np.float32)
        assert (rows.min(), rows.max()) == (4, 23)  # scaled to 20 pixels
        assert (columns.min() + columns.max()) / 2 == pytest.approx(13.5, abs=0.5)

    def test_a_photo_stays_where_it_is_and_gets_full_contrast(self) -> None:
        photo = np.full((SIDE, SIDE), 0.5)
        photo[:42] = 0.6
        found = pictures.received(photo, drawn=False)
        np.testing.assert_array_equal(found[:14], 1)
        np.testing.assert_array_equal(found[14:], 0)

    def test_how_bright_the_room_is_does_not_matter(self) -> None:
        photo = np.random.default_rng(0).random((SIDE, SIDE))
        bright, dim = (
            pictures.received(photo * scale + start, False) for scale, start in ((1, 0), (0.2, 0.5))
        )
        np.testing.assert_allclose(bright, dim, atol=1e-6)

    @pytest.mark.parametrize("drawn", [True, False])
    def test_an_empty_picture_is_empty(self, drawn: bool) -> None:
        assert not pictures.received(np.zeros((SIDE, SIDE)), drawn).any()
        assert not pictures.received(np.full((SIDE, SIDE), 0.7), False).any()


class TestCollection:
    def test_every_fifth_of_a_class_is_kept_from_training(self) -> None:
        found = collection([12, 4, 5])
        assert np.bincount(found.training.label).tolist() == [10, 4, 4]
        assert np.bincount(found.test.label, minlength=3).tolist() == [2, 0, 1]
        seen = {image.tobytes() for image in found.training.data}
        assert not seen & {image.tobytes() for image in found.test.data}

    def test_the_first_pictures_are_of_all_classes(self) -> None:
        assert set(collection([80, 80, 80]).probe.label[:64]) == {0, 1, 2}

    def test_each_time_a_picture_is_moved_a_little(self) -> None:
        pyconvlite.seed(2)
        found = collection([6, 6])
        takes = [found.training[0][0] for _ in range(40)]
        assert len({take.tobytes() for take in takes}) > 10
        plain = found.probe[0][0]
        assert any(np.array_equal(take, plain) for take in takes)
        assert np.array_equal(takes[0][:, 4:-4, 4:-4].shape, (1, 20, 20))
        moved = {
            (top, left)
            for take in takes
            for top in range(-2, 3)
            for left in range(-2, 3)
            if np.array_equal(np.roll(plain, (top, left), (1, 2))[:, 2:-2, 2:-2], take[:, 2:-2, 2:-2])
        }
        assert len(moved) > 10

    def test_a_dozen_pictures_of_each_are_learnt(self) -> None:
        pyconvlite.seed(0)
        found = collection([12, 12, 12])
        model = training.build(training.SmallCNN, 3)
        for _ in training.train(model, found.training, Adam(0.002), batch_size=8, epochs=40):
            pass
        evaluation = training.Evaluation(model, collection([40, 40, 40]).probe)
        list(evaluation.run())
        result = evaluation.result()
        assert result["accuracy"] > 0.95
        assert np.shape(result["confusion"]) == (3, 3)


def test_a_picture_is_looked_at_as_it_is_learnt() -> None:
    pyconvlite.seed(0)
    model = training.build(training.MLP, 4)
    photo = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    found = pictures.look_at_picture(model, photo.tobytes(), drawn=False)
    np.testing.assert_array_equal(
        found["picture"]["data"], pictures.received(photo / 255, drawn=False).ravel()
    )
    assert found["probabilities"]["shape"] == (4,)
    assert found["probabilities"]["data"].sum() == pytest.approx(1, abs=1e-6)
