"""The playground's examples, run on CPython: what they print and show is compared with known results."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from site_words import check_comments

import pyconvlite.graph
import pyconvlite.project
import pyconvlite.utils
from pyconvlite import Variable
from pyconvlite.models import EfficientNetLite0
from tab import showing
from tab.outlet import Outlet

data = pytest.importorskip("tools.mnist", reason="the tools are not in the wheel")
efficientnet = pytest.importorskip("tools.efficientnet", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython  # matplotlib is not inside the Pyodide of the tests

SITE = Path(__file__).parents[1] / "site"
EXAMPLES = {path.stem: path for path in sorted((SITE / "python" / "examples").glob("*.py"))}

DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef


@dataclass
class Run:
    """The results of an example.

    Attributes:
        printed: all its text.
        shown: images, graphs and HTML, as the page gets them.
        names: its variables.
    """

    printed: str
    shown: list[dict[str, Any]]
    names: dict[str, Any]

    def numbers(self, pattern: str) -> list[float]:
        """The numbers that a pattern's group finds in the text."""
        return [float(number) for number in re.findall(pattern, self.printed)]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    # The page's module, which is removed afterwards.
    for module in (pyconvlite.graph, pyconvlite.utils):
        monkeypatch.setattr(module, "plot_dot_graph", module.plot_dot_graph, raising=False)
    monkeypatch.setattr(showing, "_outlet", None)

    def run(name: str, *replaced: tuple[str, str]) -> Run:
        shown: list[Any] = []
        showing.show_in(Outlet(shown.append))
        names: dict[str, Any] = {"__name__": "__main__"}
        source = EXAMPLES[name].read_text("utf-8")
        for old, new in replaced:
            assert source.count(old) == 1
            source = source.replace(old, new)
        code = compile(source, f"{name}.py", "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, names)
        for item in shown:
            if item["kind"] == "image":
                assert item["data"].startswith(b"\x89PNG")
        return Run(printed.getvalue(), shown, names)

    return run


@pytest.fixture(scope="module")
def mnist() -> None:
    """MNIST in the cache."""
    data.files()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pretrained weights as the site has them."""
    folder = tmp_path_factory.mktemp("weights")
    efficientnet.write(folder)
    return folder / efficientnet.NAME


# -------------------------------------------------------------------------------------------- all of them


def test_menu_lists_every_example_in_both_languages() -> None:
    source = (SITE / "src" / "play" / "examples.ts").read_text("utf-8")
    english, japanese = re.findall(r"^  \{\n(.*?)^  \}", source, re.MULTILINE | re.DOTALL)
    for texts in (english, japanese):
        assert sorted(re.findall(r"^    (\w+): \[", texts, re.MULTILINE)) == sorted(EXAMPLES)


def test_every_example_has_a_picture_or_printed_output() -> None:
    folder = SITE / "src" / "play"
    pictures = {path.stem for path in folder.glob("pictures/*.webp")}
    (printed,) = re.findall(
        r"PRINTED.* = \{\n(.*?)^\}", (folder / "examples.ts").read_text("utf-8"), re.M | re.S
    )
    texts = set(re.findall(r"^  (\w+): ", printed, re.M))
    assert pictures == {f"{name}{end}" for name in EXAMPLES.keys() - texts for end in ("", "-dark")}


@pytest.mark.parametrize("name", EXAMPLES)
def test_texts_of_examples_exist_in_both_languages(name: str) -> None:
    source = EXAMPLES[name].read_text("utf-8")
    assert not [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node)
    ]
    assert "# ja: " in source
    check_comments(source)


# --------------------------------------------------------------------------------------------- each of them


def test_chapter_55(run) -> None:
    """The book's figures 55-3, 55-5 and those with a padding and a stride."""
    printed = run("chapter_55").printed
    assert printed.startswith("[[15. 16.]\n [ 6. 15.]]\n[[15. 16.]\n [ 6. 15.]]\n")
    assert re.findall(r"stride (\d), pad (\d): (\d) x \3", printed) == [
        ("1", "0", "2"),
        ("1", "1", "4"),
        ("2", "1", "2"),
    ]
    assert "[[18. 19.]\n [ 9. 18.]]" in printed  # with the bias of 3


def test_chapter_56(run) -> None:
    example = run("chapter_56")
    assert "y      (2, 3, 32, 32)\npooled (2, 3, 8, 8)\n" in example.printed
    full, pooled = example.numbers(r"changes by (\d+)%")
    assert 0 < pooled < 0.7 * full
    y, image = example.names["y"].data[0], example.names["image"]
    np.testing.assert_allclose(y[0, 1:-1, 1:-1], _mean_of_windows(image), atol=1e-6)
    np.testing.assert_allclose(y[1], np.maximum(image[1] - 0.5, 0))  # the green channel, less the bias
    (picture,) = example.shown
    assert picture["alt"].startswith("image; mean; green; edge; ")


def _mean_of_windows(image: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3, 3))
    return windows.mean(axis=(0, 3, 4, 5))


