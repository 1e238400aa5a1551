"""What each construct rejects before the tree is changed, and what an app has only once."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ecr_constructs import (
    AccountSettings,
    CiIssuer,
    CiProvider,
    CiPushRole,
    Encryption,
    GitHubActions,
    LifecyclePolicy,
    LifecycleRule,
    PublicRepository,
    PullThroughCache,
    PullThroughCredential,
    Registry,
    RegistryEndpoints,
    RegistryKey,
    Repository,
    RepositoryCreationTemplate,
    RoleOptions,
    ScanAlerts,
    Upstream,
    UsageAlarms,
)
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    children,
    existing_role,
    list_parameter,
    warnings_of,
)
from tests.support.errors import rejects

# The only Region in which every construct exists.
HOME = cdk.Environment(account=ACCOUNT, region="us-east-1")
ELSEWHERE = cdk.Environment(account=ACCOUNT, region="eu-west-1")
ABROAD = cdk.Environment(account=OTHER_ACCOUNT, region="us-east-1")
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:ecr-pullthroughcache/docker-hub-aBcDeF"
FOREIGN_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
UNTAGGED = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))
FAR_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/r"
ROLES = [f"arn:aws:iam::{ACCOUNT}:role/{n:060}" for n in range(120)]
EMPTIED = "empty_on_delete: empty-on-delete-retained"
RETAINED = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
INCOMPLETE = iam.PolicyStatement(actions=["ecr:BatchGetImage"])

Keywords = dict[str, Any]
Make = Callable[[cdk.Stack], Keywords]


def vpc(stack: cdk.Stack) -> ec2.IVpc:
    """Return a VPC that exists already."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0a1b2c3d4e5f6a7b8",
        vpc_cidr_block="10.0.0.0/16",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0a1b2c3d4e5f6a7b8"],
        private_subnet_route_table_ids=["rtb-0a1b2c3d4e5f6a7b8"],
    )


# Keywords with which each construct is accepted.
MINIMUM: dict[type[Construct], Make] = {
    AccountSettings: lambda _: {"blob_mounting": True},
    CiProvider: lambda _: {"issuer": CiIssuer.github_actions()},
    CiPushRole: lambda stack: {
        "ci": GitHubActions(repository="acme/payments-api", branches=["main"]),
        "repositories": [ecr.Repository.from_repository_name(stack, "Named", "payments/api")],
    },
    PublicRepository: lambda _: {},
    PullThroughCache: lambda _: {"upstream": Upstream.quay()},
    PullThroughCredential: lambda _: {"name": "hub", "username": "acme"},
    Registry: lambda _: {},
    RegistryEndpoints: lambda stack: {"vpc": vpc(stack)},
    RegistryKey: lambda _: {"alias": "alias/ecr/prod"},
    Repository: lambda _: {},
    RepositoryCreationTemplate: lambda _: {"prefix": "payments", "applied_for": ["REPLICATION"]},
    ScanAlerts: lambda _: {},
    UsageAlarms: lambda stack: {"topic": sns.Topic(stack, "Topic")},
}


def key_of(region: str) -> Make:
    """Return keywords with a key of the app in a Region."""
    env = cdk.Environment(account=ACCOUNT, region=region)

    def keywords(stack: cdk.Stack) -> Keywords:
        key = kms.Key(cdk.Stack(cdk.App.of(stack), "Elsewhere", env=env), "Key")
        return {"encryption": Encryption.customer_managed(key)}

    return keywords


HOST = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"


def imported_provider(account: str, issuer: str) -> Make:
    """Return keywords with a provider that exists already."""
    arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    return lambda stack: {
        "provider": iam.OidcProviderNative.from_oidc_provider_arn(stack, "Imported", arn)
    }


