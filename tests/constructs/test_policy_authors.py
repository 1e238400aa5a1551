"""What code writes on the L1 of a repository stays, next to what grants, rules and mixins add."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
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

from ecr_constructs import ExpireUntagged, LifecyclePolicy, LifecycleRule, Repository
from tests.support.constructs import (
    ENV,
    OTHER_ACCOUNT,
    REPOSITORY,
    THIRD_ACCOUNT,
    in_order,
    lifecycle_of,
    new_app,
    number_parameter,
    parameter,
    properties_of,
    resources,
    statements_of,
    warnings_of,
)
from tests.support.errors import rejects

Write = Callable[[ecr.CfnRepository, Any], None]
DENY = {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage"}


def deny(sid: str) -> dict[str, Any]:
    """Return a statement that must never be lost."""
    return {"Sid": sid, **DENY}


def policy(*sids: str, **more: Any) -> dict[str, Any]:
    """Return a policy that denies."""
    return {"Version": "2012-10-17", "Statement": [deny(sid) for sid in sids], **more}


def statement(sid: str, **more: Any) -> iam.PolicyStatement:
    """Return a statement for `Repository.add_to_resource_policy`."""
    principals = [iam.AccountPrincipal(OTHER_ACCOUNT)]
    return iam.PolicyStatement(
        sid=sid, **{"actions": ["ecr:BatchGetImage"], "principals": principals, **more}
    )


def sids_of(stack: cdk.Stack) -> list[str]:
    """Return the ids of the statements of the one repository, in alphabetical order."""
    return sorted(item["Sid"] for item in statements_of(stack) if "Sid" in item)


def resource_of(repository: ecr.RepositoryBase) -> ecr.CfnRepository:
    """Return the L1 of a repository."""
    resource = repository.node.default_child
    assert isinstance(resource, ecr.CfnRepository)
    return resource


def write(resource: ecr.CfnRepository, value: Any) -> None:
    """Write the property of the L1, as most code does."""
    resource.repository_policy_text = value


def write_outside(resource: ecr.CfnRepository, value: Any) -> None:
    """Write it as code that is not Python does."""
    jsii.kernel.set(resource, "repositoryPolicyText", value)


@jsii.implements(cdk.IAspect)
class Writes:
    """An Aspect that writes every repository that it visits."""

    def __init__(self, write: Write, value: Any) -> None:
        """Take what to write."""
        self._write = write
        self._value = value

    def visit(self, node: Any) -> None:
        """Write a repository."""
        if isinstance(node, ecr.CfnRepository):
            self._write(node, self._value)


@jsii.implements(cdk.IAnyProducer)
class Produces:
    """A value that CDK asks for when it renders."""

    def produce(self, _context: cdk.IResolveContext) -> Any:
        """Return a policy."""
        return policy("Written")


def from_aspect(resource: ecr.CfnRepository, value: Any) -> None:
    """Write it in an Aspect, so at synthesis."""
    cdk.Aspects.of(resource.stack).add(Writes(write, value))


def override(path: str) -> Write:
    """Return a function that overrides a property."""
    return lambda resource, value: resource.add_property_override(path, value)


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
    "an Aspect": (from_aspect, policy("Written")),
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


# --- lifecycle policies -----------------------------------------------------------------------

PROTECT = LifecycleRule.protect("v*")
KEEP = LifecycleRule.keep_last(50)
EXPIRE = LifecycleRule.expire(after_days=90)
UNTAGGED = LifecycleRule.expire_untagged(after_days=7)
PULLS = LifecycleRule.keep_last(5, tag_prefixes=["pr-"])
Policy = ecr.CfnRepository.LifecyclePolicyProperty


def text(*rules: LifecycleRule) -> str:
    """Return a policy as a text with white space of its own."""
    return json.dumps(LifecyclePolicy(*rules).to_dict(), indent=1)


def set_lifecycle(resource: ecr.CfnRepository, value: Any) -> None:
    """Write the property of the L1."""
    resource.lifecycle_policy = value


def lifecycle_aspect(resource: ecr.CfnRepository, value: Any) -> None:
    """Write it in an Aspect."""
    cdk.Aspects.of(resource.stack).add(Writes(set_lifecycle, value))


def rules(*of: LifecycleRule) -> list[dict[str, Any]]:
    """Return rules as they are rendered."""
    result: list[dict[str, Any]] = LifecyclePolicy(*of).to_dict()["rules"]
    return result


LIFECYCLES: dict[str, tuple[Write, Any]] = {
    "a struct": (set_lifecycle, Policy(lifecycle_policy_text=text(PROTECT))),
    "a dictionary": (set_lifecycle, {"lifecyclePolicyText": text(PROTECT)}),
    "a dictionary in snake case": (set_lifecycle, {"lifecycle_policy_text": text(PROTECT)}),
    "an Aspect": (lifecycle_aspect, Policy(lifecycle_policy_text=text(PROTECT))),
    "an override": (override("LifecyclePolicy"), {"LifecyclePolicyText": text(PROTECT)}),
    "an override of the text": (override("LifecyclePolicy.LifecyclePolicyText"), text(PROTECT)),
}


@pytest.mark.parametrize("late", [False, True], ids=["write first", "rule first"])
@pytest.mark.parametrize(("write_", "value"), LIFECYCLES.values(), ids=LIFECYCLES)
def test_a_written_lifecycle_takes_rules(
    stack: cdk.Stack, write_: Write, value: Any, *, late: bool
) -> None:
    """It takes the place of the default, in both orders."""
    repository = Repository(stack, "Api")
    in_order(
        lambda: write_(resource_of(repository), value),
        lambda: repository.add_lifecycle_rule(EXPIRE),
        late=late,
    )

    assert rules(PROTECT, EXPIRE) == lifecycle_of(stack)
    assert [] == warnings_of(stack)


@pytest.mark.parametrize("late", [False, True], ids=["write first", "mixin first"])
@pytest.mark.parametrize(("write_", "value"), LIFECYCLES.values(), ids=LIFECYCLES)
def test_a_written_lifecycle_takes_a_mixin(
    stack: cdk.Stack, write_: Write, value: Any, *, late: bool
) -> None:
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    in_order(
        lambda: write_(resource_of(repository), value),
        lambda: cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7)),
        late=late,
    )

    assert rules(PROTECT, UNTAGGED) == lifecycle_of(stack)


@pytest.mark.parametrize("make", [ecr.Repository, ecr.CfnRepository])
@pytest.mark.parametrize("write_", [set_lifecycle, lifecycle_aspect])
@pytest.mark.parametrize("late", [False, True], ids=["write first", "mixin first"])
def test_a_mixin_outlives_a_write_on_other_repositories(
    stack: cdk.Stack, make: Callable[..., Any], write_: Write, *, late: bool
) -> None:
    """CDK's own class keeps what is written, and the mixin adds its rule to that."""
    made = make(stack, "Api")
    resource = made if isinstance(made, ecr.CfnRepository) else resource_of(made)
    value = Policy(lifecycle_policy_text=text(PROTECT, KEEP))
    in_order(
        lambda: write_(resource, value),
        lambda: cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7)),
        late=late,
    )

    assert rules(PROTECT, UNTAGGED, KEEP) == lifecycle_of(stack)


