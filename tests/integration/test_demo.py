"""`python -m local_aws demo`, run as a newcomer runs it."""

import json
import re
import socket
import subprocess
from dataclasses import dataclass

import pytest

from local_aws.demo.inventory import who_may_pull
from tests.support import hostile
from tests.support.demo_project import COPIED, LINKED, Project, make_project

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("demo")]

PROD = "333344445555.dkr.ecr.eu-central-1.amazonaws.com"
STDIN = "--username AWS --password-stdin"


@dataclass(frozen=True)
class Run:
    """A complete run."""

    project: Project
    laptop: hostile.Laptop
    port: int
    done: subprocess.CompletedProcess[str]

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line, for table rows."""
        return [line.split() for line in self.done.stdout.splitlines()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with hostile.laptop(tmp_path_factory.mktemp("home")) as laptop:
        project = make_project(tmp_path_factory.mktemp("demo"), laptop.variables)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return Run(project, laptop, port, project.run("--port", str(port)))


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
    "$ ecr-constructs status --snapshot live --templates cdk.out/assembly-Prod",
    "✓ 102 settings are as declared, 0 differ, and of 0 it is not known",
    "✗ payments/api: tag mutability MUTABLE instead of IMMUTABLE",
    "✗ 101 settings are as declared, 1 differ, and of 0 it is not known",
    "✗ rule 1 deletes v1.0.0 now, which 3 ecs tasks of prod/api (revision 1), ",
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
    """Credentials, profiles, endpoints, proxies and files of the home folder lead nowhere.

    A line names the variables that are ignored; neither an account nor a proxy has heard anything.
    """
    start = demo.done.stdout.index("Not used, so that nothing real is touched")
    named = demo.done.stdout[start:].partition(".\n")[0].split()
    expected = {"AWS_PROFILE,", "AWS_ENDPOINT_URL_ECR,", "CDK_PROFILE,", "https_proxy,"}
    assert expected <= set(named)
    assert demo.laptop.heard == []
    names = {path.name for path in demo.laptop.home.iterdir()}
    assert names == {".aws", ".cdk.json", ".exports", "token"}


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
