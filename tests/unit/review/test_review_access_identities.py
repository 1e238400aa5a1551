"""Changes of access of roles, users and groups, and of who may assume roles."""

from collections.abc import Mapping
from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.repository_policy import PUSH_ACTIONS
from tests.support.rule_examples.access import PULL
from tests.support.rule_examples.build import (
    allow,
    document,
    get_att,
    key,
    repository,
    resource,
    template,
)
from tests.unit.review.access_sides import HERE, NARROWED, WIDENED, access_changes, deny, summaries

PUSH = list(PUSH_ACTIONS)
GITHUB = "token.actions.githubusercontent.com"
API = repository(RepositoryName="payments/api")
LOGIN = allow("ecr:GetAuthorizationToken", Resource="*")
PULLING = allow(PULL, Resource=get_att("Api"))
PUSHING = allow(PUSH, Resource=f"{HERE}/payments/*")
LOGS = allow("logs:PutLogEvents", Resource="*")
ECS = allow("sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"})
AWS_POLICY = "arn:aws:iam::aws:policy"


def role(*statements: Any, trust: Any = ECS, **properties: Any) -> dict[str, Any]:
    """Return a role with an inline policy of these statements."""
    inline = [{"PolicyName": "Images", "PolicyDocument": document(*statements)}]
    policies = {"Policies": inline} if statements else {}
    admitting = trust if isinstance(trust, list) else [trust]
    trusting = {"AssumeRolePolicyDocument": document(*admitting)}
    return resource("AWS::IAM::Role", {**trusting, **policies, **properties})


def policy(*statements: Any, kind: str = "Policy", **attached: Any) -> dict[str, Any]:
    """Return a policy that is attached to somebody."""
    return resource(f"AWS::IAM::{kind}", {"PolicyDocument": document(*statements), **attached})


def token(subject: Any = None, *, audience: str = "sts.amazonaws.com") -> dict[str, Any]:
    """Return a statement that lets tokens of GitHub Actions assume a role."""
    provider = f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"
    claims = {} if subject is None else {"StringLike": {f"{GITHUB}:sub": subject}}
    return allow(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": provider},
        Condition={"StringEquals": {f"{GITHUB}:aud": audience}, **claims},
    )


ATTACHED_TO_CI: dict[str, Any] = {"Roles": [{"Ref": "Ci"}]}
ENCRYPTED = {
    "Key": key(),
    "Api": repository(
        RepositoryName="payments/api",
        EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
    ),
}

