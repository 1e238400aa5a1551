"""What code writes on the L1 of a repository stays, next to what grants, rules and mixins add."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs import ExpireUntagged, Repository
from tests.support.constructs import (
    ENV,
    OTHER_ACCOUNT,
    REPOSITORY,
    THIRD_ACCOUNT,
    in_order,
    new_app,
    parameter,
    properties_of,
    resources,
    statements_of,
)
from tests.support.errors import rejects
from tests.support.written_properties import (
    EXPIRE,
    PROTECT,
    PULLS,
    UNTAGGED,
    Policy,
    Produces,
    Write,
    Writes,
    deny,
    in_aspect,
    override,
    policy,
    resource_of,
    rules,
    set_lifecycle,
    sids_of,
    statement,
    text,
    write,
)


def write_outside(resource: ecr.CfnRepository, value: Any) -> None:
    """Write it as code that is not Python does."""
    jsii.kernel.set(resource, "repositoryPolicyText", value)


def override_statements(resource: ecr.CfnRepository, value: Any) -> None:
    """Override the statements of the policy."""
    resource.add_override("Properties.RepositoryPolicyText.Statement", value["Statement"])


def override_all(resource: ecr.CfnRepository, value: Any) -> None:
    """Override several properties at once."""
    resource.add_override("Properties", {"RepositoryPolicyText": value, "EmptyOnDelete": False})


def override_twice(resource: ecr.CfnRepository, value: Any) -> None:
    """Override the policy, and then its statements."""
    resource.add_property_override("RepositoryPolicyText", policy("Former"))
    override_statements(resource, value)


WRITES: dict[str, tuple[Write, Any]] = {
    "a dictionary": (write, policy("Written")),
    "one statement": (write, {"Statement": deny("Written")}),
    "a document": (write, iam.PolicyDocument.from_json(policy("Written"))),
    "a text": (write, json.dumps(policy("Written"))),
    "a text with deploy-time values": (
        write,
        json.dumps({"Statement": [{**deny("Written"), "Principal": {"AWS": cdk.Aws.ACCOUNT_ID}}]}),
    ),
    "a value of synthesis": (write, cdk.Lazy.uncached_any(Produces())),
    "an earlier version": (write, policy("Written", Version="2008-10-17")),
    "an Aspect": (in_aspect(write), policy("Written")),
    "an override": (override("RepositoryPolicyText"), policy("Written")),
    "an override of statements": (override_statements, policy("Written")),
    "an override of all": (override_all, policy("Written")),
    "two overrides": (override_twice, policy("Written")),
}


@pytest.mark.parametrize("late", [False, True], ids=["write first", "grant first"])
@pytest.mark.parametrize(("write_", "value"), WRITES.values(), ids=WRITES)
def test_a_written_policy_and_a_grant_are_rendered(
    stack: cdk.Stack, write_: Write, value: Any, *, late: bool
) -> None:
    """In both orders, with what the arguments declare, and each once."""
    repository = Repository(stack, "Api", pull_accounts=[THIRD_ACCOUNT])
    in_order(
        lambda: write_(resource_of(repository), value),
        lambda: repository.add_to_resource_policy(statement("Granted")),
        late=late,
    )

    assert ["Granted", "Written"] == sids_of(stack)
    assert THIRD_ACCOUNT in str(statements_of(stack))
    assert 3 == len(statements_of(stack))
    assert "2012-10-17" == properties_of(stack)["RepositoryPolicyText"]["Version"]


def test_a_policy_that_only_other_code_writes_is_rendered_as_it_is(stack: cdk.Stack) -> None:
    """Nothing is read where nothing is added."""
    written = {"Fn::If": ["Never", policy("A"), {"Ref": "AWS::NoValue"}]}
    cdk.CfnCondition(stack, "Never", expression=cdk.Fn.condition_equals("a", "b"))
    resource_of(Repository(stack, "Api")).repository_policy_text = written

    assert written == properties_of(stack)["RepositoryPolicyText"]


def test_a_written_policy_keeps_its_other_elements(stack: cdk.Stack) -> None:
    """An ``Id``, and a statement that is a function of CloudFormation."""
    function = {"Fn::If": ["Never", deny("If"), {"Ref": "AWS::NoValue"}]}
    cdk.CfnCondition(stack, "Never", expression=cdk.Fn.condition_equals("a", "b"))
    repository = Repository(stack, "Api")
    write(resource_of(repository), {"Id": "P", "Statement": [function]})
    repository.add_to_resource_policy(statement("Granted"))

    rendered = properties_of(stack)["RepositoryPolicyText"]
    assert "P" == rendered["Id"]
    assert function == rendered["Statement"][0]
    assert 2 == len(rendered["Statement"])


def test_code_that_is_not_python_writes_before_a_grant(stack: cdk.Stack) -> None:
    repository = Repository(stack, "Api")
    write_outside(resource_of(repository), policy("Written"))
    repository.add_to_resource_policy(statement("Granted"))

    assert ["Granted", "Written"] == sids_of(stack)


def test_code_that_is_not_python_must_not_write_after_a_grant(stack: cdk.Stack) -> None:
    """Its write cannot be joined; the synthesis fails where it would be lost."""
    repository = Repository(stack, "Api")
    repository.add_to_resource_policy(statement("Granted"))
    write_outside(resource_of(repository), policy("Written"))

    with pytest.raises(RuntimeError, match=r"\[Stack/Api\] code that is not Python"):
        properties_of(stack)


def test_a_document_that_is_read_and_extended_keeps_one_of_each(stack: cdk.Stack) -> None:
    """Code that reads the policy, adds to it and writes it writes what it has read too."""
    repository = Repository(stack, "Api", pull_accounts=[THIRD_ACCOUNT])
    resource = resource_of(repository)
    resource.repository_policy_text = resource.repository_policy_text
    for sid in ("First", "Second"):
        read = stack.resolve(resource.repository_policy_text)
        resource.repository_policy_text = {**read, "Statement": [*read["Statement"], deny(sid)]}
        repository.add_to_resource_policy(statement(f"Granted{sid}"))
        resource.repository_policy_text = resource.repository_policy_text

    assert ["First", "GrantedFirst", "GrantedSecond", "Second"] == sids_of(stack)
    assert 5 == len(statements_of(stack))


def test_a_written_dictionary_is_a_copy(stack: cdk.Stack) -> None:
    """One that is written on two repositories, and changed later, is not shared."""
    shared = policy("Written")
    repository = Repository(stack, "Api")
    write(resource_of(repository), shared)
    shared["Statement"].clear()
    repository.add_to_resource_policy(statement("Granted"))

    assert ["Granted", "Written"] == sids_of(stack)


def test_a_document_that_grows_later_is_rendered_whole(stack: cdk.Stack) -> None:
    repository = Repository(stack, "Api")
    document = iam.PolicyDocument.from_json(policy("Written"))
    write(resource_of(repository), document)
    repository.add_to_resource_policy(statement("Granted"))
    document.add_statements(statement("Late"))

    assert ["Granted", "Late", "Written"] == sids_of(stack)


def test_a_merged_policy_is_a_value_of_cdk(stack: cdk.Stack) -> None:
    """Code that reads it finds a token, which it can resolve."""
    repository = Repository(stack, "Api", pull_accounts=[THIRD_ACCOUNT])
    write(resource_of(repository), policy("Written"))
    value: Any = resource_of(repository).repository_policy_text

    assert cdk.Token.is_unresolved(value)
    assert cdk.Token.is_unresolved(value.to_string())
    assert ([], None) == (value.creation_stack, value.type_hint)
    assert 2 == len(stack.resolve(value)["Statement"])


def test_an_override_of_a_part_changes_what_is_rendered(stack: cdk.Stack) -> None:
    """CDK applies it to the statement at its place."""
    repository = Repository(stack, "Api", pull_accounts=[THIRD_ACCOUNT])
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    path = "RepositoryPolicyText.Statement.0.Condition"
    resource_of(repository).add_property_override(path, condition)

    assert [condition] == [item["Condition"] for item in statements_of(stack)]


def test_the_length_counts_all_authors(stack: cdk.Stack) -> None:
    """ECR's limit is for the whole policy."""
    repository = Repository(stack, "Api")
    sids = [f"S{number:0100}" for number in range(60)]
    write(resource_of(repository), policy(*sids))
    override_statements(resource_of(repository), policy("Overridden"))
    arns = [iam.ArnPrincipal("arn:aws:iam::444455556666:role/a")]
    repository.add_to_resource_policy(statement("Granted", principals=arns))

    with pytest.raises(RuntimeError, match="10,240"):
        properties_of(stack)


