"""A job of a CI system comes to the credentials of a push role, and other jobs do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from local_aws import web_identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs import GitHubActions
    from ecr_constructs.environment.resolution import CiAccess, ResolvedEnvironment
    from local_aws.demo.screen import Screen
    from local_aws.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Pusher:
    """Somebody who pushes.

    Attributes:
        who: In words.
        caller: What the embedded AWS knows it by.
        repositories: What it pushes to; None for everything.
    """

    who: str
    caller: str
    repositories: frozenset[str] | None = None

    def may_push_to(self, repository: str) -> bool:
        """Tell whether a repository is among them."""
        return self.repositories is None or repository in self.repositories


def pushers(
    aws: Endpoint, screen: Screen, name: str, environment: ResolvedEnvironment
) -> Iterator[Pusher]:
    """Yield who pushes to an environment: its GitHub projects, and an administrator for the rest.

    Args:
        aws: Where the roles are.
        screen: Where to tell how a job comes to its credentials.
        name: The environment's name.
        environment: The environment.
    """
    for pushed in environment.ci_access:
        if pushed.system == "github":
            yield from _admitted(aws, screen, name, environment, pushed)
    yield Pusher(f"an administrator of account {environment.account}", environment.account)


def _admitted(
    aws: Endpoint, screen: Screen, name: str, environment: ResolvedEnvironment, pushed: CiAccess
) -> Iterator[Pusher]:
    """Yield each job that the role of a project admits: if all is well, one."""
    project = cast("GitHubActions", pushed.project)
    role_arn = _role_arn(aws, name, environment, project.name)
    if role_arn is None:
        screen.refused(f"{project.name} has no push role")
        return
    screen.command(
        f"aws sts assume-role-with-web-identity --role-arn {role_arn} "
        f'--role-session-name {web_identity.SESSION_NAME} --web-identity-token "$TOKEN"'
    )
    for subject in (*_others(project), _example(project)):
        token = web_identity.token(project.issuer, subject)
        try:
            session = web_identity.assume(aws, role_arn, token, region=environment.region)
        except ClientError as error:
            screen.refused(f"{subject}: {error.response['Error']['Message']}")
            continue
        screen.good(f"{subject} is admitted")
        own = frozenset(pushed.repositories)
        yield Pusher(f"that job of {project.name}", session["AccessKeyId"], own)


def _role_arn(
    aws: Endpoint, name: str, environment: ResolvedEnvironment, project: str
) -> str | None:
    """Return the role that the stack put out for a project, if it is deployed."""
    stacks = aws.client("cloudformation", account=environment.account, region=environment.region)
    found = [
        output["OutputValue"]
        for stack in stacks.describe_stacks()["Stacks"]
        if stack["StackName"] == f"{name}-ecr-push"
        for output in stack["Outputs"]
        if f" {project} " in output["Description"]
    ]
    return found[0] if found else None


def _others(project: GitHubActions) -> Iterator[str]:
    """Yield the subjects of jobs that are not meant: of another repository, of another branch."""
    # With or without ids in it.
    yield _example(replace(project, repository=project.repository.replace("/", "/another-")))
    yield _example(
        replace(project, branches=["try-out"], tags=(), environments=(), pull_requests=False)
    )


def _example(project: GitHubActions) -> str:
    return project.subjects[0].replace("*", "1")
