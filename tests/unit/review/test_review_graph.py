"""The replication between registries, before and after."""

import re
from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.report.mermaid import graph
from ecr_constructs.review import review
from ecr_constructs.review.analyzers.replication import Edge
from tests.support.rule_examples.build import repository

HOME, IRELAND, OHIO = (
    RegistryId("111122223333", region) for region in ("eu-central-1", "eu-west-1", "us-east-2")
)
API = {"Api": repository(RepositoryName="payments/api")}


def replicating(*rules: tuple[RegistryId, list[str]]) -> dict[str, Any]:
    written = [
        {
            "Destinations": [{"RegistryId": to.account, "Region": to.region}],
            "RepositoryFilters": [
                {"Filter": prefix, "FilterType": "PREFIX_MATCH"} for prefix in prefixes
            ],
        }
        for to, prefixes in rules
    ]
    return {
        "Replication": {
            "Type": "AWS::ECR::ReplicationConfiguration",
            "Properties": {"ReplicationConfiguration": {"Rules": written}},
        }
    }


def between(before: dict[str, Any], after: dict[str, Any]) -> tuple[Edge, ...]:
    sides = (
        TemplateSet([Template("Prod", {"Resources": resources}, HOME.account, HOME.region)])
        for resources in (before, after)
    )
    return review(*sides).replication


def test_replications_are_removed_added_or_kept() -> None:
    """Each prefix is compared by itself, whatever the form of the rules."""
    before = replicating((IRELAND, ["web/", "api/"]), (OHIO, []))
    after = replicating((IRELAND, ["api/"]), (IRELAND, ["batch/", "jobs/"]))

    assert between(before, after) == (
        Edge(HOME, IRELAND, ("web/",), "removed"),
        Edge(HOME, OHIO, ("",), "removed"),
        Edge(HOME, IRELAND, ("batch/", "jobs/"), "added"),
        Edge(HOME, IRELAND, ("api/",), "kept"),
    )
    assert between(after, before)[0] == Edge(HOME, IRELAND, ("batch/", "jobs/"), "removed")


def test_no_replication() -> None:
    """There is no edge."""
    assert () == between(API, API)


def test_the_graph() -> None:
    """A registry is a node, and what changes has an arrow of its own."""
    edges = between(replicating((IRELAND, ["web/"]), (OHIO, [])), replicating((IRELAND, ["api/"])))

    assert graph(edges) == (
        "```mermaid\n"
        "graph LR\n"
        '  n0["111122223333/eu-central-1"]\n'
        '  n1["111122223333/eu-west-1"]\n'
        '  n0 -.->|"no longer: web/"| n1\n'
        "  linkStyle 0 stroke:#cf222e\n"
        '  n2["111122223333/us-east-2"]\n'
        '  n0 -.->|"no longer: everything"| n2\n'
        "  linkStyle 1 stroke:#cf222e\n"
        '  n0 ==>|"new: api/"| n1\n'
        "  linkStyle 2 stroke:#1a7f37\n"
        "```"
    )


# https://mermaid.js.org/syntax/flowchart.html, as far as it is used; #35; is an entity.
_TEXT = r'"(?:[\w ,./:*-]|#\d+;)+"'
_LINE = re.compile(
    rf"  (?:n\d+\[{_TEXT}\]|n\d+ (?:-->|==>|-\.->)\|{_TEXT}\| n\d+|linkStyle \d+ stroke:#\w{{6}})",
    re.ASCII,
)


@pytest.mark.parametrize(
    "evil", ['"] --> x["', "```\n</details>", "a|b", "#quot;", "\u202e\x00", "x" * 500, "é"]
)
def test_no_text_of_a_template_is_syntax(evil: str) -> None:
    """A label is text, whatever is in it."""
    edges = [Edge(RegistryId(evil, "eu-west-1"), OHIO, (evil, "b/"), "added")]
    first, kind, *lines, last = graph(edges).split("\n")

    assert ("```mermaid", "graph LR", "```") == (first, kind, last)
    assert 4 == len(lines)
    for line in lines:
        assert _LINE.fullmatch(line)
        assert len(line) < 800


def test_large_graph_is_cut() -> None:
    """The last edges are left out, and counted."""
    edges = [
        Edge(HOME, RegistryId(f"{number:012}", "eu-west-1"), ("",), "kept")
        for number in range(1000)
    ]
    drawn = graph(edges)

    assert len(drawn) < 25_000
    shown = drawn.count("-->")
    assert drawn.endswith(f"```\n\n{1000 - shown} lines left out.")
    assert 200 < shown < 500
