"""PullThroughCache: the rule, its template, its role, and the secret it logs in with."""

import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from ecr_constructs import (
    EcrChecks,
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    PullThroughCache,
    PullThroughCredential,
    RepositoryCreationTemplate,
    RoleOptions,
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
    function_of,
    identity_statements,
    properties_of,
    resources,
    role_of,
    root,
    template,
    warnings_of,
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
        "DeletionPolicy": "RetainExceptOnCreate",
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


# --- one repository of the cache ----------------------------------------------------------------

NGINX = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/quay/library/nginx"
IMPORT = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]


def test_a_repository_of_the_cache(stack: cdk.Stack) -> None:
    """It is one `IRepository` for each name, and its pull grants include the import."""
    cache = quay(stack)
    nginx = cache.repository("library/nginx")
    role = role_of(stack)
    ecs.ContainerImage.from_ecr_repository(nginx, "1.27")
    assert nginx.grant_pull(role).success

    assert cache.repository("library/nginx") is nginx
    assert "quay/library/nginx" == nginx.repository_name
    assert NGINX == nginx.repository_arn
    assert stack.resolve(nginx.repository_uri)["Fn::Join"][1][-1] == "/quay/library/nginx"
    assert [allow(sorted({*PULL, *IMPORT}), NGINX), LOGIN] == identity_statements(stack)


def test_a_reader_of_a_cached_repository_imports_nothing(stack: cdk.Stack) -> None:
    """Only pulls make ECR import."""
    quay(stack).repository("nginx").grant_read(role_of(stack))

    [statement] = identity_statements(stack)
    assert set(IMPORT).isdisjoint(statement["Action"])


def test_pullers_of_a_tagged_cache_tag_its_repositories(stack: cdk.Stack) -> None:
    """ECR tags a new repository as the principal that pulls."""
    cache = quay(stack, repository_prefix="ROOT", tags={"team": "x"})
    cache.repository("nginx").grant_pull_push(role_of(stack))

    [of_images, _] = identity_statements(stack)
    assert sorted({*PULL_PUSH, *IMPORT, "ecr:TagResource"}) == of_images["Action"]
    assert f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/nginx" == of_images["Resource"]


def test_names_that_differ_have_repositories_of_their_own(stack: cdk.Stack) -> None:
    """Construct ids cannot contain slashes, names can."""
    cache = quay(stack)

    names = ("a/b", "a--b", "a-b")
    assert 3 == len({cache.repository(name).repository_arn for name in names})


NO_NAMES = {
    "library/nginx:1.27": "name: upstream-image-tag",
    "nginx@sha256:" + "a" * 64: "name: upstream-image-tag",
    "quay.io/nginx": "upstream-image-host",
    "Nginx": "upstream-image-format",
    "n" * 256: "repository-name-length",
}


@pytest.mark.parametrize(("name", "problem"), NO_NAMES.items())
def test_what_is_no_repository_of_the_cache(stack: cdk.Stack, name: str, problem: str) -> None:
    """A tag belongs to the image, not to the repository."""
    with rejects(problem):
        quay(stack).repository(name)


def test_what_only_the_policy_of_a_cached_repository_grants(stack: cdk.Stack) -> None:
    """The error names the call on the cache, whose policy every repository has."""
    with rejects("Stack/Quay/Repository nginx: repository-cached") as caught:
        quay(stack).repository("nginx").grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT))

    [problem] = caught
    assert f"pull_accounts=['{OTHER_ACCOUNT}'] on the pull through cache Stack/Quay" in str(
        problem.remedy
    )


@pytest.mark.parametrize("is_admitted", [False, True])
def test_a_function_that_runs_a_cached_image(stack: cdk.Stack, *, is_admitted: bool) -> None:
    """Lambda adds its permission itself, unless the cache admits it already."""
    cache = quay(stack)
    function_of(stack, cache.repository("library/nginx"))
    if is_admitted:
        cache.grant_pull_to_lambda()

    assert is_admitted != ("lambdaAddsPermission" in str(warnings_of(stack)))


@pytest.mark.parametrize("is_admitted", [False, True])
def test_a_function_of_another_account_that_runs_a_cached_image(
    app: cdk.App, stack: cdk.Stack, *, is_admitted: bool
) -> None:
    """Only the cache can admit it."""
    cache = quay(stack)
    far = cdk.Stack(app, "Far", env=ELSEWHERE["another account"])
    function_of(far, cache.repository("library/nginx"))
    if is_admitted:
        cache.grant_pull_to_lambda(account=OTHER_ACCOUNT)
        app.synth()
    else:
        with pytest.raises(RuntimeError, match=f"account='{OTHER_ACCOUNT}'.*Stack/Quay"):
            app.synth()


# --- its roles, and its lifecycle ----------------------------------------------------------------


def test_names_paths_and_boundaries_of_the_roles(stack: cdk.Stack) -> None:
    """Each of the two roles has options of its own."""
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits")
    PullThroughCache(
        stack,
        "Far",
        upstream=FAR,
        tags={"team": "x"},
        template_role_options=RoleOptions(permissions_boundary=boundary),
        upstream_role_options=RoleOptions(role_name="reader", path="/ecr/"),
    )

    roles = {
        item["Properties"].get("RoleName"): item["Properties"]
        for item in resources(stack, "AWS::IAM::Role")
    }
    assert "/ecr/" == roles["reader"]["Path"]
    assert "PermissionsBoundary" not in roles["reader"]
    assert "policy/limits" in str(roles[None]["PermissionsBoundary"])


def test_the_advised_lifecycle_has_no_findings(app: cdk.App, stack: cdk.Stack) -> None:
    """What the errors and the docs advise is accepted by the checks, warnings included."""
    advised = LifecyclePolicy(
        LifecycleRule.archive(not_pulled_for_days=90), LifecycleRule.expire_archived(after_days=365)
    )
    cdk.Validations.of(app).add_plugins(EcrChecks(fail_on="warning"))
    quay(stack, lifecycle=advised)
    app.synth()

    with rejects("lifecycle: template-cache-lifecycle") as caught:
        quay(
            stack,
            repository_prefix="other",
            lifecycle=LifecyclePolicy(LifecycleRule.expire_untagged(after_days=30)),
        )
    [problem] = caught
    calls = re.findall(r"LifecycleRule\.\w+\(\w+=\d+\)", str(problem.remedy))
    namespace = {"LifecycleRule": LifecycleRule}
    assert advised == LifecyclePolicy(*(eval(call, namespace) for call in calls))  # noqa: S307
