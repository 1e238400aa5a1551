"""PullThroughCache: the rule, its template, its role, and the secret it logs in with."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, TagMutability
from ecr_constructs.constructs.creation_template import RepositoryCreationTemplate
from ecr_constructs.constructs.pull_through_cache import PullThroughCache
from ecr_constructs.constructs.pull_through_credential import PullThroughCredential
from ecr_constructs.model.upstreams import Upstream
from tests.support.constructs import ACCOUNT, ENV, OTHER_ACCOUNT, children, resources, template

RULE = "AWS::ECR::PullThroughCacheRule"
SECRET = (
    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/docker-hub-aBcDeF"
)
ELSEWHERE = Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1")


def rule(stack: cdk.Stack) -> dict[str, Any]:
    """Return the properties of the one rule that a stack synthesizes."""
    [found] = resources(stack, RULE)
    return dict(found["Properties"])


def test_defaults(stack: cdk.Stack) -> None:
    """A rule with the console's prefix, behind a template that keeps what is cached."""
    cache = PullThroughCache(stack, "Quay", upstream=Upstream.quay())

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
    PullThroughCache(
        stack, "Hub", upstream=Upstream.docker_hub(SECRET), repository_prefix="cache/hub"
    )

    assert {
        "CredentialArn": SECRET,
        "EcrRepositoryPrefix": "cache/hub",
        "UpstreamRegistry": "docker-hub",
        "UpstreamRegistryUrl": "registry-1.docker.io",
    } == rule(stack)


def test_an_imported_secret(stack: cdk.Stack) -> None:
    """A secret that exists already is imported as usual."""
    name = "ecr-pullthroughcache/docker-hub"
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", name)
    PullThroughCache(stack, "Hub", upstream=Upstream.docker_hub(secret))

    assert SECRET.removesuffix("-aBcDeF") == rule(stack)["CredentialArn"]


def test_an_imported_secret_of_another_name(stack: cdk.Stack) -> None:
    """The name of an imported secret is known, whatever else of its ARN is not."""
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "docker-hub")

    with pytest.raises(ValueError, match="must begin with 'ecr-pullthroughcache/'"):
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
    assert {"Ref": "Credential6C1A466E"} == rule(stack)["CredentialArn"]


def test_a_made_secret_of_a_deploy_time_user(stack: cdk.Stack) -> None:
    """The user's name may be a parameter; it stands inside the JSON."""
    user = cdk.CfnParameter(stack, "User").value_as_string
    PullThroughCredential(stack, "Credential", name="docker-hub", username=user)

    [secret] = resources(stack, "AWS::SecretsManager::Secret")
    text = secret["Properties"]["GenerateSecretString"]["SecretStringTemplate"]
    assert ["", ['{"username":"', {"Ref": "User"}, '"}']] == text["Fn::Join"]


@pytest.mark.parametrize(
    ("name", "username", "fault"),
    [
        ("ecr-pullthroughcache/hub", "acme", "is added to the name automatically; write 'hub'"),
        ("hub", "", "the username must not be empty"),
    ],
    ids=["a prefix", "nobody"],
)
def test_refuses_secrets(stack: cdk.Stack, name: str, username: str, fault: str) -> None:
    """A secret that would be of no use is refused before the tree is touched."""
    with pytest.raises(ValueError, match=fault):
        PullThroughCredential(stack, "Credential", name=name, username=username)

    assert [] == children(stack)


def test_settings_reach_the_template(stack: cdk.Stack) -> None:
    """What cached repositories are created with is what the cache was given."""
    PullThroughCache(
        stack,
        "Quay",
        upstream=Upstream.quay(),
        tag_mutability=TagMutability.immutable(),
        encryption=Encryption.aws_managed(),
        lifecycle=LifecyclePolicy(LifecycleRule.expire(after_days=365)),
        pull_accounts=[OTHER_ACCOUNT],
        tags={"team": "platform"},
    )

    [made] = resources(stack, "AWS::ECR::RepositoryCreationTemplate")
    settings = made["Properties"]
    assert "IMMUTABLE" == settings["ImageTagMutability"]
    assert {"EncryptionType": "KMS"} == settings["EncryptionConfiguration"]
    assert '"countNumber":365' in settings["LifecyclePolicy"]
    assert f"arn:aws:iam::{OTHER_ACCOUNT}:root" in settings["RepositoryPolicy"]
    assert [{"Key": "team", "Value": "platform"}] == settings["ResourceTags"]
    assert {"Fn::GetAtt": ["QuayTemplateRole9A76A4CD", "Arn"]} == settings["CustomRoleArn"]