# Resources beside a repository before and after, what is widened, and what is narrowed.
CASES: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], list[str], list[str]]] = {
    "a wider resource": (
        {"Ci": role(PULLING)},
        {"Ci": role(allow(PULL, Resource=f"{HERE}/*"))},
        ["role Ci may pull from every repository (was: payments/api)"],
        [],
    ),
    "a new role": (
        {},
        {"Ci": role(PUSHING, LOGIN)},
        ["role Ci may pull from and push to payments/* and log in"],
        [],
    ),
    "a role that is gone": ({"Ci": role(PUSHING, LOGIN)}, {}, [], []),
    "a role for a new repository": (
        {},
        {
            "New": repository(RepositoryName="payments/new"),
            "Keyless": key(),
            "Ci": role(allow(PULL, Resource=get_att("New"))),
        },
        [],
        [],
    ),
    "a repository that is gone": (
        {
            "Old": repository(RepositoryName="payments/old"),
            "Ci": role(PULLING, allow(PULL, Resource=get_att("Old"))),
        },
        {"Ci": role(PULLING)},
        [],
        [],
    ),
    "a policy in place of an inline one": (
        {"Ci": role(PULLING)},
        {"Ci": role(), "Default": policy(PULLING, **ATTACHED_TO_CI)},
        [],
        [],
    ),
    "a managed policy by its ARN": (
        {"Ci": role(PULLING)},
        {
            "Ci": role(ManagedPolicyArns=[{"Ref": "Managed"}, {"Fn::ImportValue": "Other"}, 7]),
            "Managed": policy(PUSHING, PULLING, kind="ManagedPolicy"),
        },
        ["role Ci may pull from and push to payments/* (was: payments/api)"],
        [],
    ),
    "a policy on a role that stays": (
        {"Ci": role(), "Default": policy(PULLING, **ATTACHED_TO_CI)},
        {"Ci": role()},
        [],
        ["role Ci may no longer pull from payments/api"],
    ),
    "a managed policy that nobody has here": (
        {"Managed": policy(PULLING, kind="ManagedPolicy")},
        {"Managed": policy(PUSHING, kind="ManagedPolicy")},
        [
            (
                "every holder of policy Managed may pull from and push to payments/* "
                "(was: payments/api)"
            )
        ],
        [],
    ),
    "policies of others": (
        {},
        {
            "User": resource("AWS::IAM::User", {"UserName": "eve"}),
            "Group": resource("AWS::IAM::Group", {}),
            "ForUser": policy(PULLING, kind="UserPolicy", UserName={"Ref": "User"}),
            "ForGroup": policy(PULLING, kind="GroupPolicy", GroupName={"Ref": "Group"}),
            "ForRole": policy(PULLING, kind="RolePolicy", RoleName="builder"),
            "ForAnother": policy(PULLING, Roles=[{"Ref": "Parameter"}]),
            "ForARepository": policy(PULLING, Roles=[{"Ref": "Gone"}, 7]),
        },
        [
            "role (not known yet) may pull from payments/api",
            "group Group may pull from payments/api",
            "role builder may pull from payments/api",
            "user eve may pull from payments/api",
        ],
        [],
    ),
    "a policy of AWS": (
        {"Ci": role(PULLING)},
        {"Ci": role(ManagedPolicyArns=[f"{AWS_POLICY}/AmazonEC2ContainerRegistryPowerUser"])},
        [
            (
                "role Ci may pull from, push to and read images and settings of every repository "
                "and log in (was: payments/api)"
            )
        ],
        [],
    ),
    "another policy of AWS": (
        {"Ci": role()},
        {"Ci": role(ManagedPolicyArns=[f"{AWS_POLICY}/ReadOnlyAccess"])},
        [],
        [],
    ),
    "the administrator": (
        {"Ci": role()},
        {"Ci": role(ManagedPolicyArns=[f"{AWS_POLICY}/AdministratorAccess"])},
        ["role Ci may do everything with every repository"],
        [],
    ),
    "a boundary dropped": (
        {"Ci": role(PULLING, PermissionsBoundary=f"{AWS_POLICY}/PowerUserAccess")},
        {"Ci": role(PULLING)},
        [
            (
                "role Ci may pull from payments/api (was: role Ci if its boundary permits it: "
                f"{AWS_POLICY}/PowerUserAccess)"
            )
        ],
        [],
    ),
    "a denial dropped": (
        {"Ci": role(PULLING, deny("ecr:*", Resource="*"))},
        {"Ci": role(PULLING)},
        [
            (
                "role Ci may pull from payments/api and is no longer forbidden to do anything with "
                "every repository"
            )
        ],
        [],
    ),
    "what has nothing to do with images": (
        {"Ci": role()},
        {
            "Bucket": resource("AWS::S3::Bucket", {}),
            "Ci": role(
                allow("s3:*", Resource="*"),
                allow("*", Resource=get_att("Bucket")),
                allow("*", Resource="arn:aws:s3:::bucket/*"),
                allow("kms:Decrypt", Resource="*"),
            ),
        },
        [],
        [],
    ),
    "a resource that is not known": (
        {"Ci": role()},
        {
            "Nested": resource("AWS::CloudFormation::Stack", {}),
            "Ci": role(allow(PULL, Resource=get_att("Nested", "Outputs.Arn"))),
        },
        ["role Ci may pull from Nested"],
        [],
    ),
    "all repositories but one": (
        {"Ci": role()},
        {
            "Ci": role(
                {
                    "Effect": "Allow",
                    "Action": PULL,
                    "NotResource": "arn:aws:ecr:*:444455556666:repository/secret",
                }
            )
        },
        [
            (
                "role Ci may pull from every repository except secret in every Region of account "
                "444455556666"
            )
        ],
        [],
    ),
    "another Region": (
        {"Ci": role(allow(PULL, Resource=f"{HERE}/payments/*"))},
        {
            "Ci": role(
                allow(PULL, Resource="arn:aws:ecr:eu-west-1:111122223333:repository/payments/*"),
                allow(PULL, Resource=f"{HERE}/payments/*"),
            )
        },
        ["role Ci may pull from payments/* in Region eu-west-1"],
        [],
    ),
    "a condition of a policy": (
        {"Ci": role({**PULLING, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})},
        {"Ci": role(PULLING)},
        [
            "role Ci may pull from payments/api (was: role Ci if aws:SecureTransport is true)",
        ],
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_all_policies_of_somebody_count(case: str) -> None:
    """What somebody may do is compared by all policies that they have, wherever these stand."""
    before, after, widened, narrowed = CASES[case]
    changes = summaries({"Api": API, **before}, {"Api": API, **after})

    assert widened == changes.get(WIDENED, [])
    assert narrowed == changes.get(NARROWED, [])


def test_key_of_images_counts() -> None:
    """To use a key is access to images if a repository is encrypted with it."""
    using = allow("kms:Decrypt", Resource=get_att("Key"))
    changes = summaries({**ENCRYPTED, "Ci": role()}, {**ENCRYPTED, "Ci": role(using)})

    assert {WIDENED: ["role Ci may use Key"]} == changes


def test_change_is_said_where_it_comes_from() -> None:
    """A change is reported for the policy that causes it, with the changed properties."""
    base = {"Api": API, "Ci": role(PULLING)}
    head = {"Api": API, "Ci": role(), "Default": policy(PUSHING, PULLING, **ATTACHED_TO_CI)}
    [widened] = access_changes(base, head)
    [again] = access_changes(head, {**head, "Default": policy(PULLING, **ATTACHED_TO_CI)})

    assert ("Default", ()) == (widened.resource, widened.properties)
    assert ("Default", ("PolicyDocument",)) == (again.resource, again.properties)
    assert ["role Ci may pull from and push to payments/*"] == [
        sentence for sentence in widened.after if "push" in sentence
    ]


def test_repository_of_another_stack_is_named() -> None:
    """A role that refers to an export of another stack is said to use what is exported."""
    export = {"Value": get_att("Api"), "Export": {"Name": "api"}}
    images = template({"Api": API}, name="images", Outputs={"Arn": export})

    def ci(*statements: Any) -> list[Template]:
        return [images, template({"Ci": role(*statements)}, name="ci")]

    changes = summaries(ci(), ci(allow(PULL, Resource={"Fn::ImportValue": "api"})))

    assert {WIDENED: ["role Ci may pull from payments/api"]} == changes


def test_repository_without_a_name_is_called_by_its_id() -> None:
    """A repository whose name CloudFormation makes is called by its logical id."""
    plain = {"Api": resource(REPOSITORY, {})}
    changes = summaries({**plain, "Ci": role()}, {**plain, "Ci": role(PULLING)})

    assert {WIDENED: ["role Ci may pull from Api"]} == changes


def test_role_of_the_app_is_of_its_account() -> None:
    """A role that a repository policy refers to is one of the account that it is in."""
    root, ci = ({"AWS": arn} for arn in ("111122223333", get_att("Ci")))
    base, head = (
        {"Ci": role(), "Api": repository(RepositoryPolicyText=document(allow(PULL, Principal=who)))}
        for who in (root, ci)
    )

    assert {
        NARROWED: [
            (
                "AWS::ECR::Repository Api: account 111122223333 may no longer pull "
                "(now: role Ci of account 111122223333)"
            )
        ]
    } == summaries(base, head)


def test_policy_that_is_not_known_is_said() -> None:
    """Of a role with access to images it is said that a statement is known later; of others not."""
    perhaps = {"Fn::If": ["IsProd", PUSHING, {"Ref": "AWS::NoValue"}]}
    base, head = ({"Api": API, "Ci": role(PULLING, *statements)} for statements in ([], [perhaps]))
    other, another = ({"Api": API, "Ci": role(LOGS, *statements)} for statements in ([], [perhaps]))

    assert {
        WIDENED: ["role Ci may widen access: its policy is known only at deploy time; review it"],
        NARROWED: ["role Ci may narrow access: its policy is known only at deploy time; review it"],
    } == summaries(base, head)
    assert {} == summaries(other, another)


TRUST: dict[str, tuple[Any, Any, str, str]] = {
    "any repository of the owner": (
        token("repo:acme/api:*"),
        token("repo:acme/*"),
        (
            f"identities of {GITHUB} if aud is sts.amazonaws.com and sub is repo:acme/* may "
            f"assume the role (was: identities of {GITHUB} if aud is sts.amazonaws.com and "
            "sub is repo:acme/api:*)"
        ),
        "warning",
    ),
    "owners that begin alike": (
        token("repo:acme/api:*"),
        token("repo:acme*"),
        "repo:acme*",
        "error",
    ),
    "any repository": (token("repo:acme/api:*"), token("*"), "there is sub", "error"),
    "no subject": (token("repo:acme/api:*"), token(), "if aud is sts.amazonaws.com may", "error"),
    "one branch more": (
        token("repo:acme/api:ref:refs/heads/main"),
        token(["repo:acme/api:ref:refs/heads/main", "repo:acme/api:ref:refs/heads/dev"]),
        "sub is repo:acme/api:ref:refs/heads/dev",
        "warning",
    ),
    "everyone": (
        ECS,
        allow("sts:AssumeRole", Principal={"AWS": "*"}),
        "every AWS account",
        "error",
    ),
    "an account": (
        ECS,
        [ECS, allow(["sts:AssumeRole", "sts:TagSession"], Principal={"AWS": "444455556666"})],
        "account 444455556666 may assume the role and tag its sessions",
        "warning",
    ),
    "a provider of its own": (
        ECS,
        allow(
            "sts:AssumeRoleWithSAML",
            Principal={"Federated": "arn:aws:iam::111122223333:saml-provider/corp"},
        ),
        "identities of corp may assume the role",
        "warning",
    ),
}


@pytest.mark.parametrize("case", TRUST)
def test_trust_is_compared(case: str) -> None:
    """Who may newly assume a role that pushes images is said; of anybody it is an error."""
    before, after, expected, severity = TRUST[case]
    base, head = ({"Api": API, "Ci": role(PUSHING, trust=trust)} for trust in (before, after))
    widened = next(change for change in access_changes(base, head) if change.kind == WIDENED)

    assert widened.summary.startswith("role Ci: ")
    assert expected in widened.summary
    assert severity == widened.severity
    assert ("Principals that assume it may pull from and push to payments/*.",) == widened.details
    assert ("AssumeRolePolicyDocument",) == widened.properties


def test_provider_of_the_app_is_called_by_its_url() -> None:
    """A provider that the app makes is the one whose ARN another side writes out."""
    made = {"GitHub": resource("AWS::IAM::OIDCProvider", {"Url": f"https://{GITHUB}"})}
    literal = token("repo:acme/api:*")
    referring = {**literal, "Principal": {"Federated": get_att("GitHub")}}
    foreign = {**literal, "Principal": {"Federated": get_att("Api")}}
    base, head, other = (
        {"Api": API, **made, "Ci": role(PUSHING, trust=trust)}
        for trust in (literal, referring, foreign)
    )

    assert [] == access_changes(base, head)
    assert [WIDENED, NARROWED] == [change.kind for change in access_changes(base, other)]


def test_trust_of_other_roles_is_their_own_business() -> None:
    """Of a role that has nothing to do with images it is not said who assumes it."""
    base, head = ({"Ci": role(trust=token(subject))} for subject in ("repo:acme/api:*", "*"))

    assert [] == access_changes(base, head)


def test_new_role_for_anybody_is_said() -> None:
    """A new role that anybody may assume is an error, beside what it may do."""
    changes = access_changes({"Api": API}, {"Api": API, "Ci": role(PUSHING, trust=token("*"))})

    assert ["error", "warning"] == [change.severity for change in changes]
    assert "may assume the role" in changes[0].summary
