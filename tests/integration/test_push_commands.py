"""What ``ecr-constructs push-commands`` prints, run unchanged by a shell, as a push role."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml

from ecr_constructs import CiProvider, CiPushRole, GitHubActions, Repository, TagMutability
from local_aws import images, paths, web_identity
from local_aws.process import LocalAws
from tests.cli.conftest import Result, Run
from tests.support import processes
from tests.support.clients import PROGRAMS
from tests.support.embedded_aws import settled

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
        env = self.env | variables
        return processes.run([program, "-e"], self.folder, env, apart=True, text=commands)

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
    capabilities = ["CAPABILITY_NAMED_IAM"]
    stacks.create_stack(StackName="Push", TemplateBody=template, Capabilities=capabilities)
    assert "CREATE_COMPLETE" == settled(stacks, "Push")
    folder = tmp_path_factory.mktemp("push")
    files = {"Dockerfile": "FROM scratch\n", "Chart.yaml": "name: service\n"}
    client = f"#!/bin/sh\nexec {sys.executable} -m tests.support.clients"
    files |= {f"bin/{program}": f'{client} {program} "$@"\n' for program in PROGRAMS}
    for name, text in (files | {"dist/report.txt": "ok\n"}).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    env = local_aws.env(account=account, region=REGION)
    token = web_identity.token(CI.issuer, CI.subjects[0])
    role_arn = f"arn:aws:iam::{account}:role/{ROLE}"
    session = web_identity.assume(local_aws, role_arn, token, region=REGION)
    env |= {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
        "DOCKER_CONFIG": str(folder),
        "PYTHONPATH": str(paths.PROJECT),
        "PATH": f"{folder / 'bin'}:{paths.AWS_CLI.parent}:/usr/bin:/bin",
    }
    return Pusher(account, local_aws.client("ecr", **place), folder, env)


@pytest.fixture
def printed(local_aws: LocalAws, pusher: Pusher, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command, by default as an administrator."""

    def printed(repository: str, *options: str, caller: str = "") -> Result:
        env = local_aws.settings(account=caller or pusher.account, region=REGION)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        place = ["--account", pusher.account, "--region", REGION]
        return run("push-commands", repository, *place, *options)

    return printed


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
    pusher: Pusher, printed: Run, client: str, reference: str, kind: str
) -> None:
    """The lines, piped into a shell unchanged, end with the artifact in the repository."""
    repository, _, tag = reference.partition(":")
    status, commands, warnings = printed(repository, "--client", client, "--tag", tag, "--live")

    done = pusher.run(commands)

    assert (0, "") == (status, warnings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert kind == pusher.tagged(repository)[tag]


@pytest.mark.parametrize(("tag", "moves"), [("v2", False), ("latest", True)])
def test_a_taken_tag_is_warned_of_unless_it_may_move(
    local_aws: LocalAws, pusher: Pusher, printed: Run, tag: str, *, moves: bool
) -> None:
    """``--live`` warns of what ECR then rejects; a tag excepted from immutability may move."""
    registry = local_aws.registry(pusher.account, REGION)
    digest = registry.push(f"{IMAGE}:{tag}", images.image("other"))

    status, commands, warnings = printed(IMAGE, "--tag", tag, "--live", "--format", "json")
    shown = json.loads(commands)
    if moves:
        assert (0, "", []) == (status, warnings, shown["warnings"])
        return
    assert (1, 1) == (status, len(shown["warnings"]))
    assert f"{IMAGE}:{tag} is taken by {digest}" in warnings
    _, commands, _ = printed(IMAGE, "--tag", tag)
    done = pusher.run(commands)
    assert (1, True) == (done.returncode, "TAG_INVALID" in done.stderr)


def test_a_repository_that_does_not_exist_is_warned_of(printed: Run) -> None:
    """The commands are printed all the same."""
    status, commands, warnings = printed("payments/none", "--live", "--format", "json")

    assert (1, 1) == (status, len(json.loads(commands)["warnings"]))
    assert "payments/none" in warnings


def test_a_push_role_does_not_describe(pusher: Pusher, printed: Run) -> None:
    """``--live`` needs what a push role may not do: one line names it."""
    status, commands, message = printed(IMAGE, "--live", caller=pusher.env["AWS_ACCESS_KEY_ID"])

    assert (2, "") == (status, commands)
    assert f"ecr:DescribeRepositories on the repository {IMAGE}" in message


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
    ids = [{"imageTag": "0a1b2c3-7"}]
    [detail] = pusher.ecr.describe_images(repositoryName=IMAGE, imageIds=ids)["imageDetails"]
    image = f"{registry}/{IMAGE}@{detail['imageDigest']}"
    definitions = json.loads((pusher.folder / "imagedefinitions.json").read_text())
    assert [{"name": "api", "imageUri": image}] == definitions
