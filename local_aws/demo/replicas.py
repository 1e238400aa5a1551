"""What has arrived in the replicas of an environment, and with which settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_aws import images
from local_aws.demo import inventory
from local_aws.demo.pushes import short
from local_aws.registry import PushRefusedError

if TYPE_CHECKING:
    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.demo.inventory import Found, Image
    from local_aws.demo.screen import Screen
    from local_aws.endpoint import Endpoint

# The release that was pushed at home.
REPOSITORY, TAG = "payments/api", "v1.0.0"


def show(aws: Endpoint, screen: Screen, name: str, environment: ResolvedEnvironment) -> None:
    """Tell what each replica has of a release that was pushed at home.

    Args:
        aws: Where the replicas are.
        screen: Where to tell it.
        name: The environment's name.
        environment: The environment; one without replicas has nothing to tell.
    """
    pushed = _release(inventory.read(aws, environment, environment.home))
    for registry in environment.replicas:
        account, region = registry.account, registry.region
        screen.heading(f"Arrived in the replica of {name} in {region}, account {account}")
        found = inventory.read(aws, environment, registry)
        screen.say(f"{len(found)} repositories, made before the first image was copied.")
        arrived = _release(found)
        if not arrived or not pushed:
            screen.refused(f"{REPOSITORY}:{TAG} has not arrived")
            continue
        repository, image = arrived
        same = "the same" if image.digest == pushed[1].digest else "another"
        screen.good(f"{REPOSITORY}:{TAG} is {short(image.digest)}, {same} as at home")
        if repository.key:
            screen.say(f"own key: {repository.key}")
        kept = "as at home" if repository.retention == pushed[0].retention else "its own"
        screen.say(f"tags: {repository.mutability}; retention: {kept}, by a policy of its own")
        try:
            changed = images.image("payments API, pushed to a replica")
            aws.registry(account, region).push(f"{REPOSITORY}:{TAG}", changed)
        except PushRefusedError as refusal:
            screen.refused(str(refusal))


def _release(found: list[Found]) -> tuple[Found, Image] | None:
    for repository in found:
        for image in repository.images:
            if repository.name == REPOSITORY and TAG in image.tags:
                return repository, image
    return None
