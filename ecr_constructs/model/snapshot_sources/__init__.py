"""What a snapshot asks AWS: a table of read operations, and the IAM actions that allow them.

To read a further service, add a source to the table of `workloads`: one entry an operation. The
collector, the policy of the audit role and the command line take it from here.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.snapshot_sources.operation import Operation, Paging, Source, listing
from ecr_constructs.model.snapshot_sources.registry import REGISTRY
from ecr_constructs.model.snapshot_sources.workloads import WORKLOADS
from ecr_constructs.model.validation import raise_if_invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SOURCES: Mapping[str, Source] = {source.name: source for source in (*REGISTRY, *WORKLOADS)}
"""All sources, by name, in the order in which they are listed."""

DEFAULT_SOURCES = ("registry", "repositories", "images")
"""The sources that are read unless others are chosen."""

GROUPS: Mapping[str, Sequence[str]] = {
    "workloads": tuple(source.name for source in WORKLOADS),
    "identities": ("iam", "kms", "organizations"),
    # Without manifests, since reading them counts as a pull.
    "all": tuple(name for name in SOURCES if name != "manifests"),
}
"""Names of several sources."""

AGGREGATED_TYPES = (
    "AWS::AppRunner::Service",
    "AWS::BedrockAgentCore::Runtime",
    "AWS::CodeBuild::Project",
    "AWS::ECR::PullThroughCacheRule",
    "AWS::ECR::RegistryPolicy",
    "AWS::ECR::ReplicationConfiguration",
    "AWS::ECR::Repository",
    "AWS::ECR::RepositoryCreationTemplate",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::EMRServerless::Application",
    "AWS::Lambda::Function",
    "AWS::SageMaker::Model",
)
"""The types of AWS Config that have images or their references."""

_AGGREGATED = "accountId, awsRegion, resourceType, resourceId, resourceName, arn, configuration"


def aggregator_source(name: str) -> Source:
    """Return the source that reads an aggregator of AWS Config."""
    requests = tuple(
        {
            "ConfigurationAggregatorName": name,
            "Expression": f"SELECT {_AGGREGATED} WHERE resourceType = '{kind}'",
        }
        for kind in AGGREGATED_TYPES
    )
    operation = listing(
        "config:SelectAggregateResourceConfig",
        "Results",
        Paging(100, "NextToken", "Limit"),
        fixed=requests,
    )
    return Source("config", f"resources that the aggregator {name} has", (operation,))


def selected(names: Iterable[str]) -> list[str]:
    """Return the names of sources, in their order, with those of groups.

    Raises:
        ValidationError: ``snapshot-source-unknown``: a name is neither a source nor a group.
    """
    chosen = [*names]
    raise_if_invalid("sources", ",".join(chosen), _source_errors(chosen))
    flat = {name for group in chosen for name in GROUPS.get(group, (group,))}
    return [name for name in SOURCES if name in flat]


def _source_errors(names: Sequence[str]) -> Iterator[Diagnostic]:
    allowed = [*SOURCES, *GROUPS]
    if not names:
        message = f"no source is selected; there are {', '.join(allowed)}"
        yield Diagnostic("snapshot-source-missing", message)
    for name in names:
        if name not in allowed:
            near = get_close_matches(name, allowed, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"give some of {', '.join(allowed)}"
            message = f"{name!r} is not a source of a snapshot"
            yield Diagnostic("snapshot-source-unknown", message, remedy=remedy)


def operations_of(sources: Iterable[Source]) -> list[Operation]:
    """Return the operations of sources, each once, in their order."""
    return [
        *{operation.id: operation for item in sources for operation in item.operations}.values()
    ]
