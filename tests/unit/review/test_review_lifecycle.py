"""Changes of lifecycle policies."""

from typing import Any

import pytest

from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import rule_in_words
from ecr_constructs.review import Change, Inventories, RepositoryId
from ecr_constructs.review.analyzers.lifecycle import changes
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import (
    HOME,
    UNTAGGED,
    api,
    creation_template,
    policy_text,
    repository,
    rule,
)

Json = Any


def tagged(priority: int, *patterns: str, **count: Any) -> Json:
    """Return a rule for tagged images."""
    return rule(priority, tagStatus="tagged", tagPatternList=list(patterns), **count)


def shield(priority: int, *patterns: str) -> Json:
    """Return a rule that keeps all it selects."""
    return tagged(priority, *patterns, images=999_999)


def prefixed(prefix: str) -> Json:
    """Return a rule for images tagged with a prefix."""
    return rule(1, tagStatus="tagged", tagPrefixList=[prefix], images=9)


def every(priority: int, action: str = "expire", **count: Any) -> Json:
    """Return a rule for all images."""
    return rule(priority, action, tagStatus="any", **count)


def untagged(priority: int, **count: Any) -> Json:
    """Return a rule for untagged images."""
    return rule(priority, tagStatus="untagged", **count)


def of_sides(before: Json, after: Json) -> Change:
    """Return the only change between two sides."""
    [change] = changes_of(changes, before, after)
    return change


def changed(before: list[Json], after: list[Json]) -> Change:
    """Return the change between two lists of rules; no rules are no policy."""
    base, head = (
        api(*rules, RepositoryName="payments/api")
        if rules
        else api(RepositoryName="payments/api", LifecyclePolicy={})
        for rules in (before, after)
    )
    return of_sides(base, head)


ARCHIVED = {"countType": "sinceImageTransitioned", "countUnit": "days", "storageClass": "archive"}
COLD = every(1, **ARCHIVED, countNumber=90)
YEAR = every(9, days=365)
MORE, FEWER = "warning", "note"
SAME = (FEWER, "same-effect")
V9, PR7 = tagged(1, "v*", images=9), tagged(1, "pr-*", days=7)
SHIELD, THREE = shield(1, "v*"), untagged(2, days=3)
THIRTY, ARCHIVING = every(1, days=30), every(1, "transition", days=30)
PATCHES = tagged(1, "v1*", images=5)


def at(priority: int, entry: Json) -> Json:
    """Return a rule with another priority."""
    return {**entry, "rulePriority": priority}


AHEAD, BEHIND = [SHIELD, at(2, PR7)], [PR7, at(2, SHIELD)]
# Rules before and after, whether more images may be deleted or archived, and the difference.
CASES: dict[str, tuple[list[Json], list[Json], str, str]] = {
    "a shield dropped": ([SHIELD, YEAR], [YEAR], MORE, "unprotected v*"),
    "a shield added": ([YEAR], [SHIELD, YEAR], FEWER, "protected v*"),
    "the last shield dropped": ([SHIELD, THREE], [THREE], FEWER, "unprotected v*"),
    "a shield becomes a count": ([SHIELD], [V9], MORE, "unprotected v*"),
    "a count becomes a shield": ([V9], [SHIELD], FEWER, "protected v*"),
    "fewer days": ([every(1, days=90)], [THIRTY], MORE, "changed any"),
    "more days": ([THIRTY], [every(1, days=90)], FEWER, "changed any"),
    "archived rather than deleted": ([THIRTY], [ARCHIVING], FEWER, "changed any"),
    "a rule dropped": ([untagged(1, days=14), YEAR], [YEAR], FEWER, "removed untagged"),
    "a rule dropped that kept some from the next": ([V9, YEAR], [YEAR], MORE, "removed v*"),
    "a rule added": ([YEAR], [PR7, YEAR], MORE, "added pr-*"),
    "a sparing rule": ([THIRTY], [tagged(1, "v*", days=365), at(2, THIRTY)], FEWER, "added v*"),
    "a shield moved behind": (AHEAD, BEHIND, MORE, "unprotected v* from pr-*"),
    "a shield moved ahead": (BEHIND, AHEAD, FEWER, "protected v* from pr-*"),
    "an order swapped": ([V9, at(2, PR7)], [PR7, at(2, V9)], MORE, "reordered pr-* before v*"),
    "behind a wider rule": ([PATCHES, at(2, V9)], [V9, at(2, PATCHES)], MORE, "ineffective v1*"),
    "before a wider rule": ([V9, at(2, PATCHES)], [PATCHES, at(2, V9)], MORE, "effective v1*"),
    "another priority": ([V9, every(2, days=30)], [at(10, V9), every(20, days=30)], *SAME),
    "rules that share no image swapped": ([at(1, THREE), at(2, V9)], [V9, THREE], *SAME),
    "shields": ([SHIELD, shield(2, "r*"), YEAR], [shield(1, "r*"), at(2, SHIELD), YEAR], *SAME),
    "storage classes in another order": ([THIRTY, at(2, COLD)], [COLD, at(2, THIRTY)], *SAME),
    "a prefix written as a pattern": ([prefixed("v")], [tagged(1, "v**", "*", images=9)], *SAME),
    "a prefix that matches no tag": ([YEAR], [prefixed("v*"), YEAR], *SAME),
    "the first policy": ([], [YEAR], MORE, "first"),
    "a first policy that keeps everything": ([], [SHIELD], FEWER, "first"),
    "the last policy": ([YEAR], [], FEWER, "last"),
}


