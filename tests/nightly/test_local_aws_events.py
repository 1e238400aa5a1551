"""Events of the embedded ECR, selected by the library's patterns and delivered to a queue."""

import json
from typing import Any

from ecr_constructs.model import events
from ecr_constructs.model.events import Images, Pattern
from local_aws import images
from tests.support.embedded_aws import Place
from tests.support.event_patterns import EVENTS, matches
from tests.unit.test_events import CASES, event_of

REGION, REPLICA = "eu-central-1", "eu-west-1"


class Listener:
    """A queue of the events that patterns select, in one account and Region."""

    def __init__(self, place: Place, **patterns: Pattern) -> None:
        """Make the queue, and a rule for each pattern."""
        self._sqs = place.client("sqs")
        self._url = self._sqs.create_queue(QueueName="received_events")["QueueUrl"]
        bridge = place.client("events")
        arn = f"arn:aws:sqs:{place.region}:{place.account}:received_events"
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


def test_pushes_and_deletions_are_events(place: Place) -> None:
    """An event has the documented fields, and the patterns keep to repository and tag."""
    for name in ("payments/api", "payments/worker"):
        place.ecr.create_repository(repositoryName=name)
    received_events = Listener(
        place,
        pushed=events.image_action("PUSH", Images(["payments/api"], tags=["v*"])),
        deleted=events.image_action("DELETE", Images(prefixes=["payments/"])),
    )
    registry = place.registry()
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
    assert (pushed["account"], pushed["region"]) == (place.account, REGION)

    place.ecr.batch_delete_image(
        repositoryName="payments/api", imageIds=[{"imageDigest": digest}, {"imageTag": "nonesuch"}]
    )
    [deleted] = received_events.events()
    assert deleted["detail"] == {**pushed["detail"], "action-type": "DELETE"}


def test_an_archived_image_is_not_a_push(place: Place) -> None:
    """It is an event of its own, which says where the image went."""
    place.ecr.create_repository(repositoryName="api")
    every = Pattern(events.ECR, events.IMAGE_ACTION, {"repository-name": ["api"]})
    received_events = Listener(place, every=every)
    digest = place.registry().push("api:v1", images.image("a"))
    place.ecr.update_image_storage_class(
        repositoryName="api", imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )

    pushed, archived = received_events.events()
    assert "PUSH" == pushed["detail"]["action-type"]
    expected = {"action-type": "UPDATE_STORAGE_CLASS", "target-storage-class": "ARCHIVE"}
    assert expected.items() <= archived["detail"].items()


def test_a_replica_is_an_event_where_it_arrives(place: Place) -> None:
    """The source hears of the push, the replica of the copy, and of one that failed."""
    for region in (REGION, REPLICA):
        place.at(region).ecr.create_repository(
            repositoryName="api", imageTagMutability="IMMUTABLE" if region == REPLICA else "MUTABLE"
        )
    rule = {"destinations": [{"region": REPLICA, "registryId": place.account}]}
    place.ecr.put_replication_configuration(replicationConfiguration={"rules": [rule]})
    patterns = {
        "copied": events.replicated(Images(["api"])),
        "failed": events.replicated(Images(["api"]), failed=True),
    }
    here, there = (Listener(place.at(region), **patterns) for region in (REGION, REPLICA))
    registry = place.registry()
    digest = registry.push("api:v1", images.image("a"))
    registry.push("api:v1", images.image("b"))

    copied, failed = there.events()
    assert [] == here.events()
    assert copied["detail"] == {
        "result": "SUCCESS",
        "repository-name": "api",
        "image-digest": digest,
        "source-account": place.account,
        "action-type": "REPLICATE",
        "source-region": REGION,
        "image-tag": "v1",
    }
    assert set(copied["detail"]) == set(EVENTS["replicated"]["detail"])
    assert "FAILED" == failed["detail"]["result"]
    assert copied["resources"] == [f"arn:aws:ecr:{REPLICA}:{place.account}:repository/api"]


def test_another_matcher_agrees(place: Place) -> None:
    """The embedded EventBridge selects what the tests' own matcher does."""
    bridge = place.client("events")
    disagreed = []
    for pattern, *pair in CASES.values():
        text = json.dumps(pattern.to_dict())
        for event in (*map(event_of, pair), *EVENTS.values()):
            answer = bridge.test_event_pattern(EventPattern=text, Event=json.dumps(event))
            if answer["Result"] != matches(pattern.to_dict(), event):
                disagreed.append((text, event["detail"]))

    assert [] == disagreed