def test_resources_of_a_statement_that_come_later(stack: cdk.Stack) -> None:
    """CDK keeps the statement itself, so it may change until the synthesis."""
    late = statement("Late")
    Repository(stack, "Api").add_to_resource_policy(late)
    late.add_resources("*")

    with pytest.raises(RuntimeError, match="rejects resources"):
        properties_of(stack)


def test_the_length_counts_what_is_known(stack: cdk.Stack) -> None:
    """The partition is a deploy-time value in the account of each role."""
    repository = Repository(stack, "Api")
    for number in range(200):
        arn = f"arn:aws:iam::{OTHER_ACCOUNT}:role/a-role-with-a-long-name-{number}"
        repository.grant_read(iam.ArnPrincipal(arn))

    with pytest.raises(RuntimeError, match="10,240"):
        properties_of(stack)


UNMERGEABLE: dict[str, tuple[Callable[[cdk.Stack], Any], str]] = {
    "a token text": (parameter, "unresolved"),
    "a text that is not JSON": (lambda _: "{", "unresolved"),
    "a list": (lambda _: '["a"]', "unresolved"),
    "an intrinsic": (lambda _: {"Fn::If": ["A", {}, {}]}, "unresolved"),
    "statements of an intrinsic": (
        lambda _: {"Statement": {"Fn::If": ["A", [], []]}},
        "unresolved",
    ),
    "statements of a token": (
        lambda stack: {
            "Statement": cdk.CfnParameter(stack, "P", type="CommaDelimitedList").value_as_list
        },
        "unresolved",
    ),
    "another token": (lambda _: cdk.Fn.condition_if("A", "b", "c"), "unresolved"),
    "another spelling": (lambda _: {"statement": [deny("A")]}, "unresolved"),
    "variables of an earlier version": (
        lambda _: {
            "Version": "2008-10-17",
            "Statement": [{**deny("A"), "Condition": {"StringLike": {"aws:x": "${aws:username}"}}}],
        },
        "version",
    ),
}


