"""Changes of lifecycle policies."""

from typing import Any

import pytest

from ecr_constructs.review import Change
from ecr_constructs.review.analyzers.lifecycle import changes
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import (
    UNTAGGED,
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


def every(priority: int, action: str = "expire", **count: Any) -> Json:
    """Return a rule for all images."""
    return rule(priority, action, tagStatus="any", **count)


def untagged(priority: int, **count: Any) -> Json:
    """Return a rule for untagged images."""
    return rule(priority, tagStatus="untagged", **count)


def changed(before: list[Json], after: list[Json]) -> Change:
    """Return the change between two lists of rules; no rules are no policy."""
    base, head = (
        repository(*rules, RepositoryName="payments/api")
        if rules
        else repository(RepositoryName="payments/api", LifecyclePolicy={})
        for rules in (before, after)
    )
    [change] = changes_of(changes, {"Api": base}, {"Api": head})
    return change


ARCHIVED = {
    "countType": "sinceImageTransitioned",
    "countUnit": "days",
    "storageClass": "archive",
}
YEAR = every(9, days=365)
MORE = "warning", "its lifecycle policy may delete or archive more images: "
FEWER = "note", "its lifecycle policy deletes or archives fewer images: "
ALIKE = "note", "its lifecycle policy is written differently and has the same effect"
CASES = {
    "a shield dropped": (
        [shield(1, "v*"), YEAR],
        [YEAR],
        MORE,
        "images tagged v* are no longer protected",
    ),
    "a shield added": (
        [YEAR],
        [shield(1, "v*"), YEAR],
        FEWER,
        "images tagged v* are protected",
    ),
    "a shield dropped that nothing is behind": (
        [shield(1, "v*"), untagged(2, days=3)],
        [untagged(2, days=3)],
        FEWER,
        "images tagged v* are no longer protected",
    ),
    "a shield becomes a count": (
        [shield(1, "v*")],
        [tagged(1, "v*", images=100)],
        MORE,
        (
            "images tagged v* are no longer protected: keep the newest 100 images tagged "
            "v*, delete the older ones"
        ),
    ),
    "a count becomes a shield": (
        [tagged(1, "v*", images=100)],
        [shield(1, "v*")],
        FEWER,
        "images tagged v* are protected",
    ),
    "fewer days": (
        [every(1, days=90)],
        [every(1, days=30)],
        MORE,
        (
            '"delete images 90 days after their push" becomes "delete images 30 days '
            'after their push"'
        ),
    ),
    "more days": (
        [every(1, days=30)],
        [every(1, days=90)],
        FEWER,
        (
            '"delete images 30 days after their push" becomes "delete images 90 days '
            'after their push"'
        ),
    ),
    "archived rather than deleted": (
        [every(1, days=30)],
        [every(1, "transition", days=30)],
        FEWER,
        (
            '"delete images 30 days after their push" becomes "archive images 30 days '
            'after their push"'
        ),
    ),
    "a rule dropped": (
        [untagged(1, days=14), YEAR],
        [YEAR],
        FEWER,
        '"delete untagged images 14 days after their push" is removed',
    ),
    "a rule dropped that kept some from the next": (
        [tagged(1, "v*", images=5), YEAR],
        [YEAR],
        MORE,
        '"keep the newest 5 images tagged v*, delete the older ones" is removed',
    ),
    "a rule added": (
        [YEAR],
        [tagged(1, "pr-*", days=7), YEAR],
        MORE,
        '"delete images tagged pr-* 7 days after their push" is added',
    ),
    "a rule added that spares some": (
        [every(1, days=30)],
        [tagged(1, "v*", days=365), every(2, days=30)],
        FEWER,
        '"delete images tagged v* 365 days after their push" is added',
    ),
    "a shield moved behind": (
        [shield(1, "v*"), tagged(2, "pr-*", days=7)],
        [tagged(1, "pr-*", days=7), shield(2, "v*")],
        MORE,
        (
            'images tagged v* are no longer protected from "delete images tagged pr-* 7 '
            'days after their push"'
        ),
    ),
    "a shield moved to the front": (
        [tagged(1, "pr-*", days=7), shield(2, "v*")],
        [shield(1, "v*"), tagged(2, "pr-*", days=7)],
        FEWER,
        'images tagged v* are protected from "delete images tagged pr-* 7 days after their push"',
    ),
    "an order swapped": (
        [tagged(1, "v*", images=100), tagged(2, "pr-*", days=7)],
        [tagged(1, "pr-*", days=7), tagged(2, "v*", images=100)],
        MORE,
        (
            '"delete images tagged pr-* 7 days after their push" comes before "keep the '
            'newest 100 images tagged v*, delete the older ones"'
        ),
    ),
    "a rule put behind a wider one": (
        [tagged(1, "v1*", images=5), tagged(2, "v*", images=9)],
        [tagged(1, "v*", images=9), tagged(2, "v1*", images=5)],
        MORE,
        (
            '"keep the newest 5 images tagged v1*, delete the older ones" no longer '
            "has an effect: an earlier rule selects the same"
        ),
    ),
    "a rule put before a wider one": (
        [tagged(1, "v*", images=9), tagged(2, "v1*", images=5)],
        [tagged(1, "v1*", images=5), tagged(2, "v*", images=9)],
        MORE,
        (
            '"keep the newest 5 images tagged v1*, delete the older ones" takes effect, '
            "which it did not before"
        ),
    ),
    "another priority": (
        [tagged(1, "v*", images=9), every(2, days=30)],
        [tagged(10, "v*", images=9), every(20, days=30)],
        ALIKE,
        "",
    ),
    "rules that share no image swapped": (
        [untagged(1, days=3), tagged(2, "v*", images=9)],
        [tagged(1, "v*", images=9), untagged(2, days=3)],
        ALIKE,
        "",
    ),
    "shields swapped": (
        [shield(1, "v*"), shield(2, "r*"), YEAR],
        [shield(1, "r*"), shield(2, "v*"), YEAR],
        ALIKE,
        "",
    ),
    "storage classes interleaved otherwise": (
        [every(1, days=30), every(2, **ARCHIVED, countNumber=90)],
        [every(1, **ARCHIVED, countNumber=90), every(2, days=30)],
        ALIKE,
        "",
    ),
    "a prefix written as a pattern": (
        [rule(1, tagStatus="tagged", tagPrefixList=["v"], images=9)],
        [tagged(1, "v**", "*", images=9)],
        ALIKE,
        "",
    ),
    "a prefix that matches no tag": (
        [YEAR],
        [rule(1, tagStatus="tagged", tagPrefixList=["v*"], images=9), YEAR],
        ALIKE,
        "",
    ),
}


@pytest.mark.parametrize(
    ("before", "after", "effect", "difference"), CASES.values(), ids=list(CASES)
)
def test_a_change_is_told_by_what_it_means(
    before: list[Json], after: list[Json], effect: tuple[str, str], difference: str
) -> None:
    """Rules are matched by what they select, not by their priority or their text."""
    change = changed(before, after)

    severity, sentence = effect
    expected = (severity, f"payments/api: {sentence}{difference}")
    assert expected == (change.severity, change.summary)
    assert ("lifecycle", "payments/api", ("LifecyclePolicy",)) == (
        change.kind,
        change.repository,
        change.properties,
    )


def test_both_sides_are_told_in_words() -> None:
    """`before` and `after` list the rules."""
    change = changed([shield(1, "v*"), YEAR], [YEAR])

    year = "delete images 365 days after their push"
    assert ["keep every image tagged v*", year] == change.before
    assert [year] == change.after


def test_many_differences_are_cut_in_the_summary_and_listed_in_the_details() -> None:
    """Two in the summary, ten in the details, the worst first, and how many more there are."""
    before = [YEAR]
    after = [*(tagged(n, f"a{n}-*", days=n) for n in range(1, 13)), every(99, days=400)]
    change = changed(before, after)

    assert change.summary.endswith("; 11 more")
    assert 11 == len(change.details)
    assert '"delete images tagged a1-* 1 day after their push" is added.' == change.details[0]
    assert "3 more differences." == change.details[-1]


def test_a_policy_that_comes_or_goes_is_told_as_a_whole() -> None:
    """Whoever gets a first policy wants to read all of it."""
    come, gone = changed([], [YEAR]), changed([YEAR], [])
    kept = changed([], [shield(1, "v*")])

    summary = "payments/api: it gets a lifecycle policy: delete images 365 days after their push"
    assert ("warning", summary) == (come.severity, come.summary)
    assert ["keep every image"] == come.before
    summary = "payments/api: its lifecycle policy is removed: every image is kept"
    assert ("note", summary) == (gone.severity, gone.summary)
    assert "note" == kept.severity


def _of_text(before: Any, after: Any) -> Change:
    base, head = (
        repository(RepositoryName="payments/api", LifecyclePolicy={"LifecyclePolicyText": text})
        for text in (before, after)
    )
    [change] = changes_of(changes, {"Api": base}, {"Api": head})
    return change


UNKNOWN = {"Ref": "Policy"}
NO_POLICY = policy_text(every(0, days=1))
YEARLY = policy_text(YEAR)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            YEARLY,
            NO_POLICY,
            ("error", "ECR rejects its new lifecycle policy, and the deployment fails"),
        ),
        (YEARLY, UNKNOWN, ("warning", "its lifecycle policy is known only at deploy time")),
        (
            NO_POLICY,
            YEARLY,
            (
                "warning",
                (
                    "its lifecycle policy, which ECR rejected before, is: delete images 365 days "
                    "after their push"
                ),
            ),
        ),
        (
            UNKNOWN,
            policy_text(shield(1, "v*")),
            (
                "note",
                "its lifecycle policy, which was unknown before, is: keep every image tagged v*",
            ),
        ),
        (
            {"rules": 1},
            7,
            ("error", "ECR rejects its new lifecycle policy, and the deployment fails"),
        ),
    ],
    ids=["refused", "unknown", "was refused", "was unknown", "no policy at all"],
)
def test_what_cannot_be_compared_is_said_to_be_so(
    before: Any, after: Any, expected: tuple[str, str]
) -> None:
    """A policy that is refused is said once; what is wrong with it, the findings tell."""
    change = _of_text(before, after)

    severity, sentence = expected
    assert (severity, f"payments/api: {sentence}") == (change.severity, change.summary)


