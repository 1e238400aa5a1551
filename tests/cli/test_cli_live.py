"""``--live`` and ``--service-preview`` where ECR says what the embedded AWS never does."""

import json
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from ecr_constructs import LifecyclePolicy, LifecycleRule
from ecr_constructs.live import LiveError
from ecr_constructs.live import ecr as live
from ecr_constructs.live import lifecycle_preview as service_preview
from ecr_constructs.report.document import Lines
from ecr_constructs.report.lifecycle_preview import service_blocks
from tests.cli.conftest import Run, detail, write

KEEP_ONE = LifecyclePolicy(LifecycleRule.keep_last(1))
INDEX = "application/vnd.oci.image.index.v1+json"


def refusal(code: str, operation: str = "DescribeImages") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "It says."}}, operation)


Ecr = Callable[..., Mock]

DETAILS = {"imageDetails": [detail("a", 9, "v1"), detail("b", 1, "v2")]}


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Ecr:
    """Gives an ECR with answers to each operation in turn; the last one permanently."""
    monkeypatch.setattr(service_preview, "_LONGEST_PAUSE_SECONDS", 0.0)

    def make(**answers: Any) -> Mock:
        policy = {"lifecyclePolicyText": KEEP_ONE.to_json()}
        own = {"get_lifecycle_policy": policy, "describe_images": DETAILS}
        client = Mock(spec_set=[*(own | answers)])
        for operation, answer in (own | answers).items():
            turns = answer if isinstance(answer, list) else [answer]
            getattr(client, operation).side_effect = chain(turns, repeat(turns[-1]))
        monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: client)
        return client

    return make


def asked_of(client: Mock) -> list[str]:
    return [name for name, *_ in client.method_calls]


SERVICE = ("lifecycle", "preview", "--live", "api", "--service-preview")
LIVE = SERVICE[:-1]


def preview(status: str, *results: Any, policy: LifecyclePolicy = KEEP_ONE) -> dict[str, Any]:
    text = policy.to_json()
    return {"status": status, "lifecyclePolicyText": text, "previewResults": list(results)}


def result(digit: str, action: str, priority: int) -> dict[str, Any]:
    digest = f"sha256:{digit * 64}"
    return {"imageDigest": digest, "action": {"type": action}, "appliedRulePriority": priority}


NONE_YET = refusal("LifecyclePolicyPreviewNotFoundException")
OTHER_POLICY = LifecyclePolicy(LifecycleRule.keep_last(2))


def asked(*previews: Any) -> dict[str, Any]:
    return {
        "get_lifecycle_policy_preview": list(previews),
        "start_lifecycle_policy_preview": {"status": "IN_PROGRESS"},
    }


