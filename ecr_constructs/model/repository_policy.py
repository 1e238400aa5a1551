"""The statements of a repository policy, as plain documents.

They carry no ``Resource``: a repository policy speaks of its own repository, and ECR refuses
one that says so (https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html).
They are spelt as CDK spells them (sorted, a list of one as the value itself, no Sid), so that a
grant added later leaves them as they are and equal statements merge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecr_constructs.model import principals
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
POLICY_MAX_LENGTH = 10_240

PULL_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)
# Clients look which layers and manifests are there already.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PUSH_ONLY_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
# For the accounts and principals that a repository names: who may push may pull.
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
# About the registry, not about a repository: it takes no other resource than "*".
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
LOGIN_ACTIONS = ("ecr:GetAuthorizationToken",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who outside the account may use a repository.

    Whoever may push may pull. Principals must exist when the policy is deployed, or ECR refuses
    it; accounts and organizations need not
    (https://github.com/aws/aws-cdk/issues/15070).

    Attributes:
        pull_organizations: Organization ids; every account of them may pull.
        pull_organizational_units: Paths of organizational units; every account below may pull.
        pull_accounts: Account ids that may pull.
        pull_principals: ARNs of roles and users that may pull.
        push_accounts: Account ids that may push and pull.
        push_principals: ARNs of roles and users that may push and pull.

    Raises:
        ValueError: An id or ARN that IAM would refuse, or that admits more than it seems to.
    """

    pull_organizations: Sequence[str] = ()
    pull_organizational_units: Sequence[str] = ()
    pull_accounts: Sequence[str] = ()
    pull_principals: Sequence[str] = ()
    push_accounts: Sequence[str] = ()
    push_principals: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Judge every value before anything is built from it."""
        for keyword, faults_of in (
            ("pull_organizations", principals.organization_id_errors),
            ("pull_organizational_units", principals.organizational_unit_errors),
            ("pull_accounts", principals.account_id_errors),
            ("pull_principals", principals.principal_arn_errors),
            ("push_accounts", principals.account_id_errors),
            ("push_principals", principals.principal_arn_errors),
        ):
            principals.check_each(keyword, getattr(self, keyword), faults_of)

    @property
    def names_anyone(self) -> bool:
        """Whether an account or principal is admitted by name, beside whole organizations."""
        return bool(
            self.pull_accounts or self.pull_principals or self.push_accounts or self.push_principals
        )

    def statements(self, partition: str) -> list[dict[str, Any]]:
        """Return the policy's statements, one for each kind of access.

        Args:
            partition: The partition of the accounts, such as ``aws``, or a deploy-time value.
        """
        push = {*_roots(self.push_accounts, partition), *self.push_principals}
        # Whoever may push may pull: naming them twice would only make the statements merge.
        pull = {*_roots(self.pull_accounts, partition), *self.pull_principals} - push
        statements = []
        if self.pull_organizations:
            within = {"StringEquals": {"aws:PrincipalOrgID": _one_or_all(self.pull_organizations)}}
            statements.append(_allow(PULL_ACTIONS, "*", within))
        if self.pull_organizational_units:
            paths = {"aws:PrincipalOrgPaths": _one_or_all(self.pull_organizational_units)}
            statements.append(_allow(PULL_ACTIONS, "*", {"ForAnyValue:StringLike": paths}))
        if pull:
            statements.append(_allow(PULL_ACTIONS, _one_or_all(pull)))
        if push:
            statements.append(_allow(PUSH_ACTIONS, _one_or_all(push)))
        return statements


def document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a policy document of these statements."""
    return {"Statement": list(statements), "Version": "2012-10-17"}


def length_errors(policy: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence if a policy is longer than ECR accepts; one with tokens passes."""
    text = compact(policy)
    if len(text) > POLICY_MAX_LENGTH and not is_unresolved(text):
        yield (
            f"a repository policy may be {POLICY_MAX_LENGTH:,} characters long, this one is "
            f"{len(text):,}; admit accounts or an organization in place of principals"
        )


def _roots(accounts: Sequence[str], partition: str) -> list[str]:
    return [f"arn:{partition}:iam::{account}:root" for account in accounts]


def _allow(
    what: Sequence[str], who: str | list[str], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    when = {"Condition": condition} if condition else {}
    return {"Action": list(what), **when, "Effect": "Allow", "Principal": {"AWS": who}}


def _one_or_all(values: Iterable[str]) -> str | list[str]:
    unique = sorted(set(values))
    return unique[0] if len(unique) == 1 else unique
