"""Findings, what nothing else speaks of, and the whole of a review."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ecr_constructs.cloudformation.acknowledgments import Acknowledgment
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.resource_types import REPLICATION
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.document import plain
from ecr_constructs.report.review import blocks, to_github, to_json
from ecr_constructs.review import Review, review
from ecr_constructs.review.analyzers import repeated, rest
from ecr_constructs.review.analyzers.findings import Counts
from ecr_constructs.review.comparison import Comparison
from ecr_constructs.review.phrases import format_value, join_names
from tests.support.compared import API, Given, only, reviewed
from tests.support.rule_examples.build import HOME, allow, repository, resource

MOVING = repository(RepositoryName="payments/api", ImageTagMutability="MUTABLE")
TOPIC = "AWS::SNS::Topic"


NEITHER = Counts(new=0, known=0, gone=0)
SCANLESS = repository(RepositoryName="payments/api", ImageScanningConfiguration={})
TAGGED = {**MOVING, "Properties": {**MOVING["Properties"], "Tags": [{"Key": "a", "Value": "b"}]}}
# Both sides, the kinds of the changes, and the numbers of findings.
FINDINGS: dict[str, tuple[Given, Given, list[str], Counts]] = {
    "no change": ({"Api": MOVING}, {"Api": MOVING}, [], NEITHER),
    # CloudFormation does not act on metadata.
    "metadata": ({"Api": API}, {"Api": {**API, "Metadata": {"by": "cdk"}}}, [], NEITHER),
    "a new finding": ({"Api": API}, {"Api": SCANLESS}, ["weakened"], Counts(1, 0, 0)),
    "an old finding": ({"Api": MOVING}, {"Api": TAGGED}, ["other"], Counts(0, 1, 0)),
    "a finding less": ({"Api": MOVING}, {"Api": API}, ["strengthened"], Counts(0, 0, 1)),
    # A finding is not new under another logical ID.
    "a move": ({"Api": MOVING}, {"Server": MOVING}, ["replaced"], Counts(0, 1, 0)),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings_are_counted(case: str) -> None:
    """Only new ones are listed."""
    before, after, kinds, counts = FINDINGS[case]
    result = reviewed(before, after)

    assert (kinds, counts) == ([change.kind for change in result.changes], result.findings)


def test_new_finding_names_its_rule() -> None:
    """With severity, path and controls as `check` reports them."""
    [finding] = only(reviewed({"Api": API}, {"Api": SCANLESS})).findings

    assert ("warning", "ECR013") == (finding.severity, finding.after["rule"])
    assert {"rule", "path", "controls"} == set(finding.after)
    assert finding.summary.startswith("ECR013 Api: ")
    assert 1 == len(finding.details)


def suppressing(rule: str, reason: str | None) -> dict[str, Any]:
    """Return a repository with movable tags that suppresses a rule, or nothing."""
    entry = {"rule": rule, "reason": reason}
    metadata = {"Metadata": {"ecr-constructs": {"suppress": [entry]}}} if reason else {}
    return {"Api": {**OPEN, **metadata}}


EVERYONE = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
OPEN = repository(
    RepositoryName="payments/api",
    ImageTagMutability="MUTABLE",
    RepositoryPolicyText={"Version": "2012-10-17", "Statement": [EVERYONE]},
)
WARNED, NOTED = ("finding", "warning"), ("finding", "note")
# The rule, the reason before and after; what is reported, and the findings that are gone.
SUPPRESSIONS: dict[str, tuple[str, str | None, str | None, list[Any], int]] = {
    "an error": ("ECR206", None, "fine", [(*WARNED, ("suppressed",))], 0),
    "a warning": ("ECR012", None, "fine", [(*NOTED, ("suppressed",))], 0),
    "another reason": ("ECR206", "fine", "approved", [(*NOTED, ("suppression-changed",))], 0),
    "the same": ("ECR206", "fine", "fine", [], 0),
    "no longer": ("ECR206", "fine", None, [("finding", "error", ())], 0),
}


@pytest.mark.parametrize("case", SUPPRESSIONS)
def test_suppressions_are_shown(case: str) -> None:
    """A finding that is silenced is not gone."""
    rule, before, after, expected, gone = SUPPRESSIONS[case]
    result = reviewed(suppressing(rule, before), suppressing(rule, after))

    assert expected == [(change.kind, change.severity, change.codes) for change in result.changes]
    assert gone == result.findings.gone


def test_acknowledgments_of_the_app_are_shown() -> None:
    """They are next to the template, which does not change."""
    body = {"Resources": suppressing("ECR206", None)}
    acknowledged = Acknowledgment("ECR206", "fine", "Prod/Api", "EcrChecks", frozenset({"Api"}))
    plain = Template("Prod.json", body, *HOME, stack="Prod")
    silent = replace(plain, acknowledged=[acknowledged])
    change = only(review(TemplateSet([plain]), TemplateSet([silent])))

    assert ("suppressed",) == change.codes
    assert {"rule": "ECR206", "path": change.after["path"], "reason": "fine"} == change.after


def test_namesake_is_checked_again() -> None:
    """A repository that is the same on both sides may have got a namesake in another stack."""
    base: dict[str, Any] = {"A": {"Other": repository(RepositoryName="other")}, "B": {"Api": API}}
    head = {"A": {**base["A"], "Api": API}, "B": base["B"]}
    [finding] = [change for change in reviewed(base, head).changes if change.kind == "finding"]

    assert ("B", "Api") == finding.place
    assert "ECR003" == finding.after["rule"]


KMS = {"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:eu-central-1:111122223333:key/1-2"}
ENCRYPTED = repository(RepositoryName="payments/worker", EncryptionConfiguration=KMS)
WORKER = repository(RepositoryName="payments/worker")


def versions(analytics: str) -> dict[str, Any]:
    """Return CDK's own record of versions."""
    return {"CDKMetadata": resource("AWS::CDK::Metadata", {"Analytics": analytics})}


