"""The lifecycle policy that code writes on the L1 of a repository takes rules and mixins."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import ExpireUntagged, LifecyclePolicy, LifecycleRule, Repository
from tests.support.constructs import (
    in_order,
    lifecycle_of,
    number_parameter,
    parameter,
    properties_of,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.written_properties import (
    EXPIRE,
    PROTECT,
    PULLS,
    UNTAGGED,
    Policy,
    Produces,
    Write,
    in_aspect,
    override,
    resource_of,
    rules,
    set_lifecycle,
    text,
)

KEEP = LifecycleRule.keep_last(50)


LIFECYCLES: dict[str, tuple[Write, Any]] = {
    "a struct": (set_lifecycle, Policy(lifecycle_policy_text=text(PROTECT))),
    "a dictionary": (set_lifecycle, {"lifecyclePolicyText": text(PROTECT)}),
    "a dictionary in snake case": (set_lifecycle, {"lifecycle_policy_text": text(PROTECT)}),
    "an Aspect": (in_aspect(set_lifecycle), Policy(lifecycle_policy_text=text(PROTECT))),
    "an override": (override("LifecyclePolicy"), {"LifecyclePolicyText": text(PROTECT)}),
    "an override of the text": (override("LifecyclePolicy.LifecyclePolicyText"), text(PROTECT)),
}


@pytest.mark.parametrize("late", [False, True], ids=["write first", "rule first"])
@pytest.mark.parametrize(("write_", "value"), LIFECYCLES.values(), ids=LIFECYCLES)
def test_a_written_lifecycle_takes_rules(
    stack: cdk.Stack, write_: Write, value: Any, *, late: bool
) -> None:
    """It takes the place of the default, in both orders."""
    repository = Repository(stack, "Api")
    in_order(
        lambda: write_(resource_of(repository), value),
        lambda: repository.add_lifecycle_rule(EXPIRE),
        late=late,
    )

    assert rules(PROTECT, EXPIRE) == lifecycle_of(stack)
    assert [] == warnings_of(stack)


@pytest.mark.parametrize("late", [False, True], ids=["write first", "mixin first"])
@pytest.mark.parametrize(("write_", "value"), LIFECYCLES.values(), ids=LIFECYCLES)
def test_a_written_lifecycle_takes_a_mixin(
    stack: cdk.Stack, write_: Write, value: Any, *, late: bool
) -> None:
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    in_order(
        lambda: write_(resource_of(repository), value),
        lambda: cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7)),
        late=late,
    )

    assert rules(PROTECT, UNTAGGED) == lifecycle_of(stack)


@pytest.mark.parametrize("make", [ecr.Repository, ecr.CfnRepository])
@pytest.mark.parametrize(
    "write_", [set_lifecycle, in_aspect(set_lifecycle)], ids=["set_lifecycle", "lifecycle_aspect"]
)
@pytest.mark.parametrize("late", [False, True], ids=["write first", "mixin first"])
def test_a_mixin_outlives_a_write_on_other_repositories(
    stack: cdk.Stack, make: Callable[..., Any], write_: Write, *, late: bool
) -> None:
    """CDK's own class keeps what is written, and the mixin adds its rule to that."""
    made = make(stack, "Api")
    resource = made if isinstance(made, ecr.CfnRepository) else resource_of(made)
    value = Policy(lifecycle_policy_text=text(PROTECT, KEEP))
    in_order(
        lambda: write_(resource, value),
        lambda: cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7)),
        late=late,
    )

    assert rules(PROTECT, UNTAGGED, KEEP) == lifecycle_of(stack)


@pytest.mark.parametrize("late", [False, True], ids=["write first", "mixin first"])
@pytest.mark.parametrize("make", [ecr.Repository, ecr.CfnRepository, Repository])
def test_a_mixin_says_what_it_cannot_add_to(
    stack: cdk.Stack, make: Callable[..., Any], *, late: bool
) -> None:
    """A text of deploy time stays as it is, with a warning."""
    made = make(stack, "Api")
    resource = made if isinstance(made, ecr.CfnRepository) else resource_of(made)
    value = Policy(lifecycle_policy_text=parameter(stack), registry_id="111122223333")
    in_order(
        lambda: set_lifecycle(resource, value),
        lambda: cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7)),
        late=late,
    )

    assert {"LifecyclePolicyText": {"Ref": "Text"}, "RegistryId": "111122223333"} == (
        properties_of(stack)["LifecyclePolicy"]
    )
    assert ["ecr-constructs:lifecycleUnread"] == warnings_of(stack)