# Invalid keywords of each construct, and the problems of which its error consists.
REJECTED: dict[type[Construct], list[tuple[Any, ...]]] = {
    AccountSettings: [
        ({"blob_mounting": None}, "account-settings-missing"),
        ({"registry_policy_scope": "V1"}, "REGISTRY_POLICY_SCOPE: account-setting-retired"),
    ],
    CiProvider: [
        ({"audiences": "acme"}, "audiences: list-is-string"),
        ({"audiences": ["a*"]}, "audience: issuer-audience-wildcard"),
    ],
    CiPushRole: [
        ({"repositories": []}, "repositories: push-role-repositories-missing"),
        ({"session_hours": 0}, "session_hours: push-role-session-hours"),
        ({"session_hours": 24}, "session_hours: push-role-session-hours"),
        ({"role_name": "ci/push"}, "role_name: push-role-name-format"),
        ({"role_name": "a" * 65}, "role_name: push-role-name-format"),
        (
            lambda stack: {"provider": CiProvider(stack, "GitLab", issuer=CiIssuer.gitlab())},
            "provider: ci-provider-issuer",
        ),
        ({"allow_pull": False, "pull_back": True}, "allow_pull: keyword-given-twice"),
        (
            lambda stack: {"repositories": Repository(stack, "Api")},
            "repositories: wrong-type",
        ),
        ({"repositories": "payments/api"}, "repositories: wrong-type"),
        ({"provider": PROVIDER}, "provider: wrong-type"),
        (
            lambda stack: {"provider": iam.Role(stack, "Role", assumed_by=iam.AnyPrincipal())},
            "provider: wrong-type",
        ),
        (
            lambda stack: {"provider": iam.CfnOIDCProvider(stack, "L1", url="https://gitlab.com")},
            "provider: ci-provider-issuer",
        ),
        (
            lambda stack: {
                "provider": iam.OidcProviderNative(stack, "Native", url="https://gitlab.com")
            },
            "provider: ci-provider-issuer",
        ),
        (
            lambda stack: {
                "provider": iam.OidcProviderNative(
                    stack, "Native", url=f"https://{HOST}", client_ids=["acme"]
                )
            },
            "provider: ci-provider-audience",
        ),
        (imported_provider(ACCOUNT, "gitlab.com"), "provider: ci-provider-issuer"),
        (imported_provider("444455556666", HOST), "provider: ci-provider-account"),
    ],
    PublicRepository: [
        ({"repository_name": "a--b"}, "public-repository-name-format"),
        ({"description": "a" * 2000}, "description: catalog-text-length"),
        ({"architectures": [""]}, "architectures[0]: catalog-label-length"),
        ({"push_accounts": ["4444"]}, "push_accounts[0]: account-id-format"),
        ({"tags": {"": "x"}}, "tags['']: tag-key-length"),
        ({"removal_policy": cdk.RemovalPolicy.SNAPSHOT}, "removal_policy: removal-policy-snapshot"),
    ],
    PullThroughCache: [
        ({"policy_statements": [INCOMPLETE]}, "principals: statement-without-principal"),
        (
            {"upstream_role_options": RoleOptions()},
            "upstream_role_options: role-options-unused",
        ),
        ({"template_role_options": RoleOptions()}, "role_options: role-options-unused"),
        ({"repository_prefix": "Quay"}, "repository_prefix: namespace-format"),
        (
            {"repository_prefix": ""},
            "repository_prefix: namespace-length",
            "repository_prefix: namespace-format",
        ),
        (
            {"repository_prefix": "ROOT", "upstream_repository_prefix": "team"},
            "upstream_repository_prefix: cache-upstream-prefix-with-root",
        ),
        ({"upstream": Upstream.docker_hub(SECRET)}, "credential-region"),
        ({"upstream": Upstream.ecr(account=ACCOUNT, region="us-east-1")}, "upstream-is-cache"),
        ({"upstream": Upstream.ecr(account=ACCOUNT, region="eu-moon-1")}, "upstream-region"),
        (
            {"upstream": Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1", role=FAR_ROLE)},
            "role-arn-account",
        ),
        (
            {
                "upstream": Upstream.ecr(account=ACCOUNT, region="us-east-1", role="me"),
                "repository_prefix": "A",
                "upstream_repository_prefix": "B",
            },
            *(f"repository_prefix: namespace-{code}" for code in ("length", "format")),
            *(f"upstream_repository_prefix: namespace-{code}" for code in ("length", "format")),
            "upstream-is-cache",
            "role-arn-format",
        ),
        (
            {
                "upstream": Upstream.ecr(
                    account=OTHER_ACCOUNT,
                    region="us-east-1",
                    role=f"arn:aws-cn:iam::{ACCOUNT}:role/x",
                )
            },
            "arn-partition",
        ),
        ({"lifecycle": UNTAGGED}, "lifecycle: template-cache-lifecycle"),
        ({"pull_accounts": ["4444"]}, "pull_accounts[0]: account-id-format"),
        ({"tags": {"aws:team": "x"}}, "tags['aws:team']: tag-key-reserved-prefix"),
        ({"encryption": Encryption.dual_layer()}, "encryption-type-region"),
    ],
    PullThroughCredential: [
        ({"name": "ecr-pullthroughcache/hub"}, "secret-name-prefix"),
        ({"username": ""}, "username: username-empty"),
    ],
    RegistryEndpoints: [
        ({"account": "1111"}, "account: account-id-format"),
        (
            {"s3_endpoint": False, "s3_statements": [iam.PolicyStatement()]},
            "s3_statements: statements-without-endpoint",
        ),
    ],
    RegistryKey: [
        ({"alias": "ecr/prod"}, "key-alias-format"),
        ({"alias": "alias/aws/ecr"}, "key-alias-reserved-prefix"),
        # In any case of its letters, as CDK has it.
        ({"alias": "alias/AWS/ecr"}, "key-alias-reserved-prefix"),
        ({"alias": "alias/my key"}, "key-alias-format"),
        ({"access": "both"}, "access: key-access-unknown"),
    ],
    Repository: [
        ({"repository_name": "Payments"}, "repository-name-characters"),
        ({"repository_name": ""}, "repository-name-length", "repository-name-slashes"),
        ({"tags": {"aws:team": "x"}}, "tags['aws:team']: tag-key-reserved-prefix"),
        ({"pull_accounts": ["4444"]}, "pull_accounts[0]: account-id-format"),
        ({"push_accounts": ["4444"]}, "push_accounts[0]: account-id-format"),
        ({"pull_organizations": ["o-*"]}, "pull_organizations[0]: organization-id-wildcard"),
        ({"pull_principals": ["me"]}, "pull_principals[0]: principal-arn-format"),
        ({"push_principals": ["me"]}, "push_principals[0]: principal-arn-format"),
        ({"pull_accounts": OTHER_ACCOUNT}, "pull_accounts: list-is-string"),
        ({"pull_principals": ROLES}, "repository-policy-length"),
        ({"encryption": Encryption.dual_layer()}, "encryption-type-region"),
        ({"encryption": Encryption.customer_managed(FOREIGN_KEY)}, "encryption-key-region"),
        (key_of("eu-west-1"), "encryption-key-region"),
        ({"empty_on_delete": True}, EMPTIED),
        ({"empty_on_delete": True, "removal_policy": RETAINED}, EMPTIED),
        ({"removal_policy": cdk.RemovalPolicy.SNAPSHOT}, "removal_policy: removal-policy-snapshot"),
        ({"policy_statements": [INCOMPLETE]}, "principals: statement-without-principal"),
        *(
            (
                lambda stack, key=keyword: {key: list_parameter(stack)},
                f"{keyword}: list-unresolved",
            )
            for keyword in ("pull_accounts", "pull_organizations", "push_principals")
        ),
    ],
    RepositoryCreationTemplate: [
        (
            {"policy_statements": [INCOMPLETE]},
            "principals: statement-without-principal",
        ),
        ({"role_options": RoleOptions()}, "role_options: role-options-unused"),
        (
            lambda stack: {
                "role_options": RoleOptions(role_name="r", path="/a/"),
                "role": existing_role(stack),
                "tags": {"a": "b"},
            },
            "role_options: role-options-unused",
            "role_options.path: role-arn-path",
        ),
        ({"prefix": "Payments"}, "prefix: namespace-format"),
        ({"pull_accounts": ["4444"]}, "pull_accounts[0]: account-id-format"),
        ({"encryption": Encryption.dual_layer()}, "encryption-type-region"),
        ({"encryption": Encryption.customer_managed(FOREIGN_KEY)}, "encryption-key-region"),
        (
            {"applied_for": ["PULL_THROUGH_CACHE"], "lifecycle": UNTAGGED},
            "lifecycle: template-cache-lifecycle",
        ),
        (lambda stack: {"role": existing_role(stack, "ecr/maker")}, "role-arn-path"),
        (lambda _: {"role": f"arn:aws-cn:iam::{ACCOUNT}:role/x"}, "arn-partition"),
        (lambda _: {"role": ""}, "role-arn-format"),
        (lambda stack: {"role": existing_role(stack, "x", OTHER_ACCOUNT)}, "role-arn-account"),
    ],
    ScanAlerts: [
        ({"severity": "URGENT"}, "severity-unknown"),
        ({"emails": ["somebody"]}, "emails[0]: email-format"),
    ],
    UsageAlarms: [
        ({"percent": 0}, "quota-percent-range"),
        ({"repositories": "payments/api"}, "repositories: list-is-string"),
        ({"repositories": ["Payments"]}, "repository-name-characters"),
    ],
}


@pytest.fixture
def home(app: cdk.App) -> cdk.Stack:
    """Return a stack of the only Region in which every construct exists."""
    return cdk.Stack(app, "Home", env=HOME)


@pytest.mark.parametrize(
    ("construct", "made", "expected"),
    [
        pytest.param(construct, made, codes, id=f"{construct.__name__}, {codes[0]}")
        for construct, cases in REJECTED.items()
        for made, *codes in cases
    ],
)
def test_rejects_before_the_tree_is_touched(
    home: cdk.Stack, construct: Callable[..., Construct], made: Any, expected: list[str]
) -> None:
    """A rejected construct leaves neither a child nor a claim: it can be defined correctly."""
    sound = MINIMUM[construct](home)  # type: ignore[index]
    keywords = made(home) if callable(made) else made
    before = children(home)

    with rejects(*expected):
        construct(home, "It", **{**sound, **keywords})

    assert before == children(home)
    construct(home, "It", **sound)


# Second constructs that claim the same as the one of `MINIMUM`, and others that do not.
ONCE: dict[type[Construct], tuple[Keywords, Keywords | None]] = {
    AccountSettings: ({"blob_mounting": False}, {"registry_policy_scope": "V2"}),
    CiProvider: ({}, {"issuer": CiIssuer.gitlab()}),
    PullThroughCache: ({}, {"upstream": Upstream.kubernetes()}),
    Registry: ({}, None),
    RepositoryCreationTemplate: (
        {"prefix": "payments/"},
        {"prefix": "payments/x", "applied_for": ["REPLICATION"]},
    ),
    ScanAlerts: ({}, None),
    UsageAlarms: ({}, None),
}
# In another Region, the provider of an account is the same one.
OF_ACCOUNT = {CiProvider}


@pytest.mark.parametrize("construct", ONCE, ids=lambda construct: construct.__name__)
def test_an_app_has_it_once(app: cdk.App, home: cdk.Stack, construct: type[Construct]) -> None:
    """A second one in another stack of the account and Region is rejected, others are not."""
    make: Callable[..., Construct] = construct
    first = MINIMUM[construct](home)
    make(home, "It", **first)
    second = cdk.Stack(app, "Second", env=ELSEWHERE if construct in OF_ACCOUNT else HOME)
    same, other = ONCE[construct]
    keywords = {**MINIMUM[construct](second), **same}
    before = children(second)

    with rejects("Second/It: defined-twice") as caught:
        make(second, "It", **keywords)

    assert "'Home/It'" in caught[0].message
    assert before == children(second)
    if other:
        make(second, "Other", **other)
    for name, env in {"Elsewhere": ELSEWHERE, "Abroad": ABROAD}.items():
        if env is ABROAD or construct not in OF_ACCOUNT:
            stack = cdk.Stack(app, name, env=env)
            make(stack, "It", **MINIMUM[construct](stack))


@pytest.mark.parametrize("construct", ONCE, ids=lambda construct: construct.__name__)
def test_two_that_may_be_of_one_registry_are_warned_of(
    app: cdk.App, construct: type[Construct]
) -> None:
    """Where account or Region is unknown the two may differ, so it is a warning."""
    make: Callable[..., Construct] = construct
    first, second = (cdk.Stack(app, name) for name in ("First", "Second"))
    for stack in (first, second):
        make(stack, "It", **MINIMUM[construct](stack))

    assert [] == [name for name in warnings_of(first) if name.endswith("definedTwice")]
    assert {"ecr-constructs:definedTwice"} == set(warnings_of(second))


def test_an_alias_of_the_app_is_rejected(stack: cdk.Stack) -> None:
    """A key's alias, though it is a kms.IKey, would replace the repository at each deployment."""
    alias = kms.Key(stack, "Key").add_alias("alias/ecr/prod")

    with rejects("encryption-key-is-alias"):
        Encryption.customer_managed(alias)
