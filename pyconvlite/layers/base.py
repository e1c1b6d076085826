"""Layer, the base class of layers and models, and the traversal of their Parameters."""

from __future__ import annotations

import types
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from .. import _npz, _safetensors, _weights
from .._files import BinaryFile, written
from .._shapes import Array
from ..autograd import Parameter
from . import torch_names
from .hooks import ForwardHook, HookHandle, Hooks
from .table import list_rows, rows_as_html


class Layer:
    """Base class of layers and models, which contain Parameters.

    A subclass assigns Parameters and other Layers to attributes, directly or inside lists, tuples, deques and
    dicts, and defines `forward`. No registration is needed: Parameters are found through the attributes, in
    order of definition. One that is reachable by several paths counts once, under its first name.

    Attributes:
        inputs, outputs: weak references to the inputs and outputs of the last call; None for an object that
            does not support weak references, such as a number.

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

    inputs: list[weakref.ref[Any] | None]
    outputs: list[weakref.ref[Any] | None]
    _state: ClassVar[tuple[str, ...]] = ()  # attributes with the Variables that a call leaves to the next
    _statistics: ClassVar[tuple[str, ...]] = ()  # attributes with Parameters that calls update, not training
    _torch_transposed: ClassVar[tuple[str, ...]] = ()  # attributes whose transposes PyTorch has
    _torch_hidden: ClassVar[tuple[str, ...]] = ()  # attributes that PyTorch's keys leave out
    _output_shapes: tuple[Any, ...] = ()
    _hooks: Hooks | None = None
    _all_sized = False  # set once a call finds all Parameters initialized; later calls skip the search

    def __call__(self, *inputs: Any) -> Any:
        """Call `forward`, then the forward hooks; return the output, or a tuple of several outputs.

        If the call fails, Parameters that it initialized are reset to None.

        Raises:
            TypeError: `forward` returns None.
        """
        unsized = [] if self._all_sized else [param for param in self.params() if param.data is None]
        try:
            ys = self.forward(*inputs)
            if ys is None:
                raise TypeError(f"{type(self).__name__}.forward must return its output; got None")
            if self._hooks is not None:
                ys = self._hooks.run(self, inputs, ys)
        except BaseException:  # a KeyboardInterrupt too: some Parameters of a layer may be there, others not
            for param in unsized:
                param.data = None
            raise
        if not self._all_sized:
            self._all_sized = not unsized
        outputs = ys if isinstance(ys, tuple) else (ys,)
        try:
            self.inputs, self.outputs = list(map(weakref.ref, inputs)), list(map(weakref.ref, outputs))
        except TypeError:
            self.inputs, self.outputs = _weak(inputs), _weak(outputs)
        self._output_shapes = tuple([getattr(y, "shape", None) for y in outputs])
        return outputs[0] if len(outputs) == 1 else outputs

    def __getstate__(self) -> dict[str, Any]:
        # For pickle and copy: weak references cannot be pickled, a copy has not been called yet, and a hook
        # is about the object that it was registered for.
        return {name: value for name, value in vars(self).items() if name not in _NOT_COPIED}

    def _attributes_in_order(self) -> Iterable[tuple[str, Any]]:
        """Names and values of the attributes, in the order in which `walk` visits them."""
        return vars(self).items()

    def forward(self, *inputs: Any) -> Any:
        """Compute the output, or a tuple of outputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def register_forward_hook(self, hook: ForwardHook) -> HookHandle:
        """Have a function called after each `forward` of this layer (PyTorch's name).

        Args:
            hook: called with the layer, the tuple of its inputs, and its output, a Variable or a tuple of
                them. What it returns replaces the output, unless that is None. Hooks are called in the order
                of their registration. Copies of the layer have none.

        Returns:
            A handle, whose `remove()` ends the registration; it can be used in a `with` statement.

        Raises:
            TypeError: `hook` is not callable.

        Example:
            >>> import numpy as np
            >>> from pyconvlite.layers import ReLU
            >>> relu = ReLU()
            >>> with relu.register_forward_hook(lambda layer, inputs, y: print(layer, inputs, y)):
            ...     y = relu(np.array([-1.0]))  # doctest: +ELLIPSIS
            <pyconvlite.layers.stateless.ReLU object at ...> (array([-1.]),) variable([0.])
            >>> y = relu(np.array([-1.0]))  # prints nothing
        """
        if not callable(hook):
            raise TypeError(f"hook must be callable, with (layer, inputs, output); got {type(hook).__name__}")
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks.add(hook)

    def _repr_html_(self) -> str:
        """HTML table of the layers, their Parameters and the output shapes of their last call."""
        from .. import _html  # imported here, since only notebooks need it

        nodes = list(walk(self))
        names = {node: name for name, node, _ in nodes}
        shapes = {node: _output_shape(node) for _, node, _ in nodes if isinstance(node, Layer)}
        shown: dict[str, list[str]] = {}  # Parameters by the name of their layer
        where = set()
        for name, node, owner in nodes:
            if isinstance(node, Parameter):
                if node.data is not None:
                    where.add(f"{node.dtype} on the {_html.device(node.data)}")
                shape = _html.lazy_shape(node) if node.data is None else str(node.shape)
                place = "" if owner is None else names[owner]
                shown.setdefault(place, []).append(f"{name.removeprefix(place).lstrip('/')} {shape}")
        title = type(self).__name__ if type(self).__repr__ is object.__repr__ else repr(self)
        title += ": " * bool(where) + ", ".join(sorted(where))
        return _html.titled(title, rows_as_html(list_rows(nodes, shapes), shown))

    def params(self) -> Iterator[Parameter]:
        """Iterate over all Parameters, each once, in order of definition."""
        found: list[Parameter] = []
        _gather(self, set(), found)
        return iter(found)

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

        The running statistics of BatchNorm change in spite of it; to keep them, call the model in
        `test_mode()`.

        Args:
            names: names of Parameters or of layers, as in `named_params` and `named_modules`; all Parameters
                without any.

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
        """Move all Parameters to the CPU."""
        for param in self.params():
            param.to_cpu()

    def to_gpu(self) -> None:
        """Move all Parameters to the device.

        Raises:
            DeviceUnavailable: no device is available.
        """
        for param in self.params():
            param.to_gpu()

    def _flatten_params(self, params_dict: dict[str, Parameter], parent_key: str = "") -> None:
        for name, param in _params(self, parent_key):
            if name in params_dict:
                raise ValueError(f"two Parameters have the name {name!r}; rename a dict key or an attribute")
            params_dict[name] = param

    def save_weights(self, file: BinaryFile) -> None:
        """Save the Parameters, in a format that the suffix of the file's name chooses.

        Args:
            file: a path, used exactly as given, or a binary file object. An existing file is replaced only
                when the new one is complete; its mode and symbolic links to it stay. With the suffix
                `.safetensors` it has the arrays of `state_dict`, for PyTorch and others; with any other, and
                as a file object, it is an npz archive with one array per name of `named_params`.

        Raises:
            OSError: the file cannot be written, or there is something else than a file at the path.
            ValueError: a Parameter has no data yet, two have the same name, or a name cannot be stored.

        Example:
            >>> import io
            >>> import numpy as np
            >>> from pyconvlite.layers import Linear
            >>> file = io.BytesIO()
            >>> Linear(3, in_size=2).save_weights(file)
            >>> _ = file.seek(0)
            >>> {name: array.shape for name, array in np.load(file).items()}
            {'W': (2, 3), 'b': (3,)}
        """
        if _weights.title_of(file).endswith(".safetensors'"):
            arrays, write = self.state_dict(), _safetensors.write
        else:
            arrays, write = _weights.arrays_of(self._all_params()), _npz.write
        with written(file) as stream:
            write(stream, arrays)

    def load_weights(self, file: BinaryFile) -> None:
        """Load the Parameters from a file; each Parameter keeps its dtype.

        The contents tell the format: what `save_weights` writes; safetensors files and PyTorch's `.pt` and
        `.pth`, which are read as by `load_state_dict`. Nothing in a file is executed.

        The whole file is checked before any Parameter changes. In an npz archive names, shapes and dtypes are
        checked before any array is read, so that a file that does not fit takes little memory. Layers whose
        input size is not known yet take it from the weights.

        Args:
            file: a path or a binary file object.

        Raises:
            FileNotFoundError: the file does not exist.
            ValueError: the file is damaged or of another format, a name is missing or unexpected, an array
                has the wrong shape or is not floating point, or a number exceeds the Parameter's dtype.

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
        mapping = _weights.foreign(file)
        if mapping is None:
            _weights.load(file, self._all_params())
        else:
            self._load_state_dict(mapping, True, _weights.title_of(file))

    def state_dict(self) -> dict[str, Array]:
        """Copies of the Parameters with PyTorch's names and in its layouts.

        A path has dots (`conv1.weight`), the layers of a Sequential have their indexes alone (`0.weight`); W
        and gamma are `weight`, b and beta `bias`, avg_mean and avg_var `running_mean` and `running_var`; the
        W of a Linear layer is transposed. A model that PyTorch's torchvision has, too, has its names.

        Raises:
            RuntimeError: the runtime cannot wait for a device.
            ValueError: a Parameter has no data yet.

        Example:
            >>> from pyconvlite.layers import BatchNorm, Linear
            >>> from pyconvlite.models import Sequential
            >>> model = Sequential(Linear(3, in_size=2), BatchNorm(3))
            >>> list(model.state_dict())
            ['0.weight', '0.bias', '1.running_mean', '1.running_var', '1.weight', '1.bias']
        """
        _weights.arrays_of(self._all_params())  # which checks that there is data
        return {key: entry.array() for key, entry in torch_names.entries(walk(self)).items()}

    def load_state_dict(self, mapping: Mapping[str, Any], strict: bool = True) -> torch_names.Keys:
        """Load Parameters from arrays with PyTorch's names and in its layouts.

        Each Parameter keeps its dtype. Nothing changes unless all fits. `num_batches_tracked` of PyTorch's
        batch normalization is ignored.

        Args:
            mapping: arrays or PyTorch tensors by the keys of `state_dict`.
            strict: whether the keys must be the same; if not, Parameters that are missing stay as they are.

        Returns:
            The missing and the unexpected keys.

        Raises:
            ValueError: a key is missing or unexpected, an array has the wrong shape or is not floating point,
                or a number exceeds the Parameter's dtype; all such keys are named.

        Example:
            >>> import numpy as np
            >>> from pyconvlite.layers import Linear
            >>> linear = Linear(1)
            >>> linear.load_state_dict({"weight": np.array([[2.0, 3.0]])}, strict=False)
            Keys(missing=['bias'], unexpected=[])
            >>> linear.W
            variable([[2.]
                      [3.]])
        """
        return self._load_state_dict(mapping, strict, "the state dict")

    def _load_state_dict(self, mapping: Mapping[str, Any], strict: bool, title: str) -> torch_names.Keys:
        return torch_names.load(torch_names.entries(walk(self)), mapping, strict, title)

    def _torch_key(self, key: str) -> str:
        """PyTorch's key for one of this layer's Parameters, given that of our attributes."""
        return key

    def _all_params(self) -> dict[str, Parameter]:
        params: dict[str, Parameter] = {}
        self._flatten_params(params)
        return params


# Types of most attributes, skipped early: each training step traverses the model twice.
_LEAVES = {bool, float, int, str, type(None), types.FunctionType, np.ndarray, weakref.ref}

# Where an object was found: the place of the object that contains it, and the key in that; None at the start.
_Place: TypeAlias = tuple[Any, Any] | None


def walk(
    value: Any, name: str = "", owner: Layer | None = None
) -> Iterator[tuple[str, Layer | Parameter, Layer | None]]:
    """Yield the Layers and Parameters reachable from a value, each once, a Layer before its contents.

    Args:
        value: any object; only Layers, Parameters, lists, tuples, deques and mappings are traversed.
        name: path to `value`.
        owner: the innermost Layer that contains `value`.

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
    return ((_name_of(place), node, owner) for place, node, owner in _visit(value, place, owner, set()))


