"""Which findings of check are new in a review."""

from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review import Review, review
from tests.support.compared import reviewed
from tests.support.rule_examples.build import HOME, allow, document, repository


def rules_of(result: Review) -> list[str]:
    """Return the rules of the findings, also of those that are details of a change."""
    return sorted(
        effect.after["rule"]
        for change in result.changes
        for effect in (change, *change.findings)
        if effect.kind == "finding"
    )


def test_a_stack_that_left_the_app_has_no_new_findings() -> None:
    """Its repository is there twice because of the other stack, which the review reports."""
    api = {"Resources": {"Api": repository(RepositoryName="payments/api")}}

    def side(body: Any, *, is_left: bool) -> TemplateSet:
        return TemplateSet(
            [
                Template("a", body, *HOME, stack="A"),
                Template("z", api, *HOME, stack="Z", is_left=is_left),
            ]
        )

    result = review(side({"Resources": {}}, is_left=False), side(api, is_left=True))

    assert [] == rules_of(result)
    assert ["deployment-fails"] == [change.kind for change in result.changes if change.resource]


def suppressed(value: str) -> dict[str, Any]:
    """Return a repository with a suppressed finding and a tag."""
    entry = {"rule": "ECR012", "reason": "fine"}
    return {
        **repository(ImageTagMutability="MUTABLE", Tags=[{"Key": "a", "Value": value}]),
        "Metadata": {"ecr-constructs": {"suppress": [entry]}},
    }


def test_a_finding_that_stays_suppressed_is_not_reported() -> None:
    """Another property of the resource changes, and the suppression does not."""
    result = reviewed({"Api": suppressed("b")}, {"Api": suppressed("c")})

    assert ["changed Tags"] == [change.codes[0] for change in result.changes]
    assert (0, 0, 0) == (result.findings.new, result.findings.known, result.findings.gone)


def test_a_place_that_still_violates_a_rule_has_no_new_finding() -> None:
    """The message differs, as everyone is allowed by another action; the place is the same."""
    before, after = (
        {"Api": repository(RepositoryPolicyText=document(allow(action, Principal="*")))}
        for action in ("ecr:Typo", "ecr:Tipo")
    )
    result = reviewed(before, after)

    assert [] == rules_of(result)
    assert 0 < result.findings.known
