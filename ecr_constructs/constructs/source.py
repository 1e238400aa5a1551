"""Record where in the source of an app a construct is created.

CDK writes the frames of the call that creates a resource to the metadata of the cloud assembly, if
jsii sends them. The innermost frames are those of this library: `cdk lsp` would show a finding in
it. The frames of the app alone are added, and count. They are not part of any template.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs.cloudformation.acknowledgments import DECLARED_IN
from ecr_constructs.cloudformation.source_locations import SourceLocation

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_CREATION_STACK = "aws:cdk:creationStack"


def is_tracing() -> bool:
    """Tell whether jsii sends frames, as with ``cdk synth --debug``: else they cost nothing."""
    return os.environ.get("JSII_HOST_STACK_TRACES", "").lower() in ("1", "true", "yes")


def record_caller(resource: cdk.CfnResource) -> None:
    """Record the frames of the app as the place where a resource is created."""
    if is_tracing() and (frames := [*_frames()]):
        resource.node.add_metadata(_CREATION_STACK, frames)


def record_source(construct: Construct, file: str, line: int) -> None:
    """Record a line of a file as the place that declares a construct.

    Args:
        construct: A construct with one resource, such as `Repository`.
        file: The file that the app reads, such as a YAML file of settings.
        line: The line, from 1.
    """
    if is_tracing():
        resource = construct.node.default_child or construct
        resource.node.add_metadata(_CREATION_STACK, [f"{construct.node.id} ({file}:{line})"])


def record_lines(stack: cdk.Stack, lines: Mapping[str, SourceLocation | None]) -> None:
    """Record where a file of settings declares the constructs of a stack, for messages about them.

    Args:
        stack: The stack.
        lines: The places by the ids of the stack's children; None: there is no file.
    """
    recorded = {
        # CDK writes an id so.
        construct_id.replace("/", "--"): f"{line.file}:{line.line}"
        for construct_id, line in lines.items()
        if line is not None
    }
    if recorded:
        stack.node.add_metadata(DECLARED_IN, recorded)


def _frames() -> Iterator[str]:
    frame = sys._getframe(1)  # noqa: SLF001 - inspect.stack() would read the source of each frame
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, "<")) and not any(name in file for name in _LIBRARIES):
            yield f"{frame.f_code.co_name} ({file}:{frame.f_lineno})"
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
