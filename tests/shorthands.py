"""Short names for what many tests write."""

import numpy as np

from pyconvlite import Variable


def ones(*shape):
    """A Variable of ones."""
    return Variable(np.ones(shape))


def names(layer):
    """The names of a layer's Parameters, in order."""
    return [name for name, _ in layer.named_params()]
