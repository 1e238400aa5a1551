"""``ecr-constructs lifecycle preview --live`` on images that a real client pushed."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from local_aws import images
from local_aws.process import LocalAws
from tests.cli.conftest import Result, Run
from tests.support.embedded_aws import Place
from tests.support.rule_examples.build import rule

KEEP_TWO = rule(1, tagStatus="tagged", tagPatternList=["v*"], images=2)
KEEP_THREE_OF_ALL = rule(5, "transition", tagStatus="any", images=3)
POLICY = json.dumps({"rules": [KEEP_TWO, KEEP_THREE_OF_ALL]})


@pytest.fixture
def ecr(place: Place) -> Any:
    """An ECR with a repository of six images, three of them versions, two of an index."""
    place.ecr.create_repository(repositoryName="api")
    place.ecr.put_lifecycle_policy(repositoryName="api", lifecyclePolicyText=POLICY)
    registry = place.registry()
    registry.push("api:latest", images.index("index"))
    for number in range(3):
        registry.push(f"api:v{number}", images.image(number))
    return place.ecr


@pytest.fixture
def preview(place: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command as a user of this account does, against this endpoint or another."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = place.aws.settings(account=place.account, region=place.region)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def preview(*arguments: str, endpoint: str = "") -> Result:
        if endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        return run("lifecycle", "preview", *arguments)

    return preview


def going(document: Any) -> dict[str, tuple[str, int]]:
    """Return action and rule by tag, or by digest for untagged images."""
    return {
        result.get("imageTags", [result["imageDigest"]])[0]: (
            result["action"]["type"],
            result["appliedRulePriority"],
        )
        for result in document["previewResults"]
    }


def test_a_live_repository_is_previewed_with_its_own_policy(ecr: Any, preview: Run) -> None:
    """Images, policy and indexes are read; the children of an index follow it."""
    assert ecr
    done = preview("--live", "api", "--format", "json")

    children = [child.digest for child in images.index("index").children]
    assert (done.status, done.err) == (0, "")
    assert going(done.json) == {
        "v0": ("EXPIRE", 1),
        "latest": ("TRANSITION", 5),
    }
    assert children == [item["imageDigest"] for item in done.json["followUps"]]
    assert done.json["repositoryName"] == "api"


def test_the_exact_answer_is_that_of_the_service(ecr: Any, preview: Run) -> None:
    """``--format ecr`` prints what the preview of the embedded AWS answers, image by image.

    Neither lists the children of the index, which are archived after it.
    """
    compared = preview("--live", "api", "--service-preview", "--format", "json").json
    children = {child.digest for child in images.index("index").children}
    follow = {
        item["imageDigest"]: item["listed"] for item in compared["servicePreview"]["followUps"]
    }
    assert compared["servicePreview"]["disagreements"] == []
    assert follow == dict.fromkeys(children, False)
    service = ecr.get_lifecycle_policy_preview(repositoryName="api")
    done = preview("--live", "api", "--format", "ecr")

    own = done.json
    for document in (own, service):
        results = document["previewResults"]
        results.sort(key=lambda result: result["imageDigest"])
        for result in results:
            result.pop("imagePushedAt")
    service.pop("ResponseMetadata")
    assert json.loads(service.pop("lifecyclePolicyText")) == json.loads(
        own.pop("lifecyclePolicyText")
    )
    assert service == own


def test_the_service_agrees(ecr: Any, preview: Run) -> None:
    """ECR's own preview, evaluated apart from the model, says the same of every image."""
    v1 = {"imageDigest": images.image(1).digest}
    ecr.update_image_storage_class(repositoryName="api", imageId=v1, targetStorageClass="ARCHIVE")
    done = preview("--live", "api", "--service-preview", "--format", "json")

    assert (done.status, done.err) == (0, "")
    assert done.json["servicePreview"] == {"disagreements": [], "followUps": []}
    assert done.json["summary"]["imageTotalCount"] == 6
    assert "v1" not in going(done.json)
    assert ecr.get_lifecycle_policy_preview(repositoryName="api")["status"] == "COMPLETE"


def test_nothing_is_started_unless_asked(ecr: Any, preview: Run) -> None:
    """Without --service-preview, ECR is only read."""
    assert preview("--live", "api").status == 0
    with pytest.raises(ecr.exceptions.LifecyclePolicyPreviewNotFoundException):
        ecr.get_lifecycle_policy_preview(repositoryName="api")


