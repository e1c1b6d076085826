"""Hostile programs in the playground reach neither the site, nor its stored data, nor another host."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hosting import Preview
from playgrounds import Playground
from playwright.sync_api import expect


class Listener(ThreadingHTTPServer):
    """Another host, which records each connection and request."""

    daemon_threads = True

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.heard.append(self.path)  # type: ignore[attr-defined] # it is a Listener
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 # as http.server wants it

        def log_message(self, format: str, *args: Any) -> None:
            pass

    def __init__(self) -> None:
        self.heard: list[str] = []
        super().__init__(("127.0.0.1", 0), self.Handler)

    def get_request(self) -> Any:
        self.heard.append("a connection")
        return super().get_request()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def other() -> Iterator[Listener]:
    with Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
        thread.start()
        yield listener
        listener.shutdown()
        thread.join()


@pytest.fixture
def hostile(play: Playground) -> Playground:
    play.expected += [
        "Content Security Policy",
        "Refused to",
        "violates",
        "NetworkError",
        "ERR_",
        "sandboxed",
    ]
    return play


# Python expressions that return a promise or raise.
NETWORK = {
    "fetch": "js.fetch(OTHER + '/fetch')",
    "fetch without CORS": "js.fetch(OTHER + '/no-cors', NO_CORS)",
    "fetch of the site": "js.fetch(OWN + 'index.html', NO_CORS)",
    "XMLHttpRequest": "xhr(OTHER + '/xhr')",
    "WebSocket": "settled(js.WebSocket.new(OTHER.replace('http', 'ws')), 'open')",
    "EventSource": "settled(js.EventSource.new(OTHER + '/events'), 'open')",
    "WebTransport": "js.WebTransport.new(OTHER.replace('http', 'https')).ready",
    "a font": "js.FontFace.new('a', f'url({OTHER}/font)').load()",
    "importScripts": "js.importScripts(OTHER + '/script.js')",
    "a module": "settled(js.Worker.new(data(f\"import '{OTHER}/a.js'; postMessage(1)\"), MODULE), 'message')",
    "the site's worker": "settled(js.Worker.new(WORKER, MODULE), 'message')",
    "a worker of the other host": "settled(js.Worker.new(OTHER + '/worker.js', MODULE), 'message')",
    "a worker from a blob": "settled(js.Worker.new(blob(LEAVE)), 'message')",
    "a shared worker": "js.SharedWorker.new(data(ASK))",
    "a service worker": "js.navigator.serviceWorker.register('x.js')",
    "WebRTC": "js.RTCPeerConnection.new()",
    "a beacon": "js.navigator.sendBeacon(OTHER + '/beacon')",
    "an import": "js.Function.new('url', 'return import(url)')(OTHER + '/import.js')",
}
STORAGE = {
    "caches": "js.caches.open('large files')",
    "IndexedDB": "settled(js.indexedDB.open('own-pictures'), 'success')",
    "the private file system": "js.navigator.storage.getDirectory()",
    "locks": "js.navigator.locks.request('a', lambda lock: None)",
    "cookies": "js.cookieStore.getAll()",
    "localStorage": "js.localStorage.getItem('play-code')",
    "storage buckets": "js.navigator.storageBuckets.open('a')",
    "files of the disk": "js.showOpenFilePicker()",
    "eval": "js.eval('1')",
}

# The script of a worker that contacts the other host.
ASK = """
fetch('{url}/nested', {{ mode: 'no-cors' }}).then(() => postMessage('out'), () => postMessage('refused'));
"""

PRELUDE = """
import asyncio
import js
from pyodide.ffi import create_proxy, to_js

OWN, OTHER, WORKER, ASK = {own!r}, {other!r}, {worker!r}, {ask!r}
LEAVE = "fetch('" + OTHER + "/left', {{mode: 'no-cors'}}).then(() => postMessage('out'), () => {{}})"
as_object = js.Object.fromEntries
MODULE = to_js({{"type": "module"}}, dict_converter=as_object)
NO_CORS = to_js({{"mode": "no-cors"}}, dict_converter=as_object)

def blob(source):
    options = to_js({{"type": "text/javascript"}}, dict_converter=as_object)
    return js.URL.createObjectURL(js.Blob.new(to_js([source]), options))

def data(source):
    return "data:text/javascript," + js.encodeURIComponent(source)

def settled(target, event):
    answer = asyncio.get_event_loop().create_future()
    def done(happened):
        if not answer.done():
            answer.set_result(happened)
    def failed(happened):
        if not answer.done():
            answer.set_exception(OSError(event))
    target.addEventListener(event, create_proxy(done))
    target.addEventListener("error", create_proxy(failed))
    return answer

