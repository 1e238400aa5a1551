"""One registry for each account and Region: found, claimed once, rendered only where asked.

Its replication, signing and grants have modules of their own.
"""

from collections.abc import Callable
from operator import methodcaller as ask
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs import Registry, Repository
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    THIRD_ACCOUNT,
    allow,
    children,
    of_type,
    properties_of,
    role_of,
    root,
    signing_profile,
    template,
    warnings_of,
    within,
)
from tests.support.errors import rejects

PROFILE = signing_profile("prod")
SCANNER = f"arn:aws:iam::{ACCOUNT}:role/scanner"
POLICY, EXCLUSION = "AWS::ECR::RegistryPolicy", "AWS::ECR::PullTimeUpdateExclusion"
SCANNING = "AWS::ECR::RegistryScanningConfiguration"
CONTAINS = "ecr-constructs:scanFilterContains"

Ask = Callable[[Registry], None]


def policy_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the one registry policy."""
    statements: list[dict[str, Any]] = properties_of(stack, POLICY)["PolicyText"]["Statement"]
    return statements


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


@pytest.mark.parametrize("other", [None, *ELSEWHERE.values()], ids=["nowhere", *ELSEWHERE])
def test_of_rejects_a_place_without_a_registry(
    app: cdk.App, stack: cdk.Stack, other: cdk.Environment | None
) -> None:
    """A registry of another account or Region is not this one."""
    if other:
        Registry(stack, "Registry")

    with rejects("registry-undefined"):
        Registry.of(cdk.Stack(app, "Elsewhere", env=other or ENV))


def test_of_finds_the_registry_of_the_scopes_environment(app: cdk.App) -> None:
    """Each account and Region has a registry of its own."""
    environments = [ENV, *ELSEWHERE.values()]
    made = [
        Registry(cdk.Stack(app, f"Stack{number}", env=entry), "Registry")
        for number, entry in enumerate(environments)
    ]

    for number, item in enumerate(environments):
        assert made[number] is Registry.of(cdk.Stack(app, f"Other{number}", env=item))


PLACES: dict[str, tuple[Callable[[cdk.App, cdk.Stack], Construct], str]] = {
    "the same stack": (lambda _, stack: stack, "Stack"),
    "another stack": (lambda app, _: cdk.Stack(app, "Second", env=ENV), "Second"),
    "a stage": (lambda app, _: cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Second"), "Prod/Second"),
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
    before = children(scope)

    with rejects(f"{path}/Again: defined-twice") as caught:
        Registry(scope, "Again")

    assert all(name in str(caught[0]) for name in ("Stack/Registry", f"aws://{ACCOUNT}/{REGION}"))
    assert before == children(scope)


def test_an_agnostic_stack_is_no_stack_of_a_known_region(app: cdk.App, stack: cdk.Stack) -> None:
    """A registry of an unknown Region says nothing about one of a known Region."""
    Registry(stack, "Registry")
    agnostic = cdk.Stack(app, "Agnostic")
    first = Registry(agnostic, "Registry")

    assert ["Registry"] == children(agnostic)
    assert [] == warnings_of(agnostic)
    second = cdk.Stack(app, "Second")
    Registry(second, "Registry")
    assert first is Registry.of(second)


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

    [statement] = policy_statements(stack)
    partition, account = {"Ref": "AWS::Partition"}, {"Ref": "AWS::AccountId"}
    below = ["arn:", partition, ":ecr:", {"Ref": "AWS::Region"}, ":", account]
    assert {"Fn::Join": ["", [*below, ":repository/payments/*"]]} == statement["Resource"]
    assert {"AWS": {"Fn::Join": ["", ["arn:", partition, f":iam::{OTHER_ACCOUNT}:root"]]}} == (
        statement["Principal"]
    )
    replication = properties_of(stack, "AWS::ECR::ReplicationConfiguration")
    assert [{"Destinations": [{"Region": "eu-west-1", "RegistryId": account}]}] == (
        replication["ReplicationConfiguration"]["Rules"]
    )


# --- pull time --------------------------------------------------------------------------------


def test_excludes_up_to_a_hundred(stack: cdk.Stack) -> None:
    """A hundred principals can be excluded, one of them a role of the app; one more is rejected."""
    registry = Registry(stack, "Registry")
    for number in range(99):
        registry.exclude_from_pull_time(f"Scanner{number}", f"{SCANNER}{number}")
    registry.exclude_from_pull_time("Role", role_of(stack).role_arn)

    with rejects("OneMore: pull-time-exclusion-count"):
        registry.exclude_from_pull_time("OneMore", SCANNER)

    arns = [item["PrincipalArn"] for item in of_type(template(stack), EXCLUSION).values()]
    role = {"Fn::GetAtt": ["Role1ABCC5F0", "Arn"]}
    assert [*(f"{SCANNER}{number}" for number in range(99)), role] == arns


# --- scanning ---------------------------------------------------------------------------------


def scan_rule(frequency: str, *filters: str) -> dict[str, Any]:
    """Return a rule as it is rendered."""
    rendered = [{"Filter": item, "FilterType": "WILDCARD"} for item in filters]
    return {"ScanFrequency": frequency, "RepositoryFilters": rendered}


def basic(*filters: str) -> Ask:
    """Ask for basic scans on push."""
    return ask("scan_basic", on_push=[*filters])


def enhanced(**filters: Any) -> Ask:
    """Ask for enhanced scans."""
    return ask("scan_enhanced", **filters)


PAYMENTS = ["payments/*"]
BOTH = [scan_rule("SCAN_ON_PUSH", "lab/*"), scan_rule("CONTINUOUS_SCAN", *PAYMENTS)]
SCANS: dict[str, tuple[list[Ask], str, list[dict[str, Any]]]] = {
    "basic": ([basic("*")], "BASIC", [scan_rule("SCAN_ON_PUSH", "*")]),
    "basic, of everything": ([ask("scan_basic")], "BASIC", [scan_rule("SCAN_ON_PUSH", "*")]),
    "enhanced, of everything": ([enhanced()], "ENHANCED", [scan_rule("CONTINUOUS_SCAN", "*")]),
    "enhanced, of everything on push": (
        [enhanced(on_push=["*"], continuous=[])],
        *("ENHANCED", [scan_rule("SCAN_ON_PUSH", "*")]),
    ),
    "basic, by several": (
        [basic("store/*", "payments/*"), basic("payments/*", "lab/*")],
        *("BASIC", [scan_rule("SCAN_ON_PUSH", "lab/*", "payments/*", "store/*")]),
    ),
    "enhanced": ([enhanced(on_push=["lab/*"] * 2, continuous=PAYMENTS)], "ENHANCED", BOTH),
    "enhanced, by several": (
        [enhanced(continuous=PAYMENTS), enhanced(on_push=["lab/*"])],
        *("ENHANCED", BOTH),
    ),
}


@pytest.mark.parametrize(("asks", "scan_type", "rules"), SCANS.values(), ids=SCANS)
def test_scans(
    stack: cdk.Stack, asks: list[Ask], scan_type: str, rules: list[dict[str, Any]]
) -> None:
    """What is asked for is joined in one configuration."""
    registry = Registry(stack, "Registry")
    for request in asks:
        request(registry)

    assert {"ScanType": scan_type, "Rules": rules} == properties_of(stack, SCANNING)


EMPTY: dict[str, tuple[Ask, str]] = {
    "basic": (basic(), "on_push"),
    "enhanced, on push": (enhanced(on_push=[]), "on_push"),
    "enhanced, continuous": (enhanced(continuous=()), "continuous"),
    "enhanced, both": (enhanced(on_push=[], continuous=[]), "continuous"),
}


@pytest.mark.parametrize(("request_", "path"), EMPTY.values(), ids=EMPTY)
def test_a_scan_of_nothing_is_rejected(stack: cdk.Stack, request_: Ask, path: str) -> None:
    """An empty list would turn scanning off for the whole registry."""
    with rejects(f"{path}: scanning-filters-missing"):
        request_(Registry(stack, "Registry"))


@pytest.mark.parametrize(
    ("filters", "warns"),
    [(["shop/api"], True), (["shop/api*"], False), (["shop/api-docs"], False), (["docs"], True)],
)
def test_a_filter_without_a_star_contains(
    stack: cdk.Stack, filters: list[str], *, warns: bool
) -> None:
    """Another repository whose name contains the filter is scanned too, which is a warning."""
    for name in ("shop/api", "shop/api-docs", None):
        Repository(stack, f"Repository {name}", repository_name=name)
    Registry(stack, "Registry").scan_enhanced(continuous=filters)

    assert warns == (CONTAINS in str(warnings_of(stack)))


# --- policy -----------------------------------------------------------------------------------

ARN = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/"
REPLICATE = ["ecr:CreateRepository", "ecr:ReplicateImage"]


def statement(**more: Any) -> iam.PolicyStatement:
    """Return a statement that lets an account replicate everything, by default."""
    defaults: dict[str, Any] = {
        "actions": ["ecr:ReplicateImage"],
        "principals": [iam.AccountPrincipal(OTHER_ACCOUNT)],
        "resources": ["*"],
    }
    return iam.PolicyStatement(**{**defaults, **more})


def replicate(account: str, *prefixes: str, **more: Any) -> Ask:
    """Ask for images from another account."""
    return ask("allow_replication_from", [account], prefixes=[*prefixes], **more)


def add(**more: Any) -> Ask:
    """Ask for a statement."""
    return ask("add_to_registry_policy", statement(**more))


def replicates(
    account: str, actions: list[str], arn: str, partition: str = "aws"
) -> dict[str, Any]:
    """Return the statement for ECR's replication role of an account."""
    service = "aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
    role = root(account, partition).replace(":root", f":role/{service}")
    condition = {"ArnEquals": {"aws:PrincipalArn": role}}
    return allow(actions, arn, condition=condition, AWS=root(account, partition))


