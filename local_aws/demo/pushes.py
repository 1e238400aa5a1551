"""Pushes, through the steps a user takes; the registry says what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.model.push_commands import Image, push_commands
from ecr_constructs.model.registry_host import registry_host
from local_aws import images
from local_aws.demo.artifacts import Push, pushes
from local_aws.demo.ci import pushers
from local_aws.registry import RegistryRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.demo.ci import Pusher
    from local_aws.demo.screen import Screen
    from local_aws.endpoint import Endpoint
    from local_aws.registry import Registry


def push_all(aws: Endpoint, screen: Screen, name: str, environment: ResolvedEnvironment) -> None:
    """Push everything to an environment, and tell what its registry answers."""
    screen.heading(f"Pushing to {name}, account {environment.account} in {environment.region}")
    waiting = list(pushes(name))
    for pusher in pushers(aws, screen, name, environment):
        own = [each for each in waiting if pusher.may_push_to(each.repository)]
        waiting = [each for each in waiting if each not in own]
        _push_as(aws, screen, environment, pusher, [*own, *_forbidden(environment, pusher)])


def _forbidden(environment: ResolvedEnvironment, pusher: Pusher) -> Iterator[Push]:
    """Yield a push to a repository of somebody else, if there is one."""
    for repository in environment.repositories:
        if not pusher.may_push_to(repository.name):
            yield Push(
                "The same credentials, and a repository of another team.",
                repository.name,
                ("v1.0.0",),
                images.image("not theirs"),
                commands=("docker push {to}:v1.0.0",),
            )
            return


def _push_as(
    aws: Endpoint,
    screen: Screen,
    environment: ResolvedEnvironment,
    pusher: Pusher,
    own: Sequence[Push],
) -> None:
    account, region = environment.account, environment.region
    host = registry_host(account, region)
    registry = aws.registry(account, region, caller=pusher.caller)
    held: dict[tuple[str, str], str] = {}
    logins: set[str] = set()
    for push in own:
        screen.gap()
        screen.say(push.what)
        login, *printed = push_commands(
            push.client, Image(host, push.repository, push.tags[0]), region=region
        )
        if str(login) not in logins:
            screen.command(str(login))
            screen.good(f"logged in as {pusher.who}")
            logins.add(str(login))
        to = f"{host}/{push.repository}"
        for command in [each.format(to=to) for each in push.commands] or map(str, printed):
            screen.command(command)
        _push(registry, screen, push, held)


def _push(registry: Registry, screen: Screen, push: Push, held: dict[tuple[str, str], str]) -> None:
    try:
        for tag in push.tags:
            if tag == push.tags[0]:
                digest = registry.push(f"{push.repository}:{tag}", push.artifact)
            else:
                digest = registry.tag(push.repository, push.tags[0], tag)
            before = held.get((push.repository, tag))
            moved = f", moved from {short(before)}" if before else ""
            screen.good(f"{push.repository}:{tag} is {short(digest)}{moved}")
            held[push.repository, tag] = digest
    except RegistryRefusedError as refusal:
        screen.refused(str(refusal))


def short(digest: str) -> str:
    """Shorten a digest as `docker images` does."""
    return digest[: len("sha256:") + 12]
