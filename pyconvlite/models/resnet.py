"""Residual networks of 50, 101 and 152 layers for large images."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .. import functions as F
from .. import layers as L
from .._arguments import at_least, boolean
from ..autograd import Variable
from ..layers import Layer
from ..layers.torch_names import unwrapped
from .base import Model, load_pretrained

_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class ResNet(Model):
    """Residual network for images of 1000 classes, by default with random weights.

    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2016). Images are usually 224 x 224
    pixels, but other sizes work. The Parameters have DeZero's names, so `load_weights` reads DeZero's weight
    files.

    Weights of torchvision's resnet50, resnet101 or resnet152 can also be loaded. Its networks differ, and
    loading their weights changes this model accordingly: the stride is in the 3 x 3 convolutions instead of
    the 1 x 1 ones before them, the max pooling pads by a pixel, conv1 has no bias, and eps of batch
    normalization is 1e-5. In `state_dict` the Parameters have torchvision's names. Only a model with
    `torchvision=True` reads npz files, checkpoints and projects of this variant.

    Args:
        n_layers: 50, 101 or 152.
        pretrained: False, or the weights: path or URL of a file, or its bytes, in any format that
            `load_weights` reads.
        torchvision: build torchvision's variant from the start.

    Raises:
        ValueError: `n_layers` is not one of these, the weights do not fit, or `pretrained` is True: the
            package has no weights.
        OSError: the file cannot be read.

    Example:
        >>> model = ResNet(50)
        >>> sum(1 for name, param in model.named_params() if name.endswith("W"))  # 4 of them are in shortcuts
        54
    """

    _pool_pad = 0

    def __init__(self, n_layers: int = 152, pretrained: Any = False, *, torchvision: bool = False) -> None:
        if n_layers not in _BLOCKS:
            raise ValueError(f"n_layers must be 50, 101 or 152; got {n_layers}")
        n2, n3, n4, n5 = _BLOCKS[n_layers]
        self.conv1 = L.Conv2d(64, kernel_size=7, stride=2, pad=3, nobias=boolean(torchvision, "torchvision"))
        self.bn1 = L.BatchNorm()
        self.res2 = BuildingBlock(n2, 64, 64, 256, 1)
        self.res3 = BuildingBlock(n3, 256, 128, 512, 2)
        self.res4 = BuildingBlock(n4, 512, 256, 1024, 2)
        self.res5 = BuildingBlock(n5, 1024, 512, 2048, 2)
        self.fc6 = L.Linear(1000)
        if torchvision:
            self._use_torchvision_variant()
        load_pretrained(self, pretrained)

    def features(self, x: Any) -> Variable:
        """The 2048 features of each image, (N, 2048), for images of shape (N, C, H, W)."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.pooling(x, kernel_size=3, stride=2, pad=self._pool_pad)
        x = self.res5(self.res4(self.res3(self.res2(x))))
        return F.flatten(F.global_average_pooling(x))

    def forward(self, x: Any) -> Any:
        """Scores before softmax, (N, 1000), for images of shape (N, C, H, W)."""
        return self.fc6(self.features(x))

    def _torch_key(self, key: str) -> str:
        if match := re.fullmatch(r"res(\d)\.(?:a|b(\d+))\.(\w+)\.(\w+)", key):
            stage, block, layer, name = match.groups("0")
            layer = {"conv4": "downsample.0", "bn4": "downsample.1"}.get(layer, layer)
            return f"layer{int(stage) - 1}.{block}.{layer}.{name}"
        return key.replace("fc6.", "fc.")

    def _load_state_dict(self, mapping: Mapping[str, Any], strict: bool, title: str) -> Any:
        key = "layer1.0.conv1.weight"
        if strict:
            mapping = unwrapped(mapping, {key})
        if "conv1.bias" in mapping or key not in mapping:
            return super()._load_state_dict(mapping, strict, title)
        bias, self.conv1.b = self.conv1.b, None
        try:
            keys = super()._load_state_dict(mapping, strict, title)
        except BaseException:
            self.conv1.b = bias
            raise
        self._use_torchvision_variant()
        return keys

    def _use_torchvision_variant(self) -> None:
        self._pool_pad = 1
        for layer in self.modules():
            if isinstance(layer, L.BatchNorm):
                layer.eps = 1e-5
            elif isinstance(layer, BottleneckA):
                layer.conv1.stride, layer.conv2.stride = (1, 1), layer.conv4.stride


class ResNet50(ResNet):
    """ResNet of 50 layers, with 25.6 million parameters.

    Args:
        pretrained, torchvision: as for ResNet.

    Raises:
        ValueError, OSError: as for ResNet.

    Example:
        >>> ResNet50().res4.b5.conv2.out_channels
        256
    """

    def __init__(self, pretrained: Any = False, *, torchvision: bool = False) -> None:
        super().__init__(50, pretrained, torchvision=torchvision)


