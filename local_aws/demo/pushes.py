"""Pushes, through the steps a user takes; the registry says what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_aws.demo.artifacts import pushes
from local_aws.registry import PushRefusedError

if TYPE_CHECKING:
    from local_aws.demo.artifacts import Push
    from local_aws.demo.screen import Screen
    from local_aws.endpoint import Endpoint
    from local_aws.registry import Registry
    from stacks.environment import Environment

LOGIN = "aws ecr get-login-password | docker login --username AWS --password-stdin $REGISTRY"


def push_all(aws: Endpoint, screen: Screen, name: str, environment: Environment) -> None:
    """Push everything to an environment, and tell what its registry answers."""
    account, region = environment.account, environment.region
    registry = aws.registry(account, region)
    screen.heading(f"Pushing to {name}")
    screen.command(f"REGISTRY={registry.host}   # on AWS: {account}.dkr.ecr.{region}.amazonaws.com")
    screen.command(LOGIN)
    screen.good(f"logged in to the registry of account {account}")
    held: dict[tuple[str, str], str] = {}
    for push in pushes(name):
        screen.gap()
        screen.say(push.what)
        for command in push.commands:
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
    except PushRefusedError as refusal:
        screen.refused(str(refusal))


def short(digest: str) -> str:
    """Shorten a digest as `docker images` does."""
    return digest[: len("sha256:") + 12]
