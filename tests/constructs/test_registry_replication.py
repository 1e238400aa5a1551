"""What a registry replicates: joined, refused, and warned of when the whole app is there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Annotations, Match

from ecr_constructs import Registry, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    ROOT,
    children,
    resources,
)

Rules = list[dict[str, Any]]


def rules(stack: cdk.Stack) -> Rules:
    """Return the rules that the registry of a stack renders."""
    [configuration] = resources(stack, "AWS::ECR::ReplicationConfiguration")
    found: Rules = configuration["Properties"]["ReplicationConfiguration"]["Rules"]
    return found


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


def warnings(stack: cdk.Stack) -> list[str]:
    """Return the warnings of a stack, without how to acknowledge them."""
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(each.entry.data).partition(" [ack:")[0] for each in found]


REQUESTS: dict[str, tuple[list[dict[str, Any]], Rules]] = {
    "everything to a Region": (
        [{"to_regions": ["eu-west-1"]}],
        [rule([(ACCOUNT, "eu-west-1")])],
    ),
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


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no destination": ({"prefixes": ["pay"]}, "a replication rule needs a destination"),
    "an account without Regions": (
        {"to_accounts": {OTHER_ACCOUNT: []}},
        "a replication rule needs a destination",
    ),
    "itself": (
        {"to_regions": ["eu-central-1"]},
        f"{ACCOUNT}/eu-central-1 is this registry itself; leave it out",
    ),
    "itself by its id": (
        {"to_accounts": {ACCOUNT: ["eu-central-1"]}},
        f"{ACCOUNT}/eu-central-1 is this registry itself; leave it out",
    ),
    "an unknown Region": (
        {"to_regions": ["eu-centre-1"]},
        "'eu-centre-1' is not a Region that the installed aws-cdk-lib knows",
    ),
    "another partition": (
        {"to_regions": ["cn-north-1"]},
        f"{ACCOUNT}/cn-north-1 is in the partition aws-cn, this registry in aws",
    ),
    "a short account": (
        {"to_accounts": {"4444": ["eu-west-1"]}},
        "'4444': an account id has 12 digits",
    ),
    "a bare Region": ({"to_regions": "eu-west-1"}, "write ['eu-west-1']"),
    "a bare Region of an account": (
        {"to_accounts": {OTHER_ACCOUNT: "eu-west-1"}},
        f"to_accounts['{OTHER_ACCOUNT}'] must be a list of strings",
    ),
    "a bare prefix": (
        {"to_regions": ["eu-west-1"], "prefixes": "pay"},
        "prefixes must be a list of strings, got the string 'pay'",
    ),
    "a wildcard": (
        {"to_regions": ["eu-west-1"], "prefixes": ["pay*"]},
        "prefix 'pay*' must be the beginning of names, not a pattern; write 'pay'",
    ),
    "101 prefixes": (
        {"to_regions": ["eu-west-1"], "prefixes": [f"team{n}/" for n in range(101)]},
        "a replication rule has at most 100 prefixes, one has 101",
    ),
    "26 destinations": (
        {"to_accounts": {f"{n:012}": ["eu-west-1"] for n in range(26)}},
        "a registry replicates to at most 25 different destinations, these are 27",
    ),
}


@pytest.mark.parametrize(("keywords", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses_and_changes_nothing(
    stack: cdk.Stack, keywords: dict[str, Any], fault: str
) -> None:
    """What ECR refuses raises an error, and what was asked before stays as it is."""
    registry = Registry(stack, "Registry")
    registry.replicate(to_regions=["us-west-2"], prefixes=["scripts/"])

    with pytest.raises(ValueError, match=re.escape(fault)):
        registry.replicate(**keywords)

    assert [rule([(ACCOUNT, "us-west-2")], "scripts/")] == rules(stack)


def test_a_refused_first_request_builds_nothing(stack: cdk.Stack) -> None:
    """A registry whose only request was refused renders nothing."""
    registry = Registry(stack, "Registry")
    with pytest.raises(ValueError, match="is not a Region"):
        registry.replicate(to_regions=["mars-1"])

    assert ["Registry"] == children(stack)
    assert [] == registry.node.children


def test_lists_every_fault(stack: cdk.Stack) -> None:
    """A request with several faults is refused once, with all of them."""
    with pytest.raises(ValueError, match="Invalid replication") as refusal:
        Registry(stack, "Registry").replicate(
            to_regions=["mars-1", "eu-central-1", "cn-north-1"], prefixes=["Pay", "x"]
        )

    assert 5 == str(refusal.value).count("\n  - ")


def test_25_rules_are_the_limit_and_more_than_10_are_warned_of(stack: cdk.Stack) -> None:
    """The API takes 25 rules where the published quota is 10; of one more nothing is left."""
    registry = Registry(stack, "Registry")
    for number in range(10):
        registry.replicate(to_regions=["eu-west-1"], prefixes=[f"team{number}/"])
    assert [] == [each for each in registry.node.metadata if each.type == "aws:cdk:warning"]
    for number in range(10, 25):
        registry.replicate(to_regions=["eu-west-1"], prefixes=[f"team{number}/"])
    with pytest.raises(ValueError, match="at most 25 replication rules, these are 26"):
        registry.replicate(to_regions=["eu-west-1"], prefixes=["team25/"])

    assert 25 == len(rules(stack))
    [warning] = warnings(stack)
    assert "There are more than 10 replication rules" in warning


def test_with_and_without_deletions_is_a_contradiction(stack: cdk.Stack) -> None:
    """One caller keeps the images of a replica, the other lets them be deleted."""
    registry = Registry(stack, "Registry")
    registry.replicate(to_regions=["eu-west-1"], prefixes=["pay"])

    fault = f"pay is to be replicated to {ACCOUNT}/eu-west-1 both with and without deletions"
    with pytest.raises(ValueError, match=re.escape(fault)):
        registry.replicate(to_regions=["eu-west-1"], prefixes=["pay"], replicate_deletions=True)


# CDK's validation is switched when Node starts, so this needs a process of its own.
DELETIONS = """
import sys
import aws_cdk as cdk
from ecr_constructs import Registry