@pytest.mark.parametrize("late", [False, True], ids=["write first", "grant first"])
@pytest.mark.parametrize(("value", "code"), UNMERGEABLE.values(), ids=UNMERGEABLE)
def test_what_cannot_be_merged_raises(
    stack: cdk.Stack, value: Callable[[cdk.Stack], Any], code: str, *, late: bool
) -> None:
    """Where the second of both is written, with the path of the repository."""
    repository = Repository(stack, "Api")
    with rejects(f"Stack/Api: repository-policy-{code}"):
        in_order(
            lambda: write(resource_of(repository), value(stack)),
            lambda: repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT)),
            late=late,
        )


@pytest.mark.parametrize(
    "remove",
    [
        lambda resource: write(resource, None),
        lambda resource: resource.add_property_deletion_override("RepositoryPolicyText"),
        lambda resource: resource.add_deletion_override("Properties.RepositoryPolicyText"),
    ],
    ids=["None", "property", "path"],
)
def test_what_is_granted_cannot_be_removed(
    stack: cdk.Stack, remove: Callable[[ecr.CfnRepository], None]
) -> None:
    """A policy without statements of the library can, and later grants are rendered."""
    repository = Repository(stack, "Api")
    write(resource_of(repository), policy("Former"))
    remove(resource_of(repository))
    repository.add_to_resource_policy(statement("Granted"))
    with rejects("Stack/Api: repository-policy-removed"):
        remove(resource_of(repository))

    assert ["Granted"] == sids_of(stack)


