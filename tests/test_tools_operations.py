"""docs/operations.md, the table of all operations, and the tool that writes it."""

import pytest

tool = pytest.importorskip("tools.operations", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


def test_every_operation_has_a_pytorch_entry():
    wrong = tool.missing()
    assert not wrong, "; ".join(wrong)


def test_page_is_up_to_date():
    current = tool.PAGE.read_text("utf-8")
    assert current == tool.page(), "run python -m tools.operations, and commit docs/operations.md"


def test_missing_entries_are_named(monkeypatch):
    monkeypatch.delitem(tool.PYTORCH, "relu")
    monkeypatch.setitem(tool.PYTORCH, "selu", "F.selu")
    assert tool.missing() == [
        'add "relu": its name in PyTorch, or "", to PYTORCH in tools/operations.py',
        'remove "selu" from PYTORCH in tools/operations.py',
    ]
    assert tool.main() == 1


def row(name):
    (line,) = [line for line in tool.page().splitlines() if line.startswith(f"| `{name}`")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


@pytest.mark.parametrize(
    ("name", "step", "pytorch", "backends", "orders"),
    [
        ("conv2d", "57", "`F.conv2d`", "NumPy, SIMD, WebGPU", "any"),
        ("conv2d_relu", "", "", "NumPy, SIMD, WebGPU", "any"),  # as its base class
        ("where", "", "`where`", "NumPy, SIMD, WebGPU", "any"),
        ("gelu", "", "`F.gelu`", "NumPy, SIMD, WebGPU", "any"),  # composed of others
        ("linear", "43", "`F.linear`", "NumPy, SIMD, WebGPU", "any"),
        ("accuracy", "51", "", "NumPy, WebGPU", "-"),
        ("upsample", "", "`F.interpolate`", "NumPy, WebGPU", "any"),
    ],
)
def test_rows(name, step, pytorch, backends, orders):
    assert row(name)[2:] == [step, pytorch, backends, orders]


def test_operators_of_onnx_are_listed():
    _, operators = tool.page().split("## ONNX\n")
    assert "`Conv`," in operators
    assert "`Conv+Relu`" not in operators  # an operator of fused models


def test_aliases_are_in_the_row_of_their_function():
    assert row("mean")[0] == "`mean`, `average`"
