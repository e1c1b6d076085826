"""Model, and the containers Sequential and MLP (book step 45)."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import functions as F
from .. import layers as L
from .._arguments import at_least, integer
from .._fetch import get_file, site
from .._files import is_url
from ..graph import plot_dot_graph
from ..layers import Layer

if TYPE_CHECKING:
    from .._traced import GraphLayer


class Model(Layer):
    """Base class of networks: a Layer with `plot` and `fused`.

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

        It changes the statistics of BatchNorm, unless in `test_mode()`.

        Args:
            inputs: arguments of `forward`.
            to_file: path of the image; its suffix sets the format.

        Returns:
            In IPython an Image if the file is a png, so that a notebook shows it; otherwise None.

        Raises:
            RuntimeError: Graphviz is not installed.
        """
        return plot_dot_graph(self(*inputs), verbose=True, to_file=to_file)

    def fused(self, *examples: Any) -> GraphLayer:
        """A Layer for inference only that computes what this model computes in `test_mode()`, in less time.

        The model is called on the examples, and the Functions that it calls become nodes of a graph: batch
        normalization in the weights of the convolution before it, and ReLU in its call. The outputs differ
        by rounding. The Parameters are copies, and frozen.

        Args:
            examples: the inputs of a call, arrays with at least one sample. Later the first axis of the
                inputs may have any length; the other axes keep their lengths. A model that was
                loaded from an ONNX file needs none.

        Raises:
            TypeError: an example is not an array.
            ValueError: there is no example, or the model cannot be traced; see `pyconvlite.onnx.save`.

        Example:
            >>> import numpy as np
            >>> from pyconvlite.models import SmallResNet
            >>> SmallResNet().fused(np.zeros((1, 3, 32, 32), np.float32))
            FusedLayer(x -> y, 18 nodes)
        """
        from .. import _traced  # here, since few programs need it and it takes long to import

        return _traced.fused(self, examples)


class Sequential(Model):
    """Layers and functions called in order, each on the output of the one before.

    `model[i]` is a layer, `model[i:j]` a Sequential of some of the layers, with the same Parameters, and
    `model[i] = layer` replaces one; `len(model)` and iteration work as for a list.

    Args:
        layers: Layers, or other callables such as `F.relu`; or one dict of them by their names, which become
            attributes and indexes: `model.conv1` and `model["conv1"]`.

    Attributes:
        layers: list of the layers, to read; `model[i] = layer` replaces one. Their Parameters are named
            `layers/0/W` and so on, or `conv1/W` where the layers have names.

    Raises:
        TypeError: a layer is not callable, or is a class instead of an instance; a name is not a string.
        ValueError: a name is empty, contains a slash, or is an attribute that every model has.

    Example:
        >>> import numpy as np
        >>> model = Sequential(L.Conv2d(4, kernel_size=3), F.relu, F.flatten, L.Linear(10))
        >>> model(np.zeros((2, 1, 5, 5), dtype=np.float32)).shape
        (2, 10)
        >>> model[:2](np.zeros((2, 1, 5, 5), dtype=np.float32)).shape
        (2, 4, 3, 3)
        >>> model = Sequential({"hidden": L.Linear(4), "relu": F.relu, "out": L.Linear(2)})
        >>> model
        Sequential(
          (hidden): Linear(out_size=4, in_size=None)
          (relu): relu
          (out): Linear(out_size=2, in_size=None)
        )
        >>> [name for name, param in model.named_params()], model["out"] is model.out is model[-1]
        (['hidden/W', 'hidden/b', 'out/W', 'out/b'], True)
    """

    _names: tuple[str, ...] = ()
    _torch_hidden = ("layers",)

    def __init__(self, *layers: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            self._names = tuple(layers[0])
            layers = tuple(layers[0].values())
        for name, layer in zip(self._names, layers, strict=bool(self._names)):
            self._check_name(name)
            setattr(self, name, layer)  # before the list, so that Parameters are found here first
        self.layers: list[Callable[[Any], Any]] = list(layers)
        for i, layer in enumerate(self.layers):
            _check_layer(layer, f"index {i}")

    def __getstate__(self) -> dict[str, Any]:
        # A copy has its own list.
        return {**super().__getstate__(), "layers": [*self.layers]}

    def _check_name(self, name: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the names of layers must be strings; got {name!r}")
        if not name or "/" in name:
            raise ValueError(f"the name of a layer must not be empty or contain a slash; got {name!r}")
        if hasattr(type(self), name) or name in ("layers", "inputs", "outputs"):
            raise ValueError(f"every {type(self).__name__} has an attribute {name!r}; use another name")

    def forward(self, x: Any) -> Any:
        """Output of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """The layers, functions too."""
        return zip(self._names or map(str, range(len(self.layers))), self.layers, strict=True)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Callable[[Any], Any]]:
        return iter(self.layers)

    def __getitem__(self, index: Any) -> Any:
        """The layer at an index or with a name, or a Sequential of those of a slice."""
        if isinstance(index, slice):
            layers = self.layers[index]
            if self._names:
                return self._of(dict(zip(self._names[index], layers, strict=True)))
            return self._of(*layers)
        return self.layers[self._position(index)]

    def _of(self, *layers: Any) -> Sequential:
        """What a slice of this kind of Sequential is; a subclass may have other arguments."""
        return Sequential(*layers)

    def __setitem__(self, index: Any, layer: Any) -> None:
        """Replace the layer at an index or with a name."""
        i = self._position(index)
        _check_layer(layer, f"index {index!r}")
        self.layers[i] = layer
        self._all_sized = False
        if self._names:
            super().__setattr__(self._names[i], layer)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; that of a layer's name replaces the layer."""
        if name in self._names and "layers" in vars(self):
            self[name] = value
        else:
            super().__setattr__(name, value)

    def _position(self, index: Any) -> int:
        if isinstance(index, str):
            if index not in self._names:
                raise KeyError(
                    f"no layer is named {index!r}; there are {', '.join(self._names) or 'no names'}"
                )
            return self._names.index(index)
        i = integer(index, "index", "an integer, a slice or a name")
        if not -len(self.layers) <= i < len(self.layers):
            raise IndexError(f"index {i} is out of range for a Sequential of {len(self.layers)} layers")
        return i


