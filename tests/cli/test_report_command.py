"""``ecr-constructs report``: one file, which loads nothing and in which no text has an effect."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.report.page.figures import Figures
from ecr_constructs.report.page.page import to_html
from ecr_constructs.snapshot.document import Record, Snapshot
from ecr_constructs.snapshot.files import json_of
from tests.cli.conftest import Run
from tests.support.html_pages import Page
from tests.support.report_snapshots import HOSTILE, large_snapshot
from tests.support.snapshots import (
    AT,
    DENIED,
    IMAGES,
    LIFECYCLE,
    answered,
    refused,
    registry,
    repository,
    snapshot,
)

LIMIT = 3_000_000
IMAGE = {
    "imageDigest": f"sha256:{'a' * 64}",
    "imageTags": ["v1"],
    "imageSizeInBytes": 5_000_000,
    "imagePushedAt": "2026-11-20T00:00:00Z",
}


def page_of(*snapshots: Snapshot, team_tag: str = "team") -> Page:
    """Return the page of snapshots."""
    return Page(to_html(Figures(snapshots, team_tag)))


def row_of(page: Page, name: str) -> list[str]:
    """Return the texts of a repository's row."""
    rows = [item.text for item in page.all("tr") if item.text.startswith(name)]
    return [text for text in rows if "rule" in text or "none" in text or "not known" in text]


@pytest.fixture
def written(run: Run) -> str:
    """Return the page that the command writes for a hostile registry with missing answers."""
    source = large_snapshot(12, 6, hostile=True, refused=True)
    Path("registry.json").write_text(json_of(source), encoding="utf-8")
    result = run("report", "--html", "--snapshot", "registry.json", "--output", "page.html")
    assert (0, "", "") == result
    return Path("page.html").read_text("utf-8")


def test_the_page_loads_nothing(written: str) -> None:
    """Nothing has an address, and the policy allows the page's own script alone."""
    page = Page(written)
    [script] = page.all("script")
    [policy] = [item for item in page.all("meta") if "http-equiv" in item.attributes]
    digest = b64encode(sha256(script.text.encode()).digest()).decode()

    assert f"script-src 'sha256-{digest}'" in str(policy.attributes["content"])
    assert str(policy.attributes["content"]).startswith("default-src 'none';")
    links = {
        str(item.attributes[key])
        for item in page.elements
        for key in item.attributes
        if key in ("href", "src", "srcset", "action", "data", "poster", "xlink:href")
    }
    assert links == {link for link in links if link.startswith("#")}
    assert not re.search(r"url\((?!#)|@import|https?:", written)
    assert len(script.text.splitlines()) <= 100


def test_texts_of_users_have_no_effect(written: str) -> None:
    """A tag and a caller that are markup are shown as text, without what turns lines around."""
    page = Page(written)
    shown = HOSTILE.replace("\u202e", "\\u202e")

    assert [] == page.all("img")
    assert "\u202e" not in written
    assert shown in {item.text for item in page.all("th")}
    assert shown in {item.attributes["value"] for item in page.all("option")}
    assert any(shown in item.text for item in page.all("footer"))


def test_what_is_not_known_is_first(written: str) -> None:
    """It is in the first section, by call, and marked where it would be."""
    page = Page(written)
    sections = [item.attributes["id"] for item in page.all("section")]
    [gaps] = page.all("section", id="not-known")

    assert "not-known" == sections[0]
    assert "DescribeImages: refused: AccessDeniedException" in gaps.text
    assert "ecs: not selected" in gaps.text
    [row] = row_of(page, "web/service-0004")
    assert row.count("not known") == 5


def test_the_page_is_the_same_each_time() -> None:
    """Its times are those of the snapshots."""
    assert to_html(Figures([large_snapshot(5, 9)], "team")) == to_html(
        Figures([large_snapshot(5, 9)], "team")
    )


def test_a_thousand_repositories_fit() -> None:
    """The page of a thousand repositories can be sent by mail."""
    html = to_html(Figures([large_snapshot(1_000, 8, refused=True)], "team"))

    assert 1_000_000 / 2 < len(html.encode()) < LIMIT


def test_no_repositories() -> None:
    """An empty registry of which all is known has a page, too."""
    page = page_of(snapshot(registry()))

    text = " ".join(item.text for item in page.all("section"))
    assert "answered in full" in text
    assert text.count("There are no repositories.") == 2
    assert "Nothing is replicated." in text
    assert [] == page.all("select")


