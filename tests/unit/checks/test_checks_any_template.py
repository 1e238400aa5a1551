"""Laws that hold for any template: no crash, no resource that is not there, one answer."""

import copy
import json
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.checks import RULES, Config, Template, check
from ecr_constructs.checks.selection import select
from tests.support.rule_examples import EXAMPLES

Place = tuple[str | int, ...]

SOUND = [
    json.dumps([dict(item.body) for item in example.sound])
    for rule, example in EXAMPLES.items()
    if rule != "ECR603"
]
WORDS = st.sampled_from(
    [
        *("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::If", "Fn::FindInMap", "AWS::NoValue"),
        *("Api", "Key", "Arn", "${Api.Arn}", "*", "ecr:*", "Allow", "MUTABLE", "KMS", "true"),
        *("AWS::ECR::Repository", "AWS::ECR::ReplicationConfiguration", "AWS::KMS::Key"),
        *("AWS::IAM::Role", "AWS::SNS::TopicPolicy", "AWS::Events::Rule", "${Token[9.Api.Arn]}"),
        *("Properties", "Type", "Condition", "Metadata", "DependsOn", "Statement", "Principal"),
    ]
)
TEXTS = WORDS | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=32) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield every place below a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        yield (*place, key)
        if isinstance(item, dict | list):
            yield from places(item, (*place, key))


def at(value: Any, place: tuple[Any, ...]) -> Any:
    """Return what stands at a place."""
    return reduce(getitem, place, value)


@st.composite
def damaged(draw: st.DrawFn) -> list[Template]:
    """Draw sound templates of which any part is gone, or is something else."""
    bodies: Any = json.loads(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(1, 4))):
        all_of = list(places(bodies))
        place = draw(st.sampled_from(all_of))
        if len(place) == 1:
            continue
        parent: Any = at(bodies, place[:-1])
        last: Any = place[-1]
        how = draw(st.sampled_from(["remove", "replace", "rename", "repeat"]))
        if how == "remove":
            del parent[last]
        elif how == "replace":
            parent[last] = draw(JSON)
        elif how == "rename" and isinstance(parent, dict):
            parent[draw(TEXTS)] = parent.pop(last)
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
    regions = st.sampled_from(["eu-central-1", "us-east-1", None])
    return [
        Template(f"t{number}", body, draw(st.sampled_from(["111122223333", None])), draw(regions))
        for number, body in enumerate(bodies)
        if isinstance(body, dict)
    ]


@given(damaged())
def test_any_template_is_judged(templates: list[Template]) -> None:
    """Whatever stands in a template is judged, and each finding names a resource of it."""
    findings = check(templates)
    bodies = {template.name: template.body for template in templates}

    for item in findings:
        resources = bodies[item.template].get("Resources") or {}
        assert item.resource == "" or item.resource in resources
        assert item.rule in RULES
        assert item.message
    assert findings == check(templates)


@given(JSON)
def test_any_json_is_judged(body: Any) -> None:
    """Even what is hardly a template does not end in a traceback."""
    check([Template("t", body if isinstance(body, dict) else {"Resources": body})])


@pytest.mark.parametrize(
    "rule", [item for item in RULES if item not in ("ECR603", "ECR604", "ECR901")]
)
def test_order_of_resources_does_not_matter(rule: str) -> None:
    """The same resources in another order have the same findings, unless one came first."""
    given_ = EXAMPLES[rule].faulty

    def turned(template: Template) -> Template:
        resources = dict(reversed(template.body["Resources"].items()))
        body = {**template.body, "Resources": resources}
        return Template(template.name, body, template.account, template.region)

    config = Config(select=select(["default", rule]))
    assert check(given_, config=config) == check(list(map(turned, given_)), config=config)
