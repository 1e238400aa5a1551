"""Functions, tasks and endpoints that can pull."""

from typing import Any

from tests.support.correct_templates.values import UNKNOWN
from tests.support.rule_examples.build import (
    ABSENT,
    HERE,
    HOST,
    OIDC,
    OWN_ROLE,
    OWN_ROOT,
    allow,
    api,
    assumed_by,
    document,
    get_att,
    inline,
    resource,
    service_role,
)
from tests.support.rule_examples.consumers import (
    LAYERS,
    LET_IN,
    endpoint,
    fargate,
    function,
    grouped,
    logged_in,
    port,
    reads,
    storage,
    worker,
)
from tests.support.rule_examples.consumers import PUSH as PUSH_IMAGE
from tests.support.rule_examples.statements import (
    ORGANIZATION,
    PARTNER,
    PULL,
    open_to,
    pulled_by,
)

FROM_MAIN = {
    "StringEquals": {
        f"{HOST}:aud": "sts.amazonaws.com",
        f"{HOST}:sub": "repo:acme/payments:ref:refs/heads/main",
    }
}
OWN_BUCKETS = {"StringEquals": {"aws:ResourceAccount": "111122223333"}}

CORRECT: dict[str, dict[str, Any]] = {
    # Consumers.
    "moving a tag": logged_in(["ecr:BatchGetImage", "ecr:PutImage"]),
    "reading manifests": worker(allow("ecr:BatchGetImage", Resource=f"{HERE}:repository/a")),
    "a function that reads layers": worker(
        allow(PULL, Resource=f"{HERE}:repository/a"), service="lambda"
    ),
    "layers that the repository's policy allows": worker(
        allow("ecr:GetAuthorizationToken", Resource="*"),
        allow("ecr:BatchGetImage", Resource=f"{HERE}:repository/a"),
    )
    | open_to("ecr:GetDownloadUrlForLayer", Principal={"AWS": OWN_ROOT}),
    "pushes": logged_in(PUSH_IMAGE),
    "a login to ECR Public": worker(
        allow(["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], Resource="*")
    ),
    "an image that is not known": function(UNKNOWN),
    "an image of a deploy-time registry": function({"Fn::Sub": "${Given}/api:v1"}),
    "a function from a file": {"Function": resource("AWS::Lambda::Function", {"Code": UNKNOWN})},
    "a task with a public image": fargate("public.ecr.aws/nginx/nginx:1"),
    "a task with an image that is not known": fargate(UNKNOWN),
    "a task with several images": fargate([UNKNOWN]),
    "a task on instances": {
        "Job": resource(
            "AWS::ECS::TaskDefinition", {"ContainerDefinitions": [{"Name": "a", "Image": "b"}]}
        )
    },
    "a task with a role of others": fargate(role=f"{OWN_ROLE}/execution"),
    "a task with a managed role": fargate(
        role=get_att("Task"),
        Task=service_role(
            "ecs-tasks",
            ManagedPolicyArns=[
                "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
            ],
        ),
    ),
    # VPC endpoints.
    "an endpoint of a service that is not known": endpoint(UNKNOWN),
    "an endpoint of another service": endpoint("logs", VpcEndpointType=ABSENT),
    "an endpoint of ECR Public": endpoint("ecr-public.api"),
    "an endpoint with FIPS": endpoint("ecr.dkr-fips"),
    "an endpoint of a type that is not known": endpoint(VpcEndpointType=UNKNOWN),
    "an endpoint of another Region": endpoint(
        ServiceName="com.amazonaws.us-east-1.ecr.api", ServiceRegion="us-east-1"
    ),
    "an endpoint with a hosted zone": endpoint(PrivateDnsEnabled=False)
    | {"Zone": resource("AWS::Route53::HostedZone", {"Name": "dkr.ecr.example"})},
    "an endpoint for pulls": endpoint(PolicyDocument=document(*LET_IN)),
    "an endpoint whose policy is not known": endpoint(PolicyDocument=UNKNOWN),
    "an endpoint that denies deletions": endpoint(
        PolicyDocument=document(
            allow("*", Principal="*", Resource="*"),
            {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDelete*", "Resource": "*"},
        )
    ),
    "an endpoint for an organization": endpoint(
        PolicyDocument=document(
            allow("*", Principal="*", Resource="*", Condition=ORGANIZATION),
        )
    ),
    "layers, and the own buckets": storage(
        reads(LAYERS),
        allow("s3:*", Principal="*", Resource="*", Condition=OWN_BUCKETS),
    ),
    "all but a bucket": storage(
        {"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::a/*"}
    ),
    "storage without ECR": endpoint(
        "s3", VpcEndpointType="Gateway", PolicyDocument=document(reads("arn:aws:s3:::a/*"))
    ),
    "a security group for HTTPS": grouped(port(0, 65535)),
    "a security group for everything": grouped({"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"}),
    "a security group of a port that is not known": grouped(port(UNKNOWN)),
    "a security group of a rule that is not known": grouped(UNKNOWN),
    "a security group with rules of its own": grouped()
    | {"Rule": resource("AWS::EC2::SecurityGroupIngress", {"GroupId": {"Ref": "Group"}})},
    "a security group of rules that are not known": grouped(SecurityGroupIngress=UNKNOWN),
    "security groups of others": endpoint(SecurityGroupIds=["sg-0a1b2c3d", get_att("Api")]) | api(),
    "a statement for the tags of sessions": {
        "Push": assumed_by(
            allow("sts:TagSession", Principal={"Federated": f"{OIDC}/{HOST}"}, Condition=FROM_MAIN),
        )
    },
    "two branches that are limited": pulled_by(
        {"Fn::If": ["Perhaps", PARTNER, {"AWS": OWN_ROOT}]},
        Condition={"Fn::If": ["Never", UNKNOWN, {"Ref": "AWS::NoValue"}]},
    ),
    "a Deny in a trust policy": {
        "Task": assumed_by(
            {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"},
            Policies=inline([*PULL, "ecr:GetAuthorizationToken"], Sid="Pull1"),
        )
    },
    "nodes beside an endpoint of an unknown policy": {
        **endpoint(PolicyDocument=UNKNOWN),
        "Nodes": resource("AWS::EKS::Nodegroup", {}),
    },
    "nodes beside an endpoint without a policy": {
        **endpoint(),
        "Nodes": resource("AWS::EKS::Nodegroup", {}),
    },
    "what is not a security group": endpoint(SecurityGroupIds=[get_att("Api")]) | api(),
}
