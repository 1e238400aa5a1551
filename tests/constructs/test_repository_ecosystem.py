"""A Repository serves wherever CDK's own does: imports, tags, aspects, mixins, events, URIs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import IConstruct

from ecr_constructs import LifecyclePolicy, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    Template,
    new_app,
    properties_of,
    repository_of,
    resources,
    template,
)

Make = Callable[..., ecr.IRepository]
ARN = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/payments/api"


def theirs(stack: cdk.Stack) -> ecr.RepositoryBase:
    """Return CDK's own repository with the settings of `ours`."""
    return ecr.Repository(
        stack, "Api", image_scan_on_push=True, image_tag_mutability=ecr.TagMutability.IMMUTABLE
    )


def ours(stack: cdk.Stack) -> ecr.RepositoryBase:
    """Return a repository of this library that keeps every image."""
    return Repository(stack, "Api", lifecycle=LifecyclePolicy())


def both(
    folder: Path, use: Callable[[cdk.Stack, ecr.RepositoryBase], object]
) -> tuple[Template, Template]:
    """Return the templates of CDK's repository and of ours, used the same way."""
    made = []
    for name, make in (("theirs", theirs), ("ours", ours)):
        stack = cdk.Stack(new_app(folder / name), "Stack", env=ENV)
        use(stack, make(stack))
        made.append(template(stack))
    return made[0], made[1]


def events_of(stack: cdk.Stack, repository: ecr.RepositoryBase) -> None:
    """Use every event of a repository."""
    target = targets.SnsTopic(sns.Topic(stack, "Topic"))
    repository.on_event("Any", target=target)
    repository.on_image_scan_completed("Scan", target=target, image_tags=["latest"])
    repository.on_cloud_trail_event("Trail", target=target)
    repository.on_cloud_trail_image_pushed("Push", target=target, image_tag="latest")


def uris_of(stack: cdk.Stack, repository: ecr.RepositoryBase) -> None:
    """Write every name that a repository has into outputs."""
    for index, value in enumerate(
        [
            repository.repository_name,
            repository.repository_arn,
            repository.repository_uri,
            repository.registry_uri,
            repository.repository_uri_for_tag(),
            repository.repository_uri_for_tag("1.0"),
            repository.repository_uri_for_digest("sha256:0"),
            repository.repository_uri_for_tag_or_digest("sha256:0"),
            repository.repository_ref.repository_name,
            repository.repository_ref.repository_arn,
            repository.env.account,
            repository.env.region,
        ]
    ):
        cdk.CfnOutput(stack, f"Output{index}", value=value)


def exported(stack: cdk.Stack, repository: ecr.RepositoryBase) -> None:
    """Export a repository's name and ARN."""
    stack.export_value(repository.repository_name)
    stack.export_value(repository.repository_arn)


