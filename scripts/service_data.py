"""Write what checks know of CloudFormation and IAM, from libraries that keep it current.

``python -m scripts.service_data``: resource schemas, attributes and Regions from cfn-lint,
actions from both it and botocore, enumerations from botocore.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import cfnlint
from cfnlint.helpers import FUNCTIONS_ALL, PSEUDOPARAMS, REGIONS, VALID_PARAMETER_TYPES
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from ecr_constructs.cloudformation.resource_types import ECR_TYPES, REPLICATION

_PACKAGE = Path(__file__).parent.parent / "ecr_constructs"
PATH = _PACKAGE / "cloudformation" / "aws_metadata.json"
REGIONS_PATH = _PACKAGE / "model" / "regions.json"
ATTRIBUTES = _PACKAGE / "cloudformation" / "attributes.json"
ENUMS = _PACKAGE / "model" / "enums.json"
LANGUAGE = _PACKAGE / "cloudformation" / "template_language.json"
UPDATE_BEHAVIOR = _PACKAGE / "cloudformation" / "update_behavior.json"
_POLICIES = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
# A Region that has every type.
_HOME = "us-east-1"
# ECR's API has it and CloudFormation takes it; the published schemas do not tell yet.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
_DELETE_REPLICATION = {
    "type": ["object"],
    "properties": {"Enabled": {"type": ["boolean"]}},
    "required": ["Enabled"],
}
# Written in lower case in cfn-lint's list.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
_WITHOUT_OPERATION = ("BatchImportUpstreamImage", "GetImageCopyStatus", "ReplicateImage")
_LIMITS = ("enum", "minLength", "maxLength", "minItems", "maxItems")
# Patterns of schemas that cannot take long: other patterns backtrack.
_PATTERNS = ("^[0-9]{12}$",)
# The enumerations that checks compare values with.
_ENUMS = {
    "cloudwatch": ("ComparisonOperator", "Statistic"),
    "events": ("RuleState",),
    "ecr": ("FindingSeverity", "ScanFrequency", "ScanStatus", "ScanType", "TargetStorageClass"),
    "inspector2": ("FindingStatus", "FindingType", "ResourceType", "Severity"),
}


def service_data() -> str:
    """Return the data as it is in the file."""
    document = {
        "actions": {service: _actions(service) for service in ("ecr", "ecr-public")},
        "types": {kind: _type(kind) for kind in sorted(ECR_TYPES)},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _actions(service: str) -> list[str]:
    """Return the operations of the API, which is the newer list, and what only policies have."""
    actions = json.loads(_POLICIES.read_text(encoding="utf-8"))[service]["Actions"]
    operations = botocore.session.get_session().get_service_model(service).operation_names
    spelt = {name.lower(): name for name in (*_WITHOUT_OPERATION, *operations)}
    return sorted({*operations, *(spelt.get(name, name) for name in actions)})


def _type(kind: str) -> dict[str, Any]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_HOME, kind).schema
    absent = [
        region
        for region in sorted(REGIONS)
        if kind not in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
    ]
    read_only = [
        pointer.removeprefix("/properties/") for pointer in schema.get("readOnlyProperties", [])
    ]
    shape = _shape(schema, schema)
    for pointer in read_only:
        shape["properties"].pop(pointer, None)
    if kind == REPLICATION:
        rules = shape["properties"]["ReplicationConfiguration"]["properties"]["Rules"]
        rules["items"]["properties"].setdefault("DeleteReplication", _DELETE_REPLICATION)
    return {"absentRegions": absent, "attributes": sorted(read_only), **shape}


def _shape(node: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a schema that is checked: names, kinds, choices, sizes."""
    while "$ref" in node:
        node = schema["definitions"][node["$ref"].rpartition("/")[2]]
    kinds = node.get("type", "object")
    shape: dict[str, Any] = {"type": kinds if isinstance(kinds, list) else [kinds]}
    shape.update({limit: node[limit] for limit in _LIMITS if limit in node})
    if node.get("pattern") in _PATTERNS:
        shape["pattern"] = node["pattern"]
    if "properties" in node:
        shape["properties"] = {
            name: _shape(member, schema) for name, member in node["properties"].items()
        }
        shape["required"] = sorted(node.get("required", ()))
    if "items" in node:
        shape["items"] = _shape(node["items"], schema)
    return shape


def update_behavior_data() -> str:
    """Return the create-only properties of every type, and the one that names its resources."""
    manager = PROVIDER_SCHEMA_MANAGER
    document: dict[str, dict[str, Any]] = {}
    for kind in sorted(manager.get_resource_types(_HOME)):
        schema = manager.get_resource_schema(_HOME, kind).schema
        if create_only := sorted(_pointers(schema, "createOnlyProperties")):
            name = _name_property(kind, schema)
            document[kind] = {"createOnly": create_only, **({"name": name} if name else {})}
    return json.dumps(document, indent=0, sort_keys=True) + "\n"


def language_data() -> str:
    """Return the functions, pseudo parameters and types of parameters of templates."""
    names = {
        "functions": FUNCTIONS_ALL,
        "parameterTypes": VALID_PARAMETER_TYPES,
        "pseudoParameters": PSEUDOPARAMS,
    }
    document = {name: sorted(values) for name, values in names.items()}
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def attributes_data() -> str:
    """Return the attributes that Fn::GetAtt accepts, as regular expressions, of every type."""
    manager = PROVIDER_SCHEMA_MANAGER
    document = {
        kind: sorted(manager.get_resource_schema(_HOME, kind).get_atts)
        for kind in sorted(manager.get_resource_types(_HOME))
    }
    return json.dumps(document, indent=0, sort_keys=True) + "\n"


def enums_data() -> str:
    """Return the values of enumerations of AWS APIs, by service and shape."""
    session = botocore.session.get_session()
    document = {
        service: {name: session.get_service_model(service).shape_for(name).enum for name in names}
        for service, names in _ENUMS.items()
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _pointers(schema: Mapping[str, Any], name: str) -> list[str]:
    return [pointer.removeprefix("/properties/") for pointer in schema.get(name, [])]


# An account has one provider for each URL, whose ARN AWS makes of it.
_UNIQUE = {"AWS::IAM::OIDCProvider": "Url"}


def _name_property(kind: str, schema: Mapping[str, Any]) -> str | None:
    """Return the property that names a resource: its identifier, unless AWS makes that up."""
    writable = {*_pointers(schema, "createOnlyProperties")}
    writable -= {*_pointers(schema, "readOnlyProperties")}
    primary = _pointers(schema, "primaryIdentifier")
    # An identifier of several parts, such as that of an inline policy, is no name.
    alone = primary if len(primary) == 1 else []
    if kind in _UNIQUE:
        return _UNIQUE[kind]
    usual = [f"{kind.rpartition('::')[2]}Name", "Name"]
    return next((name for name in [*alone, *usual] if name in writable), None)


def files() -> dict[Path, str]:
    """Return the content of each file."""
    regions = json.dumps(sorted(REGIONS), indent=1) + "\n"
    return {
        PATH: service_data(),
        REGIONS_PATH: regions,
        UPDATE_BEHAVIOR: update_behavior_data(),
        ATTRIBUTES: attributes_data(),
        ENUMS: enums_data(),
        LANGUAGE: language_data(),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.name}")
