"""Layer: finds its Parameters, calls `forward`, saves and loads; and how initial weights are drawn."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import _weights
from ..core import Parameter
from ..utils import Array, IntPair, at_least, pair, rng


class Layer:
    """Base of layers and models: what holds Parameters and computes with them.

    A subclass assigns Parameters and other Layers to attributes, also inside lists, tuples and dicts, and
    defines `forward`. Nothing has to be registered: Parameters are found through the attributes, in order of
    definition. One that is reached in several ways counts once, under its first name.

    Attributes:
        inputs, outputs: weak references to what the last call took and gave; None for what cannot be
            referenced weakly, such as a number.

    Example:
        >>> class Scale(Layer):
        ...     def __init__(self):
        ...         self.factor = Parameter(np.array([2.0]))
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> scale = Scale()
        >>> scale(np.array([1.0, 3.0]))
        variable([2. 6.])
        >>> [name for name, param in scale.named_params()]
        ['factor']
    """

    inputs: list[weakref.ref[Any] | None]
    outputs: list[weakref.ref[Any] | None]
    _all_sized = False  # whether a call has found every Parameter sized: spares the others the search

    def __call__(self, *inputs: Any) -> Any:
        """Call `forward`; one output, or a tuple of several.

        A call that fails leaves the sizes open that the first input was to decide.

        Raises:
            TypeError: `forward` returns None.
        """
        unsized = [] if self._all_sized else [param for param in self.params() if param.data is None]
        try:
            ys = self.forward(*inputs)
            if ys is None:
                raise TypeError(f"{type(self).__name__}.forward must return its output; got None")
        except Exception:
            for param in unsized:
                param.data = None
            raise
        self._all_sized = not unsized
        outputs = ys if isinstance(ys, tuple) else (ys,)
        self.inputs = [_weak(x) for x in inputs]
        self.outputs = [_weak(y) for y in outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def __getstate__(self) -> dict[str, Any]:
        # For pickle and copy: weak references cannot be pickled, and would point to what another layer saw.
        return {name: value for name, value in vars(self).items() if name not in ("inputs", "outputs")}

    def forward(self, *inputs: Any) -> Any:
        """Compute the output, or a tuple of outputs."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def _repr_html_(self) -> str:
        from .._html import of_layer  # here, since only notebooks ask

        return of_layer(self)

    def params(self) -> Iterator[Parameter]:
        """Every Parameter, each once, in order of definition."""
        return (param for _, param in self.named_params())

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """Every Parameter with its name: the way to it, as in `conv1/W` or `layers/0/W`."""
        return _params(self, "")

    def cleargrads(self) -> None:
        """Forget the gradients of all Parameters."""
        for param in self.params():
            param.cleargrad()

    def to_cpu(self) -> None:
        """Move all Parameters to the CPU."""
        for param in self.params():
            param.to_cpu()

    def to_gpu(self) -> None:
        """Move all Parameters to the device.

        Raises:
            DeviceUnavailable: this runtime has no device.
        """
        for param in self.params():
            param.to_gpu()

    def _flatten_params(self, params_dict: dict[str, Parameter], parent_key: str = "") -> None:
        for name, param in _params(self, parent_key):
            if name in params_dict:
                raise ValueError(f"two Parameters have the name {name!r}; rename a dict key or an attribute")
            params_dict[name] = param

    def save_weights(self, file: _weights.WeightFile) -> None:
        """Save the Parameters as an npz archive, one array per name of `named_params`.

        Args:
            file: a path, taken exactly as given, or a binary file object. A file that exists is replaced once
                the new one is complete.

        Raises:
            ValueError: a Parameter has no data yet, or two have the same name.

        Example:
            >>> import io
            >>> from pyconvlite.layers import Linear
            >>> file = io.BytesIO()
            >>> Linear(3, in_size=2).save_weights(file)
            >>> _ = file.seek(0)
            >>> {name: array.shape for name, array in np.load(file).items()}
            {'W': (2, 3), 'b': (3,)}
        """
        _weights.save(file, self._all_params())

    def load_weights(self, file: _weights.WeightFile) -> None:
        """Load what `save_weights` saved into the Parameters, each keeping its own dtype.

        Everything is checked before anything changes. Layers that have not seen an input yet take their input
        size from the weights.

        Args:
            file: a path or a binary file object.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: not a complete npz archive; a missing or unexpected name; an array of another shape,
                or of integers or the like.

        Example:
            >>> import io
            >>> from pyconvlite.layers import Linear
            >>> file = io.BytesIO()
            >>> Linear(3, in_size=2).save_weights(file)
            >>> _ = file.seek(0)
            >>> linear = Linear(3)
            >>> linear.load_weights(file)
            >>> linear.W.shape
            (2, 3)
        """
        _weights.load(file, self._all_params())

    def _all_params(self) -> dict[str, Parameter]:
        params: dict[str, Parameter] = {}
        self._flatten_params(params)
        return params


