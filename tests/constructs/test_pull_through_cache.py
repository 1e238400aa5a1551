"""PullThroughCache: the rule, its template, its role, and the secret it logs in with."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from ecr_constructs import (
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    PullThroughCache,
    PullThroughCredential,
    RepositoryCreationTemplate,
    TagMutability,
    Upstream,
)
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    OTHER_ACCOUNT,
    PULL,
    PULL_PUSH,
    allow,
    children,
    existing_role,
    far_role,
    identity_statements,
    properties_of,
    resources,
    role_of,
    root,
    template,
)
from tests.support.errors import rejects

RULE = "AWS::ECR::PullThroughCacheRule"
SECRET = (
    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/docker-hub-aBcDeF"
)
FAR = Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1")
LOGIN = allow("ecr:GetAuthorizationToken", "*")


def quay(scope: cdk.Stack, **keywords: Any) -> PullThroughCache:
    """Define a cache of Quay."""
    return PullThroughCache(scope, "Quay", **{"upstream": Upstream.quay(), **keywords})


def test_defaults(stack: cdk.Stack) -> None:
    """A rule with the console's prefix, behind a template that keeps what is cached."""
    cache = quay(stack)

    assert ("quay", None) == (cache.repository_prefix, cache.upstream_role)
    assert {
        "QuayTemplate0FBDB67C": {
            "Type": "AWS::ECR::RepositoryCreationTemplate",
            "Properties": {
                "AppliedFor": ["PULL_THROUGH_CACHE"],
                "Description": "Repositories that cache quay.io",
                "ImageTagMutability": "MUTABLE",
                "Prefix": "quay",
            },
        },
        "QuayA3DF2783": {
            "Type": RULE,
            "DependsOn": ["QuayTemplate0FBDB67C"],
            "Properties": {
                "EcrRepositoryPrefix": "quay",
                "UpstreamRegistry": "quay",
                "UpstreamRegistryUrl": "quay.io",
            },
        },
    } == template(stack)["Resources"]


def test_a_credential(stack: cdk.Stack) -> None:
    """A registry that asks for a login is given the secret's ARN."""
    hub = Upstream.docker_hub(SECRET)
    PullThroughCache(stack, "Hub", upstream=hub, repository_prefix="cache/hub")

    assert {
        "CredentialArn": SECRET,
        "EcrRepositoryPrefix": "cache/hub",
        "UpstreamRegistry": "docker-hub",
        "UpstreamRegistryUrl": "registry-1.docker.io",
    } == properties_of(stack, RULE)


def test_an_imported_secret(stack: cdk.Stack) -> None:
    """A secret that exists already is imported as usual."""
    name = "ecr-pullthroughcache/docker-hub"
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", name)
    PullThroughCache(stack, "Hub", upstream=Upstream.docker_hub(secret))

    assert SECRET.removesuffix("-aBcDeF") == properties_of(stack, RULE)["CredentialArn"]


def test_an_imported_secret_of_another_name(stack: cdk.Stack) -> None:
    """The name of an imported secret is known, whatever else of its ARN is not."""
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "docker-hub")

    with rejects("credential-name-prefix"):
        Upstream.docker_hub(secret)


def test_a_made_secret_holds_no_token(stack: cdk.Stack) -> None:
    """The template holds the user's name, and lets Secrets Manager make up a placeholder."""
    credential = PullThroughCredential(stack, "Credential", name="docker-hub", username="acme")
    PullThroughCache(stack, "Hub", upstream=Upstream.docker_hub(credential))

    [secret] = resources(stack, "AWS::SecretsManager::Secret")
    assert {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "Description": "Logs Amazon ECR in to an upstream registry (docker-hub)",
            "GenerateSecretString": {
                "GenerateStringKey": "accessToken",
                "SecretStringTemplate": '{"username":"acme"}',
            },
            "Name": "ecr-pullthroughcache/docker-hub",
        },
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    } == secret
    assert {"Ref": "Credential6C1A466E"} == properties_of(stack, RULE)["CredentialArn"]


