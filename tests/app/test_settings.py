"""The settings of a repository, with defaults and profile applied."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, Retention, TagMutability
from ecr_constructs.environment.inheritance import Functions
from ecr_constructs.environment.resolution import ResolvedRepository
from ecr_constructs.environment.settings import EncryptionKind
from tests.app.conftest import environment

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _resolve(
    repository: dict[str, Any] | None = None, *, team: dict[str, Any] | None = None, **changes: Any
) -> ResolvedRepository:
    """Resolve the one repository of an environment."""
    teams = {"a": {"repositories": [{"name": "a/b", **(repository or {})}], **(team or {})}}
    [resolved] = environment(**{"profile": "development", "teams": teams, **changes}).repositories
    return resolved


ORGANIZATION = "o-a1b2c3d4e5"
MAY, MAY_NOT = {"organization": ORGANIZATION}, {"organization_may_pull": False}
STAGING, PRODUCTION = {"retention": "staging"}, {"retention": "production"}
EVERY_KIND = [
    {"protect": {"tag_pattern": "v*", "description": "releases"}},
    {"expire_untagged": {"after_days": 3}},
    {"archive": {"not_pulled_for_days": 30, "tag_prefixes": ["main-"]}},
    {"expire": {"after_days": 90, "tag_patterns": ["pr-*"]}},
    {"keep_last": {"count": 100}},
    {"expire_archived": {"after_days": 400}},
]
FIVE = [{"keep_last": {"count": 5, "tag_patterns": ["v*"]}}]
PROTECTED = {"lifecycle": [{"expire": {"after_days": 5}}], "protect_tags": ["v*"]}
EXCEPT = "tag_mutability_exceptions"
STABLE = {"tag_mutability": "immutable", EXCEPT: ["stable"]}
MUTABLE, IMMUTABLE = TagMutability.mutable, TagMutability.immutable
AWS_RULES = {
    "rules": [
        {
            "rulePriority": 70,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 9,
            },
            "action": {"type": "expire"},
        }
    ]
}
AWS_POLICY = LifecyclePolicy.from_json(json.dumps(AWS_RULES))
# By setting: those of the repository, the defaults of the file, and what they resolve to.
NEAREST: dict[str, dict[str, tuple[dict[str, Any], dict[str, Any], Any]]] = {
    "tag_mutability": {
        # An exception to `mutable` is never taken for one to `immutable`.
        "exceptions to the profile's": ({EXCEPT: ["v*"]}, {}, MUTABLE(except_for=["v*"])),
        "inherited exceptions": ({}, {EXCEPT: ["v*"]}, MUTABLE(except_for=["v*"])),
        "a nearer one drops farther exceptions": (
            *({"tag_mutability": "immutable"}, {EXCEPT: ["v*"]}, IMMUTABLE()),
        ),
        "nearer exceptions to a farther one": (
            *({EXCEPT: ["latest"]}, STABLE, IMMUTABLE(except_for=["latest"])),
        ),
        "no exceptions after all": ({EXCEPT: []}, STABLE, IMMUTABLE()),
    },
    "lifecycle": {
        "rules": (
            *({"lifecycle": FIVE}, {}),
            LifecyclePolicy(LifecycleRule.keep_last(5, tag_patterns=["v*"])),
        ),
        "no rules keep everything": ({"lifecycle": []}, {}, LifecyclePolicy()),
        "protected tags come before rules": (
            *(PROTECTED, {}),
            LifecyclePolicy(
                LifecycleRule.protect("v*", description="Protect v*"),
                LifecycleRule.expire(after_days=5),
            ),
        ),
        "protected tags come before a preset": (
            *({"protect_tags": ["3.*"]}, PRODUCTION, Retention.production(protect_tags=["3.*"])),
        ),
        "a nearer preset beats farther rules": (STAGING, {"lifecycle": []}, Retention.staging()),
        "nearer rules beat a farther preset": ({"lifecycle": []}, STAGING, LifecyclePolicy()),
        "AWS's own JSON": ({"lifecycle": AWS_RULES}, {}, AWS_POLICY),
        "protected tags come before AWS's own JSON": (
            *({"lifecycle": AWS_RULES, "protect_tags": ["v*"]}, {}),
            LifecyclePolicy(
                LifecycleRule.protect("v*", description="Protect v*"),
                LifecycleRule.expire_untagged(after_days=9),
            ),
        ),
        "images in use come before protected tags": (
            *({**PROTECTED, "protect_in_use": True}, {}),
            LifecyclePolicy(
                LifecycleRule.protect("in-use-*", description="Protect images in use"),
                LifecycleRule.protect("v*", description="Protect v*"),
                LifecycleRule.expire(after_days=5),
            ),
        ),
        "images in use come before a preset": (
            *({"protect_in_use": True}, STAGING),
            LifecyclePolicy(
                LifecycleRule.protect("in-use-*", description="Protect images in use"),
                LifecycleRule.expire_untagged(after_days=7),
                LifecycleRule.keep_last(200),
            ),
        ),
        "images in use come before AWS's own JSON": (
            *({"lifecycle": AWS_RULES, "protect_in_use": True}, {}),
            LifecyclePolicy(
                LifecycleRule.protect("in-use-*", description="Protect images in use"),
                LifecycleRule.expire_untagged(after_days=9),
            ),
        ),
        "no rules keep what is in use, too": (
            *({"lifecycle": [], "protect_in_use": True}, {}, LifecyclePolicy()),
        ),
        "every kind of rule": (
            *({"lifecycle": EVERY_KIND}, {}),
            LifecyclePolicy(
                LifecycleRule.protect("v*", description="releases"),
                LifecycleRule.expire_untagged(after_days=3),
                LifecycleRule.archive(not_pulled_for_days=30, tag_prefixes=["main-"]),
                LifecycleRule.expire(after_days=90, tag_patterns=["pr-*"]),
                LifecycleRule.keep_last(100),
                LifecycleRule.expire_archived(after_days=400),
            ),
        ),
    },
}
# Settings of the repository, what else the file has, and what they resolve to.
RESOLVED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    **{
        f"the profile {retention.__name__}": (
            *({}, {"profile": retention.__name__}),
            {
                "tag_mutability": mutability,
                "encryption": encryption,
                "lifecycle": retention(),
                "scan_on_push": True,
            },
        )
        for retention, mutability, encryption in (
            (Retention.development, MUTABLE(), "aes256"),
            (Retention.staging, IMMUTABLE(), "aes256"),
            (Retention.production, IMMUTABLE(), "customer_managed"),
        )
    },
    "defaults beat the profile, and the repository beats both": (
        {"scan_on_push": True},
        {"defaults": {"encryption": "aws_managed", "scan_on_push": False, **STAGING}},
        {"encryption": "aws_managed", "scan_on_push": True, "lifecycle": Retention.staging()},
    ),
    "a dry run of the profile's policy": (
        {},
        {"defaults": {"lifecycle_dry_run": True}},
        {"lifecycle": Retention.development().dry_run()},
    ),
    "no dry run, unlike the defaults": (
        {"lifecycle_dry_run": False, **STAGING},
        {"defaults": {"lifecycle_dry_run": True}},
        {"lifecycle": Retention.staging()},
    ),
    "a lock, unlike the defaults": (
        {"deletion_lock": False},
        {"defaults": {"deletion_lock": True}},
        {"deletion_lock": False},
    ),
    "functions of the registry's account": (
        {"admit_lambda": True},
        {},
        {"functions": (Functions(),)},
    ),
    "functions of other accounts, unlike the defaults": (
        {"admit_lambda": {"accounts": ["444455556666"], "functions": ["a-*"]}},
        {"defaults": {"admit_lambda": True}},
        {"functions": (Functions(("a-*",), "444455556666"),)},
    ),
    "no functions, unlike the defaults": (
        {"admit_lambda": False},
        {"defaults": {"admit_lambda": True}},
        {"functions": ()},
    ),
    "what is null is not set": ({"scan_on_push": None, "tags": None}, {}, {"scan_on_push": True}),
    "tags are added up, and nearer ones replace farther ones": (
        {"tags": {"c": "repository"}},
        {
            "team": {"tags": {"b": "team", "c": "team"}},
            "defaults": {"tags": {"a": "defaults", "b": "defaults", "c": "defaults"}},
        },
        {"tags": {"a": "defaults", "b": "team", "c": "repository"}},
    ),
    **{
        f"{setting}: {name}": (repository, {"defaults": defaults}, {setting: expected})
        for setting, rows in NEAREST.items()
        for name, (repository, defaults, expected) in rows.items()
    },
    **{
        f"the organization, {name}": (repository, file, {"pull_organizations": expected})
        for name, repository, file, expected in (
            ("of which there is none", {}, {}, []),
            ("may pull", {}, MAY, [ORGANIZATION]),
            ("unless the repository says no", MAY_NOT, MAY, []),
            ("unless the defaults say no", {}, {**MAY, "defaults": MAY_NOT}, []),
        )
    },
}


@pytest.mark.parametrize("name", RESOLVED)
def test_the_nearest_setting_counts(name: str) -> None:
    """The repository's, then the defaults', then the profile's."""
    repository, changes, expected = RESOLVED[name]
    settings = _resolve(repository, **changes).settings
    resolved = {**settings.access, **{key: getattr(settings, key) for key in settings.__slots__}}

    assert expected == {key: resolved[key] for key in expected}


