"""The nets of `./build.sh bench nets`: each is a table of layers, from which every framework makes its model.

Imported also by Pythons that have NumPy alone, without pyconvlite.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Conv:
    """Convolution; without a bias where batch norm follows."""

    out: int
    kernel: int
    stride: int = 1
    pad: int = 0
    groups: int = 1
    bias: bool = True


@dataclass(frozen=True)
class Deconv:
    """Transposed convolution."""

    out: int
    kernel: int
    stride: int
    pad: int


@dataclass(frozen=True)
class Linear:
    """Fully connected layer."""

    out: int


@dataclass(frozen=True)
class LSTM:
    """Reads x (N, T, features) in T steps; the output is the last h, (N, hidden)."""

    hidden: int


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization."""


@dataclass(frozen=True)
class ReLU:
    """max(x, 0), and at most `most`."""

    most: float | None = None


@dataclass(frozen=True)
class MaxPool:
    """Max pooling."""

    kernel: int
    stride: int
    pad: int = 0


@dataclass(frozen=True)
class GlobalAvgPool:
    """Mean over all pixels: (N, C)."""


@dataclass(frozen=True)
class Flatten:
    """(N, ...) to (N, features)."""


@dataclass(frozen=True)
class Residual:
    """The sum of what `body` and `shortcut` make of x; an empty shortcut is x itself."""

    body: "Rows"
    shortcut: "Rows" = ()


Row = Conv | Deconv | Linear | LSTM | BatchNorm | ReLU | MaxPool | GlobalAvgPool | Flatten | Residual
Rows = tuple[Row, ...]


@dataclass(frozen=True)
class Net:
    """A net and the batch that it is measured on.

    Attributes:
        name: for the table and the command line.
        x: shape of the batch.
        rows: its layers.
        trained: whether training is measured, too.
        wanted: at least these shares of PyTorch's speed in training and in inference.
        loss: "cross entropy" with labels below 10, or "squared error" to the input.
        lr: learning rate of SGD.
    """

    name: str
    x: Shape
    rows: Rows
    trained: bool = True
    wanted: tuple[float, float] = (0.6, 0.6)
    loss: str = "cross entropy"
    lr: float = 0.01


# ------------------------------------------------------------------------------------------ parts of the nets


