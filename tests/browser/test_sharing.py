"""Links to the state of a page: their contents, their QR codes; pages embedded by other sites."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from accessibility import findings
from hosting import Preview
from lessons import Lesson
from PIL import Image
from playgrounds import Playground
from playwright.sync_api import Page, expect
from strokes import DIGITS, draw
from test_language import english
from visits import Visit

from tools.build import programs

ROOT = Path(__file__).parents[2]

# Decodes a QR code from width, height and RGBA, independently of the writer.
READER = """
import { readFileSync } from 'node:fs';
import decode from 'qr/decode.js';
const [width, height] = process.argv.slice(1).map(Number);
process.stdout.write(decode({ width, height, data: readFileSync(0) }));
"""

# The names of the visible parts.
SEEN = """[...document.querySelectorAll('[data-panel]')]
  .filter((part) => !part.matches('.visually-hidden'))
  .filter((part) => [...part.children].some((child) => child.checkVisibility() && child.clientWidth))
  .map((part) => part.dataset.panel).join()"""


def read(picture: bytes) -> str:
    """The text of the QR code in a picture."""
    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    sizes = map(str, image.size)
    command = [str(programs.find_node()), "--input-type=module", "--eval", READER, "--", *sizes]
    done = subprocess.run(command, cwd=ROOT, input=image.tobytes(), capture_output=True, check=True)
    return done.stdout.decode()


def code_of(page: Page) -> str:
    return read(page.locator("#sharing svg[role=img]").screenshot())


def test_share_a_lesson(enter: Callable[..., Visit], server: Preview) -> None:
    address = f"{server.url}lesson-sum.html?sum.x={'_'.join(map(str, range(16)))}"
    visit = enter(address, python=False, permissions=["clipboard-read", "clipboard-write"])
    page = visit.page
    page.click("#link-of-page")
    link = page.locator("#sharing-link")
    expect(link).to_have_value(address)
    assert page.locator("#sharing svg[role=img]").get_attribute("aria-label") == f"QR code: {page.url}"

    # The page changes at once, the link a little later.
    page.get_by_role("checkbox", name="Title and introduction").uncheck()
    page.get_by_role("checkbox", name="Explanations and questions").uncheck()
    page.get_by_role("checkbox", name="Links to other lessons").uncheck()
    page.get_by_role("checkbox", name="Bias: one number").uncheck()
    assert page.locator("#sharing [name=panel]:checked").is_disabled()  # the last one cannot be unchecked
    page.get_by_label("Larger type, for a projector").check()
    wanted = f"{address}&panels=sum&size=projector"
    expect(link).to_have_value(wanted)
    visit.until(f"location.href === '{wanted}'")
    assert page.evaluate(SEEN) == "sum"
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"

    page.emulate_media(color_scheme="dark")
    assert code_of(page) == wanted
    assert findings(page) == []
    page.emulate_media(color_scheme="light")
    page.click("#sharing-big")
    assert code_of(page) == wanted
    page.click("#sharing-big")

    page.click("#sharing-copy")
    visit.wait_for("#sharing-said", "Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == wanted
    html = page.locator("#sharing-html").input_value()
    assert f'src="{wanted.replace("&", "&amp;")}&amp;embed"' in html
    assert 'loading="lazy"' in html
    page.keyboard.press("Escape")
    expect(page.locator("#sharing")).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "link-of-page"

    page.click("#language")
    page.click("#link-of-page")
    expect(link).to_have_value(wanted.replace(".html", ".ja.html"))
    assert english(visit) == []
    page.keyboard.press("Escape")

    # On a phone the button is in the menu, which scrolls where a desk's window is enlarged to 400%.
    for width, height in ((360, 740), (320, 180)):
        page.set_viewport_size({"width": width, "height": height})
        page.click(".menu")
        page.click("#link-of-page")
        page.click("#sharing-close")
        visit.until("document.activeElement.matches('.menu')")


# The total darkness of the drawing area, in units of black pixels.
INK = """(() => {
  const pad = document.querySelector('#pad');
  const { data } = pad.getContext('2d').getImageData(0, 0, pad.width, pad.height);
  return data.filter((_, i) => i % 4 === 3).reduce((sum, alpha) => sum + alpha / 255, 0);
})()"""


def test_link_with_some_parts(enter: Callable[..., Visit], server: Preview) -> None:
    link = "?panels=stage,nonsense,controls&image=7&fool=5&class=2&at=map-0-3&open=fool,toString#drawing=eJwB"
    visit = enter(server.url + link, python=False)
    page = visit.page
    visit.until("location.search === '?panels=stage,nonsense,controls&image=7&fool=5&class=2'")
    assert page.evaluate(SEEN) == "controls,stage"
    assert page.locator("h1").count() == 1  # for screen readers
    assert page.locator("canvas#pad").is_hidden()
    assert page.locator("#diagnosis").count() == 0
    page.click("#link-of-page")
    held = "?panels=controls,stage&image=7&fool=5&class=2&open=fool&at=map-0-3"
    expect(page.locator("#sharing-link")).to_have_value(server.url + held)
    page.get_by_role("button", name="Show all").click()
    visit.until("!location.search.includes('panels')")
    assert page.locator("#fool-target").input_value() == "5"
    assert page.locator("#test-index").input_value() == "7"
    page.click("#sharing-close")

    # A drawing is in the fragment.
    draw(page, DIGITS[8])
    ink = page.evaluate(INK)
    assert ink > 5000
    page.click("#link-of-page")
    expect(page.locator("#sharing-link")).to_have_value(
        re.compile(r"open=fool&at=map-0-3#drawing=[\w-]{100,700}$")
    )
    drawing = page.locator("#sharing-link").input_value().partition("#")[2]
    page.goto("about:blank")
    page.goto(f"{server.url}?panels=nothing,of_this&size=huge&image=10000&class=x&at=map-1.5&open=#{drawing}")
    visit.until("document.querySelector('#diagnosis') !== null")
    visit.until("location.hash === ''")  # the browser stores it from now on
    assert abs(page.evaluate(INK) - ink) < 0.02 * ink
    assert page.locator("h1").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
    page.click("#clear")
    page.evaluate("fragment => (location.hash = fragment)", drawing)  # a link opened in the same tab
    visit.until("location.hash === ''")
    assert abs(page.evaluate(INK) - ink) < 0.02 * ink


def test_hidden_parts_are_hidden_before_scripts_run(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}own.html?panels=classes", python=False, java_script_enabled=True)
    page = visit.page
    assert page.evaluate(SEEN) == "classes"
    page.route("**/assets/*.js", lambda route: None)
    page.goto(f"{server.url}own.html?panels=classes&embed", wait_until="commit")
    page.locator("#classes").wait_for()
    assert page.evaluate(SEEN) == "classes"
    assert page.locator("footer").is_hidden()
    assert page.locator("#finder-title").is_hidden()
    page.unroute("**/assets/*.js")
    page.goto(f"{server.url}own.html?way=drawings")
    page.locator("[name=way][value=drawings]:checked").wait_for()
    for name, panel in (("learn", "onward"), ("bench", "split")):
        page.goto(f"{server.url}{name}.html?panels={panel}")
        visit.until("document.adoptedStyleSheets.length === 0")  # the scripts run
        assert page.evaluate(SEEN) == panel


def test_nested_part_is_not_offered_alone(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-sum.html?panels=text", python=False)
    visit.until("document.adoptedStyleSheets.length === 0")  # the scripts run
    assert visit.page.evaluate(SEEN) == "intro,ways,sum,text,text,bias,text,text,ways"
    page = visit.page
    page.click("#link-of-page")
    for name in ("Title and introduction", "Links to other lessons", "Bias: one number"):
        page.get_by_role("checkbox", name=name).uncheck()
    assert page.locator("#sharing [name=panel]:disabled").input_value() == "sum"
    page.get_by_role("checkbox", name="Explanations and questions").uncheck()
    assert page.evaluate(SEEN) == "sum"
    page.goto(f"{server.url}play.html?panels=files")
    visit.until("document.adoptedStyleSheets.length === 0")
    assert page.evaluate(SEEN) == "files"


def test_share_a_program(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor("?panels=program")
    page = play.page
    assert page.evaluate(SEEN) == "program"
    play.write("print('shared')")
    page.click("#link-of-page")
    expect(page.locator("#sharing-link")).to_have_value(re.compile(r"\?panels=program#code="))
    assert code_of(page) == page.locator("#sharing-link").input_value()


def test_share_the_code_of_a_figure(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("lesson-sum.html")
    page = visit.page
    bias = Lesson(page, "bias")
    code = bias.code()
    bias.type(f"print('ran', 6 * 7)\n{code}")
    printed = bias.place.locator(".printed")
    printed.filter(has_text="ran 42").wait_for()
    page.click("#link-of-page")
    link = page.locator("#sharing-link")
    expect(link).to_have_value(re.compile(r"lesson-sum.html[^#]*#bias\.code=[\w-]+$"))
    fragment = link.input_value().partition("#")[2]
    page.click("#sharing-close")
    bias.start_over()
    printed.wait_for(state="detached")

    # The browser that made the link trusts the code. In another one it is text until it is run.
    def follow(fragment: str) -> None:
        page.evaluate("fragment => (location.hash = fragment)", fragment)

    follow(fragment)
    printed.filter(has_text="ran 42").wait_for()
    follow("")
    bias.start_over()
    printed.wait_for(state="detached")
    page.evaluate("localStorage.removeItem('play-links')")
    follow(fragment)
    bias.faults("The Python of this figure came with the link.")
    assert bias.code().startswith("print('ran', 6 * 7)")
    bias.set(b=2)
    bias.place.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.type("0; ")
    page.wait_for_timeout(500)
    assert printed.count() == 0
    page.click("#link-of-page")  # which does not make it trusted
    expect(link).to_have_value(re.compile(r"bias\.b=2#bias\.code=[\w-]+$"))
    follow(link.input_value().partition("#")[2])
    page.click("#sharing-close")
    bias.faults("The Python of this figure came with the link.")
    bias.place.locator(".python").get_by_role("button", name="Run it").click()
    printed.filter(has_text="ran 42").wait_for()
    assert bias.code().startswith("0; print('ran', 6 * 7)")
    follow("")
    bias.start_over()
    for broken in ("bias.code=", "bias.code=AAAA", f"bias.code={'A' * 20_000}"):
        follow(broken)
        bias.faults("The Python in the link is damaged or too long.")
        bias.start_over()
    follow("")


class Around(BaseHTTPRequestHandler):
    """A page of another site, with a frame in it."""

    frame = ""

    def do_GET(self) -> None:
        body = f"<!doctype html><title>Mine</title><h1>Mine</h1>{self.frame}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def around(frame: str) -> Iterator[str]:
    """The URL of such a page on another host."""
    handler = type("Handler", (Around,), {"frame": frame})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=partial(server.serve_forever, 0.05))
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


# As in a browser that denies storage to frames of other sites.
REFUSES = """if (window !== top) {
  const refuse = () => { throw new DOMException('refused', 'SecurityError'); };
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) {
    Object.defineProperty(window, name, { get: refuse });
  }
  Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: refuse });
}"""


@pytest.mark.full
@pytest.mark.parametrize("refuses", [True, False], ids=["without storage", "as the browser has it"])
def test_embedded_figure_computes(enter: Callable[..., Visit], server: Preview, refuses: bool) -> None:
    source = f"{server.url}lesson-sum.html?panels=sum&amp;embed"
    with around(f'<iframe src="{source}" title="A figure" width="800" height="720"></iframe>') as address:
        visit = enter("about:blank", service_workers="allow")
        visit.expected.append(f"left the host: {address}")
        page = visit.page
        if refuses:
            page.add_init_script(REFUSES)
        page.goto(address)
        inner = page.frame_locator("iframe")
        first, last = (inner.locator("#sum .tensor").nth(i).locator(".cell").first for i in (0, 2))
        expect(last).to_have_text("15")  # a question that is left out hides nothing
        first.focus()
        page.keyboard.type("9")
        page.keyboard.press("Enter")
        expect(last).to_have_text("31", timeout=60_000)  # computed by Python
        [frame] = [frame for frame in page.frames if frame.url.startswith(f"{server.url}lesson")]
        assert not frame.evaluate("crossOriginIsolated")
        assert frame.evaluate(SEEN) == "sum"
        assert inner.locator("footer").is_hidden()
        assert inner.locator(".wordmark").is_hidden()
        with page.context.expect_page() as opened:
            inner.get_by_role("link", name="Open in pyconvlite").click()
        whole = opened.value.url
        assert whole.startswith(f"{server.url}lesson-sum.html?sum.x=9_")
        assert not re.search("panels|embed", whole)


@pytest.mark.full
def test_embedded_training_runs(enter: Callable[..., Visit], server: Preview) -> None:
    source = f"{server.url}?panels=controls,stage&amp;images=10000&amp;model=MLP&amp;speed=full&amp;embed"
    with around(f'<iframe src="{source}" title="Training" width="900" height="900"></iframe>') as address:
        visit = enter("about:blank", service_workers="allow")
        visit.expected.append(f"left the host: {address}")
        page = visit.page
        page.add_init_script(REFUSES)
        page.goto(address)
        inner = page.frame_locator("iframe")
        expect(inner.locator("#go")).to_have_text("Train", timeout=60_000)
        inner.locator("#go").click()
        expect(inner.locator("#notice")).to_contain_text("Test accuracy", timeout=120_000)
        expect(inner.locator(".picture .choice").first).to_be_attached()


# The metadata of a page for link previews, with the given SITE_URL.
HEAD = """
const { siteAddress, tags } = await import(process.argv[1]);
console.log(tags(siteAddress(process.argv[2]), process.argv[3]));
"""


def head(address: str, file: str) -> str:
    command = [str(programs.find_node()), "--input-type=module", "--eval", HEAD]
    arguments = [(ROOT / "site" / "sharing.js").as_uri(), address, file]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("address", ["https://example.org/cnn", "https://example.org/cnn/"])
def test_page_metadata_with_a_site_url(address: str) -> None:
    told = head(address, "lesson-sum.ja.html")
    assert '<link rel="canonical" href="https://example.org/cnn/lesson-sum.ja.html" />' in told
    assert 'content="https://example.org/cnn/share.png"' in told
    assert '<link rel="canonical" href="https://example.org/cnn/" />' in head(address, "index.html")


def test_invalid_site_url_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        head("example.org", "index.html")
    assert (
        "SITE_URL must be an address such as https://example.org/cnn/; got example.org" in error.value.stderr
    )


@pytest.mark.parametrize("file", ["lesson-sum.html", "lesson-sum.ja.html"])
def test_page_metadata_has_title_and_description(file: str) -> None:
    text = (ROOT / "dist" / "site" / file).read_text("utf-8")
    [title] = re.findall("<title>(.*)</title>", text)
    [described] = re.findall('<meta name="description" content="(.*?)"', text)
    assert f'<meta property="og:title" content="{title}"' in text
    assert f'<meta property="og:description" content="{described}"' in text
