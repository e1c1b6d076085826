"""Take a model apart: each step of its answer, the sum behind each pixel, and how its layers do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

import pyconvlite.functions as F
from pyconvlite import Function, Layer, Model, Variable, grad, test_mode
from pyconvlite.autograd import functions_behind
from pyconvlite.datasets import Dataset
from tab.looking import SIZE, numbers

PROBED = 64  # images on which activations and gradients are measured
BINS = 32
SAMPLE = 20_000  # numbers of a layer that its histogram counts, at most
MOVES = (F.Reshape, F.Transpose, F.Cast, F.Pad)  # they carry numbers and compute none
RECTIFIERS = (F.ReLU, F.Conv2dReLU)  # a unit that they hold at zero learns nothing
POOLS = (F.Pooling, F.AveragePooling)
TOLD = (F.Conv2d, F.Linear, *POOLS)  # whose details are more than the inputs at the same place


@dataclass(frozen=True)
class Stage:
    """One Function of a model's call, or one layer that is composed of several.

    Attributes:
        function: as it was called; its inputs may have other data by now.
        kind: the name of its class, or of the layer's.
        layer: the name of the layer whose Parameters it takes; empty if it takes none.
        inputs: arrays that it computed from; training leaves them as they are, and gives Parameters new ones.
        names: of those that are Parameters, in the model; empty for the others.
        sources: of each input that was computed from the images, the number of the stage that it comes from;
            -1 for the images themselves.
        laid: shape of one image's input before it was flattened.
        y: (N, C, H, W); units that are no maps are maps of one pixel.
    """

    function: Any
    kind: str
    layer: str
    inputs: tuple[Any, ...]
    names: tuple[str, ...]
    sources: tuple[int, ...]
    laid: tuple[int, ...]
    y: np.ndarray


def trace(model: Model, x: Variable) -> tuple[Variable, list[Stage]]:
    """Scores (N, classes) for images x, and the way to their softmax, Function by Function.

    A layer that is composed of several Functions is one stage: of these Functions the one whose detail tells
    how a pixel came about, or else the layer as a whole.
    """
    known: dict[Any, str] = {param: name for name, param in model.named_params()}
    with test_mode():
        scores, hidden, whole = _watched(model, x)
        y = F.softmax(scores)
    stages: list[Stage] = []
    origins: dict[Any, int] = {x: -1}  # of what was computed from the images: the stage that it comes from
    freed: dict[Any, np.ndarray] = {}  # computed again, since the graph did not keep them
    functions: list[Any] = functions_behind([y])
    for f in functions:
        output = f.outputs[0]()
        inputs = tuple([freed.get(v, v.data) for v in f.inputs])
        if output is not None and output.data is None:
            freed[output] = f.forward(*inputs)
        sources = tuple([origins[v] for v in f.inputs if v in origins])
        if output is None or not sources:  # it computes with weights alone
            continue
        origins[output] = sources[0]
        if f in hidden or output.ndim not in (2, 4) or output.shape[0] != x.shape[0]:
            continue
        kind = type(f).__name__
        names = tuple([known.get(v, "") for v in f.inputs])
        source = f.inputs[0].creator
        if f in whole:
            layer, first = whole[f]
            kind = type(layer).__name__
            params = list(layer.params())
            inputs = (freed.get(first, first.data), *[param.data for param in params])
            names = ("", *[known[param] for param in params])
            sources = (origins.get(first, -1),)
        elif isinstance(f, MOVES):
            continue
        origins[output] = len(stages)
        stages.append(
            Stage(
                function=f,
                kind=kind,
                layer=max(names).rpartition("/")[0],
                inputs=inputs,
                names=names,
                sources=sources,
                laid=(source if isinstance(source, F.Reshape) else f).inputs[0].shape[1:],
                y=freed.get(output, output.data).reshape(*output.shape, *[1] * (4 - output.ndim)),
            )
        )
    return scores, stages


def _watched(
    model: Model, x: Variable
) -> tuple[Variable, set[Function], dict[Function, tuple[Layer, Variable]]]:
    """Scores for images x, the Functions that are no stages, and by its last one a layer and its input.

    Only layers are returned that are shown as a whole: those that do not end with the one Function whose
    detail tells how a pixel came about.
    """
    hidden: set[Function] = set()
    whole: dict[Function, tuple[Layer, Variable]] = {}

    def note(layer: Layer, inputs: tuple[Any, ...], y: Any) -> None:
        if not all(isinstance(v, Variable) for v in (*inputs, y)):
            return
        before = set(functions_behind(inputs))
        own: list[Any] = [f for f in functions_behind([y]) if f not in before]
        if len(own) > 1 and len(list(layer.modules())) == 1:
            *_, shown = [f for f in own if not isinstance(f, MOVES)] or own
            if not isinstance(shown, TOLD) or sum(isinstance(f, TOLD) for f in own) > 1:
                shown = own[-1]
                whole[shown] = layer, inputs[0]
            hidden.update(f for f in own if f is not shown)

    with ExitStack() as hooks:
        for layer in model.modules():
            if layer is not model:
                hooks.enter_context(layer.register_forward_hook(note))
        return model(x), hidden, whole


class Inspector:
    """What is asked about the model that trains.

    Args:
        dataset: whose first images are the probe, on which activations and gradients are measured.
    """

    def __init__(self, dataset: Dataset) -> None:
        images, labels = zip(*[dataset[i] for i in range(min(PROBED, len(dataset)))], strict=True)
        self.x, self.t = Variable(np.stack(images)), np.array(labels)
        self.stages: list[Stage] = []  # of the picture that was inspected last
        self.before: dict[str, np.ndarray] = {}

    def start(self, model: Model) -> None:
        """Remember the model's weights as those before training."""
        self.before = {name: param.data for name, param in model.named_params()}

    def inspect(self, model: Model, picture: ArrayLike, target: int | None = None) -> dict[str, Any]:
        """What each stage makes of a picture of 28 x 28 pixels.

        Args:
            target: class whose score the saliency is about; the predicted one if left out, or none of the
                model's.

        Returns:
            `predicted`; `target`; `saliency`, how much the target's score changes with each pixel, without
            its sign (Simonyan et al. 2013, arXiv:1312.6034); `stages`, each with its `layer`, `kind`, `maps`
            (C, H, W), `sources` and, where it multiplies with weights, `links`: see `_links`.
        """
        x = Variable(np.asarray(picture, np.float32).reshape(1, 1, SIZE, SIZE))
        scores, self.stages = trace(model, x)
        predicted = int(scores.data[0].argmax())
        if target is None or target >= scores.shape[1]:
            target = predicted
        slope = grad(scores[0, target], x)[0].data[0, 0]
        stages = [
            {"layer": s.layer, "kind": s.kind, "sources": s.sources, "maps": numbers(s.y[0])} | _links(s)
            for s in self.stages
        ]
        saliency = numbers(np.abs(slope))
        return {"predicted": predicted, "target": target, "saliency": saliency, "stages": stages}

    def detail(self, stage: int, channel: int, row: int, column: int) -> dict[str, Any] | None:
        """How one pixel of a map came about, in the picture that was inspected last.

        Returns:
            None where there is no such pixel. Otherwise `value`, the pixel; `rule`: "sum", "max", "mean" or
            "each", and for all but "each" its `window` (n, height, width) of the input, of which `first` is
            the first channel, and `top` and `left` where it lies there (None where the input is no picture),
            for a window that slides also its `stride` and `dilation`. For "sum" also the kernel's `weights`,
            those `before` training, their `products` with the window, the `sums` of each slice, the `bias`,
            and of a convolution `parts` (n, H, W), what each slice gives to every pixel of the map; for "max"
            the index `taken`; for "each" the `values` at the same place of the inputs.
        """
        place = channel, row, column
        if stage >= len(self.stages):
            return None
        s = self.stages[stage]
        if any(i >= n for i, n in zip(place, s.y.shape[1:], strict=True)):
            return None
        found = {"value": float(s.y[0, channel, row, column])}
        if isinstance(s.function, F.Conv2d):
            return found | self._convolved(s, *place)
        if isinstance(s.function, F.Linear):
            return found | self._combined(s, channel)
        if isinstance(s.function, POOLS):
            return found | _pooled(s, *place)
        beside = [x for x, name in zip(s.inputs, s.names, strict=True) if x is not None and not name]
        values = [float(x.reshape(s.y.shape)[0][place]) for x in beside if x.size == s.y.size]
        return found | {"rule": "each", "values": values}

    def _convolved(self, s: Stage, channel: int, row: int, column: int) -> dict[str, Any]:
        OC, channels, KH, KW = s.inputs[1].shape
        first = channel // (OC // s.function.groups) * channels
        found = _window(s, (KH, KW), row, column, s.function.dilation)
        window = found.pop("pixels")[first : first + channels]
        parts = np.einsum("cklhw,ckl->chw", _taps(s)[first : first + channels], s.inputs[1][channel])
        found |= {"first": first, "parts": numbers(parts)}
        return found | self._summed(s, channel, window, lambda W: W[channel])

    def _combined(self, s: Stage, channel: int) -> dict[str, Any]:
        x, W, _ = s.inputs
        pictures = len(s.laid) == 3
        shape = s.laid if pictures else (1, *_folded(len(W)))
        found = {"first": 0, "top": 0 if pictures else None, "left": 0 if pictures else None}
        return found | self._summed(s, channel, x[0].reshape(shape), lambda W: W[:, channel].reshape(shape))

    def _summed(
        self, s: Stage, channel: int, window: np.ndarray, kernel: Callable[[np.ndarray], np.ndarray]
    ) -> dict[str, Any]:
        _, W, b = s.inputs
        products = window * kernel(W)
        return {
            "rule": "sum",
            "window": numbers(window),
            "weights": numbers(kernel(W)),
            "before": numbers(kernel(self._earlier(s.names[1], W))),
            "products": numbers(products),
            "sums": products.sum(axis=(1, 2)).tolist(),
            "bias": 0.0 if b is None else float(b[channel]),
        }

    def probe(self, model: Model) -> list[dict[str, Any]]:
        """How each stage does on the probe's images.

        Returns:
            For each stage: `dead`, the channels that a rectifier holds at zero for every image; `zeros`, the
            share of zeros; `histogram` of its output; and where it has Parameters `gradient`, the norm of the
            loss's gradient with respect to them, and `weights`, histograms of the kernels `now` and `before`
            training, with `change`, the norm of their difference over that of those before.
        """
        scores, stages = trace(model, self.x)
        params = dict(model.named_params())
        gradients = grad(F.softmax_cross_entropy(scores, self.t), list(params.values()))
        squares = {name: float((g.data**2).sum()) for name, g in zip(params, gradients, strict=True)}
        return [self._measured(s, squares) for s in stages]

    def _measured(self, s: Stage, squares: dict[str, float]) -> dict[str, Any]:
        held = isinstance(s.function, RECTIFIERS)
        step = s.y.size // SAMPLE | 1  # odd, so that it does not fall into step with the columns
        found = {
            "dead": np.flatnonzero(~s.y.any(axis=(0, 2, 3))).tolist() if held else [],
            "zeros": float(1 - np.count_nonzero(s.y) / s.y.size),
            "histogram": _histogram(s.y.reshape(-1)[::step]),
        }
        if s.layer:
            found["gradient"] = sum(squares[name] for name in s.names if name) ** 0.5
            found["weights"] = self._changed(s)
        return found

    def _changed(self, s: Stage) -> dict[str, Any]:
        name, now = next((name, array) for name, array in zip(s.names, s.inputs, strict=True) if name)
        before = self._earlier(name, now)
        span = _span(np.stack([now, before]))
        length = np.linalg.norm(before)
        return {
            "now": _histogram(now, span),
            "before": _histogram(before, span),
            "change": float(np.linalg.norm(now - before) / length) if length else 0.0,
        }

    def _earlier(self, name: str, now: np.ndarray) -> np.ndarray:
        """A Parameter before training; as it is now if it came later, with a model of another make."""
        before = self.before.get(name, now)
        return before if before.shape == now.shape else now


