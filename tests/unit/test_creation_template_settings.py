"""Creation templates: values, defaults and the permissions of their role."""

from typing import Any

import pytest

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, TagMutability
from ecr_constructs.model.creation_template import CreationTemplate, role_errors
from ecr_constructs.model.names import namespace_of
from ecr_constructs.model.repository_policy import Access
from tests.support.errors import rejection_test

TOKEN = "${Token[A.1]}"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REGISTRY = "arn:aws:ecr:eu-central-1:111122223333:repository/"
UNTAGGED_COUNT = LifecycleRule(
    tag_status="untagged", count_type="imageCountMoreThan", count_number=10
)
CACHE = {"applied_for": ["PULL_THROUGH_CACHE"]}


def template(**keywords: Any) -> CreationTemplate:
    """Return a template for replicas of payments, with a test's settings."""
    return CreationTemplate(**{"prefix": "payments", "applied_for": ["REPLICATION"], **keywords})


REJECTED: dict[str, tuple[Any, ...]] = {
    "capitals": ({"prefix": "Payments"}, "prefix: namespace-format"),
    "no prefix": ({"prefix": ""}, "prefix: namespace-length", "prefix: namespace-format"),
    "a long prefix": ({"prefix": "a" * 257}, "prefix: namespace-length"),
    "a pattern": ({"prefix": "payments/*"}, "prefix: namespace-format"),
    "no occasion": ({"applied_for": []}, "applied_for: template-occasion-missing"),
    "another occasion": ({"applied_for": ["PUSH"]}, "applied_for[0]: template-occasion-unknown"),
    "an occasion twice": (
        {"applied_for": ["REPLICATION", "REPLICATION"]},
        "applied_for[1]: template-occasion-duplicate",
    ),
    "a bare string": ({"applied_for": "REPLICATION"}, "applied_for: list-is-string"),
    "a description": ({"description": "a" * 257}, "description: template-description-length"),
    "a tag": ({"tags": {"aws:team": "x"}}, "tags['aws:team']: tag-key-reserved-prefix"),
    "a policy": (
        {
            "access": Access(
                pull_principals=[f"arn:aws:iam::111122223333:role/{n:060}" for n in range(120)]
            )
        },
        "repository-policy-length",
    ),
    "a cache that expires untagged images": (
        {**CACHE, "lifecycle": LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))},
        "lifecycle: template-cache-lifecycle",
    ),
    "a cache with few untagged images": (
        {**CACHE, "lifecycle": LifecyclePolicy(UNTAGGED_COUNT)},
        "lifecycle: template-cache-lifecycle",
    ),
    "caches and replicas with one default": (
        {"applied_for": ["PULL_THROUGH_CACHE", "REPLICATION"]},
        "tag_mutability: template-mutability-missing",
    ),
    "several problems": (
        {"prefix": "A", "applied_for": ["X"], "description": "a" * 300, "tags": {"": "x"}},
        "prefix: namespace-format",
        "applied_for[0]: template-occasion-unknown",
        "description: template-description-length",
        "tags['']: tag-key-length",
    ),
}
test_rejects = rejection_test(lambda keywords: template(**keywords), REJECTED)


def test_deploy_time_values_pass() -> None:
    settings = template(
        prefix=TOKEN,
        applied_for=[TOKEN],
        description=TOKEN * 100,
        access=Access(pull_accounts=[TOKEN] * 1000),
    )

    assert TOKEN == settings.prefix


KEEP_ALL, MUTABLE = LifecyclePolicy(), TagMutability.mutable()
TWO_WEEKS = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))
# An untagged image without a pull for a year is not in use.
UNUSED = LifecycleRule(
    tag_status="untagged", count_type="sinceImagePulled", count_number=365, action="transition"
)
EFFECTIVE: dict[str, tuple[dict[str, Any], TagMutability, LifecyclePolicy]] = {
    "pushed or replicated": (
        {"applied_for": ["CREATE_ON_PUSH", "REPLICATION"]},
        *(TagMutability.immutable(), TWO_WEEKS),
    ),
    # Tags are mutable, to follow their upstream.
    "cached": (CACHE, MUTABLE, KEEP_ALL),
    "cached, and archived if unused": (
        {**CACHE, "lifecycle": LifecyclePolicy(UNUSED)},
        *(MUTABLE, LifecyclePolicy(UNUSED)),
    ),
    "settings": ({"tag_mutability": MUTABLE, "lifecycle": KEEP_ALL}, MUTABLE, KEEP_ALL),
}


@pytest.mark.parametrize(("keywords", "mutability", "lifecycle"), EFFECTIVE.values(), ids=EFFECTIVE)
def test_effective_settings(
    keywords: dict[str, Any], mutability: TagMutability, lifecycle: LifecyclePolicy
) -> None:
    """Settings replace the defaults, an empty policy too."""
    settings = template(**keywords)

    assert (mutability, lifecycle) == (settings.effective_mutability, settings.effective_lifecycle)


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
    """The key's id is unknown, so the alias limits the role."""
    _, key_statement = template(encryption=Encryption.aws_managed()).role_statements(
        REGISTRY, "aws", "eu-central-1", "111122223333"
    )

    assert "arn:aws:kms:eu-central-1:111122223333:key/*" == key_statement["Resource"]
    assert {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ecr"}} == (
        key_statement["Condition"]
    )


@pytest.mark.parametrize(
    ("prefix", "namespace"), [("ROOT", ""), ("payments", "payments/"), ("payments/", "payments/")]
)
def test_namespaces(prefix: str, namespace: str) -> None:
    """A namespace ends with a slash; ROOT is not a name."""
    assert namespace == namespace_of(prefix)


MAKER = "arn:aws:iam::111122223333:role/maker"
ROLES: dict[str, tuple[Any, ...]] = {
    "valid": ((MAKER, "111122223333"),),
    "a deploy-time role": ((TOKEN, "111122223333"),),
    "a deploy-time account": ((MAKER, TOKEN),),
    "a name": (("payments", "111122223333"), "role-arn-format"),
    "a path": (("arn:aws:iam::111122223333:role/ecr/maker", "111122223333"), "role-arn-path"),
    "another account": ((MAKER, "444455556666"), "role-arn-account"),
}
test_roles = rejection_test(role_errors, ROLES)
