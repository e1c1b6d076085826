"""Train a network on MNIST and test it: the Python of the page, which runs wherever pyconvlite does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import chdir, suppress
from dataclasses import dataclass
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Model, models, no_grad, test_mode
from pyconvlite._coded import coded
from pyconvlite.backends import get_array_module, on_device, webgpu
from pyconvlite.datasets import MNIST, Dataset
from pyconvlite.models import LeNet, Sequential
from pyconvlite.optimizers import Optimizer
from pyconvlite.utils import Array

__all__ = [
    "MLP",
    "Evaluation",
    "LeNet",
    "Sequential",
    "SmallCNN",
    "Step",
    "build",
    "load",
    "on_cpu",
    "on_gpu",
    "read",
    "test_set",
    "train",
    "training_set",
    "weights",
]


# ----------------------------------------------------------------------------------------------- models


class SmallCNN(Model):
    """Two convolutions and one linear layer."""

    def __init__(self, classes: int = 10) -> None:
        self.conv1 = L.Conv2d(16, kernel_size=5)
        self.conv2 = L.Conv2d(32, kernel_size=5)
        self.fc = L.Linear(classes)

    def forward(self, x):
        """Scores (N, classes) for images (N, 1, 28, 28)."""
        x = F.pooling(F.relu(self.conv1(x)), 2, 2)  # (N, 16, 12, 12)
        x = F.pooling(F.relu(self.conv2(x)), 2, 2)  # (N, 32, 4, 4)
        return self.fc(F.flatten(x))


class MLP(models.MLP):
    """No convolution at all: each of 100 units sees every pixel."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__((100, classes), activation=F.relu)

    def forward(self, x):
        """Scores (N, classes) for images (N, 1, 28, 28)."""
        return super().forward(F.flatten(x))


def build(make: Callable[[int], Model], classes: int = 10) -> Model:
    """A model with random weights; a blank image tells its layers the size of their input.

    Args:
        make: a class of models, or a function, that takes the number of classes.
    """
    model: Any = make(classes)
    model.make, model.classes = make, classes
    with no_grad():
        model(np.zeros((1, 1, 28, 28), dtype=np.float32))
    return model


def weights(model: Model) -> bytes:
    """The model's parameters as an npz file."""
    file = BytesIO()
    model.save_weights(file)
    return file.getvalue()


def load(make: Callable[[int], Model], path: str, classes: int = 10) -> Model:
    """A model with the weights of a file.

    Raises:
        ValueError: they do not fit; it names the file alone, and tells of which network they are if it is one
            of the page's.
    """
    model = build(make, classes)
    folder, name = os.path.split(path)
    with chdir(folder or "."):
        try:
            model.load_weights(name)
        except ValueError as error:
            if other := _of_another(name, classes, error):
                raise other from error
            raise
    return model


# The page's networks, and their names in English.
_NETWORKS = {SmallCNN: "Small CNN", LeNet: "LeNet", MLP: "MLP"}


def _translated(name: str) -> str | ValueError:
    """A network's name for an error's values; pages have a Japanese one for the code of the small CNN's."""
    return coded(ValueError(name), "small-cnn") if name == "Small CNN" else name


def _of_another(name: str, classes: int, error: ValueError) -> ValueError | None:
    """The error that a file has another network's weights, if that is why they do not fit."""
    codes = [getattr(fault, "code", "") for fault in getattr(error, "values", {}).get("faults", [])]
    kinds = ["weight-missing", "weight-unexpected", "weight-shape"]
    if not codes or set(codes) - set(kinds):
        return None
    for make, called in _NETWORKS.items():
        with suppress(ValueError):
            build(make, classes).load_weights(name)
            other = ValueError(
                f"{name} has the weights of {called}: choose {called} as the model, then open the file again"
            )
            return coded(other, "weights-of-given", file=name, model=_translated(called))
    missing, unexpected, misshapen = map(codes.count, kinds)
    other = ValueError(
        f"{name} has the weights of another network ({missing} arrays missing, {unexpected} unexpected, "
        f"{misshapen} of another shape): choose the network that it was saved from, then open the file again"
    )
    return coded(
        other,
        "weights-of-another",
        file=name,
        missing=missing,
        unexpected=unexpected,
        misshapen=misshapen,
    )


def on_gpu(model: Model) -> bool:
    """Whether the model's weights are on a GPU."""
    return on_device(next(model.params()))


async def on_cpu(model: Any) -> Model:
    """The model itself, or of one on a GPU a copy on the CPU."""
    if not on_gpu(model):
        return model
    copy = build(model.make, model.classes)
    arrays = await fetched([param.data for param in model.params()])
    for param, data in zip(copy.params(), arrays, strict=True):
        param.data = data
    return copy


async def fetched(arrays: list[Array]) -> list[np.ndarray]:
    """Arrays of one dtype as NumPy arrays; where they are on a GPU, it is waited for once."""
    flat = get_array_module(arrays[0]).concatenate([array.reshape(-1) for array in arrays])
    ends = np.cumsum([array.size for array in arrays])
    parts = np.split(await webgpu.asnumpy_async(flat), ends[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, arrays, strict=True)]


# ------------------------------------------------------------------------------------------------- data

DATA = Path("/mnist")  # a folder for each 10,000 training images, named 0 to 5, and one named test


