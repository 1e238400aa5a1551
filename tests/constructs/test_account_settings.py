"""AccountSettings: the calls it makes, what it may do, and what stays."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.constructs.account_settings import AccountSettings
from tests.support.constructs import ENV, children, rejects_value, resources, template
from tests.support.errors import rejects

CALL = "Custom::AWS"


def calls(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the properties of the calls, without the function that makes them."""
    rendered = [dict(resource["Properties"]) for resource in resources(stack, CALL)]
    for item in rendered:
        del item["ServiceToken"]
    return rendered


def put(name: str, value: str) -> str:
    """Return a call as CDK's custom resource writes it."""
    call = {
        "action": "PutAccountSetting",
        "service": "ECR",
        "parameters": {"name": name, "value": value},
        "physicalResourceId": {"id": name},
    }
    return json.dumps(call, separators=(",", ":"))


def test_every_setting_is_a_call(stack: cdk.Stack) -> None:
    """Each setting is put when it is created or changed, and nothing happens on deletion."""
    AccountSettings(
        stack,
        "Settings",
        basic_scan_version="AWS_NATIVE",
        registry_policy_scope="V2",
        blob_mounting=False,
    )

    assert [
        {"Create": call, "Update": call, "InstallLatestAwsSdk": False}
        for call in (
            put("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"),
            put("REGISTRY_POLICY_SCOPE", "V2"),
            put("BLOB_MOUNTING", "DISABLED"),
        )
    ] == calls(stack)


def test_only_what_is_given_is_set(stack: cdk.Stack) -> None:
    """A setting that is not given is left as it is; the logical id is pinned."""
    AccountSettings(stack, "Settings", blob_mounting=True)

    assert [put("BLOB_MOUNTING", "ENABLED")] == [call["Create"] for call in calls(stack)]
    assert "SettingsBlobMounting56FD889D" in template(stack)["Resources"]


def test_the_function_may_do_nothing_else(stack: cdk.Stack) -> None:
    """Its role may put account settings, and write its log."""
    AccountSettings(stack, "Settings", blob_mounting=True)

    [policy] = resources(stack, "AWS::IAM::Policy")
    assert [{"Action": "ecr:PutAccountSetting", "Effect": "Allow", "Resource": "*"}] == (
        policy["Properties"]["PolicyDocument"]["Statement"]
    )
    [role] = resources(stack, "AWS::IAM::Role")
    [managed] = role["Properties"]["ManagedPolicyArns"]
    assert "AWSLambdaBasicExecutionRole" in json.dumps(managed)


def test_a_setting_has_one_owner(app: cdk.App, stack: cdk.Stack) -> None:
    """Two constructs cannot make the same setting; different ones they can."""
    AccountSettings(stack, "Settings", blob_mounting=True)
    second = cdk.Stack(app, "Second", env=ENV)

    with rejects("Second/Settings: defined-twice"):
        AccountSettings(second, "Settings", blob_mounting=False)

    assert [] == children(second)
    AccountSettings(second, "Others", registry_policy_scope="V2")


@pytest.mark.parametrize(
    ("keywords", "value"),
    [
        ({}, "basic_scan_version"),
        ({"registry_policy_scope": "V1"}, "'V1'"),
    ],
    ids=["nothing", "the old scope"],
)
def test_rejects_before_the_tree_is_touched(
    stack: cdk.Stack, keywords: dict[str, Any], value: str
) -> None:
    """Rejected settings leave no trace in the stack."""
    with rejects_value(value):
        AccountSettings(stack, "Settings", **keywords)

    assert [] == children(stack)
