"""Changes of access to repositories, registries and keys."""

from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REGISTRY_POLICY
from ecr_constructs.model.repository_policy import PUSH_ACTIONS
from tests.support.rule_examples.access import ORGANIZATION, PULL
from tests.support.rule_examples.build import (
    ROOT,
    allow,
    creation_template,
    document,
    get_att,
    key,
    repository,
    resource,
)
from tests.unit.review.access_sides import (
    HERE,
    NARROWED,
    WIDENED,
    access_changes,
    deny,
    having,
    summaries,
)

PUSH = list(PUSH_ACTIONS)
PARTNER = {"AWS": ROOT}
CI = {"AWS": "arn:aws:iam::444455556666:role/ci"}
OTHER = {"AWS": "777788889999"}
WITHIN = allow(PULL, Principal="*", Condition=ORGANIZATION)
ANY = allow(PULL, Principal="*")
OUTSIDE = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
FENCE = deny("ecr:*", Principal="*", Condition=OUTSIDE)

# Statements before and after, what is widened, and what is narrowed.
STATEMENTS: dict[str, tuple[list[Any], list[Any], list[str], list[str]]] = {
    "a condition dropped": (
        [WITHIN],
        [ANY],
        ["every AWS account may pull (was: organization o-a1b2c3d4e5)"],
        [],
    ),
    "an account added": (
        [WITHIN],
        [WITHIN, allow(PULL, Principal=PARTNER)],
        ["account 444455556666 may pull"],
        [],
    ),
    "another form of an account": (
        [allow(PULL, Principal=PARTNER)],
        [allow(PULL, Principal={"AWS": ["444455556666"]})],
        [],
        [],
    ),
    "a role in place of its account": (
        [allow(PULL, Principal=PARTNER)],
        [allow(PULL, Principal=CI)],
        [],
        ["account 444455556666 may no longer pull (now: role ci of account 444455556666)"],
    ),
    "a role beside its account": (
        [allow(PULL, Principal=PARTNER)],
        [allow(PULL, Principal=PARTNER), allow(PULL, Principal=CI)],
        [],
        [],
    ),
    "an account and its role": (
        [],
        [allow(PULL, Principal={"AWS": [CI["AWS"], ROOT]})],
        ["account 444455556666 may pull"],
        [],
    ),
    "a session of a role": (
        [],
        [allow(PULL, Principal={"AWS": "arn:aws:sts::444455556666:assumed-role/ci/run"})],
        ["assumed-role run of account 444455556666 may pull"],
        [],
    ),
    "pushing too": (
        [allow(PULL, Principal=PARTNER)],
        [allow(PUSH, Principal=PARTNER)],
        ["account 444455556666 may push"],
        [],
    ),
    "pulling put together of two statements": (
        [],
        [
            allow("ecr:BatchGetImage", Principal="*", Condition=ORGANIZATION),
            allow(
                "ecr:GetDownloadUrlForLayer",
                Principal=PARTNER,
                Condition=ORGANIZATION,
            ),
        ],
        [
            ("account 444455556666 if aws:PrincipalOrgID is o-a1b2c3d4e5 may pull"),
            "organization o-a1b2c3d4e5 may call BatchGetImage",
        ],
        [],
    ),
    "a single action": (
        [],
        [allow("ecr:batchgetimage", Principal=PARTNER)],
        ["account 444455556666 may call BatchGetImage"],
        [],
    ),
    "what makes a pull of it": (
        [allow("ecr:BatchGetImage", Principal=PARTNER)],
        [allow("ecr:Batch*", Principal=PARTNER), allow(PULL, Principal=PARTNER)],
        [
            (
                "account 444455556666 may pull, delete images, import upstream images and "
                "read images and settings"
            )
        ],
        [],
    ),
    "an unknown action": (
        [],
        [allow(["ecr:Teleport", "s3:GetObject"], Principal=PARTNER)],
        ["account 444455556666 may call Teleport"],
        [],
    ),
    "an action known at the deployment": (
        [],
        [allow({"Ref": "Action"}, Principal=PARTNER)],
        ["account 444455556666 may do what is known only at deploy time"],
        [],
    ),
    "everything": (
        [],
        [allow("*", Principal=PARTNER)],
        ["account 444455556666 may do everything"],
        [],
    ),
    "all but some": (
        [allow(["ecr:Put*", "ecr:Set*"], Principal=PARTNER), allow(PULL, Principal=PARTNER)],
        [
            {
                "Effect": "Allow",
                "Principal": PARTNER,
                "NotAction": [
                    *(f"ecr:{letter}*" for letter in "ACDEFGHIJKLMNOQRSTUVWXYZ"),
                    "ecr:BatchG*",
                    "ecr:BatchI*",
                    "ecr:BatchC*",
                    7,
                ],
            },
            allow(PULL, Principal=PARTNER),
        ],
        ["account 444455556666 may delete images"],
        ["account 444455556666 may no longer change the policy"],
    ),
    "denied what was allowed": (
        [allow(PULL, Principal=PARTNER)],
        [allow(PULL, Principal=PARTNER), deny("ecr:BatchGetImage", Principal=PARTNER)],
        [],
        ["account 444455556666 may no longer pull"],
    ),
    "denied what was not allowed": (
        [WITHIN],
        [WITHIN, deny("ecr:*", Principal=OTHER)],
        [],
        ["account 777788889999 is forbidden to do anything"],
    ),
    "a narrower denial": (
        [deny("ecr:*", Principal="*")],
        [deny("ecr:*", Principal=PARTNER)],
        ["every AWS account is no longer forbidden to do anything"],
        [],
    ),
    "fewer actions denied, and one allowed": (
        [deny(["ecr:PutImage", "ecr:BatchDeleteImage"], Principal=PARTNER)],
        [
            deny("ecr:BatchDeleteImage", Principal=PARTNER),
            allow("ecr:SetRepositoryPolicy", Principal=PARTNER),
        ],
        [
            "account 444455556666 may change the policy and is no longer forbidden to push",
        ],
        [],
    ),
    "a fence dropped": (
        [ANY, FENCE],
        [ANY],
        ["every AWS account may pull (was: organization o-a1b2c3d4e5)"],
        [],
    ),
    "a fence in place of a condition": (
        [WITHIN],
        [ANY, FENCE],
        [],
        ["everyone outside organization o-a1b2c3d4e5 is forbidden to do anything"],
    ),
    "a fence around something else": (
        [ANY],
        [ANY, deny("ecr:PutImage", Principal="*", Condition=OUTSIDE)],
        [],
        ["everyone outside organization o-a1b2c3d4e5 is forbidden to push"],
    ),
    "another exception": (
        [allow(PULL, NotPrincipal=PARTNER)],
        [allow(PULL, NotPrincipal={"AWS": [ROOT, "arn:aws:iam::777788889999:user/eve"]})],
        [],
        [
            (
                "everyone except account 444455556666 may no longer pull "
                "(now: everyone except account 444455556666 and user eve of account 777788889999)"
            )
        ],
    ),
    "a service": (
        [],
        [allow(PULL, Principal={"Service": "lambda.amazonaws.com"})],
        ["the service lambda.amazonaws.com may pull"],
        [],
    ),
    "principals of other kinds": (
        [],
        [allow(PULL, Principal={"CanonicalUser": "79a5", "AWS": "AROAEXAMPLE"})],
        ["AROAEXAMPLE may pull", "CanonicalUser 79a5 may pull"],
        [],
    ),
    "everyone, where everyone may": ([ANY], [ANY, allow(PULL, Principal={"AWS": "*"})], [], []),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_statements_are_compared_as_sets(case: str) -> None:
    """Each wider or narrower principal set is reported once, and no other."""
    before, after, widened, narrowed = STATEMENTS[case]
    changes = summaries(having(*before), having(*after))

    assert [f"payments/api: {sentence}" for sentence in widened] == changes.get(WIDENED, [])
    assert [f"payments/api: {sentence}" for sentence in narrowed] == changes.get(NARROWED, [])


def test_wildcard_is_everyones_organization() -> None:
    """A pattern of organizations opens a repository to everyone, and that is said first."""
    like = {"StringLike": {"aws:PrincipalOrgID": "o-*"}}
    [change] = access_changes(having(WITHIN), having(allow(PULL, Principal="*", Condition=like)))

    assert (
        "payments/api is open to every AWS account: o-* matches every organization"
        == change.summary
    )
    assert ("Every AWS account may pull (was: organization o-a1b2c3d4e5).",) == change.details
    assert "error" == change.severity


def test_change_tells_both_sides() -> None:
    """A change holds who may do the same before and after, and what of the resource it is of."""
    [change] = access_changes(having(WITHIN, allow(PULL, Principal=OTHER)), having(ANY))

    assert [
        "account 777788889999 may pull",
        "organization o-a1b2c3d4e5 may pull",
    ] == change.before
    assert ["every AWS account may pull"] == change.after
    assert ("RepositoryPolicyText",) == change.properties
    assert ("template", "Api", "payments/api") == (
        change.stack or "template",
        change.resource,
        change.repository,
    )


def test_account_may_be_of_the_organization() -> None:
    """The accounts of an organization are unknown; the change says that one may belong to it."""
    widened, narrowed = access_changes(having(WITHIN), having(allow(PULL, Principal=PARTNER)))

    assert (
        "If it belongs to organization o-a1b2c3d4e5, it had this access before.",
    ) == widened.details
    assert "payments/api: organization o-a1b2c3d4e5 may no longer pull" == narrowed.summary


SEVERITIES: dict[str, tuple[list[Any], list[Any], str]] = {
    "everyone": ([], [ANY], "error"),
    "everyone but one": ([], [allow(PULL, NotPrincipal=PARTNER)], "error"),
    "everyone outside": ([], [allow(PULL, Principal="*", Condition=OUTSIDE)], "error"),
    "an organization": ([], [WITHIN], "warning"),
    "an account": ([], [allow(PULL, Principal=PARTNER)], "warning"),
    "a service": ([], [allow(PULL, Principal={"Service": "lambda.amazonaws.com"})], "warning"),
    "nobody any more": ([ANY], [], "note"),
    "a denial dropped where everyone is allowed": (
        [ANY, deny("ecr:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
        [ANY],
        "error",
    ),
    "a denial dropped where nobody is": ([FENCE], [], "warning"),
}


@pytest.mark.parametrize("case", SEVERITIES)
def test_whoever_is_unknown_is_worst(case: str) -> None:
    """Access for everyone is an error, for a named principal a warning, less access a note."""
    before, after, severity = SEVERITIES[case]

    assert [severity] == [
        change.severity for change in access_changes(having(*before), having(*after))
    ]


def test_other_resources_are_called_by_what_they_are() -> None:
    """A template, a public repository, the registry and a key are compared as a repository is."""

    def all_of(*statements: Any) -> dict[str, Any]:
        text = document(*(statement for statement in statements if "kms" not in str(statement)))
        own = allow("kms:*", Principal={"AWS": "111122223333"}, Resource="*")
        keyed = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
        return {
            "Template": creation_template(RepositoryPolicy=text),
            "Public": resource(PUBLIC_REPOSITORY, {"RepositoryPolicyText": text}),
            "Registry": resource(REGISTRY_POLICY, {"PolicyText": text}),
            "Api": repository(EncryptionConfiguration=keyed),
            "Key": key(KeyPolicy=document(own, *statements)),
            "Stranger": key(KeyPolicy=document(own, *statements)),
        }

    head = all_of(
        allow(
            ["ecr:ReplicateImage", "ecr:CreateRepository"],
            Principal=PARTNER,
            Resource=f"{HERE}/payments/*",
        ),
        allow("ecr-public:PutImage", Principal=PARTNER),
        allow(["kms:Decrypt", "kms:DescribeKey"], Principal=PARTNER, Resource="*"),
        deny("ecr:*", Principal=OTHER, NotResource=[f"{HERE}/a", 7]),
    )

    assert {
        WIDENED: [
            "key Key: account 444455556666 may use the key and read its settings",
            "AWS::ECR::PublicRepository Public: account 444455556666 may call PutImage",
            "the registry: account 444455556666 may replicate to and create payments/*",
            (
                "repositories created under payments: account 444455556666 may replicate and "
                "create repositories"
            ),
        ],
        NARROWED: [
            (
                "the registry: account 777788889999 is forbidden to do anything with every "
                "repository except a"
            ),
            "repositories created under payments: account 777788889999 is forbidden to do anything",
        ],
    } == summaries(all_of(), head)


def test_new_resources_are_spoken_of_if_open() -> None:
    """Of a new repository it is said only that it is open; of a new registry policy all is."""
    head = {**having(WITHIN, ANY), "Other": repository(RepositoryPolicyText=document(WITHIN))}
    replicating = allow("ecr:ReplicateImage", Principal=PARTNER, Resource=f"{HERE}/*")
    registry = {"Policy": resource(REGISTRY_POLICY, {"PolicyText": document(replicating)})}
    [opened] = access_changes({}, head)
    [new] = access_changes({}, registry)
    [gone] = access_changes(registry, {})

    assert "payments/api: every AWS account may pull" == opened.summary
    assert () == opened.properties
    assert [] == access_changes(head, {})
    assert "the registry: account 444455556666 may replicate to every repository" == new.summary
    assert (NARROWED, ("PolicyText",)) == (gone.kind, gone.properties)


UNKNOWN: dict[str, tuple[Any, Any]] = {
    "a whole policy": (document(ANY), {"Ref": "Policy"}),
    "a statement": (
        document(WITHIN),
        document(WITHIN, {"Fn::If": ["IsOpen", ANY, {"Ref": "AWS::NoValue"}]}),
    ),
    "all statements": (document(WITHIN), {"Statement": {"Ref": "Statements"}}),
    "a text with statements": (
        document(WITHIN),
        {"Fn::Sub": '{"Statement": ["${Statement}"]}'},
    ),
    "another parameter": (
        document(allow(PULL, Principal={"AWS": {"Ref": "One"}})),
        document(allow(PULL, Principal={"AWS": {"Ref": "Other"}})),
    ),
    "an organization": (
        document(WITHIN),
        document(
            allow(
                PULL,
                Principal="*",
                Condition={"StringEquals": {"aws:PrincipalOrgID": {"Ref": "Organization"}}},
            )
        ),
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known_is_said(case: str) -> None:
    """What cannot be compared before the deployment is called that, in both directions."""
    base, head = (
        having() | {"Api": repository(RepositoryPolicyText=policy)} for policy in UNKNOWN[case]
    )
    widened, narrowed = access_changes(base, head)

    assert (WIDENED, "warning") == (widened.kind, widened.severity)
    assert "may widen access" in widened.summary
    assert (NARROWED, "note") == (narrowed.kind, narrowed.severity)
    assert "may narrow access" in narrowed.summary
    assert ("RepositoryPolicyText",) == widened.properties


def test_registry_policy_that_is_not_known_is_said() -> None:
    """A new registry policy that is known only at the deployment may allow anybody."""
    registry = {"Policy": resource(REGISTRY_POLICY, {"PolicyText": {"Ref": "Text"}})}

    assert {
        WIDENED: [
            "the registry may widen access: its policy is known only at deploy time; review it"
        ],
        NARROWED: [
            "the registry may narrow access: its policy is known only at deploy time; review it"
        ],
    } == summaries({}, registry)


def test_statements_that_are_known_are_compared() -> None:
    """Beside a statement that is as unknown as it was, the others are compared."""
    perhaps = {"Fn::If": ["IsOpen", ANY, {"Ref": "AWS::NoValue"}]}
    changes = summaries(having(perhaps), having(perhaps, allow(PULL, Principal=PARTNER)))

    assert {WIDENED: ["payments/api: account 444455556666 may pull"]} == changes


def test_mark_of_no_stack_is_a_name() -> None:
    """What looks like a reference, and is none, is compared as it is written."""
    changes = summaries(having(), having(allow(PULL, Principal={"AWS": "${Token[9.Ci.Arn]}"})))

    assert {WIDENED: ["payments/api: Ci may pull"]} == changes


def test_unknown_parts_that_are_the_same_are_no_change() -> None:
    """A policy of the same parameters in another order says nothing."""
    one, other = (
        allow(PULL, Principal={"AWS": {"Ref": parameter}}) for parameter in ("One", "Other")
    )

    assert [] == access_changes(having(one, other), having(other, one))


def test_effect_that_is_not_known_is_a_condition() -> None:
    """A statement whose effect a parameter decides may allow less than one that allows."""
    perhaps = {**allow(PULL, Principal=PARTNER), "Effect": {"Ref": "Effect"}}
    [widened] = access_changes(having(perhaps), having(allow(PULL, Principal=PARTNER)))

    assert widened.summary.endswith("if its effect, known only at deploy time, allows it)")
