"""VGG16 (book step 58)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from .. import layers as L
from .._shapes import Array
from ..transforms.images import as_rgb
from .base import Model, load_pretrained

# torchvision's names of the layers: their indexes count the ReLUs, the pooling and the Dropout in between.
_TORCH = {"fc6": "classifier.0", "fc7": "classifier.3", "fc8": "classifier.6"}
_TORCH |= {f"conv1_{k}": f"features.{-2 + 2 * k}" for k in (1, 2)}
_TORCH |= {f"conv2_{k}": f"features.{3 + 2 * k}" for k in (1, 2)}
_TORCH |= {f"conv{i}_{k}": f"features.{7 * i - 13 + 2 * k}" for i in (3, 4, 5) for k in (1, 2, 3)}


class VGG16(Model):
    """Network of 13 convolutions and 3 Linear layers for images of 1000 classes.

    Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2015). With
    images of 224 x 224 pixels it has 138 million parameters, 553 MB; other image sizes work too. The initial
    weights are random. The Parameters have DeZero's names, so `load_weights` reads DeZero's weight files; in
    `state_dict` they have those of torchvision's vgg16.

    Args:
        pretrained: False, or the weights: path or URL of a file, or its bytes, in any format that
            `load_weights` reads, such as torchvision's `vgg16-397923af.pth`.

    Raises:
        ValueError: the weights do not fit, or `pretrained` is True: the package has no weights.
        OSError: the file cannot be read.

    Example:
        >>> model = VGG16()
        >>> model.fc8
        Linear(out_size=1000, in_size=None)
        >>> model.conv5_3.W.lazy_shape
        (512, None, 3, 3)
    """

    _dropout = staticmethod(F.dropout)  # `pyconvlite.dezero` replaces it

    def __init__(self, pretrained: Any = False) -> None:
        self.conv1_1 = _conv(64)
        self.conv1_2 = _conv(64)
        self.conv2_1 = _conv(128)
        self.conv2_2 = _conv(128)
        self.conv3_1 = _conv(256)
        self.conv3_2 = _conv(256)
        self.conv3_3 = _conv(256)
        self.conv4_1 = _conv(512)
        self.conv4_2 = _conv(512)
        self.conv4_3 = _conv(512)
        self.conv5_1 = _conv(512)
        self.conv5_2 = _conv(512)
        self.conv5_3 = _conv(512)
        self.fc6 = L.Linear(4096)
        self.fc7 = L.Linear(4096)
        self.fc8 = L.Linear(1000)
        load_pretrained(self, pretrained)

    def features(self, x: Any) -> Any:
        """The 4096 features of each image, (N, 4096), for images of shape (N, C, H, W), 32 x 32 or larger."""
        stages = (
            (self.conv1_1, self.conv1_2),
            (self.conv2_1, self.conv2_2),
            (self.conv3_1, self.conv3_2, self.conv3_3),
            (self.conv4_1, self.conv4_2, self.conv4_3),
            (self.conv5_1, self.conv5_2, self.conv5_3),
        )
        for stage in stages:
            for conv in stage:
                x = F.relu(conv(x))
            x = F.pooling(x, 2, 2)
        x = F.flatten(x)
        x = self._dropout(F.relu(self.fc6(x)))
        return self._dropout(F.relu(self.fc7(x)))

    def forward(self, x: Any) -> Any:
        """Scores before softmax, (N, 1000), for images of shape (N, C, H, W), 32 x 32 or larger."""
        return self.fc8(self.features(x))

    def _torch_key(self, key: str) -> str:
        layer, _, name = key.rpartition(".")
        return f"{_TORCH.get(layer, layer)}.{name}"

    @staticmethod
    def preprocess(image: Any, size: tuple[int, int] | None = (224, 224), dtype: Any = np.float32) -> Array:
        """Convert an image to the network's input: BGR channels minus their means over ImageNet.

        That is the input of DeZero's weights. torchvision's weights take RGB channels from 0 to 1, normalized
        with mean (0.485, 0.456, 0.406) and std (0.229, 0.224, 0.225).

        Args:
            image: Pillow image.
            size: size in pixels to resize to, (width, height); None keeps the image's size.
            dtype: dtype of the result.

        Returns:
            Array of shape (3, height, width).

        Raises:
            TypeError: `image` is not a Pillow image.
            ValueError: it is gray with more than 16 bits, whose range is not known.
        """
        image = as_rgb(image)
        if size:
            image = image.resize(size)
        bgr = np.asarray(image, dtype=dtype)[:, :, ::-1]
        bgr = bgr - np.array([103.939, 116.779, 123.68], dtype=dtype)
        return bgr.transpose(2, 0, 1)  # type: ignore[no-any-return] # (H, W, 3) to (3, H, W)


def _conv(out_channels: int) -> L.Conv2d:
    return L.Conv2d(out_channels, kernel_size=3, stride=1, pad=1)
