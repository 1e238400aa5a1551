"""Findings that somebody acknowledged in a CDK app with ``cdk.Validations.of(…).acknowledge``.

CDK keeps those of a stack, and of what is in it, in a file beside the stack's template. Those of a
stage or of the app it keeps nowhere, so that only the plugin sees them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecr_constructs.checks.errors import CheckError

PLUGIN = "EcrChecks"
"""The name before our ids in acknowledgments."""

KEY = "aws:cdk:acknowledged-rules"
"""``cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY``."""


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """A rule that a construct, and all that is below it, need not keep.

    Attributes:
        rule: The rule's id.
        reason: Why; ``""`` if it is not said.
        path: The construct's path: ``Prod/Payments/Api``.
        plugin: The name before the id. CDK takes an id without one for an annotation's.
    """

    rule: str
    reason: str
    path: str
    plugin: str

    def covers(self, path: str) -> bool:
        """Tell whether a construct of this path need not keep the rule."""
        return self.path in ("", path) or path.startswith(f"{self.path}/")


def acknowledgments(template: Path) -> Iterator[Acknowledgment]:
    """Yield what was acknowledged in a stack and in its nested stacks.

    Args:
        template: The stack's template in a cloud assembly; elsewhere there is nothing.

    Raises:
        CheckError: The file cannot be read.
    """
    metadata = template.with_name(template.name.replace(".template.json", ".metadata.json"))
    if metadata == template or not metadata.is_file():
        return
    text = metadata.read_text(encoding="utf-8")
    # It has an entry with a stack trace for each resource, and seldom one of these.
    if f'"{KEY}"' not in text:
        return
    try:
        content = json.loads(text)
    except ValueError:
        msg = f"{metadata} is no JSON; synthesize again"
        raise CheckError(msg) from None
    for path, entries in content.items():
        for entry in entries:
            if entry["type"] == KEY:
                yield from _read(path, entry["data"])


def above(app: Any, stacks: Sequence[str]) -> Iterator[Acknowledgment]:
    """Yield what was acknowledged in an app above its stacks.

    Args:
        app: The ``cdk.App``.
        stacks: The paths of the stacks' constructs.
    """
    parts = [each.split("/") for each in stacks]
    paths = {tuple(each[:length]) for each in parts for length in range(len(each))}
    for path in sorted(paths):
        construct = app
        for each in path:
            construct = construct.node.find_child(each)
        for entry in construct.node.metadata:
            if entry.type == KEY:
                yield from _read("/".join(path), entry.data)


def _read(path: str, reasons: Mapping[str, str]) -> Iterator[Acknowledgment]:
    for name, reason in reasons.items():
        plugin, _, rule = name.rpartition("::")
        yield Acknowledgment(rule, reason.strip(), path.removeprefix("/"), plugin)
