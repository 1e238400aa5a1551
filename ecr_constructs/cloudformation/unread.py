"""Parts of the input that the reader knows of, but could not read."""

from dataclasses import dataclass

from ecr_constructs.cloudformation.template import Place


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a template, or a file, that was not read: nothing is known about it.

    Attributes:
        code: The kind of part, stable across releases: ``file-not-template``.
        template: The name of the template, or of the file.
        resource: The logical id, or ``""`` for the template as a whole.
        message: What was not read, and why, as one sentence without a full stop.
        path: The place below the resource.
        line: The line in the file, or None.

    Example:
        >>> Unread("file-not-template", "parts.yaml", "", "defines Api, and is not a template").code
        'file-not-template'
    """

    code: str
    template: str
    resource: str
    message: str
    path: Place = ()
    line: int | None = None
