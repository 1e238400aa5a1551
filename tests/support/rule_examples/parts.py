"""Builders for resources that several families use."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    EVENT_RULE,
    ROLE,
    SCANNING,
    SECRET,
    TOPIC,
)
from tests.support.rule_examples.build import (
    allow,
    creation_template,
    document,
    get_att,
    repository,
    resource,
)

HERE = "arn:aws:ecr:eu-central-1:111122223333"
HUB = {"EcrRepositoryPrefix": "hub", "UpstreamRegistryUrl": "registry-1.docker.io"}
LOGIN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/a-AbCdEf"
HOST = "token.actions.githubusercontent.com"


def cache(**properties: Any) -> dict[str, Any]:
    """Return a cache of Docker Hub."""
    return {"Hub": resource(CACHE, {**HUB, "CredentialArn": LOGIN, **properties})}


def upstream(url: str, **properties: Any) -> dict[str, Any]:
    """Return a cache of a registry."""
    return cache(UpstreamRegistryUrl=url, **properties)


def secret(**properties: Any) -> dict[str, Any]:
    """Return a cache with a secret of its stack."""
    return {**cache(CredentialArn={"Ref": "Login"}), "Login": resource(SECRET, properties)}


def kms(value: Any, **others: Any) -> dict[str, Any]:
    """Return a repository with a key."""
    configuration = {"EncryptionType": "KMS", "KmsKey": value}
    return {"Api": repository(EncryptionConfiguration=configuration), **others}


def with_role(arn: Any, **others: Any) -> dict[str, Any]:
    """Return a creation template with a role."""
    return {"Payments": creation_template(CustomRoleArn=arn), **others}


def lent(**properties: Any) -> dict[str, Any]:
    """Return a creation template with a role of its stack."""
    trust = document(allow("sts:AssumeRole", Principal={"Service": "ecr.amazonaws.com"}))
    role_of = resource(ROLE, {"AssumeRolePolicyDocument": trust, **properties})
    return with_role(get_att("Role"), Role=role_of)


def inline(*actions: str) -> list[dict[str, Any]]:
    """Return the policies of a role that may do this."""
    policy = document(allow(list(actions), Resource="*"))
    return [{"PolicyName": "Inline", "PolicyDocument": policy}]


def policy(kind: str, action: str, **properties: Any) -> dict[str, Any]:
    """Return a policy of IAM that allows something."""
    return resource(kind, {"PolicyDocument": document(allow(action, Resource="*")), **properties})


def statement(**parts: Any) -> dict[str, Any]:
    """Return a repository with a policy of one statement."""
    return {"Api": repository(RepositoryPolicyText={"Version": "2012-10-17", "Statement": parts})}


def scanning(**properties: Any) -> dict[str, Any]:
    """Return a scanning configuration."""
    return {"Scanning": resource(SCANNING, properties)}


def on(**pattern: Any) -> dict[str, Any]:
    """Return a rule for events."""
    targets = [{"Arn": "arn:aws:sqs:eu-central-1:111122223333:q", "Id": "Q"}]
    return {"Rule": resource(EVENT_RULE, {"EventPattern": pattern, "Targets": targets})}


def topic(key_id: Any) -> dict[str, Any]:
    """Return a topic for events with a key."""
    pattern = {"source": ["aws.ecr"]}
    targets = [{"Arn": {"Ref": "Topic"}, "Id": "Topic"}]
    return {
        "Rule": resource(EVENT_RULE, {"EventPattern": pattern, "Targets": targets}),
        "Topic": resource(TOPIC, {"KmsMasterKeyId": key_id}),
    }
