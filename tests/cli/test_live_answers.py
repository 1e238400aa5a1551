"""``--live`` where what answers is not ECR, or nothing does: a server of the test's own answers."""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest
from botocore.exceptions import SSOTokenLoadError, TokenRetrievalError
from botocore.loaders import JSONFileLoader

from ecr_constructs.live import LiveError, session
from ecr_constructs.live.connection import Connection
from tests.cli.conftest import Run, detail, write
from tests.support.aws_environment import aws_environment
from tests.support.fake_ecr import CLOSE, HANG, HTML, Answers, FakeEcr, Request
from tests.support.rule_examples.build import rule

Serve = Callable[[Answers], list[Request]]

POLICY = {"lifecyclePolicyText": json.dumps({"rules": [rule(1, tagStatus="any", images=1)]})}


# Each client of boto3 reads the description of the service, which takes most of the time.
_read_description = lru_cache(JSONFileLoader().load_file)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Give the answers of ECR; returns the requests that it gets."""
    monkeypatch.setattr(session, "_READ_SECONDS", 0.2)
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _, path: _read_description(path))
    with FakeEcr() as fake:
        aws_environment(monkeypatch, fake.url, AWS_REGION="eu-south-2")

        def serve(answers: Answers) -> list[Request]:
            fake.answers.update(answers)
            return fake.requests

        yield serve


LIVE = ("lifecycle", "preview", "--live", "api")
SERVICE = (*LIVE, "--service-preview")
IMAGES = {"imageDetails": [detail("a", 9, "v1", imagePushedAt=1_790_000_000.0)]}
SOUND: Answers = {"GetLifecyclePolicy": POLICY, "DescribeImages": IMAGES}
NO_PREVIEW = "LifecyclePolicyPreviewNotFoundException"
STARTED: Answers = {**SOUND, "StartLifecyclePolicyPreview": {"status": "IN_PROGRESS"}}
UNREADABLE: dict[str, tuple[tuple[str, ...], Answers]] = {
    "a login page": (LIVE, {"*": HTML}),
    "nothing": (LIVE, {"*": b""}),
    "an empty object": (LIVE, {"*": {}}),
    "a list": (LIVE, {"*": b"[1]"}),
    "a number": (LIVE, {"*": b"7"}),
    "half an object": (LIVE, {"*": b'{"imageDetails": ['}),
    "a number as an error": (LIVE, {"*": (400, {"__type": 7})}),
    "a list as an error": (LIVE, {"*": (400, b"[]")}),
    "a policy as object": (LIVE, {"*": {"lifecyclePolicyText": {}}}),
    "a page in the middle": (
        LIVE,
        {**SOUND, "DescribeImages": [{**IMAGES, "nextToken": "2"}, HTML]},
    ),
    "images as a number": (LIVE, {**SOUND, "DescribeImages": {"imageDetails": 7}}),
    "images as texts": (LIVE, {**SOUND, "DescribeImages": {"imageDetails": ["a"]}}),
    "a time that is none": (
        LIVE,
        {**SOUND, "DescribeImages": {"imageDetails": [detail("a", 1, imagePushedAt="noon")]}},
    ),
    "pages without end": (LIVE, {**SOUND, "DescribeImages": {**IMAGES, "nextToken": "2"}}),
    "no repositories": (("lifecycle", "preview", "--live", "*"), {"*": HTML}),
    "repositories without a name": (
        ("lifecycle", "preview", "--live", "a*"),
        {"DescribeRepositories": {"repositories": [{}]}},
    ),
    "a preview without a policy": (
        SERVICE,
        {**STARTED, "GetLifecyclePolicyPreview": [NO_PREVIEW, {"status": "COMPLETE"}]},
    ),
    "a preview without a status": (SERVICE, {**STARTED, "GetLifecyclePolicyPreview": HTML}),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_answer_that_is_not_of_ecr(run: Run, serve: Serve, name: str) -> None:
    """Is one line with what to check, and no verdict."""
    command, answers = UNREADABLE[name]
    serve(answers)
    result = run(*command)

    assert (2, "", ["aws-answer-unreadable"]) == (result.status, result.out, result.codes)
    assert "not ECR's" in result.err


PUSH = ("push-commands", "api", "--account", "111122223333", "--region", "eu-west-1", "--live")
NO_DIGEST: Any = {"imageDetails": [{}]}
SETTINGS: Any = {"repositories": [{"imageTagMutability": "IMMUTABLE"}]}
PUSHES: dict[str, Answers] = {
    "a login page": {"*": HTML},
    "no repository": {"*": {"repositories": []}},
    "no setting": {"*": {"repositories": [{}]}},
    "no digest": {"DescribeRepositories": SETTINGS, "DescribeImages": NO_DIGEST},
}


@pytest.mark.parametrize("answers", PUSHES.values(), ids=PUSHES)
def test_push_commands_read_the_same_way(run: Run, serve: Serve, answers: Answers) -> None:
    """They ask for the repository and the tag."""
    serve(answers)
    result = run(*PUSH)

    assert (2, "", ["aws-answer-unreadable"]) == (result.status, result.out, result.codes)


def test_a_deployed_policy_may_name_the_standard_class(run: Run, serve: Serve) -> None:
    """AWS documents it, and ECR returns what it was given."""
    named = rule(1, tagStatus="any", storageClass="standard", images=1)
    policy = {"lifecyclePolicyText": json.dumps({"rules": [named]}, indent=4)}
    serve({**SOUND, "GetLifecyclePolicy": policy})

    assert 0 == run(*LIVE).status


def test_an_empty_policy_is_no_missing_one(run: Run, serve: Serve) -> None:
    """ECR returns none."""
    serve({**SOUND, "GetLifecyclePolicy": {"lifecyclePolicyText": ""}})

    assert ["json-syntax"] == run(*LIVE).codes


def test_a_push_to_no_repository_is_a_warning(run: Run, serve: Serve) -> None:
    """ECR's answer, and no error."""
    serve({"*": "RepositoryNotFoundException"})
    result = run(*PUSH)

    assert (1, True) == (result.status, "does not exist" in result.err)


