"""How an environment is cut into stacks."""

import aws_cdk as cdk
import pytest

from ecr_constructs.model.names import construct_id
from stacks.stage import EnvironmentStage
from tests.app.conftest import Synth, Templates, environment, of_type

TEAMS = {"payments": {"repositories": ["payments/api"]}, "web-shop": {"repositories": ["web/shop"]}}


def test_each_team_has_a_stack_of_its_own(synth: Synth) -> None:
    """A stack is named after environment and team; the key has a stack of its own."""
    assert {"Prod/Key", "Prod/Payments", "Prod/WebShop"} == set(synth(environment(teams=TEAMS)))


def test_adding_a_repository_changes_one_stack_only(synth: Synth) -> None:
    """Other teams' templates stay as they are, and so do the repositories that were there."""
    before = synth(environment(teams=TEAMS))
    teams = {
        "payments": {"repositories": ["payments/a-new-one", "payments/api"]},
        "web-shop": {"repositories": ["web/shop"]},
    }
    after = synth(environment(teams=teams))
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["Prod/Payments"]
    assert before["Prod/Payments"]["Resources"].items() <= (
        after["Prod/Payments"]["Resources"].items()
    )


def test_names_that_differ_in_a_separator_are_different_repositories(synth: Synth) -> None:
    """`a/b-c`, `a/b_c` and `a/b.c` live side by side in one stack."""
    teams = {"a": {"repositories": ["a/b-c", "a/b_c", "a/b.c", "a/b/c", "a-b/c"]}}
    repositories = of_type(
        synth(environment("dev", profile="development", teams=teams))["Dev/A"],
        "AWS::ECR::Repository",
    )
    assert sorted(r["RepositoryName"] for r in repositories) == sorted(teams["a"]["repositories"])


def test_an_environment_without_its_own_key_has_no_key_stack(synth: Synth) -> None:
    """A key costs a dollar a month; development has none."""
    assert {"Dev/Payments", "Dev/WebShop"} == set(
        synth(environment("dev", profile="development", teams=TEAMS))
    )


def test_one_key_serves_every_repository(templates: Templates) -> None:
    """The production environment has one key, and CloudFormation keeps it while it is in use."""
    [export] = templates["Prod/Key"]["Outputs"].values()
    keys = {
        str(properties["EncryptionConfiguration"]["KmsKey"])
        for name, template in templates.items()
        if name.count("/") == 1 and name.startswith("Prod/")
        for properties in of_type(template, "AWS::ECR::Repository")
        if "EncryptionConfiguration" in properties
    }
    assert keys == {str({"Fn::ImportValue": export["Export"]["Name"]})}