def test_nothing_was_read() -> None:
    """Of a snapshot without answers, that is said, and nothing else."""
    page = page_of(snapshot(finished=None))

    [gaps] = page.all("section", id="not-known")
    assert "the snapshot was interrupted" in gaps.text
    assert "DescribeRepositories: not-asked" in gaps.text
    [replication] = page.all("section", id="replication")
    assert "not known" in replication.text
    assert "Nothing is replicated" not in replication.text


def test_settings_in_words() -> None:
    """Each setting of a repository is in its row; one that is unusual is shown as it is."""
    index = "application/vnd.oci.image.index.v1+json"
    images = [
        IMAGE | {"lastRecordedPullTime": "2026-11-22T00:00:00Z"},
        {
            **IMAGE,
            "imageDigest": f"sha256:{'b' * 64}",
            "imageTags": [],
            "imageStatus": "ARCHIVED",
            "lastArchivedAt": "2026-11-21T00:00:00Z",
            "imageManifestMediaType": index,
        },
    ]
    api = repository(
        "payments/api",
        lifecycle=LIFECYCLE,
        evaluated="1970-01-01T00:00:00Z",
        tags={"Team": "pay", "owner": "jo"},
        images=images,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        encryptionConfiguration={"encryptionType": "KMS_DSSE"},
    )
    web = repository("web", images=[IMAGE])
    records = registry(api, web, frequencies={"payments/api": "CONTINUOUS_SCAN"})
    page = page_of(snapshot(records))

    [row] = row_of(page, "payments/api")
    for shown in (
        *("pay", "1 untagged, 1 archived", "5.0 MB", "1 rule", "not evaluated yet", "continuous"),
        *("immutable, with exceptions", "KMS key, twice", "2026-11-20", "2026-11-22"),
    ):
        assert shown in row
    [plain] = row_of(page, "web")
    assert "no team" in plain
    assert plain.endswith("AES-2562026-11-20none")
    owners = page_of(snapshot(records), team_tag="owner")
    assert "jo" in {item.text for item in owners.all("option")}


def test_an_archived_image_stays() -> None:
    """A rule that archives leaves as many images, and a policy that is refused may do anything."""
    archives = {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "any",
                    "countType": "sinceImagePulled",
                    "countUnit": "days",
                    "countNumber": 30,
                },
                "action": {"type": "transition", "targetStorageClass": "archive"},
            }
        ]
    }
    refused_one, about = repository("b-2", images=[IMAGE])
    about = [
        refused("GetLifecyclePolicy", record.request, DENIED)
        if record.operation == "GetLifecyclePolicy"
        else record
        for record in about
    ]
    api = repository("a-1", lifecycle=archives, images=[IMAGE])
    figures = Figures([snapshot(registry(api, (refused_one, about)))], "team")

    assert [0, None] == [item.leaving for item in figures.repositories]
    assert [1, None] == [item.rules for item in figures.repositories]


def test_a_registry_is_named_where_there_are_several() -> None:
    """Repositories of the same name are of different registries; of teams, the largest are bars."""
    many = [
        repository(f"r{number}", tags={"team": f"team-{number}"}, images=[IMAGE])
        for number in range(14)
    ]
    home = snapshot(registry(*many))
    far = snapshot(
        registry(repository("r1", account="444455556666"), account="444455556666"),
        account="444455556666",
    )
    page = page_of(home, far)

    rows = [item.text for item in page.all("tr") if "444455556666/eu-central-1" in item.text]
    assert len(rows) == 1
    assert "2 container registries" == page.all("h1")[0].text
    [bars] = page.all("ul", class_="bars")
    assert "3 other teams" in bars.text


