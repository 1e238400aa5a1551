"""Answers whether somebody may do something with a repository, from synthesized templates alone.

It follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
and shares no code with what renders them:

    world = World.of_assembly(outdir)                   # every stack of a cdk.out, nested ones too
    role = world.role("Builder")                        # by the beginning of its logical id
    assert world.can(role, "ecr:PutImage", "payments/api")

    far = Caller(f"arn:aws:iam::{OTHER}:role/deployer", organization="o-abcdefghij")
    assert not world.can(far, "ecr:PutImage", "payments/api")
    assert world.can(Service("lambda.amazonaws.com"), "ecr:BatchGetImage", "payments/api",
                     **{"aws:SourceArn": function_arn})

A repository is named by its name, or by the logical id of one that has none; one that no template
defines is what its creation template makes of it. Within an account either side suffices, across
accounts both are needed, Deny wins, a permissions boundary limits. An unknown operator raises.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from tests.support.policy_templates import Document, Stack, settings_of

Context = Mapping[str, str | list[str]]

EVERYTHING: Document = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A role or user, by default one that its own account allows everything.

    Attributes:
        arn: Its ARN; ``arn:aws:iam::ACCOUNT:root`` for somebody of an account.
        identity: The statements of its policies.
        boundary: The statements of its permissions boundary; None if it has none.
        organization: The id of its account's organization.
        paths: Where that account is in the organization: ``o-…/r-…/ou-…/``.
        tags: Its tags, values by key.
        trust: The statements that say who may assume it.
    """

    arn: str
    identity: tuple[Document, ...] = (EVERYTHING,)
    boundary: tuple[Document, ...] | None = None
    organization: str = ""
    paths: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    trust: tuple[Document, ...] = ()

    @property
    def account(self) -> str:
        """The account that it belongs to."""
        return self.arn.split(":")[4]

    @property
    def context(self) -> Context:
        """What a request tells of it."""
        context: dict[str, str | list[str]] = {
            "aws:PrincipalArn": self.arn,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalOrgID": self.organization,
            "aws:PrincipalOrgPaths": list(self.paths),
            **{f"aws:PrincipalTag/{key}": value for key, value in self.tags.items()},
        }
        return {key: value for key, value in context.items() if value}


