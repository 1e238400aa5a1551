"""Read templates from files, folders and cloud assemblies."""

import gc
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

from ecr_constructs.cloudformation.acknowledgments import (
    Acknowledgment,
    acknowledged_at_synthesis,
    acknowledged_in,
)
from ecr_constructs.cloudformation.cloud_assembly import (
    MANIFEST,
    StackFile,
    is_assembly,
    nested_files,
    stack_files,
    top_of,
)
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.parsing import read_json, read_yaml
from ecr_constructs.cloudformation.reading import (
    bytes_of,
    decoded,
    files_below,
    is_file,
    is_folder,
    real_path,
    text_of,
    unreadable,
)
from ecr_constructs.cloudformation.template import SECTIONS, Template, is_stored, nested_stacks
from ecr_constructs.cloudformation.unread import Unread

# Tags of YAML, such as !Transform, are short forms of these.
_MACROS = ("Fn::ForEach", "Fn::Transform", "!Transform")
# Properties that name the template of a nested stack or of an application of SAM.
_NESTED_STACKS = ("TemplateURL", "Location")
# JSON and YAML can write each letter by its number.
_LETTER = re.compile(r"\\(?:u00|U000000|x)[4-7]")
_SUFFIXES = (".json", ".yaml", ".yml", ".template", ".cfn", ".cft")
# Folders of packages and of Git's own files, whose files nobody deploys from there.
_SKIPPED_FOLDERS = frozenset({".git", "node_modules", "site-packages"})
# What only templates contain, also those that cannot be parsed, such as sources of Jinja.
_TEMPLATE_TEXT = re.compile(
    r"AWS::[A-Za-z0-9]+::[A-Za-z]|AWSTemplateFormatVersion|^Resources\s*:|\"Resources\"\s*:",
    re.MULTILINE,
)
# Files of a cloud assembly that list resources next to the templates.
_ASSEMBLY_FILES = (MANIFEST, "tree.json", "validation-report.json", ".metadata.json")
_MAX_FRAGMENT_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read from some paths.

    Attributes:
        templates: The templates.
        errors: An error for each path, and each file of a folder, that cannot be read.
        unread: The files of folders that define resources of ECR and are not templates.
    """

    templates: list[Template]
    errors: list[TemplateError]
    unread: list[Unread]


def load(paths: Iterable[str | Path]) -> list[Template]:
    """Read templates.

    Args:
        paths: Templates in JSON or YAML; cloud assemblies such as ``cdk.out``, with the stages and
            nested stacks in them; folders that hold templates.

    Raises:
        TemplateError: A file cannot be read or is not a template, or a folder has none.
    """
    loaded = load_each(paths)
    if loaded.errors:
        raise TemplateError.combined(loaded.errors)
    return loaded.templates


def load_each(paths: Iterable[str | Path], matches: Iterable[str | Path] = ()) -> Loaded:
    """Read templates as `load` does, and return the errors next to what could be read.

    Args:
        paths: As for `load`.
        matches: Paths that a pattern matched: like the files of a folder, they can be other files
            than templates.
    """
    by_path: dict[Path, Template] = {}
    loaded = Loaded([], [], [])
    with _no_gc():
        for path, is_named in [(Path(p), True) for p in paths] + [
            (Path(p), False) for p in matches
        ]:
            for template in _read_path(path, loaded, is_named=is_named):
                assert template.path is not None
                by_path.setdefault(real_path(template.path), template)
    loaded.templates.extend(by_path.values())
    return loaded


def _read_path(path: Path, loaded: Loaded, *, is_named: bool) -> list[Template]:
    try:
        if is_folder(path):
            return _folder(path, loaded)
        return [*(_with_acknowledged([StackFile(path)]) if is_named else _member(path, loaded))]
    except TemplateError as error:
        loaded.errors.append(error)
        return []


def parse_template(text: str, name: str) -> Template:
    """Return the template of a text without a file, such as standard input.

    Raises:
        TemplateError: The text is not a template.
    """
    return _template(StackFile(Path(name)), text, None, name)


@contextmanager
def _no_gc() -> Iterator[None]:
    """Pause the cyclic garbage collector: parsed JSON has no cycles, and scanning it is slow."""
    resume = gc.enable if gc.isenabled() else gc.disable
    gc.disable()
    try:
        yield
    finally:
        resume()


def _folder(path: Path, loaded: Loaded) -> list[Template]:
    """Return the templates of a folder; add the files that cannot be read to `loaded`."""
    if is_file(path / MANIFEST):
        templates = _with_passed([*_with_acknowledged([*stack_files(path)])])
        if not templates and is_assembly(path):
            return []
    else:
        errors = len(loaded.errors)
        templates = [
            template for file in _files(path, loaded) for template in _member(file, loaded)
        ]
        templates = _with_passed(_linked(templates))
        if len(loaded.errors) > errors:
            return templates
    if not templates:
        msg = f"{path} holds no template; synthesize first, or name a file"
        raise TemplateError(msg, code="template-missing", path=path)
    return templates


def _linked(templates: Sequence[Template]) -> list[Template]:
    """Return templates with their root stacks, which come first."""
    parents: dict[Path, Path] = {}
    for template in templates:
        assert template.path is not None
        for nested in _nested_in(template.path, template):
            if real_path(nested) != real_path(template.path):
                parents[real_path(nested)] = template.path

    def root_of(path: Path) -> Path | None:
        root, seen = None, {real_path(path)}
        while (above := parents.get(real_path(root or path))) is not None:
            if real_path(above) in seen:
                return None
            root = above
            seen.add(real_path(root))
        return root

    linked = [replace(item, root=root_of(item.path)) if item.path else item for item in templates]
    return sorted(linked, key=lambda template: template.root is not None)


def _with_passed(templates: Sequence[Template]) -> list[Template]:
    """Return templates; those of nested stacks with the parameters that their parents pass.

    Only literal values and defaults are known, and only if all parents pass the same.
    """
    if all(template.root is None for template in templates):
        return [*templates]
    passed: dict[Path, list[Mapping[str, Any]]] = defaultdict(list)
    for template in templates:
        assert template.path is not None
        for nested in nested_stacks(template):
            properties = nested.resource.get("Properties")
            given = properties.get("Parameters") if isinstance(properties, Mapping) else None
            place = real_path(template.path.parent / nested.file)
            passed[place].append(given if isinstance(given, Mapping) else {})
    return [_with_parameters(template, passed) for template in templates]


def _with_parameters(
    template: Template, passed: Mapping[Path, Sequence[Mapping[str, Any]]]
) -> Template:
    given = passed.get(real_path(template.path), ()) if template.path and template.root else ()
    if not given or any(other != given[0] for other in given):
        return template
    declared = template.body.get("Parameters")
    # CloudFormation uses the default of a parameter that the parent does not pass.
    defaults = {
        name: parameter.get("Default")
        for name, parameter in (declared.items() if isinstance(declared, Mapping) else ())
        if isinstance(parameter, Mapping) and not is_stored(parameter)
    }
    literals = {
        str(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in {**defaults, **given[0]}.items()
        if isinstance(value, str | int | float) and name in defaults
    }
    return replace(template, parameters=literals)


def _files(top: Path, loaded: Loaded) -> Iterator[Path]:
    """Yield the files of a folder that can be templates, by name; follow links once."""

    def add_error(error: OSError) -> None:
        loaded.errors.append(unreadable(error))

    return files_below(top, _SUFFIXES, add_error, skipped=_SKIPPED_FOLDERS)


def _member(path: Path, loaded: Loaded) -> Iterator[Template]:
    """Read a file of a folder, which can contain other files than templates.

    A file that can be a template is never passed over in silence.
    """
    file, text = StackFile(path), ""
    try:
        data = bytes_of(path)
        text = data.decode("latin-1")
        text = decoded(data, path)
        body, *positions = _parse(file, text)
    except TemplateError as error:
        if error.code == "file-unreadable" or _is_like_template(path, text):
            loaded.errors.append(error)
        return
    if _has_resources(body) or _declares_template(body) or _is_empty_stack(file, body):
        try:
            yield _template(file, text, (body, *positions))
        except TemplateError as error:
            loaded.errors.append(error)
    elif not path.name.endswith(_ASSEMBLY_FILES) and (names := [*_ecr_resources(body)]):
        message = f"defines {', '.join(names)}, and is not a template: it has no Resources"
        loaded.unread.append(Unread("file-not-template", str(path), "", message))


def _is_like_template(path: Path, text: str) -> bool:
    """Tell whether a file that cannot be parsed was probably meant to be a template."""
    return ".template" in path.name or _TEMPLATE_TEXT.search(text) is not None


def _has_resources(body: object) -> bool:
    return isinstance(body, Mapping) and isinstance(body.get("Resources"), Mapping)


def _declares_template(body: object) -> bool:
    """Tell whether a document without resources says that it is a template."""
    if not isinstance(body, Mapping):
        return False
    transforms = body.get("Transform")
    names = transforms if isinstance(transforms, list) else [transforms]
    return (
        "AWSTemplateFormatVersion" in body
        or any(str(name).startswith("AWS::") for name in names)
        or body.get("Resources", ()) is None
    )


def _ecr_resources(value: object, name: str = "", depth: int = 0) -> Iterator[str]:
    """Yield the names of what is written like a resource of ECR."""
    if isinstance(value, Mapping) and depth < _MAX_FRAGMENT_DEPTH:
        kind = value.get("Type")
        if isinstance(kind, str) and kind.startswith("AWS::ECR::"):
            yield name or kind
        for key, item in value.items():
            yield from _ecr_resources(item, str(key), depth + 1)
    elif isinstance(value, list) and depth < _MAX_FRAGMENT_DEPTH:
        for item in value:
            yield from _ecr_resources(item, name, depth + 1)


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
            more = [*in_report.get(None, ()), *in_report.get(real_path(template.path), ())]
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


def with_nested(file: StackFile) -> Iterator[Template]:
    """Yield a stack's template, then those of its nested stacks, each file once."""
    visited = {real_path(file.path)}
    pending = [file]
    while pending:
        current = pending.pop()
        template = _read(current, None if current is file else file.path)
        yield template
        for nested in reversed([*_nested_in(current.path, template)]):
            if (real := real_path(nested)) not in visited:
                visited.add(real)
                pending.append(replace(current, path=nested, construct=None, parameters={}))


