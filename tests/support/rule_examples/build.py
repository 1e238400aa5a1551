"""Builders for templates, of which each resource has no finding but for what is given."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    EVENT_RULE,
    KEY,
    REPOSITORY,
    ROLE,
    SCANNING,
    SECRET,
)

Resources = Mapping[str, Mapping[str, Any]]
# Further violations by rule, place of the finding and values in its message: resources, and more
# values.
Problems = dict[tuple[str, ...], dict[str, Resources | tuple[Any, ...]]]

HOME, ELSEWHERE = ("111122223333", "eu-central-1"), ("111122223333", "eu-west-1")
PARTNER = ("444455556666", "eu-central-1")
ROOT = "arn:aws:iam::444455556666:root"
KEEPS = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
HERE = f"arn:aws:ecr:{HOME[1]}:{HOME[0]}"
OWN_ROLE = f"arn:aws:iam::{HOME[0]}:role"
OWN_ROOT = f"arn:aws:iam::{HOME[0]}:root"
OIDC = f"arn:aws:iam::{HOME[0]}:oidc-provider"
_HUB = {"EcrRepositoryPrefix": "hub", "UpstreamRegistryUrl": "registry-1.docker.io"}
LOGIN = f"arn:aws:secretsmanager:{HOME[1]}:{HOME[0]}:secret:ecr-pullthroughcache/a-AbCdEf"
HOST = "token.actions.githubusercontent.com"
EVERYTHING = {
    "ScanFrequency": "SCAN_ON_PUSH",
    "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD"}],
}
QUEUE = {"Arn": f"arn:aws:sqs:{HOME[1]}:{HOME[0]}:scans", "Id": "Queue"}
ABSENT: Any = object()


@dataclass(frozen=True)
class Example:
    """A template that violates a rule, and a compliant one without any finding.

    Attributes:
        faulty: Templates that are deployed together, one of which violates the rule.
        place: The resource and path of the finding.
        sound: The same templates without findings.
        besides: Other rules that the faulty templates violate.
        written: The text of the faulty template, if its parsed content does not show the problem.
    """

    faulty: Sequence[Template]
    place: str
    sound: Sequence[Template]
    besides: Sequence[str] = ()
    written: str = ""


def example(
    faulty: Resources | Sequence[Template],
    place: str,
    sound: Resources | Sequence[Template],
    *besides: str,
) -> Example:
    """Make an example of resources, or of templates."""
    return Example(_templates(faulty), place, _templates(sound), besides)


def _templates(content: Resources | Sequence[Template]) -> Sequence[Template]:
    return [template(content)] if isinstance(content, Mapping) else content


def written(text: str, place: str, sound: Resources) -> Example:
    """Make an example of a faulty template in YAML."""
    body, line_of, repeated = read_yaml(text)
    faulty = Template("template", body, *HOME, line_of=line_of, repeated=repeated)
    return Example([faulty], place, _templates(sound), written=text)


def template(
    resources: Resources, at: tuple[str, str] = HOME, name: str = "template", **sections: Any
) -> Template:
    """Return a template for an account and Region."""
    return Template(name, {"Resources": resources, **sections}, *at)


def resource(kind: str, properties: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    """Return a resource without the properties that are `ABSENT`."""
    present = {key: value for key, value in properties.items() if value is not ABSENT}
    around = {key: value for key, value in attributes.items() if value is not ABSENT}
    return {"Type": kind, **around, **({"Properties": present} if present else {})}


def policy_text(*rules: Mapping[str, Any]) -> str:
    """Return a lifecycle policy as ECR takes it."""
    return json.dumps({"rules": rules})


def rule(priority: int, action: str = "expire", **selection: Any) -> dict[str, Any]:
    """Return a lifecycle rule; ``days`` counts from the push, ``images`` the newest."""
    days, images = selection.pop("days", None), selection.pop("images", None)
    count: dict[str, Any] = {}
    if days is not None:
        count = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    if images is not None:
        count = {"countType": "imageCountMoreThan", "countNumber": images}
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    chosen = {**count, **selection}
    return {"rulePriority": priority, "selection": chosen, "action": {"type": action, **target}}


UNTAGGED = {**rule(1), "selection": {"tagStatus": "untagged", **rule(1, days=14)["selection"]}}


def repository(*rules: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    """Return a repository without findings, except for these properties."""
    attributes = {name: properties.pop(name, value) for name, value in KEEPS.items()}
    sound = {
        "ImageTagMutability": "IMMUTABLE",
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "LifecyclePolicy": {"LifecyclePolicyText": policy_text(*(rules or [UNTAGGED]))},
    }
    return resource(REPOSITORY, {**sound, **properties}, **attributes)


def creation_template(**properties: Any) -> dict[str, Any]:
    """Return a creation template without findings, except for these properties."""
    sound = {
        "Prefix": "payments",
        "AppliedFor": ["REPLICATION"],
        "ImageTagMutability": "IMMUTABLE",
        "LifecyclePolicy": policy_text(UNTAGGED),
    }
    return resource(CREATION_TEMPLATE, {**sound, **properties})


def key(**properties: Any) -> dict[str, Any]:
    """Return a key without findings, except for these properties."""
    attributes = {name: properties.pop(name, value) for name, value in KEEPS.items()}
    policy = document(allow("kms:*", Principal={"AWS": OWN_ROOT}, Resource="*"))
    sound = {"EnableKeyRotation": True, "KeyPolicy": policy}
    return resource(KEY, {**sound, **properties}, **attributes)


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a statement without the parts that are `ABSENT`."""
    statement = {"Effect": "Allow", "Action": action, **parts}
    return {name: value for name, value in statement.items() if value is not ABSENT}


