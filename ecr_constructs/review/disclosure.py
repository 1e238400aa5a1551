"""Which values of a template a review may show.

A comment on a pull request is read by more people than the secrets that an app renders into its
templates, and code hosts mask secrets in logs only.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison

# What ECR configurations are made of: values of all other types are never shown.
_SERVICES = ("AWS::ECR::", "AWS::IAM::", "AWS::KMS::", "AWS::SNS::", "AWS::Signer::")
_TYPES = ("AWS::Events::Rule", "AWS::CloudWatch::Alarm", "AWS::EC2::VPCEndpoint")
# Properties with secrets, at any depth. A target's input may hold any text, a header a token.
_SECRETS = ("LoginProfile", "SecretString", "HttpParameters", "Input", "InputTransformer")
HIDDEN = "(not shown)"
# A shorter default of a NoEcho parameter could be a part of any word.
_SHORTEST = 6


def concerns_ecr(resource_type: str) -> bool:
    """Tell whether a type is part of ECR configurations, so that its values may be shown."""
    return resource_type.startswith(_SERVICES) or resource_type in _TYPES


def shown(value: Any) -> Any:
    """Return a value without the members that hold secrets."""
    if isinstance(value, dict):
        return {
            key: HIDDEN if _is_secret(key, member) else shown(member)
            for key, member in value.items()
        }
    return [shown(item) for item in value] if isinstance(value, list) else value


def _is_secret(key: object, value: Any) -> bool:
    # The address of a webhook is a credential; that of a mailbox is not.
    is_webhook = key == "Endpoint" and str(value).lower().startswith("http")
    return is_webhook or (key in _SECRETS and value not in (None, HIDDEN))


def without_secrets(changes: Iterable[Change], comparison: Comparison) -> Iterator[Change]:
    """Yield changes without the values that CloudFormation does not display.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    resources = (side for pair in comparison.pairs for side in (pair.before, pair.after) if side)
    in_resources = (
        text
        for resource in resources
        if concerns_ecr(resource.type)
        for name in resource.properties
        for text in resource.shared([name], _secrets_in, name)
        if len(text) >= _SHORTEST
    )
    secrets = frozenset((*_no_echo(comparison), *in_resources))
    pattern = _pattern(secrets) if secrets else None
    for change in changes:
        visible = replace(change, before=shown(change.before), after=shown(change.after))
        yield _hidden(visible, pattern) if pattern else visible


def _secrets_in(resource: Resource, name: str) -> Sequence[str]:
    return tuple(_secret_texts({name: resource.properties[name]}))


def _secret_texts(value: Any, *, is_secret: bool = False) -> Iterator[str]:
    """Yield the texts in secret members of a value, which other sentences may quote."""
    match value:
        case str() if is_secret and not is_unresolved(value):
            yield value
        case dict():
            for key, member in value.items():
                yield from _secret_texts(member, is_secret=is_secret or _is_secret(key, member))
        case list():
            for item in value:
                yield from _secret_texts(item, is_secret=is_secret)


def _no_echo(comparison: Comparison) -> Iterator[str]:
    """Yield the values that templates give to parameters whose values are masked."""
    for side in (comparison.base, comparison.head):
        for stack in side.stacks:
            parameters = stack.body.get("Parameters")
            for parameter in parameters.values() if isinstance(parameters, dict) else ():
                match parameter:
                    case {"NoEcho": masked} if str(masked).lower() == "true":
                        allowed = parameter.get("AllowedValues")
                        values = allowed if isinstance(allowed, list) else []
                        given = (parameter.get("Default"), *values)
                        yield from (str(value) for value in given if value not in (None, ""))


def _hidden(change: Change, secrets: re.Pattern[str]) -> Change:
    def hidden(value: Any) -> Any:
        match value:
            case str():
                return secrets.sub(HIDDEN, value)
            case int() | float():
                return HIDDEN if secrets.fullmatch(str(value)) else value
            case dict():
                return {hidden(key): hidden(member) for key, member in value.items()}
            case list() | tuple():
                return type(value)(map(hidden, value))
        return value

    values: Mapping[str, Any] = {
        name: hidden(getattr(change, name))
        for name in ("summary", "details", "before", "after", "when")
    }
    findings = tuple(_hidden(finding, secrets) for finding in change.findings)
    return replace(change, **values, findings=findings)


def _pattern(secrets: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of secrets; a short one is hidden only where it is a whole word."""
    texts = sorted(secrets, key=len, reverse=True)
    return re.compile(
        "|".join(
            re.escape(text) if len(text) >= _SHORTEST else rf"(?<!\w){re.escape(text)}(?!\w)"
            for text in texts
        )
    )
