"""Texts and documents that ECR rejects as a lifecycle policy: the path and code of each error."""

import json
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs import LifecyclePolicy
from ecr_constructs.model.json_text import compact, parse
from ecr_constructs.model.lifecycle.grammar import policy_errors, rule_errors
from ecr_constructs.model.validation import ValidationError
from tests.support.errors import by_code, rejection_test, rejects
from tests.support.strategies import (
    damaged_documents,
    documents,
    near_miss_documents,
    near_miss_json,
    texts_near_json,
)


def rule(priority: int = 1, *, action: str = "expire", **selection: Any) -> dict[str, Any]:
    """Return the JSON of a rule for any image, with some keys of its selection changed."""
    valid = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    chosen = {**valid, **selection}
    return {"rulePriority": priority, "selection": chosen, "action": {"type": action}}


def tagged(priority: int = 1, **tags: Any) -> dict[str, Any]:
    return rule(priority, tagStatus="tagged", **tags)


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


DEPLOY_TIME, DEPLOY_TIME_NUMBER = "${Token[It.1]}", float.fromhex("-0x1.f000000000007p+960")
UNTAGGED: dict[str, Any] = {"tagStatus": "untagged"}
# Each error of a document, without a path if it concerns the whole.
DOCUMENTS: dict[str, tuple[Any, str]] = {
    "a list": ([], "wrong-type"),
    "a text": ("rules", "wrong-type"),
    "a number": (7, "wrong-type"),
    "true": (True, "wrong-type"),
    "null": (None, "wrong-type"),
    "no rules": ({}, "rules: key-missing"),
    "null rules": ({"rules": None}, "rules: key-null"),
    "rules in an object": ({"rules": {"a": 1}}, "rules: wrong-type"),
    "an empty list": ({"rules": []}, "rules: rule-count"),
    "fifty-one rules": (
        {"rules": [tagged(n, tagPatternList=["v"]) for n in range(1, 52)]},
        "rules: rule-count",
    ),
    "an unknown key": ({"rules": [rule()], "version": 1}, "version: key-unknown"),
}
NO_COUNT = {"tagStatus": "any", "countType": "imageCountMoreThan"}
NO_COUNT_TYPE = {"tagStatus": "any", "countNumber": 1}
# Each error of the only rule of a policy.
RULES: dict[str, tuple[Any, str]] = {
    "a text": ("x", ": wrong-type"),
    "an unknown key": ({**rule(), "priority": 1}, ".priority: key-unknown"),
    "no selection": (without(rule(), "selection"), ".selection: key-missing"),
    "a null action": ({**rule(), "action": None}, ".action: key-null"),
    "an action as text": ({**rule(), "action": "expire"}, ".action: wrong-type"),
    "a selection as list": ({**rule(), "selection": []}, ".selection: wrong-type"),
    "no priority": (without(rule(), "rulePriority"), ".rulePriority: key-missing"),
    "a null priority": ({**rule(), "rulePriority": None}, ".rulePriority: key-null"),
    "a fractional priority": ({**rule(), "rulePriority": 1.0}, ".rulePriority: wrong-type"),
    "a null description": ({**rule(), "description": None}, ".description: key-null"),
    "a null unit": (rule(countUnit=None), ".selection.countUnit: key-null"),
    "no unit": (rule(countType="sinceImagePushed"), ".selection.countUnit: key-missing"),
    "no count": ({**rule(), "selection": NO_COUNT}, ".selection.countNumber: key-missing"),
    "no count type": ({**rule(), "selection": NO_COUNT_TYPE}, ".selection.countType: key-missing"),
    "a count in the archive": (
        rule(storageClass="archive"),
        ".selection.storageClass: storage-class-not-standard",
    ),
    "an age in the archive": (
        rule(countType="sinceImagePushed", countUnit="days", storageClass="archive"),
        ".selection.storageClass: storage-class-not-standard",
    ),
    "patterns as text": (tagged(tagPatternList="v*"), ".selection.tagPatternList: tag-list-empty"),
    "no patterns": (tagged(tagPatternList=[]), ".selection.tagPatternList: tag-list-empty"),
    "no target": (rule(action="transition"), ".action.targetStorageClass: key-missing"),
    "a misspelt key": (rule(countNumbers=1), ".selection.countNumbers: key-unknown"),
    "a deploy-time count": (rule(countNumber=DEPLOY_TIME), ".selection.countNumber: wrong-type"),
    "a deploy-time status": (
        rule(tagStatus=DEPLOY_TIME),
        ".selection.tagStatus: value-not-allowed",
    ),
    "a tag next to a deploy-time one": (
        tagged(tagPatternList=[DEPLOY_TIME, "*****"]),
        ".selection.tagPatternList[1]: tag-wildcards",
    ),
}
ANY_EARLY = "rules[0].rulePriority: rule-priority-order"
COMBINATIONS: dict[str, tuple[list[Any], str]] = {
    "a duplicate priority": ([rule(3, **UNTAGGED), rule(3)], "rules: rule-priority-duplicate"),
    "any before others": ([rule(1), rule(2, **UNTAGGED)], ANY_EARLY),
    "any twice": ([rule(1), rule(2)], ANY_EARLY),
    "untagged twice": ([rule(1, **UNTAGGED), rule(2, **UNTAGGED)], "rules: untagged-duplicate"),
    "prefixes twice": (
        [tagged(1, tagPrefixList=["a", "b"]), tagged(2, tagPrefixList=["b", "a"])],
        "rules[1].selection.tagPrefixList: tag-prefixes-duplicate",
    ),
}
# Several errors, and those between rules, are raised together.
SEVERAL: dict[str, tuple[Any, ...]] = {
    "three rules": (
        {"rules": [rule(1, countNumber=0), rule(1, tagStatus="all"), "x"]},
        "rules[0].selection.countNumber: number-too-small",
        "rules[1].selection.tagStatus: value-not-allowed",
        "rules[2]: wrong-type",
        "rules: rule-priority-duplicate",
    ),
    # The unit is compared with the only valid one, although the count type is missing.
    "a unit without a count type": (
        {"rules": [{**rule(), "selection": {**NO_COUNT_TYPE, "countUnit": "weeks"}}]},
        "rules[0].selection.countType: key-missing",
        "rules[0].selection.countUnit: value-not-allowed",
    ),
    # Priorities determine the order of the rules, so they must be plain values.
    "a deploy-time priority in quotes": (
        {"rules": [rule(2), {**rule(**UNTAGGED), "rulePriority": DEPLOY_TIME}]},
        "rules[1].rulePriority: wrong-type",
        "rules[1].rulePriority: rule-priority-unresolved",
    ),
}
REJECTED = {
    **DOCUMENTS,
    **{f"rule: {name}": ({"rules": [row[0]]}, f"rules[0]{row[1]}") for name, row in RULES.items()},
    **{f"rules: {name}": ({"rules": row[0]}, row[1]) for name, row in COMBINATIONS.items()},
    **SEVERAL,
}
test_rejects = rejection_test(
    lambda document: LifecyclePolicy.from_json(json.dumps(document)), REJECTED
)


