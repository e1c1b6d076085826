"""Pages that `export_html` writes, opened from the disk: they compute what the model computes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hosting import put_kernels
from playwright.sync_api import Browser, Page, Playwright
from visits import NOISE

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import no_grad, test_mode
from pyconvlite.backends.simd import library
from pyconvlite.models import EfficientNetLite0, LeNet, Sequential, SmallResNet, SmallVGG
from pyconvlite.onnx import Graph, Node, OnnxModel, ValueInfo


def many_operators() -> Any:
    return Sequential(
        *(L.Conv2d(6, 3, pad=((0, 1), (2, 1))), F.leaky_relu, L.Deconv2d(4, 4, 2, 1), F.gelu, L.GroupNorm(2)),
        *(
            F.sigmoid,
            lambda x: F.average_pooling(x, 3, 2, 1),
            lambda x: F.concat([x, -x], axis=1),
            F.softplus,
        ),
        *(lambda x: F.transpose(F.transpose(x, (0, 2, 3, 1)), (0, 3, 1, 2)), F.elu),
        *(F.global_max_pooling, F.flatten, L.Linear(3), F.log_softmax),
    )


def onnx(*nodes: Any, n: int = 4, opset: int = 18, **constants: Any) -> Any:
    """Nodes (op, inputs, outputs, attributes) from x (N, 3, 4, 5) to y (N, n)."""
    given = [
        Node(op, inputs.split(" "), outputs.split(" "), a, version=opset) for op, inputs, outputs, a in nodes
    ]
    x, y = (ValueInfo(name, np.dtype("f4"), ("N", *rest)) for name, rest in (("x", (3, 4, 5)), ("y", (n,))))
    return lambda: OnnxModel(Graph(given, constants, [x], [y], opset=opset)), (3, 4, 5), n


FILTERS = np.random.default_rng(1).standard_normal((2, 3, 3, 3)).astype(np.float32)
INTEGERS: dict[str, Any] = {
    name: np.array([n]) for name, n in {"zero": 0, "one": 1, "two": 2, "minus": -1, "more": 60}.items()
}
RESIZING = [
    {"coordinate_transformation_mode": places, "axes": [2, 3], **way}
    for places in (
        *("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn", "asymmetric"),
        "align_corners",
    )
    for way in (
        {"mode": "linear"},
        *({"nearest_mode": name} for name in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")),
    )
]
ONNX = {
    "Clip with attributes": onnx(
        ("Conv", "x W", "h", {"pads": [1, 1, 1, 1]}),
        ("Clip", "h", "c", {"min": 0.0, "max": 1.5}),
        ("Clip", "c", "d", {"max": 1.0}),
        ("Concat", "c d", "e", {"axis": 1}),
        ("Flatten", "e", "y", {}),
        n=80,
        opset=10,
        W=FILTERS,
    ),
    "constants as nodes, and shapes that are computed": onnx(
        ("Conv", "x W", "h", {"pads": [1, 1, 1, 1]}),
        ("Constant", "", "least", {"value": np.zeros((), np.float32)}),
        ("Constant", "", "most", {"value_float": 0.75}),
        ("Clip", "h least most", "c", {}),
        ("Shape", "c", "shape", {}),
        ("Constant", "", "first", {"value": np.array(0)}),
        ("Gather", "shape first", "N", {}),
        ("Unsqueeze", "N zero", "N1", {}),
        ("Concat", "N1 minus", "sizes", {"axis": 0}),
        ("Reshape", "c sizes", "y", {}),
        n=40,
        W=FILTERS,
        zero=INTEGERS["zero"],
        minus=INTEGERS["minus"],
    ),
    "windows beyond the image at one end": onnx(
        ("Conv", "x W", "h", {"pads": [0, 2, 3, 0], "strides": [2, 1]}),
        ("Conv", "h V", "c", {"auto_pad": "SAME_LOWER", "dilations": [1, 2]}),
        (
            "MaxPool",
            "c",
            "m",
            {"kernel_shape": [2, 3], "pads": [0, 2, 1, 0], "ceil_mode": 1, "strides": [2, 2]},
        ),
        ("AveragePool", "c", "a", {"kernel_shape": [2, 2], "pads": [1, 0, 0, 1], "count_include_pad": 1}),
        ("Flatten", "m", "p", {}),
        ("Flatten", "a", "q", {}),
        ("Concat", "p q", "y", {"axis": 1}),
        n=42,
        W=FILTERS,
        V=FILTERS[:, :2, :2],
    ),
    "average pooling with uneven padding": onnx(
        ("AveragePool", "x", "h", {"kernel_shape": [2, 3], "pads": [0, 1, 1, 3], "strides": [1, 2]}),
        ("AveragePool", "h", "p", {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER", "count_include_pad": 1}),
        ("Flatten", "p", "y", {}),
        n=48,
    ),
    "average pooling beyond the padding": onnx(
        (
            *("AveragePool", "x", "h"),
            {
                "kernel_shape": [3, 3],
                "pads": [1] * 4,
                "strides": [2, 2],
                "ceil_mode": 1,
                "count_include_pad": 1,
            },
        ),
        ("Flatten", "h", "y", {}),
        n=27,
    ),
    "what PyTorch's exporter writes of other layers": onnx(
        ("Split", "x", "a b", {"axis": 1, "num_outputs": 2}),
        ("Split", "a lengths", "c d", {"axis": -2}),
        ("Gelu", "c", "e", {}),
        ("Gelu", "d", "f", {"approximate": "tanh"}),
        ("Concat", "e f", "g", {"axis": 2}),
        ("LayerNormalization", "g scale", "h", {"axis": 2, "epsilon": 0.1}),
        ("LayerNormalization", "b one row", "i", {}),
        ("Concat", "h i", "j", {"axis": 1}),
        ("Gather", "j places", "k", {"axis": 2}),
        ("Gather", "k third", "l", {"axis": 1}),
        ("Flatten", "l", "y", {}),
        n=30,
        places=np.array([[1, -1, 0], [3, 3, 2]]),
        third=np.array(-1),
        opset=20,
        lengths=np.array([1, 3]),
        scale=FILTERS.ravel()[:20].reshape(4, 5),
        row=FILTERS.ravel()[:5],
        one=FILTERS.ravel()[5:6],
    ),
    "softmax over many axes": onnx(
        ("Softmax", "x", "h", {}),
        ("LogSoftmax", "h", "l", {"axis": -2}),
        ("Flatten", "l", "y", {}),
        n=60,
        opset=12,
    ),
    "computed shapes": onnx(
        ("Shape", "x", "s", {}),
        ("Slice", "s zero one", "batch", {}),
        ("Shape", "x", "rest", {"start": -1}),
        ("Mul", "batch two", "twice", {}),
        ("Concat", "twice minus rest", "to", {"axis": 0}),
        ("Reshape", "x to", "h", {}),
        ("Pow", "h two", "p", {}),
        ("ReduceSum", "p", "r", {"noop_with_empty_axes": 1}),
        ("Flatten", "r", "f", {"axis": -2}),
        ("ReduceMean", "f one", "m", {}),
        ("Mul", "f m", "g", {}),
        ("Div", "twice two", "half", {}),
        ("Concat", "half more", "back", {"axis": 0}),
        ("Reshape", "g back", "y", {}),
        **INTEGERS,
        n=60,
    ),
    "a part that is left out, and an input": onnx(
        ("Split", "x", " b", {"axis": 1, "num_outputs": 2}),
        ("Clip", "b  most", "c", {}),
        ("Flatten", "c", "y", {}),
        n=20,
        most=np.array(0.5, np.float32),
    ),
    "Resize of half pixels": onnx(
        ("Resize", "x  scales", "h", {}),
        ("ReduceMean", "h none", "m", {}),
        ("Add", "h m", "a", {}),
        ("Flatten", "a", "y", {}),
        n=360,
        scales=np.array([1, 1, 3, 2], np.float32),
        none=np.zeros(0, np.int64),
    ),
    "Resize in every mode": onnx(
        *(
            ("Resize", "x   sizes" if i % 2 else "x  scales", f"r{i}", settings)
            for i, settings in enumerate(RESIZING)
        ),
        *(("Flatten", f"r{i}", f"f{i}", {}) for i in range(len(RESIZING))),
        ("Concat", " ".join(f"f{i}" for i in range(len(RESIZING))), "y", {"axis": 1}),
        n=15 * 3 * (2 * 8 + 8 * 2),
        scales=np.array([0.6, 1.6], np.float32),
        sizes=np.array([8, 2]),
    ),
    "padding in every mode, and slices backward": onnx(
        ("Pad", "x reflected", "a", {"mode": "reflect"}),
        ("Pad", "a edges  last", "b", {"mode": "edge"}),
        ("Pad", "b moved three", "c", {}),
        ("Slice", "c more least two minus", "d", {}),
        ("ReduceL2", "d two", "r", {}),
        ("Expand", "r sizes", "s", {}),
        ("Reciprocal", "s", "q", {}),
        ("Mul", "d q", "e", {}),
        ("Cast", "e", "f", {"to": 1}),
        ("Flatten", "f", "y", {}),
        n=4 * 6 * 8,
        reflected=np.array([0, 0, 3, 1, 0, 0, 0, 0]),
        edges=np.array([2, 1]),
        last=np.array([-1]),
        moved=np.array([0, 1, -1, 0, 0, 0, 0, -1]),
        least=np.array([-60]),
        sizes=np.array([6, 1]),
        three=np.float32(3),
        **INTEGERS,
    ),
    "comparisons and conditions": onnx(
        ("Greater", "x half", "g", {}),
        ("GreaterOrEqual", "x row", "h", {}),
        ("Less", "x row", "i", {}),
        ("LessOrEqual", "x half", "j", {}),
        ("And", "g h", "k", {}),
        ("Or", "i j", "l", {}),
        ("Not", "k", "m", {}),
        ("Where", "k x row", "a", {}),
        ("Where", "m half a", "b", {}),
        ("Where", "rule b x", "c", {}),
        ("Equal", "c half", "n", {}),
        ("Where", "n one two", "s", {}),
        ("Cast", "s", "d", {"to": 1}),
        ("Cast", "bytes", "o", {"to": 1}),
        ("ReduceMax", "o", "p", {}),
        ("Cast", "l", "q", {"to": 1}),
        ("Mul", "q p", "e", {}),
        ("Concat", "c d e", "f", {"axis": 1}),
        ("Flatten", "f", "y", {}),
        n=180,
        half=np.array(0.5, np.float32),
        row=FILTERS.ravel()[:5],
        rule=np.arange(20).reshape(4, 5) % 3 > 0,
        bytes=np.resize(np.arange(-5, 4, dtype=np.int8), (257, 256)),  # too many to be cast at export
        **INTEGERS,
    ),
    "operands that are broadcast": onnx(
        ("Mul", "x number", "a", {}),
        ("Add", "a channels", "b", {}),
        ("Sub", "row b", "c", {}),
        ("Div", "c column", "d", {}),
        ("Max", "d planes row", "e", {}),
        ("PRelu", "e channels", "f", {}),
        ("ReduceSum", "f two", "g", {}),
        ("Add", "g f", "h", {}),
        ("Transpose", "h", "i", {"perm": [0, 3, 1, 2]}),
        ("Flatten", "i", "y", {}),
        n=60,
        number=np.array(-1.5, np.float32),
        channels=FILTERS[0, :, :1, :1],
        row=FILTERS.ravel()[:5],
        column=2 + FILTERS.ravel()[:4].reshape(4, 1) / 9,
        planes=FILTERS.ravel()[:15].reshape(3, 1, 5),
        two=INTEGERS["two"],
    ),
    "normalization of groups and channels": onnx(
        ("Conv", "x W", "h", {}),
        ("GroupNormalization", "h six six", "g", {"num_groups": 3, "epsilon": 0.1}),
        ("InstanceNormalization", "g six seven", "i", {}),
        ("LayerNormalization", "i five", "n mean deviation", {}),
        ("Add", "n mean", "m", {}),
        ("LRN", "m", "l", {"size": 3}),
        ("Flatten", "l", "y", {}),
        n=120,
        opset=21,
        W=np.concatenate([FILTERS, 2 * FILTERS, -FILTERS])[..., 1:2, :1],
        six=np.arange(6, dtype=np.float32),
        seven=np.arange(7, 1, -1, dtype=np.float32),
        five=np.ones(5, np.float32),
    ),
    "sequences": onnx(
        ("Reshape", "x sequences", "s", {}),
        ("Conv", "s W", "c", {"pads": [1, 2], "strides": [2]}),
        ("Relu", "c", "r", {}),
        ("MaxPool", "r", "m", {"kernel_shape": [3], "ceil_mode": 1, "strides": [2]}),
        ("ConvTranspose", "m V", "t", {"strides": [3], "output_shape": [9]}),
        ("AveragePool", "t", "a", {"kernel_shape": [2], "pads": [1, 0]}),
        ("Flatten", "a", "y", {}),
        n=18,
        sequences=np.array([0, 0, -1]),
        W=FILTERS[:, :, 0],
        V=FILTERS[:, :2, 0],
    ),
    "operators that the page replaces by others": onnx(
        ("ConvTranspose", "x W", "t", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("SpaceToDepth", "t", "s", {"blocksize": 2}),
        ("DepthToSpace", "s", "d", {"blocksize": 2, "mode": "CRD"}),
        ("AveragePool", "d", "a", {"kernel_shape": [2, 2], "dilations": [2, 1]}),
        ("Tile", "a times", "r", {}),
        ("Resize", "r  scales", "z", {"mode": "cubic", "antialias": 1}),
        (
            "Resize",
            "z  twice",
            "u",
            {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        ),
        ("Einsum", "u", "e", {"equation": "nchw->nwhc"}),
        ("Mish", "e", "m", {}),
        ("Flatten", "m", "y", {}),
        n=324,
        opset=19,
        W=FILTERS[:2].transpose(1, 0, 2, 3),
        times=np.array([1, 1, 1, 2]),
        scales=np.array([1, 1.5, 0.5, 1], np.float32),
        twice=np.array([1, 1, 1, 2], np.float32),
    ),
    "padding and slices of operator set 9": onnx(
        ("Pad", "x", "a", {"mode": "constant", "pads": [0, 0, 1, 0, 0, 0, 0, 2], "value": 2.5}),
        ("Slice", "a", "b", {"axes": [3, 1], "ends": [-1, 9], "starts": [1, -2]}),
        ("Flatten", "b", "y", {}),
        n=2 * 5 * 5,
        opset=9,
    ),
}


NETS = {
    "LeNet": (LeNet, (1, 28, 28), 10),
    "VGG": (SmallVGG, (3, 32, 32), 10),
    "ResNet": (SmallResNet, (3, 32, 32), 10),
    "EfficientNet": (lambda: EfficientNetLite0(4), (3, 49, 64), 4),
    "many operators": (many_operators, (3, 20, 24), 3),
    **ONNX,
}


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a page with the kernels of the wheel; return its address."""
    put_kernels(tmp_path)
    monkeypatch.setattr(library, "FOLDER", tmp_path)

    def export(model: Any, n: int, **options: Any) -> str:
        path = tmp_path / "page.html"
        pyconvlite.export_html(model, path, classes=[f"class {i}" for i in range(n)], **options)
        assert path.stat().st_size < 600_000 + sum(4 * p.size for p in model.params()) * 4 / 3
        return path.as_uri()

    return export


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    faults: list[str] = []
    with browser.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "blob:")) else faults.append(request.url)
            ),
        )
        yield page
    assert faults == []


