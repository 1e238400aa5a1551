"""A tool as a child process that takes its own children along when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.02


@contextmanager
def child(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Run a command whose processes and temporary files do not outlive the block.

    The CDK CLI starts the app, the app starts Node, and each makes folders that it leaves behind
    when it is interrupted. So they are a process group of their own, which Ctrl-C does not reach:
    whatever ends the block early ends them all, in order and without a word on the terminal.
    Standard output and error are both the `stdout` of the process, as text.
    """
    with tempfile.TemporaryDirectory(prefix="local-aws-") as folder:
        process = subprocess.Popen(  # noqa: S603 - the commands are ours
            command,
            cwd=cwd,
            env={**env, "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                _end(process)
            if process.stdout:
                process.stdout.close()


def _end(process: subprocess.Popen[str]) -> None:
    """End the group, with force if it does not listen."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        # On macOS a group of zombies is not ours.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
            deadline = time.monotonic() + _GRACE_SECONDS
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(_POLL_SECONDS)
    process.wait()