def test_a_mixin_keeps_rules_that_code_has_read(stack: cdk.Stack) -> None:
    """Reading the property of CDK's own class returns a struct without the rules."""
    kept = [ecr.LifecycleRule(max_image_count=50)]
    resource = resource_of(ecr.Repository(stack, "Web", lifecycle_rules=kept))
    assert resource.lifecycle_policy is not None
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(UNTAGGED, KEEP) == lifecycle_of(stack)


@pytest.mark.parametrize("more", [[], [EXPIRE]], ids=["the same", "with a rule"])
def test_a_lifecycle_that_is_read_and_extended_keeps_one_of_each(
    stack: cdk.Stack, more: list[LifecycleRule]
) -> None:
    """Code that reads the policy, adds to it and writes it writes what it has read too."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    repository.add_lifecycle_rule(PULLS, UNTAGGED)
    read: Any = resource_of(repository).lifecycle_policy
    extended = LifecyclePolicy.from_json(read.lifecycle_policy_text).with_rules(*more)
    value = Policy(lifecycle_policy_text=extended.to_json()) if more else read
    set_lifecycle(resource_of(repository), value)
    repository.add_lifecycle_rule(PROTECT)

    assert rules(PULLS, UNTAGGED, PROTECT, *more) == lifecycle_of(stack)


def test_a_rule_for_untagged_images_takes_the_place_of_the_mixins(stack: cdk.Stack) -> None:
    """ECR accepts one; that of a mixin gives way, whenever it was applied."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7), ExpireUntagged(after_days=3))
    repository.add_lifecycle_rule(LifecycleRule.expire_untagged(after_days=30))

    assert rules(LifecycleRule.expire_untagged(after_days=30)) == lifecycle_of(stack)


NUMBERED = [
    LifecycleRule(
        rule_priority=10,
        tag_status="tagged",
        tag_prefix_list=["a"],
        count_type="imageCountMoreThan",
        count_number=3,
    ),
]
JOINED: dict[str, tuple[list[LifecycleRule], list[LifecycleRule], list[int]]] = {
    "numbers stay": (NUMBERED, [EXPIRE], [10, 11]),
    "a rule for any image stays last": ([PROTECT, KEEP], [PULLS], [1, 2, 3]),
}


@pytest.mark.parametrize(("written", "added", "numbers"), JOINED.values(), ids=JOINED)
def test_rules_are_numbered_together(
    stack: cdk.Stack, written: list[LifecycleRule], added: list[LifecycleRule], numbers: list[int]
) -> None:
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=text(*written)))
    repository.add_lifecycle_rule(*added)

    rendered = lifecycle_of(stack)
    assert numbers == [rule["rulePriority"] for rule in rendered]
    assert rendered[-1]["selection"]["tagStatus"] == "any"


CONFLICTS: dict[str, tuple[Any, LifecycleRule, str]] = {
    "two rules for any image": (
        *(text(KEEP), EXPIRE),
        "Stack/Api: rules[0].rulePriority: rule-priority-order",
    ),
    "a text that is not JSON": ("{", EXPIRE, "Stack/Api: json-syntax"),
    "a priority that is taken": (
        *(text(*NUMBERED), replace(PULLS, rule_priority=10)),
        "Stack/Api: rules: rule-priority-duplicate",
    ),
}


