"""What a registry replicates: joined, rejected, and warned of when the whole app is there."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs import Registry, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    parameter,
    properties_of,
    warnings_of,
)
from tests.support.errors import rejects

Rules = list[dict[str, Any]]


def rules(stack: cdk.Stack) -> Rules:
    """Return the rules that the registry of a stack renders."""
    configuration = properties_of(stack, "AWS::ECR::ReplicationConfiguration")
    rendered: Rules = configuration["ReplicationConfiguration"]["Rules"]
    return rendered


def rule(destinations: list[tuple[str, str]], *prefixes: str, **more: Any) -> dict[str, Any]:
    """Return a rule as it is rendered."""
    filters = [{"Filter": prefix, "FilterType": "PREFIX_MATCH"} for prefix in prefixes]
    return {
        "Destinations": [
            {"Region": region, "RegistryId": account} for account, region in destinations
        ],
        **({"RepositoryFilters": filters} if filters else {}),
        **more,
    }


def in_region(app: cdk.App, region: str) -> cdk.Stack:
    """Return a new stack of another Region."""
    return cdk.Stack(app, region, env=cdk.Environment(account=ACCOUNT, region=region))


REQUESTS: dict[str, tuple[list[dict[str, Any]], Rules]] = {
    "everything to a Region": ([{"to_regions": ["eu-west-1"]}], [rule([(ACCOUNT, "eu-west-1")])]),
    "some of it to an account": (
        [{"to_accounts": {OTHER_ACCOUNT: ["eu-central-1"]}, "prefixes": ["store/", "pay"]}],
        [rule([(OTHER_ACCOUNT, "eu-central-1")], "pay", "store/")],
    ),
    "Regions and accounts": (
        [{"to_regions": ["eu-west-1"], "to_accounts": {OTHER_ACCOUNT: ["us-east-1"]}}],
        [rule([(ACCOUNT, "eu-west-1"), (OTHER_ACCOUNT, "us-east-1")])],
    ),
    "this account by its id too": (
        [{"to_regions": ["eu-west-1"], "to_accounts": {ACCOUNT: ["us-east-1", "eu-west-1"]}}],
        [rule([(ACCOUNT, "eu-west-1"), (ACCOUNT, "us-east-1")])],
    ),
    "the same twice": (
        [{"to_regions": ["eu-west-1"], "prefixes": ["pay"]}] * 2,
        [rule([(ACCOUNT, "eu-west-1")], "pay")],
    ),
    "equal prefixes": (
        [
            {"to_regions": ["us-east-1"], "prefixes": ["pay", "store/"]},
            {"to_regions": ["eu-west-2"], "prefixes": ["other/"]},
            {"to_regions": ["eu-west-1"], "prefixes": ["store/", "pay"]},
        ],
        [
            rule([(ACCOUNT, "eu-west-1"), (ACCOUNT, "us-east-1")], "pay", "store/"),
            rule([(ACCOUNT, "eu-west-2")], "other/"),
        ],
    ),
    "deletions": (
        [
            {"to_regions": ["us-east-1"], "prefixes": ["pay"]},
            {"to_regions": ["eu-west-1"], "prefixes": ["pay"], "replicate_deletions": True},
            {"to_regions": ["eu-west-2"], "prefixes": ["store/"]},
            {"to_regions": ["eu-west-3"], "prefixes": ["pay"], "replicate_deletions": True},
        ],
        [
            rule([(ACCOUNT, "us-east-1")], "pay"),
            rule(
                [(ACCOUNT, "eu-west-1"), (ACCOUNT, "eu-west-3")],
                "pay",
                DeleteReplication={"Enabled": True},
            ),
            rule([(ACCOUNT, "eu-west-2")], "store/"),
        ],
    ),
}


@pytest.mark.parametrize(("requests", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_replicates(stack: cdk.Stack, requests: list[dict[str, Any]], expected: Rules) -> None:
    """What is asked for is joined where the prefixes are equal, and rendered in order."""
    registry = Registry(stack, "Registry")
    for keywords in requests:
        registry.replicate(**keywords)

    assert expected == rules(stack)


TO_WEST = {"to_regions": ["eu-west-1"]}
REJECTED: list[tuple[dict[str, Any], str]] = [
    ({"prefixes": ["pay"]}, "replication-destination-missing"),
    ({"to_accounts": {OTHER_ACCOUNT: []}}, "replication-destination-missing"),
    ({"to_regions": ["eu-central-1"]}, "replication-destination-is-source"),
    ({"to_accounts": {ACCOUNT: ["eu-central-1"]}}, "replication-destination-is-source"),
    ({"to_regions": ["eu-centre-1"]}, "replication-destination-region"),
    ({"to_regions": ["cn-north-1"]}, "replication-destination-partition"),
    ({"to_accounts": {"4444": ["eu-west-1"]}}, "to_accounts['4444']: account-id-format"),
    ({"to_regions": "eu-west-1"}, "to_regions: list-is-string"),
    (
        {"to_accounts": {OTHER_ACCOUNT: "eu-west-1"}},
        f"to_accounts['{OTHER_ACCOUNT}']: list-is-string",
    ),
    ({**TO_WEST, "prefixes": "pay"}, "prefixes: list-is-string"),
    ({**TO_WEST, "prefixes": ["pay*"]}, "prefix-is-pattern"),
    ({**TO_WEST, "prefixes": [f"team{n}/" for n in range(101)]}, "replication-prefix-count"),
    (
        {"to_accounts": {f"{n:012}": ["eu-west-1"] for n in range(26)}},
        "replication-destination-count",
    ),
    # One caller keeps the images of a replica, the other lets them be deleted.
    (
        {"to_regions": ["us-west-2"], "prefixes": ["scripts/"], "replicate_deletions": True},
        "replication-deletions-conflict",
    ),
]


@pytest.mark.parametrize(("keywords", "code"), REJECTED, ids=[code for _, code in REJECTED])
def test_rejects_and_changes_nothing(stack: cdk.Stack, keywords: dict[str, Any], code: str) -> None:
    """What ECR rejects raises an error, and what was asked before stays as it is."""
    registry = Registry(stack, "Registry")
    with rejects("replication-destination-region"):
        registry.replicate(to_regions=["mars-1"])
    assert [] == registry.node.children
    registry.replicate(to_regions=["us-west-2"], prefixes=["scripts/"])

    with rejects(code):
        registry.replicate(**keywords)

    assert [rule([(ACCOUNT, "us-west-2")], "scripts/")] == rules(stack)


def test_lists_every_fault(stack: cdk.Stack) -> None:
    """A request with several faults is rejected once, with all of them."""
    with rejects(
        "replication-destination-partition",
        "replication-destination-is-source",
        "replication-destination-region",
        "prefix-format",
        "prefix-length",
    ):
        Registry(stack, "Registry").replicate(
            to_regions=["mars-1", "eu-central-1", "cn-north-1"], prefixes=["Pay", "x"]
        )


def test_25_rules_are_the_limit_and_more_than_10_are_warned_of(stack: cdk.Stack) -> None:
    """The API takes 25 rules where the published quota is 10; of one more nothing is left."""
    registry = Registry(stack, "Registry")
    for number in range(10):
        registry.replicate(to_regions=["eu-west-1"], prefixes=[f"team{number}/"])
    assert [] == [entry for entry in registry.node.metadata if entry.type == "aws:cdk:warning"]
    for number in range(10, 25):
        registry.replicate(to_regions=["eu-west-1"], prefixes=[f"team{number}/"])
    with rejects("replication-rule-count"):
        registry.replicate(to_regions=["eu-west-1"], prefixes=["team25/"])

    assert 25 == len(rules(stack))
    assert ["ecr-constructs:replicationQuota"] == warnings_of(stack)


# --- chains and prefixes that cover nothing, which are warned of when the whole app is there ---

CHAIN, NOTHING = "ecr-constructs:replicationChain", "ecr-constructs:replicationCoversNothing"
HERE, WEST, EAST = "eu-central-1", "eu-west-1", "us-east-1"

# What the registries of two Regions replicate, of which prefixes, and whether that is a chain.
CHAINS: dict[str, tuple[list[tuple[str, list[str], list[str]]], bool]] = {
    "two links": ([(HERE, [WEST], ["pay"]), (WEST, [EAST, HERE], [])], True),
    "two links of everything": ([(HERE, [WEST], []), (WEST, [EAST], [])], True),
    "a mesh": ([(HERE, [WEST, EAST], []), (WEST, [HERE, EAST], [])], False),
    "a mesh, one link at a time": (
        [(HERE, [WEST], []), (WEST, [HERE, EAST], []), (HERE, [EAST], [])],
        False,
    ),
    "other repositories": ([(HERE, [WEST], ["pay"]), (WEST, [EAST], ["store/"])], False),
}


@pytest.mark.parametrize("late", [False, True], ids=["in order", "in the opposite order"])
@pytest.mark.parametrize(("links", "is_chain"), CHAINS.values(), ids=CHAINS)
def test_a_chain_is_warned_of(
    app: cdk.App, links: list[tuple[str, list[str], list[str]]], *, is_chain: bool, late: bool
) -> None:
    """The first registry is told what it has to do itself, the second one nothing."""
    registries = {region: Registry(in_region(app, region), "Registry") for region in (HERE, WEST)}
    for region, to_regions, prefixes in reversed(links) if late else links:
        registries[region].replicate(to_regions=to_regions, prefixes=prefixes)

    first, second = (warnings_of(cdk.Stack.of(registry)) for registry in registries.values())
    assert ([CHAIN] * is_chain, []) == (first, second)


def test_a_chain_is_warned_of_across_stages(app: cdk.App) -> None:
    """Registries of different stages know of each other."""
    stacks = [
        cdk.Stack(cdk.Stage(app, region), region, env={"account": ACCOUNT, "region": region})
        for region in (HERE, WEST)
    ]
    for stack, to_region in zip(stacks, (WEST, EAST), strict=True):
        Registry(stack, "Registry").replicate(to_regions=[to_region])

    assert [CHAIN] == warnings_of(stacks[0])


Define = Callable[[cdk.App, cdk.Stack], object]
API = "payments/api"


def ours(name: str | None, scope: Callable[[cdk.App, cdk.Stack], Construct]) -> Define:
    """Define a repository of this library in a scope."""
    return lambda app, stack: Repository(scope(app, stack), "Api", repository_name=name)


def acknowledged(_: cdk.App, stack: cdk.Stack) -> None:
    """Define a repository that is not covered, and acknowledge the warning."""
    Repository(stack, "Api", repository_name="store/web")
    cdk.Annotations.of(stack.node.find_child("Registry")).acknowledge_warning(NOTHING)


COVERING: dict[str, Define] = {
    "one of another stack": ours(API, lambda app, _: cdk.Stack(app, "Team", env=ENV)),
    "one of a nested stack": ours(API, lambda _, stack: cdk.NestedStack(stack, "Nested")),
    "one of another stage": ours(
        API, lambda app, _: cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Team")
    ),
    "CDK's own class": lambda _, stack: ecr.Repository(stack, "Theirs", repository_name=API),
    "an L1": lambda _, stack: ecr.CfnRepository(stack, "L1", repository_name=API),
}
# An app that defines no repositories of this registry cannot tell a prefix misspelt.
UNJUDGED: dict[str, Define] = {
    "no repositories at all": lambda _app, _stack: None,
    "one of another Region": ours("store/web", lambda app, _: in_region(app, OTHER_REGION)),
    # A repository belongs to the Region of the innermost stack around it.
    "one of a stack within the stack": ours(
        "store/web",
        lambda _, stack: cdk.Stack(stack, "In", env=cdk.Environment(account=ACCOUNT, region=WEST)),
    ),
    "a name that CloudFormation makes up": ours(None, lambda _, stack: stack),
    "a deploy-time name": lambda _, stack: Repository(
        stack, "Api", repository_name=parameter(stack)
    ),
    "acknowledged": acknowledged,
}


@pytest.mark.parametrize(
    ("define", "others"),
    [
        *(pytest.param(define, True, id=name) for name, define in COVERING.items()),
        *(pytest.param(define, False, id=name) for name, define in UNJUDGED.items()),
    ],
)
def test_nothing_is_said_of_a_prefix_that_may_cover_a_repository(
    app: cdk.App, stack: cdk.Stack, define: Define, *, others: bool
) -> None:
    """A repository counts wherever in the app and with whichever class it is defined."""
    Registry(stack, "Registry").replicate(to_regions=["eu-west-1"], prefixes=["payments/"])
    if others:
        Repository(stack, "Other", repository_name="other/one")
    define(app, stack)

    assert [] == warnings_of(stack)


def test_a_prefix_that_covers_nothing_is_warned_of(stack: cdk.Stack) -> None:
    """A misspelt prefix replicates nothing; repositories that are defined later count too."""
    registry = Registry(stack, "Registry")
    prefixes = ["paymnts/", "store/", parameter(stack)]
    registry.replicate(to_regions=["eu-west-1"], prefixes=prefixes)
    Repository(stack, "Api", repository_name=API)
    Repository(stack, "Web", repository_name="store/web")

    assert [NOTHING] == warnings_of(stack)
    [warning] = [item.data for item in registry.node.metadata if item.type == "aws:cdk:warning"]
    assert [True, False] == [prefix in warning for prefix in ("'paymnts/'", "'store/'")]
