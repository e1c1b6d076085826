"""The nets of nets_table.py in frameworks with DeZero's API, ours and DeZero itself, as contestants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

from answers import Answers, Contestant, Setting
from dezero_peer import load_dezero
from net import inference
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
    batch,
    path,
    weights,
)

import pyconvlite
from pyconvlite import backends

Step = Callable[[Any], Any]
FUSED = "pyconvlite SIMD, fused"


class NotInDeZeroError(Exception):
    """DeZero has no such layer."""


def make_model(framework: Any, net: Net) -> Any:
    """The net in a framework with DeZero's API, with the table's weights."""
    filled: list[tuple[str, Any]] = []

    class Table(framework.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.steps = list(steps(framework, net.rows, "", self.add))

        def add(self, name: str, layer: Any) -> Any:
            setattr(self, name.replace("/", "_"), layer)  # DeZero registers attributes
            filled.append((name, layer))
            return layer

        def forward(self, x: Any) -> Any:
            for step in self.steps:
                x = step(x)
            return x

    model = Table()
    with framework.no_grad(), framework.test_mode():
        model(batch(net)[0])  # now it has weights
    fill(filled, weights(net))
    return model


def steps(framework: Any, rows: Rows, before: str, add: Callable[[str, Any], Any]) -> Iterator[Step]:
    """What computes rows, one after the other; `add` registers a layer with its path.

    Ours takes ReLU with the layer before where that has an argument for it.
    """
    F, L = framework.functions, framework.layers
    ours = framework is pyconvlite
    fused = False
    for i, row in enumerate(rows):
        at = path(before, i)
        if fused:
            fused = False
            continue
        fused = ours and isinstance(row, Conv) and rows[i + 1 : i + 2] == (ReLU(),)
        match row:
            case Conv(out, K, stride, pad, groups, bias):
                if groups > 1 and not ours:
                    raise NotInDeZeroError
                options = {"groups": groups, "relu": fused} if ours else {}
                yield add(at, L.Conv2d(out, K, stride, pad, nobias=not bias, **options))
            case Deconv(out, K, stride, pad):
                yield add(at, L.Deconv2d(out, K, stride, pad))
            case Linear(out):
                yield add(at, L.Linear(out))
            case LSTM(hidden):
                yield (whole if ours else unrolled)(add(at, L.LSTM(hidden)))
            case BatchNorm():
                yield add(at, L.BatchNorm())
            case ReLU(None):
                yield F.relu
            case ReLU(most):
                yield lambda x, most=most: F.clip(x, 0, most)  # type: ignore[misc]
            case MaxPool(K, stride, pad):
                yield lambda x, window=(K, stride, pad): F.pooling(x, *window)  # type: ignore[misc]
            case GlobalAvgPool():
                yield (lambda x: F.flatten(F.global_average_pooling(x))) if ours else global_average(F)
            case Flatten():
                yield lambda x: F.reshape(x, (x.shape[0], -1))
            case Residual(body, shortcut):
                branches = (body, f"{at}body/"), (shortcut, f"{at}shortcut/")
                yield residual(*(list(steps(framework, *branch, add)) for branch in branches))


def whole(lstm: Any) -> Step:
    """Our LSTM on a sequence in one call, as PyTorch's and ONNX Runtime's are called."""

    def run(x: Any) -> Any:
        lstm.reset_state()
        lstm(x.transpose(1, 0, 2))
        return lstm.h

    return run


def unrolled(lstm: Any) -> Step:
    """An LSTM on all steps of a sequence, one after the other."""

    def run(x: Any) -> Any:
        lstm.reset_state()
        h = None
        for t in range(x.shape[1]):
            h = lstm(x[:, t])
        return h

    return run


def global_average(F: Any) -> Step:
    """DeZero's way to the mean over all pixels."""
    return lambda x: F.reshape(F.average_pooling(x, x.shape[2], 1), x.shape[:2])


def residual(body: list[Step], shortcut: list[Step]) -> Step:
    """The sum of two branches."""

    def run(x: Any) -> Any:
        y = x
        for step in body:
            y = step(y)
        for step in shortcut:
            x = step(x)
        return y + x

    return run


def fill(layers: list[tuple[str, Any]], arrays: Arrays) -> None:
    """Give layers the weights of their paths."""
    for name, layer in layers:
        for key, array in arrays.items():
            if key.startswith(name):
                owner = layer
                *owners, last = key.removeprefix(name).split("/")
                for attribute in owners:
                    owner = getattr(owner, attribute)
                getattr(owner, last).data = array.copy()


def training_step(framework: Any, net: Net) -> Callable[[], float]:
    """A step of training on the batch, which returns its loss."""
    model, (x, t) = make_model(framework, net), batch(net)
    optimizer = framework.optimizers.SGD(net.lr).setup(model)
    F = framework.functions

    def step() -> float:
        y = model(x)
        loss = F.mean_squared_error(y, x) if net.loss == "squared error" else F.softmax_cross_entropy(y, t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return float(loss.data)

    return step


def forward_pass(framework: Any, net: Net) -> Callable[[], Any]:
    """The output for the batch, in use rather than in training."""
    return _outputs(framework, make_model(framework, net), batch(net)[0])


def fused(net: Net) -> Callable[[], Any]:
    """As `forward_pass`, with batch norm and ReLU in the convolutions, as ONNX Runtime has them."""
    x = batch(net)[0]
    return _outputs(pyconvlite, make_model(pyconvlite, net).fused(x), x)


def _outputs(framework: Any, model: Any, x: Any) -> Callable[[], Any]:
    forward = inference(framework, model, x)
    return lambda: forward().data


def contestants(net: Net) -> list[Contestant]:
    """Ours on each kind of kernels, and DeZero where it has all layers, in training and in inference."""
    kinds = (("training", training_step),) if net.trained else ()
    settings: list[tuple[str, Any, Setting]] = [
        ("pyconvlite SIMD", pyconvlite, partial(serving, "simd")),
        ("pyconvlite NumPy", pyconvlite, partial(serving, "numpy")),
        ("DeZero", load_dezero(), nullcontext),
    ]
    if (threads := most_threads()) > 1:
        several = f"pyconvlite SIMD, {threads} threads"
        settings.insert(1, (several, pyconvlite, partial(serving, "simd", threads)))
    found = []
    for name, framework, setting in settings:
        for measured, make in (*kinds, ("inference", forward_pass)):
            with suppress(NotInDeZeroError), setting():
                found.append(Contestant(name, measured, make(framework, net), setting))
    if not net.trained:
        with serving("simd"):
            found.append(Contestant(FUSED, "inference", fused(net), partial(serving, "simd")))
    return found


@contextmanager
def serving(backend: str, threads: int = 1) -> Iterator[None]:
    """Have the kernels of a backend serve, on so many threads."""
    with backends.use(backend), backends.threads(threads):
        yield


def most_threads() -> int:
    """On how many threads the SIMD kernels compute if nobody says otherwise."""
    with backends.use("simd"), backends.threads("auto"):
        described = backends.describe()
        return described.threads + described.threads_starting


def answers() -> Answers:
    """What nets.mjs asks for the answers, since it has no Python of its own."""
    return Answers(contestants)
