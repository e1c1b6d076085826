"""Layer, the base class of layers and models."""

from __future__ import annotations

import reprlib
import weakref
from collections.abc import Iterable, Iterator
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar

from .._arguments import boolean, described
from ..autograd import Parameter, Variable
from ..backends import to_device_of
from .hooks import ForwardHook, HookHandle, Hooks
from .table import model_as_html
from .walk import walk
from .weights import Weights


class _LastCall:
    """Descriptor of a part of `_last`, unless a subclass assigns something else to the name."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, owner: type) -> Any:
        if layer is None:
            return self
        if self._name in vars(layer):
            return vars(layer)[self._name]
        try:
            return layer._last[self._index]
        except AttributeError:
            raise AttributeError(
                f"{type(layer).__name__} has no {self._name} before its first call"
            ) from None

    def __set__(self, layer: Any, value: Any) -> None:
        vars(layer)[self._name] = value


class Layer(Weights):
    """Base class of layers and models, which contain Parameters.

    A subclass assigns Parameters and other Layers to attributes, directly or inside lists, tuples, deques and
    dicts, and defines `forward`. No registration is needed: Parameters are found through the attributes, in
    order of definition. One that is reachable by several paths counts once, under its first name.

    Attributes:
        inputs, outputs: weak references to the inputs and outputs of the last call; None for an object that
            does not support weak references, such as a number. The graph lets go of an output whose data no
            `backward` reads; a forward hook can keep it. A subclass may use the names otherwise.

    Example:
        >>> import numpy as np
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

    # Slots for what is not part of the model, so that `vars` has only what is searched for Parameters.
    __slots__ = ("_all_sized", "_last", "_param_cache")

    inputs = _LastCall(0)
    outputs = _LastCall(1)
    _last: tuple[list[Any], list[Any], list[Any]]  # weak references to the inputs and outputs, output shapes
    _all_sized: bool  # set once a call finds all Parameters initialized; later calls skip the search
    _state: ClassVar[tuple[str, ...]] = ()  # attributes with the Variables that a call leaves to the next
    _torch_transposed: tuple[str, ...] = ()  # suffixes of names of Parameters that PyTorch stores transposed
    _torch_hidden: ClassVar[tuple[str, ...]] = ()  # attributes that PyTorch's keys leave out
    _hooks: Hooks | None = None

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        """Call `forward`, then the forward hooks; return the output, or a tuple of several outputs.

        Keyword arguments go to `forward`; `inputs` and the hooks have them only if no other is given.

        If a call fails while a Parameter has no data yet, those that it initialized are reset to None, and
        recurrent layers keep the states that they had before. Once all Parameters have data, a call that
        fails leaves the recurrent layers that it reached with their new states.

        Raises:
            TypeError: `forward` returns None.
        """
        all_sized = getattr(self, "_all_sized", False)
        unsized, states = ([], []) if all_sized else self._before_sizes()
        try:
            ys = self.forward(*inputs, **kwargs)
            inputs = inputs or tuple(kwargs.values())
            if ys is None:
                raise TypeError(f"{type(self).__name__}.forward must return its output; got None")
            if self._hooks is not None:
                ys = self._hooks.run(self, inputs, ys)
        except BaseException:  # also KeyboardInterrupt, after which only some Parameters may have data
            for param in unsized:
                param.data = None
            for layer, name, state in states:  # computed with such Parameters
                setattr(layer, name, state)
            raise
        if not all_sized:
            self._all_sized = not unsized
        outputs = ys if isinstance(ys, tuple) else (ys,)
        try:
            x_refs, y_refs = list(map(weakref.ref, inputs)), list(map(weakref.ref, outputs))
        except TypeError:
            x_refs, y_refs = _weak(inputs), _weak(outputs)
        _set_last(self, (x_refs, y_refs, [getattr(y, "shape", None) for y in outputs]))
        return outputs[0] if len(outputs) == 1 else outputs

    def _before_sizes(self) -> tuple[list[Parameter], list[tuple[Layer, str, Any]]]:
        """The Parameters without data and, if there are any, the states of recurrent layers."""
        unsized = [param for param in self.params() if param.data is None]
        layers = self.modules() if unsized else ()
        return unsized, [(layer, name, getattr(layer, name)) for layer in layers for name in layer._state]

    if not TYPE_CHECKING:  # a type checker would accept an assignment to any attribute

        def __setattr__(self, name, value):
            """Set an attribute; that of a Parameter can be set to a Parameter, a Layer or None.

            Raises:
                TypeError: something else, such as an array, would take the place of a Parameter.
            """
            if isinstance(self.__dict__.get(name), Parameter) and not (
                value is None or isinstance(value, (Parameter, Layer))
            ):
                raise TypeError(
                    f"{name} of {type(self).__name__} is a Parameter; assign an array to {name}.data, or "
                    f"replace it by a Parameter or None; got {type(value).__name__}"
                )
            object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        # For pickle and copy: a copy was not called yet, and a hook belongs to the object that it was
        # registered for.
        return {name: value for name, value in vars(self).items() if name != "_hooks"}

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Compute the output, or a tuple of outputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def _init_for(self, x: Any, in_size: int) -> None:
        """Initialize the Parameters that have no data yet for inputs such as x, of a size, on its device.

        Other threads may do the same: they wait, and find nothing left to initialize.
        """
        with _initializing:
            fresh = [param for param in self.params() if param.data is None]
            if fresh:
                self._init_params(in_size)
            for param in fresh:
                param.data = to_device_of(x, param.data)

    def _init_params(self, in_size: int) -> None:
        """Initialize the Parameters whose shapes follow from the size of the input."""
        raise NotImplementedError

    def register_forward_hook(self, hook: ForwardHook, prepend: bool = False) -> HookHandle:
        """Register a function that is called after each `forward` of this layer (PyTorch's name).

        Args:
            hook: called with the layer, the tuple of its inputs, and its output, a Variable or a tuple of
                them. What it returns replaces the output, unless that is None. Hooks are called in the order
                of their registration, and are not copied with the layer.
            prepend: whether it is called before those that are registered already.

        Returns:
            A handle, whose `remove()` ends the registration; it can be used in a `with` statement.

        Raises:
            TypeError: `hook` is not callable, or `prepend` not True or False.

        Example:
            >>> import numpy as np
            >>> from pyconvlite.layers import ReLU
            >>> relu = ReLU()
            >>> with relu.register_forward_hook(lambda layer, inputs, y: print(layer, inputs, y)):
            ...     y = relu(np.array([-1.0]))
            ReLU() (array([-1.]),) variable([0.])
            >>> y = relu(np.array([-1.0]))  # prints nothing
        """
        if not callable(hook):
            raise TypeError(f"hook must be callable, with (layer, inputs, output); got {type(hook).__name__}")
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks.add(hook, boolean(prepend, "prepend"))

    @reprlib.recursive_repr("...")
    def __repr__(self) -> str:
        parts = [
            f"({name}): {part if isinstance(part, Layer) else getattr(part, '__name__', part)}"
            for name, part in self._parts()
        ]
        if not parts:
            return described(self)
        return "\n".join([f"{type(self).__name__}(", *parts]).replace("\n", "\n  ") + "\n)"

    def _parts(self) -> Iterable[tuple[str, Any]]:
        """The layers that this one consists of, with their names, for `repr`."""
        return ((name, node) for name, node, owner in walk(self) if owner is self and isinstance(node, Layer))

    def _repr_html_(self) -> str:
        """HTML table of the layers, their Parameters and the output shapes of their last call."""
        nodes = list(walk(self))
        shapes = {node: _output_shape(node) for _, node, _ in nodes if isinstance(node, Layer)}
        return model_as_html(repr(self).partition("(\n")[0], nodes, shapes)

    def modules(self) -> Iterator[Layer]:
        """Iterate over this layer and all layers that it contains, each once, a layer before its contents."""
        return (layer for _, layer in self.named_modules())

    def named_modules(self) -> Iterator[tuple[str, Layer]]:
        """Iterate over the layers of `modules` with their names, as in `named_params`; this layer's is empty.

        Example:
            >>> from pyconvlite.models import Sequential
            >>> from pyconvlite.layers import Linear, ReLU
            >>> [name for name, layer in Sequential(Linear(3), ReLU()).named_modules()]
            ['', 'layers/0', 'layers/1']
        """
        return ((name, node) for name, node, _ in walk(self) if isinstance(node, Layer))

    def to_cpu(self) -> None:
        """Move all Parameters, and the states of recurrent layers, to the CPU."""
        for v in self._movable():
            v.to_cpu()

    def to_gpu(self) -> None:
        """Move all Parameters, and the states of recurrent layers, to the device.

        Raises:
            DeviceUnavailable: no device is available.
        """
        for v in self._movable():
            v.to_gpu()

    def _movable(self) -> Iterator[Variable]:
        yield from self.params()
        for layer in self.modules():
            for name in layer._state:
                if (state := getattr(layer, name)) is not None:
                    yield state


_initializing = RLock()
_set_last = vars(Layer)["_last"].__set__  # without the check of `Layer.__setattr__`


def _weak(values: Iterable[Any]) -> list[Any]:
    return [weakref.ref(x) if type(x).__weakrefoffset__ else None for x in values]


def _output_shape(layer: Layer) -> tuple[Any, ...] | None:
    """Output shape of the last call; None before the first, and for an output that has no shape."""
    *_, shapes = getattr(layer, "_last", [[]])
    if not shapes or None in shapes:
        return None
    return shapes[0] if len(shapes) == 1 else tuple(shapes)
