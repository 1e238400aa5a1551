"""The services that hold references to images: what is read of each, and what is missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.snapshot.usage import ecs, kubernetes, services
from ecr_constructs.snapshot.usage.other_services import read_aggregated, read_described
from ecr_constructs.snapshot.usage.references import (
    REVISIONS,
    Reading,
    objects,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ecr_constructs.snapshot.document import Snapshot


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


def _described(service: str, root: str, *steps: Step) -> Source:
    """Return a service whose answers name images in one place or another."""
    return Source(service, (root,), steps, partial(read_described, service=service))


_SOURCES = (
    Source(
        "ecs",
        ("ListClusters", "ListTaskDefinitions"),
        (
            Step("ListClusters", "clusterArns", "", "ListTasks", "cluster"),
            Step("ListClusters", "clusterArns", "", "ListServices", "cluster"),
            Step("ListClusters", "clusterArns", "", "ListDaemons", "clusterArn"),
            Step(
                "ListDaemons",
                "daemonSummariesList",
                "daemonArn",
                "ListDaemonDeployments",
                "daemonArn",
            ),
            Step(
                "ListDaemonDeployments",
                "daemonDeployments",
                "targetDaemonRevisionArn",
                "DescribeDaemonRevisions",
                "daemonRevisionArns",
            ),
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
    Source("lambda", ("ListFunctions",), (), services.functions),
    Source(
        "apprunner",
        ("ListServices",),
        (
            Step(
                "ListServices", "ServiceSummaryList", "ServiceArn", "DescribeService", "ServiceArn"
            ),
        ),
        services.app_runner,
    ),
    Source("batch", ("DescribeJobDefinitions",), (), services.batch),
    Source(
        "codebuild",
        ("ListProjects", "ListFleets"),
        (
            Step("ListProjects", "projects", "", "BatchGetProjects", "names"),
            Step("ListFleets", "fleets", "", "BatchGetFleets", "names"),
        ),
        services.code_build,
    ),
    Source(
        "sagemaker",
        ("ListModels", "ListEndpoints", "ListInferenceComponents", "ListImages"),
        (
            Step(
                "ListInferenceComponents",
                "InferenceComponents",
                "InferenceComponentName",
                "DescribeInferenceComponent",
                "InferenceComponentName",
            ),
            Step("ListImages", "Images", "ImageName", "DescribeImageVersion", "ImageName"),
            Step("ListModels", "Models", "ModelName", "DescribeModel", "ModelName"),
            Step("ListEndpoints", "Endpoints", "EndpointName", "DescribeEndpoint", "EndpointName"),
        ),
        services.sage_maker,
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
        services.agent_core,
    ),
    Source(
        "emr-serverless",
        ("ListApplications",),
        (Step("ListApplications", "applications", "id", "GetApplication", "applicationId"),),
        services.emr_serverless,
    ),
    _described("gamelift", "ListContainerGroupDefinitions"),
    _described("omics", "ListWorkflows", Step("ListWorkflows", "items", "id", "GetWorkflow", "id")),
    _described(
        "cleanroomsml",
        "ListConfiguredModelAlgorithms",
        Step(
            "ListConfiguredModelAlgorithms",
            "configuredModelAlgorithms",
            "configuredModelAlgorithmArn",
            "GetConfiguredModelAlgorithm",
            "configuredModelAlgorithmArn",
        ),
    ),
    _described("lightsail", "GetContainerServices"),
    _described(
        "imagebuilder",
        "ListContainerRecipes",
        Step(
            "ListContainerRecipes",
            "containerRecipeSummaryList",
            "arn",
            "GetContainerRecipe",
            "containerRecipeArn",
        ),
    ),
)
# They add to the services, and need not be there.
_EXTRA = (
    Source("inspector2", (), (), services.inspector),
    Source("config", (), (), read_aggregated),
)

SOURCES = tuple(source.service for source in _SOURCES)
"""The services whose references are read."""

NOT_READ = (
    "braket",
    "elasticbeanstalk",
    "iotsitewise",
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
    for source in (*_SOURCES, *_EXTRA):
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
    "config": ("SelectAggregateResourceConfig",),
    "inspector2": ("ListCoverage",),
    "lambda": ("GetFunction",),
}


# The sources of a snapshot that do not have the name of their service.
_NAMES = {
    "bedrock-agentcore-control": "agentcore",
    "cleanroomsml": "cleanrooms-ml",
    "kubernetes": "eks",
}


def _why(snapshot: Snapshot, service: str) -> str:
    name = _NAMES.get(service, service)
    reasons = (item.reason for item in snapshot.header.not_asked if item.source == name)
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
