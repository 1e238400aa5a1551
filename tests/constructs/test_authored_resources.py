"""What code writes on the L1s of templates, public repositories and registries is not lost."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import PublicRepository, Registry, Repository, RepositoryCreationTemplate
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    THIRD_ACCOUNT,
    in_order,
    resources,
    template,
)
from tests.support.errors import rejects

Statements = list[dict[str, Any]]
PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/payments"


def policy(sid: str, **more: Any) -> dict[str, Any]:
    """Return a policy that denies."""
    deny = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "ecr:DeleteRepository"}
    return {"Version": "2012-10-17", "Statement": [{**deny, **more}]}


def l1_of(scope: cdk.Stack, kind: str) -> Any:
    """Return the one L1 of a type."""
    [resource] = [
        node
        for node in scope.node.find_all()
        if isinstance(node, cdk.CfnResource) and node.cfn_resource_type == f"AWS::ECR::{kind}"
    ]
    return resource


@jsii.implements(cdk.IAspect)
class Writes:
    """An Aspect that writes a property of the resources of a type."""

    def __init__(self, kind: str, attribute: str, value: Any) -> None:
        """Take what to write."""
        self._kind = f"AWS::ECR::{kind}"
        self._attribute = attribute
        self._value = value

    def visit(self, node: Any) -> None:
        """Write the property."""
        if getattr(node, "cfn_resource_type", None) == self._kind:
            setattr(node, self._attribute, self._value)


class Subject:
    """A resource with a policy: its type, the attribute of the L1, and what adds a statement."""

    def __init__(
        self,
        kind: str,
        attribute: str,
        start: Callable[[cdk.Stack], Any],
        add: Callable[[Any], Any] = lambda _: None,
        *,
        as_text: bool = False,
        code: str = "repository-policy",
    ) -> None:
        """Take the parts."""
        self.kind = kind
        self.attribute = attribute
        self.start = start
        self.add = add
        self.as_text = as_text
        self.code = code

    def value(self, sid: str) -> Any:
        """Return a policy as code writes it."""
        resource = {"Resource": "*"} if self.kind == "RegistryPolicy" else {}
        body = policy(sid, **resource)
        return json.dumps(body) if self.as_text else body

    def statements(self, stack: cdk.Stack) -> Statements:
        """Return the rendered statements."""
        [resource] = resources(stack, f"AWS::ECR::{self.kind}")
        name = "".join(map(str.capitalize, self.attribute.split("_")))
        rendered = resource["Properties"][name]
        if self.as_text:
            rendered = json.loads(_flat(rendered))
        statements: Statements = rendered["Statement"]
        return statements


def _flat(text: Any) -> str:
    """Return a text in which deploy-time values are ``*``."""
    parts = text["Fn::Join"][1] if isinstance(text, dict) else [text]
    return "".join(part if isinstance(part, str) else "*" for part in parts)


def _replicas(stack: cdk.Stack) -> RepositoryCreationTemplate:
    return RepositoryCreationTemplate(
        stack,
        "Replicas",
        prefix="payments",
        applied_for=["REPLICATION"],
        pull_accounts=[OTHER_ACCOUNT],
    )


def _bare(stack: cdk.Stack) -> RepositoryCreationTemplate:
    return RepositoryCreationTemplate(
        stack, "Replicas", prefix="payments", applied_for=["REPLICATION"]
    )


def _registry(stack: cdk.Stack) -> Registry:
    registry = Registry(stack, "Registry")
    registry.allow_create_on_push([OTHER_ACCOUNT], prefixes=["sandbox/"])
    return registry


def _statement(account: str, **more: Any) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.AccountPrincipal(account)], actions=["ecr:BatchGetImage"], **more
    )


SUBJECTS = {
    "a template": Subject(
        "RepositoryCreationTemplate",
        "repository_policy",
        _replicas,
        lambda item: item.add_to_repository_policy(_statement(THIRD_ACCOUNT)),
        as_text=True,
    ),
    "a template for Lambda": Subject(
        "RepositoryCreationTemplate",
        "repository_policy",
        _replicas,
        lambda item: item.grant_pull_to_lambda(account=THIRD_ACCOUNT),
        as_text=True,
    ),
    "a registry": Subject(
        "RegistryPolicy",
        "policy_text",
        _registry,
        lambda item: item.allow_pull_through_from([THIRD_ACCOUNT], prefixes=["quay/"]),
        code="registry-policy",
    ),
}


@pytest.mark.parametrize("late", [False, True], ids=["write first", "request first"])
@pytest.mark.parametrize("by", ["attribute", "Aspect", "override"])
@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_written_policy_joins_what_is_requested(
    stack: cdk.Stack, subject: Subject, by: str, *, late: bool
) -> None:
    """In both orders, with what the arguments declare."""
    construct = subject.start(stack)
    resource = l1_of(stack, subject.kind)
    value = subject.value("Written")
    name = "".join(map(str.capitalize, subject.attribute.split("_")))
    write = {
        "attribute": lambda: setattr(resource, subject.attribute, value),
        "Aspect": lambda: cdk.Aspects.of(stack).add(Writes(subject.kind, subject.attribute, value)),
        "override": lambda: resource.add_property_override(name, value),
    }[by]
    in_order(write, lambda: subject.add(construct), late=late)

    statements = subject.statements(stack)
    assert ["Written"] == [item["Sid"] for item in statements if "Sid" in item]
    assert {OTHER_ACCOUNT, THIRD_ACCOUNT} <= {
        account
        for account in (OTHER_ACCOUNT, THIRD_ACCOUNT)
        if account in str([item["Principal"] for item in statements])
    }


def test_a_public_repository_keeps_both(app: cdk.App) -> None:
    """What its arguments declare, and what is written."""
    stack = cdk.Stack(app, "Public", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))
    PublicRepository(stack, "Cli", push_accounts=[OTHER_ACCOUNT])
    l1_of(stack, "PublicRepository").repository_policy_text = policy("Written")

    [resource] = resources(stack, "AWS::ECR::PublicRepository")
    rendered = resource["Properties"]["RepositoryPolicyText"]["Statement"]
    assert ["Written", None] == [item.get("Sid") for item in rendered]


def test_a_text_that_only_other_code_writes_is_rendered_as_it_is(stack: cdk.Stack) -> None:
    """Nothing is read where nothing is added, and a statement that comes later joins it."""
    construct = _bare(stack)
    text = json.dumps(policy("Written"), indent=1)
    l1_of(stack, "RepositoryCreationTemplate").repository_policy = text

    [resource] = resources(stack, "AWS::ECR::RepositoryCreationTemplate")
    assert text == resource["Properties"]["RepositoryPolicy"]
    construct.add_to_repository_policy(_statement(THIRD_ACCOUNT))
    assert 2 == len(SUBJECTS["a template"].statements(stack))
    assert ["Written", None] == [item.get("Sid") for item in construct.repository_statements]


@pytest.mark.parametrize("late", [False, True], ids=["write first", "request first"])
@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_what_cannot_be_joined_raises(stack: cdk.Stack, subject: Subject, *, late: bool) -> None:
    """With the path of what owns the policy."""
    construct = subject.start(stack)
    resource = l1_of(stack, subject.kind)
    unknown = cdk.CfnParameter(stack, "Policy").value_as_string
    path = resource.node.path if subject.as_text else "Stack/Registry"
    with rejects(f"{path}: {subject.code}-unresolved"):
        in_order(
            lambda: setattr(resource, subject.attribute, unknown),
            lambda: subject.add(construct),
            late=late,
        )


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_the_length_counts_all_authors(stack: cdk.Stack, subject: Subject) -> None:
    """ECR's limit is for the whole policy."""
    subject.start(stack)
    setattr(l1_of(stack, subject.kind), subject.attribute, subject.value("A" * 10_200))

    with pytest.raises(RuntimeError, match="10,240"):
        template(stack)


