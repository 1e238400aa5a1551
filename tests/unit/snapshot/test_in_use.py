"""Images in use: who uses which digest, which references fail, and what is not known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.main import main
from ecr_constructs.snapshot.document import Snapshot
from ecr_constructs.snapshot.files import json_of
from ecr_constructs.snapshot.usage.in_use import InUse, in_use
from tests.support.snapshots import (
    ACCOUNT,
    answered,
    refused,
    registry,
    repository,
    snapshot,
)
from tests.support.workload_answers import (
    INDEX,
    digest,
    ecs,
    image,
    manifests,
    nothing,
    task,
    uri,
)

OTHER = "444455556666"


def uses(result: InUse) -> dict[str, list[tuple[str, str, int, bool]]]:
    """Return for each used digest its users: who, state, how many, whether by tag."""
    return {
        item.digest: [
            (str(use.reference.user), use.reference.state, use.reference.count, use.by_tag)
            for use in item.uses
        ]
        for images in result.used.values()
        for item in images.values()
    }


def dangling(result: InUse) -> list[tuple[str, str, str]]:
    """Return the code, the severity and the user of each dangling reference."""
    return [(item.code, str(item.severity), str(item.reference.user)) for item in result.dangling]


def running(*containers: dict[str, Any], images: Sequence[Any] = (), **settings: Any) -> Snapshot:
    """Return a snapshot of a repository ``api`` with images, and a task with containers."""
    return snapshot(
        registry(repository("api", images=images, **settings)),
        ecs(task("1", containers)),
        nothing("ecs"),
    )


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tasks that run one digest count together; the image of another task is gone."""
    made = snapshot(
        registry(repository("api", images=[image("new", "v2"), image("old", "v1")])),
        ecs(
            *(
                task(str(n), [{"image": uri("api:v2"), "imageDigest": digest("new")}])
                for n in range(11)
            ),
            task("gone", [{"image": uri("api:v0"), "imageDigest": digest("gone")}], revision=3),
        ),
        nothing("ecs"),
    )
    file = tmp_path / "registry.json"
    file.write_text(json_of(made), "utf-8")

    assert 1 == main(["in-use", "--snapshot", str(file), "--format", "json"])

    printed = json.loads(capsys.readouterr().out)
    [used] = printed["images"]
    assert (used["imageDigest"], used["imageTags"]) == (digest("new"), ["v2"])
    assert [(user["name"], user["revision"], user["count"]) for user in used["users"]] == [
        ("prod/api", "12", 11)
    ]
    assert [(item["code"], item["severity"]) for item in printed["dangling"]] == [
        ("image-gone", "error")
    ]
    [unused] = printed["noUseFound"]
    assert [item["imageDigest"] for item in unused["images"]] == [digest("old")]
    assert printed["notKnown"] == []

    assert 0 == main(["in-use", "--snapshot", str(file), "--fail-on", "never"])
    assert "11 ecs tasks of prod/api (revision 12)" in capsys.readouterr().out


NEW = image("new", "v2")
BY_DIGEST = {"image": uri(f"api@{digest('new')}")}
BY_BOTH = {"image": uri("api:v2"), "imageDigest": digest("new")}
TASK = "ecs task prod/api (revision 12)"
ERROR, NOTE = ("error", TASK), ("note", TASK)
CACHE = {
    "ecrRepositoryPrefix": "hub",
    "upstreamRegistryUrl": "registry-1.docker.io",
    "upstreamRegistry": "docker-hub",
}


