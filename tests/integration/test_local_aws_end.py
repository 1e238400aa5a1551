"""The embedded AWS ends with the process that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_aws import paths


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_the_server_ends_with_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    """However the parent ends, nothing goes on listening; it leaves a log only if killed."""
    program = (
        "import signal, time\n"
        # Whoever runs the tests with nohup ignores it, and so would this process.
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "from local_aws.process import LocalAws\n"
        "with LocalAws() as aws:\n"
        "    print(aws.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=paths.PROJECT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout
        server = int(parent.stdout.readline())
        parent.send_signal(number)

    deadline = time.monotonic() + 5
    while _alive(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(server)
    left = [file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert left == (["server.log"] if number == signal.SIGKILL else [])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
