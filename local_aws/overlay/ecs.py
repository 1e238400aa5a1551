"""Tasks and services of ECS whose images are those of the registry: digests, revisions, failures.

ministack records tasks as running at once. Here their images are pulled first, from the registry
of this process. As in ECS, the first task of a service's deployment decides which digests the
others run, also those that start later and after the tag has moved:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import ecs

from local_aws.overlay import references
from local_aws.overlay.operations import now, page

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
_STARTED = ("startedAt", "pullStartedAt", "pullStoppedAt")

_stock_make = ecs._make_deployment
_stock_run = ecs._run_task
_stock_reconcile = ecs._reconcile_service_tasks
_stock_stop = ecs._stop_task
_stock_describe_services = ecs._describe_services


@dataclass(eq=False)
class Rollout:
    """A deployment of a service with the revision that it brings.

    Attributes:
        service: ministack's record of the service.
        deployment: ministack's record of the deployment, which changes until it is over.
        revision: What DescribeServiceRevisions shows, without the digests.
        source: The rollout before it, if there is one.
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
"""The rollouts of each service by its key, newest last; the ARN of the service is in them."""


def make_deployment(*arguments: Any, **options: Any) -> Members:
    """Make a deployment that is in progress until its tasks run."""
    unfinished = {"rolloutState": "IN_PROGRESS", "rolloutStateReason": ""}
    return {**_stock_make(*arguments, **options), **unfinished}


def run_task(members: Members) -> HttpAnswer:
    """Start tasks; each runs once its images are pulled, or stops."""
    answer: HttpAnswer = _stock_run(members)
    if answer[0] != 200:  # noqa: PLR2004
        return answer
    shown = json.loads(answer[2])
    rollout = _rollout_of(members.get("_deploymentId"))
    for position, item in enumerate(shown["tasks"]):
        task = ecs._tasks[item["taskArn"]]
        # Empty until it stops, which is a value that ECS does not have.
        task.update(stopCode=None, stoppedReason=None)
        failure = _pull(task, rollout)
        if failure:
            _stop(task, *failure)
            # What the caller sees now, before the pull has failed.
            item["lastStatus"] = "PENDING"
            for name in (*_STARTED, "stopCode", "stoppedReason"):
                item.pop(name, None)
            for container in item["containers"]:
                container["lastStatus"] = "PENDING"
        else:
            shown["tasks"][position] = ecs._sanitize(task)
    replaced: HttpAnswer = json_response(shown)
    return replaced


def _pull(task: Members, rollout: Rollout | None) -> tuple[str, str] | None:
    """Pull the images of a task; return container and reason of the first that fails."""
    definition = ecs._task_defs[ecs._resolve_td_key(task["taskDefinitionArn"])]
    overrides = task.get("overrides") or {}
    role = overrides.get("executionRoleArn") or definition.get("executionRoleArn")
    if role and not role.startswith("arn:"):
        # ECS takes the name of a role as well.
        role = f"arn:aws:iam::{get_account_id()}:role/{role}"
    for container, described in zip(
        task["containers"], definition["containerDefinitions"], strict=True
    ):
        name = container["name"]
        pinned = rollout if rollout and _is_consistent(rollout, described) else None
        reference = references.parse(container["image"])
        if reference is None:
            # Another registry's image has the digest that its name says, or none that is known.
            _, _, digest = container["image"].partition("@")
        else:
            if pinned and name in pinned.digests:
                reference = replace(reference, digest=pinned.digests[name])
            try:
                digest = references.pull(reference, role)
            except references.PullError as error:
                return name, f"CannotPullContainerError: {error}"
        if digest:
            container["imageDigest"] = digest
            if pinned:
                pinned.digests.setdefault(name, digest)
    return None


def _is_consistent(rollout: Rollout, described: Members) -> bool:
    """Tell whether the tasks of a deployment run the same digest of a container's image."""
    enabled = described.get("versionConsistency", "enabled") != "disabled"
    return enabled and not rollout.deployment.get("_image_resolution_disabled")