A_TOPIC = resource(TOPIC, {"DisplayName": "a", "FifoTopic": False})
B_TOPIC = {**resource(TOPIC, {"DisplayName": "b", "TracingConfig": "Active"}), "Condition": "C"}
# Both sides, the resource, what it is called, and its change.
OTHERS: dict[str, tuple[Given, Given, list[tuple[str, str, str]]]] = {
    "new repositories": (
        {},
        {"Plain": WORKER, "Worker": ENCRYPTED},
        [("Plain", "IMMUTABLE, AES256", "new"), ("Worker", "IMMUTABLE, KMS", "new")],
    ),
    "a new resource": ({}, {"Topic": A_TOPIC}, [("Topic", "AWS::SNS::Topic Topic", "new")]),
    "a removed resource": ({"Gone": A_TOPIC}, {}, [("Gone", "AWS::SNS::Topic Gone", "removed")]),
    "changed properties": (
        {"Topic": A_TOPIC, **versions("v2:a")},
        {"Topic": B_TOPIC, **versions("v2:b")},
        [("Topic", "DisplayName", "changed DisplayName, TracingConfig, Condition")],
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_changes_are_a_note_each(case: str) -> None:
    """Properties are named; CDK's own metadata is not."""
    before, after, expected = OTHERS[case]
    changes = [change for change in reviewed(before, after).changes if change.kind == "other"]

    assert {"note"} == {change.severity for change in changes}
    assert [(resource_, (code,)) for resource_, _, code in expected] == [
        (change.resource, change.codes) for change in changes
    ]
    assert all(
        words in change.summary for (_, words, _), change in zip(expected, changes, strict=True)
    )


TASK = "AWS::ECS::TaskDefinition"
SECRET = "hunter2-very-secret"


def task(tag: str) -> dict[str, Any]:
    """Return a task definition with a secret that was rendered into it."""
    environment = [{"Name": "DB_PASSWORD", "Value": SECRET}]
    containers = [{"Name": "a", "Image": f"x:{tag}", "Environment": environment}]
    return resource(TASK, {"Family": "api", "ContainerDefinitions": containers})


# Both sides of resources that ECR configurations do not consist of, and the codes of the changes.
UNRELATED: dict[str, tuple[Given, Given, list[str]]] = {
    "a task definition": ({"It": task("v1")}, {"It": task("v2")}, ["changed ContainerDefinitions"]),
    "a database": (
        {"It": resource("AWS::RDS::DBInstance", {"DBName": "a", "MasterUserPassword": SECRET})},
        {"It": resource("AWS::RDS::DBInstance", {"DBName": "b", "MasterUserPassword": "b"})},
        ["changed DBName, MasterUserPassword"],
    ),
    "a custom resource": (
        {"It": resource("Custom::It", {"Token": SECRET})},
        {"It": resource("Custom::It", {"Token": "b"})},
        ["changed Token"],
    ),
    "a secret": (
        {"It": resource("AWS::SecretsManager::Secret", {"Name": "a", "SecretString": SECRET})},
        {"It": resource("AWS::SecretsManager::Secret", {"Name": "b", "SecretString": "b"})},
        ["changed Name, SecretString"],
    ),
    "a move": (
        {"A": {"It": task("v1")}, "B": {}},
        {"A": {}, "B": {"It": task("v1")}},
        ["new", "removed"],
    ),
    "new": ({}, {"It": task("v1")}, ["new"]),
    "removed": ({"It": task("v1")}, {}, ["removed"]),
}
# Secrets in types whose other values are shown.
HOOK = "https://hooks.example.com/"
SECRETS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a password": (
        "AWS::IAM::User",
        {"LoginProfile": {"Password": SECRET}},
        {"LoginProfile": {"Password": "b"}},
    ),
    "the address of a webhook": (
        "AWS::SNS::Topic",
        {"Subscription": [{"Protocol": "https", "Endpoint": f"{HOOK}{SECRET}"}]},
        {"Subscription": [{"Protocol": "https", "Endpoint": f"{HOOK}b"}]},
    ),
    "a create-only address": (
        "AWS::SNS::Subscription",
        {"Protocol": "https", "Endpoint": f"{HOOK}{SECRET}"},
        {"Protocol": "https", "Endpoint": f"{HOOK}b"},
    ),
    "an added webhook": (
        "AWS::SNS::Topic",
        {"Subscription": []},
        {"Subscription": [{"Protocol": "https", "Endpoint": f"{HOOK}{SECRET}"}]},
    ),
    "the input of a target": (
        "AWS::Events::Rule",
        {"Targets": [{"Id": "a", "Input": f'{{"token": "{SECRET}"}}'}]},
        {"Targets": [{"Id": "a", "Input": "{}"}]},
    ),
}


