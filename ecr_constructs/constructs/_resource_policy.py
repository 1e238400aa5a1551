"""How a grant names a principal in a repository policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs._iam import is_elsewhere
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.principals import PRINCIPAL_ARN
from ecr_constructs.model.repository_policy import PULL_ACTIONS, PUSH_ACTIONS
from ecr_constructs.model.services import CODE_BUILD, LAMBDA, Source, service_errors, tells_source
from ecr_constructs.model.validation import raise_if_invalid

_STATEMENT = "policy_statements=[iam.PolicyStatement(…)]"
_HELPERS = {LAMBDA: "grant_pull_to_lambda()", CODE_BUILD: "grant_pull_to_code_build()"}


@dataclass(frozen=True, slots=True)
class ResourcePrincipal:
    """A principal as a repository policy names it.

    Attributes:
        principal: Whom the statement names.
        account: The account of a role or user that is admitted through its account; else None.
        arn: The ARN of that role or user, or a reference to it.
        owned: Whether it is a role or user that another account's stack of this app defines.
        instead: What to write where the repository is defined, to admit the same principal.
    """

    principal: iam.IPrincipal
    account: str | None = None
    arn: str = ""
    owned: bool = False
    instead: str = _STATEMENT


def resource_principal(
    principal: iam.IPrincipal, actions: Sequence[str], *, stack: cdk.Stack, source: Source
) -> ResourcePrincipal:
    """Return how a repository policy names a principal.

    Args:
        principal: The principal.
        actions: What it may do.
        stack: The stack of the repository.
        source: Where the repository is, for the services of the same account and Region.

    Raises:
        ValueError: It cannot: nobody knows who it is, it is a group, or a service would be let in
            for anybody.
    """
    if isinstance(principal, iam.UnknownPrincipal):
        msg = (
            "nothing can be granted to a resource that was imported without its role; import it "
            "with its role, or grant to the role itself"
        )
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for every refused value
    if isinstance(principal, iam.Role | iam.User) and is_elsewhere(principal, source.account):
        instead = _keyword(actions, "accounts", str(principal.principal_account))
        return ResourcePrincipal(principal, owned=True, instead=instead)
    if isinstance(principal, iam.AccountPrincipal):
        instead = _keyword(actions, "accounts", str(principal.account_id))
        return ResourcePrincipal(principal, instead=instead)
    if isinstance(principal, iam.OrganizationPrincipal):
        instead = _keyword(actions, "organizations", principal.organization_id)
        return ResourcePrincipal(principal, instead=instead)
    fragment = principal.policy_fragment
    named = stack.resolve(fragment.principal_json)
    if services := named.get("Service"):
        principal = _narrowed(principal, services, fragment.conditions, actions, source)
        return ResourcePrincipal(principal, instead=_HELPERS.get(services[0], _STATEMENT))
    [arn, *others] = fragment.principal_json.get("AWS", [""])
    return _identity(principal, "" if others else arn, compact(named), actions, source)


def _identity(
    principal: iam.IPrincipal, arn: str, named: str, actions: Sequence[str], source: Source
) -> ResourcePrincipal:
    if ":group/" in named or isinstance(principal, iam.Group):
        msg = (
            "a repository policy cannot name a group; grant to the account of the group, and "
            "permit its members there"
        )
        raise ValueError(msg)
    told = PRINCIPAL_ARN.fullmatch(arn)
    account = principal.principal_account or (arn.split(":")[4] if told else None)
    if account is None:
        return ResourcePrincipal(principal)
    if account == source.account:
        return ResourcePrincipal(principal, instead=_keyword(actions, "principals", arn))
    instead = _keyword(actions, "accounts", account)
    if ":root" in named:
        return ResourcePrincipal(principal, instead=instead)
    return ResourcePrincipal(principal, account, arn, instead=instead)


def _narrowed(
    principal: iam.IPrincipal,
    services: Sequence[str],
    conditions: Mapping[str, Any],
    actions: Sequence[str],
    source: Source,
) -> iam.IPrincipal:
    """Return a service with the condition on what it acts for, or say why it cannot be let in."""
    if tells_source(conditions):
        return principal
    told = source.conditions_for(services[0]) if len(services) == 1 else {}
    if not told or not set(actions) <= set(PULL_ACTIONS):
        raise_if_invalid(
            "service", services, [fault for each in services for fault in service_errors(each)]
        )
    return iam.PrincipalWithConditions(principal, told)


class Admissions:
    """The principals that grants add to a repository policy.

    A principal that a policy names must exist when it is deployed, which a role of another account
    need not (https://github.com/aws/aws-cdk/issues/15070). So its account is named, on a condition
    that only the role meets. A role that this app defines CDK tells by a tag, which takes no name
    for the role; one that is imported, by its ARN: one statement for each account and set of
    actions names them all.
    """

    def __init__(self, repository: ecr.RepositoryBase) -> None:
        """Begin with none."""
        self._repository = repository
        self._admitted: dict[tuple[str, ...], tuple[iam.PolicyStatement, list[str], iam.Grant]]
        self._admitted = {}

    def admit(
        self, grantee: iam.IGrantable, admitted: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        """Add a principal to the repository policy."""
        if admitted.owned:
            return ecr.RepositoryBase.grant(self._repository, grantee, *actions)
        if admitted.account is None:
            statement = iam.PolicyStatement(actions=list(actions), principals=[admitted.principal])
            return self._added(grantee, statement, actions)
        conditions = admitted.principal.policy_fragment.conditions
        key = (admitted.account, compact(conditions), *actions)
        if key not in self._admitted:
            statement = iam.PolicyStatement(
                actions=list(actions),
                principals=[iam.AccountPrincipal(admitted.account)],
                conditions=conditions,
            )
            self._admitted[key] = statement, [], self._added(grantee, statement, actions)
        statement, arns, grant = self._admitted[key]
        if admitted.arn not in arns:
            arns.append(admitted.arn)
            # For a session of a role this key holds the ARN of the role.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
            told = arns if len(arns) > 1 else arns[0]
            statement.add_condition("ArnEquals", {"aws:PrincipalArn": told})
        return grant

    def _added(
        self, grantee: iam.IGrantable, statement: iam.PolicyStatement, actions: Sequence[str]
    ) -> iam.Grant:
        return iam.Grant.add_statement_to_resource_policy(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self._repository.repository_arn],
            resource=self._repository,
            statement=statement,
        )


def _keyword(actions: Sequence[str], kind: str, value: str) -> str:
    """Return the keyword of a repository that admits to these actions."""
    if set(actions) <= set(PULL_ACTIONS):
        return f"pull_{kind}=[{value!r}]"
    if set(actions) <= set(PUSH_ACTIONS) and kind != "organizations":
        return f"push_{kind}=[{value!r}]"
    return _STATEMENT
