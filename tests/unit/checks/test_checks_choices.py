"""Each allowed value of a parameter is judged."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.choices import choices_of
from ecr_constructs.cloudformation.graph import TemplateSet
from tests.support.rule_examples.build import (
    UNTAGGED,
    api,
    get_att,
    key,
    kms,
    one_template,
    policy_text,
    template,
)

STAGE: dict[str, Any] = {"Ref": "Stage"}
IS_PROD = {"Fn::Equals": [STAGE, "prod"]}


def stages(*values: Any, **others: Any) -> dict[str, Any]:
    """Return sections with a parameter of these allowed values, and a condition."""
    parameter = {"Type": "String", "AllowedValues": [*values], **others}
    conditions = {"IsProd": IS_PROD, "NotProd": {"Fn::Not": [{"Condition": "IsProd"}]}}
    return {"Parameters": {"Stage": parameter}, "Conditions": conditions}


DAYS = policy_text(UNTAGGED).replace("14", "${Stage}")
BOTH = ("dev", "prod")
# Properties of a repository, other sections, and the rules that report something.
JUDGED: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "every value is invalid": ({"RepositoryName": STAGE}, stages("Dev", "Prod"), ["ECR002"]),
    "one value is invalid": ({"RepositoryName": STAGE}, stages("dev", "Prod"), ["ECR002"]),
    "a part of a text": (
        {"RepositoryName": {"Fn::Sub": "app-${Stage}"}},
        stages("dev", "Prod"),
        ["ECR002"],
    ),
    "every value is valid": ({"RepositoryName": STAGE}, stages(*BOTH), []),
    "a number of a policy": (
        {"LifecyclePolicy": {"LifecyclePolicyText": {"Fn::Sub": DAYS}}},
        stages(0, 14),
        ["ECR101"],
    ),
    "a branch of a condition": (
        {"ImageTagMutability": {"Fn::If": ["IsProd", "MUTABLE", "IMMUTABLE"]}},
        stages(*BOTH),
        ["ECR012"],
    ),
    "a branch of a condition of a condition": (
        {"ImageTagMutability": {"Fn::If": ["NotProd", "IMMUTABLE", "MUTABLE"]}},
        stages(*BOTH),
        ["ECR012"],
    ),
    "a decision of whoever deploys": (
        {"ImageTagMutability": STAGE},
        stages("MUTABLE", "IMMUTABLE"),
        [],
    ),
    "an invalid option": (
        {"ImageTagMutability": STAGE},
        stages("IMMUTABLE", "MOVABLE"),
        ["ECR004"],
    ),
    "a key of a mapping that one value does not have": (
        {"RepositoryName": {"Fn::FindInMap": ["Names", STAGE, "App"]}},
        {**stages(*BOTH), "Mappings": {"Names": {"dev": {"App": "team/app"}}}},
        ["ECR605"],
    ),
    "names of SSM parameters": (
        {"RepositoryName": STAGE},
        stages("/Names/Dev", "/Names/Prod", Type="AWS::SSM::Parameter::Value<String>"),
        [],
    ),
}


@pytest.mark.parametrize(("properties", "sections", "rules"), JUDGED.values(), ids=JUDGED)
def test_allowed_values_are_judged(
    properties: dict[str, Any], sections: dict[str, Any], rules: list[str]
) -> None:
    """A finding of one value is enough, and is reported once."""
    assert rules == [finding.rule for finding in check([template(api(**properties), **sections)])]


def test_a_resource_is_judged_where_it_is_created() -> None:
    """A value with which the condition is false does not matter."""
    mutable = {"Fn::If": ["IsProd", "IMMUTABLE", "MUTABLE"]}
    resources = {"Api": {**api(ImageTagMutability=mutable)["Api"], "Condition": "IsProd"}}

    assert [] == check([template(resources, **stages(*BOTH))])


def test_many_combinations_are_limited() -> None:
    """Each value of each parameter is tried at least once."""
    names = [f"P{number}" for number in range(9)]
    parameters = {name: {"Type": "String", "AllowedValues": ["a", "b"]} for name in names}
    text = "-".join(f"${{{name}}}" for name in names)
    content = template(api(RepositoryName={"Fn::Sub": text}), Parameters=parameters)
    [repository] = TemplateSet([content]).of_type("AWS::ECR::Repository")

    choices = choices_of(repository)
    assert 2 == len(choices)
    assert {("P0", "a"), ("P8", "b")} <= {pair for choice in choices for pair in choice.values}
    assert "P0 is 'a' and P1 is 'a'" in str(choices[0])


def test_a_key_is_judged_with_each_value() -> None:
    """Though the repository that it encrypts does not depend on the parameter."""
    resources = kms(get_att("Key"), Key=key(KeySpec=STAGE))
    findings = check([template(resources, **stages("RSA_2048", "SYMMETRIC_DEFAULT"))])

    assert [("Api", "ECR020")] == [(finding.resource, finding.rule) for finding in findings]


def test_a_rendered_policy_may_have_a_parameter() -> None:
    """Fn::ToJsonString writes a number, whatever its reference looks like."""
    rule = {
        "rulePriority": 1,
        "selection": {**UNTAGGED["selection"], "countNumber": {"Ref": "Days"}},
        "action": {"type": "expire"},
    }
    text = {"Fn::ToJsonString": {"rules": [rule]}}
    sections: dict[str, Any] = {
        "Parameters": {"Days": {"Type": "Number"}},
        "Transform": "AWS::LanguageExtensions",
    }
    policy = {"LifecyclePolicy": {"LifecyclePolicyText": text}}
    assert [] == check([template(api(**policy), **sections)])


def test_deep_templates_are_judged() -> None:
    """A value that is nested deeper than CloudFormation allows ends the search."""
    deep: Any = {"Fn::If": ["IsProd", "a", "b"]}
    for _ in range(300):
        deep = [deep]
    assert check([template(one_template(Description=deep), **stages(*BOTH))])