USES: dict[str, Callable[[cdk.Stack, ecr.RepositoryBase], object]] = {
    "events": events_of,
    "names and URIs": uris_of,
    "exports": exported,
    "tags": lambda stack, _: cdk.Tags.of(stack).add("team", "payments"),
    "removal policy": lambda _, repository: repository.apply_removal_policy(
        cdk.RemovalPolicy.DESTROY
    ),
    "removal policies": lambda stack, _: cdk.RemovalPolicies.of(stack).destroy(),
    "mixin of the service": lambda _, repository: repository.with_(
        ecr.mixins.RepositoryAutoDeleteImages()
    ),
    "dependency": lambda stack, repository: sns.Topic(stack, "Topic").node.add_dependency(
        repository
    ),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_serves_like_cdks_own(
    tmp_path: Path, use: Callable[[cdk.Stack, ecr.RepositoryBase], object]
) -> None:
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
class _Paths:
    """Notes the path of everything it visits."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def visit(self, node: IConstruct) -> None:
        """Note one path."""
        self.paths.append(node.node.path)


def test_aspects_visit_it(stack: cdk.Stack) -> None:
    """An aspect sees the repository and its resource, and nothing else below it."""
    Repository(stack, "Api")
    paths = _Paths()
    cdk.Aspects.of(stack).add(paths)
    template(stack)

    assert ["Stack", "Stack/Api", "Stack/Api/Resource"] == paths.paths


@jsii.implements(cdk.IAspect)
class _Unscanned:
    """Turns the scan of every repository off, through the L1 as an aspect may."""

    def visit(self, node: IConstruct) -> None:
        """Change one node."""
        if isinstance(node, ecr.CfnRepository):
            node.image_scanning_configuration = None


def test_aspects_can_change_it(stack: cdk.Stack) -> None:
    """What an aspect changes at the L1 is rendered."""
    Repository(stack, "Api")
    cdk.Aspects.of(stack).add(_Unscanned())

    assert "ImageScanningConfiguration" not in properties_of(stack)


def test_mixins_of_the_service_apply(stack: cdk.Stack) -> None:
    """CDK's own mixin finds the L1 and sets its property."""
    repository = Repository(stack, "Api", removal_policy=cdk.RemovalPolicy.DESTROY)
    repository.with_(ecr.mixins.RepositoryAutoDeleteImages())

    assert properties_of(stack)["EmptyOnDelete"] is True


def test_removal_policies_apply(stack: cdk.Stack) -> None:
    """CDK's bulk removal policies reach the resource."""
    Repository(stack, "Api")
    cdk.RemovalPolicies.of(stack).destroy()

    assert ("Delete", "Delete") == (
        repository_of(stack)["DeletionPolicy"],
        repository_of(stack)["UpdateReplacePolicy"],
    )


IMPORTS: dict[str, Callable[[Any, cdk.Stack], ecr.IRepository]] = {
    "name": lambda of, stack: of.from_repository_name(stack, "Api", "payments/api"),
    "ARN": lambda of, stack: of.from_repository_arn(stack, "Api", ARN),
    "attributes": lambda of, stack: of.from_repository_attributes(
        stack, "Api", repository_arn=ARN, repository_name="payments/api"
    ),
    "lookup by name": lambda of, stack: of.from_lookup(
        stack, "Api", repository_name="payments/api"
    ),
    "lookup by ARN": lambda of, stack: of.from_lookup(stack, "Api", repository_arn=ARN),
}


def imported(of: type, folder: Path, look: Callable[[Any, cdk.Stack], ecr.IRepository]) -> Any:
    """Return what an imported repository says of itself, and the template of a grant to a role."""
    stack = cdk.Stack(new_app(folder), "Stack", env=ENV)
    repository = look(of, stack)
    repository.grant_pull(iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()))
    message = [
        repository.repository_arn,
        repository.repository_name,
        stack.resolve(repository.repository_uri_for_tag("1.0")),
        repository.env.account,
        repository.env.region,
    ]
    return message, template(stack)


@pytest.mark.parametrize("look", IMPORTS.values(), ids=IMPORTS)
def test_imports_are_as_cdks_own(
    tmp_path: Path, look: Callable[[Any, cdk.Stack], ecr.IRepository]
) -> None:
    """An imported repository says and grants what the one that CDK imports does."""
    assert imported(ecr.Repository, tmp_path / "theirs", look) == (
        imported(Repository, tmp_path / "ours", look)
    )


def test_a_rule_of_the_event_is_returned(stack: cdk.Stack) -> None:
    """An event gives the rule, to which targets can be added."""
    rule = Repository(stack, "Api").on_event("Any")

    assert isinstance(rule, events.Rule)
    assert ["aws.ecr"] == resources(stack, "AWS::Events::Rule")[0]["Properties"]["EventPattern"][
        "source"
    ]


def test_names_are_asked_for_once(stack: cdk.Stack) -> None:
    """A name or ARN is the same text each time, so it can be compared and kept."""
    repository = Repository(stack, "Api")

    assert repository.repository_arn is repository.repository_arn
    assert repository.repository_name is repository.repository_name
