"""What a finding says to write removes it, and leads to no other finding.

The compliant template of each rule's example shows the rest of the remedies.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import yaml

from ecr_constructs.checks import Finding, Template, check
from tests.support.rule_examples import EXAMPLES, PROBLEMS
from tests.support.rule_examples.build import template

_SETTING = re.compile(r"(\w+): ([\w:/.-]+|\[.*\])")
_WORD = re.compile(r"[\w:/.-]+")
_Place = tuple[Any, ...]
_Change = Callable[[Any], None]


def change_of(finding: Finding) -> _Change | None:
    """Return a remedy as a change of the template; None if a person has to apply it."""
    place: _Place = (("Resources", finding.resource) if finding.resource else ()) + finding.path
    remedy = re.fullmatch(r"(Write|Add) (.*)\.", finding.remedy)
    # The properties of another type are other ones; text is any text.
    if remedy is None or place[-1] == "Type" or remedy[2] == "text":
        return None
    settings = [_SETTING.fullmatch(part) for part in remedy[2].split(" and ")]
    if all(settings):
        values = {match[1]: yaml.safe_load(match[2]) for match in settings if match}
        return lambda body: _set(body, place, values)
    is_word = remedy[1] == "Write" and _WORD.fullmatch(remedy[2])
    return (lambda body: _write(body, place, remedy[2])) if is_word else None


def _at(body: Any, place: _Place) -> Any:
    for step in place:
        body = body[step] if isinstance(body, list) else body.get(step)
    return body


def _set(body: Any, place: _Place, values: dict[str, Any]) -> None:
    """Set keys in the object of a place, or beside its end."""
    owner = _at(body, place)
    for key, value in values.items():
        if key == "Transform":
            body[key] = value
        elif key in place:
            _at(body, place[: place.index(key)])[key] = value
        else:
            (owner if isinstance(owner, dict) else _at(body, place[:-1]))[key] = value


def _write(body: Any, place: _Place, value: str) -> None:
    """Write a value; a key that is like it, and an operator, are renamed."""
    owner, last = _at(body, place[:-1]), place[-1]
    content = _at(body, place)
    is_like = bool(get_close_matches(value.lower(), [str(last).lower()], cutoff=0.7))
    # The key of a condition is another one, the value stays.
    is_key = "Condition" in place and value.rpartition(":")[2] == str(last).rpartition(":")[2]
    is_part = str(last) in value.split("-")
    if (is_like or is_key or is_part) and last != value:
        owner[value] = owner.pop(last)
    elif isinstance(content, list):
        owner[last] = [value]
    elif isinstance(content, dict):
        [(name, operand)] = content.items()
        at = 0 if value in body["Resources"] else 1
        is_function = name.startswith("Fn::") or name == "Ref"
        if is_function and isinstance(operand, list):
            operand[at] = value
        else:
            owner[last] = {name: value} if is_function else {value: operand}
    else:
        owner[last] = value


def faulty() -> Iterator[tuple[str, list[Template]]]:
    """Yield each template that has a finding."""
    for rule, example in EXAMPLES.items():
        yield rule, list(example.faulty)
    for name, (_, _, content, *_) in PROBLEMS.items():
        yield name, [template(content, Parameters={"Given": {"Type": "String"}})]


def remedies() -> Iterator[tuple[str, list[Template], Finding, _Change, set[tuple[str, str]]]]:
    """Yield each remedy that can be applied, with its templates and all that is found in them."""
    for name, templates in faulty():
        findings = check(templates)
        before = {(item.rule, item.resource) for item in findings}
        for number, finding in enumerate(findings):
            if (change := change_of(finding)) is not None:
                yield f"{name}-{finding.rule}-{number}", templates, finding, change, before


def test_remedies_help() -> None:
    """The finding is gone, and nothing else is found instead."""
    tried, useless = set(), []
    for name, templates, finding, change, before in remedies():
        tried.add((name, finding.rule))
        mended = [replace(item, body=deepcopy(item.body), path=None) for item in templates]
        change(next(item.body for item in mended if item.name == finding.template))
        after = check(mended)
        if finding in after or not {(item.rule, item.resource) for item in after} <= before:
            useless.append((name, after))

    assert [] == useless
    # Otherwise the test tries nothing.
    assert 50 <= len(tried)
    assert 15 <= len({rule for _, rule in tried})
