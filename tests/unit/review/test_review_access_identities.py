"""Changes of access of roles, users and groups, and of who may assume roles."""

from collections.abc import Mapping
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.repository_policy import PUSH_ACTIONS
from tests.support.rule_examples.build import (
    allow,
    document,
    get_att,
    key,
    repository,
    resource,
    template,
)
from tests.support.rule_examples.statements import PULL
from tests.unit.review.access_sides import (
    ACCOUNT,
    HERE,
    NARROWED,
    WIDENED,
    access_changes,
    codes,
    deny,
)

PUSH = list(PUSH_ACTIONS)
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"
API = repository(RepositoryName="payments/api")
LOGIN = allow("ecr:GetAuthorizationToken", Resource="*")
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


def pulling(arn: Any) -> dict[str, Any]:
    """Return a statement that allows to pull from a repository."""
    return allow(PULL, Resource=arn)


def policy(*statements: Any, kind: str = "Policy", **attached: Any) -> dict[str, Any]:
    """Return a policy that is attached to somebody."""
    return resource(f"AWS::IAM::{kind}", {"PolicyDocument": document(*statements), **attached})


def token(subject: Any = None, *, audience: str = "sts.amazonaws.com") -> dict[str, Any]:
    """Return a statement that lets tokens of GitHub Actions assume a role."""
    claims = {} if subject is None else {"StringLike": {f"{GITHUB}:sub": subject}}
    return allow(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": PROVIDER},
        Condition={"StringEquals": {f"{GITHUB}:aud": audience}, **claims},
    )


def changing(arn: Any) -> dict[str, Any]:
    """Return a statement that allows to change the permissions of a role."""
    return allow(["iam:PutRolePolicy", "iam:ListRoles"], Resource=arn)


PULLING = pulling(get_att("Api"))
ATTACHED_TO_CI: dict[str, Any] = {"Roles": [{"Ref": "Ci"}]}
ENCRYPTED = {
    "Key": key(),
    "Api": repository(
        RepositoryName="payments/api",
        EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
    ),
}

NAMELESS = {"Api": resource(REPOSITORY, {})}
PERHAPS = {"Fn::If": ["IsProd", PUSHING, {"Ref": "AWS::NoValue"}]}
SECRET = "arn:aws:ecr:*:444455556666:repository/secret"
WEST = HERE.replace("eu-central-1", "eu-west-1")
EVERY = "every repository"
READ = f"allow read images and settings {EVERY}"
POWER_USER = f"allow pull {EVERY} | allow push {EVERY} | allow log in | {READ}"
OWN_POLICY = "arn:aws:iam::111122223333:policy/company"
BOUNDARY = f"its boundary permits it: {OWN_POLICY}"
LOOK = f"allow log in | {READ}"
AS_CI = " | ".join(
    f"role may allow {what}" for what in ("pull payments/*", "push payments/*", "log in")
)
CHANGE, ITSELF = "allow change the permissions", get_att("Ci")
CI, PUSH_ALL = "(identity) is role Ci", "allow pull payments/* | allow push payments/*"
OWN = "aws:principalaccount is 111122223333"
OWN_ROLE = "111122223333:role/${Ci.Arn}"
TOKEN = f"(federated) is {PROVIDER} & {GITHUB}:aud is sts.amazonaws.com"


