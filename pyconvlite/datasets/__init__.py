"""Datasets of examples and labels (book step 49)."""

from .base import Dataset
from .cifar import CIFAR10, CIFAR100
from .curves import SinCurve, Spiral, get_spiral
from .mnist import MNIST, read_idx

__all__ = ["CIFAR10", "CIFAR100", "MNIST", "Dataset", "SinCurve", "Spiral", "get_spiral", "read_idx"]
