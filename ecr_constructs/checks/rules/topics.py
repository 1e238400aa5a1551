"""Topics that image events are sent to: their keys, and whether EventBridge may publish."""

from collections.abc import Iterator, Sequence

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.graph import TemplateSet, is_about_images, topics_of
from ecr_constructs.cloudformation.iam_policy import Statement, allowed, is_policy_known
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    EVENT_RULE,
    KEY,
    TOPIC,
    TOPIC_POLICIES,
)
from ecr_constructs.model.tokens import is_unresolved

_SERVICE = "events.amazonaws.com"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
_KEYS = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"
_PUBLISHED = "topics that EventBridge publishes to"


@rule(
    "ECR504",
    "warning",
    "A topic of image events is encrypted with a key of your own",
    types=[TOPIC],
    why="Without a key messages lie unencrypted at rest; and EventBridge cannot use aws/sns, whose "
    "policy nobody can change: nothing arrives.",
    remedy="Add KmsMasterKeyId: a key whose policy lets events.amazonaws.com kms:GenerateDataKey "
    "and kms:Decrypt.",
    source=_KEYS,
    controls=("Security Hub SNS.1", "CKV_AWS_26", "AVD-AWS-0136"),
)
def topic_key(resource: Resource) -> Iterator[Fault]:
    """Look at the topics that rules about images send to."""
    if resource not in resource.assembly.topics_of_events:
        return
    key = resource.get("KmsMasterKeyId")
    if key is None and resource.is_known:
        yield Fault(("Properties",), "the topic has no KmsMasterKeyId")
    elif isinstance(key, str) and key.endswith("alias/aws/sns"):
        said = "EventBridge cannot publish with the key aws/sns"
        yield Fault(("Properties", "KmsMasterKeyId"), said)


@rule(
    "ECR505",
    "warning",
    "EventBridge may publish to a topic of image events",
    types=[TOPIC],
    why="EventBridge drops what it may not publish, and nobody is told.",
    remedy="Add an AWS::SNS::TopicPolicy that allows sns:Publish to events.amazonaws.com.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html",
)
def may_publish(resource: Resource) -> Iterator[Fault]:
    """Read the topic's policies, all of which stand in its assembly or not at all."""
    if resource not in _published(resource.assembly):
        return
    policies = [*_policies(resource)]
    known = all(is_policy_known(each, "PolicyDocument") for each in policies)
    statements = [each for policy in policies for each in allowed(policy)]
    if known and not _lets_in(statements, "sns:Publish"):
        yield Fault((), f"no policy lets {_SERVICE} publish")


@rule(
    "ECR507",
    "warning",
    "EventBridge may use the key of a topic of image events",
    types=[TOPIC],
    why="EventBridge publishes to an encrypted topic only if the key's policy lets it; else it "
    "drops the event, and nobody is told. What the account's root may do does not hold for it.",
    remedy="Allow kms:Decrypt and kms:GenerateDataKey* to events.amazonaws.com in the KeyPolicy.",
    source=_KEYS,
)
def may_use_key(resource: Resource) -> Iterator[Fault]:
    """Read the policy of the key, if the assembly defines it."""
    key = _key_of(resource)
    if key is None or resource not in _published(resource.assembly):
        return
    known = key.is_known and (key.get("KeyPolicy") is None or is_policy_known(key, "KeyPolicy"))
    missing = [each for each in _KEY_ACTIONS if not _lets_in([*allowed(key)], each)]
    if known and missing:
        said = f"the policy of {key.id} does not let {_SERVICE} {' and '.join(missing)}"
        yield Fault(("Properties", "KmsMasterKeyId"), said)


def _published(assembly: TemplateSet) -> frozenset[Resource]:
    """Return the topics that rules about images send to without a role of their own."""
    if _PUBLISHED not in assembly.memo:
        targets = [
            assembly.referred_to(target.get("Arn"))
            for each in assembly.of_type(EVENT_RULE)
            if is_about_images(each.get("EventPattern"))
            for _, target in each.mappings("Targets")
            if "RoleArn" not in target
        ]
        assembly.memo[_PUBLISHED] = frozenset(each for each in targets if each is not None)
    found: frozenset[Resource] = assembly.memo[_PUBLISHED]
    return found


def _policies(topic: Resource) -> Iterator[Resource]:
    """Yield the policies that are, or may be, of a topic."""
    assembly = topic.assembly
    for each in assembly.of_type(*TOPIC_POLICIES):
        for arn in topics_of(each):
            referred = assembly.referred_to(arn)
            if referred is topic or (referred is None and is_unresolved(arn)):
                yield each


def _key_of(topic: Resource) -> Resource | None:
    """Return the key that a topic names, by itself or by an alias."""
    key = topic.assembly.referred_to(topic.get("KmsMasterKeyId"))
    if key is not None and key.type == ALIAS:
        key = topic.assembly.referred_to(key.get("TargetKeyId"))
    return key if key is not None and key.type == KEY else None


def _lets_in(statements: Sequence[Statement], action: str) -> bool:
    return any(
        statement.may(action)
        and any(
            value in ("*", _SERVICE) or is_unresolved(value) for _, value in statement.principals
        )
        for statement in statements
    )
