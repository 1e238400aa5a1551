"""Pull through caches and creation templates."""

import re
from collections import Counter
from collections.abc import Iterator

from ecr_constructs.checks.rule import (
    ECR_API,
    ECR_GUIDE,
    Problem,
    error_rule,
    model_problems,
    problems_at,
    warning_rule,
    wrong_type_problems,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    allowed,
    grants,
    is_policy_known,
    permissions_of,
    policies_of,
)
from ecr_constructs.cloudformation.replication_config import source_of
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    REGISTRY_POLICY,
    ROLE,
    SECRET,
)
from ecr_constructs.model.creation_template import OCCASIONS, role_errors
from ecr_constructs.model.names import ROOT, namespace_errors, partial_name_errors
from ecr_constructs.model.partitions import regions
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS, MAX_RULES, PullThroughRule
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import SECRET_PREFIX, Upstream, credential_errors, place_errors

# A placeholder: only whether an upstream has a credential matters here.
_ANY = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/any-ABCDEF"
_UPSTREAMS = (
    Upstream.docker_hub(_ANY),
    Upstream.github(_ANY),
    Upstream.gitlab(_ANY),
    Upstream.azure("name.azurecr.io", _ANY),
    Upstream.chainguard(_ANY),
    Upstream.ecr_public(),
    Upstream.kubernetes(),
    Upstream.quay(),
)
_BY_REGISTRY = {upstream.registry: upstream for upstream in _UPSTREAMS}
_MANY_URLS = ("ecr", "azure-container-registry")
_BY_URL = {upstream.url: upstream for upstream in _UPSTREAMS}
_ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)"
)


def _url_of(cache: Resource) -> str | None:
    url = cache.text("UpstreamRegistryUrl")
    return url.removeprefix("https://").rstrip("/") if url else None


def _upstream_of(cache: Resource) -> Upstream | None:
    """Return the upstream by its name or URL; its credential is a placeholder."""
    name, url = cache.get("UpstreamRegistry"), _url_of(cache)
    if isinstance(name, str) and is_unresolved(name):
        return None
    if name is not None and name != "ecr":
        return _BY_REGISTRY.get(name) if isinstance(name, str) else None
    if url is None:
        return None
    if host := _ECR_HOST.fullmatch(url):
        return Upstream.ecr(account=host["account"], region=host["region"])
    if url.endswith(".azurecr.io"):
        return _BY_REGISTRY["azure-container-registry"]
    return _BY_URL.get(url) if name is None else None


_CACHES = f"{ECR_GUIDE}/pull-through-cache.html"
_SECRETS = f"{ECR_GUIDE}/pull-through-cache-creating-secret.html"
_RULE = f"{ECR_API}/API_CreatePullThroughCacheRule.html"
_ROLES = f"{ECR_GUIDE}/repository-creation-templates-custom.html"
_ROLE_PATH = ("Properties", "CustomRoleArn")


@error_rule(
    "ECR401",
    "A pull through cache of a registry that requires a login has a credential",
    types=[CACHE],
    why="ECR rejects the rule: Docker Hub, GitHub, GitLab, Azure and Chainguard require a login.",
    remedy=f"Add CredentialArn: the ARN of a secret named {SECRET_PREFIX}….",
    source=_CACHES,
)
def _has_credential(resource: Resource) -> Iterator[Problem]:
    upstream = _upstream_of(resource)
    needed = upstream is not None and upstream.credential_arn is not None
    if needed and resource.is_known and resource.get("CredentialArn") is None:
        name = _url_of(resource) or upstream
        yield Problem(("Properties",), f"{name} requires a login, and CredentialArn is not set")


