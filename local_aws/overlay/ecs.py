"""Tasks and services of ECS whose images are those of the registry: digests and failures.

ministack records tasks as running at once. Here their images are pulled first, from the registry
of this process. As in ECS, the first task of a service's deployment decides which digests the
others run, also those that start later and after the tag has moved:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, json_response
from ministack.services import ecs

from local_aws.overlay import references, rollouts
from local_aws.overlay.operations import rejected

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members
    from local_aws.overlay.rollouts import Rollout

_STARTED = ("startedAt", "pullStartedAt", "pullStoppedAt")

_stock_make = ecs._make_deployment
_stock_run = ecs._run_task
_stock_reconcile = ecs._reconcile_service_tasks
_stock_stop = ecs._stop_task
_stock_describe_services = ecs._describe_services


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
    rollout = rollouts.of_deployment(members.get("_deploymentId"))
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
    rollouts.record(service_key, service)
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
    rollouts.settle(service_key)


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


def describe_services(members: Members) -> HttpAnswer:
    """Describe services, each with the revisions that its tasks run."""
    answer: HttpAnswer = _stock_describe_services(members)
    if answer[0] != 200:  # noqa: PLR2004
        return answer
    shown = json.loads(answer[2])
    for service in shown["services"]:
        service_key = service["serviceArn"].partition(":service/")[2]
        rollouts.settle(service_key)
        recorded = rollouts.of_service(service_key)
        if recorded:
            service["currentServiceDeployment"] = recorded[-1].arn
        service["currentServiceRevisions"] = [
            rollouts.summary(rollout, is_target=rollout.deployment.get("status") == "PRIMARY")
            for rollout in reversed(recorded)
            if any(rollout.deployment is item for item in rollout.service["deployments"])
        ]
    described: HttpAnswer = json_response(shown)
    return described


def list_daemons(members: Members) -> HttpAnswer:
    """List no daemons: none can be made here."""
    if ecs._resolve_cluster_name(members.get("clusterArn")) not in ecs._clusters:
        return rejected("ClusterNotFoundException", "Cluster not found.")
    answer: HttpAnswer = json_response({"daemonSummariesList": []})
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
        "ListServiceDeployments": rollouts.list_service_deployments,
        "DescribeServiceDeployments": rollouts.describe_service_deployments,
        "DescribeServiceRevisions": rollouts.describe_service_revisions,
    }
