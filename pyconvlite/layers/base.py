"""Layer, the base class of layers and models, and the traversal of their Parameters."""

from __future__ import annotations

import reprlib
import types
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import is_
from typing import Any, ClassVar, TypeAlias

import numpy as np

from .._arguments import described
from ..autograd import Parameter, Variable
from .hooks import ForwardHook, HookHandle, Hooks
from .table import list_rows, rows_as_html
from .weights import Weights


class _LastCall:
    """What a Layer keeps of its last call, unless a subclass assigns something else to the name."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, owner: type) -> Any:
        if layer is None:
            return self
        return vars(layer)[self._name] if self._name in vars(layer) else getattr(layer, f"_{self._name}")

    def __set__(self, layer: Any, value: Any) -> None:
        vars(layer)[self._name] = value


class Layer(Weights):
    """Base class of layers and models, which contain Parameters.

    A subclass assigns Parameters and other Layers to attributes, directly or inside lists, tuples, deques and
    dicts, and defines `forward`. No registration is needed: Parameters are found through the attributes, in
    order of definition. One that is reachable by several paths counts once, under its first name.

    Attributes:
        inputs, outputs: weak references to the inputs and outputs of the last call; None for an object that
            does not support weak references, such as a number. A subclass may use the names otherwise.

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

    # Slots for what is no part of the model, so that `vars` has only what is searched for Parameters.
    __slots__ = ("_all_sized", "_inputs", "_output_shapes", "_outputs", "_param_cache")

    inputs = _LastCall()
    outputs = _LastCall()
    _inputs: list[weakref.ref[Any] | None]
    _outputs: list[weakref.ref[Any] | None]
    _output_shapes: list[Any]
    _param_cache: _ParamCache | None
    _all_sized: bool  # set once a call finds all Parameters initialized; later calls skip the search
    _state: ClassVar[tuple[str, ...]] = ()  # attributes with the Variables that a call leaves to the next
    _statistics: ClassVar[tuple[str, ...]] = ()  # attributes with Parameters that calls update, not training
    _torch_transposed: tuple[str, ...] = ()  # ends of the names of Parameters whose transposes PyTorch has
    _torch_hidden: ClassVar[tuple[str, ...]] = ()  # attributes that PyTorch's keys leave out
    _hooks: Hooks | None = None

    def __call__(self, *inputs: Any) -> Any:
        """Call `forward`, then the forward hooks; return the output, or a tuple of several outputs.

        If a call fails while a Parameter has no data yet, those that it initialized are reset to None, and
        recurrent layers keep the states that they had before. Once all Parameters have data, a call that
        fails leaves the recurrent layers that it reached with their new states.

        Raises:
            TypeError: `forward` returns None.
        """
        all_sized = getattr(self, "_all_sized", False)
        unsized = [] if all_sized else [param for param in self.params() if param.data is None]
        layers = self.modules() if unsized else ()
        states = [(layer, name, getattr(layer, name)) for layer in layers for name in layer._state]
        try:
            ys = self.forward(*inputs)
            if ys is None:
                raise TypeError(f"{type(self).__name__}.forward must return its output; got None")
            if self._hooks is not None:
                ys = self._hooks.run(self, inputs, ys)
        except BaseException:  # a KeyboardInterrupt too: some Parameters of a layer may be there, others not
            for param in unsized:
                param.data = None
            for layer, name, state in states:  # what such Parameters have computed
                setattr(layer, name, state)
            raise
        if not all_sized:
            self._all_sized = not unsized
        outputs = ys if isinstance(ys, tuple) else (ys,)
        try:
            self._inputs, self._outputs = list(map(weakref.ref, inputs)), list(map(weakref.ref, outputs))
        except TypeError:
            self._inputs, self._outputs = _weak(inputs), _weak(outputs)
        self._output_shapes = [getattr(y, "shape", None) for y in outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def __getstate__(self) -> dict[str, Any]:
        # For pickle and copy: a copy has not been called yet, and a hook is about the object that it was
        # registered for.
        return {name: value for name, value in vars(self).items() if name != "_hooks"}

    def _attributes_in_order(self) -> Iterable[tuple[str, Any]]:
        """Names and values of the attributes, in the order in which `walk` visits them."""
        return vars(self).items()

    def forward(self, *inputs: Any) -> Any:
        """Compute the output, or a tuple of outputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

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
            TypeError: `hook` is not callable.

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
        return self._hooks.add(hook, prepend)

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
        from .. import _html  # imported here, since only notebooks need it

        nodes = list(walk(self))
        names = {node: name for name, node, _ in nodes}
        shapes = {node: _output_shape(node) for _, node, _ in nodes if isinstance(node, Layer)}
        rows = list_rows(nodes, shapes)
        listed = {row.name for row in rows}
        shown: dict[str, list[str]] = {}  # Parameters by the name of their row
        where = set()
        for name, node, owner in nodes:
            if isinstance(node, Parameter):
                if node.data is not None:
                    where.add(f"{node.dtype} on the {_html.device(node.data)}")
                shape = _html.lazy_shape(node) if node.data is None else str(node.shape)
                place = "" if owner is None else names[owner]
                while place not in listed:
                    place = place.rpartition("/")[0]
                shown.setdefault(place, []).append(f"{name.removeprefix(place).lstrip('/')} {shape}")
        title = repr(self).partition("(\n")[0]
        title += ": " * bool(where) + ", ".join(sorted(where))
        return _html.titled(title, rows_as_html(rows, shown))

    def params(self) -> Iterator[Parameter]:
        """Iterate over all Parameters, each once, in order of definition."""
        found = getattr(self, "_param_cache", None)
        if found is None or found.is_stale():
            found = _ParamCache(self)
            self._param_cache = found if found.is_cacheable else None
        return iter(found.params)

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """Iterate over all Parameters with their names, which are paths such as `conv1/W` or `layers/0/W`."""
        return _params(self, "")

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

    def freeze(self, *names: str) -> None:
        """Exclude Parameters from training: they get no gradients, and optimizers leave them unchanged.

        The running statistics of BatchNorm still change; to keep them, call the model in
        `test_mode()`.

        Args:
            names: names of Parameters or of layers, as in `named_params` and `named_modules`; all Parameters
                if no names are given.

        Raises:
            ValueError: nothing has that name.

        Example:
            >>> from pyconvlite.layers import Linear
            >>> from pyconvlite.models import Sequential
            >>> model = Sequential(Linear(3), Linear(2))
            >>> model.freeze()
            >>> model.unfreeze("layers/1")
            >>> [name for name, param in model.named_params() if param.requires_grad]
            ['layers/1/W', 'layers/1/b']
        """
        for _, param, _ in self._params_below(names):
            param.requires_grad = False
            param.cleargrad()

    def unfreeze(self, *names: str) -> None:
        """Include Parameters in training, except running statistics, which are never trained.

        Args:
            names: as in `freeze`.

        Raises:
            ValueError: as in `freeze`.
        """
        for name, param, owner in self._params_below(names):
            param.requires_grad = not is_statistic(name, owner)

    def _params_below(self, names: Sequence[str]) -> list[tuple[str, Parameter, Layer | None]]:
        """The Parameters with these names or within layers with these names, with their names and owners."""
        found = [(name, node, owner) for name, node, owner in walk(self) if isinstance(node, Parameter)]
        if not names:
            return found
        for wanted in names:
            if not any(f"{name}/".startswith(f"{wanted}/") for name, _, _ in found):
                raise ValueError(
                    f"no Parameter, and no layer with Parameters, is named {wanted!r}; see named_params()"
                )
        return [row for row in found if any(f"{row[0]}/".startswith(f"{wanted}/") for wanted in names)]

    def cleargrads(self) -> None:
        """Set the gradients of all Parameters to None."""
        for param in self.params():
            param.cleargrad()

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

    def _flatten_params(self, params_dict: dict[str, Parameter], parent_key: str = "") -> None:
        for name, param in _params(self, parent_key):
            if name in params_dict:
                raise ValueError(f"two Parameters have the name {name!r}; rename a dict key or an attribute")
            params_dict[name] = param

    def _all_params(self) -> dict[str, Parameter]:
        params: dict[str, Parameter] = {}
        self._flatten_params(params)
        return params

    def _walk(self, *, again: bool = False) -> Iterator[tuple[str, Layer | Parameter, Layer | None]]:
        return walk(self, again=again)


# Types of most attributes, skipped early.
_LEAVES = {bool, float, int, str, type(None), types.FunctionType, np.ndarray, weakref.ref}

# Where an object was found: the place of the object that contains it, and the key in that; None at the start.
_Place: TypeAlias = tuple[Any, Any] | None


def walk(
    value: Any, name: str = "", owner: Layer | None = None, *, again: bool = False
) -> Iterator[tuple[str, Layer | Parameter, Layer | None]]:
    """Yield the Layers and Parameters reachable from a value, each once, a Layer before its contents.

    Args:
        value: any object; only Layers, Parameters, lists, tuples, deques and mappings are traversed.
        name: path to `value`.
        owner: the innermost Layer that contains `value`.
        again: whether to yield what several names reach under each of them.

    Yields:
        The name, the Layer or Parameter, and its owner.

    Raises:
        TypeError: a set contains a Layer or Parameter.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> [name for name, node, owner in walk({"a": [Linear(1), None]})]
        ['a/0', 'a/0/W', 'a/0/b']
    """
    place = (None, name) if name else None
    return (
        (_name_of(place), node, owner) for place, node, owner in _visit(value, place, owner, set(), again)
    )


def _visit(
    value: Any, place: _Place, owner: Layer | None, seen: set[int], again: bool = False
) -> Iterator[tuple[_Place, Layer | Parameter, Layer | None]]:
    """As `walk`, with places instead of names, which are made from them where they are needed.

    Args:
        value, place, owner, again: as in `walk`.
        seen: ids of the visited objects; with `again`, of those that contain `value`.
    """
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (Layer, Parameter)):
        yield place, value, owner
        owner = value if isinstance(value, Layer) else owner
    for key, child in _contents(value, place):
        if type(child) not in _LEAVES:
            yield from _visit(child, (place, key), owner, seen, again)
    if again:
        seen.remove(id(value))


class _ParamCache:
    """Cache of a Layer's Parameters, in the order of `walk`, with the containers that were searched.

    Each training step needs them twice. Comparing what the containers hold is faster than a new search.

    Args:
        layer: the Layer.

    Attributes:
        params: the Parameters.
        is_cacheable: whether only containers were found. Other objects, such as the state of an RNN, would be
            kept alive until the next search, with their graph.
    """

    def __init__(self, layer: Layer) -> None:
        self.params: list[Parameter] = []
        self.is_cacheable = True
        self._containers: list[Iterable[Any]] = []  # what the objects contain now, at any time
        self._search(layer, {id(layer)})
        self._snapshot = [*chain.from_iterable(self._containers)]

    def is_stale(self) -> bool:
        """Whether a container holds something else by now."""
        contents = [*chain.from_iterable(self._containers)]
        return len(contents) != len(self._snapshot) or not all(map(is_, contents, self._snapshot))

    def _search(self, value: Any, seen: set[int]) -> None:
        if isinstance(value, Layer):
            self._containers.append(vars(value).values())
        elif isinstance(value, Mapping):
            self._containers.append(value.values())
        elif isinstance(value, _COLLECTIONS):
            self._containers.append(value)
        else:
            self.is_cacheable = False
        for _, child in _contents(value, None):
            if type(child) in _LEAVES:
                self.is_cacheable &= type(child) is not np.ndarray
            elif id(child) not in seen:
                seen.add(id(child))
                if isinstance(child, Parameter):
                    self.params.append(child)
                else:
                    self._search(child, seen)


_COLLECTIONS = list, tuple, deque, set, frozenset


def _contents(value: Any, place: _Place) -> Iterable[tuple[Any, Any]]:
    """Keys and values in an object that may contain Layers and Parameters; nothing for other objects."""
    if isinstance(value, Layer):
        return value._attributes_in_order()
    if isinstance(value, (list, tuple, deque)):
        return enumerate(value)
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101 - the check for Mapping is slow
        return value.items()
    if isinstance(value, (set, frozenset)) and any(isinstance(x, (Layer, Parameter)) for x in value):
        raise TypeError(
            f"{_name_of(place) or 'the model'} is a {type(value).__name__} of Layers or Parameters: it has "
            "no order, so their names would change from run to run; use a list"
        )
    return ()


def _name_of(place: _Place) -> str:
    keys = []
    while place is not None:
        place, key = place
        keys.append(str(key))
    return "/".join(reversed(keys))


def is_statistic(name: str, owner: Layer | None) -> bool:
    """Whether a Parameter that `walk` yields is updated by calls, such as a running mean, not by training.

    Example:
        >>> from pyconvlite.layers import BatchNorm
        >>> [name for name, node, owner in walk(BatchNorm()) if is_statistic(name, owner)]
        ['avg_mean', 'avg_var']
    """
    return owner is not None and name.rpartition("/")[2] in owner._statistics


def _params(layer: Layer, name: str) -> Iterator[tuple[str, Parameter]]:
    return ((name, node) for name, node, _ in walk(layer, name) if isinstance(node, Parameter))


def _weak(values: Iterable[Any]) -> list[weakref.ref[Any] | None]:
    return [weakref.ref(x) if type(x).__weakrefoffset__ else None for x in values]


def _output_shape(layer: Layer) -> tuple[Any, ...] | None:
    """Output shape of the last call; None before the first, and for an output that has no shape."""
    shapes = getattr(layer, "_output_shapes", [])
    if not shapes or None in shapes:
        return None
    return shapes[0] if len(shapes) == 1 else tuple(shapes)