@error_rule(
    "ECR402",
    "ECR can read the secret of a pull through cache",
    types=[CACHE],
    why=f"The service-linked role of ECR reads only secrets named {SECRET_PREFIX}… in the account "
    "and Region of the cache.",
    remedy=f"Name the secret {SECRET_PREFIX}… in the account and Region of the cache.",
    source=_SECRETS,
)
def _readable_secret(resource: Resource) -> Iterator[Problem]:
    arn, path = resource.get("CredentialArn"), ("Properties", "CredentialArn")
    if not isinstance(arn, str):
        return
    secret = resource.assembly.referred_to(arn)
    if secret is None:
        here = source_of(resource)
        yield from model_problems(path, credential_errors(arn))
        yield from model_problems(path, place_errors(arn, here.account, here.region))
    elif secret.type == SECRET and secret.is_known and secret.get("Name") is None:
        message = f"{secret.id} has no Name; a generated one lacks the prefix {SECRET_PREFIX}"
        yield Problem(path, message)
    yield from wrong_type_problems(resource, path, arn, SECRET, "secret")


@error_rule(
    "ECR403",
    "The prefixes of a pull through cache are valid",
    types=[CACHE],
    why="ECR rejects the rule.",
    remedy="Write 2 to 30 characters, the first part of a repository name up to a slash, or ROOT.",
    source=_RULE,
)
def _accepted_prefixes(resource: Resource) -> Iterator[Problem]:
    name = "EcrRepositoryPrefix"
    prefix, upstream = resource.text(name), resource.text("UpstreamRepositoryPrefix")
    path = ("Properties", name)
    if prefix is None:
        written = resource.get(name)
        if isinstance(written, str):
            yield from model_problems(path, partial_name_errors(written, namespace_errors))
        elif written is None and resource.is_known:
            # The API requires it, the schema of CloudFormation does not.
            yield Problem(("Properties",), f"{name} is missing")
        return
    yield from model_problems(path, PullThroughRule(Upstream.quay(), prefix, upstream).errors())
    first = resource.assembly.first_of(resource, name)
    if first is not resource:
        yield Problem(path, f"{first.id} already uses {prefix!r}", "Write another prefix.")
    siblings = resource.assembly.siblings(resource)
    if siblings[0] is resource and len(siblings) > MAX_RULES:
        yield Problem((), f"a registry has at most {MAX_RULES} caches, got {len(siblings)}")


@error_rule(
    "ECR404",
    "The upstream of a pull through cache is a registry that ECR supports",
    types=[CACHE],
    why="ECR rejects the rule, or cannot read the upstream.",
    remedy="Write the host that ECR documents, such as registry-1.docker.io, ghcr.io or quay.io, "
    "without https://.",
    source=_RULE,
)
def _known_upstream(resource: Resource) -> Iterator[Problem]:
    written, name = resource.text("UpstreamRegistryUrl"), resource.text("UpstreamRegistry")
    path = ("Properties", "UpstreamRegistryUrl")
    if written is None:
        if resource.is_known and resource.get("UpstreamRegistryUrl") is None:
            upstream = _upstream_of(resource)
            is_fixed = upstream is not None and upstream.registry not in _MANY_URLS
            remedy = f"Add UpstreamRegistryUrl: {upstream.url}." if upstream and is_fixed else None
            yield Problem(("Properties",), "UpstreamRegistryUrl is missing", remedy)
        return
    upstream, url = _upstream_of(resource), _url_of(resource)
    if written != url:
        yield Problem(path, f"{written!r} must be a host name only", f"Write {url}.")
    elif name == "ecr" and not _ECR_HOST.fullmatch(written):
        message = f"{written!r} is not an Amazon ECR registry"
        yield Problem(path, message, "Write ACCOUNT.dkr.ecr.REGION.amazonaws.com.")
    elif name == "azure-container-registry" and not written.endswith(".azurecr.io"):
        yield Problem(path, f"{written!r} is not an Azure registry", "Write NAME.azurecr.io.")
    elif upstream is None and resource.get("UpstreamRegistry") is None:
        yield Problem(path, f"{written!r} is not a registry that ECR can cache")
    elif upstream is not None and upstream.url != written and upstream.registry not in _MANY_URLS:
        message = f"{written!r} is not the URL of {upstream.registry}"
        yield Problem(path, message, f"Write {upstream.url}.")
    if upstream is not None and upstream.region is not None:
        here = source_of(resource)
        yield from model_problems(path, upstream.errors_from(here.account, here.region, regions()))


