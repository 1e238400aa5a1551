"""What a Repository rejects: in the caller's own frame, before anything is built."""

import traceback
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption, Repository
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, OTHER_REGION, children, rejects_value
from tests.support.errors import rejects

FOREIGN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "a name": ({"repository_name": "Payments"}, "'payments'"),
    "a name of nothing": ({"repository_name": ""}, "256"),
    "a tag": ({"tags": {"aws:team": "x"}}, "'aws:team'"),
    "an account": ({"pull_accounts": ["4444"]}, "'4444'"),
    "a pushing account": ({"push_accounts": ["4444"]}, "'4444'"),
    "an organization": ({"pull_organizations": ["o-*"]}, "o-*"),
    "a principal": ({"pull_principals": ["me"]}, "'me'"),
    "a pushing principal": ({"push_principals": ["me"]}, "'me'"),
    "a bare string": ({"pull_accounts": OTHER_ACCOUNT}, f"['{OTHER_ACCOUNT}']"),
    "dual layer": (
        {"encryption": Encryption.dual_layer()},
        "eu-central-1",
    ),
    "a key of another Region": (
        {"encryption": Encryption.customer_managed(FOREIGN_KEY)},
        "eu-west-1",
    ),
}


@pytest.mark.parametrize(("keywords", "value"), INVALID.values(), ids=INVALID)
def test_rejects_values_before_the_tree_is_touched(
    stack: cdk.Stack, keywords: dict[str, Any], value: str
) -> None:
    """A rejected repository leaves no trace in the stack: it can be defined again, correctly."""
    with rejects_value(value):
        Repository(stack, "Api", **keywords)

    assert [] == children(stack)


def incomplete() -> iam.PolicyStatement:
    """Return a statement without a principal."""
    return iam.PolicyStatement(actions=["ecr:BatchGetImage"])


REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "emptying a retained repository": (
        {"empty_on_delete": True},
        "empty_on_delete: empty-on-delete-retained",
    ),
    "emptying a repository that is retained on update": (
        {"empty_on_delete": True, "removal_policy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE},
        "empty_on_delete: empty-on-delete-retained",
    ),
    "a snapshot": (
        {"removal_policy": cdk.RemovalPolicy.SNAPSHOT},
        "removal_policy: removal-policy-snapshot",
    ),
    "a statement without a principal": (
        {"policy_statements": [incomplete()]},
        "principals: statement-without-principal",
    ),
}


@pytest.mark.parametrize(("keywords", "expected"), REJECTED.values(), ids=REJECTED)
def test_rejects_before_the_tree_is_touched(
    stack: cdk.Stack, keywords: dict[str, Any], expected: str
) -> None:
    """A rejected combination leaves no trace in the stack either."""
    with rejects(expected):
        Repository(stack, "Api", **keywords)

    assert [] == children(stack)


def test_rejects_an_alias_of_the_app(stack: cdk.Stack) -> None:
    """A key's alias, though it is a kms.IKey, would replace the repository at each deployment."""
    alias = kms.Key(stack, "Key").add_alias("alias/ecr/prod")

    with rejects_value("alias"):
        Repository(stack, "Api", encryption=Encryption.customer_managed(alias))


def test_rejects_a_key_of_another_region_of_the_app(app: cdk.App, stack: cdk.Stack) -> None:
    """A key defined in a stack of another Region cannot encrypt, and both Regions are known."""
    elsewhere = cdk.Environment(account=ACCOUNT, region=OTHER_REGION)
    key = kms.Key(cdk.Stack(app, "Elsewhere", env=elsewhere), "Key")

    with rejects_value("eu-central-1", OTHER_REGION):
        Repository(stack, "Api", encryption=Encryption.customer_managed(key))


@pytest.mark.parametrize("keyword", ["pull_accounts", "pull_organizations", "push_principals"])
def test_rejects_lists_of_deploy_time_length(stack: cdk.Stack, keyword: str) -> None:
    """A parameter that is a list cannot be taken apart: each value must be named."""
    names = cdk.CfnParameter(stack, "Names", type="CommaDelimitedList").value_as_list
    keywords: dict[str, Any] = {keyword: names}

    with rejects(f"{keyword}: list-unresolved"):
        Repository(stack, "Api", **keywords)


def test_raises_in_the_callers_frame(stack: cdk.Stack) -> None:
    """The traceback begins at the caller's line and ends here: Node was never asked."""
    with pytest.raises(ValidationError) as caught:
        Repository(stack, "Api", repository_name="Payments")

    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert __file__ == files[0]
    assert [] == [file for file in files if "jsii/_kernel" in file]


def test_an_unknown_region_is_not_judged(app: cdk.App) -> None:
    """In a stack without a Region nothing is known about the key's, so it passes."""
    stack = cdk.Stack(app, "Agnostic")
    Repository(stack, "Api", encryption=Encryption.customer_managed(FOREIGN_KEY))

    assert ["Api"] == children(stack)


def test_a_statement_added_later_must_say_who(stack: cdk.Stack) -> None:
    """A statement without a principal is rejected whenever it comes."""
    repository = Repository(stack, "Api")

    with rejects("principals: statement-without-principal"):
        repository.add_to_resource_policy(incomplete())


def test_a_policy_that_is_too_long_is_rejected(stack: cdk.Stack) -> None:
    """ECR takes repository policies of 10,240 characters; a longer one is rejected."""
    names = [f"arn:aws:iam::{ACCOUNT}:role/{n:060}" for n in range(120)]

    with rejects_value("10,240"):
        Repository(stack, "Api", pull_principals=names)