@pytest.mark.parametrize("case", CASES)
def test_rules_are_matched_by_what_they_select(case: str) -> None:
    """Neither by their priority nor by their text."""
    before, after, severity, code = CASES[case]
    change = changed(before, after)

    assert (severity, (code,)) == (change.severity, change.codes)
    assert ("lifecycle", "payments/api") == (change.kind, change.repository)
    assert ("LifecyclePolicy",) == change.properties


def test_both_sides_list_their_rules() -> None:
    """`before` and `after` have a line for each rule, worded as elsewhere."""
    change = changed([SHIELD, YEAR], [YEAR])
    words = [
        rule_in_words(entry) for entry in LifecyclePolicy.from_json(policy_text(SHIELD, YEAR)).rules
    ]

    assert (words, words[1:]) == (change.before, change.after)
    assert 1 == len(changed([], [YEAR]).before)


def test_many_differences_are_cut() -> None:
    """Two in the summary, ten in the details, the worst first, and how many more there are."""
    before = [YEAR]
    after = [*(tagged(n, f"a{n}-*", days=n) for n in range(1, 13)), every(99, days=400)]
    change = changed(before, after)

    assert 13 == len(change.codes)
    assert ("added a1-*", "changed any") == (change.codes[0], change.codes[-1])
    assert "11 more" in change.summary
    assert 11 == len(change.details)
    assert "a1-*" in change.details[0]
    assert "3 more" in change.details[-1]


UNKNOWN = {"Ref": "Policy"}
REJECTED = policy_text(every(0, days=1))
YEARLY = policy_text(YEAR)


@pytest.mark.parametrize(
    ("before", "after", "severity", "code"),
    [
        (YEARLY, REJECTED, "error", "rejected"),
        (YEARLY, UNKNOWN, "warning", "unknown"),
        (REJECTED, YEARLY, "warning", "was-rejected"),
        (UNKNOWN, policy_text(shield(1, "v*")), "note", "was-unknown"),
        ({"rules": 1}, 7, "error", "rejected"),
    ],
    ids=["rejected", "unknown", "was rejected", "was unknown", "not a policy"],
)
def test_policies_that_cannot_be_compared(
    before: Any, after: Any, severity: str, code: str
) -> None:
    """A rejected policy is reported once; the findings name what is wrong with it."""
    change = of_sides(
        *(api(LifecyclePolicy={"LifecyclePolicyText": text}) for text in (before, after))
    )

    assert (severity, (code,)) == (change.severity, change.codes)


COUNT = {"Fn::Sub": policy_text(every(5, days=1)).replace(": 1,", ": ${Days},")}
BESIDE = {
    "Fn::Sub": policy_text(SHIELD, every(5, days=1)).replace(
        '"countNumber": 1,', '"countNumber": ${Days},'
    )
}
# The rules that differ around a value that is known only at deploy time.
AROUND: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "removed and added": (YEARLY, COUNT, ("added rule 5", "removed rule 9")),
    "added": (None, COUNT, ("added rule 5",)),
    "changed": (policy_text(every(5, days=2)), COUNT, ("changed rule 5",)),
    "one of two": (policy_text(SHIELD, every(5, days=2)), BESIDE, ("changed rule 5",)),
    "all unknown": (COUNT, UNKNOWN, ()),
    "not JSON": (COUNT, {"Fn::Sub": "{ ${Rules}"}, ()),
}


@pytest.mark.parametrize("case", AROUND)
def test_rules_around_unknown_values_are_compared(case: str) -> None:
    """As far as they are known; without inventories nothing is reported about images."""
    *texts, expected = AROUND[case]
    change = of_sides(
        *(api(LifecyclePolicy={"LifecyclePolicyText": text} if text else {}) for text in texts)
    )

    assert ("unknown", *expected) == change.codes


def test_images_of_an_unknown_policy_are_unknown() -> None:
    """With inventories, the change says why it lists none."""
    base, head = (
        api(RepositoryName="payments/api", LifecyclePolicy={"LifecyclePolicyText": text})
        for text in (YEARLY, UNKNOWN)
    )
    inventories = Inventories({RepositoryId("payments/api", *HOME): Inventory([])})
    [change] = changes_of(changes, base, head, inventories=inventories)

    assert ("unknown", "unknown-images") == change.codes


def test_policy_that_is_unknown_as_a_whole_is_not_taken_for_none() -> None:
    """A reference in the place of the property may be anything."""
    change = of_sides(api(LifecyclePolicy=UNKNOWN), api())

    assert (None, 1, ("was-unknown",)) == (change.before, len(change.after), change.codes)


def test_creation_template_is_for_later_repositories() -> None:
    """Existing repositories keep their policy, and the change says so."""
    base, head = (
        {"Web": creation_template(LifecyclePolicy=policy_text(*rules))}
        for rules in ([SHIELD, YEAR], [YEAR])
    )
    change = of_sides(base, head)

    assert ("warning", ("unprotected v*", "later-repositories")) == (change.severity, change.codes)
    assert ("Web", 1) == (change.resource, len(change.details))


def test_equal_policies_and_new_repositories_are_not_reported() -> None:
    """There are no images to lose."""
    moving = api(RepositoryName="payments/api", ImageTagMutability="MUTABLE")
    new = {**moving, "Web": repository(UNTAGGED, RepositoryName="payments/web")}

    assert [] == changes_of(changes, api(RepositoryName="payments/api"), new)
