"""One registry for each account and Region: found, claimed once, rendered only where asked."""

from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

from ecr_constructs import Registry
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    children,
    rejects_value,
    resources,
    template,
)
from tests.support.errors import rejects

PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/prod"
SCANNER = f"arn:aws:iam::{ACCOUNT}:role/scanner"
ELSEWHERE = {
    "another Region": cdk.Environment(account=ACCOUNT, region=OTHER_REGION),
    "another account": cdk.Environment(account=OTHER_ACCOUNT, region=REGION),
}


def ask_for_everything(registry: Registry) -> None:
    """Ask a registry for something of each kind."""
    registry.replicate(to_regions=[OTHER_REGION])
    registry.allow_replication_from([OTHER_ACCOUNT], prefixes=["payments/"])
    registry.scan_basic(on_push=["*"])
    registry.sign(PROFILE)
    registry.exclude_from_pull_time("Scanner", SCANNER)


def test_nothing_asked_nothing_rendered(stack: cdk.Stack) -> None:
    """A registry of which nothing is asked renders nothing."""
    Registry(stack, "Registry")

    assert "Resources" not in template(stack)


def test_logical_ids(stack: cdk.Stack) -> None:
    """The logical ids are a contract: one that changes would replace what exists only once."""
    ask_for_everything(Registry(stack, "Registry"))

    assert {
        "RegistryReplicationD9FDE45D": "AWS::ECR::ReplicationConfiguration",
        "RegistryPolicyA22C660A": "AWS::ECR::RegistryPolicy",
        "RegistryScanning6CEAD07B": "AWS::ECR::RegistryScanningConfiguration",
        "RegistrySigning2384E489": "AWS::ECR::SigningConfiguration",
        "RegistryPullTimeExclusionsScannerD3E15AC1": "AWS::ECR::PullTimeUpdateExclusion",
    } == {name: resource["Type"] for name, resource in template(stack)["Resources"].items()}


def test_each_type_is_rendered_once_however_many_ask(app: cdk.App, stack: cdk.Stack) -> None:
    """Other stacks, in other stages too, find the registry, and it renders each type once."""
    Registry(stack, "Registry")
    stage = cdk.Stage(app, "Teams", env=ENV)
    teams = [cdk.Stack(stage, "Payments"), cdk.Stack(stage, "Store"), cdk.Stack(app, "It", env=ENV)]
    for number, team in enumerate(teams):
        registry = Registry.of(cdk.NestedStack(team, "Nested") if number == 1 else team)
        registry.replicate(to_regions=[OTHER_REGION], prefixes=[f"team{number}/"])
        registry.allow_replication_from([OTHER_ACCOUNT], prefixes=[f"team{number}/"])
        registry.scan_basic(on_push=[f"team{number}/*"])
        registry.sign(PROFILE, filters=[f"team{number}/*"])

    rendered = template(stack)["Resources"].values()
    assert 4 == len({entry["Type"] for entry in rendered}) == len(rendered)
    ours = [item for item in rendered if item["Type"] == "AWS::ECR::SigningConfiguration"]
    assert ["team0/*", "team1/*", "team2/*"] == [
        rule["RepositoryFilters"][0]["Filter"] for rule in ours[0]["Properties"]["Rules"]
    ]


def test_of_finds_the_registry_of_the_scopes_environment(app: cdk.App) -> None:
    """Each account and Region has a registry of its own."""
    environments = [ENV, *ELSEWHERE.values()]
    made = [
        Registry(cdk.Stack(app, f"Stack{number}", env=entry), "Registry")
        for number, entry in enumerate(environments)
    ]

    for number, item in enumerate(environments):
        assert made[number] is Registry.of(cdk.Stack(app, f"Other{number}", env=item))


def test_of_says_where_to_define_one(stack: cdk.Stack) -> None:
    """Where the app has no registry, the error says so and what to write."""
    with rejects("registry-undefined"):
        Registry.of(stack)


@pytest.mark.parametrize("other", ELSEWHERE.values(), ids=ELSEWHERE)
def test_of_finds_none_of_elsewhere(app: cdk.App, stack: cdk.Stack, other: cdk.Environment) -> None:
    """A registry of another account or Region is not this one."""
    Registry(stack, "Registry")

    with rejects("registry-undefined"):
        Registry.of(cdk.Stack(app, "Elsewhere", env=other))


PLACES: dict[str, tuple[Callable[[cdk.App, cdk.Stack], Construct], str]] = {
    "the same stack": (lambda _, stack: stack, "Stack"),
    "another stack": (lambda app, _: cdk.Stack(app, "Second", env=ENV), "Second"),
    "a stage": (
        lambda app, _: cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Second"),
        "Prod/Second",
    ),
    "a nested stack": (lambda _, stack: cdk.NestedStack(stack, "Nested"), "Stack/Nested"),
    "a construct": (lambda _, stack: Construct(stack, "Platform"), "Stack/Platform"),
}


@pytest.mark.parametrize(("place", "path"), PLACES.values(), ids=PLACES)
def test_a_second_registry_is_rejected(
    app: cdk.App, stack: cdk.Stack, place: Callable[[cdk.App, cdk.Stack], Construct], path: str
) -> None:
    """A second one would overwrite the first: the error names both, and nothing is built."""
    Registry(stack, "Registry")
    scope = place(app, stack)
    before = [child.node.id for child in scope.node.children]

    with rejects(f"{path}/Again: defined-twice") as caught:
        Registry(scope, "Again")

    assert all(name in str(caught[0]) for name in ("Stack/Registry", f"aws://{ACCOUNT}/{REGION}"))

    assert before == [child.node.id for child in scope.node.children]


