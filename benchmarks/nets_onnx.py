"""The nets of nets_table.py as files: ONNX, and operations with their numbers for TensorFlow.js."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from nets_table import (
    LSTM,
    Arrays,
    BatchNorm,
    Conv,
    Deconv,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Net,
    ReLU,
    Residual,
    Rows,
    after,
    path,
    weights,
)

EPS = 2e-5  # of batch norm, as the book has it

# ------------------------------------------------------------------------------------------------------- ONNX


def write_onnx(net: Net, file: Path) -> None:
    """Write the net as an ONNX model from x to y."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    arrays = weights(net)
    nodes: list[Any] = []
    y = _nodes(helper.make_node, nodes, net.rows, "x", "", arrays)
    last = net.x
    for row in net.rows:
        last = after(row, last)
    graph = helper.make_graph(
        nodes,
        net.name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, net.x)],
        [helper.make_tensor_value_info(y, TensorProto.FLOAT, last)],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()],
    )
    # Not the newest of either, which runtimes learn later.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(model)
    save(model, file)


def _nodes(make: Any, nodes: list[Any], rows: Rows, x: str, before: str, arrays: Arrays) -> str:
    """Append the nodes of rows, and to `arrays` what else they read; return the name of the last output."""
    for i, row in enumerate(rows):
        at = path(before, i)

        def add(op: str, *inputs: str, to: str = f"{at}y", **attributes: Any) -> str:
            nodes.append(make(op, inputs, [to], **attributes))
            return to

        match row:
            case Conv(_, K, stride, pad, groups, bias):
                inputs = [x, f"{at}W", *([f"{at}b"] if bias else [])]
                x = add("Conv", *inputs, strides=[stride] * 2, pads=[pad] * 4, group=groups)
            case Deconv(_, K, stride, pad):
                x = add("ConvTranspose", x, f"{at}W", f"{at}b", strides=[stride] * 2, pads=[pad] * 4)
            case Linear():
                x = add("Gemm", x, f"{at}W", f"{at}b")
            case LSTM(hidden):
                _join_gates(arrays, at)
                inputs = [add("Transpose", x, perm=[1, 0, 2], to=f"{at}x"), *(at + name for name in "WRB")]
                nodes.append(make("LSTM", inputs, ["", f"{at}h"], hidden_size=hidden))
                arrays[f"{at}axes"] = np.array([0])
                x = add("Squeeze", f"{at}h", f"{at}axes")
            case BatchNorm():
                parameters = (at + name for name in ("gamma", "beta", "avg_mean", "avg_var"))
                x = add("BatchNormalization", x, *parameters, epsilon=EPS)
            case ReLU(None):
                x = add("Relu", x)
            case ReLU(most):
                arrays[f"{at}least"], arrays[f"{at}most"] = np.zeros((), np.float32), np.float32(most)
                x = add("Clip", x, f"{at}least", f"{at}most")
            case MaxPool(K, stride, pad):
                x = add("MaxPool", x, kernel_shape=[K] * 2, strides=[stride] * 2, pads=[pad] * 4)
            case GlobalAvgPool():
                x = add("Flatten", add("GlobalAveragePool", x, to=f"{at}mean"))
            case Flatten():
                x = add("Flatten", x)
            case Residual(body, shortcut):
                branches = [
                    _nodes(make, nodes, part, x, place, arrays)
                    for part, place in ((body, f"{at}body/"), (shortcut, f"{at}shortcut/"))
                ]
                x = add("Add", *branches)
    return x


def _join_gates(arrays: Arrays, at: str) -> None:
    """Replace the weights of an LSTM's gates by W, R and B, as ONNX has them."""
    for name, kind in (("W", "x2{}/W"), ("R", "h2{}/W"), ("B", "x2{}/b")):
        parts = [arrays.pop(at + kind.format(gate)).T for gate in "iofu"]
        arrays[f"{at}{name}"] = np.concatenate(parts)[None]
    arrays[f"{at}B"] = np.concatenate([arrays[f"{at}B"], 0 * arrays[f"{at}B"]], 1)


# ---------------------------------------------------------------------------------------------- TensorFlow.js


def tensorflow_model(net: Net) -> tuple[str, bytes]:
    """A net without branches as operations in JSON, channels last, and the float32 numbers that they read.

    Batch norm is merged into the convolution before it, as TensorFlow.js's own converter does.
    """
    numbers: list[Any] = []
    operations = []
    for operation, arrays in _operations(net):
        for name, array in arrays.items():
            operation[name] = {"at": sum(part.size for part in numbers), "shape": array.shape}
            numbers.append(np.ascontiguousarray(array, np.float32).ravel())
        operations.append(operation)
    return json.dumps(operations), np.concatenate(numbers).tobytes()


def _operations(net: Net) -> Iterator[tuple[dict[str, Any], Arrays]]:
    """What to compute, with the arrays that it needs; ReLU belongs to the operation before."""
    arrays = weights(net)
    shape = net.x
    flat: tuple[int, ...] | None = None  # what a Flatten has flattened
    for i, row in enumerate(net.rows):
        at = path("", i)
        following = net.rows[i + 1 :]
        match row:
            case Conv(out, K, stride, pad, groups):
                W, b = arrays[f"{at}W"], arrays.get(f"{at}b", np.zeros(out, np.float32))
                if following[:1] == (BatchNorm(),):
                    W, b = merged(W, b, arrays, path("", i + 1))
                    following = following[1:]
                depthwise = groups > 1
                W = W.transpose(2, 3, 0, 1) if depthwise else W.transpose(2, 3, 1, 0)
                sizes = {"stride": stride, "pad": pad, "relu": following[:1] == (ReLU(),)}
                yield {"op": "depthwise" if depthwise else "conv", **sizes}, {"W": W, "b": b}
            case Linear(out):
                W = arrays[f"{at}W"]
                if flat:
                    W = W.reshape(*flat[1:], out).transpose(1, 2, 0, 3).reshape(-1, out)
                yield {"op": "linear", "relu": following[:1] == (ReLU(),)}, {"W": W, "b": arrays[f"{at}b"]}
            case MaxPool(K, stride, 0):
                yield {"op": "max", "kernel": K, "stride": stride}, {}
            case GlobalAvgPool():
                yield {"op": "mean"}, {}
            case Flatten():
                flat = shape
                yield {"op": "flatten"}, {}
        shape = after(row, shape)


def merged(W: Any, b: Any, arrays: Arrays, norm: str) -> tuple[Any, Any]:
    """W and b of a convolution that also does the batch norm of a path."""
    gamma, beta, mean, var = (arrays[norm + name] for name in ("gamma", "beta", "avg_mean", "avg_var"))
    scale = gamma / np.sqrt(var + np.float32(EPS))
    return W * scale[:, None, None, None], (b - mean) * scale + beta
