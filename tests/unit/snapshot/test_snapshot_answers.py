"""Answers as a snapshot has them, and how often AWS may be asked."""

from typing import Any

import pytest
from botocore.model import DenormalizedStructureBuilder

from ecr_constructs.live.collect.answers import (
    _keep_raw,
    _parsed_time,
    answer_of,
    conversion_of,
    time_text,
)
from ecr_constructs.live.collect.rate import Rate, Rates
from tests.support.service_models import model


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_790_000_000, "2026-09-21T14:13:20Z"),
        (1_790_000_000.25, "2026-09-21T14:13:20.250000Z"),
        ("2026-09-21T14:13:20Z", "2026-09-21T14:13:20Z"),
        (True, True),
        (None, None),
    ],
)
def test_times(value: Any, text: Any) -> None:
    """Seconds become ISO 8601; what is no time stays, and is no crash."""
    assert text == time_text(value)


def output(service: str, operation: str) -> Any:
    """Return the shape of an answer."""
    return model(service).operation_model(operation).output_shape


def test_times_in_an_answer() -> None:
    """In lists and maps, too."""
    convert = conversion_of(output("ecr", "DescribeImages"))
    assert convert is not None
    answer = {"imageDetails": [{"imagePushedAt": 1_790_000_000, "unknown": 1_790_000_000}]}
    image = convert(answer)["imageDetails"][0]

    assert {"imagePushedAt": "2026-09-21T14:13:20Z", "unknown": 1_790_000_000} == image
    convert = conversion_of(output("ecr", "DescribeImageReplicationStatus"))
    assert convert is not None
    assert {"a": 1} == convert({"a": 1})
    times = {"type": "map", "key": {"type": "string"}, "value": {"type": "timestamp"}}
    convert = conversion_of(
        DenormalizedStructureBuilder().with_members({"at": times}).build_model()
    )
    assert convert is not None
    assert {"at": {"x": "2026-09-21T14:13:20Z"}} == convert({"at": {"x": 1_790_000_000}})


def test_an_answer_that_holds_itself() -> None:
    """Is converted without end otherwise."""
    convert = conversion_of(output("dynamodb", "GetItem"))
    assert convert is not None
    assert {"Item": {}} == convert({"Item": {}})


def test_an_answer_whose_json_has_other_names() -> None:
    """Is left to botocore."""
    assert conversion_of(output("apigatewayv2", "GetApi")) is None
    operation = model("apigatewayv2").operation_model("GetApi")
    response, customized = {"status_code": 200, "body": b"{}"}, dict[str, Any]()
    _keep_raw(operation, response, customized)
    assert {} == customized


def test_times_that_botocore_reads() -> None:
    """In XML they are texts, of seconds or of a date; in CBOR numbers."""
    texts = ["2026-09-21T14:13:20Z"] * 3
    assert texts == [*map(_parsed_time, ("1790000000", texts[0], 1_790_000_000))]


def test_documents_stay_texts() -> None:
    """boto3 reads some of them."""
    response = {
        "ResponseMetadata": {},
        "Roles": [{"AssumeRolePolicyDocument": {"a": 1}, "Path": "/"}],
        "TemplateBody": "text",
    }
    role = {"AssumeRolePolicyDocument": '{"a":1}', "Path": "/"}

    assert {"Roles": [role], "TemplateBody": "text"} == answer_of(response, frozenset())


class Clock:
    """A time that only waiting moves."""

    def __init__(self) -> None:
        """Begin."""
        self.now = 100.0
        self.waited = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds
        self.waited += seconds


def test_a_rate() -> None:
    """There is none until AWS throttles; then it falls at most once a second, and grows."""
    clock = Clock()
    rate = Rate(clock, clock.sleep)
    for _ in range(100):
        rate.wait()
        rate.answered()
    assert (0, None) == (clock.waited, rate.limit)

    rate.throttled()
    rate.throttled()
    assert 70 == rate.limit
    for _ in range(71):
        rate.wait()
    assert 1 == pytest.approx(clock.waited, abs=0.02)
    rate.answered()
    assert rate.limit > 70
    clock.now += 10
    rate.throttled()
    assert 1 > rate.limit >= 0.5
    for _ in range(9):
        clock.now += 10
        rate.throttled()
    assert 0.5 == rate.limit


def test_a_simulated_limit_is_reached() -> None:
    """Of a service that allows 20 calls a second, at least 80 % are used."""
    clock = Clock()
    rate = Rate(clock, clock.sleep)
    allowed, window, answered = 20, 0.0, 0
    count = 0
    while clock.now < 160:
        rate.wait()
        clock.now += 0.001
        if clock.now - window >= 1:
            window, count = clock.now, 0
        count += 1
        if count > allowed:
            rate.throttled()
        else:
            answered += 1
            rate.answered()

    assert answered >= 0.8 * allowed * 60


def test_each_operation_has_its_rate() -> None:
    """One that is throttled does not slow the others down."""
    rates = Rates()
    rates["ecr.DescribeImages"].throttled()

    assert rates["ecr.DescribeImages"].limit
    assert rates["ecr.GetLifecyclePolicy"].limit is None
