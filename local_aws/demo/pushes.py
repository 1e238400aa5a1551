"""Push one artifact of every kind to an environment, as CI and as an administrator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from botocore.exceptions import ClientError

from ecr_constructs.model.partitions import registry_host
from ecr_constructs.model.push_commands import Image, push_commands
from local_aws import images, web_identity
from local_aws.demo import screen
from local_aws.demo.inventory import short
from local_aws.registry import RegistryRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs import GitHubActions
    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.endpoint import Endpoint
    from local_aws.images import Artifact


class Push(NamedTuple):
    """An artifact; `commands` replace those of push-commands, for what buildx pushes by itself."""

    what: str
    repository: str
    tags: Sequence[str]
    artifact: Artifact
    commands: Sequence[str] = ()
    client: str = "docker"


_API, _BASE, _LAMBDA = "payments/api", "platform/base-python", "payments/fraud-scoring"
_CACHES, _CHART = "platform/build-cache", "platform/charts/service"
_BUILD = "docker buildx build --push --platform"
_CACHE = "docker buildx build --cache-to type=registry,image-manifest=true,ref={to}:payments-api ."
_ONE = f"{_BUILD} linux/amd64 --provenance=false --tag {{to}}:v3 ."


def _base(what: str, version: str) -> Push:
    build = f"{_BUILD} linux/amd64,linux/arm64 --tag {{to}}:{version} ."
    tag = f"docker buildx imagetools create --tag {{to}}:stable {{to}}:{version}"
    return Push(what, _BASE, (version, "stable"), images.index(f"Python {version}"), (build, tag))


def _chart(version: str) -> Artifact:
    return images.helm_chart("How a service is run", name="service", version=version)


_BUILT, _RELEASE = "A build of the payments API. In dev,", "A release of the payments API. In prod,"
_IN_LAMBDA = "The image of a Lambda function; Lambda rejects an index, hence no provenance."
_PUSHES = {
    "dev": [
        Push(f"{_BUILT} tags may move.", _API, ["latest"], images.image(1)),
        Push("The next build, under the same tag.", _API, ["latest"], images.image(2)),
        Push(
            *("The cache of that build.", _CACHES, ["payments-api"]),
            *(images.build_cache("payments API"), [_CACHE]),
        ),
    ],
    "prod": [
        Push(f"{_RELEASE} tags are immutable.", _API, ["v1.0.0"], images.image("release")),
        Push("Another image under the release's tag.", _API, ["v1.0.0"], images.image("changed")),
        Push(_IN_LAMBDA, _LAMBDA, ["v3"], images.image("fraud scoring"), [_ONE]),
        _base("A base image for two architectures; `stable` may move.", "3.12.7"),
        _base("Its next patch, which `stable` moves to.", "3.12.8"),
        Push("A Helm chart.", _CHART, ["1.4.0"], _chart("1.4.0"), client="helm"),
    ],
}


def push_all(aws: Endpoint, name: str, environment: ResolvedEnvironment) -> None:
    """Push everything to an environment, and print the answers of its registry."""
    screen.heading(f"Pushing to {name}, account {environment.account} in {environment.region}")
    waiting = list(_PUSHES[name])
    names = [repository.name for repository in environment.repositories]
    for project in environment.ci_access:
        if project.system != "github":
            continue
        github = cast("GitHubActions", project.project)
        for caller in _sessions(aws, name, environment, github):
            own = [push for push in waiting if push.repository in project.repositories]
            waiting = [push for push in waiting if push not in own]
            for other in [other for other in names if other not in project.repositories][:1]:
                what = "The same credentials, and a repository of another team."
                artifact, commands = images.image("not theirs"), ["docker push {to}:v1.0.0"]
                own.append(Push(what, other, ["v1.0.0"], artifact, commands))
            _push(aws, environment, f"that job of {github.name}", caller, own)
    who = f"an administrator of account {environment.account}"
    _push(aws, environment, who, environment.account, waiting)


def _sessions(
    aws: Endpoint, name: str, environment: ResolvedEnvironment, project: GitHubActions
) -> Iterator[str]:
    """Yield the key of each job that the project's role admits; show it three jobs, one its own."""
    stacks = aws.client("cloudformation", account=environment.account, region=environment.region)
    roles = [
        output["OutputValue"]
        for stack in stacks.describe_stacks()["Stacks"]
        if stack["StackName"] == f"{name}-ecr-push"
        for output in stack["Outputs"]
        if f" {project.name} " in output["Description"]
    ]
    if not roles:
        screen.result(f"{project.name} has no push role", good=False)
        return
    screen.command(
        f"aws sts assume-role-with-web-identity --role-arn {roles[0]} "
        f'--role-session-name {web_identity.SESSION_NAME} --web-identity-token "$TOKEN"'
    )
    jobs = [
        # Of another repository, whose name may contain ids, and of another branch.
        replace(project, repository=project.repository.replace("/", "/another-")),
        replace(project, branches=["try-out"], tags=(), environments=(), pull_requests=False),
        project,
    ]
    for subject in (job.subjects[0].replace("*", "1") for job in jobs):
        token = web_identity.token(project.issuer, subject)
        try:
            session = web_identity.assume(aws, roles[0], token, region=environment.region)
        except ClientError as error:
            screen.result(f"{subject}: {error.response['Error']['Message']}", good=False)
            continue
        screen.result(f"{subject} is admitted")
        yield session["AccessKeyId"]


def _push(
    aws: Endpoint, environment: ResolvedEnvironment, who: str, caller: str, pushes: Sequence[Push]
) -> None:
    account, region = environment.account, environment.region
    host = registry_host(account, region)
    registry = aws.registry(account, region, caller=caller)
    held: dict[str, str] = {}
    logins: set[str] = set()
    for push in pushes:
        screen.say(f"\n{push.what}")
        image = Image(host, push.repository, push.tags[0])
        login, *printed = map(str, push_commands(push.client, image, region=region))
        if login not in logins:
            screen.command(login)
            screen.result(f"logged in as {who}")
            logins.add(login)
        for command in push.commands or printed:
            screen.command(command.format(to=f"{host}/{push.repository}"))
        first, *others = push.tags
        try:
            digest = registry.push(f"{push.repository}:{first}", push.artifact)
            for tag in others:
                registry.tag(push.repository, first, tag)
        except RegistryRejectedError as rejection:
            screen.result(str(rejection), good=False)
            continue
        for tag in push.tags:
            reference = f"{push.repository}:{tag}"
            moved = f", moved from {short(held[reference])}" if reference in held else ""
            screen.result(f"{reference} is {short(digest)}{moved}")
            held[reference] = digest
