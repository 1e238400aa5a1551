"""The settings of a repository, with defaults and profile applied."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, Retention, TagMutability
from ecr_constructs.environment.models import EncryptionKind
from ecr_constructs.environment.resolution import ResolvedRepository, Settings
from tests.app.conftest import environment

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _resolve(
    repository: dict[str, Any] | None = None, *, team: dict[str, Any] | None = None, **changes: Any
) -> ResolvedRepository:
    """Resolve the one repository of an environment."""
    teams = {"a": {"repositories": [{"name": "a/b", **(repository or {})}], **(team or {})}}
    [resolved] = environment(**{"profile": "development", "teams": teams, **changes}).repositories
    return resolved


def _settings(
    repository: dict[str, Any] | None = None, *, team: dict[str, Any] | None = None, **changes: Any
) -> Settings:
    return _resolve(repository, team=team, **changes).settings


PROFILES = {
    "development": (TagMutability.mutable(), "aes256", Retention.development()),
    "staging": (TagMutability.immutable(), "aes256", Retention.staging()),
    "production": (TagMutability.immutable(), "customer_managed", Retention.production()),
}


@pytest.mark.parametrize(("profile", "expected"), PROFILES.items(), ids=PROFILES.keys())
def test_a_profile_decides_what_is_left_open(profile: str, expected: tuple[Any, ...]) -> None:
    """MUTABLE and AES-256 for development, IMMUTABLE and a key of one's own for production."""
    settings = _settings(profile=profile)
    assert expected == (settings.tag_mutability, settings.encryption, settings.lifecycle)
    assert settings.scan_on_push is True


def test_defaults_beat_the_profile_and_the_repository_beats_both() -> None:
    """The nearest value counts."""
    defaults = {"encryption": "aws_managed", "scan_on_push": False, "retention": "staging"}
    settings = _settings({"scan_on_push": True}, defaults=defaults)
    assert (settings.encryption, settings.scan_on_push, settings.lifecycle) == (
        "aws_managed",
        True,
        Retention.staging(),
    )


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


def test_tags_are_added_up() -> None:
    """A nearer tag takes the place of a farther one with the same key."""
    settings = _settings(
        {"tags": {"c": "repository"}},
        team={"tags": {"b": "team", "c": "team"}},
        defaults={"tags": {"a": "defaults", "b": "defaults", "c": "defaults"}},
    )
    assert settings.tags == {"a": "defaults", "b": "team", "c": "repository"}


MUTABILITY = {
    "exceptions to the profile's": (
        {"tag_mutability_exceptions": ["v*"]},
        {},
        TagMutability.mutable(except_for=["v*"]),
    ),
    "inherited exceptions": (
        {},
        {"tag_mutability_exceptions": ["v*"]},
        TagMutability.mutable(except_for=["v*"]),
    ),
    "a nearer mutability drops farther exceptions": (
        {"tag_mutability": "immutable"},
        {"tag_mutability_exceptions": ["v*"]},
        TagMutability.immutable(),
    ),
    "nearer exceptions to a farther mutability": (
        {"tag_mutability_exceptions": ["latest"]},
        {"tag_mutability": "immutable", "tag_mutability_exceptions": ["stable"]},
        TagMutability.immutable(except_for=["latest"]),
    ),
    "no exceptions after all": (
        {"tag_mutability_exceptions": []},
        {"tag_mutability": "immutable", "tag_mutability_exceptions": ["stable"]},
        TagMutability.immutable(),
    ),
}


@pytest.mark.parametrize(
    ("repository", "defaults", "expected"), MUTABILITY.values(), ids=MUTABILITY.keys()
)
def test_exceptions_belong_to_their_mutability(
    repository: dict[str, Any], defaults: dict[str, Any], expected: TagMutability
) -> None:
    """An exception to `mutable` is never taken for one to `immutable`."""
    assert expected == _settings(repository, defaults=defaults).tag_mutability


LIFECYCLE = {
    "rules": (
        {"lifecycle": [{"keep_last": {"count": 5, "tag_patterns": ["v*"]}}]},
        {},
        LifecyclePolicy(LifecycleRule.keep_last(5, tag_patterns=["v*"])),
    ),
    "no rules keep everything": ({"lifecycle": []}, {}, LifecyclePolicy()),
    "protected tags come before rules": (
        {"lifecycle": [{"expire": {"after_days": 5}}], "protect_tags": ["v*"]},
        {},
        LifecyclePolicy(
            LifecycleRule.protect("v*", description="Protect v*"),
            LifecycleRule.expire(after_days=5),
        ),
    ),
    "protected tags come before a preset": (
        {"protect_tags": ["3.*"]},
        {"retention": "production"},
        Retention.production(protect_tags=["3.*"]),
    ),
    "a nearer preset beats farther rules": (
        {"retention": "staging"},
        {"lifecycle": []},
        Retention.staging(),
    ),
    "nearer rules beat a farther preset": (
        {"lifecycle": []},
        {"retention": "staging"},
        LifecyclePolicy(),
    ),
    "every kind of rule": (
        {
            "lifecycle": [
                {"protect": {"tag_pattern": "v*", "description": "releases"}},
                {"expire_untagged": {"after_days": 3}},
                {"archive": {"not_pulled_for_days": 30, "tag_prefixes": ["main-"]}},
                {"expire": {"after_days": 90, "tag_patterns": ["pr-*"]}},
                {"keep_last": {"count": 100}},
                {"expire_archived": {"after_days": 400}},
            ]
        },
        {},
        LifecyclePolicy(
            LifecycleRule.protect("v*", description="releases"),
            LifecycleRule.expire_untagged(after_days=3),
            LifecycleRule.archive(not_pulled_for_days=30, tag_prefixes=["main-"]),
            LifecycleRule.expire(after_days=90, tag_patterns=["pr-*"]),
            LifecycleRule.keep_last(100),
            LifecycleRule.expire_archived(after_days=400),
        ),
    ),
}


@pytest.mark.parametrize(
    ("repository", "defaults", "expected"), LIFECYCLE.values(), ids=LIFECYCLE.keys()
)
def test_the_nearest_lifecycle_policy_counts(
    repository: dict[str, Any], defaults: dict[str, Any], expected: LifecyclePolicy
) -> None:
    """A preset or rules of one's own, tags protected in front of either."""
    assert expected == _settings(repository, defaults=defaults).lifecycle


ACCESS = {
    "without an organization": ({}, {}, []),
    "its accounts may pull": ({}, {"organization": "o-a1b2c3d4e5"}, ["o-a1b2c3d4e5"]),
    "unless the repository says no": (
        {"organization_may_pull": False},
        {"organization": "o-a1b2c3d4e5"},
        [],
    ),
    "unless the defaults say no": (
        {},
        {"organization": "o-a1b2c3d4e5", "defaults": {"organization_may_pull": False}},
        [],
    ),
}


@pytest.mark.parametrize(("repository", "changes", "expected"), ACCESS.values(), ids=ACCESS.keys())
def test_the_organization_may_pull(
    repository: dict[str, Any], changes: dict[str, Any], expected: list[str]
) -> None:
    """The organization of the environment is admitted everywhere but where it is kept out."""
    assert expected == _settings(repository, **changes).access["pull_organizations"]


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
    settings = _settings({"encryption": kind}, region=region)
    assert expected == settings.encrypted_with(kms.Key.from_key_arn(cdk.Stack(), "Key", KEY))
