"""The secrets that pull through caches log in with."""

import json
from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import CACHE, SECRET
from ecr_constructs.model.pull_through_credential import SECRET_PREFIX
from ecr_constructs.model.tokens import is_unresolved

_SECRETS = (
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html"
)
_KEYS = ("username", "accessToken")


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
