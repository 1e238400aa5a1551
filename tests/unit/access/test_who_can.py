"""Who can do what with a repository, from templates: each answer, and what gives it."""

from collections.abc import Callable
from typing import Any

import pytest

from ecr_constructs.access.callers import AccessError, read_principal
from tests.support.rule_examples.build import allow, document
from tests.unit.access.accounts import (
    EVERYTHING,
    FAR,
    HOME,
    NAME,
    PULL,
    PULLS,
    Body,
    answer,
    api,
    arn,
    asked,
    deny,
    effects,
    listed,
    pulls,
    role,
    template,
    trusting,
)

CI, DEV, OPS = arn("role/ci"), arn("role/dev"), arn("role/ops")
LAMBDA = "lambda.amazonaws.com"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/ci/build-1"
HERE = f"arn:aws:ecr:eu-central-1:{HOME}:repository/{NAME}"
CALLERS = "${aws:PrincipalAccount}"
IF_VPC = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
LOGIN = allow("ecr:GetAuthorizationToken", Resource="*")
UNKNOWN: Body = {"Fn::ImportValue": "elsewhere"}

# The repository policy, the statements of role ci, and the answer about it.
WITHIN: dict[str, tuple[list[Body], list[Body], str]] = {
    "nothing": ([], [], "no"),
    "its own policy": ([], [PULLS], "yes"),
    "its own policy, on the repository": ([], [LOGIN, allow(PULL, Resource=HERE)], "yes"),
    "its own policy, on another": ([], [LOGIN, allow(PULL, Resource=f"{HERE}2")], "no"),
    "no login": ([], [allow(PULL, Resource="*")], "no"),
    "a login on the repository": ([], [allow(["ecr:*"], Resource=HERE)], "no"),
    "one action of two": ([], [LOGIN, allow(PULL[0], Resource="*")], "no"),
    "the repository names it": ([pulls({"AWS": CI})], [LOGIN], "yes"),
    "the repository names its account": ([pulls({"AWS": HOME})], [LOGIN], "no"),
    "the repository names its account, and it": ([pulls({"AWS": HOME})], [PULLS], "yes"),
    "the repository is open": ([pulls("*")], [LOGIN], "yes"),
    "the repository is open in its account": (
        [pulls("*", Condition={"StringEquals": {"aws:PrincipalAccount": HOME}})],
        [LOGIN],
        "yes",
    ),
    "the repository is open in its own account": (
        [pulls("*", Condition={"StringEquals": {"aws:ResourceAccount": CALLERS}})],
        [LOGIN],
        "yes",
    ),
    "the repository is open in other accounts": (
        [pulls("*", Condition={"StringNotEquals": {"aws:ResourceAccount": CALLERS}})],
        [LOGIN],
        "not-known",
    ),
    "the repository is open to roles like it": (
        [pulls("*", Condition={"ArnLike": {"aws:PrincipalArn": arn("role/c*")}})],
        [LOGIN],
        "yes",
    ),
    "the repository names a deleted role": ([pulls({"AWS": "AROA" + "A" * 17})], [LOGIN], "no"),
    "the repository names what is no ARN": ([pulls({"CanonicalUser": "a1"})], [LOGIN], "not-known"),
    "denied": ([deny(PULL, Principal="*")], [PULLS], "no"),
    "denied to all others": ([deny(PULL, NotPrincipal={"AWS": OPS})], [PULLS], "no"),
    "denied to all but it": ([deny(PULL, NotPrincipal={"AWS": [CI, HOME]})], [PULLS], "yes"),
    "denied to all but unknown ones": (
        [deny(PULL, NotPrincipal={"AWS": UNKNOWN})],
        [PULLS],
        "not-known",
    ),
    "allowed to all others": ([allow(PULL, NotPrincipal={"AWS": OPS})], [LOGIN], "yes"),
    "denied without HTTPS": (
        [deny(PULL, Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
        [PULLS],
        "yes",
    ),
    "denied elsewhere": (
        [],
        [
            PULLS,
            deny(
                "*",
                Resource="*",
                Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}},
            ),
        ],
        "yes",
    ),
    "from an endpoint": ([], [LOGIN, allow(PULL, Resource="*", Condition=IF_VPC)], "not-known"),
    "denied from an endpoint": (
        [deny(PULL, Principal="*", Condition=IF_VPC)],
        [PULLS],
        "not-known",
    ),
    "an effect that is not known": (
        [{"Effect": UNKNOWN, "Action": PULL, "Principal": "*"}],
        [PULLS],
        "not-known",
    ),
    "an action that is not known": ([], [LOGIN, allow([UNKNOWN], Resource="*")], "not-known"),
    "for a function": ([pulls({"Service": LAMBDA})], [LOGIN], "no"),
    "its session": ([pulls({"AWS": SESSION})], [LOGIN], "not-known"),
    "another's session": ([pulls({"AWS": SESSION.replace("ci", "ops")})], [LOGIN], "no"),
    "by a tag of the repository": (
        [],
        [
            PULLS,
            deny(PULL, Resource="*", Condition={"StringEquals": {"aws:ResourceTag/team": "web"}}),
        ],
        "yes",
    ),
    "by another tag of the repository": (
        [],
        [
            LOGIN,
            allow(PULL, Resource="*", Condition={"StringEquals": {"ecr:ResourceTag/cost": "1"}}),
        ],
        "not-known",
    ),
}


