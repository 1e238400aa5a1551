"""Replication rules: what ECR accepts, how they are joined, and what chains lose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import replication
from ecr_constructs.model.prefixes import covers
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import (
    ReplicationRule,
    destination_errors,
    forwarded,
    merged,
    replication_errors,
)
from tests.support.service_models import resource_schema, shape

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
KNOWN = ["eu-central-1", "eu-west-1", "us-east-1", "us-gov-west-1", "cn-north-1"]
HERE = RegistryId(ACCOUNT, "eu-central-1")
THERE = RegistryId(ACCOUNT, "eu-west-1")
FAR = RegistryId(ACCOUNT, "us-east-1")
TOKEN = "${Token[Value.1]}"


def rule(*prefixes: str, to: RegistryId = THERE, deletions: bool = False) -> ReplicationRule:
    """Return a rule with one destination."""
    return ReplicationRule(frozenset(prefixes), frozenset({to}), deletions)


def destinations(count: int) -> frozenset[RegistryId]:
    """Return that many different destinations."""
    return frozenset(RegistryId(f"{number:012}", "eu-west-1") for number in range(count))


FROM = {
    "another Region": (THERE, HERE, []),
    "the same Region of another account": (RegistryId(OTHER_ACCOUNT, "eu-central-1"), HERE, []),
    "itself": (HERE, HERE, ["111122223333/eu-central-1 is this registry itself; leave it out"]),
    "an unknown Region": (
        RegistryId(ACCOUNT, "eu-centre-1"),
        HERE,
        ["'eu-centre-1' is not a Region that the installed aws-cdk-lib knows"],
    ),
    "another partition": (
        RegistryId(ACCOUNT, "us-gov-west-1"),
        HERE,
        [
            (
                "111122223333/us-gov-west-1 is in the partition aws-us-gov, this registry in aws; "
                "images are not replicated between partitions"
            )
        ],
    ),
    "an unknown Region of another partition": (
        RegistryId(ACCOUNT, "cn-mars-1"),
        HERE,
        [
            "'cn-mars-1' is not a Region that the installed aws-cdk-lib knows",
            (
                "111122223333/cn-mars-1 is in the partition aws-cn, this registry in aws; images "
                "are not replicated between partitions"
            ),
        ],
    ),
    "a deploy-time Region": (RegistryId(ACCOUNT, TOKEN), HERE, []),
    "a deploy-time account": (RegistryId(TOKEN, "eu-central-1"), HERE, []),
    "from a deploy-time Region": (THERE, RegistryId(TOKEN, TOKEN), []),
    "a deploy-time registry itself": (
        RegistryId(TOKEN, TOKEN),
        RegistryId(TOKEN, TOKEN),
        [f"{TOKEN}/{TOKEN} is this registry itself; leave it out"],
    ),
}


@pytest.mark.parametrize(("there", "source", "faults"), FROM.values(), ids=FROM)
def test_destination(there: RegistryId, source: RegistryId, faults: list[str]) -> None:
    """A destination is another registry of a known Region of the same partition."""
    assert faults == list(destination_errors(there, source, KNOWN))


FEW = "a registry replicates to at most 25 different destinations, these are"
FAULTS: dict[str, tuple[list[ReplicationRule], list[str]]] = {
    "nothing": ([], []),
    "a rule": ([rule("payments/")], []),
    "everything": ([rule()], []),
    "25 rules": ([rule(f"team{n}/") for n in range(25)], []),
    "26 rules": (
        [rule(f"team{n}/") for n in range(26)],
        ["a registry has at most 25 replication rules, these are 26"],
    ),
    "25 destinations": ([ReplicationRule(frozenset(), destinations(25))], []),
    "26 destinations": ([ReplicationRule(frozenset(), destinations(26))], [f"{FEW} 26"]),
    "26 destinations of two rules": (
        [ReplicationRule(frozenset(), destinations(25)), rule("ab", to=HERE)],
        [f"{FEW} 26"],
    ),
    "25 destinations twice": (
        [
            ReplicationRule(frozenset(), destinations(25)),
            ReplicationRule(frozenset({"ab"}), destinations(25)),
        ],
        [],
    ),
    "101 destinations": (
        [ReplicationRule(frozenset(), destinations(101))],
        [f"{FEW} 101", "a replication rule has at most 100 destinations, one has 101"],
    ),
    "no destination": (
        [ReplicationRule(frozenset({"ab"}), frozenset())],
        ["a replication rule needs a destination"],
    ),
    "100 prefixes": ([rule(*(f"team{n}/" for n in range(100)))], []),
    "101 prefixes": (
        [rule(*(f"team{n}/" for n in range(101)))],
        [
            (
                "a replication rule has at most 100 prefixes, one has 101; a shorter prefix covers "
                "several repositories"
            )
        ],
    ),
    "a faulty prefix": (
        [rule("a", "ab")],
        ["prefix 'a' must be 2 to 256 characters long, is 1"],
    ),
    "a deploy-time prefix": ([rule(TOKEN)], []),
    "with and without deletions": (
        [rule("ab", "aa"), rule("aa", "ab", deletions=True)],
        [
            (
                "aa, ab is to be replicated to 111122223333/eu-west-1 both with and without "
                "deletions; choose one"
            )
        ],
    ),
    "deletions in one of two destinations": (
        [rule("ab"), rule("ab", to=FAR, deletions=True)],
        [],
    ),
}


@pytest.mark.parametrize(("rules", "faults"), FAULTS.values(), ids=FAULTS)
def test_limits(rules: list[ReplicationRule], faults: list[str]) -> None:
    """Rules together keep within what ECR accepts."""
    assert faults == list(replication_errors(rules))


@pytest.mark.parametrize(
    ("name", "limit", "ours"),
    [
        ("ReplicationRuleList", "max", replication.MAX_RULES),
        ("ReplicationDestinationList", "max", replication.MAX_DESTINATIONS_PER_RULE),
        ("RepositoryFilterList", "max", replication.MAX_FILTERS_PER_RULE),
    ],
)
def test_limit_is_the_api_models(name: str, limit: str, ours: int) -> None:
    """A limit equals the one that ECR's API model states."""
    assert shape("ecr", name)[limit] == ours


