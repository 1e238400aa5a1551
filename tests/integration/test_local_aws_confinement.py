"""What even its own clients cannot make the embedded AWS do: run code, and send requests."""

from __future__ import annotations

import json
import sys
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local_aws import images
from tests.support import hostile
from tests.support.embedded_aws import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.embedded_aws import Place


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[hostile.Laptop]:
    """A listener that the server must not reach."""
    with hostile.laptop(tmp_path / "home") as here:
        yield here
        assert here.heard == []


def test_no_function_runs(place: Place, tmp_path: Path) -> None:
    """A function can be created, since stacks have them; its code is never started."""
    mark, archive = tmp_path / "mark", BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("index.py", f"open({str(mark)!r}, 'w')\ndef handler(*_): pass\n")
    functions = place.client("lambda")
    functions.create_function(
        FunctionName="run",
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role=f"arn:aws:iam::{place.account}:role/x",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    for kind in ("RequestResponse", "Event", "DryRun"):
        with pytest.raises(ClientError, match="runs no functions"):
            functions.invoke(FunctionName="run", InvocationType=kind, Payload=b"{}")
    with pytest.raises(ClientError, match="runs no functions"):
        functions.invoke_async(FunctionName="run", InvokeArgs=b"{}")
    with pytest.raises(ClientError):
        functions.invoke_with_response_stream(FunctionName="run", Payload=b"{}")
    # By a topic, which calls functions inside the server.
    topics = place.client("sns")
    topic = topics.create_topic(Name="topic")["TopicArn"]
    function = f"arn:aws:lambda:{place.region}:{place.account}:function:run"
    topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    topics.publish(TopicArn=topic, Message="run")
    assert not mark.exists()


OFF: dict[str, Callable[[Any], object]] = {
    "apprunner": lambda client: client.list_services(),
    "athena": lambda client: client.list_work_groups(),
    "dynamodb": lambda client: client.list_tables(),
    "eks": lambda client: client.list_clusters(),
    "glue": lambda client: client.get_jobs(),
    "rds": lambda client: client.describe_db_instances(),
    "scheduler": lambda client: client.list_schedules(),
    "ses": lambda client: client.list_identities(),
    "states": lambda client: client.list_state_machines(),
}


@pytest.mark.parametrize("service", OFF)
def test_other_services_are_off(place: Place, service: str) -> None:
    """Among them those that run code; the error says so, in JSON and in XML."""
    client = place.client("stepfunctions" if service == "states" else service)

    with pytest.raises(ClientError, match=f"InvalidAction.*not serve {service}"):
        OFF[service](client)


def test_nothing_is_sent_to_an_address(place: Place, sink: hostile.Laptop) -> None:
    """Subscriptions over HTTP are recorded, and neither confirmed nor delivered to."""
    topics = place.client("sns")
    topic = topics.create_topic(Name="topic")["TopicArn"]
    for address in (sink.url, sink.url.replace("127.0.0.1", "localhost")):
        topics.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{address}/hook")
    topics.publish(TopicArn=topic, Message="deliver")
    listed = topics.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    attributes = [
        topics.get_subscription_attributes(SubscriptionArn=item["SubscriptionArn"])["Attributes"]
        for item in listed
    ]
    assert [item["PendingConfirmation"] for item in attributes] == ["true"] * 2
    events = place.client("events")
    connection = events.create_connection(
        Name="c",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}},
    )["ConnectionArn"]
    destination = events.create_api_destination(
        Name="d",
        ConnectionArn=connection,
        InvocationEndpoint=f"{sink.url.replace('http:', 'https:')}/hook",
        HttpMethod="POST",
    )["ApiDestinationArn"]
    events.put_rule(Name="r", EventPattern='{"source": ["aws.ecr"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": destination}])
    place.ecr.create_repository(repositoryName="api")
    place.registry().push("api:v1", images.image(1))


CUSTOM = {
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": "def handler(*_): pass"},
            "Handler": "index.handler",
            "Role": "arn:aws:iam::111122223333:role/x",
            "Runtime": "python3.12",
        },
    },
    "Custom": {
        "Type": "Custom::Run",
        "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}},
    },
}
RUNNING: dict[str, dict[str, Any]] = {
    "a custom resource": CUSTOM,
    "another one": {
        **CUSTOM,
        "Custom": {**CUSTOM["Custom"], "Type": "AWS::CloudFormation::CustomResource"},
    },
    "a job": {"Job": {"Type": "AWS::Glue::Job", "Properties": {"Role": "x", "Command": {}}}},
    "a state machine": {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {}}},
    "a destination": {"D": {"Type": "AWS::Events::ApiDestination", "Properties": {}}},
    "a connection": {"C": {"Type": "AWS::Events::Connection", "Properties": {}}},
    "a pipe": {"P": {"Type": "AWS::Pipes::Pipe", "Properties": {}}},
    "a schedule": {"S": {"Type": "AWS::Scheduler::Schedule", "Properties": {}}},
    "an API": {"A": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}}},
    "an API over HTTP": {"A": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a"}}},
    "a resolver": {"R": {"Type": "AWS::AppSync::Resolver", "Properties": {}}},
}


@pytest.mark.parametrize("resources", RUNNING.values(), ids=RUNNING)
def test_a_stack_that_would_run_something_fails(place: Place, resources: dict[str, Any]) -> None:
    """At once, with a sentence: nobody waits for an answer of a function."""
    stacks = place.client("cloudformation")
    body = json.dumps({"Resources": resources})
    if {"Custom"} & set(resources):
        stacks.create_stack(StackName="S", TemplateBody=body)
        assert settled(stacks, "S") == "ROLLBACK_COMPLETE"
        events = stacks.describe_stack_events(StackName="S")["StackEvents"]
        assert [1 for event in events if "runs no functions" in event["ResourceStatusReason"]]
    else:
        with pytest.raises(ClientError, match="Unrecognized resource types"):
            stacks.create_stack(StackName="S", TemplateBody=body)
