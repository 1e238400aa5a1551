"""Rules for events: what each method renders, and in which stack."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from ecr_constructs import Encryption, PullThroughCache, Registry, Repository, Upstream
from ecr_constructs.model.events import Images, finding, image_action
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    ENV,
    new_app,
    of_type,
    properties_of,
    resources,
    synth,
    template,
)
from tests.support.event_patterns import EVENTS, changed, matches

RULE = "AWS::Events::Rule"
QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:images"
NAME = "my-repository-name"
PUSHED = changed("image-pushed", "detail", "image-tag", to="v1")
IMAGE = ("detail", "resources", 0, "details", "awsEcrContainerImage", "repositoryName")
FOUND = changed("inspector-finding", "detail", "awsAccountId", to=ACCOUNT)


def queue(stack: cdk.Stack) -> events.IRuleTarget:
    """Return a target that needs nothing of the stack."""
    return targets.SqsQueue(sqs.Queue.from_queue_arn(stack, "Queue", QUEUE))


def named(event: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an event of another repository."""
    return {**event, "detail": {**event["detail"], "repository-name": name}}


@pytest.fixture(scope="module")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the pattern of each method's rule by the rule's description."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    target = queue(stack)
    repository = Repository(stack, "Repository", repository_name=NAME)
    registry = Registry(stack, "Registry")
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.quay())
    root = PullThroughCache(stack, "Root", upstream=Upstream.ecr_public(), repository_prefix="ROOT")
    for where, owner, prefixed in (
        ("repository", repository, {}),
        ("registry", registry, {"prefixes": ["my-"]}),
    ):
        options: dict[str, Any] = {"target": target, **prefixed}
        owner.on_image_pushed("Pushed", tags=["v*"], description=f"{where} pushed", **options)
        owner.on_image_deleted("Deleted", description=f"{where} deleted", **options)
        owner.on_image_pushed("Failed", failed=True, description=f"{where} failed", **options)
        owner.on_image_archived("Archived", description=f"{where} archived", **options)
        owner.on_image_restored("Restored", description=f"{where} restored", **options)
        referrer = f"{where} referrer"
        owner.on_referrer_action("Referrer", action="RESTORE", description=referrer, **options)
        scanned = f"{where} scanned"
        owner.on_scan_completed("Scanned", severity="HIGH", description=scanned, **options)
        owner.on_finding("Found", severity="MEDIUM", description=f"{where} found", **options)
        owner.on_replicated("Replicated", failed=True, description=f"{where} replica", **options)
        owner.on_pull_through_cache("Cached", description=f"{where} cached", **options)
    registry.on_replicated("Any", target=target, description="registry replica, any")
    cache.on_pull_through_cache("Failed", target=target, failed=True, description="cache failed")
    root.on_pull_through_cache("Fetched", target=target, description="root fetched")
    rendered = of_type(template(stack), RULE).values()
    return {rule["Description"]: rule["EventPattern"] for rule in rendered}


# What a rule tells of, and what it does not.
TOLD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "pushed": (PUSHED, EVENTS["image-pushed"]),
    "deleted": (EVENTS["image-deleted"], PUSHED),
    "scanned": (
        EVENTS["scan-completed"],
        changed("scan-completed", "detail", "finding-severity-counts", to={"MEDIUM": 1}),
    ),
    "failed": (changed("image-pushed", "detail", "result", to="FAILURE"), PUSHED),
    "archived": (named(EVENTS["image-archived"], NAME), named(EVENTS["image-restored"], NAME)),
    "restored": (named(EVENTS["image-restored"], NAME), named(EVENTS["image-archived"], NAME)),
    "referrer": (
        named(EVENTS["referrer-restored"], NAME),
        named(changed("referrer-restored", "detail", "action-type", to="PUSH"), NAME),
    ),
    "replica": (named(EVENTS["replication-failed"], NAME), named(EVENTS["replicated"], NAME)),
    "cached": (named(EVENTS["pull-through-cache"], NAME), EVENTS["pull-through-cache"]),
}


@pytest.mark.parametrize("where", ["repository", "registry"])
@pytest.mark.parametrize("what", TOLD)
def test_tells_of(patterns: dict[str, Any], where: str, what: str) -> None:
    """Each method's rule selects its event, not the others, and no other repository's."""
    event, other = TOLD[what]
    pattern = patterns[f"{where} {what}"]

    assert matches(pattern, event)
    assert not matches(pattern, other)
    assert not matches(pattern, named(event, "your-repository-name"))
    assert (where == "registry") == matches(pattern, named(event, "my-other"))


@pytest.mark.parametrize("where", ["repository", "registry"])
def test_tells_of_findings(patterns: dict[str, Any], where: str) -> None:
    """A finding of this account's image counts, from its severity upwards."""
    pattern = patterns[f"{where} found"]
    mine = json.loads(json.dumps(FOUND))
    mine["detail"]["resources"][0]["details"]["awsEcrContainerImage"]["repositoryName"] = NAME

    assert matches(pattern, mine)
    assert not matches(pattern, {**mine, "detail": {**mine["detail"], "severity": "LOW"}})
    assert not matches(pattern, changed("inspector-finding", *IMAGE, to=NAME)), "another account"
    assert not matches(pattern, FOUND), "another repository"


