"""Model, and the containers Sequential and MLP (book step 45)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from .. import functions as F
from .. import layers as L
from .._arguments import at_least
from ..graph import plot_dot_graph
from ..layers import Layer


class Model(Layer):
    """Base class of networks: a Layer with `plot`.

    Example:
        >>> class TwoLayers(Model):
        ...     def __init__(self, hidden_size, out_size):
        ...         self.l1 = L.Linear(hidden_size)
        ...         self.l2 = L.Linear(out_size)
        ...     def forward(self, x):
        ...         return self.l2(F.sigmoid(self.l1(x)))
        >>> [name for name, param in TwoLayers(10, 1).named_params()]
        ['l1/W', 'l1/b', 'l2/W', 'l2/b']
    """

    def plot(self, *inputs: Any, to_file: str | os.PathLike[str] = "model.png") -> Any:
        """Draw the computation graph of a call on `inputs`, as `pyconvlite.graph.plot_dot_graph` does.

        Args:
            inputs: arguments of `forward`.
            to_file: path of the image; its suffix sets the format.

        Returns:
            In IPython an Image if the file is a png, so that a notebook shows it; otherwise None.

        Raises:
            RuntimeError: Graphviz is not installed.
        """
        return plot_dot_graph(self(*inputs), verbose=True, to_file=to_file)


class Sequential(Model):
    """Layers and functions called in order, each on the output of the one before.

    Args:
        layers: Layers, or other callables such as `F.relu`.

    Attributes:
        layers: list of the layers; their Parameters are named `layers/0/W` and so on.

    Raises:
        TypeError: a layer is not callable, or is a class instead of an instance.

    Example:
        >>> import numpy as np
        >>> model = Sequential(L.Conv2d(4, kernel_size=3), F.relu, F.flatten, L.Linear(10))
        >>> model(np.zeros((2, 1, 5, 5), dtype=np.float32)).shape
        (2, 10)
    """

    def __init__(self, *layers: Any) -> None:
        for i, layer in enumerate(layers):
            if isinstance(layer, type):
                raise TypeError(
                    f"layers must be instances; got a class at index {i}: write {layer.__name__}()"
                )
            if not callable(layer):
                hint = ": write Sequential(*layers)" if isinstance(layer, list) else ""
                raise TypeError(f"layers must be callable; got {type(layer).__name__} at index {i}{hint}")
        self.layers: list[Callable[[Any], Any]] = list(layers)

    def forward(self, x: Any) -> Any:
        """Output of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x


class MLP(Model):
    """Fully connected network (multi-layer perceptron, book step 45).

    Args:
        fc_output_sizes: tuple or list with the output size of each Linear layer.
        activation: function applied after each layer except the last.

    Attributes:
        layers: list of the Linear layers.

    Raises:
        TypeError: `fc_output_sizes` is not a tuple or list of integers, or `activation` is not callable.
        ValueError: `fc_output_sizes` is empty, or a size is below 1.

    Example:
        >>> import numpy as np
        >>> model = MLP((100, 10), activation=F.relu)
        >>> model(np.zeros((5, 784), dtype=np.float32)).shape
        (5, 10)
    """

    def __init__(self, fc_output_sizes: Sequence[int], activation: Callable[[Any], Any] = F.sigmoid) -> None:
        if not isinstance(fc_output_sizes, tuple | list):
            raise TypeError(f"fc_output_sizes must be a tuple or list of sizes; got {fc_output_sizes!r}")
        if not fc_output_sizes:
            raise ValueError("fc_output_sizes must have at least one size; got an empty sequence")
        if not callable(activation):
            raise TypeError(f"activation must be a function, such as F.relu; got {activation!r}")
        self.activation = activation
        self.layers = [L.Linear(at_least(1, size, "fc_output_sizes")) for size in fc_output_sizes]

    def forward(self, x: Any) -> Any:
        """Output of the last layer, (N, fc_output_sizes[-1])."""
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)


def no_pretrained(name: str, pretrained: bool) -> None:
    """Raise an error for `pretrained=True`, which in DeZero downloads weights.

    Raises:
        ValueError: `pretrained` is true.

    Example:
        >>> no_pretrained("VGG16", True)
        Traceback (most recent call last):
        ValueError: pretrained must be False: the package has no weights; create VGG16() ...load_weights(file)
    """
    if pretrained:
        raise ValueError(
            f"pretrained must be False: the package has no weights; create {name}() and load a weight file "
            "with load_weights(file)"
        )
