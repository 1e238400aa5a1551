"""Pull through cache rules as upstreams of the model."""

import re

from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import Upstream

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
BY_REGISTRY = {upstream.registry: upstream for upstream in _UPSTREAMS}
_BY_URL = {upstream.url: upstream for upstream in _UPSTREAMS}
ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)"
)


def url_of(cache: Resource) -> str | None:
    """Return the host of the upstream, if it is literal."""
    url = cache.text("UpstreamRegistryUrl")
    return url.removeprefix("https://").rstrip("/") if url else None


def upstream_of(cache: Resource) -> Upstream | None:
    """Return the upstream by its name or URL; None if neither identifies it.

    Its credential is a placeholder, not that of the rule.
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