def test_another_account_is_read_with_a_role(stack: cdk.Stack) -> None:
    """The role reads the upstream's repositories, writes the cache's, and nothing else."""
    cache = PullThroughCache(stack, "Team", upstream=ELSEWHERE, upstream_repository_prefix="team")

    assert isinstance(cache.upstream_role, iam.Role)
    assert {
        "CustomRoleArn": {"Fn::GetAtt": ["TeamRoleB4D0EDBC", "Arn"]},
        "EcrRepositoryPrefix": "ecr",
        "UpstreamRegistry": "ecr",
        "UpstreamRegistryUrl": f"{OTHER_ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com",
        "UpstreamRepositoryPrefix": "team",
    } == rule(stack)
    [role] = resources(stack, "AWS::IAM::Role")
    assert {
        "AssumeRolePolicyDocument": {
            "Statement": [
                {
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
                    "Effect": "Allow",
                    "Principal": {"Service": "pullthroughcache.ecr.amazonaws.com"},
                }
            ],
            "Version": "2012-10-17",
        },
        "Description": f"Lets Amazon ECR cache images of {OTHER_ACCOUNT}/eu-west-1",
        "Policies": [
            {
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Action": [
                                "ecr:BatchGetImage",
                                "ecr:BatchImportUpstreamImage",
                                "ecr:CompleteLayerUpload",
                                "ecr:GetDownloadUrlForLayer",
                                "ecr:GetImageCopyStatus",
                                "ecr:InitiateLayerUpload",
                                "ecr:PutImage",
                                "ecr:UploadLayerPart",
                            ],
                            "Effect": "Allow",
                            "Resource": [
                                f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/ecr/*",
                                f"arn:aws:ecr:eu-west-1:{OTHER_ACCOUNT}:repository/team/*",
                            ],
                        },
                        {
                            "Action": "ecr:GetAuthorizationToken",
                            "Effect": "Allow",
                            "Resource": "*",
                        },
                    ],
                    "Version": "2012-10-17",
                },
                "PolicyName": "Cache",
            }
        ],
    } == role["Properties"]


def test_a_role_may_be_given(stack: cdk.Stack) -> None:
    """A role that is given is named, paths and all, and none is made."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/ecr/reader"
    upstream = Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1", role=arn)
    PullThroughCache(stack, "Team", upstream=upstream)

    assert arn == rule(stack)["CustomRoleArn"]
    assert [] == resources(stack, "AWS::IAM::Role")


def test_the_own_account_is_read_without_a_role(stack: cdk.Stack) -> None:
    """ECR's own role reads the account's other Regions."""
    PullThroughCache(stack, "Own", upstream=Upstream.ecr(account=ACCOUNT, region="eu-west-1"))

    assert "CustomRoleArn" not in rule(stack)


def test_agnostic_stacks(app: cdk.App) -> None:
    """Where the place is not known, another account is assumed and the host refers to it."""
    stack = cdk.Stack(app, "Agnostic")
    upstream = Upstream.ecr(account=OTHER_ACCOUNT, region=stack.region)
    cache = PullThroughCache(stack, "Team", upstream=upstream)

    assert cache.upstream_role is not None
    assert [
        "",
        [f"{OTHER_ACCOUNT}.dkr.ecr.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}],
    ] == rule(stack)["UpstreamRegistryUrl"]["Fn::Join"]
    assert "${Token" in cache.uri_for("team/api")


def test_china(app: cdk.App) -> None:
    """Hosts in other partitions have another suffix."""
    env = cdk.Environment(account=ACCOUNT, region="cn-north-1")
    stack = cdk.Stack(app, "China", env=env)
    cache = PullThroughCache(stack, "Quay", upstream=Upstream.quay())

    assert f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/quay/a/b:1" == cache.uri_for("a/b:1")


def test_uris(stack: cdk.Stack) -> None:
    """An image is pulled from this registry, below the prefix."""
    hub = PullThroughCache(stack, "Hub", upstream=Upstream.docker_hub(SECRET))
    everything = PullThroughCache(stack, "All", upstream=ELSEWHERE, repository_prefix="ROOT")

    host = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com"
    assert f"{host}/docker-hub/library/nginx:1.27" == hub.uri_for("library/nginx:1.27")
    assert f"{host}/team/api:1" == everything.uri_for("team/api:1")
    with pytest.raises(ValueError, match="write 'library/nginx'"):
        hub.uri_for("nginx")


def test_a_prefix_has_one_cache(app: cdk.App, stack: cdk.Stack) -> None:
    """A second cache for a prefix is refused, in another stack of the same place too."""
    PullThroughCache(stack, "Quay", upstream=Upstream.quay())
    second = cdk.Stack(app, "Second", env=ENV)

    with pytest.raises(ValueError, match="both define the pull through cache 'quay'"):
        PullThroughCache(second, "Mirror", upstream=Upstream.quay())

    assert [] == children(second)


def test_a_prefix_has_one_template(stack: cdk.Stack) -> None:
    """A cache does not overwrite a template that is there."""
    RepositoryCreationTemplate(stack, "Template", prefix="quay", applied_for=["PULL_THROUGH_CACHE"])

    with pytest.raises(ValueError, match="both define the creation template for 'quay'"):
        PullThroughCache(stack, "Quay", upstream=Upstream.quay())

    assert ["Template"] == children(stack)


def test_a_registry_has_fifty_caches(app: cdk.App, stack: cdk.Stack) -> None:
    """The fifty-first cache of a registry is refused; another registry has its own fifty."""
    for number in range(50):
        prefix = f"quay-{number}"
        PullThroughCache(
            stack, f"Cache{number}", upstream=Upstream.quay(), repository_prefix=prefix
        )

    with pytest.raises(ValueError, match="a registry has at most 50 pull through caches, aws://1"):
        PullThroughCache(stack, "TooMany", upstream=Upstream.kubernetes())

    assert "TooMany" not in children(stack)
    elsewhere = cdk.Environment(account=ACCOUNT, region="eu-west-1")
    PullThroughCache(
        cdk.Stack(app, "Elsewhere", env=elsewhere), "Quay", upstream=Upstream.kubernetes()
    )


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a prefix": ({"repository_prefix": "Quay"}, "must be ROOT, or the beginning of a repository"),
    "no prefix": ({"repository_prefix": ""}, "must be 1 to 30 characters long, is 0"),
    "an upstream prefix": (
        {"repository_prefix": "ROOT", "upstream_repository_prefix": "team"},
        "needs a repository_prefix other than ROOT",
    ),
    "a secret elsewhere": (
        {"upstream": Upstream.docker_hub(SECRET.replace("eu-central-1", "eu-west-1"))},
        "the secret must be in the cache's Region, eu-central-1",
    ),
    "itself": (
        {"upstream": Upstream.ecr(account=ACCOUNT, region="eu-central-1")},
        "is this registry itself",
    ),
    "a Region": (
        {"upstream": Upstream.ecr(account=ACCOUNT, region="eu-moon-1")},
        "'eu-moon-1' is not a Region that the installed aws-cdk-lib knows",
    ),
    "a role": (
        {
            "upstream": Upstream.ecr(
                account=OTHER_ACCOUNT,
                region="eu-west-1",
                role=f"arn:aws:iam::{OTHER_ACCOUNT}:role/r",
            )
        },
        "must be in the registry's account",
    ),
    "untagged images": (
        {"lifecycle": LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))},
        "a pull through cache keeps images that were pulled by digest untagged",
    ),
    "an account": ({"pull_accounts": ["4444"]}, "'4444': an account id has 12 digits"),
    "a tag": ({"tags": {"aws:team": "x"}}, "key 'aws:team' begins with 'aws:'"),
    "dual layer": ({"encryption": Encryption.dual_layer()}, "exists only in the AWS GovCloud"),
}


@pytest.mark.parametrize(("keywords", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses_before_the_tree_is_touched(
    stack: cdk.Stack, keywords: dict[str, Any], fault: str
) -> None:
    """A refused cache leaves no trace: the same one can be defined, correctly."""
    with pytest.raises(ValueError, match=fault):
        PullThroughCache(stack, "Cache", **{"upstream": Upstream.quay(), **keywords})

    assert [] == children(stack)
    PullThroughCache(stack, "Sound", upstream=Upstream.quay())


def test_lists_every_fault_of_a_rule(stack: cdk.Stack) -> None:
    """Prefixes, place and role are refused in one error."""
    upstream = Upstream.ecr(account=ACCOUNT, region="eu-central-1", role="me")

    with pytest.raises(ValueError, match="Invalid pull through cache") as refusal:
        PullThroughCache(
            stack, "Cache", upstream=upstream, repository_prefix="A", upstream_repository_prefix="B"
        )

    assert 6 == str(refusal.value).count("\n  - ")
