"""The statements of policies of repositories, registries and VPC endpoints."""

from typing import Any

import pytest

from ecr_constructs.model.registry_policy import (
    allow_create_on_push,
    allow_replication,
    check_pulls,
    layers_statement,
    pull_statements,
)
from ecr_constructs.model.repository_policy import (
    LIFECYCLE_ACTIONS,
    PULL_ACTIONS,
    PUSH_ACTIONS,
    PUSH_ONLY_ACTIONS,
    READ_ACTIONS,
    Access,
    document,
)
from tests.support.errors import rejection_test

A, B = "111122223333", "444455556666"
UNIT = "o-abcdefghij/r-ab12/ou-ab12-"
ROLE, ROOT = f"arn:aws:iam::{A}:role/deployer", f"arn:aws:iam::{A}:root"


def allow(actions: tuple[str, ...], principal: str | list[str], **more: Any) -> dict[str, Any]:
    """Return the statement that allows actions to a principal."""
    return {"Action": list(actions), "Effect": "Allow", "Principal": {"AWS": principal}, **more}


def within(organizations: str | list[str]) -> dict[str, Any]:
    """Return the condition that a principal belongs to an organization."""
    return {"Condition": {"StringEquals": {"aws:PrincipalOrgID": organizations}}}


def below(units: str | list[str]) -> dict[str, Any]:
    """Return the condition that a principal's account is below an organizational unit."""
    return {"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": units}}}


STATEMENTS = {
    "nobody": (Access(), []),
    "one account": (Access(pull_accounts=[A]), [allow(PULL_ACTIONS, ROOT)]),
    "accounts and roles, sorted": (
        Access(pull_accounts=[B, A], pull_principals=[ROLE]),
        [allow(PULL_ACTIONS, [ROLE, ROOT, f"arn:aws:iam::{B}:root"])],
    ),
    "an account twice": (Access(push_accounts=[A, A]), [allow(PUSH_ACTIONS, ROOT)]),
    "an organization": (
        Access(pull_organizations=["o-abcdefghij"]),
        [allow(PULL_ACTIONS, "*", **within("o-abcdefghij"))],
    ),
    "two organizations": (
        Access(pull_organizations=["o-zzzzzzzzzz", "o-abcdefghij"]),
        [allow(PULL_ACTIONS, "*", **within(["o-abcdefghij", "o-zzzzzzzzzz"]))],
    ),
    "organizational units": (
        Access(pull_organizational_units=[f"{UNIT}22222222/*", f"{UNIT}11111111/"]),
        [allow(PULL_ACTIONS, "*", **below([f"{UNIT}11111111/", f"{UNIT}22222222/*"]))],
    ),
    "everything": (
        Access(
            pull_organizations=["o-abcdefghij"],
            pull_accounts=[A],
            push_accounts=[B],
            push_principals=[ROLE],
        ),
        [
            allow(PULL_ACTIONS, "*", **within("o-abcdefghij")),
            allow(PULL_ACTIONS, ROOT),
            allow(PUSH_ACTIONS, [ROLE, f"arn:aws:iam::{B}:root"]),
        ],
    ),
}


@pytest.mark.parametrize(("access", "expected"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(access: Access, expected: list[dict[str, Any]]) -> None:
    assert expected == access.statements("aws")


def test_accounts_are_of_the_partition() -> None:
    """The ARN of an account names the partition, which may be a deploy-time value."""
    [statement] = Access(pull_accounts=[A]).statements("${Token[AWS.Partition.3]}")

    assert {"AWS": f"arn:${{Token[AWS.Partition.3]}}:iam::{A}:root"} == statement["Principal"]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (Access(), False),
        (Access(pull_organizations=["o-abcdefghij"]), False),
        (Access(pull_accounts=[A]), True),
        (Access(pull_principals=[ROLE]), True),
        (Access(push_accounts=[A]), True),
        (Access(push_principals=[ROLE]), True),
    ],
)
def test_names_anyone(access: Access, *, expected: bool) -> None:
    """An organization does not name accounts or principals."""
    assert expected == access.names_anyone


def test_who_may_push_may_pull() -> None:
    """Push includes every action of pull: clients look up which layers exist."""
    assert set(PUSH_ACTIONS) == {*PULL_ACTIONS, *PUSH_ONLY_ACTIONS}
    assert "ecr:GetDownloadUrlForLayer" not in PUSH_ONLY_ACTIONS