def ci(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return the role Ci."""
    return {"Ci": role(*statements, **properties)}


def managed(name: str) -> dict[str, Any]:
    """Return the role with a policy of AWS."""
    return ci(ManagedPolicyArns=[f"{AWS_POLICY}/{name}"])


def pulled_by(principal: Any) -> dict[str, Any]:
    """Return a role, and a repository that a principal may pull from."""
    policy = document(allow(PULL, Principal={"AWS": principal}))
    return {"Ci": role(), "Api": repository(RepositoryPolicyText=policy)}


CI_PULLS, CI_PUSHES, CI_ALONE = ci(PULLING), ci(PUSHING, LOGIN), ci()
OLD = token("repo:acme/api:*")
CI_DEFAULT = {"Ci": role(), "Default": policy(PULLING, **ATTACHED_TO_CI)}
NO_ECR = deny("ecr:*", Resource="*")
UNSURE = ("+ unknown policy", "- unknown policy")
LOCAL, WESTERN = (pulling(f"{place}/payments/*") for place in (HERE, WEST))
DECRYPTING = allow("kms:Decrypt", Resource=get_att("Key"))
NEW, NESTED = repository(RepositoryName="payments/new"), {"Type": "AWS::CloudFormation::Stack"}
MAY, LISTED, ADDED = (f"+ {CI} | allow{what}" for what in ("", " pull", " pull payments/api"))
INSTEAD = "replaces payments/api"

# Resources beside a repository before and after, and the codes of each change.
CASES: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], *tuple[str, ...]]] = {
    "a wider resource": (CI_PULLS, ci(pulling(f"{HERE}/*")), f"{LISTED} {EVERY} | {INSTEAD}"),
    "a new role": (
        {},
        CI_PUSHES,
        f"+ {CI} | {PUSH_ALL} | allow log in",
        f"+ (service) is ecs-tasks.amazonaws.com | allow assume the role | {AS_CI}",
    ),
    "a role that is removed": (CI_PUSHES, {}),
    "a new repository": (
        CI_ALONE,
        {"New": NEW, "Keyless": key(), **ci(pulling(get_att("New")))},
        f"{LISTED} payments/new",
    ),
    "a repository removed": ({"New": NEW, **ci(PULLING, pulling(get_att("New")))}, CI_PULLS),
    "a policy in place of an inline one": (CI_PULLS, CI_DEFAULT),
    "a managed policy by its ARN": (
        CI_PULLS,
        {
            "Ci": role(ManagedPolicyArns=[{"Ref": "Managed"}, {"Fn::ImportValue": "Other"}, 7]),
            "Managed": policy(PUSHING, PULLING, kind="ManagedPolicy"),
        },
        "+ policy-not-read | ${!ImportValue Other}",
        f"+ {CI} | {PUSH_ALL} | {INSTEAD}",
    ),
    "a policy on a role that stays": (CI_DEFAULT, CI_ALONE, f"- {CI} | allow pull payments/api"),
    "a managed policy of unknown holders": (
        {"Managed": policy(PULLING, kind="ManagedPolicy")},
        {"Managed": policy(PUSHING, kind="ManagedPolicy")},
        f"+ (identity) is every holder of policy Managed | {PUSH_ALL} | {INSTEAD}",
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
        "+ (identity) is role ${Gone} | allow pull payments/api",
        "+ (identity) is role ${Parameter} | allow pull payments/api",
        "+ (identity) is group Group | allow pull payments/api",
        "+ (identity) is role builder | allow pull payments/api",
        "+ (identity) is user eve | allow pull payments/api",
    ),
    "a policy of AWS": (
        CI_PULLS,
        managed("AmazonEC2ContainerRegistryPowerUser"),
        f"+ {CI} | {POWER_USER} | {INSTEAD}",
    ),
    "another policy of AWS": (CI_ALONE, managed("ReadOnlyAccess"), f"{LISTED} {EVERY} | {LOOK}"),
    "a policy of AWS without access": (CI_ALONE, managed("AmazonS3FullAccess")),
    "administrators": (
        CI_ALONE,
        managed("AdministratorAccess"),
        f"{MAY} do everything {EVERY} | allow assume the role every role | {CHANGE} every role",
    ),
    "permissions of itself": (ci(LOGS), ci(LOGS, changing(ITSELF)), f"+ {CI} | {CHANGE} role Ci"),
    "permissions of every role": (
        CI_PULLS,
        ci(PULLING, changing("arn:aws:iam::111122223333:role/*")),
        f"+ {CI} | {CHANGE} every role",
    ),
    "permissions of another role": (
        {"Ci": role(), "Release": role(PULLING, RoleName="release"), "Other": role()},
        {
            "Ci": role(changing("arn:aws:iam::111122223333:role/release")),
            "Release": role(PULLING, RoleName="release"),
            "Other": role(),
        },
        f"+ {CI} | {CHANGE} role release",
    ),
    "permissions of a role without access": (
        ci(LOGS),
        ci(LOGS, changing("arn:aws:iam::111122223333:role/other")),
    ),
    "a boundary dropped": (
        ci(PULLING, PermissionsBoundary=OWN_POLICY),
        CI_PULLS,
        f"{ADDED} | replaces {CI} & {BOUNDARY}",
    ),
    "a denial dropped": (ci(PULLING, NO_ECR), CI_PULLS, f"{ADDED} | deny do anything {EVERY}"),
    "no access to images": (
        CI_ALONE,
        {
            "Bucket": resource("AWS::S3::Bucket", {}),
            "Ci": role(
                allow("s3:*", Resource="*"),
                allow("*", Resource=get_att("Bucket")),
                allow("*", Resource="arn:aws:s3:::bucket/*"),
                allow("kms:Decrypt", Resource="*"),
            ),
        },
    ),
    "a resource that is not known": (
        CI_ALONE,
        {"Nested": NESTED, **ci(pulling(get_att("Nested", "Outputs.Arn")))},
        f"{LISTED} Nested",
    ),
    "all repositories but one": (
        CI_ALONE,
        ci({"Effect": "Allow", "Action": PULL, "NotResource": SECRET}),
        f"{LISTED} {EVERY} except secret in every Region of account 444455556666",
    ),
    "another Region": (ci(LOCAL), ci(WESTERN, LOCAL), f"{LISTED} payments/* in Region eu-west-1"),
    "a condition of a policy": (
        ci({**PULLING, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        CI_PULLS,
        f"{ADDED} | replaces {CI} & aws:securetransport is true",
    ),
    # Use of a key is access to images if a repository is encrypted with it.
    "a key of images": (ENCRYPTED | CI_ALONE, ENCRYPTED | ci(DECRYPTING), f"{MAY} use the key Key"),
    "a repository without a name": (NAMELESS | CI_ALONE, NAMELESS | CI_PULLS, f"{LISTED} Api"),
    # A repository policy that refers to a role of the app names a role of the app's account.
    "a role of the app in place of its account": (
        pulled_by("111122223333"),
        pulled_by(get_att("Ci")),
        f"- {OWN} | allow pull | replaces {OWN} & aws:principalarn is arn:aws:iam::{OWN_ROLE}",
    ),
    "an unknown statement of a role with access": (CI_PULLS, ci(PULLING, PERHAPS), *UNSURE),
    "an unknown statement of another role": (ci(LOGS), ci(LOGS, PERHAPS), *UNSURE),
    "the trust in a role without access": (ci(trust=OLD), ci(trust=token("*"))),
}


@pytest.mark.parametrize("case", CASES)
def test_all_policies_of_an_identity_count(case: str) -> None:
    """Access is compared by all policies of an identity, wherever they are."""
    before, after, *expected = CASES[case]

    assert expected == codes({"Api": API, **before}, {"Api": API, **after})


def test_change_is_reported_for_the_policy_that_causes_it() -> None:
    """With the changed properties; a new policy is reported as a whole."""
    head = {"Api": API, "Ci": role(), "Default": policy(PUSHING, PULLING, **ATTACHED_TO_CI)}
    [widened] = access_changes({"Api": API, **CI_PULLS}, head)
    [again] = access_changes(head, {**head, "Default": policy(PULLING, **ATTACHED_TO_CI)})

    assert ("Default", ()) == (widened.resource, widened.properties)
    assert ("Default", ("PolicyDocument",)) == (again.resource, again.properties)
    assert 1 == sum("push" in sentence for sentence in widened.after)
    assert not any("push" in sentence for sentence in widened.before)


def test_repository_of_another_stack_is_named() -> None:
    """An export of another stack is resolved."""
    export = {"Value": get_att("Api"), "Export": {"Name": "api"}}
    images = template({"Api": API}, name="images", Outputs={"Arn": export})

    base, head = (
        [images, template(role_, name="ci")]
        for role_ in (CI_ALONE, ci(pulling({"Fn::ImportValue": "api"})))
    )
    assert [ADDED] == codes(base, head)


SUB = f"{TOKEN} & {GITHUB}:sub is"
OF_API = (f"replaces {SUB} repo:acme/api:*",)
BRANCH = "repo:acme/api:ref:refs/heads"
MAIN, DEV = f"{BRANCH}/main", f"{BRANCH}/dev"
SAML = "arn:aws:iam::111122223333:saml-provider/corp"
BY_SAML = allow("sts:AssumeRoleWithSAML", Principal={"Federated": SAML})
EVERYONE = allow("sts:AssumeRole", Principal={"AWS": "*"})
TAGGING = allow(["sts:AssumeRole", "sts:TagSession"], Principal={"AWS": "444455556666"})
BY_ECS = ("replaces (service) is ecs-tasks.amazonaws.com",)
# What the principals can do with the role.
WITH_ROLE = ("role may allow pull payments/*", "role may allow push payments/*")
# The trust before and after, the severity, the principals that gain it, and further codes.
TRUST: dict[str, tuple[Any, Any, str, str, tuple[str, ...]]] = {
    "any of the owner": (OLD, token("repo:acme/*"), "warning", f"{SUB} repo:acme/*", OF_API),
    "owners that begin alike": (OLD, token("repo:acme*"), "error", f"{SUB} repo:acme*", OF_API),
    "any repository": (OLD, token("*"), "error", f"{SUB} *", OF_API),
    "no subject": (OLD, token(), "error", TOKEN, OF_API),
    "one branch more": (token(MAIN), token([MAIN, DEV]), "warning", f"{SUB} {DEV}", ()),
    "everyone": (ECS, EVERYONE, "error", "*", BY_ECS),
    "an account": (ECS, [ECS, TAGGING], "warning", ACCOUNT, ("allow tag its sessions",)),
    "a provider of the company": (ECS, BY_SAML, "warning", f"(federated) is {SAML}", ()),
}


@pytest.mark.parametrize("case", TRUST)
def test_trust_is_compared(case: str) -> None:
    """Who may newly assume a role that pushes images is reported; for anyone it is an error."""
    before, after, severity, principals, more = TRUST[case]
    base, head = ({"Api": API, "Ci": role(PUSHING, trust=trust)} for trust in (before, after))
    widened = next(change for change in access_changes(base, head) if change.kind == WIDENED)

    assert (principals, "allow assume the role", *more, *WITH_ROLE) == widened.codes
    assert ("Ci", severity) == (widened.resource, widened.severity)
    assert ("AssumeRolePolicyDocument",) == widened.properties


def test_provider_of_the_app_is_known_by_its_url() -> None:
    """A provider that the app makes is the one whose ARN another side writes out."""
    made = {"GitHub": resource("AWS::IAM::OIDCProvider", {"Url": f"https://{GITHUB}"})}
    base, head, other = (
        {"Api": API, **made, "Ci": role(PUSHING, trust={**OLD, **federated})}
        for federated in (
            {},
            *({"Principal": {"Federated": get_att(name)}} for name in ("GitHub", "Api")),
        )
    )

    assert [] == access_changes(base, head)
    assert [WIDENED, NARROWED] == [change.kind for change in access_changes(base, other)]


def test_new_role_for_anyone_is_an_error() -> None:
    """Beside what the role may do."""
    changes = access_changes({"Api": API}, {"Api": API, "Ci": role(PUSHING, trust=token("*"))})

    assert ["error", "warning"] == [change.severity for change in changes]
    assert "allow assume the role" in changes[0].codes