def test_without_a_reader_nothing_is_told(serve: Serve) -> None:
    """The library writes nothing by itself."""
    requests = serve({"*": CLOSE})
    with pytest.raises(LiveError) as caught:
        Connection().call("describe_images", subject="it", repositoryName="api")

    assert ["aws-unreachable"] == [item.code for item in caught.value.diagnostics]
    assert 2 == len(requests)


@pytest.mark.parametrize(("region", "near"), [("eu-centrl-1", True), ("eu-west-1", False)])
def test_an_unknown_region_has_no_host(serve: Serve, region: str, *, near: bool) -> None:
    """Where nothing answers, one that is like it is suggested."""
    serve({"*": CLOSE})
    with pytest.raises(LiveError) as caught:
        Connection(region).call("describe_images", subject="it", repositoryName="api")

    assert near == ("'eu-central-1'" in caught.value.diagnostics[0].remedy)


@pytest.mark.parametrize("answer", [HANG, CLOSE])
def test_without_an_answer_the_command_ends_soon(run: Run, serve: Serve, answer: str) -> None:
    """It tells so meanwhile, and tries once more; four times the limits are less than a minute."""
    requests = serve({"*": answer})
    result = run(*LIVE)

    notice, error = result.err.splitlines()
    assert (2, "", 2) == (result.status, result.out, len(requests))
    assert "no answer yet" in notice
    assert re.search(r"\[aws-unreachable\]$", error)
    assert 4 * (session._CONNECT_SECONDS + 10) < 60


