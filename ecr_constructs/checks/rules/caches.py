"""Pull through caches, and the secrets they log in with."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.checks.upstreams import ECR_HOST, upstream_of, url_of
from ecr_constructs.cloudformation.aws_metadata import regions
from ecr_constructs.cloudformation.permissions import permissions_of
from ecr_constructs.cloudformation.replication_config import source_of
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    REGISTRY_POLICY,
    ROLE,
    SECRET,
)
from ecr_constructs.model.creation_template import role_errors
from ecr_constructs.model.prefixes import ROOT
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS, MAX_RULES, PullThroughRule
from ecr_constructs.model.pull_through_credential import (
    SECRET_PREFIX,
    credential_errors,
    place_errors,
)
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import Upstream

_CACHES = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html"
_SECRETS = (
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html"
)
_RULE = (
    "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html"
)


@rule(
    "ECR401",
    "error",
    "A cache of a registry that asks for a login has a credential",
    types=[CACHE],
    why="ECR refuses the rule: Docker Hub, GitHub, GitLab, Azure and Chainguard are not read "
    "without a login.",
    remedy=f"Add CredentialArn: the ARN of a secret named {SECRET_PREFIX}….",
    source=_CACHES,
)
def has_credential(resource: Resource) -> Iterator[Fault]:
    """Ask the model whether the upstream needs one."""
    upstream = upstream_of(resource)
    needed = upstream is not None and upstream.credential_arn is not None
    if needed and resource.is_known and resource.get("CredentialArn") is None:
        yield Fault(("Properties",), f"{upstream} needs a login, and there is no CredentialArn")


@rule(
    "ECR402",
    "error",
    "A cache's secret is one that ECR may read",
    types=[CACHE],
    why=f"ECR's own role reads only secrets named {SECRET_PREFIX}… of the cache's account and "
    "Region.",
    remedy=f"Name the secret {SECRET_PREFIX}…, beside the cache.",
    source=_SECRETS,
)
def readable_secret(resource: Resource) -> Iterator[Fault]:
    """Judge the ARN, or the secret that it refers to."""
    arn, path = resource.get("CredentialArn"), ("Properties", "CredentialArn")
    if not isinstance(arn, str):
        return
    secret, mistaken = (
        resource.assembly.referred_to(arn),
        resource.assembly.wrong_type_reference(arn, SECRET),
    )
    if mistaken is not None:
        yield Fault(path, f"{mistaken.id} is of type {mistaken.type}, not a secret")
    if secret is not None:
        if secret.type == SECRET and secret.is_known and secret.get("Name") is None:
            said = f"{secret.id} has no Name, and the one that is made up has no such beginning"
            yield Fault(path, said)
        return
    here = source_of(resource)
    for fault in (*credential_errors(arn), *place_errors(arn, here.account, here.region)):
        yield Fault(path, fault.text)


@rule(
    "ECR403",
    "error",
    "A cache's prefixes are ones that ECR accepts",
    types=[CACHE],
    why="ECR refuses the rule.",
    remedy="Write 2 to 30 characters: the beginning of a repository name up to a slash, or ROOT.",
    source=_RULE,
)
def accepted_prefixes(resource: Resource) -> Iterator[Fault]:
    """Judge both prefixes as the constructs do; each cache has its own."""
    name = "EcrRepositoryPrefix"
    prefix, upstream = resource.text(name), resource.text("UpstreamRepositoryPrefix")
    if prefix is None:
        return
    path = ("Properties", name)
    for fault in PullThroughRule(Upstream.quay(), prefix, upstream).faults():
        yield Fault(path, fault.text)
    first = resource.assembly.first_of(resource, name)
    if first is not resource:
        yield Fault(path, f"{first.id} caches under {prefix!r} already", "Write another prefix.")
    beside = resource.assembly.siblings(resource)
    if beside[0] is resource and len(beside) > MAX_RULES:
        yield Fault((), f"a registry has at most {MAX_RULES} caches, these are {len(beside)}")


@rule(
    "ECR404",
    "error",
    "A cache's upstream is a registry that ECR can cache",
    types=[CACHE],
    why="ECR refuses the rule, or cannot read the upstream.",
    remedy="Write UpstreamRegistryUrl as ECR names it: registry-1.docker.io, ghcr.io, quay.io…, "
    "without https://.",
    source=_RULE,
)
def known_upstream(resource: Resource) -> Iterator[Fault]:
    """Hold the URL to the registry's name."""
    given, name = resource.text("UpstreamRegistryUrl"), resource.text("UpstreamRegistry")
    if given is None:
        return
    path = ("Properties", "UpstreamRegistryUrl")
    upstream, url = upstream_of(resource), url_of(resource)
    if given != url:
        yield Fault(path, f"{given!r} must be a host alone", f"Write {url}.")
    elif name == "ecr" and not ECR_HOST.fullmatch(given):
        said = f"{given!r} is no registry of Amazon ECR"
        yield Fault(path, said, "Write ACCOUNT.dkr.ecr.REGION.amazonaws.com.")
    elif name == "azure-container-registry" and not given.endswith(".azurecr.io"):
        yield Fault(path, f"{given!r} is no Azure registry", "Write NAME.azurecr.io.")
    elif upstream is None and resource.get("UpstreamRegistry") is None:
        yield Fault(path, f"{given!r} is no registry that ECR can cache")
    elif upstream is not None and upstream.url != given and not _has_own_url(upstream):
        said = f"{given!r} is not where {upstream.registry} is"
        yield Fault(path, said, f"Write {upstream.url}.")
    if upstream is not None and upstream.region is not None:
        here = source_of(resource)
        for fault in upstream.faults_from(here.account, here.region, regions()):
            yield Fault(path, fault.text)


