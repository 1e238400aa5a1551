"""A local server that gives the answers of a test in place of ECR, also those ECR never gives."""

import json
import threading
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from tests.support.loopback import Loopback, LoopbackHandler

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


class FakeEcr(Loopback):
    """Answers each operation, `*` those that are not named, until the `with` block ends."""

    def __init__(self) -> None:
        """Bind a free port."""
        self.answers: Answers = {}
        self.requests: list[Request] = []
        self.ended = threading.Event()
        super().__init__(self._handler())

    def __exit__(self, *_: object) -> None:
        """Stop, and end the requests that hang."""
        self.ended.set()
        super().__exit__()

    def next_answer(self, operation: str) -> Answer:
        """Return the answer whose turn it is."""
        answer = self.answers.get(operation, self.answers.get("*"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer

    def _handler(self) -> type[LoopbackHandler]:
        fake = self

        class Handler(LoopbackHandler):
            def respond(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                # ECR has the operation in a header, STS in the body.
                target = self.headers["X-Amz-Target"] or dict(parse_qsl(body))["Action"]
                operation = target.rpartition(".")[2]
                fake.requests.append(Request(operation, self.headers["Authorization"]))
                answer = fake.next_answer(operation)
                if answer == HANG:
                    fake.ended.wait(_LONGEST_HANG_SECONDS)
                elif answer != CLOSE:
                    self._answer(answer)

            def _answer(self, answer: Answer) -> None:
                status = 200
                if isinstance(answer, str):
                    status, answer = 400, {"__type": answer, "message": "It says."}
                elif isinstance(answer, tuple):
                    status, answer = answer
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send(status, data)

        return Handler
