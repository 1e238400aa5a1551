"""What is weakened, and what is strengthened."""

from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import SCANNING, SIGNING
from ecr_constructs.review import Change
from ecr_constructs.review.analyzers.settings import changes
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import (
    ABSENT,
    HOME,
    creation_template,
    get_att,
    key,
    repository,
    resource,
)

Json = Any
NAME = "payments/api"
REGISTRY = f"registry {'/'.join(HOME)}"
TEMPLATE = "creation template payments"
PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/"
MUTABILITY = ("ImageTagMutability", "ImageTagMutabilityExclusionFilters")
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"


def mutable(setting: Any, *filters: Any) -> Json:
    """Return a repository with a mutability."""
    entries = [
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": pattern,
        }
        for pattern in filters
    ]
    return {
        "Api": repository(
            RepositoryName=NAME,
            ImageTagMutability=setting,
            ImageTagMutabilityExclusionFilters=entries or ABSENT,
        )
    }


def scans(on_push: Any) -> Json:
    """Return a repository that is scanned or not."""
    configuration = {"ScanOnPush": on_push}
    return {"Api": repository(RepositoryName=NAME, ImageScanningConfiguration=configuration)}


def encrypting(kind: Any = ABSENT, key_arn: Any = None) -> Json:
    """Return a creation template with an encryption."""
    given = {"EncryptionType": kind, **({"KmsKey": key_arn} if key_arn else {})}
    return {"Web": creation_template(EncryptionConfiguration=ABSENT if kind is ABSENT else given)}


def occasions(*names: str) -> Json:
    """Return a creation template for some occasions."""
    return {"Web": creation_template(AppliedFor=list(names))}


def kms(**properties: Any) -> Json:
    """Return a key."""
    return {"Key": key(**properties)}


def scanned(scan_type: Any, **filters: list[str]) -> Json:
    """Return a registry's scanning."""
    frequencies = {"on_push": "SCAN_ON_PUSH", "continuous": "CONTINUOUS_SCAN"}
    rules = [
        {
            "ScanFrequency": frequencies[name],
            "RepositoryFilters": [
                {"Filter": pattern, "FilterType": "WILDCARD"} for pattern in listed
            ],
        }
        for name, listed in filters.items()
    ]
    return {"Scanning": resource(SCANNING, {"ScanType": scan_type, "Rules": rules})}


def signed(**filters: list[str]) -> Json:
    """Return a registry's signing, by the names of profiles."""
    rules = [
        {
            "SigningProfileArn": f"{PROFILE}{name}",
            "RepositoryFilters": [{"Filter": pattern} for pattern in listed],
        }
        for name, listed in filters.items()
    ]
    return {"Signing": resource(SIGNING, {"Rules": rules})}


