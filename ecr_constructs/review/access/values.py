"""Values that a policy compares with, as sets of what they match."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

# Of what CloudFormation fills in, this may turn out to be equal to anything else; a reference to
# a resource of the app is itself and nothing else.
_DOUBTFUL = re.compile(r"\$\{Token\[(?:unknown|AWS\.\w+)\]\}", re.ASCII)
_MANY, _ONE = "**", "??"
_PARTITION = re.compile(r"^arn:(?:aws[a-z-]*|\$\{Token\[AWS\.Partition\]\}):")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text, or all texts that a pattern matches.

    Attributes:
        text: The text.
        is_glob: Whether ``*`` and ``?`` in it are wildcards.
        ignores_case: Whether case does not matter; the text is in lower case then.
    """

    text: str
    is_glob: bool = False
    ignores_case: bool = False

    @property
    def stem(self) -> str:
        """What is before the first wildcard."""
        return re.split(r"[*?]", self.text, maxsplit=1)[0] if self.is_glob else self.text


Value = Pattern | IPv4Network | IPv6Network

ANYTHING = Pattern("*", is_glob=True)


def pattern(text: str, *, wild: bool = True, ignores_case: bool = False) -> Pattern:
    """Return the pattern of a text; what is the same set is the same pattern.

    Args:
        text: The text.
        wild: Whether ``*`` and ``?`` are wildcards. Default: they are.
        ignores_case: Whether case does not matter. Default: it does.
    """
    # A partition is the same throughout an account.
    text = _PARTITION.sub("arn:aws:", text)
    is_glob = wild and ("*" in text or "?" in text)
    text = re.sub(r"\*+", "*", text) if is_glob else text
    return Pattern(text.lower() if ignores_case else text, is_glob, ignores_case)


def within(narrow: Value, wide: Value) -> bool | None:
    """Tell whether all that one value matches the other matches too; None if nobody knows."""
    if wide in (narrow, ANYTHING):
        return True
    match narrow, wide:
        case Pattern(), Pattern():
            return _within(narrow, wide)
        case IPv4Network(), IPv4Network():
            return narrow.subnet_of(wide)
        case IPv6Network(), IPv6Network():
            return narrow.subnet_of(wide)
    return _between_kinds(narrow, wide)


def apart(one: Value, other: Value) -> bool | None:
    """Tell whether nothing is matched by both values; None if nobody knows."""
    match one, other:
        case Pattern(), Pattern():
            return _apart(one, other)
        case IPv4Network(), IPv4Network():
            return not one.overlaps(other)
        case IPv6Network(), IPv6Network():
            return not one.overlaps(other)
    between = _between_kinds(one, other)
    return None if between is None else not between


def _between_kinds(one: Value, other: Value) -> bool | None:
    """Tell whether values of two kinds can be equal: a network of the other kind cannot."""
    return None if isinstance(one, Pattern) or isinstance(other, Pattern) else False


def _within(narrow: Pattern, wide: Pattern) -> bool | None:
    text = narrow.text.lower() if wide.ignores_case else narrow.text
    # Where the case of the narrow one is open, the wide one must not care.
    if narrow.ignores_case <= wide.ignores_case and _covers(wide, text, is_glob=narrow.is_glob):
        return True
    if set(_DOUBTFUL.findall(narrow.text)) == set(_DOUBTFUL.findall(wide.text)):
        return False
    return None if _meet(_pieces(narrow, loose=True), _pieces(wide, loose=True)) else False


def _apart(one: Pattern, other: Pattern) -> bool | None:
    if one.ignores_case or other.ignores_case:
        one, other = (replace(each, text=each.text.lower()) for each in (one, other))
    if not _meet(_pieces(one, loose=True), _pieces(other, loose=True)):
        return True
    return False if _meet(_pieces(one), _pieces(other)) else None


def _covers(wide: Pattern, text: str, *, is_glob: bool) -> bool:
    if not wide.is_glob:
        return not is_glob and text == wide.text
    return _expression(wide.text, is_glob).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _expression(text: str, of_globs: bool) -> re.Pattern[str]:
    # A wildcard stands for a wildcard of the other: `?` for `?`, but not for `*`.
    parts = {"*": ".*", "?": "[^*]" if of_globs else "."}
    return re.compile(
        "".join(parts.get(each, re.escape(each)) for each in re.split(r"([*?])", text)), re.DOTALL
    )


def _pieces(given: Pattern, *, loose: bool = False) -> list[str]:
    """Return the characters of a pattern, with `_MANY` and `_ONE` for wildcards.

    Args:
        given: The pattern.
        loose: Whether what is not known may be anything.
    """
    wild = {"*": _MANY, "?": _ONE} if given.is_glob else {}
    known = _DOUBTFUL.split(given.text) if loose else [given.text]
    pieces: list[str] = []
    for number, part in enumerate(known):
        pieces += [_MANY] if number else []
        pieces += [wild.get(each, each) for each in part]
    return pieces


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether any text is matched by both patterns."""
    # From the end: whether the rest of one and the rest of the other match a text.
    below = [all(each == _MANY for each in other[place:]) for place in range(len(other) + 1)]
    for mine in reversed(one):
        row = [mine == _MANY and below[-1]]
        for place, theirs in reversed(list(enumerate(other))):
            if _MANY in (mine, theirs):
                row.append(below[place] or row[-1])
            else:
                row.append((mine == theirs or _ONE in (mine, theirs)) and below[place + 1])
        below = row[::-1]
    return below[0]
