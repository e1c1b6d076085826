"""Write docs/operations.md, the table of all operations of pyconvlite.functions, and ONNX's operators.

Usage: python -m tools.operations

A row is derived from the code: what the operation computes, its step of the book and whether it has a
gradient from the docstring, the backends from the kernels that it calls and from `tests/gpu/`. Only the name
in PyTorch is listed here, in `PYTORCH`: a new operation needs a line there.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections import defaultdict
from pathlib import Path
from types import FunctionType
from typing import NamedTuple

import pyconvlite.functions as F
from pyconvlite._traced.operators._table import TABLE
from pyconvlite.backends.simd import objects

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/operations.md"

# By operation: its name below `torch.`, with `F.` for `nn.functional.`, or "" if it has none.
PYTORCH = {
    "abs": "abs",
    "accuracy": "",
    "adaptive_average_pooling": "F.adaptive_avg_pool2d",
    "adaptive_max_pooling": "F.adaptive_max_pool2d",
    "add": "add",
    "average_pooling": "F.avg_pool2d",
    "batch_norm": "F.batch_norm",
    "binary_cross_entropy": "F.binary_cross_entropy",
    "broadcast_to": "broadcast_to",
    "cast": "Tensor.to",
    "clip": "clamp",
    "col2im": "F.fold",
    "col2im_array": "",
    "concat": "cat",
    "conv1d": "F.conv1d",
    "conv2d": "F.conv2d",
    "conv2d_relu": "",
    "conv2d_simple": "",
    "cos": "cos",
    "cumsum": "cumsum",
    "deconv2d": "F.conv_transpose2d",
    "div": "div",
    "dropout": "F.dropout",
    "dropout2d": "F.dropout2d",
    "einsum": "einsum",
    "elu": "F.elu",
    "embed_id": "F.embedding",
    "erf": "erf",
    "exp": "exp",
    "expand_dims": "unsqueeze",
    "flatten": "flatten",
    "flip": "flip",
    "gather": "gather",
    "gelu": "F.gelu",
    "get_item": "Tensor.__getitem__",
    "global_average_pooling": "F.adaptive_avg_pool2d",
    "global_max_pooling": "F.adaptive_max_pool2d",
    "group_norm": "F.group_norm",
    "gru": "nn.GRU",
    "hardsigmoid": "F.hardsigmoid",
    "hardswish": "F.hardswish",
    "huber_loss": "F.huber_loss",
    "im2col": "F.unfold",
    "im2col_array": "",
    "instance_norm": "F.instance_norm",
    "interpolate": "F.interpolate",
    "kl_div": "F.kl_div",
    "l1_loss": "F.l1_loss",
    "layer_norm": "F.layer_norm",
    "leaky_relu": "F.leaky_relu",
    "linear": "F.linear",
    "linear_simple": "",
    "log": "log",
    "log1p": "log1p",
    "log_softmax": "F.log_softmax",
    "logsumexp": "logsumexp",
    "lstm": "nn.LSTM",
    "matmul": "matmul",
    "max": "amax",
    "maximum": "maximum",
    "mean": "mean",
    "mean_squared_error": "F.mse_loss",
    "mean_squared_error_simple": "",
    "min": "amin",
    "minimum": "minimum",
    "mul": "mul",
    "neg": "neg",
    "nll_loss": "F.nll_loss",
    "one_hot": "F.one_hot",
    "pad": "F.pad",
    "pixel_shuffle": "F.pixel_shuffle",
    "pooling": "F.max_pool2d",
    "pooling_simple": "",
    "pow": "pow",
    "prelu": "F.prelu",
    "prod": "prod",
    "rdiv": "",
    "relu": "F.relu",
    "reshape": "reshape",
    "rsub": "rsub",
    "sigmoid": "sigmoid",
    "sigmoid_cross_entropy": "F.binary_cross_entropy_with_logits",
    "sigmoid_simple": "",
    "silu": "F.silu",
    "sin": "sin",
    "softmax": "F.softmax",
    "softmax_cross_entropy": "F.cross_entropy",
    "softmax_cross_entropy_simple": "",
    "softmax_simple": "",
    "softplus": "F.softplus",
    "split": "tensor_split",
    "sqrt": "sqrt",
    "squeeze": "squeeze",
    "stack": "stack",
    "std": "std",
    "sub": "sub",
    "sum": "sum",
    "sum_to": "Tensor.sum_to_size",
    "tanh": "tanh",
    "tile": "tile",
    "transpose": "permute",
    "upsample": "F.interpolate",
    "var": "var",
    "where": "where",
}

HEAD = """# Operations

The {count} functions of `pyconvlite.functions`, by family. `python -m tools.operations` writes this page from
the code.

- step: of the book "Deep Learning from Scratch 3".
- PyTorch: the nearest function, below `torch.`; `F.` stands for `nn.functional.`. Arguments and defaults may
  differ, see the docstrings.
- backends: NumPy computes all of them; SIMD where WebAssembly SIMD kernels compute the result or a part of
  it; WebGPU where the tests run it on a device.
- orders: of differentiation; "-" for what has no gradient.
"""

ONNX = """
## ONNX

The operators that `pyconvlite.onnx.load` reads, besides `If` with a constant condition. The error for another
one, or for a setting that is not supported, names the node.

