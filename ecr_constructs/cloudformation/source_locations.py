"""The line of an app's source that creates a resource, from the metadata of a cloud assembly.

CDK writes it if jsii sends the frames of the app: with ``cdk synth --debug``, which sets
JSII_HOST_STACK_TRACES, and for apps in TypeScript with CDK_DEBUG.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.cloud_assembly import METADATA_MAX_BYTES, read_document, top_of
from ecr_constructs.cloudformation.reading import is_file, real_path, text_of
from ecr_constructs.cloudformation.template import Template

_FRAME = re.compile(r"(?:.* )?\((?P<file>[^()\0]+?):(?P<line>\d+)(?::\d+)?\)")
# A path has at most 4,096 characters.
_LONGEST_FRAME = 8_192
_ANY_FRAME = re.compile(r':\d+\)"')
# Below the packages of either language, and of this one.
_LIBRARY_FOLDERS = {"site-packages", "dist-packages", "node_modules"}
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A line of the source of an app.

    Attributes:
        file: The path, relative to the current folder if it is below that.
        line: The line, from 1.
    """

    file: str
    line: int


class SourceLocations:
    """The source locations of the resources of templates; reads each metadata file once."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._by_file: dict[Path, Mapping[str, Sequence[Any]]] = {}

    def of(self, template: Template, resource: str) -> SourceLocation | None:
        """Return where a resource is created; None if that is unknown."""
        root = template.root or template.path
        if root is None or not resource:
            return None
        folder = top_of(root.absolute().parent).parent
        for frame in _frames(self._entries(root).get(resource, ())):
            match = _FRAME.fullmatch(frame) if len(frame) <= _LONGEST_FRAME else None
            if match and (file := _user_file(match["file"], folder)):
                return SourceLocation(file, int(match["line"][:9]))
        return None

    def _entries(self, root: Path) -> Mapping[str, Sequence[Any]]:
        """Return the metadata of the constructs of a root stack by logical id."""
        if root not in self._by_file:
            file = root.with_name(root.name.replace(".template.json", ".metadata.json"))
            self._by_file[root] = _read(file) if file != root and is_file(file) else {}
        return self._by_file[root]


def _read(file: Path) -> Mapping[str, Sequence[Any]]:
    # Without frames, which is usual, parsing the file is a waste.
    if not _ANY_FRAME.search(text_of(file, most=METADATA_MAX_BYTES)):
        return {}
    by_id: dict[str, list[Sequence[Any]]] = defaultdict(list)
    content = read_document(file)
    for entries in content.values() if isinstance(content, Mapping) else ():
        for entry in entries if isinstance(entries, list) else ():
            match entry:
                case {"type": "aws:cdk:logicalId", "data": str(logical_id)}:
                    by_id[logical_id].append(entries)
    # A stack and its nested stack can have the same logical id.
    return {logical_id: items[0] for logical_id, items in by_id.items() if len(items) == 1}


def _frames(entries: Sequence[Any]) -> Iterator[str]:
    """Yield the frames of the entries of a construct; the last entry counts most, as for CDK."""
    for entry in reversed(entries):
        match entry:
            case {"type": "aws:cdk:creationStack", "data": list(frames)}:
                yield from (frame for frame in frames if isinstance(frame, str))
            case {"type": "aws:cdk:logicalId", "trace": list(frames)}:
                yield from (frame for frame in frames if isinstance(frame, str))


def _user_file(name: str, folder: Path) -> str | None:
    """Return the path of a source file of the app, which exists; None for one of a library."""
    path = real_path(folder / name)
    is_library = path.is_relative_to(_PACKAGE) or not _LIBRARY_FOLDERS.isdisjoint(path.parts)
    if is_library or not is_file(path):
        return None
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