@pytest.mark.parametrize("late", [False, True], ids=["write first", "rule first"])
@pytest.mark.parametrize(("written", "rule", "problem"), CONFLICTS.values(), ids=CONFLICTS)
def test_lifecycles_that_cannot_be_merged_raise(
    stack: cdk.Stack, written: Any, rule: LifecycleRule, problem: str, *, late: bool
) -> None:
    """The error names the repository, and what was there stays."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    with rejects(problem):
        in_order(
            lambda: set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=written)),
            lambda: repository.add_lifecycle_rule(rule),
            late=late,
        )


@pytest.mark.parametrize(
    "value",
    [
        lambda stack: Policy(lifecycle_policy_text=parameter(stack)),
        lambda _: cdk.Fn.condition_if("A", cdk.Aws.NO_VALUE, cdk.Aws.NO_VALUE),
        lambda _: cdk.Lazy.uncached_any(Produces()),
    ],
    ids=["token", "intrinsic", "value of synthesis"],
)
def test_a_lifecycle_of_deploy_time_takes_no_rules(
    stack: cdk.Stack, value: Callable[[cdk.Stack], Any]
) -> None:
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), value(stack))
    with rejects("Stack/Api: lifecycle-policy-unresolved"):
        repository.add_lifecycle_rule(EXPIRE)


def test_an_override_by_a_function_is_rendered_and_takes_no_rules(stack: cdk.Stack) -> None:
    """Only an override can render it."""
    cdk.CfnCondition(stack, "A", expression=cdk.Fn.condition_equals("a", "b"))
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    function = {"Fn::If": ["A", {"LifecyclePolicyText": text(PROTECT)}, {"Ref": "AWS::NoValue"}]}
    resource_of(repository).add_property_override("LifecyclePolicy", function)
    with rejects("Stack/Api: lifecycle-policy-unresolved"):
        repository.add_lifecycle_rule(EXPIRE)

    assert function == properties_of(stack)["LifecyclePolicy"]


def test_the_default_lifecycle_can_be_removed(stack: cdk.Stack) -> None:
    """All images are kept, until a rule is added."""
    repository = Repository(stack, "Api")
    resource_of(repository).add_property_deletion_override("LifecyclePolicy")
    assert "LifecyclePolicy" not in properties_of(stack)
    repository.add_lifecycle_rule(EXPIRE)
    resource_of(repository).add_property_override("LifecyclePolicy.RegistryId", "111122223333")

    assert rules(EXPIRE) == lifecycle_of(stack)
    assert "111122223333" == properties_of(stack)["LifecyclePolicy"]["RegistryId"]


@pytest.mark.parametrize(
    ("written", "warnings"),
    [
        (text(PROTECT), ["ecr-constructs:lifecycleReplaced"]),
        ("{", ["ecr-constructs:lifecycleReplaced"]),
        (text(PULLS, EXPIRE), []),
        (LifecyclePolicy(PULLS).to_json(), []),
    ],
    ids=["other rules", "unreadable", "more rules", "the same"],
)
def test_a_written_lifecycle_in_the_place_of_a_declared_one_is_said(
    stack: cdk.Stack, written: str, warnings: list[str]
) -> None:
    """Assigning a property replaces it, as everywhere in CDK; rules that are lost are named."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy(PULLS))
    for _ in range(2):
        set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=written))

    assert warnings == warnings_of(stack)


def test_code_that_is_not_python_writes_a_lifecycle(stack: cdk.Stack) -> None:
    """Before a rule it is read; after it, the synthesis fails."""
    repository = Repository(stack, "Api")
    resource = resource_of(repository)
    jsii.kernel.set(resource, "lifecyclePolicy", Policy(lifecycle_policy_text=text(PROTECT)))
    repository.add_lifecycle_rule(EXPIRE)
    assert rules(PROTECT, EXPIRE) == lifecycle_of(stack)

    jsii.kernel.set(resource, "lifecyclePolicy", Policy(lifecycle_policy_text=text(PROTECT)))
    with pytest.raises(RuntimeError, match=r"\[Stack/Api\] code that is not Python"):
        lifecycle_of(stack)


def test_a_registry_id_without_a_text_has_no_rules(stack: cdk.Stack) -> None:
    """It is kept, and rules join it."""
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), Policy(registry_id="111122223333"))
    repository.add_lifecycle_rule(EXPIRE)

    assert rules(EXPIRE) == lifecycle_of(stack)
    assert "111122223333" == properties_of(stack)["LifecyclePolicy"]["RegistryId"]


def test_a_deploy_time_number_joins_a_written_lifecycle(stack: cdk.Stack) -> None:
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=text(PROTECT)))
    repository.add_lifecycle_rule(LifecycleRule.expire(after_days=number_parameter(stack)))

    assert {"Ref": "Number"} in properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"][
        "Fn::Join"
    ][1]
