"""The secrets with the credentials of pull through caches."""

import re
from collections.abc import Iterator, Mapping

from ecr_constructs.checks.rule import CFN_GUIDE, ECR_GUIDE, Problem, error_rule, warning_rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import CACHE, SECRET
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import SECRET_PREFIX

_SECRETS = f"{ECR_GUIDE}/pull-through-cache-creating-secret.html"
_SECRET_KEYS = ("username", "accessToken")


@error_rule(
    "ECR420",
    "A secret value is not in the template",
    types=[SECRET],
    why="Anyone who can read the template, its source repository or the stack history can log in.",
    remedy="Omit SecretString and set the value by hand, or use GenerateSecretString, a NoEcho "
    "parameter or a dynamic reference.",
    source=f"{CFN_GUIDE}/security-best-practices.html",
    controls=("CKV_SECRET_6",),
)
def _no_plaintext(resource: Resource) -> Iterator[Problem]:
    """Find plaintext values of secrets that caches use, or that have the keys of such secrets."""
    text, path = resource.get("SecretString"), ("Properties", "SecretString")
    if not isinstance(text, str):
        return
    content = _content(text)
    token = content.get("accessToken")
    plain = isinstance(token, str) and token and not is_unresolved(token)
    if plain or (not content and _is_for_caches(resource) and not is_unresolved(text)):
        yield Problem(path, "the value of the secret is in the template")


# The parameter of the token in a text of Fn::Sub.
_TOKEN_PARAMETER = re.compile(r'"accessToken"\s*:\s*"\$\{(\w+)\}"')


def _token_parameters(secret: Resource) -> list[str]:
    """Return the names of the parameters that hold the token of a secret, as it is written."""
    match secret.body.get("Properties"):
        case {"SecretString": {"Ref": str(name)}}:
            return [name]
        case {"SecretString": {"Fn::Sub": str(text) | [str(text), *_]}}:
            return _TOKEN_PARAMETER.findall(text)
    return []


@warning_rule(
    "ECR422",
    "The parameter of a credential has NoEcho",
    types=[SECRET],
    why="Without NoEcho the console and DescribeStacks show the value to everyone who can read the "
    "stack.",
    remedy="Write NoEcho: true for the parameter.",
    source=f"{CFN_GUIDE}/security-best-practices.html",
)
def _hidden_parameter(resource: Resource) -> Iterator[Problem]:
    """Find the parameter of the token, or of the whole value, of the secret of a cache."""
    parameters = resource.stack.body.get("Parameters")
    given = parameters if isinstance(parameters, Mapping) else {}
    for name in _token_parameters(resource) if _is_for_caches(resource) else ():
        parameter = given.get(name)
        if isinstance(parameter, Mapping) and str(parameter.get("NoEcho")).lower() != "true":
            path = ("Properties", "SecretString")
            yield Problem(path, f"the parameter {name} is shown: NoEcho is not set")


@error_rule(
    "ECR421",
    "The secret of a pull through cache has a username and an accessToken",
    types=[SECRET],
    why="ECR reads only these keys; with others, pulls fail.",
    remedy='Write {"username": …, "accessToken": …}.',
    source=_SECRETS,
)
def _has_keys(resource: Resource) -> Iterator[Problem]:
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
        content = read_json(text)
    except JsonError:
        return {}
    return content if isinstance(content, dict) else {}