def test_actions_are_sorted() -> None:
    for actions in (PULL_ACTIONS, PUSH_ACTIONS, PUSH_ONLY_ACTIONS, READ_ACTIONS, LIFECYCLE_ACTIONS):
        assert sorted(actions) == list(actions)


def test_document() -> None:
    deny = [{"Effect": "Deny"}]
    assert document(deny) == {"Version": "2012-10-17", "Statement": deny}


ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/"
OTHER_ACCOUNT, THIRD_ACCOUNT = "444455556666", "777788889999"
TOKEN = "${Token[Value.1]}"
REPLICATION_ROLE = (
    "role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
)


def replication(
    accounts: Any, prefixes: Any, partition: str = "aws", *, tagging: bool = False
) -> dict[str, Any]:
    """Return the statement that allows accounts to replicate."""
    return allow_replication(ARN, partition, accounts, prefixes, tagging=tagging)


def create_on_push(accounts: Any, prefixes: Any) -> dict[str, Any]:
    """Return the statement that allows accounts to create by pushing."""
    return allow_create_on_push(ARN, "aws", accounts, prefixes)


PAYMENTS = ([OTHER_ACCOUNT], ["payments/"])
CREATE, REPLICATE, TAG = "ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"
ONE, TWO = (f"arn:aws:iam::{account}:root" for account in (OTHER_ACCOUNT, THIRD_ACCOUNT))
REGISTRY_STATEMENTS: dict[str, tuple[dict[str, Any], Any, Any, Any]] = {
    "replication": (replication(*PAYMENTS), [CREATE, REPLICATE], ONE, f"{ARN}payments/*"),
    # Where a template tags what ECR creates, the account may tag it.
    "replication that tags": (
        replication(*PAYMENTS, tagging=True),
        *([CREATE, REPLICATE, TAG], ONE, f"{ARN}payments/*"),
    ),
    "create on push": (create_on_push(*PAYMENTS), CREATE, ONE, f"{ARN}payments/*"),
    # Accounts and prefixes in any order, or twice, yield the same statement.
    "several": (
        replication([THIRD_ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT], ["b/", "a/", "b/"]),
        *([CREATE, REPLICATE], [ONE, TWO], [f"{ARN}a/*", f"{ARN}b/*"]),
    ),
    "another partition": (
        replication(*PAYMENTS, "aws-cn"),
        *([CREATE, REPLICATE], "arn:aws-cn:iam::444455556666:root", f"{ARN}payments/*"),
    ),
    "deploy-time values": (
        replication([TOKEN], [TOKEN]),
        *([CREATE, REPLICATE], f"arn:aws:iam::{TOKEN}:root", f"{ARN}{TOKEN}*"),
    ),
}


@pytest.mark.parametrize(
    ("statement", "actions", "principal", "resource"),
    REGISTRY_STATEMENTS.values(),
    ids=REGISTRY_STATEMENTS,
)
def test_registry_statements(
    statement: dict[str, Any], actions: Any, principal: Any, resource: Any
) -> None:
    """A statement allows accounts these actions on repositories below a prefix."""
    expected = {"Action": actions, "Principal": {"AWS": principal}, "Resource": resource}
    # Of another account only ECR's replication role replicates; creating by a push is for anyone.
    if actions != CREATE:
        accounts = principal if isinstance(principal, list) else [principal]
        roles = [account.replace(":root", f":{REPLICATION_ROLE}") for account in accounts]
        names = {"aws:PrincipalArn": roles if len(roles) > 1 else roles[0]}
        expected["Condition"] = {"ArnEquals": names}

    assert {"Effect": "Allow", **expected} == statement


REJECTED: dict[str, tuple[Any, ...]] = {
    "no account": (([], ["payments/"]), "accounts: registry-policy-accounts-missing"),
    "no prefix": (([OTHER_ACCOUNT], []), "prefixes: registry-policy-prefixes-missing"),
    "neither": (
        ([], []),
        "accounts: registry-policy-accounts-missing",
        "prefixes: registry-policy-prefixes-missing",
    ),
    "a short account": ((["4444"], ["payments/"]), "accounts[0]: account-id-format"),
    "a number": (([444455556666], ["payments/"]), "accounts[0]: account-id-is-number"),
    "a bare account": ((OTHER_ACCOUNT, ["payments/"]), "accounts: list-is-string"),
    "a bare prefix": (([OTHER_ACCOUNT], "payments/"), "prefixes: list-is-string"),
    "a wildcard": (([OTHER_ACCOUNT], ["payments/*"]), "prefixes[0]: prefix-is-pattern"),
    "a short prefix": (([OTHER_ACCOUNT], ["p"]), "prefixes[0]: prefix-length"),
}


