"""A local server that gives the answers of a test in place of ECR, also those ECR never gives."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl

HTML, HANG, CLOSE = b"<html>Sign in</html>", "hang", "close"
_LONGEST_HANG_SECONDS = 20

# Members, bytes, an error code, a status with either, `HANG`, `CLOSE`, or a list of answers, of
# which the last one is repeated.
Answer = Any
Answers = dict[str, Answer]


class Request(NamedTuple):
    """What was asked for, and by which key in which Region."""

    operation: str
    authorization: str


class FakeEcr:
    """Answers each operation, `*` those that are not named, until the `with` block ends."""

    def __init__(self) -> None:
        """Bind a free port."""
        self.answers: Answers = {}
        self.requests: list[Request] = []
        self.ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and end the requests that hang."""
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def next_answer(self, operation: str) -> Answer:
        """Return the answer whose turn it is."""
        answer = self.answers.get(operation, self.answers.get("*"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                # ECR has the operation in a header, STS in the body.
                target = self.headers["X-Amz-Target"] or dict(parse_qsl(body))["Action"]
                operation = target.rpartition(".")[2]
                fake.requests.append(Request(operation, self.headers["Authorization"]))
                answer = fake.next_answer(operation)
                if answer == HANG:
                    fake.ended.wait(_LONGEST_HANG_SECONDS)
                elif answer != CLOSE:
                    self._send(answer)

            def _send(self, answer: Answer) -> None:
                status = 200
                if isinstance(answer, str):
                    status, answer = 400, {"__type": answer, "message": "It says."}
                elif isinstance(answer, tuple):
                    status, answer = answer
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Be quiet."""

        return Handler
