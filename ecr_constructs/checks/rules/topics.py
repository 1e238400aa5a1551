"""Topics for image events: encryption, and permissions of EventBridge."""

from collections.abc import Iterator, Sequence

from ecr_constructs.checks.rule import Problem, rule
from ecr_constructs.cloudformation.graph import Resource, TemplateSet, is_about_images, topics_of
from ecr_constructs.cloudformation.iam_policy import Statement, allowed, is_policy_known
from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    EVENT_RULE,
    KEY,
    TOPIC,
    TOPIC_POLICIES,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.tokens import is_unresolved

_SERVICE = "events.amazonaws.com"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
_KEYS = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"
_PUBLISHED = "topics that EventBridge publishes to"


@rule(
    "ECR504",
    Severity.WARNING,
    "A topic for image events is encrypted with a customer managed key",
    types=[TOPIC],
    why="Without a key, messages are not encrypted at rest. EventBridge cannot use the aws/sns "
    "key, whose policy cannot be changed, so no message arrives.",
    remedy="Add KmsMasterKeyId: a key whose policy allows kms:GenerateDataKey and kms:Decrypt "
    "to events.amazonaws.com.",
    source=_KEYS,
    controls=("Security Hub SNS.1", "CKV_AWS_26", "AVD-AWS-0136"),
)
def topic_key(resource: Resource) -> Iterator[Problem]:
    """Check the topics that rules about images send to."""
    if resource not in resource.assembly.topics_of_events:
        return
    key = resource.get("KmsMasterKeyId")
    if key is None and resource.is_known:
        yield Problem(("Properties",), "the topic has no KmsMasterKeyId")
    elif isinstance(key, str) and key.endswith("alias/aws/sns"):
        message = "EventBridge cannot publish with the key aws/sns"
        yield Problem(("Properties", "KmsMasterKeyId"), message)


@rule(
    "ECR505",
    Severity.WARNING,
    "EventBridge can publish to a topic for image events",
    types=[TOPIC],
    why="EventBridge silently discards events that it cannot publish.",
    remedy="Add an AWS::SNS::TopicPolicy that allows sns:Publish to events.amazonaws.com.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html",
)
def may_publish(resource: Resource) -> Iterator[Problem]:
    """Read the policies of the topic."""
    if resource not in _published(resource.assembly):
        return
    policies = [*_policies(resource)]
    is_complete = all(is_policy_known(policy, "PolicyDocument") for policy in policies)
    statements = [statement for policy in policies for statement in allowed(policy)]
    if is_complete and not _allows_service(statements, "sns:Publish"):
        yield Problem((), f"no policy allows {_SERVICE} to publish")


@rule(
    "ECR507",
    Severity.WARNING,
    "EventBridge can use the key of a topic for image events",
    types=[TOPIC],
    why="EventBridge publishes to an encrypted topic only if the key policy allows it; otherwise "
    "it silently discards the event. Permissions of the account root do not apply to it.",
    remedy="Allow kms:Decrypt and kms:GenerateDataKey* to events.amazonaws.com in the KeyPolicy.",
    source=_KEYS,
)
def may_use_key(resource: Resource) -> Iterator[Problem]:
    """Read the policy of the key, if the assembly defines it."""
    key = _key_of(resource)
    if key is None or resource not in _published(resource.assembly):
        return
    is_complete = key.is_known and (
        key.get("KeyPolicy") is None or is_policy_known(key, "KeyPolicy")
    )
    missing = [name for name in _KEY_ACTIONS if not _allows_service([*allowed(key)], name)]
    if is_complete and missing:
        message = f"the policy of {key.id} does not allow {' and '.join(missing)} to {_SERVICE}"
        yield Problem(("Properties", "KmsMasterKeyId"), message)


def _published(assembly: TemplateSet) -> frozenset[Resource]:
    """Return the topics that rules about images send to without a role of their own."""
    if _PUBLISHED not in assembly.memo:
        targets = [
            assembly.referred_to(target.get("Arn"))
            for event_rule in assembly.of_type(EVENT_RULE)
            if is_about_images(event_rule.get("EventPattern"))
            for _, target in event_rule.mappings("Targets")
            if "RoleArn" not in target
        ]
        assembly.memo[_PUBLISHED] = frozenset(topic for topic in targets if topic is not None)
    published: frozenset[Resource] = assembly.memo[_PUBLISHED]
    return published


def _policies(topic: Resource) -> Iterator[Resource]:
    """Yield the policies that apply, or may apply, to a topic."""
    assembly = topic.assembly
    for policy in assembly.of_type(*TOPIC_POLICIES):
        for arn in topics_of(policy):
            referred = assembly.referred_to(arn)
            if referred is topic or (referred is None and is_unresolved(arn)):
                yield policy


def _key_of(topic: Resource) -> Resource | None:
    """Return the key that a topic names, by itself or by an alias."""
    key = topic.assembly.referred_to(topic.get("KmsMasterKeyId"))
    if key is not None and key.type == ALIAS:
        key = topic.assembly.referred_to(key.get("TargetKeyId"))
    return key if key is not None and key.type == KEY else None


def _allows_service(statements: Sequence[Statement], action: str) -> bool:
    return any(
        statement.may(action)
        and any(
            value in ("*", _SERVICE) or is_unresolved(value) for _, value in statement.principals
        )
        for statement in statements
    )
