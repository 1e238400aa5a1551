"""A CloudFormation template with the properties of its stack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.acknowledgments import Acknowledgment

# The path to a value from the top of a template or from a resource: keys and list indexes.
Place = tuple[str | int, ...]


# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
SECTIONS = frozenset(
    {
        *("AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata"),
        *("Outputs", "Parameters", "Resources", "Rules", "Transform"),
    }
)
"""The sections of a template."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template and the known properties of its stack.

    Attributes:
        name: The name in findings: the file, or the stack.
        body: The content.
        account: The account of the deployment. None: unknown.
        region: The Region of the deployment. None: unknown.
        path: The file. None: there is none.
        line_of: Returns the line of a place, if known. Default: lines are unknown.
        acknowledged: The acknowledgments of the CDK app for the stack and its resources.
        construct: The path of the construct of the stack in the CDK app. None: unknown.
        root: The file of the root stack. None: the stack is not nested.
        repeated: The places of duplicate keys, of which the last one counts.
        stack_name: The CloudFormation name of the stack or its root stack. None: unknown.
        stack: The name of the stack in reviews.
        is_left: Whether the stack is no longer in the app, which leaves it deployed.
        termination_protection: Whether the stack is protected against deletion. None: unknown.
        tags: The tags of the stack.
        scanned_elsewhere: Whether a configuration says that another stack or team configures the
            scans of the registry.
        parameters: The values of parameters, as texts. Default: parameters are unknown.
        assumed: The results of comparisons that only the deployment knows, by expression.
            Default: they are unknown.
        physical_ids: The physical IDs of deployed resources, by logical ID. Default: they are
            unknown, and so are the attributes of the resources.
        may_have_macros: Whether ``Fn::Transform`` or ``Fn::ForEach`` can be in the content.
        may_have_nested_stacks: Whether a nested stack with a local template can be in the content.

    Example:
        >>> Template("api", {"Resources": {}}, region="eu-west-1").region
        'eu-west-1'
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
    is_left: bool = False
    termination_protection: bool | None = None
    tags: Mapping[str, Any] = field(default_factory=dict, repr=False)
    scanned_elsewhere: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    assumed: Mapping[str, bool] = field(default_factory=dict, repr=False)
    physical_ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    may_have_macros: bool = True
    may_have_nested_stacks: bool = True

    def line(self, place: Place) -> int | None:
        """Return the line of a place, or of the nearest enclosing value."""
        if self.line_of is None:
            return None
        for length in range(len(place), -1, -1):
            if (line := self.line_of(place[:length])) is not None:
                return line
        return None


def dotted(place: Place) -> str:
    """Return a place as text: ``Properties.Tags[0].Key``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def is_stored(parameter: object) -> bool:
    """Tell whether the value of a parameter is in Systems Manager: what is written is its name."""
    return isinstance(parameter, Mapping) and str(parameter.get("Type")).startswith("AWS::SSM::")


class NestedStack(NamedTuple):
    """A resource that is a nested stack with a local file, whose path is as it is written."""

    logical_id: str
    resource: Mapping[str, Any]
    file: str


def nested_stacks(template: Template) -> Iterator[NestedStack]:
    """Yield the nested stacks of a template that name a local file."""
    resources = template.body["Resources"] if template.may_have_nested_stacks else {}
    for logical_id, resource in resources.items():
        if isinstance(resource, dict) and (names := _template_files(resource)):
            yield NestedStack(str(logical_id), resource, names[0])


def _template_files(resource: Mapping[str, Any]) -> list[str]:
    metadata, properties = resource.get("Metadata"), resource.get("Properties")
    names: list[object] = []
    if isinstance(metadata, dict) and metadata.get("aws:asset:property") == "TemplateURL":
        names.append(metadata.get("aws:asset:path"))
    if isinstance(properties, dict):
        names += [properties.get("TemplateURL"), properties.get("Location")]
    return [name for name in names if isinstance(name, str)]
