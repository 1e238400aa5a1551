"""Events of the embedded ECR, selected by the library's patterns and delivered to a queue."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ecr_constructs.model import events
from ecr_constructs.model.events import Images, Pattern
from local_aws import images
from local_aws.process import LocalAws
from tests.support.event_patterns import EVENTS, matches
from tests.unit.test_events import CASES, event_of

REGION, REPLICA = "eu-central-1", "eu-west-1"


class Listener:
    """A queue of the events that patterns select, in one account and Region."""

    def __init__(self, aws: LocalAws, account: str, region: str, **patterns: Pattern) -> None:
        """Make the queue, and a rule for each pattern."""
        self._sqs = aws.client("sqs", account=account, region=region)
        self._url = self._sqs.create_queue(QueueName="received_events")["QueueUrl"]
        bridge = aws.client("events", account=account, region=region)
        arn = f"arn:aws:sqs:{region}:{account}:received_events"
        for name, pattern in patterns.items():
            bridge.put_rule(Name=name, EventPattern=json.dumps(pattern.to_dict()))
            bridge.put_targets(Rule=name, Targets=[{"Id": "Queue", "Arn": arn}])

    def events(self) -> list[dict[str, Any]]:
        """Return what has arrived since the last time."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]


@pytest.fixture
def account(new_account: Callable[[], str]) -> str:
    return new_account()


def test_pushes_and_deletions_are_events(local_aws: LocalAws, account: str) -> None:
    """An event has the documented fields, and the patterns keep to repository and tag."""
    ecr = local_aws.client("ecr", account=account, region=REGION)
    for name in ("payments/api", "payments/worker"):
        ecr.create_repository(repositoryName=name)
    received_events = Listener(
        local_aws,
        account,
        REGION,
        pushed=events.image_action("PUSH", Images(["payments/api"], tags=["v*"])),
        deleted=events.image_action("DELETE", Images(prefixes=["payments/"])),
    )
    registry = local_aws.registry(account, REGION)
    digest = registry.push("payments/api:v1", images.image("a"))
    registry.push("payments/api:latest", images.image("b"))
    registry.push("payments/worker:v1", images.image("c"))

    [pushed] = received_events.events()
    assert pushed["detail"] == {
        "result": "SUCCESS",
        "repository-name": "payments/api",
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": "v1",
    }
    assert set(pushed) == set(EVENTS["image-pushed"])
    assert set(pushed["detail"]) == set(EVENTS["image-pushed"]["detail"])
    assert (pushed["account"], pushed["region"]) == (account, REGION)

    ecr.batch_delete_image(
        repositoryName="payments/api", imageIds=[{"imageDigest": digest}, {"imageTag": "nonesuch"}]
    )
    [deleted] = received_events.events()
    assert deleted["detail"] == {**pushed["detail"], "action-type": "DELETE"}


def test_an_archived_image_is_not_a_push(local_aws: LocalAws, account: str) -> None:
    """It is an event of its own, which says where the image went."""
    ecr = local_aws.client("ecr", account=account, region=REGION)
    ecr.create_repository(repositoryName="api")
    every = Pattern(events.ECR, events.IMAGE_ACTION, {"repository-name": ["api"]})
    received_events = Listener(local_aws, account, REGION, every=every)
    digest = local_aws.registry(account, REGION).push("api:v1", images.image("a"))
    ecr.update_image_storage_class(
        repositoryName="api", imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )

    pushed, archived = received_events.events()
    assert "PUSH" == pushed["detail"]["action-type"]
    expected = {"action-type": "UPDATE_STORAGE_CLASS", "target-storage-class": "ARCHIVE"}
    assert expected.items() <= archived["detail"].items()


def test_a_replica_is_an_event_where_it_arrives(local_aws: LocalAws, account: str) -> None:
    """The source hears of the push, the replica of the copy, and of one that failed."""
    for region in (REGION, REPLICA):
        local_aws.client("ecr", account=account, region=region).create_repository(
            repositoryName="api", imageTagMutability="IMMUTABLE" if region == REPLICA else "MUTABLE"
        )
    local_aws.client("ecr", account=account, region=REGION).put_replication_configuration(
        replicationConfiguration={
            "rules": [{"destinations": [{"region": REPLICA, "registryId": account}]}]
        }
    )
    patterns = {
        "copied": events.replicated(Images(["api"])),
        "failed": events.replicated(Images(["api"]), failed=True),
    }
    here, there = (Listener(local_aws, account, region, **patterns) for region in (REGION, REPLICA))
    registry = local_aws.registry(account, REGION)
    digest = registry.push("api:v1", images.image("a"))
    registry.push("api:v1", images.image("b"))

    copied, failed = there.events()
    assert [] == here.events()
    assert copied["detail"] == {
        "result": "SUCCESS",
        "repository-name": "api",
        "image-digest": digest,
        "source-account": account,
        "action-type": "REPLICATE",
        "source-region": REGION,
        "image-tag": "v1",
    }
    assert set(copied["detail"]) == set(EVENTS["replicated"]["detail"])
    assert "FAILED" == failed["detail"]["result"]
    assert copied["resources"] == [f"arn:aws:ecr:{REPLICA}:{account}:repository/api"]


def test_another_matcher_agrees(local_aws: LocalAws, account: str) -> None:
    """The embedded EventBridge selects what the tests' own matcher does."""
    bridge = local_aws.client("events", account=account, region=REGION)
    disagreed = []
    for pattern, *pair in CASES.values():
        text = json.dumps(pattern.to_dict())
        for event in (*map(event_of, pair), *EVENTS.values()):
            answer = bridge.test_event_pattern(EventPattern=text, Event=json.dumps(event))
            if answer["Result"] != matches(pattern.to_dict(), event):
                disagreed.append((text, event["detail"]))

    assert [] == disagreed
