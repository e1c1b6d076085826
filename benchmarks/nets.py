"""Tables of the nets' speed in training and in reading: ours inside Pyodide beside other frameworks.

Usage: nets.py FOLDER NODE [--cpu] [NET...]: FOLDER is for what the frameworks read; NETs are names of
nets_table.py, all by default. Every framework makes its model from the same table, with the same weights and
the same batch, and must give the same outputs, and in training the same losses of two steps. Then all are
measured in turn. PyTorch runs in the Python that the environment variable PYCONVLITE_TORCH names, by default
in this one. `--cpu` takes the processor's time instead of the clock's, for a machine that has more to do; of
several threads it says nothing.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from nets_onnx import write_batch, write_onnx, write_tensorflow
from nets_table import Net, find
from peers import HERE, PYODIDE, wheel, write_sources

TOLERANCE = 1e-3  # of the largest output
ROUNDS = 5
AT_LEAST = 0.2  # seconds of one contestant in one round
SLOW = 1.5  # seconds: what takes longer is measured in one round
CPU = "--cpu"
TENSORFLOW = "small-cnn", "mobilenet"  # TensorFlow.js reads them too
FUSED = "pyconvlite SIMD, fused"  # as nets_models.py names it
OURS, PYTORCH, ONNX, DEZERO = "pyconvlite SIMD", "PyTorch", "ONNX Runtime Web", "DeZero"


@dataclass
class Contestant:
    """A framework that trains a net, or reads with it, in another process.

    Attributes:
        name: for the table.
        measured: "training" or "reading".
        output: for the batch; of training the losses of two steps.
        first: seconds of its first call.
        times: of all calls that were measured.
        cpu: the processor's seconds for a call, one of each round.
        measure: the times of as many calls as fit into some seconds, and their `cpu`.
    """

    name: str
    measured: str
    output: list[float]
    first: float
    measure: Callable[[float], dict[str, Any]]
    times: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@contextlib.contextmanager
def process(*command: str | Path) -> Iterator[Callable[[str], list[Contestant]]]:
    """Yield what makes the contestants of a net in another process; see answers.py."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as other:

        def ask(*question: str | float) -> Any:
            other.stdin.write(json.dumps(question) + "\n")
            line = other.stdout.readline()
            if not line:
                raise SystemExit(f"{command[1]} has broken off")
            return json.loads(line)

        def contestants(name: str) -> list[Contestant]:
            return [
                Contestant(
                    one["name"],
                    one["measured"],
                    one["output"],
                    one["first"],
                    lambda at_least, number=number: ask("times", number, at_least),  # type: ignore[misc]
                )
                for number, one in enumerate(ask("prepare", name))
            ]

        yield contestants
        other.stdin.close()


def write_files(nets: Sequence[Net], folder: Path) -> None:
    """Write what the frameworks under Node read."""
    folder.mkdir(parents=True, exist_ok=True)
    write_sources(folder / "bundle.zip")
    (folder / "shapes.json").write_text(json.dumps({net.name: net.x for net in nets}))
    for net in nets:
        write_onnx(net, folder / f"{net.name}.onnx")
        write_batch(net, folder / f"{net.name}.bin")
        if net.name in TENSORFLOW:
            write_tensorflow(net, folder / f"{net.name}.tf.json")


def has_torch(python: str) -> bool:
    """Whether a Python has PyTorch."""
    quiet = subprocess.DEVNULL
    return subprocess.run([python, "-c", "import torch"], stderr=quiet, check=False).returncode == 0


# ------------------------------------------------------------------------------------------------- the tables


def bench(net: Net, contestants: list[Contestant], by_cpu: bool) -> None:
    """Check the contestants, measure them in turn and print the table of the net."""
    apart = {measured: check(contestants, measured) for measured in ("training", "reading")}
    for number in range(ROUNDS):
        for one in contestants:
            if number == 0 or one.first < SLOW:
                found = one.measure(AT_LEAST)
                one.times += found["times"]
                one.cpu.append(found["cpu"])
    speeds: dict[str, dict[str, float]] = {}
    for one in contestants:
        if not (by_cpu and "threads" in one.name):
            seconds = median(one.cpu if by_cpu else one.times)
            speeds.setdefault(one.name, {})[one.measured] = net.x[0] / seconds
    shown = [measured for measured in apart if any(measured in row for row in speeds.values())]
    print(f"\n{net.name}, batch {' x '.join(map(str, net.x))}")
    print(f"    {'':30}" + "".join(f"{measured:>12} of PyTorch" for measured in shown))
    torch = next((row for name, row in speeds.items() if name.startswith(PYTORCH)), {})
    for name, row in speeds.items():
        cells = [cell(row.get(measured), torch.get(measured)) for measured in shown]
        print(f"    {name:30}" + "".join(cells))
    for measured, wanted in zip(("training", "reading"), net.wanted, strict=True):
        if measured in shown:
            print(f"    {verdict(measured, wanted, speeds, torch)}")
    print(f"    outputs are within {max(apart.values()):.0e} of each other", flush=True)


def cell(speed: float | None, torch: float | None) -> str:
    """Samples/s, and as a share of PyTorch's."""
    if not speed:
        return " " * 23
    share = f"{speed / torch:.2f}" if torch else ""
    return f"{speed:12,.{0 if speed > 100 else 1}f}{share:>11}"


def verdict(
    measured: str, wanted: float, speeds: dict[str, dict[str, float]], torch: dict[str, float]
) -> str:
    """Ours beside what is wanted of it."""
    best = FUSED if FUSED in speeds else OURS
    ours = speeds[best][measured]
    parts = []
    if torch:
        parts.append(f"{ours / torch[measured]:.2f} of PyTorch (wanted: {wanted})")
    for name, row in speeds.items():
        if name.startswith((ONNX, DEZERO)) and measured in row:
            parts.append(f"{ours / row[measured]:.2f} x {name}")
    return f"{measured}: {', '.join(parts)}"


def check(contestants: list[Contestant], measured: str) -> float:
    """How far the outputs are from PyTorch's, or else the first contestant's, as a share of the largest.

    Raises:
        SystemExit: one is too far.
    """
    those = [one for one in contestants if one.measured == measured]
    if not those:
        return 0
    right = next((one for one in those if one.name.startswith(PYTORCH)), those[0])
    y = np.array(right.output)
    most = 0.0
    for one in those:
        apart = float(np.abs(np.array(one.output) - y).max() / np.abs(y).max())
        if not apart < TOLERANCE:
            raise SystemExit(
                f"{one.name} computes another net: in {measured} it is {apart:.1e} off {right.name}"
            )
        most = max(most, apart)
    return most


def main(folder: Path, node: str, arguments: list[str]) -> None:
    """Measure the nets, one after the other."""
    nets = find([name for name in arguments if name != CPU])
    write_files(nets, folder)
    torch = os.environ.get("PYCONVLITE_TORCH", sys.executable)
    with contextlib.ExitStack() as stack:
        makers = [stack.enter_context(process(node, HERE / "nets.mjs", folder, PYODIDE, wheel()))]
        if has_torch(torch):
            makers.append(stack.enter_context(process(torch, HERE / "nets_torch.py")))
        else:
            print(f"{torch} has no PyTorch; PYCONVLITE_TORCH can name a Python that has it")
        by = "the processor's time" if CPU in arguments else "the clock"
        print(f"samples/s by {by}: medians of {ROUNDS} rounds in turn; one thread if no other number stands")
        for net in nets:
            bench(net, [one for make in makers for one in make(net.name)], CPU in arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