@error_rule(
    "ECR405",
    "A pull through cache of a registry in another account has a role",
    types=[CACHE],
    why="ECR reads a registry in another account only with a role of the cache's account.",
    remedy="Add CustomRoleArn: a role that trusts pullthroughcache.ecr.amazonaws.com.",
    source=f"{ECR_GUIDE}/pull-through-cache-private.html",
)
def _cache_has_role(resource: Resource) -> Iterator[Problem]:
    account, arn = source_of(resource).account, resource.get("CustomRoleArn")
    upstream = _upstream_of(resource)
    if arn is None:
        is_literal = resource.is_known and not is_unresolved(account)
        if is_literal and upstream is not None and upstream.needs_role(account):
            yield Problem(("Properties",), f"{upstream} is in another account; set CustomRoleArn")
    elif isinstance(arn, str):
        yield from wrong_type_problems(resource, _ROLE_PATH, arn, ROLE, "role")
        yield from model_problems(_ROLE_PATH, role_errors(arn, account, with_path=True))


@warning_rule(
    "ECR411",
    "A role that pulls through a cache can import uncached images",
    types=[ROLE],
    why="ECR imports an image from the upstream only if the caller has "
    "ecr:BatchImportUpstreamImage; the first image of a repository also needs "
    "ecr:CreateRepository. Otherwise the pull fails.",
    remedy="Allow both actions on the repositories of the cache.",
    source=f"{ECR_GUIDE}/pull-through-cache-iam.html",
)
def _may_fetch(resource: Resource) -> Iterator[Problem]:
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


@error_rule(
    "ECR407",
    "A creation template has a valid prefix and valid occasions",
    types=[CREATION_TEMPLATE],
    why="ECR rejects the template, or a second one for the same prefix, account and Region.",
    remedy="Write ROOT, or the first part of repository names up to a slash, such as 'payments'.",
    source=f"{ECR_API}/API_CreateRepositoryCreationTemplate.html",
)
def _accepted_template(resource: Resource) -> Iterator[Problem]:
    prefix, path = resource.text("Prefix"), ("Properties", "Prefix")
    written = resource.get("Prefix")
    if isinstance(written, str):
        yield from model_problems(path, partial_name_errors(written, namespace_errors))
    if prefix is not None:
        first = resource.assembly.first_of(resource, "Prefix")
        if first is not resource:
            yield Problem(path, f"{first.id} already has the prefix {prefix!r}", "Merge them.")
    occasions, path = resource.get("AppliedFor"), ("Properties", "AppliedFor")
    if occasions == []:
        remedy = f"Name at least one of {', '.join(OCCASIONS)}."
        yield Problem(path, "AppliedFor is empty", remedy)
    names = Counter(map(str, occasions if isinstance(occasions, list) else ()))
    for occasion in sorted(name for name, uses in names.items() if uses > 1):
        yield Problem(path, f"AppliedFor has {occasion!r} more than once", "Name it once.")


@error_rule(
    "ECR408",
    "A creation template with tags or KMS encryption has a role",
    types=[CREATION_TEMPLATE],
    why="ECR needs a role to add tags and to use KMS keys; without it the push, pull or "
    "replication that creates the repository fails.",
    remedy="Add CustomRoleArn: a role that trusts ecr.amazonaws.com.",
    source=_ROLES,
)
def _template_has_role(resource: Resource) -> Iterator[Problem]:
    if not resource.is_known or resource.get("CustomRoleArn") is not None:
        return
    kind = resource.text("EncryptionConfiguration", "EncryptionType")
    tags = resource.get("ResourceTags")
    if kind in ("KMS", "KMS_DSSE"):
        path = ("Properties", "EncryptionConfiguration")
        yield Problem(path, f"the template encrypts with {kind} and has no CustomRoleArn")
    if isinstance(tags, list) and tags:
        message = "the template tags repositories and has no CustomRoleArn"
        yield Problem(("Properties", "ResourceTags"), message)