def test_a_new_policy_is_previewed_on_live_images(ecr: Any, preview: Run, tmp_path: Any) -> None:
    """A file's policy instead of the repository's, against what `aws ecr` printed of that."""
    (tmp_path / "new.json").write_text(json.dumps({"rules": [{**KEEP_TWO, "rulePriority": 3}]}))
    old = ecr.get_lifecycle_policy(repositoryName="api")["lifecyclePolicyText"]
    (tmp_path / "old.json").write_text(json.dumps({"lifecyclePolicyText": old}))
    files = ("--policy", str(tmp_path / "new.json"), "--against", str(tmp_path / "old.json"))
    done = preview("--live", "api", *files, "--format", "json")

    assert [
        (change["imageTags"], change["before"]["action"], change["after"]["action"])
        for change in done.json["changes"]
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
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Between(f"http://127.0.0.1:{server.server_port}", answers, requests)
    server.shutdown()
    thread.join()
    server.server_close()


def test_throttling_is_waited_out(ecr: Any, preview: Run, between: Between) -> None:
    """Two rejections for the rate, then the answer."""
    assert ecr
    between.answers.extend([("DescribeImages", "ThrottlingException")] * 2)
    done = preview("--live", "api", "--format", "json", endpoint=between.url)

    assert (done.status, done.err, between.answers) == (0, "", [])
    assert going(done.json)["v0"] == ("EXPIRE", 1)


DENIED, RUNS = "AccessDeniedException", "LifecyclePolicyPreviewInProgressException"
GET, START = "GetLifecyclePolicyPreview", "StartLifecyclePolicyPreview"
API, SERVICE = ["--live", "api"], ["--live", "api", "--service-preview"]
# The arguments, what is answered instead of ECR's answers, and what the error names.
ERRORS: dict[str, tuple[list[str], list[Any], str]] = {
    "no repository": (["--live", "no"], [], "RepositoryNotFoundException"),
    "images from two sources": ([*API, "--images", "x"], [], "--images"),
    **{
        f"no {action}": (API, [(action, DENIED)], f"ecr:{action} on the repository api")
        for action in ("GetLifecyclePolicy", "DescribeImages")
    },
    "another preview runs": (SERVICE, [(GET, {"status": "IN_PROGRESS"})], "api"),
    "another preview starts at the same time": (
        *(SERVICE, [(GET, {"status": "COMPLETE"}), (START, RUNS)], "api"),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_one_line(ecr: Any, preview: Run, between: Between, name: str) -> None:
    """Exit status 2, no traceback, and the preview that somebody else started is left alone."""
    arguments, instead, subject = ERRORS[name]
    other = json.dumps({"rules": [{**KEEP_THREE_OF_ALL, "rulePriority": 9}]})
    ecr.start_lifecycle_policy_preview(repositoryName="api", lifecyclePolicyText=other)
    between.answers.extend(instead)
    done = preview(*arguments, endpoint=between.url)

    assert (done.status, done.out, done.err.count("\n"), between.answers) == (2, "", 1, [])
    assert subject in done.err
    assert ecr.get_lifecycle_policy_preview(repositoryName="api")["lifecyclePolicyText"] == other


ARCHIVE_UNPULLED = rule(*(1, "transition"), tagStatus="any", countType="sinceImagePulled", days=90)
# Rules that are deployed, the arguments, and whether manifests are asked for.
READINGS: dict[str, tuple[Any, list[str], bool]] = {
    "the deployed policy counts pulls": (ARCHIVE_UNPULLED, [], False),
    "no manifests": (KEEP_TWO, ["--no-manifests"], False),
    "nothing counts pulls": (KEEP_TWO, [], True),
}


@pytest.fixture
def new_policy(tmp_path: Any) -> str:
    """A file of a policy that does not count pulls."""
    file = tmp_path / "new.json"
    file.write_text(json.dumps({"rules": [KEEP_TWO]}))
    return str(file)


@pytest.mark.parametrize("name", READINGS)
def test_reading_does_not_renew_the_time_of_a_pull(
    ecr: Any, preview: Run, between: Between, new_policy: str, name: str
) -> None:
    """ECR may take a manifest that is read for a pull, which the deployed policy counts."""
    deployed, arguments, is_asked = READINGS[name]
    ecr.put_lifecycle_policy(
        repositoryName="api", lifecyclePolicyText=json.dumps({"rules": [deployed]})
    )
    done = preview(*API, "--policy", new_policy, *arguments, endpoint=between.url)

    assert (done.status, done.err) == (0, "")
    assert ("BatchGetImage" in between.requests) is is_asked


def test_the_right_to_pull_is_not_needed(ecr: Any, preview: Run, between: Between) -> None:
    """The result says that manifests are unread, and why."""
    assert ecr
    between.answers.append(("BatchGetImage", DENIED))
    done = preview(*API, "--format", "json", endpoint=between.url)

    assert (done.status, done.err, between.answers) == (0, "", [])
    [message] = [
        item["message"] for item in done.json["assumptions"] if item["id"] == "manifestsUnread"
    ]
    assert "access denied" in message


def test_a_whole_registry_in_one_run(ecr: Any, place: Place, preview: Run) -> None:
    """Each repository with its own policy; those of another Region are not in it."""
    ecr.create_repository(repositoryName="shop/web")
    place.at("eu-west-1").ecr.create_repository(repositoryName="elsewhere")
    account = place.account.rjust(12, "0")
    done = preview("--live", "*", "--account", account, "--format", "json")

    assert (done.status, done.err) == (0, "")
    assert {"api": 1, "shop/web": 0} == {
        item["repositoryName"]: item["preview"]["summary"]["expiringImageTotalCount"]
        for item in done.json["repositories"]
    }
    done = preview("--live", "elsewhere", "--region", "eu-west-1")
    assert (done.status, done.err) == (0, "")
    done = preview("--live", "elsewhere")
    assert (done.status, "eu-central-1" in done.err) == (2, True)


def test_pages_are_read_to_the_end(
    ecr: Any, preview: Run, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more images than a page holds, another page is asked for."""
    assert ecr
    monkeypatch.setattr("ecr_constructs.live.ecr._PAGE", 4)
    done = preview("--live", "api", "--format", "json", endpoint=between.url)

    summary = done.json["summary"]
    assert (summary["imageTotalCount"], summary["expiringImageTotalCount"]) == (6, 1)
    assert between.requests.count("DescribeImages") == 2
