"""What code writes on the L1s of a registry and of a template stays, next to what is requested."""

import json
from collections.abc import Callable
from functools import partial
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs import PullThroughCache, Upstream
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import (
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    function_of,
    identity_statements,
    new_app,
    of_type,
    parameter,
    role_of,
    template,
)
from tests.support.effort import examples
from tests.support.errors import rejects
from tests.support.joined_properties import (
    KINDS,
    PROFILES,
    WAYS,
    Do,
    Kind,
    Owner,
    Replicate,
    Sign,
    added,
    override,
    policy,
    rendered,
    replication,
    repository_text,
    scan_rule,
    set_,
    sign_rule,
    statement,
    written,
)

ORDERS = {"between": [0, 2, 1], "last": [0, 1, 2]}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_and_requested_is_rendered(
    stack: cdk.Stack, way: str, order: list[int]
) -> None:
    """Each once, for every L1 of a registry and for a template, in both orders."""
    owner = Owner(stack)
    names = [name for name in KINDS if (way, order) != ("outside", ORDERS["last"])]
    for name in names:
        kind = KINDS[name]
        steps: list[Callable[[], object]] = [
            partial(kind.request, owner, "first"),
            partial(kind.request, owner, "second"),
            partial(written, owner, kind, way),
        ]
        for step in order:
            steps[step]()

    assert {name: ["first", "second", "written"] for name in names} == rendered(owner, *names)


def test_code_that_is_not_python_must_not_write_last(stack: cdk.Stack) -> None:
    """Its write cannot be joined; the synthesis fails where it would be lost."""
    owner = Owner(stack)
    for kind in KINDS.values():
        kind.request(owner, "first")
        WAYS["outside"](kind, owner.resource(kind.id), "written")

    with pytest.raises(RuntimeError, match="code changed it after") as caught:
        template(stack)
    assert len(KINDS) == str(caught.value).count("code changed it after")


def test_a_document_must_not_grow_after_it_is_written(stack: cdk.Stack) -> None:
    """What is added to it later would be lost."""
    owner = Owner(stack)
    owner.registry.add_to_registry_policy(added("first", resources=["*"]))
    document = iam.PolicyDocument.from_json(policy("written"))
    owner.resource("Policy").policy_text = document
    document.add_statements(added("late", resources=["*"]))

    with pytest.raises(RuntimeError, match="code changed it after"):
        template(stack)


def test_an_empty_document_changes_nothing(stack: cdk.Stack) -> None:
    owner = Owner(stack)
    owner.registry.add_to_registry_policy(added("first", resources=["*"]))
    owner.resource("Policy").policy_text = iam.PolicyDocument()

    assert {"policy": ["first"]} == rendered(owner, "policy")


def extended(kind: Kind, value: Any) -> Any:
    """Return what was read, and more."""
    if kind.id == "Policy":
        return {**value, "Statement": [*value["Statement"], statement("extended")]}
    if kind.id == "Resource":
        # A text with deploy-time values cannot be read; this one is written next to it.
        return repository_text("extended")
    if kind.path:
        more = replication("extended").rules
        return Replicate.ReplicationConfigurationProperty(rules=[*value.rules, *more])
    return [*value, *kind.struct("extended")]


def test_what_is_read_and_extended_keeps_one_of_each(stack: cdk.Stack) -> None:
    """Code that reads a property, adds to it and writes it writes what it has read too."""
    owner = Owner(stack)
    for kind in KINDS.values():
        kind.request(owner, "first")
        resource = owner.resource(kind.id)
        setattr(resource, kind.attribute, extended(kind, getattr(resource, kind.attribute)))
        setattr(resource, kind.attribute, getattr(resource, kind.attribute))
        kind.request(owner, "second")
        kind.request(owner, "second")

    expected = ["extended", "first", "second"]
    assert dict.fromkeys(KINDS, expected) == rendered(owner, *KINDS)


def test_written_rules_count(stack: cdk.Stack) -> None:
    """Push grants include the signatures of a written rule, and warnings its filters."""
    owner = Owner(stack)
    owner.registry.sign(PROFILES["first"])
    owner.resource("Signing").rules = [sign_rule("written")]
    owner.registry.grant_push(role_of(stack), prefix="payments/")

    assert PROFILES["written"] in str(identity_statements(stack))
    assert 2 == len(owner.registry.signing_rules)