def xhr(url):
    request = js.XMLHttpRequest.new()
    request.open("GET", url)
    answer = settled(request, "load")
    request.send()
    return answer

async def attempt(name, what):
    try:
        result = what()
        if hasattr(result, "then") or asyncio.isfuture(result):
            result = await asyncio.wait_for(asyncio.ensure_future(result), 5)
        print(name, "WORKED", result)
    except NameError:
        raise  # a fault of this program, which reached nothing
    except Exception:
        print(name, "failed")
"""


@pytest.fixture
def prelude(hostile: Playground, server: Preview, other: Listener) -> str:
    entries = "performance.getEntriesByType('resource').map(({ name }) => name)"
    worker = hostile.page.evaluate(f"{entries}.find((name) => /runner.worker/.test(name))")
    return PRELUDE.format(own=server.url, other=other.url, worker=worker, ask=ASK.format(url=other.url))


def worked(play: Playground, prelude: str, attempts: dict[str, str]) -> set[str]:
    """The attempts that succeeded, after all have ended."""
    calls = "".join(f"await attempt({name!r}, lambda: {code})\n" for name, code in attempts.items())
    output = play.run(prelude + calls)
    lines = [line for line in output.splitlines() if line.endswith(" failed") or " WORKED" in line]
    assert len(lines) == len(attempts), output
    return {line for line in lines if " WORKED" in line}


def test_programs_reach_no_host(hostile: Playground, prelude: str, other: Listener) -> None:
    asked = len(hostile.asked)
    assert worked(hostile, prelude, NETWORK) == set()
    assert other.heard == []
    assert [path for path in hostile.asked[asked:] if path.endswith("index.html")] == []


def test_nested_worker_has_no_network(hostile: Playground, prelude: str, other: Listener) -> None:
    code = """
answer = asyncio.get_event_loop().create_future()
worker = js.Worker.new(data(ASK), MODULE)
worker.onmessage = create_proxy(lambda event: answer.set_result(event.data))
await answer
"""
    assert hostile.run(prelude + code) == "'refused'"
    assert other.heard == []


def test_programs_reach_no_browser_storage(hostile: Playground, prelude: str) -> None:
    assert worked(hostile, prelude, STORAGE) == set()


def test_programs_reach_no_other_tab(hostile: Playground, prelude: str) -> None:
    listen = "globalThis.heard = [], new BroadcastChannel('own-pictures').onmessage = () => heard.push(1)"
    hostile.page.evaluate(f"void ({listen})")
    say = "new BroadcastChannel('own-pictures').postMessage(1); postMessage(1)"
    hostile.run(
        prelude + "js.BroadcastChannel.new('own-pictures').postMessage(1)\n"
        f"await settled(js.Worker.new(data({say!r}), MODULE), 'message')\n"
    )
    hostile.page.wait_for_timeout(300)
    assert hostile.page.evaluate("heard") == []


VALUES = "{'values': {'a': {'shape': SHAPE, 'data': DATA}}, 'fault': None}"
IMAGE = "{'kind': 'image', 'type': 'image/png', 'data': DATA, 'dark': None, 'alt': 'x', 'scale': SCALE}"
REPORT, RESULT = "{'kind': 'report', 'id': ID, 'value': %s}", "{'kind': 'result', 'id': ID, 'value': %s}"
SENT = {
    "one part in more places than can be read": (
        "{'kind': 'error', 'id': ID, 'error': {'name': 'PythonError', 'message': PART}}"
    ),
    "nothing": "None",
    "an unknown kind": "{'kind': 'shown'}",
    "a command of Comlink's": "{'type': 'SET', 'path': ['__proto__', 'caught'], 'value': {'value': 1}}",
    "an output without a kind": REPORT % "{}",
    "an image that is none": REPORT % "{'kind': 'image', 'data': 1}",
    "an image whose size may change": REPORT % IMAGE.replace("DATA", "CHANGING").replace("SCALE", "1"),
    "an image of no size": REPORT % IMAGE.replace("DATA", "BYTES").replace("SCALE", "0"),
    "a result without values": RESULT % "{'fault': None}",
    "a result with bytes for values": RESULT % "{'values': BYTES, 'fault': None}",
    "a false shape": RESULT % VALUES.replace("SHAPE", "[9e9]"),
    "a shape below nothing": RESULT % VALUES.replace("SHAPE", "[-1, -3]"),
    "a line that is no number of one": RESULT
    % "{'values': {}, 'fault': {'message': 'x', 'traceback': 'x', 'line': 0.5}}",
    "more text than there is room for": REPORT % "'x' * 2**21",
    "an error of too many words": (
        "{'kind': 'error', 'id': ID, 'error': {'name': 'PythonError',"
        " 'message': {'code': 'x', 'values': {'a': 'x' * 2**16, 'b': 'x' * 2**16}, 'text': 'x'}}}"
    ),
    "a fault of too many words": RESULT
    % "{'values': {}, 'fault': {'message': 'x' * 9999, 'traceback': 'x', 'line': 1}}",
    "an error that is none": "{'kind': 'error', 'id': ID, 'error': 'x'}",
    "files that are none": "{'kind': 'files', 'name': 'x', 'paths': 7}",
    "more files than the site has": "{'kind': 'files', 'name': 'x', 'paths': ['x'] * 9999}",
    "more files than there are places": "{'kind': 'files', 'name': 'x', 'paths': js.Array.new(2**32 - 1)}",
}
USUAL = ("one part in more places than can be read", "an image whose size may change")
FALSE = [pytest.param(name, marks=[] if name in USUAL else pytest.mark.full) for name in SENT]

FORGING = """
import js
from pyodide.ffi import to_js
import numpy as np

