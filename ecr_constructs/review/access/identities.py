"""The roles, users and groups of one side, with everything that their policies grant them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import WITH_VARIABLES
from ecr_constructs.cloudformation.intrinsics import has_unknown
from ecr_constructs.cloudformation.managed_policies import managed_policy_arn, managed_statements
from ecr_constructs.cloudformation.resource_types import (
    IDENTITIES,
    MANAGED_POLICY,
    POLICIES,
    ROLE,
)
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.capabilities import ASSUME, CHANGES, ON_ROLES, PASS
from ecr_constructs.review.access.constraints import Constraint, implies, matching
from ecr_constructs.review.access.difference import Side
from ecr_constructs.review.access.grants import Grant, grants_of, is_about
from ecr_constructs.review.access.principals import (
    ACCOUNT,
    ARN,
    FEDERATED,
    IDENTITY,
    IDENTITY_NAMES,
    NAMED,
    SERVICE,
    USER,
    Part,
    arn_of,
    principal_set_of,
)
from ecr_constructs.review.access.values import Pattern, apart, pattern

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import TemplateSet
    from ecr_constructs.review.access.principals import PrincipalSet

MEMBERSHIP = "AWS::IAM::UserToGroupAddition"
# Without a role of their own, SAM makes one with these policies.
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
SERVERLESS = ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
HOLDING_TYPES = (*POLICIES, *IDENTITIES, *SERVERLESS, MEMBERSHIP)
_ATTACHING = {
    f"{kind.title()}{ending}": kind
    for ending in ("s", "Name")
    for kind in ("role", "user", "group")
}
_ROLES_ANYWHERE = matching(pattern("arn:aws:iam::*:role/*"))
# The keys of a trust policy that name who may assume the role; the others are conditions.
_NAMING = (ACCOUNT, ARN, NAMED, SERVICE, FEDERATED)
_Reached = Mapping[Resource, frozenset[Part]]


class Identity(NamedTuple):
    """A role, user or group that policies are attached to.

    Attributes:
        reference: The name, or a reference to a resource; equal on both sides.
        label: The name in a sentence: ``role Ci``.
    """

    reference: str
    label: str

    @property
    def part(self) -> Part:
        """The constraint that a request is made by this identity."""
        return IDENTITY, matching(Pattern(self.label))


@dataclass
class Identities:
    """The identities of one side, and the policies attached to each."""

    assembly: TemplateSet

    def __post_init__(self) -> None:
        """Prepare the grants of identities, which are computed once."""
        self._own: dict[Identity, list[Grant]] = {}

    @cached_property
    def _policies(self) -> dict[str, list[Resource]]:
        holders: dict[str, list[Resource]] = defaultdict(list)
        for policy in self.assembly.of_type(*POLICIES):
            for identity in self.holders_of(policy):
                holders[identity.reference].append(policy)
        return holders

    @cached_property
    def _holders(self) -> dict[str, list[Identity]]:
        """The identities that list a managed policy, by its ARN."""
        holders: dict[str, list[Identity]] = defaultdict(list)
        for resource in self._resources:
            for arn in _managed_policies(resource):
                holders[arn].append(identity_of(resource))
        return holders

    @cached_property
    def _bounded(self) -> dict[str, list[Identity]]:
        """The identities with a permissions boundary, by its ARN."""
        bounded: dict[str, list[Identity]] = defaultdict(list)
        for resource in self._resources:
            bounded[str(resource.get("PermissionsBoundary"))].append(identity_of(resource))
        return bounded

    @cached_property
    def _resources(self) -> list[Resource]:
        return [*map(as_identity, self.assembly.of_type(*IDENTITIES, *SERVERLESS))]

    @cached_property
    def _by_reference(self) -> dict[str, Resource]:
        return {identity_of(resource).reference: resource for resource in self._resources}

    @cached_property
    def _groups(self) -> dict[Identity, list[Identity]]:
        """The groups that users are added to by a resource of its own, by user."""
        groups: dict[Identity, list[Identity]] = defaultdict(list)
        for addition in self.assembly.of_type(MEMBERSHIP):
            group = addition.get("GroupName")
            for user in self.holders_of(addition):
                if isinstance(group, str):
                    groups[user].append(self._named("group", group))
        return groups

    def holders_of(self, resource: Resource) -> list[Identity]:
        """Return who holds a policy; an identity holds its inline policies."""
        if resource.type in (*IDENTITIES, *SERVERLESS):
            return [identity_of(as_identity(resource))]
        holders: list[Identity] = []
        for name, kind in _ATTACHING.items():
            if (resource.type, name) == (MEMBERSHIP, "GroupName"):
                continue
            value = resource.get(name)
            names = value if isinstance(value, list) else [value]
            holders += [self._named(kind, name) for name in names if isinstance(name, str)]
        if resource.type == MANAGED_POLICY:
            own = _reference(resource)
            holders += self._holders.get(own, [])
            if not holders and own not in self._bounded:
                holders.append(Identity(own, f"every holder of policy {resource.id}"))
        return holders

    def affected_by(self, resource: Resource) -> list[Identity]:
        """Return whose access a resource may change: who holds it, or is limited by it."""
        return [*self.holders_of(resource), *self._bounded.get(_reference(resource), ())]

    def _named(self, kind: str, name: str) -> Identity:
        referred = self.assembly.referred_to(name)
        if referred is not None and referred.type in IDENTITIES:
            return identity_of(referred)
        return Identity(name, f"{kind} {name}")

    def exists(self, identity: Identity) -> bool:
        """Tell whether an identity exists; one that no template defines is assumed to exist."""
        referred = self.resource(identity) or self.assembly.referred_to(identity.reference)
        if referred is not None:
            return referred.is_created
        return not identity.reference.startswith(_MADE) and (
            has_unknown(identity.reference) or not is_unresolved(identity.reference)
        )

    def resource(self, identity: Identity) -> Resource | None:
        """Return the resource that defines an identity, if a template does."""
        return self._by_reference.get(identity.reference)

    def grants(self, identity: Identity) -> list[Grant]:
        """Return what an identity may do itself, and with the roles that it may assume."""
        own = self._own_grants(identity)
        granted = [grant for grant in own if not _is_on_roles(grant)]
        reached = self._reached(identity)
        for role, conditions in reached.items():
            parts = conditions | {identity.part}
            granted += [part for grant in self._allowed(role) for part in _limited(grant, parts)]
        return [*granted, *self._on_roles(identity, reached)]

    def _allowed(self, role: Resource) -> Iterator[Grant]:
        """Yield what a role may do with images, without what it is denied."""
        own = self._own_grants(identity_of(role))
        allowed = Side(grant for grant in own if not _is_on_roles(grant)).allowed
        for (principals, what), actions in allowed.actions.items():
            yield Grant(True, principals, what, actions, allowed.origins[principals, what])  # noqa: FBT003

    def attached(self, identity: Identity) -> list[str]:
        """Return the ARNs of the managed policies that an identity lists."""
        own = self.resource(identity)
        return _managed_policies(own) if own is not None else []

    def unread(self, identity: Identity) -> list[str]:
        """Return the ARNs of the policies of an identity that cannot be read."""
        own = self.resource(identity)
        return [arn for arn in _managed_policies(own) if not self._content(own, arn)] if own else []

    def _content(self, own: Resource, arn: str) -> Resource | None:
        """Return a managed policy; those of AWS as if the template defined them."""
        referred = self.assembly.referred_to(arn)
        if referred is not None and referred.type == MANAGED_POLICY:
            return referred
        statements = managed_statements(arn)
        if statements is None:
            return next((policy for policy in self._customer_managed if _is_arn(policy, arn)), None)
        document = {"Version": WITH_VARIABLES, "Statement": [*statements]}
        properties = {"PolicyDocument": document}
        return Resource(own.stack, own.id, {"Type": MANAGED_POLICY, "Properties": properties})

    @cached_property
    def _customer_managed(self) -> list[Resource]:
        return self.assembly.of_type(MANAGED_POLICY)

    def _own_grants(self, identity: Identity) -> list[Grant]:
        if identity not in self._own:
            self._own[identity] = list(self._read(identity))
        return self._own[identity]

    def _read(self, identity: Identity) -> Iterator[Grant]:
        granted = [
            grant
            for resource in self.sources(identity)
            for grant in grants_of(resource, "identity", identity.part)
        ]
        boundary = self.boundary(identity)
        if boundary is None:
            yield from granted
        else:
            name, policy = boundary
            limits = grants_of(policy, "identity", identity.part) if policy else None
            yield from _bounded(granted, name, limits)
        for group in self.groups_of(identity):
            for grant in self._own_grants(group):
                yield from _limited(grant, frozenset({identity.part}))

    def sources(self, identity: Identity) -> list[Resource]:
        """Return the resources that hold the policies of an identity, without those of groups."""
        own = self.resource(identity)
        resources = list(self._policies.get(identity.reference, ()))
        if own is not None:
            managed = (self._content(own, arn) for arn in _managed_policies(own))
            resources += [own, *filter(None, managed)]
        return list(dict.fromkeys(resources))

    def boundary(self, identity: Identity) -> tuple[str, Resource | None] | None:
        """Return the permissions boundary of an identity: its ARN, and its policy if it is read.

        None: the identity has none.
        """
        own = self.resource(identity)
        boundary = own.get("PermissionsBoundary") if own is not None else None
        if own is None or boundary is None:
            return None
        policy = self._content(own, boundary) if isinstance(boundary, str) else None
        return str(boundary), policy

    def groups_of(self, identity: Identity) -> list[Identity]:
        """Return the groups that a user is in; none for a role or a group."""
        own = self.resource(identity)
        if own is not None and own.type != USER:
            return []
        names = own.get("Groups") if own is not None else None
        listed = names if isinstance(names, list) else []
        groups = [self._named("group", name) for name in listed if isinstance(name, str)]
        return list(dict.fromkeys([*groups, *self._groups.get(identity, ())]))

    def _reached(self, identity: Identity) -> _Reached:
        """Return the roles that an identity may assume, in one step or more, and the conditions."""
        first = self.resource(identity)
        if first is None or first.type == "AWS::IAM::Group":
            return {}
        reached: dict[Resource, frozenset[Part]] = {}
        waiting: list[tuple[Resource, frozenset[Part]]] = [(first, frozenset())]
        while waiting:
            caller, before = waiting.pop(0)
            for role, conditions in self._assumed_by(caller):
                if role is not first and role not in reached:
                    reached[role] = before | conditions
                    waiting.append((role, reached[role]))
        return reached

    def _assumed_by(self, caller: Resource) -> Iterator[tuple[Resource, frozenset[Part]]]:
        """Yield the roles of the app that an identity may assume, with the conditions."""
        granted = [
            grant for grant in self._own_grants(identity_of(caller)) if ASSUME in grant.actions
        ]
        # Without a permission of its own, only a trust policy that names the identity counts.
        for role in self._roles if granted else self._naming_roles:
            if role is caller:
                continue
            mine = _conditions_on(granted, role)
            for how in self._trust_in(caller, role):
                is_named = how.get(ARN) is not None and _account(role) == _account(caller)
                given = mine if mine is not None else frozenset() if is_named else None
                if given is not None:
                    yield role, given | {part for part in how.parts if part[0] not in _NAMING}
                    break

    @cached_property
    def _roles(self) -> list[Resource]:
        return [resource for resource in self._resources if resource.type == ROLE]

    @cached_property
    def _naming_roles(self) -> list[Resource]:
        """The roles whose trust policy names an identity by its ARN."""
        return [
            role
            for role in self._roles
            if any(grant.principals.get(ARN) for grant in role.memoized(_trust))
        ]

    def _trust_in(self, caller: Resource, role: Resource) -> Iterator[PrincipalSet]:
        """Yield the principal sets of a role's trust policy that include an identity."""
        arn = matching(pattern(arn_of(caller), wild=False))
        account = matching(Pattern(_account(caller)))
        for grant in role.memoized(_trust):
            who = grant.principals
            by_name = who.get(ARN)
            if (
                grant.allows
                and ASSUME in grant.actions
                and who.get(SERVICE) is None
                and who.get(FEDERATED) is None
                and all(
                    implies(account, how) is not False for key, how in who.parts if key == ACCOUNT
                )
                and (by_name is None or implies(arn, by_name) is not False)
            ):
                yield who

    def _on_roles(self, identity: Identity, reached: _Reached) -> Iterator[Grant]:
        """Yield the roles that an identity may assume, pass or change, to get access to images."""
        own = self.resource(identity)
        for grant in self._own_grants(identity):
            for actions in ON_ROLES if grant.allows else ():
                limited = replace(grant, actions=actions & grant.actions)
                if not limited.actions:
                    continue
                if implies(_ROLES_ANYWHERE, grant.what) or _is_every_role(grant.what):
                    if PASS not in actions or self._with_access - {own}:
                        yield limited
                    continue
                # Whoever changes its own role gets any access.
                mine = {own} if own is not None and actions == CHANGES else set[Resource]()
                for role in sorted(self._with_access | mine, key=lambda role: role.id):
                    what = matching(pattern(arn_of(role), wild=False))
                    is_possible = role in reached or ASSUME not in actions
                    is_other = role is not own or role in mine
                    if is_other and is_possible and implies(what, grant.what) is not False:
                        yield replace(limited, what=what)

    @cached_property
    def _with_access(self) -> frozenset[Resource]:
        """The roles whose policies allow something on images, or on roles that may."""
        direct = {role for role in self._roles if any(self._allowed(role))}
        return frozenset(
            role
            for role in self._roles
            if role in direct or direct & self._reached(identity_of(role)).keys()
        )


