"""Report how lifecycle policies change, whatever their texts are.

Rules are matched by what they select. The storage classes are independent of each other, and a
rule that is shadowed by earlier ones has no effect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.lifecycle import policy_of
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.json_text import parse
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle.rule import rule_in_words, selected_in_words
from ecr_constructs.model.lifecycle.selection import (
    covers,
    never_matches,
    selects_all_of,
    shadowing_rules,
)
from ecr_constructs.review.phrases import subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.lifecycle import StatedPolicy
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison

# How many differences the summary and the details list.
_IN_SUMMARY, _IN_DETAILS = 2, 10
_TOKEN = re.compile(r"\$\{Token\[[^\[\]]*\]\}")
_LATER = (
    "It applies to repositories that ECR creates from then on; existing ones keep their policy."
)


class _Summary(NamedTuple):
    """What changes; the codes say the same, independent of its wording."""

    severity: Severity
    codes: tuple[str, ...]
    sentence: str
    details: tuple[str, ...] = ()


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the differences between policies of repositories and creation templates."""
    for pair in comparison.of_type(REPOSITORY, CREATION_TEMPLATE):
        if pair.sides is None:
            continue
        old, new = pair.values("LifecyclePolicy")
        if old == new:
            continue
        before, after = map(policy_of, pair.sides)
        summary = _compare(before, after)
        details, codes = list(summary.details), list(summary.codes)
        if pair.type == CREATION_TEMPLATE:
            details.append(_LATER)
            codes.append("later-repositories")
        elif summary.severity != Severity.NOTE and (
            reason := comparison.inventories.reason(pair.sides[1])
        ):
            details.append(reason)
            codes.append("unknown-images")
        elif "unknown" in codes and comparison.inventories.of_repositories:
            details.append("The affected images are unknown: so is the policy before deployment.")
            codes.append("unknown-images")
        yield pair.change(
            "lifecycle",
            summary.severity,
            f"{subject(pair)}: {summary.sentence}",
            before=before.words,
            after=after.words,
            details=tuple(details),
            properties=("LifecyclePolicy",),
            codes=tuple(codes),
        )


def _compare(before: StatedPolicy, after: StatedPolicy) -> _Summary:
    if after.is_rejected:
        sentence = "ECR rejects its new lifecycle policy, and the deployment fails"
        return _Summary(Severity.ERROR, ("rejected",), sentence)
    if after.policy is None:
        sentence = "its lifecycle policy is known only at deploy time"
        visible = list(_visible_differences(before.text, after.text))
        codes = tuple(f"{verb} rule {priority}" for priority, verb in visible)
        details = tuple(f"Rule {priority} is {verb}." for priority, verb in visible)
        return _Summary(Severity.WARNING, ("unknown", *codes), sentence, details)
    if before.policy is None:
        code, state = "was-unknown", "was unknown"
        if before.is_rejected:
            code, state = "was-rejected", "ECR rejected"
        severity = Severity.WARNING if takes_any(after.policy) else Severity.NOTE
        sentence = f"its lifecycle policy, which {state} before, is: {_all(after.policy)}"
        return _Summary(severity, (code,), sentence)
    return _compare_policies(before.policy, after.policy)


def _visible_differences(before: str | None, after: str | None) -> Iterator[tuple[str, str]]:
    """Yield the rules that differ around unresolved values, by priority, and how."""
    old, new = _rules_around(before), _rules_around(after)
    if old is None or new is None:
        return
    for priority in sorted({*old, *new}):
        if priority not in new:
            yield priority, "removed"
        elif priority not in old:
            yield priority, "added"
        elif old[priority] != new[priority]:
            yield priority, "changed"


def _rules_around(text: str | None) -> dict[str, Any] | None:
    """Return the rules by priority, with null for unresolved values; None if unknown."""
    try:
        content = parse(_TOKEN.sub("null", text or '{"rules": []}'))
    except ValueError:
        return None
    rules = content.get("rules") if isinstance(content, Mapping) else None
    if not isinstance(rules, list):
        return None
    return {str(rule.get("rulePriority")): rule for rule in rules if isinstance(rule, dict)}


