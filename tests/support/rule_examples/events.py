"""Examples of the rules for events, topics, GitHub Actions, and the template as a whole."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    EVENT_RULE,
    KEY,
    ROLE,
    SCANNING,
    TOPIC,
    TOPIC_POLICY,
)
from tests.support.rule_examples.access import PULL, role
from tests.support.rule_examples.build import (
    ABSENT,
    Problems,
    allow,
    creation_template,
    document,
    example,
    get_att,
    key,
    repository,
    resource,
    written,
)
from tests.support.rule_examples.parts import (
    HOST,
    cache,
    on,
    topic,
)

_PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{HOST}"
UUID = "1d397906-81bf-459e-9a8d-eae79c0bc5f3"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
CIRCLECI = f"oidc.circleci.com/org/{UUID}"
_QUEUE = {"Arn": "arn:aws:sqs:eu-central-1:111122223333:scans", "Id": "Queue"}
_ENHANCED = resource(SCANNING, {"ScanType": "ENHANCED", "Rules": []})


def _on(detail: str, source: str = "aws.ecr", targets: Any = (_QUEUE,)) -> dict[str, Any]:
    pattern = {"source": [source], "detail-type": [detail]}
    listed = targets if targets is ABSENT else list(targets)
    return resource(EVENT_RULE, {"EventPattern": pattern, "Targets": listed})


def _topic(
    service: str = "events.amazonaws.com", *, may_encrypt: bool = True, **properties: Any
) -> dict[str, Any]:
    own = allow("kms:*", Principal={"AWS": "arn:aws:iam::111122223333:root"}, Resource="*")
    events = allow(
        ["kms:Decrypt", "kms:GenerateDataKey*"],
        Principal={"Service": "events.amazonaws.com"},
        Resource="*",
    )
    statement = allow("sns:Publish", Principal={"Service": service}, Resource={"Ref": "Topic"})
    policy = {"Topics": [{"Ref": "Topic"}], "PolicyDocument": document(statement)}
    sound = {"KmsMasterKeyId": get_att("Key")}
    return {
        "Pushed": _on("ECR Image Action", targets=[{"Arn": {"Ref": "Topic"}, "Id": "Topic"}]),
        "Topic": resource(TOPIC, {**sound, **properties}),
        "TopicPolicy": resource(TOPIC_POLICY, policy),
        "Key": key(KeyPolicy=document(own, events)) if may_encrypt else key(),
    }


def github(*, sub: Any = "repo:acme/payments:*", aud: Any = "sts.amazonaws.com") -> dict[str, Any]:
    """Return a role that GitHub Actions may assume."""
    condition = {
        "StringEquals": {f"{HOST}:aud": aud},
        "StringLike": {f"{HOST}:sub": sub},
    }
    expected = {
        operator: test for operator, test in condition.items() if ABSENT not in test.values()
    }
    statement = allow(
        "sts:AssumeRoleWithWebIdentity", Principal={"Federated": _PROVIDER}, Condition=expected
    )
    return {"Push": resource(ROLE, {"AssumeRolePolicyDocument": document(statement)})}


def ci(issuer: str, sub: Any, operator: str = "StringLike", claim: str = "sub") -> dict[str, Any]:
    """Return a role that another CI system may assume."""
    statement = allow(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"},
        Condition={
            "StringEquals": {f"{issuer}:aud": "audience"},
            **({} if sub is ABSENT else {operator: {f"{issuer}:{claim}": sub}}),
        },
    )
    return {"Push": resource(ROLE, {"AssumeRolePolicyDocument": document(statement)})}


def _encrypted(principal: Any) -> dict[str, Any]:
    statement = allow("kms:*", Principal={"AWS": "arn:aws:iam::111122223333:root"}, Resource="*")
    context = {"StringEquals": {"kms:EncryptionContext:aws:ecr:arn": principal}}
    policy = document({**statement, "Condition": context})
    configuration = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
    return {
        "Api": repository(RepositoryName="payments/api", EncryptionConfiguration=configuration),
        "Key": key(KeyPolicy=policy),
    }


def _suppressed(**entry: str) -> dict[str, Any]:
    api = repository(ImageTagMutability="MUTABLE")
    return {"Api": {**api, "Metadata": {"ecr-constructs": {"suppress": [entry]}}}}


def _details(**details: Any) -> dict[str, Any]:
    pushed = _on("ECR Image Action")
    pushed["Properties"]["EventPattern"]["detail"] = details
    return pushed


TWICE = """\
Resources:
  Registry:
    Type: AWS::ECR::RegistryPolicy
    Properties:
      PolicyText:
        Version: "2012-10-17"
        Statement:
          Effect: Allow
          Principal:
            AWS: arn:aws:iam::444455556666:root
          Action: ecr:ReplicateImage
          Resource: arn:aws:ecr:eu-central-1:111122223333:repository/payments/*
  Registry:
    Type: AWS::ECR::RegistryPolicy
    Properties:
      PolicyText:
        Version: "2012-10-17"
        Statement:
          Effect: Allow
          Principal:
            AWS: arn:aws:iam::444455556666:root
          Action: ecr:ReplicateImage
          Resource: arn:aws:ecr:eu-central-1:111122223333:repository/orders/*
"""
_TRUST = "Push.Properties.AssumeRolePolicyDocument.Statement[0]"

EXAMPLES = {
    "ECR501": example(
        {"Found": _on("Inspector2 Finding")},
        "Found.Properties.EventPattern.detail-type",
        {"Found": _on("Inspector2 Finding", "aws.inspector2")},
    ),
    "ECR502": example(
        {"Scanning": _ENHANCED, "Found": _on("ECR Image Scan")},
        "Found.Properties.EventPattern.detail-type",
        {"Scanning": _ENHANCED, "Found": _on("Inspector2 Finding", "aws.inspector2")},
    ),
    "ECR503": example(
        {"Pushed": _on("ECR Image Action", targets=ABSENT)},
        "Pushed.Properties",
        {"Pushed": _on("ECR Image Action")},
    ),
    "ECR504": example(_topic(KmsMasterKeyId=ABSENT), "Topic.Properties", _topic()),
    "ECR505": example(_topic("s3.amazonaws.com"), "Topic", _topic()),
    "ECR506": example(
        {"Pushed": _details(**{"action-type": ["PUSHED"]})},
        "Pushed.Properties.EventPattern.detail.action-type",
        {"Pushed": _details(**{"action-type": ["PUSH"]})},
    ),
    "ECR507": example(
        _topic(may_encrypt=False),
        "Topic.Properties.KmsMasterKeyId",
        _topic(),
    ),
    "ECR510": example(
        github(sub="repo:*"),
        f"{_TRUST}.Condition.StringLike.{HOST}:sub",
        github(),
    ),
    "ECR511": example(github(aud=ABSENT), _TRUST, github()),
    "ECR512": example(
        github(sub="repo:acme/*"),
        f"{_TRUST}.Condition.StringLike.{HOST}:sub",
        github(),
    ),
    "ECR513": example(
        ci("gitlab.com", ABSENT),
        _TRUST,
        ci("gitlab.com", "project_path:acme/payments:ref_type:branch:ref:main"),
    ),
    "ECR514": example(
        ci(CIRCLECI, ABSENT),
        _TRUST,
        ci(CIRCLECI, f"org/{UUID}/project/{UUID}/user/*/vcs-origin/*/vcs-ref/refs/heads/main"),
    ),
    "ECR601": example(
        {
            "Api": repository(
                EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Kee")}
            ),
            "Key": key(),
        },
        "Api.Properties.EncryptionConfiguration.KmsKey",
        {
            "Api": repository(
                EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")}
            ),
            "Key": key(),
        },
    ),
    "ECR602": example(
        _encrypted(get_att("Api")),
        "Api",
        _encrypted("arn:aws:ecr:eu-central-1:111122223333:repository/payments/api"),
    ),
    "ECR603": example(
        {
            f"Wait{number}": {"Type": "AWS::CloudFormation::WaitConditionHandle"}
            for number in range(501)
        },
        "Resources",
        {"Payments": creation_template()},
    ),
    "ECR604": written(
        TWICE,
        "Resources.Registry",
        {"Payments": creation_template()},
    ),
    "ECR901": example(
        _suppressed(rule="ECR012"),
        "Api.Metadata.ecr-constructs.suppress[0]",
        _suppressed(rule="ECR012", reason="A build cache: its one tag moves with each build"),
    ),
    "ECR902": example(
        _suppressed(rule="ECR013", reason="Scanned elsewhere"),
        "Api.Metadata.ecr-constructs.suppress[0]",
        _suppressed(rule="ECR012", reason="A build cache: its one tag moves with each build"),
        "ECR012",
    ),
}

PROBLEMS: Problems = {
    "an event of ECR among others": (
        "ECR501",
        on(**{"source": ["aws.ecr", "aws.s3"], "detail-type": ["ECR Push", "Object Created"]}),
        "Rule.Properties.EventPattern.detail-type",
    ),
    "the key of SNS": (
        "ECR504",
        topic("alias/aws/sns"),
        "Topic.Properties.KmsMasterKeyId",
    ),
    "a misspelt field": (
        "ECR506",
        on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]},
            detail={"repositoryName": ["payments/api"]},
        ),
        "Rule.Properties.EventPattern.detail.repositoryName",
    ),
    "a field of another event": (
        "ECR506",
        on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]},
            detail={"image-tag": ["latest"]},
        ),
        "Rule.Properties.EventPattern.detail.image-tag",
    ),
    "a status that there is not": (
        "ECR506",
        on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]},
            detail={"scan-status": ["COMPLETED"]},
        ),
        "Rule.Properties.EventPattern.detail.scan-status",
        "COMPLETED",
    ),
    "a value of neither event": (
        "ECR506",
        on(
            **{
                "source": ["aws.ecr"],
                "detail-type": ["ECR Image Action", "ECR Replication Action"],
            },
            detail={"action-type": ["PUSH", "REPLICATE", "PULL"]},
        ),
        "Rule.Properties.EventPattern.detail.action-type",
        "PULL",
    ),
    "a key that an alias names": (
        "ECR507",
        {
            **topic({"Ref": "Alias"}),
            "Alias": resource("AWS::KMS::Alias", {"TargetKeyId": get_att("Key")}),
            "Key": resource(KEY, {}),
        },
        "Topic.Properties.KmsMasterKeyId",
        "kms:Decrypt",
    ),
    "any subject": (
        "ECR510",
        github(sub="*"),
        f"{_TRUST}.Condition.StringLike.{HOST}:sub",
        "*",
    ),
    "any owner": (
        "ECR510",
        github(sub="repo:*/payments:*"),
        f"{_TRUST}.Condition.StringLike.{HOST}:sub",
        "repo:*",
    ),
    "no subject of GitHub": (
        "ECR510",
        github(sub="acme/payments"),
        f"{_TRUST}.Condition.StringLike.{HOST}:sub",
        "GitHub",
    ),
    "no condition on sub": (
        "ECR510",
        github(sub=ABSENT),
        _TRUST,
    ),
    "any project of GitLab": (
        "ECR513",
        ci("gitlab.com", "*"),
        f"{_TRUST}.Condition.StringLike.gitlab.com:sub",
    ),
    "any group of GitLab": (
        "ECR513",
        ci("gitlab.example.com", "project_path:*/api:ref_type:branch:ref:main"),
        f"{_TRUST}.Condition.StringLike.gitlab.example.com:sub",
    ),
    "a wildcard of GitLab that is taken literally": (
        "ECR513",
        ci("gitlab.com", "project_path:acme/api:*", "StringEquals"),
        f"{_TRUST}.Condition.StringEquals.gitlab.com:sub",
        "project_path:acme/api:*",
    ),
    "any repository of Bitbucket": (
        "ECR514",
        ci(BITBUCKET, "*"),
        f"{_TRUST}.Condition.StringLike.{BITBUCKET}:sub",
        "*",
    ),
    "braces around any repository": (
        "ECR514",
        ci(BITBUCKET, "{*}:*"),
        f"{_TRUST}.Condition.StringLike.{BITBUCKET}:sub",
    ),
    "no subject of Bitbucket": (
        "ECR514",
        ci(BITBUCKET, ABSENT),
        _TRUST,
    ),
    "any project of CircleCI": (
        "ECR514",
        ci(CIRCLECI, f"org/{UUID}/project/*/user/*/vcs-origin/*/vcs-ref/refs/heads/main"),
        f"{_TRUST}.Condition.StringLike.{CIRCLECI}:sub",
    ),
    "any audience": (
        "ECR511",
        github(aud="*"),
        f"{_TRUST}.Condition.StringEquals.{HOST}:aud",
    ),
    "a wildcard that is taken literally": (
        "ECR510",
        {
            "Push": resource(
                ROLE,
                {
                    "AssumeRolePolicyDocument": document(
                        allow(
                            "sts:AssumeRoleWithWebIdentity",
                            Principal={"Federated": get_att("Provider")},
                            Condition={
                                "StringEquals": {
                                    f"{HOST}:aud": "sts.amazonaws.com",
                                    f"{HOST}:sub": "repo:acme/payments:*",
                                }
                            },
                        )
                    )
                },
            ),
            "Provider": resource("AWS::IAM::OIDCProvider", {"Url": f"https://{HOST}"}),
        },
        f"{_TRUST}.Condition.StringEquals.{HOST}:sub",
        "repo:acme/payments:*",
    ),
    "an attribute that there is not": (
        "ECR601",
        {"Api": repository(), "Role": role(PULL, Resource=get_att("Api", "ARN"))["Task"]},
        "Role.Properties.Policies[0].PolicyDocument.Statement[0].Resource",
        "Api",
    ),
    "an attribute of what has none": (
        "ECR601",
        {**cache(), "Role": role(PULL, Resource=get_att("Hub"))["Task"]},
        "Role.Properties.Policies[0].PolicyDocument.Statement[0].Resource",
        "Hub",
    ),
    "a dependency on nothing": (
        "ECR601",
        {"Api": {**repository(), "DependsOn": ["Key", 5]}},
        "Api.DependsOn",
        "Key",
    ),
    "a variable of nothing": (
        "ECR601",
        {"Api": repository(RepositoryName={"Fn::Sub": ["${A}-${B.Arn}", {"A": "a"}]})},
        "Api.Properties.RepositoryName",
    ),
    "a name of nothing": (
        "ECR601",
        {"Api": repository(RepositoryName={"Fn::Sub": "${Stage}"})},
        "Api.Properties.RepositoryName",
        "Stage",
    ),
    "an attribute as text": (
        "ECR601",
        {"Api": repository(RepositoryName={"Fn::GetAtt": "B.Name"})},
        "Api.Properties.RepositoryName",
    ),
    "itself as its dependency": (
        "ECR602",
        {"Api": {**repository(), "DependsOn": "Api"}},
        "Api",
    ),
}
