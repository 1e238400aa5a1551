"""Read what the user names: texts, inventories and lifecycle policies."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.lifecycle import (
    POLICY_TYPES,
    StatedPolicy,
    context_of,
    dry_run_of,
    policy_of,
)
from ecr_constructs.cloudformation.loading import load, load_each, parse_template
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.cloudformation.reading import (
    INVENTORY_MAX_BYTES,
    MAX_BYTES,
    decoded,
    exists,
    is_folder,
    is_pipe,
    limited,
    text_of,
)
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.lifecycle import Context, Inventory, LifecyclePolicy
from ecr_constructs.model.lifecycle.aws_output import failure_of
from ecr_constructs.model.printable import printable
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.unread import Unread

_YAML = (".yaml", ".yml", ".template")
_STDIN = "<stdin>"
_PATTERN = re.compile(r"[*?\[]")


def read_text(name: str, most: int = MAX_BYTES) -> str:
    """Read a file or a pipe, or standard input if its name is ``-``; UTF-8, UTF-16 or UTF-32."""
    if name != "-":
        return text_of(Path(name), most=most, may_be_pipe=True)
    if sys.stdin is None:
        raise CommandError(
            Diagnostic("file-unreadable", "cannot read standard input: it is closed")
        )
    return decoded(limited(sys.stdin.buffer, _title(name), most), _title(name))


def _title(name: str) -> str:
    return "standard input" if name == "-" else name


def read_inventory(
    images: str,
    manifests: str | None,
    *,
    repository: str | None = None,
    allow_incomplete: bool = False,
) -> Inventory:
    """Read the files of `aws ecr describe-images` and `aws ecr batch-get-image`.

    Args:
        images: The file of images.
        manifests: The file of manifests. None: there is none.
        repository: The repository, if the images are of several. Default: the only one.
        allow_incomplete: Accept a file that says that images are missing. Default: an error.
    """

    def read(text: str) -> Inventory:
        try:
            return Inventory.from_describe_images(text, allow_incomplete=allow_incomplete)
        except ValidationError as error:
            # A logical id of a template selects no repository of the file.
            if repository is None or error.diagnostics[0].code != "inventory-repositories":
                raise
            return Inventory.from_describe_images(
                text, repository=repository, allow_incomplete=allow_incomplete
            )

    inventory = _read(images, read)
    return _read(manifests, inventory.with_manifests) if manifests else inventory


def _read(name: str, read: Callable[[str], Inventory]) -> Inventory:
    text = read_text(name, INVENTORY_MAX_BYTES)
    try:
        return read(text)
    except ValidationError as error:
        raise CommandError(*(item.within(_title(name)) for item in error.diagnostics)) from None


class NamedPolicy(NamedTuple):
    """A policy that has not been checked yet.

    The name is where it comes from, and the context what the template tells about the repository,
    whose name is None in any other file, and empty if the template does not say it.
    """

    name: str
    stated: StatedPolicy
    context: Context = Context()
    repository: str | None = None

    def accepted(self) -> LifecyclePolicy:
        """Return the policy, or raise an error if ECR rejects it."""
        if (policy := self.stated.policy) is None:
            reasons = "; ".join(error.message for error in self.stated.errors)
            message = f"{self.name} is not a lifecycle policy that ECR accepts: {reasons}"
            raise CommandError(Diagnostic("policy-rejected", message))
        return policy


def read_policy(name: str, repository: str | None) -> NamedPolicy:
    """Read a policy from its JSON, from what the AWS CLI prints, or from a template.

    Args:
        name: The file, ``-`` for standard input, or the folder of a cloud assembly.
        repository: The repository's name, or its logical id, if this is a template.
    """
    if is_folder(name):
        return _from_templates(name, load([name]), repository)
    text = read_text(name)
    content = _content(text, name)
    if isinstance(content, Mapping) and isinstance(content.get("Resources"), Mapping):
        templates = [Template(_title(name), content)] if name == "-" else load([name])
        return _from_templates(_title(name), templates, repository)
    return _policy(name, text)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What `check` reads.

    Attributes:
        templates: The templates.
        policies: The lifecycle policies.
        unread: Files that define resources of ECR and are not templates.
        errors: An error for each file that cannot be read.
    """

    templates: list[Template]
    policies: list[NamedPolicy]
    unread: list[Unread]
    errors: list[DiagnosticError]


