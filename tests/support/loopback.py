"""A server at the loopback address that runs in a thread, for answers of a test."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class LoopbackHandler(BaseHTTPRequestHandler):
    """A handler that writes no log, and answers every request in one method."""

    def respond(self) -> None:
        """Answer a request."""
        raise NotImplementedError

    def do_POST(self) -> None:
        """Answer it."""
        self.respond()

    def do_GET(self) -> None:
        """Answer it."""
        self.respond()

    def send(self, status: int, data: bytes) -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


class Loopback:
    """A server that listens until the `with` block ends.

    Attributes:
        url: Its address.
    """

    def __init__(self, handler: type[LoopbackHandler]) -> None:
        """Bind a free port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
