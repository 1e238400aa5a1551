"""Laws of access changes, for any policies."""

import copy
from collections import Counter
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.resource_types import REPOSITORY, ROLE
from tests.support.rule_examples.build import document, repository, resource
from tests.support.rule_examples.statements import PULL
from tests.unit.checks.test_checks_any_template import JSON, damaged
from tests.unit.review.access_sides import (
    HERE,
    NARROWED,
    WIDENED,
    access_changes,
    all_changes,
    having,
    pulls,
)

ORGANIZATIONS = ["o-a1b2c3d4e5", "o-b1b2c3d4e5", "o-*", "*", "${Token[unknown]}"]
PRINCIPALS = [
    "*",
    {"AWS": "444455556666"},
    {"AWS": "arn:aws:iam::444455556666:root"},
    {"AWS": ["arn:aws:iam::444455556666:role/ci", "arn:aws:iam::777788889999:root"]},
    {"AWS": "arn:aws:sts::444455556666:assumed-role/ci/run"},
    {"Service": "lambda.amazonaws.com"},
    {"AWS": "${Token[unknown]}"},
]
OPERATORS = [
    *("StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists", "ArnLike"),
    *("ForAnyValue:StringLike", "ForAllValues:StringEquals", "StringEqualsIgnoreCase", "Bool"),
    *("Null", "IpAddress", "NotIpAddress", "NumericLessThan", "StringNotLike", "Strange"),
]
VALUES: dict[str, list[Any]] = {
    "aws:PrincipalOrgID": ORGANIZATIONS,
    "AWS:principalorgid": ORGANIZATIONS,
    "aws:PrincipalAccount": ["444455556666", "4444*", "777788889999"],
    "aws:PrincipalArn": ["arn:aws:iam::444455556666:role/*", "arn:aws:iam::444455556666:role/ci"],
    "aws:SourceIp": ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "home"],
    "aws:SecureTransport": ["true", "false", True],
}
STRANGER = pulls("arn:aws:iam::123412341234:role/stranger")
ACTIONS = [PULL, "ecr:*", "*", "ecr:BatchGetImage", ["ecr:Put*", "ecr:Nothing"], "ecr:Batch*"]


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw conditions as they are written."""
    written: dict[str, Any] = {}
    for _ in range(draw(st.integers(0, 2))):
        key = draw(st.sampled_from(sorted(VALUES)))
        chosen = st.sampled_from(VALUES[key])
        values = draw(st.lists(chosen, min_size=1, max_size=2) | chosen)
        written.setdefault(draw(st.sampled_from(OPERATORS)), {})[key] = values
    return written


@st.composite
def statements(draw: st.DrawFn, effects: tuple[str, ...] = ("Allow", "Deny")) -> dict[str, Any]:
    """Draw a statement of a repository policy."""
    action = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    principal = draw(st.sampled_from(["Principal", "Principal", "Principal", "NotPrincipal"]))
    return {
        "Effect": draw(st.sampled_from(effects)),
        principal: draw(st.sampled_from(PRINCIPALS)),
        action: draw(st.sampled_from(ACTIONS)),
        "Condition": draw(conditions()),
    }


POLICIES = st.lists(statements(), min_size=1, max_size=3)


@given(POLICIES)
def test_same_policy_says_nothing(policy: list[Any]) -> None:
    """Where base is head, nothing is said."""
    assert [] == access_changes(having(*policy), having(*copy.deepcopy(policy)))


@given(POLICIES, POLICIES)
def test_swapped_sides_turn(one: list[Any], other: list[Any]) -> None:
    """What is widened one way is narrowed the other way."""
    there = access_changes(having(*one), having(*other))
    back = access_changes(having(*other), having(*one))
    turned = {WIDENED: NARROWED, NARROWED: WIDENED}

    assert Counter(turned[change.kind] for change in there) == Counter(
        change.kind for change in back
    )


@given(POLICIES, st.randoms(use_true_random=False))
def test_form_says_nothing(policy: list[Any], random: Any) -> None:
    """Statements in another order, twice, split by action, or with other lists are the same."""
    written = [
        {**statement, "Action": action}
        for statement in policy
        if "Action" in statement
        for action in _listed(statement["Action"])
    ]
    written += [statement for statement in policy if "Action" not in statement]
    written.append(random.choice(policy))
    random.shuffle(written)

    assert [] == access_changes(having(*policy), having(*written))


@given(POLICIES)
def test_split_conditions_say_nothing(policy: list[Any]) -> None:
    """A statement for each value of a condition is the same as one for all of them."""
    written = []
    for statement in policy:
        values = [
            (operator, key, value)
            for operator, tests in statement["Condition"].items()
            for key, many in tests.items()
            for value in _listed(many)
        ]
        single = len({place[:2] for place in values}) == 1 and "Not" not in values[0][0]
        if single and not values[0][0].startswith("ForAll"):
            written += [{**statement, "Condition": {o: {k: v}}} for o, k, v in values]
        else:
            written.append(statement)

    assert [] == access_changes(having(*policy), having(*written))


def for_everyone(operator: str) -> list[Any]:
    """Return a policy that allows half of a pull under a condition on the account."""
    condition = {operator: {"aws:PrincipalAccount": ["444455556666"]}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    return [{**statement, "Condition": condition}]


@given(st.lists(statements(("Allow",)), max_size=3))
@example(for_everyone("ForAllValues:StringEquals"))
@example(for_everyone("NumericLessThan"))
def test_new_principal_widens_only(policy: list[Any]) -> None:
    """A new principal widens access once, and narrows nothing.

    If a condition cannot be compared, part of the new access may have been allowed before; one
    further change without values reports that part.
    """
    changes = access_changes(having(*policy), having(*policy, STRANGER))
    undecided = [change for change in changes if change.after is None]

    assert {WIDENED} >= {change.kind for change in changes}
    assert len(undecided) <= 1
    assert len(changes) - len(undecided) <= 1
    if not policy:
        assert (1, []) == (len(changes), undecided)


def test_disjoint_values_of_a_set_are_compared() -> None:
    """``ForAllValues`` of other values definitely does not hold for a named account."""
    policy = for_everyone("ForAllValues:StringEquals")
    [change] = access_changes(having(*policy), having(*policy, STRANGER))

    assert "allow pull" in change.codes
    assert "123412341234" in change.codes[0]
    assert 1 == len(change.after)


@given(damaged(), damaged())
def test_any_templates_are_compared(base: list[Template], head: list[Template]) -> None:
    """Whatever stands in templates is compared without a traceback."""
    most = min(len(base), len(head))
    access_changes(base[:most], head[:most])


@given(JSON, JSON)
def test_any_policies_are_compared(one: Any, other: Any) -> None:
    """Whatever stands where a policy should is compared without a traceback."""
    base, head = (
        {"Api": repository(RepositoryPolicyText=policy), "Ci": {"Type": ROLE, "Properties": policy}}
        for policy in (one, {"Statement": other, "Policies": other, "ManagedPolicyArns": other})
    )
    access_changes(base, head)


PARTS = ("Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition", "NotResource")


@given(st.dictionaries(st.sampled_from(PARTS), JSON), st.sampled_from([REPOSITORY, ROLE]))
def test_any_statements_are_compared(parts: dict[str, Any], kind: str) -> None:
    """Whatever stands in a statement is compared without a traceback."""
    sound = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": f"{HERE}/*"}

    def with_(statement: Any) -> dict[str, Any]:
        policy = document(statement)
        inline = {"Policies": [{"PolicyDocument": policy}], "AssumeRolePolicyDocument": policy}
        return {"Api": resource(kind, {"RepositoryPolicyText": policy, **inline})}

    access_changes(with_(sound), with_({**sound, **parts}))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


ARNS = [
    {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/ci"},
    {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"},
    {"Fn::Sub": "arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"},
    {"Fn::Sub": "arn:aws:ecr:*:${Account}:repository/${Name}"},
    *({"Ref": "AWS::AccountId"}, {"Ref": "AWS::NoValue"}, {"Ref": "Api"}, {"Ref": "Parameter"}),
    *({"Fn::GetAtt": ["Ci", "Arn"]}, {"Fn::GetAtt": ["Api", "Arn"]}, {"Fn::ImportValue": "Ops"}),
    *({"Fn::GetAtt": ["Nested", "Outputs.Arn"]}, {"Fn::Select": [0, {"Ref": "Accounts"}]}),
    *("${Token[AWS.AccountId]}", "${Token[unknown]}", "*"),
]
_ARN = st.sampled_from(ARNS)
_KEYS = ("aws:PrincipalArn", "aws:PrincipalAccount", "aws:SourceArn", "aws:PrincipalOrgPaths")


@st.composite
def with_references(draw: st.DrawFn) -> dict[str, Any]:
    """Draw resources whose policies refer to other resources, and to what is not known."""

    def statement(**more: Any) -> dict[str, Any]:
        effect, action = draw(st.sampled_from(["Allow", "Deny"])), draw(st.sampled_from(ACTIONS))
        operator = draw(st.sampled_from(["StringEquals", "ArnLike", "StringNotLike", "Null"]))
        condition = {operator: {draw(st.sampled_from(_KEYS)): draw(_ARN)}}
        written = {"Effect": effect, "Action": action, **more}
        return {**written, "Condition": condition} if draw(st.booleans()) else written

    kind = draw(st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser"]))
    trust = statement(Principal={kind: draw(_ARN)}, Action="sts:AssumeRole*")
    pushing = [statement(Resource=draw(_ARN)), statement(Resource="*", Action="sts:*")]
    inline = [{"PolicyName": "Ci", "PolicyDocument": document(*pushing)}]
    return {
        "Api": repository(RepositoryPolicyText=document(statement(Principal={kind: draw(_ARN)}))),
        "Ci": resource(
            ROLE,
            {
                "AssumeRolePolicyDocument": document(trust),
                "Policies": inline,
                "ManagedPolicyArns": [draw(_ARN)],
                "PermissionsBoundary": draw(_ARN),
            },
        ),
    }


@given(with_references(), with_references())
def test_no_marks_are_shown(base: dict[str, Any], head: dict[str, Any]) -> None:
    """What is known only at the deployment has a name in sentences and details."""
    for change in all_changes(base, head):
        texts = [change.summary, *change.details]
        if change.kind != "other":
            texts += [*(change.before or ()), *(change.after or ())]

        for text in texts:
            assert "Token[" not in text
            assert "AWS." not in text
