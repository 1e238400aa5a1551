"""What is weakened, and what is strengthened."""

from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import SCANNING, SIGNING
from ecr_constructs.review import Change
from ecr_constructs.review.analyzers.settings import changes
from tests.support.reviewing import judged
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
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"


def mutable(setting: Any, *filters: Any) -> Json:
    """Return a repository with a mutability."""
    entries = [
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": each,
        }
        for each in filters
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
            "RepositoryFilters": [{"Filter": each, "FilterType": "WILDCARD"} for each in listed],
        }
        for name, listed in filters.items()
    ]
    return {"Scanning": resource(SCANNING, {"ScanType": scan_type, "Rules": rules})}


def signed(**filters: list[str]) -> Json:
    """Return a registry's signing, by the names of profiles."""
    rules = [
        {
            "SigningProfileArn": f"{PROFILE}{name}",
            "RepositoryFilters": [{"Filter": each} for each in listed],
        }
        for name, listed in filters.items()
    ]
    return {"Signing": resource(SIGNING, {"Rules": rules})}


ONE_WAY = {
    "immutable to mutable": (
        mutable("IMMUTABLE"),
        mutable("MUTABLE"),
        NAME,
        "some tags may now be moved: they were immutable, and will be mutable",
        "some tags may no longer be moved: they were mutable, and will be immutable",
    ),
    "an exclusion more": (
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest"),
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest", "cache-*"),
        NAME,
        (
            "some tags may now be moved: they were immutable, except for latest, and will "
            "be immutable, except for latest, cache-*"
        ),
        (
            "some tags may no longer be moved: they were immutable, except for latest, "
            "cache-*, and will be immutable, except for latest"
        ),
    ),
    "a tag of mutable ones released": (
        mutable("MUTABLE_WITH_EXCLUSION", "v*", "r*"),
        mutable("MUTABLE_WITH_EXCLUSION", "v*"),
        NAME,
        (
            "some tags may now be moved: they were mutable, except for v*, r*, and will be "
            "mutable, except for v*"
        ),
        (
            "some tags may no longer be moved: they were mutable, except for v*, and will "
            "be mutable, except for v*, r*"
        ),
    ),
    "immutable but for a few to mutable but for a few": (
        mutable("IMMUTABLE_WITH_EXCLUSION", "latest"),
        mutable("MUTABLE_WITH_EXCLUSION", "v*"),
        NAME,
        (
            "some tags may now be moved: they were immutable, except for latest, and will "
            "be mutable, except for v*"
        ),
        (
            "some tags may no longer be moved: they were mutable, except for v*, and will "
            "be immutable, except for latest"
        ),
    ),
    "no scan on push": (
        scans(on_push=True),
        scans(on_push="false"),
        NAME,
        "images are no longer scanned when they are pushed",
        "images are scanned when they are pushed",
    ),
    "no key for new repositories": (
        encrypting("KMS", KEY),
        encrypting(),
        TEMPLATE,
        (
            "repositories that ECR creates will be encrypted with AES-256, no longer with "
            "a customer managed key"
        ),
        (
            "repositories that ECR creates will be encrypted with a customer managed key, "
            "no longer with AES-256"
        ),
    ),
    "one layer for new repositories": (
        encrypting("KMS_DSSE"),
        encrypting("KMS"),
        TEMPLATE,
        (
            "repositories that ECR creates will be encrypted with the key of AWS, no "
            "longer with the key of AWS, twice"
        ),
        (
            "repositories that ECR creates will be encrypted with the key of AWS, twice, "
            "no longer with the key of AWS"
        ),
    ),
    "an occasion less": (
        occasions("REPLICATION", "CREATE_ON_PUSH"),
        occasions("CREATE_ON_PUSH"),
        TEMPLATE,
        "it is no longer for REPLICATION",
        "it is for REPLICATION too",
    ),
    "a template's tags": (
        {"Web": creation_template()},
        {"Web": creation_template(ImageTagMutability=ABSENT)},
        TEMPLATE,
        "some tags may now be moved: they were immutable, and will be mutable",
        "some tags may no longer be moved: they were mutable, and will be immutable",
    ),
    "rotation": (
        kms(),
        kms(EnableKeyRotation=False),
        "key Key",
        "it is no longer rotated",
        "it is rotated",
    ),
    "a longer period": (
        kms(RotationPeriodInDays="90"),
        kms(),
        "key Key",
        "it is rotated every 365 days, no longer every 90",
        "it is rotated every 90 days, no longer every 365",
    ),
    "less time to regret": (
        kms(),
        kms(PendingWindowInDays=7),
        "key Key",
        "there are 7 days to take back its deletion, no longer 30",
        "there are 30 days to take back its deletion, no longer 7",
    ),
    "basic scanning": (
        scanned("ENHANCED", on_push=["*"]),
        scanned("BASIC", on_push=["*"]),
        REGISTRY,
        (
            "Amazon Inspector no longer scans images; basic scanning knows only the "
            "operating system's packages, and looks once"
        ),
        "Amazon Inspector scans images, for programming languages' packages too",
    ),
    "basic scanning of what was looked at again": (
        scanned("ENHANCED", continuous=["*"]),
        scanned("BASIC", on_push=["*"]),
        REGISTRY,
        (
            "Amazon Inspector no longer scans images; basic scanning knows only the "
            "operating system's packages, and looks once"
        ),
        "Amazon Inspector scans images, for programming languages' packages too",
    ),
    "on push only": (
        scanned("ENHANCED", continuous=["payments", "web/*"]),
        scanned("ENHANCED", on_push=["payments"], continuous=["web/*"]),
        REGISTRY,
        "images of *payments* are scanned on push only, no longer continuously",
        "images of *payments* are scanned continuously, not only on push",
    ),
    "fewer repositories scanned": (
        scanned("BASIC", on_push=["payments/*", "web/*"]),
        scanned("BASIC", on_push=["payments/*"]),
        REGISTRY,
        "images of web/* are no longer scanned",
        "images of web/* are scanned",
    ),
    "a narrower filter": (
        scanned("BASIC", on_push=["*"]),
        scanned("BASIC", on_push=["payments/*"]),
        REGISTRY,
        "images of all repositories are no longer scanned, but for payments/*",
        "images of all repositories are scanned",
    ),
    "no scanning configuration": (
        scanned("BASIC", on_push=["*"]),
        {},
        REGISTRY,
        "images of all repositories are no longer scanned",
        "images of all repositories are scanned",
    ),
    "fewer repositories signed": (
        signed(release=[]),
        signed(release=["payments/*"]),
        REGISTRY,
        (
            "images of all repositories are no longer signed with the profile release, but for "
            "payments/*"
        ),
        "images of all repositories are signed with the profile release",
    ),
    "a profile dropped": (
        signed(release=["payments/*"], partner=["web/*"]),
        signed(release=["payments/*"]),
        REGISTRY,
        "images of web/* are no longer signed with the profile partner",
        "images of web/* are signed with the profile partner",
    ),
    "no signing": (
        signed(release=["web/*", "api/*"]),
        {},
        REGISTRY,
        "images of web/* and api/* are no longer signed with the profile release",
        "images of web/* and api/* are signed with the profile release",
    ),
}


