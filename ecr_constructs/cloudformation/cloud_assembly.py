"""Cloud assemblies: ``cdk.out`` with its stages and nested stacks.

https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.errors import TemplateError

MANIFEST = "manifest.json"
_UNKNOWN = "unknown-"
_NESTED = ".nested.template.json"


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
    """

    path: Path
    account: str | None = None
    region: str | None = None
    construct: str | None = None
    stack_name: str | None = None
    termination_protection: bool | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)


def stack_files(folder: Path) -> Iterator[StackFile]:
    """Yield the stacks of a cloud assembly and of the stages in it."""
    for artifact_id, artifact in _artifacts(folder / MANIFEST):
        match artifact:
            case {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": str(file)} as properties,
            }:
                tags = properties.get("tags")
                yield StackFile(
                    _inside(folder, file),
                    *_environment(artifact.get("environment")),
                    construct=artifact.get("displayName"),
                    # CDK leaves the name out if it equals the id of the artifact.
                    stack_name=properties.get("stackName") or artifact_id,
                    termination_protection=properties.get("terminationProtection") is True,
                    tags=tags if isinstance(tags, Mapping) else {},
                )
            case {"type": "cdk:cloud-assembly", "properties": {"directoryName": str(name)}}:
                yield from stack_files(_inside(folder, name))


def is_assembly(folder: Path) -> bool:
    """Tell whether a folder is a cloud assembly; many programs call a file ``manifest.json``."""
    content = read_document(folder / MANIFEST) if (folder / MANIFEST).is_file() else None
    keys = content if isinstance(content, Mapping) else {}
    return "version" in keys and isinstance(keys.get("artifacts"), Mapping)


def top_of(folder: Path) -> Path:
    """Return the cloud assembly of the app that contains the assembly of a stage."""
    return top_of(folder.parent) if (folder.parent / MANIFEST).is_file() else folder


def nested_in(file: StackFile, body: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the templates of the nested stacks of a template that are in the same folder."""
    folder, paths = file.path.parent, set()
    for resource in body["Resources"].values():
        paths |= {folder / name for name in template_paths(resource)}
    # Templates without asset metadata: use the list of assets to upload.
    assets = folder / file.path.name.replace(".template.json", ".assets.json")
    if assets != file.path and assets.is_file():
        paths |= {folder / name for name in _assets(assets) if name.endswith(_NESTED)}
    yield from (path for path in sorted(paths) if _is_inside(folder, path) and path.is_file())


def _inside(folder: Path, name: str) -> Path:
    """Return a path that a manifest names; it must be in the assembly, which may be foreign."""
    path = folder / name
    if not _is_inside(folder, path):
        msg = f"{folder / MANIFEST} names {name!r}, which is outside of the assembly"
        raise TemplateError(msg, code="assembly-path-outside", path=folder / MANIFEST)
    return path


def _is_inside(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(top_of(folder.absolute()).resolve())


def template_paths(resource: object) -> list[str]:
    """Return the path of the template of a nested stack, if a resource is one with a local file."""
    match resource:
        case {"Metadata": {"aws:asset:path": str(name), "aws:asset:property": "TemplateURL"}}:
            return [name]
        case {"Properties": {"TemplateURL": str(name)} | {"Location": str(name)}}:
            return [name]
    return []


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
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise TemplateError(msg, code="file-unreadable", path=path) from None
    except (ValueError, RecursionError):
        msg = f"{path} is not JSON; synthesize again"
        raise TemplateError(msg, code="assembly-not-json", path=path) from None


def _environment(environment: object) -> tuple[str | None, str | None]:
    """Return account and Region of ``aws://111122223333/eu-central-1``."""
    parts = [*str(environment).removeprefix("aws://").split("/"), ""][:2]
    account, region = (None if not name or name.startswith(_UNKNOWN) else name for name in parts)
    return account, region
