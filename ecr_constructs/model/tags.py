"""Tags of an AWS resource."""

from collections.abc import Iterator, Mapping

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

# The AWS::ECR::Repository schema:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecr-repository-tag.html
MAX_TAGS = 50
KEY_MAX_LENGTH = 127
VALUE_MAX_LENGTH = 255


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise a ValueError listing every tag that CloudFormation refuses.

    Limits: 50 tags, keys of 1 to 127 characters that do not begin with ``aws:``, values of 1 to
    255 characters. Deploy-time values pass.
    """
    raise_if_invalid("tags", dict(tags), tag_errors(tags))


def tag_errors(tags: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each reason why CloudFormation refuses these tags."""
    if len(tags) > MAX_TAGS:
        yield f"at most {MAX_TAGS} tags are allowed, these are {len(tags)}"
    for key, value in tags.items():
        if not is_unresolved(key):
            if not 1 <= len(key) <= KEY_MAX_LENGTH:
                yield f"key {key!r} must be 1 to {KEY_MAX_LENGTH} characters long, is {len(key)}"
            if key.lower().startswith("aws:"):
                yield f"key {key!r} begins with 'aws:', which is reserved for AWS"
        if not isinstance(value, str):
            yield f"the value of {key!r} must be text, got {value!r}; write {str(value)!r}"
        elif not is_unresolved(value) and not 1 <= len(value) <= VALUE_MAX_LENGTH:
            yield (
                f"the value of {key!r} must be 1 to {VALUE_MAX_LENGTH} characters long, "
                f"is {len(value)}"
            )
