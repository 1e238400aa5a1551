"""A Repository serves wherever CDK's own does, and renders the same: used alike, from everywhere.

By physical names CDK decides how another stack, Region or account refers to a repository. Each case
is synthesized with `ecr.Repository` and with ours: the templates, or CDK's errors, are equal. The
only difference is that Lambda may pull only for functions of this account.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

from ecr_constructs import LifecyclePolicy, Repository
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    Template,
    function_of,
    new_app,
    project_of,
    properties_of,
    role_of,
    synth,
    template,
)


def theirs(stack: cdk.Stack, name: str | None) -> ecr.RepositoryBase:
    """Return CDK's own repository with the settings of `ours`."""
    return ecr.Repository(
        stack,
        "Api",
        repository_name=name,
        image_scan_on_push=True,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def ours(stack: cdk.Stack, name: str | None) -> ecr.RepositoryBase:
    """Return a repository of this library that keeps every image."""
    return Repository(stack, "Api", repository_name=name, lifecycle=LifecyclePolicy())


Use = Callable[[cdk.Stack, ecr.RepositoryBase], object]
NAME = "payments/api"
ARN = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/{NAME}"


def both(folder: Path, use: Use) -> tuple[Template, Template]:
    """Return the templates of CDK's repository and of ours, used the same way."""
    stacks = [cdk.Stack(new_app(folder / name), "Stack", env=ENV) for name in ("theirs", "ours")]
    for stack, make in zip(stacks, (theirs, ours), strict=True):
        use(stack, make(stack, None))
    return template(stacks[0]), template(stacks[1])


def events_of(stack: cdk.Stack, repository: ecr.RepositoryBase) -> None:
    """Use every event of a repository."""
    target = targets.SnsTopic(sns.Topic(stack, "Topic"))
    assert isinstance(repository.on_event("Any", target=target), events.Rule)
    repository.on_image_scan_completed("Scan", target=target, image_tags=["latest"])
    repository.on_cloud_trail_event("Trail", target=target)
    repository.on_cloud_trail_image_pushed("Push", target=target, image_tag="latest")


def uris_of(stack: cdk.Stack, repository: ecr.RepositoryBase) -> None:
    """Write every name that a repository has into outputs."""
    reference, place = repository.repository_ref, repository.env
    names = [
        *(repository.repository_name, repository.repository_arn),
        *(repository.repository_uri, repository.registry_uri),
        *(repository.repository_uri_for_tag(), repository.repository_uri_for_tag("1.0")),
        repository.repository_uri_for_digest("sha256:0"),
        repository.repository_uri_for_tag_or_digest("sha256:0"),
        *(reference.repository_name, reference.repository_arn, place.account, place.region),
    ]
    for index, value in enumerate(names):
        cdk.CfnOutput(stack, f"Output{index}", value=value)


def exported(stack: cdk.Stack, repository: ecr.RepositoryBase) -> None:
    """Export a repository's name and ARN."""
    stack.export_value(repository.repository_name)
    stack.export_value(repository.repository_arn)


USES: dict[str, Use] = {
    "events": events_of,
    "names and URIs": uris_of,
    "exports": exported,
    "tags": lambda stack, _: cdk.Tags.of(stack).add("team", "payments"),
    "removal policy": lambda _, it: it.apply_removal_policy(cdk.RemovalPolicy.DESTROY),
    "removal policies": lambda stack, _: cdk.RemovalPolicies.of(stack).destroy(),
    "mixin of the service": lambda _, it: it.with_(ecr.mixins.RepositoryAutoDeleteImages()),
    "dependency": lambda stack, it: sns.Topic(stack, "Topic").node.add_dependency(it),
}
# Reading lists images as well, pushing asks for manifests as AWS documents, and who has access from
# elsewhere is told more precisely: tests/constructs/test_grants.py.
GRANTS: dict[str, Callable[[ecr.RepositoryBase, iam.IGrantable], iam.Grant]] = {
    "grant_pull": lambda repository, to: repository.grant_pull(to),
    "grant_pull_push": lambda repository, to: repository.grant_pull_push(to),
    "grant": lambda repository, to: repository.grant(to, "ecr:DescribeImages"),
}
GRANTEES: dict[str, Callable[[cdk.Stack], iam.IGrantable]] = {
    "a role": role_of,
    "an account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "an organization": lambda _: iam.OrganizationPrincipal(ORGANIZATION),
}
USES |= {
    f"{grant_name} to {grantee_name}": (
        lambda stack, repository, grant=grant, grantee=grantee: grant(  # type: ignore[misc]
            repository, grantee(stack)
        )
    )
    for grant_name, grant in GRANTS.items()
    for grantee_name, grantee in GRANTEES.items()
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_serves_like_cdks_own(tmp_path: Path, use: Use) -> None:
    """Used the same way, the two kinds of repository render the same template."""
    expected, actual = both(tmp_path, use)

    assert expected == actual


def test_the_default_child_is_the_resource(stack: cdk.Stack) -> None:
    """The escape hatch leads to the L1, and overrides of it are rendered."""
    resource = Repository(stack, "Api").node.default_child
    assert isinstance(resource, ecr.CfnRepository)
    resource.add_property_override("ImageScanningConfiguration.ScanOnPush", value=False)

    assert {"ScanOnPush": False} == properties_of(stack)["ImageScanningConfiguration"]


def test_tags_of_scopes_merge(stack: cdk.Stack) -> None:
    """Tags of scopes join the repository's own; where both name a key, CDK's rules decide."""
    Repository(stack, "Api", tags={"team": "payments", "tier": "1"})
    cdk.Tags.of(stack).add("team", "platform")
    cdk.Tags.of(stack).add("stage", "prod")

    assert {"team": "platform", "tier": "1", "stage": "prod"} == {
        tag["Key"]: tag["Value"] for tag in properties_of(stack)["Tags"]
    }


@jsii.implements(cdk.IAspect)
class _Unscanned:
    """Notes the path of everything it visits, and turns the scan of L1 repositories off."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def visit(self, node: IConstruct) -> None:
        """Note one path, and change one node."""
        self.paths.append(node.node.path)
        if isinstance(node, ecr.CfnRepository):
            node.image_scanning_configuration = None


def test_aspects_visit_and_change_it(stack: cdk.Stack) -> None:
    """An aspect sees the repository and its resource, and what it changes there is rendered."""
    Repository(stack, "Api")
    aspect = _Unscanned()
    cdk.Aspects.of(stack).add(aspect)

    assert "ImageScanningConfiguration" not in properties_of(stack)
    assert ["Stack", "Stack/Api", "Stack/Api/Resource"] == aspect.paths


IMPORTS: dict[str, Callable[[Any, cdk.Stack], ecr.IRepository]] = {
    "name": lambda of, stack: of.from_repository_name(stack, "Api", NAME),
    "ARN": lambda of, stack: of.from_repository_arn(stack, "Api", ARN),
    "attributes": lambda of, stack: of.from_repository_attributes(
        stack, "Api", repository_arn=ARN, repository_name=NAME
    ),
    "lookup by name": lambda of, stack: of.from_lookup(stack, "Api", repository_name=NAME),
    "lookup by ARN": lambda of, stack: of.from_lookup(stack, "Api", repository_arn=ARN),
}


def imported(of: type, folder: Path, look: Callable[[Any, cdk.Stack], ecr.IRepository]) -> Any:
    """Return what an imported repository says of itself, and the template of a grant to a role."""
    stack = cdk.Stack(new_app(folder), "Stack", env=ENV)
    repository = look(of, stack)
    repository.grant_pull(role_of(stack))
    uri = stack.resolve(repository.repository_uri_for_tag("1.0"))
    place = repository.env.account, repository.env.region
    return repository.repository_arn, repository.repository_name, uri, place, template(stack)


@pytest.mark.parametrize("look", IMPORTS.values(), ids=IMPORTS)
def test_imports_are_as_cdks_own(
    tmp_path: Path, look: Callable[[Any, cdk.Stack], ecr.IRepository]
) -> None:
    """An imported repository says and grants what the one that CDK imports does."""
    assert imported(ecr.Repository, tmp_path / "theirs", look) == (
        imported(Repository, tmp_path / "ours", look)
    )


def test_names_are_asked_for_once(stack: cdk.Stack) -> None:
    """A name or ARN is the same text each time, so it can be compared and kept."""
    repository = Repository(stack, "Api")

    assert repository.repository_arn is repository.repository_arn
    assert repository.repository_name is repository.repository_name


# --- references from other stacks, Regions and accounts ---------------------------------------

FAR, ABROAD = ELSEWHERE["another Region"], ELSEWHERE["another account"]
CARRIED = {"cross_region_references": True}
# Properties of the repository's stack and of the consumer's.
PLACES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "same_stack": ({"env": ENV}, {}),
    "nested": ({"env": ENV}, {}),
    "cross_stack": ({"env": ENV}, {"env": ENV}),
    "cross_region": ({"env": ENV}, {"env": FAR}),
    "cross_account": ({"env": ENV}, {"env": ABROAD}),
    "agnostic": ({}, {}),
    "cross_region_references": ({"env": ENV, **CARRIED}, {"env": FAR, **CARRIED}),
}


def stacks(app: cdk.App, place: str) -> tuple[cdk.Stack, cdk.Stack]:
    """Return the stack of the repository and the one of the consumer."""
    ours, others = PLACES[place]
    producer = cdk.Stack(app, "Producer", **ours)
    if place == "same_stack":
        return producer, producer
    if place == "nested":
        return producer, cdk.NestedStack(producer, "Nested")
    return producer, cdk.Stack(app, "Consumer", **others)


def ecs_task(stack: Construct, repository: ecr.IRepository) -> None:
    """Run the image as a Fargate task."""
    image = ecs.ContainerImage.from_ecr_repository(repository, "1.0")
    ecs.FargateTaskDefinition(stack, "Task").add_container("App", image=image)


def apprunner_service(stack: Construct, repository: ecr.IRepository) -> None:
    """Run the image as an App Runner service, whose L2 is not in aws-cdk-lib."""
    principal = iam.ServicePrincipal("build.apprunner.amazonaws.com")
    role = iam.Role(stack, "Access", assumed_by=principal)
    repository.grant_pull(role)
    uri = repository.repository_uri_for_tag("1.0")
    source = {
        "authenticationConfiguration": {"accessRoleArn": role.role_arn},
        "imageRepository": {"imageIdentifier": uri, "imageRepositoryType": "ECR"},
    }
    apprunner.CfnService(stack, "Service", source_configuration=source)


def granted_role(stack: Construct, repository: ecr.IRepository) -> None:
    """Let a role pull; its name is known, so that other accounts can speak of it."""
    principal = iam.ServicePrincipal("ec2.amazonaws.com")
    repository.grant_pull(iam.Role(stack, "Role", assumed_by=principal, role_name="puller"))


def raw_arn(stack: Construct, repository: ecr.IRepository) -> None:
    """Write the ARN into an output."""
    cdk.CfnOutput(stack, "Arn", value=repository.repository_arn)


CONSUMERS = [ecs_task, project_of, apprunner_service, granted_role, raw_arn]
NAMES = {"named": "team/api", "unnamed": None, "generated": cdk.PhysicalName.GENERATE_IF_NEEDED}


def outcome(
    app: cdk.App,
    make: Callable[[cdk.Stack, str | None], ecr.IRepository],
    place: str,
    consumers: Sequence[Callable[[Construct, ecr.IRepository], None]],
    name: str | None,
) -> dict[str, Template] | str:
    """Return every template of the app, or the words in which CDK rejects it."""
    try:
        producer, consumer = stacks(app, place)
        repository = make(producer, name)
        for consume in consumers:
            consume(consumer, repository)
        return synth(app)
    except RuntimeError as error:
        # Tokens are numbered through the whole process.
        return re.sub(r"TOKEN\.\d+|\.\d+\]", "", str(error))


def without_sources(result: dict[str, Template] | str) -> dict[str, Template] | str:
    """Return templates without the condition that limits what Lambda may pull for."""
    for rendered in result.values() if isinstance(result, dict) else ():
        for resource in rendered["Resources"].values():
            policy = resource.get("Properties", {}).get("RepositoryPolicyText", {})
            for statement in policy.get("Statement", ()):
                statement.pop("Condition", None)
    return result


def needs_name(place: str, name: str | None) -> bool:
    """Tell whether CDK rejects a reference to the repository, because it has no name."""
    return name is None and place in ("cross_region", "cross_account")


# All consumers but Lambda share an app; a rejection shows only the first, so there each has one.
CASES = [
    pytest.param(place, name, consumers, id=f"{place}-{name_id}-{group}")
    for place in PLACES
    for name_id, name in NAMES.items()
    for group, consumers in (
        {consumer.__name__: [consumer] for consumer in [function_of, *CONSUMERS]}
        if needs_name(place, name)
        else {"function_of": [function_of], "others": CONSUMERS}
    ).items()
]


@pytest.mark.parametrize(("place", "name", "consumers"), CASES)
def test_matrix(
    tmp_path: Path,
    place: str,
    name: str | None,
    consumers: Sequence[Callable[[Construct, ecr.IRepository], None]],
) -> None:
    """Consumers render, or are rejected, as with CDK's own repository."""
    expected = outcome(new_app(tmp_path / "theirs"), theirs, place, consumers, name)
    actual = outcome(new_app(tmp_path / "ours"), ours, place, consumers, name)

    unreachable = {
        "cross_account": "grant_pull_to_lambda(account=",
        "cross_region": "Region of the function",
    }
    if place in unreachable and function_of in consumers and not needs_name(place, name):
        # Lambda could not pull; CDK's own repository does not say so (test_lambda_access.py).
        assert unreachable[place] in str(actual)
        return
    assert needs_name(place, name) == isinstance(actual, str)
    if function_of in consumers:
        expected, actual = without_sources(expected), without_sources(actual)
    assert expected == actual
