"""Photos in colour: EfficientNet-Lite0, which has seen a million photographs, learns new classes from a few.

What comes before its last block, the trunk, never changes here: it is computed once for each picture, and
kept. A new last layer learns from that in no time; if asked, the last block learns, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from math import isqrt
from typing import Any

import numpy as np

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, Parameter, Variable, no_grad, test_mode
from pyconvlite.models import EfficientNetLite0
from pyconvlite.optimizers import Adam
from tab.own import Learner, balanced

SIZE = 224  # pixels of a side, as in the network's own training
FEATURES = 1280
RATE, DEEP_RATE = 0.003, 0.0001  # of learning: a new last layer's, and the last block's
STEPS, BATCH = 120, 32
DEEP_EPOCHS, DEEP_STEPS, DEEP_BATCH = 6, 90, 12  # at most so many steps


class Trunk(Model):
    """The network up to its last block."""

    def __init__(self, body: EfficientNetLite0) -> None:
        self.stem, self.blocks = body.stem, body.blocks[:-1]

    def forward(self, x):
        """Maps (N, 192, H / 32, W / 32) for images (N, 3, H, W)."""
        x = F.clip(self.stem(x), 0, 6)
        for block in self.blocks:
            x = block(x)
        return x


class Tail(Model):
    """Its last block and what follows."""

    def __init__(self, body: EfficientNetLite0) -> None:
        self.block, self.head, self.classifier = body.blocks[-1], body.head, body.classifier

    def maps(self, x):
        """The last convolution's maps (N, 1280, H, W) for the trunk's."""
        return F.clip(self.head(self.block(x)), 0, 6)

    def features(self, maps):
        """The 1280 features of each picture, (N, 1280)."""
        return F.flatten(F.global_average_pooling(maps))

    def forward(self, x):
        """Scores of the classes."""
        return self.classifier(self.features(self.maps(x)))


def normalized(pixels: bytes) -> np.ndarray:
    """Red, green, blue and alpha of a square picture, a byte each, as the network takes it: (3, H, W)."""
    rgba = np.frombuffer(pixels, np.uint8)
    side = isqrt(len(rgba) // 4)
    picture = rgba.reshape(side, side, 4)[..., :3].transpose(2, 0, 1)
    return (picture.astype(np.float32) - 127) / 128  # as EfficientNetLite0.preprocess


class Photos(Learner):
    """Learns photos.

    Args:
        weights: contents of the file of EfficientNet-Lite0's weights.
        size: pixels of a picture's side.
    """

    kind = "image"

    def __init__(self, weights: bytes, size: int = SIZE) -> None:
        super().__init__()
        self.shape = 3, size, size
        self.body = EfficientNetLite0(pretrained=bytes(weights))
        self.body.freeze()
        self.tail = Tail(self.body)
        blank = np.zeros((1, *self.shape), np.float32)
        self.trunk = Trunk(self.body).fused(blank)  # batch normalization is in its convolutions
        self._first = {name: param.data for name, param in self._shared()}  # as before any training here
        self.is_deep = False

    def _shared(self) -> list[tuple[str, Parameter]]:
        """The tail's Parameters without those of the last layer, which each training makes anew."""
        return [
            (name, param) for name, param in self.tail.named_params() if not name.startswith("classifier/")
        ]

    def received(self, pictures: Sequence[bytes]) -> np.ndarray:
        """The trunk's maps (N, 192, H / 32, W / 32) in float16."""
        x = np.stack([normalized(pixels) for pixels in pictures])
        with no_grad(), test_mode():
            return self.trunk(x).data.astype(np.float16)

    def put(self, number: int, maps: bytes) -> None:
        """Put back what `add` gave in an earlier visit."""
        side = -(-self.shape[1] // 32)
        self.taken[number] = np.frombuffer(bytes(maps), np.float16).reshape(-1, side, side)

    def add(self, numbers: Sequence[int], pictures: Sequence[bytes]) -> list[bytes]:
        """Take pictures, and compute their features, too: while more of them come there is time."""
        maps = super().add(numbers, pictures)
        self.features_of(numbers)
        return maps

    def maps(self, x: np.ndarray) -> Variable:
        """The last convolution's maps (N, 1280, H, W)."""
        return self.tail.maps(x)

    def features(self, maps: Variable) -> Variable:
        """The 1280 features of each picture."""
        return self.tail.features(maps)

    def last(self, features: Any) -> Variable:
        """Scores of the classes."""
        return self.tail.classifier(features)

    def steps(self, deep: bool) -> Iterator[dict[str, Any]]:
        """Train a new last layer; or, deep, all that follows the trunk, from where it is.

        Raises:
            ValueError: deep, and the last layer has other classes.
        """
        if not deep:
            self._renew(self.classes)
            features = self.features_of(self.learnt)
            yield from self._train(self.tail.classifier, features, STEPS, BATCH, RATE)
            return
        known = self.tail.classifier.out_size
        if known != self.classes:
            raise ValueError(f"the last layer knows {known} classes, not {self.classes}: train it first")
        self.is_deep = True
        count = min(-(-DEEP_EPOCHS * len(self.learnt) // DEEP_BATCH), DEEP_STEPS)
        self.tail.unfreeze()
        try:
            yield from self._train(self.tail, self.stack(self.learnt), count, DEEP_BATCH, DEEP_RATE)
        finally:  # also where it is stopped
            self.tail.freeze()
            self._features.clear()

    def _renew(self, classes: int) -> None:
        """The pretrained network with a new last layer."""
        if self.is_deep:
            for name, param in self._shared():
                param.data = self._first[name]
            self._features.clear()
        self.is_deep = False
        self.body.classifier = self.tail.classifier = L.Linear(classes, in_size=FEATURES)
        self.model, self.classes = self.body, classes

    def _train(
        self, layer: L.Layer, x: np.ndarray, count: int, batch: int, rate: float
    ) -> Iterator[dict[str, Any]]:
        t = self.targets(self.learnt)
        rng = np.random.default_rng(0)
        optimizer = Adam(rate).setup(layer)
        for step in range(count):
            setattr(optimizer, optimizer.rate_name, rate * (1 - step / count))
            i = balanced(t, batch, rng)
            with test_mode():  # a few pictures would spoil the statistics of batch normalization
                y = layer(x[i])
                loss = F.softmax_cross_entropy(y, t[i])
            layer.cleargrads()
            loss.backward()
            optimizer.update()
            accuracy = float(F.accuracy(y, t[i]).data)
            yield {"done": step + 1, "total": count, "loss": float(loss.data), "accuracy": accuracy}

    def weights(self) -> bytes:
        """What training has changed: the last layer, and all of the tail if that was fine-tuned."""
        file = BytesIO()
        (self.tail if self.is_deep else self.tail.classifier).save_weights(file)
        return file.getvalue()

    def restore(self, weights: bytes, classes: int) -> None:
        """Take up what an earlier visit left."""
        self._renew(classes)
        with np.load(BytesIO(bytes(weights))) as archive:
            self.is_deep = len(archive.files) > len(list(self.tail.classifier.params()))
        (self.tail if self.is_deep else self.tail.classifier).load_weights(BytesIO(bytes(weights)))
        self.tail.freeze()
        self._features.clear()

    def open(self, weights: bytes, classes: int) -> None:
        """Take up the weights of a project.

        Raises:
            ValueError: they do not fit, or their trunk is another one.
        """
        other = EfficientNetLite0(classes)
        other.load_weights(BytesIO(bytes(weights)))
        own, its = (Trunk(body).state_dict() for body in (self.body, other))
        if not all(np.array_equal(own[name], its[name]) for name in own):
            raise ValueError("more than the last block was trained: this page trains its network anew")
        file = BytesIO()
        Tail(other).save_weights(file)
        self.restore(file.getvalue(), classes)
