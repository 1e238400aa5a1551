"""Alarms that are weakened, and ways to a registry that are removed."""

from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import ALARM, OIDC_PROVIDER, VPC_ENDPOINT
from ecr_constructs.review.analyzers import alarms, connections
from tests.support.compared import only, reviewed
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import resource

Json = Any
TOPIC, OTHER = (f"arn:aws:sns:eu-central-1:111122223333:{name}" for name in ("pulls", "other"))
HOST = "https://token.actions.githubusercontent.com"


def alarm(*actions: Any, **properties: Any) -> Json:
    """Return an alarm on pulls."""
    settings = {
        "Namespace": "AWS/ECR",
        "MetricName": "RepositoryPullCount",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 10,
        "EvaluationPeriods": 1,
        "AlarmActions": list(actions) or [TOPIC],
    }
    given = {**settings, **properties}
    return resource(ALARM, {name: value for name, value in given.items() if value is not None})


def below(threshold: object) -> Json:
    """Return an alarm on too few pulls."""
    return alarm(ComparisonOperator="LessThanThreshold", Threshold=threshold)


METRIC = {"Namespace": "AWS/ECR", "MetricName": "RepositoryPullCount"}
MATH = [{"Id": "m", "MetricStat": {"Metric": METRIC}}, {"Id": "e", "Expression": "m"}]
WITH_MATH = alarm(Namespace=None, MetricName=None, Metrics=MATH)
ELSEWHERE = {"Dimensions": [{"Name": "RepositoryName", "Value": "other"}]}
# The alarm that is stronger, the one that is weaker, and the codes.
WEAKER: dict[str, tuple[Json, Json, tuple[str, ...]]] = {
    "removed": (alarm(), None, ("stopped",)),
    "with metric math": (WITH_MATH, None, ("stopped",)),
    "switched off": (alarm(), alarm(ActionsEnabled=False), ("target",)),
    "switched off by a text": (alarm(), alarm(ActionsEnabled="false"), ("target",)),
    "no actions": (alarm(), alarm(AlarmActions=None), ("target",)),
    "an action less": (alarm(TOPIC, OTHER), alarm(TOPIC), ("target",)),
    "a higher threshold": (alarm(), alarm(Threshold=11), ("raised", "Threshold")),
    "a lower threshold": (below(10), below(9), ("raised", "Threshold")),
    "more periods": (alarm(), alarm(EvaluationPeriods="3"), ("raised", "EvaluationPeriods")),
}


@pytest.mark.parametrize("case", WEAKER)
def test_an_alarm_is_weakened_one_way_and_strengthened_the_other(case: str) -> None:
    """Somebody is notified later, or not at all."""
    strong, weak, codes = WEAKER[case]
    before, after = {"Alarm": strong}, {"Alarm": weak} if weak else {}
    [there] = changes_of(alarms.changes, before, after)
    [back] = changes_of(alarms.changes, after, before)

    assert ("weakened", "warning", codes) == (there.kind, there.severity, there.codes)
    assert ("strengthened", "note", codes) == (back.kind, back.severity, back.codes)


BOTH: dict[str, tuple[Json, Json, tuple[str, ...]]] = {
    "another repository": (alarm(), alarm(**ELSEWHERE), ("metric",)),
    "an unknown threshold": (
        alarm(Threshold={"Ref": "A"}),
        alarm(Threshold={"Ref": "B"}),
        ("raised", "Threshold"),
    ),
    "no number": (alarm(Threshold="ten"), alarm(Threshold=10), ("raised", "Threshold")),
}


@pytest.mark.parametrize("case", BOTH)
def test_what_cannot_be_compared_may_be_weaker(case: str) -> None:
    """The same is true of both directions."""
    before, after, codes = BOTH[case]
    changes = changes_of(alarms.changes, {"Alarm": before}, {"Alarm": after})

    assert [("weakened", codes), ("strengthened", codes)] == [
        (change.kind, change.codes) for change in changes
    ]


FOREIGN = alarm(Namespace="AWS/SQS", MetricName="NumberOfMessagesSent")
SAME: dict[str, tuple[Json, Json]] = {
    "another logical id": ({"Alarm": alarm()}, {"Renamed": alarm(TOPIC, OTHER)}),
    "another service": ({"Alarm": FOREIGN}, {}),
    "no actions before": ({"Alarm": alarm(ActionsEnabled=False)}, {}),
    "a description": ({"Alarm": alarm()}, {"Alarm": alarm(AlarmDescription="x")}),
}


@pytest.mark.parametrize("case", SAME)
def test_other_alarms_are_not_weakened(case: str) -> None:
    """They notify as before, or never did of images."""
    listed = changes_of(alarms.changes, *SAME[case])

    assert [] == [change for change in listed if change.kind == "weakened"]


def provider(*audiences: Any, **attributes: Any) -> Json:
    """Return an identity provider."""
    ids = {"ClientIdList": list(audiences)} if audiences else {}
    return resource(OIDC_PROVIDER, {"Url": HOST, **ids}, **attributes)


def endpoint(service: str) -> Json:
    """Return a VPC endpoint."""
    return resource(VPC_ENDPOINT, {"ServiceName": f"com.amazonaws.eu-central-1.{service}"})


KEPT = {"DeletionPolicy": "Retain"}
STS = "sts.amazonaws.com"
WIDENED, NARROWED = "access-widened", "access-narrowed"
# Before and after, and the kinds and codes of the changes.
WAYS: dict[str, tuple[Json, Json, list[tuple[str, tuple[str, ...]]]]] = {
    "a provider removed": ({"A": provider()}, {}, [(NARROWED, ("removed",))]),
    "a provider that is kept": ({"A": provider(**KEPT)}, {}, []),
    "another construct for it": ({"A": provider()}, {"B": provider()}, []),
    "a new provider": ({}, {"A": provider()}, []),
    "another audience": (
        {"A": provider(STS)},
        {"A": provider("other", 7)},
        [(WIDENED, ("audience",)), (NARROWED, ("audience",))],
    ),
    "the first audience": ({"A": provider()}, {"A": provider(STS)}, [(WIDENED, ("audience",))]),
    "the same audiences": ({"A": provider(STS)}, {"A": provider(STS, ThumbprintList=[])}, []),
    "an endpoint removed": ({"A": endpoint("ecr.dkr")}, {}, [(NARROWED, ("removed",))]),
    "another endpoint removed": ({"A": endpoint("sqs")}, {}, []),
    "an endpoint changed": ({"A": endpoint("ecr.api")}, {"A": endpoint("ecr.dkr")}, []),
}


@pytest.mark.parametrize("case", WAYS)
def test_a_way_to_the_registry_is_removed(case: str) -> None:
    """CI and clients without the internet depend on it."""
    before, after, expected = WAYS[case]
    listed = changes_of(connections.changes, before, after)

    assert expected == [(change.kind, change.codes) for change in listed]
    assert {"warning"} >= {str(change.severity) for change in listed}


def test_a_provider_under_another_logical_id_cannot_be_deployed() -> None:
    """An account has one provider for each URL, and CloudFormation creates first."""
    change = only(reviewed({"A": provider(STS)}, {"B": provider(STS)}))

    assert ("replaced", "error") == (change.kind, change.severity)
    assert "deployment-fails" in change.codes
