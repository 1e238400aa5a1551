"""Documents that are no lifecycle policy, and where each fault is."""

import json
import re
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs import LifecyclePolicy
from ecr_constructs.model.lifecycle.policy_grammar import policy_errors
from ecr_constructs.model.lifecycle.rule_grammar import Fault, rule_errors
from tests.support.strategies import (
    damaged_documents,
    documents,
    near_miss_documents,
    texts_near_json,
)


def rule(priority: int = 1, *, action: str = "expire", **selection: Any) -> dict[str, Any]:
    """Return the JSON of a rule for any image, with parts of its selection changed."""
    sound = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    return {
        "rulePriority": priority,
        "selection": {**sound, **selection},
        "action": {"type": action},
    }


UNTAGGED = {"tagStatus": "untagged"}
DOCUMENTS = {
    "a list": ([], 'must be a JSON object {"rules": […]}, got a list'),
    "a text": ("rules", 'must be a JSON object {"rules": […]}, got text'),
    "a number": (7, "got a number"),
    "true": (True, "got true or false"),
    "null": (None, "got null"),
    "no rules": ({}, "rules is missing"),
    "null rules": ({"rules": None}, "rules is null, which ECR refuses; leave the key out"),
    "rules in an object": ({"rules": {"a": 1}}, "rules must be a list, got {'a': 1}"),
    "an empty list": ({"rules": []}, "rules must hold 1 to 50 rules, holds 0"),
    "fifty-one rules": (
        {"rules": [rule(n, **UNTAGGED) for n in range(51)]},
        "rules must hold 1 to 50 rules, holds 51",
    ),
    "an unknown key": ({"rules": [rule()], "version": 1}, "version is not known here; allowed are"),
}
RULES = {
    "a text": ("x", "rules[0] must be a JSON object, got text"),
    "an unknown key": ({**rule(), "priority": 1}, "rules[0].priority is not known here; allowed"),
    "no selection": ({"rulePriority": 1, "action": {"type": "expire"}}, "rules[0].selection is"),
    "no action": ({**rule(), "action": None}, "rules[0].action is null"),
    "an action as text": ({**rule(), "action": "expire"}, "rules[0].action must be a JSON object"),
    "a selection as list": ({**rule(), "selection": []}, "rules[0].selection must be a JSON obj"),
    "no priority": (
        {"selection": rule()["selection"], "action": {"type": "expire"}},
        "rules[0].rulePriority is missing",
    ),
    "a null priority": ({**rule(), "rulePriority": None}, "rules[0].rulePriority is null"),
    "a fractional priority": ({**rule(), "rulePriority": 1.0}, "must be a whole number, got 1.0"),
    "a null description": ({**rule(), "description": None}, "rules[0].description is null"),
    "a null unit": (rule(countUnit=None), "rules[0].selection.countUnit is null"),
    "no unit": (
        rule(countType="sinceImagePushed"),
        "rules[0].selection.countUnit is missing; sinceImagePushed counts in 'days'",
    ),
    "no count type": (
        {**rule(), "selection": {"tagStatus": "any", "countNumber": 1, "countUnit": "weeks"}},
        "rules[0].selection.countUnit must be 'days', got 'weeks'",
    ),
    "the standard class": (
        rule(storageClass="standard"),
        "rules[0].selection.storageClass 'standard' is what its absence means and is refused",
    ),
    "patterns as text": (
        rule(tagStatus="tagged", tagPatternList="v*"),
        "rules[0].selection.tagPatternList must be a list of at least one text, got 'v*'",
    ),
    "no patterns": (
        rule(tagStatus="tagged", tagPatternList=[]),
        "rules[0].selection.tagPatternList must be a list of at least one text, got []",
    ),
    "no target": (
        rule(action="transition"),
        "rules[0].action.targetStorageClass is missing; a transition goes to 'archive'",
    ),
    "a misspelt key of the selection": (
        rule(countNumbers=1),
        "rules[0].selection.countNumbers is not known here; allowed are tagStatus, tagPatternList",
    ),
}
BETWEEN = {
    "a priority twice": (
        [rule(3, **UNTAGGED), rule(3)],
        "rules use rulePriority 3 2 times; each must be unique",
    ),
    "any before others": (
        [rule(1), rule(2, **UNTAGGED)],
        (
            "rules[0].rulePriority must be the highest of the standard rules, 3 or more, since "
            "tagStatus is any; got 1"
        ),
    ),
    "any twice": (
        [rule(1), rule(2)],
        "rules[0].rulePriority must be the highest of the standard rules, 3 or more",
    ),
    "untagged twice": (
        [rule(1, **UNTAGGED), rule(2, **UNTAGGED)],
        "rules may select untagged images of the standard class once, rules[0], rules[1] all do",
    ),
    "prefixes twice": (
        [
            rule(1, tagStatus="tagged", tagPrefixList=["a", "b"]),
            rule(2, tagStatus="tagged", tagPrefixList=["b", "a"]),
        ],
        "rules[1].selection.tagPrefixList selects what rules[0] selects; a set of prefixes may",
    ),
}
REFUSED = {
    **DOCUMENTS,
    **{f"rule: {name}": ({"rules": [each]}, fault) for name, (each, fault) in RULES.items()},
    **{f"rules: {name}": ({"rules": each}, fault) for name, (each, fault) in BETWEEN.items()},
}


