"""A network as a single HTML file, which works without Python, network or server."""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from .._arguments import integer, number
from .._files import BinaryFile, written
from .._traced import GraphLayer, lowered
from .._traced.fusing import fused_graph
from .._traced.graph import OPSET, Graph, Node, ValueInfo
from .._traced.layer import fits
from .._traced.tracing import trace
from ..backends.simd.library import modules
from ..config import no_grad, test_mode
from ..layers import Layer

__all__ = ["export_html"]

_HERE = Path(__file__).parent
_SHAPES = {"image": (3, 224, 224), "drawing": (1, 28, 28)}
_PIXELS = {"image": (127.0, 128.0), "drawing": (0.0, 255.0)}  # mean and scale
# page.js replaces a text by its `data-ja` in a Japanese browser.
_CONTROLS = {
    "image": (
        '<button type="button" id="camera" aria-pressed="false" data-ja="カメラ">Camera</button>'
        '<label class="button"><span data-ja="画像を開く">Choose a picture</span>'
        '<input type="file" id="file" accept="image/*"></label>'
    ),
    "drawing": '<button type="button" id="clear" data-ja="消す">Clear</button>',
}
_VIEWS = {
    "image": 'aria-label="The picture" data-ja="画像"',
    "drawing": 'aria-label="Draw here" data-ja="ここに描いてください"',
}
_FOOTERS = {
    "image": (
        '<span data-ja="画像はこのブラウザの外に出ません。ここにドロップしたり貼り付けたりもできます。">'
        "Pictures stay in this browser. They can also be dropped or pasted here.</span>"
    ),
    "drawing": '<span data-ja="絵はこのブラウザの外に出ません。">Drawings stay in this browser.</span>',
}
_OF_IMAGES = ("Conv", "Conv+Relu", "ConvTranspose", "MaxPool", "AveragePool")


def export_html(
    model: Layer,
    file: BinaryFile,
    *,
    classes: Sequence[str],
    title: str = "A network of my own",
    input: str = "image",
    shape: tuple[int, int, int] | None = None,
    mean: float | None = None,
    scale: float | None = None,
) -> None:
    """Write an HTML page that contains the network: it classifies pictures or drawings and shows the result.

    It is one file that opens from a disk or a server, on computers and phones, and never goes online. It
    computes what the model computes in `test_mode()`, with the SIMD kernels. Its texts are Japanese in a
    Japanese browser, English in others.

    Args:
        model: Model or Layer with one input (N, C, H, W) and one output (N, classes): probabilities if it
            ends in softmax or sigmoid; otherwise scores, of which the page shows the softmax. With one class
            it must end in sigmoid.
        file: a path, used exactly as given, or a binary file object. An existing file is replaced only when
            the new one is complete.
        classes: names of the classes.
        title: title of the page.
        input: "image", from the camera or a file; or "drawing", white ink on black, moved into the middle as
            MNIST's digits are.
        shape: (C, H, W) of the input, with one channel (gray) or three (red, green, blue); None for
            (3, 224, 224), or (1, 28, 28) for drawings.
        mean, scale: the network's input is (pixel - mean) / scale, for pixels from 0 to 255; None for 127 and
            128, as in `EfficientNetLite0.preprocess`, or 0 and 255 for drawings.

    Raises:
        ImportError: the package was not installed from its wheel, which has the kernels.
        OSError: the file cannot be written.
        TypeError: an argument has the wrong type.
        ValueError: an argument has a value that is not allowed, the output does not fit the classes, or the
            model computes something that the page cannot; the message names it.

    Example:
        >>> import io
        >>> from pyconvlite.models import LeNet
        >>> file = io.BytesIO()
        >>> digits = [str(digit) for digit in range(10)]
        >>> export_html(LeNet(), file, classes=digits, input="drawing", title="Digits")  # doctest: +SKIP
    """
    if not isinstance(input, str) or input not in _SHAPES:
        raise ValueError(f'input must be "image" or "drawing"; got {input!r}')
    if not isinstance(title, str):
        raise TypeError(f"title must be a string; got {title!r}")
    if any("\ud800" <= letter <= "\udfff" for letter in title):
        raise ValueError(f"title must be text that UTF-8 can encode; got {title!r}")
    names = _checked(classes)
    used = _SHAPES[input] if shape is None else _shape(shape)
    default_mean, default_scale = _PIXELS[input]
    mean = default_mean if mean is None else float(number(mean, "mean"))
    scale = default_scale if scale is None else float(number(scale, "scale"))
    if scale == 0:
        raise ValueError("scale must not be 0")
    runtime = (_HERE / "runtime.js").read_text("utf-8")
    try:
        graph = _graph(model, used, len(names), _operators(runtime))
    except ValueError as error:
        if shape is None:
            error.add_note(
                f"The model was called with pictures of shape {used}, (C, H, W); pass its own as `shape`."
            )
        raise
    is_probability = _is_probability(graph)
    if len(names) == 1 and not is_probability:
        raise ValueError("a model of one class must end in F.sigmoid, which makes its score a probability")
    settings = {
        "classes": names,
        "input": input,
        "shape": used,
        "mean": mean,
        "scale": scale,
        "isProbability": is_probability,
    }
    page = _page(title, input, settings, graph, runtime)
    with written(file) as opened:
        opened.write(page.encode())


