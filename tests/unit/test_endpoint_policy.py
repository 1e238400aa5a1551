"""What endpoints let through."""

import re
from typing import Any

import pytest

from ecr_constructs.model.endpoint_policy import check_pulls, layers_statement, pull_statements

ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/"
PULL = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
]


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
    """The bucket of the Region's layers may be read, and no other."""
    assert allow(["s3:GetObject"], bucket) == layers_statement(partition, region)


REFUSED = {
    "an account": (("1111", [], []), "an account id has 12 digits"),
    "a prefix": (("111122223333", ["a/*"], []), "must be no pattern but the beginning of names"),
    "a cache": (("111122223333", [], ["Quay"]), "prefix 'Quay' must be ROOT, or the beginning"),
    "a bare prefix": (("111122223333", "team/", []), "prefixes must be a list of strings"),
    "a bare cache": (("111122223333", [], "quay"), "cache_prefixes must be a list of strings"),
}


@pytest.mark.parametrize(("arguments", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(arguments: tuple[str, Any, Any], fault: str) -> None:
    """What no registry has is refused."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        check_pulls(*arguments)


def test_lists_every_fault_of_the_prefixes() -> None:
    """Several faults are said at once; deploy-time values pass."""
    token = "${Token[Prefix.1]}"
    with pytest.raises(ValueError, match="Invalid private pulls") as refusal:
        check_pulls(token, [token, "a", "B/"], [token, "Quay"])

    assert 3 == str(refusal.value).count("\n  - ")