@pytest.mark.parametrize(
    ("profile", "settings", "accepts"),
    [
        ("development", {}, True),
        ("development", {"tag_mutability": "mutable"}, True),
        ("development", {"tag_mutability": "immutable"}, False),
        ("staging", {}, False),
        ("staging", {"tag_mutability": "mutable"}, False),
    ],
)
def test_a_profile_does_not_warn_about_what_it_decides(
    profile: str, settings: dict[str, Any], *, accepts: bool
) -> None:
    """Mutable tags are accepted where the profile has them; elsewhere the file says why."""
    assert accepts == ("ECR012" in _resolve(settings, profile=profile).acknowledged)


def test_acknowledgments_are_added_up() -> None:
    """Those of a repository add to the defaults; its own reason replaces the default one."""
    resolved = _resolve(
        {"acknowledge": {"ECR013": "Nothing runs from it.", "ECR012": "It is a cache."}},
        defaults={"acknowledge": {"ECR012": "Tags move.", "ECR102": "Nothing expires."}},
    )
    assert resolved.acknowledged == {
        "ECR012": "It is a cache.",
        "ECR013": "Nothing runs from it.",
        "ECR102": "Nothing expires.",
    }


def test_a_key_is_created_only_where_one_is_used() -> None:
    """One repository that is encrypted with a customer managed key is enough."""
    own = {"name": "a/c", "encryption": "customer_managed"}
    uses_key = [
        environment(profile="development", teams={"a": {"repositories": names}}).uses_key
        for names in (["a/b"], ["a/b", own])
    ]
    assert [False, True] == uses_key


ENCRYPTION: dict[EncryptionKind, tuple[Encryption, str]] = {
    "aes256": (Encryption.aes256(), "eu-central-1"),
    "aws_managed": (Encryption.aws_managed(), "eu-central-1"),
    "customer_managed": (Encryption.customer_managed(KEY), "eu-central-1"),
    "dual_layer": (Encryption.dual_layer(KEY), "us-gov-west-1"),
}


@pytest.mark.parametrize("kind", ENCRYPTION)
def test_encryption_is_the_librarys(kind: EncryptionKind) -> None:
    """The kinds that take a key use the environment's own."""
    expected, region = ENCRYPTION[kind]
    settings = _resolve({"encryption": kind}, region=region).settings
    assert expected == settings.encrypted_with(kms.Key.from_key_arn(cdk.Stack(), "Key", KEY))
