"""Compare what policies require of a condition key, as sets of the values that match."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Literal

from ecr_constructs.cloudformation.conditions import OPERATORS, bare
from ecr_constructs.cloudformation.iam_policy import Condition
from ecr_constructs.review.access.values import (
    ANYTHING,
    Pattern,
    Range,
    Value,
    apart,
    bounded,
    pattern,
    within,
)

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# Both ARN operators support wildcards; string operators only as StringLike.
_EXACT = ("stringequals", "binaryequals")
_CASELESS = ("stringequalsignorecase", "bool")
_WILD = ("stringlike", "arnequals", "arnlike")
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint on the value of one condition key.

    Attributes:
        how: ``is``: the value matches. ``is not``: no value matches, or the key is absent.
            ``absent``: the key is absent. ``only``: all values of the request match, or it has
            none. Anything else is an operator whose values cannot be compared.
        values: The values; exactly one for ``is``.
        key: The key as it is written. Default: not written.
        any_of: Whether the key has several values, of which one must match.
    """

    how: Literal["is", "is not", "absent", "only"] | str  # noqa: PYI051 - the known ones
    values: frozenset[Value | str] = frozenset()
    key: str = field(default="", compare=False)
    any_of: bool = field(default=False, compare=False)

    @property
    def value(self) -> Value | None:
        """The value that the key must match, for ``is``."""
        return self.comparable[0] if self.how == "is" else None

    @property
    def comparable(self) -> tuple[Value, ...]:
        """The values that can be compared."""
        return tuple(value for value in self.values if not isinstance(value, str))


ABSENT = Constraint("absent")
_TRUTH = frozenset(Pattern(text, ignores_case=True) for text in ("true", "false"))


def matching(value: Value) -> Constraint:
    """Require that a key matches a value."""
    return Constraint("is", frozenset((value,)))


def excluding(values: Iterable[Value]) -> Constraint:
    """Require that a key matches none of some values."""
    return Constraint("is not", frozenset(values))


def constraints_of(condition: Condition, texts: Sequence[str]) -> list[Constraint]:
    """Return the alternatives that a condition with these values allows."""
    operator = condition.operator.lower()
    name = bare(operator)
    optional = [ABSENT] if operator.endswith("ifexists") else []
    if name == "null":
        return [ABSENT if text.lower() == "true" else matching(ANYTHING) for text in texts]
    sets, negated = operator.partition(":")[0], name in _NEGATED
    own = f"${{{condition.key.lower()}}}"
    read = [
        # A key that is compared with itself is always equal.
        ANYTHING if text.lower() == own else _value(_NEGATED.get(name, name), text)
        for text in texts
    ]
    values = frozenset(value for value in read if not isinstance(value, str))
    if not negated and sets != "forallvalues":
        return [
            *optional,
            *(
                Constraint(
                    condition.operator if isinstance(value, str) else "is",
                    frozenset({value}),
                    any_of=sets == "foranyvalue",
                )
                for value in dict.fromkeys(read)
            ),
        ]
    if len(values) < len(set(read)) or (negated and sets in ("foranyvalue", "forallvalues")):
        return [Constraint(condition.operator, frozenset(texts))]
    if negated and ANYTHING in values:
        return [ABSENT]
    return [Constraint("is not" if negated else "only", values)]


def _value(name: str, text: str) -> Value | str:
    """Return what a text means to an operator; the text itself if that is unknown."""
    if name == "ipaddress":
        try:
            return ip_network(text, strict=False)
        except ValueError:
            return text
    for kind, is_time in (("numeric", False), ("date", True)):
        if name.startswith(kind) and name in OPERATORS:
            return bounded(name.removeprefix(kind), text, is_time=is_time) or text
    if name not in (*_EXACT, *_CASELESS, *_WILD):
        return text
    return pattern(text, wild=name in _WILD, ignores_case=name in _CASELESS)


