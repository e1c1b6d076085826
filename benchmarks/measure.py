"""What the parts of the bench share: random numbers, and how time and memory are measured."""

import time
import tracemalloc
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np

RNG = np.random.default_rng(0)


def random(*shape: int) -> Any:
    """Normal random numbers in float32."""
    return RNG.standard_normal(shape, dtype=np.float32)


def seconds(run: Callable[[], object], at_least: float = 0.5) -> float:
    """Median time of one call of `run`, from as many as fit into `at_least` seconds, three or more."""
    run()
    times: list[float] = []
    while len(times) < 3 or sum(times) < at_least:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


def in_turn(measures: Sequence[Callable[[], float]], rounds: int = 5) -> list[float]:
    """Median of each measure over rounds of all: what slows the machine for a while hits all alike."""
    results = [[measure() for measure in measures] for _ in range(rounds)]
    return [median(of_one) for of_one in zip(*results, strict=True)]


def peak_megabytes(run: Callable[[], object]) -> float:
    """The most memory that one call of `run` holds at a time, beyond what was there before."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
