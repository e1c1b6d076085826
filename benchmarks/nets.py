"""Tables of the nets' speed in training and in inference: ours inside Pyodide beside other frameworks.

Usage: nets.py FOLDER NODE [--cpu] [NET...]: FOLDER is for what the frameworks read; NETs are names of
nets_table.py, all by default. Every framework makes its model from the same table, with the same weights and
the same batch, and must give the same outputs, and in training the same losses of two steps. Then all are
measured in turn. PyTorch runs in the Python that the environment variable PYCONVLITE_TORCH names, by default
in this one. What runs inside Pyodide does so also in the Chromium that PYCONVLITE_CHROMIUM names, if any.
`--cpu` takes the processor's time instead of the clock's, for a machine that has more to do; of several
threads, and of Chromium, it says nothing.
"""

import contextlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from dezero_peer import FOLDER as PACKAGES
from nets_onnx import tensorflow_model, write_onnx
from nets_table import Net, batch, find

HERE = Path(__file__).parent
ROOT = HERE.parent
PYODIDE = ROOT / "dist" / "pyodide-base"
TOLERANCE = 1e-3  # of the largest output
ROUNDS = 5
AT_LEAST = 0.2  # seconds of one contestant in one round
SLOW = 1.5  # seconds: what takes longer is measured in one round
CPU = "--cpu"
TENSORFLOW = "small-cnn", "mobilenet"  # TensorFlow.js reads them too
FUSED = "pyconvlite SIMD, fused"  # as nets_models.py names it
OURS, PYTORCH = "pyconvlite SIMD", "PyTorch"
IN_CHROMIUM = ", Chromium"
PEERS = "DeZero", "ConvNetJS", "TensorFlow.js", "ONNX Runtime Web"
# With the small CNN: how many times a peer's speed is wanted.
WANTED = {
    ("training", "DeZero"): 25,
    ("training", "ConvNetJS"): 20,
    ("inference", "TensorFlow.js"): 1.2,
    ("inference", "ONNX Runtime Web"): 1.2,
}
Ask = Callable[[list[str | float]], Any]
Makers = Callable[[str], list["Contestant"]]


@dataclass
class Contestant:
    """A framework that trains a net, or reads with it, in another process.

    Attributes:
        name: for the table.
        measured: "training" or "inference".
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


def contestants(ask: Ask, name: str, place: str = "") -> list[Contestant]:
    """The contestants of a net in a program that answers the questions of answers.py."""
    return [
        Contestant(
            one["name"] + place,
            one["measured"],
            one["output"],
            one["first"],
            lambda at_least, number=number: ask(["times", number, at_least]),  # type: ignore[misc]
        )
        for number, one in enumerate(ask(["prepare", name]))
    ]


@contextlib.contextmanager
def process(*command: str | Path) -> Iterator[Makers]:
    """Yield what makes the contestants of a net in another process."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as other:
        questions, answers = other.stdin, other.stdout
        assert questions is not None
        assert answers is not None

        def ask(question: list[str | float]) -> Any:
            questions.write(json.dumps(question) + "\n")
            line = answers.readline()
            if not line:
                raise SystemExit(f"{command[1]} has broken off")
            return json.loads(line)

        yield lambda name: contestants(ask, name)
        questions.close()


@contextlib.contextmanager
def chromium(executable: str, bundle: Path) -> Iterator[Makers]:
    """Yield what makes those inside Pyodide in an empty page."""
    from playwright.sync_api import Route, sync_playwright

    def serve(route: Route) -> None:
        file = ROOT / urlsplit(route.request.url).path.removeprefix("/")
        if file.is_file():
            route.fulfill(path=file)
        else:
            route.fulfill(body="", content_type="text/html")

    files = HERE / "pyodide_peers.mjs", PYODIDE / "pyodide.mjs", wheel(), bundle.absolute()
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no sandbox
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto("http://localhost/")
        page.evaluate(START, [f"/{file.relative_to(ROOT)}" for file in files])

        def ask(question: list[str | float]) -> Any:
            return json.loads(page.evaluate("question => python(question)", json.dumps(question)))

        yield lambda name: contestants(ask, name, IN_CHROMIUM)
        browser.close()


