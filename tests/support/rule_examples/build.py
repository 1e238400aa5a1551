"""Builders for the templates of the examples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, KEY, REPOSITORY

Resources = Mapping[str, Mapping[str, Any]]
# Further violations: rule, resources or templates, place of the finding, and values in its message.
Problems = dict[str, tuple[Any, ...]]

HOME, ELSEWHERE = ("111122223333", "eu-central-1"), ("111122223333", "eu-west-1")
PARTNER = ("444455556666", "eu-central-1")
ROOT = "arn:aws:iam::444455556666:root"
KEEPS = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
UNTAGGED = {
    "rulePriority": 1,
    "selection": {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 14,
    },
    "action": {"type": "expire"},
}
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
    return {
        "rulePriority": priority,
        "selection": {**count, **selection},
        "action": {"type": action, **target},
    }


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
    own = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    policy = document({**own, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}})
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
