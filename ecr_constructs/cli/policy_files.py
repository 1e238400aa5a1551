"""A policy as the user has it: its JSON, what the AWS CLI prints, or a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.lifecycle import (
    POLICY_TYPES,
    PolicyError,
    context_of,
    errors_of,
    policy_of,
)
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.lifecycle import Context, LifecyclePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.cloudformation.graph import Resource

_YAML = (".yaml", ".yml", ".template")


class PolicyText(NamedTuple):
    """A policy that has not been checked yet.

    Attributes:
        name: Where it comes from, for errors.
        text: What ECR receives. None for a repository without a policy, which keeps every image.
        context: What the template tells about the repository.
    """

    name: str
    text: str | None
    context: Context = Context()

    @property
    def errors(self) -> Sequence[PolicyError]:
        """Why ECR rejects it."""
        return () if self.text is None else errors_of(self.text)

    def policy(self) -> LifecyclePolicy:
        """Return the policy.

        Raises:
            CommandError: ECR rejects it.
        """
        if self.text is None:
            return LifecyclePolicy()
        if self.errors:
            reasons = "; ".join(error.message for error in self.errors)
            msg = f"{self.name} is not a lifecycle policy that ECR accepts: {reasons}"
            raise CommandError(msg)
        return LifecyclePolicy.from_json(self.text)


def read_policy(name: str, repository: str | None) -> PolicyText:
    """Read a policy from a file of any of the kinds.

    Args:
        name: The file, ``-`` for standard input, or the folder of a cloud assembly.
        repository: The repository's name, or its logical id, if this is a template.

    Raises:
        CommandError: It cannot be read, or a template has no such repository.
    """
    if Path(name).is_dir():
        return _from_templates(name, load([name]), repository)
    text, title = read_text(name), "standard input" if name == "-" else name
    content = _content(text, name)
    if isinstance(content, Mapping):
        if isinstance(content.get("lifecyclePolicyText"), str):
            return PolicyText(title, content["lifecyclePolicyText"])
        if isinstance(content.get("Resources"), Mapping):
            templates = [Template(title, content)] if name == "-" else load([name])
            return _from_templates(title, templates, repository)
    return PolicyText(title, text)


def _content(text: str, name: str) -> Any:
    """Return what a file holds; None if it is neither JSON nor a template in YAML."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        # The errors of the policy say what is wrong with it.
        if text.lstrip().startswith(("{", "[")):
            return None
    try:
        return read_yaml(text)[0]
    except CheckError as error:
        if name.endswith(_YAML):
            msg = f"{name}: {error}"
            raise CommandError(msg) from None
        return None


def _from_templates(name: str, templates: Sequence[Template], repository: str | None) -> PolicyText:
    resources = TemplateSet(templates).of_type(*POLICY_TYPES)
    names = sorted({_name(resource) for resource in resources})
    if repository is None and len(names) == 1:
        repository = names[0]
    chosen = [resource for resource in resources if repository in (_name(resource), resource.id)]
    if not chosen:
        which = f"no repository {repository}" if repository else "several repositories"
        hint = "" if repository else "; choose one with --repository"
        msg = f"{name} defines {which}; it defines {', '.join(names) or 'none'}{hint}"
        raise CommandError(msg)
    # The stages of an app repeat its repositories.
    variants = {(policy_of(resource).text, context_of(resource)) for resource in chosen}
    if len(variants) > 1:
        files = ", ".join(sorted({resource.stack.template.name for resource in chosen}))
        msg = f"{name} defines {repository} with different policies: name one of {files}"
        raise CommandError(msg)
    resource, [(text, context)] = chosen[0], variants
    where = f"{name}, {_name(resource)}"
    if not policy_of(resource).is_resolved:
        msg = (
            f"{where}: the lifecycle policy is known only at deploy time; give the deployed policy "
            "instead"
        )
        raise CommandError(msg)
    return PolicyText(where, text, context)


def _name(resource: Resource) -> str:
    return resource.text("RepositoryName") or resource.text("Prefix") or resource.id