@pytest.mark.parametrize("case", WITHIN)
def test_within_an_account(case: str) -> None:
    """Either side is enough, a Deny wins, and what decides at the request is not known."""
    policy, own, expected = WITHIN[case]
    tags = [{"Key": "team", "Value": "pay"}]
    query = asked({**api(*policy, Tags=tags), "Ci": role(*own, RoleName="ci")})

    assert expected == answer(query, CI)


ACROSS: dict[str, tuple[list[Body], list[Body] | None, str]] = {
    "both sides": ([pulls({"AWS": FAR})], [PULLS], "yes"),
    "the repository's side only": ([pulls({"AWS": FAR})], [LOGIN], "no"),
    "the role's side only": ([], [PULLS], "no"),
    "the role by name": ([pulls({"AWS": arn("role/ci", FAR)})], [PULLS], "yes"),
    "its policies are not read": ([pulls({"AWS": FAR})], None, "not-known"),
    "its policies do not matter": ([], None, "no"),
    "denied, and its policies are not read": ([deny(PULL, Principal="*")], None, "no"),
}


@pytest.mark.parametrize("case", ACROSS)
def test_across_accounts(case: str) -> None:
    """Both sides are needed."""
    policy, own, expected = ACROSS[case]
    far = [] if own is None else [template({"Ci": role(*own, RoleName="ci")}, FAR)]
    query = asked([template(api(*policy)), *far])

    assert expected == answer(query, arn("role/ci", FAR))


# The repository policy, the kind of the principal, its statements, its boundary, and the answer.
BOUNDARIES: dict[str, tuple[list[Body], str, list[Body], Any, str]] = {
    "within": ([], "Role", [PULLS], [EVERYTHING], "yes"),
    "beyond": ([], "Role", [PULLS], [allow("s3:*", Resource="*")], "no"),
    "it denies": ([], "Role", [PULLS], [EVERYTHING, deny(PULL, Resource="*")], "no"),
    "it is not read": ([], "Role", [PULLS], None, "not-known"),
    "it is not read, of a role that the repository names": (
        [pulls({"AWS": CI})],
        *("Role", [PULLS], None, "not-known"),
    ),
    "of a user that the repository names": (
        [pulls({"AWS": arn("user/ci")})],
        *("User", [LOGIN], [LOGIN], "yes"),
    ),
    "of a role that the repository names": (
        [pulls({"AWS": CI})],
        *("Role", [LOGIN], [LOGIN], "no"),
    ),
}


@pytest.mark.parametrize("case", BOUNDARIES)
def test_permissions_boundaries(case: str) -> None:
    """A boundary limits, but not what a repository policy gives to a user by name."""
    policy, kind, own, boundary, expected = BOUNDARIES[case]
    principal = role(*own)
    principal["Properties"][f"{kind}Name"] = "ci"
    principal["Type"] = f"AWS::IAM::{kind}"
    resources = {**api(*policy), "Ci": principal}
    if boundary is None:
        principal["Properties"]["PermissionsBoundary"] = arn("policy/limit")
    else:
        principal["Properties"]["PermissionsBoundary"] = {"Ref": "Limit"}
        resources["Limit"] = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": document(*boundary)},
        }

    assert expected == answer(asked(resources), arn(f"{kind.lower()}/ci"))


ATTACHED: dict[str, tuple[Body, Body]] = {
    "by a reference": ({"Roles": [{"Ref": "Ci"}]}, {}),
    "by its name": ({"Roles": ["ci"]}, {}),
    "by the role": ({}, {"ManagedPolicyArns": [{"Ref": "Policy"}]}),
}