def trained_a_little(make: Callable[[], Any], shape: tuple[int, ...]) -> tuple[Any, Any]:
    """A model whose running statistics are not the initial ones, and an input."""
    pyconvlite.seed(0)
    model = make()
    x = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    model(x)
    return model, x[:1]


@pytest.mark.parametrize("name", NETS)
def test_page_equals_the_model(export: Callable[..., str], page: Page, name: str) -> None:
    make, shape, n = NETS[name]
    model, x = trained_a_little(make, shape)
    page.goto(export(model, n, input="image", shape=shape))
    with no_grad(), test_mode():
        expected = model(x).data[0]
    for _ in range(2):  # runs do not affect each other
        output = page.evaluate("async (x) => [...(await run(new Float32Array(x)))]", x.ravel().tolist())
        np.testing.assert_allclose(output, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_a_drawing(export: Callable[..., str], page: Page) -> None:
    model, _ = trained_a_little(LeNet, (1, 28, 28))
    page.goto(export(model, 10, input="drawing", title="My digits"))
    assert page.locator("h1").inner_text() == "My digits"
    box = page.locator("#view").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60, steps=5)
    page.mouse.up()
    page.wait_for_selector("#bars dt:nth-of-type(10)")
    page.wait_for_function("document.getElementById('answer').textContent.startsWith('class ')")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#clear")
    page.wait_for_function("!document.querySelector('#bars dt')")


