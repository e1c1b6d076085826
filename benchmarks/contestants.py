"""What runs inside Pyodide, in Node or in a page, when peers.py sets frameworks side by side."""

import json
from functools import partial
from typing import Any

import numpy as np
from dezero_peer import load_dezero
from measure import seconds
from net import Arrays, forward_pass, training_step

import pyconvlite
from pyconvlite import backends

AT_LEAST = 0.5  # seconds that one measurement takes


class Contestant:
    """A framework that trains, or computes, the small CNN on a batch.

    Args:
        name: what the table calls it.
        measured: "training" or "forward".
        framework: one with DeZero's API.
        net: the batch and the weights.
        backend: which of our kernels serve; DeZero does not ask.
    """

    def __init__(self, name: str, measured: str, framework: Any, net: Arrays, backend: str) -> None:
        self.name, self.measured, self.backend = name, measured, backend
        self.run = (training_step if measured == "training" else forward_pass)(framework, net)
        with backends.use(backend):
            self.output = forward_pass(framework, net)().data.ravel().tolist()

    def seconds(self) -> float:
        """Median time of one batch."""
        with backends.use(self.backend):
            return seconds(self.run, AT_LEAST)


def contestants(path: str) -> list[Contestant]:
    """Ours on both kinds of kernels, and DeZero, on the net in an npz file."""
    with np.load(path) as npz:
        net = dict(npz)
    ours = partial(Contestant, framework=pyconvlite, net=net)
    return [
        ours("pyconvlite", "training", backend="auto"),
        ours("pyconvlite", "forward", backend="auto"),
        ours("its NumPy kernels", "training", backend="numpy"),
        ours("its NumPy kernels", "forward", backend="numpy"),
        Contestant("DeZero", "training", load_dezero(), net, "numpy"),
    ]


def describe(all_contestants: list[Contestant]) -> str:
    """Their names, what they measure, and their outputs for the batch, as JSON."""
    return json.dumps([{"name": c.name, "measured": c.measured, "output": c.output} for c in all_contestants])
