"""`status`: what is as declared, what is not, and what nobody can tell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.snapshot.document import Record
from tests.support.snapshots import LIFECYCLE, cut, denied, replaced, repository, without
from tests.support.status_examples import (
    HERE,
    LIVE,
    PULL,
    RESOURCES,
    ROLE,
    allow,
    changed,
    compared,
    differing,
    live,
    only,
    unknown,
)

API, HUB = "payments/api", "creation template hub"
OTHER = {"rules": [{**LIFECYCLE["rules"][0], "rulePriority": 9}]}
FOR_LONGER = {
    "rules": [
        {
            **LIFECYCLE["rules"][0],
            "selection": {**LIFECYCLE["rules"][0]["selection"], "countNumber": 99},
        }
    ]
}
EVERYTHING: Mapping[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
KMS = {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-central-1:111122223333:key/k-1"}


def test_a_registry_that_is_as_declared() -> None:
    """Nothing differs, all is known, and every setting counts."""
    result = compared(live())
    assert (set(), set(), []) == (differing(result), unknown(result), [*result.findings])
    assert [] == [*result.not_known]
    assert 25 < result.same < 40


SPELLINGS: Mapping[str, Mapping[str, Any]] = {
    "order of actions": {"policy": allow("ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")},
    "account for its root": {
        "policy": allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", principal="444455556666")
    },
    "principal and action twice": {
        "policy": allow(
            *("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:batchgetimage"),
            principal=["arn:aws:iam::444455556666:root", "444455556666"],
        )
    },
    "case of actions": {"policy": allow("ECR:batchGetImage", "ecr:getdownloadurlforlayer")},
    "statement twice": {"policy": {**PULL, "Statement": PULL["Statement"] * 2}},
    "statement without a list": {"policy": {**PULL, "Statement": PULL["Statement"][0]}},
    "priority": {"lifecycle": OTHER},
    "aws tags": {"tags": {"team": "payments", "aws:tag": "x"}},
}


@pytest.mark.parametrize("api", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_the_same(api: Mapping[str, Any]) -> None:
    """Order, format and AWS's own tags do not count."""
    assert set() == differing(compared(live(api=api)))


MUTATIONS: Mapping[str, tuple[Mapping[str, Any], set[tuple[str, str]]]] = {
    "policy changed": ({"policy": allow("ecr:*")}, {(API, "repository-policy")}),
    "policy removed": ({"policy": None}, {(API, "repository-policy")}),
    "policy version": ({"policy": {**PULL, "Version": "2008-10-17"}}, {(API, "repository-policy")}),
    "policy not JSON": ({"policy": "{"}, {(API, "repository-policy")}),
    "odd statement": ({"policy": {**PULL, "Statement": ["x"]}}, {(API, "repository-policy")}),
    "lifecycle changed": ({"lifecycle": FOR_LONGER}, {(API, "lifecycle-policy")}),
    "lifecycle removed": ({"lifecycle": None}, {(API, "lifecycle-policy")}),
    "lifecycle odd": ({"lifecycle": "x" * 100}, {(API, "lifecycle-policy")}),
    "tag changed": ({"tags": {"team": "x"}}, {(API, "tags")}),
    "tag added": ({"tags": {"team": "payments", "x": ""}}, {(API, "tags")}),
    "tags removed": ({"tags": {}}, {(API, "tags")}),
    "mutable": ({"imageTagMutability": "MUTABLE"}, {(API, "tag-mutability")}),
    "exclusion": (
        {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "v*"}],
        },
        {(API, "tag-mutability")},
    ),
    "scan": ({"imageScanningConfiguration": {"scanOnPush": False}}, {(API, "scan-on-push")}),
    "encryption": ({"encryptionConfiguration": KMS}, {(API, "encryption")}),
    "late": ({"evaluated": "2026-11-20T00:00:00Z"}, {(API, "lifecycle-evaluation")}),
}


@pytest.mark.parametrize(("api", "expected"), MUTATIONS.values(), ids=MUTATIONS)
def test_a_change_of_a_repository(api: Mapping[str, Any], expected: set[tuple[str, str]]) -> None:
    """It is found and named, and nothing else is."""
    result = compared(live(api=api))
    assert (expected, set()) == (differing(result), unknown(result))
    assert API == only(result).repository


def _with(name: str, **members: Any) -> dict[str, Any]:
    [item] = LIVE[name]
    return {name: [{**item, **members}]}