def test_picture_and_invalid_file(export: Callable[..., str], page: Page) -> None:
    """A picture of one colour has a known input, whatever the browser's filter."""
    image = pytest.importorskip("PIL.Image")
    model, _ = trained_a_little(lambda: Sequential(L.Flatten(), L.Linear(3), F.softmax), (3, 6, 8))
    page.goto(export(model, 3, input="image", shape=(3, 6, 8)))
    file = io.BytesIO()
    image.new("RGB", (640, 480), (255, 127, 0)).save(file, "png")
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_selector("#bars dt:nth-of-type(3)")
    pixels = np.repeat([1, 0, -127 / 128], 48).astype(np.float32).reshape(1, 3, 6, 8)
    with no_grad():
        shares = model(pixels).data[0]
    seen = [
        int(text.removesuffix("%")) for text in page.locator("#bars dd:nth-of-type(2n)").all_inner_texts()
    ]
    np.testing.assert_allclose(seen, 100 * shares, atol=0.51)
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.wait_for_selector("#fault:not([hidden])")
    assert page.locator("#fault").inner_text().startswith("The browser cannot read this file")


@pytest.mark.full
def test_the_camera(export: Callable[..., str], playwright: Playwright) -> None:
    from conftest import launched

    model, _ = trained_a_little(SmallVGG, (3, 32, 32))
    address = export(model, 10, input="image", shape=(3, 32, 32))
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with launched(playwright, *flags) as browser:
        page = browser.new_page()
        page.goto(address)
        page.click("#camera")
        page.wait_for_selector("#bars dt:nth-of-type(10)")
        assert page.get_attribute("#camera", "aria-pressed") == "true"
        page.click("#camera")
        assert page.get_attribute("#camera", "aria-pressed") == "false"