def test_without_prefixes_it_is_the_whole_registry(patterns: dict[str, Any]) -> None:
    """By default a registry's rule tells of every repository."""
    assert matches(patterns["registry replica, any"], EVENTS["replicated"])


def test_a_cache_tells_of_its_own(patterns: dict[str, Any]) -> None:
    """A cache's rule covers its namespace; that of ROOT, which has none, every cache."""
    failed = changed("pull-through-cache", "detail", "sync-status", to="FAILED")

    assert matches(patterns["cache failed"], named(failed, "quay/argoproj/argocd"))
    assert not matches(patterns["cache failed"], failed)
    assert matches(patterns["root fetched"], EVENTS["pull-through-cache"])


def test_a_rule_without_options_waits_for_its_target(stack: cdk.Stack) -> None:
    """The rule is CDK's own: a target may be added later."""
    rule = Repository(stack, "Api", repository_name="payments/api").on_image_pushed("Pushed")
    rule.add_target(queue(stack))

    assert properties_of(stack, RULE) == {
        "EventPattern": image_action("PUSH", Images(["payments/api"])).to_dict(),
        "State": "ENABLED",
        "Targets": [{"Arn": QUEUE, "Id": "Target0"}],
    }


def test_a_repository_without_a_name_is_referred_to(stack: cdk.Stack) -> None:
    """The name that CloudFormation makes up is in the pattern at deployment."""
    Repository(stack, "Api").on_image_deleted("Deleted", target=queue(stack))

    [name] = properties_of(stack, RULE)["EventPattern"]["detail"]["repository-name"]
    assert set(name) == {"Ref"}


def test_the_account_of_an_agnostic_stack_is_known_at_deployment(app: cdk.App) -> None:
    """Findings are those of the account that the stack is deployed to."""
    stack = cdk.Stack(app, "Agnostic")
    Registry(stack, "Registry").on_finding("Found", target=queue(stack))

    account: Any = {"Ref": "AWS::AccountId"}
    assert properties_of(stack, RULE)["EventPattern"] == finding(Images(), account).to_dict()


Make = Callable[[cdk.Stack], events.IRuleTarget]


def function(stack: cdk.Stack) -> events.IRuleTarget:
    """Return a Lambda function as a target."""
    code = lambda_.Code.from_inline("def handler(event, context): print(event)")
    runtime = lambda_.Runtime.PYTHON_3_13
    return targets.LambdaFunction(
        lambda_.Function(stack, "Function", runtime=runtime, handler="index.handler", code=code)
    )


TARGETS: dict[str, Make] = {
    "function": function,
    "topic": lambda stack: targets.SnsTopic(sns.Topic(stack, "Topic")),
    "queue": lambda stack: targets.SqsQueue(sqs.Queue(stack, "Queue")),
    "log group": lambda stack: targets.CloudWatchLogGroup(logs.LogGroup(stack, "Logs")),
}


@pytest.mark.parametrize("make", TARGETS.values(), ids=TARGETS)
def test_a_target_may_be_in_another_stack(tmp_path: Path, make: Make) -> None:
    """The rule stands with its target, whichever of the two stacks needs the other."""
    app = new_app(tmp_path / "cdk.out")
    images = cdk.Stack(app, "Images", env=ENV)
    reader, owner = (cdk.Stack(app, name, env=ENV) for name in ("Reader", "Owner"))
    key = kms.Key(owner, "Key")
    encryption = Encryption.customer_managed(key)
    repository = Repository(images, "Api", repository_name="payments/api", encryption=encryption)
    # One stack needs the repository's, the other is needed by it.
    cdk.CfnOutput(reader, "Arn", value=repository.repository_arn)
    for stack in (reader, owner):
        target = make(stack)
        repository.on_image_pushed("Pushed", target=target, cross_stack_scope=stack)
        repository.on_finding("Found", target=target, cross_stack_scope=stack)

    templates = synth(app)
    rules = [len(of_type(templates[item.template_file], RULE)) for item in (reader, owner)]
    assert [2, 2] == rules
    [only] = templates[images.template_file]["Resources"].values()
    assert "AWS::ECR::Repository" == only["Type"]
    needed = [[item.node.id for item in stack.dependencies] for stack in (reader, images, owner)]
    assert [["Images"], ["Owner"], []] == needed


def test_a_target_in_another_region_keeps_the_rule_where_events_are(app: cdk.App) -> None:
    """Events arrive in the repository's own Region, so the rule stays there."""
    images = cdk.Stack(app, "Images", env=ENV)
    elsewhere = cdk.Stack(app, "Elsewhere", env=ELSEWHERE["another Region"])
    api = Repository(images, "Api", repository_name="payments/api")
    api.on_image_pushed("Pushed", target=queue(images), cross_stack_scope=elsewhere)

    assert 1 == len(resources(images, RULE))
    assert {} == template(elsewhere).get("Resources", {})


def test_a_misspelt_option_is_rejected(stack: cdk.Stack) -> None:
    """Nothing is dropped silently."""
    api = Repository(stack, "Api", repository_name="payments/api")
    with pytest.raises(TypeError, match="targett"):
        api.on_image_pushed("Pushed", targett=queue(stack))  # type: ignore[call-arg]
