"""How a grant names a principal in a repository policy."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.cloudformation.iam_policy import conditions_in
from ecr_constructs.cloudformation.openness import openness_of
from ecr_constructs.constructs._lambda_access import pull_to_lambda
from ecr_constructs.constructs._principals import may_be_of_other_account
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.principals import (
    LAMBDA,
    PRINCIPAL_ARN,
    Source,
    check_account,
    limits_source,
    policy_principal_errors,
    service_errors,
)
from ecr_constructs.model.repository_policy import PULL_ACTIONS, PUSH_ACTIONS
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import located, raise_if_invalid, reject

_STATEMENT = "policy_statements=[iam.PolicyStatement(…)]"


@dataclass(frozen=True, slots=True)
class ResourcePrincipal:
    """A principal as a repository policy names it.

    Attributes:
        principal: The principal of the statement.
        account: The account of a role or user that is allowed through its account.
        arn: The ARN of that role or user, or a reference to it.
        defined_in_app: Whether it is a role or user of another account that this app defines.
        suggestion: What to write where the repository is defined, to allow the same principal.
        service: A service that is limited to resources of the repository's account, because the
            grant does not say for which it acts.
    """

    principal: iam.IPrincipal
    account: str | None = None
    arn: str = ""
    defined_in_app: bool | None = False
    suggestion: str = _STATEMENT
    service: str = ""


def resource_principal(
    principal: iam.IPrincipal,
    actions: Sequence[str],
    *,
    stack: cdk.Stack,
    source: Source,
    consumer: str,
) -> ResourcePrincipal:
    """Return how a repository policy names a principal, or raise if it cannot.

    The account and Region of the repository, ``source``, limit what a service acts for. The
    account of the stack that grants, ``consumer``, is that of the functions in a suggestion.
    """
    if isinstance(principal, iam.UnknownPrincipal):
        reject(
            "grant",
            " ".join(actions),
            "principal-unknown",
            "nothing can be granted to a resource that was imported without its role",
            path="grantee",
            remedy="import it with its role, or grant to the role itself",
        )
    if isinstance(principal, iam.Role | iam.User) and may_be_of_other_account(
        principal, source.account
    ):
        suggestion = _keyword(actions, "accounts", str(principal.principal_account))
        return ResourcePrincipal(principal, defined_in_app=True, suggestion=suggestion)
    if isinstance(principal, iam.AccountPrincipal):
        check_account("grantee", str(principal.account_id))
        suggestion = _keyword(actions, "accounts", str(principal.account_id))
        return ResourcePrincipal(principal, suggestion=suggestion)
    if isinstance(principal, iam.OrganizationPrincipal):
        suggestion = _keyword(actions, "organizations", principal.organization_id)
        return ResourcePrincipal(principal, suggestion=suggestion)
    fragment, resolved = _fragment_of(principal, actions, stack)
    names = [name for values in fragment.principal_json.values() for name in values]
    if "*" in names and openness_of(conditions_in(fragment.conditions)).is_open:
        reject(
            "grant",
            " ".join(actions),
            "principal-is-anyone",
            "this would admit every AWS account",
            path="grantee",
            remedy="grant to accounts, to iam.OrganizationPrincipal('o-…'), or under a condition "
            "that only they satisfy: iam.AnyPrincipal().with_conditions({'StringEquals': "
            "{'aws:PrincipalOrgID': 'o-…'}})",
        )
    if any("*" in name for name in names if name != "*"):
        reject(
            "grant",
            " ".join(actions),
            "principal-arn-wildcard",
            "a principal cannot hold a wildcard",
            path="grantee",
            remedy="grant to the account under a condition: iam.AccountPrincipal("
            "'444455556666').with_conditions({'ArnLike': {'aws:PrincipalArn': '…'}})",
        )
    errors = [
        error
        for name in fragment.principal_json.get("AWS", ())
        if ":group/" not in name
        for error in policy_principal_errors(name, source.partition)
    ]
    raise_if_invalid("grant", names, located("grantee", errors))
    if len(resolved) > 1 and "Service" in resolved:
        reject(
            "grant",
            " ".join(actions),
            "principal-is-mixed",
            "services need conditions of their own, and this principal is more than services",
            path="grantee",
            remedy="grant to the service and to the other principals one by one",
        )
    if services := resolved.get("Service"):
        limited = _for_source(principal, services, fragment.conditions, actions, source)
        if limited is principal:
            return ResourcePrincipal(principal)
        suggestion = _method(services[0], None if consumer == source.account else consumer)
        return ResourcePrincipal(limited, suggestion=suggestion, service=services[0])
    arn = names[0] if len(names) == 1 else ""
    return _identity(principal, arn, compact(resolved), actions, source)


def _method(service: str, account: str | None) -> str:
    """Return the call that allows a service to pull for the resources of an account."""
    return pull_to_lambda(account=account) if service == LAMBDA else "grant_pull_to_code_build()"


def _fragment_of(
    principal: iam.IPrincipal, actions: Sequence[str], stack: cdk.Stack
) -> tuple[iam.PrincipalPolicyFragment, dict[str, Any]]:
    """Return how policies name a principal, and its resolved names by type."""
    fragment = names = None
    # CDK raises for a policy, and for a component that has conditions.
    with suppress(RuntimeError):
        fragment = getattr(principal, "policy_fragment", None)
        if isinstance(fragment, iam.PrincipalPolicyFragment):
            names = stack.resolve(fragment.principal_json)
    if names is None:
        reject(
            "grant",
            " ".join(actions),
            "principal-not-nameable",
            "a repository policy cannot name this principal, such as a policy of another account",
            path="grantee",
            remedy="grant to roles, users or accounts; name another account in "
            f"{_keyword(actions, 'accounts', '444455556666')}",
        )
    return cast("iam.PrincipalPolicyFragment", fragment), names


def _identity(
    principal: iam.IPrincipal, arn: str, resolved: str, actions: Sequence[str], source: Source
) -> ResourcePrincipal:
    if ":group/" in resolved or isinstance(principal, iam.Group):
        reject(
            "grant",
            " ".join(actions),
            "principal-is-group",
            "a repository policy cannot name a group",
            path="grantee",
            remedy="grant to the account of the group, and allow its members there",
        )
    account = getattr(principal, "principal_account", None)
    if not account:
        account = arn.split(":")[4] if PRINCIPAL_ARN.fullmatch(arn) else None
    if account is None:
        return ResourcePrincipal(principal)
    if account == source.account:
        return ResourcePrincipal(principal, suggestion=_keyword(actions, "principals", arn))
    if ":root" in resolved:
        return ResourcePrincipal(principal, suggestion=_keyword(actions, "accounts", account))
    kind, value = ("accounts", account) if is_unresolved(arn) or not arn else ("principals", arn)
    return ResourcePrincipal(principal, account, arn, suggestion=_keyword(actions, kind, value))


def _for_source(
    principal: iam.IPrincipal,
    services: Sequence[str],
    conditions: Mapping[str, Any],
    actions: Sequence[str],
    source: Source,
) -> iam.IPrincipal:
    """Return a service limited to what it acts for, or raise if it cannot be limited."""
    if limits_source(conditions) and not openness_of(conditions_in(conditions)).is_open:
        return principal
    source_conditions = source.conditions_for(services[0]) if len(services) == 1 else {}
    if not source_conditions or not set(actions) <= set(PULL_ACTIONS):
        errors = [error for service in services for error in service_errors(service)]
        raise_if_invalid("service", services, errors)
    return iam.PrincipalWithConditions(principal, source_conditions)


class CrossAccountGrants:
    """The statements that grants add to a repository policy.

    A principal that a policy names must exist at deployment, which a role of another account need
    not (https://github.com/aws/aws-cdk/issues/15070). So a grant names the role's account, under a
    condition that only the role meets. A role that this app defines is recognized by a tag, as CDK
    does it, which needs no name; an imported role by its ARN, with one statement for each account
    and set of actions.
    """

    def __init__(self, repository: ecr.RepositoryBase) -> None:
        """Start without statements."""
        self._repository = repository
        self._statements: dict[
            tuple[str, ...], tuple[iam.PolicyStatement, list[str], iam.Grant]
        ] = {}

    def add(
        self, grantee: iam.IGrantable, named: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        """Allow a principal actions in the repository policy."""
        if named.defined_in_app:
            self._warn_of_unknown_account(named)
            return ecr.RepositoryBase.grant(self._repository, grantee, *actions)
        if named.account is None:
            statement = iam.PolicyStatement(actions=list(actions), principals=[named.principal])
            return self._add_statement(grantee, statement, actions)
        conditions = named.principal.policy_fragment.conditions
        operator = _free_operator(conditions)
        key = (named.account, compact(conditions), *actions)
        if key not in self._statements:
            statement = iam.PolicyStatement(
                actions=list(actions),
                principals=[iam.AccountPrincipal(named.account)],
                conditions=conditions,
            )
            grant = self._add_statement(grantee, statement, actions)
            self._statements[key] = statement, [], grant
        statement, arns, grant = self._statements[key]
        if named.arn not in arns:
            arns.append(named.arn)
            # For a session of a role this key holds the ARN of the role.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
            value = arns if len(arns) > 1 else arns[0]
            statement.add_condition(operator, {"aws:PrincipalArn": value})
        return grant

    def _warn_of_unknown_account(self, named: ResourcePrincipal) -> None:
        here = self._repository.env.account
        role = cast("iam.Role | iam.User", named.principal)
        if is_unresolved(role.principal_account) and not is_unresolved(here):
            cdk.Annotations.of(self._repository).add_warning_v2(
                f"ecr-constructs:accountUnknown:{role.node.path}",
                "access was granted to a principal of a stack without an account, and the policy "
                f"admits it only if that stack is deployed to {here}. Give the stack an env",
            )

    def _add_statement(
        self, grantee: iam.IGrantable, statement: iam.PolicyStatement, actions: Sequence[str]
    ) -> iam.Grant:
        return iam.Grant.add_statement_to_resource_policy(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self._repository.repository_arn],
            resource=self._repository,
            statement=statement,
        )


def _free_operator(conditions: Mapping[str, Any]) -> str:
    """Return an operator that does not compare the ARN of the principal yet.

    Both compare in the same way, and all operators of a statement must match.
    """
    free = [
        operator
        for operator in ("ArnEquals", "ArnLike")
        if "aws:principalarn" not in map(str.lower, conditions.get(operator, ()))
    ]
    if not free:
        reject(
            "grant",
            compact(conditions),
            "conditions-conflict",
            "the principal is a role or user, and its conditions name others",
            path="grantee",
            remedy="grant to the account under one condition on aws:PrincipalArn",
        )
    return free[0]


def _keyword(actions: Sequence[str], kind: str, value: str) -> str:
    """Return the keyword of a repository that allows these actions."""
    if set(actions) <= set(PULL_ACTIONS):
        return f"pull_{kind}=[{value!r}]"
    if set(actions) <= set(PUSH_ACTIONS) and kind != "organizations":
        return f"push_{kind}=[{value!r}]"
    return _STATEMENT
