"""The policies that decide about one repository, from templates; each with what is not known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ecr_constructs.access.callers import Caller, identity_caller
from ecr_constructs.cloudformation.resource_types import (
    IDENTITIES,
    POLICIES,
    REGISTRY_POLICY,
    ROLE,
)
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.constraints import Constraint, matching
from ecr_constructs.review.access.grants import gaps_in, grants_of
from ecr_constructs.review.access.identities import SERVERLESS, Identities, as_identity, identity_of
from ecr_constructs.review.access.principals import IDENTITY_NAMES, USER, arn_of
from ecr_constructs.review.access.values import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.review.access.grants import Grant

_TAGGED = ("aws:resourcetag/", "ecr:resourcetag/")
_ATTACHING = {"role": "Roles", "user": "Users", "group": "Groups"}


@dataclass(frozen=True)
class PolicySet:
    """The statements of one kind that apply to a request, and whether these are all.

    Attributes:
        label: What holds them, in words: ``the policies of role ci``.
        grants: What they allow and deny.
        unread: What is missing. A missing policy may allow and deny anything.
    """

    label: str
    grants: Sequence[Grant] = ()
    unread: Sequence[NotKnown] = ()


@dataclass(frozen=True)
class Target:
    """What a request is about.

    Attributes:
        name: In words: ``payments/api``.
        what: The constraint of its ARN.
        account: Its account, as far as it is known.
        facts: What requests about it have, by key.
        policy: The policies of its side.
        needs_policy: Whether they must allow what the caller's own policies allow, within an
            account too.
        closed: How keys begin that requests have only if they are among the facts.
    """

    name: str
    what: Constraint
    account: str
    facts: Mapping[str, frozenset[Constraint]]
    policy: PolicySet
    needs_policy: bool = False
    closed: tuple[str, ...] = ()


@dataclass
class Policies:
    """The policies of templates.

    Attributes:
        templates: The templates.
        unread: By account, why its roles and users are not all known.
        organizations: The organization of accounts, as far as it is known.
        is_live: Whether the templates are made from snapshots.
        complete: The accounts of which all roles and users are known.
        tags_known: Whether repositories have no other tags than those in the templates.
        registry_scope: The value of ``REGISTRY_POLICY_SCOPE`` of the registry; None: unknown.
    """

    templates: TemplateSet
    unread: Mapping[str, NotKnown] = field(default_factory=dict)
    organizations: Mapping[str, Constraint] = field(default_factory=dict)
    is_live: bool = False
    complete: frozenset[str] = frozenset()
    tags_known: bool = False
    registry_scope: str | None = "V2"

    @cached_property
    def identities(self) -> Identities:
        """The roles, users and groups."""
        return Identities(self.templates)

    @cached_property
    def callers(self) -> Sequence[Caller]:
        """The roles and users."""
        resources = map(as_identity, self.templates.of_type(*IDENTITIES, *SERVERLESS))
        return [self._caller(resource) for resource in resources if resource.type in (ROLE, USER)]

    @cached_property
    def by_arn(self) -> Mapping[str, Caller]:
        """The roles and users by ARN."""
        return {pattern(caller.arn, wild=False).text: caller for caller in self.callers}

    def _caller(self, resource: Resource) -> Caller:
        kind, _ = IDENTITY_NAMES[resource.type]
        arn = arn_of(resource)
        account = arn.split(":")[4]
        is_closed = self.is_live and not self._takes_session_tags(resource)
        return identity_caller(
            arn,
            kind,
            account,
            identity=identity_of(resource),
            tags=_tags_of(resource) if is_closed else None,
            organization=self.organizations.get(account),
        )

    def _takes_session_tags(self, resource: Resource) -> bool:
        """Tell whether a session can have other tags than its role."""
        return resource.type == ROLE and any(
            "sts:TagSession" in grant.actions and grant.allows for grant in self.trust_of(resource)
        )

    def trust_of(self, role: Resource) -> Sequence[Grant]:
        """Return what the trust policy of a role allows and denies."""
        return role.memoized(_trust)

    def resource_of(self, caller: Caller) -> Resource | None:
        """Return the resource that defines a role or user."""
        return self.identities.resource(caller.identity) if caller.identity else None

    def role_target(self, caller: Caller) -> Target:
        """Return a role as what ``sts:AssumeRole`` is about."""
        role = self.resource_of(caller)
        assert role is not None
        name = f"the trust policy of {caller.identity.label if caller.identity else caller.arn}"
        unread = []
        if not is_policy_read(role.get("AssumeRolePolicyDocument")):
            unread.append(NotKnown(name, "", "is known only at the deployment", "templates"))
        trust = PolicySet(name, self.trust_of(role), unread)
        what = matching(pattern(caller.arn, wild=False))
        return Target(caller.arn, what, caller.account or "", {}, trust, needs_policy=True)

    def own(self, caller: Caller) -> PolicySet | None:
        """Return the policies of a role or user and of its groups; None if they are not read."""
        if caller.identity is None:
            return None
        return self._own(caller.identity.reference, caller)

    def _own(self, reference: str, caller: Caller) -> PolicySet:
        memo: dict[object, PolicySet] = self.templates.memo
        key = ("who-can own", reference)
        if key not in memo:
            assert caller.identity is not None
            label = f"the policies of {caller.identity.label}"
            grants: list[Grant] = []
            unread: list[NotKnown] = []
            for identity in (caller.identity, *self.identities.groups_of(caller.identity)):
                own = self.identities.resource(identity)
                if own is None and identity is not caller.identity:
                    unread.append(self._missing(identity.label, "its policies are not read"))
                sources = [*self.identities.sources(identity), *self._by_name(own)]
                for source in dict.fromkeys(sources):
                    grants += grants_of(source, "identity", caller.identity.part)
                    unread += self._unknown_in(source, identity.label)
                unread += (
                    self._missing(identity.label, f"the content of policy {arn} is not read")
                    for arn in self.identities.unread(identity)
                )
                unread += self._unknown_lists(own, identity.label)
            memo[key] = PolicySet(label, grants, unread)
        return memo[key]

    def boundary(self, caller: Caller) -> PolicySet | None:
        """Return the permissions boundary of a role or user; None if it has none."""
        boundary = self.identities.boundary(caller.identity) if caller.identity else None
        if boundary is None or caller.identity is None:
            return None
        name, policy = boundary
        label = f"the permissions boundary of {caller.identity.label}"
        if policy is None:
            return PolicySet(label, (), [self._missing(label, f"policy {name} is not read")])
        grants = list(grants_of(policy, "identity", caller.identity.part))
        return PolicySet(label, grants, list(self._unknown_in(policy, label)))

    def _missing(self, subject: str, reason: str) -> NotKnown:
        source = "iam" if self.is_live else "templates"
        operation = "GetAccountAuthorizationDetails" if self.is_live else ""
        return NotKnown(subject, operation, reason, source)

    def _unknown_in(self, source: Resource, label: str) -> Iterator[NotKnown]:
        """Yield the policies of a resource that are unresolved."""
        reason = f"a policy of {source.id} is not one, or is known only at the deployment"
        inline = [policy.get("PolicyDocument") for _, policy in source.mappings("Policies")]
        if any(gaps_in(source.get("Policies"))) or not all(
            map(is_policy_read, (source.get("PolicyDocument"), *inline))
        ):
            yield self._missing(label, reason)

    def _unknown_lists(self, own: Resource | None, label: str) -> Iterator[NotKnown]:
        """Yield the lists of policies that are unresolved, as a whole or in part."""
        if own is None:
            return
        if not own.is_known:
            yield self._missing(label, "its properties are known only at the deployment")
        for name in ("ManagedPolicyArns", "Groups"):
            if isinstance(own.get(name), str):
                yield self._missing(label, f"its {name} are known only at the deployment")
        if self._attaches_to_anyone:
            yield self._missing(label, "a policy names its holders only at the deployment")

    @cached_property
    def _attaches_to_anyone(self) -> bool:
        return any(
            is_unresolved(name) and self.templates.referred_to(name) is None
            for policy in self.templates.of_type(*POLICIES)
            for names in map(policy.get, _ATTACHING.values())
            for name in (names if isinstance(names, list) else [names])
            if isinstance(name, str)
        )

    def _by_name(self, own: Resource | None) -> Sequence[Resource]:
        """Return the policies that list an identity by its literal name."""
        if own is None:
            return ()
        kind, property_ = IDENTITY_NAMES[own.type]
        name = own.text(property_)
        return [
            policy
            for policy in self._named.get((kind, name or ""), ())
            if None in (policy.stack.account, own.stack.account)
            or policy.stack.account == own.stack.account
        ]

    @cached_property
    def _named(self) -> Mapping[tuple[str, str], Sequence[Resource]]:
        named: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for policy in self.templates.of_type(*POLICIES):
            for kind, property_ in _ATTACHING.items():
                for names in (policy.get(property_), policy.get(f"{kind.title()}Name")):
                    for name in names if isinstance(names, list) else [names]:
                        if isinstance(name, str) and not is_unresolved(name):
                            named[kind, name].append(policy)
        return named


def is_policy_read(value: object) -> bool:
    """Tell whether a policy and all its statements are known; no policy is."""
    if isinstance(value, str) and not is_unresolved(value):
        try:
            value = read_json(value)
        except JsonError:
            return False
    if isinstance(value, Mapping):
        content = value.get("Statement")
        statements = content if isinstance(content, list) else [content]
        return all(isinstance(item, Mapping) for item in statements)
    return value is None or (isinstance(value, str) and not any(gaps_in(value)))


def _trust(role: Resource) -> list[Grant]:
    return list(grants_of(role, "trust"))


def _tags_of(resource: Resource) -> dict[str, str]:
    return {str(tag.get("Key")): str(tag.get("Value")) for _, tag in resource.mappings("Tags")}


def repository_target(
    policies: Policies, repository: Resource, unread: Sequence[NotKnown] = ()
) -> Target:
    """Return a repository as what a request is about.

    Args:
        policies: The policies.
        repository: The repository.
        unread: What is not known of the policies of its side. Default: nothing.
    """
    name = repository.text("RepositoryName") or repository.id
    stack = repository.stack
    arn = str(stack.attribute(repository.id, "Arn"))
    grants = list(grants_of(repository, "repository"))
    missing = [*unread]
    if not is_policy_read(repository.get("RepositoryPolicyText")) and not unread:
        reason = "the repository policy is not a policy, or is known only at the deployment"
        missing.append(NotKnown(name, "", reason, "templates"))
    what = matching(pattern(arn, wild=False))
    grants += registry_grants(policies, repository)
    for registry in policies.templates.in_registry_of(repository, REGISTRY_POLICY):
        if not is_policy_read(registry.get("PolicyText")) and not unread:
            reason = "the registry policy is not a policy, or is known only at the deployment"
            missing.append(NotKnown(name, "", reason, "templates"))
    in_arn = arn.split(":")[4] if arn.startswith("arn:") else ""
    account = stack.account or in_arn
    return Target(
        name,
        what,
        account,
        _facts_of(repository, account),
        PolicySet(f"the policies of repository {name}", grants, missing),
        closed=_TAGGED if policies.tags_known else (),
    )


def registry_grants(policies: Policies, repository: Resource) -> list[Grant]:
    """Return what the policy of a repository's registry allows and denies.

    With the former scope it decides about replication and pull through caches alone.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
    """
    if policies.registry_scope != "V2":
        return []
    return [
        grant
        for registry in policies.templates.in_registry_of(repository, REGISTRY_POLICY)
        for grant in grants_of(registry, "registry")
    ]


def _facts_of(repository: Resource, account: str) -> dict[str, frozenset[Constraint]]:
    """Return what requests about a repository have; a tag of a template stays what it is."""
    values = {
        "aws:requestedregion": repository.stack.region or "",
        "aws:resourceaccount": account,
        **{
            f"{key}{tag.lower()}": value
            for tag, value in _tags_of(repository).items()
            for key in _TAGGED
        },
    }
    return {
        key: frozenset({matching(pattern(value, wild=False))})
        for key, value in values.items()
        if value and not is_unresolved(key) and not is_unresolved(value)
    }
