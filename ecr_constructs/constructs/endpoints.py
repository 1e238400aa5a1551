"""VPC endpoints for pulls without the internet."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.model.eks_add_ons import eks_account
from ecr_constructs.model.principals import AccountId
from ecr_constructs.model.registry_policy import check_pulls, layers_statement, pull_statements
from ecr_constructs.model.validation import reject


@checked
class RegistryEndpoints(Construct):
    """The three VPC endpoints of a pull: ECR's API, its registry, and S3 with the layers.

    Their policies allow pulls from one registry, and from those that are listed: no registry of
    another account, no push, no bucket but that of ECR's layers. They do not grant access by
    themselves: a principal that pulls needs a policy of its own.

    With private DNS all pulls of the VPC use the endpoints, also where there is a NAT gateway.
    **Images of AWS's own accounts need to be admitted**, such as those of EKS, without which no
    node becomes ready.

    The endpoint for S3 is a gateway and takes all S3 traffic of the subnets whose route tables
    have it. **These subnets reach no other bucket of the Region**, unless ``s3_statements`` allow
    it.

    Example::

        RegistryEndpoints(stack, "Pulls", vpc=vpc, prefixes=["payments/"], eks_add_ons=True)

    Attributes:
        api: The interface endpoint of ECR's API, where clients log in.
        registry: The interface endpoint of the registry, which clients pull from.
        layers: The gateway endpoint of S3, or None.
        layers_statement: The statement that the policy of an S3 endpoint needs, for an endpoint
            that is not defined here.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        account: AccountId | None = None,
        prefixes: Sequence[str] | None = (),
        cache_prefixes: Sequence[str] | None = (),
        further_registries: Mapping[str, Sequence[str]] | None = None,
        eks_add_ons: bool | None = False,
        subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = (),
        s3_endpoint: bool | None = True,
        s3_statements: Sequence[iam.PolicyStatement] | None = (),
        dual_stack: bool | None = False,
    ) -> None:
        """Define endpoints in a VPC, for a registry of its Region.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id.
            vpc: The VPC, with DNS support and DNS hostnames.
            account: The account of the registry. Default: the stack's.
            prefixes: Prefixes of repository names, 2 to 256 characters. Default: all
                repositories.
            cache_prefixes: The ``repository_prefix`` of pull-through caches, so that images are
                also imported. The first pull of an image needs a route to the internet as well,
                such as a NAT gateway; later ones do not. Default: none; cached images are pulled,
                and no image is imported.
            further_registries: Further registries of the Region, by account, each with prefixes of
                repository names; no prefix is all repositories: ``{"444455556666": ["base/"]}``.
                Default: none.
            eks_add_ons: Whether nodes pull the images of EKS and its add-ons, which AWS publishes
                in an account for each Region
                (https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html). Default:
                False.
            subnets: The subnets that pull. Default: interfaces in the private subnets, layers for
                every route table of the VPC.
            security_groups: Security groups of the interfaces, which must allow port 443. Default:
                a new one that allows the VPC's addresses.
            s3_endpoint: Whether to define the endpoint for S3. A route table has one at most; an
                existing one needs ``layers_statement`` in its policy. Default: True.
            s3_statements: Further statements of the S3 endpoint's policy. Default: none.
            dual_stack: Whether the endpoints have IPv6 addresses too; the subnets must. Default:
                IPv4 only.

        Raises:
            ValidationError: An invalid account or prefix, ``statements-without-endpoint``, or
                ``eks-region-unknown``: AWS's list of accounts does not have the Region.
        """
        prefixes, cache_prefixes = prefixes or (), cache_prefixes or ()
        stack, region = cdk.Stack.of(scope), region_of(scope)
        account = stack.account if account is None else account
        further = {} if further_registries is None else further_registries
        check_pulls(account, prefixes, cache_prefixes, further)
        if eks_add_ons:
            # All of its repositories, since add-ons come and go.
            further = {**further, eks_account(region): []}
        if s3_statements and not s3_endpoint:
            reject(
                "private pulls",
                "s3_endpoint=False",
                "statements-without-endpoint",
                "s3_endpoint=False defines no endpoint, so s3_statements would be in no policy",
                path="s3_statements",
                remedy="add them, and layers_statement, to the policy of the existing endpoint",
            )

        super().__init__(scope, id)
        partition = partition_in(region)
        repositories = f"arn:{partition}:ecr:{region}:{account}:repository/"
        others = {
            f"arn:{partition}:ecr:{region}:{other}:repository/": values
            for other, values in further.items()
        }
        pulls = _statements(pull_statements(repositories, prefixes, cache_prefixes, others))
        [self.layers_statement] = _statements([layers_statement(partition, region)])
        addresses = _DUAL_STACK if dual_stack else {}
        interfaces = {
            "vpc": vpc,
            "subnets": subnets,
            "security_groups": list(security_groups or ()) or [self._make_group(vpc)],
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
            for statement in (self.layers_statement, *(s3_statements or ())):
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
    return [iam.PolicyStatement.from_json(document) for document in documents]