def test_two_that_may_be_one_are_warned_of(app: cdk.App) -> None:
    """Where account or Region is not known the two may differ, so it is a warning."""
    first, second = cdk.Stack(app, "First"), cdk.Stack(app, "Second")
    made = Registry(first, "Registry")
    Registry(second, "Registry")

    [warning] = Annotations.from_stack(second).find_warning("*", Match.any_value())
    assert all(path in str(warning.entry.data) for path in ("First/Registry", "definedTwice"))
    assert made is Registry.of(second)


def test_an_agnostic_stack_is_no_stack_of_a_known_region(app: cdk.App, stack: cdk.Stack) -> None:
    """A registry of an unknown Region says nothing about one of a known Region."""
    Registry(stack, "Registry")
    agnostic = cdk.Stack(app, "Agnostic")
    Registry(agnostic, "Registry")

    assert ["Registry"] == children(agnostic)
    assert [] == Annotations.from_stack(agnostic).find_warning("*", Match.any_value())


def test_apps_do_not_know_of_each_other(app: cdk.App, stack: cdk.Stack) -> None:
    """Each app has its registries; what one defines is no concern of another."""
    first = Registry(stack, "Registry")
    other = cdk.Stack(cdk.App(outdir=f"{app.outdir}/other"), "Stack", env=ENV)

    assert first is not Registry(other, "Registry")


def test_a_stack_without_an_app_has_a_registry() -> None:
    """A stack that is the root of its tree, as in many tests, may have a registry."""
    stack = cdk.Stack(env=ENV)

    assert Registry(stack, "Registry") is Registry.of(stack)


def test_an_agnostic_registry_asks_for_account_region_and_partition(app: cdk.App) -> None:
    """Where nothing is known, CloudFormation fills in what ARNs and destinations need."""
    stack = cdk.Stack(app, "Agnostic")
    registry = Registry(stack, "Registry")
    registry.allow_create_on_push([OTHER_ACCOUNT], prefixes=["payments/"])
    registry.replicate(to_regions=["eu-west-1"])

    [policy] = resources(stack, "AWS::ECR::RegistryPolicy")
    [statement] = policy["Properties"]["PolicyText"]["Statement"]
    partition, account = {"Ref": "AWS::Partition"}, {"Ref": "AWS::AccountId"}
    assert {
        "Fn::Join": [
            "",
            [
                *("arn:", partition, ":ecr:", {"Ref": "AWS::Region"}, ":", account),
                ":repository/payments/*",
            ],
        ]
    } == statement["Resource"]
    assert {"AWS": {"Fn::Join": ["", ["arn:", partition, f":iam::{OTHER_ACCOUNT}:root"]]}} == (
        statement["Principal"]
    )
    [replication] = resources(stack, "AWS::ECR::ReplicationConfiguration")
    assert [{"Destinations": [{"Region": "eu-west-1", "RegistryId": account}]}] == (
        replication["Properties"]["ReplicationConfiguration"]["Rules"]
    )


# --- pull time --------------------------------------------------------------------------------


def test_excludes_up_to_a_hundred(stack: cdk.Stack) -> None:
    """A hundred principals can be excluded; one more is rejected."""
    registry = Registry(stack, "Registry")
    for number in range(100):
        registry.exclude_from_pull_time(f"Scanner{number}", f"{SCANNER}{number}")

    with rejects("OneMore: pull-time-exclusion-count"):
        registry.exclude_from_pull_time("OneMore", SCANNER)

    rendered = resources(stack, "AWS::ECR::PullTimeUpdateExclusion")
    assert {f"{SCANNER}{number}" for number in range(100)} == {
        item["Properties"]["PrincipalArn"] for item in rendered
    }


def test_rejects_a_principal_that_is_none(stack: cdk.Stack) -> None:
    """A principal that ECR rejects raises an error, and another takes the id."""
    registry = Registry(stack, "Registry")
    with rejects_value("scanner"):
        registry.exclude_from_pull_time("Scanner", "scanner")
    registry.exclude_from_pull_time("Scanner", SCANNER)

    assert 1 == len(resources(stack, "AWS::ECR::PullTimeUpdateExclusion"))


def test_rejects_a_principal_twice(stack: cdk.Stack) -> None:
    """CloudFormation would find that the second one exists already, minutes into a deployment."""
    registry = Registry(stack, "Registry")
    registry.exclude_from_pull_time("Scanner", SCANNER)

    with rejects("Again: pull-time-exclusion-duplicate"):
        registry.exclude_from_pull_time("Again", SCANNER)


def test_excludes_a_role_of_the_app(stack: cdk.Stack) -> None:
    """A role that the stack defines is referred to."""
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())
    Registry(stack, "Registry").exclude_from_pull_time("Scanner", role.role_arn)

    [exclusion] = resources(stack, "AWS::ECR::PullTimeUpdateExclusion")
    assert {"Fn::GetAtt": ["Role1ABCC5F0", "Arn"]} == exclusion["Properties"]["PrincipalArn"]
