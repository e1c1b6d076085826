"""float32 stays float32 in every layer, optimizer, hook and schedule, in spite of NumPy's float64 scalars."""

from weakref import WeakKeyDictionary

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
import pyconvlite.optimizers as O
from pyconvlite import Parameter, Variable, using_config
from pyconvlite.models import Sequential

half = np.float64(0.5)  # as a setting that was computed with NumPy
IMAGES = np.random.default_rng(0).standard_normal((2, 3, 6, 6)).astype(np.float32)
ROWS = IMAGES.reshape(6, 36)

LAYERS = {
    "AdaptiveAvgPool": (L.AdaptiveAvgPool(4), IMAGES),
    "AdaptiveMaxPool": (L.AdaptiveMaxPool(4), IMAGES),
    "AvgPool": (L.AvgPool(2), IMAGES),
    "BatchNorm": (L.BatchNorm(decay=half, eps=np.float64(1e-5)), IMAGES),
    "Conv1d": (L.Conv1d(4, 3, pad="same"), IMAGES[0]),
    "Conv2d": (L.Conv2d(4, 3, pad=1), IMAGES),
    "Deconv2d": (L.Deconv2d(4, 3, stride=2), IMAGES),
    "DepthwiseConv2d": (L.DepthwiseConv2d(3), IMAGES),
    "Dropout": (L.Dropout(half), ROWS),
    "Dropout2d": (L.Dropout2d(half), IMAGES),
    "EmbedID": (L.EmbedID(5, 3), np.array([[1, 4], [0, 0]])),
    "Embedding": (L.Embedding(5, 3, 0), np.array([[1, 4], [0, 0]])),
    "Flatten": (L.Flatten(), IMAGES),
    "GELU": (L.GELU(), ROWS),
    "GRU": (L.GRU(4), ROWS),
    "GlobalAvgPool": (L.GlobalAvgPool(), IMAGES),
    "GlobalMaxPool": (L.GlobalMaxPool(), IMAGES),
    "GroupNorm": (L.GroupNorm(3, eps=np.float64(1e-5)), IMAGES),
    "InstanceNorm": (L.InstanceNorm(eps=np.float64(1e-5), affine=True), IMAGES),
    "LSTM": (L.LSTM(4), ROWS),
    "LayerNorm": (L.LayerNorm(36, eps=np.float64(1e-5)), ROWS),
    "LeakyReLU": (L.LeakyReLU(half), ROWS),
    "Linear": (L.Linear(4), ROWS),
    "LogSoftmax": (L.LogSoftmax(), ROWS),
    "MaxPool": (L.MaxPool(2), IMAGES),
    "PReLU": (L.PReLU(init=half), ROWS),
    "PixelShuffle": (L.PixelShuffle(1), IMAGES),
    "RNN": (L.RNN(4), ROWS),
    "ReLU": (L.ReLU(), ROWS),
    "SeparableConv2d": (L.SeparableConv2d(4, 3), IMAGES),
    "Sigmoid": (L.Sigmoid(), ROWS),
    "Softmax": (L.Softmax(), ROWS),
    "Tanh": (L.Tanh(), ROWS),
    "Upsample": (L.Upsample(scale_factor=half * 3, mode="bilinear"), IMAGES),
}
OPTIMIZERS = {
    "SGD": lambda: O.SGD(half),
    "MomentumSGD": lambda: O.MomentumSGD(half, half),
    "AdaGrad": lambda: O.AdaGrad(half, half),
    "RMSprop": lambda: O.RMSprop(half, half, half, half),
    "AdaDelta": lambda: O.AdaDelta(half, half),
    "Adam": lambda: O.Adam(half, half, half, half),
    "AdamW": lambda: O.AdamW(half, half, half, half, half),
}
HOOKS = {
    "WeightDecay": lambda: O.WeightDecay(half),
    "ClipGrad": lambda: O.ClipGrad(half),
    "FreezeParam": lambda: O.FreezeParam(Parameter(np.zeros(1, np.float32))),
}
SCHEDULES = {
    "StepLR": lambda optimizer: O.StepLR(optimizer, np.int64(2), half),
    "CosineLR": lambda optimizer: O.CosineLR(optimizer, np.int64(5), half),
    "WarmupLR": lambda optimizer: O.WarmupLR(optimizer, np.int64(3)),
    "OneCycleLR": lambda optimizer: O.OneCycleLR(optimizer, np.int64(5), half, half + 1, half + 1),
    "ReduceLROnPlateau": lambda optimizer: O.ReduceLROnPlateau(
        optimizer, factor=half, patience=np.int64(0), threshold=half, min_lr=half / 8
    ),
}


def test_the_tables_are_complete():
    assert set(LAYERS) == set(L.__all__) - {"Layer"}
    assert {*OPTIMIZERS, *HOOKS, *SCHEDULES} == set(O.__all__) - {"Optimizer", "Elementwise", "Schedule"}


def dtypes(arrays):
    return {array.dtype for array in arrays}


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize(("layer", "x"), LAYERS.values(), ids=LAYERS)
def test_layers(layer, x, train):
    params = layer.params
    with using_config("train", train):
        x = Variable(x)
        for _ in range(2):  # the second call has statistics, and a state, to go on from
            y = layer(x)
    F.sum(y * y).backward()
    trained = [p for p in params() if p.requires_grad]
    gradients = [p.grad for p in trained] + ([x.grad] if x.dtype.kind == "f" else [])
    assert dtypes([y, *params(), *gradients]) == {np.dtype(np.float32)}


@pytest.mark.parametrize("gradient", [np.float32, np.float64])
@pytest.mark.parametrize("beside", [None, *HOOKS, *SCHEDULES])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers_hooks_and_schedules(optimizer, beside, gradient):
    model = Sequential(L.Linear(3, in_size=2))
    model.scale = Parameter(np.array(1.0, np.float32))  # without axes NumPy gives scalars
    optimizer, schedule = optimizer().setup(model), None
    if beside in HOOKS:
        optimizer.add_hook(HOOKS[beside]())
    elif beside and optimizer.rate_name is not None:
        schedule = SCHEDULES[beside](optimizer)
    for _ in range(4):
        for param in model.params():
            param.grad = Variable(np.ones(param.shape, gradient))
        optimizer.update()
        if isinstance(schedule, O.ReduceLROnPlateau):
            schedule.step(half)
        elif isinstance(schedule, O.Schedule):
            schedule.step()
    kept = [value for value in vars(optimizer).values() if isinstance(value, WeakKeyDictionary)]
    states = [state for states in kept for state in states.values()]
    assert dtypes([*model.params(), *states]) == {np.dtype(np.float32)}
    assert {type(param.data) for param in model.params()} == {np.ndarray}
