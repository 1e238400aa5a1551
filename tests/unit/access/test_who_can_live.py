"""Who can do what with a repository, from snapshots: what was not read makes nothing a no."""

from typing import Any
from urllib.parse import quote

import pytest

from ecr_constructs.access.callers import AccessError, read_principal
from ecr_constructs.model.json_text import compact
from ecr_constructs.snapshot.document import Record, Snapshot
from tests.support.rule_examples.build import allow, document
from tests.support.snapshots import (
    DENIED,
    REGION,
    answered,
    arn_of,
    refused,
    registry,
    repository,
    snapshot,
)
from tests.unit.access.accounts import (
    EVERYTHING,
    FAR,
    HOME,
    KEY,
    NAME,
    PULL,
    PULLS,
    Body,
    answer,
    arn,
    asked_live,
    deny,
    details,
    listed,
    organization,
    pulls,
    role_detail,
    snapshots,
    trusting,
)

CI, JO = arn("role/ci"), arn("user/jo")
LOGIN = allow("ecr:GetAuthorizationToken", Resource="*")
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
MANAGED = arn("policy/team/pull")


def managed(*versions: Body, policy: str = MANAGED) -> Body:
    """Return a managed policy as IAM describes it."""
    return {
        "PolicyName": policy.rpartition("/")[2],
        "Arn": policy,
        "DefaultVersionId": "v2",
        "PolicyVersionList": [*versions],
    }


def version(number: int, *statements: Body) -> Body:
    """Return a version of a managed policy; the second one is the default."""
    return {
        "VersionId": f"v{number}",
        "IsDefaultVersion": number == 2,
        "Document": document(*statements),
    }


def attached(*policies: str) -> list[Body]:
    """Return policies as IAM lists them where they are attached."""
    return [{"PolicyName": "p", "PolicyArn": policy} for policy in policies]


ROLES: dict[str, tuple[Record, str]] = {
    "an inline policy": (details(RoleDetailList=[role_detail("ci", PULLS)]), "yes"),
    "no policy": (details(RoleDetailList=[role_detail("ci")]), "no"),
    "no such role": (details(), "no"),
    "a page is missing": (details(RoleDetailList=[role_detail("ci")], more=True), "not-known"),
    "a page is missing, and it can": (
        details(RoleDetailList=[role_detail("ci", PULLS)], more=True),
        "yes",
    ),
    "a managed policy": (
        details(
            RoleDetailList=[role_detail("ci", AttachedManagedPolicies=attached(MANAGED))],
            Policies=[managed(version(1), version(2, PULLS))],
        ),
        "yes",
    ),
    "a former version": (
        details(
            RoleDetailList=[role_detail("ci", AttachedManagedPolicies=attached(MANAGED))],
            Policies=[managed(version(1, PULLS), version(2))],
        ),
        "no",
    ),
    "a managed policy without versions": (
        details(
            RoleDetailList=[role_detail("ci", AttachedManagedPolicies=attached(MANAGED))],
            Policies=[managed()],
        ),
        "not-known",
    ),
    "a managed policy that is not listed": (
        details(RoleDetailList=[role_detail("ci", AttachedManagedPolicies=attached(MANAGED))]),
        "not-known",
    ),
    "an attachment that is none": (
        details(RoleDetailList=[role_detail("ci", AttachedManagedPolicies=[{"PolicyArn": {}}])]),
        "not-known",
    ),
    "a policy of AWS": (
        details(
            RoleDetailList=[
                role_detail(
                    "ci",
                    AttachedManagedPolicies=attached(
                        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
                    ),
                )
            ]
        ),
        "yes",
    ),
    "documents as text": (
        details(
            RoleDetailList=[
                role_detail("ci")
                | {
                    "RolePolicyList": [
                        {"PolicyName": "p", "PolicyDocument": quote(compact(document(PULLS)))}
                    ]
                }
            ]
        ),
        "yes",
    ),
    "a document that is broken": (
        details(
            RoleDetailList=[
                role_detail("ci")
                | {"RolePolicyList": [{"PolicyName": "p", "PolicyDocument": "%7Bno"}]}
            ]
        ),
        "not-known",
    ),
    "members that are none": (
        details(
            RoleDetailList=[
                "ci",
                role_detail("ci") | {"RolePolicyList": None, "PermissionsBoundary": None},
            ]
        ),
        "no",
    ),
    "a boundary": (
        details(
            RoleDetailList=[
                role_detail("ci", PULLS, PermissionsBoundary={"PermissionsBoundaryArn": MANAGED})
            ],
            Policies=[managed(version(2, allow("s3:*", Resource="*")))],
        ),
        "no",
    ),
    "a role that it is trusted by": (
        details(
            RoleDetailList=[
                role_detail("ci"),
                role_detail("ops", PULLS, trust=trusting({"AWS": CI})),
            ]
        ),
        "yes",
    ),
}


