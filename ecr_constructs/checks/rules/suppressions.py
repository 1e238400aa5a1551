"""Suppressions themselves; the engine finds these, since it alone knows what they suppress."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource

_GUIDE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-metadata.html"


def _found_by_the_engine(_: Resource) -> Iterator[Fault]:
    yield from ()


UNREASONED = rule(
    "ECR901",
    "warning",
    "A suppression says why",
    types=["Metadata"],
    why="Nobody can tell later whether it still holds, so that it stays for ever.",
    remedy='Write {"rule": …, "reason": …} under Metadata, ecr-constructs, suppress.',
    source=_GUIDE,
)(_found_by_the_engine)
UNUSED = rule(
    "ECR902",
    "warning",
    "A suppression suppresses something",
    types=["Metadata"],
    why="What it was for is mended, or its rule is misspelt; left in place it would hide the next "
    "fault of that kind.",
    remedy="Delete it.",
    source=_GUIDE,
)(_found_by_the_engine)
