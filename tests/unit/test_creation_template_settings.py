"""Creation templates: what they refuse, what they default to, what their role may do."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, TagMutability
from ecr_constructs.model.creation_template import CreationTemplate, namespace_of, role_errors
from ecr_constructs.model.repository_policy import Access
from tests.support.service_models import fits

TOKEN = "${Token[A.1]}"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REGISTRY = "arn:aws:ecr:eu-central-1:111122223333:repository/"
UNTAGGED_COUNT = LifecycleRule(
    tag_status="untagged", count_type="imageCountMoreThan", count_number=10
)
CACHE = {"applied_for": ["PULL_THROUGH_CACHE"]}


def template(**keywords: Any) -> CreationTemplate:
    """Return a template for replicas of payments, but for what a test says."""
    return CreationTemplate(**{"prefix": "payments", "applied_for": ["REPLICATION"], **keywords})


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "capitals": ({"prefix": "Payments"}, "prefix 'Payments' must be ROOT, or the beginning of a"),
    "no prefix": ({"prefix": ""}, "prefix '' must be 1 to 256 characters long, is 0"),
    "a long prefix": ({"prefix": "a" * 257}, "must be 1 to 256 characters long, is 257"),
    "a pattern": ({"prefix": "payments/*"}, "prefix 'payments/*' must be ROOT, or the beginning"),
    "no occasion": (
        {"applied_for": []},
        "must name at least one of CREATE_ON_PUSH, PULL_THROUGH_CACHE, REPLICATION",
    ),
    "another occasion": ({"applied_for": ["PUSH"]}, "applied_for may hold CREATE_ON_PUSH, PULL_T"),
    "an occasion twice": (
        {"applied_for": ["REPLICATION", "REPLICATION"]},
        "applied_for names 'REPLICATION' twice",
    ),
    "a bare string": ({"applied_for": "REPLICATION"}, "write ['REPLICATION']"),
    "a description": (
        {"description": "a" * 257},
        "the description may be 256 characters long, is 257",
    ),
    "a tag": ({"tags": {"aws:team": "x"}}, "key 'aws:team' begins with 'aws:'"),
    "a policy": (
        {
            "access": Access(
                pull_principals=[f"arn:aws:iam::111122223333:role/{n:060}" for n in range(120)]
            )
        },
        "a repository policy may be 10,240 characters long, this one is 1",
    ),
    "a cache without its untagged images": (
        {**CACHE, "lifecycle": LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))},
        (
            "a pull through cache keeps images that were pulled by digest untagged, in use or not, "
            "and rule 1 takes untagged images away"
        ),
    ),
    "a cache with few untagged images": (
        {**CACHE, "lifecycle": LifecyclePolicy(UNTAGGED_COUNT)},
        "write LifecycleRule.expire(after_days=365), or keep all: LifecyclePolicy()",
    ),
    "caches and others alike": (
        {"applied_for": ["PULL_THROUGH_CACHE", "REPLICATION"]},
        "with both under one prefix, say which with tag_mutability",
    ),
}


@pytest.mark.parametrize(("keywords", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(keywords: dict[str, Any], fault: str) -> None:
    """What ECR would refuse, or what would lose images, is named with what to write instead."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        template(**keywords)


def test_lists_every_fault() -> None:
    """Several faults are refused in one error."""
    with pytest.raises(ValueError, match="Invalid repository creation template") as refusal:
        template(prefix="A", applied_for=["X"], description="a" * 300, tags={"": "x"})

    assert 4 == str(refusal.value).count("\n  - ")


def test_deploy_time_values_pass() -> None:
    """What is known only at deploy time cannot be judged."""
    settings = template(
        prefix=TOKEN,
        applied_for=[TOKEN],
        description=TOKEN * 100,
        access=Access(pull_accounts=[TOKEN] * 1000),
    )

    assert TOKEN == settings.prefix


def test_defaults_of_what_is_pushed_or_replicated() -> None:
    """Immutable, and untagged images go after two weeks."""
    settings = template(applied_for=["CREATE_ON_PUSH", "REPLICATION"])

    assert TagMutability.immutable() == settings.settled_mutability
    assert LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14)) == (
        settings.settled_lifecycle
    )


