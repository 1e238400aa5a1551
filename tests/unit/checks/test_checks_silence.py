"""What rules look at and say nothing of: it may be right."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.checks.resource_types import (
    PULL_TIME_EXCLUSION,
    ROLE,
    SECRET,
    SIGNING,
)
from tests.unit.checks.examples.access import PULL, open_to, role
from tests.unit.checks.examples.build import (
    ROOT,
    allow,
    creation_template,
    document,
    get_att,
    repository,
    resource,
    template,
)
from tests.unit.checks.examples.events import github
from tests.unit.checks.examples.parts import (
    HERE,
    cache,
    inline,
    kms,
    lent,
    on,
    scanning,
    upstream,
    with_role,
)


def silent() -> dict[str, dict[str, Any]]:
    """Return what rules look at and say nothing of."""
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
    }


@pytest.mark.parametrize("resources", silent().values(), ids=silent())
def test_nothing_is_said(resources: dict[str, Any]) -> None:
    """What may be right is right."""
    sections: dict[str, Any] = {
        "Parameters": {"Given": {"Type": "String"}},
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    }
    found = check([template(resources, **sections)])
    assert [] == [f"{each.rule} {each.message}" for each in found]
