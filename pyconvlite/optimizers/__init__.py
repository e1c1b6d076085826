"""Optimizers, which update a model's Parameters (book step 46), gradient hooks and rate schedules."""

from .adaptive import AdaDelta, AdaGrad, Adam, AdamW, RMSprop
from .base import Elementwise, Optimizer
from .hooks import ClipGrad, FreezeParam, WeightDecay
from .schedules import CosineLR, OneCycleLR, ReduceLROnPlateau, Schedule, StepLR, WarmupLR
from .sgd import SGD, MomentumSGD

__all__ = [
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "ClipGrad",
    "CosineLR",
    "Elementwise",
    "FreezeParam",
    "MomentumSGD",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "Schedule",
    "StepLR",
    "WarmupLR",
    "WeightDecay",
]