REGISTRY_MUTATIONS: Mapping[str, tuple[Mapping[str, Any], set[tuple[str, str]]]] = {
    "policy": ({"policy": allow("ecr:*", Resource="*")}, {(HERE, "registry-policy")}),
    "no policy": ({"policy": None}, {(HERE, "registry-policy")}),
    "no replication": ({"replication": []}, {(HERE, "replication")}),
    "deletions": (
        _with("replication", deleteReplication={"enabled": True}),
        {(HERE, "replication")},
    ),
    "filter": (
        _with(
            "replication", repositoryFilters=[{"filter": "payments", "filterType": "PREFIX_MATCH"}]
        ),
        {(HERE, "replication")},
    ),
    "scan type": ({"scan_type": "ENHANCED"}, {(HERE, "scanning")}),
    "no scans": (
        {"scan_rules": [], "frequencies": {API: "MANUAL"}},
        {(HERE, "scanning")},
    ),
    "effective": ({"frequencies": {API: "MANUAL"}}, {(API, "scan-frequency")}),
    "signing": (
        _with("signing", repositoryFilters=[{"filter": "x*", "filterType": "WILDCARD_MATCH"}]),
        {(HERE, "signing")},
    ),
    "no signing": ({"signing": None}, {(HERE, "signing")}),
    "setting": (
        {"settings": {"BLOB_MOUNTING": "DISABLED"}},
        {(HERE, "account-setting-blob-mounting")},
    ),
    "retired setting": (
        {"settings": {"BLOB_MOUNTING": "ENABLED", "REGISTRY_POLICY_SCOPE": "V1"}},
        {(HERE, "account-setting-registry-policy-scope")},
    ),
    "upstream": (
        _with("caches", upstreamRegistryUrl="quay.io"),
        {("cache hub", "upstream")},
    ),
    "credential": (
        _with("caches", credentialArn=f"{LIVE['caches'][0]['credentialArn'][:-6]}UvWxYz"),
        {("cache hub", "credential")},
    ),
    "upstream prefix": (
        _with("caches", upstreamRepositoryPrefix="library"),
        {("cache hub", "upstream-prefix")},
    ),
    "role": (_with("caches", customRoleArn=ROLE), {("cache hub", "role")}),
    "no cache": ({"caches": []}, {("cache hub", "existence")}),
    "invalid": ({"invalid": {"hub": "401"}}, {("cache hub", "validity")}),
    "occasions": (_with("templates", appliedFor=["REPLICATION"]), {(HUB, "applied-for")}),
    "description": (_with("templates", description="x"), {(HUB, "description")}),
    "lifecycle": (_with("templates", lifecyclePolicy=""), {(HUB, "lifecycle-policy")}),
    "template policy": (
        _with("templates", repositoryPolicy='{"Statement": []}'),
        {(HUB, "repository-policy")},
    ),
    "resource tags": (_with("templates", resourceTags=[]), {(HUB, "tags")}),
    "template key": (_with("templates", encryptionConfiguration=KMS), {(HUB, "encryption")}),
    "no template": ({"templates": []}, {(HUB, "existence")}),
    "template": (
        {"templates": [*LIVE["templates"], {"prefix": "x", "appliedFor": ["REPLICATION"]}]},
        {("creation template x", "existence")},
    ),
    "no exclusion": ({"exclusions": []}, {(f"pull-time exclusion of {ROLE}", "existence")}),
    "exclusions": (
        {"exclusions": [ROLE, f"{ROLE}2"]},
        {(f"pull-time exclusion of {ROLE}2", "existence")},
    ),
}


@pytest.mark.parametrize(
    ("changes", "expected"), REGISTRY_MUTATIONS.values(), ids=REGISTRY_MUTATIONS
)
def test_a_change_of_the_registry(
    changes: Mapping[str, Any], expected: set[tuple[str, str]]
) -> None:
    """It is found and named, and nothing else is."""
    result = compared(live(**changes))
    assert (expected, set()) == (differing(result), unknown(result))


OPERATIONS = sorted({record.operation for record in live()} - {"DescribeImages"})


# It has no pages.
UNPAGED = "BatchGetRepositoryScanningConfiguration"
UNANSWERED = [
    (operation, way)
    for operation in OPERATIONS
    for way in (denied, cut, None)
    if (operation, way) != (UNPAGED, cut)
]


