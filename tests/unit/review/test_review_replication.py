"""Changes of replication, and the graph of both sides."""

import re
from typing import Any

import pytest

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.resource_types import REPLICATION
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.report.mermaid import graph
from ecr_constructs.review.analyzers.replication import Edge, changes, edges
from ecr_constructs.review.comparison import Comparison
from tests.support.compared import sides
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HOME,
    PARTNER,
    api,
    creation_template,
    repository,
    resource,
    template,
)

Json = Any
API = repository(RepositoryName="payments/api")
WEST, EAST = "/".join(ELSEWHERE), "/".join(PARTNER)
THIRD = ("111122223333", "eu-west-3")


def to(*destinations: tuple[str, str], only: tuple[str, ...] = (), deleting: Any = ABSENT) -> Json:
    """Return a replication rule."""
    entry = {
        "Destinations": [
            {"RegistryId": account, "Region": region} for account, region in destinations
        ],
        "RepositoryFilters": [{"Filter": prefix, "FilterType": "PREFIX_MATCH"} for prefix in only],
    }
    return entry if deleting is ABSENT else {**entry, "DeleteReplication": {"Enabled": deleting}}


def copying(*rules: Json, **others: Json) -> Json:
    """Return a replication configuration, and what is beside it."""
    configuration = {"ReplicationConfiguration": {"Rules": list(rules)}}
    return {"Replication": resource(REPLICATION, configuration), **others}


def scope(place: str, *repositories: str, deletions: tuple[str, ...] = ()) -> Json:
    """Return what is replicated to a destination, as a change lists it."""
    return {"destination": place, "repositories": [*repositories], "deletions": [*deletions]}


def reported(before: Json, after: Json, at: Any = HOME) -> list[tuple[Any, ...]]:
    """Return severity and both sides of each change of replication."""
    listed = changes_of(changes, before, after, at)
    assert {"replication"} >= {change.kind for change in listed}
    return [(change.severity, change.before, change.after) for change in listed]


ALL = to(ELSEWHERE)
PAYMENTS, WEB = to(ELSEWHERE, only=("payments/",)), to(ELSEWHERE, only=("web/",))
BOTH = to(ELSEWHERE, only=("payments/", "web/"))
ALL_WEST, PAYMENTS_WEST = scope(WEST, "*"), scope(WEST, "payments/*")
BOTH_WEST = scope(WEST, "payments/*", "web/*")
MANY_WEB = to(ELSEWHERE, only=("web/", "web/app", "payments/a"))
# Fewer replications, more of them, and both sides of the destination that changes.
CASES: dict[str, tuple[Json, Json, Json, Json]] = {
    "a destination": (copying(ALL), copying(to(ELSEWHERE, PARTNER)), None, scope(EAST, "*")),
    "all of it": ({}, copying(PAYMENTS), None, PAYMENTS_WEST),
    "another prefix": (copying(PAYMENTS), copying(PAYMENTS, MANY_WEB), PAYMENTS_WEST, BOTH_WEST),
    "no prefix": (copying(BOTH), copying(ALL), BOTH_WEST, ALL_WEST),
}


@pytest.mark.parametrize("case", CASES)
def test_replication_that_starts_one_way_stops_the_other(case: str) -> None:
    """To begin is a note; to end takes something away."""
    less, more, old, new = CASES[case]

    # An account that gets copies keeps them.
    severity = "warning" if new["destination"] == EAST else "note"
    assert [(severity, old, new)] == reported(less, more)
    assert [("warning", new, old)] == reported(more, less)


SAME = {
    "the order of rules": (copying(PAYMENTS, WEB), copying(WEB, PAYMENTS)),
    "two rules in one": (copying(PAYMENTS, WEB), copying(BOTH)),
    "two destinations in one": (copying(ALL, to(PARTNER)), copying(to(PARTNER, ELSEWHERE))),
    "a prefix within another": (copying(ALL), copying(ALL, PAYMENTS)),
    "deletions that are not replicated": (copying(ALL), copying(to(ELSEWHERE, deleting=False))),
}


@pytest.mark.parametrize("case", SAME)
def test_equivalent_rules_are_no_change(case: str) -> None:
    """However they are written."""
    assert [] == reported(*SAME[case])


def test_new_destination_with_deletions() -> None:
    """Deletions are part of what starts; a new configuration is reported as a whole."""
    [change] = changes_of(changes, {}, copying(to(ELSEWHERE, only=("web/",), deleting="true")))
    [widened] = changes_of(changes, copying(PAYMENTS), copying(ALL))

    assert (None, scope(WEST, "web/*", deletions=("web/*",))) == (change.before, change.after)
    assert ("new-images-only", "deletions-replicated") == change.codes
    assert (2, ()) == (len(change.details), change.properties)
    assert ("ReplicationConfiguration",) == widened.properties


