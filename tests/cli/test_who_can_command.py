"""``ecr-constructs who-can``: its answers, how it ends, and its formats."""

import json
from pathlib import Path

import pytest

from ecr_constructs.snapshot.files import json_of
from tests.cli.conftest import Run
from tests.support.rule_examples.build import document
from tests.support.snapshots import ACCOUNT, refused
from tests.unit.access.accounts import (
    FAR,
    PULL,
    PULLS,
    api,
    arn,
    deny,
    details,
    pulls,
    role,
    role_detail,
    snapshots,
    trusting,
)

CI, DEV = arn("role/ci"), arn("role/dev")
LAMBDA = "lambda.amazonaws.com"
ASK = ("who-can", "pull", "payments/api")
SNAPSHOT = (*ASK, "--snapshot", "registry.json")


@pytest.fixture(autouse=True)
def _files() -> None:
    roles = [
        role_detail("ci", {**PULLS, "Sid": "Pull"}, trust=trusting({"AWS": DEV})),
        role_detail("dev"),
        role_detail("no", deny(PULL, Resource="*")),
    ]
    if_function = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    policy = [
        pulls({"AWS": FAR}),
        pulls({"Service": LAMBDA}, Condition=if_function),
        deny(
            "ecr:BatchDeleteImage", Principal="*", Condition={"Bool": {"aws:ViaAWSService": "true"}}
        ),
    ]
    managed = {
        "PolicyName": "logs",
        "Arn": arn("policy/logs"),
        "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": True, "Document": document(PULLS)}
        ],
    }
    attached = [{"PolicyName": "logs", "PolicyArn": arn("policy/logs")}]
    roles.append(role_detail("logs", AttachedManagedPolicies=attached))
    [source] = snapshots(details(RoleDetailList=roles, Policies=[managed]), policy=policy)
    Path("registry.json").write_text(json_of(source), encoding="utf-8")
    resources = {**api(pulls("*")), "Ci": role(PULLS, RoleName="ci")}
    registry = {
        "Type": "AWS::ECR::RegistryPolicy",
        "Properties": {"PolicyText": document(deny("ecr:PutImage", Principal="*", Resource="*"))},
    }
    body = {"Resources": resources | {"Registry": registry}}
    Path("app.template.json").write_text(json.dumps(body), encoding="utf-8")


STATUSES = {CI: (0, "yes"), DEV: (0, "yes"), arn("role/no"): (1, "no"), LAMBDA: (4, "not-known")}


@pytest.mark.parametrize("principal", STATUSES)
def test_the_exit_status(run: Run, principal: str) -> None:
    """0 for yes, 1 for no, 4 for not known."""
    result = run(*SNAPSHOT, "--principal", principal, "--format", "json")

    assert STATUSES[principal] == (result.status, result.json["answer"])
    assert principal == result.json["principal"]
    assert "organizations" in {gap["source"] for gap in result.json["notKnown"]}


def test_the_chain(run: Run) -> None:
    """Each step names its policy and statement."""
    result = run(*SNAPSHOT, "--principal", DEV, "--format", "json").json
    [first, last] = result["principals"][0]["chain"]

    assert (DEV, CI) == (first["principal"], first["assumes"])
    assert ("1", "allows") == (first["reasons"][0]["statement"], first["reasons"][0]["effect"])
    assert (CI, None) == (last["principal"], last["assumes"])
    assert "Pull" == last["reasons"][0]["statement"]
    assert "inline policy own of role ci" == last["reasons"][0]["policy"]
    assert {"ecr:GetAuthorizationToken", *PULL} == {*last["reasons"][0]["actions"]}


def test_what_it_depends_on(run: Run) -> None:
    """A condition that only the request meets is named."""
    result = run(*SNAPSHOT, "--principal", LAMBDA, "--format", "json").json
    [step] = result["principals"][0]["chain"]

    assert [[f"aws:SourceAccount is {ACCOUNT}"]] == [item["dependsOn"] for item in step["reasons"]]


def test_the_list(run: Run) -> None:
    """Without a principal it is a list, and the status is 0."""
    result = run(*SNAPSHOT, "--format", "json")

    assert 0 == result.status
    assert result.json["answer"] is None
    answers = {item["principal"]: item["answer"] for item in result.json["principals"]}
    assert {"yes"} == {answers[name] for name in (CI, DEV, arn("role/logs"), arn("root", FAR))}
    assert arn("role/no") not in answers


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_formats(run: Run, form: str) -> None:
    """Each format has the answer, the policies and what is not known."""
    listed = run(*SNAPSHOT, "--format", form).out
    one = run(*SNAPSHOT, "--principal", DEV, "--format", form).out
    denied = run(*SNAPSHOT, "--principal", arn("role/no"), "--format", form).out
    far = run(*SNAPSHOT, "--principal", arn("role/x", FAR), "--format", form).out
    root = run(*SNAPSHOT, "--principal", ACCOUNT, "--format", form).out
    function = run(*SNAPSHOT, "--principal", LAMBDA, "--format", form).out

    for text, shown in (
        (listed, "policy logs"),
        (one, "assumes"),
        (one, "statement Pull allows"),
        (denied, "denies"),
        (far, "its policies were not read"),
        (root, "its own account allows it everything"),
        (function, "may allow"),
        (function, "aws:SourceAccount"),
    ):
        assert shown in text.replace("`", "")
    assert all("organizations ListPolicies" in text.replace("`", "") for text in (listed, one))


def test_templates(run: Run) -> None:
    """Templates are asked in the same way, and say that they are not all."""
    result = run(*ASK, "--templates", "app.template.json", "--format", "json").json

    assert "templates" in {gap["source"] for gap in result["notKnown"]}
    assert "yes" in {item["answer"] for item in result["principals"]}
    push = ("who-can", "push", "payments/api", "--templates", "app.template.json")
    denied = run(*push, "--principal", FAR, "--format", "json")
    assert 1 == denied.status
    policies = {
        reason["policy"]
        for step in denied.json["principals"][0]["chain"]
        for reason in step["reasons"]
    }
    assert "the registry policy" in policies
    nobody = run(*push).out
    assert "no principal" in nobody


WRONG: dict[tuple[str, ...], str] = {
    (*ASK, "--templates", "app.template.json", "--region", "eu-west-1"): "argument-without-live",
    (*ASK, "--templates", "app.template.json", "--profile", "x"): "argument-without-live",
    (*SNAPSHOT, "--principal", "ci"): "principal-form",
    (*SNAPSHOT, "--principal", ""): "principal-form",
    ("who-can", "pull", "other", "--snapshot", "registry.json"): "repository-missing",
    ("who-can", "pull", "other", "--templates", "app.template.json"): "repository-missing",
    (*ASK, "--snapshot", "gone.json"): "snapshot-unreadable",
    (*ASK, "--snapshot", ""): "argument-empty",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_inputs(run: Run, arguments: tuple[str, ...]) -> None:
    """One line, and status 2."""
    result = run(*arguments)

    assert (2, [WRONG[arguments]]) == (result.status, result.codes)


def test_what_was_not_read_is_shown(run: Run) -> None:
    """Without roles, a principal is not known, in every format."""
    [source] = snapshots(refused("GetAccountAuthorizationDetails", service="iam"))
    Path("registry.json").write_text(json_of(source), encoding="utf-8")
    for form in ("text", "json", "markdown"):
        result = run(*SNAPSHOT, "--principal", CI, "--format", form)

        assert 4 == result.status
        assert "AccessDeniedException" in result.out
