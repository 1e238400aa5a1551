"""Parts of templates that are not read, and therefore not judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Place


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a template that is not read.

    Attributes:
        code: Why it is not read, as a stable name: ``loop-not-expanded``.
        template: The name of the template.
        resource: The logical id; ``""`` for the template as a whole.
        message: A sentence: what is not read, and what to do.
        path: The place below the resource, or in the template.
        line: The line in the file. None: unknown.
    """

    code: str
    template: str
    resource: str
    message: str
    path: Place = ()
    line: int | None = None