@pytest.mark.parametrize("case", ROLES)
def test_roles(case: str) -> None:
    """A role is what IAM describes."""
    record, expected = ROLES[case]

    assert expected == answer(asked_live(snapshots(record)), CI)


def test_identities_that_were_not_read() -> None:
    """Without them nothing is a no, and the list says that it is not complete."""
    query = asked_live(snapshots(refused("GetAccountAuthorizationDetails", service="iam")))
    result = query.one(read_principal(CI))

    assert result.principals[0].answer is None
    assert ("iam", f"account {HOME}", f"refused: {DENIED}") in {
        (gap.source, gap.subject, gap.reason) for gap in result.not_known
    }
    assert "not-known" == answer(query, FAR)
    assert {arn("root"): "yes"} == listed(query.everyone())
    assert "not-known" == answer(asked_live(snapshots()), FAR)


def test_users_and_groups() -> None:
    """A user has the policies of its groups."""
    group = {
        "GroupName": "team",
        "Path": "/",
        "GroupPolicyList": [],
        "AttachedManagedPolicies": attached(MANAGED),
    }
    users = [
        {"UserName": name, "Path": "/", "UserPolicyList": [], "GroupList": groups}
        for name, groups in {"jo": ["team"], "mo": ["gone"], "no": []}.items()
    ]
    record = details(
        UserDetailList=users, GroupDetailList=[group], Policies=[managed(version(2, PULLS))]
    )
    query = asked_live(snapshots(record))

    answers = [answer(query, arn(f"user/{name}")) for name in ("jo", "mo", "no")]
    assert ["yes", "not-known", "no"] == answers


def test_accounts_of_several_snapshots() -> None:
    """The snapshot of another account tells what its roles may do."""
    far = details(RoleDetailList=[role_detail("ci", PULLS)])
    other = snapshot(registry(), [far], account=FAR)
    home = snapshots(details(), policy=[pulls({"AWS": FAR})])

    assert "yes" == answer(asked_live([*home, other]), arn("role/ci", FAR))
    assert "no" == answer(asked_live([*home, other]), arn("role/x", FAR))
    # Of a second Region of an account, IAM is not asked again.
    twice = [*home, snapshot(registry(), account=FAR), other]
    assert "yes" == answer(asked_live(twice), arn("role/ci", FAR))


ORGANIZATIONS: dict[str, tuple[list[Record], str]] = {
    "that": ([organization("o-a1b2c3d4e5")], "yes"),
    "another": ([organization("o-zzzzzzzzzz")], "no"),
    "none": (
        [
            refused(
                "DescribeOrganization",
                code="AWSOrganizationsNotInUseException",
                service="organizations",
            )
        ],
        "no",
    ),
    "refused": ([refused("DescribeOrganization", service="organizations")], "not-known"),
    "not asked": ([], "not-known"),
}