BUSY = refusal("LifecyclePolicyPreviewInProgressException")
TWO_OF_A_TAG = {"imageDetails": [detail("a", 1, "v"), detail("b", 1, "v")]}
DESCRIBE, GET_POLICY = "describe_images", "get_lifecycle_policy"
NEWER = {"lifecyclePolicyText": '{"rules": [{"new": 1}]}'}
TIMEOUT = ConnectTimeoutError(endpoint_url="https://ecr")
REPLACED = preview("COMPLETE", policy=OTHER_POLICY)
START_BUSY = {"start_lifecycle_policy_preview": BUSY}
NO_POLICY = refusal("LifecyclePolicyNotFoundException")
# By the code of the error: the command, what ECR answers, and what the line names.
ERRORS: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "throttled": (LIVE, {DESCRIBE: refusal("ThrottlingException")}, "ecr:DescribeImages"),
    "access-denied": (
        *(LIVE, {DESCRIBE: refusal("AccessDeniedException")}),
        "ecr:DescribeImages on the repository api",
    ),
    "aws-rejected": (
        *(LIVE, {DESCRIBE: refusal("ServerException")}),
        "ecr:DescribeImages: ServerException: It says.",
    ),
    "aws-unreachable": (LIVE, {DESCRIBE: TIMEOUT}, "https://ecr"),
    "tag-conflict": (LIVE, {DESCRIBE: TWO_OF_A_TAG}, "preview: api: "),
    "key-unknown": (LIVE, {GET_POLICY: NEWER}, "the policy of api: rules[0]"),
    "preview-without-policy": (SERVICE, {GET_POLICY: NO_POLICY}, "api"),
    "preview-in-progress": (SERVICE, asked(preview("IN_PROGRESS")), "api"),
    "preview-in-progress at once": (SERVICE, {**asked(NONE_YET), **START_BUSY}, "api"),
    "preview-failed": (SERVICE, asked(NONE_YET, preview("EXPIRED")), "EXPIRED"),
    "preview-replaced": (SERVICE, asked(NONE_YET, REPLACED), "api"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_ecr_rejects_is_one_line(ecr: Ecr, run: Run, name: str) -> None:
    """With exit status 2 and a code."""
    command, answers, subject = ERRORS[name]
    ecr(**answers)
    result = run(*command)

    assert (2, "", name.split(maxsplit=1)[0]) == (result.status, result.out, result.codes[0])
    assert subject in result.err


def test_without_a_region_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's own words."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(LiveError) as caught:
        live.Repository("api", None)
    assert ["aws-not-configured"] == [item.code for item in caught.value.diagnostics]


def test_a_repository_without_a_policy_keeps_every_image(ecr: Ecr, run: Run) -> None:
    """None is deleted."""
    ecr(get_lifecycle_policy=NO_POLICY)
    result = run(*LIVE, "--format", "json")

    assert (0, 2) == (result.status, result.json["forecast"]["remainingImageCount"])


def test_a_policy_that_looks_at_pulls_keeps_us_from_pulling(ecr: Ecr) -> None:
    """Reading a manifest may count as a pull; a file of manifests does not."""
    index = detail("a", 9, "v1", imageManifestMediaType=INDEX)
    manifest = {"imageDigest": index["imageDigest"]}
    images = [{"imageId": manifest, "imageManifest": json.dumps({"manifests": []})}]
    client = ecr(describe_images={"imageDetails": [index]}, batch_get_image={"images": images})
    repository = live.Repository("api", None)
    pulls = LifecyclePolicy(LifecycleRule.archive(not_pulled_for_days=30))

    assert None is repository.inventory(pulls).images[0].references
    assert () == repository.inventory(pulls, json.dumps({"images": images})).images[0].references
    assert "batch_get_image" not in asked_of(client)
    assert () == repository.inventory(KEEP_ONE).images[0].references
    assert "batch_get_image" in asked_of(client)


# --- the preview of the service -----------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_disagreements_are_listed(ecr: Ecr, run: Run, form: str) -> None:
    """Image by image, with exit status 1."""
    findings = preview("COMPLETE", result("b", "TRANSITION", 4))
    ecr(**asked(NONE_YET, preview("IN_PROGRESS"), findings))
    printed = run(*SERVICE, "--format", form)

    assert 1 == printed.status
    if form != "json":
        for words in ("ECR's own preview", "deleted by rule 1", "archived by rule 4"):
            assert words in printed.out
        return
    assert [
        {
            "imageDigest": f"sha256:{digit * 64}",
            "imageTags": [tag],
            "model": {"action": model[0], "rulePriority": model[1]},
            "service": {"action": service[0], "rulePriority": service[1]},
        }
        for digit, tag, model, service in (
            ("a", "v1", ("EXPIRE", 1), ("KEEP", None)),
            ("b", "v2", ("KEEP", None), ("TRANSITION", 4)),
        )
    ] == printed.json["servicePreview"]["disagreements"]


def test_agreement_is_said(ecr: Ecr, run: Run) -> None:
    """With exit status 0."""
    ecr(**asked(NONE_YET, preview("COMPLETE", result("a", "EXPIRE", 1))))
    printed = run(*SERVICE)

    assert (0, True) == (printed.status, "ECR agrees on every image." in printed.out)


@pytest.mark.parametrize(
    ("verdict", "listed", "differs"),
    [(None, False, False), ("EXPIRE", True, False), ("TRANSITION", True, True)],
)
def test_what_follows_may_be_listed_by_ecr_or_not(
    ecr: Ecr, verdict: str | None, listed: bool, differs: bool
) -> None:
    """ECR's preview is about one evaluation; another action is a disagreement."""
    signature = detail("c", 0, "s1", subjectManifestDigest=f"sha256:{'a' * 64}")
    details = {"imageDetails": [*DETAILS["imageDetails"], signature]}
    results = [result("a", "EXPIRE", 1)] + ([result("c", verdict, 1)] if verdict else [])
    tagged = LifecyclePolicy(LifecycleRule.keep_last(1, tag_patterns=["v*"]))
    ecr(
        describe_images=details,
        **asked(NONE_YET, preview("COMPLETE", *results, policy=tagged)),
    )
    repository = live.Repository("api", None)
    simulation = tagged.simulate(repository.inventory(tagged))

    assert 2 == len(simulation.expired)
    compared = service_preview.compare(repository, simulation)
    digest = signature["imageDigest"]
    follow_up = {"imageDigest": digest, "imageTags": ["s1"], "listed": listed}
    assert [follow_up] == compared.to_json()["followUps"]
    assert [digest] * differs == [item.image.digest for item in compared.disagreements]
    [block] = [block for block in service_blocks(compared) if isinstance(block, Lines)][-1:]
    assert f"lists {listed:d} of them" in block.lines[0]


def test_waiting_has_an_end(ecr: Ecr, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes."""
    ecr(**asked(NONE_YET, preview("IN_PROGRESS")))
    monkeypatch.setattr(service_preview, "_WAIT_SECONDS", -1.0)
    repository = live.Repository("api", None)
    simulation = KEEP_ONE.simulate(repository.inventory(KEEP_ONE))

    with pytest.raises(LiveError) as caught:
        service_preview.compare(repository, simulation, first_pause=0)
    assert ["preview-timeout"] == [item.code for item in caught.value.diagnostics]


def test_a_new_policy_on_live_images(ecr: Ecr, run: Run) -> None:
    """The repository's own is not asked for."""
    client = ecr()
    printed = run(*LIVE, "--policy", write("new.json", OTHER_POLICY.to_json()), "--format", "json")

    assert 0 == printed.status
    assert 0 == printed.json["summary"]["expiringImageTotalCount"]
    assert ["describe_images"] == asked_of(client)


def test_pages_are_followed(ecr: Ecr) -> None:
    """To the last one."""
    first = {"imageDetails": [DETAILS["imageDetails"][0]], "nextToken": "more"}
    ecr(describe_images=[first, {"imageDetails": [DETAILS["imageDetails"][1]]}])

    assert 2 == len(live.Repository("api", None).inventory(KEEP_ONE))
