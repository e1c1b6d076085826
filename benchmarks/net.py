"""The small CNN of the bench, in frameworks with DeZero's API."""

from collections.abc import Callable
from typing import Any

import numpy as np
from measure import random

import pyconvlite

BATCH = 32
LAYERS = "conv1", "conv2", "fc"
# Of one image: the image, then what convolution and ReLU, pooling, both once more, and fc make of it.
ACTIVATIONS = 28 * 28 + 2 * 16 * 28 * 28 + 16 * 14 * 14 + 2 * 32 * 14 * 14 + 32 * 7 * 7 + 10
Arrays = dict[str, Any]


def small_cnn(framework: Any) -> Any:
    """conv16@5 - pool - conv32@5 - pool - fc10 for 28 x 28 images; ours takes ReLU with the convolution."""
    F, L = framework.functions, framework.layers
    pooling = framework.functions_conv.pooling
    ours = framework is pyconvlite
    options: Any = {"relu": True} if ours else {}
    relu: Any = (lambda x: x) if ours else F.relu

    class SmallCNN(framework.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = L.Conv2d(16, 5, pad=2, **options)
            self.conv2 = L.Conv2d(32, 5, pad=2, **options)
            self.fc = L.Linear(10)

        def forward(self, x: Any) -> Any:
            x = pooling(relu(self.conv1(x)), 2, 2)
            x = pooling(relu(self.conv2(x)), 2, 2)
            return self.fc(F.reshape(x, (x.shape[0], 32 * 7 * 7)))

    return SmallCNN()


def make_net() -> Arrays:
    """A batch x, its labels t, weights by name such as conv1/W, and what ours makes of the batch, y."""
    model, x = small_cnn(pyconvlite), random(BATCH, 1, 28, 28)
    with pyconvlite.no_grad(), pyconvlite.test_mode():
        y = model(x).data
    weights = {name: param.data for name, param in model.named_params()}
    return {"x": x, "t": np.arange(BATCH) % 10, "y": y, **weights}


def load_net(framework: Any, net: Arrays) -> Any:
    """The small CNN of a framework with the weights of `net`, in the dtypes that the framework gives them."""
    model = small_cnn(framework)
    model(net["x"])  # now it has weights
    for name in LAYERS:
        layer = getattr(model, name)
        for param, key in ((layer.W, f"{name}/W"), (layer.b, f"{name}/b")):
            param.data = net[key].astype(param.dtype)
    return model


def training_step(framework: Any, net: Arrays) -> Callable[[], Any]:
    """A step of training on the batch, which returns its loss."""
    return training(framework, load_net(framework, net), net["x"], net["t"], 0.01)


def training(framework: Any, model: Any, x: Any, t: Any, lr: float) -> Callable[[], Any]:
    """A step of training on a batch, which returns its loss."""
    optimizer = framework.optimizers.SGD(lr).setup(model)

    def step() -> Any:
        loss = framework.functions.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step


def forward_pass(framework: Any, net: Arrays) -> Callable[[], Any]:
    """The outputs for the batch, in use rather than in training."""
    return inference(framework, load_net(framework, net), net["x"])


def inference(framework: Any, model: Any, x: Any) -> Callable[[], Any]:
    """The outputs for a batch, in use rather than in training."""

    def forward() -> Any:
        with framework.no_grad(), framework.test_mode():
            return model(x)

    return forward
