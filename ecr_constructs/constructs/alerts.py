"""Alerts about what scanners find in images."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ecr_constructs.constructs._app_registry import RegistryIndex
from ecr_constructs.constructs._sns import let_events_publish
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.model.alerts import Message, check_emails, finding_message, scan_message
from ecr_constructs.model.events import Images, Pattern, Severity, finding, scan_completed
from ecr_constructs.model.tokens import is_unresolved

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/SQSDeadLetterQueue.html
RETENTION = cdk.Duration.days(14)


class ScanAlerts(Construct):
    """What scanners find in a registry's images, from a severity upwards, sent to a topic.

    It listens to both scanners, of which a registry has one at a time: a basic scan is told of
    once, with the number of findings of each severity; Amazon Inspector tells of each finding.
    Suppressed and closed findings are left out, and so are those of accounts that this one
    administers Inspector for, which have alerts of their own. Inspector sends a finding anew
    whenever something of it changes, and no field tells the first time from the second: the
    finding's ARN stands in each message, for a receiver to fold them by.

    The topic is encrypted with a key of its own, which EventBridge may use; what could not be
    delivered to it within a day is kept in a queue for 14 days.

    Attributes:
        topic: The topic that alerts are sent to.
        dead_letter_queue: The queue of events that could not be delivered.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        severity: Severity = "HIGH",
        emails: Sequence[str] = (),
        topic: sns.ITopic | None = None,
    ) -> None:
        """Define alerts for the registry of the stack's account and Region.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id.
            severity: The lowest severity that is told of: ``INFORMATIONAL``, ``LOW``, ``MEDIUM``,
                ``HIGH`` or ``CRITICAL``. What is not rated yet is not told of. Default: ``HIGH``.
            emails: Addresses that are subscribed to the topic; each is asked to confirm.
                Default: none.
            topic: A topic to send to. EventBridge is admitted by its policy and by its key's,
                unless they are imported. Default: one is made, encrypted with a key of its own.

        Raises:
            ValueError: A severity or an address that is none; or the app has alerts for this
                account and Region already.
        """
        check_emails(emails)
        scans = scan_completed(Images(), severity)
        findings = finding(Images(), cdk.Stack.of(scope).account, severity)
        RegistryIndex.of(scope).claim(
            "the scan alerts",
            scope,
            construct_id,
            otherwise="each finding would be told of twice",
            instead="Subscribe to the topic of the first.",
        )

        super().__init__(scope, construct_id)
        self.topic = topic or self._make_topic()
        let_events_publish(self, self.topic)
        for index, each in enumerate(emails):
            sns.Subscription(
                self,
                # An id is known at synthesis, whatever the address.
                f"Email {index if is_unresolved(each) else each}",
                topic=self.topic,
                endpoint=each,
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
                conditions={"ArnEquals": {"aws:SourceArn": [each.attr_arn for each in rules]}},
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