def told(found: list[Change]) -> list[tuple[str, str, str]]:
    """Return what is said."""
    return [(each.kind, each.severity, each.summary) for each in found if each.kind != "lifecycle"]


@pytest.mark.parametrize(
    ("strong", "weak", "who", "weaker", "stronger"), ONE_WAY.values(), ids=list(ONE_WAY)
)
def test_what_is_weakened_one_way_is_strengthened_the_other(
    strong: Json, weak: Json, who: str, weaker: str, stronger: str
) -> None:
    """A change that is taken back is told as its opposite."""
    assert [("weakened", "warning", f"{who}: {weaker}")] == told(judged(changes, strong, weak))
    assert [("strengthened", "note", f"{who}: {stronger}")] == told(judged(changes, weak, strong))


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
    found = judged(changes, before, after)

    assert ["weakened", "strengthened"] == [each.kind for each in found]


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
    assert [] == told(judged(changes, before, after))
    assert [] == told(judged(changes, after, before))


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ({}, "what it encrypts cannot be read"),
        (
            {
                "Api": repository(
                    RepositoryName=NAME,
                    EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
                )
            },
            "images of payments/api, and of all that it encrypts, cannot be pulled or pushed",
        ),
        (
            encrypting("KMS", get_att("Key")),
            "images of Web, and of all that it encrypts, cannot be pulled or pushed",
        ),
    ],
    ids=["nobody", "a repository", "a template"],
)
def test_a_disabled_key_is_an_error(users: Json, said: str) -> None:
    """Nothing that it encrypts can be read."""
    found = judged(changes, {**kms(), **users}, {**kms(Enabled=False), **users})
    back = judged(changes, {**kms(Enabled=False), **users}, {**kms(), **users})

    assert [("weakened", "error", f"key Key: it is disabled: {said}")] == told(found)
    assert [("strengthened", "note", "key Key: it is enabled")] == told(back)


def test_the_properties_are_told_before_and_after() -> None:
    """So that nothing else speaks of them; of what comes or goes, everything is said."""
    [change] = judged(changes, kms(), kms(EnableKeyRotation=False))
    [gone] = judged(changes, signed(release=[]), {})

    assert (
        {"EnableKeyRotation": True},
        {"EnableKeyRotation": False},
        ("EnableKeyRotation",),
    ) == (change.before, change.after, change.properties)
    assert ((), {"Rules": None}) == (gone.properties, gone.after)


def test_repositories_of_the_app_that_are_no_longer_scanned_are_named() -> None:
    """Only those that the filter was for."""
    apps = {each: repository(RepositoryName=f"{each.lower()}/api") for each in ("Payments", "Web")}
    nameless = {"Other": repository()}
    [change] = judged(
        changes,
        {**apps, **nameless, **scanned("BASIC", on_push=["payments/*", "web/*"])},
        {**apps, **nameless, **scanned("BASIC", on_push=["payments/*"])},
    )

    assert ("Of this app these are: web/api.",) == change.details


def test_a_registry_that_is_not_known_is_called_by_its_stack() -> None:
    """There is nothing else to call it by."""
    [change] = judged(changes, signed(release=[]), {}, (None, None))

    assert change.summary.startswith("registry of Prod: images of all repositories are no longer")
