"""What is weakened, and what is strengthened."""

from functools import partial
from itertools import compress
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import PULL_TIME_EXCLUSION, SCANNING, SIGNING
from ecr_constructs.review import Change
from ecr_constructs.review.analyzers.settings import changes
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import (
    ABSENT,
    HOME,
    OWN_ROLE,
    api,
    creation_template,
    get_att,
    key,
    repository,
    resource,
    rule,
)
from tests.support.rule_examples.repositories import tag_filters

Json = Any
NAME = "payments/api"
# The subjects of sentences, by logical id.
SUBJECTS = {
    "Api": NAME,
    "Web": "creation template payments",
    "Key": "key Key",
    **dict.fromkeys(("Scanning", "Signing"), f"registry {'/'.join(HOME)}"),
}
PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/"
MUTABILITY = ("ImageTagMutability", "ImageTagMutabilityExclusionFilters")
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"


def mutable(setting: Any, *filters: Any) -> Json:
    """Return a repository with a mutability."""
    entries = tag_filters(*filters) or ABSENT
    properties = {"ImageTagMutability": setting, "ImageTagMutabilityExclusionFilters": entries}
    return {"Api": repository(RepositoryName=NAME, **properties)}


def scans(on_push: Any) -> Json:
    """Return a repository that is scanned or not."""
    configuration = {"ScanOnPush": on_push}
    return {"Api": repository(RepositoryName=NAME, ImageScanningConfiguration=configuration)}


def encrypting(kind: Any = ABSENT, key_arn: Any = None) -> Json:
    """Return a creation template with an encryption."""
    given = {"EncryptionType": kind, **({"KmsKey": key_arn} if key_arn else {})}
    return {"Web": creation_template(EncryptionConfiguration=ABSENT if kind is ABSENT else given)}


def occasions(names: Any) -> Json:
    """Return a creation template for some occasions."""
    return {"Web": creation_template(AppliedFor=names)}


def kms(**properties: Any) -> Json:
    """Return a key."""
    return {"Key": key(**properties)}


def filtered(patterns: list[str], **more: str) -> list[Json]:
    """Return filters."""
    return [{"Filter": pattern, **more} for pattern in patterns]


def scanned(scan_type: Any, **filters: list[str]) -> Json:
    """Return a registry's scanning."""
    frequencies = {"on_push": "SCAN_ON_PUSH", "continuous": "CONTINUOUS_SCAN"}
    rules = [
        {
            "ScanFrequency": frequencies[name],
            "RepositoryFilters": filtered(listed, FilterType="WILDCARD"),
        }
        for name, listed in filters.items()
    ]
    return {"Scanning": resource(SCANNING, {"ScanType": scan_type, "Rules": rules})}


def signed(**filters: list[str]) -> Json:
    """Return a registry's signing, by the names of profiles."""
    rules = [
        {"SigningProfileArn": f"{PROFILE}{name}", "RepositoryFilters": filtered(listed)}
        for name, listed in filters.items()
    ]
    return {"Signing": resource(SIGNING, {"Rules": rules})}


MUTABLE, IMMUTABLE = mutable("MUTABLE"), mutable("IMMUTABLE")


# A repository with immutable or mutable tags, with exceptions.
fixed_but = partial(mutable, "IMMUTABLE_WITH_EXCLUSION")
movable_but = partial(mutable, "MUTABLE_WITH_EXCLUSION")
BUT_LATEST = fixed_but("latest")
COMPLETE = {"Web": creation_template()}
REDUCED = {"Web": creation_template(ImageTagMutability=ABSENT)}
INSPECTOR = ("ScanType", "Amazon Inspector")
BASIC = scanned("BASIC", on_push=["*"])
PAYMENTS_SCANNED = scanned("BASIC", on_push=["payments/*"])
BOTH_SCANNED = scanned("BASIC", on_push=["payments/*", "web/*"])
ALL_SIGNED, PAYMENTS_SIGNED = signed(release=[]), signed(release=["payments/*"])
ENCRYPTION = "EncryptionConfiguration"

