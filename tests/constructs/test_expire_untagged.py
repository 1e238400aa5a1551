"""`ExpireUntagged` adds a rule to the lifecycle policies of other people's code."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr

from ecr_constructs import ExpireUntagged, LifecyclePolicy, LifecycleRule, Repository
from tests.support.constructs import lifecycle_of, properties_of
from tests.support.third_party import everywhere, properties

KEEP = LifecycleRule.keep_last(100)
EXPIRE = LifecycleRule.expire_untagged(after_days=7)


def raw(stack: cdk.Stack, text: str) -> ecr.CfnRepository:
    """Define an L1 with a lifecycle policy."""
    return ecr.CfnRepository(
        stack,
        "Raw",
        lifecycle_policy=ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=text),
    )


def rules(*of: LifecycleRule) -> list[dict[str, Any]]:
    """Return rules as they are rendered."""
    found: list[dict[str, Any]] = LifecyclePolicy(*of).to_dict()["rules"]
    return found


def policy(app: cdk.App) -> dict[str, Any]:
    """Return the lifecycle property that all repositories of an app have."""
    found: dict[str, Any] = properties(app)["LifecyclePolicy"]
    return found


def warnings(stack: cdk.Stack) -> list[str]:
    """Return what a stack is warned of."""
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return [str(each.entry.data) for each in found]


def test_a_repository_without_policy_has_one(stack: cdk.Stack) -> None:
    """The rule is the policy."""
    ecr.CfnRepository(stack, "Raw")
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(EXPIRE) == lifecycle_of(stack)


def test_the_rules_that_are_there_stay(stack: cdk.Stack) -> None:
    """A rule for any image must be the last one, so the others are numbered anew."""
    shield = LifecycleRule.protect("v*")
    raw(stack, json.dumps(LifecyclePolicy(shield, KEEP).to_dict(), indent=2))
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(shield, EXPIRE, KEEP) == lifecycle_of(stack)


def test_rules_that_are_added_later_stay(app: cdk.App) -> None:
    """An L2 renders its rules at synthesis, those that come after the mixin too."""
    everywhere(app, lifecycle_rules=[ecr.LifecycleRule(max_image_count=100)])
    cdk.Mixins.of(app).apply(ExpireUntagged(after_days=7))
    for each in app.node.find_all():
        if isinstance(each, ecr.Repository):
            each.add_lifecycle_rule(tag_prefix_list=["pr-"], max_image_count=5)

    pulls = LifecycleRule.keep_last(5, tag_prefixes=["pr-"])
    assert {"LifecyclePolicyText": LifecyclePolicy(pulls, EXPIRE, KEEP)} == policy(app)


def test_an_l2_without_rules_has_one(app: cdk.App) -> None:
    """In a stack, a nested one and a stage."""
    everywhere(app)
    cdk.Mixins.of(app).apply(ExpireUntagged(after_days=7))

    assert {"LifecyclePolicyText": LifecyclePolicy(EXPIRE)} == policy(app)


def test_a_rule_for_untagged_images_stays(stack: cdk.Stack) -> None:
    """ECR accepts one, and the author of the repository knew better."""
    own = LifecycleRule.expire_untagged(after_days=90)
    raw(stack, LifecyclePolicy(own).to_json())
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(own) == lifecycle_of(stack)


def test_a_rule_for_untagged_images_of_an_l2_stays(app: cdk.App) -> None:
    """Also where it is added after the mixin."""
    everywhere(app)
    cdk.Mixins.of(app).apply(ExpireUntagged(after_days=7))
    for each in app.node.find_all():
        if isinstance(each, ecr.Repository):
            each.add_lifecycle_rule(
                tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(90)
            )

    own = LifecycleRule.expire_untagged(after_days=90)
    assert {"LifecyclePolicyText": LifecyclePolicy(own)} == policy(app)


def test_archived_images_are_another_matter(stack: cdk.Stack) -> None:
    """A rule for untagged images in the archive does not stand for those that are not."""
    archived = LifecycleRule(
        tag_status="untagged",
        storage_class="archive",
        count_type="sinceImageTransitioned",
        count_number=365,
    )
    raw(stack, LifecyclePolicy(archived).to_json())
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(archived, EXPIRE) == lifecycle_of(stack)


def test_the_first_of_two_mixins_counts(app: cdk.App) -> None:
    """The second finds a rule for untagged images."""
    everywhere(app)
    cdk.Mixins.of(app).apply(ExpireUntagged(after_days=7), ExpireUntagged(after_days=1))

    assert {"LifecyclePolicyText": LifecyclePolicy(EXPIRE)} == policy(app)


def test_a_policy_keeps_its_registry(stack: cdk.Stack) -> None:
    """What else the lifecycle property holds is rendered as before."""
    ecr.Repository(
        stack,
        "Web",
        lifecycle_registry_id="111122223333",
        lifecycle_rules=[ecr.LifecycleRule(max_image_count=100)],
    )
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(EXPIRE, KEEP) == lifecycle_of(stack)
    assert "111122223333" == properties_of(stack)["LifecyclePolicy"]["RegistryId"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param('{"rules":[', "not JSON", id="no JSON"),
        pytest.param('{"rules":[{"rulePriority":0}]}', "rulePriority", id="no policy"),
        pytest.param(
            json.dumps({"rules": rules(*[LifecycleRule.protect(f"v{n}") for n in range(50)])}),
            "must hold 1 to 50 rules, holds 51",
            id="full",
        ),
    ],
)
def test_a_policy_that_takes_no_rule_is_left(stack: cdk.Stack, text: str, reason: str) -> None:
    """It stays as it is, and the repository's stack is warned."""
    raw(stack, text)
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert text == properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    [warning] = warnings(stack)
    assert "ExpireUntagged leaves the lifecycle policy as it is. " in warning
    assert reason in warning


