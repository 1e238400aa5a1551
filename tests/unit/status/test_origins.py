"""Where a repository that no template declares comes from."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ecr_constructs.snapshot.document import Record
from ecr_constructs.snapshot.rendering import live_registry
from ecr_constructs.status.declared import declared
from ecr_constructs.status.origins import origin_of
from tests.support.snapshots import ACCOUNT, denied, registry, replaced, repository, snapshot
from tests.support.status_examples import (
    LIVE,
    RESOURCES,
    compared,
    differing,
    live,
    of,
    resource,
    stacks,
    template,
)

BOOTSTRAP = f"cdk-hnb659fds-container-assets-{ACCOUNT}-eu-central-1"
STACK = "aws:cloudformation:stack-name"
REPLICA = "eu-west-1"
ON_PUSH = {"prefix": "sandbox", "appliedFor": ["CREATE_ON_PUSH"]}
ON_COPY = {"prefix": "payments", "appliedFor": ["REPLICATION"]}
ROOT_CACHE = {"ecrRepositoryPrefix": "ROOT", "upstreamRegistryUrl": "public.ecr.aws"}
MORE_CACHES = {"caches": [*LIVE["caches"], {**ROOT_CACHE, "ecrRepositoryPrefix": "quay"}]}

CASES: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, Any], str, bool]] = {
    "cache with a template": ("hub/nginx", {}, {}, "cache", True),
    "cache with defaults": ("quay/nginx", {}, MORE_CACHES, "cache-with-defaults", False),
    "root cache": ("nginx/nginx", {}, {"caches": [ROOT_CACHE]}, "cache", False),
    "like a prefix": ("hub", {}, {}, "unknown", False),
    "push": (
        "sandbox/x1",
        {},
        {"templates": [*LIVE["templates"], ON_PUSH, {**ON_PUSH, "prefix": "ROOT"}]},
        "created-on-push",
        True,
    ),
    "own stack": ("old/api", {STACK: "prod"}, {}, "retired", False),
    "another stack": ("old/api", {STACK: "other"}, {}, "stack", False),
    "cdk bootstrap": (BOOTSTRAP, {STACK: "CDKToolkit"}, {}, "cdk-bootstrap", True),
    "a name like it": (f"{BOOTSTRAP}-2", {STACK: "CDKToolkit"}, {}, "stack", False),
    "its name without a stack": (BOOTSTRAP, {}, {}, "unknown", False),
    "nobody": ("old/api", {"team": "payments"}, {}, "unknown", False),
}


@pytest.mark.parametrize(("name", "tags", "changes", "code", "expected"), CASES.values(), ids=CASES)
def test_origins(
    name: str, tags: Mapping[str, str], changes: Mapping[str, Any], code: str, expected: bool
) -> None:
    """What ECR creates by a declared template is as declared; the rest is told by its tags."""
    snap = snapshot(live(repository(name, tags=tags), **changes))
    view = live_registry(snap).view
    origin = origin_of(
        view.repositories.value[name], declared([template()], [snap]), {snap.registry: view}
    )
    assert (code, expected) == (origin.code, origin.is_expected)


@pytest.mark.parametrize(("names", "code"), [(["prod"], "retired"), (["prod", "gone"], "stack")])
def test_a_stack_that_no_longer_exists(names: Sequence[str], code: str) -> None:
    """A retired team leaves its repositories."""
    snap = snapshot([*live(repository("old/api", tags={STACK: "gone"})), stacks(*names)])
    view = live_registry(snap).view
    side = declared([template()], [snap])
    assert code == origin_of(view.repositories.value["old/api"], side, {}).code


@pytest.mark.parametrize("names", [["prod", "CDKToolkit"], ["prod"]])
def test_what_cdk_bootstrap_creates_is_not_judged(names: Sequence[str]) -> None:
    """It is expected as long as its stack exists; its settings are those of CDK."""
    repositories = [*live(repository(BOOTSTRAP, tags={STACK: "CDKToolkit"})), stacks(*names)]
    result = compared(repositories)
    subjects = [item.subject for item in result.settings]
    subjects += [item.subject for item in result.findings]
    assert (BOOTSTRAP not in subjects) == ("CDKToolkit" in names)


def test_a_cached_repository_without_known_templates() -> None:
    """It is not known whether it has ECR's defaults."""
    records = replaced(live(repository("hub/nginx")), "DescribeRepositoryCreationTemplates", denied)
    result = compared(records)
    assert {("hub/nginx", "existence")} == differing(result)


def replica(*others: tuple[Mapping[str, Any], Sequence[Record]], **changes: Any) -> Any:
    """Return a snapshot of the Region that images are copied to."""
    return snapshot(registry(*others, **changes), region=REPLICA)


def copy(name: str = "payments/api") -> tuple[Mapping[str, Any], list[Record]]:
    """Return a repository of the Region."""
    return repository(name, region=REPLICA)


@pytest.mark.parametrize(
    ("name", "templates", "expected"),
    [
        ("payments/api", [ON_COPY], set()),
        ("payments/api", [], {("payments/api", "existence")}),
        ("payments/ap", [ON_COPY], {("payments/ap", "existence")}),
    ],
)
def test_a_replica(
    name: str, templates: Sequence[Mapping[str, Any]], expected: set[tuple[str, str]]
) -> None:
    """Replication creates it, by a creation template or with ECR's defaults."""
    here = [
        resource("RepositoryCreationTemplate", Prefix=item["prefix"], AppliedFor=["REPLICATION"])
        for item in templates
    ]
    resources = {f"T{index}": item for index, item in enumerate(here)}
    there = template(resources, "replica", region=REPLICA)
    result = of([replica(copy(name), templates=templates)], template(), there)
    assert expected == differing(result)
    details = [detail for item in result.settings for detail in item.details]
    assert any("defaults" in detail for detail in details) == (templates == [])


def test_a_replica_by_the_snapshot_of_its_source() -> None:
    """Somebody replicates by hand what no template declares."""
    rules = [{"destinations": [{"region": REPLICA, "registryId": ACCOUNT}]}]
    source = snapshot(registry(repository("other/api"), replication=rules))
    result = of([source, replica(copy("other/api"))], template({}, "replica", region=REPLICA))
    details = [item.details for item in result.settings if item.registry.region == REPLICA]
    assert [True] == ["Replication" in " ".join(sentences) for sentences in details]


def test_odd_replication_rules() -> None:
    """A rule without destinations replicates nothing; filters count."""
    filters = [{"filter": "payments", "filterType": "PREFIX_MATCH"}]
    rules = [
        {},
        {
            "destinations": [{"region": REPLICA, "registryId": ACCOUNT}],
            "repositoryFilters": filters,
        },
    ]
    output = {"registryId": ACCOUNT, "replicationConfiguration": {"rules": rules}}
    records = replaced(
        registry(repository("other/api"), repository("payments/api")),
        "DescribeRegistry",
        lambda record: Record("ecr", "DescribeRegistry", {}, record.at, output),
    )
    result = of(
        [snapshot(records), replica(copy("other/api"), copy("payments/api"))],
        template({}, "replica", region=REPLICA),
    )
    sentences = {
        item.subject: " ".join(item.details)
        for item in result.settings
        if item.registry.region == REPLICA and item.setting == "existence"
    }
    assert "Replication" in sentences["payments/api"]
    assert "Replication" not in sentences["other/api"]


def test_tags_that_are_not_known() -> None:
    """They would tell which stack has it."""
    records = replaced(live(repository("old/api")), "ListTagsForResource", denied)
    [item] = compared(records, resources=RESOURCES).settings
    assert any("tags" in detail for detail in item.details)