@pytest.mark.parametrize("case", ORGANIZATIONS)
def test_organizations(case: str) -> None:
    """The organization of the account decides, if it is known."""
    records, expected = ORGANIZATIONS[case]
    record = details(RoleDetailList=[role_detail("ci", LOGIN)])
    policy = [pulls("*", Condition=ORGANIZATION)]

    assert expected == answer(asked_live(snapshots(record, *records, policy=policy)), CI)


def test_organizational_units() -> None:
    """An account without organization has no unit."""
    none = refused(
        "DescribeOrganization", code="AWSOrganizationsNotInUseException", service="organizations"
    )
    unit = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}
    record = details(RoleDetailList=[role_detail("ci", LOGIN)])
    query = asked_live(snapshots(record, none, policy=[pulls("*", Condition=unit)]))

    assert "no" == answer(query, CI)


TAGS: dict[str, tuple[Body, Any, str]] = {
    "of the role": ({"aws:PrincipalTag/team": "pay"}, document(), "yes"),
    "another of the role": ({"aws:PrincipalTag/team": "web"}, document(), "no"),
    "none of the role": ({"aws:PrincipalTag/cost": "1"}, document(), "no"),
    "of a session": (
        {"aws:PrincipalTag/cost": "1"},
        trusting({"AWS": JO}, action=["sts:AssumeRole", "sts:TagSession"]),
        "not-known",
    ),
    "of the repository": ({"aws:ResourceTag/team": "payments"}, document(), "yes"),
    "another of the repository": ({"ecr:ResourceTag/team": "web"}, document(), "no"),
    "none of the repository": ({"aws:ResourceTag/cost": "1"}, document(), "no"),
}


@pytest.mark.parametrize("case", TAGS)
def test_tags(case: str) -> None:
    """The tags of a live role and repository are all that there are, except those of a session."""
    test, trust, expected = TAGS[case]
    statement = allow(PULL, Resource="*", Condition={"StringEquals": test})
    role = role_detail("ci", LOGIN, statement, trust=trust, Tags=[{"Key": "team", "Value": "pay"}])
    source = snapshots(details(RoleDetailList=[role]), tags={"Team": "payments"})

    assert expected == answer(asked_live(source), CI)


VARIABLES = {"payments": "yes", "web": "no", "pay*": "not-known", None: "not-known"}


@pytest.mark.parametrize("team", VARIABLES)
def test_policy_variables(team: str | None) -> None:
    """A variable is what the tag of the role is, if that is known and no pattern."""
    on = "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*"
    tags = [] if team is None else [{"Key": "team", "Value": team}]
    role = role_detail("ci", LOGIN, allow(PULL, Resource=on), Tags=tags)

    assert VARIABLES[team] == answer(asked_live(snapshots(details(RoleDetailList=[role]))), CI)


def test_tags_that_were_not_read() -> None:
    """They decide nothing then."""
    statement = allow(PULL, Resource="*", Condition={"Null": {"aws:ResourceTag/cost": "true"}})
    record = details(RoleDetailList=[role_detail("ci", LOGIN, statement)])

    assert "yes" == answer(asked_live(snapshots(record)), CI)
    assert "not-known" == answer(asked_live(changed("ListTagsForResource", record)), CI)


def changed(operation: str, *records: Record, **settings: Any) -> list[Snapshot]:
    """Return the snapshot of which an operation of ECR was refused."""
    [source] = snapshots(*records, **settings)
    kept = [
        refused(record.operation, record.request) if record.operation == operation else record
        for record in source.records
    ]
    return [snapshot(kept)]


@pytest.mark.parametrize(
    "operation", ["GetRepositoryPolicy", "GetRegistryPolicy", "DescribeRepositories"]
)
def test_answers_of_ecr_that_are_missing(operation: str) -> None:
    """A policy that was not read may deny everything."""
    record = details(RoleDetailList=[role_detail("ci", PULLS), role_detail("no", LOGIN)])
    query = asked_live(changed(operation, record))
    result = query.one(read_principal(arn("role/no")))

    assert operation in {gap.operation for gap in result.not_known}
    if operation != "DescribeRepositories":
        assert ["not-known"] * 2 == [answer(query, name) for name in (CI, arn("role/no"))]