def everything(result: Review) -> str:
    """Return a review in all formats."""
    document = json.dumps(to_json(result))
    return "\n".join([document, plain(blocks(result)), to_markdown(result), to_github(result)])


@pytest.mark.parametrize("case", UNRELATED)
def test_unrelated_resources_are_notes_without_values(case: str) -> None:
    """Deploying another image tag is neither a warning nor does it show an environment."""
    before, after, codes = UNRELATED[case]
    result = reviewed(before, after)

    assert {("other", "note")} == {(change.kind, change.severity) for change in result.changes}
    assert codes == sorted(code for change in result.changes for code in change.codes)
    assert SECRET not in everything(result)


@pytest.mark.parametrize("case", SECRETS)
def test_secrets_are_not_shown(case: str) -> None:
    """In no format, whichever analyzer reports the change."""
    kind, before, after = SECRETS[case]
    result = reviewed({"It": resource(kind, before)}, {"It": resource(kind, after)})

    assert result.changes
    assert SECRET not in everything(result)


@pytest.mark.parametrize("secret", [SECRET, "s3", 123456789])
@pytest.mark.parametrize("extra", [{}, {"AllowedValues": ["x"]}])
def test_masked_parameters_are_not_shown(secret: Any, extra: Any) -> None:
    """Neither the default nor an allowed value of a parameter with NoEcho."""

    def side(value: Any) -> TemplateSet:
        parameter = {"Type": "String", "NoEcho": True, "Default": value, **extra}
        parameters = {"Given": parameter, "Other": {"Type": "String"}, "Odd": []}
        tags = [{"Key": "a", "Value": value}, {"Key": str(value), "Value": "b"}]
        topic = resource(TOPIC, {"DisplayName": f"{value}", "Tags": tags})
        body = {"Parameters": parameters, "Resources": {"Topic": topic}}
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    result = review(side(secret), side("another one"))
    assert result.changes
    assert str(secret) not in everything(result)


