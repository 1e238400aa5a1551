"""The services that hold references to images: what is read of each, and what is missing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.model.image_uri import is_digest
from ecr_constructs.model.partitions import registry_host
from ecr_constructs.snapshot.usage import ecs, kubernetes
from ecr_constructs.snapshot.usage.references import (
    REVISIONS,
    Reading,
    objects,
    part,
    text,
    texts,
)

if TYPE_CHECKING:
    from ecr_constructs.snapshot.document import Snapshot
    from ecr_constructs.snapshot.usage.references import State


class Step(NamedTuple):
    """A call for each entry of a list, or for several of them at once.

    Attributes:
        listed: The operation that lists.
        member: The member of its answer.
        key: The member of an entry that names it. ``""``: the entry is the name.
        asked: The operation that is called with names.
        parameter: Its parameter, a name or a list of names.
    """

    listed: str
    member: str
    key: str
    asked: str
    parameter: str


class Source(NamedTuple):
    """A service whose workloads use images.

    Attributes:
        service: Its name in boto3.
        roots: The operations without which nothing is known.
        steps: The calls that follow from them.
        read: Adds its references.
    """

    service: str
    roots: Sequence[str]
    steps: Sequence[Step]
    read: Callable[[Reading], None]


def _functions(reading: Reading) -> None:
    """Add functions: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html."""
    for page in _pages(reading, "lambda", "GetFunction"):
        settings, version = part(page, "Configuration"), text(page, "Configuration", "Version")
        is_latest = version in ("", "$LATEST")
        user = reading.user(
            "lambda", "function", text(settings, "FunctionName"), "" if is_latest else version
        )
        problems = (
            text(settings, key) for key in ("StateReasonCode", "LastUpdateStatusReasonCode")
        )
        problem = next((code for code in problems if code in _BROKEN), "")
        resolved = text(page, "Code", "ResolvedImageUri").rpartition("@")[2]
        reading.add(
            part(page, "Code", "ImageUri"),
            user,
            "running" if is_latest else "definition",
            digest=resolved if is_digest(resolved) else None,
            problem=problem,
        )


_REASONS = ("StateReasonCode", "LastUpdateStatusReasonCode")
_BROKEN = ("ImageDeleted", "ImageAccessDenied", "InvalidImage")


def _app_runner(reading: Reading) -> None:
    for page in _pages(reading, "apprunner", "DescribeService"):
        service = part(page, "Service")
        status, source = text(service, "Status"), part(service, "SourceConfiguration")
        if status != "DELETED":
            reading.add(
                part(source, "ImageRepository", "ImageIdentifier"),
                reading.user("apprunner", "service", text(service, "ServiceName")),
                "definition" if status == "PAUSED" else "running",
                role=part(source, "AuthenticationConfiguration", "AccessRoleArn"),
            )


def _batch(reading: Reading) -> None:
    definitions: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for page in _pages(reading, "batch", "DescribeJobDefinitions"):
        for definition in objects(page.get("jobDefinitions")):
            if text(definition, "status") != "INACTIVE":
                definitions[text(definition, "jobDefinitionName")].append(definition)
    for name, members in definitions.items():
        members.sort(key=ecs.revision_number, reverse=True)
        reading.older += max(0, len(members) - 1 - reading.revisions)
        for index, definition in enumerate(members[: 1 + reading.revisions]):
            revision = str(ecs.revision_number(definition) or "")
            user = reading.user("batch", "job definition", name, revision)
            state: State = "rollback" if index else "definition"
            for image, role in _images_in(definition, ""):
                reading.add(image, user, state, role=role)


def _images_in(value: object, role: str) -> Iterator[tuple[object, str]]:
    """Yield the ``image`` of each container at any depth, and the nearest execution role."""
    if isinstance(value, Mapping):
        role = text(value, "executionRoleArn") or role
        for key, item in value.items():
            if key == "image":
                yield item, role
            else:
                yield from _images_in(item, role)
    elif isinstance(value, list):
        for item in value:
            yield from _images_in(item, role)


def _code_build(reading: Reading) -> None:
    for page in _pages(reading, "codebuild", "BatchGetProjects"):
        for project in objects(page.get("projects")):
            user = reading.user("codebuild", "project", text(project, "name"))
            role = project.get("serviceRole")
            reading.add(part(project, "environment", "image"), user, "definition", role=role)


def _sage_maker(reading: Reading) -> None:
    for page in _pages(reading, "sagemaker", "DescribeModel"):
        user = reading.user("sagemaker", "model", text(page, "ModelName"))
        role = page.get("ExecutionRoleArn")
        for container in objects([page.get("PrimaryContainer"), *_list(page.get("Containers"))]):
            reading.add(container.get("Image"), user, "definition", role=role)
    for page in _pages(reading, "sagemaker", "DescribeEndpoint"):
        user = reading.user("sagemaker", "endpoint", text(page, "EndpointName"))
        pending = part(page, "PendingDeploymentSummary")
        for variants in (page, pending):
            for member in ("ProductionVariants", "ShadowProductionVariants"):
                for variant in objects(part(variants, member)):
                    for image in objects(variant.get("DeployedImages")):
                        resolved = text(image, "ResolvedImage").rpartition("@")[2]
                        digest = resolved if is_digest(resolved) else None
                        reading.add(image.get("SpecifiedImage"), user, "running", digest=digest)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _agent_core(reading: Reading) -> None:
    for page in _pages(reading, "bedrock-agentcore-control", "GetAgentRuntime"):
        user = reading.user(
            "bedrock-agentcore-control",
            "agent runtime",
            text(page, "agentRuntimeName"),
            text(page, "agentRuntimeVersion"),
        )
        uri = part(page, "agentRuntimeArtifact", "containerConfiguration", "containerUri")
        reading.add(uri, user, "running", role=page.get("roleArn"))


def _emr_serverless(reading: Reading) -> None:
    for page in _pages(reading, "emr-serverless", "GetApplication"):
        application = part(page, "application")
        user = reading.user("emr-serverless", "application", text(application, "name"))
        if text(application, "state") != "TERMINATED":
            # An image of the application, and one for each type of worker.
            for uri, digest in _worker_images(application):
                reading.add(uri, user, "definition", digest=digest)


def _worker_images(application: object) -> Iterator[tuple[object, object]]:
    workers = part(application, "workerTypeSpecifications")
    parts = [application, *(workers.values() if isinstance(workers, Mapping) else ())]
    for item in parts:
        image = part(item, "imageConfiguration")
        digest = text(image, "resolvedImageDigest")
        yield part(image, "imageUri"), digest if is_digest(digest) else None


_COVERED = re.compile(
    r"arn:[^:]+:ecr:(?P<region>[^:]+):(?P<account>[0-9]{12}):repository/(?P<name>.+)/"
    r"(?P<digest>sha256:[0-9a-f]{64})"
)


def _inspector(reading: Reading) -> None:
    """Add what Inspector sees in use in ECS and EKS, of a whole organization.

    What the count counts is not documented consistently; that it is above 0 is use.
    """
    for page in _pages(reading, "inspector2", "ListCoverage"):
        for resource in objects(page.get("coveredResources")):
            count = part(resource, "resourceMetadata", "ecrImage", "inUseCount")
            match = _COVERED.fullmatch(text(resource, "resourceId"))
            if match and isinstance(count, int) and count > 0:
                user = reading.user("inspector2", "in-use count", f"{match['name']}: {count}")
                host = registry_host(match["account"], match["region"])
                reading.add(f"{host}/{match['name']}", user, "running", digest=match["digest"])


def _pages(reading: Reading, service: str, operation: str) -> Iterator[Mapping[str, Any]]:
    for answer in reading.snapshot.answers(operation, service=service):
        yield from answer.pages


_SOURCES = (
    Source(
        "ecs",
        ("ListClusters", "ListTaskDefinitions"),
        (
            Step("ListClusters", "clusterArns", "", "ListTasks", "cluster"),
            Step("ListClusters", "clusterArns", "", "ListServices", "cluster"),
            Step("ListTasks", "taskArns", "", "DescribeTasks", "tasks"),
            Step("ListServices", "serviceArns", "", "DescribeServices", "services"),
            Step("ListServices", "serviceArns", "", "ListServiceDeployments", "service"),
            Step(
                "ListServiceDeployments",
                "serviceDeployments",
                "targetServiceRevisionArn",
                "DescribeServiceRevisions",
                "serviceRevisionArns",
            ),
            Step(
                "ListTaskDefinitions",
                "taskDefinitionArns",
                "",
                "DescribeTaskDefinition",
                "taskDefinition",
            ),
        ),
        ecs.read,
    ),
    Source("kubernetes", (), (), kubernetes.read),
    Source("lambda", ("ListFunctions",), (), _functions),
    Source(
        "apprunner",
        ("ListServices",),
        (
            Step(
                "ListServices", "ServiceSummaryList", "ServiceArn", "DescribeService", "ServiceArn"
            ),
        ),
        _app_runner,
    ),
    Source("batch", ("DescribeJobDefinitions",), (), _batch),
    Source(
        "codebuild",
        ("ListProjects",),
        (Step("ListProjects", "projects", "", "BatchGetProjects", "names"),),
        _code_build,
    ),
    Source(
        "sagemaker",
        ("ListModels", "ListEndpoints"),
        (
            Step("ListModels", "Models", "ModelName", "DescribeModel", "ModelName"),
            Step("ListEndpoints", "Endpoints", "EndpointName", "DescribeEndpoint", "EndpointName"),
        ),
        _sage_maker,
    ),
    Source(
        "bedrock-agentcore-control",
        ("ListAgentRuntimes",),
        (
            Step(
                "ListAgentRuntimes",
                "agentRuntimes",
                "agentRuntimeId",
                "GetAgentRuntime",
                "agentRuntimeId",
            ),
        ),
        _agent_core,
    ),
    Source(
        "emr-serverless",
        ("ListApplications",),
        (Step("ListApplications", "applications", "id", "GetApplication", "applicationId"),),
        _emr_serverless,
    ),
)
_EXTRA = Source("inspector2", (), (), _inspector)

SOURCES = tuple(source.service for source in _SOURCES)
"""The services whose references are read."""

NOT_READ = (
    "braket",
    "cleanroomsml",
    "elasticbeanstalk",
    "gamelift",
    "imagebuilder",
    "iotsitewise",
    "lightsail",
    "omics",
)
"""Services that can use images, too, and that no version reads yet."""


def read_workloads(
    snapshot: Snapshot, revisions: int = REVISIONS, ignored: Collection[str] = ()
) -> Reading:
    """Return the references of all workloads of a snapshot, and what is not known about them.

    Args:
        snapshot: The snapshot.
        revisions: How many former revisions count as ones that a rollback returns to.
        ignored: The services that certainly use no image: what is missing of them is not said.

    Example:
        >>> from ecr_constructs.snapshot.document import Header, Snapshot
        >>> header = Header("111122223333", "eu-central-1", "arn:…", "2026-11-27T23:05:00Z")
        >>> [item.source for item in read_workloads(Snapshot(header, [])).not_known][:2]
        ['ecs', 'ecs']
    """
    reading = Reading(snapshot, revisions)
    for source in (*_SOURCES, _EXTRA):
        source.read(reading)
        _look_for_gaps(reading, source)
    _clusters(reading)
    reading.not_known = {item: None for item in reading.not_known if item.source not in ignored}
    return reading


def _look_for_gaps(reading: Reading, source: Source) -> None:
    """Add the calls that were refused, are incomplete, or were never made."""
    snapshot, service = reading.snapshot, source.service
    for operation in source.roots:
        if not any(snapshot.answers(operation, service=service)):
            reading.doubt(service, operation, str(snapshot.registry), _why(snapshot, service))
    # What is read does not depend on all operations of a service.
    operations = {*source.roots, *(step.asked for step in source.steps), *_OTHERS.get(service, ())}
    for operation in sorted(operations):
        for answer in snapshot.answers(operation, service=service):
            if not answer.is_known:
                names = [name for value in answer.request.values() for name in _names(value)]
                subject = f"{snapshot.registry} {_some(names)}".rstrip()
                reading.doubt(service, operation, subject, answer.reason)
    for step in source.steps:
        _follow(reading, service, step)
    if service == "lambda":
        _functions_asked(reading)


_OTHERS = {
    "ecs": ("ListDaemons", "DescribeDaemonRevisions"),
    "inspector2": ("ListCoverage",),
    "lambda": ("GetFunction",),
}


def _why(snapshot: Snapshot, service: str) -> str:
    reasons = (item.reason for item in snapshot.header.not_asked if item.source == service)
    return f"not-asked: {reason}" if (reason := next(reasons, "")) else "not-asked"


def _follow(reading: Reading, service: str, step: Step) -> None:
    snapshot = reading.snapshot
    asked = {
        name
        for answer in snapshot.answers(step.asked, service=service)
        for name in _names(answer.request.get(step.parameter))
    }
    missing = [
        name
        for answer in snapshot.answers(step.listed, service=service)
        for name in _listed(answer.items(step.member), step.key)
        if name not in asked
    ]
    if missing:
        subject = f"{snapshot.registry} {_some(missing)}"
        reading.doubt(service, step.asked, subject, "not-asked")


def _listed(items: Sequence[Any], key: str) -> Sequence[str]:
    if key:
        return [*filter(None, (text(item, key) for item in items))]
    return texts(items)


def _names(value: object) -> Sequence[str]:
    return [value] if isinstance(value, str) else texts(value)


_SHOWN = 3


def _some(names: Sequence[str]) -> str:
    """Return the last parts of some names."""
    shown = ", ".join(name.rpartition("/")[2] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _functions_asked(reading: Reading) -> None:
    """Add the functions of images that were not described; others have no image."""
    snapshot = reading.snapshot
    asked = {
        name
        for answer in snapshot.answers("GetFunction", service="lambda")
        for name in _names(answer.request.get("FunctionName"))
    }
    missing = [
        text(function, "FunctionArn")
        for answer in snapshot.answers("ListFunctions", service="lambda")
        for function in objects(answer.items("Functions"))
        if text(function, "PackageType") == "Image" and text(function, "FunctionArn") not in asked
    ]
    if missing:
        subject = f"{snapshot.registry} {_some(missing)}"
        reading.doubt("lambda", "GetFunction", subject, "not-asked")


def _clusters(reading: Reading) -> None:
    """Add the clusters of EKS whose objects are not there, or that they were not asked for."""
    snapshot = reading.snapshot
    files = [*snapshot.answers("List", service="kubernetes")]
    read = {text(answer.request, "cluster") for answer in files if answer.is_known}
    listed = [*snapshot.answers("ListClusters", service="eks")]
    registry = str(snapshot.registry)
    for answer in listed:
        if not answer.is_known:
            reading.doubt("kubernetes", "ListClusters", registry, answer.reason)
        for name in texts(answer.items("clusters")):
            if name not in read:
                reading.doubt("kubernetes", "List", f"{registry} {name}", "not-asked")
    for answer in files:
        if not answer.is_known:
            subject = f"{registry} {text(answer.request, 'cluster')}"
            reading.doubt("kubernetes", "List", subject, answer.reason)
    if not listed:
        reading.doubt("kubernetes", "ListClusters", registry, _why(snapshot, "kubernetes"))
