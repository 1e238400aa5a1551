"""Hypothesis strategies: near misses, valid lifecycle policies, and damaged ones.

Rules are written as ECR's JSON from the grammar that AWS documents, not through the model, so
that the model is not tested against itself.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from ecr_constructs import LifecyclePolicy, LifecycleRule

Json = Any
Path = tuple[str | int, ...]

# --- near misses ------------------------------------------------------------------------------


def near_misses(
    *, max_size: int, pads: list[int], more: Sequence[str] = ()
) -> st.SearchStrategy[str]:
    """Texts that are names, prefixes or filters, or nearly: a few pieces, and letters to pad."""
    pieces = ["a", "b0", ".", "_", "-", "--", "/", "A", "*", " ", "\n", "ä", *more]
    texts = st.lists(st.sampled_from(pieces), max_size=max_size).map("".join) | st.just("ROOT")
    return st.builds(lambda text, pad: text + "a" * pad, texts, st.sampled_from(pads))


def near_miss_names() -> st.SearchStrategy[str]:
    """Texts that are repository names, or nearly."""
    return near_misses(max_size=12, pads=[0, 1, 244, 255], more=["__", ":"])


def near_miss_filters() -> st.SearchStrategy[str]:
    """Texts of at most two wildcards that are mutability exclusion filters, or nearly."""
    pieces = ["a", "Z", "0", ".", "_", "-", "*", "/", " ", "\n", "ä", "a" * 124]
    texts = st.lists(st.sampled_from(pieces), max_size=6).map("".join)
    return texts.filter(lambda text: text.count("*") <= 2)


# --- valid lifecycle policies -----------------------------------------------------------------

_COUNTS = st.integers(1, 10**6)
_TAG_CHARACTERS = "abcXYZ019._-"
_PREFIXES = st.lists(st.text(_TAG_CHARACTERS, min_size=1, max_size=12), min_size=1, max_size=3)
_PATTERNS = st.lists(
    st.text(f"{_TAG_CHARACTERS}*", min_size=1, max_size=12).filter(lambda p: p.count("*") <= 4),
    min_size=1,
    max_size=3,
)
_EXPIRE = {"type": "expire"}
_ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
_ACTIONS = st.sampled_from([_EXPIRE, _ARCHIVE])
_DESCRIPTIONS = st.text(st.characters(codec="utf-8"), max_size=20)


def tag_selections() -> st.SearchStrategy[Json]:
    """The tag keys of a selection."""
    return st.one_of(
        st.sampled_from([{"tagStatus": "untagged"}, {"tagStatus": "any"}]),
        _PREFIXES.map(lambda prefixes: {"tagStatus": "tagged", "tagPrefixList": prefixes}),
        _PATTERNS.map(lambda patterns: {"tagStatus": "tagged", "tagPatternList": patterns}),
    )


def counts_and_actions() -> st.SearchStrategy[Json]:
    """The other keys of a selection, and an action that ECR accepts with them."""
    images = _COUNTS.map(lambda n: {"countType": "imageCountMoreThan", "countNumber": n})
    return st.one_of(
        st.tuples(st.one_of(images, _days("sinceImagePushed", _COUNTS)), _ACTIONS),
        st.tuples(_days("sinceImagePulled", _COUNTS), st.just(_ARCHIVE)),
        st.tuples(
            _days("sinceImageTransitioned", st.integers(90, 10**6), storageClass="archive"),
            st.just(_EXPIRE),
        ),
    )


def _days(
    count_type: str, numbers: st.SearchStrategy[int], **more: str
) -> st.SearchStrategy[dict[str, Json]]:
    return numbers.map(
        lambda n: {"countType": count_type, "countUnit": "days", "countNumber": n, **more}
    )


def _rule(tags: Json, count_and_action: Json, description: str | None) -> Json:
    count, action = count_and_action
    optional = {} if description is None else {"description": description}
    return {**optional, "selection": {**tags, **count}, "action": dict(action)}


def rule_documents() -> st.SearchStrategy[Json]:
    """Valid rules as ECR's JSON, without a priority."""
    return st.builds(_rule, tag_selections(), counts_and_actions(), st.none() | _DESCRIPTIONS)


def rules() -> st.SearchStrategy[LifecycleRule]:
    """Valid rules, without a priority."""
    return rule_documents().map(LifecycleRule.from_dict)


def storage_class(rule: Json) -> str:
    """Return the storage class of a rule."""
    return str(rule["selection"].get("storageClass", "standard"))


def _selected_once(rule: Json) -> object:
    """Return the key that must be unique among the rules of a policy."""
    selection = rule["selection"]
    status = selection["tagStatus"]
    if status == "tagged" and "tagPatternList" in selection:
        return object()
    return (storage_class(rule), status, frozenset(selection.get("tagPrefixList", ())))


