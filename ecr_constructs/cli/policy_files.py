"""A policy as the user has it: its JSON, what the AWS CLI prints, or a synthesized template."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle import Context, LifecyclePolicy
from ecr_constructs.model.lifecycle.grammar import length_errors, policy_errors
from ecr_constructs.model.lifecycle.json_text import compact, parse

_REPOSITORY = "AWS::ECR::Repository"
_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
_CACHE = "AWS::ECR::PullThroughCacheRule"
_EXCLUSION = "AWS::ECR::PullTimeUpdateExclusion"
_PLACE = re.compile(r"rules\[(\d+)\]")


class PolicyText(NamedTuple):
    """A policy that is not yet judged.

    Attributes:
        name: Where it comes from, for errors.
        text: Its JSON. None for a repository without a policy, which keeps every image.
        context: What the template tells of the repository.
    """

    name: str
    text: str | None
    context: Context

    def policy(self) -> LifecyclePolicy:
        """Return the policy.

        Raises:
            CommandError: ECR would refuse it.
        """
        if self.text is None:
            return LifecyclePolicy()
        if faults := [str(fault) for fault, _ in self.faults()]:
            msg = f"{self.name} is no lifecycle policy that ECR accepts: {'; '.join(faults)}"
            raise CommandError(msg)
        return LifecyclePolicy.from_json(self.text)

    def faults(self) -> Iterator[tuple[Diagnostic, int | None]]:
        """Yield what ECR would refuse, with the priority of the rule that it is in."""
        if self.text is None:
            return
        try:
            content = parse(self.text)
        except ValueError as error:
            yield Diagnostic(code="json-syntax", message=str(error)), None
            return
        for fault in policy_errors(content):
            place = _PLACE.match(fault.path)
            rule = content["rules"][int(place[1])] if place else None
            priority = rule.get("rulePriority") if isinstance(rule, dict) else None
            yield fault, priority if type(priority) is int else None
        for problem in length_errors(compact(content)):
            yield problem, None


def read_policy(name: str, repository: str | None) -> PolicyText:
    """Read a policy from a file of any of the kinds.

    Args:
        name: The file.
        repository: The repository's name, or its logical id, if the file is a template.

    Raises:
        CommandError: It cannot be read, or a template has no such repository.
    """
    text, name = read_text(name), "standard input" if name == "-" else name
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        # Judging the policy says what is wrong with it.
        return PolicyText(name, text, Context())
    if isinstance(content, Mapping):
        if isinstance(content.get("lifecyclePolicyText"), str):
            return PolicyText(name, content["lifecyclePolicyText"], Context())
        if isinstance(content.get("Resources"), Mapping):
            return _from_template(name, content["Resources"], repository)
    return PolicyText(name, text, Context())


def _from_template(name: str, resources: Mapping[str, Any], repository: str | None) -> PolicyText:
    sound = {
        logical_id: (resource.get("Type"), resource.get("Properties") or {})
        for logical_id, resource in resources.items()
        if isinstance(resource, Mapping)
    }
    found = {}
    for logical_id, (kind, properties) in sound.items():
        if kind == _REPOSITORY:
            found[_name(properties.get("RepositoryName"), logical_id)] = (logical_id, properties)
        elif kind == _TEMPLATE:
            found[_name(properties.get("Prefix"), logical_id)] = (logical_id, properties)
    if repository is None and len(found) == 1:
        repository = next(iter(found))
    chosen = [
        (known, properties)
        for known, (logical_id, properties) in found.items()
        if repository in (known, logical_id)
    ]
    if not chosen:
        listed = ", ".join(sorted(found)) or "none"
        asked = f"no repository {repository}" if repository else "several repositories"
        hint = "" if repository else "; choose one with --repository"
        msg = f"{name} defines {asked}; it defines {listed}{hint}"
        raise CommandError(msg)
    known, properties = chosen[0]
    where = f"{name}, {known}"
    return PolicyText(where, _text(where, properties), _context(sound, known, properties))


def _name(name: object, logical_id: str) -> str:
    return name if isinstance(name, str) else logical_id


def _text(where: str, properties: Mapping[str, Any]) -> str | None:
    policy = properties.get("LifecyclePolicy")
    if isinstance(policy, Mapping) and "LifecyclePolicyText" in policy:
        policy = policy["LifecyclePolicyText"]
    if policy is None or isinstance(policy, str):
        return policy
    if isinstance(policy, Mapping) and "rules" in policy:
        # A snapshot in which the text was made readable.
        return compact(policy)
    msg = (
        f"{where}: the lifecycle policy is known only at deploy time, "
        f"{compact(policy)[:60]}; give the deployed policy instead"
    )
    raise CommandError(msg)


def _context(
    resources: Mapping[str, tuple[Any, Mapping[str, Any]]], name: str, properties: Mapping[str, Any]
) -> Context:
    prefixes = [
        each.get("EcrRepositoryPrefix") for kind, each in resources.values() if kind == _CACHE
    ]
    cached = any(isinstance(each, str) and f"{name}/".startswith(f"{each}/") for each in prefixes)
    return Context(
        pull_through_cache=cached or "PULL_THROUGH_CACHE" in (properties.get("AppliedFor") or ()),
        pull_time_exclusions=any(kind == _EXCLUSION for kind, _ in resources.values()),
    )