def _many(count: int) -> list[iam.IPrincipal]:
    return [iam.AccountPrincipal(str(100_000_000_000 + number)) for number in range(count)]


def _grow_repository(stack: cdk.Stack, count: int) -> None:
    repository = Repository(stack, "Api")
    for number in range(count):
        arn = f"arn:aws:iam::{OTHER_ACCOUNT}:role/a-role-with-a-long-name-{number}"
        repository.grant_pull(iam.ArnPrincipal(arn))


def _grow_template(stack: cdk.Stack, count: int) -> None:
    construct = _bare(stack)
    for principal in _many(count):
        statement = iam.PolicyStatement(principals=[principal], actions=["ecr:BatchGetImage"])
        construct.add_to_repository_policy(statement)


def _grow_registry(stack: cdk.Stack, count: int) -> None:
    registry = Registry(stack, "Registry")
    for principal in _many(count):
        statement = iam.PolicyStatement(
            principals=[principal], actions=["ecr:ReplicateImage"], resources=["*"]
        )
        registry.add_to_registry_policy(statement)


GROWING: dict[str, Callable[[cdk.Stack, int], None]] = {
    "a repository": _grow_repository,
    "a template": _grow_template,
    "a registry": _grow_registry,
}


@pytest.mark.parametrize(("count", "is_long"), [(40, False), (170, True)])
@pytest.mark.parametrize("grow", GROWING.values(), ids=GROWING)
def test_deploy_time_values_count_as_nothing(
    stack: cdk.Stack, grow: Callable[[cdk.Stack, int], None], count: int, *, is_long: bool
) -> None:
    """The partition is one in most statements; the rest is too long whatever it is."""
    grow(stack, count)
    if is_long:
        with pytest.raises(RuntimeError, match="10,240"):
            template(stack)
    else:
        template(stack)


