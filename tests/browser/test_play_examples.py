"""The playground's examples in the browser: chosen from the menu and run, with plots and graphs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playgrounds import Playground


def run(play: Playground, title: str) -> str:
    play.ready()
    play.choose_example(title)
    play.page.click("#go")
    output = play.finished(seconds=120)
    assert play.text("#notice").startswith("Done in ")
    return output


@pytest.mark.full
def test_example_with_a_plot(play: Playground) -> None:
    assert "pooled changes by 39%" in run(play, "Step 56")
    assert play.pictures() == ["image; mean; green; edge; mean, pooled; green, pooled; edge, pooled"]
    width, height = play.page.evaluate(
        "(({ width, naturalWidth, naturalHeight }) => [naturalWidth / width, naturalHeight])"
        "(document.querySelector('#output img'))"
    )
    assert width >= 2  # sharp on a screen with two device pixels per pixel
    assert height > 300


def test_example_with_a_graph(play: Playground) -> None:
    output = run(play, "Step 57")
    assert output.startswith("im2col (4, 18)")
    play.page.locator("#output .graph img").wait_for(timeout=60_000)
    assert play.pictures() == ["Computation graph"]


def test_example_with_a_user_defined_function(play: Playground) -> None:
    output = run(play, "Your own Function")
    assert output.startswith(
        "Gaussian: both orders are right\nMistaken: gradient of inputs[0], worst at [1, 3]"
    )
    assert len(play.pictures()) == 1


def test_book_program_with_import_dezero(play: Playground) -> None:
    output = play.run(
        "if '__file__' in globals():\n"
        "    import os, sys\n"
        "    sys.path.append(os.path.join(os.path.dirname(__file__), '..'))\n"
        "import numpy as np\n"
        "import dezero.functions as F\n"
        "from dezero import Variable, datasets\n"
        "from dezero.utils import plot_dot_graph\n"
        "np.random.seed(0)\n"
        "x = Variable(np.ones(5), name='x')\n"
        "plot_dot_graph(F.dropout(x), verbose=False, to_file='dropout.png')\n"
        "print(np.random.rand(), len(datasets.MNIST(train=False)), Variable.__module__)\n"
    )
    drawn = 0.6458941130666561  # the sixth number after the seed 0
    assert output.splitlines()[-1] == f"{drawn} 10000 pyconvlite.autograd.variable"
    play.page.locator("#output .graph img").wait_for(timeout=60_000)


@pytest.mark.full
@pytest.mark.parametrize(
    ("title", "pattern", "least"),
    [
        ("U-Net", r"IoU of a \w+: ([\d.]+)", 0.9),
        ("A residual network", r"([\d.]+)% of 300 new images", 90),
        ("Grad-CAM", r"([\d.]+)%", 90),
    ],
)
def test_example_that_trains(play: Playground, title: str, pattern: str, least: float) -> None:
    found = [float(number) for number in re.findall(pattern, run(play, title))]
    assert found
    assert min(found) >= least
    assert len(play.pictures()) == 1


@pytest.mark.full
def test_example_that_fine_tunes(play: Playground, tell: Callable[[str], None]) -> None:
    output = run(play, "Fine-tuning")
    tell(output)
    right = [int(number) for number in re.findall(r"(\d+) of 18 held-out pictures are right", output)]
    assert len(right) == 2
    assert min(right) >= 15
    (seconds,) = re.findall(r"head: .* after ([\d.]+) s", output)
    assert float(seconds) < 2
    assert re.search(r"fine-tuned\.safetensors: 13\.\d MB", output)
    (picture,) = play.pictures()
    assert set(picture.split("; ")) == {"stripes", "checks", "dots"}
    play.asked.clear()
    assert play.run("import os\nos.path.getsize('weights/efficientnet-lite0.safetensors') > 9e6") == "True"
    assert play.asked == []


@pytest.mark.full
def test_example_of_a_gan(play: Playground) -> None:
    output = run(play, "WGAN-GP")
    real, made = (
        [float(number) for number in re.findall(r"-?\d+\.\d+", line)] for line in output.splitlines()[-2:]
    )
    assert len(real) == 4  # the means and the spreads
    assert made == pytest.approx(real, rel=0.1)
    assert len(play.pictures()) == 1


def test_menu_in_japanese(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor(locale="ja-JP")
    play.page.click("[popovertarget=examples]")
    titles = play.page.locator("#example-list strong").all_inner_texts()
    assert titles[0].startswith("ステップ 55")
    play.page.click("#example-list button >> nth=-1")
    code = play.code()
    assert "# 自分の Function を作り" in code
    assert "# ja:" not in code
    assert "A Function of your own" not in code


def test_onnx_files(play: Playground) -> None:
    code = """
import io
import numpy as np
from pyconvlite import layers, onnx

file = io.BytesIO()
onnx.save(layers.Linear(3, in_size=2), file, np.zeros((1, 2), np.float32))
print([name for name, param in onnx.load(file.getvalue()).named_params()])
"""
    assert play.run(code) == "['W', 'b']"


@pytest.mark.full
def test_packages_are_loaded_on_demand(enter_play: Callable[..., Playground]) -> None:
    play = enter_play()
    code = "# MNIST, matplotlib\nimport pyconvlite.functions as F\nprint(F.sin(0.0))"
    assert play.run(code) == "variable(0.0)"
    assert not [
        path for path in play.asked if "matplotlib" in path or "/mnist/" in path or "graphviz" in path
    ]

    play.note("#notice")
    output = run(play, "An autoencoder")
    assert "numbers in a code: 196\nstep 25: loss" in output
    assert any(notice.startswith("Loading MNIST: ") for notice in play.noted())
    assert any(notice.startswith("Loading matplotlib: ") for notice in play.noted())
    assert sum("-images" in path for path in play.asked) == 7
    assert len(play.pictures()) == 1

    play.asked.clear()
    assert play.run("from pyconvlite.datasets import MNIST\nlen(MNIST())") == "60000"
    assert play.asked == []