def test_suppressed_finding_is_not_a_detail() -> None:
    """It is reported on its own, as any change that repeats nothing."""
    weaker = replace(only(reviewed({"Api": API}, {"Api": MOVING})), findings=())
    [finding] = only(reviewed({"Api": API}, {"Api": MOVING})).findings
    others = [
        replace(finding, codes=("suppressed",)),
        replace(finding, after=None),
        replace(finding, severity=Severity.ERROR),
        replace(finding, resource="Web"),
        replace(finding, after={**finding.after, "rule": "ECR011"}),
        replace(finding, after={**finding.after, "path": "Properties.Tags[0]"}),
    ]

    assert [weaker, *others] == repeated.joined([weaker, *others])
    [change] = repeated.joined([finding, weaker])
    assert (finding,) == change.findings


@pytest.mark.parametrize(("kind", "is_hidden"), [(TASK, True), (TOPIC, False)])
def test_defaults_and_outputs_of_other_resources_are_not_shown(
    kind: str, *, is_hidden: bool
) -> None:
    """A parameter of a database may be a password without NoEcho, an output a connection."""

    def side(value: str) -> TemplateSet:
        body = {
            "Parameters": {"Given": {"Type": "String", "Default": value}},
            "Outputs": {"Address": {"Value": f"postgres://{value}"}},
            "Resources": {"It": resource(kind, {"DisplayName": {"Ref": "Given"}})},
        }
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    result = review(side(SECRET), side("other"))
    codes = {code for change in result.changes for code in change.codes}

    assert {"default-changed", "outputs-changed"} <= codes
    assert is_hidden == (SECRET not in everything(result))
    assert f"postgres://{SECRET}" not in everything(result)


def test_mailboxes_are_shown() -> None:
    """They are no credentials, and reviewers have to know whose alerts change."""
    topics = [
        resource(TOPIC, {"Subscription": [{"Protocol": "email", "Endpoint": f"{name}@x.test"}]})
        for name in "ab"
    ]
    assert "a@x.test" in everything(reviewed({"It": topics[0]}, {"It": topics[1]}))


PULLS = {"Version": "2012-10-17", "Statement": [allow("ecr:BatchGetImage", Sid="A")]}
PULLS_TOO = {"Version": "2012-10-17", "Statement": [allow(["ecr:BatchGetImage"], Sid="B")]}


def replicating(*prefixes: str) -> dict[str, Any]:
    """Return the replication of two prefixes."""
    filters = [{"Filter": prefix, "FilterType": "PREFIX_MATCH"} for prefix in prefixes]
    rule = {"Destinations": [{"Region": "eu-west-1", "RegistryId": HOME[0]}]}
    rules = [{**rule, "RepositoryFilters": filters}]
    return resource(REPLICATION, {"ReplicationConfiguration": {"Rules": rules}})


def api_of(**properties: Any) -> dict[str, Any]:
    """Return a repository."""
    return {"Api": repository(RepositoryName="payments/api", **properties)}