DATA, BYTES = np.zeros(3), np.zeros(3, np.uint8)
CHANGING = js.Uint8Array.new(js.ArrayBuffer.new(8, js.JSON.parse('{"maxByteLength": 1000}')))
PART = js.JSON.parse('{"code": "x", "values": {}, "text": "x"}')
for _ in range(60):
    whole = js.JSON.parse('{"code": "x", "values": {}, "text": "x"}')
    whole.values.a = whole.values.b = PART
    PART = whole
for ID in range(200):
    js.postMessage(to_js(SENT, dict_converter=js.Object.fromEntries))
while True: pass
"""


@pytest.mark.parametrize("name", FALSE)
def test_malformed_message_ends_the_program(hostile: Playground, name: str) -> None:
    hostile.ready()
    hostile.write(FORGING.replace("SENT", SENT[name]))
    hostile.page.click("#go")
    hostile.wait_for("#fault-title", "the program sent something that the page cannot use")
    assert hostile.page.evaluate("'caught' in {}") is False
    hostile.page.click("#retry")
    assert hostile.run("'again'") == "'again'"


def test_prototypes_are_not_polluted(hostile: Playground) -> None:
    """Names with a meaning in JavaScript, such as __proto__, are plain names."""
    before = hostile.page.evaluate("Object.getOwnPropertyNames(Object.prototype).sort()")
    hostile.run(
        "import js\nfrom pyodide.ffi import to_js\n"
        'evil = js.JSON.parse(\'{"__proto__": {"caught": 1}, "kind": "html", "html": "x"}\')\n'
        "for id in range(200):\n"
        '    message = js.JSON.parse(\'{"kind": "report", "__proto__": {"caught": 1}}\')\n'
        "    message.id, message.value = id, evil\n"
        "    js.postMessage(message)\n"
        "js.Object.prototype.caught = 1\n"
    )
    assert hostile.page.evaluate("Object.getOwnPropertyNames(Object.prototype).sort()") == before
    assert hostile.page.evaluate("'caught' in {} || 'caught' in document.querySelector('iframe')") is False


def test_requests_for_files_outside_the_site_are_refused(hostile: Playground, server: Preview) -> None:
    asked = len(hostile.asked)
    output = hostile.run(
        "from pyodide.http import pyfetch\n"
        "wanted = 'pyodide/../index.html', 'pyodide/x', 'mnist/../../x', 'weights/x', 'pyodide/__proto__'\n"
        "for path in wanted:\n"
        "    try:\n"
        f"        print(path, (await pyfetch({server.url!r} + path)).status)\n"
        "    except Exception as error:\n"
        "        print(path, 'refused')\n"
    )
    assert [line.split()[-1] for line in output.splitlines()] == ["refused"] * 5
    assert hostile.asked[asked:] == []


def test_repeated_file_requests_are_bounded(hostile: Playground) -> None:
    asked = len(hostile.asked)
    hostile.run(
        "import asyncio, js\nfrom pyodide.ffi import to_js\n"
        "wish = {'kind': 'files', 'name': 'x', 'paths': ['weights/NOTICE.txt'] * 1000}\n"
        "for _ in range(100):\n"
        "    js.postMessage(to_js(wish, dict_converter=js.Object.fromEntries))\n"
        "await asyncio.sleep(0.3)\n"
    )
    assert len(hostile.asked) - asked <= 100  # one at a time


HTML = {
    "a frame": "<iframe src='{url}/'></iframe>",
    "a frame in a frame": (
        "<iframe srcdoc=\"<iframe src='{url}/'></iframe>"
        "<meta http-equiv=refresh content='0;url={url}'>\"></iframe>"
    ),
    "a frame in a picture": "<svg><foreignObject><iframe src='{url}/'></iframe></foreignObject></svg>",
    "a frame in a template": "<template shadowrootmode=open><iframe src='{url}/'></iframe></template>",
    "an object": "<object data='{url}/'></object><embed src='{url}/'>",
    "hints": "".join(
        f"<link rel={kind} as=image href='{{url}}/a'>"
        for kind in ("preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload", "prerender")
    ),
    "a refresh": "<meta http-equiv=refresh content='0;url={url}/'>",
    "pictures": (
        "<img src='{url}/a' srcset='{url}/b 2x'><svg><image href='{url}/c'/><use href='{url}/d#e'/></svg>"
    ),
    "styles": (
        "<style>@import '{url}/a'; b {{ background: url({url}/b) }}</style>"
        "<b style='cursor: url({url}/c), auto'>x</b>"
    ),
    "media": "<video src='{url}/a' poster='{url}/b'></video><audio src='{url}/c' autoplay></audio>",
    "a link": "<a class=click href='{url}/' ping='{url}/ping' target=_blank>a link</a>",
    "a link to a picture that asks": (
        "<a class=click href=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'>"
        "<image href='{url}/a'/><foreignObject>"
        "<iframe xmlns='http://www.w3.org/1999/xhtml' src='{url}/b'/></foreignObject></svg>\">a</a>"
    ),
    "a link in a picture": (
        "<svg><a xlink:href='{url}/'><set attributeName=href to='{url}/' />"
        "<text class=click y=20>a link</text></a></svg>"
    ),
    "a form": "<form action='{url}/'><button class=click>send</button></form>",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_html_reaches_no_host(hostile: Playground, other: Listener, html: str) -> None:
    shown = html.format(url=other.url)
    hostile.run(f"class A:\n    def _repr_html_(self):\n        return {shown!r}\nA()")
    frame = hostile.page.frame_locator("#output iframe").frame_locator("iframe")
    frame.locator("body").wait_for(state="attached")
    expect(frame.locator(".click")).to_have_count(html.count("class=click"), timeout=20_000)
    for element in frame.locator(".click").all():
        element.hover()
        element.click()
    hostile.page.wait_for_timeout(300)
    assert other.heard == []


@pytest.mark.full
def test_html_is_not_shown_without_the_frame_policy(enter_play: Callable[..., Playground]) -> None:
    play = enter_play()
    play.expected.append("404")
    missing: Any = {
        "status": 404,
        "content_type": "text/html",
        "headers": {"Cross-Origin-Embedder-Policy": "require-corp"},
        "body": "<p>not here</p>",
    }
    play.page.route("**/frame-*.html", lambda route: route.fulfill(**missing))
    play.run("class A:\n    def _repr_html_(self):\n        return '<b>x</b>'\nA()")
    play.page.frame_locator("#output iframe").locator("text=not here").wait_for()
    play.page.wait_for_timeout(300)
    assert play.page.frame_locator("#output iframe").locator("iframe").count() == 0


def test_flooding_program_is_ended(hostile: Playground) -> None:
    hostile.ready()
    hostile.write(
        "import js\nfrom pyodide.ffi import to_js\n"
        "message = to_js({'kind': 'report', 'id': -1}, dict_converter=js.Object.fromEntries)\n"
        "while True:\n    js.postMessage(message)\n"
    )
    hostile.page.click("#go")
    hostile.wait_for("#fault-title", "the program sent more than the page can take", seconds=5)
    hostile.page.click("#retry")
    assert hostile.run("'again'") == "'again'"


def test_a_program_that_shows_too_much_is_ended(hostile: Playground) -> None:
    hostile.ready()
    hostile.write(
        "import js\nfrom pyodide.ffi import to_js\n"
        "shown = {'kind': 'html', 'html': 'x'}\n"
        "for i in range(100_000):\n"
        "    report = {'kind': 'report', 'id': i % 100, 'value': shown}\n"
        "    js.postMessage(to_js(report, dict_converter=js.Object.fromEntries))\n"
        "while True: pass\n"
    )
    hostile.page.click("#go")
    hostile.wait_for("#fault-title", "the program sent more than the page can take")
    assert hostile.page.locator("#output iframe").count() <= 200
    hostile.page.click("#retry")
    assert hostile.run("'again'") == "'again'"
