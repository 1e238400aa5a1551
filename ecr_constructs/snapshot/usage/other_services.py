"""References of services whose answers name an image in one place or another.

Every text that is the URI of an image of ECR counts, wherever it is in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.model.image_uri import is_digest, read_image_uri
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.members import objects, part, text
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.snapshot.usage.references import Reading, State


class Described(NamedTuple):
    """An operation whose answer names images.

    Attributes:
        service: The service.
        operation: The operation.
        members: Where the objects are in the answer, as a list or as one. Empty: it is the answer.
        resource: What an object is.
        name: The member that names it.
        state: How it uses an image.
    """

    service: str
    operation: str
    members: Sequence[str]
    resource: str
    name: str
    state: State = "definition"


DESCRIBED = (
    Described(
        "cleanroomsml", "GetConfiguredModelAlgorithm", (), "configured model algorithm", "name"
    ),
    Described("codebuild", "BatchGetFleets", ("fleets",), "fleet", "name"),
    Described(
        "gamelift",
        "ListContainerGroupDefinitions",
        ("ContainerGroupDefinitions",),
        "container group",
        "Name",
        "running",
    ),
    Described("imagebuilder", "GetContainerRecipe", ("containerRecipe",), "recipe", "name"),
    Described(
        "lightsail",
        "GetContainerServices",
        ("containerServices",),
        "container service",
        "containerServiceName",
        "running",
    ),
    Described("omics", "GetWorkflow", (), "workflow", "name"),
    Described(
        "sagemaker",
        "DescribeInferenceComponent",
        (),
        "inference component",
        "InferenceComponentName",
        "running",
    ),
    Described("sagemaker", "DescribeImageVersion", (), "image version", "ImageVersionArn"),
)


def read_described(reading: Reading, service: str) -> None:
    """Add the references of the operations of a service."""
    for row in DESCRIBED:
        if row.service == service:
            for answer in reading.snapshot.answers(row.operation, service=service):
                for page in answer.pages:
                    _read(reading, row, page)


def _read(reading: Reading, row: Described, page: Mapping[str, Any]) -> None:
    content = part(page, *row.members)
    for item in objects(content if isinstance(content, list) else [content]):
        user = reading.user(row.service, row.resource, text(item, row.name).rpartition("/")[2])
        for uri, digest in uris_in(item):
            reading.add(uri, user, row.state, digest=digest)


def read_aggregated(reading: Reading) -> None:
    """Add what an aggregator of AWS Config has of other accounts: hours old, and without digests.

    https://docs.aws.amazon.com/config/latest/APIReference/API_SelectAggregateResourceConfig.html
    """
    operation = "SelectAggregateResourceConfig"
    for answer in reading.snapshot.answers(operation, service="config"):
        for entry in answer.items("Results"):
            try:
                item = read_json(str(entry))
            except JsonError:
                reading.doubt("config", operation, str(reading.snapshot.registry), "not readable")
                continue
            registry = RegistryId(text(item, "accountId"), text(item, "awsRegion"))
            kind = text(item, "resourceType").removeprefix("AWS::").replace("::", " ")
            name = text(item, "resourceName") or text(item, "resourceId")
            user = reading.user("config", kind, name)._replace(registry=registry)
            configuration = part(item, "configuration")
            if isinstance(configuration, str):
                try:
                    configuration = read_json(configuration)
                except JsonError:
                    configuration = None
            for uri, digest in uris_in(configuration):
                reading.add(uri, user, "definition", digest=digest)


def uris_in(value: object, digest: str | None = None) -> Iterator[tuple[str, str | None]]:
    """Yield the URIs of images at any depth, each with a digest that is next to it."""
    if isinstance(value, str):
        if _is_of_ecr(value):
            yield value, digest
    elif isinstance(value, Mapping):
        digests = [item for item in value.values() if is_digest(item)]
        for item in value.values():
            yield from uris_in(item, digests[0] if len(digests) == 1 else None)
    elif isinstance(value, list):
        for item in value:
            yield from uris_in(item)


def _is_of_ecr(value: str) -> bool:
    try:
        return read_image_uri(value) is not None
    except ValidationError:
        # The host is that of a registry; who adds it says that the rest is not readable.
        return True
