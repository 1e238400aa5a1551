"""Laws of what is weakened and strengthened, started and stopped."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    KEY,
    REPLICATION,
    REPOSITORY,
    SCANNING,
    SIGNING,
)
from ecr_constructs.model.lifecycle.selection import overlap
from ecr_constructs.model.wildcards import matcher
from ecr_constructs.review import Change
from ecr_constructs.review.analyzers import images, lifecycle, replication, settings
from tests.support.reviewing import changes_of
from tests.unit.checks.test_checks_any_template import JSON

Json = Any
_NAMES = ["payments/api", "payments/web", "web", {"Ref": "Name"}]
_FILTERS = st.lists(st.sampled_from(["*", "pay*", "payments/*", "web", "", "w*b"]), max_size=3)
_TAGS = st.lists(st.sampled_from(["latest", "v*", "v1*", "*", "*-rc"]), max_size=3)
_ENTRIES = _FILTERS.map(lambda listed: [{"Filter": item} for item in listed])


def _properties(**values: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Sound properties, some of them absent or anything at all."""
    return st.fixed_dictionaries({}, optional={key: value | JSON for key, value in values.items()})


def _tagged(**values: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    modes = ["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]
    filters = _TAGS.map(
        lambda tags: [{"ImageTagMutabilityExclusionFilterValue": tag} for tag in tags]
    )
    return _properties(
        ImageTagMutability=st.sampled_from(modes),
        ImageTagMutabilityExclusionFilters=filters,
        EncryptionConfiguration=_properties(
            EncryptionType=st.sampled_from(["AES256", "KMS", "KMS_DSSE"]), KmsKey=st.just("key")
        ),
        LifecyclePolicy=st.sampled_from(["{", {"LifecyclePolicyText": '{"rules":[]}'}]),
        **values,
    )


def _replication() -> st.SearchStrategy[Json]:
    destinations = st.lists(
        st.fixed_dictionaries(
            {
                "RegistryId": st.sampled_from(["111122223333", "444455556666"]),
                "Region": st.sampled_from(["eu-west-1", "us-east-1"]),
            }
        ),
        min_size=1,
        max_size=2,
    )
    prefixes = st.lists(st.sampled_from(["pay", "payments/", "payments/a", "web"]), max_size=2)
    rules = _properties(
        Destinations=destinations,
        RepositoryFilters=prefixes.map(lambda listed: [{"Filter": prefix} for prefix in listed]),
        DeleteReplication=st.booleans().map(lambda enabled: {"Enabled": enabled}),
    )
    return _properties(
        ReplicationConfiguration=st.lists(rules, max_size=3).map(lambda listed: {"Rules": listed})
    )


_RESOURCES = {
    REPOSITORY: _tagged(
        RepositoryName=st.sampled_from(_NAMES),
        ImageScanningConfiguration=st.booleans().map(lambda on_push: {"ScanOnPush": on_push}),
    ),
    CREATION_TEMPLATE: _tagged(
        Prefix=st.just("payments"),
        AppliedFor=st.lists(st.sampled_from(["REPLICATION", "CREATE_ON_PUSH"])),
    ),
    KEY: _properties(
        Enabled=st.booleans(),
        EnableKeyRotation=st.sampled_from([True, "false"]),
        RotationPeriodInDays=st.sampled_from([90, "365"]),
        PendingWindowInDays=st.sampled_from([7, 30]),
    ),
    SCANNING: _properties(
        ScanType=st.sampled_from(["BASIC", "ENHANCED"]),
        Rules=st.lists(
            _properties(
                ScanFrequency=st.sampled_from(["SCAN_ON_PUSH", "CONTINUOUS_SCAN"]),
                RepositoryFilters=_ENTRIES,
            ),
            max_size=2,
        ),
    ),
    SIGNING: _properties(
        Rules=st.lists(
            _properties(SigningProfileArn=st.sampled_from(["a", "b"]), RepositoryFilters=_ENTRIES),
            max_size=2,
        )
    ),
    REPLICATION: _replication(),
}


def sides() -> st.SearchStrategy[Json]:
    """One side of an app: at most one resource of each type, each with any properties."""
    drawn = {
        kind.rpartition("::")[2]: st.fixed_dictionaries(
            {"Type": st.just(kind), "Properties": properties}
        )
        for kind, properties in _RESOURCES.items()
    }
    return st.fixed_dictionaries({}, optional=drawn)


def setting_changes(before: Json, after: Json) -> list[Change]:
    """Return the changes that some analyzers report."""
    analyzers = (lifecycle.changes, images.changes, settings.changes, replication.changes)
    return [change for analyzer in analyzers for change in changes_of(analyzer, before, after)]


@given(sides(), sides())
def test_reverted_change_is_the_opposite(before: Json, after: Json) -> None:
    """What is weakened is strengthened, and what stops starts."""
    there, back = setting_changes(before, after), setting_changes(after, before)

    assert _counted(there, "weakened") == _counted(back, "strengthened")
    assert _counted(there, "strengthened") == _counted(back, "weakened")
    states = Counter((repr(item.before), repr(item.after)) for item in there if _copies(item))
    mirrored = Counter((repr(item.after), repr(item.before)) for item in back if _copies(item))
    assert states == mirrored


def _counted(reported: list[Change], kind: str) -> int:
    return sum(change.kind == kind for change in reported)


def _copies(change: Change) -> bool:
    return change.kind == "replication"


@given(sides())
def test_equal_sides_are_no_change(side: Json) -> None:
    """Whatever the properties."""
    assert [] == setting_changes(side, side)


@given(
    *[st.text("ab*", min_size=1, max_size=6).filter(lambda pattern: pattern.count("*") <= 2)] * 2
)
def test_patterns_overlap_if_a_tag_matches_both(one: str, other: str) -> None:
    """The tag is made of both, or there is none of that length."""
    pieces = [side.replace("*", filling) for side in (one, other) for filling in ("", "a", "b")]
    both = [first + second for first in ["", *pieces] for second in ["", *pieces]]
    reported = any(matcher(one)(tag) and matcher(other)(tag) for tag in both)

    assert overlap(one, other) == overlap(other, one)
    assert overlap(one, other) or not reported