@dataclass(frozen=True)
class Service:
    """An AWS service that calls on its own; the context says for which resource."""

    name: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """The policies of an assembly's stacks."""

    stacks: tuple[Stack, ...]

    @classmethod
    def of_assembly(cls, folder: Path) -> "World":
        """Read every stack that the manifests below a folder name."""
        templates = []
        for manifest in sorted(folder.rglob("manifest.json")):
            for artifact in json.loads(manifest.read_text(encoding="utf-8"))["artifacts"].values():
                if artifact["type"] == "aws:cloudformation:stack":
                    path = manifest.parent / artifact["properties"]["templateFile"]
                    account, region = artifact["environment"].removeprefix("aws://").split("/")
                    templates.append(
                        (json.loads(path.read_text(encoding="utf-8")), account, region)
                    )
        return cls.of(*templates)

    @classmethod
    def of(cls, *templates: tuple[Document, str, str]) -> "World":
        """Take templates, each with its account and Region."""
        exports: dict[str, Any] = {}
        stacks = tuple(Stack(*arguments, exports) for arguments in templates)
        for stack in stacks:
            for output in stack.template.get("Outputs", {}).values():
                if "Export" in output:
                    exports[stack.value(output["Export"]["Name"])] = stack.value(output["Value"])
        return cls(stacks)

    def role(self, logical_id: str, **more: Any) -> Caller:
        """Return the only role or user whose logical id begins so, with the policies it has."""
        [(stack, name, body)] = [
            (stack, name, body)
            for stack in self.stacks
            for kind in ("Role", "User", "Group")
            for name, body in stack.of_type(f"AWS::IAM::{kind}")
            if name.startswith(logical_id)
        ]
        properties = body.get("Properties", {})
        own = stack.value({"Ref": name})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        attached = stack.value(properties.get("ManagedPolicyArns", []))
        for policy_id, policy in (*stack.of_type("AWS::IAM::Policy"), *stack.managed()):
            values = stack.value(policy["Properties"])
            users = [*values.get("Roles", []), *values.get("Users", []), *values.get("Groups", [])]
            if own in users or stack.value({"Ref": policy_id}) in attached:
                documents.append(values["PolicyDocument"])
        boundary = stack.value(properties.get("PermissionsBoundary"))
        limits = [
            statement
            for policy_id, policy in stack.managed()
            if stack.value({"Ref": policy_id}) == boundary
            for statement in stack.statements(policy["Properties"]["PolicyDocument"])
        ]
        return Caller(
            arn=stack.value({"Fn::GetAtt": [name, "Arn"]}),
            identity=tuple(s for document in documents for s in stack.statements(document)),
            boundary=tuple(limits) if boundary else None,
            tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])},
            trust=tuple(stack.statements(properties.get("AssumeRolePolicyDocument", {}))),
            **more,
        )

    def can(
        self,
        who: Caller | Service,
        action: str,
        repository: str = "*",
        /,
        *,
        account: str | None = None,
        region: str | None = None,
        **context: str | list[str],
    ) -> bool:
        """Tell whether somebody may do something; the repository is by default the first stack's.

        Its name is ``*`` for an action that is about none. The context is further condition keys.
        """
        account, region = account or self.stacks[0].account, region or self.stacks[0].region
        arn = f"arn:aws:ecr:{region}:{account}:repository/{repository}"
        here = [s for s in self.stacks if (s.account, s.region) == (account, region)]
        policy, tags = settings_of(here, repository)
        known_context = {**who.context, **{f"aws:ResourceTag/{k}": v for k, v in tags.items()}}
        known_context |= {f"ecr:ResourceTag/{k}": v for k, v in tags.items()} | context
        asked = Request(action, "*" if repository == "*" else arn, known_context)
        hits = [(asked.names(s, who), s) for s in policy if asked.meets(s)]
        resource = [(how, statement["Effect"]) for how, statement in hits if how]
        if any(effect == "Deny" for _, effect in resource):
            return False
        if isinstance(who, Service):
            return bool(resource)
        identity = asked.allowed(who.identity)
        if asked.denied(who.identity) or asked.denied(who.boundary or ()):
            return False
        named = {how for how, _ in resource}
        # A boundary does not limit what a resource policy gives a user by name.
        within = who.boundary is None or asked.allowed(who.boundary)
        if not within and not (":user/" in who.arn and "itself" in named):
            return False
        if repository == "*" or who.account == account:
            # An account that is named leaves it to its own policies.
            return (identity and within) or bool(named - {"account"})
        return identity and within and bool(named)

    def may_assume(self, role: Caller, principal: Document, action: str, **context: str) -> bool:
        """Tell whether a principal, such as ``{"Federated": arn}``, may assume a role."""
        asked = Request(action, "*", context)
        effects = [
            statement["Effect"]
            for statement in role.trust
            if asked.meets(statement)
            and all(
                who in _listed(statement["Principal"].get(kind)) for kind, who in principal.items()
            )
        ]
        return bool(effects) and "Deny" not in effects


