"""The lifecycle policy of a repository, at construction and later."""

import aws_cdk as cdk
import pytest

from ecr_constructs import LifecyclePolicy, LifecycleRule, Repository
from tests.support.constructs import lifecycle_of, properties_of, rejects_value

DEFAULT = LifecycleRule.expire_untagged(after_days=14)
UNTAGGED = LifecycleRule.expire_untagged(after_days=3)
RELEASES = LifecycleRule.keep_last(100, tag_patterns=["v*"])
REST = LifecycleRule.expire(after_days=90)
ARCHIVED = LifecycleRule(
    tag_status="untagged",
    storage_class="archive",
    count_type="sinceImageTransitioned",
    count_number=90,
)


def rendered(*rules: LifecycleRule) -> list[object]:
    """Return the rules of a policy as its JSON has them."""
    return [rule.to_dict() for rule in LifecyclePolicy(*rules).rules]


ADDITIONS: dict[str, tuple[list[LifecycleRule] | None, list[LifecycleRule], list[LifecycleRule]]]
ADDITIONS = {
    "nothing": (None, [], [DEFAULT]),
    "one to the default": (None, [RELEASES], [DEFAULT, RELEASES]),
    "two to the default": (None, [RELEASES, REST], [DEFAULT, RELEASES, REST]),
    "untagged takes the default's place": (None, [UNTAGGED], [UNTAGGED]),
    "untagged before others": (None, [UNTAGGED, RELEASES], [UNTAGGED, RELEASES]),
    "any stays last": ([REST], [RELEASES], [RELEASES, REST]),
    "any stays last of three": ([REST, RELEASES], [UNTAGGED], [RELEASES, UNTAGGED, REST]),
    "to an empty policy": ([], [UNTAGGED], [UNTAGGED]),
}


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
@pytest.mark.parametrize(("given", "added", "expected"), ADDITIONS.values(), ids=ADDITIONS)
def test_adds_rules(
    stack: cdk.Stack,
    given: list[LifecycleRule] | None,
    added: list[LifecycleRule],
    expected: list[LifecycleRule],
    *,
    at_once: bool,
) -> None:
    """Added rules follow those that are there, whether they come together or one by one."""
    lifecycle = None if given is None else LifecyclePolicy(*given)
    repository = Repository(stack, "Api", lifecycle=lifecycle)
    for rules in [added] if at_once else [[rule] for rule in added]:
        repository.add_lifecycle_rule(*rules)

    assert rendered(*expected) == lifecycle_of(stack)


def test_a_late_rule_for_untagged_images_takes_the_defaults_place(stack: cdk.Stack) -> None:
    """The default rule makes way whenever a rule for untagged images comes."""
    repository = Repository(stack, "Api")
    repository.add_lifecycle_rule(RELEASES)
    repository.add_lifecycle_rule(UNTAGGED)

    assert rendered(RELEASES, UNTAGGED) == lifecycle_of(stack)


def test_a_rule_for_archived_images_leaves_the_default_in_place(stack: cdk.Stack) -> None:
    """The default is about the standard class; a rule for archived images does not replace it."""
    Repository(stack, "Api").add_lifecycle_rule(ARCHIVED)

    assert rendered(DEFAULT, ARCHIVED) == lifecycle_of(stack)


def test_a_rejected_rule_changes_nothing(stack: cdk.Stack) -> None:
    """A rule that the policy cannot take raises, and the policy stays as it was."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy(UNTAGGED))

    with rejects_value("untagged"):
        repository.add_lifecycle_rule(UNTAGGED)
    assert rendered(UNTAGGED) == lifecycle_of(stack)


def test_the_default_in_so_many_words_is_kept(stack: cdk.Stack) -> None:
    """A policy that was given stays, even if it is equal to the default."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy(DEFAULT))

    with rejects_value("untagged"):
        repository.add_lifecycle_rule(UNTAGGED)


def test_is_written_compactly(stack: cdk.Stack) -> None:
    """The text is the policy's own, without white space that counts towards its length."""
    policy = LifecyclePolicy(UNTAGGED, RELEASES, REST)
    Repository(stack, "Api", lifecycle=policy)

    assert {"LifecyclePolicyText": policy.to_json()} == properties_of(stack)["LifecyclePolicy"]
