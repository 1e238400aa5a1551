"""What a template says of a repository, however it is spelt."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any


def settings_of(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the first repository of a template.

    What CloudFormation and ECR read the same way comes out the same: the lifecycle policy is
    parsed, actions and statements are sorted, tags are a mapping. Metadata is left out, which is
    CDK's own and depends on the path of the construct.
    """
    resource = next(
        each for each in template["Resources"].values() if each["Type"] == "AWS::ECR::Repository"
    )
    properties = {**resource["Properties"]}
    text = properties["LifecyclePolicy"]["LifecyclePolicyText"]
    properties["LifecyclePolicy"] = json.loads(text)
    statements = [
        {**statement, "Action": sorted(statement["Action"])}
        for statement in properties["RepositoryPolicyText"]["Statement"]
    ]
    properties["RepositoryPolicyText"] = {
        **properties["RepositoryPolicyText"],
        "Statement": sorted(statements, key=partial(json.dumps, sort_keys=True)),
    }
    properties["Tags"] = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
    return {
        **{key: value for key, value in resource.items() if key != "Metadata"},
        "Properties": properties,
    }


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Return a line for each value that differs, with its path."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return [
            line
            for key in sorted({*ours, *theirs})
            for line in differences(ours.get(key), theirs.get(key), f"{path}/{key}")
        ]
    return [] if ours == theirs else [f"{path}: {ours!r} here, {theirs!r} there"]
