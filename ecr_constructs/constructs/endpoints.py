"""VPC endpoints through which images are pulled without the internet."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.model.endpoint_policy import check_pulls, layers_statement, pull_statements


class RegistryEndpoints(Construct):
    """The three VPC endpoints of a pull: ECR's API, its registry, and S3 with the layers.

    Their policies admit pulls from one registry and nothing else: no other account's registry, no
    push, no bucket but that of ECR's layers. They grant nothing: whoever pulls needs a policy of
    its own.

    The endpoint for S3 is a gateway. It takes over all traffic to S3 of the subnets whose route
    tables it stands in: **every other bucket of the Region is out of their reach**, unless
    ``s3_statements`` admit it.

    Attributes:
        api: The interface endpoint of ECR's API, where clients log in.
        registry: The interface endpoint of the registry, which clients pull from.
        layers: The gateway endpoint of S3, or None.
        layers_statement: What the policy of an S3 endpoint must admit; for one that is not made
            here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        account: str | None = None,
        prefixes: Sequence[str] = (),
        cache_prefixes: Sequence[str] = (),
        subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] = (),
        s3_endpoint: bool = True,
        s3_statements: Sequence[iam.PolicyStatement] = (),
        dual_stack: bool = False,
    ) -> None:
        """Define endpoints in a VPC, for a registry of its Region.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id.
            vpc: The VPC, with DNS support and DNS hostnames.
            account: The account of the registry. Default: the stack's.
            prefixes: Beginnings of the names of the repositories, 2 to 256 characters. Default:
                all of the registry.
            cache_prefixes: The ``repository_prefix`` of pull-through caches, so that images are
                also imported. The first pull of an image needs a way to the internet as well,
                such as a NAT gateway; later ones do not. Default: what is cached is pulled, and
                nothing is imported.
            subnets: Where pulls come from. Default: interfaces in the private subnets, layers for
                every route table of the VPC.
            security_groups: Groups of the interfaces, which must admit port 443. Default: one is
                made that admits the VPC's addresses.
            s3_endpoint: Whether to make the endpoint for S3. A route table has one at most; if it
                is there already, its policy must admit ``layers_statement``. Default: it is made.
            s3_statements: What else the policy of the endpoint for S3 admits. Default: nothing.
            dual_stack: Whether the endpoints have IPv6 addresses too; the subnets must. Default:
                IPv4 only.

        Raises:
            ValueError: An account or a prefix that is none; or statements for an endpoint that is
                not made.
        """
        stack, region = cdk.Stack.of(scope), region_of(scope)
        account = stack.account if account is None else account
        check_pulls(account, prefixes, cache_prefixes)
        if s3_statements and not s3_endpoint:
            msg = (
                "s3_statements would be in no policy, since s3_endpoint=False makes none; add "
                "them, and layers_statement, to the endpoint that is there"
            )
            raise ValueError(msg)

        super().__init__(scope, construct_id)
        partition = partition_in(region)
        repositories = f"arn:{partition}:ecr:{region}:{account}:repository/"
        pulls = _statements(pull_statements(repositories, prefixes, cache_prefixes))
        [self.layers_statement] = _statements([layers_statement(partition, region)])
        addresses = _DUAL_STACK if dual_stack else {}
        interfaces = {
            "vpc": vpc,
            "subnets": subnets,
            "security_groups": list(security_groups) or [self._make_group(vpc)],
            "open": not security_groups,
            **addresses,
        }
        services = ec2.InterfaceVpcEndpointAwsService
        self.api, self.registry = (
            ec2.InterfaceVpcEndpoint(self, endpoint_id, service=service, **interfaces)
            for endpoint_id, service in (("Api", services.ECR), ("Docker", services.ECR_DOCKER))
        )
        for endpoint in (self.api, self.registry):
            for statement in pulls:
                endpoint.add_to_policy(statement)
        self.layers: ec2.GatewayVpcEndpoint | None = None
        if s3_endpoint:
            self.layers = ec2.GatewayVpcEndpoint(
                self,
                "Layers",
                vpc=vpc,
                service=ec2.GatewayVpcEndpointAwsService.S3,
                subnets=[subnets] if subnets else None,
                **addresses,
            )
            for statement in (self.layers_statement, *s3_statements):
                self.layers.add_to_policy(statement)

    def _make_group(self, vpc: ec2.IVpc) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="Pulls from Amazon ECR through VPC endpoints",
            # An endpoint only answers.
            allow_all_outbound=False,
        )


_DUAL_STACK: Mapping[str, Any] = {
    "ip_address_type": ec2.VpcEndpointIpAddressType.DUALSTACK,
    "dns_record_ip_type": ec2.VpcEndpointDnsRecordIpType.DUALSTACK,
}


def _statements(documents: Sequence[Mapping[str, Any]]) -> list[iam.PolicyStatement]:
    return [iam.PolicyStatement.from_json(each) for each in documents]