def get_att(logical_id: str, name: str = "Arn") -> dict[str, Any]:
    """Return a reference to an attribute."""
    return {"Fn::GetAtt": [logical_id, name]}


def api(*rules: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    """Return a template with one repository."""
    return {"Api": repository(*rules, **properties)}


def one_template(**properties: Any) -> dict[str, Any]:
    """Return a template with one creation template."""
    return {"Payments": creation_template(**properties)}


def assumed_by(*statements: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    """Return a role with the statements of its trust policy."""
    return resource(ROLE, {"AssumeRolePolicyDocument": document(*statements), **properties})


def service_role(service: str, **properties: Any) -> dict[str, Any]:
    """Return a role that a service of AWS may assume."""
    trust = allow("sts:AssumeRole", Principal={"Service": f"{service}.amazonaws.com"})
    return assumed_by(trust, **properties)


def ci_role(issuer: str, principal: Any = ABSENT, **condition: Any) -> dict[str, Any]:
    """Return a role that a CI system may assume, with the conditions of its trust policy."""
    federated = f"{OIDC}/{issuer}" if principal is ABSENT else principal
    trust = allow("sts:AssumeRoleWithWebIdentity", Principal={"Federated": federated})
    return {"Push": assumed_by({**trust, "Condition": condition})}


def cache(**properties: Any) -> dict[str, Any]:
    """Return a cache of Docker Hub."""
    return {"Hub": resource(CACHE, {**_HUB, "CredentialArn": LOGIN, **properties})}


def quay(prefix: str = "quay") -> dict[str, Any]:
    """Return a cache of a registry that needs no login."""
    return resource(CACHE, {"EcrRepositoryPrefix": prefix, "UpstreamRegistryUrl": "quay.io"})


def upstream(url: str, **properties: Any) -> dict[str, Any]:
    """Return a cache of a registry."""
    return cache(UpstreamRegistryUrl=url, **properties)


def secret(**properties: Any) -> dict[str, Any]:
    """Return a cache with a secret of its stack."""
    return {**cache(CredentialArn={"Ref": "Login"}), "Login": resource(SECRET, properties)}


def kms(value: Any, **others: Any) -> dict[str, Any]:
    """Return a repository with a key."""
    configuration = {"EncryptionType": "KMS", "KmsKey": value}
    return {**api(EncryptionConfiguration=configuration), **others}


def with_role(arn: Any, **others: Any) -> dict[str, Any]:
    """Return a creation template with a role."""
    return {"Payments": creation_template(CustomRoleArn=arn), **others}


def lent(**properties: Any) -> dict[str, Any]:
    """Return a creation template with a role of its stack."""
    return with_role(get_att("Role"), Role=service_role("ecr", **properties))


def inline(action: Any, **parts: Any) -> list[dict[str, Any]]:
    """Return the policies of a role that may do this."""
    policy = document(allow(action, **{"Resource": "*", **parts}))
    return [{"PolicyName": "Inline", "PolicyDocument": policy}]


def policy(kind: str, action: str, **properties: Any) -> dict[str, Any]:
    """Return a policy of IAM that allows something."""
    return resource(kind, {"PolicyDocument": document(allow(action, Resource="*")), **properties})


def scanning(**properties: Any) -> dict[str, Any]:
    """Return a scanning configuration."""
    return {"Scanning": resource(SCANNING, properties)}


def asks(source: Any, *details: Any, targets: Any = (QUEUE,), **pattern: Any) -> dict[str, Any]:
    """Return a rule for events of a source with some details."""
    sources = source if isinstance(source, list) else [source]
    events = {"source": sources, "detail-type": [*details], **pattern}
    targets = targets if targets is ABSENT else [*targets]
    return resource(EVENT_RULE, {"EventPattern": events, "Targets": targets})


def sent(**target: Any) -> dict[str, Any]:
    """Return a rule for images that sends to the topic of its stack."""
    to_topic = {"Arn": {"Ref": "Topic"}, "Id": "Topic", **target}
    return asks("aws.ecr", "ECR Image Action", targets=[to_topic])


def attached(content: Any, kind: str = "AWS::IAM::Policy", role: Any = None) -> dict[str, Any]:
    """Return a policy with a document, attached to the role of the stack."""
    roles = [{"Ref": "Role"} if role is None else role]
    return {"More": resource(kind, {"Roles": roles, "PolicyDocument": content})}
