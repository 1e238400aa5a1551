"""The lifecycle policy that a template gives a repository or a creation template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.partial_policy import is_definite, parse_partly
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
)
from ecr_constructs.model.json_text import compact, parse
from ecr_constructs.model.lifecycle import Context, LifecyclePolicy
from ecr_constructs.model.lifecycle.grammar import TEXT_MAX_LENGTH, policy_errors
from ecr_constructs.model.lifecycle.policy import DRY_RUN_METADATA
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.tokens import MARK, is_unresolved, legible, literal_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Place

POLICY_TYPES = (REPOSITORY, CREATION_TEMPLATE)
_PLACES = {
    REPOSITORY: ("LifecyclePolicy", "LifecyclePolicyText"),
    CREATION_TEMPLATE: ("LifecyclePolicy",),
}
_QUOTED_MARK = re.compile(rf'"({MARK.pattern})"')
_RULE = re.compile(r"rules\[(\d+)\]")


class PolicyError(NamedTuple):
    """A reason why ECR rejects a lifecycle policy.

    Attributes:
        message: Where in the policy, what is written and what is allowed.
        rule_priority: The priority of the rule that it is in. None: it is in no rule, or the rule
            has no priority.
        remedy: What to write instead. Default: the message says it.
    """

    message: str
    rule_priority: int | None = None
    remedy: str | None = None


@lru_cache(maxsize=1024)
def errors_of(text: str) -> tuple[PolicyError, ...]:
    """Return why ECR rejects a policy's text; white space counts towards the limit."""
    return tuple(_errors(text))


def _errors(text: str) -> Iterator[PolicyError]:
    try:
        content = parse_partly(text) if is_unresolved(text) else parse(text)
    except ValueError as error:
        message = str(error)
        subject = "the lifecycle policy is " if message.startswith("not JSON") else ""
        yield PolicyError(legible(subject + message))
        return
    for fault in policy_errors(content) if content is not None else ():
        if not is_definite(fault, content):
            continue
        place = _RULE.match(fault.path)
        rule = content["rules"][int(place[1])] if place else None
        priority = rule.get("rulePriority") if isinstance(rule, dict) else None
        message = legible(f"{fault.path}: {fault.message}" if fault.path else fault.message)
        remedy = f"{fault.remedy[:1].upper()}{fault.remedy[1:]}." if fault.remedy else None
        yield PolicyError(message, priority if type(priority) is int else None, remedy)
    if (length := literal_length(text)) > TEXT_MAX_LENGTH:
        message = f"the policy may be {TEXT_MAX_LENGTH:,} characters long, is {length:,}"
        yield PolicyError(message, remedy="Write it without white space, or with fewer rules.")


@dataclass(frozen=True, slots=True)
class StatedPolicy:
    """The lifecycle policy in a template.

    Attributes:
        path: Where it is in the resource.
        text: What ECR receives; an object in its place is written as compact JSON. None: there is
            no policy, and ECR keeps every image.
    """

    path: Place
    text: str | None

    @property
    def is_resolved(self) -> bool:
        """Whether no part of the text is known only at deploy time."""
        return self.text is None or not is_unresolved(self.text)

    @property
    def errors(self) -> tuple[PolicyError, ...]:
        """Why ECR rejects the policy, whatever its deploy-time parts are."""
        return () if self.text is None else errors_of(self.text)

    @property
    def policy(self) -> LifecyclePolicy | None:
        """The policy; without rules if there is none. None: ECR rejects it, or it is unknown."""
        if self.text is None:
            return LifecyclePolicy()
        return None if self.errors or not self.is_resolved else _policy(self.text)

    @property
    def is_rejected(self) -> bool:
        """Whether ECR definitely rejects the policy."""
        return bool(self.errors)

    @property
    def words(self) -> list[str] | None:
        """What each rule does; None if the policy is unknown or rejected."""
        return None if (policy := self.policy) is None else list(policy.in_words())


# The repositories of a company repeat the same few policies.
@lru_cache(maxsize=1024)
def _policy(text: str) -> LifecyclePolicy:
    return LifecyclePolicy.from_json(text)


def policy_of(resource: Resource) -> StatedPolicy:
    """Return the lifecycle policy of a resource of one of the `POLICY_TYPES`."""
    return resource.memoized(_stated_policy)


def _stated_policy(resource: Resource) -> StatedPolicy:
    path = _PLACES[resource.type]
    value = resource.get(path[0])
    if isinstance(value, dict):
        value = resource.get(*path)
    text = value if isinstance(value, str | None) else compact(value)
    if text is not None and _is_rendered(resource, path):
        # A reference to a number is in quotation marks only here.
        text = _QUOTED_MARK.sub(r"\1", text)
    return StatedPolicy(("Properties", *path), text)


def dry_run_of(resource: Resource) -> StatedPolicy | None:
    """Return the policy that a resource would have if it was enabled; None if there is none.

    It is in the resource's metadata, which ECR does not get.
    """
    metadata = resource.body.get("Metadata")
    value = metadata.get(DRY_RUN_METADATA) if isinstance(metadata, dict) else None
    if value is None or policy_of(resource).text is not None:
        return None
    # CDK joins a text with deploy-time values, which is an object here.
    text = value if isinstance(value, str) else "${Token[DryRun]}"
    return StatedPolicy(("Metadata", DRY_RUN_METADATA), text)


def _is_rendered(resource: Resource, path: Place) -> bool:
    """Tell whether a text is the JSON of an object of the template."""
    written: object = resource.body.get("Properties")
    for step in path:
        written = written.get(step) if isinstance(written, dict) else None
    return isinstance(written, dict) and "Fn::ToJsonString" in written


def context_of(resource: Resource) -> Context:
    """Return what a template tells about a repository besides its policy."""
    templates = resource.assembly
    applied_for = resource.get("AppliedFor")
    cached = isinstance(applied_for, list) and "PULL_THROUGH_CACHE" in applied_for
    if (name := resource.text("RepositoryName")) is not None:
        caches = templates.in_registry_of(resource, CACHE)
        prefixes = {cache.text("EcrRepositoryPrefix") for cache in caches} - {None, ROOT}
        # A repository named like the prefix is not a cache: "There is always an assumed / applied
        # to the end of the prefix" (User Guide, Customizing repository prefixes).
        cached = any(name.startswith(f"{prefix}/") for prefix in prefixes)
    excluded = templates.in_registry_of(resource, PULL_TIME_EXCLUSION)
    return Context(pull_through_cache=cached, pull_time_exclusions=bool(excluded))
