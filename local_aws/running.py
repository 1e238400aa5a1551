"""The server that `python -m local_aws start` runs, found from another terminal."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local_aws import paths
from local_aws.endpoint import Endpoint
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.process import LocalAws

START = "python -m local_aws start"


def find() -> Endpoint:
    """Return the server that runs for this project.

    Raises:
        LocalAwsError: None does.
    """
    try:
        state = json.loads(paths.STATE_FILE.read_text())
        pid, endpoint = int(state["pid"]), Endpoint(state["endpointUrl"])
    except FileNotFoundError:
        msg = f"No embedded AWS runs for this project. Run: {START}"
        raise LocalAwsError(msg) from None
    except (ValueError, KeyError, TypeError):
        msg = f"{_shown()} is damaged. Delete it and run: {START}"
        raise LocalAwsError(msg) from None
    if not _alive(pid):
        msg = f"{_shown()} names process {pid}, which is gone. Run: {START}"
        raise LocalAwsError(msg)
    return endpoint


@contextmanager
def announced(aws: LocalAws) -> Iterator[None]:
    """Let `find` find this server while the block runs.

    Raises:
        LocalAwsError: Another one runs for this project.
    """
    try:
        other = find()
    except LocalAwsError:
        pass
    else:
        msg = f"An embedded AWS already runs at {other.endpoint_url}. Stop it with Ctrl-C there."
        raise LocalAwsError(msg)
    paths.STATE_FILE.parent.mkdir(exist_ok=True)
    state = {"endpointUrl": aws.endpoint_url, "pid": aws.pid}
    paths.STATE_FILE.write_text(json.dumps(state) + "\n")
    try:
        yield
    finally:
        paths.STATE_FILE.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # The number belongs to another user's process by now.
        return False
    return True


def _shown() -> str:
    return str(paths.STATE_FILE.relative_to(paths.PROJECT))
