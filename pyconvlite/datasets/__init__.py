"""Datasets of examples and labels (book step 49)."""

from .arrays import ArrayDataset, Subset, random_split
from .base import Dataset
from .cifar import CIFAR10, CIFAR100
from .curves import SinCurve, Spiral, get_spiral
from .folder import ImageFolder
from .mnist import MNIST, read_idx

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "MNIST",
    "ArrayDataset",
    "Dataset",
    "ImageFolder",
    "SinCurve",
    "Spiral",
    "Subset",
    "get_spiral",
    "random_split",
    "read_idx",
]
