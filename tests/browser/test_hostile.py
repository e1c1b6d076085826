"""Hostile programs in the playground: none reaches the site, what the browser keeps for it, or a host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hosting import Preview
from playgrounds import Playground


class Listener(ThreadingHTTPServer):
    """Another host, which notes each connection and each request."""

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


# Each is an expression of Python, which gives a promise or raises.
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
    "a worker from a blob": "settled(js.Worker.new(blob(ASK), MODULE), 'message')",
}
STORAGE = {
    "caches": "js.caches.open('large files')",
    "IndexedDB": "settled(js.indexedDB.open('own-pictures'), 'success')",
    "the private file system": "js.navigator.storage.getDirectory()",
    "locks": "js.navigator.locks.request('a', lambda lock: None)",
    "cookies": "js.cookieStore.getAll()",
    "localStorage": "js.localStorage.getItem('play-code')",
    "eval": "js.eval('1')",
}

# A worker's script that asks the other host.
ASK = """
fetch('{url}/nested', {{ mode: 'no-cors' }}).then(() => postMessage('out'), () => postMessage('refused'));
"""

PRELUDE = """
import asyncio
import js
from pyodide.ffi import create_proxy, to_js

OWN, OTHER, WORKER, ASK = {own!r}, {other!r}, {worker!r}, {ask!r}
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
    except Exception as error:
        print(name, "failed")
"""


@pytest.fixture
def prelude(hostile: Playground, server: Preview, other: Listener) -> str:
    entries = "performance.getEntriesByType('resource').map(({ name }) => name)"
    worker = hostile.page.evaluate(f"{entries}.find((name) => /runner.worker/.test(name))")
    return PRELUDE.format(own=server.url, other=other.url, worker=worker, ask=ASK.format(url=other.url))


def worked(play: Playground, prelude: str, attempts: dict[str, str]) -> set[str]:
    """What worked of the attempts; all have ended."""
    calls = "".join(f"await attempt({name!r}, lambda: {code})\n" for name, code in attempts.items())
    output = play.run(prelude + calls)
    lines = [line for line in output.splitlines() if line.endswith(" failed") or " WORKED" in line]
    assert len(lines) == len(attempts), output
    return {line for line in lines if " WORKED" in line}


def test_no_way_leads_to_a_host(hostile: Playground, prelude: str, other: Listener) -> None:
    asked = len(hostile.asked)
    assert worked(hostile, prelude, NETWORK) == set()
    assert other.heard == []
    assert [path for path in hostile.asked[asked:] if path.endswith("index.html")] == []


def test_a_worker_within_the_worker_has_no_network_either(
    hostile: Playground, prelude: str, other: Listener
) -> None:
    code = """
answer = asyncio.get_event_loop().create_future()
worker = js.Worker.new(data(ASK), MODULE)
worker.onmessage = create_proxy(lambda event: answer.set_result(event.data))
await answer
"""
    assert hostile.run(prelude + code) == "'refused'"
    assert other.heard == []


def test_nothing_that_the_browser_keeps_is_reached(hostile: Playground, prelude: str) -> None:
    assert worked(hostile, prelude, STORAGE) == set()


VALUES = "{'values': {'a': {'shape': [9e9], 'data': DATA}}, 'fault': None}"
SENT = {
    "nothing": "None",
    "an unknown kind": "{'kind': 'shown'}",
    "a command of Comlink's": "{'type': 'SET', 'path': ['__proto__', 'caught'], 'value': {'value': 1}}",
    "an output without a kind": "{'kind': 'report', 'id': ID, 'value': {}}",
    "an image that is none": "{'kind': 'report', 'id': ID, 'value': {'kind': 'image', 'data': 1}}",
    "a result without values": "{'kind': 'result', 'id': ID, 'value': {'fault': None}}",
    "a false shape": f"{{'kind': 'result', 'id': ID, 'value': {VALUES}}}",
    "an error that is none": "{'kind': 'error', 'id': ID, 'error': 'x'}",
    "files that are none": "{'kind': 'files', 'name': 'x', 'paths': 7}",
}


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_what_has_no_shape_ends_the_program(hostile: Playground, sent: str) -> None:
    hostile.ready()
    hostile.write(
        "import js\nfrom pyodide.ffi import to_js\nimport numpy as np\nDATA = np.zeros(3)\n"
        "for ID in range(200):\n"
        f"    js.postMessage(to_js({sent}, dict_converter=js.Object.fromEntries))\n"
        "while True: pass\n"
    )
    hostile.page.click("#go")
    hostile.wait_for("#fault-title", "the program sent something to the page that has no place there")
    assert hostile.page.evaluate("'caught' in {}") is False
    hostile.page.click("#retry")
    assert hostile.run("'again'") == "'again'"


def test_prototypes_stay_as_they_are(hostile: Playground) -> None:
    """Names that mean something to JavaScript's objects are names like others."""
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


def test_files_that_the_site_has_not_do_not_come(hostile: Playground, server: Preview) -> None:
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
    "a link in a picture": (
        "<svg><a xlink:href='{url}/'><set attributeName=href to='{url}/' />"
        "<text class=click y=20>a link</text></a></svg>"
    ),
    "a form": "<form action='{url}/'><button class=click>send</button></form>",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_html_connects_to_no_host(hostile: Playground, other: Listener, html: str) -> None:
    shown = html.format(url=other.url)
    hostile.run(f"class A:\n    def _repr_html_(self):\n        return {shown!r}\nA()")
    frame = hostile.page.frame_locator("#output iframe")
    frame.locator("body").wait_for(state="attached")
    for element in frame.locator(".click").all():
        element.hover()
        element.click()
    hostile.page.wait_for_timeout(300)
    assert other.heard == []


def test_a_program_that_floods_the_page_is_ended(hostile: Playground) -> None:
    hostile.ready()
    hostile.write(
        "import js\nfrom pyodide.ffi import to_js\n"
        "message = to_js({'kind': 'report', 'id': -1}, dict_converter=js.Object.fromEntries)\n"
        "while True:\n    js.postMessage(message)\n"
    )
    hostile.page.click("#go")
    hostile.wait_for("#fault-title", "the program sent more to the page than it can take", seconds=5)
    hostile.page.click("#retry")
    assert hostile.run("'again'") == "'again'"
