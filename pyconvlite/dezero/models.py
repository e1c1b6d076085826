"""`dezero.models`: networks whose Parameters have DeZero's names and are drawn as in DeZero."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar

import numpy as np

from .. import functions as F
from .. import models
from .._arguments import at_least
from ..layers.walk import walk
from . import layers as L
from . import utils
from .core import Function, Variable
from .functions import dropout
from .layers import Layer

globals().update({name: getattr(models, name) for name in models.__all__})  # those below replace them

_WEIGHTS = "https://github.com/koki0702/dezero-models/releases/download/v0.1/"


class Model(Layer, models.Model):
    """As `pyconvlite.Model`, and a Layer with DeZero's names of arguments.

    Example:
        >>> class TwoLayers(Model):
        ...     def __init__(self, hidden_size, out_size):
        ...         super().__init__()
        ...         self.l1 = L.Linear(hidden_size)
        ...         self.l2 = L.Linear(out_size)
        ...     def forward(self, x):
        ...         return self.l2(F.sigmoid(self.l1(x)))
        >>> [name for name, param in TwoLayers(10, 1).named_params()]
        ['l1/W', 'l1/b', 'l2/W', 'l2/b']
    """

    def plot(self, *inputs: Any, to_file: str = "model.png") -> Any:  # type: ignore[override]
        """Draw the computation graph of a call on `inputs`, as `utils.plot_dot_graph` does."""
        return utils.plot_dot_graph(self(*inputs), verbose=True, to_file=to_file)


class Sequential(Model, models.Sequential):
    """As `pyconvlite.models.Sequential`; the Parameters are named `l0/W` and so on, as in DeZero's files.

    A layer may be an instance of a Function, such as `F.ReLU()`; a copy of it is called each time.

    Example:
        >>> model = Sequential(L.Linear(3, in_size=2), F.ReLU(), L.Linear(1, in_size=3))
        >>> [name for name, param in model.named_params()]
        ['l0/W', 'l0/b', 'l2/W', 'l2/b']
    """

    def __init__(self, *layers: Any) -> None:
        named = len(layers) == 1 and isinstance(layers[0], Mapping)
        super().__init__(layers[0] if named else {f"l{i}": layer for i, layer in enumerate(layers)})

    def _of(self, *layers: Any) -> models.Sequential:
        return Sequential(*layers)

    def forward(self, x: Any) -> Any:
        """Output of the last layer."""
        for layer in self.layers:
            x = copy(layer)(x) if isinstance(layer, Function) else layer(x)
        return x


class MLP(Model, models.MLP):
    """As `pyconvlite.models.MLP`; the Parameters are named `l0/W` and so on, as in DeZero's files.

    Example:
        >>> model = MLP((3, 1), activation=F.relu)
        >>> model.l1
        Linear(out_size=1, in_size=None)
    """

    def __init__(self, fc_output_sizes: Sequence[int], activation: Callable[[Any], Any] = F.sigmoid) -> None:
        super().__init__(fc_output_sizes, activation)
        self.layers = [L.Linear(size) for size in fc_output_sizes]
        for i, layer in enumerate(self.layers):
            setattr(self, f"l{i}", layer)


# ------------------------------------------------------------------------------------- networks of the paper


def _draw_as_dezero(model: Layer) -> None:
    """Change the class of each sublayer to that of the same name here; none has its weights yet."""
    for _, node, _ in list(walk(model)):
        if own := _OWN.get(type(node)):
            node.__class__ = own


def _load(model: Layer, address: str) -> None:
    model.load_weights(utils.get_file(address))


class VGG16(Model, models.VGG16):
    """As `pyconvlite.models.VGG16`; `pretrained=True` loads DeZero's weights.

    Args:
        pretrained: whether to load the weights from DeZero's cache, or else from `WEIGHTS_PATH`.

    Attributes:
        WEIGHTS_PATH: URL of the weights, 553 MB; assign to it to use a mirror.

    Raises:
        OSError: the weights cannot be fetched.

    Example:
        >>> VGG16().conv5_3.dtype
        dtype('float32')
    """

    WEIGHTS_PATH: ClassVar[str] = f"{_WEIGHTS}vgg16.npz"
    _dropout = staticmethod(dropout)

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        _draw_as_dezero(self)
        if pretrained:
            _load(self, self.WEIGHTS_PATH)


class BottleneckA(Layer, models.BottleneckA):
    """As `pyconvlite.models.BottleneckA`.

    Example:
        >>> BottleneckA(2, 4, 8)(np.zeros((1, 2, 6, 6), dtype=np.float32)).shape
        (1, 8, 3, 3)
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 2,
        downsample_fb: bool = False,
    ) -> None:
        super().__init__(in_channels, mid_channels, out_channels, stride, downsample_fb)
        _draw_as_dezero(self)


class BottleneckB(Layer, models.BottleneckB):
    """As `pyconvlite.models.BottleneckB`.

    Example:
        >>> BottleneckB(8, 4)(np.zeros((1, 8, 3, 3), dtype=np.float32)).shape
        (1, 8, 3, 3)
    """

    def __init__(self, in_channels: int, mid_channels: int) -> None:
        super().__init__(in_channels, mid_channels)
        _draw_as_dezero(self)