def _nested_in(path: Path, template: Template) -> Iterator[Path]:
    return nested_files(path, (stack.file for stack in nested_stacks(template)))


def _read(file: StackFile, root: Path | None = None) -> Template:
    return replace(_template(file, text_of(file.path)), root=root)


def _template(
    file: StackFile, text: str, parsed: tuple[Any, Any, Any] | None = None, name: str = ""
) -> Template:
    """Return the template of a file; of a text that has a name only, without a path."""
    title = name or str(file.path)
    body, line_of, repeated = parsed or _parse(file, text)
    if _is_empty_stack(file, body):
        body["Resources"] = {}
    if not _has_resources(body):
        msg = f"{title}: not a template: it has no Resources"
        raise TemplateError(msg, code="template-resources", path=file.path)
    path = None if name else file.path
    # To look for the pattern takes longer, and JSON has one form of it.
    may_hide = ("\\u00" in text or text[:1] != "{") and bool(_LETTER.search(text))
    template = Template(title, body, file.account, file.region, path, line_of)
    return replace(
        template,
        repeated=repeated,
        stack_name=file.stack_name,
        tags=file.tags,
        parameters=file.parameters,
        may_have_macros=may_hide or any(word in text for word in _MACROS),
        may_have_nested_stacks=may_hide or any(word in text for word in _NESTED_STACKS),
    )


def _is_empty_stack(file: StackFile, body: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether a document is a stack without resources, which CDK writes without Resources.

    The file is that of a stack, or in the same folder as the manifest of an assembly.
    """
    if not isinstance(body, dict) or "Resources" in body or not body.keys() <= SECTIONS:
        return False
    is_named = file.path.name.endswith(".template.json")
    return file.stack_name is not None or (is_named and is_assembly(file.path.parent))


def _parse(file: StackFile, text: str) -> tuple[Any, Any, Any]:
    path = file.path
    try:
        if path.suffix.lower() == ".json" or text.lstrip().startswith("{"):
            # Programs, which write the templates of an assembly, do not write duplicate keys.
            return read_json(text, may_repeat=file.stack_name is None)
        return read_yaml(text)
    except TemplateError as error:
        msg = f"{path}: {error}"
        raise TemplateError(msg, code=error.code, path=path) from None
