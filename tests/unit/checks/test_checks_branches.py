"""Access is judged in each branch of a condition that is unknown."""

from typing import Any

from ecr_constructs.checks import check
from tests.support.rule_examples.build import HOST, ROOT, ci_role, template
from tests.support.rule_examples.ci_trust import AUDIENCE, SUBJECT
from tests.support.rule_examples.statements import PULL, pulled_by, role

PARAMETERS = {"Env": {"Type": "String"}, "Open": {"Type": "String"}}
CONDITIONS = {
    "IsProduction": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
    "IsOpen": {"Fn::Equals": [{"Ref": "Open"}, "yes"]},
    "Always": {"Fn::Equals": ["a", "a"]},
}


def chosen(condition: str, then: Any, otherwise: Any) -> dict[str, Any]:
    """Return a value that a condition decides."""
    return {"Fn::If": [condition, then, otherwise]}


def findings(resources: dict[str, Any], **sections: Any) -> list[tuple[str, str]]:
    """Return the rules and messages of the findings."""
    body = {"Parameters": PARAMETERS, "Conditions": CONDITIONS, **sections}
    return [(item.rule, item.message) for item in check([template(resources, **body)])]


def test_a_branch_names_its_condition() -> None:
    """A finding of one branch says when it holds, once for equal findings."""
    both = chosen("IsProduction", chosen("IsOpen", "*", ROOT), "*")

    [(rule, message)] = findings(pulled_by({"AWS": both}))

    assert "ECR206" == rule
    assert message.endswith("if ${Env} is not prod and ${Open} is not yes")


def test_what_every_branch_has_is_reported_once() -> None:
    """A problem without a condition is not repeated."""
    resources = pulled_by("*", Condition=chosen("IsOpen", {"Bool": {"a": "b"}}, {}))

    [(rule, _)] = findings(resources)

    assert "ECR206" == rule


def test_branches_of_identities_and_trust() -> None:
    """Permissions and subjects are judged in their branches."""
    subject = {f"{HOST}:sub": chosen("IsOpen", "repo:acme*", SUBJECT)}
    trust = ci_role(HOST, StringEquals={f"{HOST}:aud": AUDIENCE}, StringLike=subject)
    actions = chosen("IsProduction", PULL, "ecr:*")

    rules = [rule for rule, _ in findings({**trust, **role(actions, Resource="*")})]

    assert ["ECR510", "ECR212"] == [rule for rule in rules if rule in ("ECR510", "ECR212")]


def test_a_known_condition_has_one_branch() -> None:
    """A branch that is never used is not judged."""
    assert [] == findings(pulled_by({"AWS": chosen("Always", ROOT, "*")}))


def test_deep_branches_are_not_followed() -> None:
    """The depth of a value is bounded, as CloudFormation bounds it."""
    deep: Any = chosen("IsOpen", ROOT, "*")
    for _ in range(250):
        deep = [deep]

    assert "ECR206" not in {rule for rule, _ in findings(pulled_by({"AWS": deep}))}
