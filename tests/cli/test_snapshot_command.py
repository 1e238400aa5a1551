"""``snapshot`` at a loopback endpoint: what is read, refused, throttled, and not AWS."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.live import LiveError, session
from ecr_constructs.live.collect import (
    Collector,
    Target,
    snapshot_of,
    write_snapshots,
)
from ecr_constructs.model.snapshot_sources import SOURCES as SOURCE_TABLE
from ecr_constructs.model.snapshot_sources.operation import Operation, Source
from ecr_constructs.snapshot.result import Failure
from tests.cli.conftest import Run
from tests.support.fake_account import CLOSE, HTML, FakeAccount, Request, pages
from tests.support.snapshot_account import (
    ARN,
    FILE,
    FUNCTION,
    NAMES,
    answers,
    codes,
    read,
)
from tests.support.snapshot_account import account as account  # noqa: PLC0414 - a fixture


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


def test_without_a_region(run: Run, account: FakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is an error that says how to give one."""
    monkeypatch.delenv("AWS_REGION")

    assert ["aws-not-configured"] == run("snapshot").codes
    assert [] == account.requests


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