@dataclass(frozen=True)
class Request:
    """An action on a resource, with what is known of the request."""

    action: str
    resource: str
    context: Context

    def allowed(self, statements: tuple[Document, ...]) -> bool:
        """Return whether a statement allows it and none denies it."""
        return any(s["Effect"] == "Allow" and self.meets(s) for s in statements) and not (
            self.denied(statements)
        )

    def denied(self, statements: tuple[Document, ...]) -> bool:
        """Return whether a statement denies it."""
        return any(s["Effect"] == "Deny" and self.meets(s) for s in statements)

    def meets(self, statement: Document) -> bool:
        """Return whether a statement is about this request, for any principal."""
        on = self._about(statement, "Resource", self.resource, str)
        return self.is_named_by(statement) and on and self.holds(statement.get("Condition", {}))

    def is_named_by(self, statement: Document) -> bool:
        """Return whether a statement is about the action."""
        return self._about(statement, "Action", self.action.lower(), str.lower)

    def names(self, statement: Document, who: Caller | Service) -> str | None:
        """Tell how a statement names a principal: by itself, as anyone, through its account."""
        if "NotPrincipal" in statement:
            named = self._named(statement["NotPrincipal"], who)
            return None if named else "anyone"
        return self._named(statement["Principal"], who)

    def _named(self, principal: Any, who: Caller | Service) -> str | None:
        if principal == "*" or "*" in _listed(principal.get("AWS")):
            return None if isinstance(who, Service) else "anyone"
        if isinstance(who, Service):
            return "itself" if who.name in _listed(principal.get("Service")) else None
        named = _listed(principal.get("AWS"))
        if who.arn in named and not who.arn.endswith(":root"):
            return "itself"
        root = f"arn:aws:iam::{who.account}:root"
        return "account" if root in named or who.account in named else None

    def _about(self, statement: Document, key: str, value: str, fold: Callable[..., str]) -> bool:
        if f"Not{key}" in statement:
            return not any(self._like(fold(p), value) for p in _listed(statement[f"Not{key}"]))
        patterns = _listed(statement.get(key, "*" if key == "Resource" else None))
        return any(self._like(fold(pattern), value) for pattern in patterns)

    def holds(self, condition: Document) -> bool:
        """Return whether all conditions are true."""
        folded = {key.lower(): _listed(value) for key, value in self.context.items()}
        return all(
            self._test(operator, _listed(wanted), folded.get(key.lower()))
            for operator, tests in condition.items()
            for key, wanted in tests.items()
        )

    def _test(self, operator: str, wanted: list[str], actual: list[str] | None) -> bool:
        name = operator.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
        if name == "Null":
            return (actual is None) == (str(wanted[0]).lower() == "true")
        if actual is None:
            absent_fits = name.endswith("IfExists") or "Not" in name
            return not operator.startswith("ForAny") and (absent_fits or operator != name)
        test, negated = name.removesuffix("IfExists"), "Not" in name
        compare = _OPERATORS["IpAddress" if test == "NotIpAddress" else test.replace("Not", "")]
        hits = [any(compare(self, str(want), value) for want in wanted) for value in actual]
        hits = [hit is not negated for hit in hits]
        return any(hits) if operator.startswith("ForAnyValue:") else all(hits)

    def _like(self, pattern: str, value: str) -> bool:
        """Compare with wildcards, after policy variables have become what the request tells."""
        parts = re.split(r"(\$\{[^}]+\}|[*?])", pattern)
        return re.fullmatch("".join(map(self._part, parts)), value, re.DOTALL) is not None

    def _part(self, part: str) -> str:
        if part in ("*", "?"):
            return {"*": ".*", "?": "."}[part]
        if part.startswith("${"):
            # A variable that is not told matches nothing.
            return "|".join(map(re.escape, _listed(self.context.get(part[2:-1])))) or r"(?!)"
        return re.escape(part)

    def _in_network(self, network: str, value: str) -> bool:
        address, whole = ip_address(value), ip_network(network)
        return address.version == whole.version and address in whole

    def _arn_like(self, pattern: str, value: str) -> bool:
        wanted, actual = pattern.split(":", 5), value.split(":", 5)
        return len(wanted) == len(actual) and all(map(self._like, wanted, actual))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ordered(kind: str, read: Callable[[str], Any]) -> dict[str, Any]:
    comparisons = {
        "Equals": operator.eq,
        "LessThan": operator.lt,
        "LessThanEquals": operator.le,
        "GreaterThan": operator.gt,
        "GreaterThanEquals": operator.ge,
    }
    return {
        f"{kind}{name}": lambda _, wanted, actual, compare=compare: compare(
            read(actual), read(wanted)
        )
        for name, compare in comparisons.items()
    }


_OPERATORS: dict[str, Callable[[Request, str, str], bool]] = {
    "StringEquals": lambda _, wanted, actual: wanted == actual,
    "StringEqualsIgnoreCase": lambda _, wanted, actual: wanted.lower() == actual.lower(),
    "StringLike": Request._like,
    "ArnEquals": Request._arn_like,
    "ArnLike": Request._arn_like,
    "IpAddress": Request._in_network,
    **_ordered("Numeric", float),
    **_ordered("Date", _moment),
    "Bool": lambda _, wanted, actual: wanted.lower() == actual.lower(),
}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
