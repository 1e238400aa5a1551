"""What a condition demands of one key of a request."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Literal

from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.iam_policy import Condition
from ecr_constructs.review.access.values import ANYTHING, Pattern, Value, apart, pattern, within

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# Both operators for ARNs know wildcards; those for texts only if they are called Like.
_EXACT = ("stringequals", "numericequals", "dateequals", "binaryequals")
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
class Demand:
    """What is demanded of one key.

    Attributes:
        how: The key ``is`` what the value matches; ``is not`` what any of them matches, or is
            absent; is ``absent``; has ``only`` such values, or none. Anything else is an operator
            whose values cannot be compared.
        values: The values; exactly one for ``is``.
        key: The key as it is written. Default: it is not written.
    """

    how: Literal["is", "is not", "absent", "only"] | str  # noqa: PYI051 - the known ones
    values: frozenset[Value | str] = frozenset()
    key: str = field(default="", compare=False)

    @property
    def value(self) -> Value | None:
        """What the key is, if it is demanded to be something."""
        return self.known[0] if self.how == "is" else None

    @property
    def known(self) -> tuple[Value, ...]:
        """The values that can be compared."""
        return tuple(each for each in self.values if not isinstance(each, str))


ABSENT = Demand("absent")


def being(value: Value) -> Demand:
    """Demand that a key is what a value matches."""
    return Demand("is", frozenset((value,)))


def but(values: Iterable[Value]) -> Demand:
    """Demand that a key is nothing that the values match."""
    return Demand("is not", frozenset(values))


def demands(condition: Condition, texts: Sequence[str]) -> list[Demand]:
    """Return what a condition demands: one of these.

    Args:
        condition: The condition.
        texts: Its values.
    """
    operator = condition.operator.lower()
    name = bare(operator)
    optional = [ABSENT] if operator.endswith("ifexists") else []
    if name == "null":
        return [ABSENT if each.lower() == "true" else being(ANYTHING) for each in texts]
    sets, negated = operator.partition(":")[0], name in _NEGATED
    read = [_value(_NEGATED.get(name, name), each) for each in texts]
    values = frozenset(each for each in read if not isinstance(each, str))
    if not negated and sets != "forallvalues":
        return [*optional, *(_demand(condition.operator, each) for each in read)]
    if len(values) < len(set(read)) or (negated and sets in ("foranyvalue", "forallvalues")):
        return [Demand(condition.operator, frozenset(texts))]
    return [Demand("is not" if negated else "only", values)]


def _demand(operator: str, value: Value | str) -> Demand:
    return Demand(operator, frozenset((value,))) if isinstance(value, str) else being(value)


def _value(name: str, text: str) -> Value | str:
    """Return what a text means to an operator; the text, if nobody knows."""
    if name == "ipaddress":
        try:
            return ip_network(text, strict=False)
        except ValueError:
            return text
    known = name in (*_EXACT, *_CASELESS, *_WILD)
    return pattern(text, wild=name in _WILD, ignores_case=name in _CASELESS) if known else text


def implies(narrow: Demand, wide: Demand) -> bool | None:
    """Tell whether a key that meets one demand meets the other; None if nobody knows."""
    if narrow == wide:
        return True
    answer: bool | None = None
    match narrow.how, wide.how:
        case "is", "is":
            answer = within(narrow.known[0], wide.known[0])
        case "is", "is not":
            answer = all_of(apart(narrow.known[0], each) for each in wide.known)
        case "is not", "is not":
            answer = _each_within(wide.known, narrow.known)
        case "only", "only":
            answer = _each_within(narrow.known, wide.known)
        case "absent", "is not" | "only":
            answer = True
        case "is" | "absent" | "is not" | "only", "is" | "absent":
            answer = False
    return answer


def _each_within(narrow: Iterable[Value], wide: Iterable[Value]) -> bool | None:
    return all_of(any_of(within(each, other) for other in wide) for each in narrow)


def all_of(parts: Iterable[bool | None]) -> bool | None:
    """Tell whether all parts hold; None if that is not known."""
    answer: bool | None = True
    for each in parts:
        if each is False:
            return False
        answer = answer and each
    return answer


def any_of(parts: Iterable[bool | None]) -> bool | None:
    """Tell whether any part holds; None if that is not known."""
    answer: bool | None = False
    for each in parts:
        if each:
            return True
        answer = None if each is None else answer
    return answer


def texts_of(demand: Demand) -> list[str]:
    """Return the values of a demand as texts, in order."""
    return sorted(each.text if isinstance(each, Pattern) else str(each) for each in demand.values)
