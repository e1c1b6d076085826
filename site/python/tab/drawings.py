"""Drawings of one's own classes: a small network learns them from nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from math import isqrt
from typing import Any

import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable
from pyconvlite.datasets import Dataset
from pyconvlite.optimizers import Adam
from pyconvlite.transforms import Compose, RandomShift
from tab.looking import SIZE, normalized
from tab.own import Learner
from tab.training import SmallCNN, build, scaled, train, weights

EPOCHS, BATCH, RATE = 40, 8, 0.002  # a few dozen drawings are learnt in seconds so
SHIFT = 2  # pixels that a picture is moved by at most, each time it is learnt from


class Pictures(Dataset):
    """Pictures and the numbers of their classes, in a random order; each is moved a little when it is taken.

    Args:
        data: (N, 1, 28, 28), 0 to 255.
        label: (N,).
    """

    def __init__(self, data: np.ndarray, label: np.ndarray) -> None:
        super().__init__(transform=Compose([RandomShift(SHIFT), scaled]))
        order = np.random.default_rng(0).permutation(len(data))
        self.data, self.label = data[order], label[order]


class Drawings(Learner):
    """Learns drawings: pictures of a byte a pixel, 0 for paper to 255 for ink.

    The network receives them as MNIST has its digits, centred and scaled.
    """

    shape = 1, SIZE, SIZE
    kind = "drawing"

    def received(self, pictures: Sequence[bytes]) -> np.ndarray:
        """The pictures as the network receives them, (N, 1, 28, 28)."""
        found = []
        for pixels in pictures:
            side = isqrt(len(pixels))
            found.append(normalized(np.frombuffer(pixels, np.uint8).reshape(side, side) / 255))
        return np.stack(found)[:, np.newaxis]

    def maps(self, x: np.ndarray) -> Variable:
        """The second convolution's maps (N, 32, 8, 8)."""
        model = self.model
        return F.relu(model.conv2(F.pooling(F.relu(model.conv1(x)), 2, 2)))

    def features(self, maps: Variable) -> Variable:
        """What the last layer takes: (N, 512)."""
        return F.flatten(F.pooling(maps, 2, 2))

    def last(self, features: Any) -> Variable:
        """Scores of the classes."""
        return self.model.fc(features)

    def steps(self, deep: bool) -> Iterator[dict[str, Any]]:
        """Train a network from random weights; `deep` makes no difference."""
        self.model = build(SmallCNN, self.classes)
        data = (self.stack(self.learnt) * 255).round().astype(np.uint8)
        pictures = Pictures(data, self.targets(self.learnt))
        total = EPOCHS * len(pictures)
        for step in train(self.model, pictures, Adam(RATE), BATCH, EPOCHS):
            numbers = {"loss": float(step.loss), "accuracy": float(step.accuracy)}
            yield {"done": step.samples, "total": total} | numbers
            self._features.clear()

    def weights(self) -> bytes:
        """The network's weights."""
        return weights(self.model)

    def restore(self, weights: bytes, classes: int) -> None:
        """Take up what an earlier visit left, or a project."""
        model = build(SmallCNN, classes)
        model.load_weights(BytesIO(bytes(weights)))
        self.model, self.classes = model, classes
        self._features.clear()

    open = restore
