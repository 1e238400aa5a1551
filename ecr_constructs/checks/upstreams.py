"""Pull through cache rules in the model's words."""

import re

from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import Upstream

# Any secret will do to ask the model which upstreams need one.
_ANY = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/any-ABCDEF"
_KNOWN = (
    Upstream.docker_hub(_ANY),
    Upstream.github(_ANY),
    Upstream.gitlab(_ANY),
    Upstream.azure("name.azurecr.io", _ANY),
    Upstream.chainguard(_ANY),
    Upstream.ecr_public(),
    Upstream.kubernetes(),
    Upstream.quay(),
)
BY_REGISTRY = {each.registry: each for each in _KNOWN}
_BY_URL = {each.url: each for each in _KNOWN}
ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)"
)


def url_of(cache: Resource) -> str | None:
    """Return the upstream's host, if it is known."""
    url = cache.text("UpstreamRegistryUrl")
    return url.removeprefix("https://").rstrip("/") if url else None


def upstream_of(cache: Resource) -> Upstream | None:
    """Return the upstream that a rule names, or that its URL tells; None if neither does.

    A credential that it has is not the rule's.
    """
    name, url = cache.get("UpstreamRegistry"), url_of(cache)
    if isinstance(name, str) and is_unresolved(name):
        return None
    if name is not None and name != "ecr":
        return BY_REGISTRY.get(name) if isinstance(name, str) else None
    if url is None:
        return None
    if host := ECR_HOST.fullmatch(url):
        return Upstream.ecr(account=host["account"], region=host["region"])
    if url.endswith(".azurecr.io"):
        return BY_REGISTRY["azure-container-registry"]
    return _BY_URL.get(url) if name is None else None