@pytest.mark.parametrize("case", ATTACHED)
def test_managed_policies(case: str) -> None:
    """A policy counts, however it is attached."""
    policy, properties = ATTACHED[case]
    body = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document(PULLS), **policy},
    }
    query = asked({**api(), "Policy": body, "Ci": role(RoleName="ci", **properties)})

    assert "yes" == answer(query, CI)


UNREAD: dict[str, Body] = {
    "a managed policy": {"ManagedPolicyArns": [arn("policy/other")]},
    "a list of managed policies": {"ManagedPolicyArns": UNKNOWN},
    "an inline policy": {"Policies": [{"PolicyName": "own", "PolicyDocument": UNKNOWN}]},
    "all properties": {"Fn::Transform": {"Name": "Macro"}},
}


@pytest.mark.parametrize("case", UNREAD)
def test_policies_that_are_not_read(case: str) -> None:
    """Without one of its policies, it is not known what a role may do: never no."""
    query = asked({**api(), "Ci": role(RoleName="ci", **UNREAD[case])})
    result = query.one(read_principal(CI))

    assert result.principals[0].answer is None
    assert "role ci" in {gap.subject for gap in result.not_known}
    assert "is not read" in effects(result)


def test_a_policy_whose_holders_are_not_known() -> None:
    """It may be attached to any role."""
    policy = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "p", "PolicyDocument": document(PULLS), "Roles": [UNKNOWN]},
    }
    query = asked({**api(), "Policy": policy, "Ci": role(RoleName="ci")})

    assert "not-known" == answer(query, CI)


def test_policies_of_groups() -> None:
    """A user has the policies of its groups; of a group that is not defined, they are not known."""
    group = role(PULLS, GroupName="team")
    group["Type"] = "AWS::IAM::Group"
    users = {
        name: {"Type": "AWS::IAM::User", "Properties": {"UserName": name, "Groups": groups}}
        for name, groups in {
            "Jo": [{"Ref": "Team"}],
            "Mo": ["elsewhere"],
            "No": [],
            "Un": UNKNOWN,
        }.items()
    }
    query = asked({**api(), "Team": group, **users})

    answers = [answer(query, arn(f"user/{name}")) for name in users]
    assert ["yes", "not-known", "no", "not-known"] == answers


CHAINS: dict[str, tuple[Body, list[Body], str]] = {
    "it is trusted by name": (trusting({"AWS": DEV}), [], "yes"),
    "its account is trusted": (trusting({"AWS": HOME}), [], "no"),
    "its account is trusted, and it may": (
        trusting({"AWS": HOME}),
        [allow("sts:AssumeRole", Resource=CI)],
        "yes",
    ),
    "it may, and is not trusted": (document(), [allow("sts:AssumeRole", Resource="*")], "no"),
    "it may assume another one": (
        trusting({"AWS": HOME}),
        [allow("sts:AssumeRole", Resource=OPS)],
        "no",
    ),
    "with a second factor": (
        trusting({"AWS": DEV}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        [],
        "not-known",
    ),
    "it is denied": (trusting({"AWS": DEV}), [deny("sts:*", Resource="*")], "no"),
    "the trust policy is not known": (
        UNKNOWN,
        [allow("sts:AssumeRole", Resource="*")],
        "not-known",
    ),
    "a function is trusted": (trusting({"Service": LAMBDA}), [], "no"),
}


@pytest.mark.parametrize("case", CHAINS)
def test_roles_that_are_assumed(case: str) -> None:
    """Whoever may assume a role that can, can."""
    trust, own, expected = CHAINS[case]
    resources = {
        **api(),
        "Ci": role(PULLS, RoleName="ci", trust=trust),
        "Dev": role(*own, RoleName="dev"),
    }

    assert expected == answer(asked(resources), DEV)


def test_a_chain_of_roles() -> None:
    """The chain is named step by step, and does not run in circles."""
    resources = {
        **api(),
        "Ci": role(PULLS, RoleName="ci", trust=trusting({"AWS": DEV})),
        "Dev": role(RoleName="dev", trust=trusting({"AWS": OPS}, {"AWS": CI}, {"AWS": DEV})),
        "Ops": role(RoleName="ops", trust=trusting({"AWS": arn("role/gone")})),
    }
    [last] = asked(resources).one(read_principal(OPS)).principals

    assert [(OPS, DEV), (DEV, CI), (CI, None)] == [
        (step.principal, step.role) for step in last.chain
    ]


def test_a_principal_that_is_not_read_may_assume_a_role() -> None:
    """A role of another account that is trusted needs permissions that are not known."""
    trust = trusting({"AWS": arn("role/x", FAR)})
    query = asked({**api(), "Ci": role(PULLS, RoleName="ci", trust=trust)})

    assert "not-known" == answer(query, arn("role/x", FAR))
    assert "no" == answer(query, arn("role/y", FAR))
    assert "no" == answer(query, FAR)


def test_sessions() -> None:
    """A session is what its role is, and may be named itself."""
    resources = {**api(pulls({"AWS": SESSION})), "Ci": role(LOGIN, RoleName="ci", Path="/build/")}
    query = asked(resources)

    assert "yes" == answer(query, SESSION)
    assert "no" == answer(query, SESSION.replace("build-1", "build-2"))
    bounded = role(LOGIN, RoleName="ci", PermissionsBoundary={"Ref": "Limit"})
    limit = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document(LOGIN)},
    }
    query = asked({**api(pulls({"AWS": SESSION})), "Ci": bounded, "Limit": limit})
    assert "yes" == answer(query, SESSION)
    query = asked(api(deny(PULL, NotPrincipal={"AWS": SESSION}), pulls({"AWS": FAR})))
    assert "no" == answer(query, arn("role/ci", FAR))