def png(*size: int, mode: str = "RGB", color: tuple[int, ...] = (0, 0, 0)) -> dict[str, Any]:
    """A picture of one colour, in the form that `set_input_files` takes."""
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.new(mode, size, color).save(file, "png")
    return {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}


def recording(page: Page, delay: int = 0) -> None:
    """Record the worker's inputs in `inputs`, and delay each result by milliseconds."""
    page.add_init_script(f"""
      globalThis.inputs = [];
      const post = Worker.prototype.postMessage;
      Worker.prototype.postMessage = function (message, ...more) {{
        if (!message.input) return post.call(this, message, ...more);
        inputs.push([...message.input.data]);
        setTimeout(() => post.call(this, message), {delay});
      }};
    """)


def test_result_belongs_to_the_shown_picture(export: Callable[..., str], page: Page) -> None:
    """Also if the picture was chosen while the network computed for another."""
    model = Sequential(L.Flatten(), L.Linear(2, in_size=3))
    model.layers[1].W.data[:] = [[9, 0], [0, 0], [0, 9]]
    recording(page, delay=300)
    page.goto(export(model, 2, shape=(3, 1, 1)))
    page.set_input_files("#file", png(4, 4, color=(255, 0, 0)))
    page.wait_for_function("() => inputs.length === 1")
    page.set_input_files("#file", png(4, 4, color=(0, 0, 255)))
    page.wait_for_function("() => inputs.length === 2")
    assert page.locator("#answer").inner_text() == ""  # not that of the first picture
    page.wait_for_function("() => document.getElementById('answer').textContent === 'class 1'")