def read_inputs(names: Sequence[str]) -> Inputs:
    """Read templates and lifecycle policies; an error in one of them does not hide the others.

    Args:
        names: Files, folders, patterns of them such as ``stacks/*.yaml``, or ``-``.
    """
    inputs = Inputs([], [], [], [])
    named, matches = _expand(names, inputs.errors)
    pipes = [name for name in named if name == "-" or is_pipe(name)]
    files = [name for name in named if name not in pipes]
    texts = _texts(pipes, inputs.errors)
    loaded = load_each(files, matches)
    inputs.templates.extend(loaded.templates)
    inputs.unread.extend(loaded.unread)
    for name, text in texts.items():
        try:
            inputs.templates.append(parse_template(text, _STDIN if name == "-" else name))
        except TemplateError as error:
            _add_policy(inputs, name, text, error)
    for problem in loaded.errors:
        path = problem.path
        if path is not None and path in map(Path, files) and not is_folder(path):
            _add_policy(inputs, str(path), None, problem)
        else:
            inputs.errors.append(problem)
    if matches and not (inputs.templates or inputs.policies or inputs.errors):
        message = f"{', '.join(name for name in names if name not in named)} matches no template"
        inputs.errors.append(CommandError(Diagnostic("template-missing", message)))
    return inputs


def _expand(names: Sequence[str], errors: list[DiagnosticError]) -> tuple[list[str], list[str]]:
    """Return the names that are not patterns, and the paths that the patterns match."""
    named: list[str] = []
    matches: list[str] = []
    for name in names:
        if name == "-" or not _PATTERN.search(name) or exists(name):
            named.append(name)
        elif paths := sorted(glob(name, recursive=True)):  # noqa: PTH207 - absolute patterns too
            matches += paths
        else:
            errors.append(CommandError(Diagnostic("glob-unmatched", f"{name} matches no file")))
    return named, matches


def _texts(pipes: Sequence[str], errors: list[DiagnosticError]) -> dict[str, str]:
    """Return the texts of standard input and of pipes, which can be read only once."""
    texts: dict[str, str] = {}
    for name in pipes:
        try:
            texts[name] = read_text(name)
        except TemplateError as error:
            errors.append(error)
    return texts


def _add_policy(inputs: Inputs, name: str, text: str | None, error: TemplateError) -> None:
    """Add what is not a template: a policy, or else an error."""
    try:
        policy = policy_file(name, text)
    except DiagnosticError as better:
        inputs.errors.append(better)
        return
    if policy is None:
        inputs.errors.append(error)
    else:
        inputs.policies.append(policy)


def policy_file(name: str, text: str | None = None) -> NamedPolicy | None:
    """Read a file if it is a lifecycle policy, or what `aws ecr get-lifecycle-policy` prints.

    Args:
        name: The file.
        text: Its text. Default: it is read.

    Returns:
        None for a template, also if it cannot be read. What is neither a policy nor a template is
        an error.
    """
    if text is None:
        text = read_text(name)
    content = _content(text, name)
    members = content if isinstance(content, Mapping) else {}
    is_policy = isinstance(members.get("rules"), list) or "lifecyclePolicyText" in members
    # `--query lifecyclePolicyText` prints the text of a policy as JSON.
    is_text = isinstance(content, str) and text.lstrip().startswith('"')
    if is_text or (is_policy and "Resources" not in members):
        return _policy(name, text)
    if content is None or "Resources" in members:
        # The reader of templates says what is wrong with it.
        return None
    raise _kind_unknown(name, members)


def _kind_unknown(name: str, content: object) -> CommandError:
    keys = ", ".join(map(str, content)) if isinstance(content, Mapping) else ""
    message = (
        f"{_title(name)} is neither a lifecycle policy, which has a list of rules, nor the file of "
        f"a template, which has Resources; its keys are {keys or 'none'}"
    )
    return CommandError(Diagnostic("file-kind-unknown", message))