def stack(outdir):
    app = cdk.App(
        analytics_reporting=False,
        context={"@aws-cdk/core:validateAgainstDefaultRules": True},
        outdir=f"{sys.argv[1]}/{outdir}",
    )
    return cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))

ours = stack("ours")
registry = Registry(ours, "Registry")
registry.replicate(to_regions=["us-east-1"], replicate_deletions=True)
registry.replicate(to_regions=["us-east-2"], prefixes=["pay"], replicate_deletions=True)
ours.node.root.synth()

theirs = stack("theirs")
cdk.aws_ecr.CfnReplicationConfiguration(
    theirs, "Replication", replication_configuration={"rules": []}
).add_property_override("ReplicationConfiguration.Unknown", True)
try:
    theirs.node.root.synth()
except RuntimeError as error:
    print("CloudFormation-Validate::F3002" in str(error))
"""


def test_deletions_pass_cdks_own_validation(tmp_path: Path) -> None:
    """The bundled validator does not know them yet, which is acknowledged where they are."""
    done = subprocess.run(
        [sys.executable, "-c", DELETIONS, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "CDK_VALIDATION": "true"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "True\n") == (done.returncode, done.stdout), done.stderr


# --- chains -----------------------------------------------------------------------------------

CHAIN = (
    f"{ACCOUNT}/eu-central-1 replicates pay to {ACCOUNT}/eu-west-1, which replicates it to "
    f"{ACCOUNT}/us-east-1; ECR does not replicate what arrived by replication. Let "
    f"{ACCOUNT}/eu-central-1 itself replicate it to {ACCOUNT}/us-east-1."
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first first", "second first"])
def test_a_chain_is_warned_of(app: cdk.App, stack: cdk.Stack, order: tuple[int, int]) -> None:
    """In whichever order the two are defined, the first is told what it has to do itself."""
    first, second = Registry(stack, "Registry"), Registry(in_region(app, "eu-west-1"), "Registry")
    links: list[Callable[[], None]] = [
        lambda: first.replicate(to_regions=["eu-west-1"], prefixes=["pay"]),
        lambda: second.replicate(to_regions=["us-east-1", "eu-central-1"]),
    ]
    for index in order:
        links[index]()

    assert [CHAIN] == warnings(stack)
    assert [] == warnings(cdk.Stack.of(second))


def test_a_chain_of_everything_is_warned_of_across_stages(app: cdk.App) -> None:
    """Registries of different stages know of each other."""
    stages = [
        cdk.Stage(app, region, env=cdk.Environment(account=ACCOUNT, region=region))
        for region in ("eu-central-1", "eu-west-1")
    ]
    first, second = (Registry(cdk.Stack(stage, "Stack"), "Registry") for stage in stages)
    first.replicate(to_regions=["eu-west-1"])
    second.replicate(to_regions=["us-east-1"])

    [warning] = warnings(cdk.Stack.of(first))
    assert f"{ACCOUNT}/eu-central-1 replicates everything to {ACCOUNT}/eu-west-1" in warning


@pytest.mark.parametrize("late", [False, True])
def test_a_mesh_is_no_chain(app: cdk.App, stack: cdk.Stack, *, late: bool) -> None:
    """Where each registry replicates to all others itself, in whichever order, nothing is lost."""
    there = in_region(app, "eu-west-1")
    first, second = Registry(stack, "Registry"), Registry(there, "Registry")
    first.replicate(to_regions=["eu-west-1"] if late else ["eu-west-1", "us-east-1"])
    second.replicate(to_regions=["eu-central-1", "us-east-1"])
    if late:
        first.replicate(to_regions=["us-east-1"], prefixes=[])

    assert [] == [*warnings(stack), *warnings(there)]


def test_other_repositories_are_no_chain(app: cdk.App, stack: cdk.Stack) -> None:
    """What is sent on is not what arrives."""
    Registry(stack, "Registry").replicate(to_regions=["eu-west-1"], prefixes=["pay"])
    there = in_region(app, "eu-west-1")
    Registry(there, "Registry").replicate(to_regions=["us-east-1"], prefixes=["store/"])

    assert [] == warnings(stack)


# --- prefixes that cover nothing --------------------------------------------------------------

NOTHING = (
    f"The replication prefix 'paymnts/' covers none of the repositories that this app defines in "
    f"{ACCOUNT}/eu-central-1. Mend the prefix, or acknowledge this warning if its repositories "
    "are defined elsewhere."
)


def test_a_prefix_that_covers_nothing_is_warned_of(stack: cdk.Stack) -> None:
    """A misspelt prefix replicates nothing; repositories defined afterwards count too."""
    Registry(stack, "Registry").replicate(to_regions=["eu-west-1"], prefixes=["paymnts/", "store/"])
    Repository(stack, "Api", repository_name="payments/api")
    Repository(stack, "Web", repository_name="store/web")

    assert [NOTHING] == warnings(stack)


def named(stack: cdk.Stack, name: str) -> None:
    """Define a repository with CDK's own class."""
    ecr.Repository(stack, "Theirs", repository_name=name)


