"""Pull through caches, and the secrets with their credentials."""

import json
from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.checks.upstreams import ECR_HOST, upstream_of, url_of
from ecr_constructs.cloudformation.aws_metadata import regions
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import permissions_of
from ecr_constructs.cloudformation.replication_config import source_of
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    REGISTRY_POLICY,
    ROLE,
    SECRET,
)
from ecr_constructs.model.creation_template import role_errors
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS, MAX_RULES, PullThroughRule
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import (
    SECRET_PREFIX,
    Upstream,
    credential_errors,
    place_errors,
)

_CACHES = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html"
_SECRETS = (
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html"
)
_RULE = (
    "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html"
)


@rule(
    "ECR401",
    Severity.ERROR,
    "A pull through cache of a registry that requires a login has a credential",
    types=[CACHE],
    why="ECR rejects the rule: Docker Hub, GitHub, GitLab, Azure and Chainguard require a login.",
    remedy=f"Add CredentialArn: the ARN of a secret named {SECRET_PREFIX}….",
    source=_CACHES,
)
def has_credential(resource: Resource) -> Iterator[Problem]:
    """Require a credential where the upstream needs a login."""
    upstream = upstream_of(resource)
    needed = upstream is not None and upstream.credential_arn is not None
    if needed and resource.is_known and resource.get("CredentialArn") is None:
        yield Problem(
            ("Properties",),
            f"{url_of(resource) or upstream} requires a login, and CredentialArn is not set",
        )


@rule(
    "ECR402",
    Severity.ERROR,
    "ECR can read the secret of a pull through cache",
    types=[CACHE],
    why=f"The service-linked role of ECR reads only secrets named {SECRET_PREFIX}… in the account "
    "and Region of the cache.",
    remedy=f"Name the secret {SECRET_PREFIX}… in the account and Region of the cache.",
    source=_SECRETS,
)
def readable_secret(resource: Resource) -> Iterator[Problem]:
    """Validate the ARN, or the secret that it refers to."""
    arn, path = resource.get("CredentialArn"), ("Properties", "CredentialArn")
    if not isinstance(arn, str):
        return
    assembly = resource.assembly
    secret, wrong = assembly.referred_to(arn), assembly.wrong_type_reference(arn, SECRET)
    if wrong is not None:
        yield Problem(path, f"{wrong.id} is of type {wrong.type}, not a secret")
    if secret is not None:
        if secret.type == SECRET and secret.is_known and secret.get("Name") is None:
            message = f"{secret.id} has no Name; a generated one lacks the prefix {SECRET_PREFIX}"
            yield Problem(path, message)
        return
    here = source_of(resource)
    yield from model_problems(
        path, (*credential_errors(arn), *place_errors(arn, here.account, here.region))
    )


@rule(
    "ECR403",
    Severity.ERROR,
    "The prefixes of a pull through cache are valid",
    types=[CACHE],
    why="ECR rejects the rule.",
    remedy="Write 2 to 30 characters, the first part of a repository name up to a slash, or ROOT.",
    source=_RULE,
)
def accepted_prefixes(resource: Resource) -> Iterator[Problem]:
    """Validate both prefixes, and require a unique one for each cache."""
    name = "EcrRepositoryPrefix"
    prefix, upstream = resource.text(name), resource.text("UpstreamRepositoryPrefix")
    if prefix is None:
        return
    path = ("Properties", name)
    yield from model_problems(path, PullThroughRule(Upstream.quay(), prefix, upstream).errors())
    first = resource.assembly.first_of(resource, name)
    if first is not resource:
        yield Problem(path, f"{first.id} already uses {prefix!r}", "Write another prefix.")
    siblings = resource.assembly.siblings(resource)
    if siblings[0] is resource and len(siblings) > MAX_RULES:
        yield Problem((), f"a registry has at most {MAX_RULES} caches, got {len(siblings)}")


@rule(
    "ECR404",
    Severity.ERROR,
    "The upstream of a pull through cache is a registry that ECR supports",
    types=[CACHE],
    why="ECR rejects the rule, or cannot read the upstream.",
    remedy="Write the host that ECR documents, such as registry-1.docker.io, ghcr.io or quay.io, "
    "without https://.",
    source=_RULE,
)
def known_upstream(resource: Resource) -> Iterator[Problem]:
    """Compare the URL with the name of the registry."""
    written, name = resource.text("UpstreamRegistryUrl"), resource.text("UpstreamRegistry")
    if written is None:
        return
    path = ("Properties", "UpstreamRegistryUrl")
    upstream, url = upstream_of(resource), url_of(resource)
    if written != url:
        yield Problem(path, f"{written!r} must be a host name only", f"Write {url}.")
    elif name == "ecr" and not ECR_HOST.fullmatch(written):
        message = f"{written!r} is not an Amazon ECR registry"
        yield Problem(path, message, "Write ACCOUNT.dkr.ecr.REGION.amazonaws.com.")
    elif name == "azure-container-registry" and not written.endswith(".azurecr.io"):
        yield Problem(path, f"{written!r} is not an Azure registry", "Write NAME.azurecr.io.")
    elif upstream is None and resource.get("UpstreamRegistry") is None:
        yield Problem(path, f"{written!r} is not a registry that ECR can cache")
    elif upstream is not None and upstream.url != written and not _has_own_url(upstream):
        message = f"{written!r} is not the URL of {upstream.registry}"
        yield Problem(path, message, f"Write {upstream.url}.")
    if upstream is not None and upstream.region is not None:
        here = source_of(resource)
        yield from model_problems(path, upstream.faults_from(here.account, here.region, regions()))


