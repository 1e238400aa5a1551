"""Replication rules: what ECR accepts, how they are joined, and what chains do not replicate."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.names import covers
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import (
    ReplicationRule,
    destination_errors,
    merge_rules,
    replication_errors,
    unreached_destinations,
)
from tests.support.errors import rejection_test

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
KNOWN = ["eu-central-1", "eu-west-1", "us-east-1", "us-gov-west-1", "cn-north-1"]
HERE = RegistryId(ACCOUNT, "eu-central-1")
THERE = RegistryId(ACCOUNT, "eu-west-1")
FAR = RegistryId(ACCOUNT, "us-east-1")
TOKEN = "${Token[Value.1]}"
UNRESOLVED = RegistryId(TOKEN, TOKEN)


def rule(*prefixes: str, to: RegistryId = THERE, deletions: bool = False) -> ReplicationRule:
    """Return a rule with one destination."""
    return ReplicationRule(frozenset(prefixes), frozenset({to}), deletions)


def to_many(count: int, *prefixes: str) -> ReplicationRule:
    """Return a rule with that many destinations."""
    destinations = frozenset(RegistryId(f"{number:012}", "eu-west-1") for number in range(count))
    return ReplicationRule(frozenset(prefixes), destinations)


DESTINATIONS: dict[str, tuple[Any, ...]] = {
    "another Region": ((THERE, HERE),),
    "the same Region of another account": ((RegistryId(OTHER_ACCOUNT, "eu-central-1"), HERE),),
    "itself": ((HERE, HERE), "is-source"),
    "an unknown Region": ((RegistryId(ACCOUNT, "eu-centre-1"), HERE), "region"),
    "another partition": ((RegistryId(ACCOUNT, "us-gov-west-1"), HERE), "partition"),
    "an unknown Region elsewhere": (
        (RegistryId(ACCOUNT, "cn-mars-1"), HERE),
        "region",
        "partition",
    ),
    "a deploy-time Region": ((RegistryId(ACCOUNT, TOKEN), HERE),),
    "a deploy-time account": ((RegistryId(TOKEN, "eu-central-1"), HERE),),
    "from a deploy-time Region": ((THERE, UNRESOLVED),),
    "a deploy-time registry itself": ((UNRESOLVED, UNRESOLVED), "is-source"),
}
test_destination = rejection_test(
    lambda there, source: destination_errors(there, source, KNOWN),
    DESTINATIONS,
    prefix="replication-destination-",
)


LIMITS: dict[str, tuple[Any, ...]] = {
    "nothing": ([],),
    "a rule": ([rule("payments/")],),
    "everything": ([rule()],),
    "25 rules": ([rule(f"team{n}/") for n in range(25)],),
    "26 rules": ([rule(f"team{n}/") for n in range(26)], "replication-rule-count"),
    "25 destinations": ([to_many(25)],),
    "26 destinations": ([to_many(26)], "replication-destination-count"),
    "26 destinations of two rules": (
        [to_many(25), rule("ab", to=HERE)],
        "replication-destination-count",
    ),
    "25 destinations twice": ([to_many(25), to_many(25, "ab")],),
    "101 destinations": (
        [to_many(101)],
        "replication-destination-count",
        "replication-rule-destination-count",
    ),
    "no destination": ([to_many(0, "ab")], "replication-destination-missing"),
    "100 prefixes": ([rule(*(f"team{n}/" for n in range(100)))],),
    "101 prefixes": ([rule(*(f"team{n}/" for n in range(101)))], "replication-prefix-count"),
    "an invalid prefix": ([rule("a", "ab")], "prefix-length"),
    "a deploy-time prefix": ([rule(TOKEN)],),
    "with and without deletions": (
        [rule("ab", "aa"), rule("aa", "ab", deletions=True)],
        "replication-deletions-conflict",
    ),
    "deletions in one of two destinations": ([rule("ab"), rule("ab", to=FAR, deletions=True)],),
}
test_limits = rejection_test(replication_errors, LIMITS)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (rule(), "everything to 111122223333/eu-west-1"),
        (rule("b/", "a/"), "a/, b/ to 111122223333/eu-west-1"),
        (
            ReplicationRule(frozenset({"a/"}), frozenset({FAR, THERE})),
            "a/ to 111122223333/eu-west-1, 111122223333/us-east-1",
        ),
    ],
)
def test_text(rule: ReplicationRule, text: str) -> None:
    assert text == str(rule)


# --- laws -------------------------------------------------------------------------------------


def prefix_sets() -> st.SearchStrategy[frozenset[str]]:
    """Small sets of prefixes that often overlap; the empty one copies all."""
    return st.frozensets(st.sampled_from(["aa", "aa/", "aa/b", "bb/"]), max_size=2)


def rules() -> st.SearchStrategy[list[ReplicationRule]]:
    """Rules of which many apply to the same repositories."""
    registries = st.frozensets(st.sampled_from([HERE, THERE, FAR]), min_size=1)
    return st.lists(
        st.builds(ReplicationRule, prefix_sets(), registries, st.booleans()), max_size=6
    )


def copies(listed: list[ReplicationRule]) -> set[tuple[str, RegistryId, bool]]:
    """Return each prefix and destination that rules name."""
    return {
        (prefix, destination, rule.replicate_deletions)
        for rule in listed
        for prefix in rule.prefixes or {""}
        for destination in rule.destinations
    }


@given(rules())
def test_joining_loses_and_adds_nothing(listed: list[ReplicationRule]) -> None:
    """Joined rules replicate the same, with one rule for each set of prefixes."""
    joined = merge_rules(listed)

    assert copies(listed) == copies(joined)
    assert len(joined) == len({(rule.prefixes, rule.replicate_deletions) for rule in listed})


@given(rules())
def test_joining_twice_changes_nothing(listed: list[ReplicationRule]) -> None:
    assert merge_rules(listed) == merge_rules(merge_rules(listed))


@given(rules().flatmap(lambda listed: st.tuples(st.just(listed), st.permutations(listed))))
def test_joining_keeps_the_order_and_nothing_else_of_it(
    both: tuple[list[ReplicationRule], list[ReplicationRule]],
) -> None:
    """Rules keep the order of their first appearance; another order yields the same rules."""
    listed, other = both

    assert set(merge_rules(listed)) == set(merge_rules(other))
    assert list(dict.fromkeys((rule.prefixes, rule.replicate_deletions) for rule in listed)) == [
        (rule.prefixes, rule.replicate_deletions) for rule in merge_rules(listed)
    ]


# --- chains -----------------------------------------------------------------------------------

CHAINS: dict[str, tuple[list[ReplicationRule], list[ReplicationRule], dict[str, set[RegistryId]]]]
CHAINS = {
    "a chain": ([rule("aa/")], [rule("aa/", to=FAR)], {"aa/": {FAR}}),
    "a chain of everything": ([rule()], [rule(to=FAR)], {"": {FAR}}),
    "a part of what arrives": ([rule("aa/")], [rule("aa/b", to=FAR)], {"aa/b": {FAR}}),
    "a part of what is sent on": ([rule("aa/b")], [rule(to=FAR)], {"aa/b": {FAR}}),
    "other repositories": ([rule("aa/")], [rule("bb/", to=FAR)], {}),
    "there and back": ([rule()], [rule(to=HERE)], {}),
    "no way there": ([rule(to=FAR)], [rule(to=FAR)], {}),
    "a mesh": (
        [ReplicationRule(frozenset(), frozenset({THERE, FAR}))],
        [ReplicationRule(frozenset(), frozenset({HERE, FAR}))],
        {},
    ),
    "a mesh of two rules": ([rule(), rule(to=FAR)], [rule(to=HERE), rule("aa/", to=FAR)], {}),
    "a direct way for a part": ([rule(), rule("aa/", to=FAR)], [rule(to=FAR)], {"": {FAR}}),
}


@pytest.mark.parametrize(("mine", "theirs", "lost"), CHAINS.values(), ids=CHAINS)
def test_chain(
    mine: list[ReplicationRule], theirs: list[ReplicationRule], lost: dict[str, set[RegistryId]]
) -> None:
    """ECR does not replicate replicas, so only direct destinations receive an image."""
    assert lost == unreached_destinations(mine, HERE, theirs, THERE)


@given(rules(), rules())
def test_chains_agree_with_following_each_repository(
    mine: list[ReplicationRule], theirs: list[ReplicationRule]
) -> None:
    """The result covers each repository that is lost, and no other."""

    def lost(name: str) -> set[RegistryId]:
        direct = {d for r in mine if covers(r.prefixes, name) for d in r.destinations}
        onwards = {d for r in theirs if covers(r.prefixes, name) for d in r.destinations}
        return onwards - direct - {HERE} if THERE in direct else set()

    result = unreached_destinations(mine, HERE, theirs, THERE)

    for name in ("aa", "aa/b", "aa/c", "bb/b", "cc"):
        reported = {d for prefix, ds in result.items() if name.startswith(prefix) for d in ds}
        assert lost(name) <= reported
    assert all(result[prefix] <= lost(prefix) for prefix in result)
