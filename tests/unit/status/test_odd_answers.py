"""Answers in shapes that AWS does not give: a snapshot is a file, which anybody can edit."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ecr_constructs.report.document import plain
from ecr_constructs.report.status import blocks, to_json, to_sarif
from ecr_constructs.snapshot.document import Record
from tests.support.snapshots import AT, arn_of, repository, without
from tests.support.status_examples import (
    RESOURCES,
    compared,
    differing,
    live,
    resource,
    unknown,
)

API = "payments/api"
CASES: Mapping[str, tuple[str, Mapping[str, Any], Any]] = {
    "repositories": (
        "DescribeRepositories",
        {},
        {
            "repositories": [
                *("x", None, {"repositoryName": None}),
                {
                    "repositoryName": API,
                    "encryptionConfiguration": [],
                    "imageTagMutabilityExclusionFilters": [None, 1],
                    "imageScanningConfiguration": [],
                },
            ]
        },
    ),
    "replication": (
        "DescribeRegistry",
        {},
        {
            "replicationConfiguration": {
                "rules": [1, {"destinations": [{"region": 1}, 2], "repositoryFilters": [1]}]
            }
        },
    ),
    "replication rules": (
        "DescribeRegistry",
        {},
        {"replicationConfiguration": {"rules": {"destinations": "x"}}},
    ),
    "templates": (
        "DescribeRepositoryCreationTemplates",
        {},
        {
            "repositoryCreationTemplates": [
                {"prefix": "hub", "resourceTags": [None, {"x": 1}], "appliedFor": "x"},
                {"prefix": "web", "resourceTags": 7, "appliedFor": 7},
            ]
        },
    ),
    "scanning": (
        "GetRegistryScanningConfiguration",
        {},
        {"scanningConfiguration": {"scanType": 7, "rules": "x"}},
    ),
    "signing": ("GetSigningConfiguration", {}, {"signingConfiguration": {"rules": [1, {}]}}),
    "tags": (
        "ListTagsForResource",
        {"resourceArn": arn_of(API)},
        {"tags": [1, {"Key": "team"}]},
    ),
    "caches": (
        "DescribePullThroughCacheRules",
        {},
        {"pullThroughCacheRules": [{"ecrRepositoryPrefix": "hub"}, {"ecrRepositoryPrefix": "hub"}]},
    ),
    "exclusions": ("ListPullTimeUpdateExclusions", {}, {"pullTimeUpdateExclusions": [1, {}]}),
    "setting": ("GetAccountSetting", {"name": "BLOB_MOUNTING"}, {"value": 7}),
    "validity": (
        "ValidatePullThroughCacheRule",
        {"ecrRepositoryPrefix": "hub"},
        {"isValid": False},
    ),
}


@pytest.mark.parametrize(("operation", "request_", "output"), CASES.values(), ids=CASES)
def test_an_odd_answer_is_never_equal(
    operation: str, request_: Mapping[str, Any], output: Any
) -> None:
    """Nor an error: what it has differs, or is not known, and every format says so."""
    # No template declares it, whatever the answer.
    extra = {("web/nginx", "existence")}
    everything = live(repository("web/nginx"))
    others = [
        item for item in everything if (item.operation, item.request) != (operation, request_)
    ]
    result = compared([*others, Record("ecr", operation, request_, AT, output)])
    different = differing(result) - extra
    assert different or unknown(result)
    [run] = json.loads(to_sarif(result))["runs"]
    for text in (plain(blocks(result)), _texts(to_json(result)), _texts(run)):
        for subject, _ in differing(result) | unknown(result):
            assert subject in text
        assert different or operation in text


def _texts(value: Any) -> str:
    """Return all texts in a document, one a line."""
    match value:
        case Mapping():
            return "\n".join(map(_texts, value.values()))
        case [*items]:
            return "\n".join(map(_texts, items))
    return str(value)


def test_odd_templates_create_no_repository() -> None:
    """The occasions of one are no list."""
    operation, request, output = CASES["templates"]
    records = [*without(live(repository("web/nginx")), operation)]
    result = compared([*records, Record("ecr", operation, request, AT, output)])
    assert ("web/nginx", "existence") in differing(result)


def test_a_cache_whose_upstream_is_missing() -> None:
    """It is not known, and nothing that a deployment would tell."""
    [_, _, output] = CASES["caches"]
    records = without(live(), "DescribePullThroughCacheRules")
    odd = Record("ecr", "DescribePullThroughCacheRules", {}, AT, output)
    result = compared([*records, odd])
    assert ("cache hub", "upstream") in unknown(result)
    assert {("ecr", "DescribePullThroughCacheRules"), ("cloudformation", "GetTemplate")} == {
        (item.source, item.operation) for item in result.not_known
    }


def test_rules_of_replication_add_up() -> None:
    """One rule with two filters replicates what two rules with one filter do."""
    destination = {"Region": "eu-west-1", "RegistryId": "111122223333"}
    rules = [
        {
            "Destinations": [destination],
            "RepositoryFilters": [{"Filter": prefix, "FilterType": "PREFIX_MATCH"}],
        }
        for prefix in ("aa", "bb")
    ]
    replication = resource("ReplicationConfiguration", ReplicationConfiguration={"Rules": rules})
    filters = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in ("bb", "aa")]
    there = {"region": "eu-west-1", "registryId": "111122223333"}
    one = [{"destinations": [there], "repositoryFilters": filters}]
    resources = {**RESOURCES, "Replication": replication}
    assert set() == differing(compared(live(replication=one), resources=resources))
