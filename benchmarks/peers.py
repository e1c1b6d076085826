"""A table of the small CNN's speed: ours inside Pyodide, in Node and in Chromium, beside other frameworks.

Usage: peers.py FOLDER NODE: FOLDER is for what the frameworks read. All get the same weights and the same
batch, must answer the same, and are measured in turn: each for a moment, then all once more. Chromium is the
program that the environment variable PYCONVLITE_CHROMIUM names.
"""

import contextlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from dezero_peer import FOLDER as PACKAGES
from measure import in_turn, seconds
from net import BATCH, Arrays, make_net

HERE = Path(__file__).parent
ROOT = HERE.parent
PYODIDE = ROOT / "dist" / "pyodide-base"
TOLERANCE = 1e-3  # of outputs of about 1
OURS = "pyconvlite"
INSIDE_PYODIDE = OURS, "its NumPy kernels", "DeZero"
WANTED = {"DeZero": 25, "ConvNetJS": 20, "PyTorch": 0.4, "TensorFlow.js": 1.2, "ONNX": 1.2}  # ours to theirs


def wheel() -> Path:
    """The one that ./build.sh wheel has built."""
    return next((ROOT / "dist").glob("pyconvlite-*.whl"))


# --------------------------------------------------------------------------------------- what frameworks read


def write_json(net: Arrays, path: Path) -> None:
    """Write the batch and the weights for JavaScript: channels last, output channels first."""
    W = {name: net[f"{name}/W"].transpose(0, 2, 3, 1) for name in ("conv1", "conv2")}
    W["fc"] = net["fc/W"].reshape(32, 7 * 7, 10).transpose(2, 1, 0).reshape(10, 7 * 7 * 32)
    arrays = {
        "x": net["x"].transpose(0, 2, 3, 1).tolist(),
        "W": {name: w.tolist() for name, w in W.items()},
        "b": {name: net[f"{name}/b"].tolist() for name in W},
    }
    path.write_text(json.dumps(arrays))


def write_onnx(net: Arrays, path: Path) -> None:
    """Write the net as an ONNX model from x to y."""
    sys.path.append(str(PACKAGES))
    from onnx import TensorProto, checker, helper, numpy_helper, save

    float32 = TensorProto.FLOAT
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "conv1/W", "conv1/b"], ["h1"], pads=[2, 2, 2, 2]),
        node("Relu", ["h1"], ["h2"]),
        node("MaxPool", ["h2"], ["h3"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["h3", "conv2/W", "conv2/b"], ["h4"], pads=[2, 2, 2, 2]),
        node("Relu", ["h4"], ["h5"]),
        node("MaxPool", ["h5"], ["h6"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["h6"], ["h7"]),
        node("Gemm", ["h7", "fc/W", "fc/b"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small CNN",
        [helper.make_tensor_value_info("x", float32, net["x"].shape)],
        [helper.make_tensor_value_info("y", float32, net["y"].shape)],
        [numpy_helper.from_array(array, name) for name, array in net.items() if "/" in name],
    )
    # Not the newest of either, which runtimes learn later.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(model)
    save(model, path)


def write_bundle(net: Arrays, path: Path) -> None:
    """Write a zip file of what Python inside Pyodide needs: the net, the bench, and DeZero."""
    np.savez(path.with_name("net.npz"), **net)
    write_sources(path)
    with zipfile.ZipFile(path, "a") as bundle:
        bundle.write(path.with_name("net.npz"), "net.npz")


def write_sources(path: Path) -> None:
    """Write a zip file of the bench and DeZero."""
    with zipfile.ZipFile(path, "w") as bundle:
        for source in (*HERE.glob("*.py"), *(PACKAGES / "dezero").rglob("*.py")):
            bundle.write(source, source.relative_to(ROOT))


# --------------------------------------------------------------------------------------- where frameworks run


@dataclass
class Contestant:
    """A framework that trains, or computes, the small CNN on one batch.

    Attributes:
        name: what the table calls it.
        place: where it runs inside Pyodide; None for others.
        measured: "training" or "forward".
        output: for the batch.
        seconds: measures: the median time of one batch.
    """

    name: str
    place: str | None
    measured: str
    output: Any
    seconds: Callable[[], float]


@contextlib.contextmanager
def under_node(folder: Path, node: str) -> Iterator[list[Contestant]]:
    """Those of peers.mjs."""
    command = [node, HERE / "peers.mjs", folder, PYODIDE, wheel()]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:

        def answer() -> Any:
            line = process.stdout.readline()
            if not line:
                raise SystemExit("peers.mjs has broken off")
            return json.loads(line)

        def ask(number: int) -> float:
            process.stdin.write(f"{number}\n")
            return float(answer())

        yield placed("Node", answer(), ask)


@contextlib.contextmanager
def in_chromium(folder: Path, chromium: str | None) -> Iterator[list[Contestant]]:
    """Those inside Pyodide in an empty page; none without a browser."""
    if not chromium:
        yield []
        return
    from playwright.sync_api import Route, sync_playwright

    def serve(route: Route) -> None:
        file = ROOT / urlsplit(route.request.url).path.removeprefix("/")
        if file.is_file():
            route.fulfill(path=file)
        else:
            route.fulfill(body="", content_type="text/html")

    files = HERE / "pyodide_peers.mjs", PYODIDE / "pyodide.mjs", wheel(), folder.absolute() / "bundle.zip"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no sandbox
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto("http://localhost/")
        described = page.evaluate(START, [f"/{file.relative_to(ROOT)}" for file in files])
        yield placed("Chromium", described, lambda number: page.evaluate("i => all[i].seconds()", number))
        browser.close()


START = """async ([module, pyodide, wheel, bundle]) => {
  const { pyodidePeers } = await import(module);
  const read = async (url) => (await fetch(url)).arrayBuffer();
  globalThis.all = await pyodidePeers(new URL(pyodide, location).href, await read(wheel), await read(bundle));
  return all.map(({ name, measured, output }) => ({ name, measured, output }));
}"""


def placed(place: str, described: list[dict[str, Any]], measure: Callable[[int], float]) -> list[Contestant]:
    """The contestants that another process has described, in its order."""
    return [
        Contestant(
            one["name"],
            place if one["name"] in INSIDE_PYODIDE else None,
            one["measured"],
            one["output"],
            partial(measure, number),
        )
        for number, one in enumerate(described)
    ]


def pytorch(net: Arrays) -> list[Contestant]:
    """Training in PyTorch; none where it is not installed: the bench does not install it."""
    try:
        import torch
    except ImportError:
        return []
    torch.set_num_threads(1)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )
    for index, name in ((0, "conv1"), (3, "conv2"), (7, "fc")):
        W = net[f"{name}/W"]
        model[index].weight.data = torch.from_numpy(W.T.copy() if name == "fc" else W)
        model[index].bias.data = torch.from_numpy(net[f"{name}/b"])
    x, t = torch.from_numpy(net["x"]), torch.from_numpy(net["t"])
    with torch.no_grad():
        output = model(x).numpy()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), t).backward()
        optimizer.step()

    return [Contestant(f"PyTorch {torch.__version__}", None, "training", output, lambda: seconds(step))]