def test_chapter_57(run) -> None:
    example = run("chapter_57")
    assert example.printed.startswith("im2col (4, 18)\n")
    assert "[[1. 2. 2. 1.]\n [2. 4. 4. 2.]\n [2. 4. 4. 2.]\n [1. 2. 2. 1.]]" in example.printed
    assert "[[ 5.  7.]\n  [13. 15.]]" in example.printed
    (graph,) = example.shown
    for function in ("Im2col", "MatMul", "Reshape", "Transpose"):
        assert f'label="{function}"' in graph["dot"]


@pytest.mark.usefixtures("mnist")
def test_chapter_58(run) -> None:
    example = run("chapter_58")
    losses = example.numbers(r"loss ([\d.]+)")
    assert losses[-1] < losses[0] / 3
    (share,) = example.numbers(r"([\d.]+)% of 500 digits are right")
    assert share > 88
    labels = example.names["test"].label
    assert share / 100 == pytest.approx((example.names["read"] == labels).mean(), abs=1e-3)
    digits, curve = example.shown
    assert ", not " in digits["alt"]
    assert curve["kind"] == "image"


@pytest.mark.usefixtures("mnist")
def test_saliency(run) -> None:
    example = run("saliency")
    whole, some, salient = example.numbers(r": (-?[\d.]+)\n")
    assert whole > some > salient
    model, x, saliency = (example.names[name] for name in ("model", "x", "saliency"))
    image, answer = x.data[:1].astype(np.float64), example.names["answers"][0]
    row, column = np.unravel_index(saliency[0, 0].argmax(), (28, 28))
    scores = []
    for step in (0.01, -0.01):
        moved = image.copy()
        moved[0, 0, row, column] += step
        scores.append(model(moved).data[0, answer])
    assert abs(scores[0] - scores[1]) / 0.02 == pytest.approx(saliency[0, 0].max(), rel=0.02)


@pytest.mark.usefixtures("mnist")
def test_autoencoder(run) -> None:
    example = run("autoencoder")
    assert "numbers in an image: 784\nnumbers in a code: 196\n" in example.printed
    losses = example.numbers(r"loss ([\d.]+)")
    assert losses == sorted(losses, reverse=True)
    drawn, unseen = example.names["drawn"], example.names["unseen"]
    assert np.square(drawn - unseen).mean() < 0.15 * np.square(unseen - unseen.mean()).mean()
    assert [item["kind"] for item in example.shown] == ["image"]


def test_user_defined_function(run) -> None:
    example = run("own_function")
    right, mistaken = example.printed.splitlines()
    assert right == "Gaussian: both orders are right"
    assert re.match(r"Mistaken: gradient of inputs\[0\], worst at .* 12 of 12 elements differ", mistaken)
    x, bell = example.names["x"].data, np.exp(-(example.names["x"].data ** 2))
    np.testing.assert_allclose(example.names["gx"].data, -2 * x * bell)
    np.testing.assert_allclose(example.names["ggx"].data, (4 * x**2 - 2) * bell, atol=1e-12)
    assert [item["kind"] for item in example.shown] == ["image"]


LONG = ["gradient_penalty", "grad_cam", "resnet", "unet"]


@pytest.mark.parametrize("name", LONG)
def test_training_programs_have_less_than_60_lines(name: str) -> None:
    assert len(EXAMPLES[name].read_text("utf-8").splitlines()) < 60


def seeded(n: int) -> list[tuple[str, str]]:
    """Code ahead of a program that makes it draw other numbers."""
    return [("pyconvlite.seed(0)", f"pyconvlite.seed({n})"), ("default_rng(0)", f"default_rng({n})")]


def on_less_or_all(*less: tuple[str, str]) -> pytest.MarkDecorator:
    """Run a test on little data, and in the full run on all data with several seeds."""
    runs = [pytest.param(True, list(less), id="less")]
    runs += [pytest.param(False, seeded(n), id=f"seed {n}", marks=pytest.mark.full) for n in range(3)]
    return pytest.mark.parametrize(("untaught", "replaced"), runs)


@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.full), pytest.param(2, marks=pytest.mark.full)]
)
def test_gradient_penalty(run, seed) -> None:
    example = run("gradient_penalty", *seeded(seed))
    x, fake = example.names["x"], example.names["fake"]
    np.testing.assert_allclose(x.mean(axis=0), [2, 1], atol=0.05)
    np.testing.assert_allclose(fake.mean(axis=0), x.mean(axis=0), rtol=0.1)
    np.testing.assert_allclose(fake.std(axis=0), x.std(axis=0), rtol=0.1)
    assert [item["kind"] for item in example.shown] == ["image"]

    slope = np.array([[3.0], [4.0]], dtype=np.float32)  # of length 5, everywhere
    example.names["critic"] = lambda x: pyconvlite.functions.matmul(x, Variable(slope))
    points = np.random.default_rng(1).standard_normal((2, 6, 2)).astype(np.float32)
    assert float(example.names["gradient_penalty"](*points).data) == pytest.approx((5 - 1) ** 2)


# Those that take longer: at each change they train on little data, and learn too little.


