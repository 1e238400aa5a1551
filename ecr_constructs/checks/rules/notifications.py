"""Topics and queues that event rules send to: what EventBridge may publish."""

from collections.abc import Iterable, Iterator

from ecr_constructs.checks.rule import Problem, warning_rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import Statement, allowed, is_policy_known
from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    KEY,
    QUEUE,
    QUEUE_POLICIES,
    TOPIC,
    TOPIC_POLICIES,
)
from ecr_constructs.cloudformation.uses import event_targets, topics_of, topics_of_events
from ecr_constructs.model.tokens import is_unresolved

_SERVICE = "events.amazonaws.com"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
_KEYS = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"


@warning_rule(
    "ECR504",
    "A topic for image events does not use the key aws/sns",
    types=[TOPIC],
    why="EventBridge cannot use the aws/sns key, whose policy cannot be changed, so no message "
    "arrives. Without a key, SNS encrypts nothing, which is allowed.",
    remedy="Leave KmsMasterKeyId out, or write a key whose policy allows kms:GenerateDataKey and "
    "kms:Decrypt to events.amazonaws.com.",
    source=_KEYS,
)
def _topic_key(resource: Resource) -> Iterator[Problem]:
    key = resource.get("KmsMasterKeyId")
    is_of_aws = isinstance(key, str) and key.endswith("alias/aws/sns")
    if is_of_aws and resource in topics_of_events(resource.assembly):
        message = "EventBridge cannot publish with the key aws/sns"
        yield Problem(("Properties", "KmsMasterKeyId"), message)


@warning_rule(
    "ECR505",
    "EventBridge can send to a topic or queue for image events",
    types=[TOPIC, QUEUE],
    why="EventBridge silently discards events that it cannot send.",
    remedy="Add an AWS::SNS::TopicPolicy that allows sns:Publish, or an AWS::SQS::QueuePolicy that "
    "allows sqs:SendMessage, to events.amazonaws.com.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html",
)
def _may_send(resource: Resource) -> Iterator[Problem]:
    if not _is_sent_to(resource):
        return
    action = "sns:Publish" if resource.type == TOPIC else "sqs:SendMessage"
    policies = [*_policies(resource)]
    is_complete = all(is_policy_known(policy, "PolicyDocument") for policy in policies)
    statements = [statement for policy in policies for statement in allowed(policy)]
    if is_complete and not _grants_to_events(statements, action):
        yield Problem((), f"no policy allows {action} to {_SERVICE}")


@warning_rule(
    "ECR507",
    "EventBridge can use the key of a topic for image events",
    types=[TOPIC],
    why="EventBridge publishes to an encrypted topic only if the key policy allows it; otherwise "
    "it silently discards the event. Permissions of the account root do not apply to it.",
    remedy="Allow kms:Decrypt and kms:GenerateDataKey* to events.amazonaws.com in the KeyPolicy.",
    source=_KEYS,
)
def _may_use_key(resource: Resource) -> Iterator[Problem]:
    """Read the policy of the key, if the assembly defines it."""
    key = _key_of(resource)
    if key is None or not _is_sent_to(resource):
        return
    is_complete = key.is_known and (
        key.get("KeyPolicy") is None or is_policy_known(key, "KeyPolicy")
    )
    missing = [name for name in _KEY_ACTIONS if not _grants_to_events(allowed(key), name)]
    if is_complete and missing:
        message = f"the policy of {key.id} does not allow {' and '.join(missing)} to {_SERVICE}"
        yield Problem(("Properties", "KmsMasterKeyId"), message)


def _grants_to_events(statements: Iterable[Statement], action: str) -> bool:
    """Tell whether statements may allow an action to EventBridge; an ARN is never a service."""
    return any(
        statement.may(action)
        and any(
            value in ("*", _SERVICE) or (is_unresolved(value) and not value.startswith("arn:"))
            for _, value in statement.principals
        )
        for statement in statements
    )


def _is_sent_to(resource: Resource) -> bool:
    """Tell whether rules about images send to a resource without a role of their own."""
    targets = event_targets(resource.assembly)
    return any(item is resource and "RoleArn" not in target for target, item in targets)


def _policies(resource: Resource) -> Iterator[Resource]:
    """Yield the policies that apply, or may apply, to a topic or queue."""
    assembly = resource.assembly
    for policy in assembly.of_type(*(TOPIC_POLICIES if resource.type == TOPIC else QUEUE_POLICIES)):
        for name in topics_of(policy) if resource.type == TOPIC else _queues_of(policy):
            referred = assembly.referred_to(name)
            if referred is resource or (referred is None and is_unresolved(name)):
                yield policy


def _queues_of(policy: Resource) -> list[object]:
    queues = policy.get("Queues") or policy.get("Queue")
    return queues if isinstance(queues, list) else [queues]


def _key_of(topic: Resource) -> Resource | None:
    """Return the key that a topic names, by itself or by an alias."""
    key = topic.assembly.referred_to(topic.get("KmsMasterKeyId"))
    if key is not None and key.type == ALIAS:
        key = topic.assembly.referred_to(key.get("TargetKeyId"))
    return key if key is not None and key.type == KEY else None
