"""Suppressions; the engine reports these, because it knows what they suppress."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.model.diagnostics import Severity

_GUIDE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-metadata.html"


def _reported_by_the_engine(_: Resource) -> Iterator[Problem]:
    yield from ()


UNREASONED = rule(
    "ECR901",
    Severity.WARNING,
    "A suppression has a reason",
    types=["Metadata"],
    why="Without a reason it is unclear later whether the suppression still applies.",
    remedy='Write {"rule": …, "reason": …} under Metadata, ecr-constructs, suppress.',
    source=_GUIDE,
)(_reported_by_the_engine)
UNUSED = rule(
    "ECR902",
    Severity.WARNING,
    "A suppression suppresses something",
    types=["Metadata"],
    why="The finding is fixed, or the rule id is misspelled; the suppression would hide the next "
    "finding of that rule.",
    remedy="Delete it.",
    source=_GUIDE,
)(_reported_by_the_engine)