# One change to a default changes many repositories alike.
@lru_cache(maxsize=1024)
def _compare_policies(old: LifecyclePolicy, new: LifecyclePolicy) -> _Summary:
    changed = differences(old, new)
    if not changed:
        sentence = "its lifecycle policy is written differently and has the same effect"
        return _Summary(Severity.NOTE, ("same-effect",), sentence)
    takes_more = changed[0].takes_more
    severity = Severity.WARNING if takes_more else Severity.NOTE
    if not old:
        return _Summary(severity, ("first",), f"it gets a lifecycle policy: {_all(new)}")
    if not new:
        sentence = "its lifecycle policy is removed: every image is kept"
        return _Summary(severity, ("last",), sentence)
    effect = f"{'may delete or archive more' if takes_more else 'deletes or archives fewer'} images"
    sentences = [difference.sentence for difference in changed]
    more = f"; {len(sentences) - _IN_SUMMARY:,} more" if len(sentences) > _IN_SUMMARY else ""
    sentence = f"its lifecycle policy {effect}: {'; '.join(sentences[:_IN_SUMMARY])}{more}"
    rest = len(sentences) - _IN_DETAILS
    details = [f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences[:_IN_DETAILS]]
    details += [f"{rest:,} more differences."] if rest > 0 else []
    codes = tuple(difference.code for difference in changed)
    return _Summary(severity, codes, sentence, tuple(details) if more else ())


def _all(policy: LifecyclePolicy) -> str:
    return "; ".join(policy.in_words())


_STRENGTH = {"transition": 1, "expire": 2}
# What a rule selects: the status and the patterns of its tags.
_Selection = tuple[str, frozenset[str]]
_Rules = Mapping[_Selection, LifecycleRule]


class Difference(NamedTuple):
    """One difference between two policies.

    Attributes:
        code: The difference, independent of its wording: ``unprotected v*``.
        sentence: The difference, without a full stop.
        takes_more: Whether it may delete or archive images that were kept before.
    """

    code: str
    sentence: str
    takes_more: bool


def differences(before: LifecyclePolicy, after: LifecyclePolicy) -> list[Difference]:
    """Return the differences, worst first; none if both have the same effect on any images."""
    changed: list[Difference] = []
    for storage_class in (None, "archive"):
        old, new = (
            {_selection(rule): rule for rule in _acting(policy, storage_class)}
            for policy in (before, after)
        )
        changed += _dropped(old, new, after)
        changed += _changed(old, new)
        changed += _reordered(old, new)
        changed += _added(old, new, before)
    return sorted(dict.fromkeys(changed), key=lambda difference: not difference.takes_more)


def takes_any(policy: LifecyclePolicy) -> bool:
    """Tell whether a policy may delete or archive anything."""
    return not all(rule.protects for rule in policy.rules)


def _acting(policy: LifecyclePolicy, storage_class: str | None) -> Iterator[LifecycleRule]:
    """Yield the effective rules of a storage class, in order."""
    for index, rule in enumerate(policy.rules):
        shadowed = never_matches(rule) or shadowing_rules(rule, policy.rules[:index])
        if rule.storage_class == storage_class and not shadowed:
            yield rule


def _selection(rule: LifecycleRule) -> _Selection:
    patterns = {re.sub(r"\*+", "*", pattern) for pattern in rule.tag_pattern_list}
    patterns |= {f"{prefix}*" for prefix in rule.tag_prefix_list}
    # All patterns must match, so one that a narrower pattern implies is redundant.
    return rule.tag_status, frozenset(
        pattern
        for pattern in patterns
        if not any(narrower != pattern and covers(pattern, narrower) for narrower in patterns)
    )


def _may_share(one: LifecycleRule, other: LifecycleRule) -> bool:
    """Tell whether an image may be selected by both; one image may have many tags."""
    return {one.tag_status, other.tag_status} != {"tagged", "untagged"}