def test_a_policy_that_is_unknown_as_a_whole_is_not_taken_for_none() -> None:
    """A reference in the place of the property may be anything."""
    base = repository(RepositoryName="payments/api", LifecyclePolicy=UNKNOWN)
    head = repository(RepositoryName="payments/api")
    [change] = changes_of(changes, {"Api": base}, {"Api": head})

    assert change.before is None
    assert ["delete untagged images 14 days after their push"] == change.after


def test_a_creation_template_is_for_later_repositories() -> None:
    """What is there keeps its policy, and the change says so."""
    base, head = (
        creation_template(LifecyclePolicy=policy_text(*rules))
        for rules in ([shield(1, "v*"), YEAR], [YEAR])
    )
    [change] = changes_of(changes, {"Web": base}, {"Web": head})

    assert change.summary.startswith(
        "creation template payments: its lifecycle policy may delete or archive"
    )
    assert change.details == (
        (
            "It applies to repositories that ECR creates from then on; existing ones keep their "
            "policy."
        ),
    )


def test_what_has_the_same_policy_or_is_new_is_left_alone() -> None:
    """There are no images to lose."""
    base = {"Api": repository(RepositoryName="payments/api")}
    moving = repository(RepositoryName="payments/api", ImageTagMutability="MUTABLE")
    new = {"Api": moving, "Web": repository(UNTAGGED, RepositoryName="payments/web")}

    assert [] == changes_of(changes, base, new)
