"""Functions on Variables, one file per family; `import pyconvlite.functions as F` imports them all.

- `arithmetic`, `math`: element-wise; `selection`: where, maximum, minimum, clip;
- `shape`, `indexing`: reshaping, joining and splitting; picking elements;
- `reduction`: sums, means, products, extremes, cumulative sums; broadcasting;
- `linalg`, `einsum`: matrix products and sums of products;
- `activation`, `gelu`, `softmax`: activation functions;
- `columns`, `conv`, `conv1d`, `pooling`, `adaptive_pooling`: convolution and pooling;
- `recurrent`: LSTM and GRU;
- `padding`, `resizing`: other sizes; `normalization`, `sample_norm`: normalization and dropout;
- `loss`, `classification`: losses, and accuracy.

`docs/operations.md` is the table of all.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._pytorch import no_attribute
from ..autograd.variable import register_functions
from .activation import (
    ELU,
    HardSigmoid,
    HardSwish,
    HardSwishGrad,
    LeakyReLU,
    ReLU,
    ReLUGrad,
    Sigmoid,
    SigmoidGrad,
    SiLU,
    SiLUGrad,
    Softplus,
    elu,
    hardsigmoid,
    hardswish,
    leaky_relu,
    prelu,
    relu,
    sigmoid,
    sigmoid_simple,
    silu,
    softplus,
)
from .arithmetic import Add, Div, Mul, Neg, Pow, PowVariable, Sub, add, div, mul, neg, pow, rdiv, rsub, sub
from .casts import Cast, cast
from .columns import Col2im, Im2col, col2im, col2im_array, im2col, im2col_array
from .conv import Conv2d, Conv2DGradW, Conv2dReLU, Deconv2d, conv2d, conv2d_relu, conv2d_simple, deconv2d
from .conv1d import conv1d
from .einsum import einsum
from .gelu import GELU, Erf, GELUGrad, erf, gelu
from .indexing import GetItem, GetItemGrad, embed_id, flip, gather, get_item, one_hot
from .linalg import Linear, MatMul, linear, linear_simple, matmul
from .math import Abs, Cos, Exp, Log, Log1p, Sin, Sqrt, Tanh, abs, cos, exp, log, log1p, sin, sqrt, tanh
from .padding import Pad, pad
from .pooling import (
    AveragePooling,
    AveragePooling2DGrad,
    Pooling,
    Pooling2DGrad,
    Pooling2DWithIndexes,
    average_pooling,
    global_average_pooling,
    global_max_pooling,
    pooling,
    pooling_simple,
)
from .reduction import (
    BroadcastTo,
    CumSum,
    Max,
    Mean,
    Min,
    Sum,
    SumTo,
    average,
    broadcast_to,
    cumsum,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    sum_to,
    tile,
    var,
)
from .selection import Clip, Maximum, Minimum, Where, clip, maximum, minimum, where
from .shape import (
    Concat,
    Reshape,
    Split,
    Stack,
    Transpose,
    concat,
    expand_dims,
    flatten,
    reshape,
    split,
    squeeze,
    stack,
    transpose,
)
from .softmax import (
    LogSoftmax,
    LogSumExp,
    Softmax,
    SoftmaxGrad,
    log_softmax,
    logsumexp,
    softmax,
    softmax_simple,
)

if TYPE_CHECKING:
    from ._array_protocol import array_function, array_ufunc  # noqa: F401 - called by Variable
    from .adaptive_pooling import adaptive_average_pooling, adaptive_max_pooling
    from .classification import (
        SoftmaxCrossEntropy,
        SoftmaxCrossEntropyGrad,
        accuracy,
        nll_loss,
        softmax_cross_entropy,
        softmax_cross_entropy_simple,
    )
    from .loss import (
        Huber,
        MeanSquaredError,
        MeanSquaredErrorGrad,
        SigmoidCrossEntropy,
        binary_cross_entropy,
        huber_loss,
        kl_div,
        l1_loss,
        mean_squared_error,
        mean_squared_error_simple,
        sigmoid_cross_entropy,
    )
    from .normalization import (
        BatchNorm,
        BatchNormGrad,
        Dropout,
        ScaleChannels,
        batch_norm,
        batch_nrom,
        dropout,
        dropout2d,
    )
    from .recurrent import GRU, LSTM, GRUGrad, JoinWeights, LSTMGrad, gru, lstm
    from .resizing import Upsample, interpolate, pixel_shuffle, upsample
    from .sample_norm import RowNorm, RowNormGrad, group_norm, instance_norm, layer_norm
else:
    # Imported at the first access, as in pyconvlite/__init__.py.
    _HOMES = {
        name: family
        for family, names in {
            "_array_protocol": "array_function array_ufunc",
            "adaptive_pooling": "adaptive_average_pooling adaptive_max_pooling",
            "classification": "SoftmaxCrossEntropy SoftmaxCrossEntropyGrad accuracy nll_loss "
            "softmax_cross_entropy softmax_cross_entropy_simple",
            "loss": "Huber MeanSquaredError MeanSquaredErrorGrad SigmoidCrossEntropy binary_cross_entropy "
            "huber_loss kl_div l1_loss mean_squared_error mean_squared_error_simple sigmoid_cross_entropy",
            "normalization": "BatchNorm BatchNormGrad Dropout ScaleChannels batch_norm batch_nrom "
            "dropout dropout2d",
            "recurrent": "GRU GRUGrad JoinWeights LSTM LSTMGrad gru lstm",
            "resizing": "Upsample interpolate pixel_shuffle upsample",
            "sample_norm": "RowNorm RowNormGrad group_norm instance_norm layer_norm",
        }.items()
        for name in names.split()
    }

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise no_attribute(__name__, name)
        globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "Abs",
    "Add",
    "AveragePooling",
    "AveragePooling2DGrad",
    "BatchNorm",
    "BatchNormGrad",
    "BroadcastTo",
    "Cast",
    "Clip",
    "Col2im",
    "Concat",
    "Conv2DGradW",
    "Conv2d",
    "Conv2dReLU",
    "Cos",
    "CumSum",
    "Deconv2d",
    "Div",
    "Dropout",
    "Erf",
    "Exp",
    "GELUGrad",
    "GRUGrad",
    "GetItem",
    "GetItemGrad",
    "HardSigmoid",
    "HardSwish",
    "HardSwishGrad",
    "Huber",
    "Im2col",
    "JoinWeights",
    "LSTMGrad",
    "LeakyReLU",
    "Linear",
    "Log",
    "Log1p",
    "LogSoftmax",
    "LogSumExp",
    "MatMul",
    "Max",
    "Maximum",
    "Mean",
    "MeanSquaredError",
    "MeanSquaredErrorGrad",
    "Min",
    "Minimum",
    "Mul",
    "Neg",
    "Pad",
    "Pooling",
    "Pooling2DGrad",
    "Pooling2DWithIndexes",
    "Pow",
    "PowVariable",
    "ReLU",
    "ReLUGrad",
    "Reshape",
    "RowNorm",
    "RowNormGrad",
    "ScaleChannels",
    "SiLU",
    "SiLUGrad",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SigmoidGrad",
    "Sin",
    "Softmax",
    "SoftmaxCrossEntropy",
    "SoftmaxCrossEntropyGrad",
    "SoftmaxGrad",
    "Softplus",
    "Split",
    "Sqrt",
    "Stack",
    "Sub",
    "Sum",
    "SumTo",
    "Tanh",
    "Transpose",
    "Upsample",
    "Where",
    "abs",
    "accuracy",
    "adaptive_average_pooling",
    "adaptive_max_pooling",
    "add",
    "average",
    "average_pooling",
    "batch_norm",
    "batch_nrom",
    "binary_cross_entropy",
    "broadcast_to",
    "cast",
    "clip",
    "col2im",
    "col2im_array",
    "concat",
    "conv1d",
    "conv2d",
    "conv2d_relu",
    "conv2d_simple",
    "cos",
    "cumsum",
    "deconv2d",
    "div",
    "dropout",
    "dropout2d",
    "einsum",
    "elu",
    "embed_id",
    "erf",
    "exp",
    "expand_dims",
    "flatten",
    "flip",
    "gather",
    "gelu",
    "get_item",
    "global_average_pooling",
    "global_max_pooling",
    "group_norm",
    "gru",
    "hardsigmoid",
    "hardswish",
    "huber_loss",
    "im2col",
    "im2col_array",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "linear_simple",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "lstm",
    "matmul",
    "max",
    "maximum",
    "mean",
    "mean_squared_error",
    "mean_squared_error_simple",
    "min",
    "minimum",
    "mul",
    "neg",
    "nll_loss",
    "one_hot",
    "pad",
    "pixel_shuffle",
    "pooling",
    "pooling_simple",
    "pow",
    "prelu",
    "prod",
    "rdiv",
    "relu",
    "reshape",
    "rsub",
    "sigmoid",
    "sigmoid_cross_entropy",
    "sigmoid_simple",
    "silu",
    "sin",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_simple",
    "softmax_simple",
    "softplus",
    "split",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "sub",
    "sum",
    "sum_to",
    "tanh",
    "tile",
    "transpose",
    "upsample",
    "var",
    "where",
]

register_functions(sys.modules[__name__])  # which implement the operators of Variable
