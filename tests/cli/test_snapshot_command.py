"""``snapshot`` at a loopback endpoint: what is read, refused, throttled, interrupted, continued."""

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.live import LiveError, session
from ecr_constructs.live.collect import (
    Collector,
    Summary,
    Target,
    snapshot_of,
    write_snapshot,
    write_snapshots,
)
from ecr_constructs.live.collect.caller import Caller
from ecr_constructs.live.collect.engine import run as run_plan
from ecr_constructs.model.snapshot_sources import SOURCES as SOURCE_TABLE
from ecr_constructs.model.snapshot_sources.operation import Operation, Source
from ecr_constructs.snapshot.document import Snapshot, request_key
from ecr_constructs.snapshot.files import read_snapshot
from ecr_constructs.snapshot.plan import Plan
from ecr_constructs.snapshot.result import Failure
from tests.cli.conftest import Result, Run
from tests.support.fake_account import CLOSE, HTML, FakeAccount, Request, pages

NAMES = ("api", "web", "worker")
INDEX = "application/vnd.oci.image.index.v1+json"
ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/"
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:f:1"
FILE = "snapshots/111122223333-eu-central-1.jsonl.gz"


def images(request: Request) -> Any:
    """Answer DescribeImages: three images in two pages, one of them an index."""
    name = request.parameters["repositoryName"]
    details = [
        {
            "imageDigest": f"sha256:{name}{number}",
            "imageTags": [f"v{number}"],
            "imagePushedAt": 1_790_000_000.5 + number,
            "imageStatus": "ACTIVE",
            "imageManifestMediaType": INDEX if number == 0 else "application/json",
        }
        for number in range(3)
    ]
    return pages("imageDetails", details)(request)


