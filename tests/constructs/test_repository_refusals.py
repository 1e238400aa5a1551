"""What a Repository refuses: in the caller's own frame, before anything is built."""

import re
import traceback
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption, Repository
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, OTHER_REGION, children

FOREIGN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name": ({"repository_name": "Payments"}, "found 'P'; write 'payments'"),
    "a name of nothing": ({"repository_name": ""}, "must be 2 to 256 characters long, is 0"),
    "a tag": ({"tags": {"aws:team": "x"}}, "key 'aws:team' begins with 'aws:'"),
    "an account": ({"pull_accounts": ["4444"]}, "'4444': an account id has 12 digits"),
    "a pushing account": ({"push_accounts": ["4444"]}, "'4444': an account id has 12 digits"),
    "an organization": ({"pull_organizations": ["o-*"]}, "a wildcard would admit every AWS"),
    "a principal": ({"pull_principals": ["me"]}, "'me': must be the ARN of a role or user"),
    "a pushing principal": ({"push_principals": ["me"]}, "'me': must be the ARN of a role or user"),
    "a bare string": ({"pull_accounts": OTHER_ACCOUNT}, f"write ['{OTHER_ACCOUNT}']"),
    "dual layer": (
        {"encryption": Encryption.dual_layer()},
        "this repository is in eu-central-1; write Encryption.customer_managed(key)",
    ),
    "a key of another Region": (
        {"encryption": Encryption.customer_managed(FOREIGN_KEY)},
        "the key must be in the repository's Region, eu-central-1; it is in eu-west-1",
    ),
    "emptying what is retained": (
        {"empty_on_delete": True},
        (
            "empty_on_delete would delete every image together with the repository, which "
            "removal_policy RETAIN is there to prevent"
        ),
    ),
    "emptying what is retained on update": (
        {
            "empty_on_delete": True,
            "removal_policy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        },
        "write removal_policy=RemovalPolicy.DESTROY if that is meant",
    ),
}


@pytest.mark.parametrize(("keywords", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses_before_the_tree_is_touched(
    stack: cdk.Stack, keywords: dict[str, Any], fault: str
) -> None:
    """A refused repository leaves no trace in the stack: it can be defined again, correctly."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        Repository(stack, "Api", **keywords)

    assert [] == children(stack)


def test_refuses_a_statement_of_nobody_before_the_tree_is_touched(stack: cdk.Stack) -> None:
    """A statement without a principal leaves no trace either."""
    with pytest.raises(ValueError, match="a statement of a repository policy says who"):
        Repository(
            stack,
            "Api",
            policy_statements=[iam.PolicyStatement(actions=["ecr:BatchGetImage"])],
        )

    assert [] == children(stack)


def test_refuses_a_snapshot_before_the_tree_is_touched(stack: cdk.Stack) -> None:
    """A repository has no snapshots, so that removal policy is refused."""
    with pytest.raises(ValueError, match="SNAPSHOT"):
        Repository(stack, "Api", removal_policy=cdk.RemovalPolicy.SNAPSHOT)

    assert [] == children(stack)


def test_refuses_an_alias_of_the_app(stack: cdk.Stack) -> None:
    """A key's alias, though it is a kms.IKey, would replace the repository at each deployment."""
    alias = kms.Key(stack, "Key").add_alias("alias/ecr/prod")

    with pytest.raises(ValueError, match="is an alias; give the key itself"):
        Repository(stack, "Api", encryption=Encryption.customer_managed(alias))


def test_refuses_a_key_of_another_region_of_the_app(app: cdk.App, stack: cdk.Stack) -> None:
    """A key defined in a stack of another Region cannot encrypt, and both Regions are known."""
    elsewhere = cdk.Environment(account=ACCOUNT, region=OTHER_REGION)
    key = kms.Key(cdk.Stack(app, "Elsewhere", env=elsewhere), "Key")

    with pytest.raises(ValueError, match="the key must be in the repository's Region"):
        Repository(stack, "Api", encryption=Encryption.customer_managed(key))


@pytest.mark.parametrize("keyword", ["pull_accounts", "pull_organizations", "push_principals"])
def test_refuses_lists_of_deploy_time_length(stack: cdk.Stack, keyword: str) -> None:
    """A parameter that is a list cannot be taken apart: each value must be named."""
    names = cdk.CfnParameter(stack, "Names", type="CommaDelimitedList").value_as_list
    keywords: dict[str, Any] = {keyword: names}

    with pytest.raises(ValueError, match=keyword):
        Repository(stack, "Api", **keywords)


def test_raises_in_the_callers_frame(stack: cdk.Stack) -> None:
    """The traceback begins at the caller's line and ends here: Node was never asked."""
    with pytest.raises(ValueError, match="Invalid repository name") as refusal:
        Repository(stack, "Api", repository_name="Payments")

    files = [frame.filename for frame in traceback.extract_tb(refusal.value.__traceback__)]
    assert __file__ == files[0]
    assert [] == [file for file in files if "jsii/_kernel" in file]


def test_an_unknown_region_is_not_judged(app: cdk.App) -> None:
    """In a stack without a Region nothing is known about the key's, so it passes."""
    stack = cdk.Stack(app, "Agnostic")
    Repository(stack, "Api", encryption=Encryption.customer_managed(FOREIGN_KEY))

    assert ["Api"] == children(stack)


def test_a_statement_added_later_must_say_who(stack: cdk.Stack) -> None:
    """A statement without a principal is refused whenever it comes."""
    repository = Repository(stack, "Api")

    with pytest.raises(ValueError, match="a statement of a repository policy says who"):
        repository.add_to_resource_policy(iam.PolicyStatement(actions=["ecr:BatchGetImage"]))


def test_a_policy_that_is_too_long_is_refused(stack: cdk.Stack) -> None:
    """ECR takes repository policies of 10,240 characters; a longer one is refused."""
    names = [f"arn:aws:iam::{ACCOUNT}:role/{n:060}" for n in range(120)]

    with pytest.raises(ValueError, match="10,240"):
        Repository(stack, "Api", pull_principals=names)
