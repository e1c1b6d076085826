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


def timed(run: Callable[[], object], calls: int = 1) -> float:
    """Seconds that so many calls of `run` take."""
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start


def times(run: Callable[[], object], at_least: float, calls: int = 1) -> list[float]:
    """Seconds of each of as many calls of `run` as fit into `at_least` seconds, and of at least so many."""
    taken: list[float] = []
    while len(taken) < calls or sum(taken) < at_least:
        taken.append(timed(run))
    return taken


def seconds(run: Callable[[], object], at_least: float = 0.5) -> float:
    """Median time of one call of `run`, from as many as fit into `at_least` seconds, three or more."""
    run()
    return median(times(run, at_least, 3))


def times_in_turn(runs: Sequence[Callable[[], object]], at_least: float) -> list[list[float]]:
    """Seconds of each call of each run, one call of each in turn: what slows the machine slows all alike.

    The calls of all take `at_least` seconds; each run has three or more.
    """
    taken: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + at_least
    while len(taken[0]) < 3 or time.perf_counter() < end:
        for run, of_run in zip(runs, taken, strict=True):
            of_run.append(timed(run))
    return taken


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