LAMBDA_VALUE: Any = cdk.Fn.condition_if("A", "b", "c")
IF = {"Fn::If": ["A", {}, {"Ref": "AWS::NoValue"}]}
OLD = policy("old", Version="2008-10-17")
OLD["Statement"][0]["Resource"] = "arn:aws:ecr:*:*:repository/${aws:username}"
REFUSED: dict[str, tuple[Do, str]] = {
    "a policy that is a function": (set_("Policy", "policy_text", LAMBDA_VALUE), "unresolved"),
    "a policy that is overridden by a function": (
        override("Policy", "PolicyText", IF),
        "unresolved",
    ),
    "statements of a function": (override("Policy", "PolicyText.Statement", IF), "unresolved"),
    "a text that is not JSON": (set_("Policy", "policy_text", "{"), "unresolved"),
    "variables of an earlier version": (set_("Policy", "policy_text", OLD), "unresolved"),
    "no policy": (set_("Policy", "policy_text", None), "removed"),
    "a removed policy": (
        lambda owner: owner.resource("Policy").add_property_deletion_override("PolicyText"),
        "removed",
    ),
    "a removed path": (
        lambda owner: owner.resource("Policy").add_deletion_override("Properties.PolicyText"),
        "removed",
    ),
    "another action": (override("Policy", "PolicyText.Statement.0.Action", "ecr:*"), "replaced"),
    "another statement": (override("Policy", "PolicyText.Statement.0", {}), "replaced"),
    "a removed statement": (override("Policy", "PolicyText.Statement.0", None), "replaced"),
    "rules of a function": (set_("Scanning", "rules", LAMBDA_VALUE), "unresolved"),
    "rules of another kind": (override("Scanning", "Rules", IF), "unresolved"),
    "another frequency": (set_("Scanning", "rules", [scan_rule("a", frequency="W")]), "unresolved"),
    "a filter of a function": (
        override("Scanning", "Rules", [{"ScanFrequency": IF}]),
        "unresolved",
    ),
    "another scan type": (set_("Scanning", "scan_type", "FAST"), "unresolved"),
    "a scan type of a function": (override("Scanning", "ScanType", IF), "unresolved"),
    "no rules": (set_("Scanning", "rules", None), "removed"),
    "a replication of a function": (
        override("Replication", "ReplicationConfiguration", "x"),
        "unresolved",
    ),
    "deletions of a function": (
        override(
            "Replication",
            "ReplicationConfiguration.Rules",
            [{"Destinations": [], "DeleteReplication": {"Enabled": "yes"}}],
        ),
        "unresolved",
    ),
    "a removed replication": (set_("Replication", "replication_configuration", None), "removed"),
    "signing rules of deploy time": (
        set_("Signing", "rules", ["#{Token[TOKEN.1]}"]),
        "unresolved",
    ),
    "a template's text of deploy time": (
        lambda owner: set_("Resource", "repository_policy", parameter(owner.stack))(owner),
        "unresolved",
    ),
    "a template without a policy": (set_("Resource", "repository_policy", None), "removed"),
}


def with_everything(stack: cdk.Stack) -> Owner:
    """Return a registry and a template that have requested something of each kind."""
    owner = Owner(stack)
    for kind in KINDS.values():
        kind.request(owner, "first")
    return owner


def test_what_cannot_be_joined_raises(stack: cdk.Stack) -> None:
    """Where it is written, with the path of the construct; what was requested stays."""
    owner = with_everything(stack)
    for case, (write, code) in REFUSED.items():
        with pytest.raises(ValidationError) as caught:
            write(owner)
        [problem] = caught.value.diagnostics
        assert (case, True) == (case, problem.code.endswith(f"-{code}"))
        assert problem.path in ("Stack/Registry", "Stack/Template")

    assert {name: ["first"] for name in KINDS} == rendered(owner, *KINDS)


LIMITS: dict[str, tuple[Do, str]] = {
    "another scanner": (set_("Scanning", "scan_type", "ENHANCED"), "scanning-type-conflict"),
    "a long policy": (
        set_("Policy", "policy_text", policy(*(f"S{n:0200}" for n in range(60)))),
        "registry-policy-length",
    ),
    "a long policy of a template": (
        set_("Resource", "repository_policy", repository_text(*(f"S{n:0200}" for n in range(60)))),
        "repository-policy-length",
    ),
    "a replication to itself": (
        set_("Replication", "replication_configuration", replication("ab", region=REGION)),
        "replication-destination-is-source",
    ),
    "too many signing rules": (
        set_(
            "Signing",
            "rules",
            [
                Sign.RuleProperty(signing_profile_arn=f"{PROFILES['first']}{number}")
                for number in range(10)
            ],
        ),
        "signing-rule-count",
    ),
}


