"""Resources with equal properties share the results of the rules that read these only."""

from typing import Any

from ecr_constructs.checks import check
from tests.support.rule_examples import EXAMPLES, PROBLEMS
from tests.support.rule_examples.build import HOME, PARTNER, allow, document, repository, template
from tests.support.shared_problems import judgments


def test_the_declared_properties_decide() -> None:
    """A rule finds the same in a resource that has no other property."""
    sections: dict[str, Any] = {"Parameters": {"Given": {"Type": "String"}}}
    problems = ([template(case[2], **sections)] for case in PROBLEMS.values())
    examples = (side for item in EXAMPLES.values() for side in (item.faulty, item.sound))
    result = [item for side in (*examples, *problems) for item in judgments(side)]

    assert [] == [name for name, decides in result if not decides]
    assert len(result) > 1000


def pulled_by(principal: Any) -> dict[str, Any]:
    """Return the property of a repository that a principal pulls from."""
    return {"RepositoryPolicyText": document(allow("ecr:BatchGetImage", Principal=principal))}


def test_equal_resources_have_a_finding_each() -> None:
    names = ("Api", "Web")
    opened = {name: repository(RepositoryName=name.lower(), **pulled_by("*")) for name in names}

    findings = check([template(opened)])

    assert [item.resource for item in findings if item.rule == "ECR206"] == [*names]


def test_equal_policies_of_another_account_are_checked_there() -> None:
    """Who is outside depends on the account of the template."""
    policy = document(allow("ecr:*", Principal={"AWS": HOME[0]}))
    api = {"Api": repository(RepositoryName="api", RepositoryPolicyText=policy)}
    sides = [template(api, at=at, name=at[0]) for at in (HOME, PARTNER)]

    outside = {finding.template for finding in check(sides) if finding.rule == "ECR208"}

    assert outside == {PARTNER[0]}