class BuildingBlock(Layer, models.BuildingBlock):
    """As `pyconvlite.models.BuildingBlock`, with DeZero's defaults, of which only the last is usable.

    Example:
        >>> block = BuildingBlock(3, 2, 4, 8, 2)
        >>> block(np.zeros((1, 2, 6, 6), dtype=np.float32)).shape
        (1, 8, 3, 3)
    """

    def __init__(
        self,
        n_layers: Any = None,
        in_channels: Any = None,
        mid_channels: Any = None,
        out_channels: Any = None,
        stride: Any = None,
        downsample_fb: Any = None,
    ) -> None:
        super().__init__(n_layers, in_channels, mid_channels, out_channels, stride, bool(downsample_fb))
        _draw_as_dezero(self)


class ResNet(Model, models.ResNet):
    """As `pyconvlite.models.ResNet`; `pretrained=True` loads DeZero's weights.

    Args:
        n_layers: 50, 101 or 152.
        pretrained: whether to load the weights from DeZero's cache, or else from `WEIGHTS_PATH`.

    Attributes:
        WEIGHTS_PATH: URL of the weights, with `{}` for the number of layers.

    Raises:
        ValueError: `n_layers` is not 50, 101 or 152.
        OSError: the weights cannot be fetched.

    Example:
        >>> ResNet(50).res4.b5.conv2.out_channels
        256
    """

    WEIGHTS_PATH: ClassVar[str] = f"{_WEIGHTS}resnet{{}}.npz"

    def __init__(self, n_layers: int = 152, pretrained: bool = False) -> None:
        super().__init__(n_layers)
        _draw_as_dezero(self)
        if pretrained:
            _load(self, self.WEIGHTS_PATH.format(n_layers))


class ResNet152(ResNet):
    """ResNet of 152 layers.

    Example:
        >>> ResNet152().res4.b35.conv2.out_channels
        256
    """

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__(152, pretrained)


class ResNet101(ResNet):
    """ResNet of 101 layers.

    Example:
        >>> ResNet101().res4.b22.conv2.out_channels
        256
    """

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__(101, pretrained)


class ResNet50(ResNet):
    """ResNet of 50 layers.

    Example:
        >>> ResNet50().res4.b5.conv2.out_channels
        256
    """

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__(50, pretrained)


_OWN: dict[type, type] = {
    **{getattr(models, own.__name__): own for own in (BottleneckA, BottleneckB, BuildingBlock)},
    **{base: own for own in (L.BatchNorm, L.Conv2d, L.Linear) for base in own.__bases__[1:]},
}


def _global_average_pooling_2d(x: Any) -> Variable:
    """Mean of each channel: (N, C, H, W) to (N, C)."""
    return F.flatten(F.global_average_pooling(x))


# ------------------------------------------------------------------------------------------------ SqueezeNet


class SqueezeNet(Model):
    """Network of 1.2 million parameters for images of 1000 classes; in DeZero it is an empty class.

    Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters" (2016), in its version 1.1.

    Args:
        pretrained: must be False, since DeZero has no weights.

    Raises:
        ValueError: `pretrained` is true; when called, the images are smaller than 17 x 17.

    Example:
        >>> model = SqueezeNet()
        >>> model(np.zeros((1, 3, 32, 32), dtype=np.float32)).shape
        (1, 1000)
        >>> sum(param.size for param in model.params())
        1235496
    """

    def __init__(self, pretrained: bool = False) -> None:
        if pretrained:
            raise ValueError("pretrained must be False: DeZero has no weights of SqueezeNet")
        self.conv1 = L.Conv2d(64, kernel_size=3, stride=2)
        self.fire2, self.fire3 = _Fire(16, 64), _Fire(16, 64)
        self.fire4, self.fire5 = _Fire(32, 128), _Fire(32, 128)
        self.fire6, self.fire7 = _Fire(48, 192), _Fire(48, 192)
        self.fire8, self.fire9 = _Fire(64, 256), _Fire(64, 256)
        self.conv10 = L.Conv2d(1000, kernel_size=1)

    def forward(self, x: Any) -> Variable:
        """Scores before softmax, (N, 1000), for images of shape (N, C, H, W)."""
        x = F.pooling(F.relu(self.conv1(x)), 3, 2)
        x = F.pooling(self.fire3(self.fire2(x)), 3, 2)
        x = F.pooling(self.fire5(self.fire4(x)), 3, 2)
        x = self.fire9(self.fire8(self.fire7(self.fire6(x))))
        return _global_average_pooling_2d(F.relu(self.conv10(dropout(x))))


class _Fire(Layer):
    """A 1 x 1 convolution to few channels; then one of 1 x 1 and one of 3 x 3, whose outputs are joined.

    Args:
        squeezed: channels of the first.
        expanded: channels of each of the other two.
    """

    def __init__(self, squeezed: int, expanded: int) -> None:
        self.squeeze = L.Conv2d(squeezed, kernel_size=1)
        self.expand1 = L.Conv2d(expanded, kernel_size=1)
        self.expand3 = L.Conv2d(expanded, kernel_size=3, pad=1)

    def forward(self, x: Any) -> Variable:
        """Output (N, 2 * expanded, H, W)."""
        x = F.relu(self.squeeze(x))
        return F.relu(F.concat([self.expand1(x), self.expand3(x)], axis=1))