def test_services() -> None:
    """A service is named with what it asks for, or by everyone; it needs no login."""
    source = {"StringEquals": {"aws:SourceAccount": HOME}}
    for statement, expected in (
        (pulls({"Service": LAMBDA}), "yes"),
        (pulls({"Service": "ecs-tasks.amazonaws.com"}), "no"),
        (pulls({"Service": LAMBDA}, Condition=source), "not-known"),
        (pulls("*"), "not-known"),
        (pulls({"AWS": HOME}), "no"),
        (deny(PULL, NotPrincipal={"Service": LAMBDA}), "no"),
    ):
        assert expected == answer(asked(api(statement)), LAMBDA)
    tasks = "ecs-tasks.amazonaws.com"
    resources = {**api(), "Task": role(PULLS, trust=trusting({"Service": tasks}))}
    assert "yes" == answer(asked(resources), tasks)
    assert "no" == answer(asked(resources), LAMBDA)


def test_accounts() -> None:
    """An account is its root user: its own account allows it everything."""
    assert "yes" == answer(asked(api()), HOME)
    assert "no" == answer(asked(api(deny(PULL, Principal="*"))), arn("root"))
    assert "yes" == answer(asked(api(pulls({"AWS": FAR}))), FAR)
    assert "no" == answer(asked(api()), FAR)
    elsewhere = asked([template(api(), None)])
    assert "not-known" == answer(elsewhere, HOME)
    assert "is not read" in effects(elsewhere.one(read_principal(HOME)))


def test_templates_of_any_account() -> None:
    """A role of a template without account is that of its name."""
    resources = {**api(), "Ci": role(PULLS, RoleName="ci"), "Dev": role(RoleName="dev")}
    query = asked([template(resources, None)])

    assert ["yes", "no"] == [answer(query, name) for name in (CI, DEV)]
    assert "not-known" == answer(query, OPS)


