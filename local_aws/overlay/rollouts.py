"""Service deployments and service revisions of ECS: what each update of a service has brought.

ministack has deployments of its own, which it changes while they are in progress. Here each is
kept with the images of its revision, also when it is over, until the service is deleted.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ministack.core.responses import (
    AccountRegionScopedDict,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import ecs

from local_aws.overlay.operations import now, page, rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.overlay.operations import HttpAnswer, Members

# A page of ListServiceDeployments without maxResults.
_PAGE = 20
# What a revision keeps of its service.
_KEPT = (
    *("launchType", "capacityProviderStrategy", "platformVersion", "platformFamily"),
    *("loadBalancers", "serviceRegistries", "networkConfiguration"),
)


@dataclass(eq=False)
class Rollout:
    """A deployment of a service with the revision that it brings.

    Attributes:
        service: ministack's record of the service.
        deployment: ministack's record of the deployment, which changes until it is over.
        revision: What DescribeServiceRevisions shows, without the digests.
        source: The last one before it that succeeded, if there is one.
        arn: The ARN of the service deployment.
        digests: The digests of its containers by name, from the first task on.
        over: Status, reason and time of its end.
    """

    service: Members
    deployment: Members
    revision: Members
    source: Rollout | None
    arn: str
    digests: dict[str, str] = field(default_factory=dict)
    over: tuple[str, str, float] | None = None


_ROLLOUTS = AccountRegionScopedDict()
"""The rollouts of each service by its key, newest last."""


def record(service_key: str, service: Members) -> None:
    """Keep a rollout for each deployment of a service that has none yet."""
    rollouts = of_service(service_key)
    if rollouts and rollouts[-1].service is not service:
        # Of a service that was deleted: its revisions went with it.
        rollouts.clear()
    recorded = [rollout.deployment for rollout in rollouts]
    prefix = f"arn:aws:ecs:{get_region()}:{get_account_id()}"
    for deployment in reversed(service["deployments"]):
        if any(deployment is item for item in recorded):
            continue
        number = secrets.randbelow(9 * 10**18) + 10**18
        revision = {
            "serviceRevisionArn": f"{prefix}:service-revision/{service_key}/{number}",
            "serviceArn": service["serviceArn"],
            "clusterArn": service["clusterArn"],
            "taskDefinition": deployment["taskDefinition"],
            **{name: service[name] for name in _KEPT if service.get(name)},
            "createdAt": now(),
        }
        succeeded = [item for item in rollouts if item.over and item.over[0] == "SUCCESSFUL"]
        source = succeeded[-1] if succeeded else None
        arn = f"{prefix}:service-deployment/{service_key}/{secrets.token_urlsafe(16)[:21]}"
        rollouts.append(Rollout(service, deployment, revision, source, arn))


def of_service(service_key: str) -> list[Rollout]:
    """Return the rollouts of a service, oldest first."""
    rollouts: list[Rollout] = _ROLLOUTS.setdefault(service_key, [])
    return rollouts


def of_deployment(deployment_id: str | None) -> Rollout | None:
    """Return the rollout of a deployment of ministack's; None for a task of no service."""
    if deployment_id is None:
        return None
    return next(
        (
            rollout
            for rollouts in _ROLLOUTS.values()
            for rollout in rollouts
            if rollout.deployment["id"] == deployment_id
        ),
        None,
    )


def settle(service_key: str) -> None:
    """Note the end of each rollout that is over: what happens to its tasks later is not of it."""
    rollouts = of_service(service_key)
    for position, rollout in enumerate(rollouts):
        status, reason = _status(rollout, superseded=position + 1 < len(rollouts))
        if rollout.over is None and status not in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
            rollout.over = (status, reason, now())


