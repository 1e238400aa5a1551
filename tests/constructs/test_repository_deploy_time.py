"""Values that are known only at deploy time, wherever a Repository takes a value."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, Repository, TagMutability
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_REGION,
    properties_of,
    statements_of,
    template,
)


def text(stack: cdk.Stack) -> str:
    """Return the value of a text parameter."""
    return cdk.CfnParameter(stack, "Text").value_as_string


def number(stack: cdk.Stack) -> Any:
    """Return the value of a number parameter."""
    return cdk.CfnParameter(stack, "Number", type="Number").value_as_number


def substituted(value: Any, **parameters: str) -> str:
    """Return what CloudFormation makes of a text with references to parameters."""
    if isinstance(value, dict) and "Ref" in value:
        return parameters[value["Ref"]]
    if isinstance(value, dict):
        separator, parts = value["Fn::Join"]
        return str(separator).join(substituted(part, **parameters) for part in parts)
    return str(value)


def test_name(stack: cdk.Stack) -> None:
    """A name may be a parameter, and the ARN is then CloudFormation's to say."""
    repository = Repository(stack, "Api", repository_name=text(stack))
    cdk.CfnOutput(stack, "Arn", value=repository.repository_arn)
    cdk.CfnOutput(stack, "Name", value=repository.repository_name)

    assert {"Ref": "Text"} == properties_of(stack)["RepositoryName"]
    outputs = template(stack)["Outputs"]
    assert [{"Fn::GetAtt": ["ApiF70053CD", "Arn"]}, {"Ref": "ApiF70053CD"}] == [
        outputs[item]["Value"] for item in ("Arn", "Name")
    ]


def test_tags(stack: cdk.Stack) -> None:
    """A tag's value may be a parameter."""
    Repository(stack, "Api", tags={"team": text(stack)})

    assert [{"Key": "team", "Value": {"Ref": "Text"}}] == properties_of(stack)["Tags"]


@pytest.mark.parametrize("keyword", ["pull_accounts", "push_accounts"])
def test_accounts(stack: cdk.Stack, keyword: str) -> None:
    """An account may be a parameter, next to one that is known."""
    access: dict[str, Any] = {keyword: [text(stack), ACCOUNT]}
    Repository(stack, "Api", **access)

    [statement] = statements_of(stack)
    assert {f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::444455556666:root"} == {
        substituted(arn, Text="444455556666") for arn in statement["Principal"]["AWS"]
    }


@pytest.mark.parametrize("keyword", ["pull_principals", "push_principals"])
def test_principals(stack: cdk.Stack, keyword: str) -> None:
    """The ARN of a principal may be a parameter."""
    access: dict[str, Any] = {keyword: [text(stack)]}
    Repository(stack, "Api", **access)

    assert [{"AWS": {"Ref": "Text"}}] == [
        statement["Principal"] for statement in statements_of(stack)
    ]


def test_organization(stack: cdk.Stack) -> None:
    """An organization may be a parameter."""
    Repository(stack, "Api", pull_organizations=[text(stack)])

    assert [{"StringEquals": {"aws:PrincipalOrgID": {"Ref": "Text"}}}] == [
        statement["Condition"] for statement in statements_of(stack)
    ]


def test_key(stack: cdk.Stack) -> None:
    """A key's ARN may be a parameter."""
    Repository(stack, "Api", encryption=Encryption.customer_managed(text(stack)))

    assert {"EncryptionType": "KMS", "KmsKey": {"Ref": "Text"}} == (
        properties_of(stack)["EncryptionConfiguration"]
    )


def test_exclusion_filter(stack: cdk.Stack) -> None:
    """A mutability filter may be a parameter."""
    Repository(stack, "Api", tag_mutability=TagMutability.immutable(except_for=[text(stack)]))

    [item] = properties_of(stack)["ImageTagMutabilityExclusionFilters"]
    assert {"Ref": "Text"} == item["ImageTagMutabilityExclusionFilterValue"]


def test_lifecycle_numbers_and_texts(stack: cdk.Stack) -> None:
    """Counts, patterns and descriptions may be parameters; the text is valid JSON then."""
    rule = LifecycleRule.keep_last(
        number(stack), tag_patterns=[text(stack)], description=f"Keep {stack.region}"
    )
    Repository(stack, "Api", lifecycle=LifecyclePolicy(rule))

    policy = properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    assert LifecyclePolicy(
        LifecycleRule.keep_last(7, tag_patterns=["v*"], description="Keep eu-central-1")
    ).to_dict() == json.loads(substituted(policy, Text="v*", Number="7"))


def test_a_number_in_one_of_several_rules(stack: cdk.Stack) -> None:
    """A rule with a deploy-time number stands next to others, and more can be added."""
    repository = Repository(
        stack,
        "Api",
        lifecycle=LifecyclePolicy(
            LifecycleRule.expire(after_days=number(stack)),
            LifecycleRule.expire_untagged(after_days=3),
        ),
    )
    repository.add_lifecycle_rule(LifecycleRule.keep_last(5, tag_patterns=["v*"]))

    policy = properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    assert [3, 5, 9] == [
        rule["selection"]["countNumber"]
        for rule in json.loads(substituted(policy, Number="9"))["rules"]
    ]


def test_generated_name_is_used_across_regions(app: cdk.App, stack: cdk.Stack) -> None:
    """A name that is generated if needed is given when another Region refers to it."""
    repository = Repository(stack, "Api", repository_name=cdk.PhysicalName.GENERATE_IF_NEEDED)
    elsewhere = cdk.Stack(
        app, "Elsewhere", env=cdk.Environment(account=ACCOUNT, region=OTHER_REGION)
    )
    cdk.CfnOutput(elsewhere, "Arn", value=repository.repository_arn)

    name = properties_of(stack)["RepositoryName"]
    assert (
        f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/{name}"
        == (template(elsewhere)["Outputs"]["Arn"]["Value"])
    )


def test_generated_name_is_left_out_where_none_is_needed(app: cdk.App, stack: cdk.Stack) -> None:
    """A name that is generated if needed is none as long as only its own account asks."""
    repository = Repository(stack, "Api", repository_name=cdk.PhysicalName.GENERATE_IF_NEEDED)
    other = cdk.Stack(app, "Other", env=ENV)
    cdk.CfnOutput(other, "Arn", value=repository.repository_arn)

    assert "RepositoryName" not in properties_of(stack)