def test_a_policy_of_deploy_time_is_left(stack: cdk.Stack) -> None:
    """A text, a whole property or a number that is known only then cannot be added to."""
    text = cdk.CfnParameter(stack, "Text").value_as_string
    count = cdk.CfnParameter(stack, "Count", type="Number").value_as_number
    raw(stack, text)
    ecr.CfnRepository(
        stack,
        "Conditional",
        lifecycle_policy=cdk.Fn.condition_if("Never", cdk.Aws.NO_VALUE, cdk.Aws.NO_VALUE),
    )
    cdk.CfnCondition(stack, "Never", expression=cdk.Fn.condition_equals("a", "b"))
    rule = ecr.LifecycleRule(max_image_count=count)
    ecr.Repository(stack, "Web", lifecycle_rules=[rule])
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))
    app = stack.node.root
    assert isinstance(app, cdk.App)

    found = json.loads(
        (Path(app.synth().directory) / stack.template_file).read_text(encoding="utf-8")
    )["Resources"]
    assert [
        {"LifecyclePolicyText": {"Ref": "Text"}},
        {"Fn::If": ["Never", {"Ref": "AWS::NoValue"}, {"Ref": "AWS::NoValue"}]},
    ] == [found[each]["Properties"]["LifecyclePolicy"] for each in ("Raw", "Conditional")]
    assert 3 == len(warnings(stack))


def test_days_may_be_known_only_at_deploy_time(stack: cdk.Stack) -> None:
    """The rule takes a parameter, beside rules that are there."""
    days = cdk.CfnParameter(stack, "Days", type="Number").value_as_number
    raw(stack, LifecyclePolicy(KEEP).to_json())
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=days))  # type: ignore[arg-type]

    text = properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    assert {"Ref": "Days"} in text["Fn::Join"][1]


def test_a_repository_of_ours_keeps_both(stack: cdk.Stack) -> None:
    """`Repository` numbers its rules itself, those that are added later too."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy(KEEP))
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))
    pulls = LifecycleRule.keep_last(5, tag_prefixes=["pr-"])
    repository.add_lifecycle_rule(pulls)

    assert rules(EXPIRE, pulls, KEEP) == lifecycle_of(stack)


def test_less_than_a_day_is_refused() -> None:
    """What ECR would refuse raises where it is written."""
    with pytest.raises(ValueError, match="must be at least 1"):
        ExpireUntagged(after_days=0)