def _taps(s: Stage) -> np.ndarray:
    """What each of a kernel's numbers is multiplied with: (C, KH, KW, OH, OW), 0 in the padding."""
    f, x = s.function, s.inputs[0][0]
    spans: list[int] = []
    pads = [(0, 0)]
    for kernel, out, length, stride, pad, dilation in zip(
        s.inputs[1].shape[2:], s.y.shape[2:], x.shape[1:], f.stride, f.pad, f.dilation, strict=True
    ):
        spans.append((out - 1) * stride + 1)
        pads.append((pad, max(0, spans[-1] + (kernel - 1) * dilation - pad - length)))
    KH, KW = s.inputs[1].shape[2:]
    taps = sliding_window_view(np.pad(x, pads), spans, axis=(1, 2))  # type: ignore[call-overload]
    return taps[:, :: f.dilation[0], :: f.dilation[1], :: f.stride[0], :: f.stride[1]][:, :KH, :KW]


def _links(s: Stage) -> dict[str, Any]:
    """What each map of a stage's input gives to each map of its output, where it multiplies with weights.

    Returns:
        `links`, with two arrays (output maps, input maps), means over the pixels of the output map: `net`,
        the sum of the products of the input map's pixels and the kernel's weights, and `flow`, the sum of
        their absolute values. `net` summed over the input maps, plus the bias, is the output map's mean.
    """
    if isinstance(s.function, F.Conv2d):
        found = _convolution_links(s)
    elif isinstance(s.function, F.Linear):
        x, W, _ = s.inputs
        products = (x[0][:, None] * W).reshape(s.laid[0], -1, W.shape[1])
        found = np.abs(products).sum(axis=1).T, products.sum(axis=1).T
    else:
        return {}
    return {"links": {"flow": numbers(found[0]), "net": numbers(found[1])}}


