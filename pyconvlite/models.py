"""Models: ready networks, and ways to build one of layers (book steps 45 and 58)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import functions as F
from . import layers as L
from .layers import Layer

__all__ = ["MLP", "LeNet", "Model", "Sequential"]


class Model(Layer):
    """Base of networks: a Layer by another name.

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


class Sequential(Model):
    """Layers and functions one after the other.

    Args:
        layers: Layers, or other callables such as `F.relu`.

    Attributes:
        layers: list of them; its Parameters are named `layers/0/W` and so on.

    Raises:
        TypeError: one of them is not callable.

    Example:
        >>> import numpy as np
        >>> model = Sequential(L.Conv2d(4, kernel_size=3), F.relu, F.flatten, L.Linear(10))
        >>> model(np.zeros((2, 1, 5, 5), dtype=np.float32)).shape
        (2, 10)
    """

    def __init__(self, *layers: Any) -> None:
        for i, layer in enumerate(layers):
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
        TypeError: a size that is no integer.
        ValueError: no sizes, or one below 1.

    Example:
        >>> import numpy as np
        >>> model = MLP((100, 10), activation=F.relu)
        >>> model(np.zeros((5, 784), dtype=np.float32)).shape
        (5, 10)
    """

    def __init__(self, fc_output_sizes: Sequence[int], activation: Callable[[Any], Any] = F.sigmoid) -> None:
        self.activation = activation
        self.layers = [L.Linear(out_size) for out_size in fc_output_sizes]
        if not self.layers:
            raise ValueError("fc_output_sizes must hold at least one size")

    def forward(self, x: Any) -> Any:
        """Outputs of the last layer, (N, fc_output_sizes[-1])."""
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)


class LeNet(Model):
    """Small convolutional network for 28 x 28 digits.

    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998), in
    today's form: ReLU, max pooling, and every map of the first stage seen by every kernel of the second.

    Args:
        num_classes: number of outputs, at least 1.

    Raises:
        TypeError: num_classes is no integer.
        ValueError: num_classes is below 1.

    Example:
        >>> import numpy as np
        >>> model = LeNet()
        >>> model(np.zeros((2, 1, 28, 28), dtype=np.float32)).shape
        (2, 10)
        >>> sum(param.size for param in model.params())
        61706
    """

    def __init__(self, num_classes: int = 10) -> None:
        self.conv1 = L.Conv2d(6, kernel_size=5, pad=2, in_channels=1)
        self.conv2 = L.Conv2d(16, kernel_size=5, in_channels=6)
        self.fc1 = L.Linear(120, in_size=16 * 5 * 5)
        self.fc2 = L.Linear(84, in_size=120)
        self.fc3 = L.Linear(num_classes, in_size=84)

    def forward(self, x: Any) -> Any:
        """Scores before softmax, (N, num_classes), for images of shape (N, 1, 28, 28)."""
        x = F.pooling(F.relu(self.conv1(x)), kernel_size=2, stride=2)  # (N, 6, 14, 14)
        x = F.pooling(F.relu(self.conv2(x)), kernel_size=2, stride=2)  # (N, 16, 5, 5)
        x = F.flatten(x)  # (N, 400)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
