"""Expected results of the pages' networks, computed by the package."""

from __future__ import annotations

import numpy as np
from hosting import DIST

import pyconvlite.functions as F
from pyconvlite.datasets import MNIST
from tab import training


def gradient_norms(W: dict[str, np.ndarray]) -> dict[str, float]:
    """The gradient norm of each layer of the small CNN, for the loss on the first 64 test images."""
    model = training.build(training.SmallCNN)
    for name, param in model.named_params():
        param.data = W[name]
    images, labels = ((DIST / "site/mnist" / f"t10k-{name}.gz").read_bytes() for name in ("images", "labels"))
    probe = MNIST(train=False, source=(images, labels))
    F.softmax_cross_entropy(model(probe.data[:64] / np.float32(255)), probe.label[:64]).backward()
    squares: dict[str, float] = {}
    for name, param in model.named_params():
        layer = name.split("/")[0]
        squares[layer] = squares.get(layer, 0.0) + float((param.grad.data**2).sum())
    return {layer: square**0.5 for layer, square in squares.items()}