test_replication_rejects = rejection_test(replication, REJECTED)
test_create_on_push_rejects = rejection_test(create_on_push, REJECTED)


def for_all(actions: tuple[str, ...], *resources: str) -> dict[str, Any]:
    """Return a statement of an endpoint's policy."""
    return allow(actions, "*", Resource=[*resources])


LOGIN = for_all(("ecr:GetAuthorizationToken",), "*")
ALL = [LOGIN, for_all(PULL_ACTIONS, f"{ARN}*")]
IMPORT = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
PULLS: dict[str, tuple[list[str], list[str], list[dict[str, Any]]]] = {
    "all": ([], [], ALL),
    "some": (
        ["store/", "payments/"],
        [],
        [LOGIN, for_all(PULL_ACTIONS, f"{ARN}payments/*", f"{ARN}store/*")],
    ),
    "some, and a cache": (
        ["payments/"],
        ["docker-hub"],
        [
            LOGIN,
            for_all(PULL_ACTIONS, f"{ARN}docker-hub/*", f"{ARN}payments/*"),
            for_all(IMPORT, f"{ARN}docker-hub/*"),
        ],
    ),
    "all, and a cache": ([], ["quay/"], [*ALL, for_all(IMPORT, f"{ARN}quay/*")]),
    "a cache for everything": ([], ["ROOT"], [*ALL, for_all(IMPORT, f"{ARN}*")]),
}


@pytest.mark.parametrize(("prefixes", "caches", "expected"), PULLS.values(), ids=PULLS)
def test_pulls(prefixes: list[str], caches: list[str], expected: list[dict[str, Any]]) -> None:
    """A login, pulls from the repositories, imports only where a cache is."""
    assert expected == pull_statements(ARN, prefixes, caches)


def test_pulls_from_further_registries() -> None:
    """By prefix or all repositories; imports stay those of the first registry."""
    base, eks = (f"arn:aws:ecr:eu-central-1:{account}:repository/" for account in ("4", "6"))
    statements = pull_statements(ARN, ["payments/"], ["quay"], {base: ["base/", "os/"], eks: []})

    arns = [f"{ARN}payments/*", f"{ARN}quay/*", f"{base}base/*", f"{base}os/*", f"{eks}*"]
    assert [
        LOGIN,
        for_all(PULL_ACTIONS, *sorted(arns)),
        for_all(IMPORT, f"{ARN}quay/*"),
    ] == statements


@pytest.mark.parametrize(
    ("partition", "region", "bucket"),
    [
        ("aws", "us-east-2", "arn:aws:s3:::prod-us-east-2-starport-layer-bucket/*"),
        ("aws-cn", "cn-north-1", "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"),
    ],
)
def test_layers(partition: str, region: str, bucket: str) -> None:
    assert for_all(("s3:GetObject",), bucket) == layers_statement(partition, region)


ENDPOINTS: dict[str, tuple[Any, ...]] = {
    "an account": (("1111", [], []), "account: account-id-format"),
    "a prefix": (("111122223333", ["a/*"], []), "prefixes[0]: prefix-is-pattern"),
    "a cache": (("111122223333", [], ["Quay"]), "cache_prefixes[0]: namespace-format"),
    "a bare prefix": (("111122223333", "team/", []), "prefixes: list-is-string"),
    "a bare cache": (("111122223333", [], "quay"), "cache_prefixes: list-is-string"),
    "further registries without prefixes": (
        ("111122223333", [], [], ["444455556666"]),
        "further_registries: registries-not-by-account",
    ),
    "a further account": (
        ("111122223333", [], [], {"4444": []}),
        "further_registries['4444']: account-id-format",
    ),
    "a further account as a number": (
        ("111122223333", [], [], {602401143452: []}),
        "further_registries[602401143452]: account-id-is-number",
    ),
    "a bare further prefix": (
        ("111122223333", [], [], {"444455556666": "base/"}),
        "further_registries['444455556666']: list-is-string",
    ),
    "a further prefix": (
        ("111122223333", [], [], {"444455556666": ["base/", "b*"]}),
        "further_registries['444455556666'][1]: prefix-is-pattern",
    ),
    "several prefixes, but not deploy-time ones": (
        (TOKEN, [TOKEN, "a", "B/"], [TOKEN, "Quay"]),
        "prefixes[1]: prefix-length",
        "prefixes[2]: prefix-format",
        "cache_prefixes[1]: namespace-format",
    ),
}
test_endpoint_rejects = rejection_test(check_pulls, ENDPOINTS)