@pytest.mark.parametrize(("operation", "way"), UNANSWERED)
def test_what_is_not_answered_is_not_equal(
    operation: str, way: Callable[[Record], Record] | None
) -> None:
    """It is not known, and it is no difference either; the report names the call."""
    records = live()
    records = without(records, operation) if way is None else replaced(records, operation, way)
    whole, result = compared(live()), compared(records)
    assert set() == differing(result)
    assert result.unknown
    assert result.same < whole.same + (way is cut)
    assert operation in {item.operation for item in result.not_known}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_change_next_to_what_is_refused(operation: str) -> None:
    """What is known is compared all the same, unless it depends on what is not."""
    changes = {"imageTagMutability": "MUTABLE"}
    result = compared(replaced(live(api=changes), operation, denied))
    expected = set() if operation == "DescribeRepositories" else {(API, "tag-mutability")}
    assert expected == differing(result)


@pytest.mark.parametrize(
    ("api", "severity"),
    [
        ({"policy": {"Statement": [EVERYTHING]}}, Severity.ERROR),
        ({"policy": None}, Severity.WARNING),
        ({"lifecycle": None}, Severity.WARNING),
        ({"tags": {}}, Severity.NOTE),
        ({"encryptionConfiguration": KMS}, Severity.WARNING),
        ({"imageTagMutability": "MUTABLE"}, Severity.WARNING),
    ],
)
def test_the_severity_is_that_of_a_review(api: Mapping[str, Any], severity: Severity) -> None:
    """Of what somebody did by hand, or of what a deployment may undo; the worse one counts."""
    item = only(compared(live(api=api)))
    assert severity == item.severity
    assert severity == Severity.NOTE or item.details or item.setting == "encryption"


def test_rules_judge_what_is_live_only() -> None:
    """A finding that the template has, too, is one of `check`."""
    declared = changed(ImageTagMutability="MUTABLE")
    mutable = {"imageTagMutability": "MUTABLE"}
    assert [] == [*compared(live(api=mutable), resources=declared).findings]
    findings = compared(live(api=mutable)).findings
    assert [(API, "ECR012", "every tag may be moved")] == [
        (item.subject, item.rule, item.message) for item in findings
    ]


def test_rules_judge_an_undeclared_repository() -> None:
    """Its policy opens it: a difference of this severity, and a finding."""
    extra = repository("other/api", policy={"Statement": [EVERYTHING]})
    result = compared(live(extra))
    item = only(result)
    assert ("other/api", "existence", Severity.ERROR) == (
        item.subject,
        item.setting,
        item.severity,
    )
    assert "other/api" in {finding.subject for finding in result.findings}


def test_without_templates_the_rules_alone_judge() -> None:
    """Nothing is compared, and that is said; what is refused silences the rules."""
    mutable = live(api={"imageTagMutability": "MUTABLE", "lifecycle": None})
    result = compared(mutable, templates=[])
    assert not result.has_templates
    assert set() == differing(result)
    assert {"ECR012", "ECR102"} <= {finding.rule for finding in result.findings}
    silent = compared(replaced(mutable, "GetLifecyclePolicy", denied), templates=[])
    assert "ECR102" not in {finding.rule for finding in silent.findings}
    assert {(API, "lifecycle-policy")} == unknown(silent)
    registry_unknown = compared(replaced(mutable, "GetRegistryPolicy", denied), templates=[])
    assert {(HERE, "registry-policy")} == unknown(registry_unknown)


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2026-11-27T00:00:00Z", set()),
        ("2026-11-01T00:00:00Z", {(API, "lifecycle-evaluation")}),
        ("once", set()),
    ],
)
def test_a_lifecycle_policy_that_was_never_evaluated(
    created: str, expected: set[tuple[str, str]]
) -> None:
    """ECR answers 1970; a new repository is evaluated within a day."""
    never = live(api={"evaluated": "1970-01-01T00:00:00Z"})
    for record in never:
        if record.operation == "DescribeRepositories":
            assert record.output is not None
            record.output["repositories"][0]["createdAt"] = created
    assert expected == differing(compared(never))


def test_resources_that_are_not_compared_are_said() -> None:
    """Public repositories are not in snapshots."""
    resources = {**RESOURCES, "Public": {"Type": "AWS::ECR::PublicRepository"}}
    named = {"Type": "AWS::ECR::PublicRepository", "Properties": {"RepositoryName": "public"}}
    result = compared(live(), resources={**resources, "Named": named})
    assert set() == differing(result) | unknown(result)
    assert ["ecr-public", "ecr-public"] == [item.source for item in result.not_known]


def _names(items: Sequence[Any]) -> list[str]:
    return [item.subject for item in items]


def test_an_interrupted_snapshot_is_said() -> None:
    """What it does not have may be missing for this reason."""
    result = compared(live(), finished=None)
    assert [HERE] == _names(result.not_known)
    assert not result.registries[0].is_finished
