"""What a user is told when the embedded AWS cannot be used."""

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

import pytest

from local_aws import LocalAwsError, paths, running
from local_aws.__main__ import main
from local_aws.endpoint import Endpoint, require_loopback
from local_aws.process import LocalAws


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
def test_any_other_endpoint_is_refused(endpoint_url: str) -> None:
    """The message says what was given, what is allowed and what to do."""
    with pytest.raises(LocalAwsError) as refusal:
        Endpoint(endpoint_url)

    assert str(refusal.value) == (
        f"The endpoint {endpoint_url!r} is not on this laptop. Only a loopback address is used, "
        "such as http://127.0.0.1:4566. Run: unset AWS_ENDPOINT_URL"
    )


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
        code = main(["start", "--port", str(port)])

    assert code == 2
    assert re.fullmatch(
        rf"local_aws: Port {port} of 127\.0\.0\.1 cannot be used \(.*in use\)\. "
        r"Give another with --port\.\n",
        capsys.readouterr().err,
    )


def test_a_missing_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how to install it."""
    missing = paths.PROJECT / ".venv-none" / "bin" / "python"
    monkeypatch.setattr(paths, "SERVER_PYTHON", missing)

    with (
        pytest.raises(
            LocalAwsError, match=r"\.venv-none/bin/python is missing\. Run: make install"
        ),
        LocalAws(),
    ):
        pytest.fail("it started")


@pytest.mark.parametrize("tool", ["CDK", "NODE"])
def test_a_missing_cli_is_named(monkeypatch: pytest.MonkeyPatch, tool: str) -> None:
    """Bootstrapping needs the CDK CLI and Node."""
    monkeypatch.setattr(paths, tool, paths.PROJECT / "no" / tool)

    with pytest.raises(LocalAwsError, match=f"no/{tool} is missing. Run: make install"):
        Endpoint("http://127.0.0.1:1").bootstrap([("1" * 12, "eu-west-1")])


def test_a_server_that_dies_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the log is what explains it."""
    monkeypatch.setattr(paths, "SERVER_PYTHON", Path(sys.executable))

    with (
        pytest.raises(LocalAwsError) as failure,
        LocalAws(),
    ):
        pytest.fail("it started")

    first, *_, last = str(failure.value).splitlines()
    assert first == "The embedded AWS stopped with exit code 1. The end of its log:"
    assert "ModuleNotFoundError" in last


def test_no_server_is_said_so(state_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first start there is no file."""
    assert not state_file.exists()
    assert main(["env"]) == 2
    assert capsys.readouterr().err == (
        "local_aws: No embedded AWS runs for this project. Run: python -m local_aws start\n"
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "endpointUrl": ""}'])
def test_a_damaged_state_file_is_named(state_file: Path, text: str) -> None:
    """It says which file, and what to do."""
    state_file.write_text(text)

    with pytest.raises(LocalAwsError) as failure:
        running.find()
    assert str(failure.value) == (
        ".local-aws/server.json is damaged. Delete it and run: python -m local_aws start"
    )


def test_a_stale_state_file_is_named(state_file: Path) -> None:
    """The process it names is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    state_file.write_text(json.dumps({"pid": gone.pid, "endpointUrl": "http://127.0.0.1:1"}))

    with pytest.raises(LocalAwsError) as failure:
        running.find()
    assert str(failure.value) == (
        f".local-aws/server.json names process {gone.pid}, which is gone. "
        "Run: python -m local_aws start"
    )


def test_env_prints_what_a_shell_takes(
    state_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines are for `eval`."""
    state_file.write_text(json.dumps({"pid": os.getpid(), "endpointUrl": "http://127.0.0.1:1"}))

    assert main(["env", "--account", "444455556666", "--region", "eu-west-1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN"
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:1" in lines
    assert "export AWS_ACCESS_KEY_ID=444455556666" in lines
    assert "export AWS_REGION=eu-west-1" in lines
    assert lines[-1].startswith("export PATH=")
    assert lines[-1].endswith(':"$PATH"')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["env", "--account", "12"], "'12' is not an account: use twelve digits"),
        (["start", "--organization", "acme"], "'acme' is not an organization: write ID=ACCOUNT"),
        (["start", "--organization", "o-a1b2c3d4e5=1"], "'1' is not an account: use twelve"),
        (["start", "--bootstrap", "111122223333"], "write ACCOUNT/REGION, such as 111122223333/"),
    ],
)
def test_a_wrong_argument_is_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is allowed."""
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