def test_nothing_that_holds_images_goes_with_its_stack(templates: Templates) -> None:
    """Every repository and key is retained, and none is emptied."""
    kept = [
        (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for path, template in templates.items()
        for resource in template["Resources"].values()
        if not path.endswith("/Alerts")
        and resource["Type"] in ("AWS::ECR::Repository", "AWS::KMS::Key")
        and "EmptyOnDelete" not in resource["Properties"]
    ]
    # 35 repositories and a key; in each of two replicas 11 repositories and a key.
    assert kept == [("RetainExceptOnCreate", "Retain")] * (36 + 2 * 12)


def test_no_stack_needs_more_than_cloudformation(templates: Templates) -> None:
    """No function, no custom resource; roles only for what ECR itself creates, and for CI."""
    types = {r["Type"] for t in templates.values() for r in t["Resources"].values()}
    assert types == {
        *("AWS::ECR::RegistryPolicy", "AWS::ECR::ReplicationConfiguration"),
        *("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate", "AWS::Events::Rule"),
        *("AWS::IAM::OIDCProvider", "AWS::IAM::Policy", "AWS::IAM::Role"),
        *("AWS::KMS::Alias", "AWS::KMS::Key", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy"),
        *("AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy"),
    }


def test_alerts_are_a_stack_of_their_own(synth: Synth) -> None:
    """The listed addresses are notified of severe findings, in images at home only."""
    alerts = {"emails": ["a@example.com"], "severity": "CRITICAL"}
    templates = synth(environment(alerts=alerts, replica_regions=["eu-west-1"]))
    [subscription] = of_type(templates["Prod/Alerts"], "AWS::SNS::Subscription")
    rules = of_type(templates["Prod/Alerts"], "AWS::Events::Rule")

    assert subscription["Endpoint"] == "a@example.com"
    assert [["CRITICAL"]] == [
        rule["EventPattern"]["detail"]["severity"]
        for rule in rules
        if rule["EventPattern"]["source"] == ["aws.inspector2"]
    ]
    assert ["Prod/Alerts"] == [name for name in templates if name.endswith("/Alerts")]


def test_alerts_need_no_setting(synth: Synth) -> None:
    """`alerts: {}` makes a topic that others subscribe to, from HIGH upwards."""
    template = synth(environment("dev", profile="development", alerts={}))["Dev/Alerts"]

    assert [] == of_type(template, "AWS::SNS::Subscription")
    [output] = [value for name, value in template["Outputs"].items() if name == "TopicArn"]
    assert {"Ref"} == set(output["Value"])
    severities = [
        rule["EventPattern"]["detail"].get("severity")
        for rule in of_type(template, "AWS::Events::Rule")
    ]
    assert ["HIGH", "CRITICAL"] in severities


def test_key_administrators_are_in_the_key_policy(synth: Synth) -> None:
    """They may manage the key, and nothing lets them decrypt."""
    arn = "arn:aws:iam::111122223333:role/KeyAdmin"
    templates = synth(environment(key_administrators=[arn]))
    [key] = of_type(templates["Prod/Key"], "AWS::KMS::Key")
    [statement] = [s for s in key["KeyPolicy"]["Statement"] if s["Principal"] == {"AWS": arn}]
    assert [a for a in statement["Action"] if "crypt" in a.lower()] == []


@pytest.mark.parametrize(
    ("name", "expected"), [("dev", "Dev"), ("web-shop", "WebShop"), ("a-1-b", "A1B")]
)
def test_construct_ids_are_pascal_case(name: str, expected: str) -> None:
    """`cdk deploy 'Prod/WebShop'` names an environment and a team."""
    assert expected == construct_id(name)


def test_a_lock_denies_everyone_but_the_deploying_role_of_each_registry(synth: Synth) -> None:
    """A replica in another account is deployed by a role of that account."""
    replica = {"account": "444455556666", "region": "eu-west-1"}
    rendered = synth(
        environment(teams=TEAMS, replica_accounts=[replica], defaults={"deletion_lock": True})
    )

    for path, account, region in (
        ("Prod/Payments", "111122223333", "eu-central-1"),
        ("Prod/Account444455556666/EuWest1/Payments", "444455556666", "eu-west-1"),
    ):
        [repository] = of_type(rendered[path], "AWS::ECR::Repository")
        [statement] = (
            item
            for item in repository["RepositoryPolicyText"]["Statement"]
            if item["Effect"] == "Deny"
        )
        role = f"arn:aws:iam::{account}:role/cdk-hnb659fds-cfn-exec-role-{account}-{region}"
        assert {"ArnNotLike": {"aws:PrincipalArn": role}} == statement["Condition"]


@pytest.mark.parametrize("protected", [True, False])
def test_termination_protection(*, protected: bool) -> None:
    """Each stack of the environment is protected, those of replicas too."""
    app = cdk.App()
    stage = EnvironmentStage(
        app,
        environment(termination_protection=protected, replica_regions=["eu-west-1"]),
    )

    stacks = [item for item in stage.node.find_all() if isinstance(item, cdk.Stack)]
    assert len(stacks) == 6
    assert {protected} == {bool(stack.termination_protection) for stack in stacks}
