"""A lifecycle policy that is not enabled: ECR gets none, and the template still shows it."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import (
    LifecyclePolicy,
    LifecycleRule,
    PullThroughCache,
    Repository,
    RepositoryCreationTemplate,
    Retention,
    Upstream,
)
from ecr_constructs.model.lifecycle.policy import DRY_RUN_METADATA
from tests.support.constructs import number_parameter, template

KEY = "ecr-constructs:lifecycleDryRun"
OLD = LifecycleRule.expire(after_days=365)
POLICY = LifecyclePolicy(OLD, enabled=False)
TYPES = ("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate")


def resource_of(stack: cdk.Stack) -> dict[str, Any]:
    """Return the one resource that may have a policy."""
    rendered = template(stack)["Resources"].values()
    [resource] = [item for item in rendered if item["Type"] in TYPES]
    return dict(resource)


DEFINITIONS: dict[str, Callable[[cdk.Stack, LifecyclePolicy], object]] = {
    "repository": lambda stack, policy: Repository(stack, "Api", lifecycle=policy),
    "template": lambda stack, policy: RepositoryCreationTemplate(
        stack, "Template", prefix="a", applied_for=["REPLICATION"], lifecycle=policy
    ),
    "cache": lambda stack, policy: PullThroughCache(
        stack, "Cache", upstream=Upstream.quay(), lifecycle=policy
    ),
}


@pytest.mark.parametrize("define", DEFINITIONS.values(), ids=DEFINITIONS)
@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_is_rendered(
    stack: cdk.Stack, define: Callable[[cdk.Stack, LifecyclePolicy], object], *, enabled: bool
) -> None:
    """The text is in the metadata instead, which is no property of ECR."""
    define(stack, LifecyclePolicy(OLD, enabled=enabled))

    resource = resource_of(stack)
    assert enabled == ("LifecyclePolicy" in resource["Properties"])
    assert (None if enabled else POLICY.to_json()) == resource.get("Metadata", {}).get(KEY)


def test_later_rules_are_not_rendered_either(stack: cdk.Stack) -> None:
    """The policy stays a dry run, with all its rules."""
    untagged = LifecycleRule.expire_untagged(after_days=7)
    Repository(stack, "Api", lifecycle=POLICY).add_lifecycle_rule(untagged)

    resource = resource_of(stack)
    assert LifecyclePolicy(OLD, untagged).to_json() == resource["Metadata"][KEY]
    assert "LifecyclePolicy" not in resource["Properties"]


def test_deploy_time_values(stack: cdk.Stack) -> None:
    """A number that only the deployment knows is joined into the text."""
    rule = LifecycleRule.expire(after_days=number_parameter(stack))
    Repository(stack, "Api", lifecycle=LifecyclePolicy(rule).dry_run())

    assert "Fn::Join" in resource_of(stack)["Metadata"][KEY]


def test_a_policy_without_rules(stack: cdk.Stack) -> None:
    """There is nothing to preview."""
    Repository(stack, "Api", lifecycle=LifecyclePolicy(enabled=False))

    assert "Metadata" not in resource_of(stack)


def test_values() -> None:
    """A dry run is another policy than the enabled one, with the same rules and texts."""
    enabled = LifecyclePolicy(OLD)

    assert enabled.dry_run() == POLICY != enabled
    assert len({enabled, POLICY, enabled.dry_run()}) == 2
    assert (enabled.rules, enabled.to_json()) == (POLICY.rules, POLICY.to_json())
    assert (True, False) == (enabled.enabled, POLICY.enabled)
    assert not Retention.production().dry_run().enabled
    assert not POLICY.with_rules(LifecycleRule.expire_untagged(after_days=1)).enabled
    assert POLICY == eval(repr(POLICY))  # noqa: S307 - an expression of its own
    assert POLICY != "a text"
    assert KEY == DRY_RUN_METADATA