{operators}.
"""


def operations() -> dict[str, FunctionType]:
    """The public operations by name, without aliases."""
    found = {name: f for name in F.__all__ if isinstance(f := getattr(F, name), FunctionType)}
    return {name: f for name, f in found.items() if f.__name__ == name}


def aliases(f: FunctionType) -> list[str]:
    """All names of an operation, its own first."""
    others = [name for name in F.__all__ if getattr(F, name) is f and name != f.__name__]
    return [f.__name__, *others]


def missing() -> list[str]:
    """Messages about names that must be added to `PYTORCH` or removed from it."""
    found = operations()
    wrong = [
        f'add "{name}": its name in PyTorch, or "", to PYTORCH in tools/operations.py'
        for name in found.keys() - PYTORCH.keys()
    ]
    wrong += [
        f'remove "{name}" from PYTORCH in tools/operations.py' for name in PYTORCH.keys() - found.keys()
    ]
    return sorted(wrong)


class Fact(NamedTuple):
    """Facts about an operation, derived from the code.

    Attributes:
        f: its public function.
        pytorch: the nearest one below `torch.`, "" if there is none.
        backends: of NumPy, SIMD, WebGPU.
        orders: "any" order of differentiation, or "-".
    """

    f: FunctionType
    pytorch: str
    backends: tuple[str, ...]
    orders: str


def facts() -> dict[str, Fact]:
    """The facts about each operation, by its name."""
    served, on_device = _served(), _on_device()
    found = {}
    for name, f in operations().items():
        has = {"NumPy": True, "SIMD": name in served, "WebGPU": name in on_device}
        found[name] = Fact(f, PYTORCH[name], tuple(backend for backend in has if has[backend]), _orders(f))
    return found


def page() -> str:
    """The text of docs/operations.md."""
    families: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts().values():
        families[fact.f.__module__].append(fact)
    text = HEAD.format(count=len(operations()))
    for module, members in sorted(families.items()):
        title = (sys.modules[module].__doc__ or "").partition("\n")[0]
        text += f"\n## {module.rpartition('.')[2]}\n\n{title}\n\n"
        text += "| operation | what it computes | step | PyTorch | backends | orders |\n"
        text += "|---|---|---|---|---|---|\n"
        for f, pytorch, backends, orders in sorted(members, key=lambda fact: fact.f.__name__):
            names = ", ".join(f"`{name}`" for name in aliases(f))
            cells = [names, _summary(f), _step(f), _code(pytorch), ", ".join(backends), orders]
            text += f"| {' | '.join(cells)} |\n"
    known = ", ".join(f"`{name}`" for name in sorted(TABLE) if "+" not in name)  # with it, of fused models
    return text + ONNX.format(operators=textwrap.fill(known, 120))


def _summary(f: FunctionType) -> str:
    """The first sentence of the docstring, without the step."""
    first = (inspect.getdoc(f) or "").split("\n\n")[0].replace("\n", " ")
    sentence = re.split(r"(?<=[.)])\s(?=[A-Z`])|; ", first)[0]
    return re.sub(r"\s*\(book steps? [^)]*\)", "", sentence).rstrip(".").replace("|", "\\|")


def _step(f: FunctionType) -> str:
    found = re.search(r"book steps? ([\d, and-]*\d)", inspect.getdoc(f) or "")
    return found[1].replace(" and ", ", ") if found else ""


def _orders(f: FunctionType) -> str:
    return "-" if re.search("it has no gradient|without a graph", f.__doc__ or "") else "any"


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


def _served() -> set[str]:
    """The operations whose result, or a part of it, a kernel of backends/simd/ computes."""
    own = _names_of_imports(ROOT / "pyconvlite/backends/simd/__init__.py", but="numpy") | {*objects.NAMES}
    bodies: dict[str, list[ast.stmt]] = {}
    for path in sorted((ROOT / "pyconvlite/functions").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):  # the call of a Function calls its forward
                methods = [m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "forward"]
                bodies[node.name] = [*methods, *map(ast.Expr, node.bases)]
            elif isinstance(node, ast.FunctionDef):
                bodies[node.name] = node.body
    reached = {name: _reached(statements) for name, statements in bodies.items()}
    served = {name for name, (kernels, _) in reached.items() if kernels & own}
    while more := {name for name, (_, calls) in reached.items() if calls & served} - served:
        served |= more
    return served


def _reached(statements: list[ast.stmt]) -> tuple[set[str], set[str]]:
    """Names of the kernels, and of functions and classes, that statements use."""
    kernels: set[str] = set()
    names: set[str] = set()
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Attribute):
            source = getattr(node.value, "func", node.value)  # kernels(x).name, or k.name
            if getattr(source, "id", "") in ("kernels", "k"):
                kernels.add(node.attr)
        elif isinstance(node, ast.Name):
            names.add(node.id)
    return kernels, names


def _names_of_imports(path: Path, but: str) -> set[str]:
    """Names that a module imports from all modules but one."""
    imports = [n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, ast.ImportFrom)]
    return {alias.name for node in imports if node.module != but for alias in node.names}


def _on_device() -> set[str]:
    """The operations that the tests on a device name, as `F.name` or as a case."""
    tests = "".join(path.read_text("utf-8") for path in sorted((ROOT / "tests/gpu").glob("*.py")))
    return {name for name in operations() if re.search(rf'\bF\.{name}\b|"{name}\b', tests)}


def main() -> int:
    """Write the page, or print what is missing; return the exit status."""
    if wrong := missing():
        print("\n".join(wrong), file=sys.stderr)
        return 1
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