def _has_own_url(upstream: Upstream) -> bool:
    return upstream.registry in ("ecr", "azure-container-registry")


@rule(
    "ECR405",
    Severity.ERROR,
    "A pull through cache of a registry in another account has a role",
    types=[CACHE],
    why="ECR reads a registry in another account only with a role of the cache's account.",
    remedy="Add CustomRoleArn: a role that trusts pullthroughcache.ecr.amazonaws.com.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html",
)
def has_role(resource: Resource) -> Iterator[Problem]:
    """Require a role where the upstream needs one, and validate the one that is set."""
    here, arn = source_of(resource), resource.get("CustomRoleArn")
    upstream = upstream_of(resource)
    if arn is None:
        is_literal = resource.is_known and not is_unresolved(here.account)
        if is_literal and upstream is not None and upstream.needs_role(here.account):
            yield Problem(("Properties",), f"{upstream} is in another account; set CustomRoleArn")
        return
    path = ("Properties", "CustomRoleArn")
    wrong = resource.assembly.wrong_type_reference(arn, ROLE)
    if wrong is not None:
        yield Problem(path, f"{wrong.id} is of type {wrong.type}, not a role")
    yield from model_problems(
        path, role_errors(arn, here.account, with_path=True) if isinstance(arn, str) else ()
    )


@rule(
    "ECR411",
    Severity.WARNING,
    "A role that pulls through a cache can import uncached images",
    types=[ROLE],
    why="ECR imports an image from the upstream only if the caller has "
    "ecr:BatchImportUpstreamImage; the first image of a repository also needs "
    "ecr:CreateRepository. Otherwise the pull fails.",
    remedy="Allow both actions on the repositories of the cache.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html",
)
def may_fetch(resource: Resource) -> Iterator[Problem]:
    """Check roles that name a cache's repositories, unless another policy may grant more."""
    assembly = resource.assembly
    caches = assembly.in_registry_of(resource, CACHE)
    if not caches or assembly.in_registry_of(resource, REGISTRY_POLICY):
        return
    if any(item.get("RepositoryPolicy") for item in assembly.of_type(CREATION_TEMPLATE)):
        return
    permissions = permissions_of(resource)
    missing = [*filter(permissions.lack, IMPORT_ACTIONS)]
    pulls = [item for item in permissions.statements if item.may("ecr:BatchGetImage")]
    names = [arn.partition(":repository/")[2] for item in pulls for arn in item.resources]
    for prefix in sorted({cache.text("EcrRepositoryPrefix") or ROOT for cache in caches}):
        if missing and prefix != ROOT and any(name.startswith(f"{prefix}/") for name in names):
            message = f"the role can pull {prefix}/* but lacks {' and '.join(missing)}"
            yield Problem((), message)


_SECRET_KEYS = ("username", "accessToken")


@rule(
    "ECR420",
    Severity.ERROR,
    "A secret value is not in the template",
    types=[SECRET],
    why="Anyone who can read the template, its source repository or the stack history can log in.",
    remedy="Omit SecretString and set the value by hand, or use GenerateSecretString, a NoEcho "
    "parameter or a dynamic reference.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html",
    controls=("CKV_SECRET_6",),
)
def no_plaintext(resource: Resource) -> Iterator[Problem]:
    """Find plaintext values of secrets that caches use, or that have the keys of such secrets."""
    text, path = resource.get("SecretString"), ("Properties", "SecretString")
    if not isinstance(text, str):
        return
    content = _content(text)
    token = content.get("accessToken")
    plain = isinstance(token, str) and token and not is_unresolved(token)
    if plain or (not content and _is_for_caches(resource) and not is_unresolved(text)):
        yield Problem(path, "the value of the secret is in the template")


@rule(
    "ECR421",
    Severity.ERROR,
    "The secret of a pull through cache has a username and an accessToken",
    types=[SECRET],
    why="ECR reads only these keys; with others, pulls fail.",
    remedy='Write {"username": …, "accessToken": …}.',
    source=_SECRETS,
)
def has_keys(resource: Resource) -> Iterator[Problem]:
    """Check the keys of a literal value, or of its template."""
    if not _is_for_caches(resource):
        return
    for place in (("SecretString",), ("GenerateSecretString", "SecretStringTemplate")):
        text = resource.get(*place)
        content = _content(text) if isinstance(text, str) else {}
        generated = resource.get("GenerateSecretString", "GenerateStringKey")
        missing = [key for key in _SECRET_KEYS if key not in content and key != generated]
        if content and missing:
            yield Problem(("Properties", *place), f"the secret has no {' and no '.join(missing)}")


def _is_for_caches(secret: Resource) -> bool:
    name = secret.get("Name")
    named = isinstance(name, str) and name.startswith(SECRET_PREFIX)
    return named or secret in {
        secret.assembly.referred_to(cache.get("CredentialArn"))
        for cache in secret.assembly.in_registry_of(secret, CACHE)
    }


def _content(text: str) -> dict[str, object]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
