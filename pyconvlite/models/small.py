"""Small networks, for images of 28 x 28 pixels (digits) and 32 x 32 (CIFAR)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from .. import layers as L
from .._arguments import at_least
from .._shapes import check_axes
from ..autograd import Variable
from ..layers import Layer
from .base import Model


class LeNet(Model):
    """Small convolutional network for 28 x 28 digits.

    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998), in
    today's form: with ReLU, max pooling, and a second convolution that is connected to all channels.

    Args:
        num_classes: number of classes, at least 1.

    Raises:
        TypeError: `num_classes` is not an integer.
        ValueError: `num_classes` is below 1.

    Example:
        >>> import numpy as np
        >>> model = LeNet()
        >>> model(np.zeros((2, 1, 28, 28), dtype=np.float32)).shape
        (2, 10)
        >>> sum(param.size for param in model.params())
        61706
    """

    def __init__(self, num_classes: int = 10) -> None:
        self.conv1 = L.Conv2d(6, kernel_size=5, pad=2, in_channels=1)
        self.conv2 = L.Conv2d(16, kernel_size=5, in_channels=6)
        self.fc1 = L.Linear(120, in_size=16 * 5 * 5)
        self.fc2 = L.Linear(84, in_size=120)
        self.fc3 = L.Linear(at_least(1, num_classes, "num_classes"), in_size=84)

    def forward(self, x: Any) -> Any:
        """Scores before softmax, (N, num_classes), for images of shape (N, 1, 28, 28)."""
        x = F.pooling(F.relu(self.conv1(x)), kernel_size=2, stride=2)  # (N, 6, 14, 14)
        x = F.pooling(F.relu(self.conv2(x)), kernel_size=2, stride=2)  # (N, 16, 5, 5)
        x = F.flatten(x)  # (N, 400)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class SmallVGG(Model):
    """Small VGG: three stages of two 3 x 3 convolutions and max pooling, then two fully connected layers.

    Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2015).

    Args:
        num_classes: number of classes, at least 1.

    Raises:
        TypeError: `num_classes` is not an integer.
        ValueError: `num_classes` is below 1; when called, the images are smaller than 8 x 8.

    Example:
        >>> import numpy as np
        >>> model = SmallVGG()
        >>> model(np.zeros((2, 3, 32, 32), dtype=np.float32)).shape
        (2, 10)
    """

    def __init__(self, num_classes: int = 10) -> None:
        self.conv1_1 = L.Conv2d(16, kernel_size=3, pad=1)
        self.conv1_2 = L.Conv2d(16, kernel_size=3, pad=1)
        self.conv2_1 = L.Conv2d(32, kernel_size=3, pad=1)
        self.conv2_2 = L.Conv2d(32, kernel_size=3, pad=1)
        self.conv3_1 = L.Conv2d(64, kernel_size=3, pad=1)
        self.conv3_2 = L.Conv2d(64, kernel_size=3, pad=1)
        self.fc4 = L.Linear(128)
        self.fc5 = L.Linear(at_least(1, num_classes, "num_classes"))

    def forward(self, x: Any) -> Any:
        """Scores before softmax, (N, num_classes), for images of shape (N, C, H, W)."""
        x = F.relu(self.conv1_2(F.relu(self.conv1_1(x))))
        x = F.pooling(x, 2, 2)  # (N, 16, H / 2, W / 2)
        x = F.relu(self.conv2_2(F.relu(self.conv2_1(x))))
        x = F.pooling(x, 2, 2)  # (N, 32, H / 4, W / 4)
        x = F.relu(self.conv3_2(F.relu(self.conv3_1(x))))
        x = F.pooling(x, 2, 2)  # (N, 64, H / 8, W / 8)
        x = F.dropout(F.relu(self.fc4(F.flatten(x))))
        return self.fc5(x)


class SmallResNet(Model):
    """Residual network for small images: three stages; the last two halve the size and double the channels.

    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2016), section 4.2.

    Args:
        num_classes: number of classes, at least 1.
        n_layers: number of layers with weights, 6 n + 2: 8, 14, 20, ...

    Attributes:
        stages: list of the stages, each a list of `n` BasicBlocks.

    Raises:
        TypeError: `num_classes` or `n_layers` is not an integer.
        ValueError: `num_classes` is below 1, or `n_layers` is not 6 n + 2.

    Example:
        >>> import numpy as np
        >>> model = SmallResNet()
        >>> model(np.zeros((2, 3, 32, 32), dtype=np.float32)).shape
        (2, 10)
    """

    def __init__(self, num_classes: int = 10, n_layers: int = 8) -> None:
        if (at_least(8, n_layers, "n_layers") - 2) % 6:
            raise ValueError(f"n_layers must be 6 n + 2, such as 8, 14 or 20; got {n_layers}")
        n = (n_layers - 2) // 6
        self.conv1 = L.Conv2d(16, kernel_size=3, pad=1, nobias=True)
        self.bn1 = L.BatchNorm(16)
        self.stages = [
            [BasicBlock(channels if k else before, channels, 1 if k else stride) for k in range(n)]
            for before, channels, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2))
        ]
        self.fc = L.Linear(at_least(1, num_classes, "num_classes"), in_size=64)

    def forward(self, x: Any) -> Any:
        """Scores before softmax, (N, num_classes), for images of shape (N, C, H, W)."""
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in self.stages:
            for block in stage:
                x = block(x)
        return self.fc(F.flatten(F.global_average_pooling(x)))


class BasicBlock(Layer):
    """Residual block: two 3 x 3 convolutions, plus the input.

    Where the shapes differ, the shortcut is a 1 x 1 convolution.

    Args:
        in_channels, out_channels: channels of the input and the output, at least 1.
        stride: stride of the first convolution, at least 1.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below 1.

    Example:
        >>> import numpy as np
        >>> BasicBlock(2, 4, stride=2)(np.zeros((1, 2, 8, 8), dtype=np.float32)).shape
        (1, 4, 4, 4)
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        def conv(channels: int, kernel_size: int, stride: int) -> L.Conv2d:
            pad = kernel_size // 2
            return L.Conv2d(out_channels, kernel_size, stride, pad, nobias=True, in_channels=channels)

        self.conv1 = conv(in_channels, 3, stride)
        self.bn1 = L.BatchNorm(out_channels)
        self.conv2 = conv(out_channels, 3, 1)
        self.bn2 = L.BatchNorm(out_channels)
        self.shortcut: list[Layer] = []
        if stride != 1 or in_channels != out_channels:
            self.shortcut = [conv(in_channels, 1, stride), L.BatchNorm(out_channels)]

    def forward(self, x: Any) -> Variable:
        """Output (N, out_channels, OH, OW) for x of shape (N, in_channels, H, W)."""
        h = F.relu(self.bn1(self.conv1(x)))
        h = self.bn2(self.conv2(h))
        for layer in self.shortcut:
            x = layer(x)
        return F.relu(h + x)


