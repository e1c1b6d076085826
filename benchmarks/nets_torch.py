"""The nets of nets_table.py in PyTorch, with one thread; a program that nets.py asks by lines of JSON.

The Python that runs it needs PyTorch and NumPy alone.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from answers import Answers, Contestant
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
from torch import nn


class LastState(nn.Module):  # type: ignore[misc]
    """An LSTM that returns its last h alone."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)

    def forward(self, x: Any) -> Any:
        """The last h for x (N, T, features)."""
        return self.lstm(x)[1][0][0]


class Sum(nn.Module):  # type: ignore[misc]
    """The sum of two branches."""

    def __init__(self, body: Any, shortcut: Any) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Any) -> Any:
        """What both make of x."""
        return self.body(x) + self.shortcut(x)


def modules(rows: Rows, arrays: Arrays, before: str) -> Iterator[Any]:
    """PyTorch's modules for rows, with their weights."""
    for i, row in enumerate(rows):
        at = path(before, i)
        own = {k.removeprefix(at): torch.from_numpy(a) for k, a in arrays.items() if k.startswith(at)}
        match row:
            case Conv(out, K, stride, pad, groups, bias):
                C = own["W"].shape[1] * groups
                yield filled(nn.Conv2d(C, out, K, stride, pad, groups=groups, bias=bias), own)
            case Deconv(out, K, stride, pad):
                yield filled(nn.ConvTranspose2d(own["W"].shape[0], out, K, stride, pad), own)
            case Linear(out):
                layer = nn.Linear(own["W"].shape[0], out)
                yield filled(layer, {"W": own["W"].T.contiguous(), "b": own["b"]})
            case LSTM(hidden):
                last = LastState(own["x2f/W"].shape[0], hidden)
                lstm = last.lstm
                for parameter, key in (
                    (lstm.weight_ih_l0, "x2{}/W"),
                    (lstm.weight_hh_l0, "h2{}/W"),
                    (lstm.bias_ih_l0, "x2{}/b"),
                ):
                    parameter.data = torch.cat([own[key.format(gate)].t() for gate in "ifuo"]).contiguous()
                lstm.bias_hh_l0.data.zero_()
                lstm.bias_hh_l0.requires_grad = False  # ours has one bias
                yield last
            case BatchNorm():
                norm = nn.BatchNorm2d(len(own["gamma"]), eps=2e-5)
                norm.running_mean.copy_(own["avg_mean"])
                norm.running_var.copy_(own["avg_var"])
                yield filled(norm, {"W": own["gamma"], "b": own["beta"]})
            case ReLU(None):
                yield nn.ReLU()
            case ReLU():
                yield nn.ReLU6()
            case MaxPool(K, stride, pad):
                yield nn.MaxPool2d(K, stride, pad)
            case GlobalAvgPool():
                yield nn.AdaptiveAvgPool2d(1)
                yield nn.Flatten()
            case Flatten():
                yield nn.Flatten()
            case Residual(body, shortcut):
                branches = (body, f"{at}body/"), (shortcut, f"{at}shortcut/")
                yield Sum(*(nn.Sequential(*modules(part, arrays, place)) for part, place in branches))


def filled(layer: Any, own: Arrays) -> Any:
    """A layer with weight W and bias b."""
    layer.weight.data = own["W"].clone()
    if "b" in own:
        layer.bias.data = own["b"].clone()
    return layer


def training_step(net: Net) -> Callable[[], float]:
    """A step of training on the batch, which returns its loss."""
    model = nn.Sequential(*modules(net.rows, weights(net), "")).train()
    x, t = map(torch.from_numpy, batch(net))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=net.lr)

    def step() -> float:
        y = model(x)
        if net.loss == "squared error":
            loss = nn.functional.mse_loss(y, x, reduction="sum") / len(x)
        else:
            loss = nn.functional.cross_entropy(y, t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


def forward_pass(net: Net) -> Callable[[], Any]:
    """The output for the batch, in use rather than in training."""
    model = nn.Sequential(*modules(net.rows, weights(net), "")).eval()
    x = torch.from_numpy(batch(net)[0])

    def forward() -> Any:
        with torch.inference_mode():
            return model(x).numpy()

    return forward


def contestants(net: Net) -> list[Contestant]:
    """PyTorch in training and in inference."""
    name = f"PyTorch {torch.__version__.partition('+')[0]}"
    trained = [Contestant(name, "training", training_step(net))] if net.trained else []
    return [*trained, Contestant(name, "inference", forward_pass(net))]


if __name__ == "__main__":
    torch.set_num_threads(1)
    Answers(contestants).serve(sys.stdin, sys.stdout)
