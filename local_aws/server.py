"""The process that is the embedded AWS. It runs in `.venv-local-aws`; see `process.py`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from local_aws import findings
from local_aws.gate import HOST, Gate


def _stop_with_parent() -> None:
    """Wait for the end of standard input: the parent holds it open while it lives."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve on a port of this laptop's loopback until SIGTERM, or the end of standard input.

    The first line of standard input is the secret that requests need.
    """
    parser = argparse.ArgumentParser(prog="local_aws.server", description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--member", nargs=2, action="append", default=[], metavar=("ACCOUNT", "ORGANIZATION")
    )
    parser.add_argument("--scan-findings", type=Path)
    arguments = parser.parse_args()
    port, secret = arguments.port, sys.stdin.readline().strip()
    if not secret:
        parser.error("the first line of standard input must be the secret of this start")

    from local_aws.overlay import confinement  # noqa: PLC0415

    confinement.forbid_programs_and_connections((HOST, port))
    # ministack reads these while it is imported.
    os.environ |= {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "PERSIST_STATE": "0",
        # No listener other than the one port, and no container.
        "DOCKER_HOST": "unix:///dev/null/no-docker",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "SERVICES": ",".join(confinement.SERVICES),
    }
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import app  # noqa: PLC0415

    from local_aws import overlay  # noqa: PLC0415

    detected = findings.load(arguments.scan_findings) if arguments.scan_findings else []
    overlay.install(f"http://{HOST}:{port}", secret, dict(arguments.member), detected)
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = 75
    # A client that keeps its connection open does not hold up the end.
    config.graceful_timeout = 0.1
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    asyncio.run(serve(Gate(app, port=port, secret=secret), config))


if __name__ == "__main__":
    main()
