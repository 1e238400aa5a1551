"""Compare what policies require of a condition key, as sets of the values that match."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal

from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.iam_policy import Condition

# A value that CloudFormation fills in may be equal to anything; a reference to a resource of the
# app equals only itself.
_PLACEHOLDER = re.compile(r"\$\{Token\[(?:unknown(?:\.[0-9a-f]{16})?|AWS\.\w+)\]\}", re.ASCII)
_MANY, _ONE = "**", "??"
_PARTITION = re.compile(r"^arn:(?:aws[a-z-]*|\$\{Token\[AWS\.Partition\]\}):")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A literal text, or the set of texts that a glob matches.

    Attributes:
        text: The text.
        is_glob: Whether ``*`` and ``?`` in it are wildcards.
        ignores_case: Whether case is ignored; the text is lower case then.
    """

    text: str
    is_glob: bool = False
    ignores_case: bool = False

    @property
    def stem(self) -> str:
        """The text before the first wildcard."""
        return re.split(r"[*?]", self.text, maxsplit=1)[0] if self.is_glob else self.text


Value = Pattern | IPv4Network | IPv6Network

ANYTHING = Pattern("*", is_glob=True)


def pattern(text: str, *, wild: bool = True, ignores_case: bool = False) -> Pattern:
    """Return the pattern of a text, in which wildcards may be `wild`; equal sets are equal."""
    # All ARNs of an account have the same partition.
    text = _PARTITION.sub("arn:aws:", text)
    is_glob = wild and ("*" in text or "?" in text)
    text = re.sub(r"\*+", "*", text) if is_glob else text
    return Pattern(text.lower() if ignores_case else text, is_glob, ignores_case)


def within(narrow: Value, wide: Value) -> bool | None:
    """Tell whether one value matches a subset of the other; None if that is unknown."""
    if wide in (narrow, ANYTHING):
        return True
    if isinstance(narrow, Pattern) and isinstance(wide, Pattern):
        return _within(narrow, wide)
    if isinstance(narrow, Pattern) or isinstance(wide, Pattern):
        return None
    if isinstance(narrow, IPv4Network):
        return isinstance(wide, IPv4Network) and narrow.subnet_of(wide)
    return isinstance(wide, IPv6Network) and narrow.subnet_of(wide)


def apart(one: Value, other: Value) -> bool | None:
    """Tell whether two values are disjoint; None if that is unknown."""
    if isinstance(one, Pattern) and isinstance(other, Pattern):
        return _apart(one, other)
    if isinstance(one, Pattern) or isinstance(other, Pattern):
        return None
    return not one.overlaps(other)


def _within(narrow: Pattern, wide: Pattern) -> bool | None:
    text = narrow.text.lower() if wide.ignores_case else narrow.text
    # If the narrow pattern ignores case, the wide one must ignore it too.
    if narrow.ignores_case <= wide.ignores_case and _covers(wide, text, is_glob=narrow.is_glob):
        return True
    if set(_PLACEHOLDER.findall(narrow.text)) == set(_PLACEHOLDER.findall(wide.text)):
        return False
    return None if _meet(_pieces(narrow, loose=True), _pieces(wide, loose=True)) else False


def _apart(one: Pattern, other: Pattern) -> bool | None:
    if one.ignores_case or other.ignores_case:
        one, other = (replace(pattern_, text=pattern_.text.lower()) for pattern_ in (one, other))
    if not _meet(_pieces(one, loose=True), _pieces(other, loose=True)):
        return True
    return False if _meet(_pieces(one), _pieces(other)) else None


def _covers(wide: Pattern, text: str, *, is_glob: bool) -> bool:
    if not wide.is_glob:
        return not is_glob and text == wide.text
    return _expression(wide.text, is_glob).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _expression(text: str, of_globs: bool) -> re.Pattern[str]:
    # A wildcard covers a wildcard of the other pattern: `?` covers `?`, but not `*`.
    parts = {"*": ".*", "?": "[^*]" if of_globs else "."}
    return re.compile(
        "".join(parts.get(piece, re.escape(piece)) for piece in re.split(r"([*?])", text)),
        re.DOTALL,
    )


def _pieces(whole: Pattern, *, loose: bool = False) -> list[str]:
    """Return the characters of a pattern, with `_MANY` and `_ONE` for wildcards.

    If loose, unresolved parts may be anything.
    """
    wild = {"*": _MANY, "?": _ONE} if whole.is_glob else {}
    segments = _PLACEHOLDER.split(whole.text) if loose else [whole.text]
    pieces: list[str] = []
    for number, part in enumerate(segments):
        pieces += [_MANY] if number else []
        pieces += [wild.get(character, character) for character in part]
    return pieces


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether any text matches both patterns."""
    # From the end: whether the remainders of both patterns match a common text.
    below = [all(piece == _MANY for piece in other[place:]) for place in range(len(other) + 1)]
    for mine in reversed(one):
        row = [mine == _MANY and below[-1]]
        for place, theirs in reversed(list(enumerate(other))):
            if _MANY in (mine, theirs):
                row.append(below[place] or row[-1])
            else:
                row.append((mine == theirs or _ONE in (mine, theirs)) and below[place + 1])
        below = row[::-1]
    return below[0]


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# Both ARN operators support wildcards; string operators only as StringLike.
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
class Constraint:
    """A constraint on the value of one condition key.

    Attributes:
        how: ``is``: the value matches. ``is not``: no value matches, or the key is absent.
            ``absent``: the key is absent. ``only``: all values of the request match, or it has
            none. Anything else is an operator whose values cannot be compared.
        values: The values; exactly one for ``is``.
        key: The key as it is written. Default: not written.
    """

    how: Literal["is", "is not", "absent", "only"] | str  # noqa: PYI051 - the known ones
    values: frozenset[Value | str] = frozenset()
    key: str = field(default="", compare=False)

    @property
    def value(self) -> Value | None:
        """The value that the key must match, for ``is``."""
        return self.comparable[0] if self.how == "is" else None

    @property
    def comparable(self) -> tuple[Value, ...]:
        """The values that can be compared."""
        return tuple(value for value in self.values if not isinstance(value, str))


ABSENT = Constraint("absent")


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
    read = [_value(_NEGATED.get(name, name), text) for text in texts]
    values = frozenset(value for value in read if not isinstance(value, str))
    if not negated and sets != "forallvalues":
        return [
            *optional,
            *(
                Constraint(
                    condition.operator if isinstance(value, str) else "is", frozenset({value})
                )
                for value in read
            ),
        ]
    if len(values) < len(set(read)) or (negated and sets in ("foranyvalue", "forallvalues")):
        return [Constraint(condition.operator, frozenset(texts))]
    return [Constraint("is not" if negated else "only", values)]


def _value(name: str, text: str) -> Value | str:
    """Return what a text means to an operator; the text itself if that is unknown."""
    if name == "ipaddress":
        try:
            return ip_network(text, strict=False)
        except ValueError:
            return text
    if name not in (*_EXACT, *_CASELESS, *_WILD):
        return text
    return pattern(text, wild=name in _WILD, ignores_case=name in _CASELESS)


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
        case "is", "only" if not _may_match(narrow.comparable[0], wide.comparable):
            # A match would decide nothing, as the key may have further values.
            answer = False
        case "is" | "absent" | "is not" | "only", "is" | "absent":
            answer = False
    return answer


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
