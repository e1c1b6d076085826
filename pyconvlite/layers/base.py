"""Layer, the base class of layers and models, and the traversal of their Parameters."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import _weights
from .._files import BinaryFile
from ..autograd import Parameter


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
    _output_shapes: tuple[Any, ...] = ()
    _all_sized = False  # set once a call finds all Parameters initialized; later calls skip the search

    def __call__(self, *inputs: Any) -> Any:
        """Call `forward`; return its output, or a tuple of several outputs.

        If the call fails, Parameters that it initialized are reset to None.

        Raises:
            TypeError: `forward` returns None.
        """
        unsized = [] if self._all_sized else [param for param in self.params() if param.data is None]
        try:
            ys = self.forward(*inputs)
            if ys is None:
                raise TypeError(f"{type(self).__name__}.forward must return its output; got None")
        except BaseException:  # a KeyboardInterrupt too: some Parameters of a layer may be there, others not
            for param in unsized:
                param.data = None
            raise
        self._all_sized = not unsized
        outputs = ys if isinstance(ys, tuple) else (ys,)
        self.inputs = [_weak(x) for x in inputs]
        self.outputs = [_weak(y) for y in outputs]
        self._output_shapes = tuple([getattr(y, "shape", None) for y in outputs])
        return outputs[0] if len(outputs) == 1 else outputs

    def __getstate__(self) -> dict[str, Any]:
        # For pickle and copy: weak references cannot be pickled, and a copy has not been called yet.
        return {name: value for name, value in vars(self).items() if name not in _OF_LAST_CALL}

    def forward(self, *inputs: Any) -> Any:
        """Compute the output, or a tuple of outputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

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
                place = names[owner] if owner else ""
                shown.setdefault(place, []).append(f"{name.removeprefix(place).lstrip('/')} {shape}")
        title = type(self).__name__ if type(self).__repr__ is object.__repr__ else repr(self)
        title += ": " * bool(where) + ", ".join(sorted(where))
        return _html.titled(title, rows_as_html(list_rows(nodes, shapes), shown))

    def params(self) -> Iterator[Parameter]:
        """Iterate over all Parameters, each once, in order of definition."""
        return (param for _, param in self.named_params())

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """Iterate over all Parameters with their names, which are paths such as `conv1/W` or `layers/0/W`."""
        return _params(self, "")

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
        """Save the Parameters as an npz archive, one array per name of `named_params`.

        Args:
            file: a path, used exactly as given, or a binary file object. An existing file is replaced only
                when the new one is complete; its mode and symbolic links to it stay.

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
        _weights.save(file, self._all_params())

    def load_weights(self, file: BinaryFile) -> None:
        """Load the Parameters from a file written by `save_weights`; each Parameter keeps its dtype.

        The whole file is checked before any Parameter changes. Names, shapes and dtypes are checked before
        any array is read, so that a file that does not fit takes little memory. Layers whose input size is
        not known yet take it from the weights.

        Args:
            file: a path or a binary file object.

        Raises:
            FileNotFoundError: the file does not exist.
            ValueError: the file is not a complete npz archive, a name is missing or unexpected, an array has
                the wrong shape or is not floating point, or a number exceeds the Parameter's dtype.

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


# Types of most attributes, skipped early: each training step traverses the model twice.
_LEAVES = {bool, float, int, str, type(None), weakref.ref}


def walk(
    value: Any, name: str = "", owner: Layer | None = None, seen: set[int] | None = None
) -> Iterator[tuple[str, Layer | Parameter, Layer | None]]:
    """Yield the Layers and Parameters reachable from a value, each once, a Layer before its contents.

    Args:
        value: any object; only Layers, Parameters, lists, tuples, deques and mappings are traversed.
        name: path to `value`.
        owner: the innermost Layer that contains `value`.
        seen: ids of the visited objects.

    Yields:
        The name, the Layer or Parameter, and its owner.

    Raises:
        TypeError: a set contains a Layer or Parameter.

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
    elif isinstance(value, list | tuple | deque):
        children = enumerate(value)
    elif isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101 - the check for Mapping is slow
        children = value.items()
    elif isinstance(value, set | frozenset) and any(isinstance(x, Layer | Parameter) for x in value):
        raise TypeError(
            f"{name or 'the model'} is a {type(value).__name__} of Layers or Parameters: it has no order, so "
            "their names would change from run to run; use a list"
        )
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


_OF_LAST_CALL = {"inputs", "outputs", "_output_shapes"}  # attributes of a Layer


def _output_shape(layer: Layer) -> tuple[Any, ...] | None:
    """Output shape of the last call; None before the first, and for an output that has no shape."""
    shapes = layer._output_shapes
    if not shapes or None in shapes:
        return None
    return shapes[0] if len(shapes) == 1 else shapes


# -------------------------------------------------------------------------------- a model's layers as a table


@dataclass(frozen=True)
class Row:
    """One layer of a Summary.

    Attributes:
        name: path to the layer, as in `named_params`; empty for the model itself.
        kind: name of its class.
        output_shape: output shape of its first call; None if it was not called.
        parameters: number of elements in its own Parameters; None if a shape is not known yet.
        fixed: number of these elements that training does not change, such as running statistics.
    """

    name: str
    kind: str
    output_shape: tuple[Any, ...] | None
    parameters: int | None
    fixed: int


def list_rows(nodes: list[tuple[str, Any, Any]], shapes: dict[Layer, Any]) -> list[Row]:
    """List the layers among the nodes of a model.

    Args:
        nodes: everything that `walk` yields for the model.
        shapes: output shape or None by layer; these layers come first, in this order.
    """
    params: dict[Layer, list[Parameter]] = {}
    containers = set()
    for _, node, owner in nodes:
        if isinstance(node, Parameter):
            params.setdefault(owner, []).append(node)
        else:
            containers.add(owner)
    rows = {}
    for name, node, _ in nodes:
        if isinstance(node, Layer) and (node in params or node not in containers):
            own = params.get(node, [])
            count = None if any(p.data is None for p in own) else sum(p.size for p in own)
            fixed = 0 if count is None else sum(p.size for p in own if not p.requires_grad)
            rows[node] = Row(name, type(node).__name__, shapes.get(node), count, fixed)
    called = [rows[layer] for layer in shapes if layer in rows]
    return called + [row for layer, row in rows.items() if layer not in shapes]


def rows_as_html(rows: Sequence[Row], shown: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return an HTML table of the rows and their totals.

    Args:
        rows: the result of `list_rows`.
        shown: descriptions of the Parameters by layer name, for an additional column.
    """
    from .. import _html

    columns = ["layer", "type", "output shape", *(["Parameters"] if shown else []), "elements"]
    blank = [""] * (len(columns) - 2)
    cells = []
    for row in rows:
        texts = [row.name, row.kind, "" if row.output_shape is None else str(row.output_shape)]
        if shown:
            texts.append(", ".join(shown.get(row.name, [])))
        cells.append([*texts, "?" if row.parameters is None else f"{row.parameters:,}"])
    total = sum(row.parameters or 0 for row in rows)
    unknown = any(row.parameters is None for row in rows)
    cells.append(["total", *blank, f"{total:,}" + (" and more" if unknown else "")])
    if fixed := sum(row.fixed for row in rows):
        cells.append(["not trained", *blank, f"{fixed:,}"])
    return _html.table(columns, cells)
