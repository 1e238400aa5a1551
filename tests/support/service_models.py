"""What AWS publishes about its services: botocore's models, CloudFormation's schemas."""

import re
from functools import cache
from typing import Any

import botocore.session
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER


@cache
def model(service: str) -> Any:
    """Return a service's API model."""
    return botocore.session.get_session().get_service_model(service)


@cache
def shape(service: str, name: str) -> dict[str, Any]:
    """Return the constraints that a service's API model states for a type."""
    return dict(model(service).shape_for(name).metadata)


def operations(service: str) -> dict[str, set[str]]:
    """Return the members of the input of each operation."""
    model = botocore.session.get_session().get_service_model(service)
    return {
        name: set(members.members)
        if (members := model.operation_model(name).input_shape)
        else set()
        for name in model.operation_names
    }


def fits(service: str, name: str, value: str) -> bool:
    """Tell whether a text satisfies the pattern and lengths of an API type."""
    limits = shape(service, name)
    within = limits.get("min", 0) <= len(value) <= limits["max"]
    return within and re.fullmatch(limits["pattern"], value) is not None


@cache
def resource_schema(resource_type: str) -> dict[str, Any]:
    """Return CloudFormation's schema of a resource type."""
    return dict(PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-1", resource_type).schema)


@cache
def resource_types() -> list[str]:
    """Return the names of all resource types of a Region."""
    return sorted(PROVIDER_SCHEMA_MANAGER.get_resource_types("eu-central-1"))


def repository_schema() -> dict[str, Any]:
    """Return CloudFormation's schema of AWS::ECR::Repository."""
    return resource_schema("AWS::ECR::Repository")
