"""Changes of replication."""

from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.resource_types import REPLICATION
from ecr_constructs.review import Change
from ecr_constructs.review.analyzers.replication import changes
from ecr_constructs.review.comparison import Comparison
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HOME,
    PARTNER,
    creation_template,
    policy_text,
    repository,
    resource,
    rule,
)

Json = Any
REGISTRY = f"registry {'/'.join(HOME)}"
STAY = "images pushed from now on are not copied; existing replicas stay"
LATER = "Only images pushed from now on are copied."
UNKNOWN = "This app has no stack there, so the settings of the replicas are unknown."
API = repository(RepositoryName="payments/api")
WEST = "/".join(ELSEWHERE)


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


def severities_and_summaries(reported: list[Change]) -> list[tuple[str, str]]:
    """Return severity and summary."""
    assert {"replication"} >= {change.kind for change in reported}
    return [(change.severity, change.summary) for change in reported]


ALL = to(ELSEWHERE)
PAYMENTS = to(ELSEWHERE, only=("payments/",))
BOTH = to(ELSEWHERE, only=("payments/", "web/"))
CASES = {
    "a destination": (
        copying(ALL),
        copying(to(ELSEWHERE, PARTNER)),
        "replication to 444455556666/eu-central-1 starts (all repositories)",
        f"replication to 444455556666/eu-central-1 stops (all repositories): {STAY}",
    ),
    "all of it": (
        {},
        copying(PAYMENTS),
        "replication to eu-west-1 starts (repositories payments/*)",
        f"replication to eu-west-1 stops (repositories payments/*): {STAY}",
    ),
    "another prefix": (
        copying(PAYMENTS),
        copying(PAYMENTS, to(ELSEWHERE, only=("web/", "web/app", "payments/a"))),
        "repositories web/* are also replicated to eu-west-1",
        f"repositories web/* are no longer replicated to eu-west-1: {STAY}",
    ),
    "no prefix": (
        copying(BOTH),
        copying(ALL),
        "all repositories are also replicated to eu-west-1",
        (
            "all repositories are no longer replicated to eu-west-1, except payments/* and web/*: "
            f"{STAY}"
        ),
    ),
}


@pytest.mark.parametrize(("less", "more", "started", "stopped"), CASES.values(), ids=list(CASES))
def test_what_starts_one_way_stops_the_other(
    less: Json, more: Json, started: str, stopped: str
) -> None:
    """To begin is a note; to end takes something away."""
    assert [("note", f"{REGISTRY}: {started}")] == severities_and_summaries(
        changes_of(changes, less, more)
    )
    assert [("warning", f"{REGISTRY}: {stopped}")] == severities_and_summaries(
        changes_of(changes, more, less)
    )


SAME = {
    "the order of rules": (
        copying(PAYMENTS, to(ELSEWHERE, only=("web/",))),
        copying(to(ELSEWHERE, only=("web/",)), PAYMENTS),
    ),
    "two rules in one": (copying(PAYMENTS, to(ELSEWHERE, only=("web/",))), copying(BOTH)),
    "two destinations in one": (copying(ALL, to(PARTNER)), copying(to(PARTNER, ELSEWHERE))),
    "a prefix within another": (copying(ALL), copying(ALL, PAYMENTS)),
    "deletions that are not replicated": (copying(ALL), copying(to(ELSEWHERE, deleting=False))),
}


@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=list(SAME))
def test_rules_that_come_to_the_same_say_nothing(before: Json, after: Json) -> None:
    """However they are written."""
    assert [] == changes_of(changes, before, after)


def test_both_sides_of_a_destination_are_told() -> None:
    """What is copied there, and whose deletions; nothing if it is no destination."""
    [change] = changes_of(changes, {}, copying(to(ELSEWHERE, only=("web/",), deleting="true")))
    [widened] = changes_of(changes, copying(PAYMENTS), copying(ALL))

    assert change.before is None
    assert {
        "destination": WEST,
        "repositories": ["web/*"],
        "deletions": ["web/*"],
    } == change.after
    assert "Deletions are replicated." in change.details
    assert () == change.properties
    assert {"destination": WEST, "repositories": ["*"], "deletions": []} == widened.after
    assert ("ReplicationConfiguration",) == widened.properties


def test_the_repositories_that_are_filtered_away_are_named() -> None:
    """Those that were copied and are not, of the app and the registry."""
    apps = {
        "Api": API,
        "Web": repository(RepositoryName="web"),
        "Nameless": repository(),
    }
    [change] = changes_of(changes, copying(ALL, **apps), copying(PAYMENTS, **apps))
    [back] = changes_of(changes, copying(PAYMENTS, **apps), copying(ALL, **apps))

    assert ("Affected repositories of this app: web.",) == change.details
    assert ("Affected repositories of this app: web.", LATER, UNKNOWN) == back.details


DELETING = to(ELSEWHERE, only=("payments/",), deleting=True)
ON = (
    f"{REGISTRY}: deletions in repositories payments/* are replicated to eu-west-1: "
    "images deleted here, manually or by a lifecycle policy, are deleted there too"
)
OFF = f"{REGISTRY}: deletions in repositories payments/* are no longer replicated to eu-west-1"