def _page(title: str, input: str, settings: dict[str, Any], graph: Graph, runtime: str) -> str:
    """The HTML of a page."""
    weights, described = _described(graph)
    return string.Template((_HERE / "page.html").read_text("utf-8")).substitute(
        title=escape(title),
        input=input,
        view=_VIEWS[input],
        controls=_CONTROLS[input],
        footer=_FOOTERS[input],
        settings=_json(settings),
        graph=_json(described),
        kernels=base64.b64encode(modules()["simd128"]).decode(),
        weights=base64.b64encode(weights.tobytes()).decode(),
        runtime=runtime,
        page=(_HERE / "page.js").read_text("utf-8"),
    )


def _checked(classes: Any) -> list[str]:
    is_list = isinstance(classes, Iterable) and not isinstance(classes, str)
    names = list(classes) if is_list else []
    if not is_list or not all(isinstance(name, str) for name in names):
        raise TypeError(f"classes must be a list of strings; got {classes!r}")
    if not names or not all(names):
        raise ValueError(f"classes must be one name or more, none of them empty; got {names}")
    return names


def _shape(shape: Any) -> tuple[int, int, int]:
    kind = "three integers, (C, H, W)"
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise TypeError(f"shape must be {kind}; got {shape!r}")
    C, H, W = (integer(n, "shape", kind, shape) for n in shape)
    if C not in (1, 3) or min(H, W) < 1:
        raise ValueError(f"shape must have 1 or 3 channels, and at least one pixel; got {shape}")
    return C, H, W


def _operators(runtime: str) -> set[str]:
    """The names of the operators that the runtime computes."""
    table = runtime[runtime.index("const OPERATORS") :]
    return set(re.findall(r"[{,]\s*'?([A-Z][\w+]*)'?:", table))


def _graph(model: Any, shape: tuple[int, int, int], classes: int, operators: set[str]) -> Graph:
    """The graph of a call with one picture, for inference; its `infos` have the shapes of all values."""
    if not isinstance(model, Layer):
        raise TypeError(f"model must be a Model or Layer; got {type(model).__name__}")
    x = np.zeros((1, *shape), np.float32)
    graph = model.folded() if isinstance(model, GraphLayer) else trace(model, [x], OPSET, any_batch=False)
    graph = fused_graph(graph)
    read = graph.used()
    inputs = [info for info in graph.inputs if info.name in read]
    if len(inputs) != 1 or len(graph.outputs) != 1:
        raise ValueError(
            f"model must have one input and one output; got {len(inputs)} and {len(graph.outputs)}"
        )
    _, dtype, declared = inputs[0]
    if declared is not None and not fits(x.shape, declared):
        raise ValueError(f"shape must be that of the model's input, {declared} with N; got {shape}")
    layer, x = GraphLayer(replace(graph, inputs=inputs)), x.astype(dtype)
    with test_mode(), no_grad(), np.errstate(all="ignore"):
        output = layer(x).shape
        if output != (1, classes):
            raise ValueError(
                f"the model's output must have shape (N, {classes}) for these classes; got {output}"
            )
        folded = layer.folded(x)
        if any(not _is_known(node, folded, operators) for node in folded.nodes):
            nodes = lowered(folded, lambda node: _is_known(node, folded, operators))
            folded = GraphLayer(nodes).folded(x)
    for node in folded.nodes:
        if not _is_known(node, folded, operators):
            raise ValueError(f"the page cannot compute {node}; it computes {', '.join(sorted(operators))}")
    return folded