def conv_relu(out: int, kernel: int = 3, stride: int = 1) -> Rows:
    """Convolution and ReLU."""
    return (Conv(out, kernel, stride, kernel // 2), ReLU())


def conv_norm(out: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Rows:
    """Convolution and batch norm."""
    return (Conv(out, kernel, stride, kernel // 2, groups, bias=False), BatchNorm())


def basic_block(C: int, out: int, stride: int = 1) -> Rows:
    """The block of ResNet18, whose shortcut is a 1 x 1 convolution where the shape changes."""
    body = (*conv_norm(out, 3, stride), ReLU(), *conv_norm(out))
    shortcut = () if (out, stride) == (C, 1) else conv_norm(out, 1, stride)
    return (Residual(body, shortcut), ReLU())


def separable(C: int, out: int, stride: int = 1) -> Rows:
    """The block of MobileNet: a depthwise convolution and one of 1 x 1."""
    return (*conv_norm(C, 3, stride, groups=C), ReLU(), *conv_norm(out, 1), ReLU())


def inverted(C: int, out: int, stride: int, expansion: int, kernel: int) -> Rows:
    """The block of MobileNetV2: 1 x 1 to more channels, depthwise, 1 x 1 to fewer; a shortcut if it fits."""
    wide = C * expansion
    expand = (*conv_norm(wide, 1), ReLU(6)) if expansion > 1 else ()
    body = (*expand, *conv_norm(wide, kernel, stride, groups=wide), ReLU(6), *conv_norm(out, 1))
    return (Residual(body),) if (C, stride) == (out, 1) else body


def of_blocks(*stages: tuple[int, int, int, int, int]) -> Rows:
    """A net of MobileNetV2's blocks, from stages: expansion, out, how many blocks, stride, kernel."""
    rows: list[Row] = [*conv_norm(32, 3, 2), ReLU(6)]
    C = 32
    for expansion, out, repeats, stride, kernel in stages:
        for i in range(repeats):
            rows += inverted(C, out, 1 if i else stride, expansion, kernel)
            C = out
    return (*rows, *conv_norm(1280, 1), ReLU(6), GlobalAvgPool(), Linear(1000))


def mobilenet_v2() -> Rows:
    """MobileNetV2, of width 1."""
    return of_blocks(
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 32, 3, 2, 3),
        (6, 64, 4, 2, 3),
        (6, 96, 3, 1, 3),
        (6, 160, 3, 2, 3),
        (6, 320, 1, 1, 3),
    )


def efficientnet_lite0() -> Rows:
    """EfficientNet-Lite0, except that what "same" padding adds at one edge only is at both here."""
    return of_blocks(
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 40, 2, 2, 5),
        (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    )


def resnet18() -> Rows:
    """ResNet18."""
    blocks = [basic_block(C, out, stride) for C, out, stride in zip(_C, _C[1:], _STRIDES, strict=False)]
    stem = (*conv_norm(64, 7, 2), ReLU(), MaxPool(3, 2, 1))
    return (*stem, *(row for block in blocks for row in block), GlobalAvgPool(), Linear(1000))


_C = (64, 64, 64, 128, 128, 256, 256, 512, 512)
_STRIDES = (1, 1, 2, 1, 2, 1, 2, 1)

NETS = (
    # No net, but the ratio that vectors of 128 bits allow: PyTorch has those of 256 or 512 bits.
    Net("matrix-product", (512, 512), (Linear(512),), trained=False, wanted=(0.5, 0.5)),
    Net(
        "mlp",
        (64, 784),
        (Linear(256), ReLU(), Linear(128), ReLU(), Linear(10)),
        wanted=(0.7, 0.6),
    ),
    Net(
        "small-cnn",
        (32, 1, 28, 28),
        (
            *(*conv_relu(16, 5), MaxPool(2, 2)),
            *(*conv_relu(32, 5), MaxPool(2, 2)),
            *(Flatten(), Linear(10)),
        ),
        wanted=(0.8, 0.6),
        lr=0.001,
    ),
    Net(
        "vgg",
        (16, 3, 32, 32),
        (
            *(*conv_relu(32), *conv_relu(32), MaxPool(2, 2)),
            *(*conv_relu(64), *conv_relu(64), MaxPool(2, 2)),
            *(*conv_relu(128), *conv_relu(128), MaxPool(2, 2)),
            *(Flatten(), Linear(128), ReLU(), Linear(10)),
        ),
        wanted=(1.1, 0.6),
        lr=0.003,
    ),
    Net(
        "resnet",
        (32, 3, 32, 32),
        (
            *(*conv_norm(16), ReLU()),
            *(*basic_block(16, 16), *basic_block(16, 32, 2), *basic_block(32, 64, 2)),
            *(GlobalAvgPool(), Linear(10)),
        ),
        wanted=(0.8, 0.6),
    ),
    Net(
        "mobilenet",
        (16, 3, 64, 64),
        (
            *(*conv_norm(16, 3, 2), ReLU()),
            *(*separable(16, 32), *separable(32, 64, 2), *separable(64, 64)),
            *(*separable(64, 128, 2), *separable(128, 128), *separable(128, 256, 2)),
            *(GlobalAvgPool(), Linear(10)),
        ),
        wanted=(0.8, 0.6),
    ),
    Net(
        "autoencoder",
        (32, 3, 32, 32),
        (
            *(*conv_relu(32, 3, 2), *conv_relu(64, 3, 2)),
            *(Deconv(32, 4, 2, 1), ReLU(), Deconv(3, 4, 2, 1)),
        ),
        wanted=(0.7, 0.6),
        loss="squared error",
        lr=1e-5,
    ),
    Net("lstm", (32, 28, 28), (LSTM(128), Linear(10)), wanted=(0.4, 0.6)),
    Net("resnet18", (1, 3, 224, 224), resnet18(), trained=False),
    Net("mobilenet-v2", (1, 3, 224, 224), mobilenet_v2(), trained=False),
    Net("efficientnet-lite0", (1, 3, 224, 224), efficientnet_lite0(), trained=False),
)


def find(names: Sequence[str]) -> list[Net]:
    """The nets of these names, all for none.

    Raises:
        SystemExit: there is no net of a name.
    """
    known = {net.name: net for net in NETS}
    for name in names:
        if name not in known:
            raise SystemExit(f"there is no net {name!r}; choose from {', '.join(known)}")
    return [known[name] for name in names or known]


# ------------------------------------------------------------------------------------------ batch and weights


def batch(net: Net) -> tuple[Any, Any]:
    """The batch x and its labels t."""
    x = np.random.default_rng(0).standard_normal(net.x, np.float32)
    return x, np.arange(net.x[0]) % 10


def weights(net: Net) -> Arrays:
    """Weights by name: the path of their row, then W, b and so on, in the book's order of axes."""
    return dict(_weights(net.rows, net.x, np.random.default_rng(1), ""))


def path(before: str, i: int) -> str:
    """The path of row `i` of the rows at a path."""
    return f"{before}{i}/"


def _weights(rows: Rows, shape: Shape, rng: Any, before: str) -> Iterator[tuple[str, Any]]:
    """Draw the weights of rows for an input of a shape."""

    def drawn(*size: int, fan_in: int) -> Any:
        return rng.standard_normal(size, np.float32) * np.float32((2 / fan_in) ** 0.5)

    def small(*size: int) -> Any:
        return np.float32(0.1) * rng.standard_normal(size, np.float32)

    for i, row in enumerate(rows):
        at = path(before, i)
        C = shape[1]
        match row:
            case Conv(out, K, groups=groups):
                yield f"{at}W", drawn(out, C // groups, K, K, fan_in=C // groups * K * K)
                if row.bias:
                    yield f"{at}b", small(out)
            case Deconv(out, K, stride):
                yield f"{at}W", drawn(C, out, K, K, fan_in=C * K * K // stride**2)
                yield f"{at}b", small(out)
            case Linear(out):
                yield f"{at}W", drawn(C, out, fan_in=C)
                yield f"{at}b", small(out)
            case LSTM(hidden):
                for gate in "fiou":
                    yield f"{at}x2{gate}/W", drawn(shape[2], hidden, fan_in=2 * shape[2])
                    yield f"{at}x2{gate}/b", small(hidden)
                    yield f"{at}h2{gate}/W", drawn(hidden, hidden, fan_in=2 * hidden)
            case BatchNorm():
                yield f"{at}gamma", 1 + small(C)
                yield f"{at}beta", small(C)
                yield f"{at}avg_mean", small(C)
                yield f"{at}avg_var", 1 + np.abs(small(C))
            case Residual(body, shortcut):
                yield from _weights(body, shape, rng, f"{at}body/")
                yield from _weights(shortcut, shape, rng, f"{at}shortcut/")
        shape = after(row, shape)


def after(row: Row, shape: Shape) -> Shape:
    """Shape of a row's output for an input of a shape."""
    N, C, *sizes = shape
    match row:
        case Conv(out, K, stride, pad):
            return (N, out, *((size + 2 * pad - K) // stride + 1 for size in sizes))
        case MaxPool(K, stride, pad):
            return (N, C, *((size + 2 * pad - K) // stride + 1 for size in sizes))
        case Deconv(out, K, stride, pad):
            return (N, out, *((size - 1) * stride + K - 2 * pad for size in sizes))
        case Linear(out) | LSTM(out):
            return (N, out)
        case GlobalAvgPool():
            return (N, C)
        case Flatten():
            return (N, prod(shape[1:]))
        case Residual(body):
            for inner in body:
                shape = after(inner, shape)
    return shape
