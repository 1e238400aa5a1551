"""``ecr-constructs lifecycle preview --live`` on images that a real client pushed."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from ecr_constructs.cli.main import main
from local_aws import images
from local_aws.process import LocalAws
from local_aws.registry import Registry

REGION = "eu-central-1"
KEEP_TWO = {
    "rulePriority": 1,
    "selection": {
        "tagStatus": "tagged",
        "tagPatternList": ["v*"],
        "countType": "imageCountMoreThan",
        "countNumber": 2,
    },
    "action": {"type": "expire"},
}
KEEP_THREE_OF_ALL = {
    "rulePriority": 5,
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3},
    "action": {"type": "transition", "targetStorageClass": "archive"},
}
POLICY = json.dumps({"rules": [KEEP_TWO, KEEP_THREE_OF_ALL]})


@pytest.fixture
def account(new_account: Callable[[], str]) -> str:
    return new_account()


@pytest.fixture
def ecr(local_aws: LocalAws, account: str) -> Any:
    """An ECR with a repository of six images, three of them versions, two of an index."""
    client = local_aws.client("ecr", account=account, region=REGION)
    client.create_repository(repositoryName="api")
    client.put_lifecycle_policy(repositoryName="api", lifecyclePolicyText=POLICY)
    registry: Registry = local_aws.registry(account, REGION)
    registry.push("api:latest", images.index("index"))
    for number in range(3):
        registry.push(f"api:v{number}", images.image(number))
    return client


class Result(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def preview(
    local_aws: LocalAws,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Result]:
    """Runs the command as a user of this account does, against this endpoint or another."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in local_aws.settings(account=account, region=REGION).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, endpoint: str | None = None) -> Result:
        if endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        try:
            status = main(["lifecycle", "preview", *arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        return Result(status, *capsys.readouterr())

    return run


def going(output: str) -> dict[str, tuple[str, int]]:
    """Return action and rule by tag, or by digest for untagged images."""
    return {
        (result["imageTags"] or [result["imageDigest"]])[0]: (
            result["action"]["type"],
            result["appliedRulePriority"],
        )
        for result in json.loads(output)["previewResults"]
    }


def test_a_live_repository_is_previewed_with_its_own_policy(ecr: Any, preview: Any) -> None:
    """Images, policy and indexes are read; the children of an index go with it."""
    assert ecr
    done = preview("--live", "api", "--format", "json")

    children = [child.digest for child in images.index("index").children]
    assert (done.status, done.err) == (0, "")
    assert going(done.out) == {
        "v0": ("EXPIRE", 1),
        "latest": ("TRANSITION", 5),
        **dict.fromkeys(children, ("TRANSITION", 5)),
    }


def test_the_service_agrees(ecr: Any, preview: Any) -> None:
    """ECR's own preview, evaluated apart from the model, says the same of every image."""
    v1 = {"imageDigest": images.image(1).digest}
    ecr.update_image_storage_class(repositoryName="api", imageId=v1, targetStorageClass="ARCHIVE")
    done = preview("--live", "api", "--service-preview", "--format", "json")

    assert (done.status, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["servicePreview"] == {"disagreements": []}
    assert document["summary"]["imageTotalCount"] == 6
    assert "v1" not in going(done.out)
    assert ecr.get_lifecycle_policy_preview(repositoryName="api")["status"] == "COMPLETE"


def test_nothing_is_started_unless_asked(ecr: Any, preview: Any) -> None:
    """Without --service-preview, ECR is only read."""
    assert preview("--live", "api").status == 0
    with pytest.raises(ecr.exceptions.LifecyclePolicyPreviewNotFoundException):
        ecr.get_lifecycle_policy_preview(repositoryName="api")


def test_a_new_policy_is_previewed_on_live_images(ecr: Any, preview: Any, tmp_path: Any) -> None:
    """A file's policy instead of the repository's, against what `aws ecr` printed of that."""
    (tmp_path / "new.json").write_text(json.dumps({"rules": [{**KEEP_TWO, "rulePriority": 3}]}))
    old = ecr.get_lifecycle_policy(repositoryName="api")
    (tmp_path / "old.json").write_text(
        json.dumps({"lifecyclePolicyText": old["lifecyclePolicyText"]})
    )
    files = ("--policy", str(tmp_path / "new.json"), "--against", str(tmp_path / "old.json"))
    done = preview("--live", "api", *files, "--format", "json")

    assert [
        (change["imageTags"], change["before"]["action"], change["after"]["action"])
        for change in json.loads(done.out)["changes"]
        if change["imageTags"]
    ] == [(["latest"], "TRANSITION", "KEEP")]


class Between(NamedTuple):
    """A proxy before ECR: what it answers instead, in turn, error codes or members."""

    url: str
    answers: list[Any]
    requests: list[str]


@pytest.fixture
def between(local_aws: LocalAws) -> Iterator[Between]:
    """Start the proxy, and stop it."""
    answers: list[Any] = []
    requests: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers["X-Amz-Target"].rpartition(".")[2]
            requests.append(target)
            status, answer = 200, b""
            if answers and answers[0][0] == target:
                _, instead = answers.pop(0)
                status = 400 if isinstance(instead, str) else 200
                members = {"__type": instead} if isinstance(instead, str) else instead
                answer = json.dumps(members).encode()
            else:
                headers = {name: value for name, value in self.headers.items() if name != "Host"}
                try:
                    reply = urlopen(Request(local_aws.endpoint_url, body, headers))  # noqa: S310
                except HTTPError as error:
                    status, reply = error.code, error
                with reply:
                    answer = reply.read()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Between(f"http://127.0.0.1:{server.server_port}", answers, requests)
    server.shutdown()
    thread.join()
    server.server_close()


def test_throttling_is_waited_out(ecr: Any, preview: Any, between: Between) -> None:
    """Two rejections for the rate, then the answer."""
    assert ecr
    between.answers.extend([("DescribeImages", "ThrottlingException")] * 2)
    done = preview("--live", "api", "--format", "json", endpoint=between.url)

    assert (done.status, done.err, between.answers) == (0, "", [])
    assert going(done.out)["v0"] == ("EXPIRE", 1)


GET, START = "GetLifecyclePolicyPreview", "StartLifecyclePolicyPreview"
API, SERVICE = ["--live", "api"], ["--live", "api", "--service-preview"]
# The arguments, what is answered instead of ECR's answers, and what the error names.
ERRORS: dict[str, tuple[list[str], list[Any], str]] = {
    "no repository": (["--live", "no"], [], "RepositoryNotFoundException"),
    "images from two sources": ([*API, "--images", "x"], [], "--images"),
    **{
        f"no {action}": (
            API,
            [(action, "AccessDeniedException")],
            f"ecr:{action} on the repository api",
        )
        for action in ("GetLifecyclePolicy", "DescribeImages", "BatchGetImage")
    },
    "another preview runs": (SERVICE, [(GET, {"status": "IN_PROGRESS"})], "api"),
    "another preview starts at the same time": (
        SERVICE,
        [(GET, {"status": "COMPLETE"}), (START, "LifecyclePolicyPreviewInProgressException")],
        "api",
    ),
}


@pytest.mark.parametrize(("arguments", "instead", "named"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_one_line(
    ecr: Any,
    preview: Any,
    between: Between,
    *,
    arguments: list[str],
    instead: list[Any],
    named: str,
) -> None:
    """Exit status 2, no traceback, and the preview that somebody else started is left alone."""
    other = json.dumps({"rules": [{**KEEP_THREE_OF_ALL, "rulePriority": 9}]})
    ecr.start_lifecycle_policy_preview(repositoryName="api", lifecyclePolicyText=other)
    between.answers.extend(instead)
    done = preview(*arguments, endpoint=between.url)

    assert (done.status, done.out, done.err.count("\n"), between.answers) == (2, "", 1, [])
    assert named in done.err
    assert ecr.get_lifecycle_policy_preview(repositoryName="api")["lifecyclePolicyText"] == other


def test_pages_are_read_to_the_end(
    ecr: Any, preview: Any, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more images than a page holds, another page is asked for."""
    assert ecr
    monkeypatch.setattr("ecr_constructs.live.ecr._PAGE", 4)
    done = preview("--live", "api", "--format", "json", endpoint=between.url)

    summary = json.loads(done.out)["summary"]
    assert (summary["imageTotalCount"], summary["expiringImageTotalCount"]) == (6, 1)
    assert between.requests.count("DescribeImages") == 2
