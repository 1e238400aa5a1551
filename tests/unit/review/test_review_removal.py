"""Resources that a pull request removes or replaces, and those that it protects less."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import (
    PULL_TIME_EXCLUSION,
    REPLICATION,
    ROLE,
    SCANNING,
)
from ecr_constructs.cloudformation.update_behavior import AUTO_DELETE, create_only
from ecr_constructs.review import Change
from tests.support.compared import API, UNKEPT, Given, only, reviewed
from tests.support.rule_examples.build import (
    HOME,
    KEEPS,
    creation_template,
    get_att,
    key,
    repository,
    resource,
)


def encrypted(configuration: Any, **others: Any) -> dict[str, Any]:
    """Return a repository with an encryption."""
    properties = {"RepositoryName": "payments/api", "EncryptionConfiguration": configuration}
    return repository(**properties, **others)


KMS = {"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:eu-central-1:111122223333:key/1-2"}
ENCRYPTED = encrypted(KMS)
UNRETAINED = repository(RepositoryName="payments/api", **UNKEPT)
EMPTIED = repository(RepositoryName="payments/api", EmptyOnDelete=True, **UNKEPT)
OTHER, TEMPLATE = repository(RepositoryName="payments/worker"), creation_template()


def changed(before: Given, after: Given, at: tuple[str | None, str | None] = HOME) -> list[Change]:
    """Return the changes without the findings of check."""
    listed = reviewed(before, after, at).changes
    return [change for change in listed if change.kind != "finding"]


# --- removed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "severity", "outcome"),
    [
        (API, "warning", "retained"),
        (UNRETAINED, "warning", "deleted-if-empty"),
        (EMPTIED, "error", "images-deleted"),
        (key(**UNKEPT), "error", "unreadable"),
        (key(), "warning", "retained"),
        (TEMPLATE, "warning", "deleted"),
    ],
    ids=["retained", "not retained", "emptied", "key", "retained key", "template"],
)
def test_removed_resource(before: dict[str, Any], severity: str, outcome: str) -> None:
    """The DeletionPolicy decides the outcome."""
    change = only(reviewed({"It": before, "Other": OTHER}, {"Other": OTHER}))

    assert ("removed", severity, (outcome,)) == (change.kind, change.severity, change.codes)
    assert ("It", before["Type"], ()) == (change.resource, change.before["type"], change.details)


LEAVING: dict[str, tuple[Any, str]] = {
    "images": ({"It": API}, "warning"),
    "images that a deletion of the stack would delete": ({"It": EMPTIED}, "warning"),
    "settings": ({"It": resource(REPLICATION, {})}, "warning"),
    "nothing of ECR": ({"It": resource("AWS::SQS::Queue", {})}, "note"),
}


@pytest.mark.parametrize("case", LEAVING)
def test_stack_that_leaves_the_app_stays(case: str) -> None:
    """CDK does not delete it, so nothing in it is removed."""
    resources, severity = LEAVING[case]
    change = only(reviewed({"Prod": resources, "Dev": {"It": OTHER}}, {"Dev": {"It": OTHER}}))

    kind = "other" if severity == "note" else "removed"
    assert (kind, severity, ("stays-deployed",)) == (change.kind, change.severity, change.codes)
    assert ("Prod", "") == change.place


def test_stack_without_resources_is_deleted() -> None:
    """CDK deletes it, as CloudFormation deletes a nested stack that is removed."""
    change = only(reviewed({"It": EMPTIED}, {}))

    assert ("error", ("images-deleted",)) == (change.severity, change.codes)
    assert 1 == len(change.details)


AUTO_DELETED = repository(
    RepositoryName="payments/api",
    Tags=[{"Key": "aws-cdk:auto-delete-images", "Value": "true"}],
    **UNKEPT,
)
EMPTYING = resource(AUTO_DELETE, {"RepositoryName": {"Ref": "Api"}})
AUTO = {"Api": AUTO_DELETED, "Empty": EMPTYING}
UNTAGGED = {"Api": UNRETAINED, "Empty": EMPTYING}
RENAMED_AUTO = {**AUTO_DELETED["Properties"], "RepositoryName": "payments/server"}
# Both sides, and the kind, severity and codes of the worst change.
EMPTIED_BY_CDK: dict[str, tuple[Any, Any, str]] = {
    "removed": (AUTO, {}, "removed error images-deleted"),
    "renamed": (
        AUTO,
        {**AUTO, "Api": {**AUTO_DELETED, "Properties": RENAMED_AUTO}},
        "replaced error images-deleted certain",
    ),
    "retained": (
        {**AUTO, "Api": {**AUTO_DELETED, **KEEPS}},
        {},
        "removed error images-deleted",
    ),
    "switched on": ({"Api": UNRETAINED}, AUTO, "unprotected error images-deleted"),
    "switched off": (AUTO, {"Api": UNRETAINED}, "strengthened note"),
    # The custom resource empties the repository that it names, unless CDK removes its tag too.
    "emptied": (AUTO, {"Api": AUTO_DELETED}, "images-deleted error auto-delete"),
    "another logical id": (
        AUTO,
        {"Api": AUTO_DELETED, "Other": EMPTYING},
        "images-deleted error auto-delete",
    ),
    "no tag": (UNTAGGED, {}, "removed warning deleted-if-empty"),
    "custom resource retained": (
        {"Api": AUTO_DELETED, "Empty": {**EMPTYING, "DeletionPolicy": "Retain"}},
        {},
        "removed warning deleted-if-empty",
    ),
}


@pytest.mark.parametrize("case", EMPTIED_BY_CDK)
def test_custom_resource_of_cdk_deletes_images(case: str) -> None:
    """Whether the repository is retained or not, as long as it has CDK's tag."""
    before, after, expected = EMPTIED_BY_CDK[case]
    change, *_ = changed(before, after)

    assert expected == " ".join([change.kind, change.severity, *change.codes])
    assert "payments/api" == change.repository


