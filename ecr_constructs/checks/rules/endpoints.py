"""VPC endpoints through which images are pulled without a path to the internet."""

import re
from collections.abc import Iterator, Mapping

from ecr_constructs.checks.rule import (
    ECR_GUIDE,
    Problem,
    error_rule,
    problems_at,
    warning_rule,
)
from ecr_constructs.checks.rules.policies import action_error
from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.effective_actions import ANY_VALUE, covers_registry
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    Policy,
    Statement,
    is_policy_known,
    matches,
    read_policy,
)
from ecr_constructs.cloudformation.resource_types import (
    EKS_TYPES,
    HOSTED_ZONE,
    SECURITY_GROUP,
    SECURITY_GROUP_INGRESS,
    VPC_ENDPOINT,
)
from ecr_constructs.model import eks_add_ons
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.tokens import is_unresolved

_GUIDE = f"{ECR_GUIDE}/vpc-endpoints.html"
_SERVICE = re.compile(
    r"(?:cn\.)?com\.amazonaws\.(?P<region>\$\{Token\[[^\[\]]*\]\}|[a-z]{2,}(?:-[a-z]+)+-[0-9]+)"
    r"\.(?P<name>[^$]+)"
)
_ECR = re.compile(r"ecr\.(?:api|dkr)(?:-fips)?")
_LIKE_ECR = re.compile(r"(?<![a-z])ecr(?![a-z])(?!-public)", re.IGNORECASE)
_LOGIN = "ecr:GetAuthorizationToken"
_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_REGION_MARK = "${Token[AWS.Region]}"
_LAYER_BUCKET = re.compile(r"arn:[^:]*:s3:::prod-[a-z0-9-]+-starport")
_HTTPS = 443
# The layers are in a bucket of AWS, of which these keys hold another owner than yours.
_OWNERS = ("aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "s3:resourceaccount")


def _service_of(endpoint: Resource) -> tuple[str, str]:
    """Return the Region and the name of an endpoint's service: ``ecr.api``."""
    value = endpoint.get("ServiceName")
    match = _SERVICE.fullmatch(value) if isinstance(value, str) else None
    return (match["region"], match["name"]) if match else ("", "")


def _unreadable_service(endpoint: Resource) -> str:
    """Return the literal name of a service that lacks a Region or has another form."""
    service = endpoint.text("ServiceName") or ""
    # Services of others, of which the name is generated.
    return "" if ".vpce-svc-" in service or _service_of(endpoint)[1] else service


def _is_for_ecr(endpoint: Resource) -> bool:
    return _ECR.fullmatch(_service_of(endpoint)[1]) is not None


@error_rule(
    "ECR711",
    "A VPC endpoint for ECR is an interface endpoint of an existing service",
    types=[VPC_ENDPOINT],
    why="EC2 rejects an endpoint of a service that does not exist or has no endpoint of this type.",
    remedy="Write ServiceName: com.amazonaws.REGION.ecr.api or com.amazonaws.REGION.ecr.dkr, and "
    "VpcEndpointType: Interface.",
    source=_GUIDE,
)
def _existing_service(endpoint: Resource) -> Iterator[Problem]:
    region, name = _service_of(endpoint)
    path = ("Properties", "ServiceName")
    if not _is_for_ecr(endpoint):
        written = name or _unreadable_service(endpoint)
        if _LIKE_ECR.search(written):
            message = f"ECR has no endpoint service {written}; it has ecr.api and ecr.dkr"
            yield Problem(path, message)
        return
    own = endpoint.stack.region
    is_elsewhere = own is not None and not is_unresolved(region) and region != own
    if is_elsewhere and endpoint.get("ServiceRegion") is None:
        yield Problem(path, f"the service is in {region}, the endpoint is in {own}")
    kind = endpoint.get("VpcEndpointType")
    if kind is None and endpoint.is_known:
        message = "VpcEndpointType is missing, and the default is Gateway"
        yield Problem(("Properties",), message)
    elif isinstance(kind, str) and not is_unresolved(kind) and kind != "Interface":
        message = f"VpcEndpointType must be Interface, got {kind!r}"
        yield Problem(("Properties", "VpcEndpointType"), message)
    elif endpoint.get("RouteTableIds"):
        message = "an interface endpoint has subnets, not route tables"
        remedy = "Remove RouteTableIds, and set SubnetIds."
        yield Problem(("Properties", "RouteTableIds"), message, remedy)


@warning_rule(
    "ECR712",
    "A VPC endpoint for ECR has private DNS",
    types=[VPC_ENDPOINT],
    why="Clients address ECR by its public name, which resolves to the endpoint only with private "
    "DNS; without it, pulls need a path to the internet.",
    remedy="Set PrivateDnsEnabled: true.",
    source=_GUIDE,
)
def _private_dns(endpoint: Resource) -> Iterator[Problem]:
    is_off = str(endpoint.get("PrivateDnsEnabled")).lower() == "false"
    # A hosted zone of your own can resolve the name.
    has_zone = bool(endpoint.assembly.of_type(HOSTED_ZONE))
    if _is_for_ecr(endpoint) and is_off and not has_zone:
        yield Problem(("Properties", "PrivateDnsEnabled"), "private DNS is off")


@warning_rule(
    "ECR715",
    "A VPC endpoint that images are pulled through is connected to subnets",
    types=[VPC_ENDPOINT],
    why="An interface endpoint without subnets has no address, and a gateway endpoint of S3 "
    "without route tables routes nothing.",
    remedy="Set SubnetIds of an interface endpoint, and RouteTableIds of a gateway endpoint.",
    source=_GUIDE,
)
def _connected(endpoint: Resource) -> Iterator[Problem]:
    kind = endpoint.get("VpcEndpointType")
    name = "RouteTableIds" if kind in (None, "Gateway") else "SubnetIds"
    is_gateway = name == "RouteTableIds" and _service_of(endpoint)[1] == "s3"
    is_interface = kind == "Interface" and _is_for_ecr(endpoint)
    is_used = is_interface or (is_gateway and _is_beside_ecr(endpoint))
    if is_used and endpoint.is_known and not endpoint.get(name):
        yield Problem(("Properties",), f"the endpoint has no {name}")


@warning_rule(
    "ECR713",
    "The policy of a VPC endpoint allows pulls, by actions that exist",
    types=[VPC_ENDPOINT],
    why="Pulls through the endpoint fail: they need a login and ECR's reading actions at the "
    "endpoints of ECR, and s3:GetObject for the layers at the endpoint of S3.",
    remedy="Allow ecr:GetAuthorizationToken on '*', ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer at ecr.api and ecr.dkr; at S3, s3:GetObject on "
    "arn:aws:s3:::prod-REGION-starport-layer-bucket/*.",
    source=f"{_GUIDE}#ecr-vpc-endpoint-policy",
)
def _passable(endpoint: Resource) -> Iterator[Problem]:
    path = ("Properties", "PolicyDocument")
    document = endpoint.get("PolicyDocument")
    if document is None or not is_policy_known(endpoint, "PolicyDocument"):
        return
    for policy in read_policy("endpoint", path, document):
        if _is_for_ecr(endpoint):
            wanted = (_LOGIN, *_PULL) if "api" in _service_of(endpoint)[1] else _PULL
            missing = [action for action in wanted if not _passes(policy, action, None)]
            if missing:
                yield Problem(path, f"the policy does not allow {', '.join(missing)}")
            elif _LOGIN in wanted and not any(map(_allows_login, policy.statements)):
                yield Problem(path, f"{_LOGIN} is allowed only on specific resources")
            yield from problems_at(path, _unknown_actions(policy))
        elif _service_of(endpoint)[1] == "s3" and _has_layers(endpoint, policy):
            bucket = _layer_bucket(endpoint)
            if not _passes(policy, "s3:GetObject", bucket):
                message = f"the policy does not allow s3:GetObject on {bucket}"
                yield Problem(path, message)


@warning_rule(
    "ECR716",
    "The policy of a VPC endpoint next to an EKS cluster allows the images of EKS",
    types=[VPC_ENDPOINT],
    why="With private DNS, nodes pull the VPC CNI, kube-proxy, CoreDNS and other add-ons through "
    "the endpoint, from a registry of AWS. Without them no node becomes ready, also where there is "
    "a NAT gateway.",
    remedy="Allow the reading actions of ECR on arn:aws:ecr:REGION:ACCOUNT:repository/*, with the "
    "account that AWS publishes for the Region: RegistryEndpoints(eks_add_ons=True).",
    source="https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html",
)
def _allows_eks(endpoint: Resource) -> Iterator[Problem]:
    """Look at clusters and nodes of the endpoint's template, which are probably in its VPC."""
    region, document = endpoint.stack.region, endpoint.get("PolicyDocument")
    siblings = (item for kind in EKS_TYPES for item in endpoint.assembly.of_type(kind))
    if region not in eks_add_ons.ACCOUNTS or not _is_for_ecr(endpoint) or document is None:
        return
    if not any(item.stack is endpoint.stack for item in siblings):
        return
    if not is_policy_known(endpoint, "PolicyDocument"):
        return
    account = eks_add_ons.eks_account(region)
    image = f"arn:{partition_of(region)}:ecr:{region}:{account}:repository/eks/coredns"
    path = ("Properties", "PolicyDocument")
    for policy in read_policy("endpoint", path, document):
        if not _passes(policy, _PULL[0], image):
            message = f"the policy does not allow images of EKS, account {account}"
            yield Problem(path, message)


def _allows_login(statement: Statement) -> bool:
    return statement.allows and statement.may(_LOGIN) and covers_registry(statement)


def _unknown_actions(policy: Policy) -> Iterator[str]:
    names = (action for statement in policy.statements for action in statement.actions)
    return filter(None, (action_error(action, "identity") for action in names))


def _has_layers(endpoint: Resource, policy: Policy) -> bool:
    """Tell whether layers are pulled through an endpoint of S3: others are for ECR in its VPC."""
    names = (arn for statement in policy.statements for arn in statement.resources)
    return _is_beside_ecr(endpoint) or any("starport-layer-bucket" in name for name in names)


def _is_beside_ecr(endpoint: Resource) -> bool:
    endpoints = filter(_is_for_ecr, endpoint.assembly.in_registry_of(endpoint, VPC_ENDPOINT))
    return any(item.get("VpcId") == endpoint.get("VpcId") for item in endpoints)


def _layer_bucket(endpoint: Resource) -> str:
    # An unknown Region is that of the endpoint, however the policy writes it.
    region = endpoint.stack.region
    partition = partition_of(region) if region else "aws"
    name = f"prod-{region or _REGION_MARK}-starport-layer-bucket"
    return f"arn:{partition}:s3:::{name}/layer"


def _passes(policy: Policy, action: str, resource: str | None) -> bool:
    """Tell whether a policy may allow an action; the other conditions may hold."""
    allows = any(item.allows and _applies(item, action, resource) for item in policy.statements)
    denies = any(
        item.body.get("Effect") == "Deny"
        and item.is_for_anyone
        and not item.conditions
        and _applies(item, action, resource)
        and (resource is not None or "*" in item.resources)
        for item in policy.statements
    )
    return allows and not denies


def _applies(statement: Statement, action: str, resource: str | None) -> bool:
    if not statement.may(action):
        return False
    if resource is None:
        return True
    is_of_owner = any(
        test.key.lower() in _OWNERS and bare(test.operator) in ("stringequals", "stringlike")
        for test in statement.conditions
    )
    if statement.excluded_resources:
        return not any(_covers(arn, resource) for arn in statement.excluded_resources)
    return not is_of_owner and any(_covers(arn, resource) for arn in statement.resources)


def _covers(pattern: str, resource: str) -> bool:
    # Deploy-time values can be anything; without a Region, so can Region and partition.
    text = ANY_VALUE.sub("*", pattern)
    if is_unresolved(resource):
        text = _LAYER_BUCKET.sub("arn:*:s3:::prod-*-starport", text)
    return matches(text, resource)


@warning_rule(
    "ECR714",
    "The security group of a VPC endpoint for ECR allows HTTPS",
    types=[VPC_ENDPOINT],
    why="Clients connect to the endpoint on port 443; without it, every pull times out.",
    remedy="Allow ingress on port 443 from the subnets of the clients.",
    source=_GUIDE,
)
def _allows_https(endpoint: Resource) -> Iterator[Problem]:
    ids = endpoint.get("SecurityGroupIds")
    if not _is_for_ecr(endpoint) or not isinstance(ids, list) or not ids:
        return
    groups = [endpoint.assembly.referred_to(value) for value in ids]
    if all(group is not None and _shuts_out_https(group) for group in groups):
        path = ("Properties", "SecurityGroupIds")
        yield Problem(path, "no security group of the endpoint allows port 443")


def _shuts_out_https(group: Resource) -> bool:
    """Tell whether all ingress of a security group is known and none of it is HTTPS."""
    if group.type != SECURITY_GROUP or not group.is_known:
        return False
    rules = group.get("SecurityGroupIngress") or []
    if not isinstance(rules, list) or group.assembly.of_type(SECURITY_GROUP_INGRESS):
        return False
    return not any(_may_be_https(rule) for rule in rules)


def _may_be_https(rule: object) -> bool:
    if not isinstance(rule, Mapping):
        return True
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if str(rule.get("IpProtocol")) not in ("tcp", "6"):
        return str(rule.get("IpProtocol")) not in ("udp", "17", "icmp", "1", "icmpv6", "58")
    try:
        return int(str(first)) <= _HTTPS <= int(str(last))
    except ValueError:
        return True
