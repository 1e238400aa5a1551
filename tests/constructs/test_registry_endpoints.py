"""Endpoints: what can be pulled through them, and from where."""

from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from ecr_constructs import RegistryEndpoints
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, PULL, of_type, template

ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)


def vpc(stack: cdk.Stack) -> ec2.Vpc:
    """Return a VPC of public and isolated subnets."""
    subnets = [
        ec2.SubnetConfiguration(name=kind.value, subnet_type=kind)
        for kind in (ec2.SubnetType.PUBLIC, ec2.SubnetType.PRIVATE_ISOLATED)
    ]
    return ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=2, subnet_configuration=subnets)


def endpoints(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Return the properties of each endpoint by the end of its service's name."""
    rendered = of_type(template(stack), "AWS::EC2::VPCEndpoint").values()
    return {_service(item["ServiceName"], stack.region): item for item in rendered}


def _service(name: Any, region: str) -> str:
    if isinstance(name, str):
        return name.partition(f"{region}.")[2]
    text: str = name["Fn::Join"][1][-1]
    return text.removeprefix(".")


def statements(endpoint: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return action and resource of each statement of an endpoint's policy."""
    listed = endpoint["PolicyDocument"]["Statement"]
    assert all(entry["Principal"] == {"AWS": "*"} for entry in listed)
    return [(item["Action"], item["Resource"]) for item in listed]


def arn(prefix: str = "", account: str = ACCOUNT) -> str:
    """Return the ARN pattern of repositories."""
    return f"arn:aws:ecr:eu-central-1:{account}:repository/{prefix}*"


LOGIN = ("ecr:GetAuthorizationToken", "*")
LAYERS = ("s3:GetObject", "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*")


def test_pulls_from_this_registry_only(stack: cdk.Stack) -> None:
    """Both endpoints of ECR have one policy; S3's admits the layers' bucket."""
    RegistryEndpoints(stack, "Pulls", vpc=vpc(stack))
    result = endpoints(stack)

    assert {"ecr.api", "ecr.dkr", "s3"} == set(result)
    assert [LOGIN, (PULL, arn())] == statements(result["ecr.api"])
    assert statements(result["ecr.api"]) == statements(result["ecr.dkr"])
    assert [LAYERS] == statements(result["s3"])
    assert result["ecr.dkr"]["PrivateDnsEnabled"]
    assert ("Interface", "Gateway") == tuple(
        result[service]["VpcEndpointType"] for service in ("ecr.api", "s3")
    )
    assert 4 == len(result["s3"]["RouteTableIds"])


def test_one_group_admits_the_vpc(stack: cdk.Stack) -> None:
    """Only port 443, only from the VPC, and nothing goes out."""
    RegistryEndpoints(stack, "Pulls", vpc=vpc(stack))
    [(group_id, group)] = of_type(template(stack), "AWS::EC2::SecurityGroup").items()

    [rule] = group["SecurityGroupIngress"]
    assert ("tcp", 443, 443) == (rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
    assert {"Fn::GetAtt"} == set(rule["CidrIp"])
    [nothing] = group["SecurityGroupEgress"]
    assert "255.255.255.255/32" == nothing["CidrIp"]
    used = [endpoints(stack)[service]["SecurityGroupIds"] for service in ("ecr.api", "ecr.dkr")]
    assert [[{"Fn::GetAtt": [group_id, "GroupId"]}]] * 2 == used


def test_a_central_registry_and_its_cache(stack: cdk.Stack) -> None:
    """Another account's repositories are pulled by prefix; a cache's are imported too."""
    prefixes: dict[str, Any] = {"prefixes": ["payments/"], "cache_prefixes": ["docker-hub"]}
    RegistryEndpoints(stack, "Pulls", vpc=vpc(stack), account=OTHER_ACCOUNT, **prefixes)

    hub, payments = (arn(prefix, OTHER_ACCOUNT) for prefix in ("docker-hub/", "payments/"))
    assert statements(endpoints(stack)["ecr.dkr"]) == [
        LOGIN,
        (PULL, [hub, payments]),
        (["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], hub),
    ]


EKS = "602401143452"


def test_further_registries_and_eks(stack: cdk.Stack) -> None:
    """A base-image account by prefix, and all images that EKS publishes in the Region."""
    RegistryEndpoints(
        stack,
        "Pulls",
        vpc=vpc(stack),
        prefixes=["payments/"],
        further_registries={OTHER_ACCOUNT: ["base/"]},
        eks_add_ons=True,
    )
    result = endpoints(stack)

    pulled = [arn("payments/"), arn("base/", OTHER_ACCOUNT), arn(account=EKS)]
    assert [LOGIN, (PULL, pulled)] == statements(result["ecr.dkr"])
    assert statements(result["ecr.api"]) == statements(result["ecr.dkr"])


def test_eks_needs_a_known_region(app: cdk.App) -> None:
    """Its account differs by Region, so a stack for any Region names it."""
    stack = cdk.Stack(app, "Agnostic")
    with pytest.raises(ValidationError) as caught:
        RegistryEndpoints(stack, "Pulls", vpc=vpc(stack), eks_add_ons=True)
    assert ["eks-region-unknown"] == [item.code for item in caught.value.diagnostics]

    network = cast("ec2.Vpc", stack.node.find_child("Vpc"))
    RegistryEndpoints(stack, "Named", vpc=network, further_registries={EKS: []})
    policy = str(endpoints(stack)["ecr.dkr"]["PolicyDocument"])
    assert f":{EKS}:repository/*" in policy


def test_subnets_groups_and_addresses_are_ones_own(stack: cdk.Stack) -> None:
    """Interfaces stand in the subnets, layers are reached from them, no group is made."""
    network = vpc(stack)
    group = ec2.SecurityGroup(stack, "Mine", vpc=network)
    RegistryEndpoints(
        stack, "Pulls", vpc=network, subnets=ISOLATED, security_groups=[group], dual_stack=True
    )
    result = endpoints(stack)

    [(group_id, properties)] = of_type(template(stack), "AWS::EC2::SecurityGroup").items()
    assert "SecurityGroupIngress" not in properties
    assert [{"Fn::GetAtt": [group_id, "GroupId"]}] == result["ecr.api"]["SecurityGroupIds"]
    assert 2 == len(result["ecr.dkr"]["SubnetIds"]) == len(result["s3"]["RouteTableIds"])
    for item in result.values():
        assert ("dualstack", "dualstack") == (
            item["IpAddressType"],
            item["DnsOptions"]["DnsRecordIpType"],
        )


def test_other_buckets_are_admitted_by_name(stack: cdk.Stack) -> None:
    """The gateway takes over all of S3, so a bucket that workloads need is named."""
    bucket = iam.PolicyStatement(
        actions=["s3:GetObject"],
        principals=[iam.AnyPrincipal()],
        resources=["arn:aws:s3:::acme-assets/*"],
    )
    made = RegistryEndpoints(stack, "Pulls", vpc=vpc(stack), s3_statements=[bucket])

    assert made.layers is not None
    assert [LAYERS, ("s3:GetObject", "arn:aws:s3:::acme-assets/*")] == (
        statements(endpoints(stack)["s3"])
    )


def test_an_endpoint_for_s3_that_is_there(stack: cdk.Stack) -> None:
    """None is made, and the one that is there takes the statement for layers."""
    network = vpc(stack)
    there = network.add_gateway_endpoint("There", service=ec2.GatewayVpcEndpointAwsService.S3)
    made = RegistryEndpoints(stack, "Pulls", vpc=network, s3_endpoint=False)
    there.add_to_policy(made.layers_statement)

    assert made.layers is None
    assert [LAYERS] == statements(endpoints(stack)["s3"])


def test_the_partition_of_an_agnostic_stack_is_known_at_deployment(app: cdk.App) -> None:
    """One template serves every partition and Region."""
    stack = cdk.Stack(app, "Agnostic")
    RegistryEndpoints(stack, "Pulls", vpc=vpc(stack))
    policies = str([endpoint["PolicyDocument"] for endpoint in endpoints(stack).values()])

    assert "arn:aws:" not in policies
    assert "{'Ref': 'AWS::Partition'}, ':s3:::prod-', {'Ref': 'AWS::Region'}" in policies


def test_china(app: cdk.App) -> None:
    """Another partition's ARNs begin otherwise."""
    china = cdk.Environment(account=ACCOUNT, region="cn-north-1")
    stack = cdk.Stack(app, "China", env=china)
    RegistryEndpoints(stack, "Pulls", vpc=vpc(stack))

    layers = "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"
    assert [("s3:GetObject", layers)] == statements(endpoints(stack)["s3"])


def test_an_imported_vpc_may_have_no_addresses() -> None:
    """With security groups of its own, nothing asks for the VPC's block."""
    stack = cdk.Stack(env=cdk.Environment(account=ACCOUNT, region="eu-central-1"))
    imported = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-0aaaaaaa", availability_zones=["eu-central-1a"]
    )
    subnet = ec2.Subnet.from_subnet_attributes(
        stack, "Subnet", subnet_id="subnet-0aaaaaaa", availability_zone="eu-central-1a"
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0aaaaaaa")

    pulls = RegistryEndpoints(
        stack,
        "Pulls",
        vpc=imported,
        subnets=ec2.SubnetSelection(subnets=[subnet]),
        security_groups=[group],
        s3_endpoint=False,
    )
    assert pulls.layers is None
