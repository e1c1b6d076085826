"""The tables of operators and of exporters, and what their functions share.

Each operator is a function that is called once, when a file is loaded, with what is known of the node (a
`Use`). It checks that, and returns the function of the inputs, which is called each time. An exporter
adds the nodes for a call of a Function or layer to a graph, and returns the names of their outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from ..._shapes import Array
from ...autograd import Variable
from ...backends import get_array_module, to_cpu
from ..emitting import Call
from ..graph import Node, Shape, ValueInfo

__all__ = [
    "EXPORTERS",
    "TABLE",
    "Run",
    "Use",
    "as_node",
    "by_namespace",
    "exports",
    "host",
    "integers",
    "operator",
    "raw",
    "simple",
]

Run = Callable[..., Any]


class Use:
    """A node for its operator's function; the node's attributes, or their defaults, are attributes of it.

    Attributes:
        version: of the operator set.
        outputs: number of outputs up to the last one that has a name.
        infos: what is known of each input: a ValueInfo, or None.
        constants: the value of each input that is constant; None for others.
        given: names of the attributes that the node has.
    """

    def __init__(
        self,
        node: Node,
        defaults: dict[str, Any],
        infos: Sequence[ValueInfo | None],
        constants: Sequence[Any],
    ) -> None:
        self.node = node
        self.version = node.version
        self.outputs = max([i + 1 for i, name in enumerate(node.outputs) if name], default=0)
        self.infos = infos
        self.constants = constants
        self.given = set(node.attributes)
        for name, value in node.attributes.items():
            if name not in defaults:
                self.refuse(f"the attribute {name!r} is not known")
            if not _is_like(value, defaults[name]):
                self.refuse(f"the attribute {name!r} has the wrong type")
        for name, default in defaults.items():
            setattr(self, name, node.attributes.get(name, default))

    def __getattr__(self, name: str) -> Any:  # for mypy: __init__ sets the attributes
        raise AttributeError(name)

    def refuse(self, reason: str) -> NoReturn:
        """Raise the error that the node cannot be loaded."""
        raise ValueError(f"{self.node} cannot be loaded: {reason}")

    def one_of(self, name: str, *values: Any) -> Any:
        """An attribute, one of `values`."""
        value = getattr(self, name)
        if value not in values:
            self.refuse(f"{name} must be one of {', '.join(map(repr, values))}")
        return value

    def shape(self, index: int = 0) -> Shape | None:
        """Shape of an input, if its number of axes is known."""
        return getattr(self._known(index), "shape", None)

    def rank(self, index: int = 0) -> int | None:
        """Number of axes of an input, if it is known."""
        shape = self.shape(index)
        return None if shape is None else len(shape)

    def dtype(self, index: int = 0) -> Any:
        """Dtype of an input, if it is known."""
        return getattr(self._known(index), "dtype", None)

    def _known(self, index: int) -> Any:
        """An input's value if it is constant, else its info."""
        if index >= len(self.infos):
            return None
        return self.infos[index] if self.constants[index] is None else self.constants[index]

    def check_floats(self) -> None:
        """Refuse the node if the first input is known not to be floating point."""
        if (dtype := self.dtype()) is not None and dtype.kind != "f":
            self.refuse(f"an input of {dtype} is not supported")


def _is_like(value: Any, default: Any) -> bool:
    if default is None:
        return True
    if isinstance(default, tuple):
        return isinstance(value, list)
    return isinstance(value, float | int if isinstance(default, float) else type(default))


class _Operator(NamedTuple):
    make: Callable[[Use], Run]
    defaults: dict[str, Any]  # of the attributes


TABLE: dict[str, _Operator] = {}


def operator(*names: str, **defaults: Any) -> Callable[[Callable[[Use], Run]], Callable[[Use], Run]]:
    """Add a function to the table.

    Args:
        names: of the operators.
        defaults: the attributes that the operator has in any version; () for a list, None for any type.
    """

    def added(make: Callable[[Use], Run]) -> Callable[[Use], Run]:
        for name in names:
            TABLE[name] = _Operator(make, defaults)
        return make

    return added


def simple(**functions: Run) -> None:
    """Add operators without attributes, by the functions of their inputs."""
    for name, function in functions.items():
        TABLE[name] = _Operator(lambda use, function=function: function, {})  # type: ignore[misc]


Exporter = Callable[[Call], Any]

EXPORTERS: dict[type, Exporter] = {}  # by the class of a Function or layer


def exports(*kinds: type) -> Callable[[Exporter], Exporter]:
    """Add the function that exports Functions or layers to the table."""

    def added(export: Exporter) -> Exporter:
        EXPORTERS.update(dict.fromkeys(kinds, export))
        return export

    return added


def as_node(op: str, **names: str) -> Exporter:
    """Export as an operator with the same inputs, and attributes of the Function, by their names there."""
    return lambda c: c.e.node(op, *c.alike(), **{key: c.same(name) for key, name in names.items()})


def raw(x: Any) -> Any:
    """The array of a value."""
    return x.data if isinstance(x, Variable) else x


def host(x: Any) -> Array:
    """The NumPy array of a value."""
    array: Array = to_cpu(raw(x))
    return array


def integers(x: Any) -> list[int]:
    """The elements of a value that holds integers, such as a shape.

    Raises:
        ValueError: it holds other numbers, or has more than one axis.
    """
    array = host(x)
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise ValueError(f"needs a list of integers; got {array.dtype} of shape {array.shape}")
    return [int(n) for n in array.reshape(-1)]


def by_namespace(name: str) -> Run:
    """A function of the array namespace, which has no gradient."""
    return lambda *xs: getattr(get_array_module(raw(xs[0])), name)(*map(raw, xs))
