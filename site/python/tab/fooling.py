"""What deceives a model, and what it finds alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Model, Variable, grad, no_grad, test_mode
from pyconvlite.datasets import MNIST
from tab.looking import SIZE, numbers

STEPS = 50
LENGTH = 0.12  # of a step; that of a picture is the root of the sum of the squares of its pixels, 0 to 1


def walk(model: Model, picture: np.ndarray, target: int) -> dict[str, Any]:
    """Change a picture, step by step, so that a model reads it as something else.

    Each step follows the gradient of the loss with respect to the pixels, which stay from 0 to 1 (Szegedy et
    al. 2013, arXiv:1312.6199).

    Args:
        picture: 28 x 28 pixels, 0 to 1.
        target: what it shall be read as.

    Returns:
        `pictures` (STEPS + 1, 28, 28), the first one as it was, and the model's `probabilities` for each.
    """
    x = np.asarray(picture, np.float32).reshape(1, 1, SIZE, SIZE)
    way = [x]
    with test_mode():
        for _ in range(STEPS):
            v = Variable(x)
            slope = grad(F.softmax_cross_entropy(model(v), np.array([target])), v)[0].data
            length = float(np.linalg.norm(slope))
            if length:
                x = (x - np.float32(LENGTH / length) * slope).clip(0, 1)
            way.append(x)
        pictures = np.concatenate(way)
        with no_grad():
            probabilities = F.softmax(model(pictures)).data
    return {"pictures": numbers(pictures[:, 0]), "probabilities": numbers(probabilities)}


class Neighbours:
    """Images by what a model makes of them: the input of its last layer.

    Args:
        dataset: the images that others are compared with.
    """

    def __init__(self, dataset: MNIST) -> None:
        self.dataset = dataset
        self._features = np.zeros((0, 0), np.float32)

    def learn(self, model: Model, batch_size: int = 250) -> Iterator[int]:
        """Look at all images through a model, yielding how many are done after each batch."""
        parts = []
        for x, _ in DataLoader(self.dataset, batch_size, shuffle=False):
            parts.append(features(model, x))
            yield sum(map(len, parts))
        self._features = np.concatenate(parts)

    def closest(self, model: Model, picture: np.ndarray, count: int = 10) -> list[dict[str, Any]]:
        """The images whose features point in the direction that is closest to a picture's, closest first.

        Returns:
            For each its `label`, `likeness`, the cosine of the angle, and `pixels`.
        """
        own = features(model, np.asarray(picture, np.float32).reshape(1, 1, SIZE, SIZE))[0]
        likeness = self._features @ own
        return [
            {
                "label": int(self.dataset.label[i]),
                "likeness": float(likeness[i]),
                "pixels": self.dataset.data[i].ravel(),
            }
            for i in (-likeness).argsort(kind="stable")[:count]
        ]


def features(model: Model, x: np.ndarray) -> np.ndarray:
    """What the last layer of a model receives for images x, each scaled to length 1."""
    last = [layer for layer in model.modules() if isinstance(layer, L.Linear)][-1]
    received: list[Variable] = []
    hook = last.register_forward_hook(lambda layer, inputs, y: received.append(inputs[0]))
    with hook, no_grad(), test_mode():
        model(x)
    found = received[0].data
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12))
