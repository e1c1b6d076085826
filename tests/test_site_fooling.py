"""Adversarial walks, and the search for similar images."""

from __future__ import annotations

import numpy as np
import pytest
from idx_files import idx

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import Model
from pyconvlite.datasets import MNIST, ArrayDataset
from pyconvlite.optimizers import Adam
from tab import fooling, training

LABELS = np.arange(60, dtype=np.uint8) % 10
IMAGES = np.random.default_rng(0).integers(0, 60, (60, 28, 28), dtype=np.uint8)
for image, label in zip(IMAGES, LABELS, strict=True):
    image[2 * label : 2 * label + 4] = 255


@pytest.fixture(scope="module")
def model() -> Model:
    pyconvlite.seed(0)
    model = training.build(training.SmallCNN)
    dataset = ArrayDataset(IMAGES[:, None] / np.float32(255), LABELS.astype(int))
    list(training.train(model, dataset, Adam(0.01), 20, 10))
    return model


@pytest.fixture
def dataset() -> MNIST:
    return MNIST(train=True, transform=training.scaled, source=(idx(IMAGES), idx(LABELS)))


def test_a_walk_ends_at_its_target(model: Model) -> None:
    picture = IMAGES[7].astype(np.float32) / 255
    found = fooling.walk(model, picture.ravel(), 3)
    pictures = found["pictures"]["data"].reshape(found["pictures"]["shape"])
    probabilities = found["probabilities"]["data"].reshape(-1, 10)
    assert pictures.shape == (fooling.STEPS + 1, 28, 28)
    assert len(probabilities) == len(pictures)
    np.testing.assert_array_equal(pictures[0], picture)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert probabilities[0].argmax() == 7
    assert probabilities[-1].argmax() == 3
    lengths = np.sqrt((np.diff(pictures, axis=0) ** 2).sum(axis=(1, 2)))
    assert lengths.max() <= fooling.LENGTH * 1.001
    np.testing.assert_allclose(probabilities, F.softmax(model(pictures[:, None])).data, atol=1e-6)


def test_the_closest_images(model: Model, dataset: MNIST) -> None:
    neighbours = fooling.Neighbours(dataset)
    assert list(neighbours.learn(model, batch_size=25)) == [25, 50, 60]
    found = neighbours.closest(model, IMAGES[13] / 255, count=5)
    assert (found[0]["pixels"] == IMAGES[13].ravel()).all()
    assert found[0]["likeness"] == pytest.approx(1, abs=1e-5)
    assert [each["label"] for each in found] == [3] * 5
    likeness = [each["likeness"] for each in found]
    assert likeness == sorted(likeness, reverse=True)
