"""GraphLayer: a Layer that computes a graph of ONNX's operators."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .._shapes import Array
from ..autograd import Parameter, Variable, as_variable
from ..backends import is_array, on_device, to_cpu, to_device_of
from ..config import no_grad, test_mode
from ..layers import Layer
from .graph import Graph, Node, ValueInfo
from .operators import Run, prepare
from .parameters import ELEMENTWISE, PASSING, float_weights, transposed_weights

__all__ = ["FusedLayer", "GraphLayer"]

# Operators whose result is not larger than the product of the sizes of their inputs. Those that make large
# arrays of small ones are computed when the model is called, not when an untrusted file is loaded.
_FOLDED = {
    *(*PASSING[:-1], *ELEMENTWISE, "Shape", "Gather", "Concat", "Slice", "Neg", "Sqrt", "Floor", "Ceil"),
    *("Equal", "Not", "Where", "Min", "Max", "Pow", "ReduceProd", "ReduceSum", "Size", "Split"),
}
_MOST_FOLDED = 1 << 16  # elements of one result
_MOST_FOLDED_IN_ALL = 1 << 22
_FAULTS = (TypeError, LookupError, ArithmeticError, AttributeError)  # for unfit or missing inputs


class _Step(NamedTuple):
    node: Node
    run: Run
    freed: tuple[str, ...]  # values that no later step uses


class GraphLayer(Layer):
    """A Layer that computes a graph of ONNX's operators, such as an OnnxModel.

    It is called with an array or Variable for each of `inputs`, in their order, and returns a Variable, or a
    tuple of several. As everywhere, batch normalization and dropout are in training unless the call is in
    `test_mode()`.

    Args:
        graph: the graph.

    Attributes:
        inputs, outputs: their declarations: a list of ValueInfo, with `name`, `dtype` and `shape`, in which a
            length that may vary is a name or None.

    The Parameters have the names that the graph gives them. Where it does not say which constants are
    Parameters, those in weight positions of convolutions, matrix products, normalizations and the like are;
    other constants are fixed.

    Raises:
        ValueError: when made, an operator or one of its settings is not supported; when called, an input
            does not fit, or a node fails.

    Example:
        >>> x = ValueInfo("x", np.dtype("float32"), ("N", 2))
        >>> y = ValueInfo("y", np.dtype("float32"), None)
        >>> model = GraphLayer(Graph([Node("Relu", ["x"], ["y"])], {}, [x], [y]))
        >>> model(np.array([[-1.0, 2.0]], np.float32))
        variable([[0. 2.]])
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph = graph.without_unused()
        self._nodes = [node for node in graph.nodes if node.op != "Constant"]
        self._params: dict[str, Parameter] = {}
        self._constants: dict[str, Array] = dict(graph.constants)
        for node in graph.nodes:
            if node.op == "Constant":
                self._constants[node.outputs[0]] = self._call(node, self._prepared(node, {}), ())[0]
        self._batch_reshape = self._reshape_of_fixed_batches()
        weights, self._owns_statistics = float_weights(graph, self._constants)
        for name in weights:
            param = self._params[name] = Parameter(self._constants.pop(name), name)
            param.requires_grad = name not in self._owns_statistics
        matrices = {name for name, param in self._params.items() if param.ndim == 2}
        self._torch_transposed = transposed_weights(graph, matrices)
        self._steps: list[_Step] = []
        self._fixed: dict[str, Array] = {}
        self._prepare()

    # -- when loaded

    def _reshape_of_fixed_batches(self) -> Node | None:
        """A node that would move the elements of a larger batch along another axis than the first.

        It gives the first axis a constant length, and has another length inferred.
        """
        computed = self._graph.computed_from_inputs()
        for node in self._nodes:
            x, shape, *_ = *node.inputs, "", ""
            if node.op == "Reshape" and x in computed and shape in self._constants:
                first, *rest = self._constants[shape].ravel().tolist() or [0]
                if first > 0 and -1 in rest:
                    return node
        return None

    def _prepare(self) -> None:
        """Compute what is constant; keep the steps of a call, and the constants that they use."""
        constants = dict(self._constants)
        last: dict[str, int] = {}
        kept: list[tuple[Node, Run]] = []
        folded = 0
        for node in self._nodes:
            run = self._prepared(node, constants)
            if folded < _MOST_FOLDED_IN_ALL and self._is_foldable(node, constants):
                with np.errstate(all="ignore"):
                    results = self._call(node, run, [constants.get(name) for name in node.inputs])
                arrays = _arrays(node, results)
                folded += sum(array.size for array in arrays.values())
                constants |= arrays
            else:
                last.update(dict.fromkeys((*node.inputs, *node.outputs), len(kept)))
                kept.append((node, run))
        lasting = {"", *(output.name for output in self._graph.outputs)}
        freed: list[list[str]] = [[] for _ in kept]
        for name, step in last.items():
            if name not in lasting:
                freed[step].append(name)
        self._steps = [_Step(*step, tuple(names)) for step, names in zip(kept, freed, strict=True)]
        needed = {name for node, _ in kept for name in node.inputs} | lasting
        self._fixed = {name: array for name, array in constants.items() if name in needed}

    def _is_foldable(self, node: Node, constants: dict[str, Array]) -> bool:
        names = [name for name in node.inputs if name]
        if node.op not in _FOLDED or not all(name in constants for name in names):
            return False
        return math.prod(max(1, constants[name].size) for name in names) <= _MOST_FOLDED

    def _prepared(self, node: Node, constants: dict[str, Array]) -> Run:
        infos: list[ValueInfo | None] = []
        for name in node.inputs:
            info = self._graph.infos.get(name)
            if name in self._params:
                param = self._params[name]
                info = ValueInfo(name, param.dtype, param.shape)
            infos.append(info)
        try:
            return prepare(node, infos, [constants.get(name) for name in node.inputs])
        except _FAULTS as error:
            raise ValueError(f"{node} cannot be loaded: {error}") from error

    # -- when called

    def forward(self, *inputs: Any) -> Any:
        """The outputs for the inputs."""
        values = self._values(inputs)
        fixed = self._fixed_batch(inputs)
        if fixed and self._batch_reshape is not None:
            raise ValueError(
                f"{self._batch_reshape} would mix samples of another batch; {_fixed_batch_message(*fixed)}"
            )
        try:
            for _ in self._computed(values):
                pass
        except ValueError as error:
            if fixed:
                raise ValueError(f"{error}; {_fixed_batch_message(*fixed)}") from error
            raise
        outputs = tuple(as_variable(values[output.name]) for output in self._graph.outputs)
        if fixed and self._mixes_samples(outputs, *fixed[1:]):
            raise ValueError(f"the samples of a larger batch would be mixed; {_fixed_batch_message(*fixed)}")
        return outputs[0] if len(outputs) == 1 else outputs

    def _values(self, inputs: Sequence[Any]) -> dict[str, Any]:
        """What is known before the first node is computed, by name."""
        given = zip([i.name for i in self._graph.inputs], self._checked(inputs), strict=True)
        return {**self._fixed, **self._params, "": None, **dict(given)}

    def _computed(self, values: dict[str, Any]) -> Iterator[tuple[Node, Sequence[Any]]]:
        """Compute the nodes one after another; yield each with its results, which are in `values` then."""
        for node, run, freed in self._steps:
            results = self._call(node, run, [values[name] for name in node.inputs])
            values.update(_named(node, results))
            for name in freed:
                values.pop(name, None)
            yield node, results

    def _checked(self, inputs: Sequence[Any]) -> Iterable[Any]:
        declared = self._graph.inputs
        if len(inputs) != len(declared):
            names = ", ".join(info.name for info in declared)
            raise ValueError(f"the model must be called with {names}; got {len(inputs)} inputs")
        for info, x in zip(declared, inputs, strict=True):
            if not (isinstance(x, Variable) or is_array(x)):
                raise TypeError(f'the input "{info.name}" must be an array; got {type(x).__name__}')
            if x.dtype != info.dtype:
                raise ValueError(
                    f'the input "{info.name}" must be of {info.dtype}; got {x.dtype}: convert it with '
                    f".astype(np.{info.dtype})"
                )
            if info.shape is not None and not fits(x.shape, info.shape):
                raise ValueError(f'the input "{info.name}" must be of shape {info.shape}; got {x.shape}')
        return inputs

    def _fixed_batch(self, inputs: Sequence[Any]) -> tuple[str, int, int] | None:
        """The first input whose batch size is fixed in the file and differs: its name and both sizes."""
        for info, x in zip(self._graph.inputs, inputs, strict=True):
            N = info.shape[0] if info.shape else None
            if isinstance(N, int) and x.shape[0] != N:
                return info.name, N, x.shape[0]
        return None

    def _mixes_samples(self, outputs: Sequence[Variable], N: int, length: int) -> bool:
        """Whether an output still has N samples, and no axis has the new length of the batch.

        That is correct for a constant, or if another output has the samples.
        """
        if any(y.shape[:1] == (length,) for y in outputs):
            return False
        return any(
            y.shape[:1] == (N,)
            and info.shape is not None
            and info.shape[:1] == (N,)
            and (N, length) not in zip(info.shape, y.shape, strict=False)
            and info.name not in self._fixed
            for info, y in zip(self._graph.outputs, outputs, strict=True)
        )

    def _call(self, node: Node, run: Run, inputs: Sequence[Any]) -> Sequence[Any]:
        on = next((x for x in inputs if x is not None and on_device(x)), None)
        if on is not None:
            inputs = [_to_device_of(x, on) for x in inputs]
        try:
            results = run(*inputs)
        except (ValueError, MemoryError, *_FAULTS) as error:
            shapes = ", ".join("none" if x is None else f"{x.dtype} {tuple(x.shape)}" for x in inputs)
            place = f"{node} failed for inputs {shapes}"
            if isinstance(error, MemoryError):
                error.add_note(place)
                raise
            raise ValueError(f"{place}: {error}") from error
        results = results if isinstance(results, tuple | list) else (results,)
        if len(results) < max([i + 1 for i, name in enumerate(node.outputs) if name], default=0):
            raise ValueError(f"{node} has {len(node.outputs)} outputs; it computes {len(results)}")
        if not all(hasattr(result, "dtype") for result in results):  # such as False for a missing input
            raise ValueError(f"{node} computes no array; an input is missing")
        return results

    # -- as a Layer

    @property
    def inputs(self) -> list[ValueInfo]:
        """The declarations of the inputs."""
        return self._graph.inputs

    @property
    def outputs(self) -> list[ValueInfo]:
        """The declarations of the outputs."""
        return self._graph.outputs

    @property
    def opset(self) -> int:
        """Version of the operator set."""
        return self._graph.opset

    def graph(self) -> Graph:
        """The graph with the present values of the Parameters."""
        weights = self._weights()
        nodes = [node for node in self._graph.nodes if not set(node.outputs) & set(weights)]
        return replace(self._graph, nodes=nodes, constants=self._graph.constants | weights)

    def folded(self, *examples: Any) -> Graph:
        """As `graph`, with constants in place of the nodes that compute them.

        Args:
            examples: inputs; if given, values that follow from their shapes are constants, too, and `infos`
                has the dtype and shape of every value that is computed.
        """
        constants, nodes = {**self._fixed, **self._weights()}, [step.node for step in self._steps]
        infos = dict(self._graph.infos)
        if examples:
            nodes = []
            pairs = zip(self.inputs, examples, strict=True)
            infos = {info.name: ValueInfo(info.name, x.dtype, x.shape) for info, x in pairs}
            with test_mode(), no_grad():
                for node, results in self._computed(self._values(examples)):
                    is_known = all(name in constants for name in node.inputs if name)
                    arrays = _arrays(node, results)
                    size = sum(array.size for array in arrays.values())
                    infos |= {name: ValueInfo(name, a.dtype, a.shape) for name, a in arrays.items()}
                    if node.op == "Shape" or (is_known and size <= _MOST_FOLDED):
                        constants |= arrays
                    else:
                        nodes.append(node)
        return replace(self._graph, nodes=nodes, constants=constants, infos=infos)

    def _weights(self) -> dict[str, Array]:
        return {name: to_cpu(param.data) for name, param in self._params.items()}

    def _attributes_in_order(self) -> Iterable[tuple[str, Any]]:
        return self._params.items()

    def unfreeze(self, *names: str) -> None:
        """Include Parameters in training, except running statistics, which are never trained.

        Args:
            names: as in `Layer.unfreeze`.

        Raises:
            ValueError: as in `Layer.unfreeze`.
        """
        for name, param, _ in self._params_below(names):
            param.requires_grad = name not in self._owns_statistics

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: value for name, value in super().__getstate__().items() if name not in ("_steps", "_fixed")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._prepare()

    def __repr__(self) -> str:
        ins, outs = (", ".join(info.name for info in infos) for infos in (self.inputs, self.outputs))
        return f"{type(self).__name__}({ins} -> {outs}, {len(self._steps)} nodes)"