_MADE = "made by SAM for "


def as_identity(resource: Resource) -> Resource:
    """Return the role that SAM makes for a function; any other resource as it is."""
    return resource.memoized(_serverless_role) if resource.type in SERVERLESS else resource


def _serverless_role(resource: Resource) -> Resource:
    value = resource.get("Policies") if resource.get("Role") is None else None
    policies = value if isinstance(value, list) else [value]
    inline = [policy for policy in policies if isinstance(policy, Mapping)]
    names = [policy for policy in policies if isinstance(policy, str)]
    properties: dict[str, Any] = {
        "Policies": [{"PolicyDocument": policy} for policy in inline if "Statement" in policy],
        "ManagedPolicyArns": [managed_policy_arn(name) or name for name in names],
        "PermissionsBoundary": resource.get("PermissionsBoundary"),
    }
    return Resource(resource.stack, f"{resource.id}Role", {"Type": ROLE, "Properties": properties})


def _managed_policies(identity: Resource) -> list[str]:
    """Return the ARNs of managed policies that an identity lists; unknown lists as one."""
    arns = identity.get("ManagedPolicyArns")
    listed = arns if isinstance(arns, list) else [arns]
    return [arn for arn in listed if isinstance(arn, str)]


def _reference(resource: Resource) -> str:
    return str(resource.stack.attribute(resource.id, "Ref"))


