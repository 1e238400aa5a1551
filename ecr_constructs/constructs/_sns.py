"""Permission for AWS services to publish to a topic, encrypted or not."""

from collections.abc import Iterator
from typing import Protocol, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid


class PublishTopic(Protocol):
    """The part of ``sns.ITopic`` that publishing needs."""

    @property
    def topic_arn(self) -> str:
        """The topic's ARN."""

    @property
    def master_key(self) -> kms.IKey | None:
        """The key that encrypts messages."""

    def add_to_resource_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement to the topic's policy."""


class _HasTopicArn(Protocol):
    @property
    def topic_arn(self) -> str:
        """The topic's ARN."""


class HasTopicRef(Protocol):
    """The part of ``sns.ITopicRef`` and ``sns.CfnTopic`` that publishing needs."""

    @property
    def topic_ref(self) -> _HasTopicArn:
        """The reference to the topic."""


AnyTopic = PublishTopic | HasTopicRef


def topic_of(scope: Construct, topic: AnyTopic) -> sns.ITopic:
    """Return a topic; an L1, whose policy is a resource of its own, counts as imported."""
    if hasattr(topic, "add_to_resource_policy"):
        return cast("sns.ITopic", topic)
    arn = topic.topic_ref.topic_arn
    return sns.Topic.from_topic_arn(scope, "ImportedTopic", arn)


# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
_AWS_KEY = "alias/aws/sns"
_EVENTS, _ALARMS = "events.amazonaws.com", "cloudwatch.amazonaws.com"


def grant_publish_to_events(scope: Construct, topic: sns.ITopic) -> None:
    """Allow EventBridge to publish to a topic.

    Without a condition: with one in the topic's policy or its key's, EventBridge delivers nothing
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions,
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
    """
    _grant_publish(scope, topic, iam.ServicePrincipal(_EVENTS), _EVENTS)


def grant_publish_to_alarms(scope: Construct, topic: sns.ITopic) -> None:
    """Allow the CloudWatch alarms of the scope's account and Region to publish to a topic."""
    stack = cdk.Stack.of(scope)
    alarms = stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name="*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    conditions = {
        "ArnLike": {"aws:SourceArn": alarms},
        "StringEquals": {"aws:SourceAccount": stack.account},
    }
    _grant_publish(scope, topic, iam.ServicePrincipal(_ALARMS, conditions=conditions), _ALARMS)


def _use(service: iam.ServicePrincipal) -> iam.PolicyStatement:
    actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
    return iam.PolicyStatement(actions=actions, principals=[service], resources=["*"])


def _topic_errors(scope: Construct, topic: sns.ITopic) -> Iterator[Diagnostic]:
    """Yield each reason why nothing would arrive at a topic."""
    here, region = cdk.Stack.of(scope).region, topic.env.region
    if region != here and not (is_unresolved(region) or is_unresolved(here)):
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
        yield Diagnostic(
            "topic-region",
            f"the topic is in {region}, and EventBridge and CloudWatch publish to topics of their "
            f"own Region only, {here}",
            "topic",
            "give a topic of this Region",
        )
    if getattr(topic.master_key, "alias_name", None) == _AWS_KEY:
        yield Diagnostic(
            "topic-key-of-aws",
            f"the topic is encrypted with {_AWS_KEY}, whose policy lets no service use it, so that "
            "nothing would arrive",
            "topic",
            "encrypt it with a kms.Key of your own, or leave topic out",
        )


def _grant_publish(
    scope: Construct, topic: sns.ITopic, service: iam.ServicePrincipal, name: str
) -> None:
    statement = iam.PolicyStatement(
        actions=["sns:Publish"], principals=[service], resources=[topic.topic_arn]
    )
    raise_if_invalid("topic", topic.topic_arn, _topic_errors(scope, topic))
    added = topic.add_to_resource_policy(statement).statement_added
    key = topic.master_key
    if key and not key.add_to_resource_policy(_use(service)).statement_added:
        cdk.Annotations.of(scope).add_warning_v2(
            "ecr-constructs:topicKey",
            "the key of the topic is imported, so its policy is not changed here. It must allow "
            f"{name} kms:GenerateDataKey* and kms:Decrypt; otherwise nothing arrives",
        )
    if not added:
        cdk.Annotations.of(scope).add_warning_v2(
            "ecr-constructs:topicPolicy",
            f"the topic is imported, so its policy is not changed here. It must allow {name} "
            "sns:Publish, and its key's policy must allow it kms:GenerateDataKey* and "
            "kms:Decrypt; otherwise nothing arrives",
        )
