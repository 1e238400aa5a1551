"""Read templates from files, folders and cloud assemblies."""

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.acknowledgments import (
    Acknowledgment,
    acknowledged_at_synthesis,
    acknowledged_in,
)
from ecr_constructs.cloudformation.cloud_assembly import (
    MANIFEST,
    StackFile,
    nested_in,
    stack_files,
    top_of,
)
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.parsing import read_json, read_yaml
from ecr_constructs.cloudformation.template import Template

# Tags of YAML, such as !Transform, are short forms of these.
_MACROS = ("Fn::Transform", "Fn::ForEach", "!Transform")
_SUFFIXES = (".json", ".yaml", ".yml", ".template")


def load(paths: Iterable[str | Path]) -> list[Template]:
    """Read templates.

    Args:
        paths: Templates in JSON or YAML; cloud assemblies such as ``cdk.out``, with the stages and
            nested stacks in them; folders that hold templates.

    Raises:
        TemplateError: A file cannot be read or is not a template, or a folder has none.
    """
    by_path: dict[Path, Template] = {}
    with _no_gc():
        for path in map(Path, paths):
            templates = _folder(path) if path.is_dir() else _with_acknowledged([StackFile(path)])
            for template in templates:
                assert template.path is not None
                by_path.setdefault(template.path.resolve(), template)
    return list(by_path.values())


@contextmanager
def _no_gc() -> Iterator[None]:
    """Pause the cyclic garbage collector: parsed JSON has no cycles, and scanning it is slow."""
    resume = gc.enable if gc.isenabled() else gc.disable
    gc.disable()
    try:
        yield
    finally:
        resume()


def _folder(path: Path) -> Iterator[Template]:
    if (path / MANIFEST).is_file():
        templates = [*_with_acknowledged([*stack_files(path)])]
    else:
        files = (file for file in sorted(path.rglob("*")) if file.suffix in _SUFFIXES)
        templates = [template for file in files if file.is_file() for template in _maybe(file)]
    if not templates:
        msg = f"{path} holds no template; synthesize first, or name a file"
        raise TemplateError(msg, code="template-missing", path=path)
    yield from templates


def _with_acknowledged(files: Sequence[StackFile]) -> Iterator[Template]:
    """Read stacks with the acknowledgments of their CDK app."""
    tops = {top_of(file.path.absolute().parent) for file in files}
    reported = {top: acknowledged_at_synthesis(top) for top in tops}
    for file in files:
        in_stack = acknowledged_in(file.path)
        in_report = reported[top_of(file.path.absolute().parent)]
        for template in with_nested(file):
            assert template.path is not None
            above = file.construct if template.path == file.path else None
            more = [*in_report.get(None, ()), *in_report.get(template.path.resolve(), ())]
            yield replace(
                template,
                acknowledged=[
                    *in_stack.all,
                    *(item for item in more if not _is_in(in_stack.all, item)),
                ],
                construct=in_stack.constructs.get(template.path.name, above),
            )


def _is_in(acknowledged: Sequence[Acknowledgment], reported: Acknowledgment) -> bool:
    """Tell whether the acknowledgments of a stack include a reported one."""
    key = (reported.plugin, reported.rule)
    return any(
        (item.plugin, item.rule) == key and item.covers(reported.path) for item in acknowledged
    )


def _maybe(path: Path) -> Iterator[Template]:
    """Read a file of a folder, which can contain other files than templates."""
    try:
        yield _read(StackFile(path))
    except TemplateError:
        if ".template" in path.name:
            raise


def with_nested(file: StackFile, above: tuple[Path, ...] = ()) -> Iterator[Template]:
    """Yield a stack's template, then those of its nested stacks, unless they are above it."""
    template = _read(file, above[0] if above else None)
    yield template
    seen = (*above, file.path)
    visited = {path.resolve() for path in seen}
    for nested in nested_in(file, template.body):
        if nested.resolve() not in visited:
            yield from with_nested(replace(file, path=nested, construct=None), seen)


def _read(file: StackFile, root: Path | None = None) -> Template:
    path = file.path
    text = text_of(path)
    try:
        # Programs, which write the templates of an assembly, do not write duplicate keys.
        body, line_of, repeated = _parse(path, text, may_repeat=file.stack_name is None)
    except TemplateError as error:
        msg = f"{path}: {error}"
        raise TemplateError(msg, code=error.code, path=path) from None
    if not isinstance(body, Mapping) or not isinstance(body.get("Resources"), Mapping):
        msg = f"{path}: not a template: it has no Resources"
        raise TemplateError(msg, code="template-resources", path=path)
    template = Template(str(path), body, file.account, file.region, path, line_of)
    return replace(
        template,
        root=root,
        repeated=repeated,
        stack_name=file.stack_name,
        may_have_macros=any(name in text for name in _MACROS),
    )


def text_of(path: Path) -> str:
    """Read a text of UTF-8, UTF-16 or UTF-32."""
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise TemplateError(msg, code="file-unreadable", path=path) from None
    return decoded(data, path)


def decoded(data: bytes, name: Path | str) -> str:
    """Decode a text of UTF-8, UTF-16 or UTF-32.

    Raises:
        TemplateError: It is in another encoding; the message calls it `name`.
    """
    try:
        # As PowerShell writes UTF-16, with a mark of the byte order.
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        msg = f"cannot read {name}: not UTF-8 at byte {error.start}; save it as UTF-8"
        path = name if isinstance(name, Path) else None
        raise TemplateError(msg, code="file-encoding", path=path) from None


def _parse(path: Path, text: str, *, may_repeat: bool) -> tuple[Any, Any, Any]:
    if path.suffix == ".json" or text.lstrip().startswith("{"):
        try:
            return read_json(text, may_repeat=may_repeat)
        except json.JSONDecodeError as error:
            msg = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            raise TemplateError(msg, code="template-not-json") from None
        except RecursionError:
            msg = "not a template: nested too deeply"
            raise TemplateError(msg, code="template-too-large") from None
    return read_yaml(text)