def _convolution_links(s: Stage) -> tuple[np.ndarray, np.ndarray]:
    taps, groups = _taps(s), s.function.groups
    W = s.inputs[1].reshape(groups, -1, *s.inputs[1].shape[1:])  # (groups, OC / groups, C / groups, KH, KW)
    each = np.arange(groups)

    def links(taps: np.ndarray, W: np.ndarray) -> np.ndarray:
        means = taps.mean(axis=(3, 4)).reshape(groups, *W.shape[2:])
        found = np.zeros((groups, W.shape[1], groups, W.shape[2]), W.dtype)
        found[each, :, each] = np.einsum("gockl,gckl->goc", W, means)
        return found.reshape(groups * W.shape[1], -1)

    return links(np.abs(taps), np.abs(W)), links(taps, W)


def _window(
    s: Stage,
    size: tuple[int, int],
    row: int,
    column: int,
    dilation: tuple[int, int],
    padding: float = 0,
) -> dict[str, Any]:
    """The `pixels` (C, KH, KW) under a window, and its `top` and `left`, below 0 in the padding."""
    x = s.inputs[0][0]
    ways = []
    for axis, at in ((0, row), (1, column)):
        start = at * s.function.stride[axis] - s.function.pad[axis]
        ways.append(start + dilation[axis] * np.arange(size[axis]))
    inside = [(way >= 0) & (way < length) for way, length in zip(ways, x.shape[1:], strict=True)]
    rows, columns = (way.clip(0, length - 1) for way, length in zip(ways, x.shape[1:], strict=True))
    pixels = np.where(inside[0][:, None] & inside[1], x[:, rows[:, None], columns], x.dtype.type(padding))
    slide = {"stride": s.function.stride, "dilation": dilation}
    return {"pixels": pixels, "top": int(ways[0][0]), "left": int(ways[1][0])} | slide


