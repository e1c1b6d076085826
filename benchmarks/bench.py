"""What `./build.sh bench` runs, on CPython and inside Pyodide: ours beside DeZero, which has the same API.

Each figure is the median of repeated runs; the machine's noise stays in, so compare figures of one run only.
Where the SIMD kernels serve, each is set beside the ceiling, which is measured in turn with it: multiply-adds
on registers alone. A convolution counts as what its definition computes; Winograd's algorithm gets by with
less, and may exceed the ceiling.
"""

import platform
import sys
from typing import Any

import numpy as np
import simd
from dezero_peer import load_dezero
from kernels import SHAPES, Runs, convolutions, poolings
from measure import in_turn, peak_megabytes, seconds
from net import BATCH, forward_pass, make_net, training_step
from step import activations_kept, step_memory, step_times
from tiny import bench_tiny

import pyconvlite
from pyconvlite import backends

PRODUCT_WANTED = 0.7  # share of the ceiling
OVERHEAD_WANTED = 40  # us
WORKSPACE_WANTED = 2  # MB
MEMORY_WANTED = 1.5  # times batch, activations and Parameters


def bench_kernels(dezero: Any) -> None:
    """For each shape: convolutions in GFLOP/s, poolings in ms, the peak of memory; DeZero's beside ours."""
    for shape in SHAPES:
        print(f"{shape.x} -> {shape.OC}, {shape.K}")
        theirs = convolutions(dezero, shape) if dezero else {}
        for name, run in convolutions(pyconvlite, shape).items():
            with pyconvlite.no_grad():
                if simd.serves():
                    speed, share = simd.share(run, shape.gflop)
                    figure = f"{speed:8.2f} GFLOP/s   {against_ceiling(share, shape.wanted)}"
                else:
                    speed = shape.gflop / seconds(run)
                    figure = f"{speed:8.2f} GFLOP/s"
            print_kernel(name, figure, shape.gflop / speed, run, dezero, theirs)
        theirs = poolings(dezero, shape) if dezero else {}
        for name, run in poolings(pyconvlite, shape).items():
            with pyconvlite.no_grad():
                t = seconds(run)
            print_kernel(name, f"{t * 1e3:8.3f} ms     ", t, run, dezero, theirs)


def against_ceiling(share: float, wanted: float) -> str:
    """A share of the ceiling beside the one wanted."""
    return f"{share:4.0%} of the ceiling (wanted: {wanted:.0%})"


def print_kernel(name: str, figure: str, t: float, run: Any, dezero: Any, theirs: Runs) -> None:
    """One line: our figure, how many times DeZero's speed it is, and the memory of both."""
    with pyconvlite.no_grad():
        speed, memory = "", f"   peak {peak_megabytes(run):5.1f} MB"
    if theirs:
        with dezero.no_grad():
            speed = f"   {seconds(theirs[name]) / t:5.1f} x DeZero"
            memory += f"   (DeZero {peak_megabytes(theirs[name]):5.1f} MB)"
    print(f"    {name:8}{figure}{speed}{memory}", flush=True)


def bench_simd() -> None:
    """What only the SIMD kernels have: the ceiling, matrix products, the least that a call takes."""
    print(f"\nSIMD kernels: {backends.describe().reason}; the ceiling is {simd.ceiling():.1f} GFLOP/s")
    for name, speed, share in simd.products():
        beside = against_ceiling(share, PRODUCT_WANTED)
        print(f"    sgemm {name:10}{speed:8.2f} GFLOP/s   {beside}", flush=True)
    print(f"    the smallest convolution takes {simd.call_overhead():.1f} us (wanted: {OVERHEAD_WANTED})")


def bench_net(dezero: Any) -> None:
    """Training and inference in samples/s, the time of a step, and its memory."""
    net = make_net()
    print(f"\nsmall CNN, batch {BATCH}")
    for name, make in (("training", training_step), ("forward", forward_pass)):
        runs = [make(framework, net) for framework in (pyconvlite, dezero) if framework]
        t, *theirs = in_turn([lambda run=run: seconds(run) for run in runs])  # type: ignore[misc]
        ratio = f"   {theirs[0] / t:5.1f} x DeZero" if theirs else ""
        print(f"    {name:10}{BATCH / t:7.0f} samples/s{ratio}", flush=True)

    times = step_times(training_step(pyconvlite, net))
    print(f"    a step takes {times.shares()}")
    for name, t in sorted(times.kernels.items(), key=lambda item: -item[1]):
        print(f"        {name:28}{t * 1e3:8.3f} ms")

    memory = step_memory()
    peak, workspace, needed = (n / 2**20 for n in (memory.peak, memory.workspace, memory.needed))
    whole = (
        f"{peak + workspace:.2f} MB, {memory.ratio:.2f} x the {needed:.2f} MB of activations and Parameters"
    )
    wanted = f"(wanted: {MEMORY_WANTED}; of it workspace: {workspace:.2f} MB, wanted: {WORKSPACE_WANTED})"
    print(f"    a step's memory: {whole}", wanted if simd.serves() else "")
    plain, normalized = (activations_kept(batch_norm) for batch_norm in (False, True))
    print(
        f"    activations kept by ten layers of convolution and ReLU: {plain:.1f} (wanted: 10); with batch "
        f"norm between: {normalized:.1f} (wanted: 20)"
    )


if __name__ == "__main__":
    print(f"Python {platform.python_version()} on {sys.platform}, NumPy {np.__version__}\n")
    backends.threads(1)  # the ceiling is one core's; threads.py measures more
    peer = load_dezero()
    bench_kernels(peer)
    if simd.serves():
        bench_simd()
    bench_net(peer)
    bench_tiny(peer)