def test_rejects_deep_nesting_in_a_value() -> None:
    """A value that is nested less deeply than the reader of JSON allows is an ordinary error."""
    text = json.dumps({"rules": [rule(tagStatus="DEEP")]})

    with rejects("rules[0].selection.tagStatus: value-not-allowed"):
        LifecyclePolicy.from_json(text.replace('"DEEP"', "[" * 90 + "]" * 90))


AGED: dict[str, Any] = {
    "countType": "sinceImageTransitioned",
    "countUnit": "days",
    "countNumber": 90,
}
# The order of the list does not matter; tags and counts may be deploy-time values.
ACCEPTED: dict[str, tuple[Any, ...]] = {
    "any listed first": ([rule(10), rule(2, **UNTAGGED)],),
    "any per storage class": ([rule(1), rule(2, storageClass="archive", **AGED)],),
    "untagged per class": (
        [rule(1, **UNTAGGED), rule(2, storageClass="archive", **UNTAGGED | AGED)],
    ),
    "the standard class": ([rule(storageClass="standard")],),
    "a deploy-time count": ([rule(countNumber=DEPLOY_TIME_NUMBER)],),
    "a deploy-time tag": ([tagged(tagPatternList=[DEPLOY_TIME])],),
    "but no deploy-time priority": (
        [{**rule(), "rulePriority": DEPLOY_TIME_NUMBER}],
        "rules[0].rulePriority: rule-priority-unresolved",
    ),
}
test_accepts = rejection_test(lambda rules: policy_errors({"rules": rules}), ACCEPTED)
# The paths of the errors of a rule begin with its own keys.
test_rule_alone = rejection_test(
    rule_errors, {"a text": ("x", "wrong-type"), "0": (rule(0), "rulePriority: number-too-small")}
)


@given(documents())
def test_accepts_every_valid_document(document: Any) -> None:
    assert list(policy_errors(document)) == []


@given(damaged_documents())
def test_rejects_every_damaged_document(document: Any) -> None:
    """A key that is missing, null, unknown, of a wrong type or out of range is rejected."""
    with pytest.raises(ValidationError):
        LifecyclePolicy.from_json(json.dumps(document))


@given(near_miss_documents())
def test_rejects_exactly_the_documents_with_errors(document: Any) -> None:
    """Any JSON is either rejected, or a policy with as many rules."""
    text = json.dumps(document)
    if any(policy_errors(document)):
        with pytest.raises(ValidationError):
            LifecyclePolicy.from_json(text)
    else:
        assert len(document["rules"]) == len(LifecyclePolicy.from_json(text).rules)


@given(texts_near_json())
def test_text_is_a_policy_or_rejected(text: str) -> None:
    """Any text is a policy that reads back as itself, or raises a ValidationError."""
    try:
        policy = LifecyclePolicy.from_json(text)
    except ValidationError:
        return
    assert policy == LifecyclePolicy.from_json(policy.to_json())


TEXTS = {
    "json-syntax": {
        "nothing": "",
        "a single quote": "{'rules': []}",
        "a trailing comma": '{"rules": [],}',
        "two documents": "{} {}",
        "a key twice": '{"rules": [], "rules": []}',
        "an inner key twice": '[{"a": {"b": 1, "c": 2, "b": 1}}]',
        "no end of nesting": "[" * 100_000,
    }
}
test_rejects_texts = rejection_test(LifecyclePolicy.from_json, by_code(TEXTS))


def test_the_error_of_a_text_has_the_position() -> None:
    with pytest.raises(ValueError, match="line 2, column 9"):
        parse('{\n"rules" []}')


def test_writes_compactly() -> None:
    """White space is omitted; keys keep their order; non-ASCII text is not escaped."""
    assert compact({"b": [1, "ä"], "a": {}}) == '{"b":[1,"ä"],"a":{}}'


@given(near_miss_json())
def test_reads_like_the_standard_library(value: Any) -> None:
    """A text without duplicate keys has the same value."""
    text = json.dumps(value)

    assert repr(json.loads(text)) == repr(parse(text))