def _has_own_url(upstream: Upstream) -> bool:
    return upstream.registry in ("ecr", "azure-container-registry")


@rule(
    "ECR405",
    "error",
    "A cache of another account's registry has a role",
    types=[CACHE],
    why="ECR reads another account's registry only as a role of the cache's account.",
    remedy="Add CustomRoleArn: a role that trusts pullthroughcache.ecr.amazonaws.com.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html",
)
def has_role(resource: Resource) -> Iterator[Fault]:
    """Ask the model whether the upstream needs one, and judge the one there is."""
    here, arn = source_of(resource), resource.get("CustomRoleArn")
    upstream = upstream_of(resource)
    if arn is None:
        known = resource.is_known and not is_unresolved(here.account)
        if known and upstream is not None and upstream.needs_role(here.account):
            yield Fault(("Properties",), f"{upstream} is another account's, and there is no role")
        return
    path = ("Properties", "CustomRoleArn")
    mistaken = resource.assembly.wrong_type_reference(arn, ROLE)
    if mistaken is not None:
        yield Fault(path, f"{mistaken.id} is of type {mistaken.type}, not a role")
    for fault in role_errors(arn, here.account, with_path=True) if isinstance(arn, str) else ():
        yield Fault(path, fault.text)


@rule(
    "ECR411",
    "warning",
    "A role that pulls through a cache may fetch what is not cached yet",
    types=[ROLE],
    why="Only who may ecr:BatchImportUpstreamImage makes ECR fetch an image from the upstream, and "
    "the first image of a repository needs ecr:CreateRepository too: else the pull fails.",
    remedy="Allow both actions on the cache's repositories.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html",
)
def may_fetch(resource: Resource) -> Iterator[Fault]:
    """Look at roles that name a cache's repositories, if nobody else can give them more."""
    assembly = resource.assembly
    caches = assembly.in_registry_of(resource, CACHE)
    if not caches or assembly.in_registry_of(resource, REGISTRY_POLICY):
        return
    if any(each.get("RepositoryPolicy") for each in assembly.of_type(CREATION_TEMPLATE)):
        return
    permissions = permissions_of(resource)
    missing = [*filter(permissions.lack, IMPORT_ACTIONS)]
    pulls = [each for each in permissions.statements if each.may("ecr:BatchGetImage")]
    named = [arn.partition(":repository/")[2] for each in pulls for arn in each.resources]
    for prefix in sorted({each.text("EcrRepositoryPrefix") or ROOT for each in caches}):
        if missing and prefix != ROOT and any(each.startswith(f"{prefix}/") for each in named):
            said = f"it may pull {prefix}/*, and may not {' nor '.join(missing)}"
            yield Fault((), said)