def test_last_stroke_is_recognized_and_clear_discards_results(export: Callable[..., str], page: Page) -> None:
    model, _ = trained_a_little(LeNet, (1, 28, 28))
    recording(page, delay=200)
    page.goto(export(model, 10, input="drawing"))
    box = page.locator("#view").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 200, steps=3)
    page.mouse.move(box["x"] + 250, box["y"] + 200, steps=3)
    page.mouse.up()
    # an angle, whose ink is in many columns
    columns = "inputs.at(-1).map((ink, i) => [i % 28, ink]).filter(([, ink]) => ink > 0.5).map(([x]) => x)"
    page.wait_for_function(f"() => (all => Math.max(...all) - Math.min(...all) > 15)({columns})")
    page.click("#clear")
    page.wait_for_timeout(600)
    assert page.locator("#answer").inner_text() == ""


@pytest.mark.parametrize(("H", "W"), [(20, 40), (40, 20)])
def test_non_square_drawing(export: Callable[..., str], page: Page, H: int, W: int) -> None:
    recording(page)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=H * W)), 2, input="drawing", shape=(1, H, W)))
    box = page.locator("#view").bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(W / H, rel=0.05)
    corners = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    page.wait_for_function("() => document.getElementById('answer').textContent")
    page.wait_for_timeout(200)
    ink = np.array(page.evaluate("inputs.at(-1)")).reshape(H, W) > 0.3
    assert not np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any()
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert columns[-1] - columns[0] > 0.6 * W
    assert rows[-1] - rows[0] > 0.6 * H
    for edge in (ink[rows[0] + 1], ink[rows[-1] - 1], ink[:, columns[0] + 1], ink[:, columns[-1] - 1]):
        assert edge.mean() > 0.5  # all four sides are inside