def _status(rollout: Rollout, *, superseded: bool = False) -> tuple[str, str]:
    """Return the status of a service deployment and its reason."""
    if rollout.over:
        return rollout.over[:2]
    deployment, service = rollout.deployment, rollout.service
    state = deployment["rolloutState"]
    reason = deployment["rolloutStateReason"]
    if state == "COMPLETED":
        return "SUCCESSFUL", reason
    if state == "FAILED":
        breaker = (service.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker")
        if not (breaker or {}).get("rollback"):
            return "STOPPED", reason
        primary = ecs._primary_deployment(service)
        done = {"COMPLETED": "SUCCESSFUL", "FAILED": "FAILED"}
        return f"ROLLBACK_{done.get(primary['rolloutState'], 'IN_PROGRESS')}", reason
    if superseded:
        return "STOPPED", "Another service deployment has started."
    return "IN_PROGRESS", reason


def _images(rollout: Rollout) -> list[Members]:
    """Return the images of a revision; the digest only once a task has pulled it."""
    key = ecs._resolve_td_key(rollout.revision["taskDefinition"])
    definition = ecs._task_defs.get(key) or {"containerDefinitions": []}
    return [
        {
            "containerName": container["name"],
            "image": container["image"],
            **(
                {"imageDigest": rollout.digests[container["name"]]}
                if container["name"] in rollout.digests
                else {}
            ),
        }
        for container in definition["containerDefinitions"]
    ]


def _times(rollout: Rollout) -> Members:
    """Return when a service deployment began and ended."""
    created = rollout.revision["createdAt"]
    times = {"createdAt": created, "startedAt": created}
    if rollout.over:
        status, _, ended = rollout.over
        times["stoppedAt" if status == "STOPPED" else "finishedAt"] = ended
    return times


def list_service_deployments(members: Members) -> HttpAnswer:
    """List the deployments of a service, newest first."""
    cluster_name = ecs._resolve_cluster_name(members.get("cluster"))
    if cluster_name not in ecs._clusters:
        return rejected("ClusterNotFoundException", "Cluster not found.")
    name, own_cluster = ecs._resolve_service_ref(members["service"]) or ("", None)
    service_key = f"{own_cluster or cluster_name}/{name}"
    service = ecs._services.get(service_key)
    if not service or service["status"] != "ACTIVE":
        return rejected("ServiceNotFoundException", "Service not found.")
    settle(service_key)
    asked = members.get("createdAt") or {}
    listed = []
    for rollout in reversed(of_service(service_key)):
        status, reason = _status(rollout)
        created = rollout.revision["createdAt"]
        if members.get("status") and status not in members["status"]:
            continue
        if not asked.get("after", 0) <= created <= asked.get("before", created):
            continue
        times = _times(rollout)
        times.pop("stoppedAt", None)
        brief = {
            "serviceDeploymentArn": rollout.arn,
            "serviceArn": rollout.revision["serviceArn"],
            "clusterArn": rollout.revision["clusterArn"],
            **times,
            "targetServiceRevisionArn": rollout.revision["serviceRevisionArn"],
            "status": status,
            **({"statusReason": reason} if reason else {}),
        }
        listed.append(brief)
    answer: HttpAnswer = json_response(
        page({"maxResults": _PAGE, **members}, "serviceDeployments", listed)
    )
    return answer


def summary(rollout: Rollout, *, is_target: bool) -> Members:
    """Return how many tasks of a revision are wanted and there."""
    deployment = rollout.deployment
    return {
        "arn": rollout.revision["serviceRevisionArn"],
        "requestedTaskCount": deployment["desiredCount"] if is_target else 0,
        "runningTaskCount": deployment["runningCount"],
        "pendingTaskCount": deployment["pendingCount"],
    }


def _described(rollout: Rollout) -> Members:
    """Describe a service deployment."""
    status, reason = _status(rollout)
    service = rollout.service
    source = [summary(rollout.source, is_target=False)] if rollout.source else []
    configuration = service.get("deploymentConfiguration")
    times = _times(rollout)
    return {
        "serviceDeploymentArn": rollout.arn,
        "serviceArn": rollout.revision["serviceArn"],
        "clusterArn": rollout.revision["clusterArn"],
        **times,
        "updatedAt": max(times.values()),
        "sourceServiceRevisions": source,
        "targetServiceRevision": summary(rollout, is_target=True),
        "status": status,
        **({"statusReason": reason} if reason else {}),
        **({"deploymentConfiguration": configuration} if configuration else {}),
    }


def describe_service_deployments(members: Members) -> HttpAnswer:
    """Describe service deployments by their ARNs."""
    return _by_arn(
        members["serviceDeploymentArns"],
        "serviceDeployments",
        lambda rollout: rollout.arn,
        _described,
    )


def describe_service_revisions(members: Members) -> HttpAnswer:
    """Describe service revisions by their ARNs, with the digests that their tasks run."""
    return _by_arn(
        members["serviceRevisionArns"],
        "serviceRevisions",
        lambda rollout: str(rollout.revision["serviceRevisionArn"]),
        lambda rollout: {**rollout.revision, "containerImages": _images(rollout)},
    )


def _by_arn(
    arns: list[str],
    member: str,
    arn_of: Callable[[Rollout], str],
    described: Callable[[Rollout], Members],
) -> HttpAnswer:
    rollouts = {}
    for service_key in list(_ROLLOUTS):
        settle(service_key)
        for rollout in of_service(service_key):
            if rollout.service["status"] == "ACTIVE":
                rollouts[arn_of(rollout)] = rollout
    answer: HttpAnswer = json_response(
        {
            member: [described(rollouts[arn]) for arn in arns if arn in rollouts],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in rollouts],
        }
    )
    return answer