def _replicating(stack: cdk.Stack) -> Registry:
    registry = Registry(stack, "Registry")
    registry.replicate(to_regions=["eu-west-1"], prefixes=["payments/"])
    registry.replicate(to_regions=["eu-west-3"], prefixes=["search/"])
    return registry


def _scanning(stack: cdk.Stack) -> Registry:
    registry = Registry(stack, "Registry")
    registry.scan_enhanced(continuous=["payments/*"])
    registry.scan_enhanced(continuous=["search/*"])
    return registry


def _signing(stack: cdk.Stack) -> Registry:
    registry = Registry(stack, "Registry")
    registry.sign(PROFILE, filters=["payments/*"])
    registry.sign(PROFILE, filters=["search/*"])
    return registry


CONFIGURATIONS: dict[str, tuple[Callable[[cdk.Stack], Registry], str, str, Any, str]] = {
    "replication": (
        _replicating,
        "ReplicationConfiguration",
        "replication_configuration",
        {"rules": []},
        "Replication",
    ),
    "scanning": (_scanning, "RegistryScanningConfiguration", "rules", [], "Scanning"),
    "scan type": (_scanning, "RegistryScanningConfiguration", "scan_type", "BASIC", "Scanning"),
    "signing": (_signing, "SigningConfiguration", "rules", [], "Signing"),
}


@pytest.mark.parametrize("row", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_configuration_is_written_by_the_registry_alone(stack: cdk.Stack, row: Any) -> None:
    """Another value would replace the rules, or be replaced by the next request."""
    start, kind, attribute, value, child = row
    start(stack)
    resource = l1_of(stack, kind)
    name = "".join(map(str.capitalize, attribute.split("_")))
    for write in (
        lambda: setattr(resource, attribute, value),
        lambda: resource.add_property_override(name, value),
        lambda: resource.add_deletion_override(f"Properties.{name}"),
    ):
        with rejects(f"Stack/Registry/{child}: registry-configuration-written"):
            write()

    [rendered] = resources(stack, f"AWS::ECR::{kind}")
    assert "search/" in str(rendered)
    assert "payments/" in str(rendered)


def test_an_override_of_one_rule_is_that_of_cdk(stack: cdk.Stack) -> None:
    """It leaves the other rules as they are."""
    _replicating(stack)
    path = "ReplicationConfiguration.Rules.0.DeleteReplication"
    l1_of(stack, "ReplicationConfiguration").add_property_override(path, {"Enabled": True})

    [resource] = resources(stack, "AWS::ECR::ReplicationConfiguration")
    first, second = resource["Properties"]["ReplicationConfiguration"]["Rules"]
    assert {"Enabled": True} == first["DeleteReplication"]
    assert "DeleteReplication" not in second


def test_the_other_properties_are_those_of_cdk(stack: cdk.Stack) -> None:
    """An attribute without an author is written as it always was."""
    _bare(stack)
    resource = l1_of(stack, "RepositoryCreationTemplate")
    assert isinstance(resource, ecr.CfnRepositoryCreationTemplate)
    resource.description = "Replicas"

    [rendered] = resources(stack, "AWS::ECR::RepositoryCreationTemplate")
    assert "Replicas" == rendered["Properties"]["Description"]


def test_resources_of_a_statement_that_come_later(stack: cdk.Stack) -> None:
    """CDK keeps the statement itself, so it may change until the synthesis."""
    statement = _statement(OTHER_ACCOUNT)
    Repository(stack, "Api").add_to_resource_policy(statement)
    statement.add_resources("*")

    with pytest.raises(RuntimeError, match="rejects resources"):
        template(stack)
