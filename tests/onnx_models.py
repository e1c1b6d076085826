"""Models that between them have all that `onnx.save` writes, each with an example of its input."""

import numpy as np
from onnx_files import floats

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Parameter
from pyconvlite.models import Model, Sequential

RULE = np.arange(4) > 1


class Shared(Model):
    """Layers that are used twice, residuals, and normalizations that have a node of their own or not."""

    def __init__(self):
        self.conv = L.Conv2d(4, 3, pad=1, in_channels=4)
        self.norms = [L.BatchNorm(4), L.GroupNorm(2, 4), L.InstanceNorm(4, affine=True), L.LayerNorm((6, 6))]
        self.prelu = L.PReLU(4)
        self.scale = Parameter(floats(1, 4, 1, 1))

    def forward(self, x):
        for norm in self.norms:
            x = norm(self.prelu(self.conv(x))) * self.scale + x
        return F.prelu(x, self.prelu.W), F.mean(x, (2, 3))


MODELS = {
    "shared": (Shared, floats(2, 4, 6, 6)),
    "elementwise": (
        lambda: Sequential(
            lambda x: F.exp(x) + F.log(F.abs(x) + 1) - F.log1p(F.sqrt(x * x)) / (2 + F.cos(F.sin(-x))),
            *(
                F.tanh,
                F.silu,
                F.elu,
                F.softplus,
                F.hardsigmoid,
                F.hardswish,
                F.gelu,
                F.erf,
                lambda x: F.leaky_relu(x, 0.3),
            ),
            lambda x: F.clip(x**2, 0.1, None) + F.clip(x, -0.5, 0.5) + F.pow(F.abs(x) + 1, x),
            lambda x: F.maximum(x, 0.25) * F.minimum(x, 0.75) + F.where(RULE, x, 0.0),
            lambda x: F.huber_loss(x, 2 * x, 0.3, "none"),
        ),
        floats(3, 4),
    ),
    "shapes": (
        lambda: Sequential(
            lambda x: F.concat(F.split(x, 2, 1)[::-1], 1),
            lambda x: F.concat([F.split(x, 2, 1)[1], x[:, :2]], 1),  # its first part is unused
            lambda x: F.sum(F.stack([x, 2 * x], axis=-1), -1),
            lambda x: F.flip(x[:, 1:, None, ::2, -1], 3)[..., np.array([1, 0, 1])],
            lambda x: F.pad(F.transpose(x, (0, 3, 2, 1)), ((0, 0), (1, 0), (0, 0), (0, 2)), 0.5),
            lambda x: F.sum(x, 1, keepdims=True) * F.sum_to(F.cumsum(x, 2), (1, *x.shape[1:])),
            lambda x: F.max(x, (1, 2)) - F.min(x, (1, 2)) + F.mean(x, -1, keepdims=True)[:, 0, 0],
            lambda x: F.tile(F.broadcast_to(F.mean(x, 0, keepdims=True), x.shape) * x, (1, 2)),
            lambda x: F.logsumexp(x, 1, keepdims=True) + F.softmax(x) + F.log_softmax(x),
        ),
        floats(2, 4, 6, 5),
    ),
    "images": (
        lambda: Sequential(
            L.Conv2d(4, 3, stride=2, pad="same", in_channels=3, groups=1),
            L.SeparableConv2d(6, 3, pad=((1, 0), (2, 1)), dilation=2, in_channels=4),
            lambda x: F.conv2d_relu(x, floats(6, 6, 1, 1)) + F.conv2d_relu(x, floats(6, 6, 1, 1), most=0.5),
            lambda x: F.deconv2d(x, floats(6, 4, 4, 3), stride=2, pad=1, outsize=(7, 14)),
            lambda x: F.pooling(x, 3, 2, 1, ceil_mode=True) + F.average_pooling(x, 3, 2, 1, ceil_mode=True),
            lambda x: F.average_pooling(F.upsample(x, (2, 3)), 3, 2, 1, count_include_pad=False),
            lambda x: F.interpolate(F.interpolate(x, (9, 4)), (5, 7), mode="bilinear"),
            lambda x: F.pixel_shuffle(F.pad(x, ((0, 0), (0, 0), (1, 1), (2, 1)), mode="reflect"), 2),
            lambda x: F.adaptive_average_pooling(x, (3, 2)) + F.adaptive_max_pooling(x, (3, 2)),
            F.flatten,
            L.Linear(3, in_size=6),
        ),
        floats(2, 3, 12, 16),
    ),
    "sequences": (
        lambda: Sequential(
            L.EmbedID(10, 4),
            lambda x: F.transpose(x, (0, 2, 1)),
            L.Conv1d(3, 3, pad=1, in_channels=4),
            lambda x: F.matmul(x, F.transpose(x, (0, 2, 1))),
        ),
        np.random.default_rng(0).integers(0, 10, (2, 7)),
    ),
    "lstm": (lambda: Sequential(L.LSTM(5, in_size=4), L.Linear(3, in_size=5)), floats(2, 4)),
    "gru": (lambda: Sequential(L.GRU(5, in_size=4), L.Linear(3, in_size=5)), floats(2, 4)),
}
