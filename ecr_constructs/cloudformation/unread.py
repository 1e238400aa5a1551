"""Parts of templates that cannot be read, so that nothing is known about them."""

from dataclasses import dataclass

from ecr_constructs.cloudformation.template import Place


@dataclass(frozen=True, slots=True)
class Unread:
    """One part of a template that was not read.

    Attributes:
        code: Why, independent of the wording: ``transform``.
        template: The name of the template.
        resource: The logical ID, or ``""`` for the template as a whole.
        message: What was not read, and why.
        path: The place below the resource. Default: the resource as a whole.
        line: The line in the file of the template. Default: unknown.
    """

    code: str
    template: str
    resource: str
    message: str
    path: Place = ()
    line: int | None = None