BROKEN = {
    "a lifecycle policy that is none": ("GetLifecyclePolicy", "cannot be read"),
    "images that are none": ("DescribeImages", "cannot be read"),
    "tags that were refused": ("ListTagsForResource", "refused"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_is_not_known(case: str) -> None:
    """A policy or an inventory that cannot be read leaves the rest of the page as it is."""
    operation, reason = BROKEN[case]
    description, about = repository("payments/api", lifecycle=LIFECYCLE, images=[IMAGE])
    request = {"repositoryName": "payments/api"}
    about = [record for record in about if record.operation != operation]
    if operation == "GetLifecyclePolicy":
        text = '{"rules": [' + " " * 100 + '{"rulePriority": "first"}]}'
        about.append(answered(operation, request, {"lifecyclePolicyText": text}))
    elif operation == "DescribeImages":
        listed = {"imageDetails": [IMAGE, IMAGE | {"imageTags": ["v2"]}]}
        about.append(answered(operation, request | IMAGES, listed))
    else:
        about.append(refused(operation, {"resourceArn": description["repositoryArn"]}, DENIED))
    page = page_of(snapshot(registry((description, about))))

    [gaps] = page.all("section", id="not-known")
    assert f"{operation}: {reason}" in gaps.text
    [row] = row_of(page, "payments/api")
    assert "not known" in row


def test_a_repository_with_too_many_images_has_no_forecast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A forecast of more images than ECR allows would take minutes."""
    monkeypatch.setattr("ecr_constructs.report.page.figures.MOST_IMAGES", 0)
    page = page_of(snapshot(registry(repository("a-1", lifecycle=LIFECYCLE, images=[IMAGE]))))

    [gaps] = page.all("section", id="not-known")
    assert "forecast: more than 0 images" in gaps.text


def test_replication_is_a_picture_and_a_list() -> None:
    """Rules with the same ends are one arrow; deletions that are replicated are named."""
    there = {"region": "eu-west-1", "registryId": "111122223333"}
    rules: list[dict[str, Any]] = [
        {
            "destinations": [there],
            "repositoryFilters": [{"filter": "pay", "filterType": "PREFIX_MATCH"}],
            "deleteReplication": {"enabled": True},
        },
        {"destinations": [there]},
    ]
    page = page_of(snapshot(registry(replication=rules)))

    [section] = page.all("section", id="replication")
    assert "pay*, deletions too; everything" in section.text
    assert len(page.all("marker")) == 1


def test_an_answer_that_is_none_of_ecr() -> None:
    """A file that was edited is shown as far as it can be."""
    rules = ["x", {"destinations": "y"}, {"destinations": [None, {"region": 3}]}]
    rules.append({"repositoryFilters": ["z"], "deleteReplication": True, "destinations": [{}]})
    output = {"replicationConfiguration": {"rules": rules}}
    page = page_of(snapshot(Record("ecr", "DescribeRegistry", {}, AT, output)))

    [section] = page.all("section", id="replication")
    assert "?/3: everything" in section.text


def test_more_subjects_than_a_line_holds_are_counted() -> None:
    """A reason that many repositories share is one line."""
    many = [repository(f"r{number:02}") for number in range(20)]
    records = [
        record
        if record.operation != "DescribeImages"
        else refused("DescribeImages", record.request, DENIED)
        for record in registry(*many)
    ]
    page = page_of(snapshot(records))

    [gaps] = page.all("section", id="not-known")
    assert "(20: r00, " in gaps.text
    assert "8 more)" in gaps.text


def test_refused_calls_of_other_services_are_named() -> None:
    """They are not behind any number of the page, but of the snapshot."""
    page = page_of(
        snapshot(
            registry(),
            refused("ListClusters", service="ecs"),
            refused("GetFunction", {"FunctionName": "api"}, service="lambda"),
        )
    )

    [gaps] = page.all("section", id="not-known")
    assert "ecs ListClusters: refused: AccessDeniedException (registry " in gaps.text
    assert "lambda GetFunction: refused: AccessDeniedException (api)" in gaps.text


def test_findings_are_by_rule(written: str) -> None:
    """The rules of `check` judge what is live; each is one line with its repositories."""
    [findings] = Page(written).all("section", id="findings")

    assert "ECR013" in findings.text
    assert "web/service-0004" in findings.text


def test_wrong_inputs(run: Run) -> None:
    """A folder without snapshots, and a page that cannot be written, are one line each."""
    Path("empty").mkdir()
    Path("one.json").write_text(json_of(snapshot(registry())), encoding="utf-8")

    missing = run("report", "--html", "--snapshot", "empty", "--output", "page.html")
    unwritable = run("report", "--html", "--snapshot", "one.json", "--output", "no/page.html")

    odd = json_of(snapshot(registry())).replace('"started": "2026', '"started": "soon')
    Path("odd.json").write_text(odd.replace('"started":"2026', '"started":"soon'), encoding="utf-8")
    without_time = run("report", "--html", "--snapshot", "odd.json", "--output", "page.html")

    assert 2 == without_time.status
    assert (2, ["snapshot-missing"]) == (missing.status, missing.codes)
    assert (2, ["file-unwritable"]) == (unwritable.status, unwritable.codes)
    assert not Path("page.html").exists()