@error_rule(
    "ECR409",
    "ECR can assume the role of a creation template",
    types=[CREATION_TEMPLATE],
    why="ECR rejects a role with a path or in another account, and cannot use a role that does "
    "not trust it or cannot create repositories.",
    remedy="Use a role without a path that trusts ecr.amazonaws.com and allows "
    "ecr:CreateRepository, ecr:ReplicateImage and ecr:TagResource.",
    source=_ROLES,
)
def _usable_role(resource: Resource) -> Iterator[Problem]:
    arn = resource.get("CustomRoleArn")
    if not isinstance(arn, str):
        return
    role = resource.assembly.referred_to(arn)
    if role is None:
        yield from model_problems(_ROLE_PATH, role_errors(arn, source_of(resource).account))
    elif role.type == ROLE:
        tags = bool(resource.get("ResourceTags"))
        yield from problems_at(_ROLE_PATH, _role_errors(role, tags=tags))
        yield from _key_problems(resource, role)
    yield from wrong_type_problems(resource, _ROLE_PATH, arn, ROLE, "role")


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
_KEY_ACTIONS = ("kms:CreateGrant", "kms:RetireGrant", "kms:DescribeKey")


def _key_problems(resource: Resource, role: Resource) -> Iterator[Problem]:
    """Compare the permissions of a role with a key of the templates.

    The policy of a key can allow the same directly to the role.
    """
    key = resource.assembly.referred_to(resource.get("EncryptionConfiguration", "KmsKey"))
    if key is None or key.type != KEY or not is_policy_known(key, "KeyPolicy"):
        return

    def is_role(name: str) -> bool:
        return resource.assembly.referred_to(name) is role

    lacked = filter(permissions_of(role).lack, _KEY_ACTIONS)
    missing = [action for action in lacked if not grants(allowed(key), action, is_role)]
    if missing:
        message = f"{role.id} lacks {' and '.join(missing)} on {key.id}"
        remedy = f"Allow {', '.join(_KEY_ACTIONS)} on the key to {role.id}."
        yield Problem(_ROLE_PATH, message, remedy)


def _role_errors(role: Resource, *, tags: bool) -> Iterator[str]:
    path = role.text("Path")
    if path not in (None, "/"):
        yield f"{role.id} has the path {path!r}, which ECR rejects"
    trusts = [policy for policy in policies_of(role) if policy.kind == "trust"]
    statements = [item for policy in trusts for item in policy.statements if item.allows]
    trusted = [value for statement in statements for _, value in statement.principals]
    is_literal = not any(map(is_unresolved, trusted))
    if trusts and is_literal and not any(name.startswith("ecr.amazonaws.com") for name in trusted):
        yield f"{role.id} does not trust ecr.amazonaws.com"
    needed = ("ecr:CreateRepository", "ecr:TagResource") if tags else ("ecr:CreateRepository",)
    permissions = permissions_of(role)
    for action in filter(permissions.lack, needed):
        yield f"{role.id} lacks the permission {action}"


@warning_rule(
    "ECR410",
    "Tags in the repositories of a pull through cache are mutable",
    types=[CREATION_TEMPLATE],
    why="ECR checks for a newer image of a tag once a day; an immutable cache keeps the first one "
    "permanently, with every vulnerability that the upstream has mended.",
    remedy="Write ImageTagMutability: MUTABLE for PULL_THROUGH_CACHE.",
    source=_CACHES,
)
def _cache_is_mutable(resource: Resource) -> Iterator[Problem]:
    occasions = resource.get("AppliedFor")
    if occasions == ["PULL_THROUGH_CACHE"] and resource.get("ImageTagMutability") == "IMMUTABLE":
        yield Problem(("Properties", "ImageTagMutability"), "the cache never updates its tags")
