"""Pictures of one's own classes: how a network receives them, and which ones it learns from."""

from __future__ import annotations

from math import isqrt

import numpy as np

from pyconvlite import Model
from pyconvlite.datasets import Dataset
from pyconvlite.transforms import Compose, RandomShift
from tab.looking import SIZE, look, normalized, resized
from tab.training import scaled

EVERY = 5  # of so many pictures of a class one is kept from training, to test with
SHIFT = 2  # pixels that a picture is moved by at most, each time it is learnt from
FAINT = 0.02  # of the brightness: what differs by less is no picture
KEPT = (0.02, 0.98)  # share of a photo's pixels that get their own tone; the rest is black or white


def received(picture: np.ndarray, drawn: bool) -> np.ndarray:
    """A picture as a network receives it.

    A drawing is centred and scaled as MNIST has its digits. In a photo everything stays where it is, and the
    contrast is stretched, so that a dim room looks like a bright one.

    Args:
        picture: (height, width), 0 for paper or white to 1 for ink or black.
        drawn: whether it is a drawing.

    Returns:
        (28, 28) float32, 0 to 1.
    """
    if drawn:
        return normalized(picture)
    photo = resized(picture, SIZE, SIZE)
    low, high = np.quantile(photo, KEPT)
    if high - low < FAINT:
        return np.zeros((SIZE, SIZE), np.float32)
    return ((photo - low) / (high - low)).clip(0, 1).astype(np.float32)


class Pictures(Dataset):
    """Pictures and the numbers of their classes, in a random order that is always the same.

    Args:
        data: (N, 1, 28, 28), 0 to 255.
        label: (N,).
        varied: whether each picture is moved by a few pixels when it is taken.
    """

    def __init__(self, data: np.ndarray, label: np.ndarray, varied: bool = False) -> None:
        super().__init__(transform=Compose([RandomShift(SHIFT), scaled]) if varied else scaled)
        order = np.random.default_rng(0).permutation(len(data))
        self.data, self.label = data[order], label[order]


class Collection:
    """The pictures of all classes, of which every fifth of a class is kept from training.

    Args:
        pixels: bytes of N square pictures, 0 for paper or white to 255 for ink or black.
        drawn: a byte for each: 1 for a drawing, 0 for a photo.
        label: a byte for each: the number of its class.

    Attributes:
        training: to learn from; each picture is moved a little each time.
        probe: the same pictures as they are.
        test: the others.
    """

    def __init__(self, pixels: bytes, drawn: bytes, label: bytes) -> None:
        labels = np.frombuffer(label, np.uint8).astype(int)
        ink = np.frombuffer(pixels, np.uint8)
        side = isqrt(len(ink) // len(labels))
        pictures = ink.reshape(-1, side, side) / 255
        kinds = np.frombuffer(drawn, np.uint8).astype(bool)
        data = np.array([received(*each) for each in zip(pictures, kinds, strict=True)])[:, None] * 255
        data = data.round().astype(np.uint8)  # (N, 1, 28, 28)
        place = np.array([np.count_nonzero(labels[:i] == labels[i]) for i in range(len(labels))])
        kept = place % EVERY == EVERY - 1
        self.training = Pictures(data[~kept], labels[~kept], varied=True)
        self.probe = Pictures(data[~kept], labels[~kept])
        self.test = Pictures(data[kept], labels[kept])


def look_at_picture(model: Model, pixels: bytes, drawn: bool) -> dict:
    """Look at a square picture, bytes from 0 for paper or white to 255 for ink or black."""
    ink = np.frombuffer(pixels, np.uint8)
    side = isqrt(len(ink))
    return look(model, received(ink.reshape(side, side) / 255, drawn))