def _stop(task: Members, container_name: str, reason: str) -> None:
    """Stop a task that could not start."""
    # With its own code, ministack would start the next one at once, without end.
    ecs._mark_task_stopped(task["taskArn"], task, reason, "")
    task["stopCode"] = "TaskFailedToStart"
    task.update(dict.fromkeys(_STARTED))
    for container in task["containers"]:
        container["runtimeId"] = None
        if container["name"] == container_name:
            container["reason"] = reason


def reconcile(cluster_name: str, service_key: str) -> None:
    """Start and stop tasks of a service; a deployment whose tasks cannot start has failed."""
    service = ecs._services.get(service_key)
    if not service or service["status"] != "ACTIVE":
        return
    _record(service_key, service)
    before = set(ecs._tasks)
    _stock_reconcile(cluster_name, service_key)
    failed = [
        task
        for arn, task in list(ecs._tasks.items())
        if arn not in before
        and task.get("group") == f"service:{service['serviceName']}"
        and task.get("clusterArn") == service["clusterArn"]
        and task.get("stopCode") == "TaskFailedToStart"
    ]
    primary = ecs._primary_deployment(service)
    if failed and primary and ecs._deployment_for_task(service, failed[0]) is primary:
        _count(service, primary, failed)
    _settle(service_key)