@pytest.mark.parametrize("late", [False, True], ids=["write first", "mixin first"])
@pytest.mark.parametrize("make", [ecr.Repository, ecr.CfnRepository, Repository])
def test_a_mixin_says_what_it_cannot_add_to(
    stack: cdk.Stack, make: Callable[..., Any], *, late: bool
) -> None:
    """A text of deploy time stays as it is, with a warning."""
    made = make(stack, "Api")
    resource = made if isinstance(made, ecr.CfnRepository) else resource_of(made)
    value = Policy(lifecycle_policy_text=parameter(stack), registry_id="111122223333")
    in_order(
        lambda: set_lifecycle(resource, value),
        lambda: cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7)),
        late=late,
    )

    assert {"LifecyclePolicyText": {"Ref": "Text"}, "RegistryId": "111122223333"} == (
        properties_of(stack)["LifecyclePolicy"]
    )
    assert ["ecr-constructs:lifecycleUnread"] == warnings_of(stack)


def test_a_mixin_keeps_rules_that_code_has_read(stack: cdk.Stack) -> None:
    """Reading the property of CDK's own class returns a struct without the rules."""
    kept = [ecr.LifecycleRule(max_image_count=50)]
    resource = resource_of(ecr.Repository(stack, "Web", lifecycle_rules=kept))
    assert resource.lifecycle_policy is not None
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(UNTAGGED, KEEP) == lifecycle_of(stack)