def test_transparent_pixels_are_white(export: Callable[..., str], page: Page) -> None:
    recording(page)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2), mean=0, scale=1))
    page.set_input_files("#file", png(9, 9, mode="RGBA", color=(0, 0, 0, 0)))
    page.wait_for_function("() => inputs.length")
    assert set(page.evaluate("inputs[0]")) == {255}


def test_sigmoid_output_is_shown_as_percentage(export: Callable[..., str], page: Page) -> None:
    model = Sequential(F.flatten, L.Linear(1, in_size=12), F.sigmoid)
    model.layers[1].W.data[:] = 0
    model.layers[1].b.data[:] = -3
    page.goto(export(model, 1, shape=(3, 2, 2)))
    page.set_input_files("#file", png(9, 9))
    page.wait_for_selector("#bars dt")
    assert page.locator("#bars").inner_text().split() == ["class", "0", "5%"]


def test_nonfinite_output_is_reported(export: Callable[..., str], page: Page) -> None:
    model = Sequential(F.flatten, L.Linear(2, in_size=12))
    model.layers[1].b.data[:] = np.inf
    page.goto(export(model, 2, shape=(3, 2, 2)))
    page.set_input_files("#file", png(9, 9))
    page.wait_for_selector("#fault:not([hidden])")
    assert page.locator("#fault").inner_text() == "The output of the network is not finite."
    assert page.locator("#answer").inner_text() == ""


@pytest.mark.parametrize("input", ["image", "drawing"])
def test_texts_are_japanese_in_a_japanese_browser(
    browser: Browser, export: Callable[..., str], input: str
) -> None:
    address = export(LeNet(), 10, input=input, shape=(1, 28, 28), title="0 to 9")
    texts = {}
    for locale in ("ja-JP", "en-GB"):
        with browser.new_context(locale=locale) as context:
            page = context.new_page()
            page.goto(address)
            assert page.locator("html").get_attribute("lang") == locale[:2]
            assert page.locator("label input").count() == (input == "image")
            texts[locale] = [
                *page.locator("button, label, footer, span").all_text_contents(),
                page.locator("#view").get_attribute("aria-label"),
            ]
    for japanese, english in zip(texts["ja-JP"], texts["en-GB"], strict=True):
        assert re.search("[\u3040-\u30ff\u4e00-\u9fff]", japanese or ""), japanese
        assert re.fullmatch("[ -~]+", english or ""), english


@pytest.mark.full
def test_canvas_fingerprinting_protection_is_reported(export: Callable[..., str], page: Page) -> None:
    page.add_init_script(NOISE)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2)))
    page.set_input_files("#file", png(9, 9))
    page.locator("#fault", has_text="To prevent fingerprinting").wait_for()
    assert page.locator("#answer").inner_text() == ""


def test_network_that_cannot_start_is_reported(export: Callable[..., str], page: Page) -> None:
    address = export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2))
    path = Path(address.removeprefix("file://"))
    kernels = re.search('id="kernels">([^<]*)<', text := path.read_text())
    assert kernels
    path.write_text(text.replace(kernels[1], "AAAA"))
    page.goto(address)
    page.wait_for_selector("#fault:not([hidden])")
    assert "CompileError" in page.locator("#fault").inner_text()
    page.set_input_files("#file", png(9, 9))
    page.wait_for_timeout(200)
    assert "CompileError" in page.locator("#fault").inner_text()


def test_long_words_fit_a_phone(export: Callable[..., str], page: Page) -> None:
    title = "Handwrittencharacterrecognitionwithanetwork" * 2
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2), title=title))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_double_click_opens_one_camera(export: Callable[..., str], page: Page) -> None:
    page.add_init_script("""
      globalThis.asked = 0;
      navigator.mediaDevices.getUserMedia = () => { asked++; return new Promise(() => {}); };
    """)
    page.goto(export(Sequential(F.flatten, L.Linear(2, in_size=12)), 2, shape=(3, 2, 2)))
    page.click("#camera")
    page.click("#camera")
    assert page.evaluate("asked") == 1
