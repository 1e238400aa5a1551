"""The values of condition keys and resources as sets: patterns, networks, numbers and times."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from ecr_constructs.model.wildcards import matcher

# What CloudFormation fills in at the deployment, or IAM at a request, may be equal to anything; a
# reference to a resource of the app equals only itself.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_PLACEHOLDER = re.compile(
    r"\$\{Token\[(?:unknown[^\[\]]*|AWS\.\w+)\]\}|\$\{[\w-]+:[^{}]*\}", re.ASCII
)
_MANY, _ONE = "**", "??"
# The product of the lengths of two patterns; ARNs have at most 2,048 characters.
MOST_STEPS = 20_000_000
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

    @property
    def placeholders(self) -> frozenset[str]:
        """The parts that are filled in later; the relation to a text with others is unknown."""
        return frozenset(_PLACEHOLDER.findall(self.text) if "${" in self.text else ())


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers, or the times as seconds since 1970, between two bounds.

    Attributes:
        low: The lower bound, and 1 if it is not included itself.
        high: The upper bound, and -1 if it is not included itself.
        is_time: Whether they are times.
    """

    low: tuple[Decimal, int]
    high: tuple[Decimal, int]
    is_time: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        """Return the range in words, to follow ``is``."""
        if self.low == self.high:
            return self._text(self.low[0])
        less, more = ("before", "after") if self.is_time else ("less than", "more than")
        bounds = []
        if self.low[0].is_finite():
            bounds.append(f"{more if self.low[1] else 'at least'} {self._text(self.low[0])}")
        if self.high[0].is_finite():
            bounds.append(f"{less if self.high[1] else 'at most'} {self._text(self.high[0])}")
        return " and ".join(bounds) or "any number"

    def _text(self, bound: Decimal) -> str:
        if not self.is_time:
            return f"{bound:f}"
        return datetime.fromtimestamp(float(bound), UTC).isoformat().replace("+00:00", "Z")


Value = Pattern | Range | IPv4Network | IPv6Network

_ENDLESS = Decimal("Infinity")
# The bounds of each comparison: whether the value is the lower bound, and whether it is included.
_BOUNDS = {
    "lessthan": (False, False),
    "lessthanequals": (False, True),
    "greaterthan": (True, False),
    "greaterthanequals": (True, True),
}


