"""How code writes the L1s of a registry and of a creation template, and requests of both."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import Registry, RepositoryCreationTemplate
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_REGION,
    signing_profile,
    template,
)
from tests.support.written_properties import Writes

PROFILES = {name: signing_profile(name) for name in ("first", "second", "written", "extended")}
Scan = ecr.CfnRegistryScanningConfiguration
Replicate = ecr.CfnReplicationConfiguration
Sign = ecr.CfnSigningConfiguration


def statement(sid: str, **more: Any) -> dict[str, Any]:
    """Return a statement that must never be lost."""
    parts = {"Effect": "Deny", "Principal": "*", "Action": "ecr:ReplicateImage"}
    return {"Sid": sid, **parts, "Resource": "*", **more}


def policy(*sids: str, **more: Any) -> dict[str, Any]:
    """Return a policy of statements with these ids."""
    return {"Version": "2012-10-17", "Statement": [statement(sid) for sid in sids], **more}


def repository_text(*sids: str, **more: Any) -> str:
    """Return a repository policy as a text."""
    statements = [{**item, "Action": "ecr:PutImage"} for item in policy(*sids)["Statement"]]
    for item in statements:
        del item["Resource"]
    return json.dumps({"Statement": statements, **more})


def added(sid: str, **more: Any) -> iam.PolicyStatement:
    """Return a statement of a request."""
    return iam.PolicyStatement(
        sid=sid,
        actions=["ecr:ReplicateImage"],
        principals=[iam.AccountPrincipal(OTHER_ACCOUNT)],
        **more,
    )


def scan_rule(*filters: str, frequency: str = "SCAN_ON_PUSH") -> Any:
    """Return a scanning rule as code writes it."""
    values = [Scan.RepositoryFilterProperty(filter=x, filter_type="WILDCARD") for x in filters]
    return Scan.ScanningRuleProperty(scan_frequency=frequency, repository_filters=values)


def replication(*prefixes: str, region: str = OTHER_REGION) -> Any:
    """Return a replication configuration as code writes it."""
    filters = [
        Replicate.RepositoryFilterProperty(filter=item, filter_type="PREFIX_MATCH")
        for item in prefixes
    ]
    destination = Replicate.ReplicationDestinationProperty(region=region, registry_id=ACCOUNT)
    rule = Replicate.ReplicationRuleProperty(
        destinations=[destination], repository_filters=filters or None
    )
    return Replicate.ReplicationConfigurationProperty(rules=[rule])


def sign_rule(name: str) -> Any:
    """Return a signing rule as code writes it."""
    return Sign.RuleProperty(signing_profile_arn=PROFILES[name])


class Owner:
    """A registry and a template of a stack, which request something and show what is rendered."""

    def __init__(self, stack: cdk.Stack) -> None:
        """Define both."""
        self.stack = stack
        self.registry = Registry(stack, "Registry")
        self.template = RepositoryCreationTemplate(
            stack, "Template", prefix="team", applied_for=["CREATE_ON_PUSH"]
        )

    def resource(self, name: str) -> Any:
        """Return the L1 of a kind."""
        if name == "Resource":
            return self.template.node.find_child(name)
        return self.registry.node.find_child(name)


@dataclass(frozen=True)
class Kind:
    """An L1: how to request something of it, and how other code writes it."""

    id: str
    attribute: str
    request: Callable[[Owner, str], object]
    struct: Callable[[str], Any]
    plain: Callable[[str], Any]
    type: str
    path: str = ""

    @property
    def name(self) -> str:
        """The name of the property in CloudFormation."""
        return self.path or "".join(part.title() for part in self.attribute.split("_"))


KINDS = {
    "policy": Kind(
        "Policy",
        "policy_text",
        lambda owner, sid: owner.registry.add_to_registry_policy(added(sid, resources=["*"])),
        lambda sid: iam.PolicyDocument.from_json(policy(sid)),
        policy,
        "AWS::ECR::RegistryPolicy",
    ),
    "scanning": Kind(
        "Scanning",
        "rules",
        lambda owner, name: owner.registry.scan_basic(on_push=[name]),
        lambda name: [scan_rule(name)],
        lambda name: [
            {
                "ScanFrequency": "SCAN_ON_PUSH",
                "RepositoryFilters": [{"Filter": name, "FilterType": "WILDCARD"}],
            }
        ],
        "AWS::ECR::RegistryScanningConfiguration",
    ),
    "replication": Kind(
        "Replication",
        "replication_configuration",
        lambda owner, name: owner.registry.replicate(to_regions=[OTHER_REGION], prefixes=[name]),
        replication,
        lambda name: [
            {
                "Destinations": [{"Region": OTHER_REGION, "RegistryId": ACCOUNT}],
                "RepositoryFilters": [{"Filter": name, "FilterType": "PREFIX_MATCH"}],
                "DeleteReplication": {"Enabled": False},
            }
        ],
        "AWS::ECR::ReplicationConfiguration",
        "ReplicationConfiguration.Rules",
    ),
    "signing": Kind(
        "Signing",
        "rules",
        lambda owner, name: owner.registry.sign(PROFILES[name]),
        lambda name: [sign_rule(name)],
        lambda name: [{"SigningProfileArn": PROFILES[name], "RepositoryFilters": []}],
        "AWS::ECR::SigningConfiguration",
    ),
    "template": Kind(
        "Resource",
        "repository_policy",
        lambda owner, sid: owner.template.add_to_repository_policy(added(sid)),
        repository_text,
        repository_text,
        "AWS::ECR::RepositoryCreationTemplate",
    ),
}
WAYS: dict[str, Callable[[Kind, Any, str], object]] = {
    "write": lambda kind, resource, name: setattr(resource, kind.attribute, kind.struct(name)),
    "outside": lambda kind, resource, name: jsii.kernel.set(
        resource,
        camel(kind.attribute),
        kind.plain(name) if kind.id == "Policy" else kind.struct(name),
    ),
    "Aspect": lambda kind, resource, name: cdk.Aspects.of(resource).add(
        Writes(lambda node: setattr(node, kind.attribute, kind.struct(name)))
    ),
    "override": lambda kind, resource, name: resource.add_property_override(
        kind.name, kind.plain(name)
    ),
    "overrides": lambda kind, resource, name: resource.add_override(
        "Properties", {kind.name.partition(".")[0]: whole(kind, name)}
    ),
}


def camel(name: str) -> str:
    """Return a name as code that is not Python writes it."""
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def whole(kind: Kind, name: str) -> Any:
    """Return a whole property as CloudFormation takes it."""
    return {"Rules": kind.plain(name)} if kind.path else kind.plain(name)


def rendered(owner: Owner, *names: str) -> dict[str, list[str]]:
    """Return the names in some L1s, as many times as they are rendered."""
    properties = template(owner.stack)["Resources"].values()
    return {
        name: sorted(NAMES.findall(json.dumps(item["Properties"])))
        for name in names
        for item in properties
        if item["Type"] == KINDS[name].type
    }


def written(owner: Owner, kind: Kind, way: str) -> None:
    """Write an L1."""
    WAYS[way](kind, owner.resource(kind.id), "written")


NAMES = re.compile("first|second|written|extended")

# --- what cannot be joined --------------------------------------------------------------------

Do = Callable[[Owner], object]


def set_(resource: str, attribute: str, value: Any) -> Do:
    """Write an attribute of an L1."""
    return lambda owner: setattr(owner.resource(resource), attribute, value)


def override(resource: str, path: str, value: Any) -> Do:
    """Override a property of an L1."""
    return lambda owner: owner.resource(resource).add_property_override(path, value)
