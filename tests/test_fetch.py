import contextlib
import http.server
import threading

import pytest

from pyconvlite._fetch import fetch


def test_data_addresses():
    assert fetch("data:application/octet-stream;base64,AP+A") == b"\x00\xff\x80"


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers /200, /404 and so on with that status; /cut promises more than it sends."""

    def do_GET(self):
        cut = self.path == "/cut"
        self.send_response(200 if cut else int(self.path[1:]))
        self.send_header("Content-Length", "10" if cut else "3")
        self.end_headers()
        self.wfile.write(b"\x00\xff\x80")

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}"
        finally:
            httpd.shutdown()
            thread.join()


@pytest.mark.cpython
def test_http():
    with server() as address:
        assert fetch(f"{address}/200") == b"\x00\xff\x80"


@pytest.mark.cpython
@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("404", FileNotFoundError, "there is no file at .*/404"),
        ("403", OSError, ".*/403 cannot be fetched: the server returned status 403"),
        ("500", OSError, ".*/500 cannot be fetched: the server returned status 500"),
        ("cut", OSError, ".*/cut cannot be fetched: IncompleteRead"),
    ],
)
def test_http_errors(path, error, message):
    with server() as address, pytest.raises(error, match=message):
        fetch(f"{address}/{path}")


def test_no_server():
    with pytest.raises(OSError, match=r"http://127\.0\.0\.1:1/x cannot be fetched"):
        fetch("http://127.0.0.1:1/x")