class ConvAutoencoder(Model):
    """Convolutional autoencoder: two convolutions encode an image, two transposed convolutions decode it.

    Masci, Meier, Ciresan, Schmidhuber, "Stacked Convolutional Auto-Encoders" (2011), in today's form.

    Args:
        channels: channels of the images, at least 1.
        code_channels: channels of the code, at least 1; its height and width are a quarter of the image's.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below 1; when called, the height or width is not a multiple of 4.

    Example:
        >>> import numpy as np
        >>> model = ConvAutoencoder()
        >>> images = np.zeros((2, 1, 28, 28), dtype=np.float32)
        >>> model.encode(images).shape, model(images).shape
        ((2, 8, 7, 7), (2, 1, 28, 28))
    """

    def __init__(self, channels: int = 1, code_channels: int = 8) -> None:
        channels = at_least(1, channels, "channels")
        code_channels = at_least(1, code_channels, "code_channels")
        self.conv1 = L.Conv2d(16, kernel_size=3, stride=2, pad=1, in_channels=channels)
        self.conv2 = L.Conv2d(code_channels, kernel_size=3, stride=2, pad=1, in_channels=16)
        self.deconv1 = L.Deconv2d(16, kernel_size=4, stride=2, pad=1, in_channels=code_channels)
        self.deconv2 = L.Deconv2d(channels, kernel_size=4, stride=2, pad=1, in_channels=16)

    def encode(self, x: Any) -> Variable:
        """Code of shape (N, code_channels, H / 4, W / 4) for images (N, channels, H, W)."""
        check_axes(np.shape(x), "(N, C, H, W)")
        H, W = np.shape(x)[2:]
        if H % 4 or W % 4:
            raise ValueError(f"height and width of x must be multiples of 4; got {H} x {W}")
        return F.relu(self.conv2(F.relu(self.conv1(x))))

    def decode(self, code: Any) -> Variable:
        """Images (N, channels, H, W) with pixels from 0 to 1, for a code (N, code_channels, H / 4, W / 4)."""
        return F.sigmoid(self.deconv2(F.relu(self.deconv1(code))))

    def forward(self, x: Any) -> Variable:
        """Reconstruction of the images x, with pixels from 0 to 1."""
        return self.decode(self.encode(x))