def test_other_overrides_are_those_of_cdk(stack: cdk.Stack) -> None:
    """Of other properties and other parts of the resource, and their removal."""
    resource = resource_of(Repository(stack, "Api"))
    resource.add_override("Metadata.Team", "payments")
    resource.add_property_override("ImageTagMutability", "MUTABLE")
    resource.add_property_deletion_override("ImageScanningConfiguration")
    resource.add_deletion_override("UpdateReplacePolicy")
    resource.add_override("Properties", {})
    resource_of(Repository(stack, "Bare")).add_deletion_override("Properties")

    bare, rendered = sorted(resources(stack, REPOSITORY), key=len)
    assert "Properties" not in bare
    assert {"Team": "payments"}.items() <= rendered["Metadata"].items()
    assert "UpdateReplacePolicy" not in rendered
    assert "MUTABLE" == rendered["Properties"]["ImageTagMutability"]
    assert "ImageScanningConfiguration" not in rendered["Properties"]


# --- any order --------------------------------------------------------------------------------

Step = Callable[[cdk.Stack, ecr.CfnRepository, Repository], object]


def read_and_write(resource: ecr.CfnRepository) -> None:
    """Read the policy, add a statement and write it, as some Aspects do."""
    read = resource.stack.resolve(resource.repository_policy_text) or policy()
    resource.repository_policy_text = {**read, "Statement": [*read["Statement"], deny("ReadWrite")]}


STEPS: dict[str, Step] = {
    "Written": lambda _, resource, __: write(resource, policy("Written")),
    "Overridden": lambda _, resource, __: override("RepositoryPolicyText")(
        resource, policy("Overridden")
    ),
    "InAspect": lambda _, resource, __: cdk.Aspects.of(resource).add(Writes(read_and_write)),
    "Added": lambda _, __, repository: repository.add_to_resource_policy(statement("Added")),
    "Denied": lambda _, __, repository: repository.add_to_resource_policy(
        statement("Denied", effect=iam.Effect.DENY)
    ),
    "grant": lambda _, __, repository: repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT)),
    "lifecycle": lambda _, resource, __: set_lifecycle(
        resource, Policy(lifecycle_policy_text=text(PROTECT))
    ),
    "rule": lambda _, __, repository: repository.add_lifecycle_rule(PULLS),
    "last rule": lambda _, __, repository: repository.add_lifecycle_rule(EXPIRE),
    "mixin": lambda stack, _, __: cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7)),
}


@settings(max_examples=min(8, settings().max_examples))
@given(st.permutations(list(STEPS)))
def test_nothing_is_lost_in_any_order(order: Sequence[str]) -> None:
    """Each statement and each rule is rendered once, whoever comes first."""
    with TemporaryDirectory() as folder:
        stack = cdk.Stack(new_app(Path(folder)), "Stack", env=ENV)
        declared = statement("Declared", effect=iam.Effect.DENY)
        repository = Repository(
            stack, "Api", pull_accounts=[THIRD_ACCOUNT], policy_statements=[declared]
        )
        for name in order:
            STEPS[name](stack, resource_of(repository), repository)

        properties = properties_of(stack)
        statements = properties["RepositoryPolicyText"]["Statement"]
        expected = ["Added", "Declared", "Denied", "Overridden", "ReadWrite", "Written"]
        assert expected == sorted(item["Sid"] for item in statements if "Sid" in item)
        without = [item for item in statements if "Sid" not in item]
        assert all(account in str(without) for account in (OTHER_ACCOUNT, THIRD_ACCOUNT))
        rendered = [
            {key: value for key, value in rule.items() if key != "rulePriority"}
            for rule in json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        ]
        for rule in rules(PROTECT, PULLS, UNTAGGED, EXPIRE):
            del rule["rulePriority"]
            assert 1 == rendered.count(rule)
        assert 4 == len(rendered)