def _count(service: Members, deployment: Members, failed: list[Members]) -> None:
    """Count tasks that failed to start; with a circuit breaker the deployment fails at once.

    ECS tries again until the breaker's threshold; here the second try would fail as the first.
    """
    breaker = (service.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
    if deployment["rolloutState"] == "IN_PROGRESS" and breaker.get("enable"):
        deployment["failedTasks"] = ecs._circuit_breaker_threshold(service) - 1
        ecs._record_service_task_failure(failed[0])
    else:
        deployment["failedTasks"] = int(deployment.get("failedTasks", 0)) + len(failed)


def stop_task(members: Members) -> HttpAnswer:
    """Stop a task; the service that it belongs to starts another one."""
    answer: HttpAnswer = _stock_stop(members)
    if answer[0] == 200:  # noqa: PLR2004
        task = json.loads(answer[2])["task"]
        kind, _, service_name = task.get("group", "").partition(":")
        if kind == "service":
            cluster_name = ecs._cluster_name_from_arn(task["clusterArn"])
            reconcile(cluster_name, f"{cluster_name}/{service_name}")
    return answer


# --- service deployments and service revisions ---


def _record(service_key: str, service: Members) -> None:
    """Keep a rollout for each deployment of a service that has none yet."""
    rollouts = _rollouts(service_key)
    if rollouts and rollouts[-1].service is not service:
        # Of a service that was deleted: its revisions went with it.
        rollouts.clear()
    recorded = [rollout.deployment for rollout in rollouts]
    path = service["serviceArn"].partition(":service/")[2]
    prefix = f"arn:aws:ecs:{get_region()}:{get_account_id()}"
    for deployment in reversed(service["deployments"]):
        if any(deployment is item for item in recorded):
            continue
        number = secrets.randbelow(9 * 10**18) + 10**18
        revision = {
            "serviceRevisionArn": f"{prefix}:service-revision/{path}/{number}",
            "serviceArn": service["serviceArn"],
            "clusterArn": service["clusterArn"],
            "taskDefinition": deployment["taskDefinition"],
            **{name: service[name] for name in _KEPT if service.get(name)},
            "createdAt": now(),
        }
        source = rollouts[-1] if rollouts else None
        arn = f"{prefix}:service-deployment/{path}/{secrets.token_urlsafe(16)[:21]}"
        rollouts.append(Rollout(service, deployment, revision, source, arn))


def _rollouts(service_key: str) -> list[Rollout]:
    rollouts: list[Rollout] = _ROLLOUTS.setdefault(service_key, [])
    return rollouts


def _rollout_of(deployment_id: str | None) -> Rollout | None:
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


def _settle(service_key: str) -> None:
    """Note the end of each rollout that is over: what happens to its tasks later is not of it."""
    rollouts = _rollouts(service_key)
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
        return _rejected("ClusterNotFoundException", "Cluster not found.")
    name, own_cluster = ecs._resolve_service_ref(members["service"]) or ("", None)
    service_key = f"{own_cluster or cluster_name}/{name}"
    service = ecs._services.get(service_key)
    if not service or service["status"] != "ACTIVE":
        return _rejected("ServiceNotFoundException", "Service not found.")
    _settle(service_key)
    asked = members.get("createdAt") or {}
    listed = []
    for rollout in reversed(_rollouts(service_key)):
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


def _summary(rollout: Rollout, *, is_target: bool) -> Members:
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
    source = [_summary(rollout.source, is_target=False)] if rollout.source else []
    configuration = service.get("deploymentConfiguration")
    times = _times(rollout)
    return {
        "serviceDeploymentArn": rollout.arn,
        "serviceArn": rollout.revision["serviceArn"],
        "clusterArn": rollout.revision["clusterArn"],
        **times,
        "updatedAt": max(times.values()),
        "sourceServiceRevisions": source,
        "targetServiceRevision": _summary(rollout, is_target=True),
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
        _settle(service_key)
        for rollout in _rollouts(service_key):
            if rollout.service["status"] == "ACTIVE":
                rollouts[arn_of(rollout)] = rollout
    answer: HttpAnswer = json_response(
        {
            member: [described(rollouts[arn]) for arn in arns if arn in rollouts],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in rollouts],
        }
    )
    return answer


def describe_services(members: Members) -> HttpAnswer:
    """Describe services, each with the revisions that its tasks run."""
    answer: HttpAnswer = _stock_describe_services(members)
    if answer[0] != 200:  # noqa: PLR2004
        return answer
    shown = json.loads(answer[2])
    for service in shown["services"]:
        service_key = service["serviceArn"].partition(":service/")[2]
        _settle(service_key)
        for rollout in _rollouts(service_key)[-1:]:
            service["currentServiceDeployment"] = rollout.arn
        service["currentServiceRevisions"] = [
            _summary(rollout, is_target=rollout.deployment.get("status") == "PRIMARY")
            for rollout in reversed(_rollouts(service_key))
            if any(rollout.deployment is item for item in rollout.service["deployments"])
        ]
    described: HttpAnswer = json_response(shown)
    return described


def list_daemons(members: Members) -> HttpAnswer:
    """List no daemons: none can be made here."""
    if ecs._resolve_cluster_name(members.get("clusterArn")) not in ecs._clusters:
        return _rejected("ClusterNotFoundException", "Cluster not found.")
    answer: HttpAnswer = json_response({"daemonSummariesList": []})
    return answer


def _rejected(code: str, message: str) -> HttpAnswer:
    answer: HttpAnswer = error_response_json(code, message, 400)
    return answer


def running(digest: str, repository_arn: str) -> list[Members]:
    """Return the running tasks of this account and Region that run an image of a repository."""
    return [
        task
        for task in list(ecs._tasks.values())
        if task["lastStatus"] == "RUNNING"
        and any(
            container.get("imageDigest") == digest and _arn(container["image"]) == repository_arn
            for container in task["containers"]
        )
    ]


def _arn(image: str) -> str | None:
    """Return the ARN of the repository of an image."""
    reference = references.parse(image)
    if reference is None:
        return None
    place = f"{reference.region}:{reference.account}"
    return f"arn:aws:ecr:{place}:repository/{reference.repository}"


def install() -> None:
    """Put these before ministack's: its functions call each other by these names."""
    ecs._make_deployment = make_deployment
    ecs._run_task = run_task
    ecs._reconcile_service_tasks = reconcile
    ecs._ACTION_MAP |= {
        "RunTask": run_task,
        "StopTask": stop_task,
        "DescribeServices": describe_services,
        "ListDaemons": list_daemons,
        "ListServiceDeployments": list_service_deployments,
        "DescribeServiceDeployments": describe_service_deployments,
        "DescribeServiceRevisions": describe_service_revisions,
    }