# The stronger and the weaker side, the properties, and values in the summary.
ONE_WAY: dict[str, tuple[Json, Json, str | tuple[str, ...], *tuple[str, ...]]] = {
    "immutable to mutable": (IMMUTABLE, MUTABLE, MUTABILITY, "immutable", "mutable"),
    "an exclusion": (BUT_LATEST, fixed_but("latest", "cache-*"), MUTABILITY, "latest", "cache-*"),
    "a fixed tag released": (movable_but("v*", "r*"), movable_but("v*"), MUTABILITY, "v*, r*"),
    "mutable but for a few": (BUT_LATEST, movable_but("v*"), MUTABILITY, "latest", "v*"),
    "no scan on push": (scans(on_push=True), scans(on_push="false"), "ImageScanningConfiguration"),
    "no key": (encrypting("KMS", KEY), encrypting(), ENCRYPTION, "AES-256", "customer managed key"),
    "one layer only": (encrypting("KMS_DSSE"), encrypting("KMS"), ENCRYPTION, "two layers"),
    "one occasion less": (
        occasions(["REPLICATION", "CREATE_ON_PUSH"]),
        occasions(["CREATE_ON_PUSH"]),
        "AppliedFor",
        "REPLICATION",
    ),
    "the tags of a template": (COMPLETE, REDUCED, MUTABILITY, "immutable", "mutable"),
    "rotation": (kms(), kms(EnableKeyRotation=False), "EnableKeyRotation"),
    "a longer period": (kms(RotationPeriodInDays="90"), kms(), "RotationPeriodInDays", "365", "90"),
    "a shorter window": (kms(), kms(PendingWindowInDays=7), "PendingWindowInDays", "7", "30"),
    "basic scanning": (scanned("ENHANCED", on_push=["*"]), BASIC, *INSPECTOR),
    "basic scanning, once": (scanned("ENHANCED", continuous=["*"]), BASIC, *INSPECTOR),
    "on push only": (
        scanned("ENHANCED", continuous=["payments", "web/*"]),
        scanned("ENHANCED", on_push=["payments"], continuous=["web/*"]),
        "Rules",
        "*payments*",
    ),
    "fewer repositories scanned": (BOTH_SCANNED, PAYMENTS_SCANNED, "Rules", "images of web/* "),
    "a narrower filter": (BASIC, PAYMENTS_SCANNED, "Rules", "all repositories"),
    "no scanning configuration": (BASIC, {}, (), "all repositories"),
    "fewer images signed": (ALL_SIGNED, PAYMENTS_SIGNED, "Rules", "all repositories", "release"),
    "a profile dropped": (
        signed(release=["payments/*"], partner=["web/*"]),
        PAYMENTS_SIGNED,
        "Rules",
        "images of web/* ",
        "partner",
    ),
    "no signing": (signed(release=["web/*", "api/*"]), {}, (), "web/* and api/*", "release"),
}


def changed(before: Json, after: Json) -> list[Change]:
    """Return the changes of settings."""
    return [change for change in changes_of(changes, before, after) if change.kind != "lifecycle"]


@pytest.mark.parametrize("case", ONE_WAY)
def test_weakening_is_strengthening_reverted(case: str) -> None:
    """A change and its reversal are reported as opposites."""
    strong, weak, name, *values = ONE_WAY[case]
    properties = (name,) if isinstance(name, str) else name
    [weakened], [strengthened] = changed(strong, weak), changed(weak, strong)

    assert ("weakened", "warning") == (weakened.kind, weakened.severity)
    assert ("strengthened", "note") == (strengthened.kind, strengthened.severity)
    assert (weakened.before, weakened.after) == (strengthened.after, strengthened.before)
    for change in (weakened, strengthened):
        assert properties == change.properties
        assert change.summary.startswith(f"{SUBJECTS[change.resource]}: ")
        assert all(value in change.summary for value in values)


@pytest.mark.parametrize("sides", [(BASIC, PAYMENTS_SCANNED), (ALL_SIGNED, PAYMENTS_SIGNED)])
def test_exceptions_are_named(sides: tuple[Json, Json]) -> None:
    """Repositories that a narrower filter still covers are exceptions."""
    [change] = changed(*sides)

    assert change.summary.endswith(", except payments/*")


