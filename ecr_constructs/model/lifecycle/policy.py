"""Lifecycle policies: rules in the order in which ECR applies them, and ready-made policies."""

import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Self

from ecr_constructs.model.arguments import Days, checked, days_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact, parse
from ecr_constructs.model.lifecycle.grammar import (
    combination_errors,
    length_errors,
    policy_errors,
    rule_count_errors,
)
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.lint import UNKNOWN, Context, Finding, lint
from ecr_constructs.model.lifecycle.rule import LifecycleRule, rule_in_words, with_priority
from ecr_constructs.model.lifecycle.simulation.engine import Simulation, simulate
from ecr_constructs.model.lifecycle.simulation.evaluation import DEFAULT, EvaluationOptions
from ecr_constructs.model.lifecycle.simulation.forecast import Forecast, forecast
from ecr_constructs.model.lifecycle.simulation.in_use import PULLED_WITHIN_DAYS
from ecr_constructs.model.validation import raise_if_invalid, reject, require_list

DRY_RUN_METADATA = "ecr-constructs:lifecycleDryRun"
"""The key in a resource's metadata under which the text of a policy is that is not enabled."""


@checked
class LifecyclePolicy:
    """The rules that decide which images of a repository are deleted or archived, and when.

    Rules without a priority are numbered in their given order, with those for ``any`` image last,
    the only position that ECR accepts for them. A policy without rules keeps every image.

    Raises:
        ValidationError: ECR would reject the policy; the error lists every problem: more than 50
            rules, a duplicate priority, an ``any`` rule that is not last, two rules for untagged
            images of one storage class, a duplicate set of prefixes, more than 30,720 characters.

    Example:
        >>> policy = LifecyclePolicy(
        ...     LifecycleRule.protect("v*"), LifecycleRule.expire_untagged(after_days=7)
        ... )
        >>> policy.in_words()
        ('keep every image tagged v*', 'delete untagged images 7 days after their push')
    """

    __slots__ = ("_enabled", "_listed", "_rules", "_text")
    _REMEDY = "write LifecyclePolicy(rule, …), or LifecyclePolicy.from_json(text) for JSON"

    def __init__(self, *rules: LifecycleRule, enabled: bool | None = True) -> None:
        """Number the rules and validate them together.

        Args:
            *rules: The rules.
            enabled: Whether constructs render the policy. A policy that is not enabled is a dry
                run: ECR gets no policy and keeps every image, and `ecr-constructs lifecycle
                preview` of the template shows what the policy would do. Default: True.
        """
        self._enabled = enabled is not False
        self._listed = rules
        self._rules = tuple(_numbered(rules))
        self._text = compact(self.to_dict())
        raise_if_invalid("lifecycle policy", self._text, _errors(self._text))

    @classmethod
    def _convert(cls, value: Any) -> Self | None:
        """Return the policy of a rule or of a list of rules."""
        if isinstance(value, list | tuple):
            return cls(*value)
        # A rule of CDK has the same name.
        return cls(value) if type(value).__name__ == LifecycleRule.__name__ else None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the policy in a text as ECR stores it, ``{"rules": [...]}``.

        Raises:
            ValidationError: The text is not JSON, or not a policy that ECR accepts; the error
                lists every problem with its path.
        """
        try:
            document = parse(text)
        except ValueError as error:
            reject("lifecycle policy", text, "json-syntax", str(error))
        raise_if_invalid("lifecycle policy", text, policy_errors(document))
        return cls(*map(LifecycleRule.from_dict, document["rules"]))

    def with_rules(self, *rules: LifecycleRule) -> Self:
        """Return a policy with these rules listed after the existing ones."""
        return type(self)(*self._listed, *rules, enabled=self._enabled)

    def dry_run(self) -> Self:
        """Return the same policy, not enabled: ``Retention.production().dry_run()``."""
        return type(self)(*self._listed, enabled=False)

    @property
    def enabled(self) -> bool:
        """Whether constructs render the policy."""
        return self._enabled

    @property
    def rules(self) -> tuple[LifecycleRule, ...]:
        """The rules with their priorities, in the order in which ECR applies them."""
        return self._rules

    def to_dict(self) -> dict[str, Any]:
        """Return the policy's JSON as Python values."""
        return {"rules": [rule.to_dict() for rule in self.rules]}

    def to_json(self) -> str:
        """Return the policy as ECR stores it: compact JSON, sorted by priority."""
        return self._text

    def in_words(self) -> tuple[str, ...]:
        """Return the effect of each rule as a phrase, in the order in which ECR applies them."""
        return tuple(map(rule_in_words, self.rules)) or ("keep every image",)

    def simulate(
        self,
        images: Iterable[Image],
        *,
        now: datetime | None = None,
        options: EvaluationOptions | None = None,
        readings: EvaluationOptions | None = None,
    ) -> Simulation:
        """Return the outcome of each image under this policy, with its rule and its reason.

        Args:
            images: The images, or an `Inventory` of them.
            now: The time of the evaluation, with a time zone. Default: the current time.
            options: Assumptions about behaviour that AWS does not document. Default: those that
                predict more deletions. `Simulation.assumptions` lists the ones that matter.
            readings: Deprecated name of `options`.

        Raises:
            ValidationError: A rule has a deploy-time value, the images contradict each other, or
                `now` has no time zone.
        """
        return simulate(self, images, now, _options(options, readings))

    def forecast(
        self,
        images: Iterable[Image],
        *,
        days: Days | None = 90,
        now: datetime | None = None,
        options: EvaluationOptions | None = None,
        readings: EvaluationOptions | None = None,
    ) -> Forecast:
        """Return when each image is deleted or archived if there are no more pushes and pulls.

        Args:
            images: The images, or an `Inventory` of them.
            days: The length of the forecast. Default: 90 days.
            now: As for `simulate`.
            options: As for `simulate`.
            readings: Deprecated name of `options`.

        Raises:
            ValidationError: As for `simulate`, or `days` is out of range.
        """
        return forecast(
            simulate(self, images, now, _options(options, readings)),
            int(days_of("days", 90 if days is None else days)),
        )

    def lint(
        self,
        images: Iterable[Image] | None = None,
        *,
        now: datetime | None = None,
        context: Context | None = UNKNOWN,
        pulled_within_days: int | None = PULLED_WITHIN_DAYS,
    ) -> tuple[Finding, ...]:
        """Return probable mistakes that ECR accepts, the most severe first.

        Args:
            images: The images of the repository. Default: unknown; only the policy is checked.
            now: As for `simulate`.
            context: Other properties of the repository. Default: unknown.
            pulled_within_days: How many days an image counts as in use after its last pull.
                Default: 7.

        Raises:
            ValidationError: As for `simulate`, if there are images.
        """
        simulation = None if images is None else self.simulate(images, now=now)
        days = PULLED_WITHIN_DAYS if pulled_within_days is None else pulled_within_days
        return lint(self, simulation, context or UNKNOWN, days)

    def __bool__(self) -> bool:
        """Return whether the policy has a rule."""
        return bool(self.rules)

    def __eq__(self, other: object) -> bool:
        """Compare the numbered rules, however they were numbered, and whether they are enabled."""
        if not isinstance(other, LifecyclePolicy):
            return False
        return (self.rules, self.enabled) == (other.rules, other.enabled)

    def __hash__(self) -> int:
        """Hash the rules."""
        return hash(self.rules)

    def __repr__(self) -> str:
        """Return an expression that creates an equal policy."""
        dry_run = "" if self.enabled else ".dry_run()"
        return f"LifecyclePolicy.from_json({self.to_json()!r}){dry_run}"


