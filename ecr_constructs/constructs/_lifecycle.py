"""A lifecycle policy that several authors write."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.constructs._cfn_properties import (
    LIFECYCLE_TEXT,
    lifecycle_property,
    lifecycle_text,
)
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError, reject

DEFAULT_LIFECYCLE = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))
_KEYS = {"LifecyclePolicyText": LIFECYCLE_TEXT, "RegistryId": "registryId"}
_UNSET: Any = object()


class LifecycleAuthors:
    """The lifecycle policy: what was declared and added, and what other code wrote."""

    def __init__(
        self,
        resource: ecr.CfnRepository,
        repository: Construct,
        declared: LifecyclePolicy | None,
        text: str | None,
        render: Callable[[Any], None],
    ) -> None:
        """Start with the policy that the repository declares, which renders a text."""
        self._set_property = render
        self._resource = resource
        self._repository = repository
        self._declared = declared
        self._added: tuple[_Added, ...] = ()
        # An override, and else a written policy, takes the place of what was declared.
        self._written: Any = _UNSET
        self._overridden: Any = _UNSET
        self._rendered: Any = None if text is None else {LIFECYCLE_TEXT: text}

    def add(self, *rules: LifecycleRule) -> None:
        """Add rules."""
        self._read()
        self._render((*self._added, *map(_Added, rules)))

    def mix_in(self, rule: LifecycleRule) -> None:
        """Add a rule for untagged images, unless there is one."""
        self._read()
        self._render((*self._added, _Added(rule, is_optional=True)))

    def write(self, value: Any) -> None:
        """Take the policy that other code writes on the L1, in the place of the declared one."""
        value = _plain(value)
        if value != self._rendered:
            self._replace(value, self._overridden)

    def override(self, below: Sequence[str], value: Any) -> bool:
        """Take an override of the policy or of its text, and return whether it is one."""
        if below not in ([], ["LifecyclePolicyText"]):
            return False
        if value is None:
            self._replace(None, _UNSET)
            return True
        if below:
            value = {"LifecyclePolicyText": value}
        if isinstance(value, Mapping) and value.keys() <= _KEYS.keys():
            value = {_KEYS[key]: item for key, item in value.items()}
            self._replace(self._written, value)
            return True
        # A function of CloudFormation, which only an override can render.
        self._replace(self._written, value)
        return False

    @property
    def _base(self) -> Any:
        """The policy that takes the place of the declared one, if there is one."""
        return self._written if self._overridden is _UNSET else self._overridden

    def _read(self) -> None:
        """Read what code that is not Python wrote, past `RepositoryResource.__setattr__`."""
        if (current := current_lifecycle(self._resource)) != self._rendered:
            self._written = current

    def _replace(self, written: Any, overridden: Any) -> None:
        before = self._written, self._overridden
        self._written, self._overridden = written, overridden
        try:
            self._render(self._added)
        except ValidationError:
            self._written, self._overridden = before
            raise
        if self._declared and before == (_UNSET, _UNSET):
            self._warn_of_lost_rules(self._declared)

    def _render(self, added: tuple["_Added", ...]) -> None:
        required = [item.rule for item in added if not item.is_optional]
        optional = next((item for item in added if item.is_optional), None)
        is_declared = self._base is _UNSET
        policy = self._policy(required) if is_declared or required else None
        if optional is not None:
            try:
                if not any(map(selects_untagged, (policy or self._policy(())).rules)):
                    chosen = (item for item in added if item is optional or not item.is_optional)
                    policy = self._policy([item.rule for item in chosen])
            except ValidationError as error:
                warn_unread(self._resource, error)
        if added and not self._added:
            self._repository.node.add_validation(AtSynthesis(self._errors))
        self._added = added
        if policy is None:
            # A function of CloudFormation in an override is left to CDK.
            if self._overridden is _UNSET or _is_plain(self._overridden):
                self._set(self._base)
        else:
            rest = self._base if isinstance(self._base, Mapping) else {}
            self._set({**rest, LIFECYCLE_TEXT: lifecycle_text(self._repository, policy)})

    def _set(self, value: Any) -> None:
        self._rendered = value = _plain(value)
        if _is_plain(value):
            value = lifecycle_property(value.get(LIFECYCLE_TEXT), value.get("registryId"))
        self._set_property(value)

    def _policy(self, added: Sequence[LifecycleRule]) -> LifecyclePolicy:
        """Return the policy with more rules, which keeps its own numbers if it can."""
        if self._base is _UNSET:
            # Only one rule of a policy may select untagged images of a storage class.
            replaced = any(map(selects_untagged, added))
            default = LifecyclePolicy() if replaced else DEFAULT_LIFECYCLE
            return _with(default if self._declared is None else self._declared, added)
        path = self._repository.node.path
        try:
            return _with(LifecyclePolicy(*rules_of(self._base)), added)
        except ValidationError as error:
            errors = [
                replace(
                    problem,
                    path=f"{path}: {problem.path}" if problem.path else path,
                    remedy=problem.remedy or "add the rule to the policy that is written on the L1",
                )
                for problem in error.diagnostics
            ]
            subject = f"lifecycle policy of {path}"
            raise ValidationError(subject, self._base, errors) from None

    def _warn_of_lost_rules(self, declared: LifecyclePolicy) -> None:
        try:
            kept = set(unnumbered(rules_of(self._base)))
        except ValidationError:
            kept = set()
        if not kept.issuperset(unnumbered(declared.rules)):
            cdk.Annotations.of(self._repository).add_warning_v2(
                "ecr-constructs:lifecycleReplaced",
                "The lifecycle policy that is written on the L1 replaces the rules of lifecycle=. "
                "Write it in lifecycle=, or add rules with add_lifecycle_rule.",
            )

    def _errors(self) -> Iterator[str]:
        if isinstance(self._rendered, Mapping) and (
            current_lifecycle(self._resource) != self._rendered
        ):
            error = Diagnostic(
                "lifecycle-policy-overwritten",
                "code that is not Python replaced the lifecycle policy on the L1 after rules were "
                "added",
                remedy="let it run before add_lifecycle_rule and the mixins",
            )
            yield str(error)


@dataclass(frozen=True, slots=True)
class _Added:
    """A rule that was added, and whether a rule of the policy may take its place."""

    rule: LifecycleRule
    is_optional: bool = False


def _with(policy: LifecyclePolicy, added: Sequence[LifecycleRule]) -> LifecyclePolicy:
    try:
        return policy.with_rules(*added)
    except ValidationError:
        if any(rule.rule_priority is not None for rule in added):
            raise
        return LifecyclePolicy(*unnumbered(policy.rules), *added)


def _is_plain(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() <= set(_KEYS.values())


def _plain(value: Any) -> Any:
    """Return a lifecycle property as CDK stores it: without structs, None and snake case."""
    if isinstance(value, ecr.CfnRepository.LifecyclePolicyProperty):
        value = {
            LIFECYCLE_TEXT: value.lifecycle_policy_text,
            "registryId": value.registry_id,
        }
    if not isinstance(value, Mapping):
        return value
    # CDK drops a key of a dictionary that is in snake case.
    names = {"lifecycle_policy_text": LIFECYCLE_TEXT, "registry_id": "registryId"}
    plain = {names.get(key, key): item for key, item in value.items() if item is not None}
    return plain or None


def current_lifecycle(repository: ecr.CfnRepository) -> Any:
    """Return the lifecycle property that an L1 has, as CDK stores it."""
    # The attribute of an L2's resource is a struct without properties: CDK renders the L2's
    # rules later. The stored properties have the unresolved value.
    value = repository._cfn_properties.get("lifecyclePolicy")  # noqa: SLF001
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if item is not None} or None
    return value


def rules_of(policy: Any) -> Sequence[LifecycleRule]:
    """Return the rules of a lifecycle property, as CDK stores it.

    Raises:
        ValidationError: It cannot be read: ``lifecycle-policy-unresolved``, or ECR rejects it.
    """
    if policy is None:
        return ()
    text = policy.get(LIFECYCLE_TEXT) if isinstance(policy, Mapping) else None
    if text is None and isinstance(policy, Mapping) and policy.keys() <= {"registryId"}:
        return ()
    if not isinstance(text, str) or is_unresolved(text):
        reject(
            "lifecycle policy",
            text,
            "lifecycle-policy-unresolved",
            "is known only at deploy time",
            remedy="add the rule where the repository is defined",
        )
    return LifecyclePolicy.from_json(text).rules


def selects_untagged(rule: LifecycleRule) -> bool:
    """Tell whether a rule is the one for untagged images, of which ECR accepts one."""
    return rule.tag_status == "untagged" and rule.storage_class in (None, "standard")


def unnumbered(rules: Iterable[LifecycleRule]) -> list[LifecycleRule]:
    """Return rules without their priorities: one for any image must stay the last."""
    return [replace(rule, rule_priority=None) for rule in rules]


def with_untagged(
    repository: ecr.CfnRepository, policy: LifecyclePolicy, rule: LifecycleRule
) -> LifecyclePolicy:
    """Return a policy with a rule for untagged images, or itself if it takes none."""
    if any(map(selects_untagged, policy.rules)):
        return policy
    try:
        return LifecyclePolicy(*unnumbered(policy.rules), rule)
    except ValidationError as error:
        warn_unread(repository, error)
        return policy


def warn_unread(repository: ecr.CfnRepository, error: ValidationError) -> None:
    """Warn that `ExpireUntagged` cannot add its rule to a policy."""
    cdk.Annotations.of(repository).add_warning_v2(
        "ecr-constructs:lifecycleUnread",
        f"ExpireUntagged leaves the lifecycle policy as it is. {error}",
    )
