"""Layers: Functions together with their trainable Parameters (book steps 44-45).

One file per kind; `import pyconvlite.layers as L` imports them all.
"""

from .affine import Conv2d, Deconv2d, Linear
from .base import Layer
from .norm import BatchNorm, Dropout
from .recurrent import LSTM, RNN, EmbedID
from .stateless import (
    GELU,
    AvgPool,
    Flatten,
    GlobalAvgPool,
    LeakyReLU,
    LogSoftmax,
    MaxPool,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)

__all__ = [
    "GELU",
    "LSTM",
    "RNN",
    "AvgPool",
    "BatchNorm",
    "Conv2d",
    "Deconv2d",
    "Dropout",
    "EmbedID",
    "Flatten",
    "GlobalAvgPool",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
