"""Examples of the rules for what pulls and pushes images, and for VPC endpoints."""

from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.resource_types import (
    FUNCTION,
    SAM_FUNCTION,
    SECURITY_GROUP,
    TASK_DEFINITION,
    VPC_ENDPOINT,
)
from tests.support.rule_examples.build import (
    ABSENT,
    HERE,
    HOME,
    PARTNER,
    ROOT,
    Problems,
    allow,
    api,
    document,
    example,
    get_att,
    resource,
    service_role,
    template,
)
from tests.support.rule_examples.statements import PULL

_REPOSITORY = f"{HERE}:repository/payments/api"
_LOGIN = allow("ecr:GetAuthorizationToken", Resource="*")
UPLOAD = ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]
PUSH = ["ecr:BatchCheckLayerAvailability", *UPLOAD, "ecr:PutImage"]
_STATEMENT = "Task.Properties.Policies[0].PolicyDocument.Statement[1].Action"


def worker(*statements: Any, service: str = "ecs-tasks", **properties: Any) -> dict[str, Any]:
    """Return a role with the statements of its policy."""
    policy = {"PolicyName": "a", "PolicyDocument": document(*statements)}
    return {"Task": service_role(service, Policies=[policy], **properties)}


def logged_in(actions: Any, resources: Any = _REPOSITORY) -> dict[str, Any]:
    """Return a role that may log in and do more."""
    return worker(_LOGIN, allow(actions, Resource=resources))


def function(image: Any) -> dict[str, Any]:
    """Return a function that runs an image."""
    role = f"arn:aws:iam::{HOME[0]}:role/function"
    properties = {"PackageType": "Image", "Code": {"ImageUri": image}, "Role": role}
    return {"Function": resource(FUNCTION, properties)}


def pulled(*statements: Any, at: tuple[str, str] = HOME, name: str = "shop/api") -> Template:
    """Return a template with a repository that has a policy of these statements."""
    text = document(*statements) if statements else ABSENT
    return template(api(RepositoryName=name, RepositoryPolicyText=text), at, "registry")


def pulling(at: tuple[str, str] = PARTNER, name: str = "shop/api") -> Template:
    """Return a template with a function that runs an image of `HOME`."""
    image = {"Fn::Sub": f"{HOME[0]}.dkr.ecr.{HOME[1]}.${{AWS::URLSuffix}}/{name}:v1"}
    return template(function(image), at, "functions")


def for_functions(account: Any = PARTNER[0], actions: Any = None, **parts: Any) -> dict[str, Any]:
    """Return a statement that admits Lambda for the functions of an account."""
    source = {"aws:SourceArn": f"arn:aws:lambda:{HOME[1]}:{account}:function:*"}
    default = {"Principal": {"Service": "lambda.amazonaws.com"}, "Condition": {"ArnLike": source}}
    return allow(actions or LAYER_ACTIONS, **{**default, **parts})


LAYER_ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def fargate(image: Any = None, role: Any = ABSENT, **others: Any) -> dict[str, Any]:
    """Return a task on Fargate with an image, by default of the repository."""
    image = {"Fn::Sub": "${Api.RepositoryUri}:v1"} if image is None else image
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "NetworkMode": "awsvpc",
        "Cpu": "256",
        "Memory": "512",
        "ExecutionRoleArn": role,
        "ContainerDefinitions": [{"Name": "a", "Image": image}],
    }
    return {**api(), "Job": resource(TASK_DEFINITION, properties), **others}


def endpoint(service: Any = "ecr.api", logical_id: str = "Endpoint", **properties: Any) -> Any:
    """Return an interface endpoint of a service."""
    name = f"com.amazonaws.${{AWS::Region}}.{service}" if isinstance(service, str) else service
    default = {
        "ServiceName": {"Fn::Sub": name} if isinstance(name, str) else name,
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "VpcId": "vpc-0a1b2c3d4e5f6a7b8",
        "SubnetIds": ["subnet-0a1b2c3d4e5f6a7b8"],
    }
    return {logical_id: resource(VPC_ENDPOINT, {**default, **properties})}


