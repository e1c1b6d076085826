"""What `./build.sh bench parallel` runs: training in two processes, and up to how many nodes it would pay.

The processes have one core each. The time of a step is what forward and backward take of the processor, plus
the update with its exchange by the clock, each as in the fastest of all steps: it is that of processes that
have their cores to themselves, even where the machine does other work.

The table for more nodes is computed. A step then takes its measured time in one process, and the allreduce of
the gradients what a ring takes, which sends 2 (N - 1) messages of a Nth of the bytes, one after the other
(Patarasuk, Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009). The latencies
of messages are assumed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import random
from net import small_cnn

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import parallel
from pyconvlite.models import MLP, ResNet50
from pyconvlite.optimizers import MomentumSGD

# By name: what makes the model, the shape of its batch in one process.
NETS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "small CNN, 28 x 28": (lambda: small_cnn(pyconvlite), (32, 1, 28, 28)),
    "MLP 784-256-128-10": (lambda: MLP((256, 128, 10), activation=F.relu), (64, 784)),
    "ResNet50, 64 x 64": (ResNet50, (8, 3, 64, 64)),
}
LINKS = ((1, 50e-6), (10, 20e-6), (100, 5e-6))  # Gbit/s, and the latency of a message in seconds
EFFICIENCY = 0.8  # share of the time in which a process computes
MOST = 1024  # nodes
SECONDS = 6  # for each net and batch


def measure(comm: parallel.Communicator) -> dict[str, Any]:
    """By net: bytes of the gradients, and seconds of a step with the whole batch and with half of it."""
    found = {}
    for name, (make, shape) in NETS.items():
        pyconvlite.seed(0)
        model, (N, *rest) = make(), shape
        x, t = random(N, *rest), np.arange(N) % 10
        with pyconvlite.no_grad():
            model(x)
        parallel.broadcast(model, comm)
        optimizer = parallel.Optimizer(MomentumSGD(1e-4), comm).setup(model)

        size = sum(p.data.nbytes for p in model.params() if p.requires_grad)
        whole, half = (sum(fastest(comm, model, optimizer, x[:n], t[:n])) for n in (N, N // 2))
        found[name] = {"bytes": size, "whole": whole, "half": half}
    return found


def fastest(comm: parallel.Communicator, model: Any, optimizer: Any, x: Any, t: Any) -> tuple[float, float]:
    """Seconds of forward and backward, and of the update with its exchange: the least that each took."""
    computing: list[float] = []
    updating: list[float] = []
    end = time.perf_counter() + SECONDS
    while comm.sum(len(computing) < 3 or time.perf_counter() < end):
        start = time.process_time()
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        computing.append(time.process_time() - start)
        comm.sum(0)  # all begin the update together
        start = time.perf_counter()
        optimizer.update()
        updating.append(time.perf_counter() - start)
    return min(computing), min(updating)


def launch(n: int) -> dict[str, Any]:
    """Measure in n processes."""
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))
    command = [mpiexec, "-n", str(n), sys.executable, __file__, "measure"]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def nodes(step: float, size: int, speed: float, latency: float) -> int:
    """The most nodes of which each computes for EFFICIENCY of its time.

    Args:
        step: seconds of a step in one process.
        size: bytes of the gradients.
        speed: of a link, in Gbit/s.
        latency: seconds of a message.
    """
    most = 1
    for n in range(2, MOST + 1):
        ring = 2 * (n - 1) * (latency + size / n / (speed * 1e9 / 8))
        if step / (step + ring) >= EFFICIENCY:
            most = n
    return most


def main() -> None:
    """Print both tables."""
    one, two = launch(1), launch(2)
    print("| network, batch | step, 1 process | 2 processes, twice the batch | 2 processes, the same batch |")
    print("|---|---|---|---|")
    for name, (_, shape) in NETS.items():
        whole = one[name]["whole"]
        twice, same = 2 * whole / two[name]["whole"], whole / two[name]["half"]
        print(f"| {name}, {shape[0]} | {whole * 1e3:.1f} ms | {twice:.2f} x | {same:.2f} x |")
    columns = " | ".join(f"{speed} Gbit/s, {latency * 1e6:.0f} us" for speed, latency in LINKS)
    print(f"\n| nodes with an efficiency of {EFFICIENCY} | gradients | step | {columns} |")
    print("|---|---|---|" + "---|" * len(LINKS))
    for name in NETS:
        size, step = one[name]["bytes"], one[name]["whole"]
        counts = [nodes(step, size, *link) for link in LINKS]
        cells = " | ".join(f"over {MOST}" if n == MOST else str(n) for n in counts)
        print(f"| {name} | {size / 1e6:.2f} MB | {step * 1e3:.1f} ms | {cells} |")


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        processes = parallel.world()
        results = measure(processes)
        if processes.rank == 0:
            print(json.dumps(results))
    else:
        main()