@pytest.mark.parametrize(
    ("beside", "severity"),
    [
        ({"Api": API}, "error"),
        ({"Web": repository(RepositoryName="web")}, "warning"),
        ({"Api": repository(RepositoryName="payments/api", LifecyclePolicy={})}, "warning"),
        (
            {"Api": repository(RepositoryName="payments/api", LifecyclePolicy={"Ref": "Policy"})},
            "warning",
        ),
    ],
    ids=["a policy deletes", "of others", "nothing is deleted", "it is not known"],
)
def test_deletions_that_are_replicated_lose_images(beside: Json, severity: str) -> None:
    """An error where a lifecycle policy deletes without anybody's doing."""
    reported = changes_of(changes, copying(PAYMENTS, **beside), copying(DELETING, **beside))
    back = changes_of(changes, copying(DELETING, **beside), copying(PAYMENTS, **beside))

    assert [(severity, ON)] == severities_and_summaries(reported)
    assert [("note", OFF)] == severities_and_summaries(back)


# --- what replicas lack -----------------------------------------------------------------------

GUARDED = repository(
    RepositoryName="payments/api",
    EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:…"},
    RepositoryPolicyText={"Statement": []},
)


def begun(there: Json) -> tuple[str, ...]:
    """Return the details about a replica, given the resources at its destination."""
    base, head = (
        TemplateSet(
            [
                Template("home", {"Resources": resources}, *HOME),
                Template("there", {"Resources": there}, *ELSEWHERE),
            ]
        )
        for resources in ({"Api": GUARDED}, copying(ALL, Api=GUARDED))
    )
    [change] = changes(Comparison(base, head))
    return change.details[2:]


BARE = creation_template(ImageTagMutability=ABSENT, LifecyclePolicy=ABSENT)


@pytest.mark.parametrize(
    ("there", "detail"),
    [
        (
            {},
            (
                "Replicas of payments/api have no immutable tags, customer managed key, lifecycle "
                "policy and repository policy: the app defines neither a repository nor a creation "
                "template for them."
            ),
        ),
        (
            {"Api": API},
            "Replicas of payments/api have no customer managed key and repository policy.",
        ),
        (
            {"Web": BARE},
            (
                "Replicas of payments/api have no immutable tags, customer managed key, lifecycle "
                "policy and repository policy."
            ),
        ),
        ({"Api": GUARDED}, None),
    ],
    ids=["nothing there", "a weaker repository", "a weaker template", "the same"],
)
def test_what_new_replicas_lack_is_said(there: Json, detail: str | None) -> None:
    """Nothing but the image travels."""
    assert ((detail,) if detail else ()) == begun(there)


# --- renamed repositories ---------------------------------------------------------------------


def renamed(name: Any) -> Json:
    """Return a repository under another name."""
    return {"Api": repository(RepositoryName=name)}


def test_a_new_name_may_be_out_of_reach_of_the_rules() -> None:
    """Replication by prefix does not know that it is the same repository."""
    rules = copying(PAYMENTS, to(PARTNER))
    [change] = changes_of(
        changes, {**rules, **renamed("payments/api")}, {**rules, **renamed("billing/api")}
    )
    [back] = changes_of(
        changes, {**rules, **renamed("billing/api")}, {**rules, **renamed("payments/api")}
    )

    assert (
        "warning",
        f"billing/api: under its new name it is no longer replicated to eu-west-1: {STAY}",
        "billing/api",
    ) == (change.severity, change.summary, change.repository)
    assert {
        "repository": "payments/api",
        "destinations": [WEST, "444455556666/eu-central-1"],
    } == change.before
    assert {
        "repository": "billing/api",
        "destinations": ["444455556666/eu-central-1"],
    } == change.after
    assert [
        ("note", "payments/api: under its new name it is replicated to eu-west-1")
    ] == severities_and_summaries([back])


def test_what_the_rules_take_away_is_not_said_of_the_name() -> None:
    """Once is enough, and a name that is not known cannot be changes_of."""
    before = {**copying(ALL), **renamed("payments/api")}
    moved = changes_of(changes, before, {**copying(PAYMENTS), **renamed("billing/api")})
    unknown = changes_of(changes, before, {**copying(ALL), **renamed({"Ref": "Name"})})

    assert ["Replication"] == [change.resource for change in moved]
    assert [] == unknown


def test_deletions_are_judged_where_the_account_is_not_known() -> None:
    """A stack for any account is its own registry."""
    expiring = repository(
        RepositoryName="payments/api",
        LifecyclePolicy={"LifecyclePolicyText": policy_text(rule(1, tagStatus="any", days=1))},
    )
    reported = changes_of(
        changes,
        copying(PAYMENTS, Api=expiring),
        copying(DELETING, Api=expiring),
        (None, None),
    )

    [(severity, summary)] = severities_and_summaries(reported)
    assert "error" == severity
    assert summary.startswith("registry of Prod: deletions in repositories payments/* are")
    assert f"replicated to {WEST}" in summary
