"""Errors of the embedded AWS when it cannot be used."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws import LocalAwsError, paths
from local_aws.__main__ import main
from local_aws.endpoint import Endpoint
from local_aws.process import LocalAws

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_client_ignores_the_users_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist would otherwise be an error."""
    monkeypatch.setenv("AWS_PROFILE", "missing")
    client = Endpoint("http://127.0.0.1:1").client("sts", account="1" * 12, region="eu-west-1")

    assert client.meta.endpoint_url == "http://127.0.0.1:1"


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit code 2."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert 2 == main(["start", "--port", str(port)])

    assert re.fullmatch(rf"local_aws: .*\b{port}\b.*--port.*\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("tool", "start"),
    [
        ("SERVER_PYTHON", lambda: LocalAws().__enter__()),
        ("CDK", lambda: Endpoint("http://127.0.0.1:1").bootstrap([("1" * 12, "eu-west-1")])),
        ("NODE", lambda: Endpoint("http://127.0.0.1:1").bootstrap([("1" * 12, "eu-west-1")])),
    ],
)
def test_a_missing_tool_is_named(
    monkeypatch: pytest.MonkeyPatch, tool: str, start: Callable[[], object]
) -> None:
    """The server needs its Python, bootstrapping the CDK CLI and Node: `make install` has them."""
    monkeypatch.setattr(paths, tool, paths.PROJECT / "no" / tool)

    with pytest.raises(LocalAwsError, match=f"no/{tool} .*make install"):
        start()


def test_a_server_that_dies_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the log is what explains it."""
    monkeypatch.setattr(paths, "SERVER_PYTHON", Path(sys.executable))
    with pytest.raises(LocalAwsError) as failure:
        LocalAws().__enter__()

    first, *_, last = str(failure.value).splitlines()
    assert "exit code 1" in first
    assert "ModuleNotFoundError" in last


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["env", "--account", "12"], "argument --account: '12'"),
        (["env", "--region", "nowhere"], "argument --region: 'nowhere'"),
        (["run", "--acc", "444455556666", "--", "true"], "COMMAND"),
        (["start", "--port", "65536"], "argument --port: '65536'"),
        (["start", "--port=-1"], "argument --port: '-1'"),
        (["start", "--bootstrap", "111122223333/x;y"], "argument --bootstrap: 'x;y'"),
        (["start", "--organization", "acme"], "argument --organization: 'acme'"),
        (["start", "--organization", "o-a1b2c3d4e5=1"], "argument --organization: '1'"),
        (["start", "--bootstrap", "111122223333"], "argument --bootstrap: '111122223333'"),
    ],
)
def test_a_wrong_argument_is_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is quoted with its option; status 2."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err
