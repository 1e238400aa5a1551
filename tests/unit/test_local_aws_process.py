"""Errors of the embedded AWS when it cannot be used, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws import LocalAwsError, paths
from local_aws.__main__ import main
from local_aws.endpoint import Endpoint, require_loopback
from local_aws.process import LocalAws

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def state_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that names the running server, in a project of the test's own."""
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.setattr(paths, "STATE_FILE", tmp_path / ".local-aws" / "server.json")
    paths.STATE_FILE.parent.mkdir()
    return paths.STATE_FILE


@pytest.mark.parametrize(
    "endpoint_url", ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:80"]
)
def test_a_loopback_endpoint_is_accepted(endpoint_url: str) -> None:
    """It comes back as it was given."""
    assert require_loopback(endpoint_url) == endpoint_url


@pytest.mark.parametrize(
    "endpoint_url",
    [
        "https://ecr.eu-central-1.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "127.0.0.1:4566",
        "",
    ],
)
def test_any_other_endpoint_is_rejected(endpoint_url: str) -> None:
    """The message quotes it, and names the command that helps."""
    with pytest.raises(LocalAwsError) as rejection:
        Endpoint(endpoint_url)

    assert repr(endpoint_url) in str(rejection.value)
    assert "unset AWS_ENDPOINT_URL" in str(rejection.value)


def test_the_environment_of_a_child_holds_nothing_of_the_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A profile or session of the user's would win over the keys."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    env = Endpoint("http://127.0.0.1:1").env(account="111122223333", region="eu-west-1")

    assert {name: value for name, value in env.items() if name.startswith("AWS_")} == {
        "AWS_ACCESS_KEY_ID": "111122223333",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_REGION": "eu-west-1",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    assert env["CDK_HOME"] == str(paths.PROJECT / ".cdk")


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
    ("text", "words"),
    [
        (None, ""),
        *((text, "server.json is damaged") for text in ("", "{}", "[]", '{"pid": "x"}')),
        ('{"pid": %d, "endpointUrl": "http://127.0.0.1:1"}', "server.json names process"),
    ],
    ids=["none", "empty", "no keys", "a list", "no number", "a process that is gone"],
)
def test_a_server_that_is_not_found_is_an_error(
    state_file: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str
) -> None:
    """One line with the file, if there is one, and the command that starts a server; status 2."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    if text is not None:
        state_file.write_text(text % gone.pid if "%d" in text else text)

    assert 2 == main(["env"])
    assert re.fullmatch(
        rf"local_aws: .*{words}.* Run: python -m local_aws start\n",
        capsys.readouterr().err,
        re.IGNORECASE,
    )


def test_env_prints_what_a_shell_takes(
    state_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines are for `eval`."""
    state_file.write_text(json.dumps({"pid": os.getpid(), "endpointUrl": "http://127.0.0.1:1"}))

    assert main(["env", "--account", "444455556666", "--region", "eu-west-1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN"
    values = dict(line.removeprefix("export ").split("=", 1) for line in lines[1:])
    assert {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "444455556666",
        "AWS_REGION": "eu-west-1",
    }.items() <= values.items()
    assert lines[-1].startswith("export PATH=")
    assert lines[-1].endswith(':"$PATH"')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["env", "--account", "12"], "argument --account: '12'"),
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_server_ends_with_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    """However the parent ends, nothing goes on listening; it leaves a log only if killed."""
    program = (
        "import time\n"
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
