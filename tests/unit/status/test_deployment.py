"""Who wins at the next deployment, by what is deployed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.snapshot.document import Record
from tests.support.snapshots import answered, denied, repository
from tests.support.status_examples import (
    HERE,
    PULL,
    RESOURCES,
    allow,
    changed,
    compared,
    deployed,
    live,
    only,
    resource,
    stacks,
    template,
    unknown,
)

KMS = {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-central-1:111122223333:key/k-1"}
LAMBDA = {
    "Sid": "LambdaECRImageRetrievalPolicy",
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
}
BY_LAMBDA = {"policy": {**PULL, "Statement": [*PULL["Statement"], LAMBDA]}}
UNCHANGED = [deployed()]
CHANGED = [deployed(changed(Tags=[{"Key": "team", "Value": "old"}]))]
NEW = [deployed({name: item for name, item in RESOURCES.items() if name != "Api"})]
UNDEPLOYED = [stacks("other")]
UNREADABLE = [
    answered(
        "GetTemplate",
        {"StackName": "prod", "TemplateStage": "Processed"},
        {"TemplateBody": "{"},
        service="cloudformation",
    )
]

WINNERS: Mapping[str, tuple[Mapping[str, Any], Sequence[Record], str]] = {
    "unchanged": (BY_LAMBDA, UNCHANGED, "live"),
    "changed": (BY_LAMBDA, CHANGED, "declared"),
    "new": (BY_LAMBDA, NEW, "fails"),
    "stack is new": (BY_LAMBDA, UNDEPLOYED, "fails"),
    "stack is there, template is not": (BY_LAMBDA, [stacks("prod")], "not-known"),
    "not asked": (BY_LAMBDA, [], "not-known"),
    "unreadable": (BY_LAMBDA, UNREADABLE, "not-known"),
    "encryption, unchanged": ({"encryptionConfiguration": KMS}, UNCHANGED, "live"),
    "encryption, changed otherwise": ({"encryptionConfiguration": KMS}, CHANGED, "live"),
    "encryption, new": ({"encryptionConfiguration": KMS}, NEW, "fails"),
    "encryption, not asked": ({"encryptionConfiguration": KMS}, [], "not-known"),
    "encryption, changed": (
        {"encryptionConfiguration": KMS},
        [deployed(changed(EncryptionConfiguration={"EncryptionType": "KMS"}))],
        "fails",
    ),
}


@pytest.mark.parametrize(("api", "more", "winner"), WINNERS.values(), ids=WINNERS)
def test_who_wins(api: Mapping[str, Any], more: Sequence[Record], winner: str) -> None:
    """CloudFormation compares templates; what is not in the snapshot is said."""
    result = compared([*live(api=api), *more])
    item = only(result)
    assert item.deployment is not None
    assert winner == item.deployment.winner
    assert (winner == "not-known") == any(
        (item.source, item.operation) == ("cloudformation", "GetTemplate")
        for item in result.not_known
    )


def test_the_policy_that_lambda_added_is_deleted() -> None:
    """If the template declares none, and the deployment changes the repository."""
    alone = {"policy": {**PULL, "Statement": [LAMBDA]}}
    item = only(
        compared([*live(api=alone), *CHANGED], resources=changed(RepositoryPolicyText=None))
    )
    assert item.deployment is not None
    assert "declared" == item.deployment.winner
    assert "deletes" in item.deployment.sentence
    assert any("Lambda" in detail for detail in item.details)


@pytest.mark.parametrize(
    ("properties", "api"),
    [
        ({"ImageTagMutability": None}, {"imageTagMutability": "IMMUTABLE"}),
        ({"ImageScanningConfiguration": None}, {}),
    ],
)
def test_what_the_update_handler_leaves_alone(
    properties: Mapping[str, Any], api: Mapping[str, Any]
) -> None:
    """Mutability and scanning stay if the template declares none, whatever is deployed."""
    item = only(compared([*live(api=api), *CHANGED], resources=changed(**properties)))
    assert item.deployment is not None
    assert "live" == item.deployment.winner


def test_a_creation_template_is_reset() -> None:
    """What the template of a creation template does not declare is not kept."""
    hub = {**RESOURCES["Template"]["Properties"]}
    del hub["ResourceTags"]
    resources = {**RESOURCES, "Template": resource("RepositoryCreationTemplate", **hub)}
    item = only(compared([*live(), *UNCHANGED], resources=resources))
    assert ("tags", "declared") == (item.setting, item.deployment and item.deployment.winner)


@pytest.mark.parametrize(
    ("more", "winner"),
    [(UNCHANGED, "live"), (CHANGED, "fails"), (NEW, "declared"), ([], "not-known")],
)
def test_a_repository_that_is_gone(more: Sequence[Record], winner: str) -> None:
    """CloudFormation does not notice that somebody deleted it."""
    records = [record for record in live() if record.operation != "DescribeRepositories"]
    none = answered("DescribeRepositories", {}, {"repositories": []})
    item = only(compared([*records, none, *more]))
    assert ("existence", Severity.ERROR) == (item.setting, item.severity)
    assert item.deployment is not None
    assert winner == item.deployment.winner


RETAINED = resource("Repository", RepositoryName="old/api")
DELETED = {**RETAINED, "DeletionPolicy": "Delete"}


@pytest.mark.parametrize(
    ("old", "winner"), [(RETAINED, "live"), (DELETED, "declared"), (None, "live")]
)
def test_a_repository_that_left_the_template(old: Mapping[str, Any] | None, winner: str) -> None:
    """The next deployment deletes or retains it; one of no stack stays."""
    resources = {**RESOURCES, "Old": old} if old else RESOURCES
    item = only(compared([*live(repository("old/api")), deployed(resources)]))
    assert item.deployment is not None
    assert ("old/api", winner) == (item.subject, item.deployment.winner)


def test_an_undeclared_repository_of_unknown_stacks() -> None:
    """It is not known whether a deployment removes it."""
    item = only(compared(live(repository("old/api"))))
    assert item.deployment is not None
    assert "not-known" == item.deployment.winner


def test_a_repository_that_is_deleted_with_its_images() -> None:
    """The sentence does not say that it must be empty."""
    old = {**DELETED, "Properties": {**DELETED["Properties"], "EmptyOnDelete": True}}
    item = only(compared([*live(repository("old/api")), deployed({**RESOURCES, "Old": old})]))
    assert item.deployment is not None
    assert "empty" not in item.deployment.sentence


@pytest.mark.parametrize(
    ("gone", "changes", "winner"),
    [
        ("Policy", {"policy": allow("ecr:*", Resource="*")}, "fails"),
        ("Scanning", {"scan_type": "ENHANCED"}, "not-known"),
    ],
)
def test_a_setting_of_a_registry_that_a_stack_is_to_create(
    gone: str, changes: Mapping[str, Any], winner: str
) -> None:
    """The handlers of some reject what exists; those of others are not published."""
    rest = {name: item for name, item in RESOURCES.items() if name != gone}
    item = only(compared([*live(**changes), deployed(rest)]))
    assert item.deployment is not None
    assert (HERE, winner) == (item.subject, item.deployment.winner)


@pytest.mark.parametrize("name", ["Policy", "Replication", "Scanning", "Signing"])
def test_a_setting_of_a_registry_that_no_template_declares(name: str) -> None:
    """It is found, and whether a stack has it."""
    rest = {key: item for key, item in RESOURCES.items() if key != name}
    owned = {**RESOURCES, name: {**RESOURCES[name], "DeletionPolicy": "Delete"}}
    item = only(compared([*live(), deployed(owned)], resources=rest))
    assert HERE == item.subject
    assert item.deployment is not None
    assert "declared" == item.deployment.winner
    operation = {"Policy": "GetRegistryPolicy", "Replication": "DescribeRegistry"}.get(name, "")
    asked = [denied(item) if item.operation == operation else item for item in live()]
    assert (HERE in {subject for subject, _ in unknown(compared(asked, resources=rest))}) == bool(
        operation
    )
    alone = only(compared([*live(), deployed(rest)], resources=rest))
    assert alone.deployment is not None
    assert "live" == alone.deployment.winner


def test_a_template_that_aws_gives_in_yaml() -> None:
    """The deployed template is as somebody wrote it."""
    body = f"Resources: {json.dumps(dict(RESOURCES))}\n"
    request = {"StackName": "prod", "TemplateStage": "Processed"}
    yaml = answered("GetTemplate", request, {"TemplateBody": body}, service="cloudformation")
    item = only(compared([*live(api=BY_LAMBDA), yaml]))
    assert item.deployment is not None
    assert "live" == item.deployment.winner


def test_metadata_do_not_count_as_a_change() -> None:
    """CDK changes them with each version; CloudFormation does nothing about it."""
    api = {**RESOURCES["Api"], "Metadata": {"aws:cdk:path": "x"}}
    item = only(compared([*live(api=BY_LAMBDA), deployed({**RESOURCES, "Api": api})]))
    assert item.deployment is not None
    assert "live" == item.deployment.winner


def test_the_same_resource_written_differently_is_not_changed() -> None:
    """Functions are resolved on both sides."""
    api = {**RESOURCES["Api"], "Properties": {**RESOURCES["Api"]["Properties"]}}
    api["Properties"]["RepositoryName"] = {"Fn::Join": ["/", ["payments", "api"]]}
    item = only(compared([*live(api=BY_LAMBDA), deployed({**RESOURCES, "Api": api})]))
    assert item.deployment is not None
    assert "live" == item.deployment.winner


def test_a_nested_stack_has_a_name_that_is_not_known() -> None:
    """Its deployed template is not looked up under the name of its root."""
    nested = template(root=Path("root.json"))
    result = compared([*live(api=BY_LAMBDA), *UNCHANGED, stacks("x")], templates=[nested])
    item = only(result)
    assert item.deployment is not None
    assert "not-known" == item.deployment.winner
