"""Layer: finds its Parameters, calls `forward`, saves and loads."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import _weights
from ..autograd import Parameter


class Layer:
    """Base of layers and models: what holds Parameters and computes with them.

    A subclass assigns Parameters and other Layers to attributes, also inside lists, tuples and dicts, and
    defines `forward`. Nothing has to be registered: Parameters are found through the attributes, in order of
    definition. One that is reached in several ways counts once, under its first name.

    Attributes:
        inputs, outputs: weak references to what the last call took and gave; None for what cannot be
            referenced weakly, such as a number.

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
        """A table of its layers and Parameters, and of output shapes as far as the outputs still live."""
        from .. import _html  # here, since only notebooks ask

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
            >>> import numpy as np
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


def _output_shape(layer: Layer) -> tuple[Any, ...] | None:
    """Shape of what the last call gave, while somebody holds it."""
    outputs = [ref() if ref else None for ref in getattr(layer, "outputs", [])]
    shapes = tuple(getattr(y, "shape", None) for y in outputs)
    if not shapes or None in shapes:
        return None
    return shapes[0] if len(shapes) == 1 else shapes


# ----------------------------------------------------------------------------------- a model's layers, listed


@dataclass(frozen=True)
class Row:
    """One layer of a Summary.

    Attributes:
        name: the way to the layer, as in `named_params`; empty for the model itself.
        kind: its class.
        output_shape: of its first call; None if it was not called.
        parameters: how many numbers its own Parameters hold; None if their size is still open.
        fixed: how many of them no training changes, such as running statistics.
    """

    name: str
    kind: str
    output_shape: tuple[Any, ...] | None
    parameters: int | None
    fixed: int


def list_rows(nodes: list[tuple[str, Any, Any]], shapes: dict[Layer, Any]) -> list[Row]:
    """List the layers among what `walk` found.

    Args:
        nodes: all that `walk` yields for a model.
        shapes: the output's shape, or None, by layer; layers that are in it come first, in its order.
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
    """Rows and their totals as a table.

    Args:
        rows: from `list_rows`.
        shown: texts for a further column, the Parameters, by the name of their layer.
    """
    from .. import _html

    columns = ["layer", "type", "output shape", *(["Parameters"] if shown else []), "how many"]
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