def _pooled(s: Stage, channel: int, row: int, column: int) -> dict[str, Any]:
    largest = isinstance(s.function, F.Pooling)
    settings = s.function.kernel_size, row, column, s.function.dilation
    found = _window(s, *settings, padding=-np.inf if largest else 0)
    window = found.pop("pixels")[channel : channel + 1]
    if not (largest or s.function.count_include_pad):  # a mean of the pixels that are no padding
        H, W = s.inputs[0].shape[2:]
        top, left = max(0, found["top"]), max(0, found["left"])
        window = window[:, top - found["top"] : H - found["top"], left - found["left"] : W - found["left"]]
        found |= {"top": top, "left": left}
    found |= {"rule": "max" if largest else "mean", "first": channel, "window": numbers(window)}
    return found | ({"taken": int(s.function.indexes[0, channel, row, column])} if largest else {})


def _folded(n: int) -> tuple[int, int]:
    """Rows and columns of n numbers in a rectangle that is as square as can be."""
    rows = next(rows for rows in range(isqrt(n), 0, -1) if n % rows == 0)
    return rows, n // rows


def _span(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest of the finite values; a model whose training diverged has others, too."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _histogram(values: np.ndarray, span: tuple[float, float] | None = None) -> dict[str, Any]:
    """How many values lie in each part of the span, or of that of the finite ones."""
    # in float64, which has places between any two float32; NaN is in no part
    counts, edges = np.histogram(values.astype(np.float64), BINS, span or _span(values))
    return {"low": float(edges[0]), "high": float(edges[-1]), "counts": counts.tolist()}