def test_what_ecr_rejects_together_raises(stack: cdk.Stack) -> None:
    """ECR's limits are for all authors together."""
    owner = with_everything(stack)
    for write, code in LIMITS.values():
        with rejects(code):
            write(owner)

    assert {name: ["first"] for name in KINDS} == rendered(owner, *KINDS)


# --- overrides of parts -----------------------------------------------------------------------


def test_an_override_of_a_part_stays_with_its_element(stack: cdk.Stack) -> None:
    """A condition is added to a statement; what is requested later does not move it."""
    owner = Owner(stack)
    owner.registry.add_to_registry_policy(added("first", resources=["*"]))
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    override("Policy", "PolicyText.Statement.0.Condition", condition)(owner)
    owner.registry.add_to_registry_policy(added("second", resources=["*"]))
    set_("Policy", "policy_text", policy("written"))(owner)

    [resource] = of_type(template(stack), KINDS["policy"].type).values()
    conditions = {
        item["Sid"]: item.get("Condition") for item in resource["PolicyText"]["Statement"]
    }
    assert {"first": condition, "second": None, "written": None} == conditions


def test_an_override_of_a_part_does_not_move_to_another_element(stack: cdk.Stack) -> None:
    """Here the first rule becomes the second, so that the override would change another."""
    owner = Owner(stack)
    owner.registry.scan_enhanced(continuous=["first"])
    owner.registry.scan_enhanced(continuous=["second"])
    override("Scanning", "Rules.0.Note", "x")(owner)
    override("Scanning", "Rules.1", {"ScanFrequency": "SCAN_ON_PUSH"})(owner)
    with rejects("Stack/Registry: registry-scanning-configuration-override-moved"):
        owner.registry.scan_enhanced(on_push=["lab/*"])

    assert {"scanning": ["first", "second"]} == rendered(owner, "scanning")


def test_deletions_stay_with_their_rules(stack: cdk.Stack) -> None:
    """Whatever is written, and also after fewer rules are written; overrides of parts stay."""
    owner = Owner(stack)
    registry = owner.registry
    registry.replicate(to_regions=[OTHER_REGION], prefixes=["first"], replicate_deletions=True)
    resource = owner.resource("Replication")
    override("Replication", "ReplicationConfiguration.Rules.0.Note", "x")(owner)
    resource.replication_configuration = resource.replication_configuration
    enabled = {"DeleteReplication": {"Enabled": True}}
    path = "ReplicationConfiguration.Rules"
    many = [{**KINDS["replication"].plain(name)[0], **enabled} for name in ("written", "extended")]
    override("Replication", path, many)(owner)
    override("Replication", path, KINDS["replication"].plain("written"))(owner)
    registry.replicate(to_regions=[OTHER_REGION], prefixes=["second"])

    [properties] = of_type(template(stack), KINDS["replication"].type).values()
    rules = properties["ReplicationConfiguration"]["Rules"]
    deletions = {
        rule["RepositoryFilters"][0]["Filter"]: "DeleteReplication" in rule for rule in rules
    }
    assert {"first": True, "second": False, "written": False} == deletions
    assert ["x", None, None] == [rule.get("Note") for rule in rules]


def test_other_properties_and_overrides_are_those_of_cdk(stack: cdk.Stack) -> None:
    """Of other properties, of other parts of the resource, and all properties at once."""
    owner = with_everything(stack)
    resource = owner.resource("Resource")
    resource.description = "written"
    resource.add_override("Metadata.Team", "written")
    resource.add_property_override("CustomRoleArn", "written")
    resource.add_deletion_override("Properties")

    [rendered_] = [item for item in template(stack)["Resources"].values() if "Metadata" in item]
    assert "Properties" not in rendered_
    assert {"Team": "written"}.items() <= rendered_["Metadata"].items()


# --- templates without a policy ---------------------------------------------------------------


def text_of_template(stack: cdk.Stack) -> Any:
    """Return the policy of the one template."""
    [properties] = of_type(template(stack), KINDS["template"].type).values()
    return properties.get("RepositoryPolicy")