BOTH_WAYS = {
    "another exclusion": (BUT_LATEST, fixed_but("cache-*")),
    "an excluded tag among the fixed ones": (fixed_but("v-latest"), movable_but("v*")),
    "another layer of the key": (encrypting("KMS", KEY), encrypting("KMS_DSSE")),
    "another profile": (ALL_SIGNED, signed(partner=[])),
}


@pytest.mark.parametrize("case", BOTH_WAYS)
def test_settings_may_be_weakened_and_strengthened(case: str) -> None:
    """Neither side has all that the other has."""
    assert ["weakened", "strengthened"] == [change.kind for change in changed(*BOTH_WAYS[case])]


SILENT = {
    "filters in another order": (fixed_but("latest", "cache-*"), fixed_but("cache-*", "latest")),
    "immutable, written as an exception of all": (IMMUTABLE, movable_but("*")),
    "filters that ECR rejects": (fixed_but(*"abcdef"), MUTABLE),
    "filters without the mode": (IMMUTABLE, mutable("IMMUTABLE", "latest")),
    "an encryption unknown": (encrypting("KMS"), encrypting({"Ref": "Kind"})),
    "another key": (encrypting("KMS", KEY), encrypting("KMS", f"{KEY}2")),
    "occasions unknown": (occasions(["REPLICATION"]), occasions({"Ref": "Occasions"})),
    "a scan the registry decides": (scans(on_push=True) | BASIC, scans(on_push=False) | BASIC),
    "a registry's scan unknown": (scanned("ENHANCED", on_push=["*"]), scanned({"Ref": "Type"})),
    "scanning filters with the same effect": (
        scanned("BASIC", on_push=["payments", "web/*"]),
        scanned("BASIC", on_push=["web/*", "*payments*", "*payments/api"]),
    ),
    "signing filters with the same effect": (ALL_SIGNED, signed(release=["*", "web/*"])),
    "a period that nothing is rotated by": (
        kms(EnableKeyRotation=False, RotationPeriodInDays=90),
        kms(EnableKeyRotation=False, RotationPeriodInDays=365),
    ),
    "numbers unknown": (
        kms(RotationPeriodInDays=90, PendingWindowInDays=30),
        kms(RotationPeriodInDays={"Ref": "Period"}, PendingWindowInDays={"Ref": "Window"}),
    ),
    "a rotation unknown": (kms(), kms(EnableKeyRotation={"Ref": "Rotate"})),
    "a repository that is new": ({}, MUTABLE),
    "a repository that is gone": (IMMUTABLE, {}),
}