class FusedLayer(GraphLayer):
    """What `Model.fused` returns: each call is in `test_mode()`.

    Example:
        >>> x, y = (ValueInfo(name, np.dtype("float32"), ("N", 2)) for name in "xy")
        >>> FusedLayer(Graph([Node("Relu", ["x"], ["y"])], {}, [x], [y]))
        FusedLayer(x -> y, 1 nodes)
    """

    def forward(self, *inputs: Any) -> Any:
        """The outputs for the inputs."""
        with test_mode():
            return super().forward(*inputs)


def _fixed_batch_message(name: str, N: int, length: int) -> str:
    return f'"{name}" has the fixed batch size {N} in the file: export it with a dynamic one; got {length}'


def fits(shape: tuple[int, ...], declared: Sequence[Any]) -> bool:
    """Whether a shape is as declared; the batch may have any size, since many files fix it without need."""
    pairs = zip(shape[1:], declared[1:], strict=False)
    return len(shape) == len(declared) and all(not isinstance(m, int) or m == n for n, m in pairs)


def _named(node: Node, results: Iterable[Any]) -> dict[str, Any]:
    """A node's results by name, without omitted ones, whose empty name also stands for omitted inputs."""
    return {name: result for name, result in zip(node.outputs, results, strict=False) if name}


def _arrays(node: Node, results: Iterable[Any]) -> dict[str, Array]:
    """The same as arrays on the CPU."""
    named = _named(node, results).items()
    return {name: np.asarray(to_cpu(as_variable(result).data)) for name, result in named}


def _to_device_of(x: Any, like: Any) -> Any:
    """A constant of floats on the device of another input; integers, such as shapes, stay on the CPU."""
    return to_device_of(like, x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
