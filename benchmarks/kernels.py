"""The convolutions and poolings of the bench, in frameworks with DeZero's API."""

from collections.abc import Callable
from typing import Any, NamedTuple

from measure import random


class Shape(NamedTuple):
    """A convolution, padded so that its output is as large as its input.

    Attributes:
        x: (N, C, H, W).
        OC, K: its output channels; height and width of its kernel.
        wanted: at least this share of the ceiling from the SIMD kernels.
    """

    x: tuple[int, int, int, int]
    OC: int
    K: int
    wanted: float

    @property
    def gflop(self) -> float:
        """What the convolution, or one of its gradients, computes."""
        N, C, H, W = self.x
        return 2e-9 * N * self.OC * C * self.K**2 * H * W


SHAPES = [
    Shape((32, 1, 28, 28), 16, 5, 0.35),
    Shape((32, 16, 14, 14), 32, 5, 0.7),
    Shape((16, 16, 28, 28), 32, 3, 0.7),
    Shape((8, 64, 14, 14), 64, 3, 0.7),
]
Runs = dict[str, Callable[[], object]]


def convolutions(framework: Any, shape: Shape) -> Runs:
    """Convolution, its gradients and deconvolution, by name; to be run without a graph."""
    conv, variable = framework.functions_conv, framework.Variable
    OC, C, K, pad = shape.OC, shape.x[1], shape.K, shape.K // 2
    x, W, turned = variable(random(*shape.x)), variable(random(OC, C, K, K)), variable(random(C, OC, K, K))
    y = conv.conv2d(x, W, None, 1, pad)
    gy = variable(random(*y.shape))
    return {
        "forward": lambda: conv.conv2d(x, W, None, 1, pad),
        "gx": lambda: conv.deconv2d(gy, W, None, 1, pad),
        "gW": lambda: conv.Conv2DGradW(y.creator)(x, gy),
        "deconv": lambda: conv.deconv2d(x, turned, None, 1, pad),
    }


def poolings(framework: Any, shape: Shape) -> Runs:
    """Poolings of 2 x 2 and their gradients, by name; to be run without a graph."""
    pool, variable = framework.functions_conv, framework.Variable
    x = variable(random(*shape.x))
    maximum, average = pool.pooling(x, 2, 2), pool.average_pooling(x, 2, 2)
    gy = variable(random(*maximum.shape))
    return {
        "max": lambda: pool.pooling(x, 2, 2),
        "max gx": lambda: maximum.creator.backward(gy),
        "average": lambda: pool.average_pooling(x, 2, 2),
        "avg gx": lambda: average.creator.backward(gy),
    }
