"""AccountSettings: the calls it makes, what it may do, and what stays."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import AccountSettings, RoleOptions
from tests.support.constructs import ENV, Template, new_app, of_type, template
from tests.support.errors import rejects


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of every setting."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    AccountSettings(
        stack,
        "Settings",
        basic_scan_version="AWS_NATIVE",
        registry_policy_scope="V2",
        blob_mounting=False,
    )
    return template(stack)


def put(name: str, value: str) -> str:
    """Return a call as CDK's custom resource writes it."""
    call = {
        "action": "PutAccountSetting",
        "service": "ECR",
        "parameters": {"name": name, "value": value},
        "physicalResourceId": {"id": name},
    }
    return json.dumps(call, separators=(",", ":"))


def test_every_setting_is_a_call(rendered: Template) -> None:
    """Each setting is put when it is created or changed, and nothing happens on deletion."""
    calls = of_type(rendered, "Custom::AWS").values()

    assert [
        {"Create": call, "Update": call, "InstallLatestAwsSdk": False}
        for call in (
            put("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"),
            put("REGISTRY_POLICY_SCOPE", "V2"),
            put("BLOB_MOUNTING", "DISABLED"),
        )
    ] == [{key: call[key] for key in call if key != "ServiceToken"} for call in calls]


def test_only_what_is_given_is_set(stack: cdk.Stack) -> None:
    """A setting that is not given is left as it is; the logical id is pinned."""
    AccountSettings(stack, "Settings", blob_mounting=True)

    [(logical_id, call)] = of_type(template(stack), "Custom::AWS").items()
    assert ("SettingsBlobMounting56FD889D", put("BLOB_MOUNTING", "ENABLED")) == (
        logical_id,
        call["Create"],
    )


def test_the_function_may_do_nothing_else(rendered: Template) -> None:
    """Its role may put account settings, and write its log."""
    [role] = of_type(rendered, "AWS::IAM::Role").values()
    [managed] = role["ManagedPolicyArns"]
    assert "AWSLambdaBasicExecutionRole" in json.dumps(managed)
    put_settings = {"Action": "ecr:PutAccountSetting", "Effect": "Allow", "Resource": "*"}
    assert {json.dumps([put_settings])} == {
        json.dumps(policy["PolicyDocument"]["Statement"])
        for policy in of_type(rendered, "AWS::IAM::Policy").values()
    }


def test_the_name_the_path_and_the_boundary_of_the_role(stack: cdk.Stack) -> None:
    """The function's role is defined with them, and may still only put settings."""
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits")
    options = RoleOptions(role_name="settings", path="/ecr/", permissions_boundary=boundary)
    AccountSettings(stack, "Settings", blob_mounting=True, role_options=options)

    rendered = template(stack)
    [role] = of_type(rendered, "AWS::IAM::Role").values()
    assert ("settings", "/ecr/") == (role["RoleName"], role["Path"])
    assert "policy/limits" in str(role["PermissionsBoundary"])
    [policy] = of_type(rendered, "AWS::IAM::Policy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    assert "ecr:PutAccountSetting" == statement["Action"]


OPTIONS = {
    "a name": ({"role_name": "a b"}, "role_name: role-name-format"),
    "a long name": ({"role_name": "a" * 65}, "role_name: role-name-format"),
    "a path": ({"path": "ecr/"}, "path: role-path-format"),
    "a long path": ({"path": f"/{'a' * 511}/"}, "path: role-path-format"),
}


@pytest.mark.parametrize(("keywords", "problem"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_iam_rejects(keywords: dict[str, str], problem: str) -> None:
    """They raise where they are written; deploy-time values pass."""
    with rejects(problem):
        RoleOptions(**keywords)  # type: ignore[arg-type]

    RoleOptions(role_name=cdk.Aws.STACK_NAME, path=cdk.Aws.STACK_NAME)