# The stronger and the weaker side, the subject, the properties, and values in the summary.
ONE_WAY: dict[str, tuple[Json, Json, str, tuple[str, ...], tuple[str, ...]]] = {
    "immutable to mutable": (
        mutable("IMMUTABLE"),
        mutable("MUTABLE"),
        NAME,
        MUTABILITY,
        ("immutable", "mutable"),
    ),
    "an exclusion more": (
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest"),
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest", "cache-*"),
        NAME,
        MUTABILITY,
        ("latest", "cache-*"),
    ),
    "a tag of mutable ones released": (
        mutable("MUTABLE_WITH_EXCLUSION", "v*", "r*"),
        mutable("MUTABLE_WITH_EXCLUSION", "v*"),
        NAME,
        MUTABILITY,
        ("v*, r*",),
    ),
    "immutable but for a few to mutable but for a few": (
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest"),
        mutable("MUTABLE_WITH_EXCLUSION", "v*"),
        NAME,
        MUTABILITY,
        ("latest", "v*"),
    ),
    "no scan on push": (
        scans(on_push=True),
        scans(on_push="false"),
        NAME,
        ("ImageScanningConfiguration",),
        (),
    ),
    "no key for new repositories": (
        encrypting("KMS", KEY),
        encrypting(),
        TEMPLATE,
        ("EncryptionConfiguration",),
        ("AES-256", "customer managed key"),
    ),
    "one layer for new repositories": (
        encrypting("KMS_DSSE"),
        encrypting("KMS"),
        TEMPLATE,
        ("EncryptionConfiguration",),
        ("two layers",),
    ),
    "an occasion less": (
        occasions("REPLICATION", "CREATE_ON_PUSH"),
        occasions("CREATE_ON_PUSH"),
        TEMPLATE,
        ("AppliedFor",),
        ("REPLICATION",),
    ),
    "a template's tags": (
        {"Web": creation_template()},
        {"Web": creation_template(ImageTagMutability=ABSENT)},
        TEMPLATE,
        MUTABILITY,
        ("immutable", "mutable"),
    ),
    "rotation": (kms(), kms(EnableKeyRotation=False), "key Key", ("EnableKeyRotation",), ()),
    "a longer period": (
        kms(RotationPeriodInDays="90"),
        kms(),
        "key Key",
        ("RotationPeriodInDays",),
        ("365", "90"),
    ),
    "less time to regret": (
        kms(),
        kms(PendingWindowInDays=7),
        "key Key",
        ("PendingWindowInDays",),
        ("7", "30"),
    ),
    "basic scanning": (
        scanned("ENHANCED", on_push=["*"]),
        scanned("BASIC", on_push=["*"]),
        REGISTRY,
        ("ScanType",),
        ("Amazon Inspector",),
    ),
    "basic scanning of what was looked at again": (
        scanned("ENHANCED", continuous=["*"]),
        scanned("BASIC", on_push=["*"]),
        REGISTRY,
        ("ScanType",),
        ("Amazon Inspector",),
    ),
    "on push only": (
        scanned("ENHANCED", continuous=["payments", "web/*"]),
        scanned("ENHANCED", on_push=["payments"], continuous=["web/*"]),
        REGISTRY,
        ("Rules",),
        ("*payments*",),
    ),
    "fewer repositories scanned": (
        scanned("BASIC", on_push=["payments/*", "web/*"]),
        scanned("BASIC", on_push=["payments/*"]),
        REGISTRY,
        ("Rules",),
        ("images of web/* ",),
    ),
    "a narrower filter": (
        scanned("BASIC", on_push=["*"]),
        scanned("BASIC", on_push=["payments/*"]),
        REGISTRY,
        ("Rules",),
        ("all repositories",),
    ),
    "no scanning configuration": (
        scanned("BASIC", on_push=["*"]),
        {},
        REGISTRY,
        (),
        ("all repositories",),
    ),
    "fewer repositories signed": (
        signed(release=[]),
        signed(release=["payments/*"]),
        REGISTRY,
        ("Rules",),
        ("all repositories", "release"),
    ),
    "a profile dropped": (
        signed(release=["payments/*"], partner=["web/*"]),
        signed(release=["payments/*"]),
        REGISTRY,
        ("Rules",),
        ("images of web/* ", "partner"),
    ),
    "no signing": (
        signed(release=["web/*", "api/*"]),
        {},
        REGISTRY,
        (),
        ("web/* and api/*", "release"),
    ),
}


def changed(before: Json, after: Json) -> list[Change]:
    """Return the changes of settings."""
    return [change for change in changes_of(changes, before, after) if change.kind != "lifecycle"]


@pytest.mark.parametrize("case", ONE_WAY)
def test_weakening_is_strengthening_reverted(case: str) -> None:
    """A change and its reversal are reported as opposites."""
    strong, weak, subject, properties, values = ONE_WAY[case]
    [weakened], [strengthened] = changed(strong, weak), changed(weak, strong)

    assert ("weakened", "warning") == (weakened.kind, weakened.severity)
    assert ("strengthened", "note") == (strengthened.kind, strengthened.severity)
    assert (weakened.before, weakened.after) == (strengthened.after, strengthened.before)
    for change in (weakened, strengthened):
        assert properties == change.properties
        assert change.summary.startswith(f"{subject}: ")
        assert all(value in change.summary for value in values)


def test_exceptions_are_named() -> None:
    """What a narrower filter still covers is an exception."""
    scanning = changed(scanned("BASIC", on_push=["*"]), scanned("BASIC", on_push=["payments/*"]))
    signing = changed(signed(release=[]), signed(release=["payments/*"]))

    for [change] in (scanning, signing):
        assert change.summary.endswith(", except payments/*")


BOTH_WAYS = {
    "other tags excepted": (
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest"),
        mutable("IMMUTABLE_WITH_EXCLUSION", "cache-*"),
    ),
    "an excepted tag among the fixed ones": (
        mutable("IMMUTABLE_WITH_EXCLUSION", "v-latest"),
        mutable("MUTABLE_WITH_EXCLUSION", "v*"),
    ),
    "another key layer": (encrypting("KMS", KEY), encrypting("KMS_DSSE")),
    "another profile": (signed(release=[]), signed(partner=[])),
}


@pytest.mark.parametrize(("before", "after"), BOTH_WAYS.values(), ids=list(BOTH_WAYS))
def test_what_gains_and_loses_is_told_of_both(before: Json, after: Json) -> None:
    """Neither side has all that the other has."""
    assert ["weakened", "strengthened"] == [change.kind for change in changed(before, after)]


