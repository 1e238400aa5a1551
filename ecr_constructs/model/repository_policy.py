"""The statements of a repository policy, as plain documents.

They have no ``Resource``: a repository policy always applies to its own repository, and ECR rejects
the element (https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html).
They have the form that CDK renders (sorted, a list of one as the value itself, no Sid), so that a
later grant does not change them and equal statements merge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecr_constructs.model import principals
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.tokens import literal_length

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
POLICY_MAX_LENGTH = 10_240

PULL_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)
# Clients first look up which layers and manifests exist already.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PUSH_ONLY_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
# Accounts and principals that may push to a repository may also pull from it.
PUSH_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
READ_ACTIONS = ("ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:ListImages")
DELETE_IMAGE_ACTIONS = ("ecr:BatchDeleteImage",)
LIFECYCLE_ACTIONS = (
    "ecr:DeleteLifecyclePolicy",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:PutLifecyclePolicy",
    "ecr:StartLifecyclePolicyPreview",
)
# An action on the registry, whose only resource is "*".
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
LOGIN_ACTIONS = ("ecr:GetAuthorizationToken",)


# Actions that no repository limits: a statement that names one does not allow them.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
REGISTRY_ACTIONS = frozenset(
    {
        "CreatePullThroughCacheRule",
        "CreateRepositoryCreationTemplate",
        "DeletePullThroughCacheRule",
        "DeleteRegistryPolicy",
        "DeleteRepositoryCreationTemplate",
        "DeleteSigningConfiguration",
        "DeregisterPullTimeUpdateExclusion",
        "DescribePullThroughCacheRules",
        "DescribeRegistry",
        "DescribeReplicationBackfillResults",
        "DescribeRepositoryCreationTemplates",
        "GetAccountSetting",
        "GetAuthorizationToken",
        "GetRegistryPolicy",
        "GetRegistryScanningConfiguration",
        "GetSigningConfiguration",
        "ListPullTimeUpdateExclusions",
        "ListReplicationBackfills",
        "PutAccountSetting",
        "PutRegistryPolicy",
        "PutRegistryScanningConfiguration",
        "PutReplicationConfiguration",
        "PutSigningConfiguration",
        "RegisterPullTimeUpdateExclusion",
        "StartReplicationBackfill",
        "StopReplicationBackfill",
        "UpdatePullThroughCacheRule",
        "UpdateRepositoryCreationTemplate",
        "ValidatePullThroughCacheRule",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The accounts, organizations and principals that may use a repository.

    Permission to push includes permission to pull. Principals must exist when the policy is
    deployed, or ECR rejects it; accounts and organizations need not
    (https://github.com/aws/aws-cdk/issues/15070).

    Attributes:
        pull_organizations: Organization ids; every account of them may pull.
        pull_organizational_units: Paths of organizational units; every account below may pull.
        pull_accounts: Account ids that may pull.
        pull_principals: ARNs of roles and users that may pull.
        push_accounts: Account ids that may push and pull.
        push_principals: ARNs of roles and users that may push and pull.

    Raises:
        ValidationError: IAM rejects an id or ARN, or a wildcard would admit too many.

    Example:
        >>> access = Access(pull_accounts=["111122223333"])
        >>> access.statements("aws")[0]["Principal"]
        {'AWS': 'arn:aws:iam::111122223333:root'}
    """

    pull_organizations: Sequence[str] = ()
    pull_organizational_units: Sequence[str] = ()
    pull_accounts: Sequence[str] = ()
    pull_principals: Sequence[str] = ()
    push_accounts: Sequence[str] = ()
    push_principals: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Validate every value."""
        for keyword, errors_of in (
            ("pull_organizations", principals.organization_id_errors),
            ("pull_organizational_units", principals.organizational_unit_errors),
            ("pull_accounts", principals.account_id_errors),
            ("pull_principals", principals.principal_arn_errors),
            ("push_accounts", principals.account_id_errors),
            ("push_principals", principals.principal_arn_errors),
        ):
            principals.check_each(keyword, getattr(self, keyword), errors_of)

    @property
    def names_anyone(self) -> bool:
        """Whether an account or a principal is named, rather than only organizations."""
        return bool(
            self.pull_accounts or self.pull_principals or self.push_accounts or self.push_principals
        )

    def statements(self, partition: str) -> list[dict[str, Any]]:
        """Return the policy's statements, one for each kind of access."""
        push = {*_roots(self.push_accounts, partition), *self.push_principals}
        # Push includes pull: a second statement for the same principals would only be merged.
        pull = {*_roots(self.pull_accounts, partition), *self.pull_principals} - push
        statements = []
        if self.pull_organizations:
            within = {"StringEquals": {"aws:PrincipalOrgID": one_or_all(self.pull_organizations)}}
            statements.append(_allow(PULL_ACTIONS, "*", within))
        if self.pull_organizational_units:
            paths = {"aws:PrincipalOrgPaths": one_or_all(self.pull_organizational_units)}
            statements.append(_allow(PULL_ACTIONS, "*", {"ForAnyValue:StringLike": paths}))
        if pull:
            statements.append(_allow(PULL_ACTIONS, one_or_all(pull)))
        if push:
            statements.append(_allow(PUSH_ACTIONS, one_or_all(push)))
        return statements


def deny_deletion(roles: Sequence[str]) -> dict[str, Any]:
    """Return the statement that denies the deletion of the repository to all but some roles.

    For a session of a role the key holds the ARN of the role
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn).
    """
    return {
        "Action": "ecr:DeleteRepository",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": one_or_all(roles)}},
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
    }


def pull_by_account(account: str, partition: str) -> dict[str, Any]:
    """Return the statement that allows an account to pull."""
    return _allow(PULL_ACTIONS, one_or_all(_roots([account], partition)))


def pull_by_service(service: str, conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statement that allows an AWS service to pull, under conditions."""
    return {
        "Action": list(PULL_ACTIONS),
        "Condition": dict(conditions),
        "Effect": "Allow",
        "Principal": {"Service": service},
    }


def document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a policy document of these statements."""
    return {"Statement": list(statements), "Version": "2012-10-17"}


def length_errors(policy: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Yield a problem if a policy is too long for ECR, whatever its deploy-time values are."""
    length = literal_length(compact(policy))
    if length > POLICY_MAX_LENGTH:
        yield Diagnostic(
            "repository-policy-length",
            f"a repository policy may be {POLICY_MAX_LENGTH:,} characters long, this one "
            f"is {length:,}",
            remedy="admit accounts or an organization in place of principals",
        )


def _roots(accounts: Sequence[str], partition: str) -> list[str]:
    return [f"arn:{partition}:iam::{account}:root" for account in accounts]


def _allow(
    actions: Sequence[str], principal: str | list[str], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    conditions = {"Condition": condition} if condition else {}
    return {
        "Action": list(actions),
        **conditions,
        "Effect": "Allow",
        "Principal": {"AWS": principal},
    }


def one_or_all(values: Iterable[str]) -> str | list[str]:
    """Return sorted values, a single one by itself, as CDK renders them."""
    unique = sorted(set(values))
    return unique[0] if len(unique) == 1 else unique