def storage(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return an endpoint of S3 with a policy next to one of ECR."""
    gateway = {
        "VpcEndpointType": "Gateway",
        "PrivateDnsEnabled": ABSENT,
        "SubnetIds": ABSENT,
        "RouteTableIds": ["rtb-0a1b2c3d4e5f6a7b8"],
        "PolicyDocument": document(*statements),
    }
    return {**endpoint("ecr.dkr", "Dkr"), **endpoint("s3", **{**gateway, **properties})}


def reads(bucket: Any, **parts: Any) -> dict[str, Any]:
    """Return a statement that allows to read the objects of buckets."""
    return allow("s3:GetObject", Principal="*", Resource=bucket, **parts)


def grouped(*rules: Any, **properties: Any) -> dict[str, Any]:
    """Return an endpoint with a security group of these rules."""
    group = {"GroupDescription": "ECR", "SecurityGroupIngress": [*rules], **properties}
    return {
        **endpoint(SecurityGroupIds=[{"Ref": "Group"}]),
        "Group": resource(SECURITY_GROUP, group),
    }


def port(first: Any, last: Any = None, protocol: Any = "tcp") -> dict[str, Any]:
    """Return an ingress rule for ports."""
    last = first if last is None else last
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, "CidrIp": "10.0.0.0/8"}


LAYERS = {"Fn::Sub": "arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*"}
_URI = "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"
LET_IN = [allow("ecr:GetAuthorizationToken", Principal="*", Resource="*")]
LET_IN += [allow(PULL, Principal="*", Resource=f"{HERE}:repository/*")]
PORTABLE = {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1"}
LOCAL = {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/shop/api:v1"}
_IMAGE = "Function.Properties.Code.ImageUri"
_POLICY = "Endpoint.Properties.PolicyDocument"


def pulled_by_nodes(*arns: str, kind: str = "AWS::EKS::Nodegroup") -> dict[str, Any]:
    """Return an endpoint whose policy allows some images, and nodes of EKS."""
    login = allow("ecr:GetAuthorizationToken", Principal="*", Resource="*")
    policy = document(login, allow(PULL, Principal="*", Resource=[*arns]))
    return {**endpoint(PolicyDocument=policy), "Nodes": resource(kind, {})}


EXAMPLES = {
    "ECR220": example(logged_in("ecr:BatchGetImage"), _STATEMENT, logged_in(PULL)),
    "ECR701": example(function("public.ecr.aws/acme/api:v1"), _IMAGE, function(LOCAL)),
    "ECR702": example(
        [Template("template", {"Resources": function(PORTABLE)})],
        _IMAGE,
        [Template("template", {"Resources": function(LOCAL)})],
    ),
    "ECR703": example(
        fargate(), "Job.Properties", fargate(role=get_att("Task"), **logged_in(PULL))
    ),
    "ECR704": example(
        [pulling(), pulled(allow(LAYER_ACTIONS, Principal={"AWS": ROOT}))],
        _IMAGE,
        [pulling(), pulled(for_functions(), allow(LAYER_ACTIONS, Principal={"AWS": ROOT}))],
    ),
    "ECR711": example(
        endpoint("ecr.docker"), "Endpoint.Properties.ServiceName", endpoint("ecr.dkr")
    ),
    "ECR712": example(
        endpoint(PrivateDnsEnabled=False), "Endpoint.Properties.PrivateDnsEnabled", endpoint()
    ),
    "ECR713": example(storage(reads(_URI)), _POLICY, storage(reads(LAYERS))),
    "ECR715": example(endpoint(SubnetIds=ABSENT), "Endpoint.Properties", endpoint()),
    "ECR716": example(
        pulled_by_nodes(_REPOSITORY),
        "Endpoint.Properties.PolicyDocument",
        pulled_by_nodes(_REPOSITORY, f"arn:aws:ecr:{HOME[1]}:602401143452:repository/*"),
    ),
    "ECR714": example(
        grouped(port(80)), "Endpoint.Properties.SecurityGroupIds", grouped(port(443))
    ),
}
_TYPE = "Endpoint.Properties.VpcEndpointType"
_NAMES = ["ecr", "api.ecr", "dkr.ecr", "ecr.docker", "ecr-api", "ecr.Dkr"]
_NOTHING = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
PROBLEMS: Problems = {
    ("ECR220", "Task.Properties.Policies[0].PolicyDocument.Statement[0].Action"): {
        "a pull without a login": worker(allow(PULL, Resource=_REPOSITORY)),
        "a login to ECR Public without a token": worker(
            allow("ecr-public:GetAuthorizationToken", Resource="*")
        ),
    },
    ("ECR220", _STATEMENT): {
        "uploads without an image": logged_in([*PULL, *UPLOAD]),
        "an image without uploads": logged_in([*PULL, "ecr:PutImage"]),
    },
    ("ECR701", _IMAGE): {
        "a function with an image of another Region": function(
            f"{HOME[0]}.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1"
        ),
        "a function with an image of Docker Hub": function("docker.io/library/python:3"),
    },
    ("ECR701", "Function.Properties.ImageUri"): {
        "a function of SAM with an image of ECR Public": {
            "Function": resource(SAM_FUNCTION, {"ImageUri": "public.ecr.aws/acme/api:v1"})
        }
    },
    ("ECR703", "Job.Properties.ExecutionRoleArn"): {
        "an execution role that may not pull": fargate(
            f"{HOME[0]}.dkr.ecr.eu-central-1.amazonaws.com/shop/api:v1",
            get_att("Task"),
            **worker(allow("logs:PutLogEvents", Resource="*")),
        )
    },
    ("ECR711", "Endpoint.Properties.ServiceName"): {
        **{f"no endpoint service {name}": endpoint(name) for name in _NAMES},
        "a service without a Region": endpoint(ServiceName="com.amazonaws.ecr.api"),
        "a service by its host": endpoint(ServiceName="api.ecr.eu-central-1.amazonaws.com"),
        "an endpoint service of another Region": endpoint(
            ServiceName="com.amazonaws.us-east-1.ecr.api"
        ),
    },
    ("ECR711", _TYPE): {
        "a gateway for ECR": endpoint(VpcEndpointType="Gateway"),
        "a type in lower case": endpoint(VpcEndpointType="interface"),
    },
    ("ECR711", "Endpoint.Properties"): {
        "an endpoint without a type": endpoint(VpcEndpointType=ABSENT)
    },
    ("ECR711", "Endpoint.Properties.RouteTableIds"): {
        "an interface with route tables": endpoint(RouteTableIds=["rtb-0a1b2c3d4e5f6a7b8"])
    },
    ("ECR715", "Endpoint.Properties"): {
        "a gateway without route tables": storage(reads("*"), RouteTableIds=[])
    },
    ("ECR713", _POLICY): {
        "a login on a repository": endpoint(
            PolicyDocument=document(
                allow([*PULL, "ecr:GetAuthorizationToken"], Principal="*", Resource=_REPOSITORY)
            )
        ),
        "an action that does not exist": (
            endpoint(
                PolicyDocument=document(
                    *LET_IN, allow("ecr:DownloadLayer", Principal="*", Resource="*")
                )
            ),
            "ecr:DownloadLayer",
        ),
        "an endpoint without a login": endpoint(PolicyDocument=document(LET_IN[1])),
        "an endpoint that denies everything": endpoint(PolicyDocument=document(*LET_IN, _NOTHING)),
        "layers of the own account": storage(
            reads("*", Condition={"StringEquals": {"aws:ResourceAccount": HOME[0]}})
        ),
        "all but the layers": storage(
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "NotResource": LAYERS}
        ),
        "layers are denied": storage(reads("*"), {**_NOTHING, "Resource": LAYERS}),
        "layers are only listed": storage(allow("s3:ListBucket", Principal="*", Resource="*")),
    },
    ("ECR714", "Endpoint.Properties.SecurityGroupIds"): {
        "a security group without rules": grouped(),
        "a security group for UDP": grouped(port(443, protocol="udp")),
        "a range of other ports": grouped(port(8000, 9000)),
    },
}