START = """async ([module, pyodide, wheel, bundle]) => {
  const { startAnswers } = await import(module);
  const read = async (url) => (await fetch(url)).arrayBuffer();
  const url = new URL(pyodide, location).href;
  globalThis.python = await startAnswers(url, await read(wheel), await read(bundle));
}"""


def wheel() -> Path:
    """The one that ./build.sh wheel has built."""
    return next((ROOT / "dist").glob("pyconvlite-*.whl"))


def write_files(nets: Sequence[Net], folder: Path) -> None:
    """Write what the frameworks read that are not Python's, and a zip file of the bench and DeZero."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "bundle.zip", "w") as bundle:
        for source in (*HERE.glob("*.py"), *(PACKAGES / "dezero").rglob("*.py")):
            bundle.write(source, source.relative_to(ROOT))
    (folder / "nets.json").write_text(json.dumps({net.name: {"x": net.x, "lr": net.lr} for net in nets}))
    for net in nets:
        write_onnx(net, folder / f"{net.name}.onnx")
        (folder / f"{net.name}.bin").write_bytes(batch(net)[0].tobytes())
        if net.name in TENSORFLOW:
            operations, numbers = tensorflow_model(net)
            (folder / f"{net.name}.tf.json").write_text(operations)
            (folder / f"{net.name}.tf.bin").write_bytes(numbers)


def has_torch(python: str) -> bool:
    """Whether a Python has PyTorch."""
    quiet = subprocess.DEVNULL
    return subprocess.run([python, "-c", "import torch"], stderr=quiet, check=False).returncode == 0


# ------------------------------------------------------------------------------------------------- the tables


def bench(net: Net, contestants: list[Contestant], by_cpu: bool) -> None:
    """Check the contestants, measure them in turn and print the table of the net."""
    apart = {measured: check(contestants, measured) for measured in ("training", "inference")}
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
    for measured, wanted in zip(("training", "inference"), net.wanted, strict=True):
        if measured in shown:
            print(f"    {verdict(net, measured, wanted, speeds, torch)}")
    print(f"    outputs are within {max(apart.values()):.0e} of each other", flush=True)


def cell(speed: float | None, torch: float | None) -> str:
    """Samples/s, and as a share of PyTorch's."""
    if not speed:
        return " " * 23
    share = f"{speed / torch:.2f}" if torch else ""
    return f"{speed:12,.{0 if speed > 100 else 1}f}{share:>11}"


def verdict(
    net: Net, measured: str, wanted: float, speeds: dict[str, dict[str, float]], torch: dict[str, float]
) -> str:
    """Ours beside what is wanted of it; beside DeZero, ours in the same place."""
    best = speeds[FUSED if FUSED in speeds else OURS][measured]
    parts = [f"{best / torch[measured]:.2f} of PyTorch (wanted: {wanted})"] if torch else []
    for name, row in speeds.items():
        peer = next((peer for peer in PEERS if name.startswith(peer)), None)
        if peer and measured in row:
            ours = speeds[OURS + IN_CHROMIUM][measured] if name.endswith(IN_CHROMIUM) else best
            times = WANTED.get((measured, peer)) if net.name == "small-cnn" else None
            parts.append(f"{ours / row[measured]:.2f} x {name}" + (f" (wanted: {times})" if times else ""))
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
        browser = os.environ.get("PYCONVLITE_CHROMIUM")
        if browser and CPU not in arguments:
            makers.append(stack.enter_context(chromium(browser, folder / "bundle.zip")))
        by = "the processor's time" if CPU in arguments else "the clock"
        print(f"samples/s by {by}: medians of {ROUNDS} rounds in turn; one thread if no other number stands")
        for net in nets:
            bench(net, [one for make in makers for one in make(net.name)], CPU in arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
