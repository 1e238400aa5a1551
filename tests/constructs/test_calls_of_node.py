"""What a repository costs: its calls to Node, and the members for which Node calls Python.

A call costs as much as a hundred lines of Python, so a budget of benchmarks/ depends on them.
"""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import LifecyclePolicy, LifecycleRule, Repository, TagMutability
from tests.support.constructs import OTHER_ACCOUNT, lifecycle_of, properties_of, statements_of

CALLS = ("create", "get", "set", "sget", "sset", "invoke", "sinvoke", "delete")
DENY = {
    "Sid": "Written",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "ecr:BatchDeleteImage",
}
POLICY = {"Version": "2012-10-17", "Statement": [DENY]}


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record the requests to Node from now on."""
    recorded: list[Any] = []
    provider = jsii.kernel.provider

    def record(name: str) -> Callable[[Any], Any]:
        call = getattr(provider, name)

        def recording(request: Any) -> Any:
            recorded.append(request)
            return call(request)

        return recording

    for name in CALLS:
        monkeypatch.setattr(provider, name, record(name))
    return recorded


def define(stack: cdk.Stack, construct_id: str) -> Repository:
    """Define a repository as those of benchmarks/."""
    return Repository(
        stack,
        construct_id,
        repository_name=f"payments/{construct_id.lower()}",
        tag_mutability=TagMutability.immutable(),
        lifecycle=LifecyclePolicy(
            LifecycleRule.expire_untagged(after_days=7),
            LifecycleRule.keep_last(100, tag_patterns=["v*"]),
        ),
        pull_organizations=["o-abcdefghij"],
        push_accounts=[OTHER_ACCOUNT],
        tags={"team": "payments"},
    )


def called(request: Any) -> str:
    """Return what a request creates or calls."""
    return str(getattr(request, "fqn", None) or request.method).rpartition(".")[2]


def members(request: Any) -> list[str]:
    """Return the members of a new object for which Node calls Python."""
    return sorted(override.method or override.property for override in request.overrides)


def test_a_repository_is_three_calls(stack: cdk.Stack, requests: list[Any]) -> None:
    """The first of a stack also asks for its Region."""
    define(stack, "First")
    requests.clear()
    define(stack, "Second")

    assert ["RepositoryBase", "CfnRepository", "applyRemovalPolicy"] == [*map(called, requests)]


def test_node_calls_python_for_few_members(stack: cdk.Stack, requests: list[Any]) -> None:
    """Node prepares each of them for each repository."""
    define(stack, "Api")
    repository, resource = (request for request in requests if hasattr(request, "overrides"))

    assert [
        "addToResourcePolicy",
        "grant",
        "grantPull",
        "grantPullPush",
        "grantPush",
        "grantRead",
        "repositoryArn",
        "repositoryName",
    ] == members(repository)
    assert ["addOverride"] == members(resource)


def test_what_is_left_out_is_not_sent(stack: cdk.Stack, requests: list[Any]) -> None:
    """Each property is checked by Node."""
    Repository(stack, "Api")
    [sent] = (request.args[2] for request in requests if called(request) == "CfnRepository")

    assert {
        "imageScanningConfiguration",
        "imageTagMutability",
        "lifecyclePolicy",
    } == sent["$jsii.map"].keys()


def test_an_override_by_other_languages_joins_the_policy(stack: cdk.Stack) -> None:
    """Such as a construct of a library in TypeScript, which calls the L1 in Node."""
    repository = define(stack, "Api")
    arguments = ["RepositoryPolicyText", POLICY]
    jsii.kernel.invoke(repository.node.default_child, "addPropertyOverride", arguments)

    sids = [statement.get("Sid") for statement in statements_of(stack)]
    assert 3 == len(sids)
    assert "Written" in sids


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("addPropertyDeletionOverride", "LifecyclePolicy"),
        ("addDeletionOverride", "Properties.LifecyclePolicy"),
    ],
)
def test_a_removal_by_other_languages_leaves_what_is_added_later(
    stack: cdk.Stack, method: str, path: str
) -> None:
    """It removes what was declared."""
    repository = define(stack, "Api")
    jsii.kernel.invoke(repository.node.default_child, method, [path])
    assert "LifecyclePolicy" not in properties_of(stack)
    repository.add_lifecycle_rule(max_image_count=5)

    assert [5] == [rule["selection"]["countNumber"] for rule in lifecycle_of(stack)]


def test_keywords_of_overrides_are_those_of_cdk(stack: cdk.Stack) -> None:
    """The methods are replaced, and keep their names of arguments."""
    resource = define(stack, "Api").node.default_child
    assert isinstance(resource, ecr.CfnRepository)
    resource.add_override(path="Metadata.Team", value="payments")
    resource.add_property_override(property_path="EmptyOnDelete", value=True)
    resource.add_deletion_override(path="Properties.ImageScanningConfiguration")
    resource.add_property_deletion_override(property_path="Tags")

    rendered = properties_of(stack)
    assert rendered["EmptyOnDelete"] is True
    assert rendered.keys().isdisjoint(("ImageScanningConfiguration", "Tags"))