REPOSITORIES = [
    {"repositoryName": name, "repositoryArn": f"{ARN}{name}", "createdAt": 1_790_000_000}
    for name in NAMES
]
REGISTRY: Mapping[str, Any] = {
    "ecr:DescribeRegistry": {"replicationConfiguration": {"rules": []}},
    "ecr:GetRegistryPolicy": "RegistryPolicyNotFoundException",
    "ecr:GetRegistryScanningConfiguration": {"scanningConfiguration": {"scanType": "BASIC"}},
    "ecr:GetSigningConfiguration": "SigningConfigurationNotFoundException",
    "ecr:GetAccountSetting": lambda request: {"name": request.parameters["name"], "value": "V2"},
    "ecr:DescribePullThroughCacheRules": pages(
        "pullThroughCacheRules", [{"ecrRepositoryPrefix": "hub"}]
    ),
    "ecr:ValidatePullThroughCacheRule": {"isValid": True},
    "ecr:DescribeRepositoryCreationTemplates": pages("repositoryCreationTemplates", []),
    "ecr:ListPullTimeUpdateExclusions": pages("pullTimeUpdateExclusions", ["a", "b", "c"]),
    "ecr:DescribeRepositories": pages("repositories", REPOSITORIES),
    "ecr:GetRepositoryPolicy": "RepositoryPolicyNotFoundException",
    "ecr:GetLifecyclePolicy": {"lifecyclePolicyText": "{}", "lastEvaluatedAt": 1_790_000_000},
    "ecr:ListTagsForResource": {"tags": []},
    "ecr:BatchGetRepositoryScanningConfiguration": {"scanningConfigurations": []},
    "ecr:DescribeImages": images,
    "ecr:BatchGetImage": {"images": []},
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAccount]:
    """Give an account with a registry at a loopback endpoint; nobody waits."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with FakeAccount() as fake:
        fake.data.update(REGISTRY)
        settings = {
            "AWS_ENDPOINT_URL": fake.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(time, "sleep", lambda _: None)
        yield fake


def answers(snapshot: Snapshot) -> dict[Any, Any]:
    """Return what is known about each call."""
    return {
        key: (answer.state, [*answer.pages], answer.error) for key, answer in snapshot.calls.items()
    }


def codes(result: Result) -> list[str]:
    """Return the codes of the error, which follows notes."""
    return result._replace(err=result.err.splitlines()[-1]).codes


def read(file: str = FILE) -> Snapshot:
    """Return the snapshot of a file."""
    return read_snapshot(Path(file))


def test_a_registry(run: Run, account: FakeAccount) -> None:
    """Its settings, repositories and images are in one file, with times as text."""
    result = run("snapshot")
    snapshot = read()

    assert 0 == result.status, result.err
    assert ("111122223333", "eu-central-1") == snapshot.registry
    assert ["registry", "repositories", "images"] == [*snapshot.header.sources]
    assert "arn:aws:iam::111122223333:user/tests" == snapshot.header.caller
    assert snapshot.finished
    assert [] == [*snapshot.unanswered]
    assert "ecs" in [item.source for item in snapshot.header.not_asked]
    repositories = snapshot.answer("DescribeRepositories")
    assert [*NAMES] == [item["repositoryName"] for item in repositories.items("repositories")]
    assert "2026-09-21T14:13:20Z" == repositories.items("repositories")[0]["createdAt"]
    for name in NAMES:
        request = {"repositoryName": name, "filter": {"imageStatus": "ANY"}}
        details = snapshot.answer("DescribeImages", request).items("imageDetails")
        assert [f"sha256:{name}{number}" for number in range(3)] == [
            image["imageDigest"] for image in details
        ]
        assert "2026-09-21T14:13:20.500000Z" == details[0]["imagePushedAt"]
        for operation in ("GetRepositoryPolicy", "GetLifecyclePolicy"):
            assert snapshot.answer(operation, {"repositoryName": name}).is_known
        assert snapshot.answer("ListTagsForResource", {"resourceArn": f"{ARN}{name}"}).is_known
    names = {"repositoryNames": [*NAMES]}
    assert snapshot.answer("BatchGetRepositoryScanningConfiguration", names).is_known
    assert "absent" == snapshot.answer("GetRegistryPolicy").state
    prefix = {"ecrRepositoryPrefix": "hub"}
    assert snapshot.answer("ValidatePullThroughCacheRule", prefix).value("isValid")
    exclusions = snapshot.answer("ListPullTimeUpdateExclusions")
    assert ["a", "b", "c"] == exclusions.items("pullTimeUpdateExclusions")
    sizes = {
        request.parameters["maxResults"]
        for request in account.requests
        if request.operation == "ecr:DescribeImages"
    }
    assert {1000} == sizes
    assert "ecr:BatchGetImage" not in account.operations()


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".jsonl.gz"])
def test_formats_hold_the_same(run: Run, account: FakeAccount, suffix: str) -> None:
    """The suffix selects the format, and nothing is left over."""
    run("snapshot")
    result = run("snapshot", "--output", f"out/s{suffix}", "--format", "json")

    assert answers(read()) == answers(read(f"out/s{suffix}"))
    assert [f"out/s{suffix}"] == [str(path) for path in Path("out").iterdir()]
    [entry] = result.json["snapshots"]
    assert (f"out/s{suffix}", 0) == (entry["file"], entry["callsKept"])
    assert entry["calls"] == len(read().calls)
    assert ([], []) == (result.json["failures"], result.json["notKnown"])
    del account


def interrupted(account: FakeAccount, number: int, answer: Any) -> None:
    """Let a request and all after it have this answer."""
    account.requests.clear()
    account.fault = lambda now, _: answer if now >= number else None


PART = Path(FILE.replace(".jsonl.gz", ".jsonl.part"))


SOURCES = ("repositories", "images")


def collect(caller: Caller) -> Summary:
    """Write the file with a client that is there already: to create one is slow."""
    return write_snapshot(Collector(SOURCES, concurrency=1), caller, lambda _: Path(FILE))


def call_of(request: Request) -> tuple[str, str]:
    """Return the operation, and the parameters that a snapshot has."""
    pages = ("maxResults", "nextToken")
    parameters = {key: value for key, value in request.parameters.items() if key not in pages}
    return request.operation, request_key(parameters)


@pytest.mark.parametrize(
    ("answer", "code"),
    [("ExpiredTokenException", "aws-credentials"), (CLOSE, "aws-unreachable")],
    ids=["token", "network"],
)
def test_a_run_that_ends_at_any_call(
    account: FakeAccount,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answer: str,
    code: str,
) -> None:
    """The next run continues it with the same result, and asks no call twice."""
    monkeypatch.chdir(tmp_path)
    caller = Collector().caller()
    collect(caller)
    expected, total = answers(read()), len(account.requests)
    Path(FILE).unlink()
    for number in range(1, total + 1, 2 if answer != CLOSE else 6):
        interrupted(account, number, answer)
        with pytest.raises(LiveError) as caught:
            collect(caller)
        assert [code] == [problem.code for problem in caught.value.diagnostics]
        assert (number > 1) == PART.exists() == ("again" in str(caught.value))
        records = read_snapshot(PART).records if PART.exists() else []
        done = {
            (f"ecr:{record.operation}", request_key(record.request))
            for record in records
            if record.is_end
        }
        account.fault = lambda _, __: None
        account.requests.clear()
        summary = collect(caller)
        assert expected == answers(read())
        assert len(done) == summary.kept
        assert [FILE] == [str(path) for path in Path("snapshots").iterdir()]
        assert not done & {*map(call_of, account.requests)}
        Path(FILE).unlink()


def test_a_file_that_ends_anywhere(
    account: FakeAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As after a kill: a last line that was cut off is dropped."""
    monkeypatch.chdir(tmp_path)
    caller = Collector().caller()
    collect(caller)
    expected, total = answers(read()), len(account.requests)
    Path(FILE).unlink()
    interrupted(account, total, "ExpiredTokenException")
    with pytest.raises(LiveError):
        collect(caller)
    content = PART.read_bytes()
    account.fault = lambda _, __: None
    header = content.index(b"\n") + 1
    for end in range(header, len(content), max(1, (len(content) - header) // 8)):
        PART.write_bytes(content[:end])
        collect(caller)
        assert expected == answers(read())
        Path(FILE).unlink()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hello\n", "snapshot-unreadable"),
        ("{}\n", "snapshot-format"),
        ('{"format": "ecr-constructs-snapshot", "version": 9}\n', "snapshot-version"),
    ],
)
def test_a_part_that_is_none(run: Run, account: FakeAccount, text: str, code: str) -> None:
    """Is an error with the option that begins anew; an empty one is none."""
    part = Path("s.jsonl.part")
    part.write_text(text, encoding="utf-8")
    result = run("snapshot", "--output", "s.jsonl")

    assert (2, [code], True) == (result.status, codes(result), "--restart" in result.err)
    assert text == part.read_text(encoding="utf-8")
    part.write_bytes(b"")
    assert 0 == run("snapshot", "--output", "s.jsonl").status
    del account


