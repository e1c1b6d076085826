"""What several cores gain, inside Pyodide: `./build.sh bench threads`.

Each net runs in turn on one thread and on several. Given are the shortest times, which other programs disturb
least, the medians, and where the time goes: what is copied between Python's memory and the workers', how long
Python waits for them, and the processor time of the whole process. Numbers of threads above the machine's
cores are named as not tested.

Names of nets or kernels, or parts of them, may be given as arguments.
"""

import sys
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from kernels import SHAPES, convolutions
from measure import random, timed
from net import BATCH, forward_pass, inference, make_net, training, training_step
from simd import serves

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, backends
from pyconvlite.backends.simd.threads import pool
from pyconvlite.models.small import BasicBlock

COUNTS = 2, 4, 8, 16
WANTED = {"VGG, training": 1.6, "small CNN, training": 1.4, "ResNet18, one image": 1.7}
AT_LEAST = 3  # seconds for each number of threads


class VGG(Model):
    """Three stages of two convolutions and max pooling, then two fully connected layers, for 32 x 32."""

    def __init__(self) -> None:
        for stage, channels in enumerate((32, 64, 128)):
            for i in (1, 2):
                setattr(self, f"conv{stage}_{i}", L.Conv2d(channels, 3, pad=1, relu=True))
        self.fc1, self.fc2 = L.Linear(128), L.Linear(10)

    def forward(self, x: Any) -> Any:
        """Scores of 10 classes."""
        for stage in range(3):
            x = getattr(self, f"conv{stage}_2")(getattr(self, f"conv{stage}_1")(x))
            x = F.pooling(x, 2, 2)
        return self.fc2(F.relu(self.fc1(F.flatten(x))))


class LastState(Model):
    """An LSTM of 128 over sequences (T, N, features), then the scores of 10 classes."""

    def __init__(self) -> None:
        self.lstm = L.LSTM(128)
        self.fc = L.Linear(10)

    def forward(self, x: Any) -> Any:
        """Scores of 10 classes, from the last state."""
        self.lstm.reset_state()
        return self.fc(self.lstm(x)[-1])


class ResNet18(Model):
    """The ResNet of 18 layers for images of 224 x 224."""

    def __init__(self) -> None:
        self.conv1 = L.Conv2d(64, 7, stride=2, pad=3, nobias=True)
        self.bn1 = L.BatchNorm()
        channels = 64, 64, 128, 128, 256, 256, 512, 512
        before = (64, *channels)
        for i, (inner, outer) in enumerate(zip(before, channels, strict=False)):
            setattr(self, f"block{i + 1}", BasicBlock(inner, outer, 1 if inner == outer else 2))
        self.fc = L.Linear(1000)

    def forward(self, x: Any) -> Any:
        """Scores of 1,000 classes."""
        x = F.pooling(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(8):
            x = getattr(self, f"block{i + 1}")(x)
        return self.fc(F.flatten(F.global_average_pooling(x)))


def step_of(model: Model, x: Any) -> Callable[[], object]:
    """A step of training on a batch with any labels."""
    return training(pyconvlite, model, x, np.arange(len(model(x))) % 10, 0.001)


def kernels() -> dict[str, Callable[[], object]]:
    """The convolutions of the bench with their gradients, and a product."""
    runs: dict[str, Callable[[], object]] = {}
    for shape in SHAPES:
        for name, run in convolutions(pyconvlite, shape).items():
            runs[f"{shape.x} -> {shape.OC}, {shape.K}, {name}"] = without_graph(run)
    for M, K, N in ((64, 784, 256), (512, 512, 512)):
        a, b = random(M, K), random(K, N)
        runs[f"({M}, {K}) @ ({K}, {N})"] = lambda a=a, b=b: backends.kernels(a).matmul(a, b)  # type: ignore[misc]
    return runs


def without_graph(run: Callable[[], object]) -> Callable[[], object]:
    """`run` under `no_grad`."""

    def quiet() -> object:
        with pyconvlite.no_grad():
            return run()

    return quiet


def nets() -> dict[str, Callable[[], object]]:
    """The nets of which it was said what they should gain, and some that should not become slower."""
    small, image = make_net(), random(1, 3, 224, 224)
    one = {**small, "x": small["x"][:1]}
    return {
        "VGG, training": step_of(VGG(), random(16, 3, 32, 32)),
        "small CNN, training": training_step(pyconvlite, small),
        f"small CNN, {BATCH} images": forward_pass(pyconvlite, small),
        "small CNN, one image": forward_pass(pyconvlite, one),
        "ResNet18, one image": inference(pyconvlite, ResNet18(), image),
        "LSTM, training": step_of(LastState(), random(28, 64, 28)),
        "LSTM, 64 sequences": inference(pyconvlite, LastState(), random(28, 64, 28)),
    }


def in_turn(run: Callable[[], object], counts: list[int]) -> dict[int, list[float]]:
    """Seconds of each call, by the number of threads."""
    times: dict[int, list[float]] = {count: [] for count in counts}
    for count in counts:  # the workers start, and compile
        with backends.threads(count):
            run()
            run()
    while min(map(sum, times.values())) < AT_LEAST:
        for count, taken in times.items():
            with backends.threads(count):
                taken.append(timed(run))
    return times


def account(run: Callable[[], object], count: int) -> str:
    """Where the time of the shortest of ten calls goes."""
    with backends.threads(count):
        found = [_account(run) for _ in range(10)]
    taken, copied, waited, processor = min(found)
    return (
        f"{copied / 1e6:.2f} MB copied, {waited / taken:.0%} of the time waited, processor time "
        f"{processor / taken:.2f} times it"
    )


def _account(run: Callable[[], object]) -> tuple[float, float, float, float]:
    workers = pool.workers
    before, used = (workers.copied, workers.waited), processor_seconds()
    taken = timed(run)
    copied, waited = workers.copied - before[0], (workers.waited - before[1]) / 1e3
    return taken, copied, waited, processor_seconds() - used


def processor_seconds() -> float:
    """Time that all threads of this process computed; Python's own clock for it is a wall clock here."""
    from js import process

    usage = process.cpuUsage()
    return float(usage.user + usage.system) / 1e6


def report(name: str, run: Callable[[], object], counts: list[int]) -> None:
    """Print one line for each number of threads."""
    times = in_turn(run, [1, *counts])
    least = {count: min(taken) for count, taken in times.items()}
    middle = {count: median(taken) for count, taken in times.items()}
    wanted = f" (wanted: {WANTED[name]})" if name in WANTED else ""
    print(f"    {name}: {least[1] * 1e3:.2f} ms on one thread")
    for count in counts:
        print(
            f"        {count} threads: {least[1] / least[count]:.2f}x, by medians "
            f"{middle[1] / middle[count]:.2f}x{wanted}; {account(run, count)}",
            flush=True,
        )


def main(parts: list[str]) -> None:
    """Measure all whose name has one of the parts, or all."""
    from js import navigator

    cores = int(navigator.hardwareConcurrency)
    counts = [count for count in COUNTS if count <= cores]
    untested = [str(count) for count in COUNTS if count > cores]
    print(f"threads, on {cores} cores; not tested here: {', '.join(untested) or 'none'}")
    for name, run in {**nets(), **kernels()}.items():
        if any(part in name for part in parts or [""]):
            report(name, run, counts)


if __name__ == "__main__":
    if not serves():
        sys.exit("threads are for the SIMD kernels, in Pyodide: run ./build.sh bench threads")
    main(sys.argv[1:])