def bounded(comparison: str, text: str, *, is_time: bool) -> Range | None:
    """Return the numbers or times that a comparison with a text allows; None if it is neither."""
    value = _seconds(text) if is_time else _number(text)
    if value is None:
        return None
    low, high = (-_ENDLESS, 0), (_ENDLESS, 0)
    if comparison == "equals":
        return Range((value, 0), (value, 0), is_time)
    is_low, is_included = _BOUNDS[comparison]
    if is_low:
        return Range((value, 0 if is_included else 1), high, is_time)
    return Range(low, (value, 0 if is_included else -1), is_time)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _seconds(text: str) -> Decimal | None:
    """Return a time as IAM takes it: of ISO 8601, or in seconds since 1970."""
    if (number := _number(text)) is not None:
        # The formatting of a time has years of four digits.
        return number if abs(number) < _LAST_SECOND else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Decimal(str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


_LAST_SECOND = Decimal(60_000_000_000)
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
    answer: bool | None = None
    match narrow, wide:
        case _ if wide in (narrow, ANYTHING):
            answer = True
        case _ if narrow == ANYTHING:
            answer = False
        case Pattern(), Pattern():
            answer = _within(narrow, wide)
        case Range(), Range():
            answer = narrow.low >= wide.low and narrow.high <= wide.high
        case IPv4Network(), IPv4Network():
            answer = narrow.subnet_of(wide)
        case IPv6Network(), IPv6Network():
            answer = narrow.subnet_of(wide)
        case (IPv4Network(), IPv6Network()) | (IPv6Network(), IPv4Network()):
            answer = False
    return answer


def apart(one: Value, other: Value) -> bool | None:
    """Tell whether two values are disjoint; None if that is unknown."""
    if isinstance(one, Pattern) and isinstance(other, Pattern):
        return _apart(one, other)
    if ANYTHING in (one, other):
        return False
    if isinstance(one, Range) and isinstance(other, Range):
        return one.high < other.low or other.high < one.low
    if isinstance(one, Pattern | Range) or isinstance(other, Pattern | Range):
        return None
    return not one.overlaps(other)


def unions(values: Iterable[Value]) -> Iterator[Value]:
    """Yield the networks and ranges that several of some values make up together."""
    values = frozenset(values)
    four = [value for value in values if isinstance(value, IPv4Network)]
    six = [value for value in values if isinstance(value, IPv6Network)]
    ranges = [value for value in values if isinstance(value, Range)]
    joined: list[Value] = [*collapse_addresses(four), *collapse_addresses(six), *_joined(ranges)]
    yield from (value for value in joined if value not in values)


def _joined(ranges: Iterable[Range]) -> list[Range]:
    joined: list[Range] = []
    for following in sorted(ranges, key=lambda item: item.low):
        last = joined[-1] if joined else None
        if last is None or not _touch(last.high, following.low):
            joined.append(following)
        elif following.high > last.high:
            joined[-1] = replace(last, high=following.high)
    return joined


def _touch(high: tuple[Decimal, int], low: tuple[Decimal, int]) -> bool:
    """Tell whether nothing lies between an upper and a lower bound."""
    return high[0] > low[0] or (high[0] == low[0] and not (high[1] and low[1]))


def _is_long(one: Pattern, other: Pattern) -> bool:
    """Tell whether two patterns are so long that comparing them could take minutes."""
    return len(one.text) * len(other.text) > MOST_STEPS


def _within(narrow: Pattern, wide: Pattern) -> bool | None:
    if _is_long(narrow, wide):
        return None
    text = narrow.text.lower() if wide.ignores_case else narrow.text
    # If the narrow pattern ignores case, the wide one must ignore it too.
    if narrow.ignores_case <= wide.ignores_case and _covers(wide, text, is_glob=narrow.is_glob):
        return True
    if narrow.placeholders == wide.placeholders:
        return False
    return None if _meet(_pieces(narrow, loose=True), _pieces(wide, loose=True)) else False


def _apart(one: Pattern, other: Pattern) -> bool | None:
    if _is_long(one, other):
        return None
    if one.ignores_case or other.ignores_case:
        one, other = (replace(pattern_, text=pattern_.text.lower()) for pattern_ in (one, other))
    if not _meet(_pieces(one, loose=True), _pieces(other, loose=True)):
        return True
    return False if _meet(_pieces(one), _pieces(other)) else None


def _covers(wide: Pattern, text: str, *, is_glob: bool) -> bool:
    if not wide.is_glob:
        return not is_glob and text == wide.text
    # A wildcard covers a wildcard of the other pattern: `?` covers `?`, but not `*`.
    return matcher(wide.text, single="[^*]" if is_glob else ".")(text)


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
    # Adjacent wildcards for any characters are one.
    pairs = zip(pieces, ["", *pieces], strict=False)
    return [piece for piece, before in pairs if not piece == before == _MANY]


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether any text matches both patterns.

    A place in `other` is a bit, so that a step of `one` compares with all places at once.
    """
    masks: dict[str, int] = {}
    for place, piece in enumerate(other):
        masks[piece] = masks.get(piece, 0) | 1 << place
    many, single = masks.pop(_MANY, 0), masks.pop(_ONE, 0)
    characters = (1 << len(other)) - 1 & ~many
    # From the end: the places at which the remainders of both patterns match a common text.
    places = 1 << len(other)
    places |= places >> 1 & many
    for piece in reversed(one):
        if piece == _MANY:
            # It takes any remainder of the other pattern up to a common place.
            places = (1 << places.bit_length()) - 1
            continue
        alike = characters if piece == _ONE else masks.get(piece, 0) | single
        places = places >> 1 & alike | places & many
        places |= places >> 1 & many
    return bool(places & 1)