ANY = {"Ref": "Any"}
KINDS = ("weakened", "strengthened")
# Sides, and whether a change from the first to the second may lose something, and may gain it.
UNCERTAIN = {
    "a mutability": (IMMUTABLE, mutable(ANY), True, False),
    "a mutability that was mutable": (MUTABLE, mutable(ANY), False, True),
    "another mutability": (mutable({"Ref": "Other"}), mutable(ANY), True, True),
    "a filter": (fixed_but("latest"), fixed_but(ANY), True, True),
    "the same filter and mutability": (fixed_but(ANY), fixed_but(ANY), False, False),
    "a scan": (scans(on_push=True), scans(ANY), True, False),
    "a scan that was off": (scans(on_push=False), scans(ANY), False, True),
    "another scan": (scans({"Ref": "Other"}), scans(ANY), True, True),
    "the same scan": (scans(ANY), scans(ANY), False, False),
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_what_is_known_only_at_deploy_time_may_be_lost(case: str) -> None:
    """A reviewer who merges on the notes alone would lose a protection."""
    before, after, loses, gains = UNCERTAIN[case]
    for sides, kinds in (
        ((before, after), (loses, gains)),
        ((after, before), (gains, loses)),
    ):
        reported = changed(*sides)
        assert list(compress(KINDS, kinds)) == [change.kind for change in reported]
        assert {("uncertain",)} >= {change.codes for change in reported}
        assert "Token" not in repr([(change.summary, change.details) for change in reported])


def test_a_mutability_that_is_no_longer_declared() -> None:
    """CloudFormation leaves it as it is, whatever it is."""
    assert [("weakened", ("undeclared",))] == [
        (change.kind, change.codes) for change in changed(mutable(ANY), mutable(ABSENT))
    ]


@pytest.mark.parametrize("case", SILENT)
def test_equal_and_unknown_settings_are_not_reported(case: str) -> None:
    """Other forms of the same setting, and settings that cannot be compared."""
    before, after = SILENT[case]

    assert [] == changed(before, after)
    assert [] == changed(after, before)


ENCRYPTED = repository(
    RepositoryName=NAME, EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")}
)


@pytest.mark.parametrize(
    ("users", "name"),
    [({}, None), ({"Api": ENCRYPTED}, NAME), (encrypting("KMS", get_att("Key")), "Web")],
    ids=["unused", "a repository", "a template"],
)
def test_disabled_key_is_an_error(users: Json, name: str | None) -> None:
    """Nothing that it encrypts can be read; a repository that it encrypts is named."""
    enabled, disabled = {**kms(), **users}, {**kms(Enabled=False), **users}
    [worse], [better] = changed(enabled, disabled), changed(disabled, enabled)

    assert ("weakened", "error", ("Enabled",)) == (worse.kind, worse.severity, worse.properties)
    assert ("strengthened", "note") == (better.kind, better.severity)
    assert (f"images of {name}," if name else "unreadable") in worse.summary


def test_properties_have_both_values() -> None:
    """A removed configuration is reported as a whole."""
    [off] = changes_of(changes, kms(), kms(EnableKeyRotation=False))
    [gone] = changes_of(changes, ALL_SIGNED, {})

    assert ({"EnableKeyRotation": True}, {"EnableKeyRotation": False}) == (off.before, off.after)
    assert ((), {"Rules": None}) == (gone.properties, gone.after)


def test_repositories_that_are_no_longer_scanned_are_named() -> None:
    """Only those of the app that the old filter covered."""
    apps = {name: repository(RepositoryName=f"{name.lower()}/api") for name in ("Payments", "Web")}
    apps["Nameless"] = repository()
    [change] = changes_of(changes, apps | BOTH_SCANNED, apps | PAYMENTS_SCANNED)

    [detail] = change.details
    assert "web/api" in detail
    assert "payments/api" not in detail


def test_unknown_registry_is_named_by_its_stack() -> None:
    """Its account and Region are unknown."""
    [change] = changes_of(changes, ALL_SIGNED, {}, (None, None))

    assert change.summary.startswith("registry of Prod: ")


SCANLESS = {"ImageScanningConfiguration": ABSENT}
EXCLUSION = {"Out": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": f"{OWN_ROLE}/deploy"})}
ON_PULL = rule(1, "transition", tagStatus="any", countType="sinceImagePulled", countNumber=90)
PULLED = api({**ON_PULL, "selection": {**ON_PULL["selection"], "countUnit": "days"}})


def test_pulls_that_no_longer_count() -> None:
    """Rules on pulls archive images that an excluded principal uses."""
    [there] = changes_of(changes, PULLED, {**PULLED, **EXCLUSION})
    [back] = changes_of(changes, {**PULLED, **EXCLUSION}, PULLED)

    assert ("weakened", "warning", ("pulls-ignored",)) == (there.kind, there.severity, there.codes)
    assert ("strengthened", "note", ("pulls-ignored",)) == (back.kind, back.severity, back.codes)
    assert [] == changes_of(changes, api(), {**api(), **EXCLUSION})
    assert [] == changes_of(changes, api(LifecyclePolicy="?"), {**api(), **EXCLUSION})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (IMMUTABLE, mutable(ABSENT)),
        (scans(on_push=True), {"Api": repository(RepositoryName=NAME, **SCANLESS)}),
    ],
    ids=["mutability", "scan on push"],
)
def test_setting_that_is_no_longer_declared_stays(before: Json, after: Json) -> None:
    """CloudFormation does not reset it, so the change says so."""
    [there] = changes_of(changes, before, after)
    [back] = changes_of(changes, after, before)

    assert ("weakened", "warning", ("undeclared",)) == (there.kind, there.severity, there.codes)
    assert ("strengthened", ("undeclared",)) == (back.kind, back.codes)
