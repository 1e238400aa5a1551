"""Alerts about findings in scanned images."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._sns import AnyTopic, grant_publish_to_events, topic_of
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.model.alerts import Message, check_emails, finding_message, scan_message
from ecr_constructs.model.events import Images, Pattern, Severity, finding, scan_completed
from ecr_constructs.model.tokens import is_unresolved

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/SQSDeadLetterQueue.html
RETENTION = cdk.Duration.days(14)


@checked
class ScanAlerts(Construct):
    """The findings of scanners in a registry's images, from a severity upwards, sent to a topic.

    It has rules for both scanners, of which a registry has one at a time. A basic scan sends one
    message with the number of findings of each severity; Amazon Inspector sends a message for each
    finding. Suppressed and closed findings are left out, and so are those of accounts for which
    this one administers Inspector; these have alerts of their own. Inspector sends a finding again
    whenever it changes, without a field that marks the repetition: group messages by the finding's
    ARN, which each message has.

    The topic is encrypted with a key of its own, which EventBridge may use. Messages that could not
    be delivered within a day are kept in a queue for 14 days.

    Example::

        ScanAlerts(stack, "Alerts", severity="CRITICAL", emails=["security@example.com"])

    Attributes:
        topic: The topic that alerts are sent to.
        dead_letter_queue: The queue of events that could not be delivered.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        severity: Severity | None = "HIGH",
        emails: Sequence[str] | None = (),
        topic: AnyTopic | None = None,
    ) -> None:
        """Define alerts for the registry of the stack's account and Region.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id.
            severity: The minimum severity: ``INFORMATIONAL``, ``LOW``, ``MEDIUM``, ``HIGH`` or
                ``CRITICAL``. Findings without a rating are left out. Default: ``HIGH``.
            emails: Addresses that are subscribed to the topic; each is asked to confirm.
                Default: none.
            topic: An ``sns.ITopic``. Its policy and its key's allow EventBridge, unless they are
                imported or it is an ``sns.CfnTopic``, which is a warning.
                Default: a new one, encrypted with a key of its own.

        Raises:
            ValidationError: An invalid severity or address; or ``defined-twice``: the app has
                alerts for this account and Region already.
        """
        severity = "HIGH" if severity is None else severity
        emails = emails or ()
        check_emails(emails)
        scans = scan_completed(Images(), severity)
        findings = finding(Images(), cdk.Stack.of(scope).account, severity)
        AppRegistry.of(scope).claim(
            "the scan alerts",
            scope,
            id,
            consequence="each finding would be sent twice",
            hint="subscribe to the topic of the first",
        )

        super().__init__(scope, id)
        self.topic: sns.ITopic = topic_of(self, topic or self._make_topic())
        grant_publish_to_events(self, self.topic)
        for index, email in enumerate(emails):
            sns.Subscription(
                self,
                # An id must be known at synthesis, even if the address is not.
                f"Email {index if is_unresolved(email) else email}",
                topic=self.topic,
                endpoint=email,
                protocol=sns.SubscriptionProtocol.EMAIL,
            )
        self.dead_letter_queue = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
        )
        partition = partition_in(region_of(scope))
        rules = [
            self._rule("BasicScans", scans, scan_message(severity, partition)),
            self._rule("Findings", findings, finding_message(partition)),
        ]
        self.dead_letter_queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                resources=[self.dead_letter_queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": [rule.attr_arn for rule in rules]}},
            )
        )

    def _make_topic(self) -> sns.Topic:
        key = kms.Key(
            self,
            "Key",
            description="Encrypts alerts about scanned images on their way",
            enable_key_rotation=True,
            # It protects nothing that outlives the topic.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        return sns.Topic(
            self, "Topic", display_name="Image scans", enforce_ssl=True, master_key=key
        )

    def _rule(self, construct_id: str, pattern: Pattern, message: Message) -> events.CfnRule:
        # L1: a target of aws_events_targets would load most of CDK for one property.
        return events.CfnRule(
            self,
            construct_id,
            event_pattern=pattern.to_dict(),
            targets=[
                events.CfnRule.TargetProperty(
                    arn=self.topic.topic_arn,
                    id="Topic",
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self.dead_letter_queue.queue_arn
                    ),
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_template=message.template, input_paths_map=dict(message.paths)
                    ),
                )
            ],
        )
