"""What rules say of faults besides those of their examples."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.checks.resource_types import (
    CACHE,
    EVENT_RULE,
    PULL_TIME_EXCLUSION,
    REGISTRY_POLICY,
    REPLICATION,
    ROLE,
    SCANNING,
    SECRET,
    SIGNING,
    TOPIC,
)
from tests.unit.checks.examples.access import PULL, open_to, registry, role
from tests.unit.checks.examples.build import (
    ABSENT,
    ROOT,
    UNTAGGED,
    allow,
    creation_template,
    document,
    get_att,
    key,
    repository,
    resource,
    template,
)
from tests.unit.checks.examples.events import github

HERE = "arn:aws:ecr:eu-central-1:111122223333"
HUB = {"EcrRepositoryPrefix": "hub", "UpstreamRegistryUrl": "registry-1.docker.io"}
LOGIN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/a-AbCdEf"
HOST = "token.actions.githubusercontent.com"


def cache(**properties: Any) -> dict[str, Any]:
    return {"Hub": resource(CACHE, {**HUB, "CredentialArn": LOGIN, **properties})}


def upstream(url: str, **properties: Any) -> dict[str, Any]:
    return cache(UpstreamRegistryUrl=url, **properties)


def secret(**properties: Any) -> dict[str, Any]:
    return {**cache(CredentialArn={"Ref": "Login"}), "Login": resource(SECRET, properties)}


def kms(value: Any, **others: Any) -> dict[str, Any]:
    configuration = {"EncryptionType": "KMS", "KmsKey": value}
    return {"Api": repository(EncryptionConfiguration=configuration), **others}


def with_role(arn: Any, **others: Any) -> dict[str, Any]:
    return {"Payments": creation_template(CustomRoleArn=arn), **others}


def lent(**properties: Any) -> dict[str, Any]:
    trust = document(allow("sts:AssumeRole", Principal={"Service": "ecr.amazonaws.com"}))
    role_of = resource(ROLE, {"AssumeRolePolicyDocument": trust, **properties})
    return with_role(get_att("Role"), Role=role_of)


def inline(*actions: str) -> list[dict[str, Any]]:
    policy = document(allow(list(actions), Resource="*"))
    return [{"PolicyName": "Inline", "PolicyDocument": policy}]


def statement(**parts: Any) -> dict[str, Any]:
    return {"Api": repository(RepositoryPolicyText={"Version": "2012-10-17", "Statement": parts})}


def scanning(**properties: Any) -> dict[str, Any]:
    return {"Scanning": resource(SCANNING, properties)}


def on(**pattern: Any) -> dict[str, Any]:
    targets = [{"Arn": "arn:aws:sqs:eu-central-1:111122223333:q", "Id": "Q"}]
    return {"Rule": resource(EVENT_RULE, {"EventPattern": pattern, "Targets": targets})}


def topic(key_id: Any) -> dict[str, Any]:
    pattern = {"source": ["aws.ecr"]}
    targets = [{"Arn": {"Ref": "Topic"}, "Id": "Topic"}]
    return {
        "Rule": resource(EVENT_RULE, {"EventPattern": pattern, "Targets": targets}),
        "Topic": resource(TOPIC, {"KmsMasterKeyId": key_id}),
    }


MANY = {
    f"E{n}": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": f"arn:aws:iam::111122223333:role/{n}"})
    for n in range(101)
}
CACHES = {
    f"C{n}": resource(CACHE, {"EcrRepositoryPrefix": f"quay{n}", "UpstreamRegistryUrl": "quay.io"})
    for n in range(51)
}
FILTER = {
    "ImageTagMutabilityExclusionFilterValue": "a*b*c*",
    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
}
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a destination without a Region": (
        "ECR001",
        {
            "Copies": resource(
                REPLICATION,
                {"ReplicationConfiguration": {"Rules": [{"Destinations": [{"RegistryId": "1"}]}]}},
            )
        },
        "Region is missing",
    ),
    "a list where a choice is due": (
        "ECR004",
        {"Api": repository(ImageTagMutability=["MUTABLE"])},
        "ImageTagMutability must be text, got a list",
    ),
    "a missing property": ("ECR001", {"T": creation_template(Prefix=ABSENT)}, "Prefix is missing"),
    "an object where text is due": (
        "ECR004",
        {"Api": repository(LifecyclePolicy={"LifecyclePolicyText": {"rules": [UNTAGGED]}})},
        "LifecyclePolicyText must be text, got an object",
    ),
    "a text where a list is due": (
        "ECR004",
        {"Api": repository(Tags="team")},
        "Tags must be a list, got 'team'",
    ),
    "a list where text is due": (
        "ECR004",
        {"Api": repository(RepositoryName=["a"])},
        "RepositoryName must be text, got a list",
    ),
    "no truth": (
        "ECR004",
        {"Api": repository(EmptyOnDelete="perhaps")},
        "EmptyOnDelete must be true or false, got 'perhaps'",
    ),
    "a choice like no other": (
        "ECR004",
        {"Api": repository(ImageTagMutability="xyz")},
        "got 'xyz'",
    ),
    "too short": (
        "ECR005",
        {"Api": repository(EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": ""})},
        "KmsKey may have 1 to 2,048 characters, has 0",
    ),
    "a tag twice": (
        "ECR010",
        {"Api": repository(Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": 2}])},
        "key 'a' stands 2 times",
    ),
    "a setting without filters": (
        "ECR011",
        {"Api": repository(ImageTagMutability="MUTABLE_WITH_EXCLUSION")},
        "MUTABLE_WITH_EXCLUSION needs ImageTagMutabilityExclusionFilters",
    ),
    "a filter with three wildcards": (
        "ECR011",
        {"Api": repository(ImageTagMutabilityExclusionFilters=[FILTER])},
        "filter 'a*b*c*' may hold at most 2 '*', holds 3",
    ),
    "filters of what is not known": (
        "ECR011",
        {
            "Api": repository(
                ImageTagMutability={"Ref": "Given"}, ImageTagMutabilityExclusionFilters=[FILTER]
            )
        },
        "may hold at most 2",
    ),
    "explicitly not scanned": (
        "ECR013",
        {"Api": repository(ImageScanningConfiguration={"ScanOnPush": False})},
        "images are not scanned on push",
    ),
    "no key": ("ECR020", kms(get_att("Other"), Other={"Type": "AWS::S3::Bucket"}), "not a key"),
    "a key's id": (
        "ECR020",
        kms({"Ref": "Key"}, Key=key()),
        "Ref gives the id of Key, not its ARN",
    ),
    "AES256 with a key": (
        "ECR020",
        {"Api": repository(EncryptionConfiguration={"EncryptionType": "AES256", "KmsKey": "x"})},
        "AES-256 takes no key",
    ),
    "a key of another Region": (
        "ECR021",
        kms("arn:aws:kms:eu-west-1:111122223333:key/1"),
        "the key must be in the repository's Region, eu-central-1; it is in eu-west-1",
    ),
    "a policy that is no JSON": (
        "ECR101",
        {"Api": repository(LifecyclePolicy={"LifecyclePolicyText": "rules:"})},
        "the lifecycle policy is not JSON",
    ),
    "a policy that is too long": (
        "ECR101",
        {"T": creation_template(LifecyclePolicy='{"rules": []}' + " " * 30_720)},
        "the policy may be 30,720 characters long",
    ),
    "a template without a policy": (
        "ECR102",
        {"T": creation_template(LifecyclePolicy=ABSENT)},
        "every image is kept for ever",
    ),
    "a policy that is text": (
        "ECR201",
        {"Api": repository(RepositoryPolicyText="everyone")},
        "the policy is no JSON object",
    ),
    "a policy without statements": (
        "ECR201",
        {"Api": repository(RepositoryPolicyText="{}")},
        "the policy has no Statement",
    ),
    "a long policy": (
        "ECR201",
        open_to(PULL, Principal={"AWS": ROOT}, Sid="x" * 10_240),
        "a policy may be 10,240 characters long",
    ),
    "an unknown effect": (
        "ECR201",
        statement(Effect="Permit", Principal={"AWS": ROOT}, Action="ecr:GetImage"),
        "Effect must be Allow or Deny, got 'Permit'",
    ),
    "an action of another service": (
        "ECR204",
        open_to("s3:GetObject", Principal={"AWS": ROOT}),
        "'s3:GetObject' is no action of ecr:",
    ),
    "an action without a service": (
        "ECR204",
        open_to("BatchGetImage", Principal={"AWS": ROOT}),
        "no service",
    ),
    "an action like no other": (
        "ECR204",
        role("ecr:Xyzzy", Resource="*"),
        "ecr:Xyzzy does not exist",
    ),
    "a key that there is not": (
        "ECR214",
        open_to(
            PULL, Principal="*", Condition={"StringEquals": {"aws:PrincipalOrg": "o-a1b2c3d4e5"}}
        ),
        "the key aws:PrincipalOrg does not exist",
    ),
    "a short account": ("ECR205", open_to(PULL, Principal={"AWS": "1234"}), "12 digits"),
    "a short root": (
        "ECR205",
        open_to(PULL, Principal={"AWS": "arn:aws:iam::1234:root"}),
        "12 digits",
    ),
    "a principal without a kind": ("ECR205", open_to(PULL, Principal=ROOT), "only '*' stands"),
    "an unknown kind": (
        "ECR205",
        open_to(PULL, Principal={"Account": ROOT}),
        "no kind of principal",
    ),
    "a service's short name": (
        "ECR205",
        open_to(PULL, Principal={"Service": "lambda"}),
        "a service is named",
    ),
    "everyone but somebody": (
        "ECR206",
        open_to(PULL, NotPrincipal={"AWS": ROOT}),
        "NotPrincipal with Allow admits everyone but the named",
    ),
    "everyone from everywhere": (
        "ECR206",
        open_to(PULL, Principal="*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        "everyone is allowed",
    ),
    "everyone without the key": (
        "ECR206",
        open_to(
            PULL,
            Principal="*",
            Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        ),
        "everyone is allowed",
    ),
    "no ARN": ("ECR210", role(PULL, Resource="payments/api"), "is no ARN of a repository"),
    "another partition": (
        "ECR210",
        role(PULL, Resource="arn:amazon:ecr:eu-central-1:111122223333:repository/a"),
        "has the partition 'amazon'",
    ),
    "another service": (
        "ECR210",
        role(PULL, Resource="arn:aws:s3:::bucket"),
        "is of 's3', while the actions are of ecr",
    ),
    "no Region": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr::111122223333:repository/a"),
        "has no Region",
    ),
    "no such Region": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:Frankfurt:111122223333:repository/a"),
        "has the Region 'Frankfurt'",
    ),
    "no account": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1::repository/a"),
        "has no account",
    ),
    "a short account in an ARN": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1:1234:repository/a"),
        "has the account '1234'",
    ),
    "a name with a tag": (
        "ECR210",
        role(PULL, Resource=f"{HERE}:repository/a:latest"),
        "has the name 'a:latest'",
    ),
    "every repository": (
        "ECR212",
        role("ecr:*", Resource=f"{HERE}:repository/*"),
        "ecr:* is allowed",
    ),
    "two scanning rules of a kind": (
        "ECR320",
        scanning(
            ScanType="BASIC",
            Rules=[{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": []}] * 2,
        ),
        "SCAN_ON_PUSH has a rule already",
    ),
    "eleven signing rules": (
        "ECR321",
        {
            "Signing": resource(
                SIGNING,
                {
                    "Rules": [
                        {
                            "SigningProfileArn": "arn:aws:signer:eu-central-1:111122223333:"
                            f"/signing-profiles/p{n}"
                        }
                        for n in range(11)
                    ]
                },
            )
        },
        "a registry has at most 10 signing rules, these are 11",
    ),
    "an exclusion twice": (
        "ECR322",
        {
            each: resource(
                PULL_TIME_EXCLUSION, {"PrincipalArn": "arn:aws:iam::111122223333:role/a"}
            )
            for each in ("One", "Two")
        },
        "One excludes 'arn:aws:iam::111122223333:role/a' already",
    ),
    "101 exclusions": ("ECR322", MANY, "at most 100 exclusions, these are 101"),
    "no secret": (
        "ECR402",
        cache(CredentialArn={"Ref": "Q"}) | {"Q": {"Type": "AWS::SQS::Queue"}},
        "not a secret",
    ),
    "an unnamed secret": ("ECR402", secret(Description="x"), "Login has no Name"),
    "a secret elsewhere": (
        "ECR402",
        cache(CredentialArn=LOGIN.replace("eu-central-1", "eu-west-1")),
        "the secret must be in the cache's Region, eu-central-1; it is in eu-west-1",
    ),
    "a prefix twice": (
        "ECR403",
        {**cache(), "Again": cache()["Hub"]},
        "Hub caches under 'hub' already",
    ),
    "51 caches": ("ECR403", CACHES, "a registry has at most 50 caches, these are 51"),
    "a URL with a scheme": ("ECR404", upstream("https://quay.io"), "must be a host alone"),
    "no registry of ECR": (
        "ECR404",
        upstream("ecr", UpstreamRegistry="ecr"),
        "no registry of Amazon ECR",
    ),
    "no registry of Azure": (
        "ECR404",
        upstream("acme.io", UpstreamRegistry="azure-container-registry"),
        "no Azure registry",
    ),
    "no registry at all": ("ECR404", upstream("acme.io"), "no registry that ECR can cache"),
    "itself": (
        "ECR404",
        upstream("111122223333.dkr.ecr.eu-central-1.amazonaws.com"),
        "is this registry itself",
    ),
    "an Azure registry without a login": (
        "ECR401",
        upstream("acme.azurecr.io", CredentialArn=ABSENT),
        "needs a login",
    ),
    "a role that is none": (
        "ECR405",
        cache(CustomRoleArn=get_att("Q")) | {"Q": {"Type": "AWS::SQS::Queue"}},
        "Q is of type AWS::SQS::Queue, not a role",
    ),
    "a role of another account": (
        "ECR405",
        cache(CustomRoleArn="arn:aws:iam::444455556666:role/a"),
        "must be in the registry's account",
    ),
    "two templates of a prefix": (
        "ECR407",
        {"A": creation_template(), "B": creation_template()},
        "A has the prefix 'payments' already",
    ),
    "no occasion": ("ECR407", {"T": creation_template(AppliedFor=[])}, "AppliedFor is empty"),
    "an occasion twice": (
        "ECR407",
        {"T": creation_template(AppliedFor=["REPLICATION"] * 2)},
        "AppliedFor names 'REPLICATION' twice",
    ),
    "KMS without a role": (
        "ECR408",
        {"T": creation_template(EncryptionConfiguration={"EncryptionType": "KMS"})},
        "the template encrypts with KMS and has no CustomRoleArn",
    ),
    "a role with a path": (
        "ECR409",
        with_role("arn:aws:iam::111122223333:role/team/create"),
        "has a path",
    ),
    "a referred role with a path": ("ECR409", lent(Path="/team/"), "Role has the path '/team/'"),
    "a role that may nothing": (
        "ECR409",
        lent(Policies=inline("s3:GetObject")),
        "Role may not ecr:CreateRepository",
    ),
    "a template's role that is none": (
        "ECR409",
        with_role(get_att("Q"), Q={"Type": "AWS::SQS::Queue"}),
        "not a role",
    ),
    "a plain value of any shape": (
        "ECR420",
        secret(Name="ecr-pullthroughcache/a", SecretString="password"),
        "the secret's value stands in the template",
    ),
    "a generated secret without a user": (
        "ECR421",
        secret(
            Name="ecr-pullthroughcache/a",
            GenerateSecretString={
                "SecretStringTemplate": '{"user": "a"}',
                "GenerateStringKey": "accessToken",
            },
        ),
        "the secret has no username",
    ),
    "an event of ECR among others": (
        "ECR501",
        on(**{"source": ["aws.ecr", "aws.s3"], "detail-type": ["ECR Push", "Object Created"]}),
        "'ECR Push' is no event of aws.ecr or aws.s3",
    ),
    "the key of SNS": ("ECR504", topic("alias/aws/sns"), "EventBridge cannot publish"),
    "any subject": ("ECR510", github(sub="*"), "'*' lets every repository assume the role"),
    "any owner": ("ECR510", github(sub="repo:*/payments:*"), "repositories of other owners"),
    "no subject of GitHub": ("ECR510", github(sub="acme/payments"), "is no subject of GitHub"),
    "no condition on sub": ("ECR510", github(sub=ABSENT), "no condition on sub"),
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
    "a registry open to everyone": (
        "ECR206",
        registry("ecr:ReplicateImage", Principal="*", Resource=f"{HERE}:repository/*"),
        "everyone is allowed",
    ),
    "a policy that is mostly known": (
        "ECR206",
        {
            "Policy": resource(
                REGISTRY_POLICY,
                {
                    "PolicyText": {
                        "Fn::Sub": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": '
                        '"ecr:*", "Resource": "${Given}"}]}'
                    }
                },
            )
        },
        "everyone is allowed",
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
        "a role that is not known": cache(CustomRoleArn=["a"])
        and with_role(get_att("Maker"), Maker={"Type": "Custom::Role"}),
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
