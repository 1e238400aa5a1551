"""Who pulls what was pushed: an account of the organization, and others in vain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecr_constructs.model.registry_host import registry_host
from local_aws.demo.pushes import short
from local_aws.registry import RegistryRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.demo.screen import Screen
    from local_aws.endpoint import Endpoint

REPOSITORY, TAG = "payments/api", "v1.0.0"
MEMBER = "555566667777"
STRANGER = "777788889999"
_ROLE = "without-grants"


def organizations(chosen: Iterable[ResolvedEnvironment]) -> dict[str, list[str]]:
    """Return the accounts of each organization, as the embedded AWS is to know them."""
    found: dict[str, list[str]] = {}
    for environment in chosen:
        if environment.organization:
            accounts = found.setdefault(environment.organization, [MEMBER])
            sites = environment.registries
            accounts += [site.account for site in sites]
    return found


def show(aws: Endpoint, screen: Screen, name: str, environment: ResolvedEnvironment) -> None:
    """Pull a release as several callers, and tell what the registry answers each."""
    account, region = environment.account, environment.region
    screen.heading(f"Pulling from {name}")
    screen.say(
        f"The embedded AWS has no Organizations to ask. It was told that account {MEMBER} is a "
        f"member, and of {STRANGER} nothing."
    )
    screen.command(f"docker pull {registry_host(account, region)}/{REPOSITORY}:{TAG}")
    for who, caller in _callers(aws, environment):
        try:
            registry = aws.registry(account, region, caller=caller)
            digest = registry.pull(REPOSITORY, TAG).digest
            screen.good(f"{who}: {short(digest)}")
        except RegistryRefusedError as refusal:
            screen.refused(f"{who}: {refusal}")
        except ClientError as error:
            screen.refused(f"{who}: {error.response['Error']['Message']}")


def _callers(aws: Endpoint, environment: ResolvedEnvironment) -> Iterator[tuple[str, str]]:
    account, region = environment.account, environment.region
    yield f"account {MEMBER}", MEMBER
    yield f"account {STRANGER}", STRANGER
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    role = aws.client("iam", account=account, region=region).create_role(
        RoleName=_ROLE,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    session = aws.client("sts", account=account, region=region).assume_role(
        RoleArn=role["Arn"], RoleSessionName="pull"
    )
    yield f"role {_ROLE} of account {account}", session["Credentials"]["AccessKeyId"]
