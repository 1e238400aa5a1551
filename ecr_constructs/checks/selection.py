"""The words that select rules in the configuration and on the command line."""

from collections.abc import Iterable
from difflib import get_close_matches

from ecr_constructs.checks.rules import RULES

DEFAULT, ALL = "default", "all"
# By pack, the beginning of the names of its controls.
PACKS = {"security-hub": "Security Hub ", "control-tower": "CT."}
WORDS = (DEFAULT, ALL, *PACKS)


def select(selectors: Iterable[str]) -> frozenset[str]:
    """Return the ids of the rules that selectors select; unknown ones select nothing.

    A selector is the id of a rule, the beginning of ids (``ECR1``: lifecycle policies, without the
    rules that are off by default), ``default``, ``all``, or a pack of controls.
    """
    return frozenset(rule for selector in selectors for rule in _rules_of(selector))


def _rules_of(selector: str) -> Iterable[str]:
    if selector in RULES:
        return [selector]
    if selector in PACKS:
        prefix = PACKS[selector]
        return (
            rule.id
            for rule in RULES.values()
            if any(control.startswith(prefix) for control in rule.controls)
        )
    is_family = selector.startswith("ECR")
    return (
        rule.id
        for rule in RULES.values()
        if selector == ALL
        or (
            not rule.is_opt_in
            and (selector == DEFAULT or (is_family and rule.id.startswith(selector)))
        )
    )


def suggestion(selector: str) -> str:
    """Return what to write instead of an unknown selector."""
    options = {name.lower(): name for name in (*WORDS, *RULES)}
    near = get_close_matches(selector.lower(), options, n=1)
    hint = f"did you mean {options[near[0]]!r}? " if near else ""
    return f"{hint}write an id or the beginning of ids, or {', '.join(map(repr, WORDS))}"
