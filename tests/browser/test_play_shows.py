"""A program's output in the playground: pictures, graphs and HTML, none of which reaches the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import DESK, PHONE
from playgrounds import Playground
from playwright.sync_api import expect

ATTACK = "<script>parent.caught='script'</script><img src=x onerror=\"parent.caught='handler'\">"


def harmless(play: Playground) -> bool:
    """Whether no script of an attack has run on the page, and no element of it was added."""
    play.page.wait_for_timeout(300)
    return not play.page.evaluate("'caught' in window || !!document.querySelector('main script, [onerror]')")


# --------------------------------------------------------------------------------------------- output


def test_plots(play: Playground) -> None:
    play.run(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('a line')\nplt.show()\nprint('end')"
    )
    assert play.pictures() == ["a line"]
    kinds = play.page.evaluate("[...document.querySelectorAll('#output > *')].map((item) => item.localName)")
    assert kinds == ["div", "pre"]  # the picture, then what was printed after it
    play.run(
        "plt = __import__('matplotlib.pyplot').pyplot\n_ = plt.plot([1, 2])"
    )  # shown at the end without a call
    assert len(play.pictures()) == 1


def test_plots_in_dark_mode(play: Playground) -> None:
    pixel = """async () => {
      const image = document.querySelector('#output img');
      await image.decode();
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      context.drawImage(image, 0, 0);
      return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }"""
    play.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    play.pictures()
    assert play.page.evaluate(pixel) == [255, 255, 255]
    play.page.emulate_media(color_scheme="dark")
    try:
        play.stand_still()
        assert play.page.evaluate(pixel) == [0x1B, 0x1D, 0x21]
        surface = "getComputedStyle(document.body).getPropertyValue('--surface')"
        assert play.page.evaluate(surface) == "#1b1d21"
    finally:
        play.page.emulate_media(color_scheme="light")
    play.stand_still()
    assert play.page.evaluate(pixel) == [255, 255, 255]


def test_pictures(play: Playground) -> None:
    play.run(
        "from PIL import Image\nimport numpy as np\n"
        "picture = Image.fromarray(np.zeros((20, 30, 3), dtype=np.uint8))\n"
        "display(picture, picture)\npicture"
    )
    play.pictures()
    sizes = play.page.evaluate(
        "[...document.querySelectorAll('#output img')].map(({ width, height }) => [width, height])"
    )
    assert sizes == [[30, 20]] * 3


def test_the_graph_of_a_variable(play: Playground) -> None:
    play.run(
        "from pyconvlite import Variable\nfrom pyconvlite.utils import plot_dot_graph, get_dot_graph\n"
        "import numpy as np\nx = Variable(np.array(1.0), name='x')\ny = x * x + x\n"
        "plot_dot_graph(y)\nget_dot_graph(y)"
    )
    play.until("document.querySelectorAll('#output .graph img').length === 2")
    assert play.pictures() == ["Computation graph"] * 2


def test_invalid_graph(play: Playground) -> None:
    output = play.run("'digraph g { a -> }'")
    play.wait_for("#output", "The graph could not be drawn: syntax error in line 1 near '}'")
    assert output
    play.page.click("#language")
    play.wait_for("#output", "グラフを描画できませんでした: syntax error in line 1 near '}'")
    play.page.click("#language")


def test_graph_after_garbage_collection(play: Playground) -> None:
    page = play.page.context.new_cdp_session(play.page)
    for name in "ab":
        play.run(f"'digraph g {{ {name} }}'")
        play.until("document.querySelectorAll('#output .graph img').length === 1", seconds=20)
        page.send("HeapProfiler.collectGarbage")


def test_abandoned_graphs_do_not_block_others(play: Playground) -> None:
    slow = "'digraph g {' + ';'.join(f'{a}->{b}' for a in range(90) for b in range(90)) + '}'"
    play.run(f"for _ in range(3):\n    display({slow})")
    play.run("'digraph g { quick }'")  # its text, or the picture
    play.until("document.querySelectorAll('#output .graph img').length === 1", seconds=20)


def test_html_is_in_a_frame(play: Playground) -> None:
    play.run("import numpy as np\nfrom pyconvlite import Variable\nVariable(np.zeros((2, 3)), name='x')")
    frame = play.page.frame_locator("#output iframe").frame_locator("iframe")
    frame.locator("text=(2, 3)").first.wait_for()
    height = play.page.evaluate("document.querySelector('#output iframe').clientHeight")
    assert 40 < height <= 640
    inside = play.page.frame_locator("#output iframe").locator("iframe")
    assert inside.get_attribute("sandbox") == "allow-scripts"


def test_height_of_html_out_of_sight(play: Playground) -> None:
    play.page.set_viewport_size(PHONE)
    play.run("class A:\n    def _repr_html_(self):\n        return '<div style=height:300px>x</div>'\nA()")
    assert play.page.evaluate(
        "document.querySelector('#output iframe').getBoundingClientRect().y > innerHeight"
    )
    play.until("document.querySelector('#output iframe').clientHeight === 300")
    play.page.set_viewport_size(DESK)


def test_svg_is_in_a_frame(play: Playground) -> None:
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='50' height='90'><script>top.caught=1</script></svg>"
    play.run(
        f"class A:\n    def _repr_svg_(self):\n        return {svg!r}\n"
        "    def __repr__(self):\n        return 'lines'\nA()"
    )
    image = play.page.frame_locator("#output iframe").frame_locator("iframe").locator("img[alt=lines]")
    expect(image).to_have_js_property("naturalHeight", 90)
    play.until("document.querySelector('#output iframe').clientHeight === 90")
    assert play.page.get_attribute("#output iframe", "title") == "lines"
    assert harmless(play)


BOMBS = {
    "formatting": "'<p>' + ''.join(f'<b a={i}>' for i in range(200)) + '</p><p>x' * 9000",
    "spans": "'<table>' + '<tr><td colspan=1000 rowspan=65534>x</td></tr>' * 1500 + '</table>'",
    "blur": "'<style>@keyframes a{to{filter:blur(50px)}}i{animation:a 1s infinite;display:block}</style>'"
    " + '<i>x</i>' * 9000",
}


@pytest.mark.full
@pytest.mark.parametrize("bomb", [pytest.param(bomb, id=name) for name, bomb in BOMBS.items()])
def test_busy_html_does_not_block_the_page(enter_play: Callable[..., Playground], bomb: str) -> None:
    play = enter_play()
    play.run(f"class A:\n    def _repr_html_(self):\n        return {bomb}\nA()")
    play.page.locator("#output iframe").wait_for()
    play.page.wait_for_timeout(1000)
    assert play.page.evaluate("1 + 1") == 2
    assert play.run("2 + 2") == "4"


def test_html_too_expensive_to_render(play: Playground) -> None:
    for code in ("'<b>' * 1000", "'x' * 200_000", "'<table><tr><td>' * 20_000"):
        play.run(f"class A:\n    def _repr_html_(self):\n        return {code}\nA()")
        assert play.text("#output") == "This HTML is too long, or too deeply nested, to be shown."
    play.run("class A:\n    def _repr_html_(self):\n        return '<br><p>line</p>' * 1000\nA()")
    assert play.page.locator("#output iframe").count() == 1


# ----------------------------------------------------------------------------------------------- attacks


def test_printed_markup_is_text(play: Playground) -> None:
    assert play.run(f"print({ATTACK!r})") == ATTACK
    assert harmless(play)


def test_markup_in_a_traceback_is_text(play: Playground) -> None:
    output = play.run(f"raise ValueError({ATTACK!r})")
    assert f"ValueError: {ATTACK}" in output
    assert play.text("#notice") == f"Line 1: ValueError: {ATTACK}"
    assert harmless(play)


@pytest.mark.parametrize(
    "html",
    [
        ATTACK,
        "<svg><script>top.caught=1</script><a href='javascript:top.caught=1'><text y=9>x</text></a></svg>",
        "<iframe srcdoc=\"<script>top.caught=1</script>\"></iframe><object data='data:text/html,x'></object>",
        "<meta http-equiv=refresh content='0;url=https://example.com/'><base href='https://example.com/'>",
        "<link rel=stylesheet href='https://example.com/x.css'><img src='https://example.com/x.png'>",
        "<style>body { background: url(https://example.com/x) }</style><video src='https://example.com/v'></video>",
        "<form id=a action='https://example.com/'><button autofocus>go</button></form>",
        "<img name=body><img name=documentElement>",
    ],
)
def test_html_cannot_reach_the_page(play: Playground, html: str) -> None:
    play.expected += ["Content Security Policy", "sandboxed", "Blocked autofocusing"]
    play.run(f"class A:\n    def _repr_html_(self):\n        return {html!r}\nA()")
    play.page.locator("#output iframe").wait_for()
    elements = play.page.frame_locator("#output iframe").frame_locator("iframe").locator("button, svg a")
    expect(elements).to_have_count(html.count("<button") + html.count("<a "), timeout=20_000)
    for element in elements.all():
        element.dispatch_event("click")
    assert harmless(play)
    frames = [frame for frame in play.page.frames if frame != play.page.main_frame]
    folder = play.page.url.replace("play.html", "assets")
    assert [frame.url.partition("-")[0] for frame in frames] == [
        f"{folder}/isolation",
        f"{folder}/frame",
        "about:srcdoc",
    ]


def test_graph_with_markup_cannot_reach_the_page(play: Playground) -> None:
    name = '</text></svg><script>parent.caught=1</script>" ] evil [label="x'
    link = 'digraph g { a [URL="javascript:parent.caught=1", image="https://example.com/x"] }'
    play.run(
        "import numpy as np\nfrom pyconvlite import Variable\nfrom pyconvlite.utils import plot_dot_graph\n"
        f"plot_dot_graph(Variable(np.array(1.0), name={name!r}) * 2)\ndisplay({link!r})"
    )
    play.until("document.querySelectorAll('#output .graph img').length === 2")
    play.page.click("#output .graph img >> nth=1")
    assert harmless(play)


def test_a_figure_that_ends_the_program(play: Playground) -> None:
    figure = "import sys\nimport matplotlib.pyplot as plt\nplt.plot([1])"
    play.run(f"{figure}\nplt.gcf().savefig = lambda *a, **k: sys.exit(3)")
    assert play.text("#notice").endswith("SystemExit: 3")
    assert play.run("1 + 1") == "2"


def test_too_large_pictures_are_reported(play: Playground) -> None:
    shown = (
        "class A:\n    def _repr_png_(self):\n        return bytes({size})\n"
        "    def __repr__(self):\n        return 'a map'\n"
    )
    output = play.run(shown.format(size="40 << 20") + "A()")
    assert output == "a map [its image is larger than 32 MB]"
    play.run(shown.format(size="9 << 20") + "A()")
    play.wait_for("#notice", "The output is too large for the browser’s storage")