@on_less_or_all(("drawn(640), 16", "drawn(32), 16"), ("drawn(100)", "drawn(8)"))
def test_unet(run, untaught, replaced) -> None:
    example = run("unet", *replaced)
    test, found = example.names["test"], example.names["found"]
    printed = example.numbers(r"IoU of a \w+: ([\d.]+)")
    assert len(printed) == 2
    for kind, iou in enumerate(printed, start=1):
        pairs = list(zip(found.ravel().tolist(), test.label.ravel().tolist(), strict=True))
        both, either = pairs.count((kind, kind)), sum(kind in pair for pair in pairs)
        assert iou == pytest.approx(both / either, abs=1e-3)
        assert untaught or iou >= 0.9
    assert set(np.unique(test.label)) == {0, 1, 2}
    assert [item["kind"] for item in example.shown] == ["image"]


@on_less_or_all(("drawn(1280,", "drawn(64,"), ("drawn(300)", "drawn(18)"))
def test_resnet(run, untaught, replaced) -> None:
    example = run("resnet", *replaced)
    test, model = example.names["test"], example.names["model"]
    assert test.data.shape[1:] == (3, 32, 32)
    assert np.bincount(test.label).tolist() == [len(test) // 6] * 6
    (share,) = example.numbers(r"([\d.]+)% of \d+ new images are right")
    assert share == pytest.approx(100 * (example.names["read"] == test.label).mean(), abs=0.05)
    assert untaught or share >= 90
    with pyconvlite.test_mode():
        one = model(test.data[:1]).data.argmax()
    assert one == example.names["read"][0]
    (picture,) = example.shown
    assert all(name in example.names["NAMES"] for name in picture["alt"].split("; "))


@on_less_or_all(("drawn(1600)", "drawn(64)"), ("drawn(200)", "drawn(24)"))
def test_grad_cam(run, untaught, replaced) -> None:
    example = run("grad_cam", *replaced)
    right, on_object = example.numbers(r"([\d.]+)%")
    assert untaught or (right >= 90 and on_object >= 90)
    names = example.names
    # The head is a mean and a matrix, so the weight of a channel is the matrix's, up to a factor.
    W = names["model"].layers[-1].W.data[:, names["answers"]]  # (32, N)
    expected = np.maximum(np.einsum("cn,ncij->nij", W, names["kept"][0].data), 0)
    expected /= expected.max(axis=(1, 2), keepdims=True) + 1e-6
    assert names["cam"].shape == (len(expected), 32, 32)
    for row, column in np.ndindex(2, 2):
        np.testing.assert_allclose(names["cam"][:, row::2, column::2], expected, atol=2e-3)
    peaks = [divmod(int(cam.argmax()), 16) for cam in expected]
    hits = [names["inside"][i, 2 * row, 2 * column] for i, (row, column) in enumerate(peaks)]
    assert on_object == pytest.approx(100 * np.mean(hits), abs=0.05 + 100 / len(hits))
    assert [item["kind"] for item in example.shown] == ["image"]


@on_less_or_all(
    ("SIZE, N = 128, 18", "SIZE, N = 64, 3"),
    ("25), (np.pi, 5, 60)", "12), (np.pi, 5, 30)"),
    ("steps=12", "steps=1"),
)
def test_fine_tune(run, untaught, replaced, weights, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").symlink_to(weights.parent)
    example = run("fine_tune", *replaced)
    printed = example.numbers(r"(\d+) of \d+ held-out pictures are right")
    x, held, t, model = (example.names[name] for name in ("x", "held", "t", "model"))
    assert len(t) == 3 * held.sum()
    with pyconvlite.no_grad(), pyconvlite.test_mode():
        answers = model(x[held]).data.argmax(axis=1)
    assert printed[1] == (answers == t[held]).sum()
    assert untaught or min(printed) >= 15
    (picture,) = example.shown
    assert picture["alt"].split("; ") == [list(example.names["classes"])[k] for k in answers]

    original, saved = EfficientNetLite0(pretrained=weights), EfficientNetLite0(3)
    saved.load_weights("fine-tuned.safetensors")
    taken = {name for name, param in saved.named_params()}
    changed = set()
    for (name, before), after in zip(original.named_params(), saved.params(), strict=True):
        if before.shape != after.shape or not np.array_equal(before.data, after.data):
            changed.add(name)
    last = {name for name in taken if name.startswith(("blocks/15/", "head/", "classifier/"))}
    assert changed == {name for name in last if not name.endswith(("avg_mean", "avg_var"))}

    # The project is what SOURCE takes, as is a folder.
    again = pyconvlite.project.load("fine-tuned.zip")
    assert again.classes == example.names["classes"]
    for name, files in again.classes.items():
        (tmp_path / "own" / name).mkdir(parents=True)
        for i, file in enumerate(files[:3]):
            (tmp_path / "own" / name / f"{i}.png").write_bytes(file)
    if untaught:
        for own in ("fine-tuned.zip", "own"):
            # Weights are slow to compress.
            less = [*replaced, ('SOURCE = ""', f'SOURCE = "{own}"'), ("classes, model=model", "classes")]
            found = run("fine_tune", *less).names
            assert sorted(found["classes"]) == sorted(again.classes)
            assert len(found["x"]) == 9
