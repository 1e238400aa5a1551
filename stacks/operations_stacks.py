"""What surrounds a registry: account settings, alarms, events, endpoints, public repositories."""

from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from ecr_constructs import (
    AccountSettings,
    PublicRepository,
    PullAlarms,
    RegistryEndpoints,
    UsageAlarms,
)
from ecr_constructs.environment.endpoints import Endpoint
from ecr_constructs.environment.events import AnyEvent
from ecr_constructs.environment.public import PublicRepository as DeclaredRepository
from ecr_constructs.environment.registry import Alarms
from ecr_constructs.environment.resolved_registry import ResolvedRegistry
from stacks.settings import acknowledge, statements


class SettingsStack(cdk.Stack):
    """The account settings, which a custom resource sets."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: ResolvedRegistry, **properties: Any
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **properties)
        AccountSettings(self, "Settings", **settings.account_settings)


class AlarmsStack(cdk.Stack):
    """Alarms for the quotas of ECR, and for pulls."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarms: Alarms,
        topic: sns.ITopic | None,
        acknowledged: ResolvedRegistry,
        **properties: Any,
    ) -> None:
        """Define the stack; without a topic of its own it notifies that of the alerts."""
        super().__init__(scope, construct_id, **properties)
        if alarms.topic is not None:
            topic = sns.Topic.from_topic_arn(self, "Topic", alarms.topic)
        assert topic is not None, "the file has one"
        if alarms.topic is None:
            # CloudFormation then keeps the topic while an alarm notifies it.
            cdk.CrossStackReferences.of(topic).produce(cdk.ReferenceStrength.STRONG)
        if (usage := alarms.usage) is not None:
            UsageAlarms(
                self,
                "Usage",
                topic=topic,
                percent=usage.percent,
                repositories=usage.repositories,
            )
        for pulls in alarms.pulls or ():
            PullAlarms(
                self,
                f"Pulls {pulls.period_minutes} {pulls.repositories[0]}",
                topic=topic,
                **pulls.model_dump(),
            )
        acknowledge(self, acknowledged.acknowledged)


class EventsStack(cdk.Stack):
    """Rules that send events about images to targets that exist already."""

    def __init__(
        self, scope: Construct, construct_id: str, *, rules: Iterable[AnyEvent], **properties: Any
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **properties)
        for rule in rules:
            self._rule(rule)

    def _rule(self, event: AnyEvent) -> None:
        # A scope for each rule: two ids must differ wherever two names do.
        scope = Construct(self, event.construct_id)
        target = events.CfnRule.TargetProperty(arn=event.target, id="Target", role_arn=event.role)
        rule = events.CfnRule(
            scope,
            "Rule",
            description=event.description,
            event_pattern=event.pattern(self.account).to_dict(),
            targets=[target],
        )
        service, _, account = event.target.split(":")[2:5]
        if service == "lambda" and account == self.account:
            lambda_.CfnPermission(
                scope,
                "Permission",
                action="lambda:InvokeFunction",
                function_name=event.target,
                principal="events.amazonaws.com",
                source_arn=rule.attr_arn,
            )


class EndpointsStack(cdk.Stack):
    """VPC endpoints for pulls, in VPCs that exist already."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoints: Iterable[Endpoint],
        **properties: Any,
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **properties)
        for endpoint in endpoints:
            self._endpoint(endpoint)

    def _endpoint(self, endpoint: Endpoint) -> None:
        scope = Construct(self, endpoint.vpc)
        vpc = ec2.Vpc.from_vpc_attributes(
            scope,
            "Vpc",
            vpc_id=endpoint.vpc,
            availability_zones=[subnet.availability_zone for subnet in endpoint.subnets],
            vpc_cidr_block=endpoint.cidr,
        )
        RegistryEndpoints(
            scope,
            "Endpoints",
            vpc=vpc,
            prefixes=endpoint.prefixes,
            cache_prefixes=endpoint.cache_prefixes,
            further_registries=endpoint.further_registries,
            eks_add_ons=endpoint.eks_add_ons,
            subnets=ec2.SubnetSelection(
                subnets=[
                    ec2.Subnet.from_subnet_attributes(
                        scope,
                        subnet.id,
                        subnet_id=subnet.id,
                        availability_zone=subnet.availability_zone,
                        route_table_id=subnet.route_table,
                    )
                    for subnet in endpoint.subnets
                ]
            ),
            security_groups=[
                ec2.SecurityGroup.from_security_group_id(scope, group, group)
                for group in endpoint.security_groups or ()
            ],
            s3_endpoint=endpoint.s3_endpoint,
            s3_statements=statements(item.document() for item in endpoint.s3_statements or ()),
            dual_stack=endpoint.dual_stack,
        )


class PublicStack(cdk.Stack):
    """Repositories that everyone may pull from, in us-east-1."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repositories: Iterable[DeclaredRepository],
        **properties: Any,
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **properties)
        for declared in repositories:
            repository = PublicRepository(
                self,
                declared.name,
                repository_name=declared.name,
                **declared.model_dump(exclude={"name", "acknowledge"}),
            )
            acknowledge(repository, declared.acknowledge or {})