def _visit(
    value: Any, place: _Place, owner: Layer | None, seen: set[int]
) -> Iterator[tuple[_Place, Layer | Parameter, Layer | None]]:
    """As `walk`, with places instead of names, which are made from them where they are needed.

    Args:
        value, place, owner: as in `walk`.
        seen: ids of the visited objects.
    """
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (Layer, Parameter)):
        yield place, value, owner
        owner = value if isinstance(value, Layer) else owner
    of_call = _OF_CALLS if isinstance(value, Layer) else ()
    for key, child in _contents(value, place):
        if type(child) not in _LEAVES and key not in of_call:
            yield from _visit(child, (place, key), owner, seen)


def _gather(value: Any, seen: set[int], params: list[Parameter]) -> None:
    """Append the Parameters reachable from a value, in the order of `walk`, which is slower."""
    if id(value) in seen:
        return
    seen.add(id(value))
    of_call = _OF_CALLS if isinstance(value, Layer) else ()
    for key, child in _contents(value, None):
        if type(child) in _LEAVES or key in of_call:
            continue
        if isinstance(child, Parameter):
            if id(child) not in seen:
                seen.add(id(child))
                params.append(child)
        else:
            _gather(child, seen, params)


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


_OF_CALLS = {"inputs", "outputs", "_output_shapes"}  # attributes of a Layer that tell of its last call
_NOT_COPIED = {*_OF_CALLS, "_hooks"}


def _output_shape(layer: Layer) -> tuple[Any, ...] | None:
    """Output shape of the last call; None before the first, and for an output that has no shape."""
    shapes = layer._output_shapes
    if not shapes or None in shapes:
        return None
    return shapes[0] if len(shapes) == 1 else shapes