def condition_of(key: str, constraint: Constraint) -> Condition:
    """Return the condition of a policy that states a constraint."""
    if constraint.how == "absent" or constraint.value == ANYTHING:
        return Condition("Null", key, ("true" if constraint.how == "absent" else "false",))
    operator = constraint.how
    if operator in ("is", "is not", "only"):
        operator = _operator_of(constraint.comparable)
        operator = f"ForAllValues:{operator}" if constraint.how == "only" else operator
        # To be none of some values limits nobody.
        operator = "StringNotEquals" if constraint.how == "is not" else operator
    return Condition(operator, key, tuple(texts_of(constraint)))


def _operator_of(values: Sequence[Value]) -> str:
    if not all(isinstance(value, Pattern) for value in values):
        return "NumericEquals" if isinstance(values[0], Range) else "IpAddress"
    patterns = [value for value in values if isinstance(value, Pattern)]
    if any(value.is_glob for value in patterns):
        return "StringLike"
    ignores_case = any(value.ignores_case for value in patterns)
    return "StringEqualsIgnoreCase" if ignores_case else "StringEquals"


def implies(narrow: Constraint, wide: Constraint) -> bool | None:
    """Tell whether one constraint implies the other; None if that is unknown."""
    if narrow == wide:
        return True
    answer: bool | None = None
    match narrow.how, wide.how:
        case "is", "is":
            answer = within(narrow.comparable[0], wide.comparable[0])
        case "is", "is not":
            answer = all_hold(apart(narrow.comparable[0], value) for value in wide.comparable)
        case "is not", "is not":
            answer = _all_within(wide.comparable, narrow.comparable)
        case "only", "only":
            answer = _all_within(narrow.comparable, wide.comparable)
        case "absent", "is not" | "only":
            answer = True
        case "is", "only" if narrow.any_of or not _may_match(narrow.comparable[0], wide.comparable):
            # A match would decide nothing, as the key may have further values.
            answer = False
        case "is" | "absent" | "is not" | "only", "is" | "absent":
            answer = False
    return answer


def negated(constraint: Constraint) -> list[Constraint] | None:
    """Return the alternatives of which one holds if a constraint does not; None if unknown."""
    answer: list[Constraint] | None = None
    match constraint.how:
        case "absent":
            answer = [matching(ANYTHING)]
        case "is not":
            answer = [matching(value) for value in constraint.comparable]
        case "is" if constraint.value == ANYTHING:
            answer = [ABSENT]
        case "is" if constraint.value in _TRUTH:
            answer = [ABSENT, *(matching(value) for value in _TRUTH - constraint.values)]
        case "is" if not constraint.any_of:
            answer = [excluding(constraint.comparable)]
    return answer and [replace(part, key=constraint.key) for part in answer]


def contradict(one: Constraint, other: Constraint) -> bool:
    """Tell whether two constraints of a key definitely never hold together."""
    if one.any_of or other.any_of:
        return ABSENT in (one, other)
    match one.how, other.how:
        case "is", "is":
            return apart(one.comparable[0], other.comparable[0]) is True
        case "is", "absent":
            return True
        case "is", "is not":
            return any(within(one.comparable[0], value) is True for value in other.comparable)
        case "absent" | "is not", "is":
            return contradict(other, one)
    return False


def _may_match(value: Value, allowed: Iterable[Value]) -> bool:
    return any(within(value, candidate) is not False for candidate in allowed)


def _all_within(narrow: Iterable[Value], wide: Iterable[Value]) -> bool | None:
    return all_hold(any_holds(within(value, candidate) for candidate in wide) for value in narrow)


def all_hold(parts: Iterable[bool | None]) -> bool | None:
    """Tell whether all parts hold; None if that is unknown."""
    answer: bool | None = True
    for part in parts:
        if part is False:
            return False
        answer = answer and part
    return answer


def any_holds(parts: Iterable[bool | None]) -> bool | None:
    """Tell whether any part holds; None if that is unknown."""
    answer: bool | None = False
    for part in parts:
        if part:
            return True
        answer = None if part is None else answer
    return answer


def texts_of(constraint: Constraint) -> list[str]:
    """Return the values of a constraint as texts, sorted."""
    return sorted(
        value.text if isinstance(value, Pattern) else str(value) for value in constraint.values
    )