def test_defaults_of_caches() -> None:
    """Mutable, so that tags follow their upstream, and nothing goes."""
    settings = template(**CACHE)

    assert TagMutability.mutable() == settings.settled_mutability
    assert LifecyclePolicy() == settings.settled_lifecycle


def test_what_is_given_counts() -> None:
    """Settings that are given take the place of the defaults, of an empty policy too."""
    settings = template(tag_mutability=TagMutability.mutable(), lifecycle=LifecyclePolicy())

    assert (TagMutability.mutable(), LifecyclePolicy()) == (
        settings.settled_mutability,
        settings.settled_lifecycle,
    )


def test_caches_may_archive_what_nobody_pulls() -> None:
    """An untagged image that nobody has pulled for a year is not running."""
    rule = LifecycleRule(
        tag_status="untagged", count_type="sinceImagePulled", count_number=365, action="transition"
    )

    policy = LifecyclePolicy(rule)

    assert policy == template(**CACHE, lifecycle=policy).settled_lifecycle


@pytest.mark.parametrize(
    ("keywords", "needed"),
    [
        ({}, False),
        ({"tags": {"team": "payments"}}, True),
        ({"encryption": Encryption.customer_managed(KEY)}, True),
        ({"encryption": Encryption.aws_managed()}, True),
    ],
    ids=["nothing", "tags", "a key", "the key of AWS"],
)
def test_needs_a_role(keywords: dict[str, Any], *, needed: bool) -> None:
    """ECR is lent a role for tags and for KMS, and for nothing else."""
    assert needed == template(**keywords).needs_role


def test_role_statements_name_prefix_and_key() -> None:
    """The role creates repositories of the prefix and uses the one key."""
    settings = template(encryption=Encryption.customer_managed(KEY))

    assert [
        {
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
            "Effect": "Allow",
            "Resource": f"{REGISTRY}payments/*",
        },
        {
            "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
            "Effect": "Allow",
            "Resource": KEY,
        },
    ] == settings.role_statements(REGISTRY, "aws", "eu-central-1", "111122223333")


def test_the_key_of_aws_is_named_by_its_alias() -> None:
    """Its id is not known, so the role is limited by the alias."""
    _, of_key = template(encryption=Encryption.aws_managed()).role_statements(
        REGISTRY, "aws", "eu-central-1", "111122223333"
    )

    assert "arn:aws:kms:eu-central-1:111122223333:key/*" == of_key["Resource"]
    assert {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ecr"}} == (
        of_key["Condition"]
    )


@pytest.mark.parametrize(
    ("prefix", "namespace"), [("ROOT", ""), ("payments", "payments/"), ("payments/", "payments/")]
)
def test_namespaces(prefix: str, namespace: str) -> None:
    """ECR puts a slash after a prefix that has none; ROOT is not a name."""
    assert namespace == namespace_of(prefix)


ROLES = {
    "no role": ("payments", "must be the ARN of a role, 'arn:aws:iam::ACCOUNT:role/NAME'"),
    "a path": ("arn:aws:iam::111122223333:role/ecr/maker", "has a path, which ECR refuses"),
    "another account": (
        "arn:aws:iam::444455556666:role/maker",
        "must be in the registry's account, 111122223333",
    ),
}


@pytest.mark.parametrize(("arn", "fault"), ROLES.values(), ids=ROLES)
def test_role_errors(arn: str, fault: str) -> None:
    """A role has no path and belongs to the registry's account."""
    [found] = role_errors(arn, "111122223333")

    assert fault in found


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        (TOKEN, "111122223333"),
        ("arn:aws:iam::111122223333:role/maker", TOKEN),
        ("arn:aws:iam::111122223333:role/maker", "111122223333"),
    ],
    ids=["role", "account", "both"],
)
def test_sound_roles(arn: str, account: str) -> None:
    """A sound role passes, and so does what is not known yet."""
    assert [] == list(role_errors(arn, account))


@given(st.text("a0._-/RO", max_size=6) | st.just("ROOT"))
def test_prefixes_agree_with_the_service_model(prefix: str) -> None:
    """A prefix is refused exactly if ECR's own model refuses it."""
    try:
        accepted = template(prefix=prefix).prefix == prefix
    except ValueError:
        accepted = False

    assert fits("ecr", "Prefix", prefix) == accepted