def _policy(name: str, text: str) -> NamedPolicy:
    """Return a policy that ECR accepts or rejects; what is no policy at all is an error.

    `aws ecr get-lifecycle-policy` prints it inside of another document, or with ``--query`` as the
    text of a JSON value.
    """
    content = _json(name, text)
    if isinstance(content, str):
        text = content
        content = _json(name, text)
    is_stored = False
    if isinstance(content, Mapping) and isinstance(content.get("lifecyclePolicyText"), str):
        # ECR evaluates only what it has accepted; put-lifecycle-policy has no such member.
        is_stored = "lastEvaluatedAt" in content
        text = content["lifecyclePolicyText"]
        content = _json(name, text)
    if not isinstance(content, Mapping) or "rules" not in content:
        raise _kind_unknown(name, content)
    stated = StatedPolicy((), text)
    if is_stored and stated.policy is None:
        reasons = "; ".join(error.message for error in stated.errors)
        message = f"{_title(name)}: ECR has this policy, but this version cannot read it: {reasons}"
        raise CommandError(Diagnostic("policy-unreadable", message))
    return NamedPolicy(_title(name), stated)


def _json(name: str, text: str) -> Any:
    """Return the value of a JSON text; a file that cannot be read is no verdict on a policy."""
    try:
        return read_json(text)
    except JsonError as error:
        problem = str(error)
    remedy = (
        "give a policy, the output of `aws ecr get-lifecycle-policy --output json`, or a template"
    )
    if not text.strip():
        problem = "the file is empty"
    elif failure := failure_of(text):
        problem, remedy = f"it is an error of a command: {failure}", "run the command again"
    message = f"{_title(name)} is not a lifecycle policy: {problem}"
    raise CommandError(Diagnostic("json-syntax", message, remedy=remedy))


def _content(text: str, name: str) -> Any:
    """Return what a file holds; None if it is neither JSON nor a template in YAML."""
    try:
        return read_json(text)
    except JsonError:
        # The errors of the policy say what is wrong with it.
        if text.lstrip().startswith(("{", "[")):
            return None
    try:
        return read_yaml(text)[0]
    except TemplateError as error:
        if name.endswith(_YAML):
            raise CommandError(Diagnostic("yaml-invalid", str(error), name)) from None
        return None


def _from_templates(
    name: str, templates: Sequence[Template], repository: str | None
) -> NamedPolicy:
    resources = TemplateSet(templates).of_type(*POLICY_TYPES)
    names = sorted({_name(resource) for resource in resources})
    if repository is None and len(names) == 1:
        repository = names[0]
    chosen = [resource for resource in resources if repository in (_name(resource), resource.id)]
    if not chosen and repository is None and names:
        message = f"{name} defines several repositories: {', '.join(names)}"
        remedy = "choose one with --repository"
        raise CommandError(Diagnostic("repository-ambiguous", message, remedy=remedy))
    if not chosen:
        message = f"{name} does not define {repository or 'a repository'}"
        remedy = f"it defines {', '.join(names) or 'none'}"
        raise CommandError(Diagnostic("repository-unknown", message, remedy=remedy))
    # The stages of an app repeat its repositories.
    variants = {(_stated(resource).text, context_of(resource)) for resource in chosen}
    if len(variants) > 1:
        files = ", ".join(sorted({resource.stack.template.name for resource in chosen}))
        message = f"{name} defines {repository} with different policies"
        raise CommandError(Diagnostic("policy-ambiguous", message, remedy=f"name one of {files}"))
    where, stated = f"{name}, {_name(chosen[0])}", _stated(chosen[0])
    if dry_run_of(chosen[0]) is not None:
        where = f"{where} (dry run)"
        line = f"{where}: the template renders no policy; this is what it would do."
        sys.stderr.write(f"{printable(line)}\n")
    if not stated.is_resolved:
        message = f"{where}: the lifecycle policy is known only at deploy time"
        remedy = "give the deployed policy instead"
        raise CommandError(Diagnostic("policy-unresolved", message, remedy=remedy))
    repository_name = chosen[0].text("RepositoryName") or ""
    return NamedPolicy(where, stated, context_of(chosen[0]), repository_name)


def _stated(resource: Resource) -> StatedPolicy:
    """Return the policy of a resource, or the one that it would have if it was enabled."""
    return dry_run_of(resource) or policy_of(resource)


def _name(resource: Resource) -> str:
    return resource.text("RepositoryName") or resource.text("Prefix") or resource.id