def _options(
    options: EvaluationOptions | None, readings: EvaluationOptions | None
) -> EvaluationOptions:
    if readings is None:
        return options or DEFAULT
    if options is not None:
        message = "pass options= only; readings= is its deprecated name"
        reject("evaluation options", readings, "options-duplicate", message, path="readings")
    warnings.warn("readings= is deprecated; pass options=", DeprecationWarning, stacklevel=4)
    return readings


def _numbered(rules: Iterable[LifecycleRule]) -> Iterable[LifecycleRule]:
    listed = sorted(rules, key=lambda rule: rule.rule_priority is None and rule.tag_status == "any")
    taken = {rule.rule_priority for rule in listed}
    last = 0
    numbered = []
    for rule in listed:
        if rule.rule_priority is None:
            last = next(n for n in range(last + 1, last + len(taken) + 2) if n not in taken)
            numbered.append(with_priority(rule, last))
        else:
            last = rule.rule_priority
            numbered.append(rule)
    return sorted(numbered, key=lambda rule: rule.rule_priority or 0)


@lru_cache(maxsize=1024)
def _errors(text: str) -> tuple[Diagnostic, ...]:
    # Each rule is valid by itself already.
    rules = json.loads(text)["rules"]
    return (*rule_count_errors(rules), *combination_errors(rules), *length_errors(text))


@checked
class Retention:
    """Ready-made lifecycle policies, from short to long retention.

    ECR itself never deletes an image before the index that lists it, and deletes signatures and
    SBOMs together with their image.

    Example:
        >>> Retention.staging().in_words()[0]
        'delete untagged images 7 days after their push'
    """

    @staticmethod
    def development(*, protect_tags: Sequence[str] | None = ()) -> LifecyclePolicy:
        """Keep the images of current work.

        Deletes untagged images 3 days after their push (in a mutable repository each push of
        ``latest`` leaves one), and all but the newest 50 images. Images are counted, not aged, so
        that a repository without pushes keeps its images.

        Args:
            protect_tags: Tag patterns whose images are never deleted. Default: none.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=3),
            LifecycleRule.keep_last(50),
        )

    @staticmethod
    def staging(*, protect_tags: Sequence[str] | None = ()) -> LifecyclePolicy:
        """Keep the images that may still be promoted or rolled back to.

        Deletes untagged images 7 days after their push, and all but the newest 200 images.

        Args:
            protect_tags: Tag patterns whose images are never deleted. Default: none.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=7),
            LifecycleRule.keep_last(200),
        )

    @staticmethod
    def production(*, protect_tags: Sequence[str] | None = ("v*", "release-*")) -> LifecyclePolicy:
        """Keep releases permanently and other images for a year.

        Deletes untagged images 30 days after their push, and images without a protected tag 365
        days after their push, whether or not they are in use.

        Args:
            protect_tags: Tag patterns whose images are never deleted. Default: ``v*`` and
                ``release-*``.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=30),
            LifecycleRule.expire(after_days=365),
        )


def protect(tag_patterns: Sequence[str] | None) -> Iterator[LifecycleRule]:
    """Yield one protecting rule for each pattern; a single rule would have to match ALL of them."""
    require_list("protect_tags", tag_patterns or ())
    for pattern in tag_patterns or ():
        yield LifecycleRule.protect(pattern, description=f"Protect {pattern}")