# What most attributes are, and leads nowhere: a training step walks through its model twice.
_LEAVES = {bool, float, int, str, type(None), weakref.ref}


def walk(
    value: Any, name: str = "", owner: Layer | None = None, seen: set[int] | None = None
) -> Iterator[tuple[str, Layer | Parameter, Layer | None]]:
    """Yield the Layers and Parameters that an attribute's value leads to, each once, a Layer before its own.

    Args:
        value: anything; what is no Layer, Parameter, list, tuple or mapping leads to nothing.
        name: the way to it.
        owner: the innermost Layer around it.
        seen: ids of what was visited.

    Yields:
        Name, the Layer or Parameter, and its owner.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> [name for name, node, owner in walk({"a": [Linear(1), None]})]
        ['a/0', 'a/0/W', 'a/0/b']
    """
    children: Iterable[tuple[Any, Any]]
    if isinstance(value, Parameter):
        children = ()
    elif isinstance(value, Layer):
        children = vars(value).items()
    elif isinstance(value, list | tuple):
        children = enumerate(value)
    elif isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101 - the second is slow
        children = value.items()
    else:
        return
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Layer | Parameter):
        yield name, value, owner
    owner = value if isinstance(value, Layer) else owner
    for key, child in children:
        if type(child) in _LEAVES:
            continue
        yield from walk(child, f"{name}/{key}" if name else str(key), owner, seen)


def _params(layer: Layer, name: str) -> Iterator[tuple[str, Parameter]]:
    return ((name, node) for name, node, _ in walk(layer, name) if isinstance(node, Parameter))


def _weak(value: Any) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(value)
    except TypeError:
        return None


# ---------------------------------------------------------------------------------- for the layers' arguments

_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


def float_dtype(dtype: Any) -> Any:
    """Read a layer's `dtype` argument.

    Raises:
        TypeError: not one of the three that a layer computes in.

    Example:
        >>> float_dtype(np.float32)
        dtype('float32')
    """
    try:
        found = None if dtype is None else np.dtype(dtype)  # NumPy takes None for float64
    except TypeError:
        found = None
    if found is None or found not in _FLOATS:
        given = repr(dtype) if found is None else found
        raise TypeError(f"dtype must be float16, float32 or float64; got {given}")
    return found


def normal(shape: tuple[Any, ...], deviation: float, dtype: Any) -> Array:
    """Draw initial weights of mean 0 from the package's generator.

    Example:
        >>> normal((2, 3), 0.1, np.float32).shape
        (2, 3)
    """
    # NumPy draws no float16; float32 is drawn as such, since a copy in float64 would be twice as large.
    drawn = rng().standard_normal(shape, dtype=np.float64 if dtype == np.float64 else np.float32)
    drawn *= deviation
    return drawn.astype(dtype, copy=False)


def channels(x: Any, layer: Layer) -> int:
    """Length of x along axis 1, from which a layer takes its size.

    Raises:
        ValueError: x has no axis 1.

    Example:
        >>> channels(np.zeros((5, 3)), Layer())
        3
    """
    if np.ndim(x) < 2:
        raise ValueError(f"{type(layer).__name__} needs an input of 2 or more axes; got shape {np.shape(x)}")
    return int(np.shape(x)[1])


def sizes(least: int, value: IntPair, name: str) -> tuple[int, int]:
    """Read a size in pixels, an integer or (height, width), neither below `least`.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range.

    Example:
        >>> sizes(1, 3, "kernel_size")
        (3, 3)
    """
    height, width = pair(value, name)
    return at_least(least, height, name), at_least(least, width, name)