# --- less protected ---------------------------------------------------------------------------


RETAINED_ON_REPLACEMENT = {**API, "DeletionPolicy": "Delete"}
RETAINED_ON_DELETION = {**API, "UpdateReplacePolicy": "Delete"}
KEPT_UNLESS_NEW = {**API, "DeletionPolicy": "RetainExceptOnCreate"}
BOTH, ALL = "DeletionPolicy UpdateReplacePolicy", "DeletionPolicy UpdateReplacePolicy EmptyOnDelete"


@pytest.mark.parametrize(
    ("before", "after", "severity", "properties", "outcome"),
    [
        (API, RETAINED_ON_REPLACEMENT, "warning", "DeletionPolicy", "deleted-if-empty"),
        (API, RETAINED_ON_DELETION, "warning", "UpdateReplacePolicy", "deleted-if-empty"),
        (API, EMPTIED, "error", ALL, "images-deleted"),
        # EmptyOnDelete deletes images with which the repository alone would have stayed.
        (UNRETAINED, EMPTIED, "error", ALL, "images-deleted"),
        (key(), {**key(), **UNKEPT}, "error", BOTH, "unreadable"),
        (KEPT_UNLESS_NEW, RETAINED_ON_REPLACEMENT, "warning", "DeletionPolicy", "deleted-if-empty"),
    ],
    ids=[
        *("deletion", "replacement", "emptied", "emptied though not retained", "key"),
        "deletion, retained except on create",
    ],
)
def test_less_protected_resource(
    before: Any, after: Any, severity: str, properties: str, outcome: str
) -> None:
    """The reverted change protects better."""
    one, other = {"It": before}, {"It": after}
    [change], [back] = changed(one, other), changed(other, one)
    names = tuple(properties.split())

    assert ("unprotected", severity, names) == (change.kind, change.severity, change.properties)
    assert (outcome,) == change.codes
    assert ("strengthened", "note", names) == (back.kind, back.severity, back.properties)
    assert (change.before, change.after) == (back.after, back.before)


@pytest.mark.parametrize(("before", "after"), [(API, KEPT_UNLESS_NEW), (KEPT_UNLESS_NEW, API)])
def test_retaining_it_except_on_create_is_no_loss(before: Any, after: Any) -> None:
    """What exists is retained by both, so one note names the attribute."""
    change = only(reviewed({"Api": before}, {"Api": after}))

    code = ("changed DeletionPolicy",)
    assert ("other", "note", code) == (change.kind, change.severity, change.codes)


