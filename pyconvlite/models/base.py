"""Model, and ways to build one of layers: Sequential and MLP (book step 45)."""

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
    """Base of networks: a Layer that can be drawn.

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
        """Draw the graph of a call on `inputs` into a picture, as `pyconvlite.graph.plot_dot_graph` does.

        Args:
            inputs: what `forward` takes.
            to_file: the picture; its suffix tells the format.

        Returns:
            In IPython the picture, so that a notebook shows it, if it is a png; otherwise None.

        Raises:
            RuntimeError: Graphviz is not installed.
        """
        return plot_dot_graph(self(*inputs), verbose=True, to_file=to_file)


class Sequential(Model):
    """Layers and functions one after the other.

    Args:
        layers: Layers, or other callables such as `F.relu`.

    Attributes:
        layers: list of them; its Parameters are named `layers/0/W` and so on.

    Raises:
        TypeError: one of them is not callable, or a class.

    Example:
        >>> import numpy as np
        >>> model = Sequential(L.Conv2d(4, kernel_size=3), F.relu, F.flatten, L.Linear(10))
        >>> model(np.zeros((2, 1, 5, 5), dtype=np.float32)).shape
        (2, 10)
    """

    def __init__(self, *layers: Any) -> None:
        for i, layer in enumerate(layers):
            if isinstance(layer, type):
                raise TypeError(f"layers must be made; number {i} is a class: write {layer.__name__}()")
            if not callable(layer):
                kind = "list: write Sequential(*layers)" if isinstance(layer, list) else type(layer).__name__
                raise TypeError(f"layers must be callable; number {i} is a {kind}")
        self.layers: list[Callable[[Any], Any]] = list(layers)

    def forward(self, x: Any) -> Any:
        """Feed x through all layers."""
        for layer in self.layers:
            x = layer(x)
        return x


class MLP(Model):
    """Fully connected network (multi-layer perceptron, book step 45).

    Args:
        fc_output_sizes: output size of each Linear layer; the last is the model's.
        activation: function between the layers; none follows the last.

    Attributes:
        layers: list of the Linear layers.

    Raises:
        TypeError: no tuple or list, a size that is no integer, or an activation that is not callable.
        ValueError: no sizes, or one below 1.

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
            raise ValueError("fc_output_sizes must hold at least one size")
        if not callable(activation):
            raise TypeError(f"activation must be a function, such as F.relu; got {activation!r}")
        self.activation = activation
        self.layers = [L.Linear(at_least(1, size, "fc_output_sizes")) for size in fc_output_sizes]

    def forward(self, x: Any) -> Any:
        """Outputs of the last layer, (N, fc_output_sizes[-1])."""
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)


def no_pretrained(name: str, pretrained: bool) -> None:
    """Refuse `pretrained=True`, which in DeZero downloads weights.

    Raises:
        ValueError: `pretrained`.

    Example:
        >>> no_pretrained("VGG16", True)
        Traceback (most recent call last):
        ValueError: pretrained=True: no weights come with the package; make VGG16() and ... load_weights(file)
    """
    if pretrained:
        raise ValueError(
            f"pretrained=True: no weights come with the package; make {name}() and load a file of weights "
            "with load_weights(file)"
        )
