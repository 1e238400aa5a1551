"""Where commands for the embedded AWS may lead: to a loopback address, and to nowhere else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws import LocalAwsError, environment, paths
from local_aws.__main__ import main
from local_aws.endpoint import Endpoint
from local_aws.loopback import require_loopback
from tests.support import hostile
from tests.support.demo_project import make_project

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT, REGION = "444455556666", "eu-west-1"
STATE = {"pid": os.getpid(), "endpointUrl": "http://127.0.0.1:1", "secret": "abc"}


@pytest.fixture
def state_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that names the running server, in a project of the test's own."""
    monkeypatch.setattr(paths, "STATE_FILE", tmp_path / ".local-aws" / "server.json")
    monkeypatch.setattr(paths, "CDK_HOME", tmp_path / ".cdk")
    monkeypatch.setattr(paths, "HOME", tmp_path / ".cdk" / "home")
    paths.STATE_FILE.parent.mkdir()
    return paths.STATE_FILE


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hostile.Laptop]:
    """The shell of this process leads to real accounts."""
    with hostile.laptop(tmp_path / "home") as here:
        for name, value in here.variables.items():
            if name != "PATH":
                monkeypatch.setenv(name, value)
        yield here
        assert here.heard == []


@pytest.mark.parametrize(
    "endpoint_url",
    [
        "http://127.0.0.1:4566",
        "http://localhost:1",
        "http://[::1]:80",
        "https://127.1.2.3:65535",
        "http://localhost",
    ],
)
def test_a_loopback_endpoint_is_accepted(endpoint_url: str) -> None:
    """It comes back as it was given, without a slash at its end."""
    assert require_loopback(endpoint_url) == endpoint_url
    assert require_loopback(f"{endpoint_url}/") == endpoint_url


# What one parser takes for a loopback address, and another for example.com, or that is another.
ELSEWHERE = [
    "https://ecr.eu-central-1.amazonaws.com",
    "http://10.0.0.1:4566",
    "http://127.0.0.1.example.com",
    "http://localhost@example.com",
    "http://localhost.example.com:1",
    r"http://example.com\@127.0.0.1:80/",
    r"http://127.0.0.1\@example.com",
    "http://user@127.0.0.1:1",
    "http://example.com#@127.0.0.1/",
    "http://example.com?@127.0.0.1/",
    "http://127.0.0.1:1@example.com",
    "http://127.0.0.1%2eexample.com",
    "http://127.0.0.1\t.example.com",
    "http://127.0.0.1\n",
    " http://127.0.0.1",
    "http:127.0.0.1",
    "http:///127.0.0.1",
    "http://127.0.0.1:",
    "http://127.0.0.1:0",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:\uff11",
    "http://127.0.0.01:1",
    "http://127.0.0.256:1",
    "http://2130706433",
    "http://0x7f.1",
    "http://0.0.0.0:1",
    "http://[::ffff:127.0.0.1]:1",
    "http://[::1%25eth0]:1",
    "http://\u24db\u006fcalhost:1",
    "http://127.0.0.1:1/path",
    "http://127.0.0.1:1/?query",
    "ftp://127.0.0.1:1",
    "127.0.0.1:4566",
    "",
]


@pytest.mark.parametrize("endpoint_url", ELSEWHERE)
def test_any_other_endpoint_is_rejected(endpoint_url: str) -> None:
    """The message quotes it, and names the command that helps."""
    with pytest.raises(LocalAwsError) as rejection:
        Endpoint(endpoint_url)

    assert repr(endpoint_url) in str(rejection.value)
    assert "unset AWS_ENDPOINT_URL" in str(rejection.value)