def test_affected_repositories_are_named() -> None:
    """Those of the app and the registry that were copied and are not."""
    apps = {"Api": API, "Web": repository(RepositoryName="web"), "Nameless": repository()}
    [change] = changes_of(changes, copying(ALL, **apps), copying(PAYMENTS, **apps))
    [back] = changes_of(changes, copying(PAYMENTS, **apps), copying(ALL, **apps))

    assert ("affects web",) == change.codes
    assert ("affects web", "new-images-only", "settings-unknown") == back.codes
    assert "except payments/*" in change.summary
    assert "web" in change.details[0]


DELETING = to(ELSEWHERE, only=("payments/",), deleting=True)
DELETING_WEST = scope(WEST, "payments/*", deletions=("payments/*",))


@pytest.mark.parametrize(
    ("beside", "severity", "at"),
    [
        ({"Api": API}, "error", HOME),
        ({"Web": repository(RepositoryName="web")}, "warning", HOME),
        (api(RepositoryName="payments/api", LifecyclePolicy={}), "warning", HOME),
        (api(RepositoryName="payments/api", LifecyclePolicy={"Ref": "It"}), "warning", HOME),
        ({"Api": API}, "error", (None, None)),
    ],
    ids=["a policy deletes", "of others", "nothing is deleted", "unknown", "an unknown account"],
)
def test_replicated_deletions_lose_images(beside: Json, severity: str, at: Any) -> None:
    """It is an error if a lifecycle policy deletes images without anyone's action."""
    without, deleting = copying(PAYMENTS, **beside), copying(DELETING, **beside)

    assert [(severity, PAYMENTS_WEST, DELETING_WEST)] == reported(without, deleting, at)
    assert [("note", DELETING_WEST, PAYMENTS_WEST)] == reported(deleting, without, at)


GUARDED = repository(
    RepositoryName="payments/api",
    EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:…"},
    RepositoryPolicyText={"Statement": []},
)
BARE = creation_template(ImageTagMutability=ABSENT, LifecyclePolicy=ABSENT)
TRAITS = "immutable tags, customer managed key, lifecycle policy, repository policy"


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ({}, [f"undefined {TRAITS}"]),
        ({"Api": API}, ["lacks customer managed key, repository policy"]),
        ({"Web": BARE}, [f"lacks {TRAITS}"]),
        ({"Api": GUARDED}, []),
    ],
    ids=["nothing there", "a weaker repository", "a weaker template", "the same"],
)
def test_settings_that_new_replicas_lack(there: Json, code: list[str]) -> None:
    """A replica gets the image and nothing else."""
    base, head = (
        TemplateSet([template(here, name="home"), template(there, ELSEWHERE, "there")])
        for here in ({"Api": GUARDED}, copying(ALL, Api=GUARDED))
    )
    [change] = changes(Comparison(base, head))

    assert ("affects payments/api", "new-images-only", *code) == change.codes
    assert all("payments/api" in detail for detail in change.details[2:])


def renamed(name: Any, *rules: Json) -> Json:
    """Return a repository under another name, and the replication of its registry."""
    return copying(*rules, Api=repository(RepositoryName=name))


def test_new_name_may_be_out_of_reach_of_the_rules() -> None:
    """Rules with prefixes do not recognize the renamed repository."""
    old, new = (renamed(name, PAYMENTS, to(PARTNER)) for name in ("payments/api", "billing/api"))
    [change], [back] = changes_of(changes, old, new), changes_of(changes, new, old)
    here = {"repository": "payments/api", "destinations": [WEST, EAST]}
    there = {"repository": "billing/api", "destinations": [EAST]}

    assert ("warning", "billing/api") == (change.severity, change.repository)
    assert (here, there) == (change.before, change.after)
    assert ("note", there, here) == (back.severity, back.before, back.after)


def test_changed_rules_are_not_reported_for_the_name() -> None:
    """They are reported once, and an unknown name cannot be compared."""
    before = renamed("payments/api", ALL)
    moved = changes_of(changes, before, renamed("billing/api", PAYMENTS))

    assert ["Replication"] == [change.resource for change in moved]
    assert [] == changes_of(changes, before, renamed({"Ref": "Name"}, ALL))


# --- the graph --------------------------------------------------------------------------------

HERE, IRELAND, PARIS = (RegistryId(*place) for place in (HOME, ELSEWHERE, THIRD))


