"""What a finding about a lifecycle policy is, and what is known of its repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity

if TYPE_CHECKING:
    from ecr_constructs.model.lifecycle.rule import LifecycleRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A probable mistake in a policy that ECR accepts.

    Attributes:
        id: The kind, such as ``LC001``; docs/guides/lifecycle.md lists them.
        severity: The severity.
        sentence: The problem and its consequence.
        remedy: The recommended change.
        rule_priority: The priority of the rule. None for the policy as a whole.

    Example:
        >>> from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
        >>> [finding] = LifecyclePolicy(LifecycleRule.expire(after_days=9)).lint()
        >>> (finding.id, finding.severity, finding.rule_priority)
        ('LC007', <Severity.WARNING: 'warning'>, 1)
    """

    id: str
    severity: Severity
    sentence: str
    remedy: str
    rule_priority: int | None = None

    @property
    def message(self) -> str:
        """The sentence and the remedy."""
        return f"{self.sentence} {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Properties of a repository besides its policy and its images.

    Attributes:
        pull_through_cache: Whether its images come from a pull-through cache. Default: unknown.
        pull_time_exclusions: Whether the pulls of some principals are excluded from pull times.

    Example:
        >>> from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
        >>> policy = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=7))
        >>> [finding.id for finding in policy.lint(context=Context(pull_through_cache=True))]
        ['LC006']
    """

    pull_through_cache: bool = False
    pull_time_exclusions: bool = False


UNKNOWN = Context()


def finding_about(
    finding_id: str,
    rule: LifecycleRule | None,
    sentence: str,
    remedy: str,
    severity: Severity = Severity.WARNING,
) -> Finding:
    """Return a finding about a rule, or about the policy as a whole."""
    priority = rule.rule_priority if rule else None
    return Finding(
        id=finding_id, severity=severity, sentence=sentence, remedy=remedy, rule_priority=priority
    )
