"""A host on this machine, for tests that fetch files."""

import contextlib
import functools
import http.server
import threading


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def running(server):
    """Run a server in a thread; yield its URL, without a slash at the end."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    with server:
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def answered_by(handler):
    """The same, of a server whose requests a handler answers."""
    return running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))


def serving(folder, handler=Quiet):
    """The same, of a server of the files in a folder."""
    return answered_by(functools.partial(handler, directory=folder))
