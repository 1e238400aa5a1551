"""The policies of an account as a template, from the answers of a snapshot.

A template is what the reader of policies knows. What was not answered is a parameter there, whose
value is unknown, and is listed with its reason.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ecr_constructs.access.policies import Policies
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.resource_types import KEY, MANAGED_POLICY, ROLE
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.members import objects
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.review.access.constraints import ABSENT, matching
from ecr_constructs.review.access.principals import IDENTITY_NAMES, USER
from ecr_constructs.review.access.values import Pattern
from ecr_constructs.snapshot.registry_view import RegistryView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.constraints import Constraint
    from ecr_constructs.snapshot.document import Answer, Snapshot

_UNREAD = "NotRead"
_UNKNOWN = {"Ref": _UNREAD}
_DETAILS = "GetAccountAuthorizationDetails"
_GROUP = "AWS::IAM::Group"
_DETAIL_LISTS = {ROLE: "RoleDetailList", USER: "UserDetailList", _GROUP: "GroupDetailList"}
_INLINE = {ROLE: "RolePolicyList", USER: "UserPolicyList", _GROUP: "GroupPolicyList"}
_NOT_IN_ORGANIZATION = "AWSOrganizationsNotInUseException"
_READABLE_STATES = ("Enabled", "Updating")


def live_policies(
    snapshots: Sequence[Snapshot], home: Snapshot, name: str
) -> tuple[Policies, Resource, Sequence[NotKnown]]:
    """Return the policies that decide about a repository, the repository, and what is missing.

    Args:
        snapshots: The snapshots; identities are read of each account that has some.
        home: The snapshot of the repository's registry.
        name: The repository.
    """
    registry = _Registry(home, name)
    templates = [registry.template()]
    unread: dict[str, NotKnown] = {}
    complete: set[str] = set()
    organizations: dict[str, Constraint] = {}
    for account, details in _identities(snapshots).items():
        if details.pages:
            templates.append(_identity_template(account, details))
        if details.is_known:
            complete.add(account)
        else:
            unread[account] = NotKnown(f"account {account}", _DETAILS, details.reason, "iam")
    for snapshot in snapshots:
        organization = _organization(snapshot)
        if organization is not None:
            organizations[snapshot.header.account] = organization
    policies = Policies(
        TemplateSet(templates),
        unread,
        organizations,
        is_live=True,
        complete=frozenset(complete),
        tags_known=registry.tags_known,
        registry_scope=registry.scope,
    )
    resource = policies.templates.stacks[0].resources["Repository"]
    return policies, resource, registry.unread


class _Registry:
    """The side of the repository: its policy, that of the registry, its key."""

    def __init__(self, snapshot: Snapshot, name: str) -> None:
        self._snapshot, self._name = snapshot, name
        self.unread: list[NotKnown] = []
        view = RegistryView(snapshot).repositories
        repository = view.value.get(name)
        if repository is None:
            # It is asked about because not all repositories are known.
            self.unread += [view.not_known] if view.not_known is not None else []
        self._repository: Mapping[str, Any] = repository.description if repository else {}
        self.scope = self._read_scope()
        arn = self._repository.get("repositoryArn")
        self._tags = snapshot.answer("ListTagsForResource", {"resourceArn": arn})
        self.tags_known = self._tags.is_known

    def _miss(self, operation: str, answer: Answer, service: str = "ecr", about: str = "") -> None:
        subject = about or f"repository {self._name}"
        self.unread.append(NotKnown(subject, operation, answer.reason, service))

    def _read_scope(self) -> str | None:
        answer = self._snapshot.answer("GetAccountSetting", {"name": "REGISTRY_POLICY_SCOPE"})
        value = answer.value("value")
        return value if isinstance(value, str) else None

    def template(self) -> Template:
        """Return a template with the repository, the registry policy and the key."""
        snapshot = self._snapshot
        request = {"repositoryName": self._name}
        properties: dict[str, Any] = {"RepositoryName": self._name}
        resources: dict[str, Any] = {
            "Repository": {"Type": "AWS::ECR::Repository", "Properties": properties}
        }
        policy = snapshot.answer("GetRepositoryPolicy", request)
        properties |= self._policy("RepositoryPolicyText", "GetRepositoryPolicy", policy)
        registry = snapshot.answer("GetRegistryPolicy")
        registry_policy = self._policy("PolicyText", "GetRegistryPolicy", registry)
        if registry_policy:
            resources["Registry"] = {
                "Type": "AWS::ECR::RegistryPolicy",
                "Properties": registry_policy,
            }
            if self.scope is None:
                setting = snapshot.answer("GetAccountSetting", {"name": "REGISTRY_POLICY_SCOPE"})
                self._miss("GetAccountSetting", setting, about="REGISTRY_POLICY_SCOPE")
        if self.tags_known:
            properties["Tags"] = self._tags.items("tags")
        key = _mapping(self._repository.get("encryptionConfiguration")).get("kmsKey")
        if isinstance(key, str):
            resources |= self._key(key)
            name = {"Fn::GetAtt": ["Key", "Arn"]} if "Key" in resources else key
            if "Key" in resources or not self._is_of_aws(key):
                properties["EncryptionConfiguration"] = {"EncryptionType": "KMS", "KmsKey": name}
        return _template(snapshot.name, snapshot.header.account, snapshot.header.region, resources)

    def _policy(self, name: str, operation: str, answer: Answer) -> dict[str, Any]:
        text = answer.value("policyText")
        if answer.state == "absent":
            return {}
        if not answer.is_known or not isinstance(text, str):
            self._miss(operation, answer)
            return {name: _UNKNOWN}
        return {name: text}

    def _metadata(self, key: str) -> Mapping[str, Any] | None:
        answer = self._snapshot.answer("DescribeKey", {"KeyId": key}, service="kms")
        value = answer.value("KeyMetadata")
        return value if answer.is_known and isinstance(value, dict) else None

    def _is_of_aws(self, key: str) -> bool:
        return (self._metadata(key) or {}).get("KeyManager") == "AWS"

    def _key(self, key: str) -> dict[str, Any]:
        metadata = self._metadata(key)
        if metadata is None or self._is_of_aws(key):
            return {}
        request = {"KeyId": key, "PolicyName": "default"}
        answer = self._snapshot.answer("GetKeyPolicy", request, service="kms")
        text = answer.value("Policy")
        document = _document(text) if answer.is_known else None
        if document is None:
            self._miss("GetKeyPolicy", answer, "kms", key)
        properties = {
            "Enabled": metadata.get("KeyState") in _READABLE_STATES,
            "KeyPolicy": _UNKNOWN if document is None else document,
        }
        return {"Key": {"Type": KEY, "Properties": properties}}


def _template(name: str, account: str, region: str, resources: Mapping[str, Any]) -> Template:
    body = {"Parameters": {_UNREAD: {"Type": "String"}}, "Resources": resources}
    return Template(
        name, body, account, region, may_have_macros=False, may_have_nested_stacks=False
    )


def _identities(snapshots: Iterable[Snapshot]) -> dict[str, Answer]:
    """Return what is known about the roles and users of each account; the best of its Regions."""
    order = ("answered", "absent", "partial", "refused", "not-asked")
    answers: dict[str, list[Answer]] = defaultdict(list)
    for snapshot in snapshots:
        answers[snapshot.header.account].append(snapshot.answer(_DETAILS, service="iam"))
    return {
        account: min(of_regions, key=lambda answer: order.index(answer.state))
        for account, of_regions in answers.items()
    }


def _organization(snapshot: Snapshot) -> Constraint | None:
    answer = snapshot.answer("DescribeOrganization", service="organizations")
    if answer.error is not None and answer.error.code == _NOT_IN_ORGANIZATION:
        return ABSENT
    organization = answer.value("Organization")
    identifier = organization.get("Id") if isinstance(organization, dict) else None
    return matching(Pattern(identifier)) if isinstance(identifier, str) else None


def _identity_template(account: str, details: Answer) -> Template:
    """Return the roles, users, groups and managed policies of an account as a template."""
    managed = {str(item.get("Arn")): item for item in objects(details.items("Policies"))}
    policy_ids = {arn: f"Policy{number}" for number, arn in enumerate(managed)}
    resources: dict[str, Any] = {
        policy_ids[arn]: _managed_policy(arn, policy) for arn, policy in managed.items()
    }
    groups = {
        str(item.get("GroupName")): f"Group{number}"
        for number, item in enumerate(objects(details.items("GroupDetailList")))
    }
    for kind, member in _DETAIL_LISTS.items():
        for number, item in enumerate(objects(details.items(member))):
            name = f"{member.removesuffix('DetailList')}{number}"
            resources[name] = _identity(kind, item, policy_ids, groups)
    return _template(f"identities of {account}", account, "us-east-1", resources)


def _managed_policy(arn: str, policy: Mapping[str, Any]) -> dict[str, Any]:
    default = policy.get("DefaultVersionId")
    versions = [
        version
        for version in objects(policy.get("PolicyVersionList"))
        if version.get("IsDefaultVersion") or version.get("VersionId") == default
    ]
    document = _document(versions[0].get("Document")) if versions else None
    properties = {
        "ManagedPolicyName": policy.get("PolicyName", arn),
        "PolicyDocument": _UNKNOWN if document is None else document,
    }
    return {"Type": MANAGED_POLICY, "Properties": properties}


def _identity(
    kind: str,
    item: Mapping[str, Any],
    policies: Mapping[str, str],
    groups: Mapping[str, str],
) -> dict[str, Any]:
    def reference(name: Any, ids: Mapping[str, str]) -> Any:
        if not isinstance(name, str):
            return _UNKNOWN
        return {"Ref": ids[name]} if name in ids else name

    _, name_property = IDENTITY_NAMES[kind]
    inline = [
        {
            "PolicyName": policy.get("PolicyName", ""),
            "PolicyDocument": _known(policy.get("PolicyDocument")),
        }
        for policy in objects(item.get(_INLINE[kind]))
    ]
    properties: dict[str, Any] = {
        name_property: item.get(name_property),
        "Path": item.get("Path", "/"),
        "Policies": inline,
        "ManagedPolicyArns": [
            reference(policy.get("PolicyArn"), policies)
            for policy in objects(item.get("AttachedManagedPolicies"))
        ],
        "Tags": list(objects(item.get("Tags"))),
    }
    if kind == ROLE:
        properties["AssumeRolePolicyDocument"] = _known(item.get("AssumeRolePolicyDocument"))
    if kind == USER:
        properties["Groups"] = [
            {"Ref": groups[name]} if name in groups else name
            for name in item.get("GroupList") or ()
        ]
    boundary = _mapping(item.get("PermissionsBoundary")).get("PermissionsBoundaryArn")
    if boundary:
        properties["PermissionsBoundary"] = reference(boundary, policies)
    return {"Type": kind, "Properties": properties}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _known(document: Any) -> Any:
    read = _document(document)
    return _UNKNOWN if read is None else read


def _document(value: Any) -> Any:
    """Return a policy document, which the API gives as text with percent signs; None if broken."""
    if isinstance(value, str):
        try:
            value = read_json(unquote(value) if value.lstrip()[:1] != "{" else value)
        except JsonError:
            return None
    return value if isinstance(value, dict) else None
