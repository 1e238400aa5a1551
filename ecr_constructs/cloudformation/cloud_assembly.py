"""Where CDK writes templates: ``cdk.out`` with its stages and nested stacks.

https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.errors import TemplateError

MANIFEST = "manifest.json"
_UNKNOWN = "unknown-"
_NESTED = ".nested.template.json"


@dataclass(frozen=True, slots=True)
class StackFile:
    """A template's file, and what is known of its stack.

    Attributes:
        path: The file.
        account: The account that it goes to.
        region: The Region that it goes to.
        construct: The path of its construct: ``Prod/Payments``.
        stack_name: What CloudFormation calls it, or the stack that it is nested in:
            ``prod-ecr-payments``. None: it is in no assembly.
    """

    path: Path
    account: str | None = None
    region: str | None = None
    construct: str | None = None
    stack_name: str | None = None


def stack_files(folder: Path) -> Iterator[StackFile]:
    """Yield the stacks of a cloud assembly and of the stages in it.

    Raises:
        TemplateError: The manifest cannot be read.
    """
    for artifact in _artifacts(folder / MANIFEST):
        match artifact:
            case {"type": "aws:cloudformation:stack", "properties": {"templateFile": str(file)}}:
                place = _environment(artifact.get("environment"))
                name = artifact["properties"].get("stackName") or file
                yield StackFile(folder / file, *place, artifact.get("displayName"), name)
            case {"type": "cdk:cloud-assembly", "properties": {"directoryName": str(name)}}:
                yield from stack_files(folder / name)


def top_of(folder: Path) -> Path:
    """Return the cloud assembly of the app, of which a stage has its own inside."""
    return top_of(folder.parent) if (folder.parent / MANIFEST).is_file() else folder


def nested_in(file: StackFile, body: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the templates of a stack's nested stacks, as far as they are beside it.

    Args:
        file: The stack's template.
        body: Its content.
    """
    folder, found = file.path.parent, set()
    for resource in body["Resources"].values():
        match resource:
            case {"Metadata": {"aws:asset:path": str(name), "aws:asset:property": "TemplateURL"}}:
                found.add(folder / name)
            case {"Properties": {"TemplateURL": str(name)} | {"Location": str(name)}}:
                found.add(folder / name)
    # Without metadata in the templates, the list of what is uploaded tells.
    assets = folder / file.path.name.replace(".template.json", ".assets.json")
    if assets != file.path and assets.is_file():
        found |= {folder / name for name in _assets(assets) if name.endswith(_NESTED)}
    yield from (each for each in sorted(found) if each.is_file())


def _assets(path: Path) -> Iterator[str]:
    content = _json(path)
    files = content.get("files") if isinstance(content, Mapping) else None
    for each in files.values() if isinstance(files, Mapping) else ():
        match each:
            case {"source": {"path": str(name)}}:
                yield name


def _artifacts(path: Path) -> Iterator[Mapping[str, Any]]:
    content = _json(path)
    artifacts = content.get("artifacts") if isinstance(content, Mapping) else None
    if isinstance(artifacts, Mapping):
        yield from (each for each in artifacts.values() if isinstance(each, Mapping))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise TemplateError(msg) from None
    except (ValueError, RecursionError):
        msg = f"{path} is no JSON; synthesize again"
        raise TemplateError(msg) from None


def _environment(environment: object) -> tuple[str | None, str | None]:
    """Return account and Region of ``aws://111122223333/eu-central-1``."""
    parts = str(environment).removeprefix("aws://").split("/")
    account, region = (*parts, "", "")[:2]
    known = [None if not each or each.startswith(_UNKNOWN) else each for each in (account, region)]
    return known[0], known[1]