def test_the_environment_of_a_child_holds_nothing_of_the_users(
    state_file: Path, laptop: hostile.Laptop
) -> None:
    """No variable that leads elsewhere, in no spelling; a home folder without its files."""
    assert not state_file.exists()
    env = Endpoint("http://127.0.0.1:1", secret="abc").env(account=ACCOUNT, region=REGION)

    assert {name: value for name, value in env.items() if name.startswith("AWS_")} == {
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "abc",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    assert [name for name, value in env.items() if str(laptop.port) in value] == []
    assert [name for name, value in env.items() if str(laptop.home) in value] == []
    assert env["no_proxy"] == env["NO_PROXY"] == ".corp.example,127.0.0.1,localhost,::1"
    assert list(Path(env["HOME"]).iterdir()) == []


def test_only_a_command_of_the_users_has_the_users_app(
    state_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CDK_APP would otherwise replace the app that the demo deploys."""
    assert not state_file.exists()
    monkeypatch.setenv("CDK_APP", "cdk.out")
    aws = Endpoint("http://127.0.0.1:1")

    assert "CDK_APP" not in aws.env(account=ACCOUNT, region=REGION)
    assert aws.env(account=ACCOUNT, region=REGION, users_app=True)["CDK_APP"] == "cdk.out"


# What the file may hold, and words of the line that explains it.
DAMAGED = {
    "none": (None, "No embedded AWS runs"),
    "empty": ("", "damaged"),
    "no keys": ("{}", "damaged"),
    "a list": ("[]", "damaged"),
    "deep": ("[" * 100_000, "damaged"),
    "not text": (b"\xff\xfe{", "damaged"),
    "no number": ({"pid": "x"}, "damaged"),
    "a group": ({"pid": 0}, "damaged"),
    "every process": ({"pid": -1}, "damaged"),
    "no pid of any system": ({"pid": 10**30}, "damaged"),
    "no secret": ({"secret": None}, "damaged"),
    "no address": ({"endpointUrl": 1}, "damaged"),
    "another address": ({"endpointUrl": r"http://example.com\@127.0.0.1:80/"}, "damaged"),
    "a process that is gone": ({"pid": 2**31 - 1}, "names process"),
    "a folder": (Path(), "cannot be read"),
}


@pytest.mark.parametrize(("content", "words"), DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("command", [["env"], ["run", "--", "true"]], ids=["env", "run"])
def test_a_server_that_is_not_found_is_an_error(
    state_file: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    content: object,
    words: str,
) -> None:
    """One line with the file, if there is one, and the command that starts a server; status 2."""
    match content:
        case bytes():
            state_file.write_bytes(content)
        case str():
            state_file.write_text(content)
        case dict():
            state_file.write_text(json.dumps({**STATE, **content}))
        case Path():
            state_file.mkdir()

    assert main(command) == 2
    printed = capsys.readouterr()
    assert re.fullmatch(
        rf"local_aws: .*{words}.* Run: python -m local_aws start\n", printed.err, re.IGNORECASE
    )
    assert printed.out.endswith("\nfalse\n") is (command == ["env"])


def _evaluated(lines: str, variables: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Let a shell evaluate lines; return its status and the AWS and proxy variables it is left."""
    script = 'eval "$1"; status=$?; env; exit $status'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", lines],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    values = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return done.returncode, {
        name: value for name, value in values.items() if environment.chooses_an_account(name)
    }


@pytest.mark.parametrize("users_app", [True, False])
def test_a_child_reads_no_file_and_function_of_the_user(
    state_file: Path, laptop: hostile.Laptop, *, users_app: bool
) -> None:
    """Shells, Docker and Helm have variables that name files with credentials."""
    assert not state_file.exists()
    variables = environment.of_child(
        "http://127.0.0.1:1", "abc", account=ACCOUNT, region=REGION, users_app=users_app
    )

    secrets = (str(laptop.home), hostile.KEY, laptop.url, "prod", "auths")
    assert {} == {
        name: value
        for name, value in variables.items()
        if name in laptop.variables and any(secret in value for secret in secrets)
    }


CLOSED = {
    "no server": ["env"],
    "a wrong account": ["env", "--account", "12"],
    "a wrong option": ["env", "--profile", "prod"],
    "an abbreviation": ["env", "--acc", ACCOUNT],
}


@pytest.mark.parametrize("command", CLOSED.values(), ids=CLOSED)
def test_eval_without_a_server_closes_the_shell(
    state_file: Path,
    laptop: hostile.Laptop,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    """Whatever is wrong: the status is that of `false`, and nothing real is within reach."""
    assert not state_file.exists()
    try:
        assert main(command)
    except SystemExit as leaving:
        assert leaving.code  # noqa: PT017
    status, left = _evaluated(capsys.readouterr().out, laptop.variables)

    assert status == 1
    assert left["AWS_ENDPOINT_URL"] == environment.NOWHERE
    assert left["AWS_ACCESS_KEY_ID"] == "000000000000"
    assert set(left) == set(filter(environment.chooses_an_account, _settings()))


def _settings() -> dict[str, str]:
    return environment.settings("http://127.0.0.1:1", "abc", account=ACCOUNT, region=REGION)


def test_eval_with_a_server_leads_there_only(
    state_file: Path, laptop: hostile.Laptop, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user's own variables are gone, and the scripts of this project are on the PATH."""
    state_file.write_text(json.dumps(STATE))
    assert main(["env", "--account", ACCOUNT, "--region", REGION]) == 0
    lines = capsys.readouterr().out
    status, left = _evaluated(lines, laptop.variables)

    assert status == 0
    settings = _settings()
    assert left == {
        name: value for name, value in settings.items() if environment.chooses_an_account(name)
    }
    assert lines.splitlines()[-1].endswith(':"$PATH"')


def _run(cwd: Path, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_aws", "run", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which a server seems to run."""
    root = make_project(tmp_path).root
    (root / ".local-aws").mkdir()
    (root / ".local-aws" / "server.json").write_text(json.dumps(STATE))
    return root


def test_run_gives_a_command_a_clean_environment(checkout: Path, laptop: hostile.Laptop) -> None:
    """Its output, its exit status and its arguments are its own."""
    script = 'env; printf "<%s>" "$@"; exit 7'
    command = ["--", "sh", "-c", script, "sh", "--", "--account", "a b"]
    done = _run(checkout, "--account", ACCOUNT, *command, env=laptop.variables)

    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.endswith("<--><--account><a b>")
    assert f"AWS_ACCESS_KEY_ID={ACCOUNT}\n" in done.stdout
    assert f"HOME={checkout}/.cdk/home\n" in done.stdout
    assert hostile.KEY not in done.stdout
    assert str(laptop.port) not in done.stdout


@pytest.mark.parametrize(
    ("program", "status"), [("no-such-program", 127), ("/", 126), ("/etc/passwd", 126)]
)
def test_run_of_no_program_is_an_error(
    state_file: Path, capfd: pytest.CaptureFixture[str], program: str, status: int
) -> None:
    """One line; the status is a shell's."""
    state_file.write_text(json.dumps(STATE))
    with pytest.raises(SystemExit) as leaving:
        main(["run", "--", program])

    assert leaving.value.code == status
    assert re.fullmatch(rf"local_aws: {program} .*\n", "".join(capfd.readouterr()))