def test_a_proxys_error_is_told_meanwhile(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that fails is tried again, and is not called ECR."""
    monkeypatch.setattr(session, "_RETRIES", {"mode": "standard", "total_max_attempts": 3})
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", _no_delay)
    serve({"*": (503, b"<h1>Bad gateway</h1>")})
    result = run(*LIVE)

    notice, error = result.err.splitlines()
    assert "HTTP status 503 again" in notice
    assert "503, which is not an answer of ECR" in error
    assert error.endswith("[aws-rejected]")


def _no_delay(*_: Any) -> float:
    return 0.0


# --- what AWS says ------------------------------------------------------------------------------

CALLER = "User: arn:aws:sts::111122223333:assumed-role/Audit/me is not authorized to perform: ecr:X"
DENIALS = {
    "no Allow": (
        f"{CALLER} because no identity-based policy allows the ecr:X action",
        "allow ecr:DescribeImages on the repository api",
    ),
    "a service control policy": (
        f"{CALLER} with an explicit deny in a service control policy",
        "does not help",
    ),
    "a VPC endpoint": (f"{CALLER} because no VPC endpoint policy allows it", "does not help"),
    "nothing": ("", "allow ecr:DescribeImages"),
}


@pytest.mark.parametrize(("reason", "remedy"), DENIALS.values(), ids=DENIALS)
def test_a_denial_has_the_reason_of_aws(run: Run, serve: Serve, reason: str, remedy: str) -> None:
    """And a remedy that can help."""
    denial = (400, {"__type": "AccessDeniedException", "message": reason})
    serve({**SOUND, "DescribeImages": denial})
    result = run(*LIVE)

    assert (2, ["access-denied"]) == (result.status, result.codes)
    assert reason in result.err
    assert remedy in result.err


# An error of ECR, the code, and words of the line.
SAYS = {
    "RepositoryNotFoundException": ("aws-rejected", "eu-south-2 of the account 999988887777"),
    "ExpiredTokenException": ("aws-credentials", "aws sso login"),
    "UnrecognizedClientException": ("aws-credentials", "It says."),
    "ServerException": ("aws-rejected", "ecr:DescribeImages: ServerException: It says."),
    "LifecyclePolicyPreviewInProgressException": ("preview-in-progress", "repository api"),
}


@pytest.mark.parametrize("error", SAYS)
def test_an_error_of_aws_has_a_remedy(run: Run, serve: Serve, error: str) -> None:
    """The Region that was asked, or how to log in."""
    code, words = SAYS[error]
    serve({**SOUND, "DescribeImages": error})
    result = run(*LIVE, "--account", "999988887777")

    assert (2, [code]) == (result.status, result.codes)
    assert words in result.err


def test_the_region_is_that_of_the_environment(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_REGION before AWS_DEFAULT_REGION, as in other tools of AWS; --region before both."""
    requests = serve(SOUND)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    for arguments, region in (
        ((), "eu-south-2"),
        (("--region", "eu-west-1"), "eu-west-1"),
    ):
        assert 0 == run(*LIVE, *arguments).status
        assert f"/{region}/ecr/" in requests[-1].authorization
    monkeypatch.delenv("AWS_REGION")
    assert 0 == run(*LIVE).status
    assert "/eu-west-3/ecr/" in requests[-1].authorization
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = run(*LIVE)
    assert ["aws-not-configured"] == result.codes
    assert "--region" in result.err


CONFIG = """
[profile audit]
region = ca-west-1
aws_access_key_id = auditor
aws_secret_access_key = secret

[profile admin]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/Admin
source_profile = audit

[profile corp]
region = eu-west-1
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Audit

[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://example.awsapps.com/start
"""


def test_a_profile_is_that_of_the_aws_cli(
    run: Run,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    """Its Region and credentials; one of IAM Identity Center names its login."""
    requests = serve(SOUND)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", write("config", CONFIG))
    for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert 0 == run(*LIVE, "--profile", "audit").status
    assert "auditor/" in requests[-1].authorization
    assert "/ca-west-1/ecr/" in requests[-1].authorization
    assert 2 == run(*PUSH).status
    run(*PUSH, "--profile", "audit")
    assert "auditor/" in requests[-1].authorization

    result = run(*LIVE, "--profile", "corp")
    assert ["aws-credentials"] == result.codes
    assert "`aws sso login --profile corp`" in result.err
    denial = b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
    serve({"AssumeRole": (403, denial)})
    result = run(*LIVE, "--profile", "admin")
    assert ["access-denied"] == result.codes
    assert "allow sts:AssumeRole on the role" in result.err
    result = run(*LIVE, "--profile", "gone")
    assert ["aws-not-configured"] == result.codes
    assert "aws configure list-profiles" in result.err
    result = run(*LIVE, "--region", "eu-west-1")
    assert ["aws-credentials"] == result.codes
    assert "--profile" in result.err


@pytest.mark.parametrize(
    "error",
    [SSOTokenLoadError(error_msg="expired"), TokenRetrievalError(provider="sso", error_msg="x")],
    ids=["no token", "no new token"],
)
def test_a_login_that_has_ended_is_named(serve: Serve, error: Exception) -> None:
    """Without a profile too."""
    serve(SOUND)
    live = Connection()

    def expire(**_: Any) -> None:
        raise error

    live.client.meta.events.register("before-call.ecr", expire)
    with pytest.raises(LiveError) as caught:
        live.call("describe_images", subject="it", repositoryName="api")
    assert "`aws sso login`" in str(caught.value)


# --- manifests ----------------------------------------------------------------------------------

INDEX = detail(
    *("a", 9, "v1"),
    imagePushedAt=1_790_000_000.0,
    imageManifestMediaType="application/vnd.oci.image.index.v1+json",
)
OLD = detail("b", 30, imagePushedAt=1_780_000_000.0)
WITH_INDEX: Answers = {**SOUND, "DescribeImages": {"imageDetails": [INDEX, OLD]}}
PULLS = json.dumps(
    {
        "rules": [
            rule(
                *(1, "transition"),
                tagStatus="any",
                countType="sinceImagePulled",
                countUnit="days",
                countNumber=30,
            )
        ]
    }
)
MANIFEST = {
    "imageId": {"imageDigest": INDEX["imageDigest"]},
    "imageManifest": json.dumps({"manifests": [{"digest": OLD["imageDigest"]}]}),
}
FAILURE = {"imageId": MANIFEST["imageId"], "failureCode": "KmsError", "failureReason": "It says."}
DENIED = "AccessDeniedException"
DEPLOYED: Answers = {"GetLifecyclePolicy": {"lifecyclePolicyText": PULLS}}
# The options, what ECR answers, whether a manifest is asked for, and why none was read.
MANIFESTS: dict[str, tuple[list[str], Answers, bool, str]] = {
    "none is unread": ([], {"BatchGetImage": {"images": [MANIFEST]}}, True, ""),
    "not allowed": ([], {"BatchGetImage": DENIED}, True, "access denied (1)"),
    "a key that is lost": (
        [],
        {"BatchGetImage": {"images": [], "failures": [FAILURE]}},
        True,
        "KmsError (1)",
    ),
    "not wanted": (["--no-manifests"], {}, False, "as asked"),
    "a policy that counts pulls": (["--policy", "pulls.json"], {}, False, "counts pulls"),
    "one that it is compared with": (["--against", "pulls.json"], {}, False, "counts pulls"),
    "the deployed policy": (["--policy", "new.json"], DEPLOYED, False, "the deployed policy count"),
    "a deployed policy that is denied": (
        ["--policy", "new.json"],
        {"GetLifecyclePolicy": DENIED},
        False,
        "the deployed policy is unknown",
    ),
    "a deployed policy of a later version": (
        ["--policy", "new.json"],
        {"GetLifecyclePolicy": {"lifecyclePolicyText": '{"rules": [{"new": 1}]}'}},
        False,
        "the deployed policy is unknown",
    ),
    "no deployed policy": (
        ["--policy", "new.json"],
        {
            "GetLifecyclePolicy": "LifecyclePolicyNotFoundException",
            "BatchGetImage": {"images": [MANIFEST]},
        },
        True,
        "",
    ),
    "manifests from a file": (["--manifests", "manifests.json"], {}, False, ""),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_reading_manifests_changes_nothing(run: Run, serve: Serve, name: str) -> None:
    """Reading one may count as a pull; the result says which manifests are unread, and why."""
    options, answers, is_asked, reason = MANIFESTS[name]
    write("pulls.json", PULLS)
    write("new.json", POLICY["lifecyclePolicyText"])
    write("manifests.json", {"images": [MANIFEST]})
    requests = serve({**WITH_INDEX, **answers})
    result = run(*LIVE, *options, "--format", "json")

    assert (0, "") == (result.status, result.err)
    assert is_asked is ("BatchGetImage" in [request.operation for request in requests])
    unread = [
        item["message"] for item in result.json["assumptions"] if item["id"] == "manifestsUnread"
    ]
    assert ([reason] if reason else []) == [reason for message in unread if reason in message]


def test_another_failure_of_manifests_is_an_error(run: Run, serve: Serve) -> None:
    """Only the right to pull is optional."""
    serve({**WITH_INDEX, "BatchGetImage": "InvalidParameterException"})

    assert ["aws-rejected"] == run(*LIVE).codes


# --- several repositories -----------------------------------------------------------------------

NAMES = ["api", "shop/cart", "shop/web"]
REGISTRY: Answers = {
    **SOUND,
    "DescribeRepositories": {"repositories": [{"repositoryName": name} for name in NAMES]},
}
SELECTIONS = {
    "the whole registry": (["*"], NAMES),
    "a pattern": (["shop/*"], NAMES[1:]),
    "two names": (["shop/web", "api"], ["api", "shop/web"]),
    "a pattern and a name of it": (["shop/*", "shop/web"], NAMES[1:]),
}


def several(names: list[str]) -> list[str]:
    return ["lifecycle", "preview", *(word for name in names for word in ("--live", name))]


@pytest.mark.parametrize(("names", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_several_repositories_in_one_run(
    run: Run, serve: Serve, names: list[str], expected: list[str]
) -> None:
    """Each has a report of its own."""
    serve(REGISTRY)
    result = run(*several(names), "--format", "json")

    assert (0, "", []) == (result.status, result.err, result.json["errors"])
    assert expected == [item["repositoryName"] for item in result.json["repositories"]]
    assert {1} == {
        item["preview"]["summary"]["imageTotalCount"] for item in result.json["repositories"]
    }
    text = run(*several(names)).out
    assert all(f"Repository {name}" in text for name in expected)


def test_an_error_in_one_repository_hides_no_other(run: Run, serve: Serve) -> None:
    """The others are printed; the line on standard error names it, and the status is 2."""
    serve({**REGISTRY, "DescribeImages": [IMAGES, DENIED, IMAGES]})
    result = run(*several(["*"]), "--format", "json")

    assert (2, ["access-denied"]) == (result.status, result.codes)
    assert ["api", "shop/web"] == [item["repositoryName"] for item in result.json["repositories"]]
    [error] = result.json["errors"]
    assert ("shop/cart", "access-denied") == (error["repositoryName"], error["code"])
    assert "shop/cart: access denied" in result.err


def test_what_fails_for_all_is_asked_once(run: Run, serve: Serve) -> None:
    """Credentials that have expired, for example."""
    requests = serve({**REGISTRY, "GetLifecyclePolicy": "ExpiredTokenException"})
    result = run(*several(["*"]))

    assert (2, "", ["aws-credentials"]) == (result.status, result.out, result.codes)
    assert ["DescribeRepositories", "GetLifecyclePolicy"] == [
        request.operation for request in requests
    ]


def test_a_preview_of_one_repository_that_fails_hides_no_other(run: Run, serve: Serve) -> None:
    """Asking ECR for its own preview is one of the things that may fail."""
    serve({**REGISTRY, "GetLifecyclePolicyPreview": {"status": "IN_PROGRESS"}})
    result = run(*several(["shop/*"]), "--service-preview")

    assert (2, "", ["preview-in-progress"]) == (result.status, result.out, result.codes)


def test_a_pattern_that_matches_nothing(run: Run, serve: Serve) -> None:
    """It names the Region."""
    serve(REGISTRY)
    result = run(*several(["shop/*", "shp/*"]))

    assert (2, ["repository-unknown"]) == (result.status, result.codes)
    assert "eu-south-2" in result.err
