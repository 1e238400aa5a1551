"""The role that reads an account's registry and workloads for snapshots."""

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs.role_options import RoleOptions
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.principals import (
    AccountId,
    account_id_errors,
    organization_id_errors,
)
from ecr_constructs.model.snapshot_sources import GROUPS, SOURCES, selected
from ecr_constructs.model.snapshot_sources.audit_role import (
    ROLE_NAME,
    external_id_errors,
    read_policy,
)
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import item_errors, raise_if_invalid, require_list


@checked
class RegistryAuditRole(iam.Role):
    """A role that ``ecr-constructs snapshot --role`` assumes to read an account, and nothing else.

    It may list and describe the registry, its images and what uses them. It changes nothing, and
    unless `sources` has ``manifests`` it cannot pull. IAM is the same in every Region: an account
    has the role once: define it in one Region. For a whole organization,
    ``ecr-constructs snapshot --print-template`` prints the same role as a template for a StackSet.

    Example::

        RegistryAuditRole(stack, "Audit", accounts=["111122223333"], external_id="registry-audit")
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        principals: Sequence[iam.IPrincipal] | None = (),
        accounts: Sequence[AccountId] | None = (),
        organization: str | None = None,
        external_id: str | None = None,
        sources: Sequence[str] | None = None,
        role_name: str | None = None,
        path: str | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
    ) -> None:
        """Define a role.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id. Changing it replaces the role.
            principals: Roles and users that may assume it. Default: none.
            accounts: Accounts whose administrators decide who may assume it. Default: none.
            organization: An organization, ``o-…``, of which every account may do so. Default:
                none.
            external_id: What ``--external-id`` must be, 2 to 1,224 characters. Default: nothing.
            sources: What it may read, as for ``--sources``. Default: everything but
                ``manifests``.
            role_name: The role's name. Default: ``EcrRegistryAudit``.
            path: The role's path, which is part of what ``--role`` takes. Default: ``/``.
            permissions_boundary: The permissions boundary. It must allow what the role does.
                Default: none.

        Raises:
            ValidationError: ``audit-role-trust``: nobody may assume it; or an account, an
                organization, a source, an external id or a name that AWS rejects.
        """
        names = selected(GROUPS["all"] if sources is None else sources)
        accounts = accounts or ()
        require_list("accounts", accounts)
        trusted: list[iam.IPrincipal] = [*(principals or ())]
        raise_if_invalid(
            "audit role",
            id,
            _errors(trusted, accounts, organization, external_id),
        )
        trusted += map(iam.AccountPrincipal, accounts)
        if organization is not None:
            trusted.append(iam.OrganizationPrincipal(organization))
        options = RoleOptions(
            role_name=role_name or ROLE_NAME, path=path, permissions_boundary=permissions_boundary
        )
        policy = read_policy(SOURCES[name] for name in names)
        super().__init__(
            scope,
            id,
            assumed_by=iam.CompositePrincipal(*trusted),
            external_ids=None if external_id is None else [external_id],
            description="Reads container registries for ecr-constructs snapshot",
            inline_policies={"ReadForSnapshot": iam.PolicyDocument.from_json(policy)},
            max_session_duration=cdk.Duration.hours(1),
            permissions_boundary=options.permissions_boundary,
            role_name=options.role_name,
            path=options.path,
        )
        self.sources = tuple(names)


def _errors(
    principals: Sequence[iam.IPrincipal],
    accounts: Sequence[str],
    organization: str | None,
    external_id: str | None,
) -> Iterator[Diagnostic]:
    if not principals and not accounts and organization is None:
        message = "nobody may assume the role: give principals, accounts or an organization"
        yield Diagnostic("audit-role-trust", message)
    yield from item_errors("accounts", accounts, account_id_errors)
    if organization is not None and not is_unresolved(organization):
        yield from organization_id_errors(organization)
    if external_id is not None and not is_unresolved(external_id):
        yield from external_id_errors(external_id)
