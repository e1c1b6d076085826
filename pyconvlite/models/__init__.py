"""Models: ready-made networks, containers to build your own, and `summary` (book steps 45 and 58)."""

from ._summary import Summary, summary
from .base import MLP, Model, Sequential
from .efficientnet import EfficientNetLite0
from .resnet import BottleneckA, BottleneckB, BuildingBlock, ResNet, ResNet50, ResNet101, ResNet152
from .small import BasicBlock, ConvAutoencoder, LeNet, SmallResNet, SmallVGG
from .vgg import VGG16

__all__ = [
    "MLP",
    "VGG16",
    "BasicBlock",
    "BottleneckA",
    "BottleneckB",
    "BuildingBlock",
    "ConvAutoencoder",
    "EfficientNetLite0",
    "LeNet",
    "Model",
    "ResNet",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "Sequential",
    "SmallResNet",
    "SmallVGG",
    "Summary",
    "summary",
]