COVERING: dict[str, Callable[[cdk.App, cdk.Stack], object]] = {
    "one of another stack": lambda app, _: Repository(
        cdk.Stack(app, "Team", env=ENV), "Api", repository_name="payments/api"
    ),
    "one of a nested stack": lambda _, stack: Repository(
        cdk.NestedStack(stack, "Nested"), "Api", repository_name="payments/api"
    ),
    "one of another stage": lambda app, _: Repository(
        cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Team"), "Api", repository_name="payments/api"
    ),
    "CDK's own class": lambda _, stack: named(stack, "payments/api"),
    "an L1": lambda _, stack: ecr.CfnRepository(stack, "L1", repository_name="payments/api"),
}


@pytest.mark.parametrize("define", COVERING.values(), ids=COVERING)
def test_any_repository_of_the_registry_is_covered(
    app: cdk.App, stack: cdk.Stack, define: Callable[[cdk.App, cdk.Stack], object]
) -> None:
    """A repository counts wherever in the app and with whichever class it is defined."""
    Registry(stack, "Registry").replicate(to_regions=["eu-west-1"], prefixes=["payments/"])
    Repository(stack, "Other", repository_name="other/one")
    define(app, stack)

    assert [] == warnings(stack)


UNJUDGED: dict[str, Callable[[cdk.App, cdk.Stack], object]] = {
    "no repositories at all": lambda _app, _stack: None,
    "repositories of another Region": lambda app, _: Repository(
        in_region(app, OTHER_REGION), "Api", repository_name="store/web"
    ),
    "a name that CloudFormation makes up": lambda _, stack: Repository(stack, "Api"),
    "a deploy-time name": lambda _, stack: Repository(
        stack, "Api", repository_name=cdk.CfnParameter(stack, "Name").value_as_string
    ),
}


@pytest.mark.parametrize("define", UNJUDGED.values(), ids=UNJUDGED)
def test_nothing_is_said_where_no_repository_is_known(
    app: cdk.App, stack: cdk.Stack, define: Callable[[cdk.App, cdk.Stack], object]
) -> None:
    """An app that defines no repositories of this registry cannot tell a prefix misspelt."""
    Registry(stack, "Registry").replicate(to_regions=["eu-west-1"], prefixes=["payments/"])
    define(app, stack)

    assert [] == warnings(stack)


def test_a_stack_within_a_stack_has_its_own_region(stack: cdk.Stack) -> None:
    """A repository belongs to the Region of the innermost stack around it."""
    Registry(stack, "Registry").replicate(to_regions=["eu-west-1"], prefixes=["paymnts/"])
    inner = cdk.Stack(stack, "Inner", env=cdk.Environment(account=ACCOUNT, region=OTHER_REGION))
    Repository(inner, "Api", repository_name="payments/api")

    assert [] == warnings(stack)


def test_a_deploy_time_prefix_is_not_judged(stack: cdk.Stack) -> None:
    """A prefix that is known only at deploy time may cover anything."""
    prefix = cdk.CfnParameter(stack, "Prefix").value_as_string
    Registry(stack, "Registry").replicate(to_regions=["eu-west-1"], prefixes=[prefix])
    Repository(stack, "Api", repository_name="payments/api")

    assert [] == warnings(stack)


def test_the_warning_can_be_acknowledged(stack: cdk.Stack) -> None:
    """Where the repositories are defined elsewhere, the warning goes."""
    registry = Registry(stack, "Registry")
    registry.replicate(to_regions=["eu-west-1"], prefixes=["payments/"])
    Repository(stack, "Api", repository_name="store/web")
    cdk.Annotations.of(registry).acknowledge_warning("ecr-constructs:replicationCoversNothing")

    assert [] == warnings(stack)