SCOPES = {"V2": "no", "V1": "yes", None: "not-known"}


@pytest.mark.parametrize("scope", SCOPES)
def test_the_scope_of_the_registry_policy(scope: str | None) -> None:
    """The former scope does not decide about pulls."""
    record = details(RoleDetailList=[role_detail("ci", PULLS)])
    policy = document(deny(PULL, Principal="*", Resource="*"))
    described = repository(NAME)
    settings = {} if scope is None else {"REGISTRY_POLICY_SCOPE": scope}
    records = registry(described, policy=policy, settings=settings)
    if scope is None:
        records = [item for item in records if item.operation != "GetAccountSetting"]
    query = asked_live([snapshot(records, [record])])

    assert SCOPES[scope] == answer(query, CI)


def key_records(state: str = "Enabled", manager: str = "CUSTOMER", **policy: Any) -> list[Record]:
    """Return what KMS answers about the key."""
    metadata = {"KeyId": "1", "Arn": KEY, "KeyState": state, "KeyManager": manager}
    output = {"KeyMetadata": metadata}
    records = [answered("DescribeKey", {"KeyId": KEY}, output, service="kms")]
    request = {"KeyId": KEY, "PolicyName": "default"}
    if policy:
        text = {"Policy": compact(policy["document"])}
        records.append(answered("GetKeyPolicy", request, text, service="kms"))
    return records


OWNER = document(allow("kms:*", Principal={"AWS": HOME}, Resource="*"))
KEYS: dict[str, tuple[list[Record], str]] = {
    "enabled": (key_records(document=OWNER), "yes"),
    "disabled": (key_records("Disabled", document=OWNER), "no"),
    "on its way out": (key_records("PendingDeletion", document=OWNER), "no"),
    "its policy was not read": (key_records(), "not-known"),
    "its policy denies": (
        key_records(document=document(deny("kms:Decrypt", Principal="*", Resource="*"))),
        "not-known",
    ),
    "it was not read": ([], "not-known"),
    "it was refused": ([refused("DescribeKey", {"KeyId": KEY}, service="kms")], "not-known"),
    "it is of AWS": (key_records(manager="AWS"), "yes"),
}


@pytest.mark.parametrize("case", KEYS)
def test_keys(case: str) -> None:
    """A key that is disabled, or was not read, is in the way of a pull."""
    records, expected = KEYS[case]
    record = details(RoleDetailList=[role_detail("ci", EVERYTHING)])
    encryption = {"encryptionType": "KMS", "kmsKey": KEY}
    source = snapshots(record, *records, encryptionConfiguration=encryption)

    assert expected == answer(asked_live(source), CI)


def test_names_of_a_repository() -> None:
    """Several registries may have it; one whose repositories were not listed may have it, too."""
    home, far = (
        snapshot(registry(repository(NAME, account=account), account=account), account=account)
        for account in (HOME, FAR)
    )
    uri = f"{FAR}.dkr.ecr.{REGION}.amazonaws.com/{NAME}"

    assert FAR == asked_live([home, far], repository=arn_of(NAME, FAR)).target.account
    assert FAR == asked_live([home, far], repository=uri).target.account
    for name, code, sources in (
        (NAME, "repository-ambiguous", [home, far]),
        ("other", "repository-missing", [home]),
        (arn_of("other"), "repository-missing", [home, far]),
    ):
        with pytest.raises(AccessError) as error:
            asked_live(sources, repository=name)
        assert [code] == [item.code for item in error.value.diagnostics]
    assert "not-known" == answer(asked_live([snapshot()], repository="other"), CI)
