"""Completion of names in the editor."""

from __future__ import annotations

import numpy as np
import pytest

import pyconvlite
import pyconvlite.functions as F
from pyconvlite.models import LeNet
from tab import names


def offered(code: str, **variables: object) -> dict[str, dict[str, str]]:
    """The completions at the mark | in the code, by name."""
    return {
        entry["label"]: entry
        for entry in names.complete(code.replace("|", ""), code.index("|"), dict(variables))
    }


def test_module_alias() -> None:
    found = offered("import pyconvlite.functions as F\ny = F.re|")
    assert set(found) == set(F.__all__)
    relu = found["relu"]
    assert (relu["type"], relu["detail"]) == ("function", "(x)")
    assert relu["info"].startswith(F.relu.__doc__.split("\n")[0])


@pytest.mark.parametrize(
    ("code", "some"),
    [
        ("from pyconvlite.optimizers import Ad|", {"Adam", "SGD"}),
        ("from pyconvlite.optimizers import SGD, Ad|", {"Adam", "SGD"}),
        (
            "from pyconvlite.optimizers import (\n    SGD,\n    Ad|",
            set(pyconvlite.__all__),
        ),  # one line is read
        ("import pyconvlite.mod|", {"models", "layers"}),
        ("import |", {"pyconvlite", "numpy", "matplotlib", "PIL"}),
        ("import numpy as np\nnp.lina|", {"linalg", "zeros"}),
        ("Par|", {"Parameter", "Variable"}),
        ("from pyconvlite.models import LeNet\nnet = LeNet()\nnet.|", {"save_weights", "params"}),
        ("def f(:\nimport pyconvlite.layers as L\nL.|", {"Conv2d"}),  # not finished
    ],
)
def test_origin_of_names(code: str, some: set[str]) -> None:
    assert some <= set(offered(code))


@pytest.mark.parametrize(
    "code",
    [
        "unknown.|",
        "import torch\ntorch.|",
        "(1).|",
        "f().|",
        "f().x.|",
        "x[0].y.|",
        "'text'.|",
        "x = '\0'\nx.|",
        "a..|",
    ],
)
def test_unknown_names(code: str) -> None:
    assert offered(code) == {}


def test_variables_of_the_last_run() -> None:
    found = offered("net.|", net=LeNet())
    assert found["save_weights"]["type"] == "function"
    assert not any(name.startswith("_") for name in found)
    assert "shape" in offered("x.|", x=np.zeros(2))


def test_properties_are_not_evaluated() -> None:
    class Trap:
        @property
        def value(self) -> None:
            raise AssertionError("it was run")

    found = offered("trap.|", trap=Trap())
    assert found["value"]["type"] == "property"
    assert offered("trap.value.|", trap=Trap()) == {}


def test_long_names_are_omitted() -> None:
    class Odd:
        def call(self, x: str = "x" * 10_000) -> None: ...

    Odd.call.__doc__ = "y" * 10_000
    setattr(Odd, "z" * 10_000, 1)
    found = offered("odd.|", odd=Odd())
    assert found.keys() == {"call"}
    assert len(found["call"]["detail"]) == len(found["call"]["info"]) == names.MOST_LETTERS
    for i in range(names.MOST_NAMES + 1):
        setattr(Odd, f"n{i}", i)
    assert len(offered("odd.|", odd=Odd())) == names.MOST_NAMES
