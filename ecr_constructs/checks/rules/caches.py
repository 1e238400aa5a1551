"""Pull through caches, and the secrets they log in with."""

import json
from collections.abc import Iterator

from ecr_constructs.checks.replicating import source_of
from ecr_constructs.checks.resource import Resource
from ecr_constructs.checks.resource_types import CACHE, ROLE, SECRET
from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.checks.service import regions
from ecr_constructs.checks.upstreams import ECR_HOST, upstream_of, url_of
from ecr_constructs.model.creation_template import role_faults
from ecr_constructs.model.pull_through_cache import MAX_RULES, PullThroughRule
from ecr_constructs.model.pull_through_credential import (
    SECRET_PREFIX,
    credential_faults,
    place_faults,
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
_KEYS = ("username", "accessToken")


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
    secret, mistaken = resource.assembly.referred_to(arn), resource.assembly.mistaken(arn, SECRET)
    if mistaken is not None:
        yield Fault(path, f"{mistaken.id} is of type {mistaken.type}, not a secret")
    if secret is not None:
        if secret.type == SECRET and secret.is_known and secret.get("Name") is None:
            said = f"{secret.id} has no Name, and the one that is made up has no such beginning"
            yield Fault(path, said)
        return
    here = source_of(resource)
    for fault in (*credential_faults(arn), *place_faults(arn, here.account, here.region)):
        yield Fault(path, fault)


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
        yield Fault(path, fault)
    first = resource.assembly.first_of(resource, name)
    if first is not resource:
        yield Fault(path, f"{first.id} caches under {prefix!r} already", "Write another prefix.")
    beside = resource.assembly.beside(resource)
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
            yield Fault(path, fault)


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
    mistaken = resource.assembly.mistaken(arn, ROLE)
    if mistaken is not None:
        yield Fault(path, f"{mistaken.id} is of type {mistaken.type}, not a role")
    for fault in role_faults(arn, here.account, with_path=True) if isinstance(arn, str) else ():
        yield Fault(path, fault)


def _is_for_caches(secret: Resource) -> bool:
    name = secret.get("Name")
    named = isinstance(name, str) and name.startswith(SECRET_PREFIX)
    return named or secret in {
        secret.assembly.referred_to(cache.get("CredentialArn"))
        for cache in secret.stack.of_type(CACHE)
    }


@rule(
    "ECR420",
    "error",
    "A secret is not written into a template",
    types=[SECRET],
    why="Whoever may read the template, its repository or CloudFormation's history can log in.",
    remedy="Leave out SecretString and set the value by hand, or write GenerateSecretString; a "
    "NoEcho parameter or a dynamic reference keeps it out of the template.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html",
    controls=("CKV_SECRET_6",),
)
def no_plaintext(resource: Resource) -> Iterator[Fault]:
    """Look for values of secrets that caches use, or that hold what such secrets hold."""
    text, path = resource.get("SecretString"), ("Properties", "SecretString")
    if not isinstance(text, str):
        return
    content = _content(text)
    token = content.get("accessToken")
    plain = isinstance(token, str) and token and not is_unresolved(token)
    if plain or (not content and _is_for_caches(resource) and not is_unresolved(text)):
        yield Fault(path, "the secret's value stands in the template")


@rule(
    "ECR421",
    "error",
    "A cache's secret holds a username and an accessToken",
    types=[SECRET],
    why="ECR finds no login under any other key, and pulls fail.",
    remedy='Write {"username": …, "accessToken": …}.',
    source=_SECRETS,
)
def has_keys(resource: Resource) -> Iterator[Fault]:
    """Look at the keys of a value that is known, or of its template."""
    if not _is_for_caches(resource):
        return
    for place in (("SecretString",), ("GenerateSecretString", "SecretStringTemplate")):
        text = resource.get(*place)
        content = _content(text) if isinstance(text, str) else {}
        made = resource.get("GenerateSecretString", "GenerateStringKey")
        missing = [each for each in _KEYS if each not in content and each != made]
        if content and missing:
            yield Fault(("Properties", *place), f"the secret has no {' and no '.join(missing)}")


def _content(text: str) -> dict[str, object]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