ADDED = allow("ecr:ReplicateImage", "*", AWS=root(OTHER_ACCOUNT))
REPLICATOR = f"arn:aws:iam::{OTHER_ACCOUNT}:role/replicator"
BUT: dict[str, Any] = {
    "effect": iam.Effect.DENY,
    "not_actions": ["ecr:ReplicateImage"],
    "not_principals": [iam.ArnPrincipal(REPLICATOR)],
    "not_resources": [f"{ARN}payments/*"],
}
PULL_THROUGH = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
POLICIES: dict[str, tuple[list[Ask], list[dict[str, Any]]]] = {
    "pulls through caches": (
        [ask("allow_pull_through_from", [OTHER_ACCOUNT], prefixes=["quay/"])],
        [allow(PULL_THROUGH, f"{ARN}quay/*", AWS=root(OTHER_ACCOUNT))],
    ),
    "pulls through caches that tag": (
        [ask("allow_pull_through_from", [OTHER_ACCOUNT], prefixes=["quay/"], tagging=True)],
        [allow([*PULL_THROUGH, "ecr:TagResource"], f"{ARN}quay/*", AWS=root(OTHER_ACCOUNT))],
    ),
    "one behind the other": (
        [
            replicate(OTHER_ACCOUNT, "payments/"),
            replicate(THIRD_ACCOUNT, "store/", tagging=True),
            ask(
                "allow_create_on_push", [THIRD_ACCOUNT, OTHER_ACCOUNT], prefixes=["tools/", "lab/"]
            ),
            add(sid="Replicate"),
        ],
        [
            replicates(OTHER_ACCOUNT, REPLICATE, f"{ARN}payments/*"),
            replicates(THIRD_ACCOUNT, [*REPLICATE, "ecr:TagResource"], f"{ARN}store/*"),
            allow(
                *("ecr:CreateRepository", [f"{ARN}lab/*", f"{ARN}tools/*"]),
                AWS=[root(account) for account in (OTHER_ACCOUNT, THIRD_ACCOUNT)],
            ),
            {**ADDED, "Sid": "Replicate"},
        ],
    ),
    "equal requests": (
        [replicate(OTHER_ACCOUNT, "payments/"), add()] * 2,
        [replicates(OTHER_ACCOUNT, REPLICATE, f"{ARN}payments/*"), ADDED],
    ),
    "an organization": (
        [add(principals=[iam.OrganizationPrincipal(ORGANIZATION)])],
        [allow("ecr:ReplicateImage", "*", AWS="*", condition=within(ORGANIZATION))],
    ),
    "a denial of all but something": (
        [ask("add_to_registry_policy", iam.PolicyStatement(**BUT))],
        [
            {
                "Effect": "Deny",
                "NotAction": "ecr:ReplicateImage",
                "NotPrincipal": {"AWS": REPLICATOR},
                "NotResource": f"{ARN}payments/*",
            }
        ],
    ),
}