def _check_layer(layer: Any, place: str) -> None:
    if isinstance(layer, type):
        raise TypeError(f"layers must be instances; got a class at {place}: write {layer.__name__}()")
    if not callable(layer):
        hint = ": write Sequential(*layers)" if isinstance(layer, list) else ""
        raise TypeError(f"layers must be callable; got {type(layer).__name__} at {place}{hint}")


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

    _torch_hidden = ("layers",)

    def __init__(self, fc_output_sizes: Sequence[int], activation: Callable[[Any], Any] = F.sigmoid) -> None:
        if not isinstance(fc_output_sizes, tuple | list):
            raise TypeError(f"fc_output_sizes must be a tuple or list of sizes; got {fc_output_sizes!r}")
        if not fc_output_sizes:
            raise ValueError("fc_output_sizes must have at least one size; got an empty sequence")
        if isinstance(activation, type) or not callable(activation):
            raise TypeError(f"activation must be a function, such as F.relu; got {activation!r}")
        self.activation = activation
        self.layers = [L.Linear(at_least(1, size, "fc_output_sizes")) for size in fc_output_sizes]

    def forward(self, x: Any) -> Any:
        """Output of the last layer, (N, fc_output_sizes[-1])."""
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)


def load_pretrained(model: Layer, source: Any) -> None:
    """Load weights into a new model, unless `source` is False; see `pretrained` of `VGG16`.

    Raises:
        TypeError: `source` is not a path, a URL or bytes.
        ValueError: it is True, as in DeZero, which has a URL for it.

    Example:
        >>> from pyconvlite.models import LeNet
        >>> load_pretrained(LeNet(), True)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: pretrained must name the weights, which the package does not contain: a path...
    """
    if source is False:
        return
    if source is True:
        raise ValueError(
            "pretrained must name the weights, which the package does not contain: a path, a URL "
            "(https://...) or the bytes of a file"
        )
    if isinstance(source, bytes | bytearray | memoryview):
        model.load_weights(io.BytesIO(source))
    elif is_url(source):
        model.load_weights(get_file(source))
    elif isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if site() and not os.path.exists(path):
            path = get_file(f"{site()}/{path}")
        model.load_weights(path)
    else:
        raise TypeError(f"pretrained must be a path, a URL or bytes; got {type(source).__name__}")