VERBS = {
    "pull": (PULLS, "yes"),
    "push": (
        allow(["ecr:GetAuthorizationToken", "ecr:*Layer*", "ecr:PutImage"], Resource="*"),
        "yes",
    ),
    "delete": (allow("ecr:BatchDeleteImage", Resource="*"), "yes"),
    "administer": (allow("ecr:SetRepositoryPolicy", Resource="*"), "yes"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_verbs(verb: str) -> None:
    """Each verb has actions of its own."""
    statement, expected = VERBS[verb]
    query = asked({**api(), "Ci": role(statement, RoleName="ci")}, verb=verb)

    assert expected == answer(query, CI)
    for other in VERBS.keys() - {verb}:
        query = asked({**api(), "Ci": role(statement, RoleName="ci")}, verb=other)
        assert "no" == answer(query, CI)


KEYS: dict[str, tuple[Any, Body | None, str]] = {
    "of the template": ({"Fn::GetAtt": ["Key", "Arn"]}, {}, "yes"),
    "disabled": ({"Fn::GetAtt": ["Key", "Arn"]}, {"Enabled": False}, "no"),
    "enabled": ({"Fn::GetAtt": ["Key", "Arn"]}, {"Enabled": True}, "yes"),
    "perhaps enabled": ({"Fn::GetAtt": ["Key", "Arn"]}, {"Enabled": UNKNOWN}, "not-known"),
    "whose policy is not known": (
        *({"Fn::GetAtt": ["Key", "Arn"]}, {"KeyPolicy": UNKNOWN}, "not-known"),
    ),
    "whose policy denies": (
        {"Fn::GetAtt": ["Key", "Arn"]},
        {"KeyPolicy": document(deny("kms:*", Principal="*", Resource="*"))},
        "not-known",
    ),
    "whose policy denies its deletion": (
        {"Fn::GetAtt": ["Key", "Arn"]},
        {"KeyPolicy": document(deny("kms:ScheduleKeyDeletion", Principal="*", Resource="*"))},
        "yes",
    ),
    "of another template": (f"arn:aws:kms:eu-central-1:{HOME}:key/1", None, "not-known"),
    "of ECR itself": ("alias/aws/ecr", None, "yes"),
    "of none": (None, None, "yes"),
}


@pytest.mark.parametrize("case", KEYS)
def test_keys(case: str) -> None:
    """No image is pulled without the key; deletion does not need it."""
    key, properties, expected = KEYS[case]
    encryption = {"EncryptionType": "KMS", **({"KmsKey": key} if key else {})}
    resources = {**api(EncryptionConfiguration=encryption), "Ci": role(EVERYTHING, RoleName="ci")}
    if properties is not None:
        resources["Key"] = {"Type": "AWS::KMS::Key", "Properties": properties}

    assert expected == answer(asked(resources), CI)
    assert "yes" == answer(asked(resources, verb="delete"), CI)


POLICIES_NOT_KNOWN: dict[str, Body] = {
    "that is broken": {"Api": {"RepositoryPolicyText": '{"Version": '}},
    "that is a list": {"Api": {"RepositoryPolicyText": ["x"]}},
    "without statements": {"Api": {"RepositoryPolicyText": {"Version": "2012-10-17"}}},
    "of the repository": {"Api": {"RepositoryPolicyText": UNKNOWN}},
    "of the registry": {"Registry": {"PolicyText": UNKNOWN}},
}


@pytest.mark.parametrize("case", POLICIES_NOT_KNOWN)
def test_policies_of_the_repository_that_are_not_known(case: str) -> None:
    """They may deny everything, so that nothing is certain."""
    resources = {**api(), "Ci": role(PULLS, RoleName="ci")}
    for name, properties in POLICIES_NOT_KNOWN[case].items():
        body = resources.setdefault(name, {"Type": "AWS::ECR::RegistryPolicy", "Properties": {}})
        body["Properties"] |= properties
    query = asked(resources)

    assert "not-known" == answer(query, CI)
    assert "not-known" == answer(query, FAR)
    assert NAME in {gap.subject for gap in query.everyone().not_known}


def test_the_registry_policy_decides_too() -> None:
    """It allows and denies on the repositories that it names."""
    registry = {
        "Type": "AWS::ECR::RegistryPolicy",
        "Properties": {
            "PolicyText": document(allow(PULL, Principal={"AWS": FAR}, Resource=f"{HERE}*"))
        },
    }
    assert "yes" == answer(asked({**api(), "Registry": registry}), FAR)
    registry["Properties"] = {
        "PolicyText": document(deny("ecr:*", Principal="*", Resource="*")),
    }
    assert "no" == answer(asked({**api(), "Registry": registry, "Ci": role(PULLS)}), HOME)


def test_everyone() -> None:
    """The list has those that were read, and those that policies name, the certain ones first."""
    github = f"arn:aws:iam::{HOME}:oidc-provider/token.actions.githubusercontent.com"
    claims = {
        "token.actions.githubusercontent.com:sub": "repo:acme/api:ref:refs/heads/main",
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
    }
    trust = trusting(
        {"Federated": github},
        action="sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": claims},
    )
    policy = (
        pulls({"AWS": FAR}),
        pulls({"AWS": FAR}),
        pulls({"AWS": HOME}),
        pulls({"AWS": arn("role/ci")}),
        pulls({"AWS": arn("role/x", FAR)}),
        pulls({"AWS": arn("user/jo", FAR)}, Condition=IF_VPC),
        pulls({"Service": LAMBDA}, Condition={"StringEquals": {"aws:SourceAccount": HOME}}),
        pulls("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        pulls({"AWS": "AROA" + "A" * 17}),
        pulls({"AWS": f"arn:aws:sts::{FAR}:assumed-role/x/1"}),
        deny("ecr:PutImage", Principal="*"),
        deny(PULL, Principal={"Service": "ecs-tasks.amazonaws.com"}),
        pulls({"Service": "ecs-tasks.amazonaws.com"}),
        allow("ecr:DescribeImages", Principal={"AWS": "777788889999"}),
    )
    resources = {
        **api(*policy),
        "Ci": role(PULLS, RoleName="ci", trust=trust),
        "Dev": role(RoleName="dev"),
    }
    result = asked(resources).everyone()
    kinds = {item.principal: item.kind for item in result.principals}
    answers = listed(result)

    assert {
        CI: "role",
        arn("root"): "account",
        arn("root", FAR): "account",
        arn("role/x", FAR): "role",
        f"the service {LAMBDA} if aws:SourceAccount is {HOME}": "service",
        "organization o-a1b2c3d4e5": "set",
        "branch main of GitHub repository acme/api": "federated",
        f"user jo of account {FAR} if aws:SourceVpce is vpce-1": "user",
        "AROA" + "A" * 17: "set",
        f"arn:aws:sts::{FAR}:assumed-role/x/1": "role",
    } == kinds
    assert "not-known" == answers[arn("role/x", FAR)]
    assert "not-known" == answers[f"user jo of account {FAR} if aws:SourceVpce is vpce-1"]
    assert "yes" == answers["organization o-a1b2c3d4e5"]
    order = [answers[item.principal] for item in result.principals]
    assert order == sorted(order, reverse=True)
    assert DEV not in answers


DENIED_IN_PART: dict[str, tuple[Body, str | None]] = {
    "a session": ({"Principal": {"AWS": f"arn:aws:sts::{FAR}:assumed-role/y/2"}}, "not-known"),
    "all but a role": ({"NotPrincipal": {"AWS": arn("role/x", FAR)}}, "not-known"),
    "a service": ({"Principal": {"Service": LAMBDA}}, "yes"),
    "all": ({"Principal": "*"}, None),
}


@pytest.mark.parametrize("case", DENIED_IN_PART)
def test_principals_of_which_some_are_denied(case: str) -> None:
    """Of the principals of a statement together it is not known whether they are denied."""
    parts, expected = DENIED_IN_PART[case]
    everyone = pulls("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})
    result = asked(api(everyone, deny(PULL, **parts))).everyone()

    assert expected == listed(result).get("organization o-a1b2c3d4e5")


def test_roles_that_trust_sessions_and_services() -> None:
    """A role that is trusted in one of its sessions may assume; a denied service does not."""
    tasks = {"Service": "ecs-tasks.amazonaws.com"}
    trust = document(
        allow("sts:AssumeRole", Principal={"AWS": SESSION}),
        allow("sts:AssumeRole", Principal=tasks),
        deny("sts:AssumeRole", Principal=tasks),
    )
    query = asked(
        {**api(), "Ops": role(PULLS, RoleName="ops", trust=trust), "Ci": role(RoleName="ci")}
    )

    assert ["not-known", "yes"] == [answer(query, name) for name in (CI, SESSION)]
    assert not {name for name in listed(query.everyone()) if "ecs-tasks" in name}


WRONG: dict[str, Callable[[], object]] = {
    "principal-form": lambda: read_principal("ci"),
    "repository-missing": lambda: asked(api(), repository="other"),
    "repository-ambiguous": lambda: asked(
        [template(api()), template(api(), FAR)],
    ),
}


@pytest.mark.parametrize("code", WRONG)
def test_questions_without_an_answer(code: str) -> None:
    """They are errors that say what to write."""
    with pytest.raises(AccessError) as error:
        WRONG[code]()

    assert [code] == [item.code for item in error.value.diagnostics]


NAMES = (NAME, "Api", HERE, f"{HOME}.dkr.ecr.eu-central-1.amazonaws.com/{NAME}:v1")


@pytest.mark.parametrize("name", NAMES)
def test_names_of_a_repository(name: str) -> None:
    """A name, a logical id, an ARN and a URI name the same."""
    assert NAME == asked([template(api()), template({}, FAR)], repository=name).target.name


def test_no_repository_at_all() -> None:
    """The remedy names no repositories then."""
    with pytest.raises(AccessError, match="name a folder"):
        asked({}, repository="x")