def identity_of(resource: Resource) -> Identity:
    """Return the identity of a role, user or group."""
    kind, property_ = IDENTITY_NAMES[resource.type]
    reference = _reference(resource)
    if resource.id not in resource.stack.resources:
        number = resource.assembly.stacks.index(resource.stack)
        reference = f"{_MADE}{number}.{resource.id}"
    return Identity(reference, f"{kind} {resource.text(property_) or resource.id}")


def _account(resource: Resource) -> str:
    return arn_of(resource).split(":")[4]


def _is_arn(policy: Resource, arn: str) -> bool:
    """Tell whether a literal ARN is that of a managed policy of the app, by account and name."""
    name = policy.text("ManagedPolicyName")
    path, account = policy.text("Path") or "/", policy.stack.account
    return name is not None and arn.endswith(f"iam::{account}:policy{path}{name}")


def _trust(role: Resource) -> list[Grant]:
    return list(grants_of(role, "trust"))


def _is_on_roles(grant: Grant) -> bool:
    return any(grant.actions & actions for actions in ON_ROLES)


def _is_every_role(what: Constraint) -> bool:
    """Tell whether resources are all roles of one account."""
    return isinstance(what.value, Pattern) and what.value.text.endswith(":role/*")


def _conditions_on(granted: Iterable[Grant], role: Resource) -> frozenset[Part] | None:
    """Return the conditions under which a role may be assumed; None if it may not."""
    what = matching(pattern(arn_of(role), wild=False))
    answer: frozenset[Part] | None = None
    for grant in granted:
        conditions = frozenset(part for part in grant.principals.parts if part[0] != IDENTITY)
        if not grant.allows and not conditions and implies(what, grant.what):
            return None
        if grant.allows and implies(what, grant.what) is not False and answer != frozenset():
            answer = conditions
    return answer


