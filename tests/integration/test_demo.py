"""`python -m local_aws demo`, run as a newcomer runs it, and how it ends otherwise."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_aws import paths
from local_aws.demo.inventory import who_may_pull
from tests.support.demo_project import COPIED, LINKED, Project, make_project

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("demo")]

PROD = "333344445555.dkr.ecr.eu-central-1.amazonaws.com"
STDIN = "--username AWS --password-stdin"


@dataclass(frozen=True)
class Run:
    """A complete run."""

    project: Project
    port: int
    done: subprocess.CompletedProcess[str]

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line, for table rows."""
        return [line.split() for line in self.done.stdout.splitlines()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = make_project(tmp_path_factory.mktemp("demo"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Run(project, port, project.run("--port", str(port)))


def test_it_ends_well(demo: Run) -> None:
    """Exit code 0, nothing on standard error, no colour in a pipe, at most 100 columns of prose."""
    assert (demo.done.returncode, demo.done.stderr) == (0, "")
    assert "\x1b" not in demo.done.stdout
    lines = demo.done.stdout.splitlines()
    copied = ("  $ ", "  ✗ ")
    assert [line for line in lines if len(line) > 100 and not line.startswith(copied)] == []


# What each step of the story prints; a digest or the rest of a sentence follows.
LINES = (
    "✓ environments/dev.yaml and environments/prod.yaml: 24 repositories",
    "✓ 4 pairs of account and Region",
    "$ CDK_VALIDATION=false cdk deploy 'Dev/**' 'Prod/**' --require-approval=never",
    "✓ Prod/EuWest1/Key                               stack prod-ecr-key",
    "✓ 21 stacks",
    "$ aws sts assume-role-with-web-identity --role-arn arn:aws:iam::333344445555:role/",
    "✗ repo:acme/another-payments:environment:production: ",
    "✗ repo:acme/payments:ref:refs/heads/try-out: ",
    "✓ repo:acme/payments:environment:production ",
    f"$ aws ecr get-login-password --region eu-central-1 | docker login {STDIN} {PROD}",
    "✓ logged in as that job of acme/payments",
    "$ docker build --tag payments/api:v1.0.0 .",
    f"$ docker tag payments/api:v1.0.0 {PROD}/payments/api:v1.0.0",
    f"$ docker push {PROD}/payments/api:v1.0.0",
    f"$ helm push service-1.4.0.tgz oci://{PROD}/platform/charts",
    "✗ Push of platform/base-python:v1.0.0 rejected: DENIED: User: arn:aws:sts::333344445555:",
    "✓ logged in as an administrator of account 333344445555",
    f"$ docker pull {PROD}/payments/api:v1.0.0",
    "✓ account 555566667777: sha256:",
    "✗ account 777788889999: Pull of payments/api:v1.0.0 rejected: DENIED: User: arn:aws:iam::",
    "✗ role without-grants of account 333344445555: User: arn:aws:sts::333344445555:assumed-",
    "✗ Push of payments/api:v1.0.0 rejected: TAG_INVALID: ",
    "✓ platform/charts/service:1.4.0 is sha256:",
    "✓ platform/build-cache:payments-api is sha256:",
    "own key: alias/prod-ecr, rotated every year",
    "$ cdk destroy 'Prod/**'",
    "✓ The embedded AWS has stopped",
)
# What the tables show of what ECR answers.
ROWS = (
    "payments/api mutable AES-256 on push organization o-a1b2c3d4e5",
    "payments/api immutable own key on push organization o-a1b2c3d4e5",
    "payments/fraud-scoring immutable own key on push this account",
    "platform/base-python immutable, except own key on push organization o-a1b2c3d4e5",
    "for stable",
    "platform/build-cache mutable AES-256 no organization o-a1b2c3d4e5",
    "account 777788889999",
    "delete untagged images 1 day after their push platform/build-cache",
    "keep every image tagged 3.* platform/base-python",
    "3.12.8, stable index of images",
    "1.4.0 Helm chart",
    "payments-api build cache",
    "4 untagged",
)


def test_it_shows_each_step_and_what_exists(demo: Run) -> None:
    """Each step of the story, and the tables of settings, retention and images."""
    rows = "\n".join(" ".join(words) for words in demo.rows)
    assert [] == [line for line in LINES if line not in demo.done.stdout]
    assert [] == [row for row in ROWS if row not in rows]


def test_tags_move_where_they_may(demo: Run) -> None:
    """`latest` in dev and `stable` in prod, nothing else."""
    moved = [row[1] for row in demo.rows if "moved" in row]
    assert moved == ["payments/api:latest", "platform/base-python:stable"]


@pytest.mark.parametrize(
    "replica", ["eu-west-1, account 333344445555", "eu-central-1, account 444455556666"]
)
def test_a_push_arrives_in_each_replica(demo: Run, replica: str) -> None:
    """The digest is the same; the settings are the replica's own."""
    section = demo.done.stdout.partition(f"Arrived in the replica of prod in {replica}")[2]
    lines = [line.strip() for line in section.strip().splitlines()[:7]]
    assert lines[0].startswith("11 repositories, ")
    assert re.fullmatch("✓ payments/api:v1.0.0 is sha256:.*, the same as at home", lines[1])
    assert lines[2].startswith("own key: alias/prod-ecr, ")
    assert lines[4].startswith("tags: immutable; retention: as at home")
    assert "rejected: TAG_INVALID" in lines[5]


def test_nothing_of_it_is_left(demo: Run) -> None:
    """No process, no listener, no temporary file; the checkout has the CLI's cache in addition."""
    assert demo.project.left() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", demo.port), timeout=1)
    entries = {path.name for path in demo.project.root.iterdir()}
    assert entries - {".cdk"} == {*COPIED, *LINKED}


def test_real_aws_is_not_touched(demo: Run) -> None:
    """AWS variables of the shell are ignored, and a line says so."""
    [line] = [line for line in demo.done.stdout.splitlines() if "Not used" in line]
    assert "AWS_PROFILE" in line


def pulls(principal: object, *organizations: str) -> dict[str, object]:
    """Return a statement that allows to pull."""
    condition = {"StringEquals": {"aws:PrincipalOrgID": list(organizations)}}
    statement = {"Action": ["ecr:BatchGetImage"], "Principal": principal}
    return statement | ({"Condition": condition} if organizations else {})


ROOT, ROLE = "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/ci"


PULLERS: dict[str, tuple[list[dict[str, object]], list[str]]] = {
    "no statement": ([], ["this account"]),
    "push only": ([{"Action": "ecr:PutImage", "Principal": "*"}], ["this account"]),
    "everyone": ([{"Action": "ecr:*", "Principal": "*"}], ["*"]),
    "a service": ([pulls({"Service": "lambda.amazonaws.com"})], ["lambda.amazonaws.com"]),
    "organizations, accounts, roles": (
        [pulls({"AWS": "*"}, "o-1", "o-2"), pulls({"AWS": [ROOT, ROLE]})],
        ["organization o-1", "organization o-2", "account 111122223333", ROLE],
    ),
}


@pytest.mark.parametrize(("statements", "expected"), PULLERS.values(), ids=PULLERS)
def test_who_may_pull(statements: list[dict[str, object]], expected: list[str]) -> None:
    """Organizations, accounts and principals, in the order of the policy."""
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    assert [*who_may_pull(json.dumps({"Statement": allowed}))] == expected


# --- how it ends otherwise ---


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def wait_for(words: str, process: subprocess.Popen[str]) -> None:
    """Read the output of the demo up to these words."""
    assert process.stdout
    while words not in (line := process.stdout.readline()):
        assert line, process.communicate()


def test_ctrl_c_ends_it_in_order(project: Project) -> None:
    """While the app is synthesized: one line, exit code 130, no process and no file left."""
    project.replace_cli(f'[ "$1" = bootstrap ] || exec {paths.CDK} "$@"')
    with project.started() as process:
        wait_for("Synthesizing", process)
        deadline = time.monotonic() + 5
        while "app.py" not in str(project.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert errors.count("\n") == 2
    assert project.left() == []


def test_it_is_kept_until_ctrl_c(project: Project) -> None:
    """With --keep the story ends with how to talk to it; Ctrl-C is then its regular end."""
    project.replace_cli("exit 0")
    with project.started("--keep") as process:
        wait_for('eval "$(python -m local_aws env --account 111122223333', process)
        wait_for("Ctrl-C stops it.", process)
        env = [sys.executable, "-m", "local_aws", "env"]
        exports = subprocess.run(env, cwd=project.root, capture_output=True, text=True, check=True)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=30)

    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in exports.stdout
    assert (process.returncode, errors) == (0, "")
    assert "✓" in output.splitlines()[-1]
    assert subprocess.run(env, cwd=project.root, capture_output=True, check=False).returncode == 2
    assert project.left() == []


def misspell(project: Project) -> None:
    """Give an environment a profile that does not exist, on line 8."""
    file = project.root / "environments" / "prod.yaml"
    file.write_text(file.read_text().replace("profile: production", "profile: produktion"))


FAILS = '[ "$1" = bootstrap ] || { echo "❌  the reason"; exit 1; }'
# What is wrong, and what the last line of standard error then says.
ENDINGS: dict[str, tuple[Callable[[Project], None], str]] = {
    "no server": (
        lambda project: (project.root / ".venv-local-aws").unlink(),
        r"local_aws: \.venv-local-aws/bin/python .*make install",
    ),
    "no CDK CLI": (
        lambda project: (project.root / "node_modules").unlink(),
        r"local_aws: node_modules/\.bin/cdk .*make install",
    ),
    "a wrong file": (misspell, "local_aws: environments/prod.yaml:8: profile: .*"),
    "a failed deployment": (lambda project: project.replace_cli(FAILS), "❌  the reason"),
}


@pytest.mark.parametrize(("break_it", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_what_is_wrong_is_named(
    project: Project, break_it: Callable[[Project], None], expected: str
) -> None:
    """A line, for a failed deployment after the last lines of its output; nothing is left."""
    break_it(project)
    done = project.run()

    assert (done.returncode, project.left()) == (2, [])
    assert re.fullmatch(expected, done.stderr.splitlines()[-1])
    assert done.stderr.count("\n") == (2 if "reason" in expected else 1)
