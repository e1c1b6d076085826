"""Which kernels train a model faster on this machine: a short trial of the CPU's and of WebGPU's."""

from __future__ import annotations

from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np

from pyconvlite import Model, backends
from pyconvlite.datasets import ArrayDataset
from pyconvlite.optimizers import Adam
from tab.messages import message
from tab.training import build, read, train

SECONDS = 0.15  # of each
MOST = 256  # images of a batch: a larger one takes too long for a trial
TOGETHER = 10  # steps at most that are read together, as the page does
ALIKE = 1.15  # times the speed: less than that is chance
STEPS = 100_000  # more than the trial takes


async def compare(model_class: type[Model], batch_size: int) -> dict[str, Any]:
    """A message that says which are faster, once a GPU was found; the models are the trial's own."""
    with backends.use("auto"):
        cpu = "SIMD" if backends.describe().backend == "simd" else "NumPy"
        seconds = {cpu: await step_seconds(build(model_class), batch_size)}
        model = build(model_class)
        model.to_gpu()
        seconds["WebGPU"] = await step_seconds(model, batch_size)
    return advice(seconds)


async def step_seconds(model: Model, batch_size: int) -> float:
    """Seconds that a step of training takes where the model is, on random images."""
    size = min(batch_size, MOST)
    images = np.random.default_rng(0).random((size, 1, 28, 28), dtype=np.float32)
    dataset = ArrayDataset(images, np.arange(size) % 10)
    steps = train(model, dataset, Adam(), size, STEPS)
    await read(list(islice(steps, 3)))  # until all is compiled
    together, done = 1, 0
    start = perf_counter()
    while (passed := perf_counter() - start) < SECONDS:
        await read(list(islice(steps, together)))
        done += together
        together = min(2 * together, TOGETHER)
    return passed / done


def advice(seconds: dict[str, float]) -> dict[str, Any]:
    """What two times of a step, by the names of the kernels, say to the visitor."""
    fast, slow = sorted(seconds, key=lambda name: seconds[name])
    times = seconds[slow] / seconds[fast]
    if times < ALIKE:
        return message("trial-alike", one=fast, other=slow)
    return message("trial-faster", fast=fast, slow=slow, times=f"{times:.{1 if times < 10 else 0}f}")
