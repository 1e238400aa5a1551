"""Examples of the rules for events, topics, GitHub Actions, and the template as a whole."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    EVENT_RULE,
    ROLE,
    SCANNING,
    TOPIC,
    TOPIC_POLICY,
)
from tests.support.rule_examples.build import (
    ABSENT,
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

_HOST = "token.actions.githubusercontent.com"
_PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{_HOST}"
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
        "StringEquals": {f"{_HOST}:aud": aud},
        "StringLike": {f"{_HOST}:sub": sub},
    }
    known = {operator: test for operator, test in condition.items() if ABSENT not in test.values()}
    statement = allow(
        "sts:AssumeRoleWithWebIdentity", Principal={"Federated": _PROVIDER}, Condition=known
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
EXAMPLES = {
    "ECR501": example(
        {"Found": _on("Inspector2 Finding")},
        "'Inspector2 Finding' is no event of aws.ecr",
        {"Found": _on("Inspector2 Finding", "aws.inspector2")},
    ),
    "ECR502": example(
        {"Scanning": _ENHANCED, "Found": _on("ECR Image Scan")},
        "Scanning scans ENHANCED, which sends no 'ECR Image Scan'",
        {"Scanning": _ENHANCED, "Found": _on("Inspector2 Finding", "aws.inspector2")},
    ),
    "ECR503": example(
        {"Pushed": _on("ECR Image Action", targets=ABSENT)},
        "the rule has no Targets",
        {"Pushed": _on("ECR Image Action")},
    ),
    "ECR504": example(_topic(KmsMasterKeyId=ABSENT), "the topic has no KmsMasterKeyId", _topic()),
    "ECR505": example(
        _topic("s3.amazonaws.com"), "no policy lets events.amazonaws.com publish", _topic()
    ),
    "ECR506": example(
        {"Pushed": _details(**{"action-type": ["PUSHED"]})},
        "no 'ECR Image Action' has the action-type 'PUSHED'",
        {"Pushed": _details(**{"action-type": ["PUSH"]})},
    ),
    "ECR507": example(
        _topic(may_encrypt=False),
        "the policy of Key does not let events.amazonaws.com kms:Decrypt and kms:GenerateDataKey",
        _topic(),
    ),
    "ECR510": example(
        github(sub="repo:*"), "'repo:*' lets every repository assume the role", github()
    ),
    "ECR511": example(github(aud=ABSENT), "no condition on aud", github()),
    "ECR512": example(
        github(sub="repo:acme/*"), "'repo:acme/*' is every repository of acme", github()
    ),
    "ECR513": example(
        ci("gitlab.com", ABSENT),
        "no condition on sub: every project may assume the role",
        ci("gitlab.com", "project_path:acme/payments:ref_type:branch:ref:main"),
    ),
    "ECR514": example(
        ci(CIRCLECI, ABSENT),
        "no condition on sub: every repository of the workspace or organization",
        ci(CIRCLECI, f"org/{UUID}/project/{UUID}/user/*/vcs-origin/*/vcs-ref/refs/heads/main"),
    ),
    "ECR601": example(
        {
            "Api": repository(
                EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Kee")}
            ),
            "Key": key(),
        },
        "Kee is not defined in this template",
        {
            "Api": repository(
                EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")}
            ),
            "Key": key(),
        },
    ),
    "ECR602": example(
        _encrypted(get_att("Api")),
        "depend on each other: Api, Key",
        _encrypted("arn:aws:ecr:eu-central-1:111122223333:repository/payments/api"),
    ),
    "ECR603": example(
        {
            f"Wait{number}": {"Type": "AWS::CloudFormation::WaitConditionHandle"}
            for number in range(501)
        },
        "a template has at most 500 resources, this one 501",
        {"Payments": creation_template()},
    ),
    "ECR604": written(
        TWICE,
        "'Registry' stands twice in Resources; only the last one counts",
        {"Payments": creation_template()},
    ),
    "ECR901": example(
        _suppressed(rule="ECR012"),
        "ECR012 is suppressed without a reason",
        _suppressed(rule="ECR012", reason="A build cache: its one tag moves with each build"),
    ),
    "ECR902": example(
        _suppressed(rule="ECR013", reason="Scanned elsewhere"),
        "ECR013 is suppressed where it finds nothing",
        _suppressed(rule="ECR012", reason="A build cache: its one tag moves with each build"),
        "ECR012",
    ),
}