@pytest.mark.parametrize("more", [[], [EXPIRE]], ids=["the same", "with a rule"])
def test_a_lifecycle_that_is_read_and_extended_keeps_one_of_each(
    stack: cdk.Stack, more: list[LifecycleRule]
) -> None:
    """Code that reads the policy, adds to it and writes it writes what it has read too."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    repository.add_lifecycle_rule(PULLS, UNTAGGED)
    read: Any = resource_of(repository).lifecycle_policy
    extended = LifecyclePolicy.from_json(read.lifecycle_policy_text).with_rules(*more)
    value = Policy(lifecycle_policy_text=extended.to_json()) if more else read
    set_lifecycle(resource_of(repository), value)
    repository.add_lifecycle_rule(PROTECT)

    assert rules(PULLS, UNTAGGED, PROTECT, *more) == lifecycle_of(stack)


def test_a_rule_for_untagged_images_takes_the_place_of_the_mixins(stack: cdk.Stack) -> None:
    """ECR accepts one; that of a mixin gives way, whenever it was applied."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7), ExpireUntagged(after_days=3))
    repository.add_lifecycle_rule(LifecycleRule.expire_untagged(after_days=30))

    assert rules(LifecycleRule.expire_untagged(after_days=30)) == lifecycle_of(stack)


NUMBERED = [
    LifecycleRule(
        rule_priority=10,
        tag_status="tagged",
        tag_prefix_list=["a"],
        count_type="imageCountMoreThan",
        count_number=3,
    ),
]
JOINED: dict[str, tuple[list[LifecycleRule], list[LifecycleRule], list[int]]] = {
    "numbers stay": (NUMBERED, [EXPIRE], [10, 11]),
    "a rule for any image stays last": ([PROTECT, KEEP], [PULLS], [1, 2, 3]),
}


@pytest.mark.parametrize(("written", "added", "numbers"), JOINED.values(), ids=JOINED)
def test_rules_are_numbered_together(
    stack: cdk.Stack, written: list[LifecycleRule], added: list[LifecycleRule], numbers: list[int]
) -> None:
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=text(*written)))
    repository.add_lifecycle_rule(*added)

    rendered = lifecycle_of(stack)
    assert numbers == [rule["rulePriority"] for rule in rendered]
    assert rendered[-1]["selection"]["tagStatus"] == "any"


CONFLICTS: dict[str, tuple[Any, LifecycleRule, str]] = {
    "two rules for any image": (
        *(text(KEEP), EXPIRE),
        "Stack/Api: rules[0].rulePriority: rule-priority-order",
    ),
    "a text that is not JSON": ("{", EXPIRE, "Stack/Api: json-syntax"),
    "a priority that is taken": (
        *(text(*NUMBERED), replace(PULLS, rule_priority=10)),
        "Stack/Api: rules: rule-priority-duplicate",
    ),
}


@pytest.mark.parametrize("late", [False, True], ids=["write first", "rule first"])
@pytest.mark.parametrize(("written", "rule", "problem"), CONFLICTS.values(), ids=CONFLICTS)
def test_lifecycles_that_cannot_be_merged_raise(
    stack: cdk.Stack, written: Any, rule: LifecycleRule, problem: str, *, late: bool
) -> None:
    """The error names the repository, and what was there stays."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    with rejects(problem):
        in_order(
            lambda: set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=written)),
            lambda: repository.add_lifecycle_rule(rule),
            late=late,
        )


@pytest.mark.parametrize(
    "value",
    [
        lambda stack: Policy(lifecycle_policy_text=parameter(stack)),
        lambda _: cdk.Fn.condition_if("A", cdk.Aws.NO_VALUE, cdk.Aws.NO_VALUE),
        lambda _: cdk.Lazy.uncached_any(Produces()),
    ],
    ids=["token", "intrinsic", "value of synthesis"],
)
def test_a_lifecycle_of_deploy_time_takes_no_rules(
    stack: cdk.Stack, value: Callable[[cdk.Stack], Any]
) -> None:
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), value(stack))
    with rejects("Stack/Api: lifecycle-policy-unresolved"):
        repository.add_lifecycle_rule(EXPIRE)


def test_an_override_by_a_function_is_rendered_and_takes_no_rules(stack: cdk.Stack) -> None:
    """Only an override can render it."""
    cdk.CfnCondition(stack, "A", expression=cdk.Fn.condition_equals("a", "b"))
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy())
    function = {"Fn::If": ["A", {"LifecyclePolicyText": text(PROTECT)}, {"Ref": "AWS::NoValue"}]}
    resource_of(repository).add_property_override("LifecyclePolicy", function)
    with rejects("Stack/Api: lifecycle-policy-unresolved"):
        repository.add_lifecycle_rule(EXPIRE)

    assert function == properties_of(stack)["LifecyclePolicy"]


def test_the_default_lifecycle_can_be_removed(stack: cdk.Stack) -> None:
    """All images are kept, until a rule is added."""
    repository = Repository(stack, "Api")
    resource_of(repository).add_property_deletion_override("LifecyclePolicy")
    assert "LifecyclePolicy" not in properties_of(stack)
    repository.add_lifecycle_rule(EXPIRE)
    resource_of(repository).add_property_override("LifecyclePolicy.RegistryId", "111122223333")

    assert rules(EXPIRE) == lifecycle_of(stack)
    assert "111122223333" == properties_of(stack)["LifecyclePolicy"]["RegistryId"]


@pytest.mark.parametrize(
    ("written", "warnings"),
    [
        (text(PROTECT), ["ecr-constructs:lifecycleReplaced"]),
        ("{", ["ecr-constructs:lifecycleReplaced"]),
        (text(PULLS, EXPIRE), []),
        (LifecyclePolicy(PULLS).to_json(), []),
    ],
    ids=["other rules", "unreadable", "more rules", "the same"],
)
def test_a_written_lifecycle_in_the_place_of_a_declared_one_is_said(
    stack: cdk.Stack, written: str, warnings: list[str]
) -> None:
    """Assigning a property replaces it, as everywhere in CDK; rules that are lost are named."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy(PULLS))
    for _ in range(2):
        set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=written))

    assert warnings == warnings_of(stack)


