"""References of services that have few operations; `workloads` has the table of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.image_uri import is_digest
from ecr_constructs.model.members import objects, part, text
from ecr_constructs.model.partitions import registry_host
from ecr_constructs.snapshot.usage import ecs
from ecr_constructs.snapshot.usage.other_services import read_described

if TYPE_CHECKING:
    from ecr_constructs.snapshot.usage.references import Reading

_REASONS = ("StateReasonCode", "LastUpdateStatusReasonCode")
_BROKEN = ("ImageDeleted", "ImageAccessDenied", "InvalidImage")


def functions(reading: Reading) -> None:
    """Add functions: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html."""
    for page in _pages(reading, "lambda", "GetFunction"):
        settings, version = part(page, "Configuration"), text(page, "Configuration", "Version")
        is_latest = version in ("", "$LATEST")
        user = reading.user(
            "lambda", "function", text(settings, "FunctionName"), "" if is_latest else version
        )
        problems = (text(settings, key) for key in _REASONS)
        problem = next((code for code in problems if code in _BROKEN), "")
        reading.add(
            part(page, "Code", "ImageUri"),
            user,
            "running" if is_latest else "definition",
            digest=_digest_in(text(page, "Code", "ResolvedImageUri")),
            problem=problem,
        )


def app_runner(reading: Reading) -> None:
    """Add services of App Runner."""
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


def batch(reading: Reading) -> None:
    """Add job definitions of Batch."""
    definitions: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for page in _pages(reading, "batch", "DescribeJobDefinitions"):
        for definition in objects(page.get("jobDefinitions")):
            if text(definition, "status") != "INACTIVE":
                definitions[text(definition, "jobDefinitionName")].append(definition)
    for name, members in definitions.items():
        for definition, state in reading.newest(members, ecs.revision_number):
            revision = str(ecs.revision_number(definition) or "")
            user = reading.user("batch", "job definition", name, revision)
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


def code_build(reading: Reading) -> None:
    """Add projects and fleets of CodeBuild."""
    read_described(reading, "codebuild")
    for page in _pages(reading, "codebuild", "BatchGetProjects"):
        for project in objects(page.get("projects")):
            user = reading.user("codebuild", "project", text(project, "name"))
            role = project.get("serviceRole")
            reading.add(part(project, "environment", "image"), user, "definition", role=role)


def sage_maker(reading: Reading) -> None:
    """Add models, endpoints and images of SageMaker."""
    read_described(reading, "sagemaker")
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
                        digest = _digest_in(text(image, "ResolvedImage"))
                        reading.add(image.get("SpecifiedImage"), user, "running", digest=digest)


def _digest_in(resolved: str) -> str | None:
    """Return the digest of an image that a service has resolved, alone or at the end of a URI."""
    digest = resolved.rpartition("@")[2]
    return digest if is_digest(digest) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def agent_core(reading: Reading) -> None:
    """Add runtimes of Bedrock AgentCore."""
    for page in _pages(reading, "bedrock-agentcore-control", "GetAgentRuntime"):
        user = reading.user(
            "bedrock-agentcore-control",
            "agent runtime",
            text(page, "agentRuntimeName"),
            text(page, "agentRuntimeVersion"),
        )
        uri = part(page, "agentRuntimeArtifact", "containerConfiguration", "containerUri")
        reading.add(uri, user, "running", role=page.get("roleArn"))


def emr_serverless(reading: Reading) -> None:
    """Add applications of EMR Serverless."""
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
        yield part(image, "imageUri"), _digest_in(text(image, "resolvedImageDigest"))


_COVERED = re.compile(
    r"arn:[^:]+:ecr:(?P<region>[^:]+):(?P<account>[0-9]{12}):repository/(?P<name>.+)/"
    r"(?P<digest>sha256:[0-9a-f]{64})"
)


def inspector(reading: Reading) -> None:
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