def test_emptying_a_retained_repository_is_no_loss() -> None:
    """EmptyOnDelete is idle while the repository is retained."""
    after = repository(RepositoryName="payments/api", EmptyOnDelete=True)
    idle = only(reviewed({"It": API}, {"It": after}))

    assert ("other", "note", ("changed EmptyOnDelete",)) == (idle.kind, idle.severity, idle.codes)


# --- replaced ---------------------------------------------------------------------------------

BY_REFERENCE = encrypted({**KMS, "KmsKey": get_att("Key")})
DEFAULT = encrypted({"EncryptionType": "AES256"})
BY_OTHER_REFERENCE = encrypted({**KMS, "KmsKey": get_att("Other")})
KEYS = {"Key": key(), "Other": key(Description="other")}
NAMELESS = repository()
NAMELESS_ENCRYPTED = repository(EncryptionConfiguration=KMS)
EMPTIED_AND_ENCRYPTED = encrypted(KMS, EmptyOnDelete=True, **UNKEPT)
RENAMED = repository(RepositoryName="payments/server")
UNKEPT_AND_ENCRYPTED = {**ENCRYPTED, "UpdateReplacePolicy": "Delete"}
FAILS, ENCRYPTION = "deployment-fails", "EncryptionConfiguration"
EMPTIED_AND_RENAMED = repository(RepositoryName="payments/server", EmptyOnDelete=True, **UNKEPT)
# A repository before and after, the property, and what happens.
REPLACED: dict[str, tuple[Any, Any, str, str]] = {
    # CloudFormation does not replace a resource with a custom name: nothing is lost.
    "a customer managed key": (API, ENCRYPTED, ENCRYPTION, f"error {FAILS} certain"),
    # AES256 is ECR's default, and declaring it still replaces the repository.
    "the default": (API, DEFAULT, ENCRYPTION, f"error {FAILS} certain"),
    "emptied": (EMPTIED, EMPTIED_AND_ENCRYPTED, ENCRYPTION, f"error {FAILS} certain"),
    # A key by reference may be the same key.
    "an unknown value": (ENCRYPTED, BY_REFERENCE, ENCRYPTION, f"error {FAILS} uncertain"),
    "another key": (BY_REFERENCE, BY_OTHER_REFERENCE, ENCRYPTION, f"error {FAILS} certain"),
    "no key": (BY_REFERENCE, API, ENCRYPTION, f"error {FAILS} certain"),
    # Two names are two repositories.
    "another name": (API, RENAMED, "RepositoryName", "warning retained certain"),
    "another name, not retained": (
        UNRETAINED,
        {**RENAMED, **UNKEPT},
        "RepositoryName",
        "warning deleted-if-empty certain",
    ),
    "another name, emptied": (
        EMPTIED,
        EMPTIED_AND_RENAMED,
        "RepositoryName",
        "error images-deleted certain",
    ),
    # The published handlers do not show which of both properties decides.
    "another name, emptied from now on": (
        UNRETAINED,
        EMPTIED_AND_RENAMED,
        "RepositoryName",
        "error images-deleted certain",
    ),
    "an unknown name": (
        API,
        repository(RepositoryName={"Ref": "Name"}),
        "RepositoryName",
        "warning retained uncertain",
    ),
    # Without a custom name CloudFormation replaces it.
    "no name": (
        NAMELESS,
        {**NAMELESS, **NAMELESS_ENCRYPTED},
        ENCRYPTION,
        "warning retained certain",
    ),
}


@pytest.mark.parametrize("case", REPLACED)
def test_create_only_property_replaces(case: str) -> None:
    """The custom name decides whether it does, the retention settings what happens to images."""
    before, after, name, codes = REPLACED[case]
    change, *_ = changed({"Api": before, **KEYS}, {"Api": after, **KEYS})

    assert ("replaced", codes) == (change.kind, " ".join([change.severity, *change.codes]))
    assert (name,) == change.properties
    assert ("Prod", "Api") == change.place
    assert list(change.before) == list(change.after) == [name]