@pytest.mark.parametrize(
    ("container", "images", "expected"),
    [
        ({"image": uri("api:v2")}, [NEW], []),
        (BY_DIGEST, [NEW], []),
        (BY_BOTH, [NEW], []),
        # Registries and names that are none of ours.
        ({"image": "postgres:17"}, [], []),
        ({"image": "public.ecr.aws/docker/library/busybox"}, [], []),
        ({"name": "no-image"}, [], []),
        # A host of another form is the same registry.
        ({"image": uri("api").upper().replace("/API", "/api:v2")}, [NEW], []),
        (
            {"image": f"{ACCOUNT}.dkr-ecr.eu-central-1.on.aws/api:v2"},
            [image("other", "v1")],
            [("tag-gone", *ERROR)],
        ),
        ({"image": uri("api")}, [NEW], [("tag-gone", *ERROR)]),
        ({"image": uri("api:v3")}, [NEW], [("tag-gone", *ERROR)]),
        (BY_DIGEST, [image("other")], [("image-gone", *ERROR)]),
        ({"image": uri("web:v1")}, [NEW], [("repository-gone", *ERROR)]),
        (
            BY_BOTH,
            [image("new", "v2", imageStatus="ARCHIVED", lastArchivedAt="2026-11-02T00:00:00Z")],
            [("image-archived", *ERROR)],
        ),
        # It runs on, but a new deployment does not.
        (BY_BOTH, [image("new")], [("tag-gone", *NOTE)]),
        (BY_BOTH, [image("new"), image("newer", "v2")], [("tag-moved", *NOTE)]),
    ],
)
def test_references(container: Any, images: Any, expected: Any) -> None:
    """A reference finds its image, or is one that fails."""
    result = in_use([running(container, images=images)])

    assert expected == dangling(result)
    assert [] == result.not_known


def test_a_cache_fetches_a_tag_again() -> None:
    """What ECR fetches from an upstream registry is not gone, unless it is pinned by digest."""
    containers = [
        {"image": uri("hub/library/redis:7")},
        {"image": uri("hub/library/redis:7"), "imageDigest": digest("redis")},
        {"image": uri("hub/library/nginx:1")},
        {"image": uri("hub/library/nginx:1"), "imageDigest": digest("nginx")},
    ]
    records = registry(repository("hub/library/redis", images=[image("redis")]), caches=[CACHE])
    made = snapshot(records, ecs(task("1", containers)), nothing("ecs"))

    assert [] == dangling(in_use([made]))


def test_a_part_of_an_index() -> None:
    """A task reports the digest of its platform; the tag is that of the index."""
    images = [
        image("index", "v2", imageManifestMediaType=INDEX),
        image("arm"),
        image("amd"),
        image("other"),
        image("sbom", subjectManifestDigest=digest("index")),
        image("signature", f"{digest('arm').replace(':', '-')}.sig"),
        image("unused index", "v1", imageManifestMediaType=INDEX),
    ]
    container = {"image": uri("api:v2"), "imageDigest": digest("arm")}
    made = running(container, images=images)
    unread = in_use([made])
    assert uses(unread) == {
        digest("arm"): [(TASK, "running", 1, False)],
        digest("index"): [(TASK, "running", 1, True)],
    }
    assert ["BatchGetImage"] == [item.operation for item in unread.not_known]
    # Which of the others are parts is not known.
    [api] = unread.images.repositories
    assert ([], 3) == unread.without_use(api)

    made.records.append(manifests("api", {"index": ["arm", "amd"], "unused index": ["other"]}))
    result = in_use([Snapshot(made.header, made.records, finished=made.finished)])
    [api] = result.images.repositories
    rest, unclear = result.without_use(api)
    assert {digest("other"), digest("unused index")} == {entry["imageDigest"] for entry in rest}
    assert (0, []) == (unclear, result.not_known)
    assert [(digest("arm"), digest("amd"))] == [
        tuple(item.children) for item in result.of(api).values() if item.children
    ]


def test_the_index_of_a_part_that_runs() -> None:
    """An index whose part runs is in use, if its manifest was read; otherwise that is not known."""
    images = [image("index", "v3", imageManifestMediaType=INDEX), image("arm")]
    made = running({"image": uri(f"api@{digest('arm')}")}, images=images)
    result = in_use([made])
    [api] = result.images.repositories
    assert ([], 1) == result.without_use(api)

    made.records.append(manifests("api", {"index": ["arm"]}))
    result = in_use([Snapshot(made.header, made.records, finished=made.finished)])
    [api] = result.images.repositories
    assert ([], 0) == result.without_use(api)


