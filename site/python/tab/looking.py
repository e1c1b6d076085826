"""Look at pictures through a model: what it receives, and what it answers."""

from __future__ import annotations

from typing import Any

import numpy as np

import pyconvlite.functions as F
from pyconvlite import Model, no_grad, test_mode
from pyconvlite.datasets import MNIST

SIZE, BOX = 28, 20  # MNIST's pictures, and the box that its digits were scaled into


def normalized(drawing: np.ndarray) -> np.ndarray:
    """A drawing as MNIST has its digits.

    The digit is scaled into a box of 20 x 20, keeping its shape, and laid into 28 x 28 so that its centre of
    mass is in the middle.

    Args:
        drawing: (height, width), 0 for paper to 1 for ink.

    Returns:
        (28, 28) float32; all zeros for blank paper.
    """
    picture = np.zeros((SIZE, SIZE), dtype=np.float32)
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if not len(rows):
        return picture
    digit = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = digit.shape
    scale = BOX / max(height, width)
    digit = resized(digit, max(1, round(height * scale)), max(1, round(width * scale)))
    top, left = (place(digit.sum(axis=axis)) for axis in (1, 0))
    picture[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return picture


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The image at another size; each new pixel is the mean of the area it covers."""
    return shares(image.shape[0], height) @ image @ shares(image.shape[1], width).T


def shares(old: int, new: int) -> np.ndarray:
    """How much of each old pixel goes into each new one along an axis: (new, old), rows that sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    pixels = np.arange(old)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return overlap.clip(0) / (old / new)


def place(mass: np.ndarray) -> int:
    """Where a digit with this mass along an axis starts, so that its centre of mass is in the middle."""
    centre = (mass * (np.arange(len(mass)) + 0.5)).sum() / mass.sum()
    return int(np.clip(round(SIZE / 2 - centre), 0, SIZE - len(mass)))


def look_at_drawing(model: Model, ink: bytes, width: int) -> dict[str, Any]:
    """Look at a drawing of `width` pixels a row, one byte each, 255 for ink."""
    return look(model, normalized(np.frombuffer(ink, dtype=np.uint8).reshape(-1, width) / 255))


def look_at_example(model: Model, dataset: MNIST, index: int) -> dict[str, Any]:
    """Look at an image of MNIST; its `label` comes along."""
    return look(model, dataset.data[index, 0] / 255) | {"label": int(dataset.label[index])}


def look(model: Model, picture: np.ndarray) -> dict[str, Any]:
    """What a model makes of a (28, 28) picture.

    Returns:
        A dict of arrays, each with its shape: `picture`; `probabilities` of the ten digits.
    """
    x = picture[None, None].astype(np.float32)
    with no_grad(), test_mode():
        probabilities = F.softmax(model(x)).data[0]
    return {"picture": numbers(picture), "probabilities": numbers(probabilities)}


def numbers(array: np.ndarray) -> dict[str, Any]:
    """An array as the page takes it: its `shape`, and its `data` as a row of float32."""
    return {"shape": array.shape, "data": array.astype(np.float32).ravel()}


def read(model: Model, dataset: MNIST, shown: int, scored: int) -> dict[str, Any]:
    """What a model reads in images that no training sees.

    Returns:
        `predicted` in the first `shown` images; the `accuracy` and the mean `loss` over the first `scored`.
    """
    x, t = dataset.data[:scored] / np.float32(255), dataset.label[:scored]
    with no_grad(), test_mode():
        y = model(x)
        loss = F.softmax_cross_entropy(y, t)
    predicted = y.data.argmax(axis=1)
    return {
        "predicted": predicted[:shown].tolist(),
        "accuracy": float(np.mean(predicted == t)),
        "loss": float(loss.data),
    }
