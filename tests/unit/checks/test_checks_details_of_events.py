"""What rules about events and templates say of faults besides those of their examples."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.resource_types import KEY, ROLE
from tests.support.rule_examples.access import PULL, role
from tests.support.rule_examples.build import (
    ABSENT,
    allow,
    document,
    get_att,
    repository,
    resource,
    template,
)
from tests.support.rule_examples.events import BITBUCKET, CIRCLECI, UUID, ci, github
from tests.support.rule_examples.parts import (
    HOST,
    cache,
    on,
    topic,
)

FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an event of ECR among others": (
        "ECR501",
        on(**{"source": ["aws.ecr", "aws.s3"], "detail-type": ["ECR Push", "Object Created"]}),
        "'ECR Push' is no event of aws.ecr or aws.s3",
    ),
    "the key of SNS": ("ECR504", topic("alias/aws/sns"), "EventBridge cannot publish"),
    "a misspelt field": (
        "ECR506",
        on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]},
            detail={"repositoryName": ["payments/api"]},
        ),
        "'ECR Image Action' has no field 'repositoryName'",
    ),
    "a field of another event": (
        "ECR506",
        on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]},
            detail={"image-tag": ["latest"]},
        ),
        "'ECR Image Scan' has no field 'image-tag'",
    ),
    "a status that there is not": (
        "ECR506",
        on(
            **{"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]},
            detail={"scan-status": ["COMPLETED"]},
        ),
        "no 'ECR Image Scan' has the scan-status 'COMPLETED'",
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
        "no 'ECR Image Action' or 'ECR Replication Action' has the action-type 'PULL'",
    ),
    "a key that an alias names": (
        "ECR507",
        {
            **topic({"Ref": "Alias"}),
            "Alias": resource("AWS::KMS::Alias", {"TargetKeyId": get_att("Key")}),
            "Key": resource(KEY, {}),
        },
        "the policy of Key does not let events.amazonaws.com",
    ),
    "any subject": ("ECR510", github(sub="*"), "'*' lets every repository assume the role"),
    "any owner": ("ECR510", github(sub="repo:*/payments:*"), "repositories of other owners"),
    "no subject of GitHub": ("ECR510", github(sub="acme/payments"), "is no subject of GitHub"),
    "no condition on sub": ("ECR510", github(sub=ABSENT), "no condition on sub"),
    "any project of GitLab": ("ECR513", ci("gitlab.com", "*"), "lets projects of other groups"),
    "any group of GitLab": (
        "ECR513",
        ci("gitlab.example.com", "project_path:*/api:ref_type:branch:ref:main"),
        "lets projects of other groups",
    ),
    "a wildcard of GitLab that is taken literally": (
        "ECR513",
        ci("gitlab.com", "project_path:acme/api:*", "StringEquals"),
        "takes 'project_path:acme/api:*' literally",
    ),
    "any repository of Bitbucket": ("ECR514", ci(BITBUCKET, "*"), "'*' lets every repository"),
    "braces around any repository": ("ECR514", ci(BITBUCKET, "{*}:*"), "lets every repository"),
    "no subject of Bitbucket": ("ECR514", ci(BITBUCKET, ABSENT), "no condition on sub"),
    "any project of CircleCI": (
        "ECR514",
        ci(CIRCLECI, f"org/{UUID}/project/*/user/*/vcs-origin/*/vcs-ref/refs/heads/main"),
        "lets every repository",
    ),
    "any audience": ("ECR511", github(aud="*"), "any audience is admitted"),
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
        "takes 'repo:acme/payments:*' literally",
    ),
    "an attribute that there is not": (
        "ECR601",
        {"Api": repository(), "Role": role(PULL, Resource=get_att("Api", "ARN"))["Task"]},
        "Api, a AWS::ECR::Repository, has no attribute ARN",
    ),
    "an attribute of what has none": (
        "ECR601",
        {**cache(), "Role": role(PULL, Resource=get_att("Hub"))["Task"]},
        "has no attribute Arn",
    ),
    "a dependency on nothing": (
        "ECR601",
        {"Api": {**repository(), "DependsOn": ["Key", 5]}},
        "Key is not defined in this template",
    ),
    "a variable of nothing": (
        "ECR601",
        {"Api": repository(RepositoryName={"Fn::Sub": ["${A}-${B.Arn}", {"A": "a"}]})},
        "B is not defined in this template",
    ),
    "a name of nothing": (
        "ECR601",
        {"Api": repository(RepositoryName={"Fn::Sub": "${Stage}"})},
        "Stage is not defined in this template",
    ),
    "an attribute as text": (
        "ECR601",
        {"Api": repository(RepositoryName={"Fn::GetAtt": "B.Name"})},
        "B is not defined in this template",
    ),
    "itself as its dependency": (
        "ECR602",
        {"Api": {**repository(), "DependsOn": "Api"}},
        "depend on each other: Api",
    ),
}


@pytest.mark.parametrize(("rule", "resources", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told(rule: str, resources: dict[str, Any], message: str) -> None:
    """The rule says what is wrong."""
    parameters = {"Given": {"Type": "String"}}
    found = check([template(resources, Parameters=parameters)])

    assert any(message in each.message for each in found if each.rule == rule), [
        f"{each.rule} {each.message}" for each in found
    ]
