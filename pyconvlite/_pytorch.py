"""Hints for users of PyTorch: an error for a missing attribute gives the name that is used here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Hinting", "no_attribute"]

_HERE = {
    # functions
    "adaptive_avg_pool2d": "F.adaptive_average_pooling",
    "adaptive_max_pool2d": "F.adaptive_max_pooling",
    "avg_pool2d": "F.average_pooling(x, size, stride=size)",
    "binary_cross_entropy_with_logits": 'F.sigmoid_cross_entropy(x, t, "mean")',
    "cat": "F.concat",
    "clamp": "F.clip",
    "clip": "F.clip",
    "conv_transpose2d": "F.deconv2d",
    "cross_entropy": "F.softmax_cross_entropy",
    "expand": "F.broadcast_to",
    "max_pool2d": "F.pooling(x, size, stride=size)",
    "mse_loss": 'F.mean_squared_error(x0, x1, "mean")',
    "permute": "F.transpose",
    "repeat": "F.tile",
    "unsqueeze": "F.expand_dims",
    "view": "F.reshape",
    **{
        name: f"F.{name}"
        for name in ("exp", "flatten", "log", "log_softmax", "relu", "sigmoid", "softmax", "sqrt", "tanh")
    },
    # layers
    "AdaptiveAvgPool2d": "L.AdaptiveAvgPool",
    "AvgPool2d": "L.AvgPool(size, stride=size)",
    "BCEWithLogitsLoss": 'F.sigmoid_cross_entropy(x, t, "mean")',
    "BatchNorm1d": "L.BatchNorm",
    "BatchNorm2d": "L.BatchNorm",
    "ConvTranspose2d": "L.Deconv2d",
    "CrossEntropyLoss": "F.softmax_cross_entropy",
    "InstanceNorm2d": "L.InstanceNorm",
    "MaxPool2d": "L.MaxPool(size, stride=size)",
    "MSELoss": 'F.mean_squared_error(x0, x1, "mean")',
    "Module": "models.Model",
    "Sequential": "models.Sequential",
    # attributes and methods
    "argmax": "x.data.argmax(axis)",
    "bias": "b",
    "cpu": "to_cpu()",
    "cuda": "to_gpu()",
    "eval": "with test_mode(): around calls",
    "load_state_dict": "checkpoint.load(path, model=model, optimizer=optimizer)",
    "named_parameters": "named_params()",
    "numpy": "x.data",
    "parameters": "params()",
    "pow": "x ** c",
    "state_dict": "checkpoint.save(path, model=model, optimizer=optimizer)",
    "step": "update()",
    "to": "to_gpu() or x.astype(dtype)",
    "train": "with test_mode(): around other calls",
    "weight": "W",
    "zero_grad": "model.cleargrads()",
}


def no_attribute(owner: str, name: str) -> AttributeError:
    """The error for a missing attribute, with a hint if it is a name of PyTorch.

    Example:
        >>> no_attribute("SGD", "step")
        AttributeError("SGD has no attribute 'step'; PyTorch's step is update() here")
    """
    hint = f"; PyTorch's {name} is {_HERE[name]} here" if name in _HERE else ""
    return AttributeError(f"{owner} has no attribute {name!r}{hint}")


class Hinting:
    """Base of the classes whose errors have these hints."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker would take each name for an attribute

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):  # a property that raised AttributeError: show its error
                return object.__getattribute__(self, name)
            raise no_attribute(type(self).__name__, name)
