"""Layers: Functions together with their trainable Parameters (book steps 44-45).

One file per kind; `import pyconvlite.layers as L` imports them all.
"""

from typing import TYPE_CHECKING, Any

from .._pytorch import no_attribute
from .affine import Linear
from .base import Layer
from .convolution import Conv1d, Conv2d, Deconv2d, DepthwiseConv2d, SeparableConv2d
from .group_norm import GroupNorm, InstanceNorm, LayerNorm
from .images import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
    PixelShuffle,
    Upsample,
)
from .norm import BatchNorm, Dropout, Dropout2d
from .prelu import PReLU
from .recurrent import GRU, LSTM, RNN, Embedding, EmbedID
from .stateless import GELU, Flatten, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise no_attribute(__name__, name)


__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "AvgPool",
    "BatchNorm",
    "Conv1d",
    "Conv2d",
    "Deconv2d",
    "DepthwiseConv2d",
    "Dropout",
    "Dropout2d",
    "EmbedID",
    "Embedding",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool",
    "PReLU",
    "PixelShuffle",
    "ReLU",
    "SeparableConv2d",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Upsample",
]
