"""The embedded AWS as a child process that ends with its parent."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from local_aws import paths
from local_aws.endpoint import Endpoint
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType, TracebackType

HOST = "127.0.0.1"
SHOWN_LINES = 15
_POLL_SECONDS = 0.05
_STOP_SECONDS = 5.0


class LocalAws(Endpoint):
    """Start an embedded AWS, and stop it with the `with` block.

    It binds 127.0.0.1 only, keeps its state in memory, and holds its log in a folder that goes
    away with it. It also stops when this process dies without a word.

    Args:
        port: The port; by default a free one.
        organizations: The accounts of each organization; until the start they may be changed. No
            other account is in one.
        start_timeout_seconds: How long it may take to answer.

    Raises:
        LocalAwsError: The port is in use, `make install` has not been run, or the server did not
            start: with the end of its log.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        organizations: Mapping[str, Iterable[str]] | None = None,
        start_timeout_seconds: float = 60,
    ) -> None:
        """Choose the port; the server starts with the `with` block."""
        self.organizations: Mapping[str, Iterable[str]] = organizations or {}
        self.port = _free_port() if port is None else _available(port)
        self.start_timeout_seconds = start_timeout_seconds
        super().__init__(f"http://{HOST}:{self.port}")

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        paths.required(paths.SERVER_PYTHON)
        self._folder = tempfile.TemporaryDirectory(prefix="local-aws-")
        self._log = Path(self._folder.name) / "server.log"
        members = [
            argument
            for organization, accounts in self.organizations.items()
            for account in accounts
            for argument in ("--member", account, organization)
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                [
                    *(str(paths.SERVER_PYTHON), "-m", "local_aws.server"),
                    *("--port", str(self.port), *members),
                ],
                cwd=paths.PROJECT,
                # Not the user's environment: ministack has a hundred variables of its own.
                env={"TMPDIR": self._folder.name, "S3_DATA_DIR": self._folder.name},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C is ours to answer, by stopping it in order.
                start_new_session=True,
            )
        try:
            self._stop_on_sigterm()
            self._wait_until_healthy()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server, whatever ended the block."""
        self._stop()

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def _wait_until_healthy(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + self.start_timeout_seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._fail(f"stopped with exit code {self._process.returncode}")
            try:
                opener.open(f"{self.endpoint_url}/_ministack/health", timeout=1).close()
            except OSError:
                time.sleep(_POLL_SECONDS)
            else:
                return
        self._fail(f"did not answer within {self.start_timeout_seconds:g} s")

    def _fail(self, what: str) -> NoReturn:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-SHOWN_LINES:])
        msg = f"The embedded AWS {what}. The end of its log:\n{tail}"
        raise LocalAwsError(msg)

    def _stop(self) -> None:
        if self._on_sigterm is not None:
            signal.signal(signal.SIGTERM, self._on_sigterm)
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._folder.cleanup()

    _on_sigterm: Any = None

    def _stop_on_sigterm(self) -> None:
        """Turn SIGTERM, which would skip `__exit__`, into an exit that does not."""

        def leave(number: int, _: FrameType | None) -> None:
            raise SystemExit(128 + number)

        is_default = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        if is_default and threading.current_thread() is threading.main_thread():
            self._on_sigterm = signal.signal(signal.SIGTERM, leave)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _available(port: int) -> int:
    with socket.socket() as probe:
        # As the server does: a port whose last connections are closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            msg = f"Port {port} of {HOST} cannot be used ({error}). Give another with --port."
            raise LocalAwsError(msg) from None
    return port