def _dropped(old: _Rules, new: _Rules, after: LifecyclePolicy) -> Iterator[Difference]:
    for place, (selection, rule) in enumerate(old.items()):
        if selection in new:
            continue
        before_it = set(list(old)[:place])
        heirs = [rule for key, rule in new.items() if key not in before_it]
        exposed = any(_takes_more(rule, heir) for heir in heirs if _may_share(rule, heir))
        code, sentence = "removed", f"{_quoted(rule)} is removed"
        if rule.protects:
            code, sentence = "unprotected", f"{selected_in_words(rule)} are no longer protected"
        elif any(_selection(rule_) == selection for rule_ in after.rules):
            code = "ineffective"
            sentence = f"{_quoted(rule)} no longer has an effect: an earlier rule selects the same"
        yield Difference(_code(code, rule), sentence, exposed)


def _added(old: _Rules, new: _Rules, before: LifecyclePolicy) -> Iterator[Difference]:
    for selection, rule in new.items():
        if selection in old:
            continue
        code, sentence = "added", f"{_quoted(rule)} is added"
        if rule.protects:
            code, sentence = "protected", f"{selected_in_words(rule)} are protected"
        elif any(_selection(rule_) == selection for rule_ in before.rules):
            code, sentence = "effective", f"{_quoted(rule)} takes effect, which it did not before"
        takes_more = _takes_what_was_spared(rule, list(old.values()))
        yield Difference(_code(code, rule), sentence, takes_more)


def _takes_what_was_spared(rule: LifecycleRule, old: Sequence[LifecycleRule]) -> bool:
    """Tell whether a new rule may delete or archive an image that the old rules kept."""
    for earlier in old:
        if _may_share(earlier, rule) and _takes_more(earlier, rule):
            return True
        if selects_all_of(earlier, rule):
            return False
    return not rule.protects


def _changed(old: _Rules, new: _Rules) -> Iterator[Difference]:
    for selection, rule in old.items():
        successor = new.get(selection, rule)
        if _effect(rule) == _effect(successor):
            continue
        selected = selected_in_words(rule)
        code, sentence = "changed", f"{_quoted(rule)} becomes {_quoted(successor)}"
        if rule.protects:
            code = "unprotected"
            sentence = f"{selected} are no longer protected: {rule_in_words(successor)}"
        elif successor.protects:
            code, sentence = "protected", f"{selected} are protected"
        yield Difference(_code(code, rule), sentence, _takes_more(rule, successor))


def _effect(rule: LifecycleRule) -> tuple[object, ...]:
    if rule.protects:
        return ()
    return rule.action, rule.count_type, rule.count_number


def _takes_more(old: LifecycleRule, new: LifecycleRule) -> bool:
    """Tell whether the second rule may delete or archive an image that the first keeps."""
    if old.protects or new.protects:
        return not new.protects
    # Image counts of different selections cannot be compared.
    alike = old.count_type == new.count_type and (
        old.count_type != "imageCountMoreThan" or _selection(old) == _selection(new)
    )
    gentler = _STRENGTH[new.action] <= _STRENGTH[old.action]
    return not (alike and gentler and new.count_number >= old.count_number)


def _reordered(old: _Rules, new: _Rules) -> Iterator[Difference]:
    places = {selection: place for place, selection in enumerate(new)}
    kept: Sequence[_Selection] = [selection for selection in old if selection in places]
    for first, second in combinations(kept, 2):
        earlier, later = new[first], new[second]
        alike = earlier.protects and later.protects
        if places[first] < places[second] or alike or not _may_share(earlier, later):
            continue
        code = f"{_code('reordered', later)} before {_code('', earlier)}"
        sentence = f"{_quoted(later)} comes before {_quoted(earlier)}"
        if earlier.protects:
            code = f"{_code('unprotected', earlier)} from {_code('', later)}"
            sentence = f"{selected_in_words(earlier)} are no longer protected from {_quoted(later)}"
        elif later.protects:
            code = f"{_code('protected', later)} from {_code('', earlier)}"
            sentence = f"{selected_in_words(later)} are protected from {_quoted(earlier)}"
        yield Difference(code, sentence, _takes_more(earlier, later))


def _code(difference: str, rule: LifecycleRule) -> str:
    status, patterns = _selection(rule)
    return f"{difference} {','.join(sorted(patterns)) or status}".strip()


def _quoted(rule: LifecycleRule) -> str:
    return f'"{rule_in_words(rule)}"'