# Both sides, the codes, and parts of the summary.
VALUES: dict[str, tuple[Given, Given, tuple[str, ...], tuple[str, ...]]] = {
    "a tag": (
        api_of(Tags=[{"Key": "team", "Value": "a"}, {"Key": "tier", "Value": "1"}]),
        api_of(Tags=[{"Key": "tier", "Value": "1"}, {"Key": "team", "Value": "b"}]),
        ("changed Tags",),
        ("Tags.team changes from a to b",),
    ),
    "an attribute": (
        {"Topic": A_TOPIC},
        {"Topic": {**A_TOPIC, "DeletionPolicy": "Retain"}},
        ("changed DeletionPolicy",),
        ("DeletionPolicy changes from absent to Retain",),
    ),
    "an unknown value": (
        {"Topic": resource(TOPIC, {"DisplayName": "a"})},
        {"Topic": resource(TOPIC, {"DisplayName": {"Ref": "Name"}})},
        ("changed DisplayName",),
        ("DisplayName may change from a to ",),
    ),
    "an attribute of a resource": (
        {"Topic": resource(TOPIC, {"DisplayName": "a"}), "Other": A_TOPIC},
        {"Topic": resource(TOPIC, {"DisplayName": {"Ref": "Other"}}), "Other": A_TOPIC},
        ("changed DisplayName",),
        ("DisplayName changes from a to ",),
    ),
    "a policy that is written differently": (
        api_of(RepositoryPolicyText=PULLS),
        api_of(RepositoryPolicyText=PULLS_TOO),
        ("same-access",),
        ("allows the same",),
    ),
    "replication that is written differently": (
        {"R": replicating("a/", "b/")},
        {"R": replicating("b/", "a/", "a/b/")},
        ("changed ReplicationConfiguration", "same-effect"),
        ("; it replicates the same",),
    ),
    "replication with an unknown part": (
        {"R": resource(REPLICATION, {"ReplicationConfiguration": {"Rules": []}})},
        {"R": resource(REPLICATION, {"ReplicationConfiguration": {"Rules": {"Ref": "Rules"}}})},
        ("changed ReplicationConfiguration", "effect-unknown"),
        ("; it is not known whether it replicates the same",),
    ),
    "an order next to another difference": (
        {"Topic": resource(TOPIC, {"Subscription": [{"a": ["a", "b"], "b": 1}]})},
        {"Topic": resource(TOPIC, {"Subscription": [{"a": ["b", "a"], "b": 2}]})},
        ("changed Subscription",),
        ("Subscription[0].b changes from 1 to 2",),
    ),
    "items of a list": (
        {"Topic": resource(TOPIC, {"Subscription": ["a", "b"]})},
        {"Topic": resource(TOPIC, {"Subscription": ["b", "c", "d"]})},
        ("changed Subscription",),
        ("Subscription[0] changes from a to absent; Subscription[1] changes from absent to c",),
    ),
    "a member of an item": (
        {"Topic": resource(TOPIC, {"Subscription": ["b", {"Protocol": "sqs", "A": 1}]})},
        {"Topic": resource(TOPIC, {"Subscription": [{"A": 1, "Protocol": "sms"}, "b"]})},
        ("changed Subscription",),
        ("Subscription[0].Protocol changes from sqs to sms",),
    ),
    "items that are no tags": (
        {"Topic": resource(TOPIC, {"Tags": [{"Key": "a", "Value": 1}, {"Key": "a", "Value": 1}]})},
        {"Topic": resource(TOPIC, {"Tags": [{"Key": "a", "Value": 2}, {"Key": "a", "Value": 1}]})},
        ("changed Tags",),
        ("Tags[0].Value changes from 1 to 2",),
    ),
    "a long text": (
        {"Topic": resource(TOPIC, {"DisplayName": f"{'x' * 200}a"})},
        {"Topic": resource(TOPIC, {"DisplayName": f"{'x' * 200}b"})},
        ("changed DisplayName",),
        ("xa to …x",),
    ),
    "a JSON text": (
        {"Topic": resource(TOPIC, {"ArchivePolicy": '{"MessageRetentionPeriod": 1}'})},
        {"Topic": resource(TOPIC, {"ArchivePolicy": '{"MessageRetentionPeriod": 2}'})},
        ("changed ArchivePolicy",),
        ("ArchivePolicy.MessageRetentionPeriod changes from 1 to 2",),
    ),
    "a text like JSON": (
        {"Topic": resource(TOPIC, {"DisplayName": "[a"})},
        {"Topic": resource(TOPIC, {"DisplayName": "[b"})},
        ("changed DisplayName",),
        ("DisplayName changes from [a to [b",),
    ),
    "an unknown new repository": (
        {},
        {"Api": repository(ImageTagMutability={"Ref": "A"}, RepositoryName="payments/api")},
        ("new",),
        ("is new: tag mutability not known, AES256",),
    ),
}