def test_code_that_is_not_python_writes_a_lifecycle(stack: cdk.Stack) -> None:
    """Before a rule it is read; after it, the synthesis fails."""
    repository = Repository(stack, "Api")
    resource = resource_of(repository)
    jsii.kernel.set(resource, "lifecyclePolicy", Policy(lifecycle_policy_text=text(PROTECT)))
    repository.add_lifecycle_rule(EXPIRE)
    assert rules(PROTECT, EXPIRE) == lifecycle_of(stack)

    jsii.kernel.set(resource, "lifecyclePolicy", Policy(lifecycle_policy_text=text(PROTECT)))
    with pytest.raises(RuntimeError, match=r"\[Stack/Api\] code that is not Python"):
        lifecycle_of(stack)


def test_a_registry_id_without_a_text_has_no_rules(stack: cdk.Stack) -> None:
    """It is kept, and rules join it."""
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), Policy(registry_id="111122223333"))
    repository.add_lifecycle_rule(EXPIRE)

    assert rules(EXPIRE) == lifecycle_of(stack)
    assert "111122223333" == properties_of(stack)["LifecyclePolicy"]["RegistryId"]


def test_a_deploy_time_number_joins_a_written_lifecycle(stack: cdk.Stack) -> None:
    repository = Repository(stack, "Api")
    set_lifecycle(resource_of(repository), Policy(lifecycle_policy_text=text(PROTECT)))
    repository.add_lifecycle_rule(LifecycleRule.expire(after_days=number_parameter(stack)))

    assert {"Ref": "Number"} in properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"][
        "Fn::Join"
    ][1]


# --- any order --------------------------------------------------------------------------------

Step = Callable[[cdk.Stack, ecr.CfnRepository, Repository], object]


def read_and_write(_: cdk.Stack, resource: ecr.CfnRepository, __: Repository) -> None:
    """Read the policy, add a statement and write it, as some Aspects do."""
    read = resource.stack.resolve(resource.repository_policy_text) or policy()
    resource.repository_policy_text = {**read, "Statement": [*read["Statement"], deny("ReadWrite")]}


STEPS: dict[str, Step] = {
    "Written": lambda _, resource, __: write(resource, policy("Written")),
    "Overridden": lambda _, resource, __: override("RepositoryPolicyText")(
        resource, policy("Overridden")
    ),
    "InAspect": lambda _, resource, __: cdk.Aspects.of(resource).add(
        Writes(lambda node, value: read_and_write(stack_of(node), node, value), None)
    ),
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


def stack_of(node: ecr.CfnRepository) -> cdk.Stack:
    """Return the stack of a resource."""
    return node.stack


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

        expected = ["Added", "Declared", "Denied", "Overridden", "ReadWrite", "Written"]
        assert expected == sids_of(stack)
        without = [item for item in statements_of(stack) if "Sid" not in item]
        assert all(account in str(without) for account in (OTHER_ACCOUNT, THIRD_ACCOUNT))
        rendered = [
            {key: value for key, value in rule.items() if key != "rulePriority"}
            for rule in lifecycle_of(stack)
        ]
        for rule in rules(PROTECT, PULLS, UNTAGGED, EXPIRE):
            del rule["rulePriority"]
            assert 1 == rendered.count(rule)
        assert 4 == len(rendered)