def test_without_a_region(run: Run, account: FakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is an error that says how to give one."""
    monkeypatch.delenv("AWS_REGION")

    assert ["aws-not-configured"] == run("snapshot").codes
    assert [] == account.requests


def test_two_runs_at_the_same_time(
    account: FakeAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each finishes with all that it has read, whatever the other does to the part."""
    monkeypatch.chdir(tmp_path)
    caller = Collector().caller()
    collect(caller)
    expected = answers(read())
    second: list[Summary] = []

    def fault(_: int, request: Request) -> None:
        if request.operation == "ecr:DescribeImages" and not second:
            account.fault = lambda _, __: None
            second.append(collect(caller))
            assert expected == answers(read())

    account.fault = fault
    collect(caller)

    assert second
    assert expected == answers(read())
    assert [FILE] == [str(path) for path in Path("snapshots").iterdir()]


def test_restart(run: Run, account: FakeAccount) -> None:
    """It asks everything again."""
    interrupted(account, 9, "ExpiredTokenException")
    run("snapshot")
    account.fault = lambda _, __: None
    account.requests.clear()
    result = run("snapshot", "--restart", "--format", "json", "--concurrency", "8")

    assert 0 == result.json["snapshots"][0]["callsKept"]
    assert "ecr:DescribeRegistry" in account.operations()


def test_another_snapshot_is_not_continued(run: Run, account: FakeAccount) -> None:
    """It is an error that says what it is of."""
    interrupted(account, 9, "ExpiredTokenException")
    run("snapshot")
    account.fault = lambda _, __: None
    result = run("snapshot", "--sources", "registry")

    assert (2, ["snapshot-part-other"]) == (result.status, codes(result))
    assert 0 == run("snapshot", "--sources", "registry", "--restart").status


def test_a_part_older_than_its_file_is_left_over(run: Run, account: FakeAccount) -> None:
    """A run that ended between the two steps of finishing has finished."""
    interrupted(account, 9, "ExpiredTokenException")
    run("snapshot")
    account.fault = lambda _, __: None
    Path(FILE).write_bytes(b"")
    os.utime(Path(FILE), ns=(2**62, 2**62))
    result = run("snapshot", "--format", "json")

    assert 0 == result.json["snapshots"][0]["callsKept"]


def test_what_is_refused_is_asked_again(run: Run, account: FakeAccount) -> None:
    """When a run is continued, the permission may be there."""
    denied = "ecr:GetLifecyclePolicy"
    total = 0

    def fault(number: int, request: Request) -> Any:
        if request.operation == denied:
            return "AccessDeniedException"
        return "ExpiredTokenException" if total and number >= total else None

    account.fault = fault
    assert 1 == run("snapshot").status
    total = len(account.requests)
    Path(FILE).unlink()
    account.requests.clear()
    assert 2 == run("snapshot").status
    account.fault = lambda _, __: None
    assert 0 == run("snapshot").status
    assert read().answer("GetLifecyclePolicy", {"repositoryName": "api"}).is_known


def test_a_refused_call_is_no_end(run: Run, account: FakeAccount) -> None:
    """It is in the file and in the summary, and the exit status says so."""
    account.fault = lambda _, request: (
        "AccessDeniedException" if request.operation == "ecr:GetLifecyclePolicy" else None
    )
    result = run("snapshot", "--format", "json")
    [refused] = result.json["snapshots"][0]["refused"]

    assert 1 == result.status
    assert ("ecr:GetLifecyclePolicy", "AccessDeniedException", 3) == tuple(refused.values())
    [entry] = result.json["notKnown"]
    assert ("ecr", "GetLifecyclePolicy") == (entry["source"], entry["operation"])
    answer = read().answer("GetLifecyclePolicy", {"repositoryName": "api"})
    assert ("refused", "refused: AccessDeniedException") == (answer.state, answer.reason)
    assert "GetLifecyclePolicy" in run("snapshot").out
    assert "GetLifecyclePolicy" in run("snapshot", "--format", "markdown").out


def test_a_page_that_is_refused(run: Run, account: FakeAccount) -> None:
    """Leaves an answer in part, whose repositories are read."""
    account.fault = lambda _, request: (
        "AccessDeniedException" if request.parameters.get("nextToken") == "2" else None
    )
    assert 1 == run("snapshot").status
    snapshot = read()

    assert "partial" == snapshot.answer("DescribeRepositories").state
    assert snapshot.answer("GetLifecyclePolicy", {"repositoryName": "web"}).is_known
    assert "not-asked" == snapshot.answer("GetLifecyclePolicy", {"repositoryName": "worker"}).state


def test_pages_that_do_not_end(run: Run, account: FakeAccount) -> None:
    """Are an answer in part."""
    account.data["ecr:DescribeRepositories"] = {"repositories": [], "nextToken": "again"}
    result = run("snapshot", "--format", "json")

    assert "partial: PagesRepeat" == read().answer("DescribeRepositories").reason
    assert "PagesRepeat" in [item["reason"] for item in result.json["notKnown"]]


def test_throttling_is_survived(run: Run, account: FakeAccount) -> None:
    """Every call is throttled several times."""
    seen: dict[Any, int] = {}

    def fault(_: int, request: Request) -> Any:
        key = (request.operation, json.dumps(request.parameters))
        seen[key] = seen.get(key, 0) + 1
        return "ThrottlingException" if seen[key] < 7 else None

    run("snapshot", "--output", "whole")
    account.fault = fault
    result = run("snapshot")

    assert 0 == result.status
    assert "trying" in result.err
    assert answers(read(f"whole/{Path(FILE).name}")) == answers(read())


def test_throttling_without_end(run: Run, account: FakeAccount) -> None:
    """Of one operation: it is refused, the others are not."""
    account.fault = lambda _, request: (
        "ThrottlingException" if request.operation == "ecr:DescribeRegistry" else None
    )
    assert 1 == run("snapshot").status
    assert "refused: ThrottlingException" == read().answer("DescribeRegistry").reason
    assert 1 == len([*read().unanswered])


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        b"",
        b"[1]",
        b'{"repositories": [NaN]}',
        b"7",
        {},
        {"repositories": 7},
        CLOSE,
        (403, HTML),
    ],
)
def test_what_is_not_ecr(run: Run, account: FakeAccount, answer: Any) -> None:
    """Ends the run: an answer that is not ECR's must not read as an empty registry."""
    account.data["ecr:DescribeRepositories"] = answer
    result = run("snapshot")
    code = "aws-unreachable" if answer == CLOSE else "aws-answer-unreadable"
    code = "aws-rejected" if isinstance(answer, tuple) else code

    assert (2, [code]) == (result.status, codes(result))
    assert not Path(FILE).exists()