@st.composite
def listed_rules(draw: st.DrawFn) -> list[Json]:
    """Draw rules without priorities that are a valid policy in their order."""
    return draw(st.lists(rule_documents(), max_size=5, unique_by=_selected_once))


@st.composite
def documents(draw: st.DrawFn) -> Json:
    """Draw a valid policy with a rule as ECR's JSON: gaps, and rules in any order."""
    listed = draw(listed_rules().filter(bool))
    listed.sort(key=lambda rule: rule["selection"]["tagStatus"] == "any")
    gaps = draw(st.lists(st.integers(1, 100), min_size=len(listed), max_size=len(listed)))
    numbered = [
        {"rulePriority": sum(gaps[: index + 1]), **rule} for index, rule in enumerate(listed)
    ]
    return {"rules": draw(st.permutations(numbered))}


def policies() -> st.SearchStrategy[LifecyclePolicy]:
    """Valid policies, numbered by the model, including the empty one."""
    return listed_rules().map(lambda listed: LifecyclePolicy(*map(LifecycleRule.from_dict, listed)))


# --- damage -----------------------------------------------------------------------------------

_OPTIONAL = {"description"}
_OTHER_TYPES: list[Json] = [True, 1.5, "x", -7, [], ["x"], [None], {}, {"x": 1}]
_OUT_OF_RANGE: dict[str, list[Json]] = {
    "rulePriority": [0, -1],
    "countNumber": [0, -1],
    "tagStatus": ["TAGGED", "all", ""],
    "countType": ["sinceImageDeleted", "sinceimagepushed"],
    "countUnit": ["hours", "day"],
    "storageClass": ["glacier"],
    "type": ["delete", "EXPIRE"],
    "targetStorageClass": ["standard", "ARCHIVE"],
    "tagPatternList": [[""], ["*****"]],
    "tagPrefixList": [[""], []],
}


def _paths(value: Json, at: Path = ()) -> Iterator[Path]:
    if at:
        yield at
    keys: Any = value if isinstance(value, dict) else ()
    keys = range(len(value)) if isinstance(value, list) else keys
    for key in keys:
        yield from _paths(value[key], (*at, key))


def _at(document: Json, path: Path) -> Json:
    for key in path:
        document = document[key]
    return document


@st.composite
def damaged_documents(draw: st.DrawFn) -> Json:
    """Draw a policy with one error: a key missing, null, unknown, of a wrong type or range."""
    document = copy.deepcopy(draw(documents()))
    path = draw(st.sampled_from(list(_paths(document))))
    parent, key = _at(document, path[:-1]), path[-1]
    value = parent[key]
    ways = ["null", "type"]
    if isinstance(parent, dict):
        ways += ["unknown"] + ["drop"] * (key not in _OPTIONAL) + ["range"] * (key in _OUT_OF_RANGE)
    match draw(st.sampled_from(ways)):
        case "drop":
            del parent[key]
        case "null":
            parent[key] = None
        case "unknown":
            parent[f"{key}s"] = value
        case "range":
            parent[key] = draw(st.sampled_from(_OUT_OF_RANGE[str(key)]))
        case _:
            values = [item for item in _OTHER_TYPES if type(item) is not type(value)]
            parent[key] = draw(st.sampled_from(values))
    return document


_WORDS = st.sampled_from(
    [
        *("rules", "rulePriority", "description", "selection", "action"),
        *("tagStatus", "tagPatternList", "tagPrefixList", "storageClass"),
        *("countType", "countUnit", "countNumber", "type", "targetStorageClass"),
        *("tagged", "untagged", "any", "standard", "archive", "days", "expire", "transition"),
        *("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"),
    ]
)


def near_miss_json() -> st.SearchStrategy[Json]:
    """Any JSON, often with the words of the grammar."""
    texts = _WORDS | st.text(max_size=5)
    leaves = st.none() | st.booleans() | st.integers() | st.floats(width=32) | texts
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=6),
        max_leaves=20,
    )


@st.composite
def near_miss_documents(draw: st.DrawFn) -> Json:
    """Draw a valid policy with some part, or the whole, replaced by any JSON."""
    document = {"whole": copy.deepcopy(draw(documents()))}
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(_paths(document))))
        _at(document, path[:-1])[path[-1]] = draw(near_miss_json())
    return document["whole"]


def texts_near_json() -> st.SearchStrategy[str]:
    """JSON texts of all kinds, and texts that are not JSON."""
    whole = near_miss_documents().map(json.dumps)
    cut = st.builds(lambda text, at: text[: at % (len(text) + 1)], whole, st.integers(0, 2000))
    return st.one_of(whole, cut, st.text(max_size=30))
