"""Templates read from files and from cloud assemblies."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecr_constructs.checks.acknowledgments import acknowledgments
from ecr_constructs.checks.cloud_assembly import MANIFEST, StackFile, nested_in, stack_files
from ecr_constructs.checks.errors import CheckError
from ecr_constructs.checks.json_lines import json_lines
from ecr_constructs.checks.template import Template
from ecr_constructs.checks.yaml_text import read_yaml

_SUFFIXES = (".json", ".yaml", ".yml", ".template")


def load(paths: Iterable[str | Path]) -> list[Template]:
    """Read templates.

    Args:
        paths: Templates in JSON or YAML; cloud assemblies such as ``cdk.out``, with the stages and
            nested stacks in them; folders that hold templates.

    Raises:
        CheckError: Something cannot be read, is no template, or holds none.
    """
    found: dict[Path, Template] = {}
    for path in map(Path, paths):
        templates = _folder(path) if path.is_dir() else with_nested(StackFile(path))
        for template in templates:
            assert template.path is not None
            found.setdefault(template.path.resolve(), template)
    return list(found.values())


def _folder(path: Path) -> Iterator[Template]:
    if (path / MANIFEST).is_file():
        templates = [each for file in stack_files(path) for each in _acknowledged(file)]
    else:
        inside = (each for each in sorted(path.rglob("*")) if each.suffix in _SUFFIXES)
        templates = [each for file in inside if file.is_file() for each in _maybe(file)]
    if not templates:
        msg = f"{path} holds no template; synthesize first, or name a file"
        raise CheckError(msg)
    yield from templates


def _acknowledged(file: StackFile) -> Iterator[Template]:
    """Read a stack of a cloud assembly with what its app acknowledged."""
    known = tuple(acknowledgments(file.path))
    yield from (replace(each, acknowledged=known) for each in with_nested(file))


def _maybe(path: Path) -> Iterator[Template]:
    """Read a file of a folder, which may hold other things than templates."""
    try:
        yield _read(StackFile(path))
    except CheckError:
        if ".template" in path.name:
            raise


def with_nested(file: StackFile, above: tuple[Path, ...] = ()) -> Iterator[Template]:
    """Yield a stack's template, then those of its nested stacks.

    Args:
        file: The stack's template.
        above: The templates that it is nested in.

    Raises:
        CheckError: Something cannot be read, or is no template.
    """
    template = _read(file)
    yield template
    seen = (*above, file.path.resolve())
    for nested in nested_in(file, template.body):
        if nested.resolve() not in seen:
            yield from with_nested(StackFile(nested, file.account, file.region), seen)


def _read(file: StackFile) -> Template:
    path = file.path
    text = _text(path)
    try:
        body, line_of = _parse(path, text)
    except CheckError as error:
        msg = f"{path}: {error}"
        raise CheckError(msg) from None
    if not isinstance(body, Mapping) or not isinstance(body.get("Resources"), Mapping):
        msg = f"{path}: not a template: it has no Resources"
        raise CheckError(msg)
    return Template(str(path), body, file.account, file.region, path, line_of)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise CheckError(msg) from None
    try:
        # As PowerShell writes UTF-16, with a mark of the byte order.
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        msg = f"cannot read {path}: not UTF-8 at byte {error.start}; save it as UTF-8"
        raise CheckError(msg) from None


def _parse(path: Path, text: str) -> tuple[Any, Any]:
    if path.suffix == ".json" or text.lstrip().startswith("{"):
        try:
            return json.loads(text), json_lines(text)
        except json.JSONDecodeError as error:
            msg = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            raise CheckError(msg) from None
        except RecursionError:
            msg = "not a template: nested too deeply"
            raise CheckError(msg) from None
    return read_yaml(text)
