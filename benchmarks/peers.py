"""A table of the small CNN's speed: ours inside Pyodide beside frameworks of JavaScript and PyTorch.

Usage: peers.py FOLDER NODE, after net.py has written net.npz there. All get the same weights and the same
batch, and must answer the same.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from dezero_peer import FOLDER as PACKAGES
from measure import seconds

HERE = Path(__file__).parent
TOLERANCE = 1e-3  # of outputs of about 1
Arrays = dict[str, Any]


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


def javascript(folder: Path, node: str) -> list[dict[str, Any]]:
    """What peers.mjs measured, each with its package's version."""
    subprocess.run([node, HERE / "peers.mjs", folder], check=True)
    versions = json.loads((HERE / "package.json").read_text())["dependencies"]
    results = json.loads((folder / "peers.json").read_text())
    return [result | {"name": f"{result['name']} {versions[result['package']]}"} for result in results]


def pytorch(net: Arrays) -> dict[str, Any] | None:
    """Training in PyTorch, or None where it is not installed; the bench does not install it."""
    try:
        import torch
    except ImportError:
        return None
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
    x, t = torch.from_numpy(net["x"]), torch.arange(len(net["x"])) % 10
    with torch.no_grad():
        output = model(x).numpy()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), t).backward()
        optimizer.step()

    return {
        "name": f"PyTorch {torch.__version__}",
        "measured": "training",
        "speed": len(x) / seconds(step, 3),
        "output": output,
    }


def main(folder: Path, node: str) -> None:
    """Measure the peers one after the other and print the table."""
    with np.load(folder / "net.npz") as npz:
        net = dict(npz)
    write_json(net, folder / "net.json")
    write_onnx(net, folder / "net.onnx")
    torch = pytorch(net)
    peers = javascript(folder, node) + ([torch] if torch else [])
    print(f"small CNN, batch {len(net['x'])}, one thread; samples/s and how many times a peer's ours are")
    for measured in ("training", "forward"):
        ours = float(net[measured])
        print(f"    {measured}\n        {'pyconvlite in Pyodide':28}{ours:8.0f}")
        for peer in peers:
            if peer["measured"] == measured:
                print(f"        {peer['name']:28}{peer['speed']:8.0f}{ours / peer['speed']:8.2f} x", end="")
                print(f"   outputs differ by {difference(peer, net):.0e} at most")
        if measured == "training" and not torch:
            print("        PyTorch is not installed")


def difference(peer: dict[str, Any], net: Arrays) -> float:
    """How far the peer's output is from ours at most; an end with an error where that is too far."""
    apart = float(np.abs(np.reshape(peer["output"], net["y"].shape) - net["y"]).max())
    if not apart < TOLERANCE:
        raise SystemExit(f"{peer['name']} computes another net: its output is {apart:.1e} from ours")
    return apart


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