@pytest.mark.parametrize(("asks", "statements"), POLICIES.values(), ids=POLICIES)
def test_statements(stack: cdk.Stack, asks: list[Ask], statements: list[dict[str, Any]]) -> None:
    """Each request becomes a statement behind those that stand there, equal ones a single one."""
    registry = Registry(stack, "Registry")
    for request in asks:
        request(registry)

    assert {"PolicyText": {"Version": "2012-10-17", "Statement": statements}} == (
        properties_of(stack, POLICY)
    )


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_arns_are_of_the_stacks_partition(app: cdk.App, region: str, partition: str) -> None:
    """The ARNs of accounts and repositories carry the partition of the registry's Region."""
    stack = cdk.Stack(app, "Far", env=cdk.Environment(account=ACCOUNT, region=region))
    Registry(stack, "Registry").allow_replication_from([OTHER_ACCOUNT], prefixes=["payments/"])

    arn = f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/payments/*"
    expected = replicates(OTHER_ACCOUNT, REPLICATE, arn, partition)
    assert [expected] == policy_statements(stack)


# --- requests that are rejected ---------------------------------------------------------------

LONG = [f"{'p' * 240}{number}/" for number in range(15)]
MISSING = [f"{part}s: statement-without-{part}" for part in ("principal", "action", "resource")]


def fill(registry: Registry) -> None:
    """Let the policy grow nearly as long as ECR accepts: 10,240 characters."""
    registry.allow_replication_from([OTHER_ACCOUNT], prefixes=LONG)
    registry.allow_create_on_push([OTHER_ACCOUNT], prefixes=LONG)


# What is asked before, what ECR or the earlier request then rejects, and the problems.
REJECTED: dict[str, tuple[Any, ...]] = {
    "no ARN": (None, ask("exclude_from_pull_time", "It", "it"), "pull-time-exclusion-format"),
    "a role of China": (
        None,
        ask("exclude_from_pull_time", "It", f"arn:aws-cn:iam::{ACCOUNT}:role/x"),
        "arn-partition",
    ),
    "a principal again": (
        ask("exclude_from_pull_time", "Scanner", SCANNER),
        ask("exclude_from_pull_time", "Again", SCANNER),
        "Again: pull-time-exclusion-duplicate",
    ),
    "two scanners": (basic("*"), enhanced(continuous=PAYMENTS), "scanning-type-conflict"),
    "two frequencies": (
        *(enhanced(on_push=PAYMENTS), enhanced(continuous=PAYMENTS)),
        "scanning-filter-frequency",
    ),
    "a faulty filter": (basic(*PAYMENTS), basic("store/"), "on_push[0]: scanning-filter-format"),
    "a bare string": (
        *(enhanced(on_push=PAYMENTS), enhanced(continuous="store/*")),
        "continuous: list-is-string",
    ),
    "101 filters": (
        *(basic(*(f"team{n}/*" for n in range(100))), basic("one/more")),
        "on_push: scanning-filter-count",
    ),
    "no principals": (None, add(principals=[]), MISSING[0]),
    "no actions": (None, add(actions=[]), MISSING[1]),
    "no resources": (None, add(resources=[]), MISSING[2]),
    "no parts": (None, ask("add_to_registry_policy", iam.PolicyStatement()), *MISSING),
    # It would open every repository.
    "replication of all": (
        *(None, replicate(OTHER_ACCOUNT)),
        "prefixes: registry-policy-prefixes-missing",
    ),
    "creation of all": (
        *(None, ask("allow_create_on_push", [OTHER_ACCOUNT], prefixes=[])),
        "prefixes: registry-policy-prefixes-missing",
    ),
    "a long policy": (fill, replicate(THIRD_ACCOUNT, *LONG), "registry-policy-length"),
}


@pytest.mark.parametrize(
    ("earlier", "rejected", "problems"),
    [(earlier, rejected, problems) for earlier, rejected, *problems in REJECTED.values()],
    ids=REJECTED,
)
def test_a_rejected_request_changes_nothing(
    stack: cdk.Stack, earlier: Ask | None, rejected: Ask, problems: list[str]
) -> None:
    """What was asked before is rendered as it was, and ids stay free."""
    registry = Registry(stack, "Registry")
    if earlier:
        earlier(registry)
    before = template(stack)

    with rejects(*problems):
        rejected(registry)

    assert before == template(stack)
    assert bool(earlier) == bool(registry.node.children)


def test_the_length_of_deploy_time_values_is_not_judged(app: cdk.App) -> None:
    """What stands for an account id is longer than one, so a policy that holds it passes."""
    stack = cdk.Stack(app, "Agnostic")
    Registry(stack, "Registry").allow_replication_from(
        [OTHER_ACCOUNT], prefixes=[f"{'p' * 50}{number}/" for number in range(99)]
    )

    assert 99 == len(policy_statements(stack)[0]["Resource"])
