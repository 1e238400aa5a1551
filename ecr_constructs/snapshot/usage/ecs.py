"""References of Amazon ECS: tasks that run, revisions of services, and task definitions.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.members import objects, part, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.snapshot.usage.references import Reading, State

# A task that ended between the list of tasks and their description.
_ENDED = "MISSING"


def read(reading: Reading) -> None:
    """Add the references of tasks, services and task definitions."""
    definitions = {
        text(definition, "taskDefinitionArn"): definition
        for definition in _described(reading, "DescribeTaskDefinition", "taskDefinition")
    }
    _tasks(reading, definitions)
    _services(reading, definitions)
    _definitions(reading, definitions)


def _described(reading: Reading, operation: str, member: str) -> Iterator[Mapping[str, Any]]:
    for answer in reading.snapshot.answers(operation, service="ecs"):
        for page in answer.pages:
            value = page.get(member)
            yield from objects(value if isinstance(value, list) else [value])
            for failure in objects(page.get("failures")):
                if text(failure, "reason") != _ENDED:
                    subject = f"{reading.snapshot.registry} {text(failure, 'arn')}"
                    reading.doubt("ecs", operation, subject, text(failure, "reason"))


def _tasks(reading: Reading, definitions: Mapping[str, Any]) -> None:
    for task in _described(reading, "DescribeTasks", "tasks"):
        arn = text(task, "taskDefinitionArn")
        family, _, revision = _last(arn).partition(":")
        group = text(task, "group").removeprefix("service:").removeprefix("family:") or family
        name = f"{_last(text(task, 'clusterArn'))}/{group}"
        role = text(task, "overrides", "executionRoleArn") or text(
            definitions.get(arn), "executionRoleArn"
        )
        user = reading.user("ecs", "task", name, revision)
        for container in objects(task.get("containers")):
            digest = container.get("imageDigest")
            reading.add(container.get("image"), user, "running", digest=digest, role=role)


def _services(reading: Reading, definitions: Mapping[str, Any]) -> None:
    revisions = _by(
        _described(reading, "DescribeServiceRevisions", "serviceRevisions"), "serviceArn"
    )
    for service in _described(reading, "DescribeServices", "services"):
        if text(service, "status") == "INACTIVE":
            # It was deleted.
            continue
        arn = text(service, "serviceArn")
        current = {text(item, "arn") for item in objects(service.get("currentServiceRevisions"))}
        former = revisions.pop(arn, [])
        if not current and former:
            current = {text(former[0], "serviceRevisionArn")}
        are_resolved = _revisions(reading, "service", former, current, definitions)
        if not are_resolved:
            _start(reading, service, definitions)
    for former in revisions.values():
        newest = text(former[0], "serviceRevisionArn")
        _revisions(reading, "service", former, {newest}, definitions)


def _start(reading: Reading, service: Mapping[str, Any], definitions: Mapping[str, Any]) -> None:
    """Add what a service starts, if its current revision does not say it by digest."""
    arns = {text(service, "taskDefinition"): None}
    for member in ("deployments", "taskSets"):
        arns |= {text(item, "taskDefinition"): None for item in objects(service.get(member))}
    cluster, name = _last(text(service, "clusterArn")), text(service, "serviceName")
    for arn in filter(None, arns):
        revision = _last(arn).partition(":")[2]
        user = reading.user("ecs", "service", f"{cluster}/{name}", revision)
        definition = definitions.get(arn)
        if definition is None:
            subject = f"{reading.snapshot.registry} {_last(arn)}"
            reading.doubt("ecs", "DescribeTaskDefinition", subject, "not-asked")
        _containers(reading, user.resource, user.name, definition, "definition")


def read_daemons(reading: Reading) -> None:
    """Add the references of daemons."""
    revisions = _by(_described(reading, "DescribeDaemonRevisions", "daemonRevisions"), "daemonArn")
    for former in revisions.values():
        _revisions(reading, "daemon", former, {text(former[0], "daemonRevisionArn")}, {})


def _revisions(
    reading: Reading,
    resource: str,
    revisions: Sequence[Mapping[str, Any]],
    current: set[str],
    definitions: Mapping[str, Any],
) -> bool:
    """Add the revisions of a service or daemon; return whether a current one has its images."""
    rollbacks, has_images = 0, False
    for revision in revisions:
        images = list(objects(revision.get("containerImages")))
        state: State = "definition"
        if text(revision, f"{resource}RevisionArn") in current:
            has_images = has_images or bool(images)
        elif rollbacks >= reading.revisions:
            reading.older += 1
            continue
        else:
            rollbacks += 1
            state = "rollback"
        owner = text(revision, f"{resource}Arn")
        name = f"{_last(text(revision, 'clusterArn'))}/{_last(owner)}"
        definition = text(revision, "taskDefinition") or text(revision, "daemonTaskDefinitionArn")
        user = reading.user("ecs", resource, name, _last(definition).partition(":")[2])
        role = text(definitions.get(definition), "executionRoleArn")
        for image in images:
            digest = image.get("imageDigest")
            reading.add(image.get("image"), user, state, digest=digest, role=role)
    return has_images


def _definitions(reading: Reading, definitions: Mapping[str, Any]) -> None:
    """Add the newest task definitions of each family; tasks that a schedule starts use them."""
    families: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for definition in definitions.values():
        if text(definition, "status") != "INACTIVE":
            families[text(definition, "family")].append(definition)
    for family, members in families.items():
        for definition, state in reading.newest(members, revision_number):
            _containers(reading, "task definition", family, definition, state)


def _containers(
    reading: Reading, resource: str, name: str, definition: Mapping[str, Any] | None, state: State
) -> None:
    revision = part(definition, "revision")
    user = reading.user("ecs", resource, name, "" if revision is None else str(revision))
    role = text(definition, "executionRoleArn")
    for container in objects(part(definition, "containerDefinitions")):
        reading.add(container.get("image"), user, state, role=role)


def _by(items: Iterator[Mapping[str, Any]], key: str) -> dict[str, list[Mapping[str, Any]]]:
    """Return items by what they belong to, the newest first."""
    groups: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in items:
        groups[text(item, key)].append(item)
    for members in groups.values():
        members.sort(key=lambda item: text(item, "createdAt"), reverse=True)
    return dict(groups)


def revision_number(item: Mapping[str, Any]) -> int:
    """Return the revision of a definition; 0 if it has none."""
    revision = item.get("revision")
    return revision if isinstance(revision, int) else 0


def _last(arn: str) -> str:
    """Return the last part of an ARN: ``api`` of ``…:service/prod/api``."""
    return arn.rpartition("/")[2]