def test_replacement_has_both_values() -> None:
    """References are readable, and the repository is the one that loses its images."""
    [change] = changed({"Api": API}, {"Api": ENCRYPTED})
    [unknown] = changed({"Api": ENCRYPTED, "Key": key()}, {"Api": BY_REFERENCE, "Key": key()})
    [renamed] = changed({"Api": API}, {"Api": RENAMED})

    assert ({ENCRYPTION: None}, {ENCRYPTION: KMS}) == (change.before, change.after)
    assert "payments/api" == change.repository == renamed.repository
    assert "${Key.Arn}" in unknown.details[0]
    assert "payments/server" in renamed.summary


def named(*names: str, **properties: Any) -> dict[str, Any]:
    """Return repositories that a loop makes."""
    return {
        f"Repo{place}": repository(RepositoryName=name, **properties)
        for place, name in enumerate(names)
    }


# Both sides; the codes of each change, by the name that it is about.
TAKEN: dict[str, tuple[Any, Any, list[str]]] = {
    "the first of a loop": (
        named("x/a", "x/b", "x/c", EmptyOnDelete=True, **UNKEPT),
        named("x/b", "x/c", EmptyOnDelete=True, **UNKEPT),
        [f"x/a {FAILS} certain", f"x/b {FAILS} certain", "x/c images-deleted"],
    ),
    "a swap": (
        named("x/a", "x/b"),
        named("x/b", "x/a"),
        [f"x/a {FAILS} certain", f"x/b {FAILS} certain"],
    ),
    "a new one": (
        named("x/a"),
        {**named("x/a"), "New": repository(RepositoryName="x/a")},
        [f"x/a {FAILS} certain name"],
    ),
    "one of a stack that left": (
        {"Old": named("x/a"), "Prod": named("x/b")},
        {"Prod": {**named("x/b"), "New": repository(RepositoryName="x/a")}},
        [f"x/a {FAILS} certain name", "None stays-deployed"],
    ),
    # The order in which both stacks are deployed is unknown.
    "one that another stack renames": (
        {"Old": named("x/a"), "Prod": named("x/b")},
        {"Old": named("x/c"), "Prod": {**named("x/b"), "New": repository(RepositoryName="x/a")}},
        [f"x/a {FAILS} uncertain name", "x/a retained certain"],
    ),
    "one that another stack removes": (
        {"Old": named("x/a"), "Prod": named("x/b")},
        {"Old": named("x/c"), "Prod": named("x/a")},
        [f"x/b {FAILS} uncertain", "x/a retained certain"],
    ),
    "a setting of a stack that left": (
        {"Old": {"A": resource(REPLICATION, {})}},
        {"Prod": {"B": resource(REPLICATION, {})}},
        [f"None {FAILS} certain name", "None stays-deployed"],
    ),
    "a role": (
        {"A": resource(ROLE, {"RoleName": "ci"})},
        dict.fromkeys("AB", resource(ROLE, {"RoleName": "ci"})),
        [f"None {FAILS} certain name"],
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_name_of_another_resource_is_rejected(case: str) -> None:
    """CloudFormation creates a resource before it deletes another one."""
    before, after, expected = TAKEN[case]
    losing = {"replaced", "removed", "deployment-fails"}
    changes = [change for change in changed(before, after) if change.kind in losing]

    assert expected == [f"{change.repository} {' '.join(change.codes)}" for change in changes]


def test_what_refers_to_a_replaced_resource_is_replaced() -> None:
    """A secret with another name has another ARN; a role without a name gets a new one."""
    exclusion = resource(PULL_TIME_EXCLUSION, {"PrincipalArn": get_att("Role")})
    other = resource(PULL_TIME_EXCLUSION, {"PrincipalArn": get_att("User")})
    before, after = (
        {"Role": resource(ROLE, {"Path": path}), "It": exclusion, "Other": other}
        for path in ("/a/", "/b/")
    )
    codes = {change.resource: change.codes for change in changed(before, after)}

    assert {"Role", "It"} == codes.keys()
    assert ("deleted", "certain") == codes["It"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"KeySpec": "RSA_2048"}, {}, ("error", (FAILS, "certain"))),
        ({"MultiRegion": False}, {"MultiRegion": True}, ("error", (FAILS, "certain"))),
        ({}, {"Origin": "AWS_KMS"}, None),
        ({}, {"MultiRegion": "false"}, None),
    ],
    ids=["key spec", "multi-Region", "the default", "the default as a text"],
)
def test_immutable_property_of_a_key_is_rejected(before: Any, after: Any, expected: Any) -> None:
    """CloudFormation does not replace a key."""
    changes = changed({"Key": key(**before)}, {"Key": key(**after)})
    replaced = [change for change in changes if change.kind == "replaced"]

    assert (
        [expected] if expected else [] == [(change.severity, change.codes) for change in replaced]
    )


