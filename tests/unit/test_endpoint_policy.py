"""The policies of VPC endpoints."""

from typing import Any

import pytest

from ecr_constructs.model.registry_policy import check_pulls, layers_statement, pull_statements
from tests.support.errors import rejection_test

ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/"
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def allow(actions: list[str], *resources: str) -> dict[str, Any]:
    """Return a statement as a policy has it."""
    return {
        "Action": actions,
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Resource": [*resources],
    }


LOGIN = allow(["ecr:GetAuthorizationToken"], "*")
IMPORT = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
CASES: dict[str, tuple[list[str], list[str], list[dict[str, Any]]]] = {
    "all": ([], [], [LOGIN, allow(PULL, f"{ARN}*")]),
    "some": (
        ["store/", "payments/"],
        [],
        [LOGIN, allow(PULL, f"{ARN}payments/*", f"{ARN}store/*")],
    ),
    "some, and a cache": (
        ["payments/"],
        ["docker-hub"],
        [
            LOGIN,
            allow(PULL, f"{ARN}docker-hub/*", f"{ARN}payments/*"),
            allow(IMPORT, f"{ARN}docker-hub/*"),
        ],
    ),
    "all, and a cache": (
        [],
        ["quay/"],
        [LOGIN, allow(PULL, f"{ARN}*"), allow(IMPORT, f"{ARN}quay/*")],
    ),
    "a cache for everything": (
        [],
        ["ROOT"],
        [LOGIN, allow(PULL, f"{ARN}*"), allow(IMPORT, f"{ARN}*")],
    ),
}


@pytest.mark.parametrize(("prefixes", "caches", "expected"), CASES.values(), ids=CASES)
def test_pulls(prefixes: list[str], caches: list[str], expected: list[dict[str, Any]]) -> None:
    """A login, pulls from the repositories, imports only where a cache is."""
    assert expected == pull_statements(ARN, prefixes, caches)


@pytest.mark.parametrize(
    ("partition", "region", "bucket"),
    [
        ("aws", "us-east-2", "arn:aws:s3:::prod-us-east-2-starport-layer-bucket/*"),
        ("aws-cn", "cn-north-1", "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"),
    ],
)
def test_layers(partition: str, region: str, bucket: str) -> None:
    assert allow(["s3:GetObject"], bucket) == layers_statement(partition, region)


TOKEN = "${Token[Prefix.1]}"


REJECTED: dict[str, tuple[Any, ...]] = {
    "an account": (("1111", [], []), "account[0]: account-id-format"),
    "a prefix": (("111122223333", ["a/*"], []), "prefixes[0]: prefix-is-pattern"),
    "a cache": (("111122223333", [], ["Quay"]), "cache_prefixes[0]: namespace-format"),
    "a bare prefix": (("111122223333", "team/", []), "prefixes: list-is-string"),
    "a bare cache": (("111122223333", [], "quay"), "cache_prefixes: list-is-string"),
    "several prefixes, but not deploy-time ones": (
        (TOKEN, [TOKEN, "a", "B/"], [TOKEN, "Quay"]),
        "prefixes[1]: prefix-length",
        "prefixes[2]: prefix-format",
        "cache_prefixes[1]: namespace-format",
    ),
}
test_rejects = rejection_test(check_pulls, REJECTED)
