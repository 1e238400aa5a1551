"""What ``ecr-constructs push-commands`` prints, run unchanged by a shell, as a push role."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
import yaml

from ecr_constructs import CiProvider, CiPushRole, GitHubActions, Repository, TagMutability
from ecr_constructs.cli.main import main
from local_aws import images, paths, web_identity
from tests.support.clients import PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path

    from local_aws.process import LocalAws

Printed = Callable[..., tuple[int, str, str]]

REGION = "eu-central-1"
CI, ROLE = GitHubActions(repository="acme/api", branches=["main"]), "pusher"
IMAGE, CHART = "payments/api", "platform/charts/service"


@dataclass(frozen=True)
class Pusher:
    """A machine of a role that may push, with clients, and something to build."""

    account: str
    ecr: Any
    folder: Path
    env: dict[str, str]

    def run(
        self, commands: str, *, program: str = "sh", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Type commands; the first that fails ends it."""
        return subprocess.run(
            [program, "-e"],
            input=commands,
            cwd=self.folder,
            env=self.env | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def tagged(self, repository: str) -> dict[str, str]:
        """Return the kind of artifact that each tag of a repository names."""
        details = self.ecr.describe_images(repositoryName=repository)["imageDetails"]
        return {tag: image["artifactMediaType"] for image in details for tag in image["imageTags"]}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two repositories, and a role by which a CI project pushes to both."""
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("cdk.out")))
    stack = cdk.Stack(app, "Push", synthesizer=cdk.BootstraplessSynthesizer())
    immutable = TagMutability.immutable(except_for=["latest"])
    repositories = [
        Repository(stack, construct_id, repository_name=name, tag_mutability=immutable)
        for construct_id, name in (("Api", IMAGE), ("Chart", CHART))
    ]
    CiPushRole(
        stack,
        "Pusher",
        ci=CI,
        repositories=repositories,
        provider=CiProvider(stack, "Provider", issuer=CI.issuer),
        role_name=ROLE,
    )
    return json.dumps(app.synth().get_stack_by_name("Push").template)


@pytest.fixture(scope="module")
def pusher(
    local_aws: LocalAws,
    new_account: Callable[[], str],
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pusher:
    paths.required(paths.AWS_CLI)
    account = new_account()
    place = {"account": account, "region": REGION}
    stacks = local_aws.client("cloudformation", **place)
    stacks.create_stack(
        StackName="Push", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    stacks.get_waiter("stack_create_complete").wait(
        StackName="Push", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    folder = tmp_path_factory.mktemp("push")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (folder / "Chart.yaml").write_text("name: service\n")
    (folder / "dist").mkdir()
    (folder / "dist" / "report.txt").write_text("ok\n")
    clients = folder / "bin"
    clients.mkdir()
    for program in PROGRAMS:
        script = clients / program
        script.write_text(
            f'#!/bin/sh\nexec {sys.executable} -m tests.support.clients {program} "$@"\n'
        )
        script.chmod(0o755)
    env = local_aws.env(**place)
    token = web_identity.token(CI.issuer, CI.subjects[0])
    role_arn = f"arn:aws:iam::{account}:role/{ROLE}"
    session = web_identity.assume(local_aws, role_arn, token, region=REGION)
    env |= {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
        "DOCKER_CONFIG": str(folder),
        "PYTHONPATH": str(paths.PROJECT),
        "PATH": os.pathsep.join([str(clients), str(paths.AWS_CLI.parent), "/usr/bin", "/bin"]),
    }
    return Pusher(account, local_aws.client("ecr", **place), folder, env)


@pytest.fixture
def printed(
    local_aws: LocalAws,
    pusher: Pusher,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Printed:
    """Runs the command, by default as an administrator: its exit status, and what it printed."""

    def run(repository: str, *options: str, caller: str = "") -> tuple[int, str, str]:
        env = local_aws.settings(account=caller or pusher.account, region=REGION)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        place = ["--account", pusher.account, "--region", REGION]
        status = main(["push-commands", repository, *place, *options])
        return status, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("client", "reference", "kind"),
    [
        ("docker", f"{IMAGE}:v1.0.0", images.OCI_CONFIG),
        ("oras", f"{IMAGE}:report-1", "application/vnd.unknown.config.v1+json"),
        ("helm", f"{CHART}:1.4.0", images.HELM_CONFIG),
    ],
    ids=["docker", "oras", "helm"],
)
def test_the_printed_commands_push(
    pusher: Pusher, printed: Printed, client: str, reference: str, kind: str
) -> None:
    """The lines, piped into a shell unchanged, end with the artifact in the repository."""
    repository, _, tag = reference.partition(":")
    status, commands, warnings = printed(repository, "--client", client, "--tag", tag, "--live")

    done = pusher.run(commands)

    assert (0, "") == (status, warnings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert kind == pusher.tagged(repository)[tag]


def test_a_taken_tag_is_refused_and_was_warned_of(
    local_aws: LocalAws, pusher: Pusher, printed: Printed
) -> None:
    """A second image under an immutable tag is announced by ``--live`` and rejected by ECR."""
    digest = local_aws.registry(pusher.account, REGION).push(f"{IMAGE}:v2", images.image("other"))

    status, commands, warnings = printed(IMAGE, "--tag", "v2", "--live")
    done = pusher.run(commands)

    assert status == 1
    assert f"warning: {IMAGE}:v2 is taken by {digest} since " in warnings
    assert "its tags are immutable, except for latest; ECR rejects another image" in warnings
    assert (1, "TAG_INVALID" in done.stderr) == (done.returncode, True)


def test_an_excepted_tag_is_not_warned_of(
    local_aws: LocalAws, pusher: Pusher, printed: Printed
) -> None:
    """A tag that a filter excepts from immutability may move, taken or not."""
    local_aws.registry(pusher.account, REGION).push(f"{IMAGE}:latest", images.image("other"))

    status, _, warnings = printed(IMAGE, "--tag", "latest", "--live")

    assert (0, "") == (status, warnings)


def test_a_repository_that_does_not_exist_is_warned_of(printed: Printed) -> None:
    """``--live`` says that there is no such repository; the commands are printed all the same."""
    status, commands, warnings = printed("payments/none", "--live", "--format", "json")

    assert status == 1
    assert "the repository payments/none does not exist; deploy it first" in warnings
    assert len(json.loads(commands)["warnings"]) == 1


def test_a_push_role_does_not_describe(pusher: Pusher, printed: Printed) -> None:
    """``--live`` wants what a push role may not, and says so in a line."""
    status, commands, message = printed(IMAGE, "--live", caller=pusher.env["AWS_ACCESS_KEY_ID"])

    assert (2, "") == (status, commands)
    assert f"access denied: allow ecr:DescribeRepositories on the repository {IMAGE}" in message


def test_the_pipeline_of_the_example_names_what_it_pushed(pusher: Pusher) -> None:
    """The build specification pushes, and hands ECS the digest that is in the repository."""
    text = (paths.PROJECT / "examples" / "pipeline" / "buildspec.yml").read_text(encoding="utf-8")
    commands = yaml.safe_load(text)["phases"]["build"]["commands"]
    registry = f"{pusher.account}.dkr.ecr.{REGION}.amazonaws.com"

    done = pusher.run(
        "\n".join(commands),
        program="bash",
        REGISTRY=registry,
        REPOSITORY=f"{registry}/{IMAGE}",
        CODEBUILD_RESOLVED_SOURCE_VERSION="0a1b2c3",
        CODEBUILD_BUILD_NUMBER="7",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    details = pusher.ecr.describe_images(
        repositoryName=IMAGE, imageIds=[{"imageTag": "0a1b2c3-7"}]
    )["imageDetails"]
    image = f"{registry}/{IMAGE}@{details[0]['imageDigest']}"
    definitions = json.loads((pusher.folder / "imagedefinitions.json").read_text())
    assert [{"name": "api", "imageUri": image}] == definitions
