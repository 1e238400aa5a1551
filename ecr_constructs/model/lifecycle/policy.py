"""A lifecycle policy: rules in the order in which ECR applies them."""

import json
from collections.abc import Iterable, Iterator
from copy import copy
from datetime import datetime
from functools import lru_cache
from typing import Any, Self

from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.json_text import compact, parse
from ecr_constructs.model.lifecycle.lint import UNKNOWN, Context, Finding
from ecr_constructs.model.lifecycle.lint.linting import lint
from ecr_constructs.model.lifecycle.policy_grammar import (
    MAX_RULES,
    TEXT_MAX_LENGTH,
    faults_between,
    policy_errors,
)
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation.engine import Simulation, simulate
from ecr_constructs.model.lifecycle.simulation.forecast import Forecast, forecast
from ecr_constructs.model.lifecycle.simulation.options import DEFAULT, Readings
from ecr_constructs.model.lifecycle.words import rule_in_words
from ecr_constructs.model.validation import raise_if_invalid, reject


class LifecyclePolicy:
    """Which images of a repository go, and when.

    Rules without a priority are numbered in the order they are listed, those for ``any`` image
    after all others: ECR accepts them nowhere else. A policy without rules keeps every image.

    Raises:
        ValueError: Everything that ECR would refuse, at once: more than 50 rules, a priority
            used twice, an ``any`` rule that is not last, two rules for untagged images of one
            storage class, a set of prefixes listed twice, a text over 30,720 characters.
    """

    __slots__ = ("_listed", "_rules", "_text")

    def __init__(self, *rules: LifecycleRule) -> None:
        """Number the rules and judge them together."""
        self._listed = rules
        self._rules = tuple(_numbered(rules))
        self._text = compact(self.to_dict())
        raise_if_invalid("lifecycle policy", self._text, _errors(self._text))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a policy as ECR stores it, ``{"rules": [...]}``.

        Raises:
            ValueError: The text is no JSON, or no policy that ECR accepts: every fault with its
                place.
        """
        try:
            document = parse(text)
        except ValueError as error:
            reject("lifecycle policy", text, "json-syntax", str(error))
        raise_if_invalid("lifecycle policy", text, map(str, policy_errors(document)))
        return cls(*map(LifecycleRule.from_dict, document["rules"]))

    def with_rules(self, *rules: LifecycleRule) -> Self:
        """Return a policy that has these rules too, listed after the ones that are there."""
        return type(self)(*self._listed, *rules)

    @property
    def rules(self) -> tuple[LifecycleRule, ...]:
        """The rules with their priorities, the one that is applied first at the front."""
        return self._rules

    def to_dict(self) -> dict[str, Any]:
        """Return the policy's JSON as Python values."""
        return {"rules": [rule.to_dict() for rule in self.rules]}

    def to_json(self) -> str:
        """Return the policy as ECR stores it: compact, sorted by priority, stable."""
        return self._text

    def in_words(self) -> tuple[str, ...]:
        """Say what each rule does, in the order in which they are applied."""
        return tuple(map(rule_in_words, self.rules)) or ("keep every image",)

    def simulate(
        self,
        images: Iterable[Image],
        *,
        now: datetime | None = None,
        readings: Readings = DEFAULT,
    ) -> Simulation:
        """Tell what ECR would do to a repository's images, which rule does it, and why.

        Args:
            images: The images, or an `Inventory` of them.
            now: The instant at which ages are taken, with a zone. Default: this instant.
            readings: Answers to what AWS does not document. Default: those that predict more
                deletions. `Simulation.assumptions` tells whether the result depends on them.

        Raises:
            ValueError: A rule has a value that is known only at deploy time, the images are no
                inventory, or `now` has no zone.
        """
        return simulate(self, images, now, readings)

    def forecast(
        self,
        images: Iterable[Image],
        *,
        days: int = 90,
        now: datetime | None = None,
        readings: Readings = DEFAULT,
    ) -> Forecast:
        """Tell which image goes when, if nothing is pushed, pulled or restored any more.

        Args:
            images: The images, or an `Inventory` of them.
            days: How far to look ahead. Default: 90 days.
            now: As for `simulate`.
            readings: As for `simulate`.

        Raises:
            ValueError: As for `simulate`, or there is no such day.
        """
        return forecast(self.simulate(images, now=now, readings=readings), days)

    def lint(
        self,
        images: Iterable[Image] | None = None,
        *,
        now: datetime | None = None,
        context: Context = UNKNOWN,
    ) -> tuple[Finding, ...]:
        """Return what ECR accepts but its author probably did not mean, the worst first.

        Args:
            images: The images of the repository. Default: none are known, and only the policy
                is judged.
            now: As for `simulate`.
            context: What else is known of the repository. Default: nothing.

        Raises:
            ValueError: As for `simulate`, if there are images.
        """
        simulation = None if images is None else self.simulate(images, now=now)
        return lint(self, simulation, context)

    def __bool__(self) -> bool:
        """Tell whether there is any rule."""
        return bool(self.rules)

    def __eq__(self, other: object) -> bool:
        """Compare what the policies do; how their priorities were chosen does not matter."""
        return isinstance(other, LifecyclePolicy) and self.rules == other.rules

    def __hash__(self) -> int:
        """Hash the rules."""
        return hash(self.rules)

    def __repr__(self) -> str:
        """Show the policy as it is stored."""
        return f"LifecyclePolicy.from_json({self.to_json()!r})"


def _numbered(rules: Iterable[LifecycleRule]) -> Iterable[LifecycleRule]:
    listed = sorted(rules, key=lambda rule: rule.rule_priority is None and rule.tag_status == "any")
    taken = {rule.rule_priority for rule in listed}
    last = 0
    numbered = []
    for rule in listed:
        if rule.rule_priority is None:
            last = next(n for n in range(last + 1, last + len(taken) + 2) if n not in taken)
            numbered.append(_with_priority(rule, last))
        else:
            last = rule.rule_priority
            numbered.append(rule)
    return sorted(numbered, key=lambda rule: rule.rule_priority or 0)


def _with_priority(rule: LifecycleRule, priority: int) -> LifecycleRule:
    # dataclasses.replace would judge the whole rule again.
    numbered = copy(rule)
    object.__setattr__(numbered, "rule_priority", priority)
    return numbered


@lru_cache(maxsize=1024)
def _errors(text: str) -> tuple[str, ...]:
    # Judged once, as each of its rules is.
    return tuple(_faults_together(text))


def _faults_together(text: str) -> Iterator[str]:
    rules = json.loads(text)["rules"]
    if len(rules) > MAX_RULES:
        yield f"may hold {MAX_RULES} rules, holds {len(rules)}"
    yield from map(str, faults_between(rules))
    if len(text) > TEXT_MAX_LENGTH:
        yield f"may be {TEXT_MAX_LENGTH:,} characters long as compact JSON, is {len(text):,}"