class ResNet101(ResNet):
    """ResNet of 101 layers, with 44.6 million parameters.

    Args:
        pretrained, torchvision: as for ResNet.

    Raises:
        ValueError, OSError: as for ResNet.

    Example:
        >>> ResNet101().res4.b22.conv2.out_channels
        256
    """

    def __init__(self, pretrained: Any = False, *, torchvision: bool = False) -> None:
        super().__init__(101, pretrained, torchvision=torchvision)


class ResNet152(ResNet):
    """ResNet of 152 layers, with 60.2 million parameters.

    Args:
        pretrained, torchvision: as for ResNet.

    Raises:
        ValueError, OSError: as for ResNet.

    Example:
        >>> ResNet152().res4.b35.conv2.out_channels
        256
    """

    def __init__(self, pretrained: Any = False, *, torchvision: bool = False) -> None:
        super().__init__(152, pretrained, torchvision=torchvision)


class BuildingBlock(Layer):
    """One stage of a ResNet: one BottleneckA followed by BottleneckBs.

    Args:
        n_layers: number of bottlenecks, at least 1.
        in_channels, mid_channels, out_channels: as in BottleneckA.
        stride, downsample_fb: as in BottleneckA.

    Attributes:
        a: the BottleneckA; the BottleneckBs are b1, b2 and so on.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below 1.

    Example:
        >>> import numpy as np
        >>> block = BuildingBlock(3, 2, 4, 8, 2)
        >>> block(np.zeros((1, 2, 6, 6), dtype=np.float32)).shape
        (1, 8, 3, 3)
    """

    def __init__(
        self,
        n_layers: int,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int,
        downsample_fb: bool = False,
    ) -> None:
        self._bottlenecks = ["a"] + [f"b{i}" for i in range(1, at_least(1, n_layers, "n_layers"))]
        self.a = BottleneckA(in_channels, mid_channels, out_channels, stride, downsample_fb)
        for name in self._bottlenecks[1:]:
            setattr(self, name, BottleneckB(out_channels, mid_channels))

    def forward(self, x: Any) -> Any:
        """Output of the last bottleneck, (N, out_channels, H / stride, W / stride)."""
        for name in self._bottlenecks:
            x = getattr(self, name)(x)
        return x


class _Bottleneck(Layer):
    """Base of BottleneckA and BottleneckB."""

    def __init__(
        self, mid_channels: int, out_channels: int, stride_1x1: int = 1, stride_3x3: int = 1
    ) -> None:
        self.conv1 = L.Conv2d(mid_channels, 1, stride_1x1, nobias=True)
        self.bn1 = L.BatchNorm()
        self.conv2 = L.Conv2d(mid_channels, 3, stride_3x3, 1, nobias=True)
        self.bn2 = L.BatchNorm()
        self.conv3 = L.Conv2d(out_channels, 1, nobias=True)
        self.bn3 = L.BatchNorm()

    def forward(self, x: Any) -> Variable:
        """Output (N, out_channels, H / stride, W / stride) for x of shape (N, in_channels, H, W)."""
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        h = self.bn3(self.conv3(h))
        return F.relu(h + self._shortcut(x))

    def _shortcut(self, x: Any) -> Any:
        return x


class BottleneckA(_Bottleneck):
    """Bottleneck with a projection shortcut: convolutions 1 x 1, 3 x 3, 1 x 1, plus a 1 x 1 convolution of x.

    Args:
        in_channels: ignored, as the first input sets the size; exists for compatibility with DeZero.
        mid_channels: output channels of the first two convolutions.
        out_channels: channels of the output.
        stride: factor by which the image is downsampled.
        downsample_fb: downsample in the 3 x 3 convolution; the paper does so in the first 1 x 1.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below 1.

    Example:
        >>> import numpy as np
        >>> BottleneckA(2, 4, 8)(np.zeros((1, 2, 6, 6), dtype=np.float32)).shape
        (1, 8, 3, 3)
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 2,
        downsample_fb: bool = False,
    ) -> None:
        super().__init__(mid_channels, out_channels, *((1, stride) if downsample_fb else (stride, 1)))
        self.conv4 = L.Conv2d(out_channels, 1, stride, nobias=True)
        self.bn4 = L.BatchNorm()

    def _shortcut(self, x: Any) -> Any:
        return self.bn4(self.conv4(x))


class BottleneckB(_Bottleneck):
    """Bottleneck with an identity shortcut: convolutions 1 x 1, 3 x 3, 1 x 1, plus x.

    Args:
        in_channels: channels of x and of the output.
        mid_channels: output channels of the first two convolutions.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below 1.

    Example:
        >>> import numpy as np
        >>> BottleneckB(8, 4)(np.zeros((1, 8, 3, 3), dtype=np.float32)).shape
        (1, 8, 3, 3)
    """

    def __init__(self, in_channels: int, mid_channels: int) -> None:
        super().__init__(mid_channels, in_channels)