def test_settings_reach_the_template(stack: cdk.Stack) -> None:
    """What cached repositories are created with is what the cache was given."""
    quay(
        stack,
        tag_mutability=TagMutability.immutable(),
        encryption=Encryption.aws_managed(),
        lifecycle=LifecyclePolicy(LifecycleRule.expire(after_days=365)),
        pull_accounts=[OTHER_ACCOUNT],
        tags={"team": "platform"},
    )

    settings = properties_of(stack, "AWS::ECR::RepositoryCreationTemplate")
    assert "IMMUTABLE" == settings["ImageTagMutability"]
    assert {"EncryptionType": "KMS"} == settings["EncryptionConfiguration"]
    assert '"countNumber":365' in settings["LifecyclePolicy"]
    assert root(OTHER_ACCOUNT) in settings["RepositoryPolicy"]
    assert [{"Key": "team", "Value": "platform"}] == settings["ResourceTags"]
    assert {"Fn::GetAtt": ["QuayTemplateRole9A76A4CD", "Arn"]} == settings["CustomRoleArn"]


def test_another_account_is_read_with_a_role(stack: cdk.Stack) -> None:
    """The role reads the upstream's repositories, writes the cache's, and nothing else."""
    cache = PullThroughCache(stack, "Team", upstream=FAR, upstream_repository_prefix="team")

    assert isinstance(cache.upstream_role, iam.Role)
    assert {
        "CustomRoleArn": {"Fn::GetAtt": ["TeamRoleB4D0EDBC", "Arn"]},
        "EcrRepositoryPrefix": "ecr",
        "UpstreamRegistry": "ecr",
        "UpstreamRegistryUrl": f"{OTHER_ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com",
        "UpstreamRepositoryPrefix": "team",
    } == properties_of(stack, RULE)
    role = properties_of(stack, "AWS::IAM::Role")
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    service = "pullthroughcache.ecr.amazonaws.com"
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        allow("sts:AssumeRole", Service=service, condition=condition)
    ]
    [policy] = role["Policies"]
    assert "Cache" == policy["PolicyName"]
    copying = {"ecr:BatchImportUpstreamImage", "ecr:GetImageCopyStatus"}
    below = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/ecr/*"
    upstream = f"arn:aws:ecr:eu-west-1:{OTHER_ACCOUNT}:repository/team/*"
    assert policy["PolicyDocument"]["Statement"] == [
        allow(
            sorted({*PULL_PUSH, *copying} - {"ecr:BatchCheckLayerAvailability"}), [below, upstream]
        ),
        LOGIN,
    ]


def test_a_role_may_be_given(stack: cdk.Stack) -> None:
    """A role that is given is named, paths and all, and none is made."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/ecr/reader"
    upstream = Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1", role=arn)
    PullThroughCache(stack, "Team", upstream=upstream)

    assert arn == properties_of(stack, RULE)["CustomRoleArn"]
    assert [] == resources(stack, "AWS::IAM::Role")


def test_the_own_account_is_read_without_a_role(stack: cdk.Stack) -> None:
    """ECR's own role reads the account's other Regions."""
    PullThroughCache(stack, "Own", upstream=Upstream.ecr(account=ACCOUNT, region="eu-west-1"))

    assert "CustomRoleArn" not in properties_of(stack, RULE)


def test_agnostic_stacks(app: cdk.App) -> None:
    """Where the place is not known, another account is assumed and the host refers to it."""
    stack = cdk.Stack(app, "Agnostic")
    upstream = Upstream.ecr(account=OTHER_ACCOUNT, region=stack.region)
    cache = PullThroughCache(stack, "Team", upstream=upstream)

    assert cache.upstream_role is not None
    assert [
        "",
        [f"{OTHER_ACCOUNT}.dkr.ecr.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}],
    ] == properties_of(stack, RULE)["UpstreamRegistryUrl"]["Fn::Join"]
    assert "${Token" in cache.uri_for("team/api")


def test_china(app: cdk.App) -> None:
    """Hosts in other partitions have another suffix."""
    env = cdk.Environment(account=ACCOUNT, region="cn-north-1")
    cache = quay(cdk.Stack(app, "China", env=env))

    assert f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/quay/a/b:1" == cache.uri_for("a/b:1")


def test_uris(stack: cdk.Stack) -> None:
    """An image is pulled from this registry, below the prefix."""
    hub = PullThroughCache(stack, "Hub", upstream=Upstream.docker_hub(SECRET))
    everything = PullThroughCache(stack, "All", upstream=FAR, repository_prefix="ROOT")

    host = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com"
    assert f"{host}/docker-hub/library/nginx:1.27" == hub.uri_for("library/nginx:1.27")
    assert f"{host}/team/api:1" == everything.uri_for("team/api:1")
    with rejects("upstream-image-official"):
        hub.uri_for("nginx")


def test_a_prefix_has_one_template(stack: cdk.Stack) -> None:
    """A cache does not overwrite a template that is there."""
    RepositoryCreationTemplate(stack, "Template", prefix="quay", applied_for=["PULL_THROUGH_CACHE"])

    with rejects("Stack/Quay/Template: defined-twice"):
        quay(stack)

    assert ["Template"] == children(stack)


def test_a_registry_has_fifty_caches(app: cdk.App, stack: cdk.Stack) -> None:
    """The fifty-first cache of a registry is rejected; another registry has its own fifty."""
    for number in range(50):
        prefix = f"quay-{number}"
        PullThroughCache(stack, prefix, upstream=Upstream.quay(), repository_prefix=prefix)

    with rejects("pull-through-cache-count"):
        PullThroughCache(stack, "TooMany", upstream=Upstream.kubernetes())

    assert "TooMany" not in children(stack)
    quay(cdk.Stack(app, "Elsewhere", env=ELSEWHERE["another Region"]))


# --- grants

Make = Callable[[cdk.Stack], iam.IGrantable]


GRANTED: dict[str, Make] = {
    "a role": role_of,
    "a role that acts under conditions": lambda s: iam.PrincipalWithConditions(role_of(s), {}),
    "an imported role": existing_role,
    "a user": lambda s: iam.User(s, "User"),
    "a group": lambda s: iam.Group(s, "Group"),
}


@pytest.mark.parametrize("make", GRANTED.values(), ids=GRANTED)
def test_grants(stack: cdk.Stack, make: Make) -> None:
    """A puller may pull, import and create below the prefix, and log in."""
    assert quay(stack).grant_pull(make(stack)).success

    caching = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"}
    below = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/quay/*"
    assert [allow(sorted({*PULL, *caching}), below), LOGIN] == identity_statements(stack)


def test_tagged_repositories_are_tagged_by_the_puller(stack: cdk.Stack) -> None:
    """A template that tags makes ECR ask whether the puller may."""
    cache = quay(stack, repository_prefix="ROOT", tags={"team": "x"})
    cache.grant_pull(role_of(stack))

    [of_images, _] = identity_statements(stack)
    assert "ecr:TagResource" in of_images["Action"]
    assert cache.repositories_arn == of_images["Resource"]
    assert f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/*" == cache.repositories_arn


NOT_GRANTED: dict[str, Make] = {
    "an imported role that is immutable": lambda s: existing_role(s, mutable=False),
    "a role without policy updates": lambda s: role_of(s).without_policy_updates(),
    "a role of another account": far_role,
    "a role that another account defines": lambda s: role_of(
        cdk.Stack(s, "Far", env=ELSEWHERE["another account"])
    ),
    "an account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "a service": lambda _: iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
    "an unknown principal": lambda s: iam.UnknownPrincipal(resource=s),
}


@pytest.mark.parametrize("make", NOT_GRANTED.values(), ids=NOT_GRANTED)
def test_rejects_grants_that_would_render_nothing(stack: cdk.Stack, make: Make) -> None:
    """A grant that would be lost raises and says what to do instead."""
    cache = quay(stack)

    with rejects("grantee: principal-without-policy"):
        cache.grant_pull(make(stack))

    assert [] == resources(stack, "AWS::IAM::Policy")