# -------------------------------------------------------------------------------------------------- the table


def main(folder: Path, node: str) -> None:
    """Measure all in turn and print the table."""
    folder.mkdir(parents=True, exist_ok=True)
    net = make_net()
    write_json(net, folder / "net.json")
    write_onnx(net, folder / "net.onnx")
    write_bundle(net, folder / "bundle.zip")
    chromium = os.environ.get("PYCONVLITE_CHROMIUM")
    with under_node(folder, node) as in_node, in_chromium(folder, chromium) as in_page:
        contestants = in_node + in_page + pytorch(net)
        apart = max(difference(one, net["y"]) for one in contestants)
        times = in_turn([one.seconds for one in contestants])
    speeds = [(one, BATCH / t) for one, t in zip(contestants, times, strict=True)]
    print(f"small CNN, batch {BATCH}, one thread: samples/s, and how many times a peer's ours are")
    for measured in ("training", "forward"):
        print_table(measured, [(one, speed) for one, speed in speeds if one.measured == measured])
    print(f"    all outputs are within {apart:.0e} of NumPy's on CPython")
    if not any(one.name.startswith("PyTorch") for one in contestants):
        print("    PyTorch is not installed")
    if not chromium:
        print("    no Chromium was named")


def print_table(measured: str, speeds: list[tuple[Contestant, float]]) -> None:
    """Ours in each place, then the peers, each beside ours in the same Pyodide or in all of them."""
    ours = {one.place: speed for one, speed in speeds if one.name == OURS}
    print(f"    {measured:34}{'':9}" + "".join(f"{f'in {place}':>14}" for place in ours) + f"{'wanted':>10}")
    for one, speed in speeds:
        label = f"{one.name}, in {one.place}" if one.place else one.name
        ratios = [
            f"{ours[place] / speed:12.2f} x" if one.name != OURS and one.place in (None, place) else " " * 14
            for place in ours
        ]
        target = next((at_least for name, at_least in WANTED.items() if one.name.startswith(name)), "")
        print(f"        {label:30}{speed:9.0f}{''.join(ratios)}{target and f'>= {target}':>10}")


def difference(one: Contestant, y: Any) -> float:
    """How far a contestant's output is from NumPy's at most; an end with an error where that is too far."""
    apart = float(np.abs(np.reshape(one.output, y.shape) - y).max())
    if not apart < TOLERANCE:
        raise SystemExit(f"{one.name} computes another net: its output is {apart:.1e} from ours")
    return apart


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