@pytest.mark.parametrize(
    ("policy", "codes", "subjects"),
    [
        (None, ["pull-rejected"], []),
        ({"AWS": OTHER}, [], []),
        ({"AWS": [f"arn:aws:iam::{OTHER}:role/run"]}, [], []),
        ({"AWS": "AROAEXAMPLEID"}, [], []),
        ({"Service": "ecs.amazonaws.com"}, [], []),
        ({"Service": "lambda.amazonaws.com"}, ["pull-rejected"], []),
        ({"AWS": "arn:aws:iam::777788889999:root"}, ["pull-rejected"], ["777788889999"]),
        ("*", [], ["any account"]),
    ],
)
def test_pulls_from_another_account(policy: Any, codes: Any, subjects: Any) -> None:
    """Without a statement that can allow an account, its pulls fail."""
    statement = {"Effect": "Allow", "Principal": policy, "Action": "ecr:Batch*"}
    document = policy and {"Version": "2012-10-17", "Statement": [statement]}
    owner = snapshot(registry(repository("api", images=[NEW], policy=document)), nothing())
    user = snapshot(
        registry(account=OTHER), ecs(task("1", [BY_BOTH])), nothing("ecs"), account=OTHER
    )

    result = in_use([owner, user])

    assert (codes, subjects) == (
        [code for code, _, _ in dangling(result)],
        [item.subject for item in result.not_known],
    )


def test_what_a_service_says_itself() -> None:
    """Lambda says that its image is gone, or that it may not be pulled."""
    function = {"FunctionName": "f", "Version": "$LATEST", "StateReasonCode": "ImageAccessDenied"}
    code = {"ImageUri": uri("api:v2"), "ResolvedImageUri": uri(f"api@{digest('new')}")}
    output = {"Configuration": function, "Code": code}
    record = answered("GetFunction", {"FunctionName": "f"}, output, service="lambda")
    made = snapshot(registry(repository("api", images=[NEW])), record, nothing())

    assert [("reported-broken", "error", "lambda function f")] == dangling(in_use([made]))


def test_repositories_without_a_use() -> None:
    """A repository that nothing uses, and one that was deleted while the snapshot was made."""
    gone, about = repository("gone", images=[])
    request = {"repositoryName": "gone", "filter": {"imageStatus": "ANY"}}
    about = [item for item in about if item.operation != "DescribeImages"]
    about.append(refused("DescribeImages", request, "RepositoryNotFoundException"))
    statement = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    repositories = [
        repository("api", images=[NEW], policy=policy),
        repository("web", images=[NEW]),
        (gone, about),
    ]
    containers = [BY_BOTH, {"image": uri("gone:v1")}]
    made = snapshot(
        registry(*repositories),
        manifests("web", {"index": ["arm"]}),
        ecs(task("1", containers)),
        nothing("ecs"),
    )

    result = in_use([made])

    assert [("repository-gone", *ERROR)] == dangling(result)
    assert {"api": 0, "web": 1} == {
        item.name: len(result.without_use(item)[0]) for item in result.images.repositories
    }
    assert [] == result.not_known


def test_caches_that_are_not_known() -> None:
    """Whether ECR fetches a tag again depends on the caches."""
    records = [
        record
        for record in registry(repository("hub/redis", images=[NEW]))
        if record.operation != "DescribePullThroughCacheRules"
    ]
    made = snapshot(records, ecs(task("1", [{"image": uri("hub/redis:7")}])), nothing("ecs"))

    result = in_use([made])

    assert [] == dangling(result)
    assert ["DescribePullThroughCacheRules"] == [item.operation for item in result.not_known]