def test_limits_are_the_resource_schemas() -> None:
    """The limits equal those of CloudFormation's resource schema."""
    definitions = resource_schema("AWS::ECR::ReplicationConfiguration")["definitions"]
    limits = definitions["ReplicationRule"]["properties"]

    assert (
        replication.MAX_RULES,
        replication.MAX_DESTINATIONS_PER_RULE,
        replication.MAX_FILTERS_PER_RULE,
    ) == (
        definitions["ReplicationConfiguration"]["properties"]["Rules"]["maxItems"],
        limits["Destinations"]["maxItems"],
        limits["RepositoryFilters"]["maxItems"],
    )


@pytest.mark.parametrize(
    ("each", "words"),
    [
        (rule(), "everything to 111122223333/eu-west-1"),
        (rule("b/", "a/"), "a/, b/ to 111122223333/eu-west-1"),
        (
            ReplicationRule(frozenset({"a/"}), frozenset({FAR, THERE})),
            "a/ to 111122223333/eu-west-1, 111122223333/us-east-1",
        ),
    ],
)
def test_words(each: ReplicationRule, words: str) -> None:
    """A rule says what it copies where."""
    assert words == str(each)


# --- laws -------------------------------------------------------------------------------------


def prefix_sets() -> st.SearchStrategy[frozenset[str]]:
    """Small sets of prefixes that often overlap; the empty one copies all."""
    return st.frozensets(st.sampled_from(["aa", "aa/", "aa/b", "bb/"]), max_size=2)


def rules() -> st.SearchStrategy[list[ReplicationRule]]:
    """Rules of which many copy the same."""
    places = st.frozensets(st.sampled_from([HERE, THERE, FAR]), min_size=1)
    return st.lists(st.builds(ReplicationRule, prefix_sets(), places, st.booleans()), max_size=6)


def copies(listed: list[ReplicationRule]) -> set[tuple[str, RegistryId, bool]]:
    """Return each prefix and destination that rules name."""
    return {
        (prefix, each, rule.replicate_deletions)
        for rule in listed
        for prefix in rule.prefixes or {""}
        for each in rule.destinations
    }


@given(rules())
def test_joining_loses_and_adds_nothing(listed: list[ReplicationRule]) -> None:
    """The same is copied to the same places, by one rule for each set of prefixes."""
    joined = merged(listed)

    assert copies(listed) == copies(joined)
    assert len(joined) == len({(each.prefixes, each.replicate_deletions) for each in listed})


@given(rules())
def test_joining_twice_changes_nothing(listed: list[ReplicationRule]) -> None:
    """What is joined stays as it is."""
    assert merged(listed) == merged(merged(listed))


@given(rules().flatmap(lambda listed: st.tuples(st.just(listed), st.permutations(listed))))
def test_joining_keeps_the_order_and_nothing_else_of_it(
    both: tuple[list[ReplicationRule], list[ReplicationRule]],
) -> None:
    """Rules stand in the order they first came; in another order they are the same rules."""
    listed, other = both

    assert set(merged(listed)) == set(merged(other))
    assert list(dict.fromkeys((each.prefixes, each.replicate_deletions) for each in listed)) == [
        (each.prefixes, each.replicate_deletions) for each in merged(listed)
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
    "a direct way for a part": (
        [rule(), rule("aa/", to=FAR)],
        [rule(to=FAR)],
        {"": {FAR}},
    ),
}


@pytest.mark.parametrize(("mine", "theirs", "lost"), CHAINS.values(), ids=CHAINS)
def test_chain(
    mine: list[ReplicationRule],
    theirs: list[ReplicationRule],
    lost: dict[str, set[RegistryId]],
) -> None:
    """What arrives by replication is not sent on, so it is lost where there is no direct way."""
    assert lost == forwarded(mine, HERE, theirs, THERE)


@given(rules(), rules())
def test_chains_agree_with_following_each_repository(
    mine: list[ReplicationRule], theirs: list[ReplicationRule]
) -> None:
    """Each repository that is lost is found, and each prefix that is found loses one."""

    def lost(name: str) -> set[RegistryId]:
        direct = {d for r in mine if covers(r.prefixes, name) for d in r.destinations}
        onwards = {d for r in theirs if covers(r.prefixes, name) for d in r.destinations}
        return onwards - direct - {HERE} if THERE in direct else set()

    found = forwarded(mine, HERE, theirs, THERE)

    for name in ("aa", "aa/b", "aa/c", "bb/b", "cc"):
        reported = {d for prefix, ds in found.items() if name.startswith(prefix) for d in ds}
        assert lost(name) <= reported
    assert all(found[prefix] <= lost(prefix) for prefix in found)