@pytest.mark.parametrize(("document", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(document: Any, fault: str) -> None:
    """A document that ECR refuses raises an error with the place of the fault."""
    with pytest.raises(ValueError, match=re.escape(f"\n  - {fault}" if "[" in fault else fault)):
        LifecyclePolicy.from_json(json.dumps(document))


def test_lists_every_fault() -> None:
    """Faults of several rules, and between them, are said in one error."""
    document = {"rules": [rule(1, countNumber=0), rule(1, tagStatus="all"), "x"]}
    with pytest.raises(ValueError, match="Invalid lifecycle policy") as refusal:
        LifecyclePolicy.from_json(json.dumps(document))

    places = [line.split()[1] for line in str(refusal.value).splitlines()[1:]]
    assert places == [
        "rules[0].selection.countNumber",
        "rules[1].selection.tagStatus",
        "rules[2]",
        "rules",
    ]


def test_repeats_at_most_500_characters() -> None:
    """An error repeats the beginning of a long text."""
    with pytest.raises(ValueError, match=r"\(value: x{500}…\)"):
        LifecyclePolicy.from_json("x" * 501)


@pytest.mark.parametrize(
    "rules",
    [
        [rule(10), rule(2, **UNTAGGED)],
        [
            rule(1),
            rule(
                2,
                storageClass="archive",
                countType="sinceImageTransitioned",
                countUnit="days",
                countNumber=90,
            ),
        ],
        [rule(1, **UNTAGGED), rule(2, storageClass="archive", **UNTAGGED)],
    ],
    ids=["any listed first", "any per storage class", "untagged per storage class"],
)
def test_accepts_together(rules: list[Any]) -> None:
    """Order in the list means nothing, and each storage class stands for itself."""
    assert list(policy_errors({"rules": rules})) == []


DEPLOY_TIME_NUMBER = float.fromhex("-0x1.f000000000007p+960")


def test_lets_a_deploy_time_count_pass() -> None:
    """A count that is known only at deploy time cannot be judged and passes."""
    assert list(policy_errors({"rules": [rule(countNumber=DEPLOY_TIME_NUMBER)]})) == []


def test_lets_a_deploy_time_tag_pass() -> None:
    """A tag that is known only at deploy time cannot be judged and passes."""
    tagged = rule(tagStatus="tagged", tagPatternList=["${Token[Tag.1]}"])

    assert [] == list(policy_errors({"rules": [tagged]}))


@pytest.mark.parametrize(
    "selection",
    [{"countNumber": "${Token[Count.1]}"}, {"tagStatus": "${Token[Status.1]}"}],
    ids=["a count in quotes", "what decides the rule's shape"],
)
def test_refuses_deploy_time_values_elsewhere(selection: dict[str, Any]) -> None:
    """ECR reads a quoted count as text, and what a rule must say hangs on its choices."""
    assert 1 == len(list(policy_errors({"rules": [rule(**selection)]})))


def test_refuses_a_deploy_time_priority() -> None:
    """Rules are put in order by their priorities, so they must be known."""
    [fault] = policy_errors({"rules": [{**rule(), "rulePriority": DEPLOY_TIME_NUMBER}]})

    assert "rules[0].rulePriority puts the rules in order; it cannot wait for the deploy" == str(
        fault
    )


def test_judges_the_tags_beside_a_deploy_time_one() -> None:
    """A deploy-time tag does not hide the faults of the tags beside it."""
    tagged = rule(tagStatus="tagged", tagPatternList=["${Token[Tag.1]}", "*****"])

    assert ["rules[0].selection.tagPatternList[1]"] == [
        fault.where for fault in policy_errors({"rules": [tagged]})
    ]


def test_refuses_a_mark_for_a_priority() -> None:
    """A text cannot hold a deploy-time priority: rules are put in order by it."""
    rules = [rule(2), {**rule(tagStatus="untagged"), "rulePriority": "${Token[Priority.1]}"}]

    with pytest.raises(ValueError, match="rulePriority"):
        LifecyclePolicy.from_json(json.dumps({"rules": rules}))


def test_refuses_deep_nesting_in_a_value() -> None:
    """A value that is nested deeply, though not too deeply for JSON, is refused like any other."""
    text = json.dumps({"rules": [rule(tagStatus="DEEP")]})

    with pytest.raises(ValueError, match="tagStatus"):
        LifecyclePolicy.from_json(text.replace('"DEEP"', "[" * 700 + "]" * 700))


def test_a_rule_alone_has_no_place() -> None:
    """A rule that is judged alone is the document: its faults begin with its own keys."""
    assert [Fault("", "must be a JSON object, got text")] == list(rule_errors("x"))
    assert list(map(str, rule_errors("x"))) == ["must be a JSON object, got text"]
    assert list(map(str, rule_errors(rule(0)))) == ["rulePriority must be at least 1, got 0"]


@given(documents())
def test_accepts_every_sound_document(document: Any) -> None:
    """A document that follows the published grammar has no fault."""
    assert list(policy_errors(document)) == []


@given(damaged_documents())
def test_refuses_every_damaged_document(document: Any) -> None:
    """A key that is dropped, null, unknown, of a wrong type or out of range is refused."""
    with pytest.raises(ValueError, match="Invalid lifecycle policy"):
        LifecyclePolicy.from_json(json.dumps(document))


@given(near_miss_documents())
def test_a_fault_is_what_refuses(document: Any) -> None:
    """Any JSON is either refused, or a policy of as many rules."""
    text = json.dumps(document)
    if any(policy_errors(document)):
        with pytest.raises(ValueError, match="Invalid lifecycle policy"):
            LifecyclePolicy.from_json(text)
    else:
        assert len(document["rules"]) == len(LifecyclePolicy.from_json(text).rules)


@given(texts_near_json())
def test_text_is_a_policy_or_refused(text: str) -> None:
    """Any text is a policy that reads back as itself, or raises a ValueError, nothing else."""
    try:
        policy = LifecyclePolicy.from_json(text)
    except ValueError:
        return
    assert policy == LifecyclePolicy.from_json(policy.to_json())