@pytest.mark.parametrize("case", VALUES)
def test_values_are_shown_before_and_after(case: str) -> None:
    """By the path of each difference, or by property if there are many."""
    before, after, codes, parts = VALUES[case]
    changes = reviewed(before, after).changes
    [change] = [change for change in changes if change.kind == "other"]

    assert codes == change.codes
    assert all(part in change.summary for part in parts), change.summary
    if change.properties:
        names = list(change.properties)
        assert codes[0] in ("same-access", f"changed {', '.join(names)}")
        assert names == list(change.before) == list(change.after)


@pytest.mark.parametrize(
    ("names", "values", "expected"),
    [
        (("A", "A"), ("dev", "prod"), ("Env", "dev", "prod")),
        (("A", "B"), ("dev", "dev"), ("Condition changes from A to B",)),
    ],
    ids=["a definition", "a name"],
)
def test_conditions_are_shown(
    names: tuple[str, str], values: tuple[str, str], expected: tuple[str, ...]
) -> None:
    """A condition with another name, or its expressions if it is defined differently."""

    def side(name: str, value: str) -> TemplateSet:
        ref: dict[str, Any] = {"Ref": "Env"}
        other = {"Fn::Equals": [ref, "test"]}
        conditions = {"A": {"Fn::Equals": [ref, value]}, "B": other}
        topic = {**A_TOPIC, "Condition": name}
        parameters = {"Env": {"Type": "String"}}
        body = {"Parameters": parameters, "Conditions": conditions, "Resources": {"Topic": topic}}
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    base, head = map(side, names, values)
    [change] = rest.changes(Comparison(base, head), ())

    assert ("changed Condition",) == change.codes
    assert all(text in change.summary for text in expected)


def test_many_differences_are_details() -> None:
    """The sentence names the properties only."""
    tags = [
        resource(TOPIC, {"Tags": [{"Key": f"k{number}", "Value": value} for number in range(12)]})
        for value in "ab"
    ]
    change = only(reviewed({"Topic": tags[0]}, {"Topic": tags[1]}))

    assert "AWS::SNS::Topic Topic: Tags changes" == change.summary
    assert (11, "… and 2 more differences.") == (len(change.details), change.details[-1])


def test_condition_that_no_longer_holds_removes() -> None:
    """A resource is created only if its condition holds."""

    def side(*, wanted: str) -> TemplateSet:
        values = {"Wanted": wanted, "Never": "no"}
        conditions = {name: {"Fn::Equals": [value, "yes"]} for name, value in values.items()}
        never = repository(RepositoryName=f"never/{wanted}") | {"Condition": "Never"}
        resources = {"Api": {**API, "Condition": "Wanted"}, "Never": never}
        body = {"Conditions": conditions, "Resources": resources}
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    assert "removed" == only(review(side(wanted="yes"), side(wanted="no"))).kind


def test_value_behind_a_reference_is_a_change() -> None:
    """Equal texts have other values if their mapping differs."""

    def side(description: str) -> TemplateSet:
        named = {"Fn::FindInMap": ["M", "a", "tag"]}
        tagged = repository(RepositoryName="payments/api", Tags=[{"Key": "team", "Value": named}])
        body = {"Mappings": {"M": {"a": {"tag": description}}}, "Resources": {"Api": tagged}}
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    change = only(review(side("one"), side("two")))
    assert ("changed Tags",) == change.codes
    assert "Tags.team changes from one to two" in change.summary


def test_long_lists_and_values_are_cut() -> None:
    """A sentence stays readable."""
    assert "a, b and c" == join_names("abc")
    assert "a, b, c, d and 3 more" == join_names("abcdefg")
    assert "absent" == format_value(None)
    assert ["1 image", "2,000 images"] == [pluralize(1, "image"), pluralize(2000, "image")]
    assert f"{'x' * 119}…" == format_value("x" * 200)
