"""Tags of an AWS resource."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from ecr_constructs.model.arguments import UNCHECKED
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import (
    count_errors,
    located,
    raise_if_invalid,
    text_length_errors,
)

Tags = Mapping[str, Annotated[str, UNCHECKED]]
"""Tags of a resource, values by key."""

# The AWS::ECR::Repository schema:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecr-repository-tag.html
MAX_TAGS = 50
KEY_MAX_LENGTH = 127
VALUE_MAX_LENGTH = 255

EXTRA_TAGS_METADATA = "ecr-constructs:extraTags"
"""The key in a repository's metadata whose value ``keep`` says that tags are wanted which the
template does not list."""


def check_tags(tags: Mapping[str, str]) -> None:
    """Reject tags that CloudFormation rejects.

    Limits: 50 tags, keys of 1 to 127 characters that do not begin with ``aws:``, values of 1 to
    255 characters. Deploy-time values pass.
    """
    raise_if_invalid("tags", dict(tags), tag_errors(tags))


def tag_errors(tags: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yield each reason why CloudFormation rejects these tags."""
    yield from count_errors("tag-count", tags, MAX_TAGS, "tags", "tags")
    for key, value in tags.items():
        yield from located(f"tags[{key!r}]", (*_key_errors(key), *_value_errors(key, value)))


def _key_errors(key: str) -> Iterator[Diagnostic]:
    if is_unresolved(key):
        return
    yield from text_length_errors("tag-key-length", f"key {key!r}", key, KEY_MAX_LENGTH, least=1)
    if key.lower().startswith("aws:"):
        message = f"key {key!r} begins with 'aws:', which is reserved for AWS"
        yield Diagnostic("tag-key-reserved-prefix", message)


def _value_errors(key: str, value: object) -> Iterator[Diagnostic]:
    if not isinstance(value, str):
        yield Diagnostic(
            "tag-value-type",
            f"the value of {key!r} must be text, got {value!r}",
            remedy=f"write {str(value)!r}" if isinstance(value, int | float) else "",
        )
    elif not is_unresolved(value):
        subject = f"the value of {key!r}"
        yield from text_length_errors("tag-value-length", subject, value, VALUE_MAX_LENGTH, least=1)
