"""YAML that remembers where everything stands."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

# Where something stands in a document: ("teams", "payments", "repositories", 2, "name").
Place = tuple[str | int, ...]


class EnvironmentFileError(Exception):
    """An environment file that cannot be used; the message has a line for each fault."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed YAML file.

    Attributes:
        path: The file.
        value: Its value.
        lines: The line of each place, from 1.
        texts: What is written at each place that holds a scalar.
    """

    path: Path
    value: Any
    lines: dict[Place, int]
    texts: dict[Place, str]

    def line_of(self, place: Place) -> int:
        """Return the line of a place, or of what it would be part of."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, faults: list[tuple[Place, str]]) -> EnvironmentFileError:
        """Return one error for all faults, a line for each with file, line and key, in order."""
        located = sorted(
            (self.line_of(place), dotted(place), " ".join(what.split())) for place, what in faults
        )
        return EnvironmentFileError(
            "\n".join(
                f"{self.path}:{line}: {key + ': ' if key else ''}{what}"
                for line, key, what in located
            )
        )


def dotted(place: Place) -> str:
    """Write a place as people do: ``teams.payments.repositories[2].name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file.

    Raises:
        EnvironmentFileError: The file cannot be read, is no YAML, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        msg = f"{path}: {reason}"
        raise EnvironmentFileError(msg) from None
    file = YamlFile(path, None, lines={}, texts={})
    twice: list[tuple[Place, str]] = []
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        # Before the value is built: that rewrites the nodes of merge keys.
        for place, each, line, again in _walk(node, ()) if node else ():
            if again:
                twice.append((place, f"stands twice, first in line {file.lines[place]}"))
            file.lines[place] = line
            if isinstance(each, yaml.ScalarNode):
                file.texts[place] = each.value
        value = loader.construct_document(node) if node else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "cannot be read as YAML"
        msg = f"{path}:{line}: {problem}"
        raise EnvironmentFileError(msg) from None
    finally:
        loader.dispose()
    if twice:
        raise file.error(twice)
    return replace(file, value=value)


def _walk(node: yaml.Node, place: Place, line: int = 1) -> Iterator[tuple[Place, Any, int, bool]]:
    """Yield every node with its place, its line and whether its key stood there before."""
    yield place, node, line, False
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            # The line of a key is where a reader looks, not the line where its value begins.
            inside = _walk(value, (*place, str(key.value)), key.start_mark.line + 1)
            yield (*next(inside)[:3], str(key.value) in seen)
            seen.add(str(key.value))
            yield from inside
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*place, index), item.start_mark.line + 1)