def _bounded(
    granted: Iterable[Grant], boundary: str, limits: Iterable[Grant] | None
) -> Iterator[Grant]:
    """Limit permissions by a permissions boundary; by its name if its content is unknown."""
    unknown = ("its boundary", Constraint("permits it:", frozenset({boundary})))
    listed = None if limits is None else list(limits)
    for grant in granted:
        if not grant.allows:
            yield grant
        elif listed is None:
            yield from _limited(grant, frozenset({unknown}))
        else:
            for limit in listed:
                actions = grant.actions & limit.actions
                if limit.allows and actions and (met := _met(grant.what, limit.what)):
                    what, is_exact = met
                    parts = limit.principals.parts if is_exact else frozenset({unknown})
                    yield from _limited(replace(grant, what=what, actions=actions), parts)
    yield from (limit for limit in listed or () if not limit.allows)


def _limited(grant: Grant, parts: frozenset[Part]) -> Iterator[Grant]:
    """Yield a permission under further constraints; another identity replaces its own."""
    is_of_another = any(key == IDENTITY for key, _ in parts)
    kept = frozenset(
        part for part in grant.principals.parts if part[0] != IDENTITY or not is_of_another
    )
    for principals in principal_set_of(kept | parts):
        yield replace(grant, principals=principals)


def _met(one: Constraint, other: Constraint) -> tuple[Constraint, bool] | None:
    """Return the resources that both constraints allow, and whether that is exact, if any."""
    if is_about(one, other):
        return one, True
    if is_about(other, one):
        return other, True
    if one.value is not None and other.value is not None and apart(one.value, other.value):
        return None
    return one, False