UNREAD: dict[str, Do] = {
    "a write": lambda owner: set_("Resource", "repository_policy", parameter(owner.stack))(owner),
    "an override": override("Resource", "RepositoryPolicy", {"Ref": "AWS::NoValue"}),
}


@pytest.mark.parametrize("write", UNREAD.values(), ids=UNREAD)
def test_a_policy_that_only_other_code_writes_is_rendered_as_it_is(
    stack: cdk.Stack, write: Do
) -> None:
    """Nothing is read where nothing is requested; a request then raises."""
    owner = Owner(stack)
    write(owner)
    with rejects("Stack/Template: repository-policy-unresolved"):
        owner.template.grant_pull_to_lambda()

    with rejects("Stack/Template: repository-policy-unresolved"):
        _ = owner.template.repository_statements
    assert text_of_template(stack) in ({"Ref": "Text"}, {"Ref": "AWS::NoValue"})


@pytest.mark.parametrize(
    "write",
    [
        set_("Resource", "repository_policy", repository_text("written")),
        override("Resource", "RepositoryPolicy", repository_text("written")),
    ],
    ids=["write", "override"],
)
def test_a_policy_that_was_written_before_takes_requests(stack: cdk.Stack, write: Do) -> None:
    """As it is until then, and removed if that code removes it."""
    owner = Owner(stack)
    write(owner)
    assert repository_text("written") == text_of_template(stack)
    assert ["written"] == [item["Sid"] for item in owner.template.repository_statements]

    set_("Resource", "repository_policy", None)(owner)
    owner.resource("Resource").add_property_deletion_override("RepositoryPolicy")
    assert text_of_template(stack) is None

    write(owner)
    owner.template.add_to_repository_policy(added("first"))
    assert {"template": ["first", "written"]} == rendered(owner, "template")


def test_a_written_policy_admits_functions(app: cdk.App, stack: cdk.Stack) -> None:
    """Of another account: what is written counts, and what cannot be read is not an error."""
    function = cdk.Stack(app, "Far", env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION))
    cache = PullThroughCache(stack, "Quay", upstream=Upstream.quay())
    function_of(function, cache.repository("argoproj/argocd"))
    resource: Any = cache.template.node.find_child("Resource")
    with pytest.raises(RuntimeError, match="does not admit Lambda"):
        template(stack)

    admitted = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "ecr:BatchGetImage",
    }
    resource.repository_policy = json.dumps({"Statement": [admitted]})
    assert "Resources" in template(stack)
    resource.repository_policy = parameter(stack)
    assert "Resources" in template(stack)


# --- any order --------------------------------------------------------------------------------


# Each L1 has every order once; in one app they have different ones.
STEPS = [*permutations([("request", "second"), ("write", "written"), ("override", "extended")])]
RENDERED = ["extended", "first", "second", "written"]


@pytest.mark.parametrize("shift", range(len(STEPS)))
def test_nothing_is_lost_in_any_order(stack: cdk.Stack, shift: int) -> None:
    """Requests, writes and overrides of every L1 in every order: each is rendered once."""
    owner = Owner(stack)
    for kind in KINDS.values():
        kind.request(owner, "first")
    orders = [STEPS[(number + shift) % len(STEPS)] for number in range(len(KINDS))]
    for steps in zip(*orders, strict=True):
        for kind, (way, name) in zip(KINDS.values(), steps, strict=True):
            _take(owner, kind, way, name)
    assert dict.fromkeys(KINDS, RENDERED) == rendered(owner, *KINDS)


def _take(owner: Owner, kind: Kind, way: str, name: str) -> None:
    if way == "request":
        kind.request(owner, name)
    else:
        WAYS[way](kind, owner.resource(kind.id), name)


@settings(max_examples=examples(100))
@given(st.data())
def test_nothing_is_lost_in_any_interleaving(data: st.DataObject) -> None:
    """Requests, writes and overrides of every L1 in random order: each is rendered once."""
    with TemporaryDirectory() as folder:
        stack = cdk.Stack(new_app(Path(folder)), "Stack", env=ENV)
        owner = Owner(stack)
        for kind in KINDS.values():
            kind.request(owner, "first")
        steps = [(kind, *step) for kind in KINDS.values() for step in STEPS[0]]
        for kind, way, name in data.draw(st.permutations(steps)):
            _take(owner, kind, way, name)
        assert dict.fromkeys(KINDS, RENDERED) == rendered(owner, *KINDS)