def between(before: Json, after: Json) -> tuple[Edge, ...]:
    """Return the edges of two sides."""
    return edges(Comparison(*sides(before, after)))


def test_replications_are_removed_added_or_kept() -> None:
    """Each prefix is compared by itself, whatever the form of the rules."""
    before = copying(to(ELSEWHERE, only=("web/", "api/")), to(THIRD))
    after = copying(to(ELSEWHERE, only=("api/",)), to(ELSEWHERE, only=("batch/", "jobs/")))

    assert between(before, after) == (
        Edge(HERE, IRELAND, ("web/",), "removed"),
        Edge(HERE, PARIS, ("",), "removed"),
        Edge(HERE, IRELAND, ("batch/", "jobs/"), "added"),
        Edge(HERE, IRELAND, ("api/",), "kept"),
    )
    assert between(after, before)[0] == Edge(HERE, IRELAND, ("batch/", "jobs/"), "removed")
    assert () == between({"Api": API}, {"Api": API})


REACH: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[tuple[str, tuple[str, ...]]]]] = {
    "one repository less": (
        ("payments/",),
        ("payments/ledger", "payments/worker"),
        [("removed", ("payments/",)), ("kept", ("payments/ledger", "payments/worker"))],
    ),
    "a narrower prefix": (("",), ("pay/",), [("removed", ("",)), ("kept", ("pay/",))]),
    "a wider prefix": (("pay/",), (), [("added", ("",)), ("kept", ("pay/",))]),
    "another one": (("a/",), ("b/",), [("removed", ("a/",)), ("added", ("b/",))]),
    "a redundant one": (("a/",), ("a/", "a/b"), [("kept", ("a/",))]),
}


@pytest.mark.parametrize("case", REACH)
def test_edges_are_kept_by_what_they_copy(case: str) -> None:
    """Not by how the prefixes are written."""
    before, after, expected = REACH[case]
    listed = between(copying(to(ELSEWHERE, only=before)), copying(to(ELSEWHERE, only=after)))

    assert expected == [(edge.state, edge.prefixes) for edge in listed]


@pytest.mark.parametrize(
    ("destination", "at", "expected"),
    [
        (PARTNER, HOME, ("warning", "another-account")),
        (ELSEWHERE, HOME, ("note", "new-images-only")),
        (PARTNER, (None, None), ("warning", "account-unknown")),
        (({"Ref": "AWS::AccountId"}, "eu-west-1"), (None, None), ("note", "new-images-only")),
        (({"Ref": "Partner"}, "eu-west-1"), HOME, ("warning", "account-unknown")),
    ],
    ids=["another", "the same", "unknown source", "the own", "a parameter"],
)
def test_copies_in_another_account_are_a_warning(destination: Any, at: Any, expected: Any) -> None:
    """It keeps every image that it gets."""
    [change] = changes_of(changes, copying(), copying(to(destination)), at)

    assert expected == (change.severity, change.codes[0])
    assert "Token[" not in f"{change.summary} {change.details}"


def test_graph_has_a_node_for_each_registry() -> None:
    """Each state has an arrow of its own."""
    before = copying(to(ELSEWHERE, only=("web/",)), to(THIRD))
    after = copying(to(ELSEWHERE, only=("api/",)))

    assert graph(between(before, after)).splitlines() == [
        "```mermaid",
        "graph LR",
        '  n0["111122223333/eu-central-1"]',
        '  n1["111122223333/eu-west-1"]',
        '  n0 -.->|"no longer: web/"| n1',
        "  linkStyle 0 stroke:#cf222e",
        '  n2["111122223333/eu-west-3"]',
        '  n0 -.->|"no longer: everything"| n2',
        "  linkStyle 1 stroke:#cf222e",
        '  n0 ==>|"new: api/"| n1',
        "  linkStyle 2 stroke:#1a7f37",
        "```",
    ]


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
    edges = [Edge(RegistryId(evil, "eu-west-1"), PARIS, (evil, "b/"), "added")]
    first, kind, *lines, last = graph(edges).split("\n")

    assert ("```mermaid", "graph LR", "```") == (first, kind, last)
    assert 4 == len(lines)
    for line in lines:
        assert _LINE.fullmatch(line)
        assert len(line) < 800


def test_large_graph_is_cut() -> None:
    """The last edges are left out, and counted."""
    edges = [Edge(HERE, RegistryId(f"{n:012}", "eu-west-1"), ("",), "kept") for n in range(1000)]
    drawn = graph(edges)

    assert len(drawn) < 25_000
    shown = drawn.count("-->")
    assert drawn.endswith(f"```\n\n{1000 - shown} lines left out.")
    assert 200 < shown < 500