def scaled(image: np.ndarray) -> np.ndarray:
    """Pixels 0..255 as float32 0..1."""
    return image.astype(np.float32) / 255


def training_set(images: int) -> MNIST:
    """The first `images` of MNIST's 60,000 training images."""
    folders = [DATA / str(part) for part in range(-(-images // 10_000))]
    parts = [MNIST(train=True, transform=scaled, source=folder) for folder in folders]
    dataset = parts[0]
    dataset.data = np.concatenate([part.data for part in parts])[:images]
    dataset.label = np.concatenate([part.label for part in parts])[:images]
    return dataset


def test_set() -> MNIST:
    """MNIST's 10,000 test images, which no training sees."""
    return MNIST(train=False, transform=scaled, source=DATA / "test")


# --------------------------------------------------------------------------------------------- training


STAIRS = 20  # in which the learning rate falls


@dataclass(frozen=True)
class Step:
    """One batch of training: its images, its loss, and the share of them recognized before its update.

    Loss and accuracy are arrays of shape (), where the model is; `read` gives their numbers.
    """

    epoch: int
    samples: int
    size: int
    loss: Array
    accuracy: Array


def train(
    model: Model, dataset: Dataset, optimizer: Optimizer, batch_size: int, epochs: int
) -> Iterator[Step]:
    """Train where the model is, yielding once a batch; the learning rate falls in equal stairs."""
    try:
        yield from _steps(model, dataset, optimizer, batch_size, epochs)
    finally:
        if on_gpu(model):  # what only training needs there may never be used again
            with suppress(webgpu.DeviceLost):
                webgpu.free_pool()


def _steps(
    model: Model, dataset: Dataset, optimizer: Optimizer, batch_size: int, epochs: int
) -> Iterator[Step]:
    def learn(x, t):
        y = model(x)
        loss = F.softmax_cross_entropy(y, t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss, F.accuracy(y, t)

    gpu = on_gpu(model)
    optimizer.setup(model)
    rate: Any = optimizer.rate_name
    first_rate = getattr(optimizer, rate)
    batches = DataLoader(dataset, batch_size, gpu=gpu)
    samples, total = 0, epochs * len(dataset)
    captured = None
    for epoch in range(1, epochs + 1):
        for x, t in batches:
            stair = STAIRS * samples // total
            setattr(optimizer, rate, first_rate * (1 - stair / STAIRS))
            if captured != len(t):  # a captured step holds for one size of batch
                captured = len(t)
                step = webgpu.capture(learn) if gpu else learn
            loss, accuracy = step(x, t)
            samples += len(t)
            yield Step(epoch, samples, len(t), loss.data, accuracy.data)


async def read(steps: list[Step]) -> list[dict[str, Any]]:
    """The numbers of some steps, by name.

    Raises:
        FloatingPointError: a loss is none.
    """
    numbers = await fetched([array for step in steps for array in (step.loss, step.accuracy)])
    found = []
    for step, loss, accuracy in zip(steps, map(float, numbers[::2]), map(float, numbers[1::2]), strict=True):
        if not isfinite(loss) and step.samples == step.size:  # no rate has played a part yet
            error = FloatingPointError(
                f"the loss of the first batch is {loss}: the weights that training began with are not finite "
                "or much too large; start from random weights"
            )
            raise coded(error, "weights-not-finite", loss=loss)
        if not isfinite(loss):
            error = FloatingPointError(
                f"the loss is {loss} after {step.samples} images: lower the learning rate"
            )
            raise coded(error, "loss-not-finite", loss=loss, images=step.samples)
        found.append({"epoch": step.epoch, "samples": step.samples, "loss": loss, "accuracy": accuracy})
    return found


# ---------------------------------------------------------------------------------------------- testing


class Evaluation:
    """The test of a model on all test images, in batches, so that it can be watched and stopped."""

    def __init__(self, model: Any, dataset: Dataset) -> None:
        self.model = model
        self.dataset = dataset
        self.total = len(dataset)
        self.probabilities = np.zeros((self.total, model.classes), dtype=np.float32)

    def run(self, batch_size: int = 250) -> Iterator[int]:
        """Compute the probabilities, yielding the number of images done after each batch."""
        done = 0
        for x, _ in DataLoader(self.dataset, batch_size, shuffle=False):
            with no_grad(), test_mode():
                self.probabilities[done : done + len(x)] = F.softmax(self.model(x)).data
            done += len(x)
            yield done

    def result(self, worst: int = 20) -> dict[str, Any]:
        """Accuracy, confusion matrix (row: label, column: prediction) and the worst mistakes, worst first."""
        labels = self.dataset.label
        predicted = self.probabilities.argmax(axis=1)
        confusion = np.zeros((self.model.classes, self.model.classes), dtype=int)
        np.add.at(confusion, (labels, predicted), 1)
        of_label = self.probabilities[np.arange(self.total), labels]
        wrong = np.flatnonzero(predicted != labels)
        return {
            "accuracy": float(np.mean(predicted == labels)),
            "total": self.total,
            "confusion": confusion.tolist(),
            "mistakes": [
                {
                    "index": int(i),
                    "label": int(labels[i]),
                    "predicted": int(predicted[i]),
                    "confidence": float(self.probabilities[i, predicted[i]]),
                    "pixels": self.dataset.data[i].ravel(),
                }
                for i in wrong[of_label[wrong].argsort()][:worst]
            ],
        }
