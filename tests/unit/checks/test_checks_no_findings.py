"""Templates that are, or may be, correct: no rule reports anything."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    EVENT_RULE,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    ROLE,
    SCANNING,
    SECRET,
    SIGNING,
    TOPIC,
    TOPIC_INLINE_POLICY,
    TOPIC_POLICY,
)
from tests.support.rule_examples.access import ORGANIZATION, PULL, open_to, registry, role
from tests.support.rule_examples.build import (
    ROOT,
    allow,
    creation_template,
    document,
    get_att,
    key,
    repository,
    resource,
    rule,
    template,
)
from tests.support.rule_examples.events import BITBUCKET, CIRCLECI, UUID, ci, github
from tests.support.rule_examples.parts import (
    HERE,
    HOST,
    cache,
    inline,
    kms,
    lent,
    on,
    policy,
    scanning,
    upstream,
    with_role,
)

GOVERNMENT = ("111122223333", "us-gov-west-1")
FILTER = {
    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
    "ImageTagMutabilityExclusionFilterValue": "cache-*",
}
DENIED = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "ecr:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ARCHIVE = [
    rule(
        1,
        "transition",
        tagStatus="any",
        countType="imageCountMoreThan",
        countNumber=50,
    ),
    rule(
        2,
        tagStatus="any",
        storageClass="archive",
        countType="sinceImageTransitioned",
        countUnit="days",
        countNumber=365,
    ),
]
QUEUE = [{"Arn": "arn:aws:sqs:eu-central-1:111122223333:scans", "Id": "Queue"}]


def asks(source: str, detail: str) -> dict[str, Any]:
    """Return a rule for events of a kind."""
    pattern = {"source": [source], "detail-type": [detail]}
    return resource(EVENT_RULE, {"EventPattern": pattern, "Targets": QUEUE})


ADMITS = {"Principal": {"AWS": ROOT}, "Resource": f"{HERE}:repository/*"}
PUBLISH = allow("sns:Publish", Principal={"Service": "events.amazonaws.com"}, Resource="*")


def _published(target: dict[str, Any]) -> dict[str, Any]:
    """Return a topic of image events without a policy."""
    pattern = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]}
    targets = [{"Arn": {"Ref": "Topic"}, "Id": "Topic", **target}]
    return {
        "Rule": resource(EVENT_RULE, {"EventPattern": pattern, "Targets": targets}),
        "Topic": resource(TOPIC, {"KmsMasterKeyId": {"Ref": "Given"}}),
    }


def _assumed(test: dict[str, Any], enterprise: str = "") -> dict[str, Any]:
    """Return a role for GitHub Actions with a test beside that of the audience."""
    provider = f"arn:aws:iam::111122223333:oidc-provider/{HOST}{enterprise}"
    trust = allow(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": provider},
        Condition={"StringEquals": {f"{HOST}{enterprise}:aud": "sts.amazonaws.com", **test}},
    )
    return {"Push": resource(ROLE, {"AssumeRolePolicyDocument": document(trust)})}


def correct() -> dict[str, dict[str, Any]]:
    """Return resources that rules check without a finding."""
    unknown = {"Ref": "Given"}
    trust = document(allow("sts:AssumeRole", Principal={"Service": "ecr.amazonaws.com"}))
    return {
        "a statement that is not known": {
            "Api": repository(RepositoryPolicyText={"Statement": [unknown]})
        },
        "a condition that is not known": open_to(PULL, Principal="*", Condition=unknown),
        "a test that is not known": open_to(
            PULL, Principal={"Service": "lambda.amazonaws.com"}, Condition={"StringEquals": unknown}
        ),
        "an organization that is not known": open_to(
            PULL, Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": unknown}}
        ),
        "a key of its own": open_to(
            PULL, Principal={"AWS": ROOT}, Condition={"Null": {"aws:SourceWhatever": "true"}}
        ),
        "an action that is not known": role(unknown, Resource="*"),
        "an assumed role": open_to(
            PULL, Principal={"AWS": "arn:aws:sts::444455556666:assumed-role/a/b"}
        ),
        "everything within the account": open_to(
            "ecr:*", Principal={"AWS": "arn:aws:iam::111122223333:root"}
        ),
        "any repository in an ARN": role(PULL, Resource=f"{HERE}:*"),
        "another upstream": upstream("acme.io", UpstreamRegistry=unknown),
        "a prefix that is not known": cache(EcrRepositoryPrefix=unknown),
        "a URL that is not known": cache(UpstreamRegistryUrl=unknown),
        "a role of many": cache(CustomRoleArn=unknown),
        "a secret of no cache": {
            "Login": resource(SECRET, {"Name": "app/login", "SecretString": '{"user": "a"}'})
        },
        "a function beside properties": {
            "Api": repository(**{"Fn::Transform": {"Name": "AWS::Include"}})
        },
        "a function inside of a property": {
            "T": creation_template(
                EncryptionConfiguration={"Fn::Transform": {"Name": "x"}, "KmsKey": unknown}
            )
        },
        "what is not made": {
            "Api": {**repository(RepositoryName="BAD"), "Condition": "Never"},
            "Copies": repository(),
        },
        "broken functions": {
            "Api": repository(Tags=[{"Key": "a", "Value": {"Ref": ["b"]}}, {"Fn::Sub": 5}])
        },
        "a secret of a stack": cache(CredentialArn=get_att("Stack", "Outputs.Arn"))
        | {"Stack": {"Type": "AWS::CloudFormation::Stack"}},
        "a key of a custom resource": kms(get_att("Maker"), Maker={"Type": "Custom::Key"}),
        "a key of a parameter": kms(
            get_att("Parameter", "Value"), Parameter={"Type": "AWS::SSM::Parameter"}
        ),
        "a role of a cache": cache(CustomRoleArn=get_att("Role"))
        | {"Role": resource(ROLE, {"AssumeRolePolicyDocument": trust})},
        "a role that is not known": with_role(get_att("Maker"), Maker={"Type": "Custom::Role"}),
        "a role with more policies": {
            **lent(Policies=inline("s3:GetObject")),
            "More": resource(
                "AWS::IAM::ManagedPolicy",
                {
                    "Roles": [{"Ref": "Role"}],
                    "PolicyDocument": document(allow("ecr:CreateRepository", Resource="*")),
                },
            ),
        },
        "a role with a policy of AWS": lent(
            ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess"]
        ),
        "a role with a policy that is not known": {
            **lent(),
            "More": resource(
                "AWS::IAM::Policy", {"Roles": [{"Ref": "Role"}], "PolicyDocument": unknown}
            ),
        },
        "a role with what may be a policy": lent(Policies=[*inline("s3:*"), unknown]),
        "a policy that may be anyone's": {
            **lent(),
            "More": policy("AWS::IAM::Policy", "ecr:CreateRepository", Roles=[unknown]),
        },
        "a policy of a role's name": {
            **lent(RoleName="create"),
            "More": policy("AWS::IAM::RolePolicy", "ecr:CreateRepository", RoleName="create"),
        },
        "all but something": {
            **lent(),
            "More": resource(
                "AWS::IAM::ManagedPolicy",
                {
                    "Roles": [{"Ref": "Role"}],
                    "PolicyDocument": document(
                        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
                    ),
                },
            ),
        },
        "a role of the account": open_to("ecr:*", Principal={"AWS": get_att("Task")})
        | role(PULL, Resource="*"),
        "the organization of the repository": open_to(
            PULL,
            Principal="*",
            Condition={"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}},
        ),
        "nobody without an organization": {
            "Api": repository(
                RepositoryPolicyText=document(
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "ecr:*",
                        "Condition": {"Null": {"aws:PrincipalOrgID": "true"}},
                    }
                )
            )
        },
        "a part of an organization": open_to(
            PULL,
            Principal="*",
            Condition={
                "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}
            },
        ),
        "endpoints of an organization": open_to(
            PULL, Principal="*", Condition={"StringEquals": {"aws:VpceOrgID": "o-a1b2c3d4e5"}}
        ),
        "services of AWS": open_to(
            PULL, Principal="*", Condition={"Bool": {"aws:PrincipalIsAWSService": "true"}}
        ),
        "roles of an account": open_to(
            PULL,
            Principal="*",
            Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/*"}},
        ),
        "whoever is not known": open_to(
            PULL, Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": unknown}}
        ),
        "everything that has a tag": role(
            "ecr:*", Resource="*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}}
        ),
        "a login that another statement allows": {
            "Task": resource(
                "AWS::IAM::ManagedPolicy",
                {
                    "PolicyDocument": document(
                        allow(
                            [*PULL, "ecr:GetAuthorizationToken"], Resource=f"{HERE}:repository/a"
                        ),
                        allow("ecr:GetAuthorizationToken", Resource="*"),
                    )
                },
            )
        },
        "an operation that is new": role("ecr:StartReplicationBackfill", Resource="*"),
        "filters that may be absent": {
            "Api": repository(
                ImageTagMutability="IMMUTABLE",
                ImageTagMutabilityExclusionFilters={"Fn::If": ["Perhaps", [], unknown]},
            )
        },
        "one of two": {
            "One": {**registry(PULL, **ADMITS)["Policy"], "Condition": "Perhaps"},
            "Two": {**registry(PULL, **ADMITS)["Policy"], "Condition": "PerhapsNot"},
        },
        "one of two of a name": {
            "One": {**repository(RepositoryName="a/b"), "Condition": "Perhaps"},
            "Two": {**repository(RepositoryName="a/b"), "Condition": "PerhapsNot"},
        },
        "another scanner, perhaps": {
            "Scanning": {
                **scanning(ScanType="ENHANCED", Rules=[])["Scanning"],
                "Condition": "Perhaps",
            },
            **on(**{"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]}),
        },
        "what ECR does by itself": on(
            **{"source": ["aws.ecr"], "detail-type": ["AWS Service Event via CloudTrail"]}
        ),
        "a name, and what was done": on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]},
            detail={"action-type": ["PUSH"], "repository-name": ["a"], "image-tag": ["b"]},
        ),
        "a field that may be newer": on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]},
            detail={"signature": [{"exists": True}], "result": [{"anything-but": "SUCCESS"}]},
        ),
        "details of an event that is not described": on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Artifact Action"]},
            detail={"action": ["x"]},
        ),
        "a topic that a role publishes to": _published(
            {"RoleArn": "arn:aws:iam::111122223333:role/events"}
        ),
        "a topic whose policy is not known": {
            **_published({}),
            "Others": resource(
                TOPIC_POLICY, {"Topics": ["arn:aws:sns:x"], "PolicyDocument": document(PUBLISH)}
            ),
            "Policy": resource(
                TOPIC_POLICY, {"Topics": [{"Ref": "Topic"}], "PolicyDocument": unknown}
            ),
        },
        "a policy of what may be the topic": {
            **_published({}),
            "Policy": resource(
                TOPIC_POLICY, {"Topics": [unknown], "PolicyDocument": document(PUBLISH)}
            ),
        },
        "a topic with a policy of its own": {
            **_published({}),
            "Policy": resource(
                TOPIC_INLINE_POLICY,
                {"TopicArn": {"Ref": "Topic"}, "PolicyDocument": document(PUBLISH)},
            ),
        },
        "a cache that everyone of the account may fill": {
            **cache(),
            **role("ecr:BatchGetImage", Resource=f"{HERE}:repository/hub/*"),
            **registry(
                ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
                Principal={"AWS": "arn:aws:iam::111122223333:root"},
                Resource="*",
            ),
        },
        "a cache whose repositories say who may": {
            **cache(),
            **role("ecr:BatchGetImage", Resource=f"{HERE}:repository/hub/*"),
            "T": creation_template(Prefix="hub", RepositoryPolicy=unknown),
        },
        "who pulls what is no cache's": {
            **cache(),
            **role("ecr:BatchGetImage", Resource=f"{HERE}:repository/payments/*"),
        },
        "the repository's number": _assumed({f"{HOST}:repository_id": "1234"}),
        "an issuer of an enterprise": _assumed({f"{HOST}/acme:sub": "repo:acme/a:x"}, "/acme"),
        "a basic scan": {
            **scanning(ScanType="BASIC", Rules=[]),
            **on(**{"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]}),
        },
        "a pattern of prefixes": on(**{"source": ["aws.ecr"], "detail-type": [{"prefix": "ECR"}]}),
        "a call of the API": on(
            **{"source": ["aws.ecr"], "detail-type": ["AWS API Call via CloudTrail"]}
        ),
        "claims of one's own": github(sub="repository_id:1234"),
        "a subject that is not known": github(sub=unknown),
        "signing that is not known": {"Signing": resource(SIGNING, {"Rules": unknown})},
        "an exclusion that is not known": {
            "Scanner": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": unknown})
        },
        "a scan type that is not known": scanning(ScanType=unknown, Rules=[]),
        "occasions that are not known": {"T": creation_template(AppliedFor=unknown)},
        "exclusion filters that are not known": {
            "Api": repository(
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=unknown,
            )
        },
        "a statement alone": {
            "Api": repository(
                RepositoryPolicyText={"Statement": allow(PULL, Principal={"AWS": ROOT})}
            )
        },
        "ids that are left open": github(sub="repo:acme@*/payments@*:ref:refs/heads/main"),
        "ids of GitHub": github(sub="repo:acme@1/payments@2:ref:refs/heads/main"),
        "a group of GitLab": ci("gitlab.com", "project_path:acme/*:ref_type:branch:ref:main"),
        "a deploy-time project of GitLab": ci("gitlab.com", {"Ref": "Given"}),
        "a repository of Bitbucket": ci(BITBUCKET, f"{{{UUID}}}:*"),
        "an origin of CircleCI": ci(
            CIRCLECI,
            f"org/{UUID}/project/*/user/*/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main",
        ),
        "a claim of CircleCI": ci(CIRCLECI, UUID, "StringEquals", "oidc.circleci.com/project-id"),
        "a rule for each scanner": {
            "Scanning": resource(SCANNING, {"ScanType": "ENHANCED", "Rules": []}),
            "Basic": asks("aws.ecr", "ECR Image Scan"),
            "Enhanced": asks("aws.inspector2", "Inspector2 Finding"),
        },
        "exclusion filters": {
            "Api": repository(
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=[FILTER],
            )
        },
        "archive rules": {"Api": repository(*ARCHIVE)},
        "an organization": open_to(PULL, Principal={"AWS": "*"}, Condition=ORGANIZATION),
        "a Deny for everyone": {"Api": repository(RepositoryPolicyText=document(DENIED))},
        "a name known at deployment": {
            "Api": repository(RepositoryName={"Fn::Sub": "${Given}/api"})
        },
        "everything known at deployment": {
            "Api": repository(
                RepositoryName=unknown,
                ImageTagMutability=unknown,
                ImageScanningConfiguration=unknown,
                LifecyclePolicy={"LifecyclePolicyText": unknown},
                RepositoryPolicyText=unknown,
                EncryptionConfiguration=unknown,
                EmptyOnDelete=unknown,
                Tags=unknown,
            )
        },
        "a mutability of an unknown condition": {
            "Api": repository(
                ImageTagMutability={"Fn::If": ["Perhaps", "MUTABLE", "IMMUTABLE"]},
            )
        },
        "a secret of a parameter": {
            "Hub": resource(
                CACHE,
                {
                    "EcrRepositoryPrefix": "hub",
                    "UpstreamRegistryUrl": "registry-1.docker.io",
                    "CredentialArn": unknown,
                },
            )
        },
        "a cache of every repository": {
            "Quay": resource(
                CACHE, {"EcrRepositoryPrefix": "ROOT", "UpstreamRegistryUrl": "quay.io"}
            )
        },
        "truth as text": {"Api": repository(ImageScanningConfiguration={"ScanOnPush": "true"})},
        "ARNs with variables": role(
            PULL,
            Resource=[
                {"Fn::Sub": "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/a/*"},
                "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*",
                get_att("Api"),
                "arn:aws:ecr:*",
            ],
        )
        | {"Api": repository()},
        "a role for one branch": github(sub="repo:acme/payments:ref:refs/heads/main"),
        "a role for several repositories": github(sub=["repo:acme/a:*", "repo:acme/b:*"]),
        "all actions of a service": role("ecr:Describe*", Resource="*"),
        "a template for what is created by a push": {
            "Root": creation_template(Prefix="ROOT", AppliedFor=["CREATE_ON_PUSH"])
        },
    }


@pytest.mark.parametrize("resources", correct().values(), ids=correct())
def test_a_correct_template_has_no_finding(resources: dict[str, Any]) -> None:
    """A value that may be correct is not reported."""
    sections: dict[str, Any] = {
        "Parameters": {"Given": {"Type": "String", "Default": "Payments"}},
        "Conditions": {
            "Never": {"Fn::Equals": ["a", "b"]},
            "Perhaps": {"Fn::Equals": [{"Ref": "Given"}, "a"]},
            "PerhapsNot": {"Fn::Equals": [{"Ref": "Given"}, "b"]},
        },
    }
    findings = check([template(resources, **sections)])
    assert [] == [f"{item.rule} {item.message}" for item in findings]


def test_dual_layer_encryption_in_govcloud() -> None:
    """KMS_DSSE is valid where it exists."""
    configuration = {"EncryptionType": "KMS_DSSE", "KmsKey": get_att("Key")}
    api = repository(EncryptionConfiguration=configuration)
    assert [] == check([template({"Api": api, "Key": key()}, GOVERNMENT)])


def test_resources_of_others_are_left_alone() -> None:
    """What has nothing to do with ECR is not judged."""
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["x"]}}},
        "Role": role("s3:*", Resource="*")["Task"],
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Bad"}},
        "Any": {"Type": "Custom::Any"},
    }
    assert [] == check([template(resources)])


def test_a_public_repository_may_be_public() -> None:
    """A policy of a public repository is not asked to narrow anyone."""
    policy = document(allow("ecr-public:*", Principal="*"))
    tags = [{"Key": "team", "Value": "cli"}]
    cli = resource(PUBLIC_REPOSITORY, {"RepositoryPolicyText": policy, "Tags": tags})
    assert [] == check([template({"Cli": cli}, ("111122223333", "us-east-1"))])
