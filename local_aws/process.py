"""The embedded AWS as a child process that ends with its parent."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from local_aws import LocalAwsError, findings, paths
from local_aws.endpoint import SHOWN_LINES, Endpoint, find
from local_aws.gate import HEALTH, HOST, SECRET_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import FrameType

_POLL_SECONDS = 0.05
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


class LocalAws(Endpoint):
    """Start an embedded AWS, and stop it with the `with` block.

    It binds 127.0.0.1 only, keeps its state in memory, and holds its log in a folder that is
    deleted with it. It also stops when this process is killed.

    Args:
        port: The port; by default a free one.
        organizations: The accounts of each organization; until the start they may be changed. No
            other account is in one.
        scan_findings: A file of what scans find, as `findings.load` reads it; by default scans
            find nothing.

    Raises:
        LocalAwsError: The port cannot be used, or the file is not as it must be.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        organizations: Mapping[str, Iterable[str]] | None = None,
        scan_findings: Path | None = None,
    ) -> None:
        """Choose the port; the server starts with the `with` block."""
        self.organizations: Mapping[str, Iterable[str]] = organizations or {}
        self._findings = [scan_findings.resolve()] if scan_findings else []
        for path in self._findings:
            # The server reads it again; what is wrong with it is said before anything starts.
            findings.load(path)
        self.port = _available(port or 0)
        super().__init__(f"http://{HOST}:{self.port}", secret=secrets.token_urlsafe(32))

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
                    *(part for path in self._findings for part in ("--scan-findings", str(path))),
                ],
                cwd=paths.PROJECT,
                # Not the user's environment: ministack has a hundred variables of its own.
                env=dict.fromkeys(("TMPDIR", "S3_DATA_DIR", "HOME"), self._folder.name),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C is ours to answer, by stopping it in order.
                start_new_session=True,
            )
        try:
            self._stop_on_signals()
            self._hand_over_secret()
            self._wait_until_healthy()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server, whatever ended the block."""
        self._stop()

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def _hand_over_secret(self) -> None:
        """Write it to the server, where no other user reads it: not in its command line."""
        assert self._process.stdin
        # A server that has died says why in its log.
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{self.secret}\n".encode())
            self._process.stdin.flush()

    def _wait_until_healthy(self) -> None:
        health = urllib.request.Request(  # noqa: S310 - the address is ours
            self.endpoint_url + HEALTH, headers={SECRET_HEADER: self.secret}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._fail(f"stopped with exit code {self._process.returncode}")
            try:
                opener.open(health, timeout=1).close()
            except OSError:
                time.sleep(_POLL_SECONDS)
            else:
                return
        self._fail(f"did not answer within {_START_SECONDS:g} s")

    def _fail(self, what: str) -> NoReturn:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-SHOWN_LINES:])
        msg = f"The embedded AWS {what}. The end of its log:\n{tail}"
        raise LocalAwsError(msg)

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._folder.cleanup()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _stop_on_signals(self) -> None:
        """Turn signals that would skip `__exit__` into an exit that does not."""

        def leave(number: int, _: FrameType | None) -> None:
            # The first one is enough: another would interrupt the end.
            signal.signal(number, signal.SIG_IGN)
            raise SystemExit(128 + number)

        self._handlers: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:
                    self._handlers[number] = signal.signal(number, leave)


@contextmanager
def announced(aws: LocalAws) -> Iterator[None]:
    """Let `find` find this server while the block runs."""
    try:
        other = find()
    except LocalAwsError:
        pass
    else:
        msg = f"An embedded AWS already runs at {other.endpoint_url}. Stop it with Ctrl-C there."
        raise LocalAwsError(msg)
    state = {"endpointUrl": aws.endpoint_url, "pid": aws.pid, "secret": aws.secret}
    try:
        paths.STATE_FILE.parent.mkdir(exist_ok=True)
        # Of this user only. A file of an earlier run may have other permissions, or be a link.
        paths.STATE_FILE.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(paths.STATE_FILE, flags, 0o600), "w") as file:
            file.write(json.dumps(state) + "\n")
        yield
    finally:
        paths.STATE_FILE.unlink(missing_ok=True)


def _available(port: int) -> int:
    """Return a port that nothing listens on; 0 for any."""
    with socket.socket() as probe:
        # As the server does: a port whose last connections are closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            msg = f"Port {port} of {HOST} cannot be used ({error}). Give another with --port."
            raise LocalAwsError(msg) from None
        return int(probe.getsockname()[1])