@pytest.mark.parametrize(
    "answer",
    [HTML, CLOSE, b"{}", b"[]", (400, b"no such page")],
    ids=["page", "silence", "nothing", "list", "status"],
)
def test_a_service_that_is_not_there(run: Run, account: FakeAccount, answer: Any) -> None:
    """App Runner, say, is not in every Region: what is not known is said, and the rest is read."""
    account.data["apprunner:ListServices"] = answer
    assert 1 == run("snapshot", "--sources", "apprunner,registry").status
    assert "refused: NoAnswer" == read().answer("ListServices", service="apprunner").reason
    assert read().answer("DescribeRegistry").is_known


def test_an_operation_that_botocore_does_not_know(
    run: Run, account: FakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is recorded, as is a service; a later boto3 asks it."""
    original = session.xform_name
    monkeypatch.setattr(
        session, "xform_name", lambda name: "none" if "Signing" in name else original(name)
    )
    monkeypatch.setitem(SOURCE_TABLE, "batch", Source("batch", "", (Operation("batches", "List"),)))
    assert 1 == run("snapshot", "--sources", "registry,batch").status
    answer = read().answer("GetSigningConfiguration")
    assert "refused: UnknownOperation" == answer.reason
    assert answer.error is not None
    assert "botocore" in answer.error.message
    assert "refused: UnknownOperation" == read().answer("List", service="batches").reason
    assert read().answer("DescribeRegistry").is_known
    del account


def test_an_old_botocore(run: Run, account: FakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does not know a service or an operation: that is not known, and no crash."""
    monkeypatch.setattr(session, "xform_name", lambda _: "unknown")
    result = run("snapshot", "--sources", "registry")

    assert (2, ["aws-operation-unknown"]) == (result.status, codes(result))
    del account


def test_nobody_knows_who_asks(run: Run, account: FakeAccount) -> None:
    """Is an error before anything is written."""
    for answer, code in (
        ({"UserId": "U"}, "aws-answer-unreadable"),
        ("ExpiredToken", "aws-credentials"),
        (CLOSE, "aws-unreachable"),
    ):
        account.data["sts:GetCallerIdentity"] = answer
        result = run("snapshot")
        assert (2, [code]) == (result.status, codes(result))
        assert not Path("snapshots").exists()


def test_manifests_only_if_asked(run: Run, account: FakeAccount) -> None:
    """They are those of indexes, and it is said that each counts as a pull."""
    result = run("snapshot", "--manifests")
    request = {"repositoryName": "api", "imageIds": [{"imageDigest": "sha256:api0"}]}

    assert read().answer("BatchGetImage", request).is_known
    assert "counts as a pull" in result.err
    assert 3 == account.operations().count("ecr:BatchGetImage")


def test_half_a_character(run: Run, account: FakeAccount) -> None:
    """JSON can hold it and UTF-8 cannot: it becomes a question mark, and the file can be read."""
    account.data["ecr:GetRegistryPolicy"] = b'{"policyText": "\\ud800\xc3\xa9"}'
    account.fault = lambda number, _: "ExpiredTokenException" if number > 20 else None
    assert 2 == run("snapshot", "--concurrency", "1").status
    account.fault = lambda _, __: None
    assert 0 == run("snapshot").status
    assert "?é" == read().answer("GetRegistryPolicy").value("policyText")


def test_in_memory(account: FakeAccount) -> None:
    """For --live of other commands: the same, without a file."""
    snapshot = snapshot_of(sources=["registry"])

    assert snapshot.answer("DescribeRegistry").is_known
    assert snapshot.finished
    assert [] == [*snapshot.unanswered]
    del account


def test_other_accounts_need_a_role(account: FakeAccount) -> None:
    """The library says so, too."""
    [failure] = write_snapshots(
        Collector(["registry"]), [Target("222233334444", None)], lambda _: Path("none.jsonl")
    )

    assert isinstance(failure, Failure)
    assert "role-missing" == failure.error.diagnostics[0].code
    del account


def test_credentials_that_are_not_there(
    run: Run, account: FakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are an error of the account's role, and of the caller."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert ["aws-credentials"] == run("snapshot").codes
    with pytest.raises(LiveError) as caught:
        session.role_credentials(session.AwsSession(), "arn", session_name="tests")
    assert "aws-credentials" == caught.value.diagnostics[0].code
    del account


def test_a_run_that_is_told_to_end(account: FakeAccount) -> None:
    """After Ctrl-C the other accounts end, too."""
    stop = threading.Event()
    stop.set()
    plan = Plan([SOURCE_TABLE["registry"]])
    with pytest.raises(LiveError) as caught:
        run_plan(plan, plan.first(), lambda _: iter(()), print, concurrency=1, stop=stop)

    assert "snapshot-interrupted" == caught.value.diagnostics[0].code
    assert [] == account.requests


CLUSTER, SERVICE, TASK = "arn:cluster", "arn:service", "arn:task"
WORKLOADS: Mapping[str, Any] = {
    "ecs:ListClusters": {"clusterArns": [CLUSTER]},
    "ecs:ListTasks": {"taskArns": [TASK]},
    "ecs:DescribeTasks": {
        "tasks": [
            {
                "taskArn": TASK,
                "createdAt": 1_790_000_000,
                "overrides": {
                    "containerOverrides": [{"name": "a", "environment": [{"name": "X"}]}]
                },
            }
        ]
    },
    "ecs:ListServices": {"serviceArns": [SERVICE]},
    "ecs:DescribeServices": {"services": []},
    "ecs:ListServiceDeployments": {
        "serviceDeployments": [{"targetServiceRevisionArn": "arn:revision"}]
    },
    "ecs:DescribeServiceRevisions": {"serviceRevisions": []},
    "ecs:ListTaskDefinitions": {"taskDefinitionArns": ["arn:definition"]},
    "ecs:DescribeTaskDefinition": {
        "taskDefinition": {"containerDefinitions": [{"image": "i", "environment": [{"name": "X"}]}]}
    },
    "lambda:ListFunctions": {
        "Functions": [
            {
                "FunctionArn": FUNCTION,
                "PackageType": "Image",
                "Environment": {"Variables": {"SECRET": "x"}},
            },
            {"FunctionArn": "zip", "PackageType": "Zip"},
        ]
    },
    "lambda:GetFunction": {
        "Configuration": {"Environment": {"Variables": {"SECRET": "x"}}},
        "Code": {"ImageUri": "uri"},
    },
    "cloudformation:ListStacks": {"StackSummaries": [{"StackName": "s"}]},
    "cloudformation:GetTemplate": {"TemplateBody": '{"Resources": {}}'},
    "cloudformation:ListStackResources": {
        "StackResourceSummaries": [{"LastUpdatedTimestamp": "2026-11-27T00:00:00Z"}]
    },
    "iam:GetAccountAuthorizationDetails": {
        "RoleDetailList": [{"RoleName": "r", "AssumeRolePolicyDocument": '{"Version": "2012"}'}],
        "IsTruncated": False,
    },
}


def test_workloads(run: Run, account: FakeAccount) -> None:
    """Each is asked about what lists name, and no environment variable is kept."""
    account.data.update(WORKLOADS)
    result = run("snapshot", "--sources", "ecs,lambda,cloudformation", "--sources", "iam")
    snapshot = read()

    assert 0 == result.status, result.err
    expected: list[tuple[str, str, dict[str, Any]]] = [
        ("ecs", "ListTasks", {"cluster": CLUSTER, "desiredStatus": "RUNNING"}),
        ("ecs", "DescribeTasks", {"cluster": CLUSTER, "tasks": [TASK]}),
        ("ecs", "DescribeServices", {"cluster": CLUSTER, "services": [SERVICE]}),
        ("ecs", "ListServiceDeployments", {"cluster": CLUSTER, "service": SERVICE}),
        ("ecs", "DescribeServiceRevisions", {"serviceRevisionArns": ["arn:revision"]}),
        ("ecs", "ListTaskDefinitions", {"status": "ACTIVE"}),
        ("ecs", "DescribeTaskDefinition", {"taskDefinition": "arn:definition"}),
        ("lambda", "ListFunctions", {"FunctionVersion": "ALL"}),
        ("lambda", "GetFunction", {"FunctionName": FUNCTION}),
        ("cloudformation", "GetTemplate", {"StackName": "s", "TemplateStage": "Processed"}),
        ("cloudformation", "ListStackResources", {"StackName": "s"}),
    ]
    for service, operation, request in expected:
        answer = snapshot.answer(operation, request, service=service)
        assert answer.is_known, operation
        assert "SECRET" not in json.dumps([*answer.pages])
        assert '"environment"' not in json.dumps([*answer.pages])
    assert 1 == account.operations().count("lambda:GetFunction")
    template = snapshot.answer(*expected[9][1:], service="cloudformation")
    assert '{"Resources":{}}' == template.value("TemplateBody")
    resources = snapshot.answer(*expected[10][1:], service="cloudformation")
    [resource] = resources.items("StackResourceSummaries")
    assert "2026-11-27T00:00:00Z" == resource["LastUpdatedTimestamp"]
    roles = snapshot.answer("GetAccountAuthorizationDetails", service="iam")
    [role] = roles.items("RoleDetailList")
    assert '{"Version":"2012"}' == role["AssumeRolePolicyDocument"]


def test_the_template_is_printed(run: Run) -> None:
    """Nobody is asked for it."""
    template = run("snapshot", "--sources", "all", "--print-template").json

    assert ["Role"] == [*template["Resources"]]


def test_the_policy_allows_what_is_asked(run: Run, account: FakeAccount) -> None:
    """Every call that is made, and no other."""
    account.data.update(WORKLOADS)
    arguments = ("--sources", "registry,repositories,images,ecs,lambda,cloudformation")
    run("snapshot", *arguments)
    policy = run("snapshot", *arguments, "--print-policy").json
    [statement] = policy["Statement"]

    asked = {*account.operations()} - {"sts:GetCallerIdentity"}
    assert asked == {*statement["Action"]}


KEY = {"repositoryName": "api", "encryptionConfiguration": {"kmsKey": "arn:key"}}


def test_regions(run: Run, account: FakeAccount) -> None:
    """Each has a file; what all Regions answer alike is in the first one."""
    account.data.update(WORKLOADS)
    account.data["ecr:DescribeRepositories"] = {"repositories": [KEY]}
    account.data["kms:GetKeyPolicy"] = account.data["kms:DescribeKey"] = {}
    account.data["organizations:DescribeOrganization"] = {"Organization": {"Id": "o-1"}}
    result = run("snapshot", "--sources", "identities", "--regions", "eu-west-1,eu-west-2")
    first, second = (read(FILE.replace("central-1", f"west-{number}")) for number in (1, 2))

    assert 0 == result.status, result.err
    assert first.answer("GetAccountAuthorizationDetails", service="iam").is_known
    assert not second.answer("GetAccountAuthorizationDetails", service="iam").is_known
    assert ["kms"] == [*second.header.sources]
    reasons = {item.source: item.reason for item in second.header.not_asked}
    assert ("is in the snapshot of eu-west-1", "not selected") == (reasons["iam"], reasons["ecs"])
    policy = {"KeyId": "arn:key", "PolicyName": "default"}
    assert second.answer("GetKeyPolicy", policy, service="kms").is_known
    assert second.answer("DescribeKey", {"KeyId": "arn:key"}, service="kms").is_known


def test_accounts(run: Run, account: FakeAccount) -> None:
    """A role is assumed in each but the caller's own; one that fails does not hide the others."""
    refused = "arn:aws:iam::999900001111:role/team/Audit"
    account.fault = lambda _, request: (
        "AccessDenied" if request.parameters.get("RoleArn") == refused else None
    )
    arguments = ("--role", "team/Audit", "--external-id", "abc", "--sources", "registry")
    accounts = "111122223333,222233334444,999900001111"
    result = run("snapshot", "--accounts", accounts, *arguments, "--format", "json")
    roles = [request for request in account.requests if request.operation == "sts:AssumeRole"]

    assert (2, ["access-denied"]) == (result.status, codes(result))
    assert "999900001111" in result.err
    names = ["111122223333-eu-central-1.jsonl.gz", "222233334444-eu-central-1.jsonl.gz"]
    assert names == sorted(path.name for path in Path("snapshots").iterdir())
    assert ["111122223333", "222233334444"] == [
        item["account"] for item in result.json["snapshots"]
    ]
    [failure] = result.json["failures"]
    assert "999900001111" == failure["account"]
    assert {"abc"} == {request.parameters["ExternalId"] for request in roles}
    assert 2 == len({request.parameters["RoleArn"] for request in roles})
    text = run("snapshot", "--accounts", accounts, *arguments)
    assert "failed: access-denied" in text.out


def test_an_organization(run: Run, account: FakeAccount) -> None:
    """Its active accounts are read."""
    accounts = [
        {"Id": "222233334444", "State": "ACTIVE"},
        {"Id": "333344445555", "Status": "ACTIVE"},
        {"Id": "444455556666", "State": "CLOSED", "Status": "ACTIVE"},
    ]
    account.data["organizations:ListAccounts"] = pages("Accounts", accounts, token="NextToken")
    arguments = ("snapshot", "--organization", "--role", "Audit", "--sources", "registry")

    assert 0 == run(*arguments).status
    assert ["222233334444", "333344445555"] == sorted(
        path.name[:12] for path in Path("snapshots").iterdir()
    )
    account.data["organizations:ListAccounts"] = "AccessDeniedException"
    assert ["organization-unread"] == codes(run(*arguments))


def test_the_role_of_another_account(run: Run, account: FakeAccount) -> None:
    """Whoever answers is compared with the account that was asked."""
    account.data["sts:AssumeRole"] = {
        "Credentials": {
            "AccessKeyId": "role-555566667777",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": "2099-01-01T00:00:00Z",
        }
    }
    result = run("snapshot", "--accounts", "222233334444", "--role", "Audit")

    assert ["account-other"] == codes(result)


PODS = {
    "kind": "List",
    "items": [
        {
            "kind": "Pod",
            "metadata": {
                "managedFields": [1],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            },
            "spec": {"containers": [{"image": "i", "env": [{"name": "SECRET", "value": "x"}]}]},
        }
    ],
}


def test_kubernetes(run: Run, account: FakeAccount) -> None:
    """What kubectl has printed is in the snapshot, without environment variables."""
    Path("pods.json").write_text(json.dumps(PODS), encoding="utf-8")
    arguments = ("snapshot", "--sources", "registry", "--kubernetes", "prod=pods.json")
    assert 0 == run(*arguments).status
    snapshot = read()
    answer = snapshot.answer("List", {"cluster": "prod"}, service="kubernetes")

    [pod] = answer.items("items")
    assert [{"image": "i"}] == pod["spec"]["containers"]
    assert {"annotations": {}} == pod["metadata"]
    assert "kubernetes" in snapshot.header.sources
    assert "kubernetes" not in [item.source for item in snapshot.header.not_asked]
    del account


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "Pod"}', '{"kind": "List"}', "7"])
def test_what_is_not_of_kubectl(run: Run, account: FakeAccount, text: str) -> None:
    """Is an error before anything is asked."""
    Path("pods.json").write_text(text, encoding="utf-8")
    result = run("snapshot", "--kubernetes", "prod=pods.json")

    assert (2, ["kubernetes-format"]) == (result.status, codes(result))
    assert [] == account.requests


def test_a_list_of_kubectl_in_part(run: Run, account: FakeAccount) -> None:
    """Is not known as a whole."""
    Path("pods.json").write_text(
        json.dumps({**PODS, "metadata": {"continue": "x"}}), encoding="utf-8"
    )
    run("snapshot", "--sources", "registry", "--kubernetes", "prod=pods.json")

    assert "partial" == read().answer("List", {"cluster": "prod"}, service="kubernetes").state
    del account


def test_an_aggregator(run: Run, account: FakeAccount) -> None:
    """The resources that AWS Config has are asked for by type."""
    account.data["config:SelectAggregateResourceConfig"] = {"Results": ['{"arn": "a"}']}
    arguments = ("snapshot", "--sources", "registry", "--config-aggregator", "all")
    assert 0 == run(*arguments).status
    snapshot = read()
    calls = [*snapshot.answers("SelectAggregateResourceConfig", service="config")]

    assert "config" in snapshot.header.sources
    assert any("AWS::ECS::TaskDefinition" in str(call.request["Expression"]) for call in calls)
    statement = run(*arguments, "--print-policy").json["Statement"][0]
    assert "config:SelectAggregateResourceConfig" in statement["Action"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--sources registri", "snapshot-source-unknown"),
        ("--sources ,", "snapshot-source-missing"),
        ("--region Frankfurt", "region-format"),
        ("--region ,", "argument-empty"),
        ("--accounts , --role R", "argument-empty"),
        ("--accounts 12 --role R", "account-id-format"),
        ("--accounts 111122223333", "role-missing"),
        ("--organization", "role-missing"),
        ("--external-id abc", "external-id-alone"),
        ("--external-id ! --role R", "external-id-format"),
        ("--regions eu-west-1,eu-west-2 --output a.json", "output-not-folder"),
        ("--organization --role R --output a.json", "output-not-folder"),
        ("--output=", "argument-empty"),
        ("--output s.jsonl.part", "output-suffix"),
        ("--kubernetes prod=none.json", "file-unreadable"),
        ("--profile nobody", "aws-not-configured"),
    ],
)
def test_wrong_arguments(run: Run, account: FakeAccount, arguments: str, code: str) -> None:
    """Are errors before anything is asked."""
    result = run("snapshot", *arguments.split())

    assert (2, code) == (result.status, codes(result)[0])
    assert [] == account.requests


@pytest.mark.parametrize(
    "arguments",
    ["--concurrency 0", "--concurrency x", "--concurrency 300", "--kubernetes a", "--diff a"],
)
def test_arguments_that_argparse_rejects(run: Run, arguments: str) -> None:
    """They end with status 2."""
    assert 2 == run("snapshot", *arguments.split()).status