SILENT = {
    "filters in another order": (
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest", "cache-*"),
        mutable("IMMUTABLE_WITH_EXCLUSION", "cache-*", "latest"),
    ),
    "immutable, written as an exception of all": (
        mutable("IMMUTABLE"),
        mutable("MUTABLE_WITH_EXCLUSION", "*"),
    ),
    "a mutability that is not known": (mutable("IMMUTABLE"), mutable({"Ref": "Mutability"})),
    "filters that ECR refuses": (
        mutable("IMMUTABLE_WITH_EXCLUSION", *"abcdef"),
        mutable("MUTABLE"),
    ),
    "filters without the mode": (mutable("IMMUTABLE"), mutable("IMMUTABLE", "latest")),
    "an encryption that is not known": (encrypting("KMS"), encrypting({"Ref": "Kind"})),
    "another key": (encrypting("KMS", KEY), encrypting("KMS", f"{KEY}2")),
    "occasions that are not known": (
        occasions("REPLICATION"),
        {"Web": creation_template(AppliedFor={"Ref": "Occasions"})},
    ),
    "a scan that is not known": (scans(on_push=True), scans({"Ref": "OnPush"})),
    "a repository's scan where the registry decides": (
        {**scans(on_push=True), **scanned("BASIC", on_push=["*"])},
        {**scans(on_push=False), **scanned("BASIC", on_push=["*"])},
    ),
    "a registry's scan that is not known": (
        scanned("ENHANCED", on_push=["*"]),
        scanned({"Ref": "Type"}),
    ),
    "scanning filters that come to the same": (
        scanned("BASIC", on_push=["payments", "web/*"]),
        scanned("BASIC", on_push=["web/*", "*payments*", "*payments/api"]),
    ),
    "signing filters that come to the same": (signed(release=[]), signed(release=["*", "web/*"])),
    "a period that nothing is rotated by": (
        kms(EnableKeyRotation=False, RotationPeriodInDays=90),
        kms(EnableKeyRotation=False, RotationPeriodInDays=365),
    ),
    "numbers that are not known": (
        kms(RotationPeriodInDays=90, PendingWindowInDays=30),
        kms(RotationPeriodInDays={"Ref": "Period"}, PendingWindowInDays={"Ref": "Window"}),
    ),
    "a rotation that is not known": (kms(), kms(EnableKeyRotation={"Ref": "Rotate"})),
    "a repository that is new": ({}, mutable("MUTABLE")),
    "a repository that is gone": (mutable("IMMUTABLE"), {}),
}


@pytest.mark.parametrize(("before", "after"), SILENT.values(), ids=list(SILENT))
def test_nothing_is_said_of_what_is_equal_or_not_known(before: Json, after: Json) -> None:
    """What is written otherwise, and what nobody can compare, is left to the rest of a review."""
    assert [] == changed(before, after)
    assert [] == changed(after, before)


@pytest.mark.parametrize(
    ("users", "name"),
    [
        ({}, None),
        (
            {
                "Api": repository(
                    RepositoryName=NAME,
                    EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
                )
            },
            "payments/api",
        ),
        (encrypting("KMS", get_att("Key")), "Web"),
    ],
    ids=["unused", "a repository", "a template"],
)
def test_disabled_key_is_an_error(users: Json, name: str | None) -> None:
    """Nothing that it encrypts can be read; a repository that it encrypts is named."""
    enabled, disabled = {**kms(), **users}, {**kms(Enabled=False), **users}
    [weakened], [strengthened] = changed(enabled, disabled), changed(disabled, enabled)

    assert ("weakened", "error", ("Enabled",)) == (
        weakened.kind,
        weakened.severity,
        weakened.properties,
    )
    assert ("strengthened", "note") == (strengthened.kind, strengthened.severity)
    assert (f"images of {name}," if name else "unreadable") in weakened.summary


def test_the_properties_are_told_before_and_after() -> None:
    """So that nothing else speaks of them; of what comes or goes, everything is said."""
    [change] = changes_of(changes, kms(), kms(EnableKeyRotation=False))
    [gone] = changes_of(changes, signed(release=[]), {})

    assert (
        {"EnableKeyRotation": True},
        {"EnableKeyRotation": False},
        ("EnableKeyRotation",),
    ) == (change.before, change.after, change.properties)
    assert ((), {"Rules": None}) == (gone.properties, gone.after)


def test_repositories_of_the_app_that_are_no_longer_scanned_are_named() -> None:
    """Only those that the filter was for."""
    apps = {name: repository(RepositoryName=f"{name.lower()}/api") for name in ("Payments", "Web")}
    nameless = {"Other": repository()}
    [change] = changes_of(
        changes,
        {**apps, **nameless, **scanned("BASIC", on_push=["payments/*", "web/*"])},
        {**apps, **nameless, **scanned("BASIC", on_push=["payments/*"])},
    )

    [detail] = change.details
    assert "web/api" in detail
    assert "payments/api" not in detail


def test_a_registry_that_is_not_known_is_called_by_its_stack() -> None:
    """There is nothing else to call it by."""
    [change] = changes_of(changes, signed(release=[]), {}, (None, None))

    assert change.summary.startswith("registry of Prod: images of all repositories are no longer")
