"""A CloudFormation template as it is checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.acknowledgments import Acknowledgment

# The way to a value from the top of a template, or from a resource: keys, and places in lists.
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A template, and what is known of the stack that is made from it.

    Attributes:
        name: What findings call it: its file, or its stack.
        body: Its content.
        account: The account that it is deployed to. None: not known.
        region: The Region that it is deployed to. None: not known.
        path: Its file. None: it has none.
        line_of: Tells the line of a place, if it is known. Default: no line is.
        acknowledged: What was acknowledged in the CDK app for the stack and what is in it.
        construct: The path of the stack's construct in the CDK app. None: not known.
        root: The file of the stack that it is nested in, however deep. None: in none.
        repeated: The places that are written more than once; the last one counts.
        stack_name: What CloudFormation calls the stack, or the one that it is nested in. None: not
            known.
        stack: What a review calls the stack.
    """

    name: str
    body: Mapping[str, Any] = field(repr=False)
    account: str | None = None
    region: str | None = None
    path: Path | None = None
    line_of: Callable[[Place], int | None] | None = field(default=None, repr=False, compare=False)
    acknowledged: Sequence[Acknowledgment] = field(default=(), repr=False)
    construct: str | None = None
    root: Path | None = None
    repeated: Sequence[Place] = field(default=(), repr=False)
    stack_name: str | None = None
    stack: str = ""

    def line(self, place: Place) -> int | None:
        """Return the line of a place, or of what is nearest around it."""
        if self.line_of is None:
            return None
        for length in range(len(place), -1, -1):
            if (line := self.line_of(place[:length])) is not None:
                return line
        return None


def dotted(place: Place) -> str:
    """Write a place as people do: ``Properties.Tags[0].Key``."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in place)
    return text.removeprefix(".")