def _is_known(node: Node, graph: Graph, operators: set[str]) -> bool:
    """Whether the runtime computes a node: all numbers are float32 there, except constants."""
    a = node.attributes
    infos = [graph.infos[name] for name in node.inputs if name and name not in graph.constants]
    if node.op not in operators:
        return False
    if node.op != "Cast" and any(info.dtype.kind not in "fb" for info in infos):
        return False
    if node.op in _OF_IMAGES and len(graph.infos[node.outputs[0]].shape or ()) != 4:
        return False
    match node.op:
        case "ConvTranspose" if "output_shape" in a or a.get("auto_pad", "").startswith("SAME"):
            return False
        case "AveragePool" if max(a.get("dilations", [1])) > 1:
            return False
        case "Cast" if a["to"] not in (1, 10, 11):
            return False
        case "Clip" | "Pad" | "Slice" | "Softmax" | "LogSoftmax" if node.version < 13:  # by attributes, flat
            return False
        case "Pad" if a.get("mode", "constant") != "constant":
            return False
        case "Resize":  # as F.upsample writes it
            places = a.get("coordinate_transformation_mode"), a.get("nearest_mode"), a.get("mode")
            scales = graph.constants.get(node.inputs[2]) if len(node.inputs) == 3 else None
            return (
                places == ("asymmetric", "floor", "nearest") and scales is not None and not (scales % 1).any()
            )
    return node.op == "Split" or not any(node.outputs[1:])


def _is_probability(graph: Graph) -> bool:
    """Whether the output is a softmax or sigmoid."""
    makers = {name: node for node in graph.nodes for name in node.outputs}
    node = makers.get(graph.outputs[0].name)
    while node and node.op in ("Flatten", "Reshape", "Squeeze", "Identity"):
        node = makers.get(node.inputs[0])
    return node is not None and node.op in ("Softmax", "Sigmoid", "HardSigmoid")


def _described(graph: Graph) -> tuple[Any, dict[str, Any]]:
    """The concatenated weights, and the graph as JSON for the page."""
    constants: dict[str, dict[str, Any]] = {}
    parts = []
    offset = 0
    for name, array in graph.constants.items():
        constants[name] = {"shape": array.shape}
        if array.dtype.kind in "fb":
            constants[name]["offset"] = offset
            parts.append(np.ascontiguousarray(array, "<f4").reshape(-1))
            offset += array.size
        else:
            constants[name]["values"] = array.reshape(-1).tolist()
    weights = np.concatenate(parts) if parts else np.empty(0, "<f4")
    return weights, {
        "nodes": [_node(node, graph.infos) for node in graph.nodes],
        "constants": constants,
        "input": graph.inputs[0].name,
        "output": graph.outputs[0].name,
    }


def _node(node: Node, infos: dict[str, ValueInfo]) -> dict[str, Any]:
    shape = next(infos[name].shape for name in node.outputs if name)
    attributes = node.attributes | {"version": node.version, "outputs": len(node.outputs), "shape": shape}
    plain = {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in attributes.items()}
    return {"op": node.op, "inputs": node.inputs, "outputs": node.outputs, "attributes": plain}


def _json(value: Any) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
