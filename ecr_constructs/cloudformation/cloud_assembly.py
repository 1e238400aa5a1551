"""Cloud assemblies: ``cdk.out`` with its stages and nested stacks.

https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.reading import is_file, real_path, text_of
from ecr_constructs.model.json_reading import JsonError, read_json

MANIFEST = "manifest.json"
_UNKNOWN = "unknown-"
_NESTED = ".nested.template.json"
# The metadata of a large app with stack traces.
METADATA_MAX_BYTES = 2**29


@dataclass(frozen=True, slots=True)
class StackFile:
    """A template file and the properties of its stack.

    Attributes:
        path: The file.
        account: The account of the stack, if known.
        region: The Region of the stack, if known.
        construct: The path of its construct: ``Prod/Payments``.
        stack_name: The CloudFormation name of the stack or its root stack:
            ``prod-ecr-payments``. None: the file is not in an assembly.
        termination_protection: Whether the stack is protected against deletion, if known.
        tags: The tags of the stack, which CloudFormation gives to its resources.
        parameters: The values of parameters with which CDK deploys the stack.
    """

    path: Path
    account: str | None = None
    region: str | None = None
    construct: str | None = None
    stack_name: str | None = None
    termination_protection: bool | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def stack_files(folder: Path) -> Iterator[StackFile]:
    """Yield the stacks of a cloud assembly and of the stages in it, each assembly once."""
    visited = {real_path(folder)}
    # The assemblies that are being read, the innermost last.
    reading = [(folder, _artifacts(folder / MANIFEST))]
    while reading:
        folder, artifacts = reading[-1]
        match next(artifacts, None):
            case None:
                reading.pop()
            case (artifact_id, {"type": "aws:cloudformation:stack"} as artifact):
                yield _stack_file(folder, artifact_id, artifact)
            case (artifact_id, {"type": "cdk:cloud-assembly"} as artifact):
                inner = _named(folder, artifact_id, artifact, "directoryName")
                if real_path(inner) not in visited:
                    visited.add(real_path(inner))
                    reading.append((inner, _artifacts(inner / MANIFEST)))


def _stack_file(folder: Path, artifact_id: str, artifact: Mapping[str, Any]) -> StackFile:
    path = _named(folder, artifact_id, artifact, "templateFile")
    properties = artifact["properties"]
    tags, given = properties.get("tags"), properties.get("parameters")
    return StackFile(
        path,
        *_environment(artifact.get("environment")),
        construct=_text(artifact.get("displayName")),
        # CDK leaves the name out if it equals the id of the artifact.
        stack_name=_text(properties.get("stackName")) or artifact_id,
        termination_protection=properties.get("terminationProtection") is True,
        tags=tags if isinstance(tags, Mapping) else {},
        parameters={
            name: value
            for name, value in (given.items() if isinstance(given, Mapping) else ())
            if isinstance(value, str)
        },
    )


def _named(folder: Path, artifact_id: str, artifact: Mapping[str, Any], name: str) -> Path:
    """Return the file or folder that a property of an artifact names."""
    properties = artifact.get("properties")
    value = _text(properties.get(name)) if isinstance(properties, Mapping) else None
    if not value:
        msg = f"{folder / MANIFEST}: {artifact_id!r} has no {name}; synthesize again"
        raise TemplateError(msg, code="assembly-malformed", path=folder / MANIFEST)
    return _inside(folder, value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def construct_paths(template: Path) -> Mapping[str, str]:
    """Return the paths of the constructs of a root stack by logical id, if CDK wrote them down."""
    metadata = template.with_name(template.name.replace(".template.json", ".metadata.json"))
    content = read_document(metadata) if metadata != template and is_file(metadata) else {}
    paths: dict[str, list[str]] = {}
    for path, entries in content.items() if isinstance(content, Mapping) else ():
        for entry in entries if isinstance(entries, list) else ():
            match entry:
                case {"type": "aws:cdk:logicalId", "data": str(logical_id)}:
                    paths.setdefault(logical_id, []).append(path.removeprefix("/"))
    # A stack and its nested stack can have the same logical id.
    return {logical_id: listed[0] for logical_id, listed in paths.items() if len(listed) == 1}


def is_assembly(folder: Path) -> bool:
    """Tell whether a folder is a cloud assembly; many programs call a file ``manifest.json``."""
    content = read_document(folder / MANIFEST) if (folder / MANIFEST).is_file() else None
    keys = content if isinstance(content, Mapping) else {}
    return "version" in keys and isinstance(keys.get("artifacts"), Mapping)


def top_of(folder: Path) -> Path:
    """Return the cloud assembly of the app that contains the assembly of a stage."""
    while folder != folder.parent and is_file(folder.parent / MANIFEST):
        folder = folder.parent
    return folder


def nested_files(path: Path, names: Iterable[str]) -> Iterator[Path]:
    """Yield the files of nested stacks, which a template names, that are in its folder."""
    folder = path.parent
    paths = {folder / name for name in names}
    # Templates without asset metadata: use the list of assets to upload.
    assets = folder / path.name.replace(".template.json", ".assets.json")
    if assets != path and is_file(assets):
        paths |= {folder / name for name in _assets(assets) if name.endswith(_NESTED)}
    yield from (path for path in sorted(paths) if _is_inside(folder, path) and is_file(path))


def _inside(folder: Path, name: str) -> Path:
    """Return a path that a manifest names; it must be in the assembly, which may be foreign."""
    path = folder / name
    if not _is_inside(folder, path):
        msg = f"{folder / MANIFEST} names {name!r}, which is outside of the assembly"
        raise TemplateError(msg, code="assembly-path-outside", path=folder / MANIFEST)
    return path


def _is_inside(folder: Path, path: Path) -> bool:
    return real_path(path).is_relative_to(real_path(top_of(folder.absolute())))


def _assets(path: Path) -> Iterator[str]:
    content = read_document(path)
    files = content.get("files") if isinstance(content, Mapping) else None
    for asset in files.values() if isinstance(files, Mapping) else ():
        match asset:
            case {"source": {"path": str(name)}}:
                yield name


def _artifacts(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    content = read_document(path)
    artifacts = content.get("artifacts") if isinstance(content, Mapping) else None
    if isinstance(artifacts, Mapping):
        yield from (item for item in artifacts.items() if isinstance(item[1], Mapping))


def read_document(path: Path) -> Any:
    """Return the content of a file of a cloud assembly that CDK writes besides templates."""
    try:
        return read_json(text_of(path, most=METADATA_MAX_BYTES))
    except JsonError as error:
        msg = f"{path} is {error}; synthesize again"
        raise TemplateError(msg, code="assembly-not-json", path=path) from None


def _environment(environment: object) -> tuple[str | None, str | None]:
    """Return account and Region of ``aws://111122223333/eu-central-1``."""
    parts = [*str(environment).removeprefix("aws://").split("/"), ""][:2]
    account, region = (None if not name or name.startswith(_UNKNOWN) else name for name in parts)
    return account, region
