"""Learn classes of one's own pictures: what networks for photos and for drawings have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad, no_grad, test_mode

EVERY = 5  # of so many pictures of a class one is kept from training, to test with
ALIKE = 5  # pictures that are shown as the most similar ones
TOGETHER = 32  # pictures in one call of the network


def held_out(labels: Sequence[int]) -> np.ndarray:
    """Which pictures are kept from training: every fifth of each class, in the order given."""
    place = np.array([labels[:i].count(label) for i, label in enumerate(labels)])
    return place % EVERY == EVERY - 1


class Learner(ABC):
    """A network, and the pictures that it learns, known by their numbers.

    Attributes:
        shape: (C, H, W) of what the network takes.
        kind: "image" or "drawing", as export_html has it.
        taken: of each picture what was computed of it once.
        model: the network; None before there is one.
        learnt, held: the pictures that it has learnt from, and those kept to test with.
        labels: their classes.
    """

    shape: tuple[int, int, int]
    kind: str
    model: Any = None
    classes = 0

    def __init__(self) -> None:
        self.taken: dict[int, np.ndarray] = {}
        self.learnt: list[int] = []
        self.held: list[int] = []
        self.labels: dict[int, int] = {}
        self._features: dict[int, np.ndarray] = {}  # of the present network

    # -- what differs

    @abstractmethod
    def received(self, pictures: Sequence[bytes]) -> np.ndarray:
        """What is computed of each picture once, stacked."""

    @abstractmethod
    def maps(self, x: np.ndarray) -> Variable:
        """The last convolution's maps (N, C, H, W) for what was computed once."""

    @abstractmethod
    def features(self, maps: Variable) -> Variable:
        """What the last layer takes, (N, D)."""

    @abstractmethod
    def last(self, features: Any) -> Variable:
        """Scores of the classes, (N, classes)."""

    @abstractmethod
    def steps(self, deep: bool) -> Iterator[dict[str, Any]]:
        """Train on the learnt pictures, yielding after each step `done`, `total`, `loss` and `accuracy`."""

    @abstractmethod
    def weights(self) -> bytes:
        """What training has changed, for `restore`."""

    @abstractmethod
    def restore(self, weights: bytes, classes: int) -> None:
        """Take up what an earlier visit left; a ValueError says what does not fit."""

    # -- pictures

    def add(self, numbers: Sequence[int], pictures: Sequence[bytes]) -> list[bytes]:
        """Take pictures; gives what was computed of each, to be kept."""
        found = self.received(pictures)
        self.taken.update(zip(numbers, found, strict=True))
        return [each.tobytes() for each in found]

    def forget(self, numbers: Sequence[int]) -> None:
        """Take pictures away."""
        for number in numbers:
            self.taken.pop(number, None)
            self._features.pop(number, None)

    def stack(self, numbers: Sequence[int]) -> np.ndarray:
        """What was computed once of several pictures, as float32."""
        return np.stack([self.taken[number] for number in numbers]).astype(np.float32)

    def features_of(self, numbers: Sequence[int]) -> np.ndarray:
        """The features of several pictures, (N, D): computed once for each network."""
        missing = [number for number in numbers if number not in self._features]
        for start in range(0, len(missing), TOGETHER):
            some = missing[start : start + TOGETHER]
            with no_grad(), test_mode():
                found = self.features(self.maps(self.stack(some))).data
            self._features.update(zip(some, found, strict=True))
        return np.stack([self._features[number] for number in numbers])

    # -- training and testing

    def know(self, numbers: Sequence[int], labels: Sequence[int]) -> None:
        """Take these for the pictures that are learnt and tested with; `labels` are their classes."""
        held = held_out(labels)
        self.labels = dict(zip(numbers, labels, strict=True))
        self.learnt = [number for number, is_held in zip(numbers, held, strict=True) if not is_held]
        self.held = [number for number, is_held in zip(numbers, held, strict=True) if is_held]

    def train(
        self, numbers: Sequence[int], labels: Sequence[int], classes: int, deep: bool
    ) -> Iterator[dict[str, Any]]:
        """Learn pictures, given by their numbers and classes; see `steps`."""
        self.know(numbers, labels)
        self.classes = classes
        return self.steps(deep)

    def targets(self, numbers: Sequence[int]) -> np.ndarray:
        """The classes of pictures."""
        return np.array([self.labels[number] for number in numbers], int)

    def result(self) -> dict[str, Any]:
        """How the network does on the pictures that were kept from training.

        Returns:
            `total` and `right` count pictures; `confusion` has a row for each class, a column for each
            answer; `mistakes` are dicts of `number`, `label`, `predicted`, `confidence`, the surest first.
        """
        confusion = np.zeros((self.classes, self.classes), int)
        mistakes = []
        if self.held:
            with no_grad(), test_mode():
                shares = F.softmax(self.last(self.features_of(self.held))).data
            for number, share in zip(self.held, shares, strict=True):
                label, predicted = self.labels[number], int(share.argmax())
                confusion[label, predicted] += 1
                if label != predicted:
                    mistake = {"number": number, "label": label, "predicted": predicted}
                    mistakes.append(mistake | {"confidence": float(share[predicted])})
        mistakes.sort(key=lambda mistake: -mistake["confidence"])
        return {
            "total": len(self.held),
            "right": int(confusion.trace()),
            "confusion": confusion.tolist(),
            "mistakes": mistakes,
        }

    # -- looking

    def look(self, pixels: bytes) -> dict[str, Any]:
        """What the network makes of a picture.

        Returns:
            `probabilities` of the classes; `cam`, where the likeliest was seen, with its `shape` and `data`;
            `alike`, the numbers of the most similar learnt pictures, the most similar first.
        """
        with no_grad(), test_mode():
            maps = self.maps(self.received([pixels]).astype(np.float32))
            features = self.features(maps).data
            shares = F.softmax(self.last(features)).data[0]
        cam = self.grad_cam(maps.data, int(shares.argmax()))
        return {
            "probabilities": shares.tolist(),
            "cam": {"shape": cam.shape, "data": cam.ravel()},
            "alike": self.alike(features[0]),
        }

    def grad_cam(self, maps: np.ndarray, label: int) -> np.ndarray:
        """Where in a picture a class was seen: Grad-CAM (Selvaraju et al., 2017).

        Args:
            maps: (1, C, H, W), the last convolution's.
            label: the class.

        Returns:
            (H, W) float32 from 0 to 1; all zeros if nothing speaks for the class.
        """
        x = Variable(maps)
        with test_mode():
            (slope,) = grad(self.last(self.features(x))[0, label], x)
        cam = (slope.data.mean(axis=(2, 3), keepdims=True) * maps).sum(axis=1)[0]
        return (np.maximum(cam, 0) / max(cam.max(), 1e-9)).astype(np.float32)

    def alike(self, features: np.ndarray) -> list[int]:
        """The learnt pictures whose features have the largest cosine with these."""
        numbers = [number for number in self.learnt if number in self.taken]
        if not numbers:
            return []
        known = self.features_of(numbers)
        nearness = known @ features / np.maximum(np.linalg.norm(known, axis=1), 1e-9)
        return [numbers[i] for i in np.argsort(-nearness)[:ALIKE]]


def balanced(targets: np.ndarray, size: int, rng: Any) -> np.ndarray:
    """Indexes of a batch in which all classes are equally frequent, however many pictures they have."""
    classes = np.unique(targets)
    each = -(-size // len(classes))
    return np.concatenate([rng.choice(np.flatnonzero(targets == label), each) for label in classes])
