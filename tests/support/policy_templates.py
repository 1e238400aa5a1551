"""Synthesized templates as the policy evaluator reads them, with their references resolved."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    """One template, where it is deployed, and what its assembly's stacks export, by name."""

    template: Document
    account: str
    region: str
    exports: dict[str, Any]

    def of_type(self, resource_type: str) -> Iterator[tuple[str, Document]]:
        """Yield the resources of a type by logical id."""
        for name, body in self.template.get("Resources", {}).items():
            if body["Type"] == resource_type:
                yield name, body

    def managed(self) -> Iterator[tuple[str, Document]]:
        """Yield the managed policies by logical id."""
        return self.of_type("AWS::IAM::ManagedPolicy")

    def statements(self, document: Any) -> list[Document]:
        """Return the statements of a policy document, or of one that is written as text."""
        resolved = self.value(document)
        parsed = json.loads(resolved) if isinstance(resolved, str) else resolved
        stated = parsed.get("Statement", [])
        return stated if isinstance(stated, list) else [stated]

    def value(self, value: Any) -> Any:
        """Resolve what CDK renders; ARNs and names are made up from logical ids."""
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        [(function, argument), *_] = [*value.items(), (None, None)]
        resolve = _FUNCTIONS.get(function)
        if len(value) == 1 and resolve:
            return resolve(self, argument)
        return {key: self.value(item) for key, item in value.items()}

    def attribute(self, of: list[str]) -> str:
        """Return what ``Fn::GetAtt`` gives, of which only ARNs are asked for."""
        name, attribute = of
        return self.arn(name) if attribute == "Arn" else f"{name}.{attribute}"

    def joined(self, argument: list[Any]) -> str:
        """Return what ``Fn::Join`` gives."""
        between, parts = argument
        return str(between).join(str(self.value(part)) for part in parts)

    def substituted(self, text: str) -> str:
        """Return what ``Fn::Sub`` gives for a text without variables of its own."""
        return re.sub(r"\$\{([\w:]+)\}", lambda match: self.reference(match[1]), text)

    def imported(self, name: Any) -> Any:
        """Return what another stack exports."""
        return self.exports[self.value(name)]

    def reference(self, name: str) -> str:
        """Return what ``Ref`` gives: a name, or for some types the ARN."""
        pseudo = {"AccountId": self.account, "Region": self.region, "Partition": "aws"}
        if name.startswith("AWS::"):
            return pseudo.get(name[5:], name)
        body = self.template["Resources"].get(name, {"Type": ""})
        if body["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::OIDCProvider"):
            return self.arn(name)
        named = body.get("Properties", {})
        chosen = named.get("RepositoryName") or named.get("RoleName") or named.get("UserName")
        return str(self.value(chosen)) if chosen else name

    def arn(self, name: str) -> str:
        """Return the ARN of a resource."""
        body = self.template["Resources"][name]
        _, service, kind = body["Type"].lower().split("::")
        where = f"{self.region}:{self.account}"
        if service == "iam":
            named = name if kind in ("managedpolicy", "oidcprovider") else self.reference(name)
            path = body.get("Properties", {}).get("Path", "/")
            return f"arn:aws:iam::{self.account}:{kind}{path}{named}"
        if kind == "publicrepository":
            service, kind, where = "ecr-public", "repository", f":{self.account}"
        return f"arn:aws:{service}:{where}:{kind}/{self.reference(name)}"


_FUNCTIONS: dict[Any, Callable[[Stack, Any], Any]] = {
    "Ref": Stack.reference,
    "Fn::GetAtt": Stack.attribute,
    "Fn::Join": Stack.joined,
    "Fn::Sub": Stack.substituted,
    "Fn::ImportValue": Stack.imported,
}


def settings_of(here: list[Stack], name: str) -> tuple[list[Document], dict[str, str]]:
    """Return the statements about a repository in its account and Region, and its tags."""
    stated, properties = [], None
    templates: dict[str, tuple[Stack, Any]] = {}
    for stack in here:
        for _, body in stack.of_type("AWS::ECR::RegistryPolicy"):
            stated += stack.statements(body["Properties"]["PolicyText"])
        for logical_id, body in stack.of_type("AWS::ECR::Repository"):
            if stack.value({"Ref": logical_id}) == name:
                properties = stack.value(body.get("Properties", {}))
                stated += stack.statements(properties.get("RepositoryPolicyText", {}))
        for _, body in stack.of_type("AWS::ECR::RepositoryCreationTemplate"):
            prefix = body["Properties"]["Prefix"]
            templates["" if prefix == "ROOT" else f"{prefix.rstrip('/')}/"] = stack, body
    covering = [prefix for prefix in templates if name.startswith(prefix)]
    if properties is None and covering:
        stack, body = templates[max(covering, key=len)]
        properties = stack.value(body["Properties"])
        stated += stack.statements(properties.get("RepositoryPolicy", {}))
    tags = (properties or {}).get("Tags") or (properties or {}).get("ResourceTags") or []
    return stated, {tag["Key"]: tag["Value"] for tag in tags}