def test_type_of_a_logical_id_cannot_change() -> None:
    """Nothing is removed, since the deployment fails."""
    change = only(reviewed({"It": EMPTIED}, {"It": resource("AWS::SNS::Topic", {})}))

    assert (FAILS, "error", (FAILS, "certain", "type")) == (
        change.kind,
        change.severity,
        change.codes,
    )


# By both places of a resource: both sides, the severity, and what happens.
MOVED: dict[str, tuple[Any, Any, str]] = {
    "Prod/Api to Prod/Server": ({"Api": API}, {"Server": API}, f"error {FAILS} certain"),
    "Payments/Api to Shop/Api": (
        {"Payments": {"Api": API}, "Shop": {}},
        {"Payments": {}, "Shop": {"Api": API}},
        f"error {FAILS} certain",
    ),
    # The order in which both stacks are deployed is unknown.
    "Payments/Api to Store/Api": (
        {"Payments": {"Api": EMPTIED}, "Store": {}},
        {"Payments": {}, "Store": {"Api": EMPTIED}},
        f"error images-deleted uncertain {FAILS}",
    ),
    "Prod/A to Prod/B": (
        {"A": resource(REPLICATION, {})},
        {"B": resource(REPLICATION, {})},
        f"error {FAILS} certain",
    ),
    "Prod/C to Prod/D": (
        {"C": resource(SCANNING, {})},
        {"D": resource(SCANNING, {})},
        f"error deleted uncertain {FAILS}",
    ),
    "Prod/R to Prod/S": (
        {"R": resource(ROLE, {"RoleName": "ci"})},
        {"S": resource(ROLE, {"RoleName": "ci"})},
        f"error {FAILS} certain",
    ),
    # Keys have no names; an equal new key is taken for the removed one.
    "Prod/Key to Prod/New": ({"Key": key(**UNKEPT)}, {"New": key()}, "error unreadable certain"),
    "Prod/T to Prod/U": ({"T": TEMPLATE}, {"U": TEMPLATE}, f"error {FAILS} certain"),
}


@pytest.mark.parametrize("case", MOVED)
def test_move_replaces(case: str) -> None:
    """CloudFormation identifies resources by stack and logical ID."""
    before, after, expected = MOVED[case]
    change = changed(before, after)[0]
    places = [f"{place['stack']}/{place['resource']}" for place in (change.before, change.after)]

    assert ("replaced", expected) == (change.kind, " ".join([change.severity, *change.codes]))
    assert (case, places[1]) == (" to ".join(places), "/".join(change.place))


def test_cache_cannot_be_replaced() -> None:
    """It has a custom name: its prefix."""
    rule = "AWS::ECR::PullThroughCacheRule"
    before, after = (
        resource(rule, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": url})
        for url in ("quay.io", "registry.k8s.io")
    )
    [change] = changed({"Quay": before}, {"Quay": after})

    assert ("error", (FAILS, "certain")) == (change.severity, change.codes)
    assert ("quay", ("UpstreamRegistryUrl",)) == (change.repository, change.properties)


DATA = Path("ecr_constructs/cloudformation/update_behavior.json")
CREATE_ONLY = json.loads(DATA.read_text(encoding="utf-8"))
SERVICES = ("AWS::ECR::", "AWS::KMS::", "AWS::IAM::", "AWS::SNS::")


@pytest.mark.parametrize("kind", sorted(kind for kind in CREATE_ONLY if kind.startswith(SERVICES)))
def test_every_create_only_property_replaces(kind: str) -> None:
    """Whatever the schema calls create-only is reported as replaced when it changes."""
    for path in create_only(kind):
        top, *inner = path.split("/")
        values = ["one", "two"]
        for name in reversed(inner):
            values = [{name: value} for value in values]  # type: ignore[misc]
        before, after = (resource(kind, {top: value}, **KEEPS) for value in values)
        changes = list(reviewed({"It": before}, {"It": after}).changes)

        assert (top,) in [change.properties for change in changes if change.kind == "replaced"]
