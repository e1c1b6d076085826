"""The book's tiny nets, whose steps are mostly Python's own work: ours beside DeZero, mygrad and autograd.

Figures are microseconds, medians of steps taken in turn; those of recurrent nets are for one step of time.
"""

import platform
import sys
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from dezero_peer import load_dezero
from measure import seconds, times_in_turn
from net import training
from tiny_data import FOUR, FOUR_T, HIDDEN, LONG, RATE, SINE, SINE_T, SPIRAL, SPIRAL_T, WIDE, WINDOW, Step
from tiny_peers import PEERS, load_peers

import pyconvlite

AT_LEAST = 3.0  # seconds for all contestants of a net


def by_hand(framework: Any) -> Step:
    """Step 43: two layers of Variables, updated by hand."""
    F, Variable = framework.functions, framework.Variable
    params = W1, b1, W2, b2 = [Variable(0.01 * np.ones(shape)) for shape in ((1, 10), (10,), (10, 1), (1,))]

    def step() -> Any:
        y = F.linear(F.sigmoid(F.linear(SINE, W1, b1)), W2, b2)
        loss = F.mean_squared_error(SINE_T, y)
        for param in params:
            param.cleargrad()
        loss.backward()
        for param in params:
            param.data -= RATE * param.grad.data
        return loss

    return step


def layers(framework: Any) -> Step:
    """Steps 44 and 45: Layers in a Model, updated by hand."""
    F = framework.functions
    model = _two_layers(framework)

    def step() -> Any:
        loss = F.mean_squared_error(SINE_T, model(SINE))
        model.cleargrads()
        loss.backward()
        for param in model.params():
            param.data -= RATE * param.grad.data
        return loss

    return step


def _two_layers(framework: Any) -> Any:
    F, L = framework.functions, framework.layers

    class TwoLayerNet(framework.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.l1 = L.Linear(10)
            self.l2 = L.Linear(1)

        def forward(self, x: Any) -> Any:
            return self.l2(F.sigmoid(self.l1(x)))

    return TwoLayerNet()


def mlp(framework: Any, optimizer: str = "SGD") -> Step:
    """Step 46: an MLP and an optimizer."""
    F = framework.functions
    model = framework.models.MLP((10, 1))
    updates = getattr(framework.optimizers, optimizer)().setup(model)

    def step() -> Any:
        loss = F.mean_squared_error(SINE_T, model(SINE))
        model.cleargrads()
        loss.backward()
        updates.update()
        return loss

    return step


def softmax(framework: Any) -> Step:
    """Step 47: the gradients of four examples' classification."""
    model = framework.models.MLP((10, 3))

    def step() -> Any:
        loss = framework.functions.softmax_cross_entropy(model(FOUR), FOUR_T)
        model.cleargrads()
        loss.backward()
        return loss

    return step


def spiral(framework: Any) -> Step:
    """Step 48: a batch of the spiral."""
    return training(framework, framework.models.MLP((10, 3)), SPIRAL, SPIRAL_T, RATE)


def rnn(framework: Any) -> Step:
    """Step 59: truncated backpropagation through an RNN."""
    return _recurrent(framework, framework.layers.RNN(HIDDEN), LONG)


def lstm(framework: Any) -> Step:
    """Step 60: the same with an LSTM and batches."""
    return _recurrent(framework, framework.layers.LSTM(HIDDEN), WIDE)


def _recurrent(framework: Any, layer: Any, sequence: Any) -> Step:
    F, L = framework.functions, framework.layers

    class Recurrent(framework.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.rnn = layer
            self.fc = L.Linear(1)

        def forward(self, x: Any) -> Any:
            return self.fc(self.rnn(x))

    model = Recurrent()
    optimizer = framework.optimizers.Adam().setup(model)

    def step() -> Any:
        model.rnn.reset_state()
        loss: Any = 0
        for x, t in pairwise(sequence):
            loss += F.mean_squared_error(model(x), t)
        model.cleargrads()
        loss.backward()
        loss.unchain_backward()
        optimizer.update()
        return loss

    return step


NETS: dict[str, tuple[Callable[[Any], Step], int]] = {  # and into how many the time of a step is divided
    "43 by hand": (by_hand, 1),
    "45 layers": (layers, 1),
    "46 MLP, SGD": (mlp, 1),
    "46 MLP, Adam": (lambda framework: mlp(framework, "Adam"), 1),
    "47 softmax": (softmax, 1),
    "48 spiral": (spiral, 1),
    "59 RNN": (rnn, WINDOW),
    "60 LSTM": (lstm, WINDOW),
}


def bench_tiny(dezero: Any) -> None:
    """A line for each net, then autograd's own cost."""
    frameworks = {"ours": pyconvlite} | ({"DeZero": dezero} if dezero else {})
    peers = load_peers() if dezero else {}
    print("\nthe book's tiny nets, us a step" + "".join(f"{name:>10}" for name in [*frameworks, *peers]))
    for name, (make, divisor) in NETS.items():
        steps = [make(framework) for framework in frameworks.values()]
        steps += [PEERS[name](peer) for peer in peers.values() if name in PEERS]
        for step in steps:
            step()
        times = [median(taken) / divisor * 1e6 for taken in times_in_turn(steps, AT_LEAST)]
        shown = "".join(f"{t:10.1f}" for t in times).ljust(10 * (len(frameworks) + len(peers)))
        ratio = f"   {times[1] / times[0]:.2f} x DeZero (wanted: 1)" if dezero else ""
        print(f"    {name:27}{shown}{ratio}", flush=True)
    for name, framework in frameworks.items():
        forward, backward = cost_of_an_operation(framework)
        print(f"    an operation of {name}: {forward:.1f} us forward, {backward:.1f} us backward")


def cost_of_an_operation(framework: Any) -> tuple[float, float]:
    """Microseconds that an addition takes forward, less NumPy's own work, and backward."""
    count = 1000
    a, b = (framework.Variable(np.ones(1, np.float32)) for _ in range(2))

    def add(x: Any, y: Any) -> None:
        for _ in range(count):
            x + y

    plain, taped = seconds(lambda: add(a.data, b.data)), seconds(lambda: add(a, b))
    y = a
    for _ in range(count):
        y = y + b
    return (taped - plain) / count * 1e6, seconds(y.backward) / count * 1e6


if __name__ == "__main__":
    print(f"Python {platform.python_version()} on {sys.platform}, NumPy {np.__version__}")
    bench_tiny(load_dezero())
